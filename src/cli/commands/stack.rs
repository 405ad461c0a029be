//! `atmos stack`

use super::super::args::{StackArgs, StackCommand, StackPlaceArgs};
use super::super::setup::Context;
use super::{config, unknown, write};
use crate::diag::Result;
use crate::ops::edit::{self, StackWish};
use crate::ops::schema;
use crate::output::masked;
use crate::yaml;

pub(super) fn run(context: &Context, args: StackArgs) -> Result<u8> {
    match args.command {
        StackCommand::Get(args) => get(context, &wish(args.path, args.place)),
        StackCommand::Set(args) => {
            let (wish, type_) = (wish(args.set.path, args.place), args.set.type_.parse()?);
            let done = edit::stack(&context.app_with_config()?, &wish, Some((&args.set.value, type_)))?;
            Ok(config::told(context, &wish.path, &done))
        }
        StackCommand::Delete(args) => {
            let wish = wish(args.path, args.place);
            let done = edit::stack(&context.app_with_config()?, &wish, None)?;
            Ok(config::told(context, &wish.path, &done))
        }
        StackCommand::Schema => {
            let app = context.app()?;
            write::data(context, &schema::manifest(&app))?;
            Ok(0)
        }
        StackCommand::Other(words) => Err(unknown::command("atmos stack", &words).into()),
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
