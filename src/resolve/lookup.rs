//! What templates ask the program for: other components, data sources, YAML functions.

use std::fmt::Display;
use std::sync::Arc;

use miette::Diagnostic;

use super::data;
use super::datasource;
use super::options::Options;
use super::outside::Outside;
use super::settings::allows_generated_functions;
use crate::component::{self, Instance, Kind};
use crate::diag::{self, Report};
use crate::state::Failure;
use crate::template::{Lookup, Problem, Val};
use crate::value::{Map, Node, Value, function_text};
use crate::yaml_fn::written_as_function;

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
        let wanted = instance.kind == Kind::Terraform && self.text.contains("outputs");
        if wanted && node.get("outputs").is_none() {
            let outputs = evaluation.printed(&instance).map_err(|failure| failed(failure, component, stack))?;
            node.make_map().insert(Arc::from("outputs"), outputs.values().clone());
            evaluator.memo.keep_component(component, stack, &node, &instance);
        }
        Ok(node)
    }

    fn store(&mut self, _store: &str, _stack: &str, _component: &str, _key: &str) -> Result<Node, Problem> {
        Err(Problem::new("atmos.Store is not built yet")
            .help("leave templates as text with `--process-templates=false`, or use the reference"))
    }

    /// A text that no manifest wrote never runs, unless the configuration allows that.
    fn resolve(&mut self, text: &str) -> Result<Node, Problem> {
        let Some((tag, argument)) = written_as_function(text) else { return Ok(Node::from(text)) };
        let evaluation = self.evaluation;
        let written = self.text.contains(text) || is_written(evaluation.instance, text);
        if !written && !allows_generated_functions(evaluation.evaluator.config) {
            return Err(Problem::new(format!("atmos.Resolve: '{tag}' was made by a template and does not run"))
                .help("write the whole function into the manifest, or set `templates.settings.allow_generated_functions: true`"));
        }
        let value = evaluation.call(tag, &Node::from(argument), &Node::default()).map_err(Report::from)?;
        Ok(value.map_or_else(|| Node::from(text), Node::from))
    }

    fn data(&mut self, alias: &str, arguments: &[Val]) -> Result<Node, Problem> {
        datasource::read(self, alias, arguments)
    }

    fn data_text(&mut self, alias: &str, arguments: &[Val]) -> Result<String, Problem> {
        datasource::text(self, alias, arguments)
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
    /// Another component, with everything in it evaluated.
    fn evaluated(&self, component: &str, stack: &str) -> Result<(Node, Arc<Instance>), Problem> {
        let evaluation = self.evaluation;
        let evaluator = &evaluation.evaluator;
        let call = format!("atmos.Component(\"{component}\", \"{stack}\")");
        evaluation.chain.check(component, stack, &call).map_err(Report::from)?;
        let found = component::find(evaluator.host, evaluator.config, evaluator.index, component, stack, None);
        let found = found.map_err(Report::from)?;
        evaluation.chain.check(&found.name, &found.stack, &call).map_err(Report::from)?;
        let options = Options { identity: evaluation.options.identity.clone(), ..Options::default() };
        let evaluated = evaluator.evaluate_for(&found, &options, Some((&evaluation.chain, &call)));
        let evaluated = evaluated.map_err(Report::from)?;
        let mut map = data::section(&evaluated);
        data::add_integrations(evaluator, &evaluated, &mut map);
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

/// An error that others got too.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Shared(Arc<Report>);

impl Diagnostic for Shared {
    fn code<'a>(&'a self) -> Option<Box<dyn Display + 'a>> {
        self.0.code().map(|code| Box::new(code) as Box<dyn Display>)
    }

    fn help<'a>(&'a self) -> Option<Box<dyn Display + 'a>> {
        self.0.diagnostic().help()
    }
}

impl diag::Failure for Shared {
    fn exit_code(&self) -> u8 {
        self.0.exit_code()
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
        Value::Function(function) => function_text(function) == text,
        Value::Map(map) => map.values().any(|item| holds(item, text)),
        Value::List(list) => list.iter().any(|item| holds(item, text)),
        _ => false,
    }
}
