//! `atmos validate …`

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::DescribeEvaluationArgs;

#[derive(Debug, Args)]
pub struct ValidationArgs {
    #[command(flatten)]
    pub scope: ScopeArgs,

    #[command(subcommand)]
    pub command: Option<ValidateCommand>,
}

/// Which files are looked at, and how findings are shown.
#[derive(Debug, Clone, Default, Args)]
pub struct ScopeArgs {
    /// Leave out files by path below the project; may be repeated
    #[arg(long, value_name = "GLOB", value_delimiter = ',')]
    pub exclude: Vec<String>,

    /// Check only what was changed since the branch left its base
    #[arg(long)]
    pub affected: bool,

    /// Branch or commit that changes are counted from [default: base of the pull request, or origin/HEAD]
    #[arg(long, value_name = "REF")]
    pub base: Option<String>,

    /// text, rich for the lines around each finding, or json; both on stdout [env: ATMOS_VALIDATE_FORMAT] [default: text]
    #[arg(long, value_name = "FORMAT")]
    pub format: Option<String>,
}

#[derive(Debug, Subcommand)]
pub enum ValidateCommand {
    /// Check atmos.yaml and what belongs to it; show which defaults are in force, and why
    Config,
    /// Check all stack manifests and components: syntax, imports, inheritance, schema, duplicates, backends
    Stacks(ValidateStacksArgs),
    /// Check a component in a stack against its JSON Schemas and Rego policies
    Component(ValidateComponentArgs),
    /// Check YAML files against the schemas that `schemas` of atmos.yaml has for them
    Schema(ValidateSchemaArgs),
    /// Check files against the rules of .editorconfig
    Editorconfig(EditorconfigArgs),
    /// Check the files of workflows: syntax, keys, what every step needs
    Workflows(ScopeArgs),
    /// Check workflows of GitHub Actions: keys, jobs, steps, what they need and use
    Ci(ValidateCiArgs),
    /// Commands of the reference that are not built yet, and unknown ones.
    #[command(external_subcommand)]
    Other(Vec<OsString>),
}

#[derive(Debug, Args)]
pub struct ValidateStacksArgs {
    /// JSON Schema of manifests instead of the embedded one [env: ATMOS_SCHEMAS_ATMOS_MANIFEST]
    #[arg(long, value_name = "PATH|URL")]
    pub schemas_atmos_manifest: Option<String>,

    #[command(flatten)]
    pub scope: ScopeArgs,
}

#[derive(Debug, Args)]
pub struct ValidateComponentArgs {
    /// Name of the component, or the path of its directory
    pub component: String,

    /// Stack [env: ATMOS_STACK]
    #[arg(short, long)]
    pub stack: Option<String>,

    /// Type of the component where several have one of this name [default: terraform before helmfile, packer and others]
    #[arg(long = "type", value_name = "TYPE")]
    pub kind: Option<String>,

    /// Schema or policy instead of those of the component; below `schemas.<type>.base_path`
    #[arg(long, value_name = "FILE")]
    pub schema_path: Option<String>,

    /// jsonschema or opa
    #[arg(long, value_name = "TYPE")]
    pub schema_type: Option<String>,

    /// Files and folders with modules of the policy, below `schemas.opa.base_path`
    #[arg(long, value_name = "PATH", value_delimiter = ',')]
    pub module_paths: Vec<String>,

    /// Seconds that a policy may take [default: that of the entry, or 20]
    #[arg(long, value_name = "SECONDS")]
    pub timeout: Option<u64>,

    /// text, rich for the lines around each finding, or json; both on stdout [env: ATMOS_VALIDATE_FORMAT] [default: text]
    #[arg(long, value_name = "FORMAT")]
    pub format: Option<String>,

    #[command(flatten)]
    pub evaluation: DescribeEvaluationArgs,
}

#[derive(Debug, Args)]
pub struct ValidateSchemaArgs {
    /// Entry of `schemas`; all of them without
    pub name: Option<String>,

    /// Schema instead of that of the entry
    #[arg(long, value_name = "PATH|URL")]
    pub schemas_atmos_manifest: Option<String>,

    #[command(flatten)]
    pub scope: ScopeArgs,
}

#[derive(Debug, Args)]
pub struct ValidateCiArgs {
    /// Workflows [default: those in .github/workflows]
    #[arg(value_name = "FILE", conflicts_with = "workflow_path")]
    pub files: Vec<PathBuf>,

    /// Folder with workflows, those in folders below it included
    #[arg(long, value_name = "DIR")]
    pub workflow_path: Option<PathBuf>,

    #[command(flatten)]
    pub scope: ScopeArgs,
}

#[derive(Debug, Args)]
pub struct EditorconfigArgs {
    /// Leave out files whose path matches this regular expression
    #[arg(long, value_name = "REGEX")]
    pub exclude: Option<String>,

    /// Look at generated and vendored files, too
    #[arg(long)]
    pub ignore_defaults: bool,

    /// List the files that would be looked at
    #[arg(long)]
    pub dry_run: bool,

    /// Write a first .editorconfig
    #[arg(long)]
    pub init: bool,

    /// Accepted: a pipeline is recognised by its variables
    #[arg(long)]
    pub ci: bool,

    /// default, gcc, github-actions, codeclimate, sarif, rich or json [env: ATMOS_VALIDATE_FORMAT] [default: default]
    #[arg(long, value_name = "FORMAT")]
    pub format: Option<String>,

    /// Without the rule of line ends
    #[arg(long)]
    pub disable_end_of_line: bool,

    /// Without the rule of the width of indentation
    #[arg(long)]
    pub disable_indent_size: bool,

    /// Without the rules of indentation
    #[arg(long)]
    pub disable_indentation: bool,

    /// Without the rule of the last line
    #[arg(long)]
    pub disable_insert_final_newline: bool,

    /// Without the rule of long lines
    #[arg(long)]
    pub disable_max_line_length: bool,

    /// Without the rule of blanks at the end of lines
    #[arg(long)]
    pub disable_trim_trailing_whitespace: bool,

    /// Check only files that were changed since the branch left its base
    #[arg(long)]
    pub affected: bool,

    /// Branch or commit that changes are counted from [default: base of the pull request, or origin/HEAD]
    #[arg(long, value_name = "REF")]
    pub base: Option<String>,
}
