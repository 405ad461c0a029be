//! Variables that the component declares as sensitive, and those that hold a secret of somebody else (a sensitive output):
//! they travel in the child's environment, never in a file.
//!
//! The declarations are found by a scanner that knows just enough of HCL (comments, strings, here-documents, braces). What
//! it cannot make sense of it passes over: terraform itself will complain.

use std::collections::BTreeMap;
use std::path::Path;

use crate::content::{hcl_expression, register_secrets};
use crate::secret::Masker;
use crate::value::{Node, Value, to_json};

/// One `variable` block, as far as it matters here.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Declaration {
    pub sensitive: bool,
    pub reads: Reads,
}

/// What terraform takes a variable of the environment for. It depends on the type constraint.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Reads {
    /// Without a constraint: for the text that it is, so that no list and no map can come this way.
    #[default]
    Untyped,
    /// `string`, `number` and `bool`: for the text that it is.
    Text,
    /// Any other constraint, `any` as well: for an expression of HCL, where a text has quotes and `${` begins a template.
    Expression,
}

impl Reads {
    fn of(constraint: &str) -> Reads {
        if matches!(constraint.trim(), "string" | "number" | "bool") { Reads::Text } else { Reads::Expression }
    }
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
        let reads = block["type"].as_str().map(Reads::of).unwrap_or_default();
        found.insert(name.clone(), Declaration { sensitive: block["sensitive"] == true, reads });
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
                    "type" => {
                        declaration.reads = match tokens.get(at + 2) {
                            // The constraints of terraform 0.11 have quotes.
                            Some(Token::Word(constraint) | Token::Text(constraint)) => Reads::of(constraint),
                            _ => Reads::Untyped,
                        }
                    }
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
/// the environment can carry. With their declarations, which decide how it carries them.
pub fn secret_variables(
    vars: &Node,
    declarations: &BTreeMap<String, Declaration>,
    masker: &Masker,
) -> BTreeMap<String, Declaration> {
    let declared = |name: &str| declarations.get(name).copied().unwrap_or_default();
    vars.as_map()
        .into_iter()
        .flatten()
        .filter(|(name, value)| declared(name).sensitive || holds_secret(value, masker))
        .filter(|(name, value)| match value.value {
            Value::Null | Value::Function(_) => false,
            Value::List(_) | Value::Map(_) => declared(name).reads != Reads::Untyped,
            _ => true,
        })
        .map(|(name, _)| (name.to_string(), declared(name)))
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

/// The variables of the environment that carry the secrets. What is declared as sensitive is registered with the masker
/// first; of the others it knows the secrets in them, and what stands beside these is none.
pub fn environment(vars: &Node, secret: &BTreeMap<String, Declaration>, masker: &Masker) -> Vec<(String, String)> {
    let present = secret.iter().filter_map(|(name, declaration)| Some((name, declaration, vars.get(name)?)));
    present
        .map(|(name, declaration, value)| {
            if declaration.sensitive {
                register_secrets(value, masker);
            }
            let text = match declaration.reads {
                Reads::Expression => hcl_expression(value),
                Reads::Text | Reads::Untyped => value.scalar_text().unwrap_or_else(|| to_json(value).to_string()),
            };
            (format!("TF_VAR_{name}"), text)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::secret::Secret;
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
            .map(|(name, declaration)| format!("{name} {} {:?}", declaration.sensitive, declaration.reads))
            .collect();
        assert_eq!(
            found,
            [
                "any true Expression",
                "last true Untyped",
                "off false Untyped",
                "password true Text",
                "plain false Untyped"
            ]
        );
    }

    fn names(vars: &Node, declared: &BTreeMap<String, Declaration>, masker: &Masker) -> Vec<String> {
        secret_variables(vars, declared, masker).into_keys().collect()
    }

    #[test]
    fn what_terraform_reads_as_hcl_is_written_as_hcl() {
        let masker = Masker::default();
        masker.register(&Secret::from("s3nsitive-value".to_owned()));
        let vars = from_json(&json!({
            "any": "s3nsitive-value", "quoted": "s3nsitive-value", "undeclared": "s3nsitive-value",
            "object": {"secret": "s3nsitive-value", "a.b": "${c} %{d}\u{8}\u{c}\n", "list": [1, "0123", true, null]},
        }));
        let mut found = declared("variable any {\n type = any\n}\nvariable quoted {\n type = \"string\"\n}");
        super::from_json(r#"{"variable": {"object": {"type": "object({list=any})"}}}"#, &mut found);
        let env = environment(&vars, &secret_variables(&vars, &found, &masker), &masker);
        let object =
            r#"{"a.b" = "$${c} %%{d}\u0008\u000c\n", "list" = [1, "0123", true, null], "secret" = "s3nsitive-value"}"#;
        let expected = [
            ("TF_VAR_any", "\"s3nsitive-value\""),
            ("TF_VAR_object", object),
            ("TF_VAR_quoted", "s3nsitive-value"),
            ("TF_VAR_undeclared", "s3nsitive-value"),
        ];
        assert_eq!(env, expected.map(|(name, text)| (name.to_owned(), text.to_owned())));
        // What stands beside a secret is none.
        assert!(!masker.is_secret("0123") && !masker.is_secret("${c} %{d}\u{8}\u{c}\n"));
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
        assert_eq!(names(&vars, &declared, &masker), ["plain", "undeclared"]);
        declared.insert("list".to_owned(), Declaration { sensitive: false, reads: Reads::Expression });
        assert!(names(&vars, &declared, &masker).contains(&"list".to_owned()));
    }

    #[test]
    fn secrets_leave_the_varfile_and_are_masked() {
        let vars = from_json(&json!({"password": "hunter22hunter22", "off": "x", "any": {"a": 1}, "last": null}));
        let masker = Masker::default();
        assert_eq!(names(&vars, &declared(TEXT), &masker), ["any", "password"]);
        masker.register(&Secret::from("from-a-store".to_owned()));
        let stored = from_json(&json!({"plain": "from-a-store", "any": ["from-a-store"], "other": "x"}));
        assert_eq!(names(&stored, &declared(TEXT), &masker), ["any", "plain"]);
        let env = environment(&vars, &secret_variables(&vars, &declared(TEXT), &masker), &masker);
        let expected = [("TF_VAR_any", "{\"a\" = 1}"), ("TF_VAR_password", "hunter22hunter22")];
        assert_eq!(env, expected.map(|(name, text)| (name.to_owned(), text.to_owned())));
        assert_eq!(masker.mask("hunter22hunter22"), crate::secret::MASK);
    }
}
