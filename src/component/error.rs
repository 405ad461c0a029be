//! What can be wrong with a component.

use miette::{Diagnostic, SourceSpan};

use super::Kind;
use super::scope::Scope;
use crate::diag::{Failure, SourceText};
use crate::span::Sources;
use crate::stack::{self, Located};
use crate::template;
use crate::value::Node;

/// Failure to find, or to put together, a component of a stack.
#[derive(Debug, Clone, thiserror::Error, Diagnostic)]
pub enum Error {
    #[error(transparent)]
    #[diagnostic(transparent)]
    Stack(#[from] stack::Error),

    #[error(
        "invalid component: Could not find the component `{component}` in the stack `{stack}`: the stack has no such component"
    )]
    #[diagnostic(code(atmos::component::not_in_stack))]
    NotInStack {
        component: String,
        stack: String,
        /// The component may have been meant as a path, and the path leads to no component.
        is_path: bool,
        #[help]
        help: Option<String>,
    },

    #[error("no such stack: `{stack}`")]
    #[diagnostic(code(atmos::component::unknown_stack))]
    NoSuchStack {
        stack: String,
        #[help]
        help: Option<String>,
    },

    #[error("invalid component: Could not find the component `{component}` in the stack `{stack}`: no such stack")]
    #[diagnostic(code(atmos::component::unknown_stack))]
    UnknownStack {
        component: String,
        stack: String,
        /// As in [`Error::NotInStack`].
        is_path: bool,
        #[help]
        help: Option<String>,
    },

    #[error("invalid stack: Stack `{stack}` not found")]
    #[diagnostic(
        code(atmos::component::manifest_key),
        help("Did you mean `{name}`? Run `atmos list stacks` to see all stacks")
    )]
    ManifestKey { stack: String, name: String },

    #[error(
        "duplicate component configuration: Found duplicate config for the component `{component}` in the stack \
         `{stack}` in the manifests: {manifests}"
    )]
    #[diagnostic(
        code(atmos::component::duplicate),
        help("give the manifests different stack names, or define the component in one of them only")
    )]
    Duplicate { component: String, stack: String, manifests: String },

    #[error(
        "stack name pattern references a context part that is not defined in the stack file: the pattern '{pattern}' \
         specifies '{token}', but {lacks}{place}"
    )]
    #[diagnostic(code(atmos::component::name_incomplete), help("{help}"))]
    NameIncomplete {
        pattern: String,
        token: String,
        lacks: String,
        help: String,
        place: String,
        #[source_code]
        source_code: Option<SourceText>,
        #[label("this value")]
        at: Option<SourceSpan>,
    },

    #[error(
        "'stacks.name_template' (or the deprecated 'stacks.name_pattern') needs to be specified in 'atmos.yaml': the \
         stack of the manifest '{file}' has no name but the path of its file"
    )]
    #[diagnostic(
        code(atmos::component::no_naming),
        help("set `stacks.name_template` in `atmos.yaml`, or give the manifest a `name:`")
    )]
    NoNaming { file: String },

    #[error(
        "ambiguous component path: '{path}' stands for several components of the stack `{stack}`. Matching components: \
         {}", components.join(", ")
    )]
    #[diagnostic(code(atmos::component::ambiguous_path), help("give the name of one of these components"))]
    AmbiguousPath { path: String, stack: String, kind: Kind, components: Vec<String> },

    #[error("component not found in stack configuration: {reason}")]
    #[diagnostic(code(atmos::component::path_not_found))]
    PathNotFound {
        reason: String,
        #[help]
        help: Option<String>,
    },

    #[error(
        "path component type does not match command: '{path}' is the directory of a {found} component, but a {wanted} \
         component is needed"
    )]
    #[diagnostic(
        code(atmos::component::path_kind),
        help("run the command for {found} components, or give the name of a {wanted} component")
    )]
    PathKind { path: String, found: String, wanted: String },

    #[error("{phrase}: '{path}' in the file '{file}'{place}")]
    #[diagnostic(code(atmos::component::section_type), help("the value is of the wrong type: {found}"))]
    Section {
        /// Stable phrase, for example ``invalid component vars section``.
        phrase: String,
        path: String,
        file: String,
        found: String,
        place: String,
        #[source_code]
        source_code: Option<SourceText>,
        #[label("{found}")]
        at: Option<SourceSpan>,
    },

    #[error(
        "component not defined in any config files: the component '{component}' in the stack manifest '{file}' inherits \
         from '{base}' (using '{attribute}'), but '{base}' is not defined in any of the config files for the stack \
         '{file}'{place}"
    )]
    #[diagnostic(code(atmos::component::base_not_defined), help("define '{base}' or import the file that does{near}"))]
    BaseNotDefined {
        component: String,
        base: String,
        attribute: &'static str,
        file: String,
        near: String,
        place: String,
        #[source_code]
        source_code: Option<SourceText>,
        #[label("this base")]
        at: Option<SourceSpan>,
    },

    #[error("circular component inheritance detected: {chain} in the stack '{file}'{place}")]
    #[diagnostic(code(atmos::component::inheritance_cycle), help("remove one of these bases"))]
    InheritanceCycle {
        chain: String,
        file: String,
        place: String,
        #[source_code]
        source_code: Option<SourceText>,
        #[label("closes the circle")]
        at: Option<SourceSpan>,
    },

    #[error("component inheritance {what}: {chain} in the stack '{file}'{place}")]
    #[diagnostic(
        code(atmos::component::inheritance_limit),
        help("give the component fewer bases, or bases with fewer bases of their own")
    )]
    InheritanceLimit {
        what: String,
        /// The first names of the chain.
        chain: String,
        file: String,
        place: String,
        #[source_code]
        source_code: Option<SourceText>,
        #[label("one base too many")]
        at: Option<SourceSpan>,
    },

    #[error(
        "backend_type does not match any key configured under backend: component '{component}' in the stack manifest \
         '{file}': {attribute} is '{backend_type}', but {section} has only {keys}{place}"
    )]
    #[diagnostic(
        code(atmos::component::backend_type),
        help("add a `{backend_type}` key under `{section}`, or change `{attribute}`")
    )]
    BackendType {
        component: String,
        file: String,
        attribute: &'static str,
        section: &'static str,
        backend_type: String,
        keys: String,
        place: String,
        #[source_code]
        source_code: Option<SourceText>,
        #[label("has only {keys}")]
        at: Option<SourceSpan>,
    },

    #[error(
        "the bases of the component '{component}' in the stack manifest '{file}' have no order: at '{where_}' each of \
         {names} must come before another one{place}"
    )]
    #[diagnostic(
        code(atmos::component::linearization),
        help("list bases in one order everywhere, or set `stacks.inherit.linearization: depth_first`")
    )]
    Linearization {
        component: String,
        where_: String,
        names: String,
        file: String,
        place: String,
        #[source_code]
        source_code: Option<SourceText>,
        #[label("these bases")]
        at: Option<SourceSpan>,
    },

    #[error("{message} (component '{component}' in the stack manifest '{file}'){place}")]
    #[diagnostic(code(atmos::component::list_strategy), help("choose replace, append or merge"))]
    Strategy {
        component: String,
        file: String,
        message: String,
        place: String,
        #[source_code]
        source_code: Option<SourceText>,
        #[label("here")]
        at: Option<SourceSpan>,
    },

    #[error("{message}")]
    #[diagnostic(code(atmos::component::name_template), help("{help}"))]
    NameTemplate {
        message: String,
        help: String,
        /// The template itself is wrong: no stack has a name.
        everywhere: bool,
    },

    #[error("the workspace of the component `{component}` in '{file}' cannot be rendered: {message}")]
    #[diagnostic(code(atmos::component::workspace_template))]
    WorkspaceTemplate {
        component: String,
        file: String,
        message: String,
        #[help]
        help: Option<String>,
        #[source_code]
        source_code: Option<SourceText>,
        #[label("in this template")]
        at: Option<SourceSpan>,
    },
}

impl Error {
    /// A name pattern asks for a variable that is not there, or that has this value, which is no text.
    pub(super) fn incomplete(scope: &Scope<'_>, token: &str, value: Option<&Node>) -> Error {
        let key = &scope.stack.key;
        let value = value.filter(|value| !value.is_null());
        let located = value.map(|value| Located::new(&scope.host.sources, value.span)).unwrap_or_default();
        let (lacks, help) = match value {
            Some(value) => (
                format!("it is of type {} in the manifest '{key}', not text", value.value.type_name()),
                format!("write \"{}\", with quotes", written(&scope.host.sources, value)),
            ),
            None => (
                format!("the manifest '{key}' does not define it"),
                format!("define `vars.{token}` in '{key}' or in a file that it imports"),
            ),
        };
        Error::NameIncomplete {
            pattern: scope.config.stacks.name_pattern.clone().unwrap_or_default(),
            token: token.to_owned(),
            lacks,
            help,
            place: located.text,
            source_code: located.source,
            at: located.at,
        }
    }

    /// `stacks.name_template` that cannot be rendered for a component.
    pub(crate) fn name(scope: &Scope<'_>, error: &template::Error) -> Error {
        let everywhere = error.kind() == template::ErrorKind::Syntax;
        let (message, help) = if everywhere {
            (format!("invalid `stacks.name_template`: {error}"), "correct the template in `atmos.yaml`".to_owned())
        } else {
            let key = &scope.stack.key;
            (
                format!("the name of the stack in the manifest '{key}' cannot be rendered: {error}"),
                format!(
                    "define what `stacks.name_template` reads in '{key}' or in a file that it imports, or give the \
                     manifest a `name:`"
                ),
            )
        };
        Error::NameTemplate { message, help, everywhere }
    }

    /// `metadata.terraform_workspace_template` that cannot be rendered.
    pub(crate) fn workspace(scope: &Scope<'_>, component: &str, error: &template::Error) -> Error {
        let located = error.place().map(Located::at).unwrap_or_default();
        Error::WorkspaceTemplate {
            component: component.to_owned(),
            file: scope.stack.key.to_string(),
            message: error.to_string(),
            help: error.help().map(|help| help.to_string()),
            source_code: located.source,
            at: located.at,
        }
    }
}

impl Failure for Error {
    fn exit_code(&self) -> u8 {
        match self {
            // A path that names no component is wrong usage.
            Error::PathNotFound { .. }
            | Error::PathKind { .. }
            | Error::AmbiguousPath { .. }
            | Error::NotInStack { is_path: true, .. }
            | Error::UnknownStack { is_path: true, .. } => 2,
            Error::Stack(error) => error.exit_code(),
            _ => 1,
        }
    }
}

/// A scalar as it stands in its file: `010` is a number, and another one than it looks like.
pub(super) fn written(sources: &Sources, value: &Node) -> String {
    let place = sources.place(value.span).filter(|place| place.length > 0);
    let text = place.and_then(|place| {
        let start = place.offset();
        place.source.text.get(start..start + place.byte_length()).map(str::to_owned)
    });
    let plain = |text: &String| text.chars().all(|letter| letter.is_ascii_alphanumeric() || "._+-".contains(letter));
    text.filter(plain).or_else(|| value.scalar_text()).unwrap_or_default()
}
