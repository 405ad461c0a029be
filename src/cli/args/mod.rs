//! What the user types: clap types only. Conversion to requests is in `convert`, so that flags, environment and
//! configuration meet in one place.

mod auth;
mod describe;
mod explain;
mod global;
mod helmfile;
mod list;
mod root;
mod terraform;
mod validate;
mod workflow;

pub use auth::{
    AuthArgs, AuthCommand, EnvArgs, ExecArgs, IdentityArgs, ListArgs as AuthListArgs, LoginArgs, LogoutArgs,
    ProcessArgs, SELECT, ValidateArgs, WhoamiArgs,
};
pub use describe::{ComponentArgs, DescribeArgs, DescribeCommand, DescribeConfigArgs, ProcessingArgs, StacksArgs};
pub use explain::ExplainArgs;
pub use global::GlobalArgs;
pub use helmfile::{HelmfileArgs, HelmfileCommand, HelmfileGenerate, HelmfileRun};
pub use list::{ComponentsArgs, ListArgs, ListCommand, StackListArgs};
pub use root::{Cli, Command};
pub use terraform::{CleanArgs, GenerateCommand, InitFlags, PlanFlags, TerraformArgs, TerraformCommand, TerraformRun};
pub use validate::{ValidateCommand, ValidationArgs};
pub use workflow::WorkflowArgs;
