//! What `terraform clean` removes. Deciding reads the disk; removing is a function of its own.

use std::path::{Path, PathBuf};

use super::folder;
pub use super::target::BACKEND_FILE;
use super::target::{INSTANCES, Target};
use crate::exec::Error;
use crate::exec::files::File;

/// Choices of the user.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Options {
    /// Local state of the instance's workspace, too.
    pub everything: bool,
    pub skip_lock_file: bool,
}

/// Existing files and directories that cleaning one instance removes, sorted. `data` is what is ours of a data directory
/// that somebody named (see [`super::of_data_dir`]).
///
/// Local state is among them only with `everything`, and only that of the instance's own workspace.
pub fn targets(target: &Target, data: &[PathBuf], options: Options) -> Vec<PathBuf> {
    let names = target.names();
    let mut found: Vec<_> = [names.varfile(), names.test_varfile(), names.planfile()].map(PathBuf::from).to_vec();
    found.extend(terraforms(target));
    if !options.skip_lock_file {
        found.push(PathBuf::from(".terraform.lock.hcl"));
    }
    if target.backend.is_some() {
        found.push(PathBuf::from(BACKEND_FILE));
    }
    // One that says something else is somebody else's, unless it is among those that we remember.
    let is_ours =
        |file: &&File| std::fs::read(target.folder.join(&file.name)).is_ok_and(|text| text == file.content.as_bytes());
    found.extend(target.generated.iter().filter(is_ours).map(|file| PathBuf::from(&file.name)));
    // `.terraform` remembers which files are ours; they go before the memory of them does.
    found.extend(folder::unchanged(&target.folder).into_iter().map(PathBuf::from));
    if options.everything {
        let state = Path::new("terraform.tfstate.d").join(&target.workspace);
        if target.workspace == "default" {
            found.extend(["terraform.tfstate", "terraform.tfstate.backup"].map(PathBuf::from));
        } else if !matches!(target.workspace.as_str(), "" | "." | "..") {
            found.push(state);
        }
    }
    let mut paths: Vec<_> = found.into_iter().map(|path| target.folder.join(path)).collect();
    paths.extend(data.iter().cloned());
    finish(paths)
}

/// What of `.terraform` is nobody else's, relative to the folder: all of it, unless other instances have data directories
/// of their own in there.
fn terraforms(target: &Target) -> Vec<PathBuf> {
    let own = PathBuf::from(target.own_data_dir());
    let names = |directory: &str| {
        let entries = std::fs::read_dir(target.folder.join(directory)).into_iter().flatten().filter_map(Result::ok);
        entries.map(|entry| Path::new(directory).join(entry.file_name())).collect::<Vec<_>>()
    };
    if names(INSTANCES).iter().all(|path| *path == own) {
        return vec![PathBuf::from(".terraform")];
    }
    let rest = names(".terraform").into_iter().filter(|path| path != Path::new(INSTANCES));
    std::iter::once(own).chain(rest).collect()
}

/// The same for a whole component folder. `own` names the files in it that belong to its instances and that no ending
/// tells from the user's.
pub fn folder_targets(folder: &Path, own: &[String], options: Options) -> Vec<PathBuf> {
    let mut paths = vec![folder.join(".terraform")];
    if !options.skip_lock_file {
        paths.push(folder.join(".terraform.lock.hcl"));
    }
    let entries = std::fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
    paths.extend(
        entries.map(|entry| entry.path()).filter(|path| path.to_string_lossy().ends_with(".terraform.tfvars.json")),
    );
    paths.extend(folder::unchanged(folder).into_iter().map(|name| folder.join(name)));
    paths.extend(own.iter().map(|name| folder.join(name)));
    if options.everything {
        paths.push(folder.join("terraform.tfstate.d"));
    }
    finish(paths)
}

fn finish(mut paths: Vec<PathBuf>) -> Vec<PathBuf> {
    paths.retain(|path| path.symlink_metadata().is_ok());
    paths.sort();
    // What lies in a directory that goes anyway is counted with it.
    let mut kept: Vec<PathBuf> = Vec::with_capacity(paths.len());
    for path in paths {
        if !kept.last().is_some_and(|above| path.starts_with(above)) {
            kept.push(path);
        }
    }
    kept
}

/// How many files removing the paths would delete.
pub fn count(paths: &[PathBuf]) -> usize {
    paths.iter().map(|path| count_one(path)).sum()
}

fn count_one(path: &Path) -> usize {
    let Ok(metadata) = path.symlink_metadata() else { return 0 };
    if !metadata.is_dir() {
        return 1;
    }
    std::fs::read_dir(path).into_iter().flatten().filter_map(Result::ok).map(|entry| count_one(&entry.path())).sum()
}

/// Removes the paths. Links are removed, never followed.
///
/// # Errors
/// [`Error::File`] at the first path that cannot be removed.
pub fn remove(paths: &[PathBuf]) -> Result<(), Error> {
    for path in paths {
        let Ok(metadata) = path.symlink_metadata() else { continue };
        let result = if metadata.is_dir() { std::fs::remove_dir_all(path) } else { std::fs::remove_file(path) };
        result.map_err(Error::file("remove", path))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_directories_of_other_instances_stay() {
        let temp = tempfile::tempdir().unwrap();
        let put = |path: &str| std::fs::create_dir_all(temp.path().join(".terraform").join(path)).unwrap();
        let target = |stack: &str| Target {
            component: "vpc".to_owned(),
            context: stack.to_owned(),
            folder: temp.path().to_path_buf(),
            ..Target::default()
        };
        let found = |stack: &str| {
            let paths = targets(&target(stack), &[], Options::default());
            let relative = |path: &PathBuf| path.strip_prefix(temp.path()).unwrap().display().to_string();
            paths.iter().map(relative).collect::<Vec<_>>()
        };
        put("providers");
        put("instances/dev-vpc");
        assert_eq!(found("dev"), [".terraform"]);
        put("instances/prod-vpc");
        assert_eq!(found("dev"), [".terraform/instances/dev-vpc", ".terraform/providers"]);
        assert_eq!(found("test"), [".terraform/providers"]);
        assert_eq!(folder_targets(temp.path(), &[], Options::default()), [temp.path().join(".terraform")]);
    }

    #[test]
    fn q5b_state_goes_only_with_everything_and_only_of_the_exact_workspace() {
        let temp = tempfile::tempdir().unwrap();
        for workspace in ["dev", "dev2"] {
            std::fs::create_dir_all(temp.path().join("terraform.tfstate.d").join(workspace)).unwrap();
            std::fs::write(temp.path().join("terraform.tfstate.d").join(workspace).join("terraform.tfstate"), "{}")
                .unwrap();
        }
        std::fs::create_dir(temp.path().join(".terraform")).unwrap();
        std::fs::write(temp.path().join("dev-vpc.planfile"), "").unwrap();
        std::fs::write(temp.path().join("prod-vpc.planfile"), "").unwrap();
        let target = Target {
            component: "vpc".to_owned(),
            context: "dev".to_owned(),
            workspace: "dev".to_owned(),
            folder: temp.path().to_path_buf(),
            ..Target::default()
        };
        let relative = |options| {
            targets(&target, &[], options)
                .iter()
                .map(|path| path.strip_prefix(temp.path()).unwrap().display().to_string())
                .collect::<Vec<_>>()
        };
        assert_eq!(relative(Options::default()), [".terraform", "dev-vpc.planfile"]);
        let everything = Options { everything: true, ..Options::default() };
        assert_eq!(relative(everything), [".terraform", "dev-vpc.planfile", "terraform.tfstate.d/dev"]);
        let paths = targets(&target, &[], everything);
        assert_eq!(count(&paths), 2);
        remove(&paths).unwrap();
        assert!(temp.path().join("terraform.tfstate.d/dev2/terraform.tfstate").exists());
        assert!(folder_targets(temp.path(), &[], Options::default()).is_empty());
        let own = ["prod-vpc.planfile".to_owned(), "gone.planfile".to_owned()];
        assert_eq!(folder_targets(temp.path(), &own, Options::default()), [temp.path().join("prod-vpc.planfile")]);
    }
}
