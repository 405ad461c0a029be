//! From layers of nodes to typed settings: the layers go into figment by name, so that a value of the wrong type is
//! reported with the layer that it came from, and with its place where that is a file.
//!
//! Types are converted as leniently as the reference does it: `"true"` is a boolean, a number is a text, a text is a
//! list of its comma-separated parts.

use std::fmt;

use figment::error::{Actual, Kind};
use figment::value::{Dict, Map, Tag, Value as Raw};
use figment::{Figment, Metadata, Profile, Provider};
use serde::de::{Deserialize, Deserializer, SeqAccess, Visitor};

use super::error::{Error, Mismatch, Origin};
use crate::host::Host;
use crate::value::{Node, Value, parse_bool};

/// Sections that have typed settings. The rest of the document never enters figment.
const SECTIONS: [&str; 10] = [
    "base_path",
    "edition",
    "stacks",
    "components",
    "workflows",
    "logs",
    "settings",
    "templates",
    "describe",
    "version",
];

/// Component types that have typed settings.
const COMPONENTS: [&str; 2] = ["terraform", "helmfile"];

/// One layer of the configuration.
pub(super) struct Layer<'a> {
    pub name: &'static str,
    pub node: &'a Node,
}

impl Provider for Layer<'_> {
    fn metadata(&self) -> Metadata {
        Metadata::named(self.name)
    }

    fn data(&self) -> Result<Map<Profile, Dict>, figment::Error> {
        let sections = SECTIONS.iter().filter_map(|section| {
            let node = self.node.get(section)?;
            Some(((*section).to_owned(), if *section == "components" { components(node)? } else { raw(node)? }))
        });
        Ok(Map::from([(Profile::Default, sections.collect())]))
    }
}

fn components(node: &Node) -> Option<Raw> {
    if node.as_map().is_none() {
        return raw(node);
    }
    let kinds = COMPONENTS.iter().filter_map(|kind| Some(((*kind).to_owned(), raw(node.get(kind)?)?)));
    Some(Raw::Dict(Tag::Default, kinds.collect()))
}

/// The figment value of a node; `None` for null, which counts as not set.
fn raw(node: &Node) -> Option<Raw> {
    let tag = Tag::Default;
    Some(match &node.value {
        Value::Null => return None,
        Value::Bool(flag) => Raw::Bool(tag, *flag),
        Value::Int(number) => Raw::from(*number),
        Value::UInt(number) => Raw::from(*number),
        Value::Float(number) => Raw::from(*number),
        Value::String(text) => Raw::String(tag, text.to_string()),
        Value::List(list) => Raw::Array(tag, list.iter().filter_map(raw).collect()),
        Value::Map(map) => {
            Raw::Dict(tag, map.iter().filter_map(|(key, node)| Some((key.to_string(), raw(node)?))).collect())
        }
        // Evaluated before; what is left is a text to the settings.
        Value::Function(function) => Raw::String(tag, function.tag.to_string()),
    })
}

/// So many wrong values are told at once.
const MOST: usize = 20;

/// Reads the typed settings off the layers, lowest first. `document` is their merge, for the places of faulty values.
///
/// # Errors
/// Values of wrong types, all of them in one error.
pub(super) fn extract(host: &Host, layers: &[Layer<'_>], document: &Node) -> Result<Root, Error> {
    let mut wrong: Vec<Mismatch> = layers.iter().flat_map(|layer| lists(host, layer)).collect();
    wrong.extend(super::settings::mismatches(host, document));
    if wrong.is_empty() {
        match read(layers.iter()) {
            Ok(root) => return Ok(root),
            Err(error) => wrong.push(mismatch(host, document, &error)),
        }
    }
    // What is wrong is taken out until the rest can be read, to find the others, too.
    let mut copies: Vec<Node> = layers.iter().map(|layer| layer.node.clone()).collect();
    let mut taken = 0;
    while taken < wrong.len() && wrong.len() < MOST {
        for mismatch in &wrong[taken..] {
            for copy in &mut copies {
                take_out(copy, &mismatch.path);
            }
        }
        taken = wrong.len();
        let rest = copies.iter().zip(layers).map(|(node, layer)| Layer { name: layer.name, node });
        if let Err(error) = read(rest.collect::<Vec<_>>().iter()) {
            let next = mismatch(host, document, &error);
            if !wrong.iter().any(|known| known.path == next.path) {
                wrong.push(next);
            }
        }
    }
    let mut seen = std::collections::BTreeSet::new();
    wrong.retain(|mismatch| seen.insert(mismatch.path.clone()));
    let others = wrong.split_off(1);
    Err(wrong.remove(0).with(&others))
}

fn read<'a>(layers: impl Iterator<Item = &'a Layer<'a>>) -> Result<Root, Box<figment::Error>> {
    layers.fold(Figment::new(), |figment, layer| figment.merge(layer)).extract().map_err(Box::new)
}

/// Removes what a path leads to; of a list all of it.
fn take_out(node: &mut Node, path: &[String]) {
    let Some((key, rest)) = path.split_first() else { return };
    let Some(child) = node.get(key) else { return };
    if rest.is_empty() || child.as_map().is_none() {
        node.make_map().shift_remove(key.as_str());
    } else if let Some(child) = node.make_map().get_mut(key.as_str()) {
        take_out(child, rest);
    }
}

fn mismatch(host: &Host, document: &Node, error: &figment::Error) -> Mismatch {
    let (found, expected) = match &error.kind {
        Kind::InvalidType(actual, expected) | Kind::InvalidValue(actual, expected) => {
            (type_name(actual), type_of(expected))
        }
        other => (other.to_string(), "another value".to_owned()),
    };
    let path: Vec<&str> = error.path.iter().map(String::as_str).collect();
    let layer = error.metadata.as_ref().map_or("configuration", |metadata| &metadata.name);
    let origin = Origin::of(host, document, &path, layer);
    Mismatch { path: error.path.clone(), expected, found, origin }
}

/// A list where a section should be would be read entry by entry into the settings, in the order in which they are
/// declared.
fn lists(host: &Host, layer: &Layer<'_>) -> Vec<Mismatch> {
    let sections = SECTIONS.iter().filter(|section| !matches!(**section, "base_path" | "edition"));
    let kinds = COMPONENTS.iter().map(|kind| vec!["components", kind]);
    let paths = sections.map(|section| vec![*section]).chain(kinds);
    let is_list =
        |path: &Vec<&str>| layer.node.get_path(path.iter().copied()).is_some_and(|node| node.as_list().is_some());
    paths.filter(is_list).map(|path| Mismatch::of(host, layer.node, &path, ("map", layer.name))).collect()
}

fn type_of(expected: &str) -> String {
    if expected.starts_with("struct ") { "map".to_owned() } else { expected.to_owned() }
}

/// The type of a value without the value.
fn type_name(actual: &Actual) -> String {
    let name = match actual {
        Actual::Bool(_) => "boolean",
        Actual::Unsigned(_) | Actual::Signed(_) => "integer",
        Actual::Float(_) => "number",
        Actual::Char(_) | Actual::Str(_) => "string",
        Actual::Seq => "list",
        Actual::Map => "map",
        _ => "another type",
    };
    name.to_owned()
}

/// A text; scalars of other types become one.
#[derive(Debug, Default, Clone)]
pub(super) struct Text(pub String);

/// A boolean, also as text or number.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Switch(pub bool);

/// A whole number, also as text; what lies behind a point is cut off.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Count(pub i64);

/// A number of passes. The reference takes negative ones, and then makes none.
#[derive(Debug, Clone, Copy)]
pub(super) struct Passes(pub u32);

impl Default for Passes {
    fn default() -> Passes {
        Passes(1)
    }
}

/// A list of texts; a single text is split at its commas.
#[derive(Debug, Default, Clone)]
pub(super) struct Words(pub Vec<String>);

impl Text {
    /// `None` for the empty text.
    pub(super) fn filled(self) -> Option<String> {
        Some(self.0).filter(|text| !text.is_empty())
    }

    pub(super) fn or(self, default: &str) -> String {
        self.filled().unwrap_or_else(|| default.to_owned())
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Text, D::Error> {
        struct TextVisitor;
        impl Visitor<'_> for TextVisitor {
            type Value = Text;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("string")
            }
            fn visit_str<E>(self, text: &str) -> Result<Text, E> {
                Ok(Text(text.to_owned()))
            }
            fn visit_bool<E>(self, flag: bool) -> Result<Text, E> {
                Ok(Text(if flag { "1" } else { "0" }.to_owned()))
            }
            fn visit_i64<E>(self, number: i64) -> Result<Text, E> {
                Ok(Text(number.to_string()))
            }
            fn visit_u64<E>(self, number: u64) -> Result<Text, E> {
                Ok(Text(number.to_string()))
            }
            fn visit_f64<E>(self, number: f64) -> Result<Text, E> {
                Ok(Text(number.to_string()))
            }
        }
        deserializer.deserialize_any(TextVisitor)
    }
}

impl<'de> Deserialize<'de> for Switch {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Switch, D::Error> {
        struct SwitchVisitor;
        impl Visitor<'_> for SwitchVisitor {
            type Value = Switch;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("bool")
            }
            fn visit_bool<E>(self, flag: bool) -> Result<Switch, E> {
                Ok(Switch(flag))
            }
            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Switch, E> {
                let flag = if text.is_empty() { Some(false) } else { parse_bool(text) };
                flag.map(Switch).ok_or_else(|| E::invalid_type(serde::de::Unexpected::Str(text), &self))
            }
            fn visit_i64<E>(self, number: i64) -> Result<Switch, E> {
                Ok(Switch(number != 0))
            }
            fn visit_u64<E>(self, number: u64) -> Result<Switch, E> {
                Ok(Switch(number != 0))
            }
        }
        deserializer.deserialize_any(SwitchVisitor)
    }
}

impl<'de> Deserialize<'de> for Count {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Count, D::Error> {
        struct CountVisitor;
        impl Visitor<'_> for CountVisitor {
            type Value = Count;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("int")
            }
            fn visit_bool<E>(self, flag: bool) -> Result<Count, E> {
                Ok(Count(flag.into()))
            }
            fn visit_i64<E>(self, number: i64) -> Result<Count, E> {
                Ok(Count(number))
            }
            fn visit_u64<E>(self, number: u64) -> Result<Count, E> {
                Ok(Count(i64::try_from(number).unwrap_or(i64::MAX)))
            }
            fn visit_f64<E>(self, number: f64) -> Result<Count, E> {
                #[expect(
                    clippy::cast_possible_truncation,
                    reason = "a number that is too large becomes the largest one"
                )]
                Ok(Count(number as i64))
            }
            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Count, E> {
                let text = if text.is_empty() { "0" } else { text };
                text.parse().map(Count).map_err(|_| E::invalid_type(serde::de::Unexpected::Str(text), &self))
            }
        }
        deserializer.deserialize_any(CountVisitor)
    }
}

impl<'de> Deserialize<'de> for Passes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Passes, D::Error> {
        struct PassesVisitor;
        impl Visitor<'_> for PassesVisitor {
            type Value = Passes;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("int")
            }
            fn visit_i64<E: serde::de::Error>(self, number: i64) -> Result<Passes, E> {
                Ok(Passes(match number {
                    0 => 1,
                    number => u32::try_from(number.max(0)).unwrap_or(u32::MAX),
                }))
            }
            fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<Passes, E> {
                self.visit_i64(i64::try_from(number).unwrap_or(i64::MAX))
            }
            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Passes, E> {
                let number = text.parse().map_err(|_| E::invalid_type(serde::de::Unexpected::Str(text), &self))?;
                self.visit_i64(number)
            }
        }
        deserializer.deserialize_any(PassesVisitor)
    }
}

impl<'de> Deserialize<'de> for Words {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Words, D::Error> {
        struct WordsVisitor;
        impl<'de> Visitor<'de> for WordsVisitor {
            type Value = Words;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("list of strings")
            }
            fn visit_str<E>(self, text: &str) -> Result<Words, E> {
                let parts = if text.is_empty() { Vec::new() } else { text.split(',').map(str::to_owned).collect() };
                Ok(Words(parts))
            }
            fn visit_i64<E>(self, number: i64) -> Result<Words, E> {
                Ok(Words(vec![number.to_string()]))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Words, A::Error> {
                let mut words = Vec::new();
                while let Some(Text(word)) = items.next_element()? {
                    words.push(word);
                }
                Ok(Words(words))
            }
        }
        deserializer.deserialize_any(WordsVisitor)
    }
}

/// The typed sections as they are written.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub(super) struct Root {
    pub base_path: Text,
    pub stacks: Stacks,
    pub components: Components,
    pub workflows: BasePath,
    pub logs: Logs,
    pub settings: Settings,
    pub templates: Templates,
    pub describe: Describe,
    pub version: VersionSection,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub(super) struct Stacks {
    pub base_path: Text,
    pub included_paths: Words,
    pub excluded_paths: Words,
    pub name_pattern: Text,
    pub name_template: Text,
    pub inherit: Inherit,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub(super) struct Inherit {
    pub metadata: Switch,
    pub source: Switch,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub(super) struct Components {
    pub terraform: Terraform,
    pub helmfile: Helmfile,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub(super) struct Terraform {
    pub base_path: Text,
    pub command: Text,
    pub apply_auto_approve: Switch,
    pub deploy_run_init: Switch,
    pub init_run_reconfigure: Switch,
    pub auto_generate_backend_file: Switch,
    pub auto_generate_files: Switch,
    pub workspaces_enabled: Option<Switch>,
    pub append_user_agent: Text,
    pub init: Init,
    pub plan: Plan,
    pub isolate_data_dir: Switch,
    pub plugin_cache: Switch,
    pub plugin_cache_dir: Text,
    pub remove_varfiles: Switch,
    pub workspace: Workspace,
    pub shell: Shell,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub(super) struct Init {
    pub pass_vars: Switch,
    pub quiet: Switch,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub(super) struct Plan {
    pub skip_planfile: Switch,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub(super) struct Workspace {
    pub prefix_separator: Text,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub(super) struct Shell {
    pub prompt: Text,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub(super) struct Helmfile {
    pub base_path: Text,
    pub command: Text,
    pub use_eks: Switch,
    pub auto_generate_files: Switch,
    pub kubeconfig_path: Text,
    pub cluster_name: Text,
    pub cluster_name_pattern: Text,
    pub cluster_name_template: Text,
    pub helm_aws_profile_pattern: Text,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub(super) struct BasePath {
    pub base_path: Text,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub(super) struct Logs {
    pub level: Text,
    pub file: Text,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub(super) struct Settings {
    pub list_merge_strategy: Text,
    pub terminal: Terminal,
    pub experimental: Text,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub(super) struct Terminal {
    pub tab_width: Count,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub(super) struct Templates {
    pub settings: TemplateSettings,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub(super) struct TemplateSettings {
    pub enabled: Switch,
    pub sprig: Enabled,
    pub gomplate: Enabled,
    pub evaluations: Passes,
    pub delimiters: Words,
    pub ignore_missing_template_values: Switch,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub(super) struct Enabled {
    pub enabled: Switch,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub(super) struct Describe {
    pub provenance: Switch,
    pub component: Filter,
    pub error_mode: Text,
    pub settings: DescribeSettings,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub(super) struct Filter {
    pub filter: Text,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub(super) struct DescribeSettings {
    pub include_empty: Switch,
    pub eager_evaluation: Switch,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub(super) struct VersionSection {
    pub constraint: Constraint,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub(super) struct Constraint {
    pub require: Text,
    pub enforcement: Text,
    pub message: Text,
}
