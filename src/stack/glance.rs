//! The stacks that may have a name, told from the lines of their files, so that only their files have to be parsed.
//!
//! A glance knows the plain way in which manifests are written: keys of the document at the start of a line, imports and
//! variables below them, one on each line. Whatever is written in another way may mean anything, and a stack is left out
//! only when a line of its `vars` says that it has another name. Who does not find what he looks for reads all stacks.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use memchr::memmem::Finder;

use super::import::{self, Target};
use super::index::{Stack, StackIndex};
use super::load::{self, Layout};
use super::probe::{Hint, Probe};
use crate::config::Config;
use crate::host::Host;
use crate::span::Sources;
use crate::value::{Map, Node};

impl StackIndex {
    /// The stacks that may have a name, with everything that they import; `None` where that would be most of them, where
    /// the lines of the files do not tell, or where something is wrong that all of them have to be read for. `variables`
    /// tells from an index without stacks of which variables names consist.
    pub fn near(
        host: &Host,
        config: &Config,
        name: &str,
        variables: impl FnOnce(&StackIndex) -> Vec<String>,
    ) -> Option<StackIndex> {
        let layout = Layout::new(config);
        if layout.delimiter().is_some() {
            return None;
        }
        let manifests = load::discover(config).ok()?;
        let near: Vec<_> = if let Some(named) = manifests.iter().find(|(_, path)| load::is_end_of(name, path)) {
            vec![named.clone()]
        } else {
            let empty = StackIndex::of(host, config, layout.clone(), Vec::new());
            let variables = variables(&empty);
            if variables.is_empty() {
                return None;
            }
            let probe = Probe { name, variables: &variables };
            let mut glances = Glances::new(probe, &layout);
            manifests.iter().filter(|(key, path)| **key == *name || glances.fit(path)).cloned().collect()
        };
        // Reading files twice is worth it only where most of them need not be parsed.
        let few = near.len() == 1 || near.len() * 4 <= manifests.len();
        few.then(|| StackIndex::of(host, config, layout, near))
    }

    /// Whether the lines of the files of a stack leave it open that it has the name. It need not be readable.
    pub(crate) fn may_have(&self, stack: &Stack, probe: Probe<'_>) -> bool {
        probe.variables.is_empty() || *stack.key == *probe.name || Glances::new(probe, &self.layout).fit(&stack.path)
    }
}

/// What the lines of one file tell.
#[derive(Debug)]
struct Glance {
    hints: Vec<Hint>,
    /// Whether the name that the manifest says itself is the one that is looked for.
    named: Option<bool>,
    /// Numbers of files.
    imports: Vec<usize>,
}

struct Glances<'a> {
    words: Words<'a>,
    layout: &'a Layout,
    files: Vec<Seen>,
    numbers: HashMap<PathBuf, usize>,
    /// The files that an import means, by its text.
    named: HashMap<String, Option<Vec<usize>>>,
}

/// What is looked for.
struct Words<'a> {
    probe: Probe<'a>,
    /// For each variable.
    finders: Vec<Finder<'a>>,
}

/// What was seen of a file.
enum Look {
    Never,
    /// It may say anything.
    Anything,
    Told(Glance),
}

struct Seen {
    path: PathBuf,
    look: Look,
    /// The last stack, by the number of its file, of which it was met.
    of: Option<usize>,
}

impl<'a> Glances<'a> {
    fn new(probe: Probe<'a>, layout: &'a Layout) -> Glances<'a> {
        let finders = probe.variables.iter().map(Finder::new).collect();
        let words = Words { probe, finders };
        Glances { words, layout, files: Vec::new(), numbers: HashMap::new(), named: HashMap::new() }
    }

    fn number(&mut self, path: PathBuf) -> usize {
        *self.numbers.entry(path).or_insert_with_key(|path| {
            self.files.push(Seen { path: path.clone(), look: Look::Never, of: None });
            self.files.len() - 1
        })
    }

    /// Whether no variable of the name has only other values in the files of a stack.
    fn fit(&mut self, manifest: &Path) -> bool {
        let mut found = vec![Hint::Nothing; self.words.probe.variables.len()];
        let stack = self.number(manifest.to_path_buf());
        let mut open = vec![stack];
        while let Some(number) = open.pop() {
            let file = &mut self.files[number];
            if file.of.replace(stack) == Some(stack) {
                continue;
            }
            if matches!(file.look, Look::Never) {
                let path = file.path.clone();
                let look = self.look(&path).map_or(Look::Anything, Look::Told);
                self.files[number].look = look;
            }
            let Look::Told(glance) = &self.files[number].look else { return true };
            if let Some(named) = glance.named {
                // A name that is imported gives way to that of the manifest, and to what else may be above it.
                return named || number != stack;
            }
            found.iter_mut().zip(&glance.hints).for_each(|(found, here)| *found = (*found).max(*here));
            if found.iter().all(|hint| *hint == Hint::Fits) {
                return true;
            }
            open.extend(&glance.imports);
        }
        !found.contains(&Hint::Other)
    }

    fn look(&mut self, path: &Path) -> Option<Glance> {
        let is_template = path.extension().is_some_and(|extension| extension == "tmpl");
        let text = std::fs::read_to_string(path).ok().filter(|text| !is_template && !text.contains("!include"))?;
        let Lines { imports, name, hints } = Lines::of(&text, &self.words)?;
        let named = name.map(|name| name == self.words.probe.name);
        let relative = path.strip_prefix(&self.layout.base).ok()?.to_str()?;
        let mut files = Vec::new();
        for entry in imports {
            if entry.starts_with('.') {
                files.extend(self.files(entry, relative)?);
                continue;
            }
            if !self.named.contains_key(entry) {
                let files = self.files(entry, relative);
                self.named.insert(entry.to_owned(), files);
            }
            files.extend(self.named.get(entry)?.clone()?);
        }
        Some(Glance { hints, named, imports: files })
    }

    /// The files that an entry means; `None` when they cannot be told.
    fn files(&mut self, entry: &str, file: &str) -> Option<Vec<usize>> {
        let entries = Node::from(vec![Node::from(entry)]);
        let document = Node::from(Map::from_iter([("import".into(), entries)]));
        let imports = import::parse(&document, file, &Sources::new()).ok()?;
        match self.layout.resolved.resolve(imports.first()?, &self.layout.base, self.layout.templates)? {
            Target::Files(files) => Some(files.iter().map(|path| self.number(path.clone())).collect()),
            Target::Missing => Some(Vec::new()),
            _ => None,
        }
    }
}

/// The lines of a manifest that are of interest.
struct Lines<'t> {
    imports: Vec<&'t str>,
    name: Option<&'t str>,
    hints: Vec<Hint>,
}

/// What a line lies below.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Below {
    Imports,
    /// With the indentation of the variables, once one was met.
    Vars(Option<usize>),
    Other,
}

impl<'t> Lines<'t> {
    /// `None` when the text is not written in the plain way.
    fn of(text: &'t str, words: &Words<'_>) -> Option<Lines<'t>> {
        let probe = words.probe;
        // Where the variables stand that are told.
        let mut said = Vec::new();
        let mut found = Lines { imports: Vec::new(), name: None, hints: vec![Hint::Nothing; probe.variables.len()] };
        let mut below = Below::Other;
        let mut lines = text.lines().filter(|line| !is_blank(line)).peekable();
        while let Some(line) = lines.next() {
            let indent = line.len() - line.trim_start_matches(' ').len();
            if indent == 0 && !(line.starts_with("- ") && below == Below::Imports) {
                below = match top(line)? {
                    ("name", _) => {
                        found.name = Some(word(&line["name:".len()..])?);
                        let ends = lines.peek().is_none_or(|next| !next.starts_with(' '));
                        if ends { Below::Other } else { return None }
                    }
                    ("import", true) => Below::Imports,
                    ("import", false) => return None,
                    ("vars", true) => Below::Vars(None),
                    _ => Below::Other,
                };
                continue;
            }
            match below {
                Below::Imports => found.imports.push(item(&line[indent..])?),
                Below::Vars(first) => {
                    let own = first.unwrap_or(indent);
                    below = Below::Vars(Some(own));
                    let ends = lines.peek().is_none_or(|next| next.len() - next.trim_start_matches(' ').len() <= own);
                    if let Some((name, value)) = variable(&line[indent..]).filter(|_| ends && indent == own) {
                        said.push(line.as_ptr().addr() - text.as_ptr().addr() + indent);
                        found.say(name, value, probe);
                    }
                }
                Below::Other => {}
            }
        }
        found.elsewhere(text, &said, words);
        Some(found)
    }

    /// A variable of the document with its value.
    fn say(&mut self, name: &str, value: &str, probe: Probe<'_>) {
        for (variable, hint) in probe.variables.iter().zip(&mut self.hints) {
            if variable == name {
                let here = if probe.name.contains(value) { Hint::Fits } else { Hint::Other };
                *hint = (*hint).max(here);
            }
        }
    }

    /// What gives a value to a variable of some component, or of a map that is merged. It takes nothing away.
    fn elsewhere(&mut self, text: &str, said: &[usize], words: &Words<'_>) {
        let name = words.probe.name;
        for ((variable, finder), hint) in words.probe.variables.iter().zip(&words.finders).zip(&mut self.hints) {
            let may_fit = |at: usize| {
                let line = text[at + variable.len()..].lines().next().unwrap_or_default();
                let after = line.trim_start_matches(['"', '\'']).trim_start();
                // A name without the beginning of a value does not have the whole of it.
                let value = after.strip_prefix(": ").and_then(|value| word(value.split([',', '}', ']']).next()?));
                let other = value.is_some_and(|value| !name.contains(value));
                after.starts_with(':') && !said.contains(&at) && !other
            };
            if *hint != Hint::Fits && finder.find_iter(text.as_bytes()).any(may_fit) {
                *hint = Hint::Fits;
            }
        }
    }
}

fn is_blank(line: &str) -> bool {
    let line = line.trim_start_matches(' ');
    line.is_empty() || line.starts_with('#')
}

/// The key of a line without indentation, and whether its value lies on the next lines. The beginning of the document is
/// a key without a name.
fn top(line: &str) -> Option<(&str, bool)> {
    if line == "---" {
        return Some(("", false));
    }
    let end = line.find(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '_' | '-')).filter(|end| *end > 0)?;
    let rest = line[end..].strip_prefix(':')?;
    let value = rest.trim_start();
    (rest.is_empty() || rest.len() > value.len()).then_some((&line[..end], value.is_empty()))
}

/// The path of an entry of a list of imports.
fn item(line: &str) -> Option<&str> {
    let path = line.strip_prefix("- ")?.trim();
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '/' | '.' | '*');
    let starts = path.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '_' | '.'));
    (starts && path.contains('/') && path.chars().all(is_plain)).then_some(path)
}

/// A key and its value, where the value is a plain word.
fn variable(line: &str) -> Option<(&str, &str)> {
    let (name, value) = line.split_once(": ")?;
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    Some((name, word(value).filter(|_| name.chars().all(is_plain))?))
}

/// A value that is a text and nothing else.
fn word(value: &str) -> Option<&str> {
    let value = value.trim();
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    let is_text = value.starts_with(|c: char| c.is_ascii_alphabetic()) && value.chars().all(is_plain);
    let typed = ["null", "true", "false"].iter().any(|word| value.eq_ignore_ascii_case(word));
    (is_text && !typed).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stack::fixture::Fixture;

    fn near(files: &[(&str, &str)], name: &str) -> Option<Vec<String>> {
        let fixture = Fixture::new(files);
        let variables = |_: &StackIndex| vec!["tenant".to_owned(), "stage".to_owned()];
        let index = StackIndex::near(&fixture.host, &fixture.config(), name, variables)?;
        Some(index.stacks().iter().map(|stack| stack.key.trim_start_matches("orgs/").to_owned()).collect())
    }

    /// Enough stacks of another name.
    const OTHERS: [(&str, &str); 11] = [
        ("stacks/catalog/named.yaml", "name: x\n"),
        ("stacks/orgs/o0.yaml", "name: other\nvars:\n  stage: prod\n"),
        ("stacks/mixins/test.yaml", "vars:\n  stage: test\n"),
        ("stacks/orgs/o1.yaml", "import:\n  - mixins/test\nvars:\n  tenant: core\n"),
        ("stacks/orgs/o2.yaml", "import:\n- mixins/*\nvars:\n  tenant: core # x\n"),
        ("stacks/orgs/o3.yaml", "vars:\n    # none\n    stage: test\n\n    more: {stage: test}\n"),
        ("stacks/orgs/o4.yaml", "import:\n  - ../mixins/test\n"),
        ("stacks/orgs/o5.yaml", "---\nvars:\n  stage: test\n"),
        (
            "stacks/orgs/o6.yaml",
            "import:\n  - mixins/test\ncomponents:\n  terraform:\n    a:\n      vars:\n        stage: test\n",
        ),
        ("stacks/orgs/o7.yaml", "vars:\n  stage: test\n"),
        ("stacks/orgs/o8.yaml", "import:\n  - mixins/none\nvars:\n  stage: test\n"),
    ];

    #[test]
    fn stacks_with_another_name_are_left_out() {
        for text in [
            "vars:\n  tenant: core\n  stage: prod\n",
            "vars: {stage: prod}\n",
            "{vars: {stage: prod}}\n",
            "\"vars\": {stage: prod}\n",
            "vars:\n  stage: \"prod\"\n",
            "vars:\n  stage: test\n    more\n",
            "vars:\n  stage: '{{ .x }}'\n",
            "vars:\n  stage: 5\n",
            "vars:\n  stage: test\nname: core-prod\n",
            "vars:\n  stage: test\nname: 'core-prod'\n",
            "vars:\n  stage: test\nimport:\n  - catalog/named\n",
            "vars:\n  stage: test\nimport:\n  - path: mixins/test\n",
            "vars:\n  stage: test\nimport: [mixins/test]\n",
            "vars:\n  stage: test\nimport:\n  - 'mixins/{{ .x }}'\n",
            "vars: !include x.yaml\n",
            "vars:\n  stage: test\ncomponents:\n  terraform:\n    a: {vars: {stage: prod}}\n",
            "vars:\n  stage: test\ncomponents:\n  terraform:\n    a:\n      vars:\n        \"stage\" : prod\n",
            "# nothing\n",
        ] {
            let files = [&OTHERS[..], &[("stacks/orgs/p.yaml", text)]].concat();
            assert_eq!(near(&files, "core-prod").as_deref(), Some(&["p".to_owned()][..]), "{text}");
        }
    }

    #[test]
    fn a_key_and_a_path_lead_to_their_stack() {
        assert_eq!(near(&OTHERS, "orgs/o1").unwrap(), ["o1"]);
        assert_eq!(near(&OTHERS, "orgs/o7.yaml").unwrap(), ["o7"]);
    }

    #[test]
    fn where_most_stacks_may_be_meant_all_are_read() {
        assert_eq!(near(&OTHERS, "core-test"), None);
        assert_eq!(near(&[("stacks/orgs/a.yaml", "vars: {stage: dev}\n"), ("stacks/orgs/b.yaml", "{}\n")], "x"), None);
    }
}
