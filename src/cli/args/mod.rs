//! What the user types: clap types only. Conversion to requests is in `convert`, so that flags, environment and
//! configuration meet in one place.

mod affected;
mod atlantis;
mod auth;
mod auth_import;
mod auth_look;
mod auth_tools;
mod aws;
mod azure;
mod cluster;
mod describe;
mod doctor;
mod explain;
mod fleet;
mod gcp;
mod generate;
mod global;
mod helmfile;
mod list;
mod packer;
mod planfile;
mod provision;
mod root;
mod small;
mod terraform;
mod upkeep;
mod validate;
mod vendor;
mod workflow;

pub use affected::{AffectedArgs, BaseArgs, ComparisonArgs, ListAffectedArgs, ResultArgs};
pub use atlantis::{AtlantisArgs, AtlantisCommand, AtlantisGenerate, RepoConfigArgs};
pub use auth::{
    AuthArgs, AuthCommand, AuthScopeArgs, EnvArgs, ExecArgs, GitCredentialArgs, IdentityArgs, ListArgs as AuthListArgs,
    LoginArgs, LogoutArgs, ProcessArgs, SELECT, ValidateArgs, WhoamiArgs,
};
pub use auth_import::AuthImportArgs;
pub use auth_look::{AuthDoctorArgs, AuthExplainArgs, RefreshArgs};
pub use auth_tools::{
    AuthShellArgs, ConsoleArgs, KeyArgs, KeyringArgs, KeyringCommand, RotateArgs, SamlArgs, SamlCommand, UserArgs,
    UserCommand,
};
pub use aws::{AwsArgs, AwsCommand, EcrCommand, EcrLoginArgs, EksCommand, EksTokenArgs, UpdateKubeconfigArgs};
pub use azure::{AcrCommand, AcrLoginArgs, AksCommand, AksKubeconfigArgs, AksTokenArgs, AzureArgs, AzureCommand};
pub use cluster::{KubeconfigArgs, TokenCallerArgs};
pub use describe::{
    ComponentArgs, DependentsArgs, DescribeArgs, DescribeCommand, DescribeConfigArgs, DescribeEditionArgs,
    DescribeEvaluationArgs, DescribeWorkflowsArgs, DiffArgs, EvaluationArgs, LocalsArgs, ProcessingArgs, StacksArgs,
};
pub use doctor::DoctorArgs;
pub use explain::ExplainArgs;
pub use fleet::{DryRunFormat, Fleet, YesFlag};
pub use gcp::{GcpArgs, GcpCommand, GkeCommand, GkeKubeconfigArgs};
pub use generate::{BatchArgs, FilesArgs, GenerateCommand, PipelineArgs, VarfileArgs, WriteCommand};
pub use global::GlobalArgs;
pub use helmfile::{HelmfileArgs, HelmfileCommand, HelmfileGenerate, HelmfileRun};
pub use list::{
    AliasesArgs, ClosureArgs, ColumnArgs, ComponentsArgs, DependenciesArgs, EditionsArgs, FormatArgs, InstancesArgs,
    ListArgs, ListCommand, ListEvaluationArgs, MetadataArgs, PlainListArgs, SelectArgs, SettingsArgs, SideBySideArgs,
    SourcesArgs, StackListArgs, ValuesArgs, VarsArgs, VendorArgs, WorkflowsArgs,
};
pub use packer::{PackerArgs, PackerCommand, PackerRun};
pub use planfile::{PlanfileCommand, PlanfilePlace};
pub use provision::{BackendCommand, BackendTarget, SourceCommand, WorkdirCommand};
pub use root::{Cli, Command, OWN};
pub use small::{
    CompletionArgs, ConfigArgs, ConfigCommand, DocsArgs, EnvironmentArgs, KeyPathArgs, KeysArgs, LayoutArgs, ManArgs,
    PathArgs, ProfileArgs, ProfileCommand, ProfileShowArgs, SetArgs, StackArgs, StackCommand, StackConfigCommand,
    StackGetArgs, StackKeysArgs, StackLayoutArgs, StackPlaceArgs, StackSetArgs, StackValueCommand, ThemeArgs,
    ThemeCommand, ThemeShowArgs,
};
pub use terraform::{
    CiFlag, CleanArgs, InitFlags, OutputArgs, PlanDiffArgs, PlanFlags, ShellArgs, TerraformArgs, TerraformCommand,
    TerraformEnvArgs, TerraformMany, TerraformOne, TerraformRun,
};
pub use upkeep::{CacheCommand, CacheFormatArgs, LintArgs, MigrateArgs, MigrateCommand, MigrateListArgs, MirrorArgs};
pub use validate::{
    EditorconfigArgs, ScopeArgs, ValidateCiArgs, ValidateCommand, ValidateComponentArgs, ValidateSchemaArgs,
    ValidateStacksArgs, ValidationArgs,
};
pub use vendor::{
    VendorCleanArgs, VendorConfigCommand, VendorDiffArgs, VendorFileArgs, VendorPullArgs, VendorSelectArgs,
    VendorSetArgs, VendorUpdateArgs, VendorVerifyArgs, VendorWhichArgs, VendoringArgs, VendoringCommand,
};
pub use workflow::WorkflowArgs;
