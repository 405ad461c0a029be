//! `atmos terraform planfile …`

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::IdentityArgs;

#[derive(Debug, Subcommand)]
pub enum PlanfileCommand {
    /// Put the planfile of a component into its store
    Upload {
        /// Component
        component: String,
        #[command(flatten)]
        place: PlanfilePlace,
        /// This planfile instead of the one that `plan` left [env: ATMOS_PLANFILE_PATH]
        #[arg(long, value_name = "FILE")]
        planfile: Option<PathBuf>,
        /// This lock file instead of the one beside the planfile [env: ATMOS_PLANFILE_LOCKFILE]
        #[arg(long, value_name = "FILE")]
        lockfile: Option<PathBuf>,
        /// The commit that the plan belongs to [env: ATMOS_PLANFILE_SHA]
        #[arg(long)]
        sha: Option<String>,
    },
    /// Fetch the planfile of a component for the commit that is checked out
    Download {
        /// Component
        component: String,
        #[command(flatten)]
        place: PlanfilePlace,
        /// Write it there instead of where `apply --from-plan` looks
        #[arg(short, long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// List the planfiles of a store
    List {
        /// Component
        component: Option<String>,
        #[command(flatten)]
        place: PlanfilePlace,
        /// table, json, yaml, csv, tsv or nul [env: ATMOS_PLANFILE_FORMAT]
        #[arg(long, value_name = "FORMAT")]
        format: Option<String>,
        /// Those of every commit
        #[arg(long)]
        all: bool,
    },
    /// Show what is known of a planfile
    Show {
        /// Component
        component: String,
        #[command(flatten)]
        place: PlanfilePlace,
        /// yaml or json [env: ATMOS_PLANFILE_SHOW_FORMAT]
        #[arg(long, value_name = "FORMAT")]
        format: Option<String>,
    },
    /// Delete planfiles
    Delete {
        /// Component
        component: Option<String>,
        #[command(flatten)]
        place: PlanfilePlace,
        /// Do not ask [env: ATMOS_PLANFILE_DELETE_FORCE]
        #[arg(short, long)]
        force: Option<bool>,
        /// Those of every commit
        #[arg(long)]
        all: bool,
    },
}

/// Where planfiles are, and as whom they are asked for.
#[derive(Debug, Clone, Default, Args)]
pub struct PlanfilePlace {
    /// Stack [env: ATMOS_STACK]
    #[arg(short, long)]
    pub stack: Option<String>,

    /// Store of `components.terraform.planfiles`, or a type [env: ATMOS_PLANFILE_STORE]
    #[arg(long, value_name = "NAME")]
    pub store: Option<String>,

    #[command(flatten)]
    pub identity: IdentityArgs,
}
