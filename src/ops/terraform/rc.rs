//! `components.terraform.rc`: terraform's own configuration, as a private file for the time of a run.

use std::path::Path;

use super::Error;
use crate::auth::run::Directory;
use crate::content;
use crate::diag::{Result, Warning};
use crate::exec::terraform::folder::data_dir;
use crate::exec::terraform::hosts_with_ports;
use crate::host::Env;
use crate::ops::{App, registry_cache};
use crate::value::{Map, Node};

/// Variables that lead terraform and OpenTofu to their configuration.
const VARIABLES: [&str; 2] = ["TF_CLI_CONFIG_FILE", "TOFU_CLI_CONFIG_FILE"];
/// The same in an older spelling.
const OLD: &str = "TERRAFORM_CONFIG";
/// Blocks that have a label.
const LABELED: [&str; 3] = ["host", "credentials", "credentials_helper"];

/// The file, which goes when it is dropped: it may hold tokens.
#[derive(Debug)]
pub(super) struct File {
    _file: tempfile::NamedTempFile,
    /// Where it lies; what a killed run leaves there is swept.
    _directory: Option<Directory>,
}

/// Writes the configuration and leads the children to it. A file of the user's own goes before it. `folder` is that of the
/// component.
///
/// # Errors
/// A section that is no configuration, or a file that cannot be written.
pub(super) fn add(app: &App, folder: &Path, env: &mut Env) -> Result<Option<File>> {
    let section = app.config.document.get_path(["components", "terraform", "rc"]);
    let section = section.filter(|section| section.get("enabled").and_then(Node::as_bool) == Some(true));
    let cached = registry_cache::is_on(app);
    if section.is_none() && !cached {
        return Ok(None);
    }
    if let Some(name) = VARIABLES.iter().chain(&[OLD]).find(|name| env.get(name).is_some()) {
        tracing::debug!("terraform has a configuration of the user's own");
        if cached {
            let message = format!("the registry cache has no effect: {name} names a configuration of terraform");
            let warning = Warning::new("atmos::terraform::cache_bypassed", message);
            app.host.talk.warn(warning.help("unset it; `components.terraform.rc` can have the same settings"));
        }
        return Ok(None);
    }
    let mut map = section.and_then(Node::as_map).cloned().unwrap_or_default();
    let server = if cached {
        let started = registry_cache::server(app)?;
        map = registry_cache::contribute(started, &map, &hosts_with_ports(folder, &data_dir(folder, env)));
        registry_cache::trust(started, env);
        Some(started)
    } else {
        None
    };
    let text = render(&map).map_err(|reason| {
        let place = section.and_then(|section| app.host.sources.place(section.span));
        Error::Rc { reason, place: place.map(|place| format!(" ({place})")).unwrap_or_default() }
    })?;
    let mut own = None;
    let folder = match server {
        // It has one for as long as it runs.
        Some(started) => started.private(),
        None => own.insert(Directory::create(&app.host)?).path(),
    };
    let file = super::passing_file(folder, "atmos-", ".tfrc", &text)?;
    for name in VARIABLES {
        env.set(name, file.path());
    }
    Ok(Some(File { _file: file, _directory: own }))
}

fn render(section: &Map) -> Result<String, String> {
    let mut keys: Vec<_> = section.iter().filter(|(key, _)| &***key != "enabled").collect();
    keys.sort_by(|left, right| left.0.cmp(right.0));
    let mut text = String::new();
    for (key, value) in keys {
        text += &match &**key {
            "provider_installation" => installation(value)?,
            label if LABELED.contains(&label) => {
                let map = value.as_map().ok_or_else(|| format!("`{label}` must be a map of {label}s"))?;
                let blocks: Result<Vec<String>, String> =
                    map.iter().map(|(name, inner)| block(&format!("{label} {}", quoted(name)), inner, "")).collect();
                blocks?.concat()
            }
            name if value.as_map().is_some() => block(name, value, "")?,
            name => content::hcl_attributes(&Map::from_iter([(name.into(), value.clone())])),
        };
    }
    Ok(text)
}

/// Ways to providers: a list keeps its order, since the first that has a provider gives it.
fn installation(value: &Node) -> Result<String, String> {
    let entries: Vec<&Node> = match value.as_list() {
        Some(list) => list.iter().collect(),
        None => vec![value],
    };
    let mut methods = String::new();
    for entry in entries {
        let map = entry.as_map().ok_or("`provider_installation` must be a list of maps, or a map")?;
        for (name, inner) in map {
            methods += &block(name, inner, "  ")?;
        }
    }
    Ok(format!("provider_installation {{\n{methods}}}\n"))
}

fn block(head: &str, value: &Node, indent: &str) -> Result<String, String> {
    let empty = Map::default();
    let map = match value.as_map() {
        Some(map) => map,
        None if value.is_null() => &empty,
        None => return Err(format!("`{head}` must be a map, not {}", value.value.type_name())),
    };
    let body: Vec<String> = content::hcl_attributes(map).lines().map(|line| format!("{indent}  {line}\n")).collect();
    Ok(format!("{indent}{head} {{\n{}{indent}}}\n", body.concat()))
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::value::from_json;

    #[test]
    fn sections_are_blocks_and_attributes() {
        let section = from_json(&json!({
            "enabled": true,
            "plugin_cache_dir": "/cache",
            "disable_checkpoint": true,
            "credentials": {"app.terraform.io": {"token": "x"}},
            "provider_installation": [
                {"network_mirror": {"url": "https://m/", "include": ["a/*"]}},
                {"direct": null},
            ],
        }));
        let text = render(section.as_map().unwrap()).unwrap();
        let expected = "\
credentials \"app.terraform.io\" {
  token = \"x\"
}
disable_checkpoint = true
plugin_cache_dir = \"/cache\"
provider_installation {
  network_mirror {
    include = [\"a/*\"]
    url     = \"https://m/\"
  }
  direct {
  }
}
";
        assert_eq!(text, expected);
        for wrong in [json!({"credentials": 5}), json!({"provider_installation": [1]}), json!({"host": {"a": 1}})] {
            assert!(render(from_json(&wrong).as_map().unwrap()).is_err(), "{wrong}");
        }
    }
}
