//! `atmos describe …`

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{AffectedArgs, IdentityArgs};

#[derive(Debug, Args)]
pub struct DescribeArgs {
    #[command(subcommand)]
    pub command: DescribeCommand,
}

#[derive(Debug, Subcommand)]
pub enum DescribeCommand {
    /// Show the configuration of one component in one stack
    Component(ComponentArgs),
    /// Show the configuration of all components in all stacks
    Stacks(StacksArgs),
    /// Show which components a change concerns: the working tree against another commit
    Affected(AffectedArgs),
    /// Show how two stacks, or two components, differ
    Diff(DiffArgs),
    /// Show which components depend on a component
    #[command(visible_alias = "dependants")]
    Dependents(DependentsArgs),
    /// Show the configuration that is in force: files, profiles, environment, defaults
    Config(DescribeConfigArgs),
    /// Show the workflows
    Workflows(DescribeWorkflowsArgs),
    /// Show the locals of a stack, or those that a component sees
    Locals(LocalsArgs),
    /// Show the edition that the configuration is pinned to, and the defaults that it takes back
    Edition(DescribeEditionArgs),
    /// Commands of the reference that are not built yet, and unknown ones.
    #[command(external_subcommand)]
    Other(Vec<OsString>),
}

/// Which of templates and YAML functions are evaluated.
#[derive(Debug, Clone, Args)]
pub struct ProcessingArgs {
    /// Evaluate Go templates [env: ATMOS_PROCESS_TEMPLATES] [default: true]
    #[arg(long)]
    pub process_templates: Option<bool>,

    /// Evaluate YAML functions [env: ATMOS_PROCESS_FUNCTIONS] [default: true]
    #[arg(long)]
    pub process_functions: Option<bool>,

    /// Leave these YAML functions as they are written, for example `env,repo-root` [env: ATMOS_SKIP]
    #[arg(long, value_name = "FUNCTION", value_delimiter = ',')]
    pub skip: Vec<String>,
}

/// What is evaluated of components that are only shown, and as whom functions ask.
#[derive(Debug, Clone, Args)]
pub struct EvaluationArgs {
    #[command(flatten)]
    pub processing: ProcessingArgs,
    #[command(flatten)]
    pub identity: IdentityArgs,
}

/// The same where values may wait for infrastructure.
#[derive(Debug, Clone, Args)]
pub struct DescribeEvaluationArgs {
    /// What becomes of values whose infrastructure does not exist yet: strict, warn or silent
    /// [env: ATMOS_DESCRIBE_ERROR_MODE] [default: warn]
    #[arg(long, value_name = "MODE")]
    pub error_mode: Option<String>,

    #[command(flatten)]
    pub shown: EvaluationArgs,
}

#[derive(Debug, Args)]
pub struct ComponentArgs {
    /// Name of the component
    pub component: String,

    /// Stack [env: ATMOS_STACK]
    #[arg(short, long)]
    pub stack: Option<String>,

    /// Type of the component where several have one of this name [default: terraform before helmfile, packer and others]
    #[arg(long = "type", value_name = "TYPE")]
    pub kind: Option<String>,

    /// yaml or json [default: yaml]
    #[arg(short, long, value_name = "FORMAT")]
    pub format: Option<String>,

    /// Write to this file instead of stdout
    #[arg(long, value_name = "FILE")]
    pub file: Option<PathBuf>,

    /// yq expression on the whole document, for example `.vars.name` or `.vars | keys`
    #[arg(short, long, value_name = "EXPRESSION")]
    pub query: Option<String>,

    /// File and line of each value as comments of the YAML [default: on a terminal]
    #[arg(long)]
    pub provenance: Option<bool>,

    /// Take outputs of other components from their `mocks`; nobody is asked for the real ones
    #[arg(long)]
    pub use_mocks: Option<bool>,

    #[command(flatten)]
    pub evaluation: DescribeEvaluationArgs,
}

#[derive(Debug, Args)]
pub struct DiffArgs {
    /// One component in two stacks, or two components; all components of two stacks without
    #[arg(value_name = "COMPONENT", num_args = 0..=2)]
    pub components: Vec<String>,

    /// The stacks: `-s dev -s prod`; one for two components in it
    #[arg(short, long = "stack", value_name = "STACK", value_delimiter = ',')]
    pub stacks: Vec<String>,

    /// Only these sections, for example `vars,env` [default: all that manifests can define]
    #[arg(long, value_name = "SECTION", value_delimiter = ',')]
    pub sections: Vec<String>,

    /// text, yaml or json [default: text]
    #[arg(short, long, value_name = "FORMAT")]
    pub format: Option<String>,

    /// Write to this file instead of stdout
    #[arg(long, value_name = "FILE")]
    pub file: Option<PathBuf>,

    /// yq expression on the list of differences
    #[arg(short, long, value_name = "EXPRESSION")]
    pub query: Option<String>,

    /// Exit with 1 when there are differences
    #[arg(long)]
    pub exit_code: bool,

    #[command(flatten)]
    pub evaluation: DescribeEvaluationArgs,
}

#[derive(Debug, Args)]
pub struct DependentsArgs {
    /// Name of the component
    pub component: String,

    /// Stack [env: ATMOS_STACK]
    #[arg(short, long)]
    pub stack: Option<String>,

    /// Type of the component where several have one of this name [default: terraform before helmfile, packer and others]
    #[arg(long = "type", value_name = "TYPE")]
    pub kind: Option<String>,

    /// json or yaml [default: json]
    #[arg(short, long, value_name = "FORMAT")]
    pub format: Option<String>,

    /// Write to this file instead of stdout
    #[arg(long, value_name = "FILE")]
    pub file: Option<PathBuf>,

    /// yq expression on the whole list, for example `.[].stack_slug`
    #[arg(short, long, value_name = "EXPRESSION")]
    pub query: Option<String>,

    #[command(flatten)]
    pub evaluation: DescribeEvaluationArgs,
}

#[derive(Debug, Args)]
pub struct DescribeConfigArgs {
    /// json or yaml [default: json]
    #[arg(short, long, value_name = "FORMAT")]
    pub format: Option<String>,

    /// Write to this file instead of stdout
    #[arg(long, value_name = "FILE")]
    pub file: Option<PathBuf>,

    /// yq expression on the whole document
    #[arg(short, long, value_name = "EXPRESSION")]
    pub query: Option<String>,
}

#[derive(Debug, Args)]
pub struct StacksArgs {
    /// Only this stack
    #[arg(short, long)]
    pub stack: Option<String>,

    /// Only these components
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub components: Vec<String>,

    /// Only these component types, for example `terraform,helmfile`
    #[arg(long, value_name = "TYPE", value_delimiter = ',')]
    pub component_types: Vec<String>,

    /// Only these sections, for example `vars,settings`
    #[arg(long, value_name = "SECTION", value_delimiter = ',')]
    pub sections: Vec<String>,

    /// Show stacks without components, too
    #[arg(long)]
    pub include_empty_stacks: Option<bool>,

    /// yaml or json [default: yaml]
    #[arg(short, long, value_name = "FORMAT")]
    pub format: Option<String>,

    /// Write to this file instead of stdout
    #[arg(long, value_name = "FILE")]
    pub file: Option<PathBuf>,

    /// yq expression on the whole document
    #[arg(short, long, value_name = "EXPRESSION")]
    pub query: Option<String>,

    #[command(flatten)]
    pub evaluation: DescribeEvaluationArgs,
}

#[derive(Debug, Args)]
pub struct DescribeWorkflowsArgs {
    /// yaml or json [default: yaml]
    #[arg(short, long, value_name = "FORMAT")]
    pub format: Option<String>,

    /// list (file and name of each), map (names by file) or all (whole files) [default: list]
    #[arg(short, long, value_name = "OUTPUT")]
    pub output: Option<String>,

    /// yq expression on the whole document
    #[arg(short, long, value_name = "EXPRESSION")]
    pub query: Option<String>,
}

#[derive(Debug, Args)]
pub struct LocalsArgs {
    /// Component: the locals that it sees, with its own
    pub component: Option<String>,

    /// Name of the stack, or path of its manifest such as `orgs/dev` [env: ATMOS_STACK]
    #[arg(short, long)]
    pub stack: Option<String>,

    /// Type of the component where several have one of this name [default: terraform before helmfile, packer and others]
    #[arg(long = "type", value_name = "TYPE")]
    pub kind: Option<String>,

    /// yaml or json [default: yaml]
    #[arg(short, long, value_name = "FORMAT")]
    pub format: Option<String>,

    /// Write to this file instead of stdout
    #[arg(long, value_name = "FILE")]
    pub file: Option<PathBuf>,

    /// yq expression on the whole document
    #[arg(short, long, value_name = "EXPRESSION")]
    pub query: Option<String>,
}

#[derive(Debug, Args)]
pub struct DescribeEditionArgs {
    /// yaml or json [default: yaml]
    #[arg(short, long, value_name = "FORMAT")]
    pub format: Option<String>,

    /// yq expression on the whole document
    #[arg(short, long, value_name = "EXPRESSION")]
    pub query: Option<String>,
}
