//! File merge: a manifest with everything that it imports, deep-merged in the order of the imports.
//!
//! The merge of a file depends on nothing but the file and what it imports, so it is done once and shared by every
//! stack that imports it. What does depend on the importing stack, the scope of `overrides`, is kept apart.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::error::{Error, Located, section_error};
use super::file::{Entry, TemplateFile};
use super::import::Target;
use super::load::Files;
use crate::diag::nearest;
use crate::host::Host;
use crate::merge::{ListStrategy, merge_all};
use crate::secret::without_userinfo;
use crate::value::Node;

/// Imports deeper than this are refused; no real repository comes near.
const DEPTH: usize = 64;

/// How a file is imported, as far as it decides whether the file is a template.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(crate) struct Variant {
    /// A `context` reaches the file.
    pub context: bool,
    /// `skip_templates_processing`.
    pub skip: bool,
}

impl Variant {
    /// The way in which a file is imported by `entry` of a file that was itself imported in this way.
    pub(crate) fn through(self, entry: &Entry) -> Variant {
        Variant { context: self.context || entry.import.context, skip: entry.import.skip_templates }
    }
}

/// A manifest merged with its imports.
#[derive(Debug)]
pub struct Document {
    /// Always a map.
    pub node: Node,
    /// Numbers of every directly or indirectly imported file, ascending.
    pub(crate) imports: Vec<usize>,
    /// Whether this file or an imported one has `overrides` for whole files.
    pub(crate) has_overrides: bool,
}

/// The merges done so far.
#[derive(Debug, Default)]
pub(crate) struct Memo {
    done: Mutex<HashMap<(usize, Variant), Arc<Document>>>,
}

/// What a merge needs to know.
pub(crate) struct Merger<'a> {
    pub host: &'a Host,
    pub files: &'a Files,
    pub memo: &'a Memo,
    pub strategy: ListStrategy,
}

impl Merger<'_> {
    /// The merge of a file and its imports. `trail` holds the files that led here, outermost first.
    pub(crate) fn merge(&self, index: usize, variant: Variant, trail: &mut Vec<usize>) -> Result<Arc<Document>, Error> {
        let known = self.memo.done.lock().unwrap_or_else(PoisonError::into_inner).get(&(index, variant)).cloned();
        if let Some(document) = known {
            return Ok(document);
        }
        trail.push(index);
        let document = self.merge_new(index, variant, trail).map_err(|error| {
            let names: Vec<&str> = trail.iter().map(|file| self.files.list[*file].relative.as_str()).collect();
            error.with_chain(&names)
        });
        trail.pop();
        let document = Arc::new(document?);
        let mut done = self.memo.done.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(done.entry((index, variant)).or_insert(document).clone())
    }

    fn merge_new(&self, index: usize, variant: Variant, trail: &mut Vec<usize>) -> Result<Document, Error> {
        let file = &self.files.list[index];
        self.check_rendering(index, variant)?;
        let own = file.document.as_ref().map_err(Clone::clone)?;
        self.check_components(index, own)?;
        let mut has_overrides = self.check_overrides(index, own)?;
        let mut children = Vec::new();
        for entry in file.imports.as_ref().map_err(Clone::clone)? {
            for imported in self.targets(index, entry)? {
                self.check_circle(*imported, index, entry, trail)?;
                children.push((*imported, self.merge(*imported, variant.through(entry), trail)?));
            }
        }
        let mut imports = Vec::new();
        for (imported, child) in &children {
            imports.push(*imported);
            imports.extend_from_slice(&child.imports);
            has_overrides |= child.has_overrides;
        }
        imports.sort_unstable();
        imports.dedup();
        let layers = children.iter().map(|(_, child)| &child.node).chain([own]);
        Ok(Document { node: merge_all(layers, self.strategy), imports, has_overrides })
    }

    /// A file that the reference would render before parsing it cannot be used yet.
    fn check_rendering(&self, index: usize, variant: Variant) -> Result<(), Error> {
        let file = &self.files.list[index];
        let Some(action) = file.action.filter(|_| !variant.skip) else { return Ok(()) };
        let cause = match (file.template, variant.context) {
            (TemplateFile::Suffix, _) => "its name ends in `.tmpl`",
            (TemplateFile::Locals, _) => "it has a `locals` section",
            (TemplateFile::No, true) => "it is imported with a `context`",
            (TemplateFile::No, false) => return Ok(()),
        };
        let located = Located::new(&self.host.sources, action);
        Err(Error::NotBuilt {
            what: format!("rendering of templates in stack manifests ('{}' is a template: {cause})", file.relative),
            place: located.text,
            chain: String::new(),
            help: Some("write the value without a template, or use the reference for this stack".to_owned()),
            source_code: located.source,
            at: located.at,
        })
    }

    /// Components, and the components of the known kinds, are maps. Other keys may be whatever they are.
    fn check_components(&self, index: usize, own: &Node) -> Result<(), Error> {
        let Some(components) = own.get("components").filter(|node| !node.is_null()) else { return Ok(()) };
        let wrong = |phrase: &str, node: &Node| {
            Err(section_error(phrase, &self.files.list[index].key, node, &self.host.sources))
        };
        if components.as_map().is_none() {
            return wrong("invalid components section in file", components);
        }
        for kind in ["terraform", "helmfile", "packer", "ansible", "kubernetes", "helm"] {
            if let Some(node) = components.get(kind).filter(|node| node.as_map().is_none() && !node.is_null()) {
                return wrong(&format!("invalid components.{kind} section in file"), node);
            }
        }
        Ok(())
    }

    /// Whether the file has `overrides` for all its components. They must be maps.
    fn check_overrides(&self, index: usize, own: &Node) -> Result<bool, Error> {
        let file = &self.files.list[index].relative;
        let wrong = |phrase: &str, node: &Node| Err(section_error(phrase, file, node, &self.host.sources));
        let mut found = false;
        for (path, phrase) in [
            (&["overrides"][..], "invalid overrides section in the stack manifest"),
            (&["terraform"], "invalid terraform section in the stack manifest"),
            (&["terraform", "overrides"], "invalid terraform overrides section in the stack manifest"),
            (&["helmfile"], "invalid helmfile section in the stack manifest"),
            (&["helmfile", "overrides"], "invalid helmfile overrides section in the stack manifest"),
        ] {
            let Some(node) = own.get_path(path.iter().copied()) else { continue };
            let Some(map) = node.as_map() else { return wrong(phrase, node) };
            found |= path.last() == Some(&"overrides") && !map.is_empty();
        }
        Ok(found)
    }

    /// The files that an entry imports; none for what may be missing.
    fn targets<'e>(&self, index: usize, entry: &'e Entry) -> Result<&'e [usize], Error> {
        let import = &entry.import;
        let file = self.files.list[index].relative.clone();
        let located = Located::new(&self.host.sources, import.span);
        let not_built = |what: String, located: Located| Error::NotBuilt {
            what,
            place: located.text,
            chain: String::new(),
            help: Some("copy the file below `stacks.base_path` and import it from there".to_owned()),
            source_code: located.source,
            at: located.at,
        };
        match &entry.target {
            Target::Files(_) => Ok(&entry.files),
            Target::Missing if import.skip_if_missing => Ok(&[]),
            Target::Missing if import.path.contains("{{") => {
                let warning = crate::diag::Warning::new(
                    "atmos::stack::import_skipped",
                    format!("import '{}' is a template, templates are disabled: it is skipped", import.written),
                );
                self.host.talk.warn(warning.at(located.text.trim_start_matches(" at ")));
                Ok(&[])
            }
            Target::Missing => Err(Error::ImportNotFound {
                import: import.written.clone(),
                near: self.near(&import.path),
                file,
                place: located.text,
                chain: String::new(),
                source_code: located.source,
                at: located.at,
            }),
            Target::Remote => {
                // The line of the file is shown too.
                self.host.masker.register_user(&import.written);
                let shown = without_userinfo(&import.written);
                Err(not_built(format!("import of remote manifests ('{shown}')"), located))
            }
            Target::Template => {
                Err(not_built(format!("a template in the path of an import ('{}')", import.written), located))
            }
            Target::InvalidPattern(message) => Err(Error::Import {
                help: "correct the pattern in this path".to_owned(),
                message: format!("invalid import '{}' in the file '{file}': {message}", import.written),
                place: located.text,
                chain: String::new(),
                source_code: located.source,
                at: located.at,
            }),
        }
    }

    fn check_circle(&self, imported: usize, index: usize, entry: &Entry, trail: &[usize]) -> Result<(), Error> {
        let name = |file: usize| self.files.list[file].relative.as_str();
        let located = Located::new(&self.host.sources, entry.import.span);
        if imported == index {
            return Err(Error::ImportSelf {
                file: name(index).to_owned(),
                import: entry.import.written.clone(),
                place: located.text,
                source_code: located.source,
                at: located.at,
            });
        }
        if let Some(start) = trail.iter().position(|file| *file == imported) {
            let chain: Vec<&str> = trail[start..].iter().chain([&imported]).map(|file| name(*file)).collect();
            return Err(Error::ImportCycle {
                chain: chain.join(" → "),
                place: located.text,
                source_code: located.source,
                at: located.at,
            });
        }
        if trail.len() >= DEPTH {
            let chain: Vec<&str> = trail.iter().map(|file| name(*file)).collect();
            return Err(Error::ImportDepth { limit: DEPTH, chain: chain.join(" → ") });
        }
        Ok(())
    }

    /// A hint at the known file whose name is nearest to a path that was not found.
    fn near(&self, path: &str) -> String {
        let near = nearest(path, self.files.list.iter().map(|file| &*file.key));
        near.map(|key| format!("; did you mean `{key}`?")).unwrap_or_default()
    }
}
