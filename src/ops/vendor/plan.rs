//! From manifests to packages: what is fetched from where, and where it goes to.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::error::Error;
use super::select::shown;
use super::versions::{Asked, Versions};
use crate::component::Kind;
use crate::diag::Result;
use crate::host::fs;
use crate::ops::App;
use crate::span::Span;
use crate::step::{self, Retry, Texts};
use crate::value::Node;
use crate::vendor::{
    Artifact, COMPONENT_FILES, Choice, ComponentManifest, Loaded, Origin, Place, Source, Target, artifact_id, classify,
    component_file, normalized, redacted, reference,
};

/// One thing that is put into one folder.
#[derive(Debug, Clone)]
pub(super) struct Package {
    pub name: String,
    /// Empty where none is given.
    pub version: String,
    pub place: Place,
    /// Absolute folder below the base path.
    pub folder: PathBuf,
    /// The name in the folder, where a single file is meant.
    pub single: Option<String>,
    /// Files that others of the same component bring, or that are the user's.
    pub without: BTreeSet<String>,
    pub choice: Choice,
    pub retry: Option<Retry>,
    /// Key in the lock, and what the lock is to say, but for what is known only afterwards.
    pub id: String,
    pub artifact: Artifact,
}

impl Package {
    /// `vpc (1.2.3)`
    pub(super) fn title(&self) -> String {
        if self.version.is_empty() { self.name.clone() } else { format!("{} ({})", self.name, self.version) }
    }
}

/// Makes packages, and finds out versions on the way.
pub(super) struct Planner<'a> {
    app: &'a App,
    versions: &'a mut Versions,
    pub packages: Vec<Package>,
}

/// What a package is made of, once all its texts are rendered.
struct Draft<'d> {
    name: &'d str,
    version: String,
    /// The range that was written, where one was.
    range: String,
    uri: String,
    /// As the manifest has it.
    target: PathBuf,
    filters: (Vec<String>, Vec<String>),
    retry: &'d Node,
}

impl<'a> Planner<'a> {
    pub(super) fn new(app: &'a App, versions: &'a mut Versions) -> Planner<'a> {
        Planner { app, versions, packages: Vec::new() }
    }

    /// The packages of a source of `vendor.yaml`, one for each target.
    ///
    /// # Errors
    /// Templates that cannot be rendered, ranges that nothing fits, targets outside of the repository.
    pub(super) fn source(&mut self, loaded: &Loaded, source: &Source) -> Result<()> {
        for (index, target) in source.targets.iter().enumerate() {
            self.target(loaded, source, target, index)?;
        }
        Ok(())
    }

    fn target(&mut self, loaded: &Loaded, source: &Source, target: &Target, index: usize) -> Result<()> {
        let own = !target.version.is_empty();
        let name = source.name();
        let written = if own { &target.version } else { &source.version };
        let discriminator = own.then(|| format!("target-{index}"));
        let asked = Asked {
            name: &name,
            discriminator: discriminator.as_deref(),
            source: &source.source,
            version: written,
            constraints: &source.constraints,
        };
        let version = self.versions.resolve(self.app, &asked)?;
        let texts = |what: &str, span: Span, text: &str| {
            let values = [("Component", source.component.as_str()), ("Version", &version.text)];
            render(self.app, &values, &format!("{what} of {name}"), span, text)
        };
        let uri = normalized(&texts("the source", source.span, &source.source)?);
        let path = texts("the target", target.span, &target.path)?;
        let filter = |list: &[String]| -> Result<Vec<String>> {
            list.iter().map(|text| texts("a path", source.span, text)).collect()
        };
        let unnamed = crate::fetch::shown(&uri);
        let draft = Draft {
            name: if source.component.is_empty() { &unnamed } else { &source.component },
            version: version.text.clone(),
            range: version.range.clone(),
            target: loaded.directory.join(path.trim()),
            filters: (filter(&source.included)?, filter(&source.excluded)?),
            retry: &source.retry,
            uri: uri.clone(),
        };
        let beside = source.file.parent().unwrap_or(&loaded.directory);
        let place = classify(&uri, &[&loaded.directory, beside])?;
        let package = self.package(draft, place, None)?;
        self.add(package);
        Ok(())
    }

    /// The packages of a component with a manifest of its own: its source, then its mixins.
    ///
    /// # Errors
    /// Those of [`Planner::source`].
    pub(super) fn component(&mut self, kind: &Kind, name: &str) -> Result<()> {
        let folder = component_folder(self.app, kind, name)?;
        let Some(file) = component_file(&folder) else {
            return Err(Error::NothingFor { component: name.to_owned() }.into());
        };
        let manifest = ComponentManifest::read(&self.app.host, &file)?;
        let asked = Asked {
            name,
            discriminator: None,
            source: &manifest.uri,
            version: &manifest.version,
            constraints: &manifest.constraints,
        };
        let version = self.versions.resolve(self.app, &asked)?;
        let what = format!("`{}`", shown(self.app, &file));
        let texts = |version: &str, text: &str| {
            let values = [("Component", name), ("Version", version), ("Uri", text)];
            render(self.app, &values, &what, Span::default(), text)
        };
        let uri = normalized(&texts(&version.text, &manifest.uri)?);
        let filter =
            |list: &[String]| -> Result<Vec<String>> { list.iter().map(|text| texts(&version.text, text)).collect() };
        let draft = Draft {
            name,
            version: version.text.clone(),
            range: version.range.clone(),
            uri: uri.clone(),
            target: folder.clone(),
            filters: (filter(&manifest.included)?, filter(&manifest.excluded)?),
            retry: &manifest.retry,
        };
        let place = classify(&uri, &[&folder])?;
        let mut package = self.package(draft, place, None)?;
        package.without = manifest.mixins.iter().map(|mixin| mixin.filename.clone()).collect();
        // One of the source would take the place of the one that was just read.
        package.without.extend(COMPONENT_FILES.map(str::to_owned));
        self.add(package);
        for mixin in &manifest.mixins {
            let uri = normalized(&texts(&mixin.version, &mixin.uri)?);
            let place = classify(&uri, &[&folder])?;
            let title = format!("mixin {}", redacted(&uri));
            let draft = Draft {
                name: &title,
                version: mixin.version.clone(),
                range: String::new(),
                uri,
                target: folder.clone(),
                filters: (Vec::new(), Vec::new()),
                retry: &manifest.retry,
            };
            let package = self.package(draft, place, Some(&mixin.filename))?;
            self.add(package);
        }
        Ok(())
    }

    /// Sources without names may have address and target in common and take different files: each needs an entry of its own,
    /// or it would remove what the other one brought.
    fn add(&mut self, mut package: Package) {
        let mut others = 1;
        while self.packages.iter().any(|known| known.id == package.id) {
            others += 1;
            let Artifact { name, kind, target, included, excluded, .. } = &package.artifact;
            let (filters, number) = ([included.join(","), excluded.join(",")].join("\0"), others.to_string());
            package.id = artifact_id(kind, target, &[name, &filters, &number]);
        }
        self.packages.push(package);
    }

    fn package(&self, draft: Draft<'_>, place: Place, mixin: Option<&str>) -> Result<Package> {
        let app = self.app;
        let declared_target = below_base(app, draft.name, &draft.target)?;
        let mut folder = app.config.base_path.join(&declared_target);
        let mut single = mixin.map(str::to_owned);
        let name_of = |path: &Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if let (Place::Local(file), None) = (&place, mixin)
            && file.is_file()
        {
            // A target with an ending is the file itself, any other one is the folder that it goes to.
            if folder.extension().is_some() && !folder.is_dir() {
                single = Some(name_of(&folder));
                folder.pop();
            } else {
                single = Some(name_of(file));
            }
        }
        let target = below_base(app, draft.name, &folder)?;
        let mut writers = vec![draft.name];
        writers.extend(mixin);
        let id = artifact_id(place.kind(), &declared_target, &writers);
        let (included, excluded) = draft.filters;
        let retry = step::retry(draft.retry, &format!("`retry` of {}", draft.name), &app.host.sources)?;
        let artifact = Artifact {
            name: draft.name.to_owned(),
            kind: place.kind().to_owned(),
            target,
            source: Origin {
                declared: redacted(&draft.uri),
                reference: Some(reference(&draft.uri)),
                resolved_version: if draft.range.is_empty() { String::new() } else { draft.version.clone() },
                version_constraint: draft.range,
                ..Origin::default()
            },
            included: included.clone(),
            excluded: excluded.clone(),
            ..Artifact::default()
        };
        Ok(Package {
            name: draft.name.to_owned(),
            version: draft.version,
            place,
            folder,
            single,
            without: BTreeSet::new(),
            choice: Choice::new(&included, &excluded)?,
            retry,
            id,
            artifact,
        })
    }
}

/// The folder of a component, which never leads out of the folder of its kind.
pub(super) fn component_folder(app: &App, kind: &Kind, name: &str) -> Result<PathBuf, Error> {
    let base = kind.base_path(&app.config).unwrap_or_else(|| app.config.base_path.clone());
    let folder = fs::clean(&base.join(name));
    if folder == base || !folder.starts_with(&base) {
        let reason = "it leads out of the folder of its kind".to_owned();
        return Err(Error::Target { target: name.to_owned(), name: name.to_owned(), reason });
    }
    Ok(folder)
}

/// A folder relative to the base path, with slashes.
fn below_base(app: &App, name: &str, folder: &Path) -> Result<String, Error> {
    let cleaned = fs::clean(folder);
    let refused = |reason: &str| {
        let target = shown(app, &cleaned);
        Error::Target { target, name: name.to_owned(), reason: reason.to_owned() }
    };
    let below = cleaned.strip_prefix(&app.config.base_path).map_err(|_| refused("it is outside of the base path"))?;
    let below = below.to_str().ok_or_else(|| refused("it is no text"))?;
    if below.is_empty() {
        return Err(refused("it is the base path itself, with everything that is in the repository"));
    }
    if below.split(std::path::MAIN_SEPARATOR).any(|part| part == ".git") {
        return Err(refused("it is inside of `.git`"));
    }
    Ok(below.replace(std::path::MAIN_SEPARATOR, "/"))
}

fn render(app: &App, values: &[(&str, &str)], what: &str, span: Span, text: &str) -> Result<String> {
    let components = |_: &str, _: &str| Ok(Node::default());
    let mut texts = Texts::new(&app.host, &components);
    for (name, value) in values {
        texts.set(name, Node::from(*value));
    }
    Ok(texts.render(what, span, text, &app.host.env)?)
}
