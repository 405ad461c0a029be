//! Blocks and attributes of terraform's language, in both of its forms. Expressions are not understood beyond constants.

use super::hcl;
use super::hcl_tokens::{Placed, Token, tokens};
use crate::value::{Node, from_json};

/// Deepest nesting of blocks.
const DEPTH: usize = 100;

/// What is no terraform, with its line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrong {
    pub line: usize,
    pub reason: String,
}

#[derive(Debug, Default)]
pub(super) struct Body {
    pub attributes: Vec<Attribute>,
    pub blocks: Vec<Block>,
}

#[derive(Debug)]
pub(super) struct Attribute {
    pub name: String,
    pub line: usize,
    /// The expression, as it is written.
    pub written: String,
    /// What the expression says where it is a constant.
    pub value: Option<Node>,
}

#[derive(Debug)]
pub(super) struct Block {
    pub kind: String,
    pub labels: Vec<String>,
    pub line: usize,
    pub body: Body,
}

impl Body {
    pub(super) fn attribute(&self, name: &str) -> Option<&Attribute> {
        self.attributes.iter().find(|attribute| attribute.name == name)
    }

    /// The text that an attribute says; empty where it has none or no constant.
    pub(super) fn text(&self, name: &str) -> String {
        self.attribute(name).and_then(Attribute::text).unwrap_or_default()
    }
}

impl Attribute {
    pub(super) fn text(&self) -> Option<String> {
        self.value.as_ref().and_then(Node::as_str).map(str::to_owned)
    }
}

/// The native form.
pub(super) fn native(text: &str) -> Result<Body, Wrong> {
    Reader::new(text, 1).body(false)
}

/// What stands in the braces of an object.
pub(super) fn object(written: &str, line: usize) -> Option<Body> {
    let inner = written.strip_prefix('{')?.strip_suffix('}')?;
    Reader::new(inner, line).body(false).ok()
}

/// The JSON form: names and labels of blocks are keys.
pub(super) fn json(text: &str) -> Result<Body, Wrong> {
    serde_json::from_str::<serde::de::IgnoredAny>(text)
        .map_err(|error| Wrong { line: error.line(), reason: error.to_string() })?;
    let start = text.len() - text.trim_start().len();
    let root = json_object(text.trim(), 1 + lines(&text[..start]));
    let mut body = Body::default();
    for top in root {
        let labels = match top.name.as_str() {
            "terraform" => 0,
            "variable" | "output" | "provider" | "module" => 1,
            "resource" | "data" => 2,
            _ => continue,
        };
        json_blocks(&top.name, &top, labels, &mut Vec::new(), &mut body.blocks);
    }
    Ok(body)
}

fn lines(text: &str) -> usize {
    text.matches('\n').count()
}

/// The blocks below a key: one level of keys for each label, lists allowed everywhere.
fn json_blocks(kind: &str, at: &Attribute, labels: usize, known: &mut Vec<String>, blocks: &mut Vec<Block>) {
    for (line, object) in objects(&at.written, at.line) {
        let attributes = json_object(object, line);
        if labels > known.len() {
            for attribute in attributes {
                known.push(attribute.name.clone());
                json_blocks(kind, &attribute, labels, known, blocks);
                known.pop();
            }
            continue;
        }
        let mut body = Body { attributes, blocks: Vec::new() };
        if kind == "terraform" {
            for attribute in body.attributes.iter().filter(|attribute| attribute.name == "required_providers") {
                json_blocks("required_providers", attribute, 0, &mut Vec::new(), &mut body.blocks);
            }
        }
        let line = if labels == 0 { line } else { at.line };
        blocks.push(Block { kind: kind.to_owned(), labels: known.clone(), line, body });
    }
}

fn json_object(text: &str, line: usize) -> Vec<Attribute> {
    let mut attributes = object(text, line).unwrap_or_default().attributes;
    for attribute in &mut attributes {
        let value: Option<serde_json::Value> = serde_json::from_str(&attribute.written).ok();
        // Texts are templates: only those without sequences are constants.
        let constant = !attribute.written.contains("${") && !attribute.written.contains("%{");
        attribute.value = value.filter(|_| constant).map(|value| from_json(&value));
    }
    attributes
}

/// An object, or those of a list, each with its line.
fn objects(written: &str, line: usize) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    let (mut depth, mut from) = (0_usize, 0);
    for placed in tokens(written) {
        match placed.token {
            Token::Open => {
                if depth == 0 {
                    from = placed.start;
                }
                depth += 1;
            }
            Token::Close => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    found.push((line + lines(&written[..from]), &written[from..placed.end]));
                }
            }
            _ => {}
        }
    }
    found
}

struct Reader<'t> {
    text: &'t str,
    tokens: Vec<Placed<'t>>,
    at: usize,
    /// Places of the ends of lines.
    ends: Vec<usize>,
    first_line: usize,
    depth: usize,
}

impl<'t> Reader<'t> {
    fn new(text: &'t str, first_line: usize) -> Reader<'t> {
        let ends = text.match_indices('\n').map(|(at, _)| at).collect();
        Reader { text, tokens: tokens(text), at: 0, ends, first_line, depth: 0 }
    }

    fn peek(&self, ahead: usize) -> Option<Token<'t>> {
        self.tokens.get(self.at + ahead).map(|placed| placed.token)
    }

    fn line(&self) -> usize {
        let at = self.tokens.get(self.at).map_or(self.text.len(), |placed| placed.start);
        self.first_line + self.ends.partition_point(|end| *end < at)
    }

    fn wrong<T>(&self, reason: impl Into<String>) -> Result<T, Wrong> {
        Err(Wrong { line: self.line(), reason: reason.into() })
    }

    fn body(&mut self, nested: bool) -> Result<Body, Wrong> {
        let mut body = Body::default();
        loop {
            match self.peek(0) {
                None if nested => return self.wrong("a block is not closed"),
                None => return Ok(body),
                Some(Token::Newline | Token::Comma) => self.at += 1,
                Some(Token::Close) if nested => {
                    self.at += 1;
                    return Ok(body);
                }
                Some(Token::Word(name) | Token::Text(name)) => self.item(name, &mut body)?,
                Some(_) => return self.wrong("expected the name of an argument or of a block"),
            }
        }
    }

    fn item(&mut self, name: &str, body: &mut Body) -> Result<(), Wrong> {
        let line = self.line();
        match self.peek(1) {
            Some(Token::Equals | Token::Colon) => {
                self.at += 2;
                let written = self.expression(name)?.to_owned();
                let value = hcl::constant(&written);
                body.attributes.push(Attribute { name: name.to_owned(), line, written, value });
            }
            Some(Token::Open | Token::Word(_) | Token::Text(_)) => {
                self.at += 1;
                let mut labels = Vec::new();
                while let Some(Token::Word(label) | Token::Text(label)) = self.peek(0) {
                    labels.push(label.to_owned());
                    self.at += 1;
                }
                if self.peek(0) != Some(Token::Open) {
                    return self.wrong(format!("expected `{{` behind `{name}`"));
                }
                self.at += 1;
                self.depth += 1;
                if self.depth > DEPTH {
                    return self.wrong(format!("blocks are nested more than {DEPTH} levels deep"));
                }
                let inner = self.body(true)?;
                self.depth -= 1;
                body.blocks.push(Block { kind: name.to_owned(), labels, line, body: inner });
            }
            _ => return self.wrong(format!("expected `=` or `{{` behind `{name}`")),
        }
        Ok(())
    }

    /// The text of an expression: up to the end of the line, or of what it stands in.
    fn expression(&mut self, name: &str) -> Result<&'t str, Wrong> {
        let from = self.at;
        let mut depth = 0_usize;
        while let Some(token) = self.peek(0) {
            match token {
                Token::Open | Token::OpenList => depth += 1,
                Token::Newline | Token::Comma | Token::Close | Token::CloseList if depth == 0 => break,
                Token::Close | Token::CloseList => depth -= 1,
                _ => {}
            }
            self.at += 1;
        }
        if depth > 0 {
            return self.wrong(format!("the value of `{name}` is not closed"));
        }
        match (self.tokens.get(from), self.at > from) {
            (Some(first), true) => Ok(&self.text[first.start..self.tokens[self.at - 1].end]),
            _ => self.wrong(format!("`{name}` has no value")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_terraform_names_its_line() {
        for (text, line, phrase) in [
            ("a = 1\nresource \"x\" {\n", 3, "not closed"),
            ("\n}", 2, "expected the name"),
            ("a\n", 1, "expected `=`"),
            ("a = [1\n", 2, "not closed"),
            ("x {\n  a =\n}", 2, "no value"),
            ("x y\n", 1, "expected `{`"),
        ] {
            let wrong = native(text).unwrap_err();
            assert!(wrong.line == line && wrong.reason.contains(phrase), "{text}: {wrong:?}");
        }
        assert!(native(&"a {\n".repeat(10_000)).is_err());
        assert_eq!(json("{\n \"a\": }").unwrap_err().line, 2);
    }
}
