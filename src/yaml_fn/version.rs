//! `!version NAME` and `.version.NAME`: locked versions of `versions.lock.yaml`.

use std::sync::{Arc, OnceLock};

use super::call::Context;
use super::problem::Problem;
use crate::config::Config;
use crate::host::Host;
use crate::value::{Map, Node};
use crate::yaml;

/// The lock file, read once.
#[derive(Debug, Default)]
pub(super) struct Lock(OnceLock<Result<Node, Problem>>);

/// The version of one dependency on the track of the stack.
pub(super) fn value(context: &Context<'_>, name: &str) -> Result<String, Problem> {
    if name.is_empty() {
        return Err(Problem::arguments("expected the name of a dependency"));
    }
    let track = track(context.config, context.track);
    let lock = read(context)?;
    let locked = lock.get_path(["tracks", track, name, "version"]).and_then(Node::scalar_text);
    locked.filter(|version| !version.is_empty()).ok_or_else(|| {
        Problem::failed(
            format!("version '{name}' is not locked on the track '{track}'"),
            "lock it in `versions.lock.yaml`, or correct the name or the track",
        )
    })
}

/// All locked versions of the track, as templates see them.
///
/// # Errors
/// A lock file that cannot be read.
pub fn versions(context: &Context<'_>) -> Result<Node, Problem> {
    let lock = read(context)?;
    let entries = lock.get_path(["tracks", track(context.config, context.track)]).and_then(Node::as_map);
    let entries = entries.into_iter().flatten().filter_map(|(name, entry)| {
        let version = entry.get("version")?.scalar_text()?;
        Some((name.clone(), Node::from(version)))
    });
    Ok(Node::from(entries.collect::<Map>()))
}

/// The stack's own track, else that of the configuration.
fn track<'a>(config: &'a Config, stack: Option<&'a str>) -> &'a str {
    let text = |node: Option<&'a Node>| node.and_then(Node::as_str).filter(|text| !text.is_empty());
    let configured = || text(config.document.get_path(["version", "track"]));
    stack.filter(|track| !track.is_empty()).or_else(configured).unwrap_or("default")
}

fn read(context: &Context<'_>) -> Result<Node, Problem> {
    context.memo.versions.0.get_or_init(|| read_file(context.host, context.config)).clone()
}

fn read_file(host: &Host, config: &Config) -> Result<Node, Problem> {
    let configured = config.document.get_path(["version", "lock_file"]).and_then(Node::as_str);
    let name = configured.filter(|name| !name.is_empty()).unwrap_or("versions.lock.yaml");
    let path = config.base_path.join(name);
    let failed = |reason: String| Problem::failed(reason, "correct or remove the lock file");
    match std::fs::read_to_string(&path) {
        Ok(text) => {
            let node = yaml::parse(&host.sources, &path, &host.cwd, Arc::from(text));
            node.map_err(|error| failed(error.to_string()))
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Node::empty_map()),
        Err(error) => Err(failed(format!("{}: {error}", path.display()))),
    }
}
