//! The comparison from end to end.

use rayon::prelude::*;

use super::super::{App, unknown};
use super::base::Base;
use super::error::Error;
use super::examine::Examiner;
use super::request::{Affected, Deletion, Report, Request};
use super::{dependents, spacelift, tree};
use crate::component::{self, Filter, Instance};
use crate::diag::Result;
use crate::exec::signals::Watch;
use crate::host::fs::private_temp_dir;
use crate::stack::Stack;
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
    let comparison = Comparison { app, base: base.app.as_ref(), request, examiner: &examiner, trees: &trees, watch };
    let (mut affected, mut deleted) = comparison.parts()?;
    affected.append(&mut comparison.same()?);
    if request.include_spacelift_admin_stacks {
        spacelift::add_admin_stacks(app, &examiner, &request.processing, &mut affected)?;
    }
    affected.sort_by(|left, right| order(left).cmp(&order(right)));
    deleted.sort_by(|left, right| order(left).cmp(&order(right)));
    affected.append(&mut deleted);
    if request.include_dependents {
        watch.check()?;
        dependents::add(app, request, &mut affected)?;
    }
    Ok(Report { affected, base: base.shown.clone(), head: base.head.clone() })
}

/// The comparison of what may differ. Instances are built for their turn only: large repositories have more of them than
/// memory can hold twice.
struct Comparison<'a> {
    app: &'a App,
    base: Option<&'a App>,
    request: &'a Request,
    examiner: &'a Examiner<'a>,
    trees: &'a tree::Trees<'a>,
    watch: &'a Watch,
}

impl Comparison<'_> {
    /// What differs in the stacks that may differ, and what only the other tree has.
    fn parts(&self) -> Result<(Vec<Affected>, Vec<Affected>)> {
        let Comparison { app, request, examiner, trees, .. } = self;
        let filter = Filter { stack: request.stack.clone(), ..Filter::default() };
        let (mut affected, mut deleted) = (Vec::new(), Vec::new());
        let mut anything = !trees.known.is_empty();
        for part in &trees.parts {
            let base = tree::built(app, self.base, &part.base, &filter)?;
            anything |= !base.is_empty();
            affected.extend(self.each(&part.head, &filter, |instance| {
                let key = tree::key(instance);
                if trees.untouched.contains(&key) {
                    return Ok(None);
                }
                examiner.changed(instance, base.get(&key))
            })?);
            let gone = base.iter().filter(|(key, _)| !trees.known.contains(*key));
            deleted.extend(gone.filter_map(|(key, instance)| {
                let stack = if trees.stacks.contains(&key.0) { Deletion::Component } else { Deletion::Stack };
                examiner.deleted(instance, stack)
            }));
        }
        if let Some(asked) = request.stack.as_deref().filter(|_| !anything) {
            unknown::stack_or_manifest(app, asked)?;
        }
        Ok((affected, deleted))
    }

    /// What is affected in stacks that are the same.
    fn same(&self) -> Result<Vec<Affected>> {
        let filter = Filter { stack: self.request.stack.clone(), ..Filter::default() };
        let same = |instance: &Instance| self.examiner.same(instance);
        let mut affected = self.each(&self.trees.watching, &filter, same)?;
        let by_folder = self.trees.by_folder.par_iter().map(|(stack, names)| {
            let filter = Filter { components: names.clone(), ..Filter::default() };
            self.each(&[*stack], &filter, same)
        });
        for found in by_folder.collect::<Vec<Result<_>>>() {
            affected.append(&mut found?);
        }
        Ok(affected)
    }

    /// What is affected among the instances of these manifests.
    fn each(
        &self,
        stacks: &[&Stack],
        filter: &Filter,
        examine: impl Fn(&Instance) -> Result<Option<Affected>> + Sync,
    ) -> Result<Vec<Affected>> {
        let Comparison { app, watch, .. } = self;
        let act = |instance: Instance| {
            watch.check()?;
            examine(&instance)
        };
        let found = component::each_of(&app.host, &app.config, app.index()?, stacks, filter, act)?;
        Ok(found.into_iter().flatten().collect())
    }
}

fn order(affected: &Affected) -> (&str, &str, &str) {
    let subject = &affected.subject;
    (&subject.stack, &subject.component_type, &subject.component)
}
