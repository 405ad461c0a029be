//! `atmos vendor pull`.

use super::error::Error;
use super::fetch::{self, Ready};
use super::install::install;
use super::plan::{Package, Planner, component_folder};
use super::select::{Member, Selection, discovered, not_defined, nothing, shown};
use super::versions::Versions;
use crate::component::Kind;
use crate::diag::{Report, Result, Warning};
use crate::exec::folder_lock;
use crate::exec::signals::Watch;
use crate::ops::App;
use crate::value::Node;
use crate::vendor::{self, Loaded, Lock, State, Where, component_file, state_of};

/// What is pulled, and how.
#[derive(Debug, Clone, Default)]
pub struct PullRequest {
    pub selection: Selection,
    pub everything: bool,
    pub dry_run: bool,
    /// Everything is fetched again, and ranges of versions are asked for anew.
    pub refresh: bool,
    /// `strict`, `warn` or `silent`; the setting counts where it is absent.
    pub enforcement: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Enforcement {
    Strict,
    Warn,
    Silent,
}

impl PullRequest {
    fn check(&self) -> Result<(), Error> {
        self.selection.check()?;
        if self.everything && !self.selection.is_empty() {
            let reason =
                "'--everything' flag cannot be combined with '--component', '--stack', '--tags', or '--labels' flags";
            return Err(Error::selection(reason, "leave `--everything` away, or the flags that choose"));
        }
        Ok(())
    }

    fn enforcement(&self, app: &App) -> Result<Enforcement, Error> {
        let setting = app.config.document.get_path(["vendor", "lock", "enforcement"]).and_then(Node::as_str);
        match self.enforcement.as_deref().or(setting).unwrap_or_default() {
            "strict" => Ok(Enforcement::Strict),
            "warn" | "" => Ok(Enforcement::Warn),
            "silent" => Ok(Enforcement::Silent),
            other => Err(Error::selection(
                format!("'--lock-enforcement' must be one of: strict, warn, silent: got \"{other}\""),
                "correct the flag, or `vendor.lock.enforcement` in atmos.yaml",
            )),
        }
    }
}

/// Pulls what was chosen.
///
/// # Errors
/// Manifests that cannot be used, flags that do not fit each other, drift that is not allowed; what failed to be fetched
/// or written, by name. What did not fail is in place then.
pub fn pull(app: &App, request: &PullRequest) -> Result<()> {
    request.check()?;
    let enforcement = request.enforcement(app)?;
    // Two pulls at once would take each other's lock file away.
    let acquire = || app.aside(|| folder_lock::acquire(&app.host, &app.config.base_path));
    let _alone = (!request.dry_run).then(acquire).transpose()?;
    let lock = Lock::open(&app.host, &app.config)?;
    let fresh = !lock.exists;
    let mut versions = Versions { lock, refresh: request.refresh, changed: false };
    let packages = plan(app, request, &mut versions)?;
    let Versions { mut lock, changed, .. } = versions;
    let pending = pending(app, request, &lock, &packages, enforcement, fresh)?;
    if request.dry_run {
        for package in &packages {
            app.host.talk.success(package.title());
        }
        app.host.talk.info("▶ Done! Dry run completed. No components vendored");
        return Ok(());
    }
    if changed {
        lock.save()?;
    }
    let same = packages.len() - pending.len();
    if same > 0 {
        let what = if same == 1 { "component is" } else { "components are" };
        app.host.talk.info(format!("{same} {what} up to date"));
    }
    if pending.is_empty() {
        return Ok(());
    }
    let results = fetch::all(app, &pending);
    finish(app, &mut lock, &pending, results)
}

/// Installs what could be fetched, and says what could not.
fn finish(app: &App, lock: &mut Lock, pending: &[&Package], results: Vec<Result<Ready, Error>>) -> Result<()> {
    let watch = Watch::start(|| {})?;
    let mut failed: Vec<(String, Report)> = Vec::new();
    for (package, result) in pending.iter().zip(results) {
        watch.check()?;
        let done = result.map_err(Report::from).and_then(|ready| install(app, &watch, lock, package, &ready));
        watch.check()?;
        match done {
            Ok(()) => app.host.talk.success(package.title()),
            Err(error) => {
                app.host.talk.attention(format!("✗ {}", package.title()));
                failed.push((package.name.clone(), error));
            }
        }
    }
    let good = pending.len() - failed.len();
    let bad = if failed.is_empty() { String::new() } else { format!(", failed: {}", failed.len()) };
    let summary = format!("Vendored components (success: {good}{bad})");
    if failed.is_empty() {
        app.host.talk.success(summary);
        return Ok(());
    }
    app.host.talk.info(summary);
    let names: Vec<&str> = failed.iter().map(|(name, _)| name.as_str()).collect();
    let reasons = failed.iter().fold(String::new(), |text, (_, error)| text + "\n" + &error.to_string());
    let mut help: Vec<String> =
        failed.iter().filter_map(|(_, error)| error.diagnostic().help().map(|help| help.to_string())).collect();
    help.dedup();
    let (all, names, failed) = (pending.len(), names.join(", "), failed.len());
    Err(Error::Failed { failed, all, names, reasons, help: help.join("\n") }.into())
}

/// Those packages that are not there yet, or not as they should be.
fn pending<'p>(
    app: &App,
    request: &PullRequest,
    lock: &Lock,
    packages: &'p [Package],
    enforcement: Enforcement,
    fresh: bool,
) -> Result<Vec<&'p Package>> {
    if request.refresh {
        return Ok(packages.iter().collect());
    }
    let (mut pending, mut drifted) = (Vec::new(), Vec::new());
    for package in packages {
        match state_of(&app.config, lock, &package.id, &package.artifact)? {
            State::Same => continue,
            State::Unknown => {}
            State::Drifted(reason) => {
                // The first pull of a repository finds no lock, and nothing drifted.
                if enforcement == Enforcement::Warn && !fresh && !request.dry_run {
                    let message = format!("Vendor lock drift detected for {}: {reason}", package.name);
                    app.host.talk.warn(Warning::new("atmos::vendor::drifted", message));
                }
                drifted.push(format!("{} ({reason})", package.name));
            }
        }
        pending.push(package);
    }
    if enforcement == Enforcement::Strict && !drifted.is_empty() && !request.dry_run {
        return Err(Error::Drift { drifted: drifted.join("; ") }.into());
    }
    Ok(pending)
}

fn plan(app: &App, request: &PullRequest, versions: &mut Versions) -> Result<Vec<Package>> {
    let selection = &request.selection;
    let mut planner = Planner::new(app, versions);
    if selection.by_stack() {
        of_stack(app, selection, &mut planner)?;
        return Ok(planner.packages);
    }
    let place = vendor::find(&app.host, &app.config, selection.file.as_deref());
    let kind = selection.kind.clone().unwrap_or(Kind::Terraform);
    let own = |component: &str| component_folder(app, &kind, component).is_ok_and(|it| component_file(&it).is_some());
    match (place, &selection.component) {
        (Where::There(path), _) => {
            let loaded = vendor::load(&app.host, &app.config, &path)?;
            match &selection.component {
                Some(name) if !loaded.sources.iter().any(|source| source.component == *name) && own(name) => {
                    untagged(selection)?;
                    planner.component(&kind, name)?;
                }
                _ => of_manifest(app, selection, &loaded, &mut planner)?,
            }
        }
        // A setting that leads nowhere is no reason to leave a component alone that has its own manifest.
        (Where::Missing(_) | Where::Nowhere, Some(name)) if own(name) => {
            untagged(selection)?;
            planner.component(&kind, name)?;
        }
        (Where::Missing(path), _) => {
            return Err(vendor::Error::NotConfigured { path: shown(app, &path) }.into());
        }
        (Where::Nowhere, Some(name)) => return Err(Error::NothingFor { component: name.clone() }.into()),
        (Where::Nowhere, None) => {
            untagged(selection)?;
            let found = discovered(app, &selection.kinds());
            if found.is_empty() {
                return Err(Error::Nothing.into());
            }
            for member in found {
                planner.component(&member.kind, &member.name)?;
            }
        }
    }
    Ok(planner.packages)
}

/// Manifests of components have no tags.
fn untagged(selection: &Selection) -> Result<(), Error> {
    if selection.tags.is_empty() { Ok(()) } else { Err(nothing()) }
}

fn of_manifest(app: &App, selection: &Selection, loaded: &Loaded, planner: &mut Planner<'_>) -> Result<()> {
    let file = shown(app, &loaded.main);
    let tags = selection.tags.join(", ");
    let suffix = if tags.is_empty() { String::new() } else { format!(" for tags {{{tags}}}") };
    app.host.talk.info(format!("▶ Vendoring from '{file}'{suffix}"));
    let wanted =
        |source: &&vendor::Source| selection.component.as_ref().is_none_or(|component| source.component == *component);
    if let Some(component) = &selection.component
        && !loaded.sources.iter().any(|source| wanted(&source))
    {
        return Err(not_defined(app, Some(loaded), component).into());
    }
    let chosen: Vec<&vendor::Source> =
        loaded.sources.iter().filter(wanted).filter(|source| source.has_tags(&selection.tags)).collect();
    if chosen.is_empty() {
        return match &selection.component {
            Some(_) => Err(nothing().into()),
            None => Err(Error::NoTags { file, tags }.into()),
        };
    }
    for source in chosen {
        planner.source(loaded, source)?;
    }
    Ok(())
}

/// The components of stacks: each by its own manifest, else by the source of its name in `vendor.yaml`.
fn of_stack(app: &App, selection: &Selection, planner: &mut Planner<'_>) -> Result<()> {
    let members = selection.members(app)?;
    let loaded = selection.manifest(app)?;
    let source_of = |member: &Member| {
        let sources = loaded.iter().flat_map(|loaded| loaded.sources.iter().map(move |source| (loaded, source)));
        sources.into_iter().find(|(_, source)| source.component == member.name)
    };
    let mut found = false;
    for member in &members {
        let source = source_of(member);
        if !selection.tags.is_empty() && !source.is_some_and(|(_, source)| source.has_tags(&selection.tags)) {
            continue;
        }
        let own = component_folder(app, &member.kind, &member.name)?;
        match (component_file(&own), source) {
            (Some(_), source) => {
                if source.is_some() {
                    let message = format!(
                        "{} has a manifest of its own and an entry in vendor.yaml: its own one is used here",
                        member.name
                    );
                    let help = format!("`atmos vendor pull -c {}` uses vendor.yaml; keep one of the two", member.name);
                    app.host.talk.warn(Warning::new("atmos::vendor::two_manifests", message).help(help));
                }
                planner.component(&member.kind, &member.name)?;
            }
            (None, Some((loaded, source))) => planner.source(loaded, source)?,
            (None, None) => continue,
        }
        found = true;
    }
    if !found && !selection.tags.is_empty() {
        return Err(nothing().into());
    }
    if !found {
        app.host.talk.info("None of these components is vendored");
    }
    Ok(())
}
