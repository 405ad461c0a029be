//! Which function runs which command.

use super::super::args::Command;
use super::super::error::Error;
use super::super::extend::{active_aliases, added};
use super::super::setup::Context;
use super::super::{help, parse};
use super::{
    about, atlantis, auth, aws, azure, browse, completion, config, describe, docs, doctor, env, explain, helmfile,
    list, man, packer, profile, stack, terraform, theme, unknown, validate, vendor, version, workflow, write,
};
use crate::component::INCOMPLETE;
use crate::custom::definitions;
use crate::diag::{Result, Warning};

/// Runs the command and returns the exit status.
pub(in crate::cli) fn dispatch(context: &Context, command: Option<Command>, version: bool) -> Result<u8> {
    if version {
        return version::run(context, None);
    }
    match command {
        None => root(context),
        Some(Command::Version(args)) => version::run(context, args.format.as_deref()),
        Some(Command::List(args)) => complete(context, list::run(context, args)),
        Some(Command::Describe(args)) => complete(context, describe::run(context, args)),
        Some(Command::Doctor(args)) => doctor::run(context, &args),
        Some(Command::Explain(args)) => explain::run(context, args),
        Some(Command::Atlantis(args)) => atlantis::run(context, args),
        Some(Command::Auth(args)) => auth::run(context, args),
        Some(Command::Aws(args)) => aws::run(context, args),
        Some(Command::Azure(args)) => azure::run(context, args),
        Some(Command::Gcp(args)) => azure::run_gcp(context, args),
        Some(Command::Terraform(args)) => terraform::run(context, args),
        Some(Command::Helmfile(args)) => helmfile::run(context, args),
        Some(Command::Packer(args)) => packer::run(context, args),
        Some(Command::Workflow(args)) => workflow::run(context, args),
        Some(Command::Vendor(args)) => vendor::run(context, args),
        Some(Command::Validate(args)) => validate::run(context, args),
        Some(Command::Config(args)) => config::run(context, args.command),
        Some(Command::Stack(args)) => stack::run(context, args),
        Some(Command::Profile(args)) => profile::run(context, args),
        Some(Command::Env(args)) => env::run(context, args),
        Some(Command::Docs(args)) => docs::run(context, &args),
        Some(Command::Theme(args)) => theme::run(context, args),
        Some(Command::Completion(args)) => completion::run(context, &args),
        Some(Command::Man(args)) => man::run(context, &args),
        Some(Command::About) => about::about(context),
        Some(Command::Support) => about::support(context),
        Some(Command::Other(words)) => Err(unknown::command_beside("atmos", &words, &added_names(context)).into()),
    }
}

/// What was shown is right and not all: a pipe that goes on with it has to know.
fn complete(context: &Context, status: Result<u8>) -> Result<u8> {
    status.map(|code| if code == 0 { u8::from(context.host.talk.has_warned(INCOMPLETE)) } else { code })
}

/// Names that the configuration adds, for who mistypes one.
fn added_names(context: &Context) -> Vec<String> {
    let Ok(app) = context.app_as_it_is() else { return Vec::new() };
    let commands = definitions(&app.config, &app.host.sources).into_iter().filter(|command| !command.internal);
    commands.map(|command| command.name).chain(active_aliases(&app.config).into_keys()).collect()
}

/// `atmos` alone: inside a project the browser at a terminal, else help; elsewhere a pointer to what is missing.
fn root(context: &Context) -> Result<u8> {
    let app = context.app()?;
    if !app.config.found {
        if crate::config::git_root(&context.host.cwd).is_none() {
            let message = "You're not inside a git repository. Atmos feels lonely outside - bring it home!".to_owned();
            context.host.talk.warn(Warning::new("atmos::cli::no_repository", message));
        }
        return Err(Error::NoConfiguration.into());
    }
    let stacks = &app.config.stacks;
    if !stacks.base_path_setting.is_empty() && !stacks.base_path.is_dir() {
        return Err(Error::NoStacks { setting: stacks.base_path_setting.clone() }.into());
    }
    if browse::is_possible(context) {
        return browse::start(context, app);
    }
    let text = parse::grouped(parse::with_added(&added(&app))).render_help().to_string();
    write::data(context, &help::shown(&text, help::Wish::Short))?;
    Ok(0)
}
