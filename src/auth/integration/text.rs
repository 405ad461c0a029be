//! Changes in a JSON text that leave every other byte of it as it is: numbers, the order of keys, blanks. Row 5.
//!
//! The text has been read by a real reader before; where it is not what that reader would take, nothing is changed. Of a key
//! that is there more than once the last one counts, as it does for that reader.

use std::ops::Range;

use zeroize::Zeroizing;

/// One step into an object where there are no lines to see it by, as docker writes it.
const STEP: &str = "\t";

/// A text that may have secrets in it.
pub(super) type Text = Zeroizing<String>;

/// One entry of an object.
struct Member {
    key: String,
    /// Where its key begins.
    start: usize,
    value: Range<usize>,
}

/// The text with a JSON value at a path of keys; objects on the way are made where there are none. `None` where something else
/// than an object is on the way.
pub(super) fn put(text: &str, path: &[&str], value: &str) -> Option<Text> {
    let (last, way) = path.split_last()?;
    let mut at = skip(text, 0);
    for key in way {
        let known = members(text, at)?.into_iter().rev().find(|member| member.key == *key);
        let made = match known {
            Some(member) if &text[member.value.clone()] == "null" => replace(text, &member.value, "{}"),
            Some(member) => {
                at = member.value.start;
                continue;
            }
            None => insert(text, at, key, "{}")?,
        };
        return put(&made, path, value);
    }
    match members(text, at)?.into_iter().rev().find(|member| member.key == *last) {
        Some(member) => Some(replace(text, &member.value, value)),
        None => insert(text, at, last, value),
    }
}

/// The text without whatever is at a path of keys, however often that is there; `None` where nothing is.
pub(super) fn without(text: &str, path: &[&str]) -> Option<Text> {
    let mut found: Option<Text> = None;
    loop {
        let now = found.as_ref().map_or(text, |found| found.as_str());
        let Some(range) = find(now, skip(now, 0), path) else { return found };
        found = Some(replace(now, &range, ""));
    }
}

/// What has to go so that the first entry at a path is gone.
fn find(text: &str, at: usize, path: &[&str]) -> Option<Range<usize>> {
    let (first, rest) = path.split_first()?;
    let all = members(text, at)?;
    for (index, member) in all.iter().enumerate().filter(|(_, member)| member.key == *first) {
        if !rest.is_empty() {
            match find(text, member.value.start, rest) {
                None => continue,
                range => return range,
            }
        }
        return Some(match (all.get(index + 1), index.checked_sub(1).map(|before| &all[before])) {
            (Some(next), _) => member.start..next.start,
            (None, Some(before)) => before.value.end..member.value.end,
            // Nothing but the braces stays.
            (None, None) => at + 1..skip(text, member.value.end),
        });
    }
    None
}

fn replace(text: &str, range: &Range<usize>, with: &str) -> Text {
    let mut changed = Zeroizing::new(String::with_capacity(text.len() + with.len()));
    for part in [&text[..range.start], with, &text[range.end..]] {
        changed.push_str(part);
    }
    changed
}

/// Adds an entry at the end of the object that begins at `at`, in the manner of the others.
fn insert(text: &str, at: usize, key: &str, value: &str) -> Option<Text> {
    let key = serde_json::to_string(key).ok()?;
    let all = members(text, at)?;
    if let Some(last) = all.last() {
        let before = all.len().checked_sub(2).map_or(at + 1, |index| all[index].value.end);
        let gap = text[before..last.start].trim_start_matches([',']);
        // Blanks before a comma are somebody's taste, not the manner of entries.
        let gap = gap.rsplit_once(',').map_or(gap, |(_, gap)| gap);
        return Some(replace(text, &(last.value.end..last.value.end), &format!(",{gap}{key}: {value}")));
    }
    let inside = at + 1..skip(text, at + 1);
    let root = skip(text, 0);
    let has_lines = text.trim_end().contains('\n') || text[root..].trim_end() == "{}";
    if !has_lines {
        return Some(replace(text, &inside, &format!("{key}: {value}")));
    }
    let line = text[..at].rsplit('\n').next().unwrap_or_default();
    let outer = &line[..line.len() - line.trim_start().len()];
    let step = step(text, root);
    Some(replace(text, &inside, &format!("\n{outer}{step}{key}: {value}\n{outer}")))
}

/// How far the entries of the whole are moved in.
fn step(text: &str, root: usize) -> &str {
    let first = skip(text, root + 1);
    let blanks = &text[root + 1..first];
    match blanks.rsplit_once('\n') {
        Some((_, step)) if !step.is_empty() && text.as_bytes().get(first) == Some(&b'"') => step,
        _ => STEP,
    }
}

/// The entries of the object that begins at `at`.
fn members(text: &str, at: usize) -> Option<Vec<Member>> {
    let bytes = text.as_bytes();
    if bytes.get(at) != Some(&b'{') {
        return None;
    }
    let mut found = Vec::new();
    let mut at = skip(text, at + 1);
    while bytes.get(at) != Some(&b'}') {
        let end = end_of_value(text, at)?;
        let key = serde_json::from_str(text.get(at..end)?).ok()?;
        let colon = skip(text, end);
        let value = skip(text, colon + 1);
        let member = Member { key, start: at, value: value..end_of_value(text, value)? };
        at = skip(text, member.value.end);
        found.push(member);
        match bytes.get(at)? {
            b',' => at = skip(text, at + 1),
            b'}' => {}
            _ => return None,
        }
    }
    Some(found)
}

/// The first byte from `at` on that is not blank.
fn skip(text: &str, at: usize) -> usize {
    let blank = |byte: &&u8| matches!(byte, b' ' | b'\t' | b'\n' | b'\r');
    at + text.as_bytes().get(at..).unwrap_or_default().iter().take_while(blank).count()
}

fn end_of_value(text: &str, at: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let (mut depth, mut now) = (0_usize, at);
    loop {
        match *bytes.get(now)? {
            b'"' => now = end_of_string(bytes, now)?,
            b'{' | b'[' => {
                depth += 1;
                now += 1;
            }
            b'}' | b']' => {
                depth = depth.checked_sub(1)?;
                now += 1;
            }
            b' ' | b'\t' | b'\n' | b'\r' | b',' | b':' if depth > 0 => {
                now += 1;
                continue;
            }
            _ => {
                let more = |byte: &&u8| !matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | b',' | b':' | b'}' | b']');
                let length = bytes[now..].iter().take_while(more).count();
                now += (length > 0).then_some(length)?;
            }
        }
        if depth == 0 {
            return Some(now);
        }
    }
}

fn end_of_string(bytes: &[u8], at: usize) -> Option<usize> {
    let mut now = at + 1;
    loop {
        match bytes.get(now)? {
            b'"' => return Some(now + 1),
            b'\\' => now += 2,
            _ => now += 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value as Json, json};

    use super::*;

    #[test]
    fn entries_come_and_go_and_no_other_byte_changes() {
        let odd = "{\"z\":1,\"n\": 12345678901234567890123, \"f\":1.10,\"auths\":{\"a\":{}},\n \"auths\" : {\"b\":{\"x\":[1, {}]}} }\n";
        let path = ["auths", "r"];
        let with = put(odd, &path, "{}").unwrap();
        assert_eq!(*with, odd.replace("[1, {}]}}", "[1, {}]},\"r\": {}}"));
        assert_eq!(**without(&with, &path).unwrap(), *odd);
        for (text, with) in [
            ("{}", "{\n\t\"auths\": {\n\t\t\"r\": 1\n\t}\n}"),
            ("{}\n", "{\n\t\"auths\": {\n\t\t\"r\": 1\n\t}\n}\n"),
            ("{\n  \"x\": 1\n}\n", "{\n  \"x\": 1,\n  \"auths\": {\n    \"r\": 1\n  }\n}\n"),
            ("{\"x\":1}", "{\"x\":1,\"auths\": {\"r\": 1}}"),
            ("{\"auths\":null}", "{\"auths\":{\"r\": 1}}"),
            ("{\"auths\":{\"r\":{\"auth\":\"}\\\"\"}}}", "{\"auths\":{\"r\":1}}"),
            ("{ \"auths\" : { \"a\" : 1 , \"b\" : 2 } }", "{ \"auths\" : { \"a\" : 1 , \"b\" : 2, \"r\": 1 } }"),
            ("{\"aut\\u0068s\":{}}", "{\"aut\\u0068s\":{\"r\": 1}}"),
        ] {
            assert_eq!(put(text, &path, "1").as_deref().map(String::as_str), Some(with), "{text}");
        }
        for text in ["[]", "{\"auths\":[]}", "{\"auths\":1}", "", "{\"a\""] {
            assert!(put(text, &path, "1").is_none() && without(text, &path).is_none(), "{text}");
        }
    }

    #[test]
    fn whatever_is_there_twice_goes_twice() {
        let text = "{\"auths\":{\"r\":1,\"a\":2,\"r\":3},\"auths\":{\"r\":4}}";
        assert_eq!(**without(text, &["auths", "r"]).unwrap(), *"{\"auths\":{\"a\":2},\"auths\":{}}");
        assert!(without(text, &["auths", "x"]).is_none());
    }

    fn document() -> impl Strategy<Value = Json> {
        let leaf = prop_oneof![Just(json!(null)), any::<i64>().prop_map(Json::from), "\\PC{0,8}".prop_map(Json::from)];
        let tree = leaf.prop_recursive(3, 24, 4, |inner| {
            let list = prop::collection::vec(inner.clone(), 0..4).prop_map(Json::from);
            let map = prop::collection::btree_map("[a-c\"\\\\{}]{0,3}", inner, 0..4);
            prop_oneof![list, map.prop_map(|map| Json::Object(map.into_iter().collect()))]
        });
        prop::collection::btree_map("[a-c]{0,2}", tree, 0..4).prop_map(|map| Json::Object(map.into_iter().collect()))
    }

    proptest! {
        #[test]
        fn a_reader_sees_the_one_change(document in document(), pretty in any::<bool>()) {
            let text = if pretty { serde_json::to_string_pretty(&document) } else { serde_json::to_string(&document) };
            let text = text.unwrap();
            let mut expected = document;
            let section = &mut expected["a"];
            if section.is_null() {
                *section = json!({});
            }
            if let Some(section) = section.as_object_mut() {
                section.insert("b".to_owned(), json!({"c": 1}));
                let with = put(&text, &["a", "b"], "{\"c\": 1}").unwrap();
                prop_assert_eq!(serde_json::from_str::<Json>(&with).unwrap(), expected.clone());
                expected["a"].as_object_mut().unwrap().remove("b");
                let gone = without(&with, &["a", "b"]).unwrap();
                prop_assert_eq!(serde_json::from_str::<Json>(&gone).unwrap(), expected);
            } else {
                prop_assert!(put(&text, &["a", "b"], "1").is_none());
            }
        }
    }
}
