//! What terraform found wrong, with its place: read from what it says to people, and from what it says as JSON.

use serde_json::Value as Json;

use super::annotation::Level;
use super::blocks::blocks;

/// One error or warning of terraform.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    pub level: Level,
    pub summary: String,
    /// Everything behind the summary.
    pub detail: String,
    /// A file, relative to where terraform ran, and the line.
    pub place: Option<(String, u64)>,
}

/// Terraform says so of every variable of a stack that a component has no use for: atmos hands over all of them.
const NOISE: [&str; 2] = ["Value for undeclared variable", "Values for undeclared variables"];

/// Everything that was found, errors first. The text has no colours.
pub fn diagnostics(said: &str) -> Vec<Diagnostic> {
    let mut found: Vec<Diagnostic> = Vec::new();
    for (level, word) in [(Level::Error, "Error"), (Level::Warning, "Warning")] {
        found.extend(blocks(said, word).iter().map(|block| of_block(level, block)));
    }
    found.extend(of_json(said));
    found.retain(|one| one.level == Level::Error || !NOISE.contains(&one.summary.as_str()));
    found.sort_by_key(|one| one.level);
    found
}

fn of_block(level: Level, block: &str) -> Diagnostic {
    let (head, detail) = block.split_once('\n').unwrap_or((block, ""));
    let summary = head.split_once(": ").map_or(head, |(_, summary)| summary).trim().to_owned();
    let place = detail.lines().find_map(place);
    Diagnostic { level, summary, detail: detail.trim_matches(['\n', ' ']).to_owned(), place }
}

/// `  on main.tf line 2, in output "x":`
fn place(line: &str) -> Option<(String, u64)> {
    let (file, rest) = line.strip_prefix("  on ")?.split_once(" line ")?;
    let number = rest.split(|letter: char| !letter.is_ascii_digit()).next()?;
    // Values that were given in words have no file.
    (!file.starts_with('<')).then_some(())?;
    Some((file.to_owned(), number.parse().ok()?))
}

/// `validate -json` gives one document, other commands an object on each line.
fn of_json(said: &str) -> Vec<Diagnostic> {
    let whole = Some(said.trim()).filter(|text| text.starts_with('{'));
    let whole: Option<Json> = whole.and_then(|text| serde_json::from_str(text).ok());
    if let Some(list) = whole.as_ref().and_then(|document| document["diagnostics"].as_array()) {
        return list.iter().filter_map(of_object).collect();
    }
    let lines = said.lines().filter(|line| line.starts_with('{'));
    let objects = lines.filter_map(|line| serde_json::from_str::<Json>(line).ok());
    objects
        .filter(|object| object["type"] == "diagnostic")
        .filter_map(|object| of_object(&object["diagnostic"]))
        .collect()
}

fn of_object(object: &Json) -> Option<Diagnostic> {
    let text = |key: &str| object[key].as_str().unwrap_or_default().trim().to_owned();
    let level = match object["severity"].as_str()? {
        "error" => Level::Error,
        "warning" => Level::Warning,
        _ => return None,
    };
    let range = &object["range"];
    let place = range["filename"].as_str().zip(range["start"]["line"].as_u64());
    let place = place.filter(|(file, _)| !file.starts_with('<')).map(|(file, line)| (file.to_owned(), line));
    Some(Diagnostic { level, summary: text("summary"), detail: text("detail"), place })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAID: &str = "\
╷
│ Warning: Value for undeclared variable
│ 
│ The root module does not declare \"stage\".
╵
╷
│ Warning: Argument is deprecated
│ 
│   with aws_x.y,
│   on ../../modules/x/main.tf line 12, in resource \"aws_x\" \"y\":
│   12:   old = 1
│ 
│ Use new.
╵
╷
│ Error: Reference to undeclared resource
│ 
│   on bad.tf line 2, in output \"bad\":
│    2:   value = nothing.here
│ 
│ Nothing is declared.
╵
╷
│ Error: Invalid value
│ 
│   on <value for var.x> line 1:
╵
";

    #[test]
    fn what_people_read_has_its_place() {
        let found = diagnostics(SAID);
        let short: Vec<_> = found.iter().map(|one| (one.level, one.summary.as_str(), one.place.clone())).collect();
        let expected = [
            (Level::Error, "Reference to undeclared resource", Some(("bad.tf".to_owned(), 2))),
            (Level::Error, "Invalid value", None),
            (Level::Warning, "Argument is deprecated", Some(("../../modules/x/main.tf".to_owned(), 12))),
        ];
        assert_eq!(short, expected);
        assert!(found[0].detail.starts_with("on bad.tf line 2") && found[0].detail.ends_with("Nothing is declared."));
        assert_eq!(diagnostics("Error: plain\nError: last\n").len(), 2);
        assert!(diagnostics("No changes.\n{\n{\"type\":\"diagnostic\"}").is_empty());
    }

    #[test]
    fn what_programs_read_has_it_too() {
        let object = "{\"severity\":\"error\",\"summary\":\"s\",\"detail\":\"d\",\"range\":{\"filename\":\"a.tf\",\"start\":{\"line\":3}}}";
        let line = format!("{{\"@level\":\"error\",\"type\":\"diagnostic\",\"diagnostic\":{object}}}");
        let whole = format!("{{\n  \"valid\": false,\n  \"diagnostics\": [{object}, {{\"severity\":\"odd\"}}]\n}}\n");
        for said in [format!("{{\"type\":\"version\"}}\n{line}\n"), whole] {
            let found = diagnostics(&said);
            assert_eq!(found.len(), 1, "{said}");
            assert_eq!((found[0].summary.as_str(), found[0].place.clone()), ("s", Some(("a.tf".to_owned(), 3))));
        }
    }
}
