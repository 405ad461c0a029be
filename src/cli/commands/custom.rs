//! A command that `atmos.yaml` adds.

use super::super::custom::{Call, reserved};
use super::super::error::Error;
use super::super::setup::Context;
use super::auth;
use crate::custom::{self, Definition, Values, definitions};
use crate::diag::{Result, nearest};
use crate::ops;

/// Runs the command and returns the exit status.
pub(in crate::cli) fn run(context: &Context, call: &Call) -> Result<u8> {
    let app = context.app()?;
    let all = definitions(&app.config, &app.host.sources);
    let path = format!("atmos {}", call.path.join(" "));
    let Some(command) = find(&all, &call.path) else {
        // The configuration has changed since the words were read.
        return Err(
            Error::UnknownCommand { name: path, group: "atmos".to_owned(), help: "try again".to_owned() }.into()
        );
    };
    if command.arguments.is_empty()
        && !command.commands.is_empty()
        && let Some(word) = call.given.arguments.first()
    {
        return Err(unknown(command, &path, word).into());
    }
    let (command, path) = meant(command, path, call.given.arguments.is_empty())?;
    command.check_at(&reserved(), &context.host.sources)?;
    if !command.has_steps() {
        return Err(without_steps(command, path).into());
    }
    let values = Values::of(command, &path, &call.given)?;
    let request = ops::custom::Request {
        path,
        command: command.clone(),
        values,
        identity: auth::flag(&call.identity),
        base_path: context.global.base_path.is_some(),
    };
    context.block_on(ops::custom::run(&app, &request))?
}

fn find<'a>(commands: &'a [Definition], path: &[String]) -> Option<&'a Definition> {
    let (first, rest) = path.split_first()?;
    let command = commands.iter().find(|command| command.name == *first)?;
    if rest.is_empty() { Some(command) } else { find(&command.commands, rest) }
}

/// The command, or the sub-command that it means by default when nothing else is said.
fn meant(command: &Definition, path: String, alone: bool) -> Result<(&Definition, String), custom::Error> {
    let (mut command, mut path) = (command, path);
    let mut seen = Vec::new();
    while let Some(default) = command.default.as_ref().filter(|_| alone && !command.commands.is_empty()) {
        let wrong = |reason| custom::Error::Default { command: command.name.clone(), default: default.clone(), reason };
        let next = command.commands.iter().find(|sub| sub.name == *default);
        let next = next.ok_or_else(|| wrong("does not exist"))?;
        if seen.contains(&std::ptr::from_ref(next)) {
            return Err(wrong("leads back to itself"));
        }
        seen.push(std::ptr::from_ref(next));
        path = format!("{path} {default}");
        command = next;
    }
    Ok((command, path))
}

fn without_steps(command: &Definition, path: String) -> custom::Error {
    if command.commands.is_empty() {
        return custom::Error::Empty { command: path };
    }
    let shown = command.commands.iter().filter(|sub| !sub.internal);
    let list: Vec<String> =
        shown.enumerate().map(|(index, sub)| format!("{}. {path} {}", index + 1, sub.name)).collect();
    custom::Error::NoSubcommand { command: path, list: list.join("\n") }
}

fn unknown(command: &Definition, path: &str, word: &str) -> Error {
    let names: Vec<&str> = command.commands.iter().filter(|sub| !sub.internal).map(|sub| sub.name.as_str()).collect();
    let near = nearest(word, names.iter().copied()).map(|near| format!("did you mean `{near}`?\n")).unwrap_or_default();
    let help = format!("{near}valid commands: {}\nrun `{path} --help` for usage", names.join(", "));
    Error::UnknownCommand { name: word.to_owned(), group: path.to_owned(), help }
}
