//! Two trees of one repository, such as the working tree and another commit: what the second need not parse again, and
//! which stacks can differ between the two.
//!
//! Nothing is merged for that. A stack is the same when every file that it imports is there in both trees with the same
//! text and imports the same files. Where that cannot be told from the files as they are written, the stack may differ.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::file::{Entry, File};
use super::import::Target;
use super::index::{Stack, StackIndex};
use super::load::Files;
use crate::value::Node;

/// Words by which values reach into other components, whose values may differ.
const REACHING: [&str; 3] = ["atmos.Component", "atmos.Resolve", "!terraform."];

/// The documents of another tree, by their text.
#[derive(Debug, Default)]
pub(crate) struct Known {
    documents: HashMap<Arc<str>, Node>,
}

impl Known {
    pub(crate) fn of(files: &Files) -> Known {
        let documents = files.list().iter().filter_map(|file| {
            let text = file.text.as_ref().filter(|text| !includes(text))?;
            Some((text.clone(), file.written.document.as_ref().ok()?.clone()))
        });
        Known { documents: documents.collect() }
    }

    pub(crate) fn document(&self, text: &str) -> Option<Node> {
        self.documents.get(text).cloned()
    }
}

/// What can be said of a stack of the first tree without merging it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Its components may differ from those of the second tree.
    Changed,
    /// Nothing differs.
    Same,
    /// Nothing differs, and a component may name files or folders that it depends on.
    Watching,
}

/// Which stacks may differ between two trees.
#[derive(Debug)]
pub struct Changes<'a> {
    /// Every stack of the first tree.
    pub first: Vec<(&'a Stack, Verdict)>,
    /// The stacks of the second tree that may differ, or that only it has.
    pub second: Vec<&'a Stack>,
}

/// Compares two trees; `second` is `None` when that tree has no stacks.
pub fn changes<'a>(first: &'a StackIndex, second: Option<&'a StackIndex>) -> Changes<'a> {
    let Some(second) = second else {
        let all = first.stacks().iter().map(|stack| (stack, Verdict::Changed));
        return Changes { first: all.collect(), second: Vec::new() };
    };
    let trees = Trees::new(first, second);
    let files: Vec<Facts> = first.files.list().iter().map(|file| trees.facts(file)).collect();
    let closures: Vec<Facts> = first.stacks().iter().map(|stack| closure(first, &files, stack)).collect();
    let mut same: HashSet<PathBuf> = HashSet::new();
    let other: HashSet<PathBuf> = second.stacks().iter().map(|stack| relative(second, &stack.path)).collect();
    let is_there = |stack: &Stack| other.contains(&relative(first, &stack.path));
    let anything = closures.iter().zip(first.stacks()).any(|(facts, stack)| !facts.same || !is_there(stack))
        || other.len() != first.stacks().len();
    let mut verdicts = Vec::new();
    for (facts, stack) in closures.into_iter().zip(first.stacks()) {
        let verdict = match facts {
            Facts { same: false, .. } => Verdict::Changed,
            Facts { reaching: true, .. } if anything => Verdict::Changed,
            _ if !is_there(stack) => Verdict::Changed,
            Facts { watching: true, .. } => Verdict::Watching,
            _ => Verdict::Same,
        };
        if verdict != Verdict::Changed {
            same.insert(relative(first, &stack.path));
        }
        verdicts.push((stack, verdict));
    }
    let second = second.stacks().iter().filter(|stack| !same.contains(&relative(second, &stack.path))).collect();
    Changes { first: verdicts, second }
}

/// What is known of a file, or of a stack with everything it imports.
#[derive(Debug, Clone, Copy)]
struct Facts {
    same: bool,
    reaching: bool,
    watching: bool,
}

fn closure(index: &StackIndex, files: &[Facts], stack: &Stack) -> Facts {
    let mut facts = Facts { same: true, reaching: false, watching: false };
    let mut seen = HashSet::from([stack.file]);
    let mut open = vec![stack.file];
    while let Some(at) = open.pop() {
        // Files that were not read at the start are named by rendered manifests only.
        let Some(here) = files.get(at) else {
            facts.same = false;
            continue;
        };
        facts.same &= here.same;
        facts.reaching |= here.reaching;
        facts.watching |= here.watching;
        let imports = index.files.list()[at].written.imports.as_ref().ok();
        let imported = imports.into_iter().flat_map(|entries| entries.iter()).filter_map(|entry| entry.files.get());
        open.extend(imported.flatten().copied().filter(|next| seen.insert(*next)));
    }
    facts
}

/// The path by which a file is known in both trees: below the base path of the project, or absolute outside of it.
fn relative(index: &StackIndex, path: &Path) -> PathBuf {
    path.strip_prefix(&index.layout.root).unwrap_or(path).to_path_buf()
}

struct Trees<'a> {
    first: &'a StackIndex,
    second: &'a StackIndex,
    /// The files of the second tree by their path.
    there: HashMap<PathBuf, usize>,
}

impl<'a> Trees<'a> {
    fn new(first: &'a StackIndex, second: &'a StackIndex) -> Trees<'a> {
        let files = second.files.list().iter().enumerate();
        let there = files.map(|(at, file)| (relative(second, &file.path), at)).collect();
        Trees { first, second, there }
    }

    fn facts(&self, file: &File) -> Facts {
        let text = file.text.as_deref().unwrap_or_default();
        Facts {
            same: self.is_same(file),
            reaching: REACHING.iter().any(|word| text.contains(word)),
            watching: watches(text),
        }
    }

    fn is_same(&self, file: &File) -> bool {
        let Some(at) = self.there.get(&relative(self.first, &file.path)) else { return false };
        let other = &self.second.files.list()[*at];
        let (Some(text), Some(there)) = (&file.text, &other.text) else { return false };
        if text != there {
            return false;
        }
        // The content of included files is in the document already, unless rendering may still name others.
        let included = !includes(text)
            || file.action.is_none()
                && matches!((&file.written.document, &other.written.document), (Ok(a), Ok(b)) if a == b);
        included
            && match (&file.written.document, &file.written.imports, &other.written.imports) {
                (Ok(_), Ok(here), Ok(there)) => {
                    here.len() == there.len()
                        && here.iter().zip(there.iter()).all(|(here, there)| self.is_same_import(here, there))
                }
                _ => false,
            }
    }

    fn is_same_import(&self, here: &Entry, there: &Entry) -> bool {
        if here.import.path.contains("{{") {
            return false;
        }
        match (&here.target, &there.target) {
            (Target::Missing, Target::Missing) => true,
            (Target::Files(_), Target::Files(_)) | (Target::Fetched(_), Target::Fetched(_)) => {
                let (Some(here), Some(there)) = (here.files.get(), there.files.get()) else { return false };
                let name = |index: &StackIndex, at: &usize| {
                    index.files.list().get(*at).map(|file| relative(index, &file.path))
                };
                here.len() == there.len()
                    && here.iter().zip(there).all(|(here, there)| {
                        let (here, there) = (name(self.first, here), name(self.second, there));
                        here.is_some() && here == there
                    })
            }
            _ => false,
        }
    }
}

fn includes(text: &str) -> bool {
    text.contains("!include")
}

/// Whether a text may name files or folders that a component depends on, or secrets that lie in files.
fn watches(text: &str) -> bool {
    text.contains("secrets")
        || ["file", "folder"].iter().any(|word| text.match_indices(word).any(|(at, _)| is_key(text, at, word)))
}

/// Whether the word at a place is a key of its own (`file:`, `"folders":`) or the value of `kind`.
fn is_key(text: &str, at: usize, word: &str) -> bool {
    let before = &text[..at];
    if before.ends_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '/')) {
        return false;
    }
    let after = &text[at + word.len()..];
    let after = after.strip_prefix('s').unwrap_or(after).trim_start_matches(['"', '\'']);
    let lead = before.trim_end_matches(['"', '\'']).trim_end();
    let is_kind = |lead: &str| lead.trim_end_matches(['"', '\'', ' ']).ends_with("kind");
    after.trim_start().starts_with(':') || lead.strip_suffix(':').is_some_and(is_kind)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stack::fixture::Fixture;

    const FIRST: [(&str, &str); 8] = [
        ("stacks/orgs/a.yaml", "import: [catalog/vpc, 'mixins/*']"),
        ("stacks/orgs/b.yaml", "import: [catalog/vpc]"),
        ("stacks/orgs/c.yaml", "vars: {x: '{{ (atmos.Component `vpc` `b`).vars }}'}"),
        ("stacks/orgs/d.yaml", "vars: {x: !include ../data.json}"),
        ("stacks/orgs/e.yaml", "components: {terraform: {x: {dependencies: {files: [x]}}}}"),
        ("stacks/catalog/vpc.yaml", "vars: {y: 1}"),
        ("stacks/mixins/one.yaml", "vars: {z: 1}"),
        ("stacks/data.json", "{}"),
    ];

    /// The stacks of which something can be said, with what differs in the second tree.
    fn compare(edits: &[(&str, &str)]) -> (String, String) {
        let (here, there) = (Fixture::new(&FIRST), Fixture::new(&[&FIRST[..], edits].concat()));
        let first = StackIndex::load(&here.host, &here.config()).unwrap();
        let second = StackIndex::load_beside(&here.host, &there.config(), &first).unwrap();
        let changes = changes(&first, Some(&second));
        let shown = |(stack, verdict): &(&Stack, Verdict)| {
            let letter = match verdict {
                Verdict::Changed => "!",
                Verdict::Same => "",
                Verdict::Watching => "?",
            };
            format!("{}{letter}", stack.key.trim_start_matches("orgs/"))
        };
        let first: Vec<String> = changes.first.iter().map(shown).collect();
        let second: Vec<&str> = changes.second.iter().map(|stack| stack.key.trim_start_matches("orgs/")).collect();
        (first.join(" "), second.join(" "))
    }

    #[test]
    fn only_stacks_that_import_what_differs_may_differ() {
        for (path, text, first, second) in [
            ("README.md", "x", "a b c d e?", ""),
            ("stacks/catalog/unused.yaml", "x: 1", "a b c d e?", ""),
            ("stacks/orgs/b.yaml", "import: [catalog/vpc] # x", "a b! c! d e?", "b c"),
            ("stacks/catalog/vpc.yaml", "vars: {y: 2}", "a! b! c! d e?", "a b c"),
            ("stacks/mixins/two.yaml", "vars: {z: 2}", "a! b c! d e?", "a c"),
            ("stacks/data.json", "[]", "a b c! d! e?", "c d"),
            ("stacks/orgs/f.yaml", "vars: {}", "a b c! d e?", "c f"),
            ("stacks/orgs/e.yaml", "import: ['{{ .x }}']", "a b c! d e!", "c e"),
        ] {
            assert_eq!(compare(&[(path, text)]), (first.to_owned(), second.to_owned()), "{path}");
        }
    }

    #[test]
    fn known_documents_are_those_of_the_first_tree() {
        let (here, there) = (Fixture::new(&FIRST), Fixture::new(&FIRST));
        let first = StackIndex::load(&here.host, &here.config()).unwrap();
        let second = StackIndex::load_beside(&here.host, &there.config(), &first).unwrap();
        let document = |index: &StackIndex, at: usize| index.document(&index.stacks()[at]).unwrap().node.clone();
        assert!((0..5).all(|at| document(&first, at) == document(&second, at)));
        // Read once: the span of what only one tree was parsed for leads to that tree.
        let file = |index: &StackIndex| document(index, 1).get("vars").map(|vars| vars.get("y").map(|y| y.span.file));
        assert_eq!(file(&first), file(&second));
    }

    #[test]
    fn words_that_name_files_are_told_from_others() {
        for (text, watching) in [
            ("dependencies: {files: [x]}", true),
            ("\"folder\": x", true),
            ("folders :\n- x", true),
            ("kind: file", true),
            ("kind: \"folder\"", true),
            ("\"kind\": 'file'", true),
            ("secrets: {}", true),
            ("helmfile: {}", false),
            ("profile: x", false),
            ("my_file: x", false),
            ("note: a file or a folder", false),
            ("kind: helmfile", false),
        ] {
            assert_eq!(watches(text), watching, "{text}");
        }
    }
}
