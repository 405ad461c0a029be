//! `atmos terraform generate …`: the files that runs write, and jobs for other engines.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::terraform::TerraformRun;
use super::{Fleet, ProcessingArgs};

#[derive(Debug, Subcommand)]
pub enum GenerateCommand {
    /// Write the variable file of a component in a stack
    Varfile(VarfileArgs),
    /// Write the versions and providers that a component requires
    RequiredProviders {
        /// Component
        component: String,
        /// Stack [env: ATMOS_STACK]
        #[arg(short, long)]
        stack: Option<String>,
        #[command(flatten)]
        processing: ProcessingArgs,
    },
    /// Plan a component, and write the plan as JSON or YAML
    Planfile {
        #[command(flatten)]
        run: TerraformRun,
        /// Write to this file
        #[arg(short, long, value_name = "FILE")]
        file: Option<PathBuf>,
        /// json or yaml [default: json]
        #[arg(long, value_name = "FORMAT")]
        format: Option<String>,
    },
    /// Write the variable files of many components
    Varfiles(BatchArgs),
    /// Write the backend files of many components
    Backends(BatchArgs),
    /// Print the components of a run as jobs of GitLab or Argo Workflows, each behind what it depends on
    Pipeline(PipelineArgs),
    /// Write the files of the `generate` section of a component, or of all
    Files(FilesArgs),
    /// Write the backend file of a component in a stack
    Backend {
        /// Component
        component: String,
        /// Stack [env: ATMOS_STACK]
        #[arg(short, long)]
        stack: Option<String>,
        #[command(flatten)]
        processing: ProcessingArgs,
    },
    /// Commands of the reference that are not built yet, and unknown ones.
    #[command(external_subcommand)]
    Other(Vec<OsString>),
}

/// What is written for many components.
#[derive(Debug, Args)]
pub struct BatchArgs {
    /// Path of each file, with tokens: {namespace} {tenant} {environment} {region} {stage} {component} {base-component}
    /// {component-path} [env: ATMOS_TERRAFORM_GENERATE_VARFILES_FILE_TEMPLATE, ATMOS_TERRAFORM_GENERATE_BACKENDS_FILE_TEMPLATE]
    #[arg(long, value_name = "TEMPLATE")]
    pub file_template: Option<String>,

    /// hcl or json, for backends also backend-config [env: ATMOS_FORMAT] [default: hcl]
    #[arg(long, value_name = "FORMAT")]
    pub format: Option<String>,

    /// Only these stacks, by name or by path of the manifest [env: ATMOS_STACKS]
    #[arg(long, value_name = "STACK", value_delimiter = ',')]
    pub stacks: Vec<String>,

    /// Only these components [env: ATMOS_COMPONENTS]
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub components: Vec<String>,

    #[command(flatten)]
    pub processing: ProcessingArgs,
}

#[derive(Debug, Args)]
pub struct FilesArgs {
    /// Component
    pub component: Option<String>,

    /// Stack [env: ATMOS_STACK]
    #[arg(short, long)]
    pub stack: Option<String>,

    /// The files of all components in all stacks
    #[arg(long)]
    pub all: bool,

    /// With --all: only stacks that match one of these patterns [env: ATMOS_STACKS]
    #[arg(long, value_name = "GLOB", value_delimiter = ',')]
    pub stacks: Vec<String>,

    /// With --all: only these components [env: ATMOS_COMPONENTS]
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub components: Vec<String>,

    /// Only say which files would be written or deleted
    #[arg(long)]
    pub dry_run: bool,

    /// Delete the files instead
    #[arg(long)]
    pub clean: bool,

    #[command(flatten)]
    pub processing: ProcessingArgs,
}

/// One component's variable file.
#[derive(Debug, Args)]
pub struct VarfileArgs {
    /// Component
    pub component: String,
    /// Stack [env: ATMOS_STACK]
    #[arg(short, long)]
    pub stack: Option<String>,
    /// Write to this file
    #[arg(short, long, value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// Write secret variables, too [env: ATMOS_WITH_SECRETS]
    #[arg(long)]
    pub with_secrets: Option<bool>,
    #[command(flatten)]
    pub processing: ProcessingArgs,
}

#[derive(Debug, Args)]
pub struct PipelineArgs {
    /// gitlab (a child pipeline) or argo (a workflow)
    #[arg(long, value_name = "ENGINE")]
    pub format: String,

    /// Sub-command of the jobs: plan, apply, deploy or destroy
    #[arg(long, value_name = "COMMAND", default_value = "plan")]
    pub run: String,

    /// Image of the jobs
    #[arg(long, value_name = "IMAGE")]
    pub image: Option<String>,

    /// Write to this file
    #[arg(short, long, value_name = "FILE")]
    pub file: Option<PathBuf>,

    /// Stack [env: ATMOS_STACK]
    #[arg(short, long)]
    pub stack: Option<String>,

    #[command(flatten)]
    pub fleet: Fleet,

    #[command(flatten)]
    pub processing: ProcessingArgs,
}

#[derive(Debug, Subcommand)]
pub enum WriteCommand {
    /// Deprecated: use `generate varfile`
    Varfile(VarfileArgs),
}
