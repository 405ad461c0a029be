//! Flags for runs of many components, of terraform and helmfile.

use std::path::PathBuf;

use clap::Args;

use super::BaseArgs;

/// Which components, in which order, how many at once.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Many components")]
pub struct Fleet {
    /// Every component of the stack, or of all stacks, in dependency order
    #[arg(long)]
    pub all: Option<bool>,

    /// The components that differ from another commit
    #[arg(long)]
    pub affected: Option<bool>,

    #[command(flatten)]
    pub base: BaseArgs,

    /// With --affected: files that are not committed yet count, too
    #[arg(long)]
    pub include_uncommitted: Option<bool>,

    /// With --affected: leave out locked components
    #[arg(long)]
    pub exclude_locked: Option<bool>,

    /// These components, by name or by pattern (`net-*`) [env: ATMOS_COMPONENTS]
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub components: Vec<String>,

    /// Without these components, by name or by pattern; the order of the others stays
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub exclude: Vec<String>,

    /// The components for which this yq expression is true [env: ATMOS_QUERY]
    #[arg(short, long, value_name = "EXPRESSION")]
    pub query: Option<String>,

    /// The components with one of these tags [env: ATMOS_TAGS]
    #[arg(long, value_delimiter = ',')]
    pub tags: Vec<String>,

    /// The components with all of these labels, `key=value` [env: ATMOS_LABELS]
    #[arg(long, value_delimiter = ',')]
    pub labels: Vec<String>,

    /// And what depends on them, N levels or all [env: ATMOS_INCLUDE_DEPENDENTS]
    #[arg(long, value_name = "N", num_args = 0..=1, default_missing_value = "true", require_equals = true)]
    pub include_dependents: Option<String>,

    /// And what they depend on, N levels or all [env: ATMOS_INCLUDE_DEPENDENCIES]
    #[arg(long, value_name = "N", num_args = 0..=1, default_missing_value = "true", require_equals = true)]
    pub include_dependencies: Option<String>,

    /// So many components at once [default: 1]
    #[arg(long, value_name = "N")]
    pub max_concurrency: Option<String>,

    /// After a failure: fail-fast starts nothing more, keep-going leaves out what depends on it [default: fail-fast]
    #[arg(long, value_name = "MODE")]
    pub failure_mode: Option<String>,

    /// Output of components that run at once: stream or grouped [default: stream; grouped where a CI system folds it]
    #[arg(long, value_name = "ORDER")]
    pub log_order: Option<String>,

    /// Write what became of each component to this file: JSON, or JUnit where its name ends in .xml
    #[arg(long, value_name = "FILE")]
    pub execution_summary_file: Option<PathBuf>,
}

/// The flag that answers a question beforehand.
#[derive(Debug, Clone, Default, Args)]
pub struct YesFlag {
    /// Do not ask (the same as -auto-approve)
    #[arg(long)]
    pub yes: Option<bool>,
}

/// How a dry run says what it would do.
#[derive(Debug, Clone, Default, Args)]
pub struct DryRunFormat {
    /// Of a dry run: json, a document of what would run
    #[arg(long, value_name = "FORMAT")]
    pub format: Option<String>,
}
