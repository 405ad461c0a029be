//! Hooks that migrate the state with tfmigrate: this program once more, for the component that the hook belongs to.

use super::command::{Prepared, prepare};
use super::error::Error;
use super::event::{Event, Moment};
use super::hook::{Hook, Migrate};
use super::run::{Around, Ending};
use crate::auth::resolution::Flag;
use crate::diag::{Result, Warning};
use crate::exec::environment::add_level;
use crate::ops::steps::{Program, Runner};

/// Runs `terraform migrate plan` or `apply`; its failure comes back as a value.
pub(super) async fn run(
    hook: &Hook,
    migrate: &Migrate,
    event: Event<'_>,
    ending: &Ending,
    around: &mut Around<'_>,
) -> Result<Option<Error>> {
    let action = match action(&migrate.mode, event) {
        Ok(action) => action,
        Err((reason, help)) => {
            let (hook, event) = (hook.name.clone(), event.to_string());
            return Err(Error::Migration { hook, event, reason, help }.into());
        }
    };
    if action == "plan" && is_apply(event) {
        let message = format!("the hook `{}` at {event} has `mode: plan`: nothing is ever migrated", hook.name);
        around.app.host.talk.warn(Warning::new("atmos::hooks::only_plans", message));
    }
    let Prepared { temp: _temp, mut env, .. } = prepare(around, ending, &[])?;
    add_level(&mut env);
    // The hooks of the component belong to the command around this one.
    env.set("ATMOS_SKIP_HOOKS", "*");
    let mut runner = Runner::new(around.app, format!("the hook `{}`", hook.name), Flag::Disabled, false)?;
    (runner.relay, runner.aside) = (around.relay, around.data);
    let words = words(migrate, action, around);
    let cwd = around.app.host.cwd.clone();
    let code = runner.run(&Program::Atmos(words), &cwd, &env, None, None).await?.outcome.code;
    let (hook, event) = (hook.name.clone(), event.to_string());
    Ok((code != 0).then_some(Error::MigrateFailed { hook, event, code }))
}

fn words(migrate: &Migrate, action: &str, around: &Around<'_>) -> Vec<String> {
    let instance = around.instance;
    let mut words =
        ["terraform", "migrate", action, &instance.name, "--stack", &instance.stack].map(str::to_owned).to_vec();
    match &around.options.identity.flag {
        Flag::Name(name) => words.push(format!("--identity={name}")),
        Flag::Disabled => words.push("--identity=false".to_owned()),
        Flag::NotGiven | Flag::Select => {}
    }
    let given = [("--migration", &migrate.file), ("--tfmigrate-config", &migrate.config)];
    words.extend(given.into_iter().filter_map(|(flag, value)| Some(format!("{flag}={}", value.as_ref()?))));
    words.extend(migrate.backend_config.iter().map(|text| format!("--backend-config={text}")));
    words
}

fn is_apply(event: Event<'_>) -> bool {
    event.moment == Moment::Before && matches!(event.verb, "apply" | "deploy")
}

/// What is done at an event; why nothing can be, and what to do about it.
fn action(mode: &str, event: Event<'_>) -> std::result::Result<&'static str, (String, String)> {
    let plans = event.moment == Moment::Before && event.verb == "plan";
    let dynamic = matches!(mode, "" | "dynamic");
    if (dynamic || mode == "apply") && is_apply(event) {
        return Ok("apply");
    }
    if dynamic && plans || mode == "plan" {
        return Ok("plan");
    }
    Err(match mode {
        "" | "dynamic" => (
            "a migration comes before a plan or an apply".to_owned(),
            "valid events are before.terraform.plan, before.terraform.apply and before.terraform.deploy".to_owned(),
        ),
        "apply" => (
            "`mode: apply` would change the state at an event that changes nothing".to_owned(),
            "leave `mode` away, so that the event decides, or use before.terraform.apply".to_owned(),
        ),
        other => (format!("`mode: {other}` is none"), "valid are dynamic, plan, apply".to_owned()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_event_decides_what_is_done() {
        let event = |moment, verb| Event { moment, kind: "terraform", verb };
        for (mode, event, expected) in [
            ("", event(Moment::Before, "plan"), Some("plan")),
            ("dynamic", event(Moment::Before, "deploy"), Some("apply")),
            ("", event(Moment::After, "apply"), None),
            ("plan", event(Moment::Before, "apply"), Some("plan")),
            ("apply", event(Moment::Before, "plan"), None),
            ("apply", event(Moment::Before, "apply"), Some("apply")),
            ("x", event(Moment::Before, "apply"), None),
        ] {
            assert_eq!(action(mode, event).ok(), expected, "{mode} {event}");
        }
    }
}
