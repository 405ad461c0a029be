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
    let count = pages(&folder, &table, "").map_err(failed)?;
    context.host.talk.success(format!("Wrote {count} pages to {}", folder.display()));
    Ok(0)
}

fn page(command: &clap::Command) -> std::io::Result<String> {
    let mut bytes = Vec::new();
    clap_mangen::Man::new(command.clone()).render(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Writes the page of a command and those of its sub-commands; returns how many there are.
fn pages(folder: &Path, command: &clap::Command, above: &str) -> std::io::Result<usize> {
    let name = if above.is_empty() { command.get_name().to_owned() } else { format!("{above}-{}", command.get_name()) };
    std::fs::write(folder.join(format!("{name}.1")), page(&command.clone().display_name(name.clone()))?)?;
    let below = command.get_subcommands().filter(|command| !command.is_hide_set() && command.get_name() != "help");
    below.map(|command| pages(folder, command, &name)).sum::<std::io::Result<usize>>().map(|count| count + 1)
}
