//! `atmos validate …`

use std::ffi::OsString;

use clap::{Args, Subcommand};

#[derive(Debug, Args)]
pub struct ValidationArgs {
    #[command(subcommand)]
    pub command: ValidateCommand,
}

#[derive(Debug, Subcommand)]
pub enum ValidateCommand {
    /// Check atmos.yaml and what belongs to it; show which defaults are in force, and why
    Config,
    /// Commands of the reference that are not built yet, and unknown ones.
    #[command(external_subcommand)]
    Other(Vec<OsString>),
}
