//! What the user types: clap types only. Conversion to requests is in `convert`, so that flags, environment and
//! configuration meet in one place.

mod affected;
mod auth;
mod describe;
mod explain;
mod global;
mod helmfile;
mod list;
mod packer;
mod provision;
mod root;
mod terraform;
mod validate;
mod workflow;

pub use affected::{AffectedArgs, ComparisonArgs, ListAffectedArgs};
pub use auth::{
    AuthArgs, AuthCommand, EnvArgs, ExecArgs, IdentityArgs, ListArgs as AuthListArgs, LoginArgs, LogoutArgs,
    ProcessArgs, SELECT, ValidateArgs, WhoamiArgs,
};
pub use describe::{
    ComponentArgs, DependentsArgs, DescribeArgs, DescribeCommand, DescribeConfigArgs, DescribeEditionArgs,
    DescribeEvaluationArgs, DescribeWorkflowsArgs, EvaluationArgs, LocalsArgs, ProcessingArgs, StacksArgs,
};
pub use explain::ExplainArgs;
pub use global::GlobalArgs;
pub use helmfile::{HelmfileArgs, HelmfileCommand, HelmfileGenerate, HelmfileRun};
pub use list::{
    AliasesArgs, ClosureArgs, ColumnArgs, ComponentsArgs, DependenciesArgs, EditionsArgs, FormatArgs, InstancesArgs,
    ListArgs, ListCommand, ListEvaluationArgs, MetadataArgs, SelectArgs, SettingsArgs, SideBySideArgs, SourcesArgs,
    StackListArgs, ValuesArgs, VarsArgs, VendorArgs, WorkflowsArgs,
};
pub use packer::{PackerArgs, PackerCommand, PackerRun};
pub use provision::{BackendCommand, BackendTarget, SourceCommand, WorkdirCommand};
pub use root::{Cli, Command};
pub use terraform::{
    BatchArgs, CleanArgs, FilesArgs, Fleet, GenerateCommand, InitFlags, OutputArgs, PlanDiffArgs, PlanFlags, ShellArgs,
    TerraformArgs, TerraformCommand, TerraformRun, VarfileArgs, WriteCommand,
};
pub use validate::{ValidateCommand, ValidateStacksArgs, ValidationArgs};
pub use workflow::WorkflowArgs;
