//! What can be wrong with a custom command or with a call of it.

use miette::Diagnostic;
use thiserror::Error as ThisError;

use crate::diag::Failure;
use crate::span::{Sources, Span};

/// Errors of custom commands.
#[derive(Debug, ThisError, Diagnostic)]
pub enum Error {
    #[error("invalid command `{command}`: {problem}")]
    #[diagnostic(code(atmos::custom::malformed), help("correct the `commands` section of atmos.yaml"))]
    Malformed { command: String, problem: String },

    /// Another error, with the place that is at fault.
    #[error("{error} at {place}")]
    #[diagnostic(forward(error))]
    Placed { error: Box<Error>, place: String },

    #[error("duplicate argument: the custom command `{command}` declares the argument `{argument}` twice")]
    #[diagnostic(
        code(atmos::custom::duplicate_argument),
        help("remove or rename it in the `commands` section of atmos.yaml")
    )]
    DuplicateArgument { command: String, argument: String },

    #[error("the custom command `{command}` has {what} without a name")]
    #[diagnostic(code(atmos::custom::nameless), help("give it a `name` in the `commands` section of atmos.yaml"))]
    Nameless { command: String, what: &'static str },

    #[error("the flag `{flag}` of the custom command `{command}` cannot be typed")]
    #[diagnostic(
        code(atmos::custom::flag_name),
        help("write its name without the leading `--`, without `=` and without blanks")
    )]
    FlagName { command: String, flag: String },

    #[error("the default `{value}` of the flag `--{flag}` of the custom command `{command}` is neither true nor false")]
    #[diagnostic(code(atmos::custom::flag_default), help("a flag of the type bool is true or false"))]
    FlagDefault { command: String, flag: String, value: String },

    #[error("the alias `{alias}` of the custom command `{command}` {reason}")]
    #[diagnostic(code(atmos::custom::alias), help("remove or rename it in the `commands` section of atmos.yaml"))]
    Alias { command: String, alias: String, reason: &'static str },

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

impl Error {
    pub(super) fn at(self, span: Span, sources: &Sources) -> Error {
        match sources.place(span) {
            Some(place) => Error::Placed { error: Box::new(self), place: place.to_string() },
            None => self,
        }
    }
}

impl Error {
    /// What is wrong, and where.
    pub fn parts(&self) -> (String, Option<&str>) {
        match self {
            Error::Placed { error, place } => (error.to_string(), Some(place)),
            error => (error.to_string(), None),
        }
    }
}

impl Failure for Error {
    fn title(&self) -> Option<&'static str> {
        match self {
            Error::Placed { error, .. } => error.title(),
            Error::Empty { .. } | Error::Malformed { .. } | Error::Default { .. } => Some("Invalid Command"),
            Error::Arguments { .. } | Error::FlagMissing { .. } | Error::Value { .. } | Error::NoSubcommand { .. } => {
                Some("Incorrect Usage")
            }
            _ => None,
        }
    }
}
