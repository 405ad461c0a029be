//! `atmos packer …`

use std::ffi::OsString;

use clap::{Args, Subcommand};

use super::{IdentityArgs, SourceCommand};

#[derive(Debug, Args)]
pub struct PackerArgs {
    #[command(subcommand)]
    pub command: PackerCommand,
}

/// What every packer sub-command takes.
#[derive(Debug, Clone, Args)]
pub struct PackerRun {
    /// Component
    #[arg(value_name = "COMPONENT")]
    pub component: Option<String>,

    /// Stack [env: ATMOS_STACK]
    #[arg(short, long)]
    pub stack: Option<String>,

    #[command(flatten)]
    pub identity: IdentityArgs,

    /// Template, or a folder of templates [env: ATMOS_PACKER_TEMPLATE]
    #[arg(short, long, value_name = "TEMPLATE")]
    pub template: Option<String>,

    /// Show what would run; write and start nothing [env: ATMOS_DRY_RUN]
    #[arg(long)]
    pub dry_run: Option<bool>,

    /// Arguments for packer, passed on as they are
    #[arg(last = true, value_name = "NATIVE")]
    pub native: Vec<OsString>,
}

#[derive(Debug, Subcommand)]
pub enum PackerCommand {
    /// Install the plugins of a template
    Init(PackerRun),
    /// Build the images of a template
    Build(PackerRun),
    /// Check a template
    Validate(PackerRun),
    /// Show what is in a template
    Inspect(PackerRun),
    /// Show what the last build made
    Output {
        #[command(flatten)]
        run: PackerRun,
        /// yq expression over the manifest of the build
        #[arg(short, long, value_name = "EXPRESSION")]
        query: Option<String>,
    },
    /// Print the version of packer
    Version,
    /// Fetch sources of components, show and delete them
    Source {
        #[command(subcommand)]
        command: SourceCommand,
    },
    /// Commands of the reference that are not built yet, and unknown ones.
    #[command(external_subcommand)]
    Other(Vec<OsString>),
}
