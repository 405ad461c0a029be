//! What `validate config` says of a configuration that can be used: old keys, and defaults that surprise.

use super::defaults::{self, WITHOUT_FILE};
use super::environment::variable_of;
use super::model::{Config, Shared};
use crate::content;
use crate::diag::Warning;
use crate::host::Host;
use crate::value::{Node, to_json};

/// Old keys and what stands for them now. A star is any key.
const DEPRECATED: [(&str, &str); 9] = [
    ("auth.providers.*.provider_type", "`driver`"),
    ("components.helmfile.cluster_name_pattern", "`components.helmfile.cluster_name_template`"),
    ("components.helmfile.helm_aws_profile_pattern", "an identity (`--identity`, `auth.identities`)"),
    ("docs.max-width", "`settings.terminal.max_width`"),
    ("docs.pagination", "`settings.terminal.pager`"),
    ("settings.docs.max-width", "`settings.terminal.max_width`"),
    ("settings.docs.pagination", "`settings.terminal.pager`"),
    ("settings.terminal.no_color", "`settings.terminal.color` with the opposite value"),
    ("stacks.name_pattern", "`stacks.name_template`"),
];

/// The same for lists of providers of versions, whose old key is as short as it is common elsewhere.
const VERSION_PROVIDERS: (&str, &str) = ("version.providers.*.type", "`kind`");

/// A setting whose default depends on whether a configuration file exists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InForce {
    pub key: &'static str,
    /// As JSON; empty when nothing is in force.
    pub value: String,
    /// Who said so.
    pub why: String,
}

/// A rule about what functions may do.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct PolicyInForce {
    pub key: &'static str,
    pub value: String,
    /// A variable, `file:line:column`, or `default`.
    pub set_by: String,
    /// What it is about.
    pub about: &'static str,
}

const GENERATED: &str = "templates.settings.allow_generated_functions";

impl Config {
    /// `templates.settings.allow_generated_functions`: text that a template made may run as a YAML function, and what was read
    /// may be a template.
    pub fn allows_generated_functions(&self) -> bool {
        let path = ["templates", "settings", "allow_generated_functions"];
        self.document.get_path(path).and_then(Node::as_bool) == Some(true)
    }

    /// What a template of a component begins with, unless data may be templates.
    pub fn opening(&self) -> Option<&str> {
        (!self.allows_generated_functions()).then(|| self.templates.opening())
    }

    /// What components merge of the configuration.
    pub fn shared(&self) -> &Shared {
        self.shared.get_or_init(|| {
            let github = self.document.get_path(["integrations", "github"]);
            Shared {
                env: content::literal_data(&self.env, self.opening()),
                auth: content::literal_data(&self.auth, self.opening()),
                github: github.map(|node| content::literal_data(node, self.opening())),
            }
        })
    }

    /// Warnings about keys that still work and should be replaced, each with its place.
    pub fn deprecations(&self, host: &Host) -> Vec<Warning> {
        let mut warnings = Vec::new();
        for (pattern, instead) in DEPRECATED.iter().chain([&VERSION_PROVIDERS]) {
            let path: Vec<&str> = pattern.split('.').collect();
            for (key, node) in matches(&self.document, &path, String::new()) {
                // Defaults and variables are nobody's old files.
                let Some(place) = host.sources.place(node.span) else { continue };
                let message = format!("{key} is deprecated");
                warnings
                    .push(Warning::new("atmos::config::deprecated", message).at(place).help(format!("use {instead}")));
            }
        }
        warnings
    }

    /// Which value is in force, and why, for every setting whose default depends on whether a file exists.
    pub fn in_force(&self, host: &Host) -> Vec<InForce> {
        let without_file = defaults::without_file();
        let mut rows: Vec<InForce> = WITHOUT_FILE
            .iter()
            .map(|(key, _)| {
                let path = || key.split('.');
                let node = self.document.get_path(path());
                let other = without_file.get_path(path()).map(shown).unwrap_or_default();
                InForce { key, value: node.map(shown).unwrap_or_default(), why: self.why(host, key, node, &other) }
            })
            .collect();
        rows.sort_by_key(|row| row.key);
        rows
    }

    /// What functions of manifests may do, and who said so.
    pub fn policies(&self, host: &Host) -> Vec<PolicyInForce> {
        let generated = self.document.get_path(GENERATED.split('.')).and_then(Node::as_bool) == Some(true);
        let functions = &self.settings.functions;
        [
            ("settings.functions.exec", functions.exec.to_string(), "programs that `!exec` and `atmos.Resolve` start"),
            (
                "settings.functions.outside_reads",
                functions.outside_reads.to_string(),
                "files that are not of the repository, and other machines",
            ),
            (
                "settings.functions.exec_output_limit",
                functions.exec_output.to_string(),
                "what one command of `!exec` may print",
            ),
            (GENERATED, generated.to_string(), "functions that templates and values from elsewhere make"),
        ]
        .into_iter()
        .map(|(key, value, about)| {
            let variable = variable_of(key).find(|variable| self.variable(host, variable).is_some());
            let place = || host.sources.place(self.document.get_path(key.split('.'))?.span);
            let written = || place().map_or_else(|| "default".to_owned(), |place| place.to_string());
            PolicyInForce { key, value, set_by: variable.map_or_else(written, str::to_owned), about }
        })
        .collect()
    }

    fn why(&self, host: &Host, key: &str, node: Option<&Node>, other: &str) -> String {
        if let Some(variable) = variable_of(key).find(|variable| self.variable(host, variable).is_some()) {
            return variable.to_owned();
        }
        match node.and_then(|node| host.sources.place(node.span)) {
            Some(place) => place.to_string(),
            None if self.found => format!("default where a configuration file exists (without one: {other})"),
            None => "default where no configuration file exists".to_owned(),
        }
    }
}

fn shown(node: &Node) -> String {
    to_json(node).to_string()
}

/// The nodes behind a path with stars, with the keys that led there.
fn matches<'a>(node: &'a Node, path: &[&str], trail: String) -> Vec<(String, &'a Node)> {
    let Some((first, rest)) = path.split_first() else { return vec![(trail, node)] };
    let Some(map) = node.as_map() else { return Vec::new() };
    let wanted = map.iter().filter(|(key, _)| *first == "*" || &***key == *first);
    wanted
        .flat_map(|(key, item)| {
            let trail = if trail.is_empty() { key.to_string() } else { format!("{trail}.{key}") };
            matches(item, rest, trail)
        })
        .collect()
}
