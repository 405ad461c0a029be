//! Many components, in dependency order, each with its own identity and its own private directory.

use std::sync::Arc;

use super::{Done, Ready, RunRequest, prepare, start, tells_changes};
use crate::component::{Instance, Kind};
use crate::diag::Result;
use crate::exec::helmfile::modifies;
use crate::exec::relay::Relay;
use crate::exec::signals::Signals;
use crate::ops::many::{self, Asked, Chosen, Crew, Member, Outcome, Refused, Signing};
use crate::ops::{App, child, dependents, protection};

/// Sub-commands of which several may run at once. Others print data.
const CONCURRENT: [&str; 5] = ["deploy", "sync", "apply", "diff", "destroy"];

/// Runs every chosen component of a stack, or of all stacks.
pub(super) async fn run(app: &App, request: &RunRequest) -> Result<Done> {
    let verb = request.verb.as_str();
    let reverse = super::destroys(request);
    let evaluation = super::evaluation(request);
    let asked = Asked {
        kind: Kind::Helmfile,
        options: &request.many,
        stack: request.stack.as_deref().filter(|stack| !stack.is_empty()),
        modifies: modifies(request.meant()),
        reverse,
        evaluation: &evaluation,
        comparison: &request.evaluation,
    };
    let Chosen { instances, before, locked } = many::choose(app, &asked)?;
    if instances.is_empty() {
        return Ok(Done::default());
    }
    app.host.talk.info(format!("Processing components in {}dependency order", if reverse { "reverse " } else { "" }));
    let mut request = request.clone();
    if !CONCURRENT.contains(&verb) {
        request.many.max_concurrency = 1;
    }
    let request = &request;
    if super::destroys(request) {
        protection::check_all(app, &instances, &evaluation, &format!("helmfile {verb}"))?;
    }
    app.begin(&instances, &evaluation)?;
    let refused = Refused::new(&request.many, request.dry_run);
    let nodes = prepare_all(app, request, &instances, &refused)?;
    let ready: Vec<&Ready> = nodes.iter().flatten().collect();
    if super::destroys(request) {
        let gone: Vec<&Instance> = ready.iter().map(|ready| &ready.instance).collect();
        dependents::warn_of_left(app, &gone, &request.evaluation);
    }
    if request.dry_run {
        return super::preview::dry_run(app, request, &ready);
    }
    if super::destroys(request)
        && ready.len() > 1
        && !request.yes
        && app.host.terminal.can_prompt()
        && !asks_itself(request)
    {
        let places = ready.iter().map(|ready| (ready.target.component.as_str(), ready.target.stack.as_str()));
        many::confirm(app, &format!("helmfile {verb}"), places)?;
    }
    let access = child::access(app)?;
    let signing = nodes.iter().map(|node| match node {
        Some(ready) => Signing::Certain(&ready.instance),
        None => Signing::Never,
    });
    let identities = many::sign_in(app, &access, (&request.identity, &request.verb), signing, &refused).await?;
    let members = instances.iter().zip(&nodes).zip(identities).map(|((instance, node), identity)| Member {
        component: instance.name.clone(),
        stack: instance.stack.clone(),
        places: node.as_ref().map(|ready| ready.target.folder.clone()).into_iter().collect(),
        side_by_side: None,
        identity,
    });
    let crew = Crew {
        app,
        options: &request.many,
        tool: "helmfile",
        command: request.verb.clone(),
        members: members.collect(),
        before,
        refused,
        talks: CONCURRENT.contains(&verb),
        keeps: false,
        changes: CONCURRENT.contains(&verb),
    };
    let (nodes, access) = (&nodes, &access);
    let begin = |at: usize, relay: Arc<Relay>| -> many::Work<'_> {
        Box::pin(async move {
            // What is refused does not come here.
            let Some(node) = &nodes[at] else { return Ok(Outcome { code: 0, detailed: false }) };
            let signals = &mut Signals::listen()?;
            let code = Box::pin(start(app, request, node, access, signals, Some(&relay))).await?;
            Ok(Outcome { code, detailed: tells_changes(request) })
        })
    };
    let mut fleet = many::run(&crew, begin).await?;
    fleet.results.extend(locked.iter().map(|(component, stack)| many::NodeResult::locked(component, stack)));
    Ok(Done { code: fleet.code(), data: None, fleet: Some(fleet) })
}

/// Helmfile asks for each component, because somebody wants it to.
fn asks_itself(request: &RunRequest) -> bool {
    request.native.iter().any(|word| word == "-i" || word == "--interactive")
}

/// All of them, before the first one runs. Those that are refused have no target.
fn prepare_all(
    app: &App,
    request: &RunRequest,
    instances: &[Instance],
    refused: &Refused,
) -> Result<Vec<Option<Ready>>> {
    let mut nodes = Vec::with_capacity(instances.len());
    for (at, instance) in instances.iter().enumerate() {
        // What is disabled is not among them.
        nodes.push(match prepare(app, request, instance) {
            Ok(ready) => ready,
            Err(report) => {
                refused.keep(at, report)?;
                None
            }
        });
    }
    Ok(nodes)
}
