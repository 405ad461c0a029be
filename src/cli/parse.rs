//! Words to [`Cli`]: native terraform flags are taken out first, clap reads the rest, and its complaints become
//! diagnostics of ours.

use std::ffi::OsString;

use clap::error::{ContextKind, ErrorKind};
use clap::{CommandFactory, FromArgMatches};

use super::args::Cli;
use super::error::Error;
use super::native;
use crate::diag::Result;
use crate::exec::argv::Split;

/// What a call amounts to before anything is loaded.
pub(super) enum Parsed {
    /// The call, and what was taken out of it for terraform.
    Run(Box<Cli>, Split),
    /// Help: print and leave with success.
    Show(String),
}

const HELP_TEMPLATE: &str = "{about-with-newline}\nUSAGE\n\n  {usage}\n\n{all-args}{after-help}";

/// Reads the words of a call, program name included.
pub(super) fn parse(words: Vec<OsString>) -> Result<Parsed> {
    let (words, native) = native::separate(words);
    let typed = words.clone();
    let matches = match command().try_get_matches_from(words) {
        Ok(matches) => matches,
        Err(error) => return complaint(&error, &typed),
    };
    match Cli::from_arg_matches(&matches) {
        Ok(cli) => Ok(Parsed::Run(Box::new(cli), native)),
        Err(error) => complaint(&error, &typed),
    }
}

/// The command table with our layout of help pages.
pub(super) fn command() -> clap::Command {
    layout(Cli::command()).after_help("Use `atmos <command> --help` for more about a command.\n").max_term_width(120)
}

fn layout(command: clap::Command) -> clap::Command {
    command
        .help_template(HELP_TEMPLATE)
        .next_help_heading("FLAGS")
        .subcommand_help_heading("COMMANDS")
        .disable_help_flag(false)
        .mut_subcommands(layout)
}

/// Flags of the reference that later versions bring.
const LATER_FLAGS: [&str; 33] = [
    "--affected",
    "--all-realms",
    "--append-output",
    "--cache",
    "--ci",
    "--clone-target-ref",
    "--columns",
    "--components",
    "--edition",
    "--error-mode",
    "--execution-summary-file",
    "--failure-mode",
    "--flatten",
    "--hide",
    "--include-dependencies",
    "--include-dependents",
    "--keychain",
    "--labels",
    "--log-order",
    "--max-concurrency",
    "--output-file",
    "--pager",
    "--query",
    "--ref",
    "--repo-path",
    "--sha",
    "--sort",
    "--tags",
    "--upload-status",
    "--uppercase",
    "--use-mocks",
    "--use-version",
    "--with-secrets",
];

fn complaint(error: &clap::Error, words: &[OsString]) -> Result<Parsed> {
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
            let names = words.iter().skip(1).filter_map(|word| word.to_str()).filter(|word| !word.starts_with('-'));
            let group = names.fold("atmos".to_owned(), |group, name| format!("{group} {name}"));
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

/// Clap names one letter of a word with one hyphen; the user typed the word.
fn unknown_flag(named: &str, text: &str, words: &[OsString]) -> Error {
    let typed = words.iter().filter_map(|word| word.to_str());
    let flag = match named.strip_prefix('-').filter(|rest| rest.chars().count() == 1) {
        Some(_) => typed.into_iter().find(|word| word.starts_with(named)).unwrap_or(named),
        None => named,
    };
    if LATER_FLAGS.contains(&flag) {
        return Error::NotBuilt {
            command: flag.to_owned(),
            help: "run the command with `--help` for the flags that are there; docs/status.md says what comes next"
                .to_owned(),
        };
    }
    Error::Usage { message: format!("unknown flag: {flag}"), help: hints(text) }
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

    fn refused(line: &str) -> String {
        match parse(line.split(' ').map(OsString::from).collect()) {
            Err(report) => report.to_string(),
            Ok(_) => panic!("accepted: {line}"),
        }
    }

    #[test]
    fn complaints_name_what_was_typed() {
        for (line, message) in [
            ("atmos terraform", "incorrect usage: `atmos terraform` requires a subcommand"),
            ("atmos terraform plan vpc -bogus", "incorrect usage: unknown flag: -bogus"),
            ("atmos list stacks --nope", "incorrect usage: unknown flag: --nope"),
            ("atmos terraform apply --affected", "`--affected` is not built yet in this version of atmos"),
        ] {
            assert_eq!(refused(line), message, "{line}");
        }
    }
}
