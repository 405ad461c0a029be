//! A frame of the browser.

use ratatui::Frame;
use ratatui::layout::{Alignment, Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Clear, Paragraph};

use super::action::actions;
use super::column::{Column, Item, Shown};
use super::model::{Focus, Model, Over, Page, Values};
use crate::config::Theme;

/// Widths from which all lists, or two of them, stand beside each other.
const THREE: u16 = 100;
const TWO: u16 = 56;

/// The smallest screen that shows anything of use.
const SMALLEST: (u16, u16) = (24, 7);

/// How things look: in the colours of a theme, or without any.
#[derive(Debug, Clone, Copy)]
pub struct Look {
    heading: Style,
    muted: Style,
    found: Style,
    problem: Style,
    chosen: Style,
}

impl Look {
    /// Without colours the terminal's own bold, dim, underlined and reversed letters have to do.
    pub fn new(colour: bool, theme: Option<&Theme>) -> Look {
        let plain = Style::new();
        let paint = |own: Option<&str>, usual: Color| match own.and_then(colour_of) {
            _ if !colour => plain,
            own => plain.fg(own.unwrap_or(usual)),
        };
        Look {
            heading: paint(theme.and_then(|theme| theme.heading), Color::Cyan).add_modifier(Modifier::BOLD),
            muted: match theme.and_then(|theme| theme.muted).and_then(colour_of) {
                Some(own) if colour => plain.fg(own),
                _ => plain.add_modifier(Modifier::DIM),
            },
            found: paint(theme.and_then(|theme| theme.warning), Color::Yellow).add_modifier(Modifier::UNDERLINED),
            problem: paint(theme.and_then(|theme| theme.error), Color::Red),
            chosen: plain.add_modifier(Modifier::REVERSED),
        }
    }
}

/// A colour written as `#rrggbb`.
fn colour_of(text: &str) -> Option<Color> {
    let number = u32::from_str_radix(text.strip_prefix('#').filter(|digits| digits.len() == 6)?, 16).ok()?;
    let [_, red, green, blue] = number.to_be_bytes();
    Some(Color::Rgb(red, green, blue))
}

/// Draws the state.
pub fn draw(frame: &mut Frame<'_>, model: &Model, look: Look) {
    let area = frame.area();
    if area.width < SMALLEST.0 || area.height < SMALLEST.1 {
        return frame.render_widget(Paragraph::new("too small"), area);
    }
    let rows = [Constraint::Length(1), Constraint::Min(3), Constraint::Length(1)];
    let [top, middle, bottom] = Layout::vertical(rows).areas(area);
    header(frame, model, look, top);
    lists(frame, model, look, middle);
    footer(frame, model, look, bottom);
    match &model.over {
        Over::Nothing | Over::Search => {}
        Over::Jump(column) => jump(frame, column, look, middle),
        Over::Menu(at) => menu(frame, model, *at, look, middle),
        Over::Page(text) => page(frame, text, look, middle),
    }
}

fn header(frame: &mut Frame<'_>, model: &Model, look: Look, area: Rect) {
    let counts = if model.is_read {
        let stacks: std::collections::BTreeSet<&str> = model.listed().map(|(_, entry)| entry.stack.as_str()).collect();
        format!("{} stacks, {} components ", stacks.len(), model.listed().count())
    } else {
        "reading the stacks … ".to_owned()
    };
    let title = Line::from(vec![Span::styled(" atmos ", look.heading), Span::styled(&*model.title, look.muted)]);
    frame.render_widget(Paragraph::new(title), area);
    frame.render_widget(Paragraph::new(Span::styled(counts, look.muted)).alignment(Alignment::Right), area);
}

fn lists(frame: &mut Frame<'_>, model: &Model, look: Look, area: Rect) {
    let all = [Focus::First, Focus::Second, Focus::Values];
    let (shown, widths): (&[Focus], &[Constraint]) = match (area.width, model.focus) {
        (THREE.., _) => (&all, &[Constraint::Percentage(22), Constraint::Percentage(28), Constraint::Fill(1)]),
        (TWO.., Focus::First) => (&all[..2], &[Constraint::Fill(1), Constraint::Fill(1)]),
        (TWO.., _) => (&all[1..], &[Constraint::Percentage(35), Constraint::Fill(1)]),
        (_, Focus::First) => (&all[..1], &[Constraint::Fill(1)]),
        (_, Focus::Second) => (&all[1..2], &[Constraint::Fill(1)]),
        (_, Focus::Values) => (&all[2..], &[Constraint::Fill(1)]),
    };
    let areas = Layout::horizontal(widths).split(area);
    for (focus, area) in shown.iter().zip(areas.iter()) {
        list(frame, model, *focus, look, *area);
    }
}

fn list(frame: &mut Frame<'_>, model: &Model, focus: Focus, look: Look, area: Rect) {
    let focused = model.focus == focus && matches!(model.over, Over::Nothing | Over::Search);
    let [stacks, components] = ["Stacks", "Components"];
    let (name, column) = match (focus, model.flipped) {
        (Focus::First, false) => (stacks, &model.first),
        (Focus::Second, true) => (stacks, &model.second),
        (Focus::Second, false) => (components, &model.second),
        (Focus::First, true) => (components, &model.first),
        (Focus::Values, _) => ("Values", &model.values),
    };
    let filter = if column.filter().is_empty() { String::new() } else { format!("/{} ", column.filter()) };
    let title = format!(" {name} {filter}");
    let title = Span::styled(title, if focused { look.heading } else { look.muted });
    let border = if focused { look.heading.remove_modifier(Modifier::BOLD) } else { look.muted };
    let mut block = Block::bordered().border_style(border).title(title);
    if focus == Focus::Values
        && let Some(place) = model.field().and_then(|field| field.note.as_deref())
    {
        block = block.title_bottom(Line::from(format!(" {place} ")).right_aligned());
    }
    let inner = block.inner(area);
    frame.render_widget(block, area);
    let message = match (focus, &model.state) {
        _ if !model.is_read => Some(("", look.muted)),
        (Focus::Values, Values::Asked(_)) => Some(("…", look.muted)),
        (Focus::Values, Values::Failed(_, problem)) => Some((problem.as_str(), look.problem)),
        _ if column.shown().is_empty() => Some(("nothing", look.muted)),
        _ => None,
    };
    match message {
        Some((text, style)) => {
            let text = Paragraph::new(Span::styled(text, style)).wrap(ratatui::widgets::Wrap { trim: true });
            frame.render_widget(text, inner);
        }
        None => lines(frame, column, focused, look, inner),
    }
}

/// The lines of a list that fit, the one under the cursor reversed.
fn lines(frame: &mut Frame<'_>, column: &Column, focused: bool, look: Look, area: Rect) {
    let window = column.window(area.height.into());
    let first = window.start;
    for (row, shown) in column.shown()[window].iter().enumerate() {
        let item = &column.items()[shown.index];
        let here = first + row == column.cursor();
        let y = area.y + u16::try_from(row).unwrap_or(u16::MAX);
        let line = Rect { y, height: 1, ..area };
        let style = match (here, focused) {
            (true, true) => look.chosen,
            (true, false) => Style::new().add_modifier(Modifier::BOLD),
            _ => Style::new(),
        };
        row_of(frame, item, shown, style, look, line);
    }
}

fn row_of(frame: &mut Frame<'_>, item: &Item, shown: &Shown, style: Style, look: Look, area: Rect) {
    let mut spans = vec![Span::raw(" ")];
    let mut marks = shown.marks.iter().peekable();
    for (at, letter) in item.text.chars().enumerate() {
        let found = marks.next_if(|mark| **mark == at).is_some();
        spans.push(Span::styled(letter.to_string(), if found { look.found } else { Style::new() }));
    }
    frame.render_widget(Paragraph::new(Line::from(spans)).style(style), area);
    let room = usize::from(area.width).saturating_sub(Line::raw(&*item.text).width() + 3);
    let note = shortened(&item.note, room);
    if !note.is_empty() {
        let note = Line::from(vec![Span::raw(note), Span::raw(" ")]);
        let width = u16::try_from(note.width()).unwrap_or(u16::MAX).min(area.width);
        let place = Rect { x: area.right() - width, width, ..area };
        frame.render_widget(Paragraph::new(note).style(style.patch(look.muted)), place);
    }
}

/// Widths below which a shortened note says nothing.
const LEGIBLE: usize = 12;

/// A note that fits beside the text: its end says most. Nothing where too little would be left.
fn shortened(note: &str, room: usize) -> String {
    let letters: Vec<char> = note.chars().collect();
    match letters.len() {
        length if length <= room => note.to_owned(),
        _ if room < LEGIBLE => String::new(),
        length => std::iter::once('…').chain(letters[length + 1 - room..].iter().copied()).collect(),
    }
}

fn footer(frame: &mut Frame<'_>, model: &Model, look: Look, area: Rect) {
    if matches!(model.over, Over::Search) {
        let column = match model.focus {
            Focus::First => &model.first,
            Focus::Second => &model.second,
            Focus::Values => &model.values,
        };
        let (found, all) = (column.shown().len(), column.items().len());
        let line = vec![
            Span::styled(" /", look.heading),
            Span::raw(column.filter()),
            Span::styled("▏", look.heading),
            Span::styled(format!("  {found} of {all}   Enter keep  Esc all"), look.muted),
        ];
        return frame.render_widget(Paragraph::new(Line::from(line)), area);
    }
    if let Some(notice) = &model.notice {
        return frame.render_widget(Paragraph::new(Span::styled(format!(" {notice}"), look.problem)), area);
    }
    let keys: &[(&str, &str)] = match (&model.over, model.focus) {
        (Over::Menu(_), _) => &[("↑↓", "move"), ("Enter", "run"), ("Esc", "back")],
        (Over::Page(_), _) => &[("↑↓", "scroll"), ("Esc", "back")],
        (Over::Jump(_), _) => &[("type", "to find"), ("↑↓", "move"), ("Enter", "go there"), ("Esc", "back")],
        (_, Focus::First) => {
            &[("←→", "lists"), ("/", "search"), ("f", "find"), ("Tab", "flip"), ("?", "keys"), ("q", "quit")]
        }
        (_, Focus::Second) => &[
            ("Enter", "commands"),
            ("p", "plan"),
            ("d", "describe"),
            ("s", "shell"),
            ("/", "search"),
            ("f", "find"),
            ("?", "keys"),
            ("q", "quit"),
        ],
        (_, Focus::Values) => &[("Enter", "explain"), ("/", "search"), ("←", "back"), ("?", "keys"), ("q", "quit")],
    };
    let mut spans = Vec::new();
    for (key, what) in keys {
        spans.push(Span::styled(format!(" {key} "), look.heading));
        spans.push(Span::styled(format!("{what} "), look.muted));
    }
    frame.render_widget(Paragraph::new(Line::from(spans)), area);
}

/// A frame in the middle of the screen, emptied; its inner area.
fn window(frame: &mut Frame<'_>, title: &str, size: (usize, usize), look: Look, area: Rect) -> Rect {
    let fit = |wanted: usize, most: u16| u16::try_from(wanted + 2).unwrap_or(u16::MAX).min(most);
    let (width, height) = (fit(size.0, area.width), fit(size.1, area.height));
    let place = Rect { x: area.x + (area.width - width) / 2, y: area.y + (area.height - height) / 2, width, height };
    frame.render_widget(Clear, place);
    let title = Span::styled(format!(" {title} "), look.heading);
    let block = Block::bordered().border_style(look.heading.remove_modifier(Modifier::BOLD)).title(title);
    let inner = block.inner(place);
    frame.render_widget(block, place);
    inner
}

fn menu(frame: &mut Frame<'_>, model: &Model, at: usize, look: Look, area: Rect) {
    let Some(target) = model.target() else { return };
    let actions = actions(&target);
    let title = format!("{} in {}", target.component, target.stack);
    let width = actions.iter().map(|action| action.label().len() + 5).max().unwrap_or(0);
    let inner = window(frame, &title, (width.max(title.len() + 2), actions.len()), look, area);
    let first = at.saturating_sub(usize::from(inner.height).saturating_sub(1));
    for (row, action) in actions.iter().enumerate().skip(first).take(inner.height.into()) {
        let line = Line::from(vec![
            Span::styled(format!(" {} ", action.key), look.heading),
            Span::raw(format!(" {} ", action.label())),
        ]);
        let style = if row == at { look.chosen } else { Style::new() };
        let y = inner.y + u16::try_from(row - first).unwrap_or(u16::MAX);
        frame.render_widget(Paragraph::new(line).style(style), Rect { y, height: 1, ..inner });
    }
}

fn page(frame: &mut Frame<'_>, page: &Page, look: Look, area: Rect) {
    let width = page.lines.iter().map(|line| Line::raw(&**line).width()).max().unwrap_or(0) + 2;
    // Frame and margins take four of the columns.
    let room = usize::from(area.width).saturating_sub(4);
    let rows = |from: usize| page.lines.iter().skip(from).flat_map(|line| folded(line, room));
    let inner = window(frame, &page.title, (width, rows(0).count()), look, area);
    let shown = rows(page.top).take(inner.height.into()).map(|row| Line::raw(format!(" {row}")));
    frame.render_widget(Paragraph::new(shown.collect::<Vec<_>>()), inner);
}

/// What stands before the rows of a line that go on with it.
const GOES_ON: &str = "    ";

/// A line in rows that are as wide as there is room, at best broken at blanks.
fn folded(line: &str, room: usize) -> Vec<String> {
    let width = |text: &str| Line::raw(text.to_owned()).width();
    if width(line) <= room || room <= 2 * GOES_ON.len() {
        return vec![line.to_owned()];
    }
    let (mut rows, mut row, mut used) = (Vec::new(), String::new(), 0);
    for letter in line.chars() {
        let wide = width(letter.encode_utf8(&mut [0; 4]));
        if used + wide > room {
            // Words longer than half of the row are broken anywhere.
            let blank = row.rfind(' ').filter(|at| row[..*at].trim_start().len() > room / 2).map(|at| at + 1);
            let rest = blank.map(|at| row.split_off(at)).unwrap_or_default();
            rows.push(std::mem::take(&mut row).trim_end().to_owned());
            row = format!("{GOES_ON}{rest}");
            used = width(&row);
        }
        row.push(letter);
        used += wide;
    }
    rows.push(row);
    rows
}

fn jump(frame: &mut Frame<'_>, column: &Column, look: Look, area: Rect) {
    let size = (usize::from(area.width) * 3 / 4, usize::from(area.height) * 3 / 4);
    let inner = window(frame, "Find", size, look, area);
    let [prompt, rest] = Layout::vertical([Constraint::Length(1), Constraint::Min(0)]).areas(inner);
    let line = Line::from(vec![
        Span::styled(" ", look.heading),
        Span::raw(column.filter()),
        Span::styled("▏", look.heading),
        Span::styled(format!("  {} of {}", column.shown().len(), column.items().len()), look.muted),
    ]);
    frame.render_widget(Paragraph::new(line), prompt);
    lines(frame, column, true, look, rest);
}
