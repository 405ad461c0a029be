//! `atmos config set` and `delete`: which file, and of which type.

use std::path::{Path, PathBuf};

use serde_json::Value as Json;

use super::Error;
use super::file::{Done, File, What, shown};
use super::value::{Said, Type, type_of, value};
use crate::config::{self, Flags};
use crate::diag::{Result, Talk, Warning};
use crate::host::Host;
use crate::ops::App;
use crate::ops::explain::parse;
use crate::validate::CONFIG_SCHEMA;
use crate::yaml::Step;

/// Sets a value of the configuration, or removes it. `flags` are those that lead to the files; the ones of `--config` may
/// be changed.
///
/// # Errors
/// No file to change, a value of another type, or what [`Error`] says of the file.
pub fn config(app: &App, path: &str, new: Option<(&str, Type)>, flags: &Flags) -> Result<Done> {
    let steps = parse(path)?;
    let file = File::open(&app.host, &chosen(app, &flags.config_files)?)?;
    let Some((text, asked)) = new else {
        return file.delete(path, &steps);
    };
    let mut known = Vec::new();
    known.extend(
        of_schema(CONFIG_SCHEMA, &steps).map(|type_| Said { type_, who: "the schema of the configuration wants it" }),
    );
    known.extend(
        file.get(&steps).map(|node| Said { type_: type_of(&node), who: "the value that is there has this type" }),
    );
    let node = value(path, text, asked, &known)?;
    let done = file.set(path, &steps, &node)?;
    if done.what != What::Nothing {
        warn_of_stronger(app, path, &steps, &done.file, flags);
    }
    Ok(done)
}

/// The file that `--config` names, else the one that was found.
pub(super) fn chosen(app: &App, given: &[PathBuf]) -> Result<PathBuf> {
    match given {
        [] => {
            let own = |file: &&PathBuf| file.parent() == Some(Path::new(&app.config.directory)) && is_main(file);
            let found = app.config.files.iter().find(own).or(app.config.files.first());
            Ok(found.cloned().unwrap_or_else(|| app.config.directory.join("atmos.yaml")))
        }
        [file] => Ok(app.host.absolute(file)),
        _ => Err(Error::WhichFile.into()),
    }
}

fn is_main(file: &Path) -> bool {
    let stem = file.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    matches!(stem, "atmos" | ".atmos")
}

/// Another file may set the value, too, and win over the one that was changed: the configuration is read once more, and
/// says where its value comes from. Of a map nobody can say that.
fn warn_of_stronger(app: &App, path: &str, steps: &[Step], changed: &str, flags: &Flags) {
    let host = Host { talk: Talk::silent(), ..app.host.clone() };
    let Ok(config) = config::load(&host, flags) else { return };
    let value = steps.iter().try_fold(&config.document, |node, step| match step {
        Step::Key(key) => node.get(key),
        Step::Index(index) => node.as_list()?.get(*index),
    });
    let in_force = value.filter(|node| node.as_map().is_none()).and_then(|node| host.sources.place(node.span));
    let Some(place) = in_force else { return };
    if config.files.iter().any(|file| shown(&host, file) == changed && place.source.path == *file) {
        return;
    }
    let message = format!("`{path}` is also set at {place}: that value stays in force");
    app.host.talk.warn(Warning::new("atmos::edit::overridden", message));
}

/// The type that a schema wants at a path.
pub(super) fn of_schema(text: &str, steps: &[Step]) -> Option<Type> {
    let schema: Json = serde_json::from_str(text).ok()?;
    let mut here = &schema;
    for step in steps {
        here = resolved(&schema, here);
        here = match step {
            Step::Key(key) => {
                let own = here.get("properties").and_then(|properties| properties.get(key));
                own.or_else(|| here.get("additionalProperties").filter(|schema| schema.is_object()))?
            }
            Step::Index(_) => here.get("items")?,
        };
    }
    let here = resolved(&schema, here);
    let names: Vec<&str> = match here.get("type") {
        Some(Json::String(name)) => vec![name],
        Some(Json::Array(names)) => names.iter().filter_map(Json::as_str).filter(|name| *name != "null").collect(),
        _ if here
            .get("enum")
            .is_some_and(|values| values.as_array().is_some_and(|all| all.iter().all(Json::is_string))) =>
        {
            vec!["string"]
        }
        _ => return None,
    };
    match names.as_slice() {
        ["string"] => Some(Type::String),
        ["integer"] => Some(Type::Int),
        ["boolean"] => Some(Type::Bool),
        ["number"] => Some(Type::Float),
        ["object" | "array"] => Some(Type::Yaml),
        _ => None,
    }
}

fn resolved<'s>(schema: &'s Json, here: &'s Json) -> &'s Json {
    let reference = here.get("$ref").and_then(Json::as_str).and_then(|reference| reference.strip_prefix('#'));
    reference.and_then(|pointer| schema.pointer(pointer)).unwrap_or(here)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::validate::MANIFEST_SCHEMA;

    #[test]
    fn the_schema_knows_types() {
        let of = |path: &str| of_schema(CONFIG_SCHEMA, &parse(path).unwrap());
        assert_eq!(of("logs.level"), Some(Type::String));
        assert_eq!(of("settings.list_merge_strategy"), Some(Type::String));
        assert_eq!(of("components.terraform.apply_auto_approve"), Some(Type::Bool));
        assert_eq!(of("stacks.included_paths"), Some(Type::Yaml));
        assert_eq!(of("stacks.included_paths[0]"), Some(Type::String));
        assert_eq!(of("vars.whatever"), None);
        let of = |path: &str| of_schema(MANIFEST_SCHEMA, &parse(path).unwrap());
        assert_eq!(of("components.terraform.a/b.metadata.enabled"), Some(Type::Bool));
        assert_eq!(of("components.helmfile.x.metadata.component"), Some(Type::String));
        assert_eq!(of("components.terraform.x.metadata.inherits"), Some(Type::Yaml));
        assert_eq!(of("components.terraform.x.vars.enabled"), None);
    }
}
