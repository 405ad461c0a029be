//! `atmos helmfile …`

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{DryRunFormat, Fleet, IdentityArgs, SourceCommand};

#[derive(Debug, Args)]
pub struct HelmfileArgs {
    #[command(subcommand)]
    pub command: HelmfileCommand,
}

/// What every helmfile sub-command takes.
#[derive(Debug, Clone, Args)]
pub struct HelmfileRun {
    /// Component
    #[arg(value_name = "COMPONENT")]
    pub component: Option<String>,

    /// Stack [env: ATMOS_STACK]
    #[arg(short, long)]
    pub stack: Option<String>,

    #[command(flatten)]
    pub identity: IdentityArgs,

    /// Show what would run; write and start nothing [env: ATMOS_DRY_RUN]
    #[arg(long)]
    pub dry_run: Option<bool>,

    /// Options that helmfile takes before its sub-command, split at blanks
    #[arg(long, value_name = "OPTIONS", allow_hyphen_values = true)]
    pub global_options: Option<String>,

    /// Name of the EKS cluster
    #[arg(long, value_name = "NAME")]
    pub cluster_name: Option<String>,

    /// Run without the component's hooks [env: ATMOS_SKIP_HOOKS]
    #[arg(long, value_name = "NAMES", num_args = 0..=1, default_missing_value = "true", require_equals = true)]
    pub skip_hooks: Option<String>,

    #[command(flatten)]
    pub fleet: Fleet,

    #[command(flatten)]
    pub dry: DryRunFormat,

    /// Of `destroy` for many: do not ask
    #[arg(long)]
    pub yes: Option<bool>,

    /// Arguments for helmfile, passed on as they are
    #[arg(last = true, value_name = "NATIVE")]
    pub native: Vec<OsString>,
}

#[derive(Debug, Subcommand)]
pub enum HelmfileCommand {
    /// Install and update the releases (the same as sync)
    Deploy(HelmfileRun),
    /// Install and update the releases
    Sync(HelmfileRun),
    /// Show the changes (needs the helm-diff plugin)
    Diff(HelmfileRun),
    /// Show the changes, then make them (needs the helm-diff plugin)
    Apply(HelmfileRun),
    /// Render the releases
    Template(HelmfileRun),
    /// Remove the releases
    Destroy(HelmfileRun),
    /// Run any command of helmfile as a run would, with the words behind `--` as they are
    Exec(HelmfileRun),
    /// Print the version of helmfile
    Version,
    /// Generate the files that runs write
    Generate {
        #[command(subcommand)]
        command: HelmfileGenerate,
    },
    /// Fetch sources of components, show and delete them
    Source {
        #[command(subcommand)]
        command: SourceCommand,
    },
    /// Any other sub-command of helmfile.
    #[command(external_subcommand)]
    Other(Vec<OsString>),
}

#[derive(Debug, Subcommand)]
pub enum HelmfileGenerate {
    /// Write the variable file of a component in a stack
    Varfile {
        /// Component
        component: String,
        /// Stack [env: ATMOS_STACK]
        #[arg(short, long)]
        stack: Option<String>,
        /// Write to this file
        #[arg(short, long, value_name = "FILE")]
        file: Option<PathBuf>,
    },
}
