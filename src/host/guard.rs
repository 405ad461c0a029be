//! What the functions of manifests and templates may do outside of the repository: start programs, read files that are
//! not of it, ask other machines.
//!
//! Read [`Host::may_run`]. `settings.functions` of the configuration decides; until it is read, everything is allowed.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::{Mutex, PoisonError, RwLock};

use super::{Host, Limit, prompt};

/// What happens when a function wants to do something of a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Policy {
    /// It does it, as in the reference.
    #[default]
    Allow,
    /// A person is asked, once for each thing.
    Ask,
    Deny,
}

impl std::fmt::Display for Policy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Policy::Allow => "allow",
            Policy::Ask => "ask",
            Policy::Deny => "deny",
        })
    }
}

impl FromStr for Policy {
    type Err = ();

    fn from_str(text: &str) -> Result<Policy, ()> {
        match text {
            "allow" => Ok(Policy::Allow),
            "ask" => Ok(Policy::Ask),
            "deny" => Ok(Policy::Deny),
            _ => Err(()),
        }
    }
}

/// The rules in force.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    /// `settings.functions.exec`: programs that `!exec` starts.
    pub exec: Policy,
    /// `settings.functions.outside_reads`: files that are not of the repository, and other machines.
    pub outside_reads: Policy,
    /// `settings.functions.exec_output_limit`: what one command of `!exec` may print.
    pub exec_output: Limit,
    /// The folders of the repository.
    pub inside: Vec<PathBuf>,
}

/// Keeps the rules and the answers that a person gave.
#[derive(Debug, Default)]
pub struct Guard {
    rules: RwLock<Rules>,
    answers: Mutex<HashMap<String, bool>>,
}

/// Something that may not be done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} is not allowed: {why}")]
pub struct Refused {
    what: String,
    why: String,
    pub help: String,
}

impl Guard {
    /// Decides what holds from now on.
    pub fn set(&self, rules: Rules) {
        *self.rules.write().unwrap_or_else(PoisonError::into_inner) = rules;
    }

    fn rules(&self) -> Rules {
        self.rules.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Host {
    /// Whether a function may start this command.
    ///
    /// # Errors
    /// It may not.
    pub fn may_run(&self, command: &str) -> Result<(), Refused> {
        let policy = self.guard.rules().exec;
        self.decide(policy, "settings.functions.exec", || format!("to run `{command}`"))
    }

    /// How much a command of a function may print.
    pub fn exec_output_limit(&self) -> Limit {
        self.guard.rules().exec_output
    }

    /// Whether a function may read this file or folder.
    ///
    /// # Errors
    /// It is not of the repository, and may not be read.
    pub fn may_read(&self, path: &Path) -> Result<(), Refused> {
        let rules = self.guard.rules();
        if rules.outside_reads == Policy::Allow || is_inside(&self.absolute(path), &rules.inside) {
            return Ok(());
        }
        let what = || format!("to read {}, which is outside of the repository,", path.display());
        self.decide(rules.outside_reads, "settings.functions.outside_reads", what)
    }

    /// Whether a function may ask the machine behind this address.
    ///
    /// # Errors
    /// It may not.
    pub fn may_fetch(&self, url: &str) -> Result<(), Refused> {
        let policy = self.guard.rules().outside_reads;
        self.decide(policy, "settings.functions.outside_reads", || format!("to read {url}"))
    }

    fn decide(&self, policy: Policy, key: &str, what: impl Fn() -> String) -> Result<(), Refused> {
        let refused = |why: String, help: String| Err(Refused { what: what(), why, help });
        match policy {
            Policy::Allow => Ok(()),
            Policy::Deny => refused(format!("`{key}` is `deny`"), format!("set `{key}: allow` in `atmos.yaml`")),
            Policy::Ask if !self.terminal.can_prompt() => refused(
                format!("`{key}` is `ask`, and nobody can be asked"),
                format!(
                    "run this at a terminal, set `{key}: allow` in `atmos.yaml`, or allow it for this run by ATMOS_{}=allow",
                    key.replace('.', "_").to_uppercase()
                ),
            ),
            Policy::Ask => {
                let what = what();
                // Held while asking: other threads wait for the answer to the same question.
                let mut answers = self.guard.answers.lock().unwrap_or_else(PoisonError::into_inner);
                let agreed = *answers.entry(what.clone()).or_insert_with(|| {
                    let question = format!("A function wants {what} - allow it?");
                    prompt::agreed(question).unwrap_or(false)
                });
                let help = format!("answer yes, or set `{key}: allow` in `atmos.yaml`");
                if agreed { Ok(()) } else { Err(Refused { what, why: "you did not agree".to_owned(), help }) }
            }
        }
    }
}

/// Whether a path lies in one of the folders, wherever links lead.
fn is_inside(path: &Path, folders: &[PathBuf]) -> bool {
    // What is not there yet is where its nearest folder is.
    let real = path.ancestors().find_map(|known| {
        let rest = path.strip_prefix(known).ok()?;
        Some(known.canonicalize().ok()?.join(rest))
    });
    let real = real.unwrap_or_else(|| path.to_owned());
    folders.iter().any(|folder| real.starts_with(folder.canonicalize().as_deref().unwrap_or(folder)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_do_not_lead_out() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path().canonicalize().unwrap();
        for folder in ["repo/data", "other"] {
            std::fs::create_dir_all(root.join(folder)).unwrap();
        }
        std::fs::write(root.join("other/x"), "").unwrap();
        std::os::unix::fs::symlink(root.join("other"), root.join("repo/link")).unwrap();
        let inside = [root.join("repo")];
        for (path, expected) in [
            ("repo/data", true),
            ("repo/data/none/yet", true),
            ("repo/link/x", false),
            ("repo/link/none", false),
            ("other/x", false),
            ("repository", false),
        ] {
            assert_eq!(is_inside(&root.join(path), &inside), expected, "{path}");
        }
    }
}
