//! `describe stacks`: the texts of all components as one document.

use std::collections::BTreeMap;

use crate::ops::describe::Stacks;
use crate::yaml::{Parts, Text};

/// The document of which the texts of the components are parts.
pub fn stacks(stacks: Stacks<Text>) -> Parts {
    let map = |entries: BTreeMap<String, Parts>| Parts::Map(entries);
    let components = |components: BTreeMap<String, Text>| {
        map(components.into_iter().map(|(name, text)| (name, Parts::Text(text))).collect())
    };
    map(stacks
        .into_iter()
        .map(|(stack, kinds)| {
            let kinds = kinds.into_iter().map(|(kind, below)| (kind, components(below))).collect();
            (stack, map(BTreeMap::from([("components".to_owned(), map(kinds))])))
        })
        .collect())
}
