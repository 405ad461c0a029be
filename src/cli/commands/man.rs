//! `atmos man`: manual pages of the command table.

use std::path::Path;

use super::super::args::ManArgs;
use super::super::error::Error;
use super::super::parse;
use super::super::setup::Context;
use super::write;
use crate::diag::Result;

pub(super) fn run(context: &Context, args: &ManArgs) -> Result<u8> {
    let table = parse::command();
    let Some(folder) = &args.dir else {
        let page = page(&table).map_err(|cause| Error::Write { path: "stdout".to_owned(), cause })?;
        write::raw(context, &page)?;
        return Ok(0);
    };
    let folder = context.host.absolute(folder);
    let failed = |cause| Error::Write { path: folder.display().to_string(), cause };
    std::fs::create_dir_all(&folder).map_err(failed)?;
    let count = pages(&folder, &table, &[]).map_err(failed)?;
    context.host.talk.success(format!("Wrote {count} pages to {}", folder.display()));
    Ok(0)
}

fn page(command: &clap::Command) -> std::io::Result<String> {
    let mut bytes = Vec::new();
    let usage = synopsis(command);
    clap_mangen::Man::new(command.clone().override_usage(usage)).render(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// The words behind the name of a command: its flags with their values, arguments, sub-commands.
fn synopsis(command: &clap::Command) -> String {
    let mut words: Vec<String> = vec![command.get_bin_name().unwrap_or_else(|| command.get_name()).to_owned()];
    let shown = |arg: &&clap::Arg| !arg.is_hide_set();
    for arg in command.get_arguments().filter(shown).filter(|arg| !arg.is_positional()) {
        let takes = arg.get_action().takes_values();
        let name = match (arg.get_long(), arg.get_short()) {
            (Some(long), _) => format!("--{long}"),
            (None, Some(short)) => format!("-{short}"),
            (None, None) => continue,
        };
        let value = if takes { format!(" <{}>", value_name(arg)) } else { String::new() };
        let needed = arg.is_required_set();
        words.push(if needed { format!("{name}{value}") } else { format!("[{name}{value}]") });
    }
    for arg in command.get_positionals().filter(shown) {
        let name = value_name(arg);
        let more = if arg.get_num_args().is_some_and(|count| count.max_values() > 1) { "..." } else { "" };
        words.push(if arg.is_required_set() { format!("<{name}>{more}") } else { format!("[{name}]{more}") });
    }
    if command.has_subcommands() {
        words.push("<COMMAND>".to_owned());
    }
    words.join(" ")
}

fn value_name(arg: &clap::Arg) -> String {
    let names = arg.get_value_names().unwrap_or_default();
    if names.is_empty() { arg.get_id().as_str().to_uppercase() } else { names.join(" ") }
}

/// Writes the page of a command and those of its sub-commands; returns how many there are. `above` are the commands that
/// lead there.
fn pages(folder: &Path, command: &clap::Command, above: &[&str]) -> std::io::Result<usize> {
    let path: Vec<&str> = above.iter().copied().chain([command.get_name()]).collect();
    let name = path.join("-");
    let named = command.clone().display_name(name.clone()).bin_name(path.join(" "));
    std::fs::write(folder.join(format!("{name}.1")), page(&named)?)?;
    let below = command.get_subcommands().filter(|command| !command.is_hide_set() && command.get_name() != "help");
    below.map(|command| pages(folder, command, &path)).sum::<std::io::Result<usize>>().map(|count| count + 1)
}
