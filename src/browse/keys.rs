//! What keys do.

use super::action::actions;
use super::column::{Column, Item};
use super::model::{Effect, Entry, Focus, Model, Over, Page};

/// A key as the browser knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key {
    Char(char),
    Ctrl(char),
    Up,
    Down,
    Left,
    Right,
    PageUp,
    PageDown,
    Home,
    End,
    Enter,
    Escape,
    Tab,
    Backspace,
}

/// Lines that a page has for its keys.
const PAGE: isize = 10;

/// Everything that the keys do, as the page of help shows it.
const HELP: &str = "\
↑ ↓  k j        one line              PgUp PgDn   ten lines        g G  Home End   first, last
← →  h l        the list beside       Tab         components first, or stacks first
/               search in the list: letters in their order, words apart by blanks
                Enter keeps what was found, Esc shows all again
f               find a component in any stack
Enter           commands for the component; in the values: all about the value
p               terraform plan, helmfile diff
s               a shell as terraform sees the component
d               describe the component, evaluated
b               show abstract components (bases), or hide them
r               read the repository again
Ctrl-Z          back to the shell for a while
q  Esc  Ctrl-C  leave

Values stand here as they are written: neither templates nor functions are run to look at them.
  ● [1] file:line   written in the manifest of the stack
  ○ [N] file:line   imported over so many manifests; [0] is the configuration
  ∴ [N] file:line   given by a template
";

impl Model {
    /// Does what a key means; what is left to do outside comes back.
    pub fn press(&mut self, key: Key) -> Option<Effect> {
        self.notice = None;
        if key == Key::Ctrl('c') {
            return Some(Effect::Quit);
        }
        if key == Key::Ctrl('z') {
            return Some(Effect::Suspend);
        }
        match std::mem::replace(&mut self.over, Over::Nothing) {
            Over::Nothing => self.look(key),
            Over::Search => {
                self.search(key);
                None
            }
            Over::Jump(column) => {
                self.find(column, key);
                None
            }
            Over::Menu(at) => self.menu(at, key),
            Over::Page(page) => {
                self.page(page, key);
                None
            }
        }
    }

    fn look(&mut self, key: Key) -> Option<Effect> {
        match key {
            Key::Char('q') => return Some(Effect::Quit),
            Key::Escape if self.column().filter().is_empty() => return Some(Effect::Quit),
            Key::Escape => self.filter(""),
            Key::Char('r') => return Some(Effect::Reload),
            Key::Char('/') => self.over = Over::Search,
            Key::Char('?') => self.show_page("Keys".to_owned(), HELP),
            Key::Char('f') => self.over = Over::Jump(self.everything()),
            Key::Char('b') => {
                self.with_bases = !self.with_bases;
                self.refill();
            }
            Key::Tab => self.flip(),
            Key::Left | Key::Char('h') => {
                self.focus = if self.focus == Focus::Values { Focus::Second } else { Focus::First }
            }
            Key::Right | Key::Char('l') => {
                self.focus = if self.focus == Focus::First { Focus::Second } else { Focus::Values }
            }
            Key::Enter => return self.enter(),
            _ if self.moves(key) => {}
            Key::Char(letter) => return self.direct(letter),
            _ => {}
        }
        None
    }

    /// Moves the cursor, when the key is one for that.
    fn moves(&mut self, key: Key) -> bool {
        let Some(lines) = distance(key) else { return false };
        self.column().move_by(lines);
        if self.focus == Focus::First {
            self.refill_second();
        }
        true
    }

    fn flip(&mut self) {
        let target = self.target();
        self.flipped = !self.flipped;
        self.first.set_filter("");
        self.second.set_filter("");
        self.refill();
        let at = target.and_then(|target| self.entries.iter().position(|entry| *entry == target));
        let focus = self.focus;
        if let Some(at) = at {
            self.jump(at);
        }
        self.focus = focus;
    }

    fn enter(&mut self) -> Option<Effect> {
        let target = self.target()?;
        match self.focus {
            Focus::First => self.focus = Focus::Second,
            Focus::Second => self.over = Over::Menu(0),
            Focus::Values => {
                let path = self.field()?.path.clone();
                return Some(Effect::Explain(target, path));
            }
        }
        None
    }

    /// A command without the menu.
    fn direct(&mut self, letter: char) -> Option<Effect> {
        let target = self.target()?;
        let action = actions(&target).iter().find(|action| action.direct && action.key == letter)?;
        Some(Effect::Run(action.call(&target)))
    }

    fn menu(&mut self, at: usize, key: Key) -> Option<Effect> {
        let target = self.target()?;
        let actions = actions(&target);
        let chosen = match key {
            Key::Enter => actions.get(at),
            Key::Escape | Key::Left | Key::Char('q' | 'h') => return None,
            Key::Char(letter) => actions.iter().find(|action| action.key == letter),
            _ => None,
        };
        if let Some(action) = chosen {
            return Some(Effect::Run(action.call(&target)));
        }
        let moved = at.saturating_add_signed(distance(key).unwrap_or(0)).min(actions.len().saturating_sub(1));
        self.over = Over::Menu(moved);
        None
    }

    fn page(&mut self, mut page: Page, key: Key) {
        if matches!(key, Key::Escape | Key::Enter | Key::Left | Key::Char('q' | 'h' | '?')) {
            return;
        }
        let lines = distance(key).unwrap_or(0);
        page.top = page.top.saturating_add_signed(lines).min(page.lines.len().saturating_sub(1));
        self.over = Over::Page(page);
    }

    fn search(&mut self, key: Key) {
        let mut filter = self.column().filter().to_owned();
        match key {
            Key::Enter => return,
            Key::Escape => return self.filter(""),
            Key::Up | Key::Down | Key::PageUp | Key::PageDown => drop(self.moves(key)),
            _ if edit(&mut filter, key) => self.filter(&filter),
            _ => {}
        }
        self.over = Over::Search;
    }

    fn filter(&mut self, filter: &str) {
        self.column().set_filter(filter);
        if self.focus == Focus::First {
            self.refill_second();
        }
    }

    fn find(&mut self, mut column: Column, key: Key) {
        let mut filter = column.filter().to_owned();
        match key {
            Key::Escape => return,
            Key::Enter => {
                let found = column.index().and_then(|line| self.listed().nth(line)).map(|(index, _)| index);
                return found.into_iter().for_each(|index| self.jump(index));
            }
            Key::Up | Key::Down | Key::PageUp | Key::PageDown => column.move_by(distance(key).unwrap_or(0)),
            _ if edit(&mut filter, key) => column.set_filter(&filter),
            _ => {}
        }
        self.over = Over::Jump(column);
    }

    /// Every component of every stack as one list.
    fn everything(&self) -> Column {
        let text = |entry: &Entry| format!("{} in {}", entry.component, entry.stack);
        let items = self.listed().map(|(_, entry)| Item { text: text(entry), note: entry.kind.clone() });
        Column::of(items.collect())
    }
}

/// How far a key moves a cursor.
fn distance(key: Key) -> Option<isize> {
    Some(match key {
        Key::Up | Key::Char('k') | Key::Ctrl('p') => -1,
        Key::Down | Key::Char('j') | Key::Ctrl('n') => 1,
        Key::PageUp | Key::Ctrl('u') => -PAGE,
        Key::PageDown | Key::Ctrl('d') => PAGE,
        Key::Home | Key::Char('g') => isize::MIN,
        Key::End | Key::Char('G') => isize::MAX,
        _ => return None,
    })
}

/// Changes a text that is being typed. False when the key is none for that.
fn edit(text: &mut String, key: Key) -> bool {
    match key {
        Key::Char(letter) => text.push(letter),
        Key::Backspace => drop(text.pop()),
        Key::Ctrl('u') => text.clear(),
        Key::Ctrl('w') => {
            let kept = text.trim_end().rfind(' ').map_or(0, |at| at + 1);
            text.truncate(kept);
        }
        _ => return false,
    }
    true
}
