//! `atmos atlantis …`

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{BaseArgs, ProcessingArgs};

#[derive(Debug, Args)]
pub struct AtlantisArgs {
    #[command(subcommand)]
    pub command: AtlantisCommand,
}

#[derive(Debug, Subcommand)]
pub enum AtlantisCommand {
    /// Generate files for Atlantis
    Generate {
        #[command(subcommand)]
        command: AtlantisGenerate,
    },
}

#[derive(Debug, Subcommand)]
pub enum AtlantisGenerate {
    /// Write the file by which Atlantis knows the components as projects
    RepoConfig(RepoConfigArgs),
}

#[derive(Debug, Args)]
pub struct RepoConfigArgs {
    /// Write to this file; /dev/stdout prints [default: `integrations.atlantis.path`]
    #[arg(long, value_name = "FILE")]
    pub output_path: Option<PathBuf>,

    /// Template of the whole file, of `integrations.atlantis.config_templates`
    #[arg(long, value_name = "NAME")]
    pub config_template: Option<String>,

    /// Template of each project, of `integrations.atlantis.project_templates`
    #[arg(long, value_name = "NAME")]
    pub project_template: Option<String>,

    /// Only these stacks
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub stacks: Vec<String>,

    /// Only these components
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub components: Vec<String>,

    /// Only what differs from another commit
    #[arg(long)]
    pub affected_only: Option<bool>,

    #[command(flatten)]
    pub base: BaseArgs,

    /// Deprecated: use --logs-level
    #[arg(long, hide = true)]
    pub verbose: Option<bool>,

    #[command(flatten)]
    pub processing: ProcessingArgs,
}
