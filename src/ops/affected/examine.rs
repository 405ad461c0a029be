//! Whether one component is affected, and why.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::super::App;
use super::super::describe;
use super::super::subject::Subject;
use super::modules::Modules;
use super::request::{Affected, Deletion, Request};
use crate::affected::{ChangedFiles, Checks, Reasons, Watched, may_watch, secret_files, watched};
use crate::component::{Instance, Kind};
use crate::diag::{Result, Warning};
use crate::value::{Map, Node, Value};

/// Whether components of this kind are compared at all.
pub(super) fn is_compared(kind: &Kind) -> bool {
    matches!(kind, Kind::Terraform | Kind::Helmfile | Kind::Packer | Kind::Kubernetes | Kind::Helm)
}

/// What every component is examined with.
pub(super) struct Examiner<'a> {
    app: &'a App,
    base: Option<&'a App>,
    request: &'a Request,
    changed: &'a ChangedFiles,
    modules: Modules,
    sections: Vec<String>,
    /// Where paths of dependencies begin: at the base path, and where the command was started.
    from: [PathBuf; 2],
}

impl<'a> Examiner<'a> {
    pub(super) fn new(
        app: &'a App,
        base: Option<&'a App>,
        request: &'a Request,
        changed: &'a ChangedFiles,
    ) -> Examiner<'a> {
        let configured = app.config.document.get_path(["describe", "affected", "sections"]).and_then(Node::as_list);
        Examiner {
            app,
            base,
            request,
            changed,
            modules: Modules::default(),
            sections: configured.unwrap_or_default().iter().filter_map(Node::scalar_text).collect(),
            from: [app.config.base_path.clone(), app.host.cwd.clone()],
        }
    }

    /// The reasons that the files of a component give.
    pub(super) fn paths(&self, kind: &Kind, folder: &str) -> Result<Vec<&'static str>> {
        let mut reasons = Vec::new();
        let Some(base) = kind.base_path(&self.app.config).filter(|_| !self.changed.is_empty()) else {
            return Ok(reasons);
        };
        let folder = crate::host::fs::clean(&base.join(folder));
        if *kind == Kind::Terraform && self.modules.changed(&folder, self.changed)? {
            reasons.push("component.module");
        }
        if self.changed.any_below(&folder) {
            reasons.push("component");
        }
        Ok(reasons)
    }

    /// A component in a stack that is the same in both trees.
    pub(super) fn same(&self, instance: &Instance) -> Result<Option<Affected>> {
        if instance.abstract_ || !is_compared(&instance.kind) {
            return Ok(None);
        }
        let paths = self.paths(&instance.kind, &instance.folder)?;
        let sections = &instance.sections;
        let watches = !self.changed.is_empty()
            && (may_watch(&sections.dependencies, &sections.settings) || !sections.secrets.is_empty());
        if paths.is_empty() && !watches {
            return Ok(None);
        }
        let mut processing = self.request.processing.clone();
        processing.sections =
            Subject::SECTIONS.into_iter().chain(["dependencies", "secrets"]).map(str::to_owned).collect();
        let evaluated = self.app.evaluate(instance, &processing)?;
        let mut reasons = Reasons::default();
        for reason in self.paths(&evaluated.kind, &evaluated.folder)? {
            reasons.add(reason);
        }
        Ok(self.record(&evaluated, reasons))
    }

    /// A component that may differ from that of the other tree; `other` is `None` when it is new.
    pub(super) fn changed(&self, instance: &Instance, other: Option<&Instance>) -> Result<Option<Affected>> {
        if instance.abstract_ || !is_compared(&instance.kind) {
            return Ok(None);
        }
        if other.is_some_and(|other| other == instance && !reaches(instance)) {
            return self.same(instance);
        }
        let (evaluated, head) = describe::in_stack(self.app, instance, &self.request.processing)?;
        let base = other.and_then(|other| self.evaluated_base(other));
        let paths = self.paths(&evaluated.kind, &evaluated.folder)?;
        let checks = Checks::new(evaluated.kind.key(), &self.sections);
        Ok(self.record(&evaluated, Reasons::of(&checks, &head, base.as_ref(), &paths)))
    }

    /// What the component is in the other tree. If that cannot be told, it counts as new.
    fn evaluated_base(&self, other: &Instance) -> Option<Map> {
        let evaluated = describe::in_stack(self.base?, other, &self.request.processing);
        match evaluated {
            Ok((_, map)) => Some(map),
            Err(error) => {
                let message = format!(
                    "'{}' in the stack '{}' of the tree to compare with cannot be evaluated and counts as new: {error}",
                    other.name, other.stack
                );
                self.app.host.talk.warn(Warning::new("atmos::affected::unusable", message));
                None
            }
        }
    }

    /// Adds the reasons of files and folders beside the component's own. Disabled components are never affected.
    fn record(&self, evaluated: &Instance, mut reasons: Reasons) -> Option<Affected> {
        if !evaluated.enabled || self.request.exclude_locked && evaluated.locked {
            return None;
        }
        let from: Vec<&Path> = self.from.iter().map(PathBuf::as_path).collect();
        for watched in watched(&evaluated.sections.dependencies, &evaluated.sections.settings) {
            match watched {
                Watched::File(path) if self.changed.any_file(&from, &path) => {
                    reasons.add("file");
                    reasons.file.get_or_insert(path);
                }
                Watched::Folder(path) if self.changed.any_in_folder(&from, &path) => {
                    reasons.add("folder");
                    reasons.folder.get_or_insert(path);
                }
                _ => {}
            }
        }
        for path in self.secret_files(evaluated) {
            if self.changed.any_file(&from, &path) {
                reasons.add("secret.file");
                reasons.file.get_or_insert(path);
            }
        }
        (!reasons.is_empty()).then(|| self.affected(evaluated, reasons, None))
    }

    /// The files with the secrets of a component. One whose name cannot be told is nobody's reason.
    fn secret_files(&self, instance: &Instance) -> Vec<String> {
        let secrets = &instance.sections.secrets;
        if secrets.is_empty() || self.changed.is_empty() {
            return Vec::new();
        }
        let configured = self.app.config.document.get_path(["secrets", "providers"]);
        let names = [("atmos_stack", &instance.stack), ("atmos_component", &instance.name)];
        let data: Map = names.into_iter().map(|(key, name)| (Arc::from(key), Node::from(name.as_str()))).collect();
        let data = Node::from(data);
        let render = |file: &Node| match file.as_str() {
            Some(text) if text.contains("{{") => {
                self.app.index().ok()?.render_text("secrets.providers", file, &data, false).ok()
            }
            text => text.map(str::to_owned),
        };
        let files = secret_files(secrets, configured, &instance.stack, &instance.name);
        files.iter().filter_map(render).collect()
    }

    /// A component that only the other tree has.
    pub(super) fn deleted(&self, instance: &Instance, deletion: Deletion) -> Option<Affected> {
        if instance.abstract_ || !matches!(instance.kind, Kind::Terraform | Kind::Helmfile | Kind::Packer) {
            return None;
        }
        let mut processing = self.request.processing.clone();
        processing.sections = Subject::SECTIONS.map(str::to_owned).to_vec();
        // What can be said of it is enough; it is gone.
        let evaluated = self.base?.evaluate(instance, &processing).unwrap_or_else(|_| instance.clone());
        let mut reasons = Reasons::default();
        reasons.add(match deletion {
            Deletion::Component => "deleted",
            Deletion::Stack => "deleted.stack",
        });
        Some(self.affected(&evaluated, reasons, Some(deletion)))
    }

    pub(super) fn affected(&self, evaluated: &Instance, reasons: Reasons, deleted: Option<Deletion>) -> Affected {
        let settings = self.request.include_settings && deleted.is_none();
        Affected {
            subject: Subject::of(&self.app.config, evaluated),
            reasons,
            dependents: None,
            included_in_dependents: false,
            settings: settings.then(|| evaluated.sections.settings.clone()),
            deleted,
            enabled: evaluated.enabled,
            locked: evaluated.locked,
        }
    }
}

/// Whether a value is computed from other components, which may differ where this one does not.
fn reaches(instance: &Instance) -> bool {
    let sections = instance.sections.named().into_iter().map(|(_, node)| node);
    sections.chain(instance.sections.extra.values()).any(node_reaches)
}

fn node_reaches(node: &Node) -> bool {
    match &node.value {
        Value::String(text) => text.contains("atmos."),
        Value::Function(function) => function.tag.starts_with("!terraform.") || node_reaches(&function.argument),
        Value::Map(map) => map.values().any(node_reaches),
        Value::List(list) => list.iter().any(node_reaches),
        _ => false,
    }
}
