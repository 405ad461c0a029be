//! `atmos stack`

use super::super::args::{
    KeysArgs, LayoutArgs, ScopeArgs, StackArgs, StackCommand, StackConfigCommand, StackKeysArgs, StackLayoutArgs,
    StackPlaceArgs, StackSetArgs, StackValueCommand, ValidateCommand, ValidationArgs,
};
use super::super::setup::Context;
use super::{config, unknown, validate, write};
use crate::diag::Result;
use crate::ops::edit::{self, StackWish};
use crate::ops::schema;
use crate::output::masked;
use crate::yaml;

pub(super) fn run(context: &Context, args: StackArgs) -> Result<u8> {
    match args.command {
        StackCommand::Value(command) => value(context, command),
        StackCommand::Config(args) => match args.command {
            StackConfigCommand::Value(command) => value(context, command),
            StackConfigCommand::Other(words) => Err(unknown::command("atmos stack config", &words).into()),
        },
        StackCommand::Schema => {
            let app = context.app()?;
            write::data(context, &schema::manifest(&app))?;
            Ok(0)
        }
        StackCommand::Validate(args) => {
            let command = Some(ValidateCommand::Stacks(args));
            validate::run(context, ValidationArgs { scope: ScopeArgs::default(), command })
        }
        StackCommand::Other(words) => Err(unknown::command("atmos stack", &words).into()),
    }
}

/// What both groups of commands have.
fn value(context: &Context, command: StackValueCommand) -> Result<u8> {
    match command {
        StackValueCommand::Get(args) => get(context, &wish(args.path, args.place)),
        StackValueCommand::Set(args) => set(context, args),
        StackValueCommand::Delete(args) => delete(context, &wish(args.path, args.place)),
        StackValueCommand::Format(args) => format(context, &args),
        StackValueCommand::List(args) => list(context, &args),
    }
}

fn wish(path: String, place: StackPlaceArgs) -> StackWish {
    StackWish { component: place.component, stack: place.stack, path, file: place.file }
}

/// The value on stdout, its place on stderr.
fn get(context: &Context, wish: &StackWish) -> Result<u8> {
    let app = context.app_with_config()?;
    let shown = edit::look(&app, wish)?;
    if let Some(place) = &shown.place {
        context.host.talk.info(format!("{} comes from {place}", wish.path));
    }
    let value = masked(&shown.value, &context.host.masker);
    let text = match value.scalar_text() {
        Some(text) => format!("{text}\n"),
        None => yaml::emit(&value, app.config.settings.tab_width),
    };
    write::masked_to(context, &text, None, None)?;
    Ok(0)
}

fn set(context: &Context, args: StackSetArgs) -> Result<u8> {
    let (wish, type_) = (wish(args.set.path, args.place), args.set.type_.parse()?);
    let done = edit::stack(&context.app_with_config()?, &wish, Some((&args.set.value, type_)))?;
    Ok(config::told(context, &wish.path, &done))
}

fn delete(context: &Context, wish: &StackWish) -> Result<u8> {
    let done = edit::stack(&context.app_with_config()?, wish, None)?;
    Ok(config::told(context, &wish.path, &done))
}

fn format(context: &Context, args: &StackLayoutArgs) -> Result<u8> {
    let StackLayoutArgs { layout: LayoutArgs { check }, place } = args;
    let app = context.app_with_config()?;
    let done = edit::format_stack(&app, &place.component, &place.stack, place.file.as_deref(), *check)?;
    Ok(config::laid_out(context, &done, *check))
}

/// The values of a component, file by file.
fn list(context: &Context, args: &StackKeysArgs) -> Result<u8> {
    let StackKeysArgs { keys, place } = args;
    let KeysArgs { pattern, .. } = keys;
    let app = context.app_with_config()?;
    let rows = edit::stack_paths(&app, &place.component, &place.stack, place.file.as_deref(), pattern.as_deref())?;
    config::keys(context, rows, keys)
}
