//! What the browser knows. Pure: [`super::keys`] changes it, [`super::draw`] shows it.

use std::collections::BTreeSet;

use super::column::{Column, Item};
use crate::ops::browse::Field;

/// A component in a stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub stack: String,
    pub kind: String,
    pub component: String,
    pub abstract_: bool,
}

/// A component in a stack that is looked at.
pub type Target = Entry;

/// What a key makes the program do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    Quit,
    /// Leave the screen and run this program with these words.
    Run(Vec<String>),
    /// Say all about the value at this path.
    Explain(Target, String),
    /// Read the repository again.
    Reload,
    /// Give the terminal back to the shell for a while.
    Suspend,
}

/// Which of the lists keys go to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Focus {
    First,
    Second,
    Values,
}

/// What lies over the lists.
#[derive(Debug, Clone)]
pub(super) enum Over {
    Nothing,
    /// A filter is being typed.
    Search,
    /// All components of all stacks, to jump to one.
    Jump(Column),
    /// Commands for the component; the number is that of the command under the cursor.
    Menu(usize),
    /// Text to read.
    Page(Page),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Page {
    pub title: String,
    pub lines: Vec<String>,
    pub top: usize,
}

/// Where the values of the chosen component come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Values {
    Missing,
    Asked(Target),
    There(Target),
    Failed(Target, String),
}

/// The state of the browser.
#[derive(Debug)]
pub struct Model {
    /// Where the repository is.
    pub(super) title: String,
    pub(super) entries: Vec<Entry>,
    /// False until the repository was read for the first time.
    pub(super) is_read: bool,
    /// Components first, and then the stacks that have the one under the cursor.
    pub(super) flipped: bool,
    /// Abstract components are listed, too.
    pub(super) with_bases: bool,
    pub(super) focus: Focus,
    pub(super) first: Column,
    pub(super) second: Column,
    /// Entries behind the lines of the second list.
    pub(super) targets: Vec<usize>,
    pub(super) values: Column,
    pub(super) fields: Vec<Field>,
    pub(super) state: Values,
    pub(super) over: Over,
    /// Something that was said, until the next key.
    pub(super) notice: Option<String>,
}

impl Model {
    pub fn new(title: String) -> Model {
        Model {
            title,
            entries: Vec::new(),
            is_read: false,
            flipped: false,
            with_bases: false,
            focus: Focus::First,
            first: Column::default(),
            second: Column::default(),
            targets: Vec::new(),
            values: Column::default(),
            fields: Vec::new(),
            state: Values::Missing,
            over: Over::Nothing,
            notice: None,
        }
    }

    /// What the repository has. Cursors stay where they are as far as that is still there.
    pub fn set_entries(&mut self, entries: Vec<Entry>) {
        self.entries = entries;
        self.is_read = true;
        self.state = Values::Missing;
        self.refill();
    }

    /// The values of a component; late ones of another component are nobody's.
    pub fn set_fields(&mut self, target: &Target, fields: Result<Vec<Field>, String>) {
        if self.target().as_ref() != Some(target) {
            return;
        }
        match fields {
            Ok(fields) => {
                let item = |field: &Field| Item {
                    text: format!("{}: {}", field.path, field.value),
                    note: field.note.clone().unwrap_or_default(),
                };
                self.values.set(fields.iter().map(item).collect());
                self.fields = fields;
                self.state = Values::There(target.clone());
            }
            Err(problem) => {
                self.values.set(Vec::new());
                self.fields.clear();
                self.state = Values::Failed(target.clone(), problem);
            }
        }
    }

    /// A text to read, for example all about one value.
    pub fn show_page(&mut self, title: String, text: &str) {
        let lines = text.lines().map(|line| line.replace('\t', "    ")).collect();
        self.over = Over::Page(Page { title, lines, top: 0 });
    }

    pub fn notify(&mut self, text: &str) {
        self.notice = text.lines().next().map(str::to_owned);
    }

    /// Everything that was read is old: values are asked for again.
    pub fn forget(&mut self) {
        self.state = Values::Missing;
        self.over = Over::Nothing;
    }

    /// The component whose values are missing; from then on they count as asked for.
    pub fn wanted(&mut self) -> Option<Target> {
        let target = self.target()?;
        let known = match &self.state {
            Values::Missing => false,
            Values::Asked(known) | Values::There(known) | Values::Failed(known, _) => *known == target,
        };
        if known {
            return None;
        }
        self.state = Values::Asked(target.clone());
        Some(target)
    }

    /// Whether something is on its way that changes the picture.
    pub fn waits(&self) -> bool {
        !self.is_read || matches!(self.state, Values::Asked(_))
    }

    /// The component in a stack that both cursors choose.
    pub fn target(&self) -> Option<Target> {
        let index = self.targets.get(self.second.index()?)?;
        self.entries.get(*index).cloned()
    }

    /// The field under the cursor.
    pub(super) fn field(&self) -> Option<&Field> {
        self.fields.get(self.values.index()?).filter(|_| matches!(self.state, Values::There(_)))
    }

    pub(super) fn column(&mut self) -> &mut Column {
        match self.focus {
            Focus::First => &mut self.first,
            Focus::Second => &mut self.second,
            Focus::Values => &mut self.values,
        }
    }

    pub(super) fn listed(&self) -> impl Iterator<Item = (usize, &Entry)> {
        self.entries.iter().enumerate().filter(|(_, entry)| self.with_bases || !entry.abstract_)
    }

    /// Fills both lists anew.
    pub(super) fn refill(&mut self) {
        let mut names = BTreeSet::new();
        for (_, entry) in self.listed() {
            names.insert(if self.flipped {
                (entry.component.as_str(), note(&entry.kind))
            } else {
                (&*entry.stack, "")
            });
        }
        let items = names.into_iter().map(|(text, note)| Item { text: text.to_owned(), note: note.to_owned() });
        let items = items.collect();
        self.first.set(items);
        self.refill_second();
    }

    /// Fills the second list with what belongs to the line under the cursor of the first.
    pub(super) fn refill_second(&mut self) {
        let Some(chosen) = self.first.selected().cloned() else {
            self.targets.clear();
            self.second.set(Vec::new());
            return self.leave_values();
        };
        let mut found: Vec<(&str, &str, usize)> = self
            .listed()
            .filter(|(_, entry)| {
                if self.flipped {
                    entry.component == chosen.text && note(&entry.kind) == chosen.note
                } else {
                    entry.stack == chosen.text
                }
            })
            .map(|(index, entry)| {
                if self.flipped {
                    (entry.stack.as_str(), "", index)
                } else {
                    (entry.component.as_str(), note(&entry.kind), index)
                }
            })
            .collect();
        found.sort_unstable();
        // Two manifests of one stack may have the same component.
        found.dedup_by_key(|(text, note, _)| (*text, *note));
        let items = found.iter().map(|(text, note, index)| {
            let base = if self.entries[*index].abstract_ { "base" } else { "" };
            Item { text: (*text).to_owned(), note: [*note, base].join(" ").trim().to_owned() }
        });
        let items = items.collect();
        self.targets = found.into_iter().map(|(_, _, index)| index).collect();
        self.second.set(items);
        self.leave_values();
    }

    /// Values of a component that is no longer there are nobody's.
    pub(super) fn leave_values(&mut self) {
        if self.target().is_none() {
            self.values.set(Vec::new());
            self.fields.clear();
            self.state = Values::Missing;
        }
    }

    /// Puts the cursors on an entry.
    pub(super) fn jump(&mut self, index: usize) {
        let Some(entry) = self.entries.get(index).cloned() else { return };
        self.first.set_filter("");
        self.second.set_filter("");
        let (name, mark) = if self.flipped { (&entry.component, note(&entry.kind)) } else { (&entry.stack, "") };
        if let Some(at) = self.first.items().iter().position(|item| item.text == *name && item.note == mark) {
            self.first.select(at);
        }
        self.refill_second();
        let same = |other: &Entry| {
            (&other.stack, &other.kind, &other.component) == (&entry.stack, &entry.kind, &entry.component)
        };
        if let Some(at) = self.targets.iter().position(|target| same(&self.entries[*target])) {
            self.second.select(at);
        }
        self.focus = Focus::Second;
    }
}

/// How a kind is shown beside a name: the usual one not at all.
fn note(kind: &str) -> &str {
    if kind == "terraform" { "" } else { kind }
}
