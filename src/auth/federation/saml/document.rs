//! A document of XML as a tree, without a document type, entities or instructions, and of limited size. Row 5.

use quick_xml::XmlVersion;
use quick_xml::events::{BytesStart, Event};
use quick_xml::name::{Namespace, ResolveResult};
use quick_xml::reader::NsReader;

/// Deepest nesting, and how many elements and attributes there may be: far more than any assertion has.
const DEPTH: usize = 64;
const ELEMENTS: usize = 5_000;
const ATTRIBUTES: usize = 64;

/// One element.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Element {
    pub(super) namespace: String,
    pub(super) name: String,
    pub(super) attributes: Vec<(String, String)>,
    /// All text directly in it, comments left out: as whoever signed it saw it.
    pub(super) text: String,
    pub(super) children: Vec<Element>,
}

impl Element {
    pub(super) fn is(&self, namespace: &str, name: &str) -> bool {
        self.namespace == namespace && self.name == name
    }

    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Its children of a name.
    pub(super) fn all<'a>(&'a self, namespace: &'a str, name: &'a str) -> impl Iterator<Item = &'a Element> {
        self.children.iter().filter(move |child| child.is(namespace, name))
    }

    /// Itself and everything below.
    pub(super) fn tree(&self) -> Vec<&Element> {
        let mut found = vec![self];
        let mut at = 0;
        while at < found.len() {
            found.extend(found[at].children.iter());
            at += 1;
        }
        found
    }
}

/// Reads a document.
///
/// # Errors
/// In words: it is none, or has something in it that no assertion has.
pub(super) fn parse(xml: &str) -> Result<Element, String> {
    let mut reader = NsReader::from_str(xml);
    reader.config_mut().expand_empty_elements = true;
    let mut open: Vec<Element> = Vec::new();
    let mut root = None;
    let mut count = 0;
    loop {
        let (namespace, event) = reader.read_resolved_event().map_err(|error| format!("it is no XML: {error}"))?;
        let namespace = match namespace {
            ResolveResult::Bound(Namespace(name)) => name.to_owned(),
            ResolveResult::Unbound => String::new(),
            ResolveResult::Unknown(_) => return Err("it has a prefix that stands for nothing".to_owned()),
        };
        match event {
            Event::Start(start) => {
                count += 1;
                if open.len() == DEPTH || count > ELEMENTS || root.is_some() {
                    return Err("it is deeper or longer than an assertion".to_owned());
                }
                open.push(element(namespace, &start)?);
            }
            Event::End(_) => {
                let closed = open.pop().ok_or("it is no XML: it ends where nothing began")?;
                match open.last_mut() {
                    Some(parent) => parent.children.push(closed),
                    None => root = Some(closed),
                }
            }
            Event::Text(text) => add(&mut open, &text.xml10_content())?,
            Event::CData(text) => add(&mut open, &text.xml10_content())?,
            Event::GeneralRef(reference) => {
                let sign = match reference.resolve_char_ref() {
                    Ok(Some(sign)) => sign,
                    Ok(None) => predefined(&reference.xml10_content()).ok_or("it has entities of its own")?,
                    Err(_) => return Err("it has a sign that does not exist".to_owned()),
                };
                add(&mut open, sign.encode_utf8(&mut [0; 4]))?;
            }
            // The reader is told to give these as a start and an end.
            Event::Empty(_) => return Err("it is no XML: an element was not told apart".to_owned()),
            Event::DocType(_) => return Err("it has a document type (DTD)".to_owned()),
            Event::PI(_) => return Err("it has instructions for processing".to_owned()),
            Event::Comment(_) | Event::Decl(_) => {}
            Event::Eof => break,
        }
    }
    root.filter(|_| open.is_empty()).ok_or_else(|| "it is no XML: it ends in the middle".to_owned())
}

fn element(namespace: String, start: &BytesStart<'_>) -> Result<Element, String> {
    let name = start.local_name().into_inner().to_owned();
    let mut attributes = Vec::new();
    for attribute in start.attributes() {
        let attribute = attribute.map_err(|error| format!("it is no XML: {error}"))?;
        let value = attribute.normalized_value(XmlVersion::Implicit1_0);
        let value = value.map_err(|_| "it has entities of its own".to_owned())?.into_owned();
        attributes.push((attribute.key.into_inner().to_owned(), value));
        if attributes.len() > ATTRIBUTES {
            return Err("it is deeper or longer than an assertion".to_owned());
        }
    }
    Ok(Element { namespace, name, attributes, ..Element::default() })
}

fn add(open: &mut [Element], text: &str) -> Result<(), String> {
    match open.last_mut() {
        Some(element) => element.text.push_str(text),
        None if text.trim().is_empty() => {}
        None => return Err("it is no XML: text stands outside".to_owned()),
    }
    Ok(())
}

fn predefined(name: &str) -> Option<char> {
    Some(match name {
        "lt" => '<',
        "gt" => '>',
        "amp" => '&',
        "quot" => '"',
        "apos" => '\'',
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_become_trees() {
        let root = parse(
            "<?xml version='1.0'?><a:r xmlns:a='urn:a' k='1 &amp; 2'><b>x<!-- c -->y&lt;&#65;<![CDATA[<z>]]></b><a:b/></a:r>",
        )
        .unwrap();
        assert!(root.is("urn:a", "r") && root.children[1].is("urn:a", "b"), "{root:?}");
        assert_eq!(root.attribute("k"), Some("1 & 2"));
        assert_eq!((root.children[0].text.as_str(), root.tree().len()), ("xy<A<z>", 3));
    }

    #[test]
    fn what_no_assertion_has_is_refused() {
        let deep = format!("{}{}", "<a>".repeat(DEPTH + 1), "</a>".repeat(DEPTH + 1));
        let long = format!("<a>{}</a>", "<b/>".repeat(ELEMENTS));
        let attributes: Vec<String> = (0..=ATTRIBUTES).map(|index| format!("k{index}='v'")).collect();
        let wide = format!("<a {}/>", attributes.join(" "));
        for (xml, reason) in [
            ("<!DOCTYPE a [<!ENTITY e 'x'>]><a>&e;</a>", "document type"),
            ("<!DOCTYPE a SYSTEM 'file:///etc/passwd'><a/>", "document type"),
            ("<a>&e;</a>", "entities of its own"),
            ("<a k='&e;'/>", "entities of its own"),
            ("<a><?php x ?></a>", "instructions"),
            ("<x:a/>", "prefix that stands for nothing"),
            ("<a><b></a></b>", "no XML"),
            ("<a>", "ends in the middle"),
            ("", "ends in the middle"),
            ("<a/><b/>", "deeper or longer"),
            ("text", "outside"),
            ("<a k='1' k='2'/>", "no XML"),
            ("<a>&#0;</a>", "does not exist"),
            (&deep, "deeper or longer"),
            (&long, "deeper or longer"),
            (&wide, "deeper or longer"),
        ] {
            let error = parse(xml).unwrap_err();
            assert!(error.contains(reason), "{xml:.60}: {error}");
        }
    }
}
