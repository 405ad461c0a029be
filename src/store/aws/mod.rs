//! Parameter Store and Secrets Manager of AWS: one signed POST of JSON for each value.
//!
//! `call` signs and asks, `service` says where, `sts` takes a role, `ambient` finds the credentials that the
//! environment has.

mod ambient;
mod call;
mod read;
mod service;
mod sts;
mod write;

pub(super) use read::read;
pub(super) use write::write;
