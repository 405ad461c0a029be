//! Variables that the component declares as sensitive, and those that hold a secret of somebody else (a sensitive output):
//! they travel in the child's environment, never in a file.
//!
//! The declarations are found by a scanner that knows just enough of HCL (comments, strings, here-documents, braces). What
//! it cannot make sense of it passes over: terraform itself will complain.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::secret::{Masker, Secret};
use crate::value::{Node, Value, to_json};

/// One `variable` block, as far as it matters here.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Declaration {
    pub sensitive: bool,
    /// It has a type constraint, so that terraform reads JSON in a variable of the environment.
    pub typed: bool,
}

/// The variables that the files of a folder declare.
pub fn declarations(folder: &Path) -> BTreeMap<String, Declaration> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok) {
        let name = entry.file_name().to_string_lossy().into_owned();
        let is = |endings: [&str; 2]| endings.iter().any(|ending| name.ends_with(ending));
        let json = is([".tf.json", ".tofu.json"]);
        if !json && !is([".tf", ".tofu"]) {
            continue;
        }
        let Ok(text) = std::fs::read_to_string(entry.path()) else { continue };
        if json { from_json(&text, &mut found) } else { from_hcl(&text, &mut found) }
    }
    found
}

fn from_json(text: &str, found: &mut BTreeMap<String, Declaration>) {
    let json: serde_json::Value = serde_json::from_str(text).unwrap_or_default();
    for (name, block) in json["variable"].as_object().into_iter().flatten() {
        let declaration = Declaration { sensitive: block["sensitive"] == true, typed: block.get("type").is_some() };
        found.insert(name.clone(), declaration);
    }
}

fn from_hcl(text: &str, found: &mut BTreeMap<String, Declaration>) {
    let tokens = tokens(text);
    let mut depth = 0_u32;
    let mut current: Option<String> = None;
    for (at, token) in tokens.iter().enumerate() {
        match token {
            Token::Open => {
                if depth == 0
                    && let Some([Token::Word("variable"), Token::Text(name) | Token::Word(name)]) =
                        at.checked_sub(2).map(|from| &tokens[from..at])
                {
                    found.entry((*name).to_owned()).or_default();
                    current = Some((*name).to_owned());
                }
                depth += 1;
            }
            Token::Close => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    current = None;
                }
            }
            Token::Word(word) if depth == 1 && matches!(tokens.get(at + 1), Some(Token::Equals)) => {
                let Some(declaration) = current.as_ref().and_then(|name| found.get_mut(name)) else { continue };
                match *word {
                    "sensitive" => declaration.sensitive = tokens.get(at + 2) == Some(&Token::Word("true")),
                    "type" => declaration.typed = tokens.get(at + 2) != Some(&Token::Word("any")),
                    _ => {}
                }
            }
            _ => {}
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Token<'a> {
    Word(&'a str),
    Text(&'a str),
    Open,
    Close,
    Equals,
}

fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '{' => push(&mut tokens, Token::Open),
            '}' => push(&mut tokens, Token::Close),
            '=' => push(&mut tokens, Token::Equals),
            '#' => line(rest),
            '/' if rest.starts_with("//") => line(rest),
            '/' if rest.starts_with("/*") => rest.find("*/").map_or(rest.len(), |end| end + 2),
            '"' => {
                let length = string(rest);
                tokens.push(Token::Text(rest[1..length].trim_end_matches('"')));
                length
            }
            '<' if rest.starts_with("<<") => heredoc(rest),
            _ if is_word(first) => {
                let length = rest.find(|other| !is_word(other)).unwrap_or(rest.len());
                tokens.push(Token::Word(&rest[..length]));
                length
            }
            other => other.len_utf8(),
        };
        rest = &rest[length..];
    }
    tokens
}

fn push<'a>(tokens: &mut Vec<Token<'a>>, token: Token<'a>) -> usize {
    tokens.push(token);
    1
}

fn is_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_' || character == '-'
}

fn line(text: &str) -> usize {
    text.find('\n').unwrap_or(text.len())
}

/// Length of a quoted string with its quotes, to the end of the text if it is not closed.
fn string(text: &str) -> usize {
    let mut escaped = false;
    for (at, character) in text.char_indices().skip(1) {
        match character {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// Length of a here-document with its last line; of the two characters alone if it is none.
fn heredoc(text: &str) -> usize {
    let mark = text[2..].trim_start_matches('-');
    let name = &mark[..mark.find(|other| !is_word(other)).unwrap_or(mark.len())];
    if name.is_empty() {
        return 2;
    }
    let mut length = 0;
    for (number, line) in text.split_inclusive('\n').enumerate() {
        length += line.len();
        if number > 0 && line.trim() == name {
            break;
        }
    }
    length
}

/// The variables that leave the varfile: declared as sensitive or holding a secret that the masker knows, with a value that
/// the environment can carry.
pub fn secret_names(vars: &Node, declarations: &BTreeMap<String, Declaration>, masker: &Masker) -> BTreeSet<String> {
    let declared = |name: &str| declarations.get(name).copied().unwrap_or_default();
    vars.as_map()
        .into_iter()
        .flatten()
        .filter(|(name, value)| declared(name).sensitive || holds_secret(value, masker))
        .filter(|(name, value)| match value.value {
            Value::Null | Value::Function(_) => false,
            // Without a type terraform would take the JSON for a string.
            Value::List(_) | Value::Map(_) => declared(name).typed,
            _ => true,
        })
        .map(|(name, _)| name.to_string())
        .collect()
}

/// Whether a text or a number in the value is a secret or has one in it, keys included.
fn holds_secret(value: &Node, masker: &Masker) -> bool {
    match &value.value {
        Value::List(list) => list.iter().any(|item| holds_secret(item, masker)),
        Value::Map(map) => map.iter().any(|(key, item)| masker.holds(key) || holds_secret(item, masker)),
        Value::Bool(_) => false,
        _ => value.scalar_text().is_some_and(|text| masker.holds(&text)),
    }
}

/// The variables of the environment that carry the secrets, each registered with the masker first.
pub fn environment(vars: &Node, names: &BTreeSet<String>, masker: &Masker) -> Vec<(String, String)> {
    let present = names.iter().filter_map(|name| Some((name, vars.get(name)?)));
    present
        .map(|(name, value)| {
            register(value, masker);
            let text = value.scalar_text().unwrap_or_else(|| to_json(value).to_string());
            (format!("TF_VAR_{name}"), text)
        })
        .collect()
}

/// Every text inside the value is a secret of its own.
fn register(value: &Node, masker: &Masker) {
    match &value.value {
        Value::List(list) => list.iter().for_each(|item| register(item, masker)),
        Value::Map(map) => map.values().for_each(|item| register(item, masker)),
        _ => {
            if let Some(text) = value.scalar_text() {
                masker.register(&Secret::from(text));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::value::from_json;

    const TEXT: &str = r#"
# variable "commented" { sensitive = true }
/* variable "commented_too" { sensitive = true } */
variable "password" {
  type        = string
  description = "a } brace and a \" quote"
  sensitive   = true
}
variable plain { default = { sensitive = true } }
variable "off" { sensitive = false }
variable "any" {
  type = any
  sensitive = true
  validation {
    condition = length("${var.any["x"]}") > 0
  }
}
locals {
  text = <<-EOT
    variable "inside" { sensitive = true }
    EOT
}
output "o" { sensitive = true }
variable "last" { sensitive = true }
"#;

    fn declared(text: &str) -> BTreeMap<String, Declaration> {
        let mut found = BTreeMap::new();
        from_hcl(text, &mut found);
        found
    }

    #[test]
    fn declarations_are_found_between_everything_else() {
        let found: Vec<_> = declared(TEXT)
            .into_iter()
            .map(|(name, declaration)| format!("{name} {} {}", declaration.sensitive, declaration.typed))
            .collect();
        assert_eq!(
            found,
            ["any true false", "last true false", "off false false", "password true true", "plain false false"]
        );
    }

    #[test]
    fn garbage_is_passed_over() {
        for text in ["\"", "<<", "<<EOT", "variable", "}}}{", "/*", "variable \"x\" {", "ä{=\u{0}"] {
            declared(text);
        }
    }

    #[test]
    fn values_that_are_secrets_of_others_leave_the_varfile_too() {
        let masker = Masker::default();
        masker.register(&Secret::from("pin".to_owned()));
        let vars = from_json(&json!({"plain": "pin", "off": "pinned", "list": ["pin"], "undeclared": "pin"}));
        let mut declared = declared(TEXT);
        assert_eq!(secret_names(&vars, &declared, &masker), BTreeSet::from(["plain", "undeclared"].map(str::to_owned)));
        declared.insert("list".to_owned(), Declaration { sensitive: false, typed: true });
        assert!(secret_names(&vars, &declared, &masker).contains("list"));
    }

    #[test]
    fn secrets_leave_the_varfile_and_are_masked() {
        let vars = from_json(&json!({"password": "hunter22hunter22", "off": "x", "any": {"a": 1}, "last": null}));
        let masker = Masker::default();
        let names = secret_names(&vars, &declared(TEXT), &masker);
        assert_eq!(names, BTreeSet::from(["password".to_owned()]));
        masker.register(&Secret::from("from-a-store".to_owned()));
        let stored = from_json(&json!({"plain": "from-a-store", "any": ["from-a-store"], "other": "x"}));
        assert_eq!(secret_names(&stored, &declared(TEXT), &masker), BTreeSet::from(["plain".to_owned()]));
        let env = environment(&vars, &names, &masker);
        assert_eq!(env, [("TF_VAR_password".to_owned(), "hunter22hunter22".to_owned())]);
        assert_eq!(masker.mask("hunter22hunter22"), crate::secret::MASK);
    }
}
