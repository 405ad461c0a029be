//! Markdown for a terminal: what stands out does, lines are as wide as the screen, and the marks are gone. And for those
//! who read it as text: the same without letters that stand out, with the lines of the document.

use std::fmt::Write as _;

use super::printable::printable;

/// Letters that stand out, and the end of that.
const BOLD: [&str; 2] = ["\u{1b}[1m", "\u{1b}[22m"];
const ITALIC: [&str; 2] = ["\u{1b}[3m", "\u{1b}[23m"];
const DIM: [&str; 2] = ["\u{1b}[2m", "\u{1b}[22m"];

/// The text of a document for a terminal of this width.
pub fn markdown(text: &str, width: usize) -> String {
    let text = printable(text);
    let mut out = String::new();
    let mut open = Paragraph::default();
    let mut fence: Option<&str> = None;
    for line in text.lines() {
        let bare = line.trim_start();
        if let Some(mark) = fence {
            if bare.starts_with(mark) {
                fence = None;
            } else {
                let _ = writeln!(out, "    {}{line}{}", DIM[0], DIM[1]);
            }
            continue;
        }
        match Block::of(line) {
            Block::Text => open.add(bare),
            block => {
                open.close(width, &mut out);
                match block {
                    Block::Fence(mark) => fence = Some(mark),
                    Block::Heading(title) => {
                        let _ = writeln!(out, "{}{}{}", BOLD[0], inline(title, true), BOLD[1]);
                    }
                    Block::Rule => {
                        let _ = writeln!(out, "{}", "─".repeat(width.min(60)));
                    }
                    Block::Item { indent, mark, rest } => open.begin(&format!("{}{mark} ", " ".repeat(indent)), rest),
                    Block::Quote(rest) => open.begin("│ ", rest),
                    Block::AsItIs => {
                        let _ = writeln!(out, "{line}");
                    }
                    Block::Blank => out.push('\n'),
                    Block::Text => {}
                }
            }
        }
    }
    open.close(width, &mut out);
    out
}

/// The text of a document for programs and terminals without colour: headings keep their marks, parts are a blank line
/// apart.
pub fn markdown_plain(text: &str) -> String {
    let text = printable(text);
    let mut parts: Vec<Vec<String>> = Vec::new();
    let mut fence: Option<&str> = None;
    let mut last = "";
    for line in text.lines() {
        let bare = line.trim();
        if let Some(mark) = fence {
            if bare.starts_with(mark) {
                fence = None;
            } else if let Some(part) = parts.last_mut() {
                part.push(if line.is_empty() { String::new() } else { format!(" {line}") });
            }
            continue;
        }
        let indent = &line[..line.len() - line.trim_start().len()];
        let (kind, shown) = match Block::of(line) {
            Block::Blank => ("", None),
            Block::Heading(_) => ("heading", Some(plain(bare.trim_end_matches('#').trim_end()))),
            Block::Fence(mark) => {
                fence = Some(mark);
                parts.push(Vec::new());
                ("code", None)
            }
            Block::Rule => ("rule", Some("--------".to_owned())),
            Block::Item { mark, rest, .. } => ("list", Some(format!("{indent}{mark} {}", plain(rest)))),
            Block::Quote(rest) => ("quote", Some(format!("│ {}", plain(rest)))),
            Block::AsItIs if last != "list" => ("as it is", Some(line.to_owned())),
            // What goes on in a list is a part of its item.
            Block::AsItIs | Block::Text if last == "list" => ("list", Some(format!("{indent}{}", plain(bare)))),
            Block::AsItIs | Block::Text => ("text", Some(plain(bare))),
        };
        if let Some(shown) = shown {
            match parts.last_mut() {
                Some(part) if kind == last && kind != "heading" => part.push(shown),
                _ => parts.push(vec![shown]),
            }
        }
        last = kind;
    }
    let parts: Vec<String> = parts.iter().map(|lines| lines.join("\n")).collect();
    format!("\n{}\n", parts.join("\n\n"))
}

enum Block<'l> {
    Blank,
    Heading(&'l str),
    Fence(&'static str),
    Rule,
    Item {
        indent: usize,
        mark: &'l str,
        rest: &'l str,
    },
    Quote(&'l str),
    /// Tables and code by indentation.
    AsItIs,
    Text,
}

impl Block<'_> {
    fn of(line: &str) -> Block<'_> {
        let bare = line.trim();
        let indent = line.len() - line.trim_start().len();
        let hashes = bare.len() - bare.trim_start_matches('#').len();
        if bare.is_empty() {
            return Block::Blank;
        }
        if (1..=6).contains(&hashes) && bare[hashes..].starts_with(' ') {
            return Block::Heading(bare[hashes..].trim().trim_end_matches('#').trim());
        }
        if let Some(mark) = ["```", "~~~"].into_iter().find(|mark| bare.starts_with(mark)) {
            return Block::Fence(mark);
        }
        if bare.len() >= 3 && ["-", "*", "_"].iter().any(|mark| bare.replace(mark, "").trim().is_empty()) {
            return Block::Rule;
        }
        if let Some(rest) = ["- ", "* ", "+ "].into_iter().find_map(|mark| bare.strip_prefix(mark)) {
            return Block::Item { indent, mark: "•", rest };
        }
        if let Some((number, rest)) = bare.split_once(". ")
            && !number.is_empty()
            && number.len() < 4
            && number.bytes().all(|byte| byte.is_ascii_digit())
        {
            return Block::Item { indent, mark: &bare[..=number.len()], rest };
        }
        match bare.strip_prefix('>') {
            Some(rest) => Block::Quote(rest.trim_start()),
            None if bare.starts_with('|') || (indent >= 4 && !bare.is_empty()) => Block::AsItIs,
            None => Block::Text,
        }
    }
}

/// Text that goes over several lines of the document.
#[derive(Default)]
struct Paragraph {
    /// What stands before the first line; blanks of the same width before the others.
    mark: String,
    text: String,
}

impl Paragraph {
    fn begin(&mut self, mark: &str, text: &str) {
        mark.clone_into(&mut self.mark);
        text.clone_into(&mut self.text);
    }

    fn add(&mut self, text: &str) {
        if !self.text.is_empty() {
            self.text.push(' ');
        }
        self.text.push_str(text.trim_end());
    }

    fn close(&mut self, width: usize, out: &mut String) {
        let Paragraph { mark, text } = std::mem::take(self);
        if text.is_empty() && mark.is_empty() {
            return;
        }
        let indent = mark.chars().count();
        let rest = if mark == "│ " { mark.clone() } else { " ".repeat(indent) };
        let room = width.saturating_sub(indent).max(20);
        let mut line = String::new();
        let mut lines = Vec::new();
        for word in inline(&text, true).split(' ').filter(|word| !word.is_empty()) {
            if !line.is_empty() && seen(&line) + 1 + seen(word) > room {
                lines.push(std::mem::take(&mut line));
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
        lines.push(line);
        for (at, line) in lines.iter().enumerate() {
            out.push_str(if at == 0 { &mark } else { &rest });
            out.push_str(line);
            out.push('\n');
        }
    }
}

/// Letters of a text without the sequences that paint it.
fn seen(text: &str) -> usize {
    let mut count = 0;
    let mut within = false;
    for letter in text.chars() {
        match letter {
            '\u{1b}' => within = true,
            'm' if within => within = false,
            _ if !within => count += 1,
            _ => {}
        }
    }
    count
}

/// A line without the marks inside of it.
fn plain(text: &str) -> String {
    inline(text, false)
}

/// Marks inside a line: code, bold, italic, links. `painted`: what they mean stands out.
fn inline(text: &str, painted: bool) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(letter) = rest.chars().next() {
        let spans = [("`", DIM), ("**", BOLD), ("__", BOLD), ("*", ITALIC)];
        let span = spans.into_iter().find_map(|(mark, paint)| {
            let inner = rest.strip_prefix(mark)?;
            let end = inner.find(mark).filter(|end| *end > 0 && !inner.starts_with(' '))?;
            Some((mark, paint, &inner[..end], &inner[end + mark.len()..]))
        });
        if let Some((mark, [begin, end], inner, after)) = span {
            let inner = if mark == "`" { inner.to_owned() } else { inline(inner, painted) };
            let _ = if painted { write!(out, "{begin}{inner}{end}") } else { write!(out, "{inner}") };
            rest = after;
        } else if let Some((title, address, after)) = link(rest) {
            let title = inline(title, painted);
            out.push_str(&title);
            if title != address {
                let _ = if painted { write!(out, " ({address})") } else { write!(out, " {address}") };
            }
            rest = after;
        } else {
            out.push(letter);
            rest = &rest[letter.len_utf8()..];
        }
    }
    out
}

/// `[title](address)` at the beginning of a text.
fn link(text: &str) -> Option<(&str, &str, &str)> {
    let (title, rest) = text.strip_prefix('[')?.split_once("](")?;
    let (address, after) = rest.split_once(')')?;
    (!title.contains('[')).then_some((title, address, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_become_letters_that_stand_out() {
        let text = "# Title #\n\nSome **bold** and `code *x*`,\nand a [link](https://a.test).\n\n- one\n  - two\n1. three\n> said\n\n---\n```sh\nrun **it**\n```\n| a | b |\n";
        let plain = |text: &str| {
            let mut shown = markdown(text, 80);
            for sequence in [BOLD, ITALIC, DIM].concat() {
                shown = shown.replace(sequence, "");
            }
            shown
        };
        let rule = "─".repeat(60);
        let expected = format!(
            "Title\n\nSome bold and code *x*, and a link (https://a.test).\n\n• one\n  • two\n1. three\n│ said\n\n{rule}\n    run **it**\n| a | b |\n"
        );
        assert_eq!(plain(text), expected);
        assert!(markdown(text, 80).contains("\u{1b}[1mbold\u{1b}[22m"));
        assert_eq!(plain("2 * 3 * 4 and a_b_c"), "2 * 3 * 4 and a_b_c\n");
        assert_eq!(plain("a ** b\nüber `offen"), "a ** b über `offen\n");
    }

    #[test]
    fn documents_are_texts_for_programs() {
        let text = "# Title\nSome **bold** and `code *x*`,\nand a [`link`](https://a.test).\n### In\n- `one`\n  more\n  - two\n\n\n```sh\nrun **it**\n\n  x\n```\n\n| a | b |\n|---|---|\n***\n> *said*\n";
        let expected = "\n# Title\n\nSome bold and code *x*,\nand a link https://a.test.\n\n### In\n\n• one\n  more\n  • two\n\n run **it**\n\n   x\n\n| a | b |\n|---|---|\n\n--------\n\n│ said\n";
        assert_eq!(markdown_plain(text), expected);
        assert_eq!(markdown_plain("a\u{1b}[2Jb"), "\na\\u{1b}[2Jb\n");
    }

    #[test]
    fn lines_are_as_wide_as_the_screen() {
        let text = format!("- {}", "word ".repeat(12));
        let shown = markdown(&text, 24);
        assert!(shown.lines().all(|line| seen(line) <= 24), "{shown}");
        assert!(shown.lines().skip(1).all(|line| line.starts_with("  word")), "{shown}");
        assert_eq!(markdown("\u{1b}]0;x\u{7}", 80), "\\u{1b}]0;x\\u{7}\n");
    }
}
