//! What `atmos.yaml` adds to the command line: aliases and commands.
//!
//! The configuration is read here only when the words leave the built-in table or ask for help; whoever calls `terraform
//! plan` does not wait for it twice. Nothing is said on the way: the command itself loads and says it all.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::sync::Arc;

use clap::CommandFactory as _;

use super::args::{Cli, GlobalArgs, OWN};
use super::commands::is_later;
use super::custom::{self, Call};
use super::native::{self, next_plain};
use super::parse;
use super::setup::Context;
use crate::config::{self, Config};
use crate::custom::{Definition, Error, aliases, definitions};
use crate::diag::{Result, Talk};
use crate::exec::argv::Split;
use crate::host::{Env, Terminal};
use crate::ops::App;
use crate::span::Sources;

/// What the words are for.
pub(super) enum Line {
    /// The built-in table, in which help shows what was added. It is made once: that is much of a start.
    BuiltIn(Vec<OsString>, clap::Command),
    Custom(Box<Call>),
    /// Help of an added command.
    Show(String),
}

/// What the configuration adds.
#[derive(Debug, Default)]
pub(super) struct Added {
    pub definitions: Vec<Definition>,
    pub aliases: BTreeMap<String, Vec<String>>,
    /// Where they are written.
    sources: Arc<Sources>,
}

/// Where the words lead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// To a built-in command.
    Known,
    /// To help of the whole or of a group.
    Help,
    /// Out of the table, at this word.
    Unknown(usize),
}

/// Reads the words of a call, program name included.
///
/// # Errors
/// The configuration cannot be read and something unknown was called; aliases in a circle; wrong flags of an added command.
pub(super) fn read(words: Vec<OsString>, env: &Env) -> Result<Line> {
    let words = native::behind_subcommand(parse::help(words));
    let Some(text) = words.iter().map(|word| word.to_str().map(str::to_owned)).collect::<Option<Vec<String>>>() else {
        return Ok(Line::BuiltIn(words, parse::command()));
    };
    let table = parse::command_for(&text);
    let text = without_help_word(&table, text);
    let words = |text: Vec<String>| text.into_iter().map(OsString::from).collect();
    let back = |text, added: &Added| Line::BuiltIn(words(text), parse::grouped(parse::with_added(added)));
    let ours = next_plain(&text, 1).filter(|at| OWN.contains(&text[*at].as_str()));
    let way = way(&table, &text);
    let unknown = match (way, ours) {
        (Way::Known | Way::Help, Some(at)) if is_replaced(&text, &text[at], env) => Way::Unknown(at),
        (way, _) => way,
    };
    let unknown = match unknown {
        Way::Known => return Ok(Line::BuiltIn(words(text), table)),
        Way::Help => {
            // Help is there without a configuration, and with a broken one.
            let added = load(&text, env).unwrap_or_default();
            return Ok(back(text, &added));
        }
        Way::Unknown(index) => index,
    };
    let added = load(&text, env)?;
    // What an alias stands for may be any command.
    let table = parse::command();
    let (text, way) = without_aliases(&table, &added, text, unknown)?;
    if !matches!(way, Way::Unknown(_)) || !is_added(&table, &added, &text) {
        return Ok(back(text, &added));
    }
    let matches = match parse::grouped(parse::table(custom::extended(&added.definitions))).try_get_matches_from(&text) {
        Ok(matches) => matches,
        Err(error) => {
            if !matches!(error.kind(), clap::error::ErrorKind::DisplayHelp) {
                broken(&added, &text)?;
            }
            let typed: Vec<OsString> = text.iter().map(OsString::from).collect();
            return match parse::complaint(&error, &typed)? {
                parse::Parsed::Show(text) => Ok(Line::Show(text)),
                parse::Parsed::Run(..) => Ok(back(text, &added)),
            };
        }
    };
    let Some(mut call) = custom::call(&matches, &added.definitions) else { return Ok(back(text, &added)) };
    if is_verbose(&added.definitions, &call.path) && call.global.logs_level.is_none() {
        call.global.logs_level = Some("Trace".to_owned());
    }
    Ok(Line::Custom(Box::new(call)))
}

/// Whether the configuration has a command of its own with this name. One that cannot be read has none.
fn is_replaced(text: &[String], name: &str, env: &Env) -> bool {
    load(text, env).is_ok_and(|added| added.definitions.iter().any(|command| command.name == name))
}

/// `help x` of an added command is `x --help`.
fn without_help_word(table: &clap::Command, text: Vec<String>) -> Vec<String> {
    let Some(at) = next_plain(&text, 1).filter(|at| text[*at] == "help") else { return text };
    let mut changed = text.clone();
    changed.remove(at);
    changed.push("--help".to_owned());
    if matches!(way(table, &changed), Way::Unknown(_)) { changed } else { text }
}

fn way(table: &clap::Command, text: &[String]) -> Way {
    let asks = || text.iter().take_while(|word| *word != "--").any(|word| word == "--help" || word == "-h");
    let (mut here, mut from) = (table, 1);
    while let Some(at) = next_plain(text, from) {
        match here.find_subcommand(&text[at]) {
            Some(below) => here = below,
            // The built-in help.
            None if text[at] == "help" => return Way::Known,
            None => return Way::Unknown(at),
        }
        if !here.has_subcommands() {
            return Way::Known;
        }
        from = at + 1;
    }
    if asks() { Way::Help } else { Way::Known }
}

/// Replaces aliases at the top by what they stand for. Nothing built-in is an alias.
fn without_aliases(table: &clap::Command, added: &Added, text: Vec<String>, at: usize) -> Result<(Vec<String>, Way)> {
    let (mut text, mut at, mut chain) = (text, at, Vec::new());
    loop {
        let top = next_plain(&text, 1) == Some(at);
        let target = added.aliases.get(&text[at]).filter(|_| top && !is_later(&text[at]));
        let Some(target) = target else { return Ok((text, Way::Unknown(at))) };
        chain.push(text[at].clone());
        text.splice(at..=at, target.iter().cloned());
        match way(table, &text) {
            Way::Unknown(next) if chain.contains(&text[next]) => {
                chain.push(text[next].clone());
                return Err(Error::AliasCycle { chain: chain.join(" → ") }.into());
            }
            Way::Unknown(next) => at = next,
            way => return Ok((text, way)),
        }
    }
}

/// Whether the words name an added command.
fn is_added(table: &clap::Command, added: &Added, text: &[String]) -> bool {
    let mut here = Some(table);
    let mut level: &[Definition] = &added.definitions;
    let mut from = 1;
    while let Some(at) = next_plain(text, from) {
        let word = &text[at];
        let built = here.and_then(|here| here.find_subcommand(word));
        let name = built.map_or(word.as_str(), clap::Command::get_name);
        let found = level.iter().find(|command| command.name == name || command.aliases.contains(word));
        match (built, found) {
            (None, Some(_)) => return true,
            (Some(_), Some(_)) if OWN.contains(&name) => return true,
            (Some(_), Some(command)) => level = &command.commands,
            _ => return false,
        }
        here = built;
        from = at + 1;
    }
    false
}

/// Words that do not fit may be those of a command that is wrong itself.
///
/// # Errors
/// What is wrong with the command.
fn broken(added: &Added, text: &[String]) -> Result<()> {
    let (mut level, mut from) = (added.definitions.as_slice(), 1);
    while let Some(at) = next_plain(text, from) {
        let named = |command: &&Definition| command.name == text[at] || command.aliases.contains(&text[at]);
        let Some(command) = level.iter().find(named) else { break };
        command.check_at(&custom::reserved(), &added.sources)?;
        (level, from) = (command.commands.as_slice(), at + 1);
    }
    Ok(())
}

fn is_verbose(definitions: &[Definition], path: &[String]) -> bool {
    let Some((first, rest)) = path.split_first() else { return false };
    let Some(command) = definitions.iter().find(|command| command.name == *first) else { return false };
    if rest.is_empty() { command.verbose } else { is_verbose(&command.commands, rest) }
}

fn load(text: &[String], env: &Env) -> Result<Added> {
    let context = Context::new(places(text), (Split::default(), String::new()), env.clone(), Terminal::from_env(env))?;
    let mut host = context.host.clone();
    host.talk = Talk::silent();
    let mut flags = context.config_flags();
    flags.profiles.retain(|name| name != super::args::SELECT);
    let config = config::load(&host, &flags)?;
    let (definitions, aliases) = (definitions(&config, &host.sources), active_aliases(&config));
    Ok(Added { definitions, aliases, sources: host.sources.clone() })
}

/// What a configuration adds.
pub(super) fn added(app: &App) -> Added {
    let (definitions, aliases) = (definitions(&app.config, &app.host.sources), active_aliases(&app.config));
    Added { definitions, aliases, sources: app.host.sources.clone() }
}

/// The aliases that stand for something: a name of the program is none.
pub(super) fn active_aliases(config: &Config) -> BTreeMap<String, Vec<String>> {
    let mut found = aliases(config);
    if !found.is_empty() {
        let table = Cli::command();
        found.retain(|name, _| table.find_subcommand(name).is_none() && !is_later(name));
    }
    found
}

/// The flags that say where the configuration is, wherever they stand.
pub(super) fn places(text: &[String]) -> GlobalArgs {
    let mut global = GlobalArgs::default();
    let mut words = text.iter().skip(1).take_while(|word| *word != "--");
    while let Some(word) = words.next() {
        let (name, joined) = word.split_once('=').map_or((word.as_str(), None), |(name, value)| (name, Some(value)));
        let known = ["-C", "--chdir", "--base-path", "--config", "--config-path", "--profile", "--edition"];
        if !known.contains(&name) {
            continue;
        }
        let Some(value) = joined.map(str::to_owned).or_else(|| words.next().cloned()) else { break };
        let listed = || value.split(',').map(str::to_owned);
        match name {
            "-C" | "--chdir" => global.chdir = Some(value.into()),
            "--base-path" => global.base_path = Some(value),
            "--config" => global.config.extend(listed().map(Into::into)),
            "--config-path" => global.config_path.extend(listed().map(Into::into)),
            "--profile" => global.profile.extend(listed()),
            _ => global.edition = Some(value),
        }
    }
    global
}

/// The lines of help about what was added.
pub(super) fn about_aliases(added: &Added) -> String {
    if added.aliases.is_empty() {
        return String::new();
    }
    let width = added.aliases.keys().map(String::len).max().unwrap_or_default();
    let line = |(name, words): (&String, &Vec<String>)| format!("  {name:width$}  alias for `{}`\n", words.join(" "));
    format!("ALIASES:\n{}\n", added.aliases.iter().map(line).collect::<String>())
}
