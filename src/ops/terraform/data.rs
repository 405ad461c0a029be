//! The data directory of a component (`TF_DATA_DIR`): one that the user named, one of the instance alone, or terraform's own.

use std::path::{Path, PathBuf};

use super::Error;
use crate::component::Instance;
use crate::exec::terraform::Target;
use crate::exec::terraform::folder::{DATA_DIR, data_dir, named_data_dir};
use crate::host::Env;
use crate::ops::{App, child};
use crate::value::Node;

/// The directory that the user named, if he did.
pub(super) fn named(app: &App, folder: &Path, section: &Node) -> Option<PathBuf> {
    let env = child::early_environment(app, section);
    named_data_dir(&env).map(|_| data_dir(folder, &env))
}

/// The directory that terraform would have by itself.
pub(super) fn usual(app: &App, folder: &Path, section: &Node) -> PathBuf {
    named(app, folder, section).unwrap_or_else(|| folder.join(".terraform"))
}

/// Whether the instance is to have one of its own: as the component says, else as `atmos.yaml` does. What the user named
/// counts for more.
///
/// # Errors
/// The component says something that is no answer: instances that were to be kept apart would share a directory.
pub(super) fn is_isolated(app: &App, instance: &Instance, folder: &Path) -> Result<bool, Error> {
    let own = own_setting(&instance.sections.provision).map_err(|node| Error::DataDirSetting {
        component: instance.name.clone(),
        stack: instance.stack.clone(),
        place: app.host.sources.place(node.span).map(|place| format!(" ({place})")).unwrap_or_default(),
    })?;
    let wanted = own.unwrap_or(app.config.terraform.isolate_data_dir);
    Ok(wanted && named(app, folder, &instance.sections.env).is_none())
}

/// `provision.data_dir.enabled`, or the node that is in its place. A template gives a text.
fn own_setting(provision: &Node) -> Result<Option<bool>, &Node> {
    let Some(section) = provision.get("data_dir").filter(|section| !section.is_null()) else { return Ok(None) };
    let map = section.as_map().filter(|map| map.keys().all(|key| &**key == "enabled")).ok_or(section)?;
    match map.get("enabled").filter(|node| !node.is_null()) {
        None => Ok(None),
        Some(node) => match node.scalar_text().as_deref().map(str::trim) {
            Some("true") => Ok(Some(true)),
            Some("false") => Ok(Some(false)),
            _ => Err(node),
        },
    }
}

/// Has the children of a run use the directory of the instance alone.
pub(super) fn add(env: &mut Env, target: &Target) {
    if let Some(own) = target.data_dir.as_ref().filter(|_| named_data_dir(env).is_none()) {
        env.set(DATA_DIR, own);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::value::from_json;

    #[test]
    fn what_is_no_answer_is_none() {
        for (provision, expected) in [
            (json!({}), Ok(None)),
            (json!({"data_dir": null}), Ok(None)),
            (json!({"data_dir": {}}), Ok(None)),
            (json!({"data_dir": {"enabled": true}}), Ok(Some(true))),
            (json!({"data_dir": {"enabled": "false"}}), Ok(Some(false))),
            (json!({"data_dir": true}), Err(())),
            (json!({"data_dir": {"enable": true}}), Err(())),
            (json!({"data_dir": {"enabled": "yes"}}), Err(())),
        ] {
            assert_eq!(own_setting(&from_json(&provision)).map_err(drop), expected, "{provision}");
        }
    }
}
