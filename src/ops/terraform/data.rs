//! The data directory of a component (`TF_DATA_DIR`): one that the user named, one of the instance alone, or terraform's own.

use std::path::{Path, PathBuf};

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
pub(super) fn is_isolated(app: &App, instance: &Instance, folder: &Path) -> bool {
    let own = instance.sections.provision.get_path(["data_dir", "enabled"]).and_then(Node::as_bool);
    own.unwrap_or(app.config.terraform.isolate_data_dir) && named(app, folder, &instance.sections.env).is_none()
}

/// Has the children of a run use the directory of the instance alone.
pub(super) fn add(env: &mut Env, target: &Target) {
    if let Some(own) = target.data_dir.as_ref().filter(|_| named_data_dir(env).is_none()) {
        env.set(DATA_DIR, own);
    }
}
