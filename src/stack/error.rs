//! What can go wrong with manifests. Errors are cheap to clone: a broken file is kept and reported by every stack that
//! needs it.

use miette::{Diagnostic, SourceSpan};

use crate::diag::{Failure, Snippet, SourceText};
use crate::span::{Place, Sources, Span};
use crate::value::Node;

/// A place in a file in the form that diagnostics need; empty for values that no file contains.
#[derive(Debug, Clone, Default)]
pub(crate) struct Located {
    pub source: Option<SourceText>,
    pub at: Option<SourceSpan>,
    /// ` at file:line:column`, or nothing.
    pub text: String,
}

impl Located {
    pub(crate) fn new(sources: &Sources, span: Span) -> Located {
        sources.place(span).map(|place| Located::at(&place)).unwrap_or_default()
    }

    pub(crate) fn at(place: &Place) -> Located {
        Located { source: Some(Snippet::source(place)), at: Some(Snippet::span(place)), text: format!(" at {place}") }
    }
}

/// Failure to find, read, import or merge stack manifests.
#[derive(Debug, Clone, thiserror::Error, Diagnostic)]
pub enum Error {
    #[error("no stack manifests found in the paths `{paths}`")]
    #[diagnostic(code(atmos::stack::no_manifests), help("check `stacks.base_path` and {setting}"))]
    NoManifests { paths: String, setting: String },

    #[error("invalid glob pattern `{pattern}` in {setting}: {message}")]
    #[diagnostic(code(atmos::stack::pattern), help("correct the pattern"))]
    Pattern { pattern: String, setting: String, message: String },

    #[error("failed to read the stack directory '{path}': {message}")]
    #[diagnostic(
        code(atmos::stack::directory),
        help("make it readable, or leave it out with `stacks.excluded_paths` in `atmos.yaml`")
    )]
    Directory { path: String, message: String },

    #[error("failed to read stack manifest '{file}': {message}")]
    #[diagnostic(code(atmos::stack::read), help("check that the file exists and that you may read it"))]
    Read { file: String, message: String },

    #[error("invalid stack manifest: {message}\nFile being processed: {file}{chain}")]
    #[diagnostic(code(atmos::stack::invalid_manifest))]
    Manifest {
        message: String,
        file: String,
        chain: String,
        #[help]
        help: Option<String>,
        #[source_code]
        source_code: Option<SourceText>,
        #[label("here")]
        at: Option<SourceSpan>,
    },

    #[error("{message}{place}{chain}")]
    #[diagnostic(code(atmos::stack::invalid_import), help("{help}"))]
    Import {
        message: String,
        help: String,
        place: String,
        chain: String,
        #[source_code]
        source_code: Option<SourceText>,
        #[label("this import")]
        at: Option<SourceSpan>,
    },

    #[error("stack import not found: import '{import}' in file '{file}': failed to find import{place}{chain}")]
    #[diagnostic(
        code(atmos::stack::import_not_found),
        help(
            "paths are relative to `stacks.base_path`, or to the importing file when they begin with `./` or `../`{near}"
        )
    )]
    ImportNotFound {
        import: String,
        file: String,
        place: String,
        chain: String,
        near: String,
        #[source_code]
        source_code: Option<SourceText>,
        #[label("nothing matches this path")]
        at: Option<SourceSpan>,
    },

    #[error(
        "stack import not found: import '{import}' in the fetched file '{file}': failed to find import{place}{chain}"
    )]
    #[diagnostic(
        code(atmos::stack::import_not_found),
        help(
            "imports of a fetched manifest are looked up in this repository; where it is imported \
             `nested_imports: remote` looks them up where it comes from"
        )
    )]
    NestedImport {
        import: String,
        file: String,
        place: String,
        chain: String,
        #[source_code]
        source_code: Option<SourceText>,
        #[label("nothing matches this path")]
        at: Option<SourceSpan>,
    },

    #[error("failed to download remote import '{import}' in file '{file}': {cause}{place}{chain}")]
    #[diagnostic(code(atmos::stack::remote_import), help("{help}"))]
    RemoteImport {
        /// Without credentials.
        import: String,
        file: String,
        cause: String,
        help: String,
        place: String,
        chain: String,
        #[source_code]
        source_code: Option<SourceText>,
        #[label("this import")]
        at: Option<SourceSpan>,
    },

    #[error("stack manifest imports itself: manifest '{file}' imports itself via '{import}'{place}")]
    #[diagnostic(code(atmos::stack::import_self), help("remove this import"))]
    ImportSelf {
        file: String,
        import: String,
        place: String,
        #[source_code]
        source_code: Option<SourceText>,
        #[label("this file itself")]
        at: Option<SourceSpan>,
    },

    #[error("circular stack import: {chain} (a cycle){place}")]
    #[diagnostic(code(atmos::stack::import_cycle), help("remove one of these imports"))]
    ImportCycle {
        chain: String,
        place: String,
        #[source_code]
        source_code: Option<SourceText>,
        #[label("closes the circle")]
        at: Option<SourceSpan>,
    },

    #[error("stack imports are nested more than {limit} levels deep: {chain}")]
    #[diagnostic(code(atmos::stack::import_depth), help("flatten the imports"))]
    ImportDepth { limit: usize, chain: String },

    #[error("more than {limit} different merges of manifests are needed; the last one is that of '{file}'")]
    #[diagnostic(
        code(atmos::stack::too_many_merges),
        help("imports give ever new contexts to further imports: pass fewer different ones")
    )]
    TooManyMerges { limit: usize, file: String },

    #[error(
        "the contexts of the imports below '{file}' make more than {limit} manifests of its imports, each file counted \
         once for each context{chain}"
    )]
    #[diagnostic(
        code(atmos::stack::too_many_frames),
        help(
            "pass fewer different contexts: where each import passes two to the next one, the manifests double each time"
        )
    )]
    TooManyFrames { limit: usize, file: String, chain: String },

    #[error("failed to render Go template in import path: import path '{import}' in file '{file}': {reason}{chain}")]
    #[diagnostic(
        code(atmos::stack::import_path),
        help(
            "define the value in an earlier import, or in the `context` of this one\nset \
             `ignore_missing_template_values: true` on the import to use `<no value>` for what is missing"
        )
    )]
    ImportPath {
        import: String,
        file: String,
        reason: String,
        chain: String,
        #[source_code]
        source_code: Option<SourceText>,
        #[label("in this path")]
        at: Option<SourceSpan>,
    },

    #[error("{phrase} '{file}'{place}")]
    #[diagnostic(code(atmos::stack::section_type), help("the value is of the wrong type: {found}"))]
    Section {
        /// Stable phrase with its preposition, for example ``invalid vars section in file``.
        phrase: String,
        file: String,
        found: String,
        place: String,
        #[source_code]
        source_code: Option<SourceText>,
        #[label("{found}")]
        at: Option<SourceSpan>,
    },

    #[error("metadata field is not allowed at global (stack-wide) scope: {fields} in file '{file}'{place}")]
    #[diagnostic(
        code(atmos::stack::global_metadata),
        help(
            "global metadata may hold labels, tags, custom, enabled, locked and terraform_workspace_pattern; move \
             the rest under components.<type>.<name>.metadata"
        )
    )]
    GlobalMetadata {
        fields: String,
        file: String,
        place: String,
        #[source_code]
        source_code: Option<SourceText>,
        #[label("not allowed here")]
        at: Option<SourceSpan>,
    },

    #[error("merge error: type conflict at '{path}': {found} replaces {was}{below}{place}{chain}")]
    #[diagnostic(
        code(atmos::stack::type_conflict),
        help(
            "make both of one type, or remove the lower one with `!unset`; `settings.merge.type_conflict` made this an error"
        )
    )]
    TypeConflict {
        path: String,
        found: &'static str,
        was: &'static str,
        /// ` at file:line:column` of the value that is replaced.
        below: String,
        place: String,
        chain: String,
        #[source_code]
        source_code: Option<SourceText>,
        #[label("replaces {was}")]
        at: Option<SourceSpan>,
    },
}

impl Failure for Error {}

impl Error {
    /// Whether too much was asked for: the parts may be in order, each for itself.
    pub(crate) fn is_limit(&self) -> bool {
        matches!(self, Error::TooManyFrames { .. } | Error::TooManyMerges { .. })
    }

    /// The same error with the files that led to it, outermost first. Only the first chain counts: errors travel
    /// through many importers.
    pub(crate) fn with_chain(mut self, files: &[&str]) -> Error {
        let text = if files.len() > 1 { format!("\nImport chain: → {}", files.join(" → ")) } else { String::new() };
        match &mut self {
            Error::Manifest { chain, .. }
            | Error::Import { chain, .. }
            | Error::ImportNotFound { chain, .. }
            | Error::NestedImport { chain, .. }
            | Error::RemoteImport { chain, .. }
            | Error::ImportPath { chain, .. }
            | Error::TooManyFrames { chain, .. }
            | Error::TypeConflict { chain, .. }
                if chain.is_empty() =>
            {
                *chain = text;
            }
            _ => {}
        }
        self
    }
}

/// A section of the wrong type. `phrase` ends before the name of the file.
pub(crate) fn section_error(phrase: &str, file: &str, node: &Node, sources: &Sources) -> Error {
    let located = Located::new(sources, node.span);
    Error::Section {
        phrase: phrase.to_owned(),
        file: file.to_owned(),
        found: format!("found {}", node.value.type_name()),
        place: located.text,
        source_code: located.source,
        at: located.at,
    }
}

/// Keys in the `metadata` of a whole manifest that belong to single components.
pub(crate) fn global_metadata_error(fields: &str, file: &str, first: &Node, sources: &Sources) -> Error {
    let located = Located::new(sources, first.span);
    Error::GlobalMetadata {
        fields: fields.to_owned(),
        file: file.to_owned(),
        place: located.text,
        source_code: located.source,
        at: located.at,
    }
}
