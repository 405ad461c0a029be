//! Gets everything that packages come from, at once.

use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use super::error::Error;
use super::plan::Package;
use crate::diag::Progress;
use crate::ops::{App, steps};
use crate::vendor::Place;

/// So many are fetched at once.
const AT_ONCE: usize = 8;

/// A file or a folder of this machine.
#[derive(Debug, Clone)]
pub(super) struct Ready {
    pub path: PathBuf,
    /// The commit or the digest that it is.
    pub identity: Option<String>,
}

/// One result for each package, in their order.
pub(super) fn all(app: &App, packages: &[&Package]) -> Vec<Result<Ready, Error>> {
    let results: Vec<Mutex<Option<Result<Ready, Error>>>> = packages.iter().map(|_| Mutex::new(None)).collect();
    let (next, shown) = (AtomicUsize::new(0), Mutex::new(Progress { total: packages.len(), ..Progress::default() }));
    let tell = |change: &dyn Fn(&mut Progress)| {
        let mut shown = shown.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut shown);
        app.host.talk.progress(shown.clone());
    };
    let work = || {
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(package) = packages.get(index) else { return };
            tell(&|shown| shown.running.push(package.name.clone()));
            let result = one(app, package);
            let failed = result.is_err();
            *results[index].lock().unwrap_or_else(PoisonError::into_inner) = Some(result);
            tell(&|shown| {
                shown.running.retain(|name| *name != package.name);
                shown.done += 1;
                shown.failed += usize::from(failed);
            });
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..packages.len().min(AT_ONCE) {
            scope.spawn(work);
        }
    });
    app.host.talk.progress_end();
    let lost = |index: usize| failure(packages[index], "the fetch ended early".to_owned(), String::new());
    let taken = results.into_iter().enumerate().map(|(index, slot)| {
        slot.into_inner().unwrap_or_else(PoisonError::into_inner).unwrap_or_else(|| Err(lost(index)))
    });
    taken.collect()
}

fn failure(package: &Package, reason: String, help: String) -> Error {
    let uri = match &package.place {
        Place::Local(path) => path.display().to_string(),
        Place::Remote(uri) | Place::Artifact(uri) => crate::fetch::shown(uri),
    };
    Error::Fetch { name: package.name.clone(), uri, reason, help }
}

fn one(app: &App, package: &Package) -> Result<Ready, Error> {
    let address = match &package.place {
        Place::Local(path) => return Ok(Ready { path: path.clone(), identity: None }),
        Place::Remote(uri) | Place::Artifact(uri) => uri,
    };
    let body = address.split('?').next().unwrap_or_default().to_ascii_lowercase();
    let is_of = |ending: &str| body.ends_with(ending) || body.contains(&format!("{ending}//"));
    if [".tar.bz2", ".tbz2", ".tar.xz", ".txz", ".7z"].iter().any(|ending| is_of(ending)) {
        let help = "offer the files as `.tar.gz`, `.tar` or `.zip`";
        return Err(failure(package, "archives of this kind cannot be unpacked".to_owned(), help.to_owned()));
    }
    let begin = Instant::now();
    let mut attempt = 1;
    loop {
        // Whoever vendors wants what is there now.
        let error = match app.config.fetcher.fetched(&app.host, &app.config.remote, address, Some("0s")) {
            Ok(fetched) => return Ok(Ready { path: fetched.path, identity: fetched.identity }),
            Err(error) => error,
        };
        let is_passing = matches!(error, crate::fetch::Error::Failed { .. });
        let retry = package.retry.as_ref().filter(|retry| is_passing && retry.concerns(&error.to_string()));
        let delay = retry.and_then(|retry| {
            let delay = retry.delay(attempt, steps::chance());
            let in_time = retry.max_elapsed.is_none_or(|most| begin.elapsed() + delay <= most);
            // A section without an end would wait for ever.
            let most = retry.max_attempts.unwrap_or(1);
            (u64::from(attempt) < most && in_time).then_some(delay)
        });
        let Some(delay) = delay else { return Err(failure(package, error.to_string(), error.next_step())) };
        tracing::debug!(target: "atmos", "{} could not be fetched and is tried again: {error}", package.name);
        std::thread::sleep(delay);
        attempt += 1;
    }
}
