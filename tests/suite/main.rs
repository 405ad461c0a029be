//! The integration tests: one binary, a module per subject. They run the real program against real terraform, helmfile,
//! a Kubernetes API, a Secret Service, moto's STS and the loopback IAM Identity Center.
//!
//! `docs/testing.md` says what they need; a part that is missing fails its tests and names the command that gets it.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]
#![allow(clippy::disallowed_methods, reason = "the tests are the outside world of the program")]
#![allow(clippy::print_stderr, reason = "what a test says while it runs helps when it fails")]

#[path = "../fuzz/targets.rs"]
mod targets;

#[path = "../support/mod.rs"]
mod support;

mod affected;
mod affected_base;
mod architecture;
mod argv;
mod backends;
mod bad_input;
mod configuration;
mod custom;
mod dependents;
mod evaluate;
mod example;
mod fuzz;
mod garbage;
mod generate;
mod helmfile;
mod hooks;
mod hygiene;
mod identities;
mod isolation;
mod keyring;
mod limits;
mod lists;
mod login;
mod nested;
mod no_auth;
mod packer;
mod parts;
mod passthrough;
mod person;
mod places;
mod policy;
mod provenance;
mod provision;
mod quirks;
mod remote;
mod render;
mod secrets;
mod selection;
mod signals;
mod small;
mod snapshots;
mod states;
mod states_cloud;
mod stores;
mod stores_clouds;
mod terraform_own;
mod validate;
mod values;
mod warm;
mod workflows;
