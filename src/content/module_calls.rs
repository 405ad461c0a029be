//! Which modules a terraform configuration calls. Nothing is evaluated: terraform wants constants there.

use super::hcl_tokens::{Token, tokens};

/// The `source` of each `module` block, in their order. Everything else in the text is skipped, so that expressions need
/// not be understood; a text that is cut off gives what comes before.
pub fn module_sources(text: &str) -> Vec<String> {
    if !text.contains("module") {
        return Vec::new();
    }
    let tokens: Vec<Token<'_>> = tokens(text).into_iter().map(|placed| placed.token).collect();
    let mut found = Vec::new();
    let mut depth = 0_usize;
    let mut inside = None;
    for (at, token) in tokens.iter().enumerate() {
        match token {
            Token::Open => {
                if depth == 0 && is_module(&tokens[..at]) {
                    inside = Some(depth + 1);
                }
                depth += 1;
            }
            Token::Close => {
                if inside == Some(depth) {
                    inside = None;
                }
                depth = depth.saturating_sub(1);
            }
            Token::Word("source") if inside == Some(depth) => {
                if let (Some(Token::Equals), Some(Token::Text(source))) = (tokens.get(at + 1), tokens.get(at + 2)) {
                    found.push((*source).to_owned());
                }
            }
            _ => {}
        }
    }
    found
}

/// The same of the JSON form of the language.
pub fn module_sources_in_json(text: &str) -> Vec<String> {
    let Ok(document) = serde_json::from_str::<serde_json::Value>(text) else { return Vec::new() };
    let mut found = Vec::new();
    collect(document.get("module"), 0, &mut found);
    found
}

/// Names of modules lead to bodies; both may stand in lists.
fn collect(node: Option<&serde_json::Value>, names: usize, found: &mut Vec<String>) {
    use serde_json::Value as Json;
    match node {
        Some(Json::Array(list)) => list.iter().for_each(|item| collect(Some(item), names, found)),
        Some(Json::Object(map)) if names == 0 => map.values().for_each(|body| collect(Some(body), 1, found)),
        Some(Json::Object(map)) => found.extend(map.get("source").and_then(Json::as_str).map(str::to_owned)),
        _ => {}
    }
}

/// `module "name"`, with or without quotes.
fn is_module(before: &[Token<'_>]) -> bool {
    matches!(before, [.., Token::Word("module"), Token::Text(_) | Token::Word(_)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_of_modules_are_found_among_everything_else() {
        let text = r#"
# module "comment" { source = "./comment" }
/* module "c" { source = "./c" } */
locals {
  source = "./no"
  text   = "module \"x\" { source = \"./x\" } ${length("}{") > 0 ? "module" : "}"}"
  doc    = <<-EOT
    module "doc" {
      source = "./doc"
    }
  EOT
  map    = { module = { source = "./nested" } }
}
module "label" {
  providers = { aws = aws.x }
  source    = "../../modules/label" // trailing
  for_each  = { for k, v in var.m : k => v if v.source == "./inner" }
  nested    = { source = "./deeper" }
}
module "registry" {
  source  = "cloudposse/label/null"
  version = "0.25.0"
}
module short { source = "./short" }
"#;
        assert_eq!(module_sources(text), ["../../modules/label", "cloudposse/label/null", "./short"]);
    }

    #[test]
    fn json_gives_the_same() {
        let one = r#"{"module": {"a": {"source": "./a"}, "b": [{"source": "../b"}]}}"#;
        assert_eq!(module_sources_in_json(one), ["./a", "../b"]);
        let lists = r#"{"module": [{"a": {"source": "./a"}}], "locals": {"module": {"x": {"source": "./x"}}}}"#;
        assert_eq!(module_sources_in_json(lists), ["./a"]);
        assert!(module_sources_in_json("{").is_empty());
    }

    #[test]
    fn texts_that_are_cut_off_are_no_problem() {
        let text = "module \"a\" {\n source = \"./ä\"\n x = <<E\n \"${ \\\" \u{e9}";
        for end in (0..=text.len()).filter(|end| text.is_char_boundary(*end)) {
            module_sources(&text[..end]);
        }
        assert_eq!(module_sources(text), ["./ä"]);
        for text in ["<<", "\"", "module \"", "module \"\\", "module \"${", "}}}", "/*"] {
            module_sources(&format!("module {text}"));
        }
    }
}
