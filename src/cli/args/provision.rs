//! `atmos terraform source …`, `atmos terraform workdir …`, `atmos terraform backend …`, and the same of other kinds of components.

use clap::{Args, Subcommand};

use super::{IdentityArgs, ProcessingArgs, SourcesArgs};

#[derive(Debug, Subcommand)]
pub enum SourceCommand {
    /// Fetch the source of a component
    Pull {
        /// Component
        component: Option<String>,
        /// Stack [env: ATMOS_STACK]
        #[arg(short, long)]
        stack: Option<String>,
        /// Fetch it again
        #[arg(short, long)]
        force: bool,
        #[command(flatten)]
        processing: ProcessingArgs,
    },
    /// List the components with a source
    List(SourcesArgs),
    /// Show the source of a component
    Describe {
        /// Component
        component: Option<String>,
        /// Stack [env: ATMOS_STACK]
        #[arg(short, long)]
        stack: Option<String>,
        #[command(flatten)]
        processing: ProcessingArgs,
    },
    /// Delete the fetched folder of a component
    Delete {
        /// Component
        component: Option<String>,
        /// Stack [env: ATMOS_STACK]
        #[arg(short, long)]
        stack: Option<String>,
        /// Delete it
        #[arg(short, long)]
        force: bool,
        /// Delete the local state in it, too
        #[arg(long)]
        everything: bool,
        #[command(flatten)]
        processing: ProcessingArgs,
    },
}

#[derive(Debug, Subcommand)]
pub enum WorkdirCommand {
    /// List the working directories
    List {
        /// table, json or yaml [env: ATMOS_FORMAT]
        #[arg(short, long, value_name = "FORMAT")]
        format: Option<String>,
    },
    /// Show the working directory of a component as a document
    Describe {
        /// Component
        component: String,
        /// Stack [env: ATMOS_STACK]
        #[arg(short, long)]
        stack: Option<String>,
    },
    /// Show the working directory of a component
    Show {
        /// Component
        component: String,
        /// Stack [env: ATMOS_STACK]
        #[arg(short, long)]
        stack: Option<String>,
    },
    /// Remove working directories
    Clean {
        /// Component
        component: Option<String>,
        /// Stack [env: ATMOS_STACK]
        #[arg(short, long)]
        stack: Option<String>,
        /// All of them [env: ATMOS_WORKDIR_CLEAN_ALL]
        #[arg(short, long)]
        all: Option<bool>,
        /// Those that nobody has used for a while [env: ATMOS_WORKDIR_CLEAN_EXPIRED]
        #[arg(short, long)]
        expired: Option<bool>,
        /// How long that is [env: ATMOS_WORKDIR_TTL]
        #[arg(short, long, value_name = "DURATION")]
        ttl: Option<String>,
        /// Also those with local state [env: ATMOS_WORKDIR_CLEAN_EVERYTHING]
        #[arg(long)]
        everything: Option<bool>,
        /// Only say which [env: ATMOS_WORKDIR_DRY_RUN]
        #[arg(short = 'n', long)]
        dry_run: Option<bool>,
    },
}

/// A component whose backend is meant.
#[derive(Debug, Args)]
pub struct BackendTarget {
    /// Component
    pub component: Option<String>,
    /// Stack [env: ATMOS_STACK]
    #[arg(short, long)]
    pub stack: Option<String>,
    #[command(flatten)]
    pub identity: IdentityArgs,
    #[command(flatten)]
    pub processing: ProcessingArgs,
}

#[derive(Debug, Subcommand)]
pub enum BackendCommand {
    /// Make what keeps the states of a component
    Create {
        #[command(flatten)]
        target: BackendTarget,
    },
    /// Bring its settings up to date
    Update {
        #[command(flatten)]
        target: BackendTarget,
    },
    /// Delete it, with every state in it
    Delete {
        #[command(flatten)]
        target: BackendTarget,
        /// Delete it
        #[arg(long)]
        force: bool,
    },
    /// Show the backend of a component, and whether it is there
    Describe {
        #[command(flatten)]
        target: BackendTarget,
        /// yaml or json [env: ATMOS_FORMAT]
        #[arg(short, long, value_name = "FORMAT")]
        format: Option<String>,
    },
    /// List the backends of components
    List {
        /// Only this stack [env: ATMOS_STACK]
        #[arg(short, long)]
        stack: Option<String>,
        /// table, json, yaml, csv, tsv or nul [env: ATMOS_FORMAT]
        #[arg(short, long, value_name = "FORMAT")]
        format: Option<String>,
        #[command(flatten)]
        processing: ProcessingArgs,
    },
}
