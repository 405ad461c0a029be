//! Arguments and flags of one call, after defaults and checks. Pure.

use std::sync::Arc;

use super::definition::{Definition, FlagKind};
use super::error::Error;
use crate::value::{Map, Node, parse_bool};

/// What the user typed.
#[derive(Debug, Clone, Default)]
pub struct Given {
    /// Positional words before `--`.
    pub arguments: Vec<String>,
    /// Flags that were typed, by name.
    pub flags: Vec<(String, String)>,
    /// Words after `--`.
    pub trailing: Vec<String>,
}

/// What templates of the command see.
#[derive(Debug, Clone, Default)]
pub struct Values {
    pub arguments: Map,
    pub flags: Map,
    /// The words after `--`, quoted for a shell.
    pub trailing: String,
}

impl Values {
    /// Fills in defaults and checks what was typed. `path` is the whole command, for messages.
    ///
    /// # Errors
    /// Too few or too many arguments, required flags that are missing, values that are not allowed.
    pub fn of(command: &Definition, path: &str, given: &Given) -> Result<Values, Error> {
        let arguments = arguments(command, path, &given.arguments)?;
        let flags = flags(command, path, &given.flags)?;
        for argument in command.arguments.iter().filter(|argument| !argument.values.is_empty()) {
            check("argument", &argument.name, arguments.get(argument.name.as_str()), &argument.values)?;
        }
        for flag in command.flags.iter().filter(|flag| !flag.values.is_empty()) {
            let value = flags.get(flag.name.as_str()).filter(|value| flag.required || !value.is_empty());
            check("flag", &flag.name, value, &flag.values)?;
        }
        Ok(Values { arguments, flags, trailing: shell_words::join(&given.trailing) })
    }

    /// The value of what names a component or a stack: the first argument or flag of that meaning, else the one of that
    /// name.
    pub fn meant(&self, command: &Definition, meaning: &str) -> Option<String> {
        let is = |wanted: &Option<String>| wanted.as_deref() == Some(meaning);
        let argument = command.arguments.iter().find(|argument| is(&argument.meaning)).map(|argument| &argument.name);
        let flag = command.flags.iter().find(|flag| is(&flag.meaning)).map(|flag| &flag.name);
        let by_meaning = argument
            .and_then(|name| self.arguments.get(name.as_str()))
            .or_else(|| flag.and_then(|name| self.flags.get(name.as_str())));
        let by_name = || self.arguments.get(meaning).or_else(|| self.flags.get(meaning));
        by_meaning.or_else(by_name).and_then(Node::scalar_text).filter(|text| !text.is_empty())
    }
}

fn arguments(command: &Definition, path: &str, typed: &[String]) -> Result<Map, Error> {
    let usage = || {
        let names = command.arguments.iter().map(|argument| {
            let needed = argument.required && argument.default.is_none();
            if needed { format!(" <{}>", argument.name) } else { format!(" [{}]", argument.name) }
        });
        format!("{path}{}", names.collect::<String>())
    };
    let wrong = |message: String| Error::Arguments { message, help: usage() };
    if let Some(extra) = typed.get(command.arguments.len()) {
        let most = command.arguments.len();
        return Err(wrong(format!("unexpected argument `{extra}`: the command takes at most {most} argument(s)")));
    }
    let needed = command.arguments.iter().filter(|argument| argument.required && argument.default.is_none()).count();
    if typed.len() < needed {
        return Err(wrong(format!("the command requires at least {needed} argument(s), received {}", typed.len())));
    }
    let mut values = Map::default();
    for (index, argument) in command.arguments.iter().enumerate() {
        let value = typed.get(index).or(argument.default.as_ref());
        // An empty one could make a command of its step that does something else, to more than one component.
        let Some(value) = value else {
            return Err(wrong(format!("missing argument `{}`, which has no default", argument.name)));
        };
        values.insert(Arc::from(argument.name.as_str()), Node::from(value.as_str()));
    }
    Ok(values)
}

fn flags(command: &Definition, path: &str, typed: &[(String, String)]) -> Result<Map, Error> {
    let typed_value = |name: &str| typed.iter().rev().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
    let missing: Vec<String> = command
        .flags
        .iter()
        .filter(|flag| flag.required && typed_value(&flag.name).is_none())
        .map(|flag| format!("\"{}\"", flag.name))
        .collect();
    if !missing.is_empty() {
        return Err(Error::FlagMissing { flags: missing.join(", "), command: path.to_owned() });
    }
    let mut values = Map::default();
    for flag in &command.flags {
        let text = typed_value(&flag.name).or(flag.default.as_deref());
        let value = match flag.kind {
            Some(FlagKind::Bool) => Node::from(text.and_then(parse_bool).unwrap_or(false)),
            _ => Node::from(text.unwrap_or_default()),
        };
        values.insert(Arc::from(flag.name.as_str()), value);
    }
    Ok(values)
}

fn check(what: &'static str, name: &str, value: Option<&Node>, valid: &[String]) -> Result<(), Error> {
    let Some(value) = value.and_then(Node::scalar_text) else { return Ok(()) };
    if valid.contains(&value) {
        return Ok(());
    }
    Err(Error::Value { what, name: name.to_owned(), value, valid: valid.join(", ") })
}

#[cfg(test)]
#[path = "values_tests.rs"]
mod tests;
