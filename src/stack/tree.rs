//! What a manifest imports, as a tree to be shown.

use super::error::Error;
use super::glob;
use super::index::{Stack, StackIndex};
use super::merged::Document;

/// Lines that a tree may have: files that import each other twice on every level would multiply without end.
const LINES: usize = 100_000;

/// One entry of an `import` section, and what the file behind it imports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Import {
    /// As it is written.
    pub path: String,
    /// Those of the file; none behind a pattern, which may stand for many files.
    pub imports: Vec<Import>,
}

impl StackIndex {
    /// What the manifest of a stack imports, in the order in which it is written.
    ///
    /// # Errors
    /// Those of [`StackIndex::document`].
    pub fn import_tree(&self, stack: &Stack) -> Result<Vec<Import>, Error> {
        let mut lines = LINES;
        Ok(imports(&*self.document(stack)?, &mut lines))
    }
}

fn imports(document: &Document, lines: &mut usize) -> Vec<Import> {
    let Ok(entries) = &document.own.imports else { return Vec::new() };
    let mut found = Vec::with_capacity(entries.len());
    for (entry, children) in entries.iter().zip(&document.children) {
        let Some(left) = lines.checked_sub(1) else { break };
        *lines = left;
        let below = match children.as_slice() {
            [child] if glob::is_plain(&entry.import.path) => imports(child, lines),
            _ => Vec::new(),
        };
        found.push(Import { path: entry.import.written.clone(), imports: below });
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stack::fixture::Fixture;

    fn shown(imports: &[Import]) -> String {
        let one = |import: &Import| format!("{}({})", import.path, shown(&import.imports));
        imports.iter().map(one).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn imports_are_shown_as_they_are_written() {
        let fixture = Fixture::new(&[
            (
                "stacks/orgs/dev.yaml",
                "import: [catalog/a, {path: catalog/b.yaml, context: {x: 1}}, 'mixins/*', ./_near]",
            ),
            ("stacks/orgs/_near.yaml", "vars: {a: 1}"),
            ("stacks/catalog/a.yaml", "import: [catalog/b]"),
            ("stacks/catalog/b.yaml", "vars: {b: 1}"),
            ("stacks/mixins/one.yaml", "import: [catalog/b]"),
        ]);
        let index = StackIndex::load(&fixture.host, &fixture.config()).unwrap();
        let stack = &index.stacks()[0];
        let tree = index.import_tree(stack).unwrap();
        assert_eq!(shown(&tree), "catalog/a(catalog/b()) catalog/b.yaml() mixins/*() ./_near()");
    }
}
