//! What a dry run says: a line for each component, or a document of what would be started and written.

use serde_json::{Value, json};

use super::{Done, Ready, RunRequest, Target, asked, child_environment};
use crate::diag::Result;
use crate::exec::helmfile::{Request, steps};
use crate::ops::child::Held;
use crate::ops::{App, child, choice, terraform};

/// The dry run of some components, in their order.
pub(super) fn dry_run(app: &App, request: &RunRequest, nodes: &[&Ready]) -> Result<Done> {
    if !request.dry_run_json {
        for ready in nodes {
            let Target { component, stack, .. } = &ready.target;
            app.host.talk.info(format!("Would {} {component} in {stack} (dry run)", request.verb));
        }
        return Ok(Done::default());
    }
    let runs: Vec<Value> = nodes.iter().map(|ready| run(app, request, ready)).collect::<Result<_>>()?;
    let data = terraform::dry_run_document(&request.verb, "helmfile", &runs);
    Ok(Done { data: Some(data), ..Done::default() })
}

fn run(app: &App, request: &RunRequest, ready: &Ready) -> Result<Value> {
    let (target, access) = (&ready.target, child::access(app)?);
    let identity = choice::own_identity(app, &access, &ready.instance, &request.identity, &request.verb)?;
    // A region of the identity is known when somebody is signed in.
    let region = app.host.env.get("AWS_REGION").unwrap_or_default().to_owned();
    let asked = Request { has_identity: identity.is_some(), fallback_region: Some(region), ..asked(request) };
    let plan = steps(target, &asked)?;
    let argv = |program: &str, words: &[String]| -> Vec<String> {
        std::iter::once(program.to_owned()).chain(words.iter().cloned()).collect()
    };
    let mut commands = Vec::new();
    if let Some(eks) = &plan.eks {
        commands.push(json!({"step": "kubeconfig", "argv": argv("aws", &eks.args), "only_if_needed": true}));
    }
    commands.push(json!({"step": "main", "argv": argv(&target.command, &plan.args), "only_if_needed": false}));
    let env = child_environment(app, target, &Held::default(), &plan);
    let varfile = &plan.varfile.name;
    Ok(json!({
        "component": target.component,
        "stack": target.stack,
        "known": true,
        "identity": identity.map(|name| name.to_string()),
        "cwd": target.folder,
        "commands": commands,
        "environment": terraform::changed_variables(app, &env),
        "files": {"written": [varfile], "removed": [varfile]},
    }))
}
