//! Whole sign-ins against a loopback responder: who is asked how often, and what is kept.

mod flows;
mod long;
mod server;
