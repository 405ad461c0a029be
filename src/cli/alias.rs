//! `aliases:` of the configuration: other words for commands.

use std::ffi::{OsStr, OsString};

use super::commands::is_reserved;
use super::native;
use super::setup::Context;
use crate::config;
use crate::diag::Result;
use crate::value::Node;

/// The words of a call with its first one, `name`, replaced by what it stands for; `None` when it is no alias. Commands
/// of the program cannot be replaced.
///
/// # Errors
/// A configuration that cannot be read.
pub(super) fn expanded(context: &Context, words: &[OsString], name: &OsStr) -> Result<Option<Vec<OsString>>> {
    let Some(name) = name.to_str().filter(|name| !is_reserved(name)) else { return Ok(None) };
    let config = config::load(&context.host, &context.config_flags())?;
    let Some(text) = config.document.get_path(["aliases", name]).and_then(Node::as_str) else { return Ok(None) };
    let Ok(command) = shell_words::split(text) else { return Ok(None) };
    let texts: Vec<String> = words.iter().map(|word| word.to_string_lossy().into_owned()).collect();
    let Some(index) = native::next_plain(&texts, 1) else { return Ok(None) };
    let (before, behind) = (&words[..index], &words[index + 1..]);
    let command = command.into_iter().map(OsString::from);
    Ok(Some(before.iter().cloned().chain(command).chain(behind.iter().cloned()).collect()))
}
