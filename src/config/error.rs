//! What can be wrong with the configuration.

use std::path::PathBuf;

use miette::{Diagnostic, SourceSpan};

use crate::diag::{Failure, Snippet, SourceText};
use crate::host::Host;
use crate::span::{Place, Span};
use crate::value::{Node, Value};
use crate::{fetch, merge, yaml};

/// Exit status where a profile cannot be found.
const PROFILE_NOT_FOUND: u8 = 2;

/// A configuration that cannot be used. Where a file is at fault the message names `file:line:column`.
#[derive(Debug, thiserror::Error, Diagnostic)]
pub enum Error {
    #[error("failed to read config: {0}")]
    #[diagnostic(transparent)]
    Yaml(#[from] Box<yaml::Error>),

    #[error("failed to read config: {path}: {cause}")]
    #[diagnostic(code(atmos::config::unreadable), help("check that the file is readable UTF-8 text"))]
    Unreadable { path: String, cause: std::io::Error },

    #[error("failed to read config: {path}:{line}:{column}: the text is not UTF-8 from here on")]
    #[diagnostic(code(atmos::config::encoding), help("save the file as UTF-8"))]
    Encoding { path: String, line: usize, column: usize },

    #[error("failed to read config: {path} is {what}, not a file")]
    #[diagnostic(code(atmos::config::no_file), help("put a file there, or remove it to go on with discovery"))]
    NoFile { path: String, what: String },

    #[error("failed to read config: {place}: expected a map, got {found}")]
    #[diagnostic(code(atmos::config::not_a_map), help("a configuration file consists of `key: value` lines"))]
    NotAMap {
        found: &'static str,
        place: String,
        #[source_code]
        source_code: SourceText,
        #[label("here")]
        at: SourceSpan,
    },

    #[error("file not found: --config file '{path}' does not exist")]
    #[diagnostic(
        code(atmos::config::file_not_found),
        help("correct `--config` or ATMOS_CONFIG, or leave both out to use discovery")
    )]
    FileNotFound { path: String },

    #[error("--config expects a file, but '{path}' is a directory")]
    #[diagnostic(code(atmos::config::expected_file), help("use `--config-path` for directories"))]
    ExpectedFile { path: String },

    #[error("{flag} requires a non-empty path")]
    #[diagnostic(code(atmos::config::empty_path), help("give a path, or leave the flag out"))]
    EmptyPath { flag: &'static str },

    #[error("atmos config directory not found: --config-path directory '{path}' does not exist")]
    #[diagnostic(
        code(atmos::config::directory_not_found),
        help("correct `--config-path` or ATMOS_CONFIG_PATH, or leave both out to use discovery")
    )]
    DirectoryNotFound { path: String },

    #[error("atmos config directory not found: --config-path requires a directory but found a file at '{path}'")]
    #[diagnostic(code(atmos::config::expected_directory), help("use `--config` for files"))]
    ExpectedDirectory { path: String },

    #[error("no atmos.yaml or .atmos.yaml found in the --config-path directory '{path}'")]
    #[diagnostic(code(atmos::config::nothing_in_directory), help("add an atmos.yaml, or give another directory"))]
    NothingInDirectory { path: String },

    #[error("circular import in the configuration: {chain}")]
    #[diagnostic(code(atmos::config::import_cycle), help("remove one of the imports of the chain"))]
    ImportCycle { chain: String },

    #[error("{place}: imports are nested deeper than {limit} levels")]
    #[diagnostic(code(atmos::config::import_depth), help("import the files from fewer levels"))]
    ImportDepth {
        limit: usize,
        place: String,
        #[source_code]
        source_code: SourceText,
        #[label("this import")]
        at: SourceSpan,
    },

    #[error("{place}: invalid import: expected a list of strings, got {found}")]
    #[diagnostic(code(atmos::config::invalid_import), help("write `import:` as a list of paths"))]
    InvalidImport {
        found: &'static str,
        place: String,
        #[source_code]
        source_code: SourceText,
        #[label("here")]
        at: SourceSpan,
    },

    #[error(
        "failed to preprocess YAML functions: {place}: unsupported YAML tag: '{tag}' at path '{path}'. Supported tags for atmos.yaml are: {supported}"
    )]
    #[diagnostic(code(atmos::config::unsupported_tag), help("use one of the supported tags, or quote the value"))]
    UnsupportedTag {
        tag: String,
        path: String,
        supported: String,
        place: String,
        #[source_code]
        source_code: SourceText,
        #[label("this tag")]
        at: SourceSpan,
    },

    /// Going on without it could drop an `auth:` section and run as somebody else.
    #[error("{place}: failed to download remote import '{import}': {cause}")]
    #[diagnostic(code(atmos::config::remote_import), help("{help}"))]
    RemoteImport {
        /// Without credentials.
        import: String,
        cause: fetch::Error,
        help: String,
        place: String,
        #[source_code]
        source_code: SourceText,
        #[label("this import")]
        at: SourceSpan,
    },

    #[error("failed to execute yaml function: {place}: {reason}")]
    #[diagnostic(code(atmos::config::function), help("correct the arguments of the function"))]
    Function {
        reason: String,
        place: String,
        #[source_code]
        source_code: SourceText,
        #[label("here")]
        at: SourceSpan,
    },

    #[error(
        "decoding failed due to the following error(s): '{key}' expected type '{expected}', got {found} ({place}){others}"
    )]
    #[diagnostic(code(atmos::config::type_mismatch), help("give `{key}` a value of that type"))]
    TypeMismatch {
        key: String,
        expected: String,
        found: String,
        /// `file:line:column`, or the layer that the value came from.
        place: String,
        /// Further ones, a line each.
        others: String,
        #[source_code]
        source_code: Option<SourceText>,
        #[label("this value")]
        at: Option<SourceSpan>,
    },

    #[error("cannot parse the value of {variable} as a boolean")]
    #[diagnostic(code(atmos::config::boolean), help("set {variable} to `true` or `false`, or unset it"))]
    Boolean { variable: &'static str },

    #[error("{cause} ({place})")]
    #[diagnostic(
        code(atmos::config::list_merge_strategy),
        help("set `settings.list_merge_strategy` to replace, append or merge")
    )]
    ListStrategy {
        cause: merge::Error,
        place: String,
        #[source_code]
        source_code: Option<SourceText>,
        #[label("this value")]
        at: Option<SourceSpan>,
    },

    #[error(
        "invalid log level: the log level '{level}' is not recognized. Valid options are: [Trace Debug Info Warning Error Off] ({place})"
    )]
    #[diagnostic(code(atmos::config::log_level), help("correct `logs.level`, ATMOS_LOGS_LEVEL or `--logs-level`"))]
    LogLevel {
        level: String,
        place: String,
        #[source_code]
        source_code: Option<SourceText>,
        #[label("this value")]
        at: Option<SourceSpan>,
    },

    #[error(
        "invalid 'templates.settings.delimiters' config in 'atmos.yaml': expected exactly two texts that are not empty ({place})"
    )]
    #[diagnostic(code(atmos::config::delimiters), help("write for example `delimiters: [\"[[\", \"]]\"]`"))]
    Delimiters {
        place: String,
        #[source_code]
        source_code: Option<SourceText>,
        #[label("this value")]
        at: Option<SourceSpan>,
    },

    #[error("`{key}` is experimental, and `settings.experimental` does not allow that ({place})")]
    #[diagnostic(code(atmos::config::experimental), help("leave it out, or set `settings.experimental: warn`"))]
    Experimental {
        key: String,
        place: String,
        #[source_code]
        source_code: Option<SourceText>,
        #[label("this value")]
        at: Option<SourceSpan>,
    },

    #[error("invalid value of `{key}`: expected {choices} ({place})")]
    #[diagnostic(code(atmos::config::choice), help("set `{key}` to {choices}, or leave it out"))]
    Choice {
        key: String,
        choices: String,
        place: String,
        #[source_code]
        source_code: Option<SourceText>,
        #[label("this value")]
        at: Option<SourceSpan>,
    },

    #[error("`{key}` is no policy of functions ({place})")]
    #[diagnostic(
        code(atmos::config::policy_key),
        help(
            "keys of `settings.functions` are `exec`, `exec_output_limit` and `outside_reads`; a policy that is mistyped would allow everything"
        )
    )]
    PolicyKey {
        key: String,
        place: String,
        #[source_code]
        source_code: Option<SourceText>,
        #[label("this value")]
        at: Option<SourceSpan>,
    },

    #[error("{key}: `{found}` is no policy ({place})")]
    #[diagnostic(code(atmos::config::policy), help("set `{key}` to allow, ask or deny"))]
    Policy {
        key: String,
        found: String,
        place: String,
        #[source_code]
        source_code: Option<SourceText>,
        #[label("this value")]
        at: Option<SourceSpan>,
    },

    #[error("invalid edition '{edition}': expected YYYY, YYYY-MM or YYYY-MM-DD")]
    #[diagnostic(code(atmos::config::edition), help("correct `edition` or ATMOS_EDITION"))]
    Edition { edition: String },

    #[error("profile not found: '{name}'. Searched in: {searched}. Available profiles: {available}")]
    #[diagnostic(code(atmos::config::profile_not_found), help("{help}"))]
    ProfileNotFound { name: String, searched: String, available: String, help: String },

    #[error(
        "version constraint not satisfied: this configuration requires Atmos version {required}, but the current version is {current}"
    )]
    #[diagnostic(code(atmos::config::version_constraint), help("{help}"))]
    VersionConstraint { required: String, current: &'static str, help: String },

    #[error("invalid version constraint \"{constraint}\"")]
    #[diagnostic(
        code(atmos::config::invalid_version_constraint),
        help("write `version.constraint.require` as comma-separated comparisons, for example `>= 1.200.0, < 2.0.0`")
    )]
    InvalidVersionConstraint { constraint: String },

    #[error("stack base path must be provided in 'stacks.base_path' config or ATMOS_STACKS_BASE_PATH' ENV variable")]
    #[diagnostic(code(atmos::config::stacks_base_path), help("add `stacks.base_path` to atmos.yaml"))]
    StacksBasePath,

    #[error(
        "at least one path must be provided in 'stacks.included_paths' config or ATMOS_STACKS_INCLUDED_PATHS' ENV variable"
    )]
    #[diagnostic(code(atmos::config::stacks_included_paths), help("add `stacks.included_paths` to atmos.yaml"))]
    StacksIncludedPaths,
}

impl Failure for Error {
    fn exit_code(&self) -> u8 {
        match self {
            Error::ProfileNotFound { .. } => PROFILE_NOT_FOUND,
            _ => 1,
        }
    }
}

/// The three things that an error says of a place in a file.
pub(super) struct Location {
    pub place: String,
    pub source_code: SourceText,
    pub at: SourceSpan,
}

impl Location {
    /// The place of `span`; an empty snippet for a value that no file contains.
    pub(super) fn of(host: &Host, span: Span) -> Location {
        host.sources.place(span).map_or_else(
            || Location { place: "configuration".to_owned(), source_code: SourceText::default(), at: (0, 0).into() },
            |place| Location::at(&place),
        )
    }

    pub(super) fn at(place: &Place) -> Location {
        Location { place: place.to_string(), source_code: Snippet::source(place), at: Snippet::span(place) }
    }
}

/// The place of a setting, as far as it has one: flags and variables have none.
pub(super) struct Origin {
    /// `file:line:column`, or the layer that the value came from.
    pub place: String,
    pub source_code: Option<SourceText>,
    pub at: Option<SourceSpan>,
}

impl Origin {
    /// Where the value behind `path` was written. `layer` names what it came from when that is no file.
    pub(super) fn of(host: &Host, document: &Node, path: &[&str], layer: &str) -> Origin {
        let node = nearest_node(document, path);
        match node.and_then(|node| host.sources.place(node.span)) {
            Some(place) => Origin {
                place: place.to_string(),
                source_code: Some(Snippet::source(&place)),
                at: Some(Snippet::span(&place)),
            },
            None => Origin { place: layer.to_owned(), source_code: None, at: None },
        }
    }
}

/// A value of a wrong type.
pub(super) struct Mismatch {
    pub path: Vec<String>,
    pub expected: String,
    pub found: String,
    pub origin: Origin,
}

impl Mismatch {
    pub(super) fn of(host: &Host, document: &Node, path: &[&str], (expected, layer): (&str, &str)) -> Mismatch {
        let found = document.get_path(path.iter().copied()).map_or("nothing", |node| node.value.type_name()).to_owned();
        let origin = Origin::of(host, document, path, layer);
        let path = path.iter().map(|part| (*part).to_owned()).collect();
        Mismatch { path, expected: expected.to_owned(), found, origin }
    }

    fn key(&self) -> String {
        self.path.join(".")
    }

    /// One error for this one and further ones.
    pub(super) fn with(self, others: &[Mismatch]) -> Error {
        use std::fmt::Write as _;
        let mut lines = String::new();
        for other in others {
            let Mismatch { expected, found, origin, .. } = other;
            // Writing into a text cannot fail.
            let _ = write!(lines, "\n'{}' expected type '{expected}', got {found} ({})", other.key(), origin.place);
        }
        let key = self.key();
        let Mismatch { expected, found, origin: Origin { place, source_code, at }, .. } = self;
        Error::TypeMismatch { key, expected, found, place, others: lines, source_code, at }
    }
}

/// The node that a path leads to, else the last one on the way that has a place. A value of a flag or a variable has none,
/// whatever stands around it.
fn nearest_node<'a>(document: &'a Node, path: &[&str]) -> Option<&'a Node> {
    let mut node = document;
    let (mut last, mut depth) = (None, 0);
    for part in path {
        let next = match &node.value {
            Value::List(list) => part.parse::<usize>().ok().and_then(|index| list.get(index)),
            _ => node.get(part),
        };
        let Some(next) = next else { break };
        node = next;
        depth += 1;
        last = Some(node).filter(|node| node.span.is_known()).or(last);
    }
    last.filter(|_| depth < path.len() || node.span.is_known())
}

/// An I/O error with its file.
pub(super) fn unreadable(path: &std::path::Path, cause: std::io::Error) -> Error {
    Error::Unreadable { path: PathBuf::from(path).display().to_string(), cause }
}
