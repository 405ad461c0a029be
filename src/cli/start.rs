//! The way of one call from words to exit status.

use std::ffi::OsString;
use std::process::ExitCode;

use super::alias;
use super::args::{Cli, Command};
use super::parse::{self, Parsed};
use super::setup::{self, Context};
use crate::diag::Report;
use crate::exec::argv::Split;
#[cfg(unix)]
use crate::exec::keeper;
use crate::host::{Env, Terminal, shield};
use crate::output::{Level, Screen};

/// Runs the program. `words` are the arguments including the program's name.
pub fn main(words: impl IntoIterator<Item = OsString>) -> ExitCode {
    // First of all: the environment may have the keyring's password, and children run as the same user.
    shield();
    let words: Vec<OsString> = words.into_iter().collect();
    #[cfg(unix)]
    if words.get(1).is_some_and(|word| word == keeper::WORD) {
        // No command: a part of another process of ours.
        return if keeper::keep().is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    }
    let env = Env::snapshot();
    let mut words = words;
    // An alias may stand for another one; a circle of them ends as an unknown command.
    for depth in 0..=ALIASES {
        match parse::parse(words.clone()) {
            Ok(Parsed::Run(cli, native)) => {
                match run(*cli, native, env.clone(), Some(&words).filter(|_| depth < ALIASES)) {
                    Ended::With(code) => return code,
                    Ended::Renamed(other) => words = other,
                }
            }
            Ok(Parsed::Show(text)) => {
                let _ = Screen::new(None, Level::default(), false).raw_data(&text);
                return ExitCode::SUCCESS;
            }
            Err(report) => return fail(&Screen::new(None, Level::default(), false), &report, false),
        }
    }
    ExitCode::FAILURE
}

/// How deep aliases may be nested.
const ALIASES: usize = 8;

/// What came of a call.
enum Ended {
    With(ExitCode),
    /// It was an alias; these are the words that it stands for.
    Renamed(Vec<OsString>),
}

/// Runs the call. `words` are given while aliases count.
fn run(cli: Cli, native: Split, env: Env, words: Option<&Vec<OsString>>) -> Ended {
    let terminal = Terminal::from_env(&env);
    let verbose = setup::flag(cli.global.verbose, &env, "ATMOS_VERBOSE").unwrap_or(false);
    let screen = Screen::new(None, Level::default(), setup::colour(&cli.global, &env, terminal));
    let context = match Context::new(cli.global, native, env, terminal) {
        Ok(context) => context,
        Err(report) => return Ended::With(fail(&screen, &report, verbose)),
    };
    if let (Some(words), Some(Command::Other(named))) = (words, &cli.command)
        && let Some(name) = named.first()
    {
        match alias::expanded(&context, words, name) {
            Ok(Some(words)) => return Ended::Renamed(words),
            Ok(None) => {}
            Err(report) => return Ended::With(fail(&context.screen, &report, verbose)),
        }
    }
    Ended::With(match super::commands::dispatch(&context, cli.command, cli.version) {
        Ok(code) => ExitCode::from(code),
        Err(report) => fail(&context.screen, &report, verbose),
    })
}

fn fail(screen: &Screen, report: &Report, verbose: bool) -> ExitCode {
    // Who asked for the stop knows.
    if report.code().as_deref() != Some("atmos::exec::interrupted") {
        screen.error(report, verbose);
    }
    ExitCode::from(report.exit_code())
}
