//! Many components, one after the other in dependency order, each with its own identity.

use std::collections::BTreeSet;

use super::error::NodeFailure;
use super::single::{self, Ready};
use super::{Done, Error, RunRequest};
use crate::component::{self, Filter, Instance, Kind};
use crate::diag::{Report, Result, nearest};
use crate::exec::signals::Signals;
use crate::exec::terraform::Verb;
use crate::graph;
use crate::ops::access::Access;
use crate::ops::{App, child};
use crate::resolve::depends_on_outputs;

/// Runs every component of a stack, or of all stacks.
pub(super) async fn run(app: &App, request: &RunRequest, stack: Option<&str>) -> Result<Done> {
    let ordered = order(app, request, stack)?;
    if ordered.is_empty() {
        app.host.talk.info("No components matched");
        return Ok(Done::default());
    }
    if request.all {
        let reverse = if request.request.words == ["destroy"] { "reverse " } else { "" };
        app.host.talk.info(format!("Processing components in {reverse}dependency order"));
    }
    let modifies = Verb::of(&request.request.words)?.modifies;
    // All of them are evaluated before the first one runs: a mistake in the last must not be found after half the work.
    // But for values that come from what others will only have when they are applied.
    let is_later = |instance: &Instance| modifies && depends_on_outputs(instance);
    app.begin(ordered.iter().filter(|instance| !is_later(instance)), &single::evaluation(request))?;
    let mut nodes = Vec::with_capacity(ordered.len());
    for instance in ordered {
        if is_later(&instance) {
            nodes.push(Node::Later(Box::new(instance)));
        } else {
            nodes.extend(single::prepare(app, request, &instance)?.map(|ready| Node::Ready(Box::new(ready))));
        }
    }
    if request.dry_run {
        for node in &nodes {
            let (component, stack) = node.names();
            single::announce_dry_run(app, request, component, stack);
        }
        return Ok(Done::default());
    }
    let mut signals = Signals::listen()?;
    let access = child::access(app)?;
    let mut changed = false;
    for (position, node) in nodes.iter().enumerate() {
        match run_one(app, request, node, &access, &mut signals).await {
            Ok(done) => changed |= done.code == 2,
            Err(report) => return Err(failed(node, report, &nodes[position + 1..])),
        }
        if modifies {
            let (component, stack) = node.names();
            app.forget_outputs(component, stack);
        }
    }
    Ok(Done { code: if changed { 2 } else { 0 }, ..Done::default() })
}

/// One component of the run.
enum Node {
    Ready(Box<Ready>),
    /// Its values are known when those before it have been applied.
    Later(Box<Instance>),
}

impl Node {
    /// Component and stack.
    fn names(&self) -> (&str, &str) {
        match self {
            Node::Ready(ready) => (&ready.target.component, &ready.target.stack),
            Node::Later(instance) => (&instance.name, &instance.stack),
        }
    }
}

async fn run_one(app: &App, request: &RunRequest, node: &Node, access: &Access, signals: &mut Signals) -> Result<Done> {
    match node {
        Node::Ready(ready) => single::start(app, request, ready, access, signals).await,
        Node::Later(instance) => match single::prepare(app, request, instance)? {
            Some(ready) => single::start(app, request, &ready, access, signals).await,
            None => Ok(Done::default()),
        },
    }
}

/// The failure of one component ends the run; a request to stop is nobody's failure.
fn failed(node: &Node, report: Report, skipped: &[Node]) -> Report {
    if report.code().as_deref() == Some("atmos::exec::interrupted") {
        return report;
    }
    let (component, stack) = node.names();
    let failure = NodeFailure {
        component: component.to_owned(),
        stack: stack.to_owned(),
        reason: report.to_string(),
        help: report.diagnostic().help().map(|help| help.to_string()),
    };
    let skipped = skipped.iter().map(Node::names).map(|(component, stack)| format!("{component} in {stack}")).collect();
    Error::FleetFailed { failures: vec![failure], skipped, code: report.exit_code() }.into()
}

/// The instances that run, in their order.
fn order(app: &App, request: &RunRequest, stack: Option<&str>) -> Result<Vec<Instance>> {
    let verb = Verb::of(&request.request.words)?;
    let filter = Filter { stack: stack.map(str::to_owned), kinds: vec![Kind::Terraform], ..Filter::default() };
    let mut instances = component::all(&app.host, &app.config, app.index()?, &filter)?;
    if let Some(stack) = stack.filter(|_| instances.is_empty()) {
        check_stack(app, stack)?;
    }
    let own = instances.len();
    request.selectors.check(&instances)?;
    let candidate = |instance: &Instance| runs(app, instance, verb);
    let fitting = request.selectors.fit(app, &instances, candidate, &single::evaluation(request))?;
    add_prerequisites(app, &mut instances)?;
    let nodes: Vec<graph::Instance> = instances
        .iter()
        .enumerate()
        .map(|(index, instance)| graph::Instance {
            component: instance.name.clone(),
            stack: instance.stack.clone(),
            kind: instance.kind.to_string(),
            dependencies: graph::dependencies(&instance.sections.dependencies, &instance.sections.settings),
            selected: index < own && fitting[index],
        })
        .collect();
    let ordered = graph::order(&nodes, request.request.words == ["destroy"])?;
    for warning in ordered.warnings {
        app.host.talk.warn(warning);
    }
    Ok(ordered.order.into_iter().map(|index| instances[index].clone()).collect())
}

/// Abstract and disabled components never run here; locked ones are passed over where they would be changed.
fn runs(app: &App, instance: &Instance, verb: Verb) -> bool {
    if instance.abstract_ || !instance.enabled {
        return false;
    }
    if instance.locked && verb.modifies {
        app.host
            .talk
            .info(format!("{} in {} is locked and skipped (metadata.locked: true)", instance.name, instance.stack));
        return false;
    }
    true
}

/// Adds what the instances depend on in other stacks, so that an order that leads through them is kept. What does not
/// exist is left to the graph, which warns.
fn add_prerequisites(app: &App, instances: &mut Vec<Instance>) -> Result<()> {
    let mut known: BTreeSet<(String, String)> = instances.iter().map(place).collect();
    let mut next = 0;
    while next < instances.len() {
        let instance = &instances[next];
        let mut found = Vec::new();
        for dependency in graph::dependencies(&instance.sections.dependencies, &instance.sections.settings) {
            let stack = dependency.stack.clone().unwrap_or_else(|| instance.stack.clone());
            if !known.insert((stack.clone(), dependency.component.clone())) {
                continue;
            }
            let kind = Some(Kind::Terraform);
            if let Ok(target) =
                component::find(&app.host, &app.config, app.index()?, &dependency.component, &stack, kind)
            {
                known.insert(place(&target));
                found.push(target);
            }
        }
        instances.extend(found);
        next += 1;
    }
    Ok(())
}

fn place(instance: &Instance) -> (String, String) {
    (instance.stack.clone(), instance.name.clone())
}

/// The stack has components; otherwise an error with the stacks that there are.
fn check_stack(app: &App, stack: &str) -> Result<()> {
    let index = app.index()?;
    let filter = Filter { stack: Some(stack.to_owned()), ..Filter::default() };
    if !component::all(&app.host, &app.config, index, &filter)?.is_empty() {
        return Ok(());
    }
    let mut known: Vec<String> =
        component::summaries(&app.host, &app.config, index)?.into_iter().map(|summary| summary.stack).collect();
    known.sort();
    known.dedup();
    let help = nearest(stack, known.iter().map(String::as_str))
        .map_or_else(|| "`atmos list stacks` shows the stacks".to_owned(), |name| format!("did you mean `{name}`?"));
    Err(Error::UnknownStack { stack: stack.to_owned(), available: known.join(", "), help }.into())
}
