//! `atmos list …`

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{EvaluationArgs, ListAffectedArgs};

#[derive(Debug, Args)]
pub struct ListArgs {
    #[command(subcommand)]
    pub command: ListCommand,
}

#[derive(Debug, Subcommand)]
pub enum ListCommand {
    /// List stacks
    Stacks(StackListArgs),
    /// List components with the number of stacks that have them
    Components(ComponentsArgs),
    /// List components in stacks
    Instances(InstancesArgs),
    /// List what metadata says of components in stacks
    Metadata(MetadataArgs),
    /// List values of a component, stack beside stack
    Values(ValuesArgs),
    /// List variables of a component, stack beside stack
    Vars(VarsArgs),
    /// List settings of a component, or of all, stack beside stack
    Settings(SettingsArgs),
    /// List workflows
    Workflows(WorkflowsArgs),
    /// List what is vendored, and where to
    Vendor(VendorArgs),
    /// List what terraform components depend on, and what depends on them
    #[command(visible_alias = "deps")]
    Dependencies(DependenciesArgs),
    /// List components that are fetched from elsewhere
    Sources(SourcesArgs),
    /// List other words for commands
    Aliases(AliasesArgs),
    /// List the changes of defaults
    Editions(EditionsArgs),
    /// List the components that a change concerns
    Affected(ListAffectedArgs),
    /// List the profiles that `--profile` can ask for
    Profiles(PlainListArgs),
    /// List the themes of the terminal
    Themes(PlainListArgs),
    /// List the repositories of `git.repositories`
    GitRepositories(PlainListArgs),
    /// Commands of the reference that are not built yet, and unknown ones.
    #[command(external_subcommand)]
    Other(Vec<OsString>),
}

/// What is evaluated for a list whose values may wait for infrastructure.
#[derive(Debug, Clone, Args)]
pub struct ListEvaluationArgs {
    /// What becomes of values whose infrastructure does not exist yet: strict, warn or silent
    /// [env: ATMOS_LIST_ERROR_MODE] [default: warn]
    #[arg(long, value_name = "MODE")]
    pub error_mode: Option<String>,

    #[command(flatten)]
    pub shown: EvaluationArgs,
}

/// How a list is printed.
#[derive(Debug, Clone, Default, Args)]
pub struct FormatArgs {
    /// table, json, yaml, csv, tsv or nul; stacks and instances also tree, instances also matrix
    /// [env: ATMOS_LIST_FORMAT] [default: table]
    #[arg(short, long, value_name = "FORMAT")]
    pub format: Option<String>,

    /// Text between the cells of csv, tsv and nul [env: ATMOS_LIST_DELIMITER]
    #[arg(long, value_name = "TEXT")]
    pub delimiter: Option<String>,
}

/// Which columns are shown, and in which order the rows.
#[derive(Debug, Clone, Default, Args)]
pub struct ColumnArgs {
    /// Columns by name, or as `Name={{ .field }}`; commas separate several, `*` stands for all [env: ATMOS_LIST_COLUMNS]
    #[arg(long, value_name = "COLUMNS")]
    pub columns: Vec<String>,

    /// Order of the rows, for example `stack:asc,component:desc` [env: ATMOS_LIST_SORT]
    #[arg(long, value_name = "COLUMN:ORDER")]
    pub sort: Option<String>,

    /// Numbers, booleans, lists and maps as they are in json and yaml, where cells are text otherwise
    #[arg(long)]
    pub typed: bool,

    /// Rows alone, without a header
    #[arg(long)]
    pub no_header: bool,
}

/// What is shown beside the components that were chosen.
#[derive(Debug, Clone, Default, Args)]
pub struct ClosureArgs {
    /// Also what the chosen components depend on, all of it or so many levels
    #[arg(long, value_name = "LEVELS", num_args = 0..=1, require_equals = true, default_missing_value = "unlimited")]
    pub include_dependencies: Option<String>,

    /// Also what depends on the chosen components, all of it or so many levels
    #[arg(long, value_name = "LEVELS", num_args = 0..=1, require_equals = true, default_missing_value = "unlimited")]
    pub include_dependents: Option<String>,
}

/// Which rows are shown.
#[derive(Debug, Clone, Default, Args)]
pub struct SelectArgs {
    /// Only components with one of these tags in `metadata.tags` [env: ATMOS_COMPONENT_TAGS]
    #[arg(long, value_name = "TAG", value_delimiter = ',')]
    pub tags: Vec<String>,

    /// Only components with all of these labels, as `key=value,key:value` [env: ATMOS_COMPONENT_LABELS]
    #[arg(long, value_name = "LABELS")]
    pub labels: Option<String>,
}

#[derive(Debug, Args)]
pub struct StackListArgs {
    /// Only stacks that have this component [env: ATMOS_COMPONENT]
    #[arg(short, long, value_name = "NAME")]
    pub component: Option<String>,

    /// With --format=tree: what each stack imports
    #[arg(long)]
    pub provenance: bool,

    #[command(flatten)]
    pub format: FormatArgs,
    #[command(flatten)]
    pub columns: ColumnArgs,
    #[command(flatten)]
    pub select: SelectArgs,
    #[command(flatten)]
    pub closure: ClosureArgs,
    #[command(flatten)]
    pub evaluation: ListEvaluationArgs,
}

#[derive(Debug, Args)]
pub struct ComponentsArgs {
    /// Only stacks that match this pattern [env: ATMOS_STACK]
    #[arg(short, long, value_name = "GLOB")]
    pub stack: Option<String>,

    /// real, abstract or all [env: ATMOS_COMPONENT_TYPE] [default: real]
    #[arg(short = 't', long = "type", value_name = "TYPE")]
    pub kind: Option<String>,

    /// Only abstract components; `=false` for the others
    #[arg(long = "abstract")]
    pub abstract_: Option<bool>,

    /// Only enabled components; `=false` for the disabled ones
    #[arg(long)]
    pub enabled: Option<bool>,

    /// Only locked components; `=false` for the others
    #[arg(long)]
    pub locked: Option<bool>,

    /// Only rows for which this yq expression is true, for example `.type == "terraform"` [env: ATMOS_LIST_FILTER]
    #[arg(long, value_name = "EXPRESSION")]
    pub filter: Option<String>,

    #[command(flatten)]
    pub format: FormatArgs,
    #[command(flatten)]
    pub columns: ColumnArgs,
    #[command(flatten)]
    pub select: SelectArgs,
    #[command(flatten)]
    pub closure: ClosureArgs,
    #[command(flatten)]
    pub evaluation: ListEvaluationArgs,
}

#[derive(Debug, Args)]
pub struct InstancesArgs {
    /// Only stacks that match this pattern [env: ATMOS_STACK]
    #[arg(short, long, value_name = "GLOB")]
    pub stack: Option<String>,

    /// Only rows for which this yq expression is true, for example `.vars.stage == "prod"` [env: ATMOS_LIST_FILTER]
    #[arg(long, value_name = "EXPRESSION")]
    pub filter: Option<String>,

    /// yq expression that makes another row of each row [env: ATMOS_LIST_QUERY]
    #[arg(short, long, value_name = "EXPRESSION")]
    pub query: Option<String>,

    /// With --format=tree: what the stacks import
    #[arg(long)]
    pub provenance: bool,

    /// With --format=matrix: append `matrix=` and `count=` to this file [env: ATMOS_LIST_OUTPUT_FILE]
    #[arg(short, long, value_name = "FILE")]
    pub output_file: Option<PathBuf>,

    /// Accepted for the sake of other lists: this one has a column for each field that is asked for
    #[arg(long, value_name = "NUMBER", hide = true)]
    pub max_columns: Option<usize>,

    #[command(flatten)]
    pub format: FormatArgs,
    #[command(flatten)]
    pub columns: ColumnArgs,
    #[command(flatten)]
    pub select: SelectArgs,
    #[command(flatten)]
    pub closure: ClosureArgs,
    #[command(flatten)]
    pub evaluation: ListEvaluationArgs,
}

#[derive(Debug, Args)]
pub struct MetadataArgs {
    /// Only stacks that match this pattern [env: ATMOS_STACK]
    #[arg(short, long, value_name = "GLOB")]
    pub stack: Option<String>,

    /// Only rows for which this yq expression is true, for example `.enabled` [env: ATMOS_LIST_FILTER]
    #[arg(long, value_name = "EXPRESSION")]
    pub filter: Option<String>,

    #[command(flatten)]
    pub format: FormatArgs,
    #[command(flatten)]
    pub columns: ColumnArgs,
    #[command(flatten)]
    pub select: SelectArgs,
    #[command(flatten)]
    pub evaluation: EvaluationArgs,
}

/// How values are shown stack beside stack.
#[derive(Debug, Clone, Args)]
pub struct SideBySideArgs {
    /// Only these stacks: names or patterns, separated by commas [env: ATMOS_STACK]
    #[arg(short, long, value_name = "GLOB")]
    pub stack: Option<String>,

    /// yq expression on the values of each stack [env: ATMOS_LIST_QUERY]
    #[arg(short, long, value_name = "EXPRESSION")]
    pub query: Option<String>,

    /// At most so many stacks; 0 for all of them [env: ATMOS_LIST_MAX_COLUMNS]
    #[arg(long, value_name = "NUMBER")]
    pub max_columns: Option<usize>,

    /// Rows alone, without a header
    #[arg(long)]
    pub no_header: bool,

    /// Accepted: abstract components are always shown
    #[arg(long = "abstract", hide = true)]
    pub abstract_: Option<bool>,

    #[command(flatten)]
    pub format: FormatArgs,
    #[command(flatten)]
    pub evaluation: ListEvaluationArgs,
}

#[derive(Debug, Args)]
pub struct ValuesArgs {
    /// Component
    pub component: String,

    /// Only the variables, whatever --query says [env: ATMOS_LIST_VARS]
    #[arg(long)]
    pub vars: Option<bool>,

    #[command(flatten)]
    pub shown: SideBySideArgs,
}

#[derive(Debug, Args)]
pub struct VarsArgs {
    /// Component
    pub component: String,

    #[command(flatten)]
    pub shown: SideBySideArgs,
}

#[derive(Debug, Args)]
pub struct SettingsArgs {
    /// Component; all of them without
    pub component: Option<String>,

    #[command(flatten)]
    pub shown: SideBySideArgs,
}

#[derive(Debug, Args)]
pub struct WorkflowsArgs {
    /// Only this file [env: ATMOS_WORKFLOW_FILE]
    #[arg(long, value_name = "FILE")]
    pub file: Option<PathBuf>,

    #[command(flatten)]
    pub format: FormatArgs,
    #[command(flatten)]
    pub columns: ColumnArgs,
}

#[derive(Debug, Args)]
pub struct VendorArgs {
    /// Only components whose names match this pattern
    #[arg(short, long, value_name = "GLOB")]
    pub stack: Option<String>,

    /// Only sources with one of these tags [env: ATMOS_VENDOR_TAGS]
    #[arg(long, value_name = "TAG", value_delimiter = ',')]
    pub tags: Vec<String>,

    #[command(flatten)]
    pub format: FormatArgs,
    #[command(flatten)]
    pub columns: ColumnArgs,
}

#[derive(Debug, Args)]
pub struct DependenciesArgs {
    /// Only this component
    pub component: Option<String>,

    /// Only stacks that match this pattern [env: ATMOS_STACK]
    #[arg(short, long, value_name = "GLOB")]
    pub stack: Option<String>,

    /// both, forward (what it depends on) or reverse (what depends on it) [env: ATMOS_LIST_DIRECTION] [default: both]
    #[arg(short, long, value_name = "DIRECTION")]
    pub direction: Option<String>,

    /// tree, json, yaml or levels (the order of deployment) [env: ATMOS_LIST_DEPENDENCIES_FORMAT] [default: tree]
    #[arg(short, long, value_name = "FORMAT")]
    pub format: Option<String>,

    #[command(flatten)]
    pub select: SelectArgs,
    #[command(flatten)]
    pub evaluation: EvaluationArgs,
}

#[derive(Debug, Args)]
pub struct SourcesArgs {
    /// Component, or the directory of one
    pub component: Option<String>,

    /// Only stacks that match this pattern [env: ATMOS_STACK]
    #[arg(short, long, value_name = "GLOB")]
    pub stack: Option<String>,

    #[command(flatten)]
    pub format: FormatArgs,
    #[command(flatten)]
    pub columns: ColumnArgs,
    #[command(flatten)]
    pub select: SelectArgs,
    #[command(flatten)]
    pub evaluation: EvaluationArgs,
}

#[derive(Debug, Args)]
pub struct AliasesArgs {
    #[command(flatten)]
    pub format: FormatArgs,
    #[command(flatten)]
    pub columns: ColumnArgs,
}

/// A list that is not chosen from.
#[derive(Debug, Args)]
pub struct PlainListArgs {
    /// Only rows for which this yq expression is true [env: ATMOS_LIST_FILTER]
    #[arg(long, value_name = "EXPRESSION")]
    pub filter: Option<String>,

    #[command(flatten)]
    pub format: FormatArgs,
    #[command(flatten)]
    pub columns: ColumnArgs,
}

#[derive(Debug, Args)]
pub struct EditionsArgs {
    /// Only changes after this edition: YYYY, YYYY-MM or YYYY-MM-DD
    #[arg(long, value_name = "EDITION")]
    pub from: Option<String>,

    /// Only changes up to this edition
    #[arg(long, value_name = "EDITION")]
    pub to: Option<String>,

    #[command(flatten)]
    pub format: FormatArgs,
    #[command(flatten)]
    pub columns: ColumnArgs,
}
