//! `atmos terraform cache …`, `atmos terraform lint`, `atmos terraform migrate …`

use clap::{Args, Subcommand};

use super::{ColumnArgs, Fleet, FormatArgs, IdentityArgs, InitFlags, ProcessingArgs, TerraformRun};

#[derive(Debug, Subcommand)]
pub enum CacheCommand {
    /// List what is kept of providers and modules
    List(CacheFormatArgs),
    /// Show how much is kept
    Stats(CacheFormatArgs),
    /// Remove old answers of registries
    Prune {
        /// Remove what is older [env: ATMOS_TERRAFORM_CACHE_PRUNE_OLDER_THAN] [default: 168h]
        #[arg(long, value_name = "DURATION")]
        older_than: Option<String>,
        /// Remove packages of providers and modules, too
        #[arg(long)]
        all: bool,
        /// Only say what would be removed [env: ATMOS_DRY_RUN]
        #[arg(long)]
        dry_run: Option<bool>,
    },
    /// Remove one object
    Delete {
        /// Its key, as `list` shows it
        key: String,
    },
    /// Fetch the providers of components for several platforms
    #[command(visible_alias = "warm")]
    Mirror(MirrorArgs),
    /// Have the system trust the certificate of the cache, where terraform needs that
    Trust {},
    /// Take that back
    Untrust {},
}

#[derive(Debug, Args)]
pub struct CacheFormatArgs {
    /// table, json or yaml [env: ATMOS_FORMAT] [default: table]
    #[arg(short, long, value_name = "FORMAT")]
    pub format: Option<String>,
}

#[derive(Debug, Args)]
pub struct MirrorArgs {
    #[command(flatten)]
    pub run: TerraformRun,

    #[command(flatten)]
    pub fleet: Fleet,

    /// Platform such as linux_amd64, several times or with commas
    /// [default: `components.terraform.platforms`, else that of this machine]
    #[arg(long, value_name = "PLATFORM", value_delimiter = ',')]
    pub platform: Vec<String>,

    /// json or yaml: print what was fetched as a document
    #[arg(short, long, value_name = "FORMAT")]
    pub format: Option<String>,
}

#[derive(Debug, Args)]
pub struct LintArgs {
    /// Component; without one every terraform component, each once
    pub component: Option<String>,

    /// Stack [env: ATMOS_STACK]
    #[arg(short, long)]
    pub stack: Option<String>,

    /// On a mistake in a component: `strict` stops, `warn` says so, `silent` does not; both go on
    /// [env: ATMOS_TERRAFORM_LINT_ERROR_MODE] [default: `components.terraform.lint.error_mode`, else warn]
    #[arg(long, value_name = "MODE")]
    pub error_mode: Option<String>,

    /// So many findings of each component are shown, 0 for all [env: ATMOS_TERRAFORM_LINT_MAX_FINDINGS] [default: 10]
    #[arg(long, value_name = "N")]
    pub max_findings: Option<String>,

    /// markdown, or rich: with the lines of the source [env: ATMOS_TERRAFORM_LINT_FORMAT] [default: markdown]
    #[arg(long, value_name = "FORMAT")]
    pub format: Option<String>,

    #[command(flatten)]
    pub identity: IdentityArgs,

    #[command(flatten)]
    pub processing: ProcessingArgs,

    #[command(flatten)]
    pub fleet: Fleet,
}

#[derive(Debug, Subcommand)]
pub enum MigrateCommand {
    /// Show what the migrations would make of the state
    Plan(MigrateArgs),
    /// Migrate the state
    Apply(MigrateArgs),
    /// List the components and where their migrations are recorded
    List(MigrateListArgs),
}

#[derive(Debug, Args)]
pub struct MigrateArgs {
    #[command(flatten)]
    pub run: TerraformRun,

    #[command(flatten)]
    pub init: InitFlags,

    #[command(flatten)]
    pub fleet: Fleet,

    /// This migration file alone, below the directory of migrations; without it all that are not recorded yet
    /// [env: ATMOS_TFMIGRATE_MIGRATION]
    #[arg(long, value_name = "FILE")]
    pub migration: Option<String>,

    /// Configuration of tfmigrate [env: ATMOS_TFMIGRATE_CONFIG] [default: .tfmigrate.hcl, else one that is made]
    #[arg(long, value_name = "FILE")]
    pub tfmigrate_config: Option<String>,

    /// Backend configuration for tfmigrate, several times [env: ATMOS_TFMIGRATE_BACKEND_CONFIG]
    #[arg(long, value_name = "KEY=VALUE")]
    pub backend_config: Vec<String>,
}

#[derive(Debug, Args)]
pub struct MigrateListArgs {
    /// Component
    pub component: Option<String>,

    /// Stack [env: ATMOS_STACK]
    #[arg(short, long)]
    pub stack: Option<String>,

    /// These components [env: ATMOS_COMPONENTS]
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub components: Vec<String>,

    /// The components for which this yq expression is true [env: ATMOS_QUERY]
    #[arg(short, long, value_name = "EXPRESSION")]
    pub query: Option<String>,

    #[command(flatten)]
    pub format: FormatArgs,

    #[command(flatten)]
    pub columns: ColumnArgs,

    #[command(flatten)]
    pub identity: IdentityArgs,

    #[command(flatten)]
    pub processing: ProcessingArgs,
}
