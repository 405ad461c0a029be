//! The command table.

use std::ffi::OsString;

use clap::{Args, Parser, Subcommand};

use super::{
    AtlantisArgs, AuthArgs, AwsArgs, CompletionArgs, ConfigArgs, DescribeArgs, DocsArgs, DoctorArgs, EnvironmentArgs,
    ExplainArgs, GlobalArgs, HelmfileArgs, ListArgs, ManArgs, PackerArgs, ProfileArgs, StackArgs, TerraformArgs,
    ThemeArgs, ValidationArgs, WorkflowArgs,
};

/// Stacks, cloud identities and isolated runs for Terraform/OpenTofu and Helmfile.
#[derive(Debug, Parser)]
#[command(name = "atmos", disable_version_flag = true, disable_help_subcommand = false, infer_long_args = false)]
pub struct Cli {
    #[command(flatten)]
    pub global: GlobalArgs,

    /// Display the Atmos CLI version
    #[arg(long, help_heading = None)]
    pub version: bool,

    #[command(subcommand)]
    pub command: Option<Command>,
}

/// Built-in commands that the reference does not have: a command of the configuration with such a name goes first.
pub const OWN: [&str; 2] = ["doctor", "explain"];

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
    /// Generate files for Atlantis
    Atlantis(AtlantisArgs),
    /// Log in to clouds and hand out credentials of the identities in the configuration
    Auth(AuthArgs),
    /// Logins of registries, tokens and kubeconfigs of clusters on AWS
    Aws(AwsArgs),
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
    /// Show what is found here: configuration, policies, programs, keyring, stacks; nothing is changed
    Doctor(DoctorArgs),
    /// Read the configuration, check it, print its JSON Schema
    Config(ConfigArgs),
    /// Print the JSON Schema of stack manifests, with the names of this repository
    Stack(StackArgs),
    /// Show the profiles of the configuration
    Profile(ProfileArgs),
    /// Print the variables of `env` in the configuration
    Env(EnvironmentArgs),
    /// Show the README of a component, or open the documentation
    Docs(DocsArgs),
    /// Show the themes of the terminal
    Theme(ThemeArgs),
    /// Print the completion script of a shell
    Completion(CompletionArgs),
    /// Write the manual pages
    Man(ManArgs),
    /// Print the version
    Version(VersionArgs),
    /// Say what atmos is
    About,
    /// Say where to get help
    Support,
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
