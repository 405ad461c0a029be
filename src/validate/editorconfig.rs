//! Files against the rules of `.editorconfig`. Read [`check`] first; [`Rules`] are what the sections say of one file.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use globset::{GlobBuilder, GlobMatcher};

/// Rules that are switched off.
#[derive(Debug, Clone, Copy, Default)]
pub struct Disabled {
    pub end_of_line: bool,
    pub indent_size: bool,
    pub indentation: bool,
    pub insert_final_newline: bool,
    pub max_line_length: bool,
    pub trim_trailing_whitespace: bool,
}

/// Something against the rules; lines count from one, and no line means the whole file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Complaint {
    pub first: Option<usize>,
    pub last: Option<usize>,
    pub message: String,
}

/// What holds for one file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rules(BTreeMap<String, String>);

impl Rules {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(String::as_str).filter(|value| !matches!(*value, "unset" | "off"))
    }

    fn number(&self, key: &str) -> Option<usize> {
        self.get(key)?.parse().ok().filter(|number| *number > 0)
    }

    /// Columns per level.
    pub fn indent_size(&self) -> Option<usize> {
        self.number("indent_size")
    }

    /// Whether lines end with a carriage return, too.
    pub fn carriage_returns(&self) -> Option<bool> {
        self.get("end_of_line").map(|end| end == "crlf")
    }

    /// Whether the last line ends with a line break.
    pub fn final_newline(&self) -> Option<bool> {
        self.get("insert_final_newline").map(|wanted| wanted == "true")
    }
}

/// The `.editorconfig` files from the root down.
#[derive(Debug, Default)]
pub struct EditorConfig {
    files: Vec<File>,
}

#[derive(Debug)]
struct File {
    folder: PathBuf,
    sections: Vec<Section>,
    /// Lines that say nothing.
    problems: Vec<Complaint>,
}

/// The patterns of a section and its keys.
type Section = (Vec<GlobMatcher>, BTreeMap<String, String>);

impl EditorConfig {
    /// Reads the files that count for `folder`: its own and those above, up to one that calls itself the root.
    pub fn of(folder: &Path) -> EditorConfig {
        let mut files = Vec::new();
        for above in folder.ancestors() {
            let Ok(text) = std::fs::read_to_string(above.join(".editorconfig")) else { continue };
            let (root, sections) = read(&text);
            files.push(File { folder: above.to_path_buf(), sections, problems: problems(&text) });
            if root {
                break;
            }
        }
        files.reverse();
        EditorConfig { files }
    }

    /// The files with lines that say nothing, and those lines.
    pub fn problems(&self) -> impl Iterator<Item = (PathBuf, &[Complaint])> {
        let broken = self.files.iter().filter(|file| !file.problems.is_empty());
        broken.map(|file| (file.folder.join(".editorconfig"), file.problems.as_slice()))
    }

    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// What holds for a file: later sections and nearer files win.
    pub fn rules(&self, file: &Path) -> Rules {
        let mut rules = BTreeMap::new();
        for sections in &self.files {
            let Ok(name) = file.strip_prefix(&sections.folder) else { continue };
            for (patterns, keys) in &sections.sections {
                if patterns.iter().any(|pattern| pattern.is_match(name)) {
                    rules.extend(keys.clone());
                }
            }
        }
        Rules(rules)
    }
}

/// The lines that are neither a section, nor a key with its value, nor a comment.
fn problems(text: &str) -> Vec<Complaint> {
    let of = |(index, line): (usize, &str)| {
        let line = line.trim().trim_start_matches('\u{feff}');
        let is_section = line.starts_with('[') && line.ends_with(']');
        if line.is_empty()
            || line.starts_with(['#', ';'])
            || is_section
            || (!line.starts_with('[') && line.contains('='))
        {
            return None;
        }
        let what = if line.starts_with('[') { "a section without `]`" } else { "neither a section nor `key = value`" };
        let (first, last) = (Some(index + 1), Some(index + 1));
        Some(Complaint { first, last, message: format!("{what}: `{line}`") })
    };
    text.lines().enumerate().filter_map(of).collect()
}

/// Whether the file is a root, and its sections in order.
fn read(text: &str) -> (bool, Vec<Section>) {
    let (mut root, mut sections): (bool, Vec<Section>) = (false, Vec::new());
    for line in text.lines().map(str::trim).filter(|line| !line.starts_with(['#', ';'])) {
        if let Some(pattern) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            sections.push((matchers(pattern), BTreeMap::new()));
        } else if let Some((key, value)) = line.split_once('=') {
            let value = value.split(" #").next().unwrap_or_default().split(" ;").next().unwrap_or_default();
            let (key, value) = (key.trim().to_lowercase(), value.trim().to_lowercase());
            match sections.last_mut() {
                Some((_, keys)) => drop(keys.insert(key, value)),
                None => root |= key == "root" && value == "true",
            }
        }
    }
    (root, sections)
}

/// A pattern of a section: without a slash it holds in every directory below.
fn matchers(pattern: &str) -> Vec<GlobMatcher> {
    let pattern = ranges(pattern);
    let pattern = match pattern.strip_prefix('/') {
        Some(rest) => rest.to_owned(),
        None if pattern.contains('/') => pattern,
        None => format!("**/{pattern}"),
    };
    let mut patterns = Vec::new();
    spread(pattern, &mut patterns);
    let compiled = patterns
        .iter()
        .filter_map(|pattern| GlobBuilder::new(pattern).literal_separator(true).backslash_escape(true).build().ok());
    compiled.map(|glob| glob.compile_matcher()).collect()
}

/// Patterns that one pattern may stand for.
const PATTERNS: usize = 64;

/// `**` beside other letters stands for a part of a name, or for names of directories around it.
fn spread(pattern: String, found: &mut Vec<String>) {
    let beside = pattern.match_indices("**").map(|(at, _)| at).find(|at| {
        let (before, after) = (&pattern[..*at], &pattern[at + 2..]);
        let alone = (before.is_empty() || before.ends_with('/')) && (after.is_empty() || after.starts_with('/'));
        !alone
    });
    let Some(at) = beside.filter(|_| found.len() < PATTERNS) else {
        found.push(pattern);
        return;
    };
    let (before, after) = (&pattern[..at], &pattern[at + 2..]);
    let far = if before.is_empty() || before.ends_with('/') { "**/*" } else { "*/**/*" };
    spread(format!("{before}*{after}"), found);
    spread(format!("{before}{far}{after}"), found);
}

/// Numbers that a range in braces may stand for.
const RANGE: i64 = 1000;

/// `{1..3}` as `{1,2,3}`.
fn ranges(pattern: &str) -> String {
    let mut text = String::new();
    let mut rest = pattern;
    while let Some(start) = rest.find('{') {
        let Some(end) = rest[start..].find('}').map(|end| start + end) else { break };
        let inner = &rest[start + 1..end];
        let bounds = inner.split_once("..").and_then(|(low, high)| Some((low.parse().ok()?, high.parse().ok()?)));
        text.push_str(&rest[..start]);
        match bounds {
            Some((low, high)) if low <= high && high - low < RANGE => {
                let numbers: Vec<String> = (low..=high).map(|number: i64| number.to_string()).collect();
                text = text + "{" + &numbers.join(",") + "}";
            }
            _ => text.push_str(&rest[start..=end]),
        }
        rest = &rest[end + 1..];
    }
    text + rest
}

/// What a file has against the rules. Comments of editorconfig-checker switch the checks off for lines.
pub fn check(rules: &Rules, text: &str, disabled: Disabled) -> Vec<Complaint> {
    let mut found = Vec::new();
    if text.lines().next().is_some_and(|first| first.contains("editorconfig-checker-disable-file")) {
        return found;
    }
    let unfinished = !text.is_empty() && !text.ends_with(['\n', '\r']);
    if unfinished && !disabled.insert_final_newline && rules.get("insert_final_newline") == Some("true") {
        found.push(whole("Wrong line endings or no final newline"));
    }
    if !disabled.end_of_line && rules.get("end_of_line").is_some_and(|wanted| !ends_as(text, wanted)) {
        found.push(whole("Not all lines have the correct end of line character"));
    }
    let mut off = false;
    let mut skip_next = false;
    for (index, line) in text.split('\n').map(|line| line.strip_suffix('\r').unwrap_or(line)).enumerate() {
        let has = |word: &str| line.contains(&format!("editorconfig-checker-{word}"));
        let skip = std::mem::take(&mut skip_next);
        skip_next = has("disable-next-line");
        off = (off || (has("disable") && !has("disable-line") && !skip_next)) && !has("enable");
        if off || skip || has("disable-line") {
            continue;
        }
        for message in of_line(rules, line, disabled) {
            add(&mut found, index + 1, message);
        }
    }
    found
}

fn whole(message: &str) -> Complaint {
    Complaint { first: None, last: None, message: message.to_owned() }
}

/// Lines one after the other with the same complaint are one complaint.
fn add(found: &mut Vec<Complaint>, line: usize, message: String) {
    let previous = found.iter_mut().rev().find(|known| known.message == message);
    match previous.filter(|known| known.last == Some(line - 1)) {
        Some(known) => known.last = Some(line),
        None => found.push(Complaint { first: Some(line), last: Some(line), message }),
    }
}

fn ends_as(text: &str, wanted: &str) -> bool {
    let (all, windows) = (text.matches('\n').count(), text.matches("\r\n").count());
    let returns = text.matches('\r').count();
    match wanted {
        "lf" => returns == 0,
        "crlf" => all == windows && returns == windows,
        "cr" => all == 0,
        _ => true,
    }
}

fn of_line(rules: &Rules, line: &str, disabled: Disabled) -> Vec<String> {
    let mut found = Vec::new();
    if !disabled.indentation {
        found.extend(indentation(rules, line, disabled));
    }
    if !disabled.trim_trailing_whitespace
        && rules.get("trim_trailing_whitespace") == Some("true")
        && line.ends_with([' ', '\t'])
    {
        found.push("Trailing whitespace".to_owned());
    }
    if let Some(most) = rules.number("max_line_length").filter(|_| !disabled.max_line_length) {
        let width = line.trim_start_matches('\u{feff}').chars().count();
        if width > most {
            found.push(format!("Line too long ({width} instead of {most})"));
        }
    }
    found
}

fn indentation(rules: &Rules, line: &str, disabled: Disabled) -> Option<String> {
    let lead = &line[..line.len() - line.trim_start_matches([' ', '\t']).len()];
    // The star of a block comment stands one column further.
    let in_comment = line[lead.len()..].starts_with('*');
    match rules.get("indent_style")? {
        "space" => {
            if lead.starts_with('\t') {
                return Some("Wrong indent style found (tabs instead of spaces)".to_owned());
            }
            let size = rules.number("indent_size").or_else(|| rules.number("tab_width"))?;
            let spaces = lead.chars().take_while(|c| *c == ' ').count();
            let wrong = spaces % size != 0 && !(in_comment && (spaces - 1) % size == 0) && lead.len() < line.len();
            (wrong && !disabled.indent_size)
                .then(|| format!("Wrong amount of left-padding spaces(want multiple of {size})"))
        }
        "tab" => {
            let allowed = in_comment && lead.trim_start_matches('\t') == " ";
            (lead.contains(' ') && !lead.trim_start_matches('\t').is_empty() && !allowed)
                .then(|| "Wrong indentation type(spaces instead of tabs)".to_owned())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(keys: &[(&str, &str)]) -> Rules {
        Rules(keys.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect())
    }

    fn lines(keys: &[(&str, &str)], text: &str) -> Vec<String> {
        let shown = |complaint: Complaint| match (complaint.first, complaint.last) {
            (Some(first), Some(last)) if first == last => format!("{first}: {}", complaint.message),
            (Some(first), Some(last)) => format!("{first}-{last}: {}", complaint.message),
            _ => complaint.message,
        };
        check(&rules(keys), text, Disabled::default()).into_iter().map(shown).collect()
    }

    #[test]
    fn every_rule_complains_and_lines_are_grouped() {
        let spaces = [("indent_style", "space"), ("indent_size", "2")];
        assert_eq!(
            lines(&spaces, "a\n b\n   c\n  d\n\te\n/*\n * f\n */\n"),
            [
                "2-3: Wrong amount of left-padding spaces(want multiple of 2)",
                "5: Wrong indent style found (tabs instead of spaces)"
            ]
        );
        assert_eq!(
            lines(&[("indent_style", "tab")], "\ta\n  b\n"),
            ["2: Wrong indentation type(spaces instead of tabs)"]
        );
        assert_eq!(lines(&[("trim_trailing_whitespace", "true")], "a \nb\n"), ["1: Trailing whitespace"]);
        assert_eq!(lines(&[("max_line_length", "3")], "äöü\nabcd"), ["2: Line too long (4 instead of 3)"]);
        assert_eq!(lines(&[("insert_final_newline", "true")], "a"), ["Wrong line endings or no final newline"]);
        assert_eq!(
            lines(&[("end_of_line", "lf")], "a\r\nb\n"),
            ["Not all lines have the correct end of line character"]
        );
        assert!(lines(&[("end_of_line", "crlf"), ("max_line_length", "off")], "a\r\nb\r\n").is_empty());
    }

    #[test]
    fn comments_switch_lines_off() {
        let keys = [("trim_trailing_whitespace", "true")];
        let text = "a \n# editorconfig-checker-disable\nb \n# editorconfig-checker-enable\nc \n\
                    # editorconfig-checker-disable-next-line\nd \ne # editorconfig-checker-disable-line \n";
        assert_eq!(lines(&keys, text), ["1: Trailing whitespace", "5: Trailing whitespace"]);
        assert!(lines(&keys, "# editorconfig-checker-disable-file\na \n").is_empty());
    }

    #[test]
    fn sections_match_as_editors_do() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        let text = "root = true\n[*]\nindent_size = 4\n[*.{tf,hcl}]\nindent_size=2 # two\n[/top.md]\nindent_size = 1\n\
                    [docs/**.md]\nindent_size = 3\n[file{1..3}.txt]\nindent_size = 8\n";
        std::fs::write(root.join(".editorconfig"), text).unwrap();
        let config = EditorConfig::of(root);
        for (name, size) in [
            ("a.tf", "2"),
            ("deep/b.hcl", "2"),
            ("c.py", "4"),
            ("top.md", "1"),
            ("deep/top.md", "4"),
            ("docs/a/b.md", "3"),
            ("file2.txt", "8"),
            ("file4.txt", "4"),
        ] {
            assert_eq!(config.rules(&root.join(name)).get("indent_size"), Some(size), "{name}");
        }
    }
}
