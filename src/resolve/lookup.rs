//! What templates ask the program for: other components, data sources, YAML functions.

use std::sync::Arc;

use super::data;
use super::datasource;
use super::module::describe_module;
use super::outside::Outside;
use super::settings::allows_generated_functions;
use crate::component::{self, Instance, Kind};
use crate::content::Names;
use crate::diag::{Report, Shared};
use crate::state::Failure;
use crate::store::Spec;
use crate::template::{Lookup, Problem, Val};
use crate::value::{Map, Node, Value, function_text};
use crate::yaml_fn::{self, written_as_function};

/// What a component that is disabled sees of others, so that its templates still render.
const EMPTY: [&str; 9] =
    ["vars", "settings", "env", "metadata", "providers", "hooks", "overrides", "backend", "outputs"];

impl Lookup for Outside<'_, '_> {
    fn component(&mut self, component: &str, stack: &str) -> Result<Node, Problem> {
        let evaluation = self.evaluation;
        if !evaluation.instance.enabled {
            return Ok(Node::from(EMPTY.map(|key| (Arc::from(key), Node::empty_map())).into_iter().collect::<Map>()));
        }
        let evaluator = &evaluation.evaluator;
        let (mut node, instance) = if let Some(known) = evaluator.memo.component(component, stack) {
            known
        } else {
            let found = self.evaluated(component, stack)?;
            evaluator.memo.keep_component(component, stack, &found.0, &found.1);
            found
        };
        // Terraform is started for templates that look at outputs only.
        let wanted = instance.kind == Kind::Terraform && self.pass.step().text.contains("outputs");
        if wanted && node.get("outputs").is_none() {
            let call = format!("atmos.Component(\"{component}\", \"{stack}\")");
            let outputs = evaluation.printed(&instance, &call).map_err(|failure| failed(failure, component, stack))?;
            node.make_map().insert(Arc::from("outputs"), outputs.values().clone());
            evaluator.memo.keep_component(component, stack, &node, &instance);
        }
        // Reading a module takes a while; only a template that names its description gets it.
        let wanted = instance.kind == Kind::Terraform && self.pass.step().text.contains("terraform_config");
        let path = instance.path(evaluator.config).filter(|_| wanted);
        if let Some(path) = path
            && node.get_path(["component_info", "terraform_config"]).is_none()
        {
            let module = describe_module(&path, Names::Fields).map_err(Problem::from)?;
            let information = node.make_map().entry(Arc::from("component_info")).or_default();
            information.make_map().insert(Arc::from("terraform_config"), module);
            evaluator.memo.keep_component(component, stack, &node, &instance);
        }
        self.note(&node);
        Ok(node)
    }

    fn store(&mut self, store: &str, stack: &str, component: &str, key: &str) -> Result<Node, Problem> {
        let evaluation = self.evaluation;
        let reader = |spec: &Spec| evaluation.reader(spec);
        let context = evaluation.context(&|_| None, &evaluation.instance.sections.metadata, &reader);
        let found = yaml_fn::stored(&context, store, stack, component, key).map_err(|problem| match problem {
            yaml_fn::Problem::Failed { reason, help } => Problem::new(format!("atmos.Store: {reason}")).help(help),
            yaml_fn::Problem::Arguments(fault) => Problem::new(format!("atmos.Store: {fault}")),
            yaml_fn::Problem::NotBuilt => Problem::new("atmos.Store: this is not built yet"),
        })?;
        self.note(&found);
        Ok(datasource::as_floats(&found))
    }

    /// A text that no manifest wrote never runs, unless the configuration allows that.
    fn resolve(&mut self, text: &str) -> Result<Node, Problem> {
        let Some((tag, argument)) = written_as_function(text) else { return Ok(Node::from(text)) };
        let evaluation = self.evaluation;
        let written = self.pass.steps[0].text.contains(text) || is_written(evaluation.instance, text);
        if !written && !allows_generated_functions(evaluation.evaluator.config) {
            return Err(Problem::new(format!("atmos.Resolve: '{tag}' was made by a template and does not run"))
                .help("write the whole function into the manifest, or set `templates.settings.allow_generated_functions: true`"));
        }
        let value = evaluation.call(tag, &Node::from(argument), &Node::default()).map_err(Report::from)?;
        let value = value.map_or_else(|| Node::from(text), Node::from);
        self.note(&value);
        Ok(value)
    }

    fn data(&mut self, alias: &str, arguments: &[Val]) -> Result<Node, Problem> {
        let content = datasource::read(self, alias, arguments)?;
        self.note(&content);
        Ok(content)
    }

    fn data_text(&mut self, alias: &str, arguments: &[Val]) -> Result<String, Problem> {
        let text = datasource::text(self, alias, arguments)?;
        self.note_text(&text);
        Ok(text)
    }

    fn has_data(&mut self, alias: &str) -> bool {
        datasource::address(self, alias).is_some()
    }

    fn define_data(&mut self, alias: &str, address: &str) -> Result<(), Problem> {
        self.defined.entry(alias.to_owned()).or_insert_with(|| address.to_owned());
        Ok(())
    }
}

impl Outside<'_, '_> {
    /// Remembers a value that is data, where something may still be rendered that it became a part of.
    fn note(&self, node: &Node) {
        if let Some(opening) = self.watched() {
            self.foreign.borrow_mut().note(node, Some(opening));
        }
    }

    /// The same of a text: a variable, a file.
    pub(super) fn note_text(&self, text: &str) {
        if let Some(opening) = self.watched() {
            self.foreign.borrow_mut().note_text(text, Some(opening));
        }
    }

    fn watched(&self) -> Option<&str> {
        let templating = self.evaluation.templating.as_ref()?;
        let text = &self.pass.step().text;
        let renders = templating.passes > 1 || text.contains("tmpl") || text.contains("tpl") || self.pass.marks;
        templating.opening.as_deref().filter(|_| renders)
    }

    /// Another component, with everything in it evaluated.
    fn evaluated(&self, component: &str, stack: &str) -> Result<(Node, Arc<Instance>), Problem> {
        let evaluation = self.evaluation;
        let evaluator = &evaluation.evaluator;
        let call = format!("atmos.Component(\"{component}\", \"{stack}\")");
        evaluation.chain.check(component, stack, &call).map_err(Report::from)?;
        let found = component::find(evaluator.host, evaluator.config, evaluator.index, component, stack, None);
        let found = found.map_err(Report::from)?;
        evaluation.chain.check(&found.name, &found.stack, &call).map_err(Report::from)?;
        let evaluated = evaluator.evaluate_for(&found, &evaluation.options.inner(), Some((&evaluation.chain, &call)));
        let evaluated = evaluated.map_err(Report::from)?;
        let mut map = data::section(&evaluated, None);
        map.insert(Arc::from("component_type"), Node::from(evaluated.kind.key()));
        data::add_integrations(evaluator, &evaluated, &mut map);
        data::add_origins(evaluator, &found, &mut map);
        let is_static = evaluated.sections.remote_state_backend_type == "static";
        if evaluated.kind == Kind::Terraform && is_static {
            map.insert(Arc::from("outputs"), evaluated.sections.remote_state_backend.clone());
        }
        Ok((Node::from(map), Arc::new(evaluated)))
    }
}

/// Why there are no outputs, for a template.
fn failed(failure: Failure, component: &str, stack: &str) -> Problem {
    match failure {
        Failure::Failed(cause) => Problem::from(Report::from(Shared(cause))),
        Failure::NotProvisioned => {
            Problem::new(format!("terraform state not provisioned for component {component} in stack {stack}"))
        }
    }
}

/// Whether the component has this text as a value, as a function or written like one.
fn is_written(instance: &Instance, text: &str) -> bool {
    let sections = instance.sections.named().into_iter().map(|(_, node)| node);
    sections.chain(instance.sections.extra.values()).any(|node| holds(node, text))
}

fn holds(node: &Node, text: &str) -> bool {
    match &node.value {
        Value::String(written) => &**written == text,
        Value::Function(function) => &*function.tag != "!literal" && function_text(function) == text,
        Value::Map(map) => map.values().any(|item| holds(item, text)),
        Value::List(list) => list.iter().any(|item| holds(item, text)),
        _ => false,
    }
}
