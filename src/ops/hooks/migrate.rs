//! Runs `atmos terraform migrate` for the component of a hook: in another process of ours, which has the component prepared
//! as every command has it, and runs no hooks.

use super::command::{Prepared, prepare};
use super::error::Error;
use super::event::{Event, Moment};
use super::hook::{Hook, Migrate, Mode};
use super::run::{Around, Ending};
use crate::auth::resolution::Flag;
use crate::diag::{Result, Warning};
use crate::ops::steps::{Program, Runner};

/// What is done at an event.
pub(super) fn action(mode: Mode, event: Event<'_>) -> Option<&'static str> {
    let applies = matches!(event.verb, "apply" | "deploy");
    if event.kind != "terraform" || event.moment != Moment::Before || !(applies || event.verb == "plan") {
        return None;
    }
    match mode {
        Mode::Plan => Some("plan"),
        Mode::Apply if applies => Some("apply"),
        // To migrate a state where somebody only wants to look is never meant.
        Mode::Apply => None,
        Mode::Dynamic => Some(if applies { "apply" } else { "plan" }),
    }
}

/// Runs the migration; its failure comes back as a value.
pub(super) async fn run(
    hook: &Hook,
    migrate: &Migrate,
    event: Event<'_>,
    ending: &Ending,
    around: &mut Around<'_>,
) -> Result<Option<Error>> {
    let Some(action) = action(migrate.mode, event) else { return Ok(None) };
    let app = around.app;
    if migrate.mode == Mode::Plan && event.verb != "plan" {
        let message =
            format!("the hook `{}` shows the migration at {event} and never applies it (`mode: plan`)", hook.name);
        app.host.talk.warn(Warning::new("atmos::hooks::migration_mode", message));
    }
    let mut words = ["terraform", "migrate", action, &around.instance.name, "--stack", &around.instance.stack]
        .map(str::to_owned)
        .to_vec();
    match &around.options.identity.flag {
        Flag::Name(name) => words.extend(["--identity".to_owned(), name.clone()]),
        Flag::Disabled => words.push("--identity=false".to_owned()),
        Flag::NotGiven | Flag::Select => {}
    }
    let flags = [("--migration", &migrate.migration), ("--tfmigrate-config", &migrate.config)];
    for (flag, value) in flags {
        words.extend(value.iter().flat_map(|value| [flag.to_owned(), value.clone()]));
    }
    words.extend(migrate.backend_config.iter().flat_map(|entry| ["--backend-config".to_owned(), entry.clone()]));
    let Prepared { temp: _temp, mut env, .. } = prepare(around, ending, &migrate.env)?;
    env.set("ATMOS_SKIP_HOOKS", "*");
    let mut runner = Runner::new(app, format!("the hook `{}`", hook.name), Flag::Disabled, false)?;
    (runner.relay, runner.aside) = (around.relay, around.data);
    let env = runner.nested(env, &app.host.cwd);
    let ended = runner.run(&Program::Atmos(words), &app.host.cwd, &env, None, None).await?;
    let code = ended.outcome.code;
    Ok((code != 0).then(|| Error::MigrationFailed { hook: hook.name.clone(), event: event.to_string(), code }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_event_says_what_is_done() {
        let event = |moment, verb| Event { moment, kind: "terraform", verb };
        for (mode, moment, verb, expected) in [
            (Mode::Dynamic, Moment::Before, "plan", Some("plan")),
            (Mode::Dynamic, Moment::Before, "deploy", Some("apply")),
            (Mode::Dynamic, Moment::After, "apply", None),
            (Mode::Dynamic, Moment::Before, "destroy", None),
            (Mode::Apply, Moment::Before, "plan", None),
            (Mode::Apply, Moment::Before, "apply", Some("apply")),
            (Mode::Plan, Moment::Before, "apply", Some("plan")),
        ] {
            assert_eq!(action(mode, event(moment, verb)), expected, "{mode:?} {verb}");
        }
    }
}
