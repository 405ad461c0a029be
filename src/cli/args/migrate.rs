//! `atmos terraform migrate …`

use clap::{Args, Subcommand};

use super::TerraformRun;

#[derive(Debug, Subcommand)]
pub enum MigrateCommand {
    /// Show what a migration would make of the state of a component
    Plan(MigrateArgs),
    /// Migrate the state of a component
    Apply(MigrateArgs),
}

#[derive(Debug, Args)]
pub struct MigrateArgs {
    #[command(flatten)]
    pub run: TerraformRun,

    /// This migration instead of those that the history does not have yet [env: ATMOS_TFMIGRATE_MIGRATION]
    #[arg(long, value_name = "FILE")]
    pub migration: Option<String>,

    /// Configuration of tfmigrate, instead of .tfmigrate.hcl or one with the history beside the states
    /// [env: ATMOS_TFMIGRATE_CONFIG]
    #[arg(long, value_name = "FILE")]
    pub tfmigrate_config: Option<String>,

    /// For the backend of terraform, as `terraform init` takes it; several times [env: ATMOS_TFMIGRATE_BACKEND_CONFIG]
    #[arg(long, value_name = "KEY=VALUE")]
    pub backend_config: Vec<String>,
}
