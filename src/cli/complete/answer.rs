//! The hidden command that the scripts of the shells ask: the words of a line in, candidates out.

use std::ffi::OsString;
use std::fmt::Write as _;

use super::super::args::GlobalArgs;
use super::super::extend::{self, Added};
use super::super::parse;
use super::super::setup::Context;
use super::candidate::Candidate;
use super::kind::{self, Kind};
use super::line::{Line, Target};
use super::values;
use crate::config;
use crate::diag::Talk;
use crate::exec::argv::Split;
use crate::host::{Env, Terminal};
use crate::ops::App;

/// The two names of the command; the second one leaves descriptions out.
const NAMES: [&str; 2] = ["__complete", "__completeNoDesc"];

/// What shells are told beside the candidates, as bits: no blank behind the word, no files, folders only.
const NO_SPACE: u8 = 2;
const NO_FILES: u8 = 4;
const FOLDERS: u8 = 16;

/// The answer to a line, when the words ask for one.
pub(in super::super) fn answer(words: &[OsString], env: &Env) -> Option<String> {
    let name = words.get(1)?.to_str()?;
    let described = NAMES.iter().position(|known| *known == name)? == 0;
    let typed: Vec<String> = words[2..].iter().map(|word| word.to_string_lossy().into_owned()).collect();
    let (candidates, directive) = candidates(&typed, env);
    let mut text = String::new();
    for (value, about) in candidates {
        // What would break the protocol, or do something to the terminal, is no candidate.
        if value.is_empty() || value.chars().any(char::is_control) {
            continue;
        }
        let about: String = about.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        let _ =
            if described && !about.is_empty() { writeln!(text, "{value}\t{about}") } else { writeln!(text, "{value}") };
    }
    let _ = writeln!(text, ":{directive}");
    Some(text)
}

fn candidates(typed: &[String], env: &Env) -> (Vec<Candidate>, u8) {
    let app = load(typed, env);
    let added = app.as_ref().map(extend::added).unwrap_or_default();
    let table = parse::with_added(&added);
    let typed = without_alias(without_help(typed), &added);
    let line = Line::read(&table, &typed);
    match &line.target {
        Target::Command => (commands(&line, &added), NO_FILES),
        Target::Flag => (flags(&line, &table), NO_FILES),
        Target::Nothing => (Vec::new(), 0),
        Target::Value(_) | Target::Word(_) => {
            let kind = kind::of(&line, &added.definitions);
            let directive = match kind {
                Kind::Files => 0,
                Kind::Folders => FOLDERS,
                Kind::Keys => NO_FILES | NO_SPACE,
                _ => NO_FILES,
            };
            let found = match (&kind, &app) {
                (Kind::Profiles, _) => profiles(&typed, env),
                (Kind::Fixed(words), None) => words.iter().map(|word| (word.clone(), String::new())).collect(),
                (_, Some(app)) => values::of(app, &kind, &line),
                (_, None) => Vec::new(),
            };
            (line.listed(&table, found), directive)
        }
    }
}

/// The first word may be an alias; what stands behind it is completed as if it were written out.
fn without_alias(typed: &[String], added: &Added) -> Vec<String> {
    match typed.split_first() {
        Some((first, rest)) if !rest.is_empty() && added.aliases.contains_key(first) => {
            [added.aliases[first].as_slice(), rest].concat()
        }
        _ => typed.to_vec(),
    }
}

/// `help` in front of a command completes like the command.
fn without_help(typed: &[String]) -> &[String] {
    match typed.split_first() {
        Some((first, rest)) if first == "help" && !rest.is_empty() => rest,
        _ => typed,
    }
}

/// The configuration in silence; a broken one completes what needs none.
fn load(typed: &[String], env: &Env) -> Option<App> {
    let context = context(typed, env)?;
    let mut host = context.host.clone();
    host.talk = Talk::silent();
    let config = config::load(&host, &context.config_flags()).ok()?;
    // Nobody waits at a prompt for what functions would ask.
    host.guard.set(config.settings.functions.clone());
    host.terminal.stdin = false;
    Some(App::new(host, config, Vec::new()))
}

fn context(typed: &[String], env: &Env) -> Option<Context> {
    let words: Vec<String> = std::iter::once("atmos".to_owned()).chain(typed.iter().cloned()).collect();
    let complete = &words[..words.len() - usize::from(words.len() > 1)];
    let global: GlobalArgs = extend::places(complete);
    Context::new(global, (Split::default(), String::new()), env.clone(), Terminal::from_env(env)).ok()
}

fn profiles(typed: &[String], env: &Env) -> Vec<Candidate> {
    let Some(context) = context(typed, env) else { return Vec::new() };
    let mut host = context.host.clone();
    host.talk = Talk::silent();
    let mut flags = context.config_flags();
    flags.profiles.clear();
    let names = config::profile_names(&host, &flags).unwrap_or_default();
    names.into_iter().map(|name| (name, String::new())).collect()
}

fn commands(line: &Line<'_>, added: &Added) -> Vec<Candidate> {
    let visible = line.command.get_subcommands().filter(|command| !command.is_hide_set());
    let named = visible.flat_map(|command| {
        let about = command.get_about().map(ToString::to_string).unwrap_or_default();
        let names = std::iter::once(command.get_name()).chain(command.get_visible_aliases());
        names.map(|name| (name.to_owned(), about.clone())).collect::<Vec<_>>()
    });
    let mut found: Vec<Candidate> = named.collect();
    if line.path.is_empty() {
        let alias = |(name, words): (&String, &Vec<String>)| (name.clone(), format!("alias for `{}`", words.join(" ")));
        found.extend(added.aliases.iter().map(alias));
    }
    found.retain(|(name, _)| name.starts_with(&line.start));
    found.sort();
    found.dedup_by(|left, right| left.0 == right.0);
    found
}

fn flags(line: &Line<'_>, table: &clap::Command) -> Vec<Candidate> {
    let named = line.flags(table).into_iter().filter_map(|arg| {
        let about = arg.get_help().map(|help| help.to_string().replace('\n', " ")).unwrap_or_default();
        Some((format!("--{}", arg.get_long()?), about))
    });
    let mut found: Vec<Candidate> = named.filter(|(name, _)| name.starts_with(&line.start)).collect();
    found.sort();
    found
}
