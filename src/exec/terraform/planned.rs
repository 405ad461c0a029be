//! What a saved plan was made of, kept beside it: a plan of other variables, of another backend or of other sources is not
//! applied for the instance as it is now.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::Target;
use super::folder::{digest, read_json, write_json};
use super::sources::{self, Contents};
use super::target::INSTANCES;
use crate::exec::Error;
use crate::git::Repository;
use crate::host::Host;

/// In `.terraform` of the folder, wherever terraform has its data; where the instance has a data directory of its own, in that.
const PLANNED: &str = "atmos-plans.json";

/// So many files are named of those that have changed.
const NAMED: usize = 3;

/// The inputs of one plan. Secret variables are in none of the hashes: what is short could be guessed from them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
struct Planned {
    /// Of the planfile itself: what was brought from elsewhere is not the plan that is known.
    planfile: String,
    instance: String,
    variables: String,
    backend: String,
    workspace: String,
    /// Files that are written for the instance: overrides, `generate`.
    written: String,
    /// Local modules, relative to the folder.
    modules: Vec<String>,
    sources: Contents,
    /// What was checked out; a plan of the same sources at another commit is as good.
    commit: Option<String>,
    /// Something in the sources was not committed.
    dirty: bool,
    /// Somebody asked for a plan that destroys.
    destroys: bool,
}

impl Planned {
    /// All but the sources, which are found in one way when they are kept and in another when they are compared.
    fn of(target: &Target, planfile: &Path) -> Option<Planned> {
        let content = std::fs::read(planfile).ok()?;
        let backend = target.backend_file().map(|file| file.content).unwrap_or_default();
        let written = target.overrides.iter().chain(&target.generated);
        let written: Vec<String> = written.map(|file| format!("{}\0{}", file.name, file.content)).collect();
        Some(Planned {
            planfile: digest(&content),
            instance: target.id(),
            variables: digest(target.varfile().content.as_bytes()),
            backend: digest(format!("{}\0{backend}", target.backend_type).as_bytes()),
            workspace: target.workspace.clone(),
            written: digest(written.join("\0").as_bytes()),
            ..Planned::default()
        })
    }

    /// What is not as it was, in words.
    fn changed(&self, now: &Planned, target: &Target) -> Vec<String> {
        if now.instance != self.instance {
            return vec![format!("it was made for {}", self.instance)];
        }
        let mut changed = Vec::new();
        if now.backend != self.backend {
            changed.push("the backend has changed".to_owned());
        }
        if now.workspace != self.workspace {
            changed.push(format!("the workspace was `{}` and is `{}`", self.workspace, now.workspace));
        }
        if now.variables != self.variables {
            changed.push("the variables have changed".to_owned());
        }
        if now.written != self.written {
            changed.push("overrides or files of `generate` have changed".to_owned());
        }
        let mut files = self.changed_files(target);
        if files.len() > NAMED {
            let more = files.len() - NAMED;
            files.truncate(NAMED);
            files.push(format!("{more} more files have changed"));
        }
        changed.extend(files);
        changed
    }

    fn changed_files(&self, target: &Target) -> Vec<String> {
        let now = sources::configuration(target, &self.modules);
        let known = self.sources.iter().filter_map(|(name, then)| {
            let content = now.get(name).cloned().or_else(|| sources::content(&target.folder.join(name)));
            match content {
                None => Some(format!("`{name}` is gone")),
                Some(content) if content != *then => Some(format!("`{name}` has changed")),
                Some(_) => None,
            }
        });
        let new = now.keys().filter(|name| !self.sources.contains_key(*name));
        known.chain(new.map(|name| format!("`{name}` is new"))).collect()
    }

    /// Which commits they are of, where that says more.
    fn commits(&self, host: &Host, target: &Target) -> Option<String> {
        let then = self.commit.as_ref()?;
        let repository = Repository::around(host, &target.folder).ok()?;
        let (now, dirty) = commit(&repository, target, &self.modules)?;
        let shown = |commit: &str, dirty: bool| {
            let short = commit.get(..8).unwrap_or(commit);
            if dirty { format!("{short} with changes that were not committed") } else { short.to_owned() }
        };
        ((then, self.dirty) != (&now, dirty))
            .then(|| format!("it was made at {}, and now there is {}", shown(then, self.dirty), shown(&now, dirty)))
    }
}

/// What is checked out, and whether the sources differ from it.
fn commit(repository: &Repository<'_>, target: &Target, modules: &[String]) -> Option<(String, bool)> {
    repository.standing_below(&sources::directories(&target.folder, modules)).ok()
}

fn read(directory: &Path) -> BTreeMap<String, Planned> {
    read_json(&directory.join(PLANNED)).unwrap_or_default()
}

/// What is known of all plans in the folder, whoever made them.
fn read_all(folder: &Path) -> impl Iterator<Item = Planned> {
    let instances = std::fs::read_dir(folder.join(INSTANCES)).into_iter().flatten().filter_map(Result::ok);
    let directories = instances.map(|entry| entry.path()).chain([folder.join(".terraform")]);
    directories.flat_map(|directory| read(&directory).into_values())
}

/// Keeps what the planfile was made of. Plans that are gone are forgotten. `data` is terraform's data directory.
///
/// # Errors
/// [`Error::File`].
pub fn remember(host: &Host, target: &Target, data: &Path, planfile: &str, destroys: bool) -> Result<(), Error> {
    let folder = &target.folder;
    let mut plans = read(&target.memory_dir());
    plans.retain(|name, _| folder.join(name).exists());
    let Some(planned) = Planned::of(target, &folder.join(planfile)) else { return Ok(()) };
    let modules = sources::modules(folder, data);
    let repository = Repository::around(host, folder).ok();
    let (commit, dirty) = repository.as_ref().and_then(|around| commit(around, target, &modules)).unzip();
    let sources = sources::all(repository.as_ref(), target, &modules);
    let planned = Planned { modules, sources, commit, dirty: dirty.unwrap_or_default(), destroys, ..planned };
    plans.insert(planfile.to_owned(), planned);
    let directory = target.memory_dir();
    std::fs::create_dir_all(&directory).map_err(Error::file("create", &directory))?;
    write_json(&directory.join(PLANNED), &plans)
}

/// What is known of a planfile, if it was made here, whatever it was called then.
fn known(target: &Target, planfile: &str) -> Option<(Planned, Planned)> {
    let now = Planned::of(target, &target.folder.join(planfile))?;
    let is_it = |then: &Planned| then.planfile == now.planfile;
    let own = read(&target.memory_dir()).remove(planfile).filter(is_it);
    let then = own.or_else(|| read_all(&target.folder).find(is_it))?;
    Some((then, now))
}

/// Refuses a plan that was made of other inputs, and one of another workspace, whoever made it. Anything else of a plan
/// that nobody here made, or that is not there, is left to terraform.
///
/// # Errors
/// [`Error::PlanOutdated`].
pub fn check(host: &Host, target: &Target, planfile: &str) -> Result<(), Error> {
    let changed = match known(target, planfile) {
        Some((then, now)) => {
            let mut changed = then.changed(&now, target);
            if !changed.is_empty() {
                changed.extend(then.commits(host, target));
            }
            changed
        }
        None => other_workspace(host, target, planfile).into_iter().collect(),
    };
    if changed.is_empty() {
        return Ok(());
    }
    let (component, stack, what) = (target.component.clone(), target.stack.clone(), changed.join("; "));
    Err(Error::PlanOutdated { planfile: planfile.to_owned(), component, stack, what })
}

/// Where the plan itself says that it is of another workspace: terraform would write what it has into this one.
fn other_workspace(host: &Host, target: &Target, planfile: &str) -> Option<String> {
    let chosen = host.env.get("TF_WORKSPACE").is_some() || target.env.get("TF_WORKSPACE").is_some();
    if chosen || !target.has_workspaces() {
        return None;
    }
    let workspace = workspace_of(&content(&target.folder.join(planfile))?)?;
    (workspace != target.workspace)
        .then(|| format!("it was made in the workspace `{workspace}`, and this one is `{}`", target.workspace))
}

/// Whether applying the planfile destroys everything, as far as that can be told: by the plan itself, else by what it was
/// asked for here.
pub fn destroys(target: &Target, planfile: &str) -> bool {
    content(&target.folder.join(planfile))
        .and_then(|plan| mode_of(&plan))
        .map_or_else(|| known(target, planfile).is_some_and(|(then, _)| then.destroys), |mode| mode == DESTROY)
}

/// The mode of a plan that destroys.
const DESTROY: u64 = 1;
/// The field of a plan that holds its mode.
const MODE: u64 = 17;
/// The field of a plan that holds its backend, and that of a backend that holds the workspace.
const BACKEND: u64 = 13;
const WORKSPACE: u64 = 3;
/// No plan is larger.
const LARGEST: u64 = 256 << 20;

/// The plan in a planfile; `None` where it cannot be read (OpenTofu may encrypt it).
fn content(planfile: &Path) -> Option<Vec<u8>> {
    let mut archive = zip::ZipArchive::new(std::fs::File::open(planfile).ok()?).ok()?;
    let mut plan = Vec::new();
    archive.by_name("tfplan").ok()?.take(LARGEST).read_to_end(&mut plan).ok()?;
    Some(plan)
}

/// The mode in which a plan was made. A field with the value 0 is left out of it.
fn mode_of(plan: &[u8]) -> Option<u64> {
    let mode = fields(plan)?.into_iter().rfind(|(field, _)| *field == MODE);
    Some(mode.map_or(0, |(_, value)| if let Value::Number(mode) = value { mode } else { 0 }))
}

/// The workspace of which a plan is.
fn workspace_of(plan: &[u8]) -> Option<String> {
    let inner = |message, wanted| {
        let found = fields(message)?.into_iter().rfind(|(field, _)| *field == wanted);
        found.and_then(|(_, value)| if let Value::Bytes(bytes) = value { Some(bytes) } else { None })
    };
    let workspace = inner(inner(plan, BACKEND)?, WORKSPACE)?;
    String::from_utf8(workspace.to_vec()).ok().filter(|name| !name.is_empty())
}

/// The value of a field, as far as it matters here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Value<'m> {
    Number(u64),
    Bytes(&'m [u8]),
    Other,
}

/// The fields of a message of Protocol Buffers.
fn fields(message: &[u8]) -> Option<Vec<(u64, Value<'_>)>> {
    let (mut rest, mut found) = (message, Vec::new());
    while !rest.is_empty() {
        let key = number(&mut rest)?;
        let value = match key & 7 {
            0 => Value::Number(number(&mut rest)?),
            2 => {
                let length = usize::try_from(number(&mut rest)?).ok()?;
                let (bytes, behind) = rest.split_at_checked(length)?;
                rest = behind;
                Value::Bytes(bytes)
            }
            kind @ (1 | 5) => {
                rest = rest.get(if kind == 1 { 8 } else { 4 }..)?;
                Value::Other
            }
            _ => return None,
        };
        found.push((key >> 3, value));
    }
    Some(found)
}

/// A number of seven bits a byte, the last one without the eighth.
fn number(rest: &mut &[u8]) -> Option<u64> {
    let mut value = 0_u64;
    for shift in (0..64).step_by(7) {
        let (first, more) = rest.split_first()?;
        *rest = more;
        value |= u64::from(first & 0x7f).checked_shl(shift)?;
        if first & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
#[path = "planned_tests.rs"]
mod tests;
