//! The comparison from end to end.

use rayon::prelude::*;

use super::super::{App, unknown};
use super::base::Base;
use super::error::Error;
use super::examine::Examiner;
use super::request::{Affected, Deletion, Report, Request};
use super::{dependents, spacelift, tree};
use crate::diag::Result;
use crate::exec::signals::Watch;
use crate::host::fs::private_temp_dir;
use crate::validate::{Schema, deprecations};

/// The components that differ between the working tree and another commit, sorted by stack, kind and name, the deleted
/// ones last.
///
/// The other tree lies in a private directory, which is gone at the end, by a signal too.
///
/// # Errors
/// No commit to compare with, or a working tree that cannot be used. What is wrong with the other tree is a warning.
pub fn describe(app: &App, request: &Request) -> Result<Report> {
    let base = &request.base;
    let named = base.name.is_some() || base.ssh_key.is_some() || base.ssh_key_password.is_some();
    if base.repo_path.is_some() && named {
        return Err(Error::RepoPathConflict.into());
    }
    // What is wrong here is said before anything is brought from elsewhere.
    app.index()?;
    let temp = &app.host.dirs.temp;
    let place = private_temp_dir(temp, "atmos-base-")
        .map_err(|cause| Error::Directory { path: temp.display().to_string(), cause })?;
    let path = place.path().to_path_buf();
    // A directory that is gone already is as it should be.
    let watch = Watch::start(move || drop(std::fs::remove_dir_all(path)))?;
    let report = Base::open(app, request, place.path()).and_then(|base| compare(app, &base, request, &watch));
    // Whatever went wrong behind a request to stop went wrong because of it.
    watch.check()?;
    report
}

/// Says what in the manifests is deprecated.
///
/// # Errors
/// The stacks cannot be read.
pub fn tell_deprecated(app: &App) -> Result<()> {
    // Nothing is validated here: a schema that cannot be had is no reason to stop.
    let Ok(schema) = Schema::load(&app.host, &app.config, None) else { return Ok(()) };
    for warning in deprecations(&app.host, &app.config, &schema, app.index()?) {
        app.host.talk.warn(warning);
    }
    Ok(())
}

fn compare(app: &App, base: &Base, request: &Request, watch: &Watch) -> Result<Report> {
    watch.check()?;
    let examiner = Examiner::new(app, base.app.as_ref(), request, &base.changed);
    let trees = tree::read(app, base.app.as_ref(), &examiner, request)?;
    if let Some(asked) = request.stack.as_deref().filter(|_| trees.known.is_empty() && trees.base.is_empty()) {
        unknown::stack_or_manifest(app, asked)?;
    }
    let changed = trees.changed.par_iter().filter(|instance| !trees.untouched.contains(&tree::key(instance)));
    let changed = changed.map(|instance| {
        watch.check()?;
        examiner.changed(instance, trees.base.get(&tree::key(instance)))
    });
    let same = trees.same.par_iter().map(|instance| {
        watch.check()?;
        examiner.same(instance)
    });
    let results: Vec<Result<Option<Affected>>> = changed.chain(same).collect();
    let mut affected: Vec<Affected> = Vec::new();
    for result in results {
        affected.extend(result?);
    }
    if request.include_spacelift_admin_stacks {
        spacelift::add_admin_stacks(app, &examiner, &request.processing, &mut affected)?;
    }
    affected.sort_by(|left, right| order(left).cmp(&order(right)));
    let gone = trees.base.iter().filter(|(key, _)| !trees.known.contains(*key));
    let mut deleted: Vec<Affected> = gone
        .filter_map(|(key, instance)| {
            let stack = if trees.stacks.contains(&key.0) { Deletion::Component } else { Deletion::Stack };
            examiner.deleted(instance, stack)
        })
        .collect();
    deleted.sort_by(|left, right| order(left).cmp(&order(right)));
    affected.append(&mut deleted);
    if request.include_dependents {
        watch.check()?;
        dependents::add(app, request, &mut affected)?;
    }
    Ok(Report { affected, base: base.shown.clone(), head: base.head.clone() })
}

fn order(affected: &Affected) -> (&str, &str, &str) {
    let subject = &affected.subject;
    (&subject.stack, &subject.component_type, &subject.component)
}
