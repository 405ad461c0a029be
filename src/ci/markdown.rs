//! Pieces of Markdown.

/// A text between fences that it does not contain itself.
pub(super) fn fenced(language: &str, text: &str) -> String {
    let longest = text.split(|letter| letter != '`').map(str::len).max().unwrap_or_default();
    let fence = "`".repeat(longest.max(2) + 1);
    format!("{fence}{language}\n{}\n{fence}\n", text.trim_end_matches('\n'))
}

/// A text in one cell of a table.
pub(super) fn cell(text: &str) -> String {
    let text: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    text.replace('\\', "\\\\").replace('|', "\\|").replace('<', "&lt;")
}

/// A text in HTML.
pub(super) fn inline(text: &str) -> String {
    text.split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

/// A part that folds.
pub(super) fn folded(summary: &str, body: &str) -> String {
    format!("\n<details><summary>{summary}</summary>\n\n{body}\n</details>\n")
}

/// The text up to a number of bytes, at the end of a line.
pub(super) fn cut(text: &str, most: usize) -> (&str, bool) {
    if text.len() <= most {
        return (text, false);
    }
    let mut end = most;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let end = text[..end].rfind('\n').unwrap_or(end);
    (&text[..end], true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_cannot_leave_their_place() {
        assert_eq!(fenced("hcl", "a\n```\nb"), "````hcl\na\n```\nb\n````\n");
        assert_eq!(cell("a|b\nc <d>"), "a\\|b c &lt;d>");
        assert_eq!(inline("a & <b>"), "a &amp; &lt;b&gt;");
        assert_eq!(cut("one\ntwö\n", 7), ("one", true));
        assert_eq!(cut("one", 7), ("one", false));
    }
}
