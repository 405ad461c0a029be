//! The manifests that a stack is merged from, each with the imports that lead to it: for questions about origins.

use std::collections::HashSet;
use std::sync::Arc;

use super::error::Error;
use super::index::{Stack, StackIndex};
use super::merged::Document;
use super::overrides;
use crate::value::Node;

/// One manifest of a stack, without what it imports.
#[derive(Debug, Clone)]
pub struct FileLayer {
    /// Path below the base path of the stacks, with extension.
    pub file: String,
    /// As written or as rendered.
    pub node: Node,
    /// Keys of the manifests that lead here: that of the stack first, that of this file last.
    pub chain: Vec<Arc<str>>,
}

/// One section of overrides that reaches a component.
#[derive(Debug, Clone)]
pub struct OverrideLayer {
    /// Where it stands in its file, for example `terraform.overrides`.
    pub section: String,
    pub node: Node,
}

impl StackIndex {
    /// The manifests of a stack, the strongest first. One that is imported several times counts where it is strongest.
    ///
    /// # Errors
    /// Those of [`StackIndex::document`].
    pub fn layers(&self, stack: &Stack) -> Result<Vec<FileLayer>, Error> {
        let document = self.document(stack)?;
        let mut found = Vec::new();
        self.walk(&document, &mut Vec::new(), &mut HashSet::new(), &mut found);
        Ok(found)
    }

    fn walk(
        &self,
        document: &Document,
        chain: &mut Vec<Arc<str>>,
        seen: &mut HashSet<usize>,
        found: &mut Vec<FileLayer>,
    ) {
        if !seen.insert(document.number) {
            return;
        }
        chain.push(document.own.key.clone());
        if let Ok(node) = &document.own.document {
            let file = self.file_name(document.own.id.0);
            found.push(FileLayer { file, node: node.clone(), chain: chain.clone() });
        }
        for child in document.children.iter().rev().flat_map(|group| group.iter().rev()) {
            self.walk(child, chain, seen, found);
        }
        chain.pop();
    }

    /// The sections of overrides that reach a component, the strongest first, where manifests of the stack have overrides
    /// for all their components; `None` where only the component's own section counts.
    pub fn override_layers(&self, stack: &Stack, kind: &str, component: &str) -> Option<Vec<OverrideLayer>> {
        let layers = self.reaching(stack, kind, component)?;
        let layers = layers.iter().rev();
        Some(
            layers
                .map(|layer| OverrideLayer { section: overrides::section(layer), node: layer.node.clone() })
                .collect(),
        )
    }
}
