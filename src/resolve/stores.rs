//! Stores of a component: who reads them, and reading ahead.

use std::sync::Arc;

use super::walk::Evaluation;
use crate::component::Instance;
use crate::state::Wish;
use crate::store::{Fault, Identity, Key, Kind, Problem, Spec, Stores};
use crate::value::{Function, Map, Node, Value};
use crate::yaml_fn::{self, written_as_function};

/// Knows who a component runs as. Implemented above, where identities meet components.
pub trait Identities: Send + Sync {
    /// Who reads a store for a component; `None` is whoever the environment says.
    ///
    /// # Errors
    /// There is no such identity, or nobody can tell which one it is.
    fn reader(&self, question: &Question<'_>) -> Result<Option<Arc<dyn Identity>>, Problem>;
}

/// Which store is read for whom.
#[derive(Debug, Clone, Copy)]
pub struct Question<'q> {
    pub instance: &'q Instance,
    /// `settings` with an evaluated `auth`, and nothing else.
    pub settings: &'q Node,
    /// `auth` of the component, evaluated.
    pub auth: &'q Node,
    /// `identity` of the store, which goes before everything.
    pub own: Option<&'q str>,
    /// As whom somebody asks, as far as the command says it.
    pub wish: &'q Wish,
}

/// Nobody: every store is read as whoever the environment says.
#[derive(Debug, Clone, Copy, Default)]
pub struct Nobody;

impl Identities for Nobody {
    fn reader(&self, _: &Question<'_>) -> Result<Option<Arc<dyn Identity>>, Problem> {
        Ok(None)
    }
}

/// Who reads, by the store's own `identity`.
pub(super) type Readers = std::collections::BTreeMap<Option<String>, Result<Option<Arc<dyn Identity>>, Problem>>;

/// A store that takes values of a component, and who writes them.
#[derive(Debug)]
pub struct Writer<'a> {
    stores: &'a Stores,
    spec: Spec,
    identity: Option<Arc<dyn Identity>>,
}

impl<'a> Writer<'a> {
    /// # Errors
    /// There is no such store, or nobody can tell who writes it.
    pub(super) fn new(evaluation: &Evaluation<'_>, stores: &'a Stores, name: &str) -> Result<Writer<'a>, Problem> {
        let spec = stores.spec(name)?.clone();
        let identity = evaluation.reader(&spec)?;
        Ok(Writer { stores, spec, identity })
    }

    /// Puts a value of the component into the store.
    ///
    /// # Errors
    /// What the store says.
    pub async fn write(&self, stack: &str, component: &str, key: &str, value: &Node) -> Result<(), Problem> {
        let key = Key::Scoped { stack, component, key };
        self.stores.write(&self.spec, key, value, self.identity.clone()).await
    }
}

impl Evaluation<'_> {
    /// Who reads this store for the component.
    pub(super) fn reader(&self, spec: &Spec) -> Result<Option<Arc<dyn Identity>>, Problem> {
        if !spec.kind.is_aws() {
            return match &spec.identity {
                Some(identity) if matches!(spec.kind, Kind::KeyVault | Kind::SecretManager) => Err(Problem::new(
                    Fault::NotBuilt,
                    format!(
                        "store `{}`: identities of the kind that `{identity}` must be are not built yet",
                        spec.name
                    ),
                    "leave `identity` away and give the store credentials by the environment",
                )),
                _ => Ok(None),
            };
        }
        if let Some(known) = self.readers.borrow().get(&spec.identity) {
            return known.clone();
        }
        if self.choosing.replace(true) {
            let reason = format!("who reads the store `{}` depends on a value of a store", spec.name);
            return Err(Problem::new(Fault::Settings, reason, "name the identity without a function of stores"));
        }
        let reader = self.choose(spec);
        self.choosing.set(false);
        self.readers.borrow_mut().insert(spec.identity.clone(), reader.clone());
        reader
    }

    fn choose(&self, spec: &Spec) -> Result<Option<Arc<dyn Identity>>, Problem> {
        let sections = &self.instance.sections;
        let evaluated = |node: &Node| {
            let value = self.evaluated(node).map_err(|error| {
                Problem::new(Fault::Settings, error.to_string(), "name the identity without a function that fails")
            });
            Ok(value?.unwrap_or_else(|| node.clone()))
        };
        let setting = sections.settings.get("auth").map(evaluated).transpose()?;
        let settings: Map = setting.into_iter().map(|auth| (Arc::from("auth"), auth)).collect();
        let (settings, auth) = (Node::from(settings), evaluated(&sections.auth)?);
        let own = spec.identity.as_deref();
        let question =
            Question { instance: self.instance, settings: &settings, auth: &auth, own, wish: &self.options.identity };
        self.evaluator.identities.reader(&question)
    }

    /// Begins to read everything from stores that the component will ask for and whose arguments stand fast, so that
    /// nothing waits alone.
    pub(super) fn begin(&self) {
        if !self.options.process_functions || self.stores().is_empty() {
            return;
        }
        let sections = self.instance.sections.named().into_iter();
        let extra = self.instance.sections.extra.iter().map(|(name, node)| (&**name, node));
        for (name, node) in sections.chain(extra) {
            if self.options.needs(name) && name != "mocks" {
                self.begin_in(node);
            }
        }
        self.instance.layered.iter().flat_map(|layered| &layered.values).for_each(|node| self.begin_in(node));
    }

    fn begin_in(&self, node: &Node) {
        match &node.value {
            Value::Map(map) => map.values().for_each(|item| self.begin_in(item)),
            Value::List(list) => list.iter().for_each(|item| self.begin_in(item)),
            Value::Function(function) => self.begin_call(function),
            Value::String(text) if text.starts_with("!store") => {
                if let Some((tag, argument)) = written_as_function(text) {
                    self.begin_call(&Function { tag: Arc::from(tag), argument: Node::from(argument) });
                }
            }
            _ => {}
        }
    }

    fn begin_call(&self, function: &Function) {
        let waits = matches!(&*function.tag, "!store" | "!store.get");
        let is_fixed = function.argument.as_str().is_some_and(|text| !self.is_template(text));
        if waits && is_fixed && !yaml_fn::is_skipped(&function.tag, &self.options.skip) {
            let nothing = |_: &str| None;
            let reader = |spec: &Spec| self.reader(spec);
            let context = self.context(&nothing, &self.instance.sections.metadata, &reader);
            yaml_fn::begin(&context, &function.tag, &function.argument);
        }
    }
}
