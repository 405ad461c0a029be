//! Which components a command is about.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::error::Error;
use crate::component::{self, Filter, Kind};
use crate::diag::{Result, nearest};
use crate::ops::list::labels;
use crate::ops::{App, unknown};
use crate::value::Node;
use crate::vendor::{self, Loaded, Where};

/// How components are chosen. Nothing means all of them.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    pub component: Option<String>,
    pub stack: Option<String>,
    /// `key=value,key:value`
    pub labels: Option<String>,
    pub tags: Vec<String>,
    /// `--type`
    pub kind: Option<Kind>,
    /// `--file`
    pub file: Option<PathBuf>,
}

/// The kinds of components that have manifests of their own.
pub(super) const KINDS: [Kind; 3] = [Kind::Terraform, Kind::Helmfile, Kind::Packer];

/// The kind that `--type` names.
///
/// # Errors
/// Another word.
pub fn kind(text: &str) -> Result<Kind, Error> {
    KINDS.into_iter().find(|kind| kind.key() == text).ok_or_else(|| {
        Error::selection(format!("unsupported component type '{text}'"), "the types are terraform, helmfile and packer")
    })
}

/// A component of a stack.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Member {
    pub kind: Kind,
    /// Folder below the base path of the kind, which is the name under which it is vendored.
    pub name: String,
}

impl Selection {
    pub(super) fn by_stack(&self) -> bool {
        self.stack.is_some() || self.labels.is_some()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.component.is_none() && !self.by_stack() && self.tags.is_empty()
    }

    pub(super) fn kinds(&self) -> Vec<Kind> {
        self.kind.clone().map_or_else(|| KINDS.to_vec(), |kind| vec![kind])
    }

    /// # Errors
    /// Flags that do not fit each other.
    pub(super) fn check(&self) -> Result<(), Error> {
        let help = "--stack and --labels choose several components, --component one; --tags narrows either";
        if self.component.is_some() && self.stack.is_some() {
            let reason = "either '--component' or '--stack' flag can be provided, but not both";
            return Err(Error::selection(reason, help));
        }
        if self.component.is_some() && self.labels.is_some() {
            let reason = "either '--component' or '--labels' flag can be provided, but not both";
            return Err(Error::selection(reason, help));
        }
        Ok(())
    }

    /// The manifest and its imports; `None` where there is none.
    ///
    /// # Errors
    /// A manifest that cannot be used, or a `--file` that is not there.
    pub(super) fn manifest(&self, app: &App) -> Result<Option<Loaded>> {
        match vendor::find(&app.host, &app.config, self.file.as_deref()) {
            Where::There(path) => Ok(Some(vendor::load(&app.host, &app.config, &path)?)),
            Where::Missing(path) if self.file.is_some() => {
                let cause = std::io::Error::from(std::io::ErrorKind::NotFound);
                Err(vendor::Error::Unreadable { path: shown(app, &path), cause }.into())
            }
            Where::Missing(_) | Where::Nowhere => Ok(None),
        }
    }

    /// The names of the chosen components; `None` for all.
    ///
    /// # Errors
    /// Nothing fits.
    pub(super) fn names(&self, app: &App) -> Result<Option<BTreeSet<String>>> {
        self.check()?;
        let mut names: BTreeSet<String> = match &self.component {
            _ if self.is_empty() => return Ok(None),
            Some(component) => BTreeSet::from([component.clone()]),
            None if self.by_stack() => self.members(app)?.into_iter().map(|member| member.name).collect(),
            None => BTreeSet::new(),
        };
        if !self.tags.is_empty() {
            let loaded = self.manifest(app)?;
            let sources = loaded.iter().flat_map(|loaded| &loaded.sources);
            let tagged: BTreeSet<String> =
                sources.filter(|source| source.has_tags(&self.tags)).map(|source| source.component.clone()).collect();
            let narrows = self.component.is_some() || self.by_stack();
            names = if narrows { names.intersection(&tagged).cloned().collect() } else { tagged };
        }
        if names.is_empty() {
            return Err(nothing().into());
        }
        Ok(Some(names))
    }

    /// The components of `--stack` and `--labels` that can have a folder of their own, sorted.
    ///
    /// # Errors
    /// Stacks that cannot be read; nothing fits.
    pub(super) fn members(&self, app: &App) -> Result<Vec<Member>> {
        let wanted = labels(self.labels.as_deref().unwrap_or_default())?;
        let filter = Filter { stack: self.stack.clone(), kinds: self.kinds(), ..Filter::default() };
        let index = app.index()?;
        let act = |instance: component::Instance| -> Result<Option<Member>> {
            let metadata = &instance.sections.metadata;
            let text = |path: [&str; 2]| metadata.get_path(path).and_then(Node::scalar_text);
            let has = wanted.iter().all(|(key, value)| text(["labels", key]).as_deref() == Some(value));
            let real = metadata.get("type").and_then(Node::as_str) != Some("abstract");
            let name = metadata.get("component").and_then(Node::as_str).unwrap_or(&instance.name).to_owned();
            Ok((has && real).then_some(Member { kind: instance.kind, name }))
        };
        let found = component::each(&app.host, &app.config, index, &filter, act)?;
        let members: BTreeSet<Member> = found.into_iter().flatten().collect();
        if members.is_empty() {
            if let Some(stack) = &self.stack {
                unknown::stack_or_manifest(app, stack)?;
            }
            let reason = "No components matched the given --stack/--labels selector.";
            return Err(
                Error::selection(reason, "`atmos list components` shows what stacks and labels there are").into()
            );
        }
        Ok(members.into_iter().collect())
    }
}

/// The error of a choice that leaves nothing.
pub(super) fn nothing() -> Error {
    Error::selection(
        "No components matched the given selector.",
        "`atmos list vendor` shows the components that are vendored, and their tags",
    )
}

/// The error of a component that nothing vendors.
pub(super) fn not_defined(app: &App, loaded: Option<&Loaded>, component: &str) -> Error {
    let component = component.to_owned();
    let Some(loaded) = loaded else { return Error::NothingFor { component } };
    let known = loaded.sources.iter().map(|source| source.component.as_str()).filter(|name| !name.is_empty());
    let help = nearest(&component, known).map_or_else(
        || "`atmos list vendor` shows the components that are vendored".to_owned(),
        |near| format!("did you mean `{near}`?"),
    );
    Error::NotDefined { component, file: shown(app, &loaded.main), help }
}

/// A path as people see it.
pub(super) fn shown(app: &App, path: &Path) -> String {
    path.strip_prefix(&app.host.cwd).unwrap_or(path).display().to_string()
}

/// Every component with a manifest of its own, by kind and name.
pub(super) fn discovered(app: &App, kinds: &[Kind]) -> Vec<Member> {
    let mut found = BTreeSet::new();
    for kind in kinds {
        let configured = app.config.document.get_path(["components", kind.key(), "base_path"]).and_then(Node::as_str);
        // Without a folder of its own a kind is looked for only by who asks for it.
        let wanted = kinds.len() == 1 || configured.is_some_and(|path| !path.is_empty());
        let Some(base) = kind.base_path(&app.config).filter(|_| wanted) else { continue };
        let mut open = vec![(base.clone(), String::new())];
        while let Some((folder, name)) = open.pop() {
            if vendor::component_file(&folder).is_some() && !name.is_empty() {
                found.insert(Member { kind: kind.clone(), name });
                continue;
            }
            for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
                let own = entry.file_name().to_string_lossy().into_owned();
                let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
                if is_folder && !matches!(own.as_str(), ".git" | ".terraform") {
                    let name = if name.is_empty() { own } else { format!("{name}/{own}") };
                    open.push((entry.path(), name));
                }
            }
        }
    }
    found.into_iter().collect()
}
