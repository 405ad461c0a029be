//! `atmos theme`

use super::super::args::{PlainListArgs, ThemeArgs, ThemeCommand};
use super::super::error::Error;
use super::super::setup::{self, Context};
use super::list::plain;
use super::{unknown, write};
use crate::config::{THEMES, Theme, find_theme};
use crate::diag::{Result, nearest};
use crate::output::painted;

pub(super) fn run(context: &Context, args: ThemeArgs) -> Result<u8> {
    match args.command {
        ThemeCommand::List(args) => {
            let args = PlainListArgs { filter: None, format: args.format, columns: args.columns };
            plain::themes(context, args)
        }
        ThemeCommand::Show(args) => show(context, &args.name),
        ThemeCommand::Other(words) => Err(unknown::command("atmos theme", &words).into()),
    }
}

fn show(context: &Context, name: &str) -> Result<u8> {
    let Some(theme) = find_theme(name) else {
        let names = THEMES.map(|theme| theme.name);
        let near = nearest(name, names).map(|near| format!("did you mean `{near}`?\n")).unwrap_or_default();
        let help = format!("{near}themes: {}", names.join(", "));
        return Err(Error::UnknownTheme { name: name.to_owned(), help }.into());
    };
    write::data(context, &text(theme, setup::colour_of_stdout(context)))?;
    Ok(0)
}

fn text(theme: &Theme, colour: bool) -> String {
    let kind = if theme.dark { "Dark" } else { "Light" };
    let roles = [
        ("error", theme.error),
        ("warning", theme.warning),
        ("success", theme.success),
        ("heading", theme.heading),
        ("muted", theme.muted),
    ];
    let line = |(role, value): (&str, Option<&str>)| {
        let shown = format!("  {role:<8} {}\n", value.unwrap_or("as the terminal has it"));
        value.filter(|_| colour).map_or(shown.clone(), |value| painted(&shown, value))
    };
    format!("Theme: {}\nType: {kind}\n\n{}", theme.name, roles.map(line).concat())
}
