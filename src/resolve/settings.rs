//! How templates of one component are rendered: `templates.settings` of the configuration, and `settings.templates` of
//! the component over it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crate::component::Instance;
use crate::config::Config;
use crate::template::{Delimiters, Functions};
use crate::value::{Map, Node, Value};

/// Seconds for a data source over the network.
const TIMEOUT: u64 = 5;

/// The settings, read once for each evaluation.
#[derive(Debug)]
pub(super) struct Templating {
    pub delimiters: Delimiters,
    pub functions: Functions,
    /// Renderings of one text; each works on what the last one gave.
    pub passes: u32,
    /// With what a template begins, unless data may be templates.
    pub opening: Option<Arc<str>>,
}

impl Templating {
    pub(super) fn new(config: &Config) -> Templating {
        let settings = &config.templates;
        let delimiters = settings.delimiters.as_ref().and_then(|(left, right)| Delimiters::new(left, right));
        Templating {
            delimiters: delimiters.unwrap_or_default(),
            functions: Functions::new(settings.sprig, settings.gomplate),
            passes: settings.evaluations,
            opening: config.opening().map(Arc::from),
        }
    }
}

/// The two sections of template settings, the weaker first.
fn sections<'a>(config: &'a Config, instance: &'a Instance) -> [Option<&'a Node>; 2] {
    let path = ["templates", "settings"];
    [config.document.get_path(path), instance.sections.settings.get_path(path)]
}

/// Variables that templates see beside the environment, as they are written.
pub(super) fn variables(config: &Config, instance: &Instance) -> BTreeMap<String, Node> {
    let sections = sections(config, instance).into_iter().flatten();
    let maps = sections.filter_map(|section| section.get("env").and_then(Node::as_map));
    let is_known = |node: &Node| matches!(node.value, Value::String(_) | Value::Function(_));
    let entries = maps.flatten().filter(|(_, node)| is_known(node));
    entries.map(|(name, node)| (name.to_string(), node.clone())).collect()
}

/// The settings of a data source, or none of this name.
pub(super) fn datasource<'a>(config: &'a Config, instance: &'a Instance, alias: &str) -> Option<&'a Node> {
    let sections = sections(config, instance).into_iter().rev().flatten();
    let mut sources = sections.filter_map(|section| section.get_path(["gomplate", "datasources", alias]));
    sources.find(|source| source.get("url").is_some())
}

/// Names of all data sources, for messages.
pub(super) fn datasources(config: &Config, instance: &Instance) -> Vec<String> {
    let sections = sections(config, instance).into_iter().flatten();
    let maps = sections.filter_map(|section| section.get_path(["gomplate", "datasources"]).and_then(Node::as_map));
    maps.flat_map(Map::keys).map(ToString::to_string).collect()
}

/// `templates.settings.allow_generated_functions`: text that a template made may run as a YAML function.
pub(super) fn allows_generated_functions(config: &Config) -> bool {
    config.allows_generated_functions()
}

/// `headers` of a data source: each name may have several values.
pub(super) fn headers(config: &Config, instance: &Instance, alias: &str) -> Vec<(String, String)> {
    let map = datasource(config, instance, alias).and_then(|source| source.get("headers")?.as_map());
    let mut found = Vec::new();
    for (name, node) in map.into_iter().flatten() {
        match node.as_list() {
            Some(list) => found.extend(list.iter().filter_map(|item| Some((name.to_string(), item.scalar_text()?)))),
            None => found.extend(node.scalar_text().map(|value| (name.to_string(), value))),
        }
    }
    found
}

/// `gomplate.timeout`: how long a data source over the network may take.
pub(super) fn timeout(config: &Config, instance: &Instance) -> Duration {
    let sections = sections(config, instance).into_iter().rev().flatten();
    let mut written = sections.filter_map(|section| section.get_path(["gomplate", "timeout"])?.scalar_text());
    let seconds = written.find_map(|text| text.parse::<u64>().ok()).filter(|seconds| *seconds > 0);
    Duration::from_secs(seconds.unwrap_or(TIMEOUT))
}
