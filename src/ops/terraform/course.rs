//! What is done in a component's folder while nobody else works there: the hooks before, terraform, the hooks after.

use std::fs::Metadata;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::single::{Work, evaluation, platforms};
use super::state::{self, Pushed};
use super::{RunRequest, fleet, migrate, output, retry};
use crate::diag::{Report, Result, Warning};
use crate::exec::argv::{flag_value, is_on};
use crate::exec::folder_lock::FolderLock;
use crate::exec::signals::Signals;
use crate::exec::terraform::folder::data_dir;
use crate::exec::terraform::{
    Context, Finished, Folds, FromPlan, InitWish, Plan, Retries, Target, calls_modules, layout, planned,
    run as run_plan, steps,
};
use crate::exec::{Error as ExecError, Output, files};
use crate::host::Env;
use crate::ops::child::Held;
use crate::ops::folds::Phases;
use crate::ops::hooks::Around;
use crate::ops::{App, protection};
use crate::yaml;

/// One component at work, with everything that it needs.
#[derive(Clone, Copy)]
pub(super) struct Course<'a> {
    pub(super) app: &'a App,
    pub(super) work: Work<'a>,
    pub(super) held: &'a Held,
    /// Complete environment of the children.
    pub(super) env: &'a Env,
    /// The state that has come by standard input.
    pub(super) pushed: Option<&'a Pushed>,
}

impl Course<'_> {
    /// Takes the folder until the last hook has ended.
    pub(super) async fn run(self, signals: &mut Signals) -> Result<Finished> {
        let Course { app, work: Work { request, ready, .. }, env, .. } = self;
        let target = &ready.target;
        if request.request.takes_away(env) {
            // Only now the whole environment is known, with what the identity brings.
            protection::check(app, &ready.instance, &format!("terraform {}", request.request.command()))?;
        }
        let lock = signals.guard(Box::pin(take_places(app, request, target, env))).await?;
        let result = if ready.hooks.is_empty() {
            Box::pin(self.children(&lock, signals)).await
        } else {
            Box::pin(self.hooked(&lock, signals)).await
        };
        // A shell that is still to come needs the file.
        if !app.config.terraform.remove_varfiles || request.without_variables || request.only_prepares {
            return result;
        }
        match (result, remove_varfiles(target)) {
            (Ok(finished), removed) => removed.map(|()| finished),
            (Err(first), removed) => {
                if let Err(error) = removed {
                    app.host.talk.warn(Warning::new("atmos::exec::file", error.to_string()));
                }
                Err(first)
            }
        }
    }

    /// The run with its hooks. One of them may call atmos for the same component, which goes on.
    async fn hooked(self, lock: &FolderLock, signals: &mut Signals) -> Result<Finished> {
        let Course { app, work: Work { request, ready, relay, .. }, env, .. } = self;
        let options = evaluation(request);
        let target = &ready.target;
        let mut around = Around {
            app,
            instance: &ready.instance,
            options: &options,
            env: &lock.known_to(env),
            folder: &target.folder,
            planfile: request
                .request
                .applied_plan(&target.names().planfile(), env)
                .map(|file| target.folder.join(file)),
            program: (&target.command, &target.command_source),
            signals,
            data: request.request.words == ["output"] || is_on(&request.request.native, "-json"),
            relay,
        };
        ready.hooks.before(&mut around).await?;
        let saved = saved_plan(target, request).map(|path| (Trace::of(&path), path));
        let result = Box::pin(self.children(lock, around.signals)).await;
        if let Some((before, path)) = saved {
            // One of an earlier run says nothing about this one.
            around.planfile = Some(path).filter(|path| Trace::of(path) != before);
        }
        ready.hooks.finish(result, |finished| finished.code, &mut around).await
    }

    async fn children(self, lock: &FolderLock, signals: &mut Signals) -> Result<Finished> {
        let Course { app, work: Work { request, ready, relay, .. }, held, env, pushed } = self;
        let target = &ready.target;
        let mut plan = steps(target, &request.request, env)?;
        if request.request.init_for_modules && !calls_modules(&target.folder) {
            plan.init = InitWish::Never;
        }
        // `--planfile` is what somebody wants to be applied as it is.
        if let Some(file) = plan.needs_planfile.as_ref().filter(|_| request.request.planfile.is_none()) {
            planned::check(&app.host, target, file)?;
        }
        if request.format.is_some() {
            plan = output::as_data(plan);
            if !app.host.terminal.stderr {
                plan = output::without_colours(plan);
            }
        }
        if request.without_variables {
            plan.varfiles.clear();
        }
        let migration = request.migration.as_ref().map(|migration| {
            let backend = &ready.instance.sections.backend;
            migrate::Work { app, migration, target, backend, env }
        });
        if let Some(migration) = migration
            && !migration.begin()?
        {
            return Ok(Finished { code: 0, data: Vec::new() });
        }
        if request.only_prepares || migration.is_some() {
            plan = Plan { main: None, remove: Vec::new(), saves: None, ..plan };
        }
        if let (Some(pushed), Some(main)) = (pushed, &mut plan.main) {
            pushed.take_the_place_in(main);
        }
        plan.output = request.output.or_else(|| state::pulled(app, request)).unwrap_or(plan.output);
        say(app, request, target, held, &plan);
        tracing::debug!("variables of {} in {}:\n{}", target.component, target.stack, open_variables(target));
        let is_direct = request.many.max_concurrency < 2 || !request.request.many;
        let retries = retry::read(app, &ready.instance, is_direct)?;
        let retries = Some(&retries as &dyn Retries);
        // Of many components each is a part by itself.
        let folds = (!request.request.many).then(|| Phases { app, talks: fleet::talks(request) });
        let saves = (request.request.words == ["plan"] && plan.main.is_some()).then(|| planfile(target, request));
        let platforms = platforms(app);
        let folds = folds.as_ref().map(|folds| folds as &dyn Folds);
        let context = Context {
            host: &app.host,
            target,
            request: &request.request,
            env,
            signals: &mut *signals,
            relay,
            lock: Some(lock),
            input: pushed.map(Pushed::state),
            retries,
            folds,
            platforms: &platforms,
        };
        let mut result = run_plan(context, &plan).await.map_err(Report::from);
        if let Some(migration) = migration.filter(|_| result.is_ok()) {
            result = migration.run(signals, relay, lock).await.and(result);
        }
        if let Some(relay) = relay {
            relay.close();
        }
        let finished = result?;
        if let Some(file) = saves.filter(|file| target.folder.join(file).is_file()) {
            let destroys = is_on(&request.request.native, "-destroy");
            let data = data_dir(&target.folder, env);
            if let Err(error) = planned::remember(&app.host, target, &data, &file, destroys) {
                let message =
                    format!("what `{file}` was made of is not kept, so that nobody can check it later: {error}");
                app.host.talk.warn(Warning::new("atmos::exec::not_remembered", message));
            }
        }
        Ok(finished)
    }
}

/// Where the command saves the plan that it makes.
fn saved_plan(target: &Target, request: &RunRequest) -> Option<PathBuf> {
    let (words, given) = request.request.meant();
    if words != ["plan"] {
        return None;
    }
    let own = || planfile(target, request);
    let file =
        if request.request.words == ["plan"] { Some(own()) } else { flag_value(given, "-out").map(str::to_owned) };
    file.map(|file| target.folder.join(file))
}

/// What tells a file that was written again from the one that was there before.
#[derive(PartialEq, Eq)]
struct Trace(Option<(SystemTime, u64, Identity)>);

#[cfg(unix)]
type Identity = u64;
#[cfg(not(unix))]
type Identity = ();

impl Trace {
    fn of(path: &Path) -> Trace {
        #[cfg(unix)]
        let identity = |found: &Metadata| std::os::unix::fs::MetadataExt::ino(found);
        #[cfg(not(unix))]
        let identity = |_: &Metadata| ();
        let found = std::fs::metadata(path).ok();
        Trace(found.and_then(|found| Some((found.modified().ok()?, found.len(), identity(&found)))))
    }
}

/// The planfile that the command writes or applies, relative to the folder.
pub(super) fn planfile(target: &Target, request: &RunRequest) -> String {
    let asked = &request.request;
    let from = match &asked.from_plan {
        Some(FromPlan::File(file)) => Some(file.clone()),
        _ => None,
    };
    let out = flag_value(&asked.native, "-out").map(str::to_owned);
    asked.planfile.clone().or(from).or(out).unwrap_or_else(|| target.names().planfile())
}

/// Takes away the variables that runs of the instance write; that they are not there is fine.
pub(super) fn remove_varfiles(target: &Target) -> Result<()> {
    for name in [target.names().varfile(), target.names().test_varfile()] {
        files::remove(&target.folder, &name)?;
    }
    Ok(())
}

/// Takes what the run works in. A migration writes a file of its own into the folder.
async fn take_places(app: &App, request: &RunRequest, target: &Target, env: &Env) -> Result<FolderLock, ExecError> {
    if target.data_dir.is_none() || request.migration.is_some() {
        let [_, data] = places(target, env);
        return layout::acquire_alone(&app.host, target, &data, env).await;
    }
    layout::acquire(&app.host, target, &request.request, env).await
}

/// What nobody else may work in meanwhile: the folder, and the data directory, which several folders may share.
pub(super) fn places(target: &Target, env: &Env) -> [PathBuf; 2] {
    let data = data_dir(&target.folder, env);
    if !data.starts_with(&target.folder)
        && let Err(error) = std::fs::create_dir_all(&data)
    {
        // It has to be there to have a lock of its own. Terraform says what is wrong with it.
        tracing::debug!(%error, path = %data.display(), "the data directory is not made");
    }
    [target.folder.clone(), data]
}

/// The variables that may be shown.
fn open_variables(target: &Target) -> String {
    let mut vars = target.vars.clone();
    vars.make_map().retain(|name, _| !target.secret_vars.contains_key(&**name));
    yaml::emit(&vars, 2)
}

/// The line before the child starts. Of many components each has one, so that their outputs can be told apart.
fn say(app: &App, request: &RunRequest, target: &Target, held: &Held, plan: &Plan) {
    if plan.output == Output::Value {
        return;
    }
    match held.summary() {
        Some(summary) => app.host.talk.info(format!("{} in {}: {summary}", target.component, target.stack)),
        None if request.request.many => app.host.talk.info(format!("{} in {}", target.component, target.stack)),
        None => {}
    }
}
