//! Types of values.

use std::sync::Arc;

/// Type of an entry, under the names that YAML has for them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Tag {
    Null,
    Bool,
    Int,
    Float,
    Str,
    List,
    Map,
    /// A container that grew out of null by being asked for a key.
    Unknown,
    Custom(Arc<str>),
}

impl Tag {
    pub(super) fn name(&self) -> &str {
        match self {
            Tag::Null => "!!null",
            Tag::Bool => "!!bool",
            Tag::Int => "!!int",
            Tag::Float => "!!float",
            Tag::Str => "!!str",
            Tag::List => "!!seq",
            Tag::Map => "!!map",
            Tag::Unknown => "",
            Tag::Custom(name) => name,
        }
    }

    pub(super) fn from_name(name: &str) -> Tag {
        match name {
            "!!null" => Tag::Null,
            "!!bool" => Tag::Bool,
            "!!int" => Tag::Int,
            "!!float" => Tag::Float,
            "!!str" => Tag::Str,
            "!!seq" => Tag::List,
            "!!map" => Tag::Map,
            "" => Tag::Unknown,
            name => Tag::Custom(Arc::from(name)),
        }
    }

    pub(super) fn is_core(&self) -> bool {
        !matches!(self, Tag::Unknown | Tag::Custom(_))
    }
}

/// The words that YAML 1.1 has for true.
pub(super) fn is_true(text: &str) -> bool {
    ["y", "yes", "on", "true"].iter().any(|word| text.eq_ignore_ascii_case(word))
}
