//! Errors of the command line itself.

use miette::Diagnostic;

use crate::diag::Failure;
use crate::query;

/// What is wrong with the words that the user typed, or with the place where atmos was started.
#[derive(Debug, thiserror::Error, Diagnostic)]
pub(super) enum Error {
    #[error("incorrect usage: {message}")]
    #[diagnostic(code(atmos::cli::usage), help("{help}"))]
    Usage { message: String, help: String },

    #[error("Unknown command `{name}` for `{group}`")]
    #[diagnostic(code(atmos::cli::unknown_command), help("{help}"))]
    UnknownCommand { name: String, group: String, help: String },

    #[error("`{command}` is not built yet in this version of atmos")]
    #[diagnostic(code(atmos::cli::not_built), help("{help}"))]
    NotBuilt { command: String, help: String },

    #[error("invalid format \"{format}\"")]
    #[diagnostic(code(atmos::cli::invalid_format), help("valid formats: {valid}"))]
    Format { format: String, valid: &'static str },

    #[error("invalid value for flag --{flag}: `{value}`")]
    #[diagnostic(code(atmos::cli::flag_value), help("supported values: {valid}"))]
    FlagValue { flag: &'static str, value: String, valid: &'static str },

    #[error("{flag} flag only works with --format={format}")]
    #[diagnostic(code(atmos::cli::flag_and_format), help("add `--format {format}`, or leave {flag} away"))]
    OnlyWith { flag: &'static str, format: &'static str },

    #[error("invalid value `{value}` of {name}: expected a number")]
    #[diagnostic(code(atmos::cli::number), help("set {name} to a number, or unset it"))]
    Number { name: String, value: String },
    #[error("--output-file is only supported with --format=matrix")]
    #[diagnostic(code(atmos::cli::output_file), help("add `--format matrix`, or write the document with `--file`"))]
    OutputFile,

    #[error("required flag(s) \"{flag}\" not set")]
    #[diagnostic(code(atmos::cli::flag_missing), help("add `--{flag} <value>`"))]
    FlagMissing { flag: &'static str },

    #[error("stack is required; specify it on the command line using the flag --stack <stack> (shorthand -s)")]
    #[diagnostic(code(atmos::cli::no_stack), help("`atmos list stacks` shows the stacks"))]
    NoStack,

    #[error("invalid duration `{value}` of --{flag}")]
    #[diagnostic(code(atmos::cli::duration), help("write it as `90s`, `2m` or `1h30m`"))]
    Duration { flag: &'static str, value: String },

    #[error("workdir does not exist: `{path}` given by --chdir")]
    #[diagnostic(code(atmos::cli::chdir), help("give an existing directory with `--chdir` or ATMOS_CHDIR"))]
    Chdir { path: String },

    #[error("`--profile` needs the name of a profile: nobody can be asked here")]
    #[diagnostic(code(atmos::cli::profile), help("available profiles: {available}"))]
    ProfileChoice { available: String },

    #[error("there is no profile `{name}`")]
    #[diagnostic(code(atmos::cli::unknown_profile), help("{help}"))]
    UnknownProfile { name: String, help: String },

    #[error("there is no theme `{name}`")]
    #[diagnostic(code(atmos::cli::unknown_theme), help("{help}"))]
    UnknownTheme { name: String, help: String },

    #[error("YAML path not found: `{path}`")]
    #[diagnostic(code(atmos::cli::unknown_key), help("{help}"))]
    UnknownKey { path: String, help: String },

    #[error("no profile was chosen")]
    #[diagnostic(code(atmos::cli::aborted), help("give the name with `--profile`"))]
    Aborted,

    #[error("interactive confirmation not available in non-TTY environment: {what}")]
    #[diagnostic(code(atmos::cli::unconfirmed), help("add `--force`"))]
    Unconfirmed { what: &'static str },

    #[error("the working directory cannot be read: {cause}")]
    #[diagnostic(code(atmos::cli::cwd), help("change to a directory that exists"))]
    Cwd { cause: std::io::Error },

    #[error("invalid log level `{level}`: valid levels are Trace, Debug, Info, Warning, Error, Off")]
    #[diagnostic(
        code(atmos::cli::log_level),
        help("set `logs.level`, ATMOS_LOGS_LEVEL or --logs-level to one of them")
    )]
    LogLevel { level: String },

    #[error("invalid value `{value}` of {name}: expected true or false")]
    #[diagnostic(code(atmos::cli::boolean), help("set {name} to true or false, or unset it"))]
    Boolean { name: String, value: String },

    #[error("cannot write {path}: {cause}")]
    #[diagnostic(code(atmos::cli::write), help("check that the directory exists and may be written to"))]
    Write { path: String, cause: std::io::Error },

    #[error("atmos configuration not found or invalid: the atmos.yaml CLI config file was not found.")]
    #[diagnostic(
        code(atmos::cli::no_config),
        help(
            "write an atmos.yaml here or in a parent directory, or name one with --config; see https://atmos.tools/cli/configuration"
        )
    )]
    NoConfiguration,

    #[error(
        "the atmos.yaml CLI config file specifies the directory for Atmos stacks as {setting}, but the directory does not exist."
    )]
    #[diagnostic(
        code(atmos::cli::no_stacks),
        help("create the directory, or correct `base_path` or `stacks.base_path`")
    )]
    NoStacks { setting: String },
    #[error("{cause}")]
    #[diagnostic(
        code(atmos::cli::error_mode),
        help("correct `--error-mode`, ATMOS_DESCRIBE_ERROR_MODE or `describe.error_mode`")
    )]
    Mode { cause: String },

    #[error("EvaluateYqExpression: {0}")]
    #[diagnostic(transparent)]
    Query(#[from] query::Error),

    #[error("the asynchronous runtime could not be started: {cause}")]
    #[diagnostic(
        code(atmos::cli::runtime),
        help("check the limits of open files, processes and threads (`ulimit -a`)")
    )]
    Runtime { cause: std::io::Error },

    #[error("no thread is to be had: {cause}")]
    #[diagnostic(
        code(atmos::cli::threads),
        help(
            "end other programs, or raise the limit of processes and threads (`ulimit -u`; `pids.max` of a container)"
        )
    )]
    Threads { cause: String },
}

impl Failure for Error {}
