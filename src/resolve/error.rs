//! What can go wrong while values are evaluated.

use std::sync::Arc;

use miette::{Diagnostic, NamedSource, SourceSpan};

use crate::diag::Failure;

/// A value that cannot be evaluated.
#[derive(Debug, Clone, thiserror::Error, Diagnostic)]
pub enum Error {
    #[error(
        "the YAML function {tag} is not built yet: '{path}' of the component '{component}' in the stack '{stack}'{place}"
    )]
    #[diagnostic(
        code(atmos::resolve::function_not_built),
        help("leave the function as text with `--skip {name}` or `--process-functions=false`, or use the reference")
    )]
    FunctionNotBuilt {
        tag: String,
        /// The tag without `!`, as `--skip` takes it.
        name: String,
        path: String,
        component: String,
        stack: String,
        place: String,
        #[source_code]
        source_code: Option<NamedSource<Arc<str>>>,
        #[label("this function")]
        at: Option<SourceSpan>,
    },

    #[error(
        "rendering of Go templates is not built yet: '{path}' of the component '{component}' in the stack \
         '{stack}'{place}"
    )]
    #[diagnostic(
        code(atmos::resolve::template_not_built),
        help("leave templates as text with `--process-templates=false`, or use the reference")
    )]
    TemplateNotBuilt {
        path: String,
        component: String,
        stack: String,
        place: String,
        #[source_code]
        source_code: Option<NamedSource<Arc<str>>>,
        #[label("this template")]
        at: Option<SourceSpan>,
    },

    #[error("unsupported YAML tag: '{tag}' at '{path}'{place}. Supported tags are: {supported}")]
    #[diagnostic(code(atmos::resolve::unsupported_tag), help("quote the value if it is meant as text"))]
    UnsupportedTag {
        tag: String,
        path: String,
        supported: String,
        place: String,
        #[source_code]
        source_code: Option<NamedSource<Arc<str>>>,
        #[label("unknown tag")]
        at: Option<SourceSpan>,
    },

    #[error("invalid Atmos YAML function: {text}: {message}{place}")]
    #[diagnostic(code(atmos::resolve::arguments), help("correct the arguments of {tag}"))]
    Arguments {
        tag: String,
        text: String,
        message: String,
        place: String,
        #[source_code]
        source_code: Option<NamedSource<Arc<str>>>,
        #[label("here")]
        at: Option<SourceSpan>,
    },

    #[error("no git repository found for {tag}: '{path}' of the component '{component}' in the stack '{stack}'{place}")]
    #[diagnostic(
        code(atmos::resolve::no_repository),
        help("run atmos inside a git repository, or give a default: `{tag} ./default`")
    )]
    NoRepository {
        tag: String,
        path: String,
        component: String,
        stack: String,
        place: String,
        #[source_code]
        source_code: Option<NamedSource<Arc<str>>>,
        #[label("needs the root of the repository")]
        at: Option<SourceSpan>,
    },

    #[error(
        "settings.auth.identity must be resolvable without authentication: the component '{component}' in the stack \
         '{stack}' has {found}{place}"
    )]
    #[diagnostic(code(atmos::resolve::identity), help("give the name of an identity, or `false` to run without one"))]
    Identity {
        component: String,
        stack: String,
        found: String,
        place: String,
        #[source_code]
        source_code: Option<NamedSource<Arc<str>>>,
        #[label("here")]
        at: Option<SourceSpan>,
    },
}

impl Failure for Error {}
