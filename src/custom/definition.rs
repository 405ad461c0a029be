//! One command as the configuration says it.

use std::collections::BTreeSet;

use super::Error;
use crate::diag::Remark;
use crate::span::{Sources, Span};
use crate::step::{self, Directory, Kind};
use crate::value::Node;

/// A positional argument.
#[derive(Debug, Clone, Default)]
pub struct Argument {
    pub name: String,
    pub description: String,
    pub required: bool,
    /// Empty counts as none.
    pub default: Option<String>,
    /// It names a component or a stack.
    pub meaning: Option<String>,
    /// The only values that are taken; all of them when empty.
    pub values: Vec<String>,
    pub span: Span,
}

/// Type of a flag.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FlagKind {
    #[default]
    Text,
    Bool,
}

impl FlagKind {
    pub fn as_str(self) -> &'static str {
        match self {
            FlagKind::Text => "string",
            FlagKind::Bool => "bool",
        }
    }
}

/// A flag.
#[derive(Debug, Clone, Default)]
pub struct Flag {
    pub name: String,
    pub shorthand: Option<String>,
    /// `None` when the type is unknown.
    pub kind: Option<FlagKind>,
    pub type_text: String,
    pub description: String,
    pub required: bool,
    pub default: Option<String>,
    /// It names a component or a stack.
    pub meaning: Option<String>,
    pub values: Vec<String>,
    pub span: Span,
}

/// Where a variable of `env` gets its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// A template.
    Text(String),
    /// What a shell command prints.
    Command(String),
    /// Both were given, which nobody can mean.
    Both,
}

/// An entry of `env`.
#[derive(Debug, Clone)]
pub struct Variable {
    pub name: String,
    pub origin: Origin,
    pub span: Span,
}

/// `component_config`: templates for a component and its stack.
#[derive(Debug, Clone)]
pub struct ComponentConfig {
    pub component: String,
    pub stack: String,
    pub span: Span,
}

/// One command.
#[derive(Debug, Clone, Default)]
pub struct Definition {
    pub name: String,
    pub description: String,
    pub aliases: Vec<String>,
    /// Not shown in help.
    pub internal: bool,
    /// Sub-command that a call without words means.
    pub default: Option<String>,
    /// Its own, else that of the command around it.
    pub working_directory: Option<Directory>,
    pub identity: Option<String>,
    pub verbose: bool,
    pub env: Vec<Variable>,
    pub arguments: Vec<Argument>,
    pub flags: Vec<Flag>,
    pub component_config: Option<ComponentConfig>,
    /// `component.type`
    pub component_type: Option<String>,
    /// Read when the command runs.
    pub steps: Node,
    pub commands: Vec<Definition>,
    /// `dependencies`
    pub dependencies: Node,
    pub span: Span,
    /// What was wrong when it was read.
    pub problem: Option<String>,
    /// Keys of the command, its flags and arguments that nothing reads.
    pub strange: Vec<Remark>,
}

/// A flag that commands have anyway.
#[derive(Debug, Clone)]
pub struct Reserved {
    pub name: String,
    pub shorthand: Option<char>,
    pub kind: FlagKind,
}

impl Definition {
    /// Keys that nothing reads, those of its steps included.
    pub fn remarks(&self, sources: &Sources) -> Vec<Remark> {
        let mut found = self.strange.clone();
        found.extend(step::remarks(&self.steps, &format!("the command `{}`", self.name), sources));
        found
    }

    /// What is wrong with its steps.
    pub fn faults(&self, sources: &Sources) -> Vec<step::Error> {
        step::faults(&self.steps, &Kind::Shell, &format!("the command `{}`", self.name), sources)
    }

    /// Its steps were given.
    pub fn has_steps(&self) -> bool {
        self.steps.as_list().is_some_and(|steps| !steps.is_empty())
    }

    /// Whether the command can be used. `reserved` are the flags that every command has.
    ///
    /// # Errors
    /// Malformed sections, arguments and flags that occur twice or cannot be typed or collide with those of every
    /// command, a variable with two origins.
    pub fn check(&self, reserved: &[Reserved]) -> Result<(), Error> {
        self.fault(reserved).map_err(|(error, _)| error)
    }

    /// The same with the place of what is wrong.
    ///
    /// # Errors
    /// Those of [`Definition::check`].
    pub fn check_at(&self, reserved: &[Reserved], sources: &Sources) -> Result<(), Error> {
        self.fault(reserved).map_err(|(error, span)| error.at(span, sources))
    }

    fn fault(&self, reserved: &[Reserved]) -> Result<(), (Error, Span)> {
        let command = || self.name.clone();
        if let Some(problem) = &self.problem {
            return Err((Error::Malformed { command: command(), problem: problem.clone() }, self.span));
        }
        let mut names = BTreeSet::new();
        for argument in &self.arguments {
            if argument.name.is_empty() {
                return Err((Error::Nameless { command: command(), what: "an argument" }, argument.span));
            }
            if !names.insert(argument.name.as_str()) {
                let argument_name = argument.name.clone();
                return Err((Error::DuplicateArgument { command: command(), argument: argument_name }, argument.span));
            }
        }
        let (mut names, mut shorthands) = (BTreeSet::new(), BTreeSet::new());
        for flag in &self.flags {
            self.check_flag(flag, reserved, &mut names, &mut shorthands).map_err(|error| (error, flag.span))?;
        }
        match self.env.iter().find(|variable| variable.origin == Origin::Both) {
            None => Ok(()),
            Some(variable) => {
                Err((Error::TwoOrigins { command: command(), name: variable.name.clone() }, variable.span))
            }
        }
    }

    /// Why an alias stands for nothing. `others` are the commands beside this one.
    fn lost(&self, alias: &str, others: &[Definition]) -> Option<&'static str> {
        if alias == self.name {
            Some("is its own name")
        } else if alias == "help" {
            Some("is the word for help")
        } else if !is_word(alias) {
            Some("cannot be typed")
        } else {
            let is_name = others.iter().any(|other| other.name == alias);
            is_name.then_some("is the name of another command, which goes first")
        }
    }

    /// The aliases that stand for the command. `others` are the commands beside this one.
    pub fn active_aliases(&self, others: &[Definition]) -> BTreeSet<&String> {
        self.aliases.iter().filter(|alias| self.lost(alias, others).is_none()).collect()
    }

    fn check_flag<'f>(
        &self,
        flag: &'f Flag,
        reserved: &[Reserved],
        names: &mut BTreeSet<&'f str>,
        shorthands: &mut BTreeSet<char>,
    ) -> Result<(), Error> {
        let command = || self.name.clone();
        let named = || (command(), flag.name.clone());
        if flag.name.is_empty() {
            return Err(Error::Nameless { command: command(), what: "a flag" });
        }
        if !is_word(&flag.name) || flag.name.contains('=') {
            let (command, flag) = named();
            return Err(Error::FlagName { command, flag });
        }
        if !names.insert(flag.name.as_str()) {
            let (command, flag) = named();
            return Err(Error::DuplicateFlag { command, flag: format!("--{flag}") });
        }
        let Some(kind) = flag.kind else {
            let (command, flag_name) = named();
            return Err(Error::FlagType { command, flag: flag_name, kind: flag.type_text.clone() });
        };
        if let Some(known) = reserved.iter().find(|known| known.name == flag.name) {
            if known.kind != kind {
                let (command, flag) = named();
                let (declared, existing) = (kind.as_str(), known.kind.as_str());
                return Err(Error::ReservedFlag { command, flag, declared, existing });
            }
            // Its shorthand is that of the flag it stands for.
            return Ok(());
        }
        let Some(shorthand) = &flag.shorthand else { return Ok(()) };
        let mut letters = shorthand.chars();
        let (Some(letter), None) = (letters.next(), letters.next()) else {
            let (command, flag) = named();
            return Err(Error::Shorthand { command, flag, shorthand: shorthand.clone() });
        };
        if let Some(known) = reserved.iter().find(|known| known.shorthand == Some(letter)) {
            let (command, shorthand, existing) = (command(), shorthand.clone(), known.name.clone());
            return Err(Error::ReservedShorthand { command, shorthand, existing });
        }
        if letter.is_whitespace() || letter == '-' || letter == '=' || !shorthands.insert(letter) {
            return Err(Error::DuplicateFlag { command: command(), flag: format!("-{shorthand}") });
        }
        Ok(())
    }
}

/// What is wrong with these commands that keeps none of them from running: aliases that stand for nothing, defaults that
/// are not of the type of their flag.
pub fn remarks(commands: &[Definition], sources: &Sources) -> Vec<Error> {
    let mut found = Vec::new();
    for command in commands {
        for alias in &command.aliases {
            if let Some(reason) = command.lost(alias, commands) {
                let error = Error::Alias { command: command.name.clone(), alias: alias.clone(), reason };
                found.push(error.at(command.span, sources));
            }
        }
        for flag in command.flags.iter().filter(|flag| flag.kind == Some(FlagKind::Bool)) {
            if let Some(value) = flag.default.clone().filter(|text| crate::value::parse_bool(text).is_none()) {
                let (command, name) = (command.name.clone(), flag.name.clone());
                found.push(Error::FlagDefault { command, flag: name, value }.at(flag.span, sources));
            }
        }
    }
    found
}

/// Whether the text can be typed as one word that is no flag.
fn is_word(text: &str) -> bool {
    !text.is_empty() && !text.starts_with('-') && !text.contains(char::is_whitespace)
}
