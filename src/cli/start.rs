//! The way of one call from words to exit status.

use std::ffi::OsString;
use std::process::ExitCode;

use super::args::{AuthArgs, AuthCommand, Cli, Command, GlobalArgs, ProcessArgs};
use super::complete;
use super::custom::Call;
use super::error::Error;
use super::extend::{self, Line};
use super::help;
use super::parse::{self, Parsed};
use super::setup::{self, Context};
use super::unloaded;
use crate::diag::Report;
use crate::exec::argv::Split;
#[cfg(unix)]
use crate::exec::keeper;
use crate::exec::shell_variables;
use crate::host::threads::{self, Lack};
use crate::host::{Env, Terminal, outlive_file_size_limit, prompt, shield};
use crate::output::{Level, Screen};

/// Runs the program. `words` are the arguments including the program's name.
pub fn main(words: impl IntoIterator<Item = OsString>) -> ExitCode {
    // First of all: the environment may have the keyring's password, and children run as the same user.
    shield();
    outlive_file_size_limit();
    threads::tell_only_real_panics();
    let words: Vec<OsString> = words.into_iter().collect();
    #[cfg(unix)]
    if words.get(1).is_some_and(|word| word == keeper::WORD) {
        // No command: a part of another process of ours.
        return if keeper::keep().is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    }
    #[cfg(unix)]
    if words.get(1).is_some_and(|word| word == keeper::HEIR_WORD) {
        return if keeper::pass_on().is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    }
    let env = Env::snapshot();
    if let Some(text) = complete::answer(&words, &env) {
        let _ = Screen::new(None, Level::default(), false).raw_data(&text);
        return ExitCode::SUCCESS;
    }
    let json = setup::wants_json_errors(&words, &env);
    let early = Screen::new(None, Level::default(), false).with_json_errors(json);
    let wish = help::Wish::of(&words, &env);
    let label = label(&words);
    let parsed = match extend::read(words.clone(), &env) {
        Ok(Line::Custom(call)) => return run_custom(&call, label, env),
        Ok(Line::Show(text)) => Ok(Parsed::Show(text)),
        Ok(Line::BuiltIn(words, table)) => parse::parse(words, table),
        Err(report) => Err(report),
    };
    match parsed {
        Ok(Parsed::Run(mut cli, native)) => {
            // Words that name no command take the flags behind them with them.
            if json {
                cli.global.error_format = Some("json".to_owned());
            }
            run(*cli, native, label, env, words)
        }
        Ok(Parsed::Show(text)) => match early.raw_data(&help::shown(&text, wish)) {
            Ok(()) => ExitCode::SUCCESS,
            Err(cause) => fail(&early, &Error::Write { path: "stdout".to_owned(), cause }.into(), false),
        },
        Err(report) => fail(&early, &report, false),
    }
}

/// What a call is called: its words up to the first flag, behind which there may be anything.
fn label(words: &[OsString]) -> String {
    let words = words.iter().skip(1).map(|word| word.to_string_lossy());
    let words: Vec<_> = words.take_while(|word| !word.starts_with('-')).collect();
    format!("atmos {}", words.join(" ")).trim_end().to_owned()
}

fn run(cli: Cli, native: Split, label: String, mut env: Env, words: Vec<OsString>) -> ExitCode {
    let Cli { mut global, command, version } = cli;
    if !starts_anything(command.as_ref()) {
        shell_variables::take_away(&mut env);
    }
    global.needs_no_directory = command.as_ref().is_some_and(asks_a_run);
    let work = |context: &Context| super::commands::dispatch(context, command, version);
    match in_context((global, native, label), env, Some(words), work) {
        Ended::With(code) => code,
        Ended::Anew(words) => main(words),
    }
}

/// Commands that start whatever the user likes. In a shell of a component that is a terraform for this component, too.
fn starts_anything(command: Option<&Command>) -> bool {
    matches!(command, Some(Command::Auth(_) | Command::Workflow(_)))
}

/// The helper of a run: programs call it from wherever they are, and all that it needs is the socket.
fn asks_a_run(command: &Command) -> bool {
    matches!(
        command,
        Command::Auth(AuthArgs { command: AuthCommand::Process(ProcessArgs { socket: Some(socket), .. }) })
            if socket.is_absolute()
    )
}

/// How a call ended.
enum Ended {
    With(ExitCode),
    /// A person wants it again with these words.
    Anew(Vec<OsString>),
}

/// A command of the configuration.
fn run_custom(call: &Call, label: String, env: Env) -> ExitCode {
    let work = |context: &Context| super::commands::custom(context, call);
    match in_context((call.global.clone(), Split::default(), label), env, None, work) {
        Ended::With(code) => code,
        Ended::Anew(words) => main(words),
    }
}

fn in_context(
    (global, native, label): (GlobalArgs, Split, String),
    env: Env,
    words: Option<Vec<OsString>>,
    work: impl FnOnce(&Context) -> crate::diag::Result<u8>,
) -> Ended {
    let terminal = Terminal::from_env(&env);
    let verbose = setup::flag(global.verbose, &env, "ATMOS_VERBOSE").unwrap_or(false);
    let json = setup::json_errors(&global, &env).unwrap_or(false);
    let screen = Screen::new(None, Level::default(), setup::colour(&global, &env, terminal)).with_json_errors(json);
    let context = match Context::new(global, (native, label), env, terminal) {
        Ok(context) => context,
        Err(report) => return Ended::With(fail(&screen, &report, verbose)),
    };
    let result = threads::caught(|| work(&context)).unwrap_or_else(|Lack(cause)| Err(Error::Threads { cause }.into()));
    context.give_back();
    // An error is seen without unfolding anything.
    context.unfold();
    let report = match result {
        Ok(code) => return Ended::With(ExitCode::from(code)),
        Err(report) => report,
    };
    // A question that nobody could answer any more is no error of its own.
    if let Some(signal) = prompt::ended_by() {
        return Ended::With(ExitCode::from(128u8.saturating_add(signal)));
    }
    let (report, profiles) = unloaded::told(&context, report);
    let code = fail(&context.screen, &report, verbose);
    match words.and_then(|words| unloaded::again(&context, &words, &profiles)) {
        Some(words) => Ended::Anew(words),
        None => Ended::With(code),
    }
}

fn fail(screen: &Screen, report: &Report, verbose: bool) -> ExitCode {
    // Who asked for the stop, or reads no more, knows.
    if !matches!(report.code().as_deref(), Some("atmos::exec::interrupted" | "atmos::exec::unread")) {
        screen.error(report, verbose);
    }
    ExitCode::from(report.exit_code())
}
