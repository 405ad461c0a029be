//! Many components, in dependency order, each with its own identity.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Map, Value};

use super::single::{self, Ready};
use super::{Done, RunRequest, data, output, preview, saved, verify};
use crate::ci::{Annotation, Report};
use crate::component::{Instance, Kind};
use crate::diag::{Result, Warning};
use crate::exec::argv::{has_flag, is_on};
use crate::exec::relay::Relay;
use crate::exec::signals::Signals;
use crate::exec::terraform::is_approved;
use crate::exec::terraform::layout::side_by_side;
use crate::ops::access::Access;
use crate::ops::annotations::Annotations;
use crate::ops::ci::Ci;
use crate::ops::many::{self, Asked, Chosen, Crew, Member, Outcome, Refused, Signing};
use crate::ops::{App, child, dependents, protection};
use crate::resolve::{depends_on_outputs, depends_on_stores};

/// Sub-commands of which several may run at once. Others print data, or ask.
const CONCURRENT: [&str; 8] = ["init", "plan", "apply", "deploy", "destroy", "refresh", "validate", "test"];

/// Sub-commands that say what changes.
pub(super) const CHANGING: [&str; 4] = ["plan", "apply", "deploy", "destroy"];

/// Runs every chosen component of a stack, or of all stacks.
pub(super) async fn run(app: &App, request: &RunRequest, stack: Option<&str>) -> Result<Done> {
    let modifies = request.request.verb()?.modifies;
    // What a component's own variables add is looked at when it is prepared.
    let env = child::early_environment(app, &crate::value::Node::default());
    let reverse = request.request.destroys(&env);
    let asked = Asked {
        kind: Kind::Terraform,
        options: &request.many,
        stack,
        modifies,
        reverse,
        evaluation: &single::evaluation(request),
        comparison: &request.evaluation,
    };
    let chosen = many::choose(app, &asked)?;
    if chosen.instances.is_empty() {
        return Ok(Done::default());
    }
    if reverse && request.many.dependencies.is_some() {
        let message =
            "--include-dependencies destroys what the chosen components depend on, and others may need it, too";
        let help = "`--include-dependents` chooses what needs them; `--dry-run` shows what would be destroyed";
        app.host.talk.warn(Warning::new("atmos::terraform::destroys_dependencies", message).help(help));
    }
    if request.many.flag().is_some() {
        let reverse = if reverse { "reverse " } else { "" };
        app.host.talk.info(format!("Processing components in {reverse}dependency order"));
    }
    // Of one component terraform itself asks, and shows what it would do.
    let are_several = chosen.instances.len() > 1 || request.many.max_concurrency > 1;
    let asks = are_several && asks_once(app, request);
    let request = &fleet_request(request, asks);
    let ci = Ci::of(app, request.ci, &request.request.words).filter(|_| !request.dry_run);
    let annotations = Annotations::of_run(app, &request.request.words).filter(|_| !request.dry_run);
    let Chosen { instances, before, locked } = chosen;
    let refused = Refused::new(&request.many, request.dry_run);
    if request.request.takes_away(&env) {
        let command = format!("terraform {}", request.request.command());
        protection::check_all(app, &instances, &single::evaluation(request), &command)?;
    }
    let (nodes, before, turned) = if saved::are_applied(request) {
        with_saved_plans(app, request, instances, before)?
    } else {
        (prepare(app, request, instances, modifies, &refused)?, before, false)
    };
    if turned || reverse {
        let gone: Vec<&Instance> = nodes.iter().map(Node::instance).collect();
        dependents::warn_of_left(app, &gone, &request.evaluation);
    }
    if request.dry_run {
        return preview::many(app, request, nodes.iter().map(|node| (node.ready(), node.names())));
    }
    if asks {
        many::confirm(app, &format!("terraform {}", request.request.command()), nodes.iter().map(Node::names))?;
    }
    let access = child::access(app)?;
    let signing = nodes.iter().enumerate().map(|(at, node)| match node {
        _ if refused.has(at) => Signing::Never,
        Node::Ready(ready) => Signing::Certain(&ready.instance),
        Node::Later(instance) => Signing::Later(instance),
    });
    let identities =
        many::sign_in(app, &access, (&request.identity, &request.request.words[0]), signing, &refused).await?;
    let members = nodes.iter().zip(identities).map(|(node, identity)| {
        let (component, stack) = node.names();
        let side_by_side = node.ready().and_then(|ready| side_by_side(&ready.target, &request.request, &app.host.env));
        let (component, stack) = (component.to_owned(), stack.to_owned());
        Member { component, stack, places: node.places(app), side_by_side, identity }
    });
    let crew = Crew {
        app,
        options: &request.many,
        tool: "terraform",
        command: request.request.command(),
        members: members.collect(),
        before,
        refused,
        talks: talks(request),
        keeps: ci.is_some() || annotations.is_some(),
        changes: CHANGING.contains(&request.request.words[0].as_str()),
    };
    let (nodes, access, ci, annotations) = (&nodes, &access, &ci, &annotations);
    let outputs = &Outputs::default();
    let noted: Mutex<Vec<Annotation>> = Mutex::default();
    let noted = &noted;
    let reports: Mutex<BTreeMap<usize, Report>> = Mutex::default();
    let reports = &reports;
    let start = |at: usize, relay: Arc<Relay>| -> many::Work<'_> {
        Box::pin(async move {
            let (result, ready) = Box::pin(run_one(app, request, &nodes[at], access, (&relay, outputs))).await;
            let ready = ready.as_deref().or(nodes[at].ready());
            if let Some((annotations, ready)) = annotations.as_ref().zip(ready) {
                let found = annotations.read(&ready.instance, &ready.target.folder, &relay.said());
                noted.lock().unwrap_or_else(PoisonError::into_inner).extend(found);
            }
            if let Some(ci) = ci {
                let code = result.as_ref().map_or_else(crate::diag::Report::exit_code, |outcome| outcome.code);
                let report = ci.report(nodes[at].names(), &relay, code, &result);
                if let Some(ready) = ready {
                    Box::pin(ci.keep(&report, &single::kept_plan(request, ready))).await;
                }
                reports.lock().unwrap_or_else(PoisonError::into_inner).insert(at, report);
            }
            if modifies {
                let (component, stack) = nodes[at].names();
                app.forget_outputs(component, stack);
                if !nodes[at].instance().sections.hooks.is_empty() {
                    app.forget_stores();
                }
            }
            result
        })
    };
    let mut fleet = many::run(&crew, start).await?;
    if let Some(annotations) = annotations {
        annotations.show(std::mem::take(&mut *noted.lock().unwrap_or_else(PoisonError::into_inner)));
    }
    if let Some(ci) = ci {
        let mut told = std::mem::take(&mut *reports.lock().unwrap_or_else(PoisonError::into_inner));
        let report = |(at, result): (usize, &many::NodeResult)| {
            let nothing = || ci.untold(&result.component, &result.stack);
            told.remove(&at).unwrap_or_else(nothing)
        };
        let reports = fleet.results.iter().enumerate().map(report).collect();
        ci.many(&fleet, reports, stack).await;
    }
    let code = fleet.code();
    fleet.results.extend(locked.iter().map(|(component, stack)| many::NodeResult::locked(component, stack)));
    let data = match &request.format {
        Some(format) => {
            let found = std::mem::take(&mut *outputs.lock().unwrap_or_else(PoisonError::into_inner));
            single::deliver(app, format, output::of_many(found, format.form))?
        }
        None => None,
    };
    Ok(single::accepted(app, Done { code, data, fleet: Some(fleet) }))
}

/// Outputs by stack and component (`output --format`).
type Outputs = Mutex<BTreeMap<String, BTreeMap<String, Map<String, Value>>>>;

/// Whether a person is asked once for the whole run. Who writes `-auto-approve=false` wants to be asked by terraform, for
/// each component.
fn asks_once(app: &App, request: &RunRequest) -> bool {
    let asked = &request.request;
    let confirms = match asked.words[0].as_str() {
        "apply" => !app.config.terraform.apply_auto_approve,
        "destroy" => true,
        _ => false,
    };
    confirms
        // Whoever passes a saved plan has approved it.
        && asked.from_plan.is_none()
        && !request.dry_run
        && app.host.terminal.can_prompt()
        && !has_flag(&asked.native, "-auto-approve")
        && !is_approved(&asked.words[0], &asked.native, &app.host.env)
}

/// What a component's run is told when it is one of many.
fn fleet_request(request: &RunRequest, asks: bool) -> RunRequest {
    let mut request = request.clone();
    if asks {
        request.request.native.insert(0, "-auto-approve".to_owned());
    }
    // Outputs that become one document are in nobody's way.
    if !CONCURRENT.contains(&request.request.words[0].as_str()) && request.format.is_none() {
        request.many.max_concurrency = 1;
        request.many.hide_unchanged = false;
    }
    if request.many.max_concurrency > 1 {
        // Of several at once none can ask.
        request.request.interactive = false;
        request.request.stdin_readable = false;
    }
    request
}

/// Whether standard output is for people, and not the data of a command.
pub(super) fn talks(request: &RunRequest) -> bool {
    CONCURRENT.contains(&request.request.words[0].as_str()) && !is_on(&request.request.native, "-json")
}

/// All of them are evaluated before the first one runs: a mistake in the last must not be found after half the work. But
/// for values that come from what others will only have when they are applied. Where a run goes on after failures, a
/// mistake is only its own component's.
fn prepare(
    app: &App,
    request: &RunRequest,
    instances: Vec<Instance>,
    modifies: bool,
    refused: &Refused,
) -> Result<Vec<Node>> {
    let writes = instances.iter().any(|instance| !instance.sections.hooks.is_empty());
    let is_later = |instance: &Instance| modifies && is_later(instance, writes);
    app.begin(instances.iter().filter(|instance| !is_later(instance)), &single::evaluation(request))?;
    let mut nodes = Vec::with_capacity(instances.len());
    for instance in instances {
        if is_later(&instance) {
            nodes.push(Node::Later(Box::new(instance)));
            continue;
        }
        match single::prepare(app, request, &instance).map_err(|report| confirmation(request, report)) {
            Ok(Some(ready)) => nodes.push(Node::Ready(Box::new(ready))),
            Ok(None) => nodes.push(Node::Later(Box::new(instance))),
            Err(report) => {
                refused.keep(nodes.len(), report)?;
                nodes.push(Node::Later(Box::new(instance)));
            }
        }
    }
    Ok(nodes)
}

/// The components with their saved plans, all of which are fit to be applied; what takes everything away is turned round.
/// Those that depend on outputs of others are evaluated once more when their turn comes.
fn with_saved_plans(
    app: &App,
    request: &RunRequest,
    instances: Vec<Instance>,
    before: Vec<Vec<usize>>,
) -> Result<(Vec<Node>, Vec<Vec<usize>>, bool)> {
    let looked = saved::look(app, request, &instances)?;
    let writes = instances.iter().any(|instance| !instance.sections.hooks.is_empty());
    let nodes = instances.into_iter().zip(looked.ready).map(|(instance, ready)| match ready {
        Some(ready) if !is_later(&instance, writes) => Node::Ready(Box::new(ready)),
        _ => Node::Later(Box::new(instance)),
    });
    let nodes = nodes.collect();
    if !looked.destroys {
        return Ok((nodes, before, false));
    }
    let (nodes, before) = saved::reversed(nodes, &before);
    Ok((nodes, before, true))
}

/// Whether the values of a component are known only when those before it have been applied; hooks may write what others
/// read.
fn is_later(instance: &Instance, writes: bool) -> bool {
    depends_on_outputs(instance) || writes && depends_on_stores(instance)
}

/// Why nobody can be asked, where it is that several run at once.
fn confirmation(request: &RunRequest, report: crate::diag::Report) -> crate::diag::Report {
    if request.many.max_concurrency == 1 || report.code().as_deref() != Some("atmos::exec::no_tty") {
        return report;
    }
    many::Error::Confirmation { tool: "Terraform".to_owned(), command: request.request.command() }.into()
}

/// One component of the run.
enum Node {
    Ready(Box<Ready>),
    /// Its values are known when those before it have been applied; or never, where it is refused.
    Later(Box<Instance>),
}

impl Node {
    /// Component and stack.
    fn names(&self) -> (&str, &str) {
        (&self.instance().name, &self.instance().stack)
    }

    /// Where it works, which only one may at a time: its folder, and terraform's data directory.
    fn places(&self, app: &App) -> Vec<PathBuf> {
        let (folder, section) = match self {
            Node::Ready(ready) => (ready.target.folder.clone(), &ready.target.env),
            Node::Later(instance) => (instance.path(&app.config).unwrap_or_default(), &instance.sections.env),
        };
        let own = self.ready().and_then(|ready| ready.target.data_dir.as_ref()).map(|own| folder.join(own));
        let data = own.unwrap_or_else(|| data::usual(app, &folder, section));
        vec![folder, data]
    }

    fn ready(&self) -> Option<&Ready> {
        match self {
            Node::Ready(ready) => Some(ready),
            Node::Later(_) => None,
        }
    }

    fn instance(&self) -> &Instance {
        match self {
            Node::Ready(ready) => &ready.instance,
            Node::Later(instance) => instance,
        }
    }
}

/// Runs one, and says what it was about where that was not known before.
async fn run_one(
    app: &App,
    request: &RunRequest,
    node: &Node,
    access: &Access,
    out: (&Relay, &Outputs),
) -> (Result<Outcome>, Option<Box<Ready>>) {
    match node {
        Node::Ready(ready) => (ran(app, request, ready, access, out).await, None),
        Node::Later(instance) => match single::prepare(app, request, instance) {
            Ok(Some(ready)) => {
                let result = ran(app, request, &ready, access, out).await;
                (result.map_err(|report| saved::overtaken(request, instance, report)), Some(Box::new(ready)))
            }
            Ok(None) => (Ok(Outcome { code: 0, detailed: false }), None),
            Err(report) => (Err(report), None),
        },
    }
}

/// Whether the exit code tells changes.
pub(super) fn is_detailed(request: &RunRequest) -> bool {
    let asked = &request.request;
    asked.words == ["plan"] && (asked.upload_status || is_on(&asked.native, "-detailed-exitcode"))
}

async fn ran(
    app: &App,
    request: &RunRequest,
    ready: &Ready,
    access: &Access,
    (relay, outputs): (&Relay, &Outputs),
) -> Result<Outcome> {
    let signals = &mut Signals::listen()?;
    let detailed = is_detailed(request);
    let names = (ready.target.component.as_str(), ready.target.stack.as_str());
    let verified = verify::verified(app, request, names, access, signals).await?;
    let request = verified.as_ref().unwrap_or(request);
    let finished = single::started(app, request, ready, access, signals, Some(relay)).await?;
    if let Some(format) = &request.format {
        let shaped = output::values(&finished.data, format, &request.request.native, app.host.masker.is_on())?;
        single::tell_left_out(app, &shaped.left_out);
        let mut outputs = outputs.lock().unwrap_or_else(PoisonError::into_inner);
        outputs.entry(names.1.to_owned()).or_default().insert(names.0.to_owned(), shaped.values);
    }
    Ok(Outcome { code: finished.code, detailed })
}
