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
    let matches = match command().try_get_matches_from(words) {
        Ok(matches) => matches,
        Err(error) => return complaint(&error),
    };
    match Cli::from_arg_matches(&matches) {
        Ok(cli) => Ok(Parsed::Run(Box::new(cli), native)),
        Err(error) => complaint(&error),
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

fn complaint(error: &clap::Error) -> Result<Parsed> {
    match error.kind() {
        ErrorKind::DisplayHelp => Ok(Parsed::Show(error.render().to_string())),
        _ => Err(usage(error).into()),
    }
}

/// Clap's complaint in one sentence, the usage line as help.
fn usage(error: &clap::Error) -> Error {
    let text = error.render().to_string();
    if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        return Error::Usage { message: "the command requires a subcommand".to_owned(), help: text };
    }
    if error.kind() == ErrorKind::InvalidSubcommand
        && let Some(name) = error.get(ContextKind::InvalidSubcommand)
    {
        let help = "run the command with `--help` for the list of subcommands".to_owned();
        return Error::UnknownCommand { name: name.to_string(), group: "atmos".to_owned(), help };
    }
    let message = text.lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned();
    let message = match error.kind() {
        ErrorKind::UnknownArgument => {
            let flag = error.get(ContextKind::InvalidArg).map(ToString::to_string).unwrap_or_default();
            format!("unknown flag: {flag}")
        }
        ErrorKind::MissingRequiredArgument => text.lines().take(2).map(str::trim).collect::<Vec<_>>().join(" "),
        _ => message,
    };
    let rest: Vec<&str> = text.lines().skip(1).map(str::trim).filter(|line| !line.is_empty()).collect();
    Error::Usage { message: message.trim_start_matches("error: ").to_owned(), help: rest.join("\n") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_table_is_sound() {
        command().debug_assert();
    }
}
