//! A list with a cursor and a filter.

use std::ops::Range;

use super::fuzzy;

/// One line of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Item {
    pub text: String,
    /// Shown at the right; not searched.
    pub note: String,
}

/// A line that the filter lets through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Shown {
    /// Its number among all lines.
    pub index: usize,
    /// The characters that the filter found.
    pub marks: Vec<usize>,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Column {
    items: Vec<Item>,
    filter: String,
    shown: Vec<Shown>,
    cursor: usize,
}

impl Column {
    pub(super) fn of(items: Vec<Item>) -> Column {
        let mut column = Column::default();
        column.set(items);
        column
    }

    /// Puts other lines in; the cursor stays where the text is that it was on.
    pub(super) fn set(&mut self, items: Vec<Item>) {
        let before = self.selected().map(|item| item.text.clone());
        self.items = items;
        self.refresh(before.as_deref());
    }

    pub(super) fn items(&self) -> &[Item] {
        &self.items
    }

    pub(super) fn filter(&self) -> &str {
        &self.filter
    }

    /// Changes the filter. The cursor goes to the best line, or stays on its own without a filter.
    pub(super) fn set_filter(&mut self, filter: &str) {
        let before = self.selected().map(|item| item.text.clone());
        filter.clone_into(&mut self.filter);
        self.refresh(before.as_deref().filter(|_| filter.is_empty()));
    }

    fn refresh(&mut self, keep: Option<&str>) {
        let found = self.items.iter().enumerate();
        if self.filter.trim().is_empty() {
            self.shown = found.map(|(index, _)| Shown { index, marks: Vec::new() }).collect();
        } else {
            let mut scored: Vec<(i64, Shown)> = found
                .filter_map(|(index, item)| {
                    let found = fuzzy::find(&self.filter, &item.text)?;
                    Some((found.score, Shown { index, marks: found.at }))
                })
                .collect();
            scored.sort_by_key(|(score, shown)| (std::cmp::Reverse(*score), shown.index));
            self.shown = scored.into_iter().map(|(_, shown)| shown).collect();
        }
        let at = keep.and_then(|text| self.shown.iter().position(|shown| self.items[shown.index].text == text));
        self.cursor = at.unwrap_or(0);
    }

    /// Puts the cursor on the line with this number, when it is shown.
    pub(super) fn select(&mut self, index: usize) {
        if let Some(at) = self.shown.iter().position(|shown| shown.index == index) {
            self.cursor = at;
        }
    }

    /// Number of the line under the cursor among all lines.
    pub(super) fn index(&self) -> Option<usize> {
        self.shown.get(self.cursor).map(|shown| shown.index)
    }

    pub(super) fn selected(&self) -> Option<&Item> {
        self.items.get(self.index()?)
    }

    pub(super) fn shown(&self) -> &[Shown] {
        &self.shown
    }

    pub(super) fn cursor(&self) -> usize {
        self.cursor
    }

    /// Moves the cursor by so many lines; it stops at the ends.
    pub(super) fn move_by(&mut self, lines: isize) {
        self.cursor = self.cursor.saturating_add_signed(lines).min(self.shown.len().saturating_sub(1));
    }

    /// The lines that a window of this height shows: the cursor is in the middle where there are enough.
    pub(super) fn window(&self, height: usize) -> Range<usize> {
        let last = self.shown.len().saturating_sub(height);
        let top = self.cursor.saturating_sub(height / 2).min(last);
        top..(top + height).min(self.shown.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(texts: &[&str]) -> Column {
        let item = |text: &&str| Item { text: (*text).to_owned(), note: String::new() };
        Column::of(texts.iter().map(item).collect())
    }

    fn selected(column: &Column) -> &str {
        column.selected().map_or("", |item| &item.text)
    }

    #[test]
    fn the_cursor_stops_at_the_ends() {
        let mut list = column(&["a", "b", "c"]);
        list.move_by(-1);
        assert_eq!(selected(&list), "a");
        list.move_by(isize::MAX);
        assert_eq!(selected(&list), "c");
        let mut none = column(&[]);
        none.move_by(1);
        assert_eq!((none.selected(), none.window(5)), (None, 0..0));
    }

    #[test]
    fn a_filter_shows_the_best_first_and_gives_the_cursor_back() {
        let mut list = column(&["dev-network", "net", "prod"]);
        list.set_filter("net");
        assert_eq!(list.shown().iter().map(|shown| shown.index).collect::<Vec<_>>(), [1, 0]);
        list.move_by(1);
        list.set_filter("");
        assert_eq!(selected(&list), "dev-network");
        list.set_filter("zzz");
        assert_eq!(list.selected(), None);
        // Other lines: the filter still holds, the cursor stays on its text.
        list.set_filter("p");
        list.set(vec![Item { text: "preprod".into(), note: String::new() }, list.items()[2].clone()]);
        assert_eq!(selected(&list), "prod");
    }

    #[test]
    fn the_window_has_the_cursor_in_it() {
        let texts: Vec<String> = (0..10).map(|number| number.to_string()).collect();
        let mut list = column(&texts.iter().map(String::as_str).collect::<Vec<_>>());
        assert_eq!(list.window(4), 0..4);
        list.move_by(5);
        assert_eq!(list.window(4), 3..7);
        list.move_by(9);
        assert_eq!(list.window(4), 6..10);
        assert_eq!(list.window(40), 0..10);
        assert_eq!(list.window(0), 9..9);
    }
}
