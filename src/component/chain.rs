//! The bases of a component, in the order in which they are merged.
//!
//! Depth first: the bases of a base come before it, and a base that is reached twice is merged twice, so that it wins
//! again at its later place. A base that the component itself names twice is another matter: the second time brings back
//! what was inherited when it was named first. The reference does so, and lists that imports append to name bases twice.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::error::Error;
use super::linear;
use super::scope::Scope;
use crate::config::Linearization;
use crate::diag::nearest;
use crate::span::Span;
use crate::stack::Located;
use crate::value::Node;

/// Bases deeper than this are refused; no real repository comes near.
const DEPTH: usize = 256;
/// Bases that one component may have, repetitions included. Bases that share bases double the number with each layer.
const VISITS: usize = 10_000;
/// Names of a chain that a message shows.
const SHOWN: usize = 8;

/// Keeps the bases of one component within bounds.
#[derive(Debug, Default)]
pub(crate) struct Effort {
    visits: usize,
}

impl Effort {
    /// Counts one more base. `path` holds the component and the bases that led to this one.
    ///
    /// # Errors
    /// Too deep, or too many.
    pub(crate) fn spend<S: AsRef<str>>(&mut self, scope: &Scope<'_>, path: &[S], span: Span) -> Result<(), Error> {
        self.visits += 1;
        let what = if path.len() > DEPTH {
            format!("is nested more than {DEPTH} levels deep")
        } else if self.visits > VISITS {
            format!("leads to more than {VISITS} bases")
        } else {
            return Ok(());
        };
        let mut names: Vec<String> = path.iter().take(SHOWN).map(|name| format!("'{}'", name.as_ref())).collect();
        if path.len() > SHOWN {
            names.push("…".to_owned());
        }
        let located = Located::new(&scope.host.sources, span);
        Err(Error::InheritanceLimit {
            what,
            chain: names.join(" -> "),
            file: scope.stack.key.to_string(),
            place: located.text,
            source_code: located.source,
            at: located.at,
        })
    }
}

/// Names of the bases from weak to strong, with repetitions.
#[derive(Debug, Default)]
pub(crate) struct Chain {
    pub order: Vec<Arc<str>>,
    /// The component that the legacy `component` attribute leads to.
    pub legacy: Option<String>,
}

impl Chain {
    /// The bases of `name`.
    ///
    /// # Errors
    /// A base that is not defined, a circle, or an attribute of the wrong type.
    pub(crate) fn of(scope: &Scope<'_>, name: &str, component: &Node) -> Result<Chain, Error> {
        let mut walk = Walk {
            scope,
            order: Vec::new(),
            named: HashMap::new(),
            path: vec![Arc::from(name)],
            effort: Effort::default(),
            parents: HashMap::new(),
        };
        let mut legacy = None;
        if let Some(attribute) = component.get("component") {
            let base = walk.text(attribute, name)?;
            walk.visit_named(&base, attribute.span, false)?;
            // The innermost base is complete first; its name is what the attribute stands for.
            legacy = walk.order.first().map(ToString::to_string);
        }
        walk.inherits(name, component, true)?;
        if scope.config.engine.linearization == Linearization::C3 {
            walk.order = walk.linear(&Arc::from(name), component)?;
        }
        Ok(Chain { order: walk.order, legacy })
    }

    /// The bases nearest first, each once.
    pub(crate) fn nearest_first(&self) -> Vec<String> {
        let mut seen = HashSet::new();
        self.order.iter().rev().filter(|name| seen.insert(*name)).map(ToString::to_string).collect()
    }
}

struct Walk<'s, 'a> {
    scope: &'s Scope<'a>,
    order: Vec<Arc<str>>,
    /// The order as it was after each base that the component itself names.
    named: HashMap<Arc<str>, Vec<Arc<str>>>,
    /// The component and the bases that led here.
    path: Vec<Arc<str>>,
    effort: Effort,
    /// The direct bases of everything that was visited, weakest first.
    parents: HashMap<Arc<str>, Vec<Arc<str>>>,
}

impl Walk<'_, '_> {
    /// A base that the component itself names.
    fn visit_named(&mut self, base: &Arc<str>, span: Span, inherited: bool) -> Result<(), Error> {
        if let Some(order) = self.named.get(base) {
            self.order.clone_from(order);
            return Ok(());
        }
        self.visit(base, span, inherited)?;
        self.named.insert(base.clone(), self.order.clone());
        Ok(())
    }

    fn visit(&mut self, base: &Arc<str>, span: Span, inherited: bool) -> Result<(), Error> {
        if self.path.last() == Some(base) {
            // A component that names itself is common and harmless.
            return Ok(());
        }
        if self.path.contains(base) {
            return Err(self.cycle(base, span));
        }
        let scope = self.scope;
        let Some(component) = scope.component(base)? else {
            return if inherited || !self.is_directory(base) {
                Err(self.undefined(base, span, inherited))
            } else {
                Ok(())
            };
        };
        self.effort.spend(scope, &self.path, span)?;
        let is_linear = scope.config.engine.linearization == Linearization::C3;
        if let Some(child) = self.path.last().filter(|_| is_linear).cloned() {
            let parents = self.parents.entry(child).or_default();
            if !parents.contains(base) {
                parents.push(base.clone());
            }
        }
        self.path.push(base.clone());
        let is_abstract = component.get_path(["metadata", "type"]).and_then(Node::as_str) == Some("abstract");
        if let Some(attribute) = component.get("component").filter(|_| !is_abstract) {
            let name = self.text(attribute, base)?;
            self.visit(&name, attribute.span, false)?;
        }
        self.inherits(base, component, false)?;
        self.path.pop();
        self.order.push(base.clone());
        Ok(())
    }

    fn inherits(&mut self, name: &str, component: &Node, own: bool) -> Result<(), Error> {
        let Some(inherits) = component.get_path(["metadata", "inherits"]) else { return Ok(()) };
        let Some(list) = inherits.as_list() else {
            return if own { Err(self.wrong_inherits(name, inherits)) } else { Ok(()) };
        };
        for entry in list {
            let Some(base) = entry.as_str() else { return Err(self.wrong_inherits(name, entry)) };
            let visit = if own { Self::visit_named } else { Self::visit };
            visit(self, &Arc::from(base), entry.span, true)?;
        }
        Ok(())
    }

    /// The bases by C3, weakest first.
    fn linear(&self, name: &Arc<str>, component: &Node) -> Result<Vec<Arc<str>>, Error> {
        linear::order(&self.parents, name).map_err(|conflict| {
            let at = component.get_path(["metadata", "inherits"]).unwrap_or(component);
            let located = Located::new(&self.scope.host.sources, at.span);
            Error::Linearization {
                component: name.to_string(),
                where_: conflict.of.to_string(),
                names: conflict.heads.iter().map(|name| format!("'{name}'")).collect::<Vec<_>>().join(", "),
                file: self.scope.stack.key.to_string(),
                place: located.text,
                source_code: located.source,
                at: located.at,
            }
        })
    }

    fn is_directory(&self, base: &str) -> bool {
        self.scope.kind.base_path(self.scope.config).is_some_and(|directory| directory.join(base).is_dir())
    }

    fn text(&self, attribute: &Node, name: &str) -> Result<Arc<str>, Error> {
        attribute
            .as_str()
            .map(Arc::from)
            .ok_or_else(|| self.wrong("invalid component attribute", &format!("{name}.component"), attribute))
    }

    fn wrong_inherits(&self, name: &str, node: &Node) -> Error {
        self.wrong("invalid component metadata.inherits section", &format!("{name}.metadata.inherits"), node)
    }

    fn wrong(&self, phrase: &str, path: &str, node: &Node) -> Error {
        let located = Located::new(&self.scope.host.sources, node.span);
        Error::Section {
            phrase: phrase.to_owned(),
            path: format!("components.{}.{path}", self.scope.kind),
            file: self.scope.stack.key.to_string(),
            found: format!("found {}", node.value.type_name()),
            place: located.text,
            source_code: located.source,
            at: located.at,
        }
    }

    fn cycle(&self, base: &str, span: Span) -> Error {
        let start = self.path.iter().position(|name| &**name == base).unwrap_or(0);
        let names: Vec<String> =
            self.path[start..].iter().map(|name| &**name).chain([base]).map(|name| format!("'{name}'")).collect();
        let located = Located::new(&self.scope.host.sources, span);
        Error::InheritanceCycle {
            chain: names.join(" -> "),
            file: self.scope.stack.key.to_string(),
            place: located.text,
            source_code: located.source,
            at: located.at,
        }
    }

    fn undefined(&self, base: &str, span: Span, inherited: bool) -> Error {
        let known = self.scope.components().ok().flatten();
        let near = nearest(base, known.into_iter().flatten().map(|(name, _)| &**name));
        let near = near.map(|name| format!("; did you mean '{name}'?")).unwrap_or_default();
        let located = Located::new(&self.scope.host.sources, span);
        Error::BaseNotDefined {
            component: self.path.last().map(ToString::to_string).unwrap_or_default(),
            base: base.to_owned(),
            attribute: if inherited { "metadata.inherits" } else { "component:" },
            file: self.scope.stack.key.to_string(),
            near,
            place: located.text,
            source_code: located.source,
            at: located.at,
        }
    }
}
