//! `aliases:`: other names for whole command lines.

use std::collections::BTreeMap;

use crate::config::Config;
use crate::value::Node;

/// The words behind each alias. What is no text is passed over: an alias must not break other commands.
pub fn aliases(config: &Config) -> BTreeMap<String, Vec<String>> {
    let entries = config.document.get("aliases").and_then(Node::as_map).into_iter().flatten();
    let words = |text: String| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    entries
        .filter_map(|(name, target)| Some((name.trim().to_owned(), words(target.scalar_text()?))))
        .filter(|(name, words)| !name.is_empty() && !words.is_empty())
        .collect()
}
