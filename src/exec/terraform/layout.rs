//! The generated files that all instances of a component's folder have in common: one at a time writes them. Instances
//! that need the same ones, and each have a data directory of their own, work side by side.

use std::collections::BTreeMap;
use std::path::Path;

use sha2::{Digest as _, Sha256};

use super::folder;
use super::target::{HCL_BACKEND_FILE, OVERRIDE_FILES};
use super::{Request, Target};
use crate::exec::argv::has_flag;
use crate::exec::files::{self, File};
use crate::exec::folder_lock::{self, FolderLock, Hold};
use crate::exec::{Error, process};
use crate::host::{Env, Host};
use crate::value::hex;

/// Every file that the folder has because of this instance and that is not named after it.
fn shared(target: &Target) -> impl Iterator<Item = File> {
    let generated = target.generated.iter().cloned();
    generated.chain(target.backend_file()).chain(target.overrides.iter().cloned())
}

/// What two instances have in common that may work in one folder at once; nothing where this one wants it for itself.
pub fn side_by_side(target: &Target, request: &Request, env: &Env) -> Option<String> {
    target.data_dir.as_ref()?;
    if is_alone(request, env) {
        return None;
    }
    let mut hash = Sha256::new();
    for file in shared(target) {
        for part in [file.name.as_bytes(), file.content.as_bytes()] {
            hash.update(part.len().to_le_bytes());
            hash.update(part);
        }
        hash.update(file.mode.to_le_bytes());
    }
    Some(format!("{} {}", target.folder.display(), hex(&hash.finalize())))
}

/// The command changes what others read in the folder: its files, or the versions in the lock file.
fn is_alone(request: &Request, env: &Env) -> bool {
    let upgrades = |name: &str| env.get(name).is_some_and(|words| words.contains("-upgrade"));
    matches!(request.words[0].as_str(), "exec" | "fmt" | "providers")
        || has_flag(&request.native, "-upgrade")
        || ["TF_CLI_ARGS", "TF_CLI_ARGS_init"].into_iter().any(upgrades)
}

/// Takes the folder and the data directory for a run. Where others may work beside it, the files are as it needs them.
///
/// # Errors
/// Those of [`folder_lock::acquire_all`], of the files, and of a program that is not there: without one nothing is written.
pub async fn acquire(host: &Host, target: &Target, request: &Request, env: &Env) -> Result<FolderLock, Error> {
    let data = folder::data_dir(&target.folder, env);
    if side_by_side(target, request, env).is_none() {
        return acquire_alone(host, target, &data, env).await;
    }
    process::find(&target.command, &target.command_source, env, &host.cwd)?;
    std::fs::create_dir_all(&data).map_err(Error::file("create", &data))?;
    loop {
        let lock = hold(host, &[(&target.folder, Hold::Together), (&data, Hold::Alone)], env).await?;
        if is_current(target) {
            return Ok(lock);
        }
        drop(lock);
        // Between this lock and the next one others may have come; then it is tried again.
        let _lock = folder_lock::acquire(host, &target.folder).await?;
        write(target)?;
    }
}

/// The same for itself alone.
///
/// # Errors
/// Those of [`folder_lock::acquire_all`].
pub async fn acquire_alone(host: &Host, target: &Target, data: &Path, env: &Env) -> Result<FolderLock, Error> {
    hold(host, &[(&target.folder, Hold::Alone), (data, Hold::Alone)], env).await
}

/// Holds what the run works in. From the shared cache of providers, which installed ones lie in, nothing goes meanwhile.
async fn hold(host: &Host, places: &[(&Path, Hold)], env: &Env) -> Result<FolderLock, Error> {
    let cache = env.get_raw("TF_PLUGIN_CACHE_DIR").filter(|cache| !cache.is_empty());
    let in_use = cache.zip(places.first()).map(|(cache, (folder, _))| folder_lock::use_of(&folder.join(cache)));
    let used = in_use.as_deref().map(|in_use| (in_use, Hold::Together));
    folder_lock::hold(host, &places.iter().copied().chain(used).collect::<Vec<_>>()).await
}

/// Files of the folder that other instances must not find, with the hashes of what is in them.
fn wanted(target: &Target, before: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let mut wanted = before.clone();
    wanted.retain(|name, _| !OVERRIDE_FILES.contains(&name.as_str()));
    if target.backend.is_some() {
        wanted.remove(HCL_BACKEND_FILE);
    }
    let own = target.generated.iter().chain(&target.overrides);
    wanted.extend(own.map(|file| (file.name.clone(), folder::digest(file.content.as_bytes()))));
    wanted
}

/// The files are as this instance needs them: writing would change nothing.
pub fn is_current(target: &Target) -> bool {
    let before = folder::written(&target.folder);
    wanted(target, &before) == before && shared(target).all(|file| file.is_current(&target.folder))
}

/// Writes the files, and removes override files of an earlier instance.
///
/// # Errors
/// [`Error::File`], [`Error::GenerateName`].
pub(super) fn write(target: &Target) -> Result<(), Error> {
    let folder = &target.folder;
    if target.backend.is_some() {
        folder::remove_written(folder, HCL_BACKEND_FILE)?;
    }
    for file in shared(target) {
        file.write(folder)?;
    }
    let before = folder::written(folder);
    let written = wanted(target, &before);
    for name in OVERRIDE_FILES.into_iter().filter(|name| !written.contains_key(*name)) {
        // Only what is still exactly as we wrote it: a file that the user changed is the user's.
        let ours = before.get(name).is_some_and(|hash| {
            std::fs::read(folder.join(name)).is_ok_and(|content| folder::digest(&content) == *hash)
        });
        if ours {
            files::remove(folder, name)?;
        }
    }
    folder::set_written(folder, &written)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::Backend;
    use super::*;

    fn target(folder: &std::path::Path, stack: &str, bucket: &str) -> Target {
        let document = json!({"terraform": {"backend": {"s3": {"bucket": bucket}}}});
        Target {
            component: "vpc".to_owned(),
            stack: stack.to_owned(),
            context: stack.to_owned(),
            folder: folder.to_path_buf(),
            backend: Some(Backend { type_: "s3".to_owned(), config: json!({"bucket": bucket}), document }),
            data_dir: Some(format!(".terraform/instances/{stack}-vpc")),
            ..Target::default()
        }
    }

    fn request(words: &str, native: &str) -> Request {
        let list = |text: &str| text.split_whitespace().map(str::to_owned).collect();
        Request { words: list(words), native: list(native), ..Request::default() }
    }

    #[test]
    fn instances_with_equal_files_and_their_own_data_work_side_by_side() {
        let temp = tempfile::tempdir().unwrap();
        let of =
            |target: &Target, words: &str, native: &str| side_by_side(target, &request(words, native), &Env::default());
        let (dev, prod) = (target(temp.path(), "dev", "b"), target(temp.path(), "prod", "b"));
        assert!(of(&dev, "plan", "").is_some() && of(&dev, "plan", "") == of(&prod, "apply", ""));
        assert_ne!(of(&dev, "plan", ""), of(&target(temp.path(), "prod", "c"), "plan", ""));
        assert_eq!(of(&Target { data_dir: None, ..dev.clone() }, "plan", ""), None);
        for (words, native) in [("init", "-upgrade"), ("exec", "init"), ("providers lock", "")] {
            assert_eq!(of(&dev, words, native), None, "{words} {native}");
        }
        let env = Env::from_iter([("TF_CLI_ARGS_init", "-upgrade")]);
        assert_eq!(side_by_side(&dev, &request("plan", ""), &env), None);
    }

    #[test]
    fn files_are_current_when_writing_them_again_would_change_nothing() {
        let temp = tempfile::tempdir().unwrap();
        let mut dev = target(temp.path(), "dev", "b");
        assert!(!is_current(&dev));
        write(&dev).unwrap();
        assert!(is_current(&dev) && is_current(&target(temp.path(), "prod", "b")));
        assert!(!is_current(&target(temp.path(), "prod", "c")));
        dev.overrides = vec![File::from_json("providers_override.tf.json", &json!({}))];
        assert!(!is_current(&dev));
        write(&dev).unwrap();
        // An override file of another instance is in the way.
        assert!(is_current(&dev) && !is_current(&target(temp.path(), "prod", "b")));
        write(&target(temp.path(), "prod", "b")).unwrap();
        assert!(!temp.path().join("providers_override.tf.json").exists());
    }
}
