//! `atmos profile`

use super::super::args::{ProfileArgs, ProfileCommand, ProfileShowArgs};
use super::super::error::Error;
use super::super::setup::Context;
use super::list::plain;
use super::{unknown, write};
use crate::config::{self, Profile};
use crate::diag::{Result, nearest};
use crate::value::{Map, Node};
use crate::yaml;

pub(super) fn run(context: &Context, args: ProfileArgs) -> Result<u8> {
    match args.command {
        ProfileCommand::List(args) => plain::profiles(context, args),
        ProfileCommand::Show(args) => show(context, &args),
        ProfileCommand::Other(words) => Err(unknown::command("atmos profile", &words).into()),
    }
}

fn show(context: &Context, args: &ProfileShowArgs) -> Result<u8> {
    let format = args.format.as_deref().unwrap_or("text");
    if !["text", "json", "yaml"].contains(&format) {
        return Err(Error::Format { format: format.to_owned(), valid: "text, json, yaml" }.into());
    }
    let mut flags = context.config_flags();
    flags.profiles.clear();
    let profiles = config::profiles(&context.host, &flags)?;
    let Some(profile) = profiles.iter().find(|profile| profile.name == args.name) else {
        let names: Vec<&str> = profiles.iter().map(|profile| profile.name.as_str()).collect();
        let near = nearest(&args.name, names.iter().copied()).map(|near| format!("did you mean `{near}`?\n"));
        let known = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        let help = format!("{}profiles: {known}", near.unwrap_or_default());
        return Err(Error::UnknownProfile { name: args.name.clone(), help }.into());
    };
    match format {
        "json" => write::data(context, &yaml::emit_json_record(&document(profile)))?,
        "yaml" => write::data(context, &yaml::emit_record(&document(profile), 2))?,
        _ => write::data(context, &text(context, profile))?,
    }
    Ok(0)
}

fn document(profile: &Profile) -> Node {
    let files = profile.files.iter().map(|file| Node::from(file.as_str())).collect::<Vec<_>>();
    Node::from(Map::from_iter([
        ("name".into(), Node::from(profile.name.as_str())),
        ("location".into(), Node::from(profile.location)),
        ("path".into(), Node::from(profile.directory.display().to_string())),
        ("files".into(), Node::from(files)),
        ("metadata".into(), profile.metadata.clone()),
    ]))
}

fn text(context: &Context, profile: &Profile) -> String {
    let path = profile.directory.strip_prefix(&context.host.cwd).unwrap_or(&profile.directory).display();
    let mut text = format!("Profile:  {}\nLocation: {}\nPath:     {path}\n", profile.name, profile.location);
    if !profile.metadata.is_empty() {
        let metadata = yaml::emit(&profile.metadata, 2);
        text.push_str("Metadata:\n");
        text.extend(metadata.lines().filter(|line| !line.is_empty()).map(|line| format!("  {line}\n")));
    }
    text.push_str("Files:\n");
    text.extend(profile.files.iter().map(|file| format!("  {file}\n")));
    text + &format!("\nUse it with: atmos --profile {} <command>\n", profile.name)
}
