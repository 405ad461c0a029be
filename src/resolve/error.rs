//! What can go wrong while values are evaluated.

use std::fmt::{Display, Formatter};
use std::sync::Arc;

use miette::{Diagnostic, LabeledSpan, SourceCode, SourceSpan};

use crate::diag::{Failure, Report, SourceText};
use crate::template;
use crate::yaml_fn;

/// The value that is concerned: where it stands in the component, and in which file it was written.
#[derive(Debug, Clone, Default)]
pub struct Site {
    /// Path in the component: `vars.cidrs[0]`.
    pub path: String,
    pub component: String,
    pub stack: String,
    /// ` at file:line:column`, or nothing.
    pub(crate) place: String,
    pub(crate) source: Option<SourceText>,
    pub(crate) at: Option<SourceSpan>,
}

impl Display for Site {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        write!(f, "'{}' of the component '{}' in the stack '{}'{}", self.path, self.component, self.stack, self.place)
    }
}

/// A value that cannot be evaluated.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    #[error("the YAML function {tag} is not built yet: {site}")]
    FunctionNotBuilt { tag: String, site: Site },

    #[error("unsupported YAML tag: '{tag}' at {site}. Supported tags are: {supported}")]
    UnsupportedTag { tag: String, supported: String, site: Site },

    #[error("invalid Atmos YAML function: {text}: {message}: {site}")]
    Arguments { tag: String, text: String, message: String, help: Option<String>, site: Site },

    #[error("{tag}: {reason}: {site}")]
    Function { tag: String, reason: String, help: String, site: Site },

    /// Somebody who was asked has no answer.
    #[error("{cause}: in {call}: {site}")]
    Outside { call: String, cause: Arc<Report>, site: Site },

    #[error("terraform state not provisioned for component {component} in stack {stack}: {call}: {site}")]
    NotProvisioned { component: String, stack: String, call: String, site: Site },

    #[error("{cause}: cannot render {site}")]
    Template { cause: Arc<template::Error>, site: Site },

    #[error("two keys of one map become '{key}' when their templates are rendered: {site}")]
    Key { key: String, site: Site },

    #[error(
        "settings.auth.identity must be resolvable without authentication: the component '{component}' in the stack \
         '{stack}' has {found}{place}",
        component = site.component, stack = site.stack, place = site.place
    )]
    Identity { found: String, site: Site },

    #[error(
        "settings.auth.identity must be the name of an identity or `false`: the component '{component}' in the stack \
         '{stack}' has a value of type {found}{place}",
        component = site.component, stack = site.stack, place = site.place
    )]
    IdentityType { found: &'static str, site: Site },

    #[error("forbidden function in labels/tags selector: \"{found}\" is not allowed in {field}: {site}")]
    Selector { found: String, field: String, site: Site },

    #[error("circular dependency detected{place}. Dependency chain:{chain}", place = site.place)]
    Cycle { chain: String, site: Site },
}

const CYCLE: &str = "atmos::resolve::cycle";

/// Code of a value that cannot be known yet, through however many layers it comes up.
const NOT_PROVISIONED: &str = "atmos::resolve::not_provisioned";

impl Error {
    /// The same with the place of the function that closes a circle.
    pub(super) fn closed_at(self, at: impl FnOnce() -> Site) -> Error {
        match self {
            Error::Cycle { chain, site } if site.source.is_none() => Error::Cycle { chain, site: at() },
            error => error,
        }
    }

    /// That the value depends on something which is not there yet, and nothing is wrong otherwise.
    pub(super) fn is_undetermined(&self) -> bool {
        match self {
            Error::NotProvisioned { .. } => true,
            Error::Outside { cause, .. } => cause.code().as_deref() == Some(NOT_PROVISIONED),
            Error::Template { cause, .. } => cause.code().is_some_and(|code| code.to_string() == NOT_PROVISIONED),
            _ => false,
        }
    }

    /// That components ask for each other in a circle, through however many layers it comes up.
    pub(super) fn is_circle(&self) -> bool {
        self.code().is_some_and(|code| code.to_string() == CYCLE)
    }

    fn site(&self) -> &Site {
        match self {
            Error::FunctionNotBuilt { site, .. }
            | Error::UnsupportedTag { site, .. }
            | Error::Arguments { site, .. }
            | Error::Function { site, .. }
            | Error::Outside { site, .. }
            | Error::NotProvisioned { site, .. }
            | Error::Template { site, .. }
            | Error::Key { site, .. }
            | Error::Identity { site, .. }
            | Error::IdentityType { site, .. }
            | Error::Selector { site, .. }
            | Error::Cycle { site, .. } => site,
        }
    }
}

impl Diagnostic for Error {
    fn code<'a>(&'a self) -> Option<Box<dyn Display + 'a>> {
        let code = match self {
            Error::FunctionNotBuilt { .. } => "atmos::resolve::function_not_built",
            Error::UnsupportedTag { .. } => "atmos::resolve::unsupported_tag",
            Error::Arguments { .. } => "atmos::resolve::arguments",
            Error::Function { .. } => "atmos::resolve::function",
            Error::Outside { cause, .. } => return cause.code().map(|code| Box::new(code) as Box<dyn Display>),
            Error::NotProvisioned { .. } => NOT_PROVISIONED,
            Error::Template { cause, .. } => return cause.code(),
            Error::Key { .. } => "atmos::resolve::key",
            Error::Identity { .. } | Error::IdentityType { .. } => "atmos::resolve::identity",
            Error::Selector { .. } => "atmos::resolve::selector",
            Error::Cycle { .. } => CYCLE,
        };
        Some(Box::new(code))
    }

    fn help<'a>(&'a self) -> Option<Box<dyn Display + 'a>> {
        Some(match self {
            Error::FunctionNotBuilt { tag, .. } => Box::new(format!(
                "{}leave the function as text with `--skip {}` or `--process-functions=false`, or use the reference",
                if tag == "!emulator" {
                    "it asks a container that the reference starts; write the address down or take it from `!env`, "
                } else {
                    ""
                },
                tag.trim_start_matches('!')
            )),
            Error::UnsupportedTag { tag, .. } => Box::new(match yaml_fn::nearest_tag(tag) {
                Some(near) => format!("did you mean `{near}`? Quote the value if it is meant as text"),
                None => "quote the value if it is meant as text".to_owned(),
            }),
            Error::Arguments { help: Some(help), .. } | Error::Function { help, .. } => Box::new(help),
            Error::Arguments { tag, .. } => Box::new(format!("correct the arguments of {tag}")),
            Error::Outside { cause, .. } => return cause.diagnostic().help(),
            Error::NotProvisioned { component, stack, .. } => Box::new(format!(
                "apply it first (`atmos terraform apply {component} -s {stack}`), or say what to take until then: \
                 `.output // \"default\"`"
            )),
            Error::Template { cause, .. } => return cause.help(),
            Error::Key { .. } => Box::new("make the keys of this map different"),
            Error::Identity { .. } | Error::IdentityType { .. } => {
                Box::new("give the name of an identity, or `false` to run without one")
            }
            Error::Selector { .. } => Box::new(
                "tags and labels choose components before these are evaluated: move the call to `vars` or `settings`, or set \
                 `describe.settings.eager_evaluation: true`",
            ),
            Error::Cycle { .. } => Box::new("break the circle: one of these components must do without the others"),
        })
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        if let Error::Template { cause, .. } = self
            && let Some(source) = cause.source_code()
        {
            return Some(source);
        }
        self.site().source.as_ref().map(|source| source as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        if let Error::Template { cause, .. } = self
            && cause.source_code().is_some()
        {
            return cause.labels();
        }
        let at = self.site().at?;
        Some(Box::new(std::iter::once(LabeledSpan::new_with_span(Some("here".to_owned()), at))))
    }
}

impl Failure for Error {
    fn exit_code(&self) -> u8 {
        match self {
            Error::Template { cause, .. } => cause.exit_code(),
            Error::Outside { cause, .. } => cause.exit_code(),
            _ => 1,
        }
    }
}
