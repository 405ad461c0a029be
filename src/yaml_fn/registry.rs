//! The names of all functions, and where they are recognised.

use crate::diag::nearest;
use crate::merge::is_list_mark;

/// Every tag that manifests may have.
const SUPPORTED: [&str; 39] = [
    "!append",
    "!aws.account_id",
    "!aws.caller_identity_arn",
    "!aws.caller_identity_user_id",
    "!aws.organization_id",
    "!aws.region",
    "!cel",
    "!cwd",
    "!emulator",
    "!env",
    "!exec",
    "!git.branch",
    "!git.host",
    "!git.name",
    "!git.owner",
    "!git.ref",
    "!git.repository",
    "!git.root",
    "!git.sha",
    "!git.url",
    "!include",
    "!include.raw",
    "!labels",
    "!labels.keys",
    "!labels.values",
    "!literal",
    "!prepend",
    "!random",
    "!replace",
    "!repo-root",
    "!secret",
    "!store",
    "!store.get",
    "!tags",
    "!template",
    "!terraform.output",
    "!terraform.state",
    "!unset",
    "!version",
];

/// Tags of YAML itself that reach this place when they say nothing about the type.
const PLAIN: [&str; 4] = ["!!str", "!!map", "!!seq", "!"];

/// Tags that mean something only where they are tags; in a text they are text, as in the reference.
const TAGS_ONLY: [&str; 9] =
    ["!append", "!cel", "!cwd", "!include", "!include.raw", "!literal", "!prepend", "!random", "!replace"];

/// Functions that take no argument; a text with anything behind the name is text.
const BARE: [&str; 9] = [
    "!aws.account_id",
    "!aws.caller_identity_arn",
    "!aws.caller_identity_user_id",
    "!aws.organization_id",
    "!aws.region",
    "!labels",
    "!labels.keys",
    "!labels.values",
    "!tags",
];

pub fn is_supported(tag: &str) -> bool {
    SUPPORTED.contains(&tag) || PLAIN.contains(&tag) || is_list_mark(tag)
}

/// The function that may be meant by a tag that is none, or by a name without its exclamation mark.
pub fn nearest_tag(name: &str) -> Option<&'static str> {
    nearest(&format!("!{}", name.trim_start_matches('!')), SUPPORTED)
}

/// Whether there is a function of this name, with or without its exclamation mark.
pub fn is_name(name: &str) -> bool {
    let name = name.trim();
    SUPPORTED.iter().any(|tag| *tag == name || tag.strip_prefix('!') == Some(name))
}

/// The tags of functions, for messages.
pub fn supported() -> String {
    format!("{}, !merge.KEY", SUPPORTED.join(", "))
}

/// Whether the list names the function, with or without `!`.
pub fn is_skipped(tag: &str, skip: &[String]) -> bool {
    let name = tag.trim_start_matches('!');
    skip.iter().any(|skip| skip.trim().trim_start_matches('!') == name)
}

/// The tag at the start of a text that is written like a function, and what follows it.
pub fn written_as_function(text: &str) -> Option<(&str, &str)> {
    if !text.starts_with('!') {
        return None;
    }
    let name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    let end = text[1..].find(|c| !name(c)).map_or(text.len(), |end| end + 1);
    let (tag, rest) = text.split_at(end);
    let runs = SUPPORTED.contains(&tag) && !TAGS_ONLY.contains(&tag) && (rest.is_empty() || !BARE.contains(&tag));
    runs.then_some((tag, rest.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_that_begin_like_a_function_are_functions() {
        for (text, expected) in [
            ("!env HOME", Some(("!env", "HOME"))),
            ("!env", Some(("!env", ""))),
            ("!environment x", None),
            ("!template[1]", Some(("!template", "[1]"))),
            ("!template{{- x -}}", Some(("!template", "{{- x -}}"))),
            ("!store.get a b", Some(("!store.get", "a b"))),
            ("!tags", Some(("!tags", ""))),
            ("!tags of the house", None),
            ("!include a.yaml", None),
            ("!bogus x", None),
            ("! x", None),
            ("env HOME", None),
        ] {
            assert_eq!(written_as_function(text), expected, "{text}");
        }
    }

    #[test]
    fn near_names_are_found() {
        for (name, expected) in [
            ("!evn", Some("!env")),
            ("terraform.stat", Some("!terraform.state")),
            ("!Include", Some("!include")),
            ("!zzz", None),
        ] {
            assert_eq!(nearest_tag(name), expected, "{name}");
        }
        assert!(is_name("!env") && is_name(" env") && is_name("terraform.output") && !is_name("nosuch"));
    }

    #[test]
    fn functions_are_skipped_by_name() {
        let skip = ["env".to_owned(), "!terraform.state".to_owned(), " exec".to_owned()];
        for (tag, skipped) in [("!env", true), ("!terraform.state", true), ("!exec", true), ("!store", false)] {
            assert_eq!(is_skipped(tag, &skip), skipped, "{tag}");
        }
    }
}
