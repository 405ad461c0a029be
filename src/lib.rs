//! The library behind the `atmos` program: stacks, components, cloud identities and isolated runs.
//!
//! `ARCHITECTURE.md` lists the modules by row; a module uses only modules of lower rows (a test holds it). A reader
//! who wants to follow one command starts at `ops::terraform`.

pub mod affected;
pub mod auth;
pub mod backend;
pub mod browse;
pub mod ci;
pub mod cli;
pub mod cloud;
pub mod component;
pub mod config;
pub mod content;
pub mod custom;
pub mod diag;
pub mod exec;
pub mod fetch;
pub mod git;
pub mod graph;
pub mod host;
pub mod merge;
pub mod mirror;
pub mod ops;
pub mod output;
pub mod query;
pub mod resolve;
pub mod secret;
pub mod sops;
pub mod span;
pub mod stack;
pub mod state;
pub mod step;
pub mod store;
pub mod template;
pub mod validate;
pub mod value;
pub mod vendor;
pub mod workflow;
pub mod yaml;
pub mod yaml_fn;
