//! What can be wrong with a custom command or with a call of it.

use miette::Diagnostic;
use thiserror::Error as ThisError;

use crate::diag::Failure;

/// Errors of custom commands.
#[derive(Debug, ThisError, Diagnostic)]
pub enum Error {
    #[error("invalid command `{command}`: {problem}")]
    #[diagnostic(code(atmos::custom::malformed), help("correct the `commands` section of atmos.yaml"))]
    Malformed { command: String, problem: String },

    #[error("duplicate flag: the custom command `{command}` defines `{flag}` twice, or it cannot be typed")]
    #[diagnostic(
        code(atmos::custom::duplicate_flag),
        help("remove or rename it in the `commands` section of atmos.yaml")
    )]
    DuplicateFlag { command: String, flag: String },

    #[error("the flag `--{flag}` of the custom command `{command}` has the unknown type `{kind}`")]
    #[diagnostic(code(atmos::custom::flag_type), help("the types are string and bool"))]
    FlagType { command: String, flag: String, kind: String },

    #[error(
        "reserved flag name: the custom command `{command}` declares the flag `--{flag}` with the type {declared}, but it \
         already exists with the type {existing}"
    )]
    #[diagnostic(
        code(atmos::custom::reserved_flag),
        help("use the existing type, or rename the flag in the `commands` section of atmos.yaml")
    )]
    ReservedFlag { command: String, flag: String, declared: &'static str, existing: &'static str },

    #[error(
        "reserved flag name: the shorthand `-{shorthand}` of the custom command `{command}` belongs to the flag `--{existing}`"
    )]
    #[diagnostic(
        code(atmos::custom::reserved_shorthand),
        help("choose another shorthand in the `commands` section of atmos.yaml")
    )]
    ReservedShorthand { command: String, shorthand: String, existing: String },

    #[error(
        "the shorthand `-{shorthand}` of the flag `--{flag}` of the custom command `{command}` is not one character"
    )]
    #[diagnostic(code(atmos::custom::shorthand), help("use exactly one character"))]
    Shorthand { command: String, flag: String, shorthand: String },

    #[error(
        "either `value` or `valueCommand` can be specified for the variable `{name}` of the custom command `{command}`, but \
         not both"
    )]
    #[diagnostic(code(atmos::custom::two_origins), help("remove one of them"))]
    TwoOrigins { command: String, name: String },

    #[error("required flag(s) {flags} not set")]
    #[diagnostic(code(atmos::custom::flag_missing), help("run `{command} --help` for its flags"))]
    FlagMissing { flags: String, command: String },

    #[error("incorrect usage: {message}")]
    #[diagnostic(code(atmos::custom::arguments), help("{help}"))]
    Arguments { message: String, help: String },

    #[error("invalid value \"{value}\" for {what} {name} (valid values: {valid})")]
    #[diagnostic(code(atmos::custom::value), help("use one of the valid values"))]
    Value { what: &'static str, name: String, value: String, valid: String },

    #[error("The {command} command has no steps or subcommands configured")]
    #[diagnostic(code(atmos::custom::empty), help("give it `steps` or `commands` in atmos.yaml"))]
    Empty { command: String },

    #[error("`{command}` requires a subcommand\n\nAvailable command(s):\n{list}")]
    #[diagnostic(code(atmos::custom::subcommand), help("run `{command} --help` for more"))]
    NoSubcommand { command: String, list: String },

    #[error("the default subcommand `{default}` of the custom command `{command}` {reason}")]
    #[diagnostic(code(atmos::custom::default), help("set `default` to one of the configured subcommands"))]
    Default { command: String, default: String, reason: &'static str },

    #[error("the alias `{chain}` leads back to itself")]
    #[diagnostic(code(atmos::custom::alias_cycle), help("correct `aliases` in atmos.yaml"))]
    AliasCycle { chain: String },

    #[error(
        "invalid component_config value: `component_config.{key}` of the custom command `{command}` is `{text}`, which gives nothing"
    )]
    #[diagnostic(code(atmos::custom::component_config), help("it must give the name of a component and of a stack"))]
    ComponentConfig { command: String, key: &'static str, text: String },

    #[error("the command behind the variable `{name}` of the custom command `{command}` failed with code {code}")]
    #[diagnostic(code(atmos::custom::value_command), help("run it yourself to see why: {text}"))]
    ValueCommand { command: String, name: String, code: u8, text: String },
}

impl Failure for Error {
    fn title(&self) -> Option<&'static str> {
        match self {
            Error::Empty { .. } | Error::Malformed { .. } | Error::Default { .. } => Some("Invalid Command"),
            Error::Arguments { .. } | Error::FlagMissing { .. } | Error::Value { .. } | Error::NoSubcommand { .. } => {
                Some("Incorrect Usage")
            }
            _ => None,
        }
    }
}
