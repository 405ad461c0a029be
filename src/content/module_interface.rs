//! What a terraform module asks for and gives: variables, outputs, providers, resources and the modules that it calls.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::blocks::{Attribute, Block, Body, Wrong, json, native, object};
use super::hcl_tokens::{Token, tokens};
use crate::value::{Map, Node};

/// The names of the keys of a description: those of JSON leave out what is empty, those of fields are for templates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Names {
    Json,
    #[default]
    Yaml,
    Fields,
}

/// The interface of a module, as its files have it.
#[derive(Debug, Default)]
pub struct Module {
    variables: BTreeMap<String, Described>,
    outputs: BTreeMap<String, Described>,
    core: Vec<String>,
    providers: BTreeMap<String, Requirement>,
    configurations: BTreeMap<String, Reference>,
    managed: BTreeMap<String, Resource>,
    data: BTreeMap<String, Resource>,
    calls: BTreeMap<String, Call>,
}

#[derive(Debug)]
struct Place {
    file: String,
    line: usize,
}

/// A variable or an output.
#[derive(Debug)]
struct Described {
    place: Place,
    kind: String,
    description: String,
    deprecated: String,
    sensitive: bool,
    /// `None` without one; null for what is no constant.
    default: Option<Node>,
}

#[derive(Debug, Default)]
struct Requirement {
    source: String,
    versions: Vec<String>,
    aliases: Vec<Reference>,
}

#[derive(Debug, Clone)]
struct Reference {
    name: String,
    alias: String,
}

#[derive(Debug)]
struct Resource {
    place: Place,
    kind: String,
    name: String,
    provider: Reference,
}

#[derive(Debug)]
struct Call {
    place: Place,
    source: String,
    version: String,
}

impl Module {
    /// Adds what a file says; later files override earlier ones.
    ///
    /// # Errors
    /// The first place that is no terraform.
    pub fn read(&mut self, file: &str, text: &str) -> Result<(), Wrong> {
        let text = text.trim_start_matches('\u{feff}');
        let is_json = file.rsplit_once('.').is_some_and(|(_, extension)| extension == "json");
        for block in (if is_json { json(text) } else { native(text) })?.blocks {
            self.add(file, &block);
        }
        Ok(())
    }

    fn add(&mut self, file: &str, block: &Block) {
        let place = Place { file: file.to_owned(), line: block.line };
        let body = &block.body;
        match (block.kind.as_str(), block.labels.as_slice()) {
            ("terraform", []) => self.add_requirements(body),
            ("variable", [name]) => drop(self.variables.insert(name.clone(), Described::of(place, body))),
            ("output", [name]) => drop(self.outputs.insert(name.clone(), Described::of(place, body))),
            ("provider", [name]) => {
                let reference = Reference { name: name.clone(), alias: body.text("alias") };
                let requirement = self.providers.entry(name.clone()).or_default();
                requirement.versions.extend(body.attribute("version").and_then(Attribute::text));
                self.configurations.insert(reference.key(), reference);
            }
            (mode @ ("resource" | "data"), [kind, name]) => {
                let provider = match body.attribute("provider") {
                    Some(written) => Reference::parse(written.text().as_ref().unwrap_or(&written.written)),
                    None => Reference::parse(kind.split('_').next().unwrap_or(kind)),
                };
                self.providers.entry(provider.name.clone()).or_default();
                let resource = Resource { place, kind: kind.clone(), name: name.clone(), provider };
                if mode == "resource" {
                    self.managed.insert(format!("{kind}.{name}"), resource);
                } else {
                    self.data.insert(format!("data.{kind}.{name}"), resource);
                }
            }
            ("module", [name]) => {
                let call = Call { place, source: body.text("source"), version: body.text("version") };
                self.calls.insert(name.clone(), call);
            }
            _ => {}
        }
    }

    /// What a `terraform` block wants of terraform and of providers.
    fn add_requirements(&mut self, body: &Body) {
        self.core.extend(body.attribute("required_version").and_then(Attribute::text));
        for block in body.blocks.iter().filter(|block| block.kind == "required_providers") {
            for attribute in &block.body.attributes {
                let requirement = self.providers.entry(attribute.name.clone()).or_default();
                if let Some(version) = attribute.text() {
                    requirement.versions.push(version);
                    continue;
                }
                let Some(inner) = object(&attribute.written, attribute.line) else { continue };
                let source = inner.text("source");
                if !source.is_empty() {
                    requirement.source = source;
                }
                requirement.versions.extend(inner.attribute("version").and_then(Attribute::text));
                let aliases = inner.attribute("configuration_aliases");
                requirement.aliases.extend(aliases.map(|list| references(&list.written)).unwrap_or_default());
            }
        }
    }

    /// The description of the module in the folder `path`.
    pub fn describe(&self, path: &str, names: Names) -> Node {
        record(
            names,
            vec![
                always("path", text(path)),
                always("variables", each(&self.variables, |name, one| one.variable(name, names))),
                always("outputs", each(&self.outputs, |name, one| one.output(name, names))),
                filled("required_core", texts(&self.core)),
                always("required_providers", each(&self.providers, |_, one| one.describe(names))),
                filled("provider_configs", each(&self.configurations, |_, one| one.describe(names))),
                always("managed_resources", each(&self.managed, |_, one| one.describe("managed", names))),
                always("data_resources", each(&self.data, |_, one| one.describe("data", names))),
                always("module_calls", each(&self.calls, |name, one| one.describe(name, names))),
                filled("diagnostics", Node::from(Vec::new())),
            ],
        )
    }
}

impl Place {
    fn describe(&self, names: Names) -> Node {
        let line = i64::try_from(self.line).unwrap_or(i64::MAX);
        record(names, vec![always("filename", text(&self.file)), always("line", Node::from(line))])
    }
}

impl Requirement {
    fn describe(&self, names: Names) -> Node {
        let aliases = if names == Names::Json { "aliases" } else { "configuration_aliases" };
        let references = self.aliases.iter().map(|reference| reference.describe(names)).collect::<Vec<_>>();
        record(
            names,
            vec![
                filled("source", text(&self.source)),
                filled("version_constraints", texts(&self.versions)),
                filled(aliases, Node::from(references)),
            ],
        )
    }
}

impl Resource {
    fn describe(&self, mode: &str, names: Names) -> Node {
        record(
            names,
            vec![
                always("mode", text(mode)),
                always("type", text(&self.kind)),
                always("name", text(&self.name)),
                always("provider", self.provider.describe(names)),
                always("pos", self.place.describe(names)),
            ],
        )
    }
}

impl Call {
    fn describe(&self, name: &str, names: Names) -> Node {
        record(
            names,
            vec![
                always("name", text(name)),
                always("source", text(&self.source)),
                filled("version", text(&self.version)),
                always("pos", self.place.describe(names)),
            ],
        )
    }
}

impl Described {
    fn of(place: Place, body: &Body) -> Described {
        let kind = body.attribute("type").map(|kind| kind.text().unwrap_or_else(|| kind.written.clone()));
        let is_true = |attribute: &Attribute| attribute.value.as_ref().and_then(Node::as_bool) == Some(true);
        Described {
            place,
            kind: kind.unwrap_or_default(),
            description: body.text("description"),
            deprecated: body.text("deprecated"),
            sensitive: body.attribute("sensitive").is_some_and(is_true),
            default: body
                .attribute("default")
                .map(|default| default.value.as_ref().map(Node::sorted).unwrap_or_default()),
        }
    }

    fn variable(&self, name: &str, names: Names) -> Node {
        record(
            names,
            vec![
                always("name", text(name)),
                filled("type", text(&self.kind)),
                filled("description", text(&self.description)),
                always("default", self.default.clone().unwrap_or_default()),
                always("required", Node::from(self.default.is_none())),
                filled("sensitive", Node::from(self.sensitive)),
                filled("deprecated", text(&self.deprecated)),
                always("pos", self.place.describe(names)),
            ],
        )
    }

    fn output(&self, name: &str, names: Names) -> Node {
        record(
            names,
            vec![
                always("name", text(name)),
                filled("description", text(&self.description)),
                filled("sensitive", Node::from(self.sensitive)),
                filled("deprecated", text(&self.deprecated)),
                always("pos", self.place.describe(names)),
                // The reference knows the type of outputs of another kind of configuration only.
                filled("type", text("")),
            ],
        )
    }
}

impl Reference {
    /// `name` or `name.alias`.
    fn parse(written: &str) -> Reference {
        let (name, alias) = written.split_once('.').unwrap_or((written, ""));
        Reference { name: name.trim().to_owned(), alias: alias.trim().to_owned() }
    }

    fn describe(&self, names: Names) -> Node {
        record(names, vec![always("name", text(&self.name)), filled("alias", text(&self.alias))])
    }

    fn key(&self) -> String {
        if self.alias.is_empty() { self.name.clone() } else { format!("{}.{}", self.name, self.alias) }
    }
}

/// The providers in a list, `[aws.x, aws.y]`.
fn references(list: &str) -> Vec<Reference> {
    let tokens = tokens(list);
    let words = tokens.iter().filter_map(|placed| match placed.token {
        Token::Word(word) | Token::Text(word) => Some((placed.start, word)),
        _ => None,
    });
    let mut found: Vec<Reference> = Vec::new();
    for (start, word) in words {
        match found.last_mut().filter(|_| list[..start].ends_with('.')) {
            Some(last) => word.clone_into(&mut last.alias),
            None => found.push(Reference::parse(word)),
        }
    }
    found
}

/// A field: its name in JSON, its value, whether JSON leaves it out when it is empty.
type Field = (&'static str, Node, bool);

fn always(name: &'static str, value: Node) -> Field {
    (name, value, false)
}

fn filled(name: &'static str, value: Node) -> Field {
    (name, value, true)
}

fn record(names: Names, fields: Vec<Field>) -> Node {
    let is_empty = |node: &Node| node.is_empty() || node.as_bool() == Some(false);
    let fields =
        fields.into_iter().filter(|(_, value, optional)| names != Names::Json || !*optional || !is_empty(value));
    let named = fields.map(|(name, value, _)| match names {
        Names::Json => (Arc::from(name), value),
        Names::Yaml => (Arc::from(name.replace('_', "")), value),
        Names::Fields => (field(name), value),
    });
    Node::from(named.collect::<Map>())
}

/// `required_core` as a field: `RequiredCore`.
fn field(name: &str) -> Arc<str> {
    let words = name.split('_').map(|word| {
        let (first, rest) = word.split_at(word.len().min(1));
        first.to_uppercase() + rest
    });
    Arc::from(words.collect::<String>())
}

fn each<T>(all: &BTreeMap<String, T>, describe: impl Fn(&str, &T) -> Node) -> Node {
    Node::from(all.iter().map(|(name, one)| (Arc::from(name.as_str()), describe(name, one))).collect::<Map>())
}

fn text(text: &str) -> Node {
    Node::from(text)
}

fn texts(texts: &[String]) -> Node {
    Node::from(texts.iter().map(|text| Node::from(text.as_str())).collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::value::to_json;

    const MAIN: &str = r#"
terraform {
  required_version = ">= 1.0"
  required_providers {
    aws  = {
      source                = "hashicorp/aws"
      version               = ">= 4.0, < 6"
      configuration_aliases = [aws.x, aws.y]
    }
    null = "~> 3"
  }
}
variable "a" {
  type        = object({ x = string, y = optional(list(number), [1]) }) # behind
  description = "an a"
  default     = { x = "1", y = [1, 2.5] }
  sensitive   = true
  validation {
    condition = length(var.a) > 1
  }
}
variable "b" {}
variable "d" {
  type        = "string"
  description = <<-EOT
    long
    text
  EOT
  deprecated  = "old"
}
variable "e" { default = "a-${upper("b")}" }
output "o" {
  value     = [for k, v in aws_vpc.main : "${k}}" if v != "x"]
  sensitive = true
}
provider "aws" {
  alias   = "y"
  version = "~> 4"
}
resource "aws_vpc" "main" { provider = aws.x }
resource "time_sleep" "s" {}
data "aws_ami" "i" {}
module "label" {
  source  = "cloudposse/label/null"
  version = "0.25.0"
}
check "c" {
  data "http" "h" { url = "x" }
}
"#;

    fn described(files: &[(&str, &str)], names: Names) -> serde_json::Value {
        let mut module = Module::default();
        for (file, text) in files {
            module.read(file, text).unwrap();
        }
        to_json(&module.describe("/m", names))
    }

    #[test]
    fn everything_of_a_module_is_described() {
        let pos = |line: usize| json!({"filename": "main.tf", "line": line});
        let expected = json!({
            "path": "/m",
            "variables": {
                "a": {"name": "a", "type": "object({ x = string, y = optional(list(number), [1]) })", "description": "an a",
                      "default": {"x": "1", "y": [1, 2.5]}, "required": false, "sensitive": true, "pos": pos(13)},
                "b": {"name": "b", "default": null, "required": true, "pos": pos(22)},
                "d": {"name": "d", "type": "string", "description": "long\ntext\n", "default": null, "required": true,
                      "deprecated": "old", "pos": pos(23)},
                "e": {"name": "e", "default": null, "required": false, "pos": pos(31)},
            },
            "outputs": {"o": {"name": "o", "sensitive": true, "pos": pos(32)}},
            "required_core": [">= 1.0"],
            "required_providers": {
                "aws": {"source": "hashicorp/aws", "version_constraints": [">= 4.0, < 6", "~> 4"],
                        "aliases": [{"name": "aws", "alias": "x"}, {"name": "aws", "alias": "y"}]},
                "null": {"version_constraints": ["~> 3"]},
                "time": {},
            },
            "provider_configs": {"aws.y": {"name": "aws", "alias": "y"}},
            "managed_resources": {
                "aws_vpc.main": {"mode": "managed", "type": "aws_vpc", "name": "main",
                                 "provider": {"name": "aws", "alias": "x"}, "pos": pos(40)},
                "time_sleep.s": {"mode": "managed", "type": "time_sleep", "name": "s", "provider": {"name": "time"},
                                 "pos": pos(41)},
            },
            "data_resources": {
                "data.aws_ami.i": {"mode": "data", "type": "aws_ami", "name": "i", "provider": {"name": "aws"}, "pos": pos(42)},
            },
            "module_calls": {"label": {"name": "label", "source": "cloudposse/label/null", "version": "0.25.0", "pos": pos(43)}},
        });
        assert_eq!(described(&[("main.tf", MAIN)], Names::Json), expected);
    }

    #[test]
    fn yaml_names_are_short_and_nothing_is_left_out() {
        let all = described(&[("a.tf", "variable \"v\" {}\nresource \"null_resource\" \"n\" {}")], Names::Yaml);
        let variable = json!({"name": "v", "type": "", "description": "", "default": null, "required": true,
                              "sensitive": false, "deprecated": "", "pos": {"filename": "a.tf", "line": 1}});
        assert_eq!(all["variables"]["v"], variable);
        let provider = json!({"source": "", "versionconstraints": [], "configurationaliases": []});
        assert_eq!(all["requiredproviders"]["null"], provider);
        for empty in ["requiredcore", "diagnostics"] {
            assert_eq!(all[empty], json!([]), "{empty}");
        }
    }

    #[test]
    fn json_says_the_same_and_overrides_win() {
        let text = r#"{"variable": {
          "v": {"type": "list(string)", "default": {"a": [1]}},
          "w": [{"default": "${x}"}]},
          "terraform": {"required_providers": {"aws": {"source": "hashicorp/aws"}}},
          "resource": [{"random_id": {"r": {"provider": "random.z"}}}]}"#;
        let all = described(&[("z.tf.json", text), ("x_override.tf", "variable \"w\" { default = 2 }")], Names::Json);
        let line = |line: usize| json!({"filename": "z.tf.json", "line": line});
        let v = json!({"name": "v", "type": "list(string)", "default": {"a": [1]}, "required": false, "pos": line(2)});
        assert_eq!(all["variables"]["v"], v);
        assert_eq!(all["variables"]["w"]["default"], 2);
        assert_eq!(all["required_providers"]["aws"]["source"], "hashicorp/aws");
        assert_eq!(all["managed_resources"]["random_id.r"]["provider"], json!({"name": "random", "alias": "z"}));
    }
}
