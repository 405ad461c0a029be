//! The edition that a repository is pinned to, and what that takes back.

use std::sync::Arc;

use super::App;
use crate::config;
use crate::value::{Map, Node};

/// What `describe edition` shows. `flag` is the text of `--edition`.
pub fn describe(app: &App, flag: Option<&str>) -> Node {
    let mut pin = Map::default();
    let mut put = |key: &str, node: Node| pin.insert(Arc::from(key), node);
    let source = match flag.filter(|text| !text.is_empty()) {
        Some(_) => "flag",
        None if app.config.variable(&app.host, "ATMOS_EDITION").is_some() => "env",
        None => "config",
    };
    let written = app.config.document.get("edition").and_then(Node::scalar_text);
    let edition = flag.map(str::to_owned).or(written).filter(|text| !text.is_empty());
    let Some((edition, day)) = edition.and_then(|text| config::edition_day(&text).map(|day| (text, day))) else {
        put("pinned", Node::from(false));
        put("overrides", Node::from(Vec::new()));
        return Node::from(pin);
    };
    let granularity = match edition.split('-').count() {
        1 => "year",
        2 => "month",
        _ => "day",
    };
    put("pinned", Node::from(true));
    put("edition", Node::from(edition.as_str()));
    put("resolved_date", Node::from(config::last_day(&day)));
    put("granularity", Node::from(granularity));
    put("source", Node::from(source));
    let mut changes = config::default_changes();
    changes.retain(|change| *change.date > *day);
    changes.sort_by_key(|change| change.key);
    put("overrides", Node::from(changes.iter().map(change).collect::<Vec<_>>()));
    Node::from(pin)
}

fn change(change: &config::DefaultChange) -> Node {
    let entry = [
        ("date", Node::from(change.date)),
        ("key", Node::from(change.key)),
        ("kind", Node::from("value")),
        ("old", change.old.clone()),
        ("new", change.new.clone()),
        ("description", Node::from(change.description)),
    ];
    let map = |fields: Vec<(&str, Node)>| {
        Node::from(fields.into_iter().map(|(key, node)| (Arc::from(key), node)).collect::<Map>())
    };
    map(vec![
        ("key", Node::from(change.key)),
        ("kind", Node::from("value")),
        ("from_value", change.old.clone()),
        ("to_value", change.new.clone()),
        ("entries", Node::from(vec![map(entry.to_vec())])),
    ])
}
