//! Packages: kept for ever, looked at once in a run, fetched by one of those who want them at once.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::task::block_in_place;

use super::intake::{Intake, Package};
use super::module;
use super::provider::{self, Provider};
use super::shelf::Look;
use super::state::State;
use super::upstream::Trouble;
use crate::diag::Warning;
use crate::host::lock::FileLock;

/// Who fetches the same for longer, in another process, has stopped.
const PATIENCE: Duration = Duration::from_mins(30);

/// Where a package comes from.
#[derive(Debug)]
pub(super) enum Origin {
    Registry(Provider, String),
    /// The source of a module, as far as somebody asked for its address in this run.
    Source(Option<String>),
}

/// A kept package that was looked at, and what it was like then.
pub(super) type Seen = (u64, Option<Timestamp>);

impl State {
    pub(super) async fn package(&self, key: &str, origin: &Origin) -> Result<Package, Trouble> {
        let gate = self.gate(key);
        let _turn = gate.lock().await;
        if let Look::Sound(package) = self.look(key) {
            self.hit(key, package.size);
            return Ok(package);
        }
        let lock = self.alone(key);
        match self.look(key) {
            // Another process has fetched it meanwhile.
            Look::Sound(package) => {
                self.hit(key, package.size);
                return Ok(package);
            }
            Look::Damaged => self.discard(key),
            Look::Missing => {}
        }
        let package = self.fetched_package(key, origin, lock.is_some()).await?;
        self.came(key);
        Ok(package)
    }

    /// What is kept, looked at once in a run and whenever it has changed.
    fn look(&self, key: &str) -> Look {
        let loose = self.loose.lock().unwrap_or_else(PoisonError::into_inner).get(key).cloned();
        if let Some(package) = loose {
            return Look::Sound(package);
        }
        let Some((file, size, modified)) = self.shelf.open(key) else { return Look::Missing };
        let seen = (size, modified);
        if self.seen.lock().unwrap_or_else(PoisonError::into_inner).get(key) == Some(&seen) {
            return Look::Sound(Package { file: Arc::new(file), size });
        }
        let look = block_in_place(|| self.shelf.look(key, file));
        if matches!(look, Look::Sound(_)) {
            self.saw(key, seen);
        }
        look
    }

    fn saw(&self, key: &str, seen: Seen) {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).insert(key.to_owned(), seen);
    }

    /// Keeps other processes from fetching the same. Without it two may do so, which is no harm but to the network.
    fn alone(&self, key: &str) -> Option<FileLock> {
        let lock = self.shelf.lock_path(key).map_err(|error| error.to_string());
        let lock = lock.and_then(|path| {
            block_in_place(|| FileLock::acquire(&path, Some(PATIENCE), || {})).map_err(|error| error.to_string())
        });
        lock.inspect_err(|error| tracing::debug!(error, key, "the registry cache fetches without a lock")).ok()
    }

    fn discard(&self, key: &str) {
        let removed = match self.shelf.delete(key) {
            Ok(()) => String::new(),
            Err(error) => format!(" ({error})"),
        };
        let message = format!("`{key}` of the registry cache is damaged and is fetched again{removed}");
        let help = "does the disk have errors, or did something else write there?";
        self.host.talk.warn(Warning::new("atmos::mirror::damaged", message).help(help));
    }

    async fn fetched_package(&self, key: &str, origin: &Origin, alone: bool) -> Result<Package, Trouble> {
        let unkept = match self.shelf.intake(key, alone) {
            Err(error) => error.to_string(),
            Ok(mut intake) => match (self.fill(origin, &mut intake).await, intake.failure().map(str::to_owned)) {
                (Ok(()), _) => {
                    let (package, unkept) = block_in_place(|| self.shelf.keep(key, intake));
                    let package = package.map_err(|error| Trouble::broken(error.to_string()))?;
                    match (unkept, self.shelf.open(key)) {
                        (None, Some((_, size, modified))) => self.saw(key, (size, modified)),
                        (None, None) => {}
                        (Some(error), _) => {
                            self.not_kept(&error.to_string());
                            self.keep_loose(key, &package);
                        }
                    }
                    return Ok(package);
                }
                (Err(trouble), None) => return Err(trouble),
                (Err(_), Some(reason)) => format!("cannot write `{key}` of the registry cache: {reason}"),
            },
        };
        // What cannot be kept is of use all the same.
        self.not_kept(&unkept);
        let temporary = |reason: String| Trouble::broken(format!("no temporary file: {reason}"));
        let mut intake = Intake::loose(&self.host.dirs.temp).map_err(|error| temporary(error.to_string()))?;
        self.fill(origin, &mut intake).await?;
        let package = self.shelf.keep(key, intake).0.map_err(|error| temporary(error.to_string()))?;
        self.keep_loose(key, &package);
        Ok(package)
    }

    async fn fill(&self, origin: &Origin, into: &mut Intake) -> Result<(), Trouble> {
        match origin {
            Origin::Registry(provider, file) => provider::package(self, provider, file, into).await,
            Origin::Source(Some(source)) => block_in_place(|| module::pack(self, source, into)),
            Origin::Source(None) => Err(Trouble::missing("nobody asked for this source")),
        }
    }

    fn keep_loose(&self, key: &str, package: &Package) {
        self.loose.lock().unwrap_or_else(PoisonError::into_inner).insert(key.to_owned(), package.clone());
    }

    pub(super) fn not_kept(&self, reason: &str) {
        let help = "it is fetched again by the next run; check the permissions and the free space";
        self.host.talk.warn(Warning::new("atmos::mirror::not_kept", reason).help(help));
    }
}
