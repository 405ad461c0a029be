//! Commands of `atmos.yaml` in the command table, and a call of one of them read back.

use std::any::TypeId;
use std::collections::BTreeMap;

use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Args as _, FromArgMatches as _};

use super::args::{GlobalArgs, IdentityArgs, OWN, SELECT};
use super::parse;
use crate::custom::{Definition, FlagKind, Given, Reserved};

/// A call of a command of the configuration.
#[derive(Debug)]
pub(super) struct Call {
    /// Names from the top on.
    pub path: Vec<String>,
    pub given: Given,
    pub identity: IdentityArgs,
    pub global: GlobalArgs,
}

/// Identifiers of arguments; those of flags begin with the first letter too, so that none is like a built-in one.
const FLAG: &str = "\u{1}flag:";
const ARGUMENT: &str = "\u{1}argument:";
const MORE: &str = "\u{1}more";
const TRAILING: &str = "\u{1}trailing";
const IDENTITY: &str = "\u{1}identity";

/// Flags that every command of the configuration has.
pub(super) fn reserved() -> Vec<Reserved> {
    let command = GlobalArgs::augment_args(clap::Command::new("atmos"));
    let is_bool = |arg: &Arg| {
        matches!(arg.get_action(), ArgAction::SetTrue) || arg.get_value_parser().type_id() == TypeId::of::<bool>()
    };
    let flag = |arg: &Arg| {
        let kind = if is_bool(arg) { FlagKind::Bool } else { FlagKind::Text };
        Some(Reserved { name: arg.get_long()?.to_owned(), shorthand: arg.get_short(), kind })
    };
    let own = [
        Reserved { name: "help".to_owned(), shorthand: Some('h'), kind: FlagKind::Bool },
        Reserved { name: "identity".to_owned(), shorthand: None, kind: FlagKind::Text },
    ];
    command.get_arguments().filter_map(flag).chain(own).collect()
}

/// The whole table with the commands of the configuration in it.
pub(super) fn extended(definitions: &[Definition]) -> clap::Command {
    let reserved = reserved();
    definitions.iter().fold(parse::full(), |root, command| add(root, command, definitions, &reserved))
}

/// Puts a command below another one. A built-in command stays what it is and gets the sub-commands; one that the
/// reference does not have makes room.
fn add(
    parent: clap::Command,
    definition: &Definition,
    siblings: &[Definition],
    reserved: &[Reserved],
) -> clap::Command {
    // Every command has this one already.
    if definition.name == "help" {
        return parent;
    }
    if OWN.contains(&definition.name.as_str()) && parent.get_name() == "atmos" {
        return parent.mut_subcommand(&definition.name, |_| command(definition, reserved));
    }
    if parent.get_subcommands().any(|known| known.get_name() == definition.name) {
        return parent.mut_subcommand(&definition.name, |known| {
            definition.commands.iter().fold(known, |known, sub| add(known, sub, &definition.commands, reserved))
        });
    }
    let taken = |name: &str| {
        parent
            .get_subcommands()
            .any(|known| known.get_name() == name || known.get_all_aliases().any(|alias| alias == name))
    };
    if taken(&definition.name) {
        // The name of a built-in command by its other name; that one goes first.
        return parent;
    }
    let active = definition.active_aliases(siblings).into_iter();
    let aliases: Vec<String> = active.filter(|alias| !taken(alias)).cloned().collect();
    let command = command(definition, reserved).visible_aliases(aliases);
    parent.subcommand(command)
}

/// Whether a command is one of the configuration.
pub(super) fn is_added(command: &clap::Command) -> bool {
    command.get_arguments().any(|arg| arg.get_id() == IDENTITY)
}

fn command(definition: &Definition, reserved: &[Reserved]) -> clap::Command {
    let about = definition.description.lines().next().unwrap_or_default().to_owned();
    let mut identity = Arg::new(IDENTITY)
        .long("identity")
        .value_name("NAME")
        .num_args(0..=1)
        .default_missing_value(SELECT)
        .help("Identity of the steps; `false` switches authentication off");
    // A flag of the command's own may have the letter, as in the reference.
    if !definition.flags.iter().any(|flag| flag.shorthand.as_deref() == Some("i")) {
        identity = identity.short('i');
    }
    let mut command = clap::Command::new(definition.name.clone())
        .about(about)
        .hide(definition.internal)
        .args_override_self(true)
        .arg(identity);
    if definition.description.contains('\n') {
        command = command.long_about(definition.description.clone());
    }
    if definition.check(reserved).is_ok() {
        for flag in &definition.flags {
            if !reserved.iter().any(|known| known.name == flag.name) {
                command = command.arg(flag_arg(flag));
            }
        }
        for argument in &definition.arguments {
            let help = argument.description.clone();
            let arg = Arg::new(format!("{ARGUMENT}{}", argument.name)).value_name(argument.name.clone()).help(help);
            command = command.arg(arg);
        }
    }
    command = command.arg(Arg::new(MORE).num_args(0..).hide(true)).arg(
        Arg::new(TRAILING).num_args(0..).last(true).value_name("WORDS").help("Words for the steps, as `.TrailingArgs`"),
    );
    definition.commands.iter().fold(command, |command, sub| add(command, sub, &definition.commands, reserved))
}

fn flag_arg(flag: &crate::custom::Flag) -> Arg {
    let mut arg = Arg::new(format!("{FLAG}{}", flag.name)).long(flag.name.clone());
    let mut help = flag.description.clone();
    if !flag.values.is_empty() {
        help = format!("{help} [{}]", flag.values.join(", "));
    }
    if let Some(default) = &flag.default {
        help = format!("{help} (default {default})");
    }
    if flag.required {
        help = format!("{help} (required)");
    }
    arg = arg.help(help.trim().to_owned());
    if let Some(letter) = flag.shorthand.as_ref().and_then(|text| text.chars().next()) {
        arg = arg.short(letter);
    }
    match flag.kind {
        Some(FlagKind::Bool) => arg.action(ArgAction::SetTrue),
        _ => arg.action(ArgAction::Set).value_name("VALUE").allow_hyphen_values(true),
    }
}

/// What was called; `None` when it is a command of our own.
pub(super) fn call(matches: &ArgMatches, definitions: &[Definition]) -> Option<Call> {
    let mut path = Vec::new();
    let mut here = matches;
    while let Some((name, below)) = here.subcommand() {
        path.push(name.to_owned());
        here = below;
    }
    let definition = find(definitions, &path)?;
    here.try_get_raw(TRAILING).ok()?;
    let words = |id: &str| -> Vec<String> {
        let raw = here.try_get_raw(id).ok().flatten();
        raw.into_iter().flatten().map(|word| word.to_string_lossy().into_owned()).collect()
    };
    let mut arguments: Vec<String> =
        definition.arguments.iter().flat_map(|argument| words(&format!("{ARGUMENT}{}", argument.name))).collect();
    arguments.extend(words(MORE));
    let typed = |id: &str| here.value_source(id) == Some(ValueSource::CommandLine);
    let known: BTreeMap<&str, String> = here.ids().map(|id| (id.as_str(), id.to_string())).collect();
    let mut flags = Vec::new();
    for flag in &definition.flags {
        let own = format!("{FLAG}{}", flag.name);
        let global = if flag.name == "identity" { IDENTITY.to_owned() } else { flag.name.replace('-', "_") };
        let id = [own, global].into_iter().find(|id| known.contains_key(id.as_str()) && typed(id));
        if let Some(value) = id.and_then(|id| words(&id).pop()) {
            flags.push((flag.name.clone(), value));
        }
    }
    let identity = IdentityArgs { identity: words(IDENTITY).pop() };
    let global = GlobalArgs::from_arg_matches(matches).ok()?;
    Some(Call { path, given: Given { arguments, flags, trailing: words(TRAILING) }, identity, global })
}

fn find<'a>(commands: &'a [Definition], path: &[String]) -> Option<&'a Definition> {
    let (first, rest) = path.split_first()?;
    let command = commands.iter().find(|command| command.name == *first)?;
    if rest.is_empty() { Some(command) } else { find(&command.commands, rest) }
}
