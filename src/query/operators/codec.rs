//! Data to text and back: YAML, JSON, CSV, TSV, Base64, URI, shell.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::query::error::{Fault, Outcome};
use crate::query::eval::Evaluation;
use crate::query::op::Format;
use crate::query::tree::{Id, Kind, Tag};

const CONVERT_FIRST: &str = "turn it into text before, with `to_string` or `@json`";

impl Evaluation<'_> {
    pub(in crate::query) fn encode(&mut self, id: Id, format: Format) -> Outcome<Id> {
        let text = match format {
            Format::Yaml(indent) => {
                let text = if self.tree.kind(id) == Kind::Scalar {
                    format!("{}\n", self.tree.text(id))
                } else {
                    crate::yaml::emit_record(&self.tree.node(id)?, indent.clamp(2, 9))
                };
                self.as_it_came(id, text)
            }
            Format::Json(indent) => {
                let node = self.tree.node(id)?;
                let mut text = super::json::json(&node, indent)?;
                if indent > 0 {
                    text.push('\n');
                }
                self.as_it_came(id, text)
            }
            Format::Csv => self.delimited(id, ',')?,
            Format::Tsv => self.delimited(id, '\t')?,
            Format::Base64 => {
                self.needs_text(id, "cannot encode", " as base64, can only operate on strings", CONVERT_FIRST)?;
                STANDARD.encode(self.tree.text(id).as_bytes())
            }
            Format::Uri => {
                self.needs_text(id, "cannot encode", " as URI, can only operate on strings", CONVERT_FIRST)?;
                percent_encoded(&self.tree.text(id))
            }
            Format::Sh => {
                self.needs_text(id, "cannot encode", " for a shell, can only operate on strings", CONVERT_FIRST)?;
                shell_quoted(&self.tree.text(id))
            }
        };
        self.tree.made_for(id, Tag::Str, text)
    }

    /// What was read from one line without a break is written without one.
    fn as_it_came(&self, id: Id, text: String) -> String {
        if self.tree.get(id).from_line { text.trim_end_matches('\n').to_owned() } else { text }
    }

    pub(in crate::query) fn decode(&mut self, id: Id, format: Format) -> Outcome<Id> {
        let text = self.tree.text(id);
        let decoded = match format {
            Format::Yaml(_) | Format::Json(_) => {
                let decoded = self.read_yaml(&text)?;
                self.tree.mark_from_line(decoded, !text.ends_with('\n'));
                decoded
            }
            Format::Csv => self.read_delimited(&text, ',')?,
            Format::Tsv => self.read_delimited(&text, '\t')?,
            Format::Base64 => {
                let mut padded = text.trim().to_owned();
                padded.extend(std::iter::repeat_n('=', (4 - padded.len() % 4) % 4));
                let compact: String = padded.split(['\r', '\n']).collect();
                let bytes = STANDARD.decode(compact).map_err(|_| Fault::failed("illegal base64 data"))?;
                let text =
                    String::from_utf8(bytes).map_err(|_| Fault::failed("the decoded base64 data is no UTF-8 text"))?;
                self.tree.made(Tag::Str, text)?
            }
            Format::Uri => {
                let text = percent_decoded(&text).ok_or_else(|| Fault::failed("invalid URL escape"))?;
                self.tree.made(Tag::Str, text)?
            }
            Format::Sh => return Err(Fault::failed("shell text cannot be read")),
        };
        Ok(self.tree.placed(id, decoded))
    }

    /// One YAML or JSON document in a text.
    pub(in crate::query) fn read_yaml(&mut self, text: &str) -> Outcome<Id> {
        if text.trim().is_empty() {
            return Err(Fault::failed("EOF").help("there is no document in an empty text"));
        }
        self.tree.charge_text(text.len())?;
        self.tree.charge(text.len() / 8)?;
        let node = crate::yaml::parse_text(text).map_err(|error| Fault::failed(error.to_string()))?;
        self.tree.add(&node)
    }
}

fn percent_encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => out.push(char::from(byte)),
            b' ' => out.push('+'),
            byte => {
                let _ = write!(out, "%{byte:02X}");
            }
        }
    }
    out
}

fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
                let (high, low) = (digit(rest.next())?, digit(rest.next())?);
                u8::try_from(high * 16 + low).ok()?
            }
            byte => byte,
        });
    }
    String::from_utf8(bytes).ok()
}

/// Quotes from the first unsafe letter to the next quote or the end, which is how yq does it.
fn shell_quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut open = false;
    for letter in text.chars() {
        if letter == '\'' {
            if open {
                out.push('\'');
                open = false;
            }
            out.push('\\');
        } else if !(open || letter.is_ascii_alphanumeric() || "_@%+=:,./-".contains(letter)) {
            out.push('\'');
            open = true;
        }
        out.push(letter);
    }
    if open {
        out.push('\'');
    }
    out
}
