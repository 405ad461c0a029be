//! `atmos terraform …`. Native flags with one dash are taken out before clap sees the words.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{
    BackendCommand, CacheCommand, DryRunFormat, Fleet, GenerateCommand, IdentityArgs, LintArgs, MigrateCommand,
    PlanfileCommand, ProcessingArgs, SourceCommand, VarfileArgs, WorkdirCommand, WriteCommand, YesFlag,
};

#[derive(Debug, Args)]
pub struct TerraformArgs {
    #[command(subcommand)]
    pub command: TerraformCommand,
}

/// What every terraform sub-command takes.
#[derive(Debug, Clone, Args)]
pub struct TerraformRun {
    /// Component, then native arguments such as addresses
    #[arg(value_name = "COMPONENT")]
    pub words: Vec<String>,

    /// Stack; without COMPONENT also a pattern (`dev-*`) [env: ATMOS_STACK]
    #[arg(short, long)]
    pub stack: Option<String>,

    #[command(flatten)]
    pub identity: IdentityArgs,

    /// Show what would run; write and start nothing [env: ATMOS_DRY_RUN]
    #[arg(long)]
    pub dry_run: Option<bool>,

    /// No implicit init [env: ATMOS_SKIP_INIT]
    #[arg(long)]
    pub skip_init: Option<bool>,

    /// Init and select the workspace even when nothing changed
    #[arg(long, conflicts_with = "skip_init")]
    pub init: bool,

    /// Pass the variable file to init [env: ATMOS_INIT_PASS_VARS]
    #[arg(long)]
    pub init_pass_vars: Option<bool>,

    /// Show what init says only where it fails [env: ATMOS_QUIET_INIT]
    #[arg(long)]
    pub quiet_init: Option<bool>,

    /// Value of TF_APPEND_USER_AGENT [env: ATMOS_APPEND_USER_AGENT]
    #[arg(long, value_name = "TEXT")]
    pub append_user_agent: Option<String>,

    /// Tell Atmos Pro how plan, apply and deploy end; a plan exits with 2 where something changes
    /// [env: ATMOS_UPLOAD_STATUS, ATMOS_TERRAFORM_PLAN_UPLOAD_STATUS]
    #[arg(long)]
    pub upload_status: Option<bool>,

    /// Run without the component's hooks [env: ATMOS_SKIP_HOOKS]
    #[arg(long, value_name = "NAMES", num_args = 0..=1, default_missing_value = "true", require_equals = true)]
    pub skip_hooks: Option<String>,

    #[command(flatten)]
    pub processing: ProcessingArgs,
}

/// A sub-command that is about one component.
#[derive(Debug, Clone, Args)]
pub struct TerraformOne {
    #[command(flatten)]
    pub run: TerraformRun,
    #[command(flatten)]
    pub dry: DryRunFormat,
}

/// A sub-command that runs for one component or for many.
#[derive(Debug, Clone, Args)]
pub struct TerraformMany {
    #[command(flatten)]
    pub run: TerraformRun,
    #[command(flatten)]
    pub fleet: Fleet,
    #[command(flatten)]
    pub dry: DryRunFormat,
}

/// Flags of the sub-commands that write the backend file and run init. In the reference they are texts, whose value may
/// be the next word.
#[derive(Debug, Clone, Default, Args)]
pub struct InitFlags {
    /// Write backend.tf.json [env: ATMOS_AUTO_GENERATE_BACKEND_FILE]
    #[arg(long, num_args = 1)]
    pub auto_generate_backend_file: Option<bool>,

    /// Run init with -reconfigure [env: ATMOS_INIT_RUN_RECONFIGURE]
    #[arg(long, num_args = 1)]
    pub init_run_reconfigure: Option<bool>,
}

/// The flag of runs in CI.
#[derive(Debug, Clone, Default, Args)]
pub struct CiFlag {
    /// Tell the CI system what happens, where `ci.enabled` is set [env: ATMOS_CI, CI]
    #[arg(long)]
    pub ci: Option<bool>,
}

/// Flags around planfiles.
#[derive(Debug, Clone, Default, Args)]
pub struct PlanFlags {
    /// Apply the planfile that `plan` saved, or this one; of many components those that `plan` saved for them. A following
    /// word is FILE, unless no COMPONENT would be left
    #[arg(long, value_name = "FILE", num_args = 0..=1, default_missing_value = "")]
    pub from_plan: Option<String>,

    /// Apply this planfile
    #[arg(long, value_name = "FILE")]
    pub planfile: Option<String>,
}

#[derive(Debug, Subcommand)]
pub enum TerraformCommand {
    /// Show the changes that apply would make
    Plan {
        #[command(flatten)]
        run: TerraformRun,
        #[command(flatten)]
        init: InitFlags,
        #[command(flatten)]
        fleet: Fleet,
        #[command(flatten)]
        dry: DryRunFormat,
        #[command(flatten)]
        ci: CiFlag,
        /// Take outputs of other components from their `mocks` [env: ATMOS_USE_MOCKS]
        #[arg(long)]
        use_mocks: Option<bool>,
        /// Save no planfile [env: ATMOS_TERRAFORM_PLAN_SKIP_PLANFILE]
        #[arg(long)]
        skip_planfile: Option<bool>,
        /// `no-changes`: show only components with changes [env: ATMOS_TERRAFORM_PLAN_HIDE]
        #[arg(long, value_name = "WHAT")]
        hide: Option<String>,
    },
    /// Make the changes
    Apply {
        #[command(flatten)]
        run: TerraformRun,
        #[command(flatten)]
        init: InitFlags,
        #[command(flatten)]
        fleet: Fleet,
        #[command(flatten)]
        dry: DryRunFormat,
        #[command(flatten)]
        yes: YesFlag,
        #[command(flatten)]
        plan: PlanFlags,
        #[command(flatten)]
        ci: CiFlag,
    },
    /// Make the changes without asking
    Deploy {
        #[command(flatten)]
        run: TerraformRun,
        #[command(flatten)]
        init: InitFlags,
        #[command(flatten)]
        fleet: Fleet,
        #[command(flatten)]
        dry: DryRunFormat,
        #[command(flatten)]
        plan: PlanFlags,
        #[command(flatten)]
        ci: CiFlag,
        /// Compare a new plan with the stored one and apply it if they are the same [env: ATMOS_TERRAFORM_VERIFY_PLAN]
        #[arg(long, value_name = "HOW", num_args = 0..=1, default_missing_value = "true", require_equals = true)]
        verify_plan: Option<String>,
        /// Run init before [env: ATMOS_TERRAFORM_DEPLOY_RUN_INIT]
        #[arg(long)]
        deploy_run_init: Option<bool>,
    },
    /// Destroy what the component made
    Destroy {
        #[command(flatten)]
        run: TerraformRun,
        #[command(flatten)]
        init: InitFlags,
        #[command(flatten)]
        fleet: Fleet,
        #[command(flatten)]
        dry: DryRunFormat,
        #[command(flatten)]
        yes: YesFlag,
    },
    /// Prepare the component folder
    Init {
        #[command(flatten)]
        run: TerraformRun,
        #[command(flatten)]
        init: InitFlags,
        #[command(flatten)]
        fleet: Fleet,
        #[command(flatten)]
        dry: DryRunFormat,
    },
    /// Select the workspace of the stack, or list, show, select, new, delete
    Workspace {
        #[command(flatten)]
        run: TerraformRun,
        #[command(flatten)]
        init: InitFlags,
        #[command(flatten)]
        fleet: Fleet,
        #[command(flatten)]
        dry: DryRunFormat,
    },
    /// Show outputs
    Output(OutputArgs),
    /// Remove what atmos and terraform left in the component folder
    Clean(CleanArgs),
    /// Generate the files that runs write
    Generate {
        #[command(subcommand)]
        command: GenerateCommand,
    },
    /// Print the version of terraform
    Version {},
    /// Validate the configuration of the component
    Validate(TerraformMany),
    /// Update the state from real resources
    Refresh(TerraformMany),
    /// Bring an existing resource under terraform
    Import(TerraformOne),
    /// Run the tests of the module
    Test(TerraformMany),
    /// Show a state or a planfile
    Show(TerraformMany),
    /// Evaluate expressions
    Console(TerraformOne),
    /// Format the configuration of the component
    Fmt(TerraformMany),
    /// Release a state lock
    ForceUnlock(TerraformOne),
    /// Install modules
    Get(TerraformMany),
    /// Print the dependency graph
    Graph(TerraformMany),
    /// Log in to a remote host
    Login(TerraformOne),
    /// Log out of a remote host
    Logout(TerraformOne),
    /// Print metadata of terraform
    Metadata(TerraformMany),
    /// Show the modules
    Modules(TerraformMany),
    /// Show the providers
    Providers(TerraformMany),
    /// Work on the state: list, mv, pull, push, replace-provider, rm, show
    State(TerraformMany),
    /// Run any command of terraform as a run would, with the words behind `--` as they are
    Exec(TerraformMany),
    /// Print the variables that runs of the component have
    Env(TerraformEnvArgs),
    /// Open a shell in the component folder, with everything that a run would have
    Shell(ShellArgs),
    /// Show what two plans have different
    PlanDiff(PlanDiffArgs),
    /// Fetch sources of components, show and delete them
    Source {
        #[command(subcommand)]
        command: SourceCommand,
    },
    /// Make, show and delete what keeps the states of components
    Backend {
        #[command(subcommand)]
        command: BackendCommand,
    },
    /// Keep planfiles between the job that plans and the one that applies
    Planfile {
        #[command(subcommand)]
        command: PlanfileCommand,
    },
    /// Working directories of components
    Workdir {
        #[command(subcommand)]
        command: WorkdirCommand,
    },
    /// Look after the cache of providers and modules
    Cache {
        #[command(subcommand)]
        command: CacheCommand,
    },
    /// Check the configuration of components with tflint
    Lint(LintArgs),
    /// Migrate states with tfmigrate
    Migrate {
        #[command(subcommand)]
        command: MigrateCommand,
    },
    /// Deprecated: use `generate varfile`
    #[command(hide = true)]
    Varfile(VarfileArgs),
    /// Deprecated: use `generate varfile`
    #[command(hide = true)]
    Write {
        #[command(subcommand)]
        command: WriteCommand,
    },
    /// Mark a resource for replacement
    Taint(TerraformOne),
    /// Take the mark away
    Untaint(TerraformOne),
    /// Commands of the reference that are not built yet, and unknown ones.
    #[command(external_subcommand)]
    Other(Vec<OsString>),
}

#[derive(Debug, Args)]
pub struct ShellArgs {
    #[command(flatten)]
    pub run: TerraformRun,

    /// Put secret variables into the environment of the shell [env: ATMOS_WITH_SECRETS]
    #[arg(long)]
    pub with_secrets: Option<bool>,
}

#[derive(Debug, Args)]
pub struct TerraformEnvArgs {
    #[command(flatten)]
    pub run: TerraformRun,

    /// dotenv, bash or json [default: dotenv]
    #[arg(short, long, value_name = "FORMAT")]
    pub format: Option<String>,

    /// Secret variables, too [env: ATMOS_WITH_SECRETS]
    #[arg(long)]
    pub with_secrets: Option<bool>,
}

#[derive(Debug, Args)]
pub struct PlanDiffArgs {
    #[command(flatten)]
    pub run: TerraformRun,

    /// Saved plan to compare with [env: ATMOS_TERRAFORM_PLAN_DIFF_ORIG]
    #[arg(long, value_name = "FILE")]
    pub orig: Option<String>,

    /// The other saved plan; without it one is made now [env: ATMOS_TERRAFORM_PLAN_DIFF_NEW]
    #[arg(long, value_name = "FILE")]
    pub new: Option<String>,
}

#[derive(Debug, Args)]
pub struct OutputArgs {
    #[command(flatten)]
    pub run: TerraformRun,

    #[command(flatten)]
    pub fleet: Fleet,

    /// json, yaml, hcl, env, dotenv, bash, csv, tsv, table or github; of many components json or yaml
    #[arg(short, long, value_name = "FORMAT")]
    pub format: Option<String>,

    /// Add to this file instead of printing [env: ATMOS_TERRAFORM_OUTPUT_FILE]
    #[arg(short, long, value_name = "FILE")]
    pub output_file: Option<PathBuf>,

    /// Names in capitals [env: ATMOS_TERRAFORM_OUTPUT_UPPERCASE]
    #[arg(short, long)]
    pub uppercase: Option<bool>,

    /// One name for each nested value [env: ATMOS_TERRAFORM_OUTPUT_FLATTEN]
    #[arg(long)]
    pub flatten: Option<bool>,
}

#[derive(Debug, Args)]
pub struct CleanArgs {
    #[command(flatten)]
    pub run: TerraformRun,

    /// Remove the local state, too
    #[arg(long)]
    pub everything: Option<bool>,

    /// Do not ask
    #[arg(short, long)]
    pub force: Option<bool>,

    /// Keep .terraform.lock.hcl
    #[arg(long)]
    pub skip_lock_file: Option<bool>,

    /// Remove the shared plugin cache instead
    #[arg(long)]
    pub cache: Option<bool>,
}
