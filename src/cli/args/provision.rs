//! `atmos terraform source …`, `atmos terraform workdir …`, and the same of other kinds of components.

use clap::Subcommand;

use super::{ProcessingArgs, SourcesArgs};

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
        /// Only say which [env: ATMOS_WORKDIR_DRY_RUN]
        #[arg(short = 'n', long)]
        dry_run: Option<bool>,
    },
}
