//! Values that nobody wants: read with every error that they have, and not kept.

use std::borrow::Cow;
use std::collections::HashMap;

use saphyr_parser::{Event, ScalarStyle, Span as Range, Tag};

use super::compose::{Built, Composer, is_merge_key};
use super::error::Error;
use super::scalar;
use crate::span::Span;
use crate::value::{Map, Node, Value};

/// Keys of one map that are compared one by one.
const FEW: usize = 16;

/// How much of a value is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    All,
    /// What it is: of a map nothing that is in it.
    Type,
    /// Its key may stand for anything.
    Nothing,
}

/// What is wanted of the value behind a chain of keys.
pub type Choice<'c> = dyn Fn(&[&str]) -> Wanted + 'c;

/// The keys of a map that were met.
pub(super) struct Keys<'a, P> {
    few: Vec<(Cow<'a, str>, P)>,
    many: HashMap<Cow<'a, str>, P, foldhash::fast::RandomState>,
}

impl<P> Default for Keys<'_, P> {
    fn default() -> Self {
        Keys { few: Vec::new(), many: HashMap::default() }
    }
}

impl<'a, P: Copy> Keys<'a, P> {
    /// Adds a key; the place of an equal one that was met before.
    pub(super) fn add(&mut self, key: Cow<'a, str>, span: P) -> Option<P> {
        if let Some((_, first)) = self.few.iter().find(|(known, _)| *known == key) {
            return Some(*first);
        }
        if self.few.len() < FEW {
            self.few.push((key, span));
            return None;
        }
        let first = self.many.get(&key).copied();
        if first.is_none() {
            self.many.insert(key, span);
        }
        first
    }
}

impl<'a> Composer<'a> {
    /// A value of which so much is wanted. Only for documents without anchors, which somebody else may want.
    pub(super) fn wanted(
        &mut self,
        event: Event<'a>,
        range: Range,
        depth: usize,
        wanted: Wanted,
    ) -> Result<Built, Error> {
        let is_skimmed = match wanted {
            Wanted::All => false,
            Wanted::Type => matches!(event, Event::MappingStart(_, None)),
            Wanted::Nothing => true,
        };
        if !is_skimmed {
            return self.node(event, range, depth);
        }
        let (span, before) = (self.span(&range), self.count);
        let value = if wanted == Wanted::Type { Node::empty_map().value } else { Value::Null };
        // Nothing refers to it, so that nobody asks for its height.
        self.skim(event, range, depth)?;
        Ok(Built { node: Node::new(value, span), height: 1, size: self.count - before })
    }

    fn skim(&mut self, event: Event<'a>, range: Range, depth: usize) -> Result<(), Error> {
        let span = self.span(&range);
        self.enter(span, depth)?;
        match event {
            Event::Scalar(_, _, _, None) => Ok(()),
            Event::Scalar(text, style, _, tag) => self.scalar(&text, style, tag.as_deref(), span).map(drop),
            Event::SequenceStart(_, tag) => {
                self.open = Some(span);
                loop {
                    let (event, range) = self.next()?;
                    if event == Event::SequenceEnd {
                        break;
                    }
                    self.skim(event, range, depth + 1)?;
                }
                self.skimmed(tag.as_deref(), "seq", span)
            }
            Event::MappingStart(_, tag) => {
                self.skim_map(span, depth)?;
                self.skimmed(tag.as_deref(), "map", span)
            }
            _ => Err(self.syntax(&range, "expected a value")),
        }
    }

    fn skim_map(&mut self, span: Span, depth: usize) -> Result<(), Error> {
        let mut keys = Keys::default();
        let mut merged: Option<(Node, Span)> = None;
        self.open = Some(span);
        loop {
            let (event, range) = self.next()?;
            if event == Event::MappingEnd {
                break;
            }
            let key_span = self.span(&range);
            let is_merge = is_merge_key(&event);
            let key = self.skim_key(event, range, depth)?;
            let (event, range) = self.next()?;
            if is_merge {
                let value = self.node(event, range, depth + 1)?.node;
                if !matches!(value.value, Value::Function(_)) {
                    if let Some((_, first)) = merged {
                        return Err(Error::duplicate_key(self.sources, "<<", key_span, first));
                    }
                    merged = Some((value, key_span));
                    continue;
                }
            } else {
                self.skim(event, range, depth + 1)?;
            }
            let shown = key.clone();
            if let Some(first) = keys.add(key, key_span) {
                return Err(Error::duplicate_key(self.sources, &shown, key_span, first));
            }
        }
        match merged {
            Some((from, at)) => self.merge(&mut Map::default(), &from, at),
            None => Ok(()),
        }
    }

    /// The text of a key, copied only where it is not what is written.
    fn skim_key(&mut self, event: Event<'a>, range: Range, depth: usize) -> Result<Cow<'a, str>, Error> {
        match event {
            Event::Scalar(text, style, _, None) if style != ScalarStyle::Plain || scalar::is_text(&text) => {
                let span = self.span(&range);
                self.enter(span, depth + 1)?;
                Ok(text)
            }
            event => Ok(Cow::Owned(self.key(event, range, depth)?.to_string())),
        }
    }

    /// Checks the tag of a finished container.
    fn skimmed(&mut self, tag: Option<&Tag>, kind: &str, span: Span) -> Result<(), Error> {
        if tag.is_none() {
            return Ok(());
        }
        let built = Built { node: Node::new(Value::Null, span), height: 1, size: 1 };
        self.close(0, tag, kind, built).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::compose::{parse_manifest, skim_manifest};
    use super::*;
    use crate::span::Sources;
    use crate::value::to_json;

    fn read(text: &str, choice: Option<&Choice<'_>>) -> Result<String, String> {
        let (sources, path) = (Sources::new(), Path::new("/r/a.yaml"));
        let node = match choice {
            Some(choice) => skim_manifest(&sources, path, path, text.into(), None, choice),
            None => parse_manifest(&sources, path, path, text.into(), None),
        };
        node.map(|node| to_json(&node).to_string()).map_err(|error| error.to_string())
    }

    #[test]
    fn only_what_is_wanted_is_kept() {
        let choice = |path: &[&str]| match path {
            ["a"] => Wanted::Nothing,
            [_, "t"] => Wanted::Type,
            _ => Wanted::All,
        };
        let text = "a: {b: [1, {c: d}]}\nk: {t: {x: 1}, u: 5}\nm: {t: [1], <<: {t: 5, v: 1}}\nn: {t: !env {a: 1}}\n";
        let expected = r#"{"a":null,"k":{"t":{},"u":5},"m":{"t":[1],"v":1},"n":{"t":"!env {\"a\":1}"}}"#;
        let kept: serde_json::Value = serde_json::from_str(&read(text, Some(&choice)).unwrap()).unwrap();
        let wanted: serde_json::Value = serde_json::from_str(expected).unwrap();
        assert_eq!((&kept["a"], &kept["k"], &kept["m"]), (&wanted["a"], &wanted["k"], &wanted["m"]));
        assert!(!kept["n"]["t"].is_object());
        // What has anchors is kept as a whole.
        let text = "a: &x {b: 1}\nk: {t: *x}\n";
        assert_eq!(read(text, Some(&choice)), read(text, None));
    }

    #[test]
    fn what_is_not_wanted_has_the_same_errors() {
        let deep = format!("a: {}{}", "[".repeat(200), "]".repeat(200));
        let many: Vec<String> = (0..40).map(|key| format!("  k{key}: 1\n")).collect();
        let many = many.concat();
        let nothing = |_: &[&str]| Wanted::Nothing;
        for text in [
            "a: {b: 1, b: 2}",
            "a: {0x1F: 1, 31: 2}",
            "a: {null: 1, ~: 2}",
            "a: {true: 1, \"true\": 2}",
            "a: [{b: 1}, {b: {c: 1, d: 2, c: 3}}]",
            "a: {b: [1}",
            "a: {b: \"x}",
            "a: {[1]: 2}",
            "a: {{b: 1}: 2}",
            "a: {<<: 5}",
            "a: {<<: [{b: 1}, 5]}",
            "a: {<<: {b: 1}, <<: {c: 1}}",
            "a: {<<: !include x, b: 1}",
            "a: !!int x",
            "a: {b: !!seq {c: 1}}",
            "a: {b: !!map [c]}",
            "a: {b: !!set {c: 1}}",
            "a: {b: *none}",
            "a:\n  b: 1\n c: 2\n",
            "a: 1\n---\nb: 1\n",
            "a: {b: c, d: [e, 2024-01-01]}",
            &deep,
            &format!("a:\n{many}"),
            &format!("a:\n{many}  k39: 2\n"),
            &format!("a:\n{many}  k3: 2\n"),
        ] {
            let (all, none) = (read(text, None), read(text, Some(&nothing)));
            assert_eq!(none.as_ref().err(), all.as_ref().err(), "{text}");
        }
    }
}
