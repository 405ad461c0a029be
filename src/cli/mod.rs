//! The command line: words to requests, requests to `ops`, reports to the screen, errors to an exit status.
//!
//! Row 14. [`main`] is the whole program. `args` holds clap types only, `commands` has one function per command.

pub mod args;
mod commands;
mod complete;
mod custom;
mod error;
mod examples;
mod extend;
mod help;
mod native;
mod pager;
mod parse;
mod setup;
mod start;
mod unloaded;

pub use start::main;
