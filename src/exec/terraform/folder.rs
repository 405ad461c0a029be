//! What a component's folder looks like right now: terraform's backend record, local state, the inputs of `init`, and our
//! own memory of earlier runs.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::fingerprint::{Inputs, inputs};
use super::sensitive::Declaration;
use crate::exec::{Error, files};
use crate::host::{Env, fs};
use crate::value::hex;

/// The variable that names the data directory.
pub const DATA_DIR: &str = "TF_DATA_DIR";
/// Name of our memory inside terraform's data directory.
const MEMORY: &str = "atmos.json";
/// Name of the list of override files that we wrote, always in `.terraform` of the folder.
const WRITTEN: &str = "atmos-files.json";

/// Terraform's record of the backend that its data directory was initialised with.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
pub struct Record {
    #[serde(rename = "type")]
    pub type_: String,
    #[serde(default)]
    pub config: serde_json::Value,
    #[serde(default)]
    pub hash: u64,
}

/// What earlier runs left for later ones: who initialised the data directory last, and with which inputs.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, Serialize)]
pub struct Memory {
    /// Instance (`<stack>/<component>`) of the last init.
    #[serde(default)]
    pub owner: Option<String>,
    /// Fingerprint of the inputs after the last successful preparation of each instance.
    #[serde(default)]
    pub instances: BTreeMap<String, Known>,
}

/// One instance in the [`Memory`].
#[derive(Debug, Clone, Default, PartialEq, Deserialize, Serialize)]
pub struct Known {
    /// Absent where the next run cannot tell whether something has changed.
    #[serde(default)]
    pub fingerprint: Option<String>,
    /// Hash of the variables that init had; absent where it had none.
    #[serde(default)]
    pub vars: Option<String>,
    /// Workspace that was selected or created; absent while workspaces are not used.
    #[serde(default)]
    pub workspace: Option<String>,
    /// Hash of the backend that it had, where its state is.
    #[serde(default)]
    pub backend: Option<String>,
    /// Hash of what init was given for the backend beside it.
    #[serde(default)]
    pub given: Option<String>,
    /// Hash of terraform's record as this instance left it.
    #[serde(default)]
    pub record: Option<String>,
}

impl Record {
    /// What tells records apart.
    pub fn digest(&self) -> String {
        digest(serde_json::to_string(self).unwrap_or_default().as_bytes())
    }
}

/// A look at the folder.
#[derive(Debug, Clone, Default)]
pub struct Folder {
    pub record: Option<Record>,
    pub memory: Memory,
    /// `None` where something that init reads cannot be told here.
    pub fingerprint: Option<String>,
    /// Hash of the variables that init gets; `None` where it gets none, or does not evaluate them.
    pub vars: Option<String>,
    /// Hash of what the arguments of init say about the backend; `None` where they say nothing.
    pub given: Option<String>,
    /// Init evaluates variables: they say which modules it installs, or where the backend is.
    pub evaluates: bool,
    /// The workspace that terraform has selected; `None` is `default`.
    pub selected: Option<String>,
    /// `terraform.tfstate.d` has workspaces, or `terraform.tfstate` has a state: what terraform would offer to migrate.
    pub local_states: bool,
    /// This instance's own workspace has a state at the default local place.
    pub own_local_state: bool,
    /// The default workspace has a state at the default local place.
    pub root_state: bool,
}

/// What [`Folder::look`] has to know.
#[derive(Debug, Clone, Copy)]
pub struct Look<'a> {
    pub folder: &'a Path,
    pub workspace: &'a str,
    /// The child's environment.
    pub env: &'a Env,
    /// The resolved program.
    pub program: &'a Path,
    /// Arguments of init, and the content of the varfile if init gets it.
    pub init_args: &'a [String],
    pub init_vars: Option<&'a str>,
    /// Where init may evaluate variables (OpenTofu), and the run has some.
    pub variables: Option<Variables<'a>>,
}

/// Variables beside those of the varfile.
#[derive(Debug, Clone, Copy)]
pub struct Variables<'a> {
    /// `-var` and `-var-file` of the run.
    pub words: &'a [String],
    /// Those that are in no hash: what is short could be guessed from it.
    pub secret: &'a BTreeMap<String, Declaration>,
}

/// What the environment names as the data directory. An empty text names none, for terraform, too.
pub fn named_data_dir(env: &Env) -> Option<&str> {
    env.get(DATA_DIR).filter(|dir| !dir.is_empty())
}

/// Terraform's data directory for a component's folder.
pub fn data_dir(folder: &Path, env: &Env) -> PathBuf {
    named_data_dir(env).map_or_else(|| folder.join(".terraform"), |dir| fs::clean(&folder.join(dir)))
}

impl Folder {
    /// Reads the folder. What cannot be read counts as absent: the consequence is an init too many.
    pub fn look(look: Look<'_>) -> Folder {
        let data = data_dir(look.folder, look.env);
        let record = read_record(&data);
        let root_state = has_state(&look.folder.join("terraform.tfstate"));
        let workspaces = look.folder.join("terraform.tfstate.d");
        let own = if look.workspace == "default" {
            root_state
        } else {
            has_state(&workspaces.join(look.workspace).join("terraform.tfstate"))
        };
        let any = std::fs::read_dir(&workspaces).is_ok_and(|mut entries| entries.next().is_some());
        let Inputs { fingerprint, vars, given, evaluates } = inputs(look, &data, record.as_ref());
        Folder {
            fingerprint,
            vars,
            given,
            evaluates,
            record,
            memory: read_json(&data.join(MEMORY)).unwrap_or_default(),
            selected: std::fs::read_to_string(data.join("environment")).ok().map(|name| name.trim().to_owned()),
            local_states: root_state || any,
            own_local_state: own,
            root_state,
        }
    }

    /// The workspace is the one that terraform has selected.
    pub fn is_selected(&self, workspace: &str) -> bool {
        self.selected.as_deref().filter(|name| !name.is_empty()).unwrap_or("default") == workspace
    }
}

/// Writes the memory, if the data directory exists (a terraform that needs none leaves none).
///
/// # Errors
/// [`Error::File`].
pub fn remember(data: &Path, memory: &Memory) -> Result<(), Error> {
    if !data.is_dir() {
        return Ok(());
    }
    write_json(&data.join(MEMORY), memory)
}

/// Writes a backend record as terraform itself does, so that the next init sees nothing to migrate. Terraform compares
/// it with the configuration and refuses to go on if they differ.
///
/// # Errors
/// [`Error::File`].
pub fn seed(data: &Path, record: &Record) -> Result<(), Error> {
    std::fs::create_dir_all(data).map_err(Error::file("create", data))?;
    let document = serde_json::json!({
        "version": 3,
        "serial": 1,
        "lineage": "",
        "backend": record,
        "modules": [{"path": ["root"], "outputs": {}, "resources": {}, "depends_on": []}],
    });
    write_json(&data.join("terraform.tfstate"), &document)
}

/// Names of the files that other instances must not find, which we wrote into the folder, each with the hash of what we wrote.
pub fn written(folder: &Path) -> BTreeMap<String, String> {
    read_json(&folder.join(".terraform").join(WRITTEN)).unwrap_or_default()
}

/// Keeps the names of the override files that we wrote.
///
/// # Errors
/// [`Error::File`].
pub fn set_written(folder: &Path, names: &BTreeMap<String, String>) -> Result<(), Error> {
    if *names == written(folder) {
        return Ok(());
    }
    let directory = folder.join(".terraform");
    std::fs::create_dir_all(&directory).map_err(Error::file("create", &directory))?;
    write_json(&directory.join(WRITTEN), names)
}

/// Remembers one more file that we wrote.
///
/// # Errors
/// [`Error::File`].
pub fn add_written(folder: &Path, name: &str, content: &str) -> Result<(), Error> {
    let mut names = written(folder);
    names.insert(name.to_owned(), digest(content.as_bytes()));
    set_written(folder, &names)
}

/// Names of those that are still exactly as we wrote them: one that the user changed is the user's.
pub fn unchanged(folder: &Path) -> Vec<String> {
    let as_written = |(name, hash): &(String, String)| is_as_written(folder, name, hash);
    written(folder).into_iter().filter(as_written).map(|(name, _)| name).collect()
}

fn is_as_written(folder: &Path, name: &str, hash: &str) -> bool {
    // The list lies where others may write it.
    files::check_name(folder, name).is_ok()
        && std::fs::read(folder.join(name)).is_ok_and(|content| digest(&content) == hash)
}

/// Removes a file that is still exactly as we wrote it: one that the user changed is the user's.
///
/// # Errors
/// [`Error::File`].
pub fn remove_written(folder: &Path, name: &str) -> Result<(), Error> {
    let mut names = written(folder);
    let Some(hash) = names.remove(name) else { return Ok(()) };
    if is_as_written(folder, name, &hash) {
        files::remove(folder, name)?;
    }
    set_written(folder, &names)
}

/// Hash of a content, as [`written`] keeps it.
pub fn digest(content: &[u8]) -> String {
    hex(&Sha256::digest(content))
}

pub(super) fn write_json(path: &Path, value: &impl Serialize) -> Result<(), Error> {
    let json = serde_json::to_value(value).map_err(|error| Error::File {
        action: "write",
        path: path.to_path_buf(),
        source: error.into(),
    })?;
    fs::write_atomic(path, format!("{json:#}\n").as_bytes(), 0o600).map_err(Error::file("write", path))
}

pub(super) fn read_json<T: serde::de::DeserializeOwned>(path: &Path) -> Option<T> {
    serde_json::from_slice(&std::fs::read(path).ok()?).ok()
}

/// The file is the record of a backend, as terraform keeps it in its data directory, and no state.
pub(super) fn has_backend_record(file: &Path) -> bool {
    read_json::<serde_json::Value>(file).is_some_and(|document| {
        let resources = document.get("resources").and_then(serde_json::Value::as_array);
        document.get("backend").is_some_and(serde_json::Value::is_object) && resources.is_none_or(Vec::is_empty)
    })
}

fn read_record(data: &Path) -> Option<Record> {
    let document: serde_json::Value = read_json(&data.join("terraform.tfstate"))?;
    serde_json::from_value(document.get("backend")?.clone()).ok()
}

/// A state file with something in it.
pub(super) fn has_state(path: &Path) -> bool {
    let Some(state) = read_json::<serde_json::Value>(path) else {
        // Something that cannot be read as a state is treated as one: nothing is decided over it.
        return std::fs::metadata(path).is_ok_and(|metadata| metadata.len() > 0);
    };
    let filled = |key: &str| {
        state.get(key).is_some_and(|value| match value {
            serde_json::Value::Array(list) => !list.is_empty(),
            serde_json::Value::Object(map) => !map.is_empty(),
            _ => false,
        })
    };
    // `modules` is where states of very old versions and encrypted states of OpenTofu differ; both count.
    filled("resources") || filled("outputs") || filled("modules") || state.get("encrypted_data").is_some()
}

/// Directories of the modules that terraform has noted, relative to the folder.
pub(super) fn module_dirs(modules: &[u8]) -> Vec<String> {
    let Ok(json) = serde_json::from_slice::<serde_json::Value>(modules) else { return Vec::new() };
    let list = json.get("Modules").and_then(serde_json::Value::as_array).cloned().unwrap_or_default();
    let mut dirs: Vec<_> = list
        .iter()
        .filter_map(|module| Some(module.get("Dir")?.as_str()?.to_owned()))
        .filter(|dir| dir != ".")
        .collect();
    dirs.sort();
    dirs.dedup();
    dirs
}

#[cfg(test)]
mod tests {
    use super::super::fingerprint::tests::look;
    use super::*;

    #[test]
    fn states_are_found_where_terraform_would_offer_to_migrate_them() {
        let temp = tempfile::tempdir().unwrap();
        let env = Env::default();
        assert!(!look(temp.path(), &env).local_states);
        let other = temp.path().join("terraform.tfstate.d/prod");
        std::fs::create_dir_all(&other).unwrap();
        let found = look(temp.path(), &env);
        assert!(found.local_states && !found.own_local_state);
        let own = temp.path().join("terraform.tfstate.d/dev");
        std::fs::create_dir_all(&own).unwrap();
        std::fs::write(own.join("terraform.tfstate"), r#"{"version":4,"resources":[],"outputs":{}}"#).unwrap();
        assert!(!look(temp.path(), &env).own_local_state);
        std::fs::write(own.join("terraform.tfstate"), r#"{"version":4,"resources":[{}]}"#).unwrap();
        assert!(look(temp.path(), &env).own_local_state);
    }

    #[test]
    fn memory_is_kept_only_where_terraform_has_a_data_directory() {
        let temp = tempfile::tempdir().unwrap();
        let data = temp.path().join(".terraform");
        let memory = Memory { owner: Some("dev/vpc".to_owned()), ..Memory::default() };
        remember(&data, &memory).unwrap();
        assert!(!data.exists());
        std::fs::create_dir(&data).unwrap();
        remember(&data, &memory).unwrap();
        assert_eq!(look(temp.path(), &Env::default()).memory, memory);
    }
}
