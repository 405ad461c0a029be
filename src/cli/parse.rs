//! Words to [`Cli`]: native terraform flags are taken out first, clap reads the rest, and its complaints become
//! diagnostics of ours.

use std::any::TypeId;
use std::ffi::OsString;
use std::mem::ManuallyDrop;

use clap::error::{ContextKind, ErrorKind};
use clap::{ArgAction, CommandFactory, FromArgMatches};

use super::args::{Cli, Command};
use super::error::Error;
use super::examples;
use super::extend::{self, Added};
use super::{custom, native};
use crate::diag::{Result, nearest};
use crate::exec::argv::Split;
use crate::value::parse_bool;

/// What a call amounts to before anything is loaded.
pub(super) enum Parsed {
    /// The call, and what was taken out of it for terraform.
    Run(Box<Cli>, Split),
    /// Help: print and leave with success.
    Show(String),
}

const HELP_TEMPLATE: &str = "{about-with-newline}\nUSAGE\n\n  {usage}\n\n{all-args}{after-help}";

/// Reads the words of a call, program name included, by the table of commands.
pub(super) fn parse(words: Vec<OsString>, table: clap::Command) -> Result<Parsed> {
    let (words, native) = native::separate(words);
    let typed = words.clone();
    if let Some(error) = mistyped(&table, &typed) {
        return Err(error.into());
    }
    // The process ends with the command: taking the table to pieces costs as much as reading the words.
    let mut table = ManuallyDrop::new(table);
    let matches = match table.try_get_matches_from_mut(words) {
        Ok(matches) => matches,
        Err(error) => return complaint(&error, &typed),
    };
    match Cli::from_arg_matches(&matches) {
        Ok(cli) => Ok(Parsed::Run(Box::new(cli), native)),
        Err(error) => complaint(&error, &typed),
    }
}

/// A long flag of a terraform sub-command with one hyphen: `-skip-planfile` would be `-s` with a value. Terraform's own
/// flags are not among the words any more.
fn mistyped(table: &clap::Command, words: &[OsString]) -> Option<Error> {
    let words: Vec<&str> = words.iter().map_while(|word| word.to_str()).take_while(|word| *word != "--").collect();
    let mut below = words.iter().skip(1).filter(|word| !word.starts_with('-'));
    let group = below.find_map(|word| table.find_subcommand(word)).filter(|group| group.get_name() == "terraform")?;
    let mut command = group;
    for word in below {
        command = command.find_subcommand(word).unwrap_or(command);
    }
    let flags: Vec<&str> =
        table.get_arguments().chain(command.get_arguments()).filter_map(clap::Arg::get_long).collect();
    words.iter().find_map(|word| {
        let name = word.strip_prefix('-').filter(|rest| rest.len() > 1 && !rest.starts_with('-'))?;
        let name = name.split_once('=').map_or(name, |(name, _)| name);
        // A short flag with its value, such as `-sprod-eu`, seldom looks like a long one.
        let is_slip = |flag: &&str| {
            let same = flag.chars().zip(name.chars()).take_while(|(one, other)| one == other).count();
            name.contains('-') && same > 2 && flag.len().abs_diff(name.len()) < 3
        };
        let meant = flags.iter().find(|flag| **flag == name).copied();
        let meant = meant.or_else(|| nearest(name, flags.iter().copied()).filter(is_slip))?;
        let help = format!("did you mean `--{meant}`?\nrun the command with `--help` for its flags");
        Some(Error::Usage { message: format!("unknown flag: {word}"), help })
    })
}

/// The other forms of `--help`: with a value, which may be `all` (everything is always shown here), and as the word
/// `help` behind a command.
pub(super) fn help(mut words: Vec<OsString>) -> Vec<OsString> {
    let end = words.iter().position(|word| word == "--").unwrap_or(words.len());
    let value = |word: &OsString| word.to_str().and_then(|word| word.strip_prefix("--help=")).map(str::to_owned);
    for word in &mut words[..end] {
        if value(word)
            .is_some_and(|value| matches!(value.as_str(), "all" | "usage") || parse_bool(&value) == Some(true))
        {
            *word = OsString::from("--help");
        }
    }
    if !words[..end].iter().skip(2).any(|word| word == "help") {
        return words;
    }
    let root = command();
    let mut current = &root;
    for index in 1..end {
        let Some(word) = words[index].to_str() else { break };
        if word == "help" && index > 1 {
            words.truncate(index);
            words.push(OsString::from("--help"));
            break;
        }
        let Some(next) = current.find_subcommand(word) else { break };
        current = next;
    }
    words
}

/// The command table with our layout of help pages.
pub(super) fn command() -> clap::Command {
    table(full())
}

/// The table in which only the commands that the words may mean are more than their names.
pub(super) fn command_for(words: &[String]) -> clap::Command {
    table(Cli::command().mut_subcommands(|command| {
        let named = |name: &str| words.iter().any(|word| word == name);
        let meant = named(command.get_name()) || command.get_all_aliases().any(named);
        if meant { Command::with_flags(command) } else { command }
    }))
}

/// Every command with its flags.
pub(super) fn full() -> clap::Command {
    Cli::command().mut_subcommands(Command::with_flags)
}

/// The same with what the configuration adds.
pub(super) fn with_added(added: &Added) -> clap::Command {
    if added.definitions.is_empty() && added.aliases.is_empty() {
        return command();
    }
    let more = format!("{}{}\n{MORE_HELP}", extend::about_aliases(added), examples::section("atmos"));
    table(custom::extended(&added.definitions)).after_help(more)
}

/// A table of commands in our layout.
pub(super) fn table(root: clap::Command) -> clap::Command {
    let more = format!("{}\n{MORE_HELP}", examples::section("atmos"));
    layout(root, "").after_help(more).max_term_width(120)
}

/// The same for pages of help: what the configuration adds has a group of its own.
pub(super) fn grouped(command: clap::Command) -> clap::Command {
    if custom::is_added(&command) {
        return command.subcommand_help_heading("COMMANDS").mut_subcommands(grouped);
    }
    let shown = command.get_subcommands().filter(|below| custom::is_added(below) && !below.is_hide_set());
    let lines: Vec<(String, String)> = shown.map(|below| (below.get_name().to_owned(), about(below))).collect();
    let command = command.mut_subcommands(|below| {
        let added = custom::is_added(&below);
        let below = grouped(below);
        if added { below.hide(true) } else { below }
    });
    let width = lines.iter().map(|(name, _)| name.chars().count()).max().unwrap_or_default();
    let lines: String =
        lines.iter().map(|(name, about)| format!("  {name:width$}  {about}").trim_end().to_owned() + "\n").collect();
    if lines.is_empty() {
        return command;
    }
    let behind = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    command.after_help(format!("CUSTOM COMMANDS:\n{lines}\n{behind}"))
}

/// The description of a command in a list, with its other names.
fn about(command: &clap::Command) -> String {
    let text = command.get_about().map(ToString::to_string).unwrap_or_default();
    let aliases: Vec<&str> = command.get_visible_aliases().collect();
    if aliases.is_empty() { text } else { format!("{text} [aliases: {}]", aliases.join(", ")).trim_start().to_owned() }
}

const MORE_HELP: &str = "Use `atmos <command> --help` for more information about a command.\n";

fn layout(command: clap::Command, above: &str) -> clap::Command {
    let path = if above.is_empty() { command.get_name().to_owned() } else { format!("{above} {}", command.get_name()) };
    let examples = examples::section(&path);
    let command = if examples.is_empty() { command } else { command.after_help(examples) };
    // Of a flag that is there twice the last one counts, as with Go's flags.
    booleans(command)
        .args_override_self(true)
        .help_template(HELP_TEMPLATE)
        .next_help_heading("FLAGS")
        .subcommand_help_heading("BUILT-IN COMMANDS")
        .disable_help_flag(false)
        .mut_subcommands(|below| layout(below, &path))
}

/// Every boolean flag takes a value, joined by `=`, in the spellings of Go's flags; alone it means true.
pub(super) fn booleans(command: clap::Command) -> clap::Command {
    command.mut_args(|arg| {
        // There is no other version than the one that `--version` shows.
        if arg.get_id() == "version" {
            return arg;
        }
        let switch = matches!(arg.get_action(), ArgAction::SetTrue);
        if !switch && arg.get_value_parser().type_id() != TypeId::of::<bool>() {
            return arg;
        }
        let arg = arg.value_name("BOOL").value_parser(|text: &str| parse_bool(text).ok_or("use true or false"));
        if takes_word(&arg) {
            return arg;
        }
        let arg = arg.action(ArgAction::Set).num_args(0..=1).require_equals(true).default_missing_value("true");
        if switch { arg.default_value("false").hide_default_value(true) } else { arg }
    })
}

/// The flag needs a value, which may be the next word.
fn takes_word(arg: &clap::Arg) -> bool {
    arg.get_num_args() == Some(1.into()) && !arg.is_require_equals_set()
}

/// Flags of the reference that later versions bring.
const LATER_FLAGS: &[&str] = &[
    "--all-realms",
    "--append-output",
    "--ci",
    "--edition",
    "--error-mode",
    "--keychain",
    "--output-file",
    "--use-version",
];

pub(super) fn complaint(error: &clap::Error, words: &[OsString]) -> Result<Parsed> {
    match error.kind() {
        ErrorKind::DisplayHelp => Ok(Parsed::Show(error.render().to_string())),
        _ => Err(usage(error, words).into()),
    }
}

/// Clap's complaint in one sentence, with what to do next.
fn usage(error: &clap::Error, words: &[OsString]) -> Error {
    let text = error.render().to_string();
    let invalid = |kind| error.get(kind).map(ToString::to_string).unwrap_or_default();
    match error.kind() {
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            let text: Vec<String> = words.iter().map(|word| word.to_string_lossy().into_owned()).collect();
            let (mut group, mut from) = ("atmos".to_owned(), 1);
            // The value of a flag is no command.
            while let Some(at) = native::next_plain(&text, from) {
                group = format!("{group} {}", text[at]);
                from = at + 1;
            }
            let help = format!("run `{group} --help` for the list of subcommands");
            Error::Usage { message: format!("`{group}` requires a subcommand"), help }
        }
        ErrorKind::InvalidSubcommand => {
            let help = "run the command with `--help` for the list of subcommands".to_owned();
            Error::UnknownCommand { name: invalid(ContextKind::InvalidSubcommand), group: "atmos".to_owned(), help }
        }
        ErrorKind::UnknownArgument => unknown_flag(&invalid(ContextKind::InvalidArg), &text, words),
        _ => {
            let message: Vec<&str> = text.lines().take_while(|line| !line.trim().is_empty()).map(str::trim).collect();
            let message = message.join(" ").trim_start_matches("error: ").to_owned();
            Error::Usage { message, help: hints(&text) }
        }
    }
}

/// Flags that choose among many components.
const MANY_FLAGS: [&str; 10] = [
    "--all",
    "--affected",
    "--components",
    "--exclude",
    "--query",
    "--tags",
    "--labels",
    "--include-dependents",
    "--include-dependencies",
    "--max-concurrency",
];

/// Sub-commands of terraform that make no sense for many components.
const ABOUT_ONE: [&str; 11] =
    ["console", "env", "force-unlock", "import", "login", "logout", "plan-diff", "shell", "taint", "untaint", "clean"];

/// The call, if it is about one component by its nature.
fn about_one(words: &[OsString]) -> Option<String> {
    let text: Vec<String> = words.iter().map(|word| word.to_string_lossy().into_owned()).collect();
    let group = native::next_plain(&text, 1).filter(|at| matches!(text[*at].as_str(), "terraform" | "tf"))?;
    let verb = &text[native::next_plain(&text, group + 1)?];
    ABOUT_ONE.contains(&verb.as_str()).then(|| format!("atmos terraform {verb}"))
}

/// Commands of `auth` that other programs call with the identity as a word, and whether a command of the user's own follows.
const BY_IDENTITY: [(&str, bool); 8] = [
    ("exec", true),
    ("login", false),
    ("whoami", false),
    ("env", false),
    ("shell", false),
    ("console", false),
    ("process", false),
    ("refresh", false),
];

/// The line that somebody meant who names the identity by a word, or the command of `auth exec` without `--` before it.
fn meant_of_auth(word: &str, words: &[OsString]) -> Option<String> {
    let text: Vec<String> = words.iter().map(|word| word.to_string_lossy().into_owned()).collect();
    let group = native::next_plain(&text, 1).filter(|at| text[*at] == "auth")?;
    let verb = native::next_plain(&text, group + 1)?;
    let (_, runs) = BY_IDENTITY.into_iter().find(|(name, _)| *name == text[verb])?;
    let at = verb + 1 + text[verb + 1..].iter().take_while(|word| *word != "--").position(|other| other == word)?;
    let named = text[group..at].iter().any(|word| word.starts_with("-i") || word.starts_with("--identity"));
    let mut line = text.clone();
    "atmos".clone_into(&mut line[0]);
    match (runs, named) {
        (true, true) => line.insert(at, "--".to_owned()),
        (_, true) => return None,
        (runs, false) => {
            if runs && at + 1 < line.len() && !line[at + 1].starts_with('-') {
                line.insert(at + 1, "--".to_owned());
            }
            line.insert(at, "-i".to_owned());
        }
    }
    Some(shell_words::join(line))
}

/// Clap names one letter of a word with one hyphen; the user typed the word.
fn unknown_flag(named: &str, text: &str, words: &[OsString]) -> Error {
    let typed = words.iter().filter_map(|word| word.to_str());
    let flag = match named.strip_prefix('-').filter(|rest| rest.chars().count() == 1) {
        Some(_) => typed.into_iter().find(|word| word.starts_with(named)).unwrap_or(named),
        None => named,
    };
    if flag == "--use-mocks" {
        let message = "--use-mocks is for `terraform plan` and `describe`: nothing real is made of mocks".to_owned();
        let help = "leave it away; what the other components give is then read from their states".to_owned();
        return Error::Usage { message, help };
    }
    if LATER_FLAGS.contains(&flag) {
        return Error::NotBuilt {
            command: flag.to_owned(),
            help: "run the command with `--help` for the flags that are there; docs/status.md says what comes next"
                .to_owned(),
        };
    }
    if let Some(command) = about_one(words).filter(|_| MANY_FLAGS.contains(&flag)) {
        let help = format!("name the component: {command} <component> -s <stack>");
        return Error::Usage { message: format!("{flag} chooses many components, and `{command}` is about one"), help };
    }
    if let Some(line) = meant_of_auth(flag, words) {
        let help = format!("did you mean `{line}`?\n{}", hints(text));
        return Error::Usage { message: format!("unexpected argument: {flag}"), help };
    }
    let what = if flag.starts_with('-') { "unknown flag" } else { "unexpected argument" };
    Error::Usage { message: format!("{what}: {flag}"), help: hints(text) }
}

/// What clap adds below its message, without the advice to pass an unknown flag on to somebody else.
fn hints(text: &str) -> String {
    let lines = text.lines().skip(1).map(str::trim);
    let wanted =
        lines.filter(|line| line.starts_with("Usage:") || (line.starts_with("tip:") && !line.contains("'-- ")));
    let mut hints: Vec<&str> = wanted.collect();
    hints.push("run the command with `--help` for its flags");
    hints.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_table_is_sound() {
        command().debug_assert();
    }

    #[test]
    fn the_table_of_the_called_commands_reads_as_the_whole_one() {
        let examples =
            examples::lines().chain(["atmos -s list terraform plan vpc", "atmos lost", "atmos list", "atmos"]);
        for line in examples {
            let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
            let read = |table| match parse(words.iter().map(OsString::from).collect(), table) {
                Ok(Parsed::Run(cli, native)) => format!("{cli:?} {native:?}"),
                Ok(Parsed::Show(text)) => text,
                Err(report) => format!("{report:?}"),
            };
            assert_eq!(read(command_for(&words)), read(command()), "{line}");
        }
    }

    #[test]
    fn help_has_many_forms() {
        for line in [
            "atmos --help=all",
            "atmos terraform --help=true",
            "atmos tf plan --help=all",
            "atmos helmfile apply help",
            "atmos describe component help",
            "atmos terraform help",
            "atmos terraform plan vpc --help",
        ] {
            let parsed = parse(help(line.split(' ').map(OsString::from).collect()), command());
            assert!(matches!(parsed, Ok(Parsed::Show(_))), "{line}");
        }
        for line in ["atmos terraform plan vpc -s help", "atmos terraform plan -s help -- help", "atmos help-me"] {
            let parsed = parse(help(line.split(' ').map(OsString::from).collect()), command());
            assert!(matches!(parsed, Ok(Parsed::Run(..))), "{line}");
        }
    }

    fn refused(line: &str) -> String {
        match parse(line.split(' ').map(OsString::from).collect(), command()) {
            Err(report) => report.to_string(),
            Ok(_) => panic!("accepted: {line}"),
        }
    }

    #[test]
    fn complaints_name_what_was_typed() {
        for (line, message) in [
            ("atmos helmfile", "incorrect usage: `atmos helmfile` requires a subcommand"),
            ("atmos terraform plan vpc -bogus", "incorrect usage: unknown flag: -bogus"),
            ("atmos terraform plan vpc -s dev -skip-planfile", "incorrect usage: unknown flag: -skip-planfile"),
            ("atmos tf plan vpc -skip-planfle=true", "incorrect usage: unknown flag: -skip-planfle=true"),
            ("atmos terraform plan vpc -s dev -dry-run", "incorrect usage: unknown flag: -dry-run"),
            ("atmos list stacks --nope", "incorrect usage: unknown flag: --nope"),
            ("atmos terraform version d1", "incorrect usage: unexpected argument: d1"),
            (
                "atmos terraform console --all -s dev",
                "incorrect usage: --all chooses many components, and `atmos terraform console` is about one",
            ),
            (
                "atmos tf taint -s dev --components a,b x.y",
                "incorrect usage: --components chooses many components, and `atmos terraform taint` is about one",
            ),
            ("atmos terraform apply --keychain", "`--keychain` is not built yet in this version of atmos"),
        ] {
            assert_eq!(refused(line), message, "{line}");
        }
    }

    #[test]
    fn whoever_names_the_identity_by_a_word_is_told_the_line() {
        for (line, meant) in [
            ("atmos auth exec reader -- aws s3 ls", "atmos auth exec -i reader -- aws s3 ls"),
            ("atmos auth exec reader aws s3 ls", "atmos auth exec -i reader -- aws s3 ls"),
            ("atmos auth exec -i reader aws s3 ls", "atmos auth exec -i reader -- aws s3 ls"),
            ("atmos --chdir x auth login reader --force", "atmos --chdir x auth login -i reader --force"),
            ("atmos auth console reader", "atmos auth console -i reader"),
            ("atmos auth refresh reader", "atmos auth refresh -i reader"),
        ] {
            let Err(report) = parse(line.split(' ').map(OsString::from).collect(), command()) else {
                panic!("accepted: {line}")
            };
            let help = report.diagnostic().help().map(|help| help.to_string()).unwrap_or_default();
            assert!(help.contains(&format!("did you mean `{meant}`?")), "{line}: {help}");
        }
    }

    #[test]
    fn of_a_flag_that_is_there_twice_the_last_one_counts() {
        for (line, kept) in [
            ("atmos terraform plan vpc -s dev -s prod", "stack: Some(\"prod\")"),
            ("atmos terraform plan vpc --stack=dev -s prod --dry-run --dry-run=false", "dry_run: Some(false)"),
            ("atmos describe stacks --format json --format yaml", "yaml"),
            ("atmos --base-path a list stacks --base-path b", "\"b\""),
            ("atmos terraform plan --components a,b --components c", "components: [\"a\", \"b\", \"c\"]"),
        ] {
            match parse(line.split(' ').map(OsString::from).collect(), command()) {
                Ok(Parsed::Run(cli, _)) => assert!(format!("{cli:?}").contains(kept), "{line}: {cli:?}"),
                Ok(Parsed::Show(text)) => panic!("{line}: {text}"),
                Err(report) => panic!("{line}: {report}"),
            }
        }
    }

    /// Words of a command, and a flag of it.
    type Flags = Vec<(Vec<String>, String)>;

    /// Every boolean flag of every command; apart from them those that need a value.
    fn boolean_flags(command: &clap::Command, words: &[String], found: &mut Flags, texts: &mut Flags) {
        // `--version` stands alone.
        for arg in command.get_arguments().filter(|arg| arg.get_id() != "version") {
            if arg.get_value_parser().type_id() == TypeId::of::<bool>() && !matches!(arg.get_action(), ArgAction::Help)
            {
                let long = arg.get_long().map(|long| (words.to_vec(), format!("--{long}")));
                if takes_word(arg) {
                    texts.extend(long);
                    continue;
                }
                found.extend(long);
                found.extend(arg.get_short().map(|short| (words.to_vec(), format!("-{short}"))));
            }
        }
        for sub in command.get_subcommands().filter(|sub| sub.get_name() != "help") {
            boolean_flags(sub, &[words, &[sub.get_name().to_owned()]].concat(), found, texts);
        }
    }

    /// The flag that the line set, by its identifier.
    fn value_of(command: &mut clap::Command, words: &[String], flag: &str, value: &str) -> Result<bool, String> {
        let with_flag = format!("{flag}{value}");
        let line: Vec<&str> =
            std::iter::once("atmos").chain(words.iter().map(String::as_str)).chain([with_flag.as_str()]).collect();
        let matches = command.try_get_matches_from_mut(&line).map_err(|error| format!("{line:?}: {error}"))?;
        let (mut matches, mut here) = (&matches, &*command);
        for word in words {
            matches = matches.subcommand_matches(word).ok_or(format!("{line:?}"))?;
            here = here.find_subcommand(word).ok_or(format!("{line:?}"))?;
        }
        let is_meant = |arg: &&clap::Arg| match flag.strip_prefix("--") {
            Some(long) => arg.get_long() == Some(long),
            None => arg.get_short() == flag.chars().nth(1),
        };
        let arg = here.get_arguments().find(is_meant).ok_or(format!("{line:?}"))?;
        matches.get_one(arg.get_id().as_str()).copied().ok_or(format!("{line:?}: not set"))
    }

    #[test]
    fn every_boolean_flag_of_every_command_takes_a_value_as_go_does() {
        let mut root = command().mut_args(|arg| arg.required(false));
        root.build();
        let mut root = relaxed(root);
        let (mut flags, mut texts) = (Vec::new(), Vec::new());
        boolean_flags(&root, &[], &mut flags, &mut texts);
        assert_eq!(texts.len(), 16, "{texts:?}");
        for (words, flag) in texts {
            for (value, expected) in [("=true", true), ("=f", false)] {
                assert_eq!(value_of(&mut root, &words, &flag, value), Ok(expected), "{words:?} {flag}{value}");
            }
        }
        assert!(flags.len() > 200, "{}", flags.len());
        for (words, flag) in flags {
            for (value, expected) in [
                ("", true),
                ("=true", true),
                ("=1", true),
                ("=t", true),
                ("=false", false),
                ("=0", false),
                ("=f", false),
            ] {
                assert_eq!(value_of(&mut root, &words, &flag, value), Ok(expected), "{words:?} {flag}{value}");
            }
            assert!(value_of(&mut root, &words, &flag, "=perhaps").is_err(), "{words:?} {flag}");
        }
    }

    /// Without what a complete call needs, so that a flag can stand alone.
    fn relaxed(command: clap::Command) -> clap::Command {
        let groups: Vec<clap::Id> = command.get_groups().map(|group| group.get_id().clone()).collect();
        let command = groups.into_iter().fold(command, |all, id| all.mut_group(id, |group| group.required(false)));
        command
            .subcommand_required(false)
            .arg_required_else_help(false)
            .mut_args(|arg| arg.required(false))
            .mut_subcommands(relaxed)
    }
}
