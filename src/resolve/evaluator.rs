//! One instance evaluated, and what evaluations of one run share.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use super::chain::Chain;
use super::datasource;
use super::error::Error;
use super::options::Options;
use super::references;
use super::remote::Way;
use super::render::Templates;
use super::stores::{Identities, Writer};
use super::walk::Evaluation;
use crate::component::{self, Instance};
use crate::config::Config;
use crate::diag::{Talk, Warning};
use crate::host::Host;
use crate::stack::StackIndex;
use crate::state::Reach;
use crate::store::{Problem, Stores};
use crate::value::{Node, Value};
use crate::yaml_fn;

/// Evaluates instances. Cheap to copy; usable from many threads at once.
#[derive(Clone, Copy)]
pub struct Evaluator<'a> {
    pub host: &'a Host,
    pub config: &'a Config,
    pub index: &'a StackIndex,
    pub memo: &'a Memo,
    /// The way to states, terraform and identities.
    pub reach: &'a dyn Reach,
    /// Who components run as.
    pub identities: &'a dyn Identities,
}

type Known<K, V> = Mutex<HashMap<K, V>>;

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What was compiled, run and read already: commands, templates, components that others ask for, data sources.
///
/// Nothing is computed under a lock: two threads may do the same work at once, and nobody waits for himself.
#[derive(Debug, Default)]
pub struct Memo {
    pub(super) functions: yaml_fn::Memo,
    pub(super) templates: Templates,
    pub(super) sources: datasource::Known,
    pub(super) known: references::Known,
    /// Made by the first who asks for one.
    pub(super) stores: OnceLock<Stores>,
    components: Known<(String, String), (Node, Arc<Instance>)>,
    targets: Known<(Way, String, String), Arc<Instance>>,
    identified: Known<(String, String), Arc<Instance>>,
    undetermined: AtomicUsize,
    reads_states: OnceLock<bool>,
}

impl Memo {
    /// What `atmos.Component` gave for a component in a stack, and the component evaluated.
    pub(super) fn component(&self, component: &str, stack: &str) -> Option<(Node, Arc<Instance>)> {
        locked(&self.components).get(&(component.to_owned(), stack.to_owned())).cloned()
    }

    pub(super) fn keep_component(&self, component: &str, stack: &str, node: &Node, instance: &Arc<Instance>) {
        let key = (component.to_owned(), stack.to_owned());
        locked(&self.components).insert(key, (node.clone(), instance.clone()));
    }

    pub(super) fn target(&self, key: &(Way, String, String)) -> Option<Arc<Instance>> {
        locked(&self.targets).get(key).cloned()
    }

    pub(super) fn keep_target(&self, key: (Way, String, String), target: Instance) -> Arc<Instance> {
        locked(&self.targets).entry(key).or_insert_with(|| Arc::new(target)).clone()
    }

    pub(super) fn identified(&self, key: &(String, String)) -> Option<Arc<Instance>> {
        locked(&self.identified).get(key).cloned()
    }

    pub(super) fn keep_identified(&self, key: (String, String), instance: Instance) -> Arc<Instance> {
        locked(&self.identified).entry(key).or_insert_with(|| Arc::new(instance)).clone()
    }

    /// Whether any manifest reads a state at all.
    pub(super) fn reads_states(&self, host: &Host) -> bool {
        *self.reads_states.get_or_init(|| host.sources.mention(&["!terraform.state"]))
    }

    pub(super) fn count_undetermined(&self) {
        self.undetermined.fetch_add(1, Ordering::Relaxed);
    }

    /// Forgets what may depend on outputs: something was applied.
    pub fn forget_outputs(&self) {
        locked(&self.components).clear();
        locked(&self.targets).clear();
    }

    /// Forgets what was read from stores: hooks may have written there.
    pub fn forget_stores(&self) {
        if let Some(stores) = self.stores.get() {
            stores.forget();
        }
    }

    /// How many values could not be known yet and are shown as `(computed)`.
    pub fn undetermined(&self) -> usize {
        self.undetermined.load(Ordering::Relaxed)
    }
}

impl<'a> Evaluator<'a> {
    /// The stores of the run.
    pub(super) fn stores(&self) -> &'a Stores {
        let Evaluator { host, config, memo, .. } = *self;
        memo.stores.get_or_init(|| Stores::new(host, config))
    }

    /// A store that takes values of an instance, which is evaluated already.
    ///
    /// # Errors
    /// There is no such store, or nobody can tell who writes it.
    pub fn writer(&self, instance: &Instance, options: &Options, store: &str) -> Result<Writer<'a>, Problem> {
        let evaluation = Evaluation::new(*self, instance, options, Chain::new(instance, None));
        Writer::new(&evaluation, self.stores(), store)
    }

    /// The instance with every template rendered and every function in its sections replaced by its value.
    ///
    /// # Errors
    /// A template that cannot be rendered, a function that fails or is not built, wrong arguments, or a
    /// `settings.auth.identity` that is not a name.
    pub fn evaluate(&self, instance: &Instance, options: &Options) -> Result<Instance, Error> {
        self.evaluate_for(instance, options, None)
    }

    /// Begins to read from stores what these instances will ask for, so that one does not wait for the other. Whatever is
    /// wrong with it, their evaluation says.
    pub fn begin<'i>(&self, instances: impl IntoIterator<Item = &'i Instance>, options: &Options) {
        for instance in instances {
            let evaluation = Evaluation::new(*self, instance, options, Chain::new(instance, None));
            if evaluation.stores().is_empty() {
                return;
            }
            evaluation.begin();
        }
    }

    /// The same, for a component that asks for this one.
    pub(super) fn evaluate_for(
        &self,
        instance: &Instance,
        options: &Options,
        above: Option<(&Chain<'_>, &str)>,
    ) -> Result<Instance, Error> {
        let chain = Chain::new(instance, above);
        if above.is_none() {
            warn_of_unknown_names(&self.host.talk, &options.skip);
        }
        let evaluation = Evaluation::new(*self, instance, options, chain);
        evaluation.check_identity()?;
        evaluation.check_selectors()?;
        evaluation.begin();
        evaluation.read_ahead();
        let mut evaluated = instance.clone();
        for (name, node) in evaluated.sections.named_mut() {
            if options.needs(name) {
                evaluation.replace(name, node)?;
            }
        }
        for (name, node) in &mut evaluated.sections.extra {
            // Mocks stand in for real things; evaluating them could reach what they replace.
            if &**name != "mocks" && options.needs(name) {
                evaluation.replace(name, node)?;
            }
        }
        if let Some(auth) = evaluated.described_auth.as_mut().filter(|_| options.needs("auth")) {
            evaluation.replace("auth", auth)?;
        }
        let sections = &mut evaluated.sections;
        for (name, text) in [
            ("backend_type", &mut sections.backend_type),
            ("remote_state_backend_type", &mut sections.remote_state_backend_type),
            ("required_version", &mut sections.required_version),
            ("command", &mut evaluated.command),
        ] {
            evaluation.replace_text(name, text)?;
        }
        for (name, text, is_written) in [
            ("workspace", &mut evaluated.workspace, names_workspace(&instance.sections.metadata)),
            ("component", &mut evaluated.component, instance.component != instance.name),
        ] {
            if is_written || component::is_marked(text) {
                evaluation.replace_text(name, text)?;
            } else {
                evaluation.replace_derived(name, text)?;
            }
        }
        merge_layers(&evaluation, &mut evaluated)?;
        evaluation.check_evaluated_identity(&evaluated.sections.settings)?;
        follow_metadata(&mut evaluated);
        Ok(evaluated)
    }
}

/// `--skip` with a name that no function has does nothing, which nobody wants. Said once per process.
fn warn_of_unknown_names(talk: &Talk, skip: &[String]) {
    for name in skip.iter().map(|name| name.trim()).filter(|name| !name.is_empty() && !yaml_fn::is_name(name)) {
        let warning =
            Warning::new("atmos::resolve::skip", format!("`--skip {name}`: there is no YAML function `{name}`"));
        talk.warn(match yaml_fn::nearest_tag(name) {
            Some(near) => warning.help(format!("did you mean `{}`?", near.trim_start_matches('!'))),
            None => warning.help("nothing is skipped by it; `atmos describe component --help` names the flag's form"),
        });
    }
}

/// Whether a function was written to be the workspace. Everything else that a workspace consists of is data.
fn names_workspace(metadata: &Node) -> bool {
    let keys = ["terraform_workspace_template", "terraform_workspace_pattern", "terraform_workspace"];
    // The first of them decides.
    keys.iter().find_map(|key| metadata.get(key)).is_some_and(|node| match &node.value {
        Value::Function(_) => true,
        _ => node.as_str().is_some_and(|text| text.starts_with('!')),
    })
}

/// Puts the merged value in place where functions of one layer met values of others.
fn merge_layers(evaluation: &Evaluation<'_>, evaluated: &mut Instance) -> Result<(), Error> {
    if !evaluation.options.process_functions {
        return Ok(());
    }
    for layered in &evaluation.instance.layered {
        if layered.path.first().is_some_and(|section| evaluation.options.needs(section)) {
            let merged = layered.merged(evaluation.layers(layered)?);
            layered.place(&mut evaluated.sections, merged);
        }
    }
    Ok(())
}

/// The facts that metadata decides, from its evaluated values.
fn follow_metadata(instance: &mut Instance) {
    let metadata = &instance.sections.metadata;
    let is = |key: &str, value: bool| metadata.get(key).and_then(Node::as_bool) == Some(value);
    let (enabled, locked) = (!is("enabled", false), is("locked", true));
    let directory = metadata.get("component").and_then(Node::as_str).unwrap_or(&instance.component).to_owned();
    instance.enabled = enabled;
    instance.locked = locked;
    instance.base_component = (directory != instance.name && !directory.is_empty()).then_some(directory);
    instance.folder = instance.base_component.clone().unwrap_or_else(|| instance.name.clone());
}
