//! What must be there before anything is done.

use std::ffi::OsStr;

use super::At;
use super::error::Error;
use crate::diag::Result;
use crate::step::{self, Require};
use crate::value::Node;

/// Looks for everything and names all that is missing at once.
///
/// # Errors
/// Something is missing.
pub(in super::super) fn require(at: &At<'_>, wanted: &Require) -> Result<step::Outcome> {
    let (tools, files) = (at.rendered(&wanted.tools)?, at.rendered(&wanted.files)?);
    let folders = at.rendered(&wanted.folders)?;
    let search = at.env.get_raw("PATH").map(OsStr::to_os_string);
    let has_tool = |tool: &String| which::which_in(tool, search.as_ref(), at.cwd).is_ok();
    let lost = |names: &[String], is_there: &dyn Fn(&String) -> bool, word: &str| {
        let lost = names.iter().filter(|name| !name.is_empty() && !is_there(name));
        lost.map(|name| format!("the {word} `{name}`")).collect::<Vec<_>>()
    };
    let no_tools = lost(&tools, &has_tool, "program");
    let mut missing = no_tools.clone();
    missing.extend(lost(&files, &|file| at.path(file).exists(), "file"));
    missing.extend(lost(&folders, &|folder| at.path(folder).is_dir(), "folder"));
    if !missing.is_empty() {
        let mut help = Vec::new();
        if !no_tools.is_empty() {
            help.push("programs are looked for in the PATH of the step".to_owned());
        }
        if missing.len() > no_tools.len() {
            help.push(format!("relative paths begin at {}", at.cwd.display()));
        }
        help.extend(wanted.hint.as_deref().map(|hint| at.render(hint)).transpose()?);
        let (step, missing, help) = (at.step.name.clone(), missing.join(", "), help.join("\n"));
        return Err(Error::Missing { step, missing, help, place: at.place() }.into());
    }
    let counts = [("tools", tools.len()), ("files", files.len()), ("dirs", folders.len())];
    let value = format!("{} programs, {} files and {} folders are there", tools.len(), files.len(), folders.len());
    let number = |count: usize| Node::from(i64::try_from(count).unwrap_or(i64::MAX));
    let more = counts.into_iter().map(|(key, count)| (key, number(count))).collect();
    Ok(step::Outcome { value, more, ..step::Outcome::default() })
}
