//! Lists of what is in the configuration, not in stacks.

use std::sync::Arc;

use super::super::super::args::PlainListArgs;
use super::super::super::setup::Context;
use super::super::write;
use super::{ROWS, asked_format, given, parse_format, print, row_format, view};
use crate::config::{self, Profile};
use crate::diag::Result;
use crate::ops::App;
use crate::ops::list::{self, Rows, Subject, View};
use crate::value::{Map, Node};
use crate::yaml;

pub(in super::super) fn profiles(context: &Context, args: PlainListArgs) -> Result<u8> {
    let mut flags = context.config_flags();
    // What can be asked for does not depend on what is asked for.
    flags.profiles.clear();
    let found = config::profiles(&context.host, &flags)?;
    // Without a choice of columns programs get the whole of a profile.
    let format = asked_format(context, args.format.format.as_deref());
    if args.columns.columns.is_empty() && args.filter.is_none() {
        match format.as_deref() {
            Some("json") => return write::data(context, &yaml::emit_json_record(&records(&found, JSON))).map(|()| 0),
            Some("yaml") => return write::data(context, &yaml::emit_record(&records(&found, YAML), 2)).map(|()| 0),
            _ => {}
        }
    }
    show(context, args, Subject::Profiles, "No profiles configured.", |app, view| list::profiles(app, &found, view))
}

/// Keys of a profile, which the reference spells differently in each format.
const JSON: [&str; 5] = ["Name", "Path", "LocationType", "Files", "Metadata"];
const YAML: [&str; 5] = ["name", "path", "locationtype", "files", "metadata"];

fn records(profiles: &[Profile], keys: [&str; 5]) -> Node {
    let record = |profile: &Profile| {
        let files: Vec<Node> = profile.files.iter().map(|file| Node::from(file.as_str())).collect();
        let values = [
            Node::from(profile.name.as_str()),
            Node::from(profile.directory.display().to_string()),
            Node::from(profile.location),
            Node::from(files),
            if profile.metadata.is_empty() { Node::default() } else { profile.metadata.clone() },
        ];
        Node::from(keys.into_iter().map(Arc::from).zip(values).collect::<Map>())
    };
    Node::from(profiles.iter().map(record).collect::<Vec<Node>>())
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
