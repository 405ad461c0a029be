//! `atmos describe affected` and `atmos list affected`

use std::path::PathBuf;

use clap::Args;

use super::{ColumnArgs, DescribeEvaluationArgs};

/// With what the working tree is compared.
#[derive(Debug, Clone, Default, Args)]
pub struct BaseArgs {
    /// Commit, branch or tag to compare with [default: the base of the CI event with `ci.enabled`, else origin/HEAD]
    #[arg(long, value_name = "COMMIT")]
    pub base: Option<String>,

    /// Deprecated: use --base
    #[arg(long = "ref", value_name = "REF", hide = true)]
    pub reference: Option<String>,

    /// Deprecated: use --base
    #[arg(long, value_name = "SHA", hide = true)]
    pub sha: Option<String>,

    /// Compare with what is checked out in this clone or worktree
    #[arg(long, value_name = "DIRECTORY")]
    pub repo_path: Option<PathBuf>,

    /// Fetch what to compare with from `origin` instead of looking for it here
    #[arg(long)]
    pub clone_target_ref: Option<bool>,

    /// Private key for fetching by ssh
    #[arg(long, value_name = "FILE")]
    pub ssh_key: Option<PathBuf>,

    /// Password of the private key
    #[arg(long, value_name = "PASSWORD")]
    pub ssh_key_password: Option<String>,
}

/// With what the working tree is compared, and what of it counts.
#[derive(Debug, Args)]
pub struct ComparisonArgs {
    #[command(flatten)]
    pub base: BaseArgs,

    /// Only this stack
    #[arg(short, long)]
    pub stack: Option<String>,

    /// Show what depends on the affected components, too
    #[arg(long)]
    pub include_dependents: Option<bool>,

    /// Files that are not committed yet count, too; stack manifests always do
    #[arg(long)]
    pub include_uncommitted: Option<bool>,

    /// Leave out locked components (`metadata.locked: true`)
    #[arg(long)]
    pub exclude_locked: Option<bool>,

    #[command(flatten)]
    pub evaluation: DescribeEvaluationArgs,
}

/// What is shown, and where it goes.
#[derive(Debug, Args)]
pub struct ResultArgs {
    /// Show the settings of each component
    #[arg(long)]
    pub include_settings: Option<bool>,

    /// Show the Spacelift admin stacks of affected components, too
    #[arg(long)]
    pub include_spacelift_admin_stacks: Option<bool>,

    /// Not built yet: send the result to Atmos Pro
    #[arg(long)]
    pub upload: Option<bool>,

    /// Write to this file instead of stdout
    #[arg(long, value_name = "FILE")]
    pub file: Option<PathBuf>,

    /// Append `matrix=…` and `count=…` to this file [default: $GITHUB_OUTPUT with `ci.enabled`]
    #[arg(long, value_name = "FILE")]
    pub output_file: Option<PathBuf>,

    /// yq expression on the whole list, for example `.[].stack_slug`
    #[arg(short, long, value_name = "EXPRESSION")]
    pub query: Option<String>,

    /// Deprecated: use --logs-level=Debug
    #[arg(long, hide = true)]
    pub verbose: Option<bool>,
}

#[derive(Debug, Args)]
pub struct AffectedArgs {
    #[command(flatten)]
    pub comparison: ComparisonArgs,

    #[command(flatten)]
    pub result: ResultArgs,

    /// json, yaml or matrix [default: json]
    #[arg(long, value_name = "FORMAT")]
    pub format: Option<String>,
}

#[derive(Debug, Args)]
pub struct ListAffectedArgs {
    #[command(flatten)]
    pub comparison: ComparisonArgs,

    #[command(flatten)]
    pub result: ResultArgs,

    /// Only rows for which this yq expression is true, for example `.deleted == false` [env: ATMOS_LIST_FILTER]
    #[arg(long, value_name = "EXPRESSION")]
    pub filter: Option<String>,

    /// table, json, yaml, csv, tsv, nul or matrix [env: ATMOS_LIST_FORMAT] [default: table]
    #[arg(short, long, value_name = "FORMAT")]
    pub format: Option<String>,

    /// Text between the cells of csv and tsv [env: ATMOS_LIST_DELIMITER]
    #[arg(long, value_name = "TEXT")]
    pub delimiter: Option<String>,

    #[command(flatten)]
    pub columns: ColumnArgs,
}
