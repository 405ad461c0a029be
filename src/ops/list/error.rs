//! What cannot be listed.

use miette::Diagnostic;

use crate::diag::Failure;
use crate::query;

/// What is wrong with the way in which a list is asked for.
#[derive(Debug, thiserror::Error, Diagnostic)]
pub enum Error {
    #[error("invalid component type '{kind}': the types are real, abstract and all")]
    #[diagnostic(code(atmos::list::component_type), help("give one of these types, or leave the flag away for real"))]
    Type { kind: String },

    #[error("unknown column '{column}' of `list {list}`: a column is a name, or must be in format 'Name=Template'")]
    #[diagnostic(code(atmos::list::column_unknown), help("{help}"))]
    Column { column: String, list: &'static str, help: String },

    #[error("column spec '{spec}' has an empty {part}")]
    #[diagnostic(code(atmos::list::column_empty), help("write it as 'Name={{{{ .field }}}}'"))]
    ColumnEmpty { spec: String, part: &'static str },

    #[error("invalid template for column \"{column}\": {cause}")]
    #[diagnostic(
        code(atmos::list::column_template),
        help(
            "columns know the fields of the row and toString, toInt, toBool, truncate, pad, upper, lower, get, getOr, has, len, join, split, ternary"
        )
    )]
    Template { column: String, cause: String },

    #[error("`{key}` is no list of columns{place}: {reason}")]
    #[diagnostic(
        code(atmos::list::column_setting),
        help("write each column as {{name: …, value: '{{{{ .field }}}}'}}")
    )]
    Setting { key: String, place: String, reason: String },

    #[error("invalid sort spec '{spec}': expected format 'column:order'")]
    #[diagnostic(code(atmos::list::sort), help("the orders are asc and desc, as in `--sort stack:asc,component:desc`"))]
    Sort { spec: String },

    #[error("cannot sort by the unknown column '{column}'")]
    #[diagnostic(code(atmos::list::sort_unknown), help("{help}"))]
    SortUnknown { column: String, help: String },

    #[error("invalid label '{pair}': expected key=value or key:value")]
    #[diagnostic(code(atmos::list::label), help("separate several labels with commas: `--labels team=core,tier=1`"))]
    Label { pair: String },

    #[error("invalid --stack pattern '{pattern}'")]
    #[diagnostic(code(atmos::list::stack_pattern), help("close what `[` or `{{` opens, or escape it with a backslash"))]
    Pattern { pattern: String },

    #[error("EvaluateYqExpression: {0}")]
    #[diagnostic(transparent)]
    Query(#[from] query::Error),

    #[error("{flag} is not supported with --format={format}")]
    #[diagnostic(code(atmos::list::flag_and_format), help("leave {flag} away, or choose another format"))]
    Flag { flag: &'static str, format: &'static str },

    #[error("component '{component}' does not exist")]
    #[diagnostic(code(atmos::list::component_unknown), help("{help}"))]
    Component { component: String, help: String },

    #[error("no stacks found: no stack has the component '{component}'")]
    #[diagnostic(code(atmos::list::no_stacks), help("{help}"))]
    NoStacks { component: String, help: String },

    #[error("invalid {flag} value '{value}'")]
    #[diagnostic(
        code(atmos::list::depth),
        help("use the bare flag for all levels, or a number of levels from 1 on: `{flag}=2`")
    )]
    Depth { flag: &'static str, value: String },

    #[error("unknown direction '{direction}': the directions are both, forward and reverse")]
    #[diagnostic(code(atmos::list::direction), help("correct `--direction` or ATMOS_LIST_DIRECTION"))]
    Direction { direction: String },

    #[error("the vendor base path '{path}' does not exist")]
    #[diagnostic(code(atmos::list::vendor_path), help("correct `vendor.base_path`, or create the file or directory"))]
    VendorPath { path: String },

    #[error("invalid edition '{edition}': expected YYYY, YYYY-MM or YYYY-MM-DD")]
    #[diagnostic(code(atmos::list::edition), help("correct `--from` or `--to`"))]
    Edition { edition: String },
}

impl Failure for Error {}

/// Advice for a name that nobody knows.
pub(super) fn advice<'a>(wanted: &str, known: impl IntoIterator<Item = &'a str> + Clone, what: &str) -> String {
    let near = crate::diag::nearest(wanted, known.clone()).map(|near| format!("did you mean `{near}`?\n"));
    let known: Vec<&str> = known.into_iter().collect();
    format!("{}{what}: {}", near.unwrap_or_default(), known.join(", "))
}
