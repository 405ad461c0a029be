//! `atmos validate …`

use std::ffi::OsString;

use clap::{Args, Subcommand};

#[derive(Debug, Args)]
pub struct ValidationArgs {
    #[command(subcommand)]
    pub command: ValidateCommand,
}

#[derive(Debug, Subcommand)]
pub enum ValidateCommand {
    /// Check atmos.yaml and what belongs to it; show which defaults are in force, and why
    Config,
    /// Check all stack manifests and components: syntax, imports, inheritance, schema, duplicates, backends
    Stacks(ValidateStacksArgs),
    /// Commands of the reference that are not built yet, and unknown ones.
    #[command(external_subcommand)]
    Other(Vec<OsString>),
}

#[derive(Debug, Args)]
pub struct ValidateStacksArgs {
    /// JSON Schema of manifests instead of the embedded one [env: ATMOS_SCHEMAS_ATMOS_MANIFEST]
    #[arg(long, value_name = "PATH|URL")]
    pub schemas_atmos_manifest: Option<String>,

    /// Leave out manifests by path below the project; may be repeated
    #[arg(long, value_name = "GLOB", value_delimiter = ',')]
    pub exclude: Vec<String>,

    /// Check only when stacks or configuration were changed since the branch left its base
    #[arg(long)]
    pub affected: bool,

    /// Branch or commit that changes are counted from [default: base of the pull request, or origin/HEAD]
    #[arg(long, value_name = "REF")]
    pub base: Option<String>,

    /// text, or rich for the lines around each finding on stdout [env: ATMOS_VALIDATE_FORMAT] [default: text]
    #[arg(long, value_name = "FORMAT")]
    pub format: Option<String>,
}
