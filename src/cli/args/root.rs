//! The command table.

use std::ffi::OsString;

use clap::{Args, Parser, Subcommand};

use super::{
    AuthArgs, DescribeArgs, ExplainArgs, GlobalArgs, HelmfileArgs, ListArgs, PackerArgs, TerraformArgs, ValidationArgs,
    WorkflowArgs,
};

/// Stacks, cloud identities and isolated runs for Terraform/OpenTofu and Helmfile.
#[derive(Debug, Parser)]
#[command(name = "atmos", disable_version_flag = true, disable_help_subcommand = false, infer_long_args = false)]
pub struct Cli {
    #[command(flatten)]
    pub global: GlobalArgs,

    /// Display the Atmos CLI version
    #[arg(long)]
    pub version: bool,

    #[command(subcommand)]
    pub command: Option<Command>,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run Terraform or OpenTofu on a component in a stack
    #[command(visible_alias = "tf")]
    Terraform(TerraformArgs),
    /// Run Helmfile on a component in a stack
    #[command(visible_alias = "hf")]
    Helmfile(HelmfileArgs),
    /// Run Packer on a component in a stack
    #[command(visible_alias = "pk")]
    Packer(PackerArgs),
    /// Log in to clouds and hand out credentials of the identities in the configuration
    Auth(AuthArgs),
    /// Show what a component or all stacks amount to
    Describe(DescribeArgs),
    /// Show which file and line set a value of a component, and what it overrides
    Explain(ExplainArgs),
    /// List stacks and components
    List(ListArgs),
    /// Run a workflow: steps of atmos and of the shell, one after the other
    Workflow(WorkflowArgs),
    /// Check the configuration
    Validate(ValidationArgs),
    /// Print the version
    Version(VersionArgs),
    /// Commands of the reference that are not built yet, and unknown ones.
    #[command(external_subcommand)]
    Other(Vec<OsString>),
}

#[derive(Debug, Args)]
pub struct VersionArgs {
    /// Accepted: nothing is looked up over the network
    #[arg(short, long)]
    pub check: bool,

    /// json or yaml
    #[arg(short, long, value_name = "FORMAT")]
    pub format: Option<String>,
}
