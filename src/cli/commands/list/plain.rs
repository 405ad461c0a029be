//! Lists of what is in the configuration, not in stacks.

use super::super::super::args::PlainListArgs;
use super::super::super::setup::Context;
use super::{ROWS, asked_format, given, parse_format, print, row_format, view};
use crate::config;
use crate::diag::Result;
use crate::ops::App;
use crate::ops::list::{self, Rows, Subject, View};

pub(in super::super) fn profiles(context: &Context, args: PlainListArgs) -> Result<u8> {
    let mut flags = context.config_flags();
    // What can be asked for does not depend on what is asked for.
    flags.profiles.clear();
    let found = config::profiles(&context.host, &flags)?;
    show(context, args, Subject::Profiles, "No profiles configured.", |app, view| list::profiles(app, &found, view))
}

pub(in super::super) fn themes(context: &Context, args: PlainListArgs) -> Result<u8> {
    show(context, args, Subject::Themes, "No themes", list::themes)
}

pub(in super::super) fn repositories(context: &Context, args: PlainListArgs) -> Result<u8> {
    let none = "No repositories configured under git.repositories.";
    show(context, args, Subject::Repositories, none, list::repositories)
}

fn show(
    context: &Context,
    args: PlainListArgs,
    subject: Subject,
    none: &str,
    rows: impl FnOnce(&App, &View) -> Result<Rows>,
) -> Result<u8> {
    parse_format(asked_format(context, args.format.format.as_deref()).as_deref(), ROWS)?;
    let app = context.app()?;
    let (format, delimiter) = row_format(context, &app, &args.format, subject)?;
    let mut view = view(&context.host.env, args.columns);
    view.filter = given(args.filter, &context.host.env, "ATMOS_LIST_FILTER");
    print(context, rows(&app, &view)?, format, delimiter.as_deref(), none)
}
