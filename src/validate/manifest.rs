//! Checks of one manifest: the schema, and what its values are.

use std::path::Path as File;

use super::finding::{Finding, Findings, SCHEMA, Severity, Site};
use super::place;
use super::schema::Schema;
use super::violation::{shown, value_at};
use crate::component::Kind;
use crate::config::Config;
use crate::content;
use crate::diag::{Warning, nearest};
use crate::host::Host;
use crate::resolve;
use crate::span::{FileId, Sources, Span};
use crate::stack::{StackIndex, Surveyed};
use crate::value::{Function, Map, Node, Path, Value};
use crate::yaml_fn;

/// Sections whose values reach components.
const EVALUATED: [&str; 11] = [
    "vars",
    "settings",
    "env",
    "components",
    "overrides",
    "terraform",
    "helmfile",
    "packer",
    "ansible",
    "kubernetes",
    "helm",
];

/// Checks one manifest after the other with the same settings.
pub(super) struct Checker<'a> {
    pub host: &'a Host,
    pub config: &'a Config,
    pub schema: &'a Schema,
}

impl Checker<'_> {
    /// Everything that there is to say of a manifest alone.
    pub(super) fn check(&self, manifest: &Surveyed) -> Vec<Finding> {
        let mut look = Look {
            checker: self,
            own: manifest.node.span.file,
            evaluated: false,
            path: Path::new(),
            found: self.against_schema(manifest),
        };
        look.top(manifest);
        look.includes();
        look.found
    }

    fn against_schema(&self, manifest: &Surveyed) -> Vec<Finding> {
        let sources = &self.host.sources;
        let site = |span: Span| Site::at(sources, span);
        let mut found = Vec::new();
        for violation in self.schema.violations(&manifest.node) {
            let Some(node) = value_at(&manifest.node, &violation.path) else { continue };
            let span = match &violation.key {
                Some(key) => place::of_key(sources, node, key),
                None => node.span,
            };
            let message = format!("{}: {}", shown(&violation.path), violation.message);
            found.push(Finding::new(Severity::Error, SCHEMA, message, site(span)).help(violation.help));
        }
        found.extend(self.deprecated(manifest));
        found
    }

    /// Keys that have been replaced by others.
    fn deprecated(&self, manifest: &Surveyed) -> Vec<Finding> {
        let sources = &self.host.sources;
        let mut found = Vec::new();
        for (path, replacement) in self.schema.deprecated(&manifest.node) {
            let Some((key, outer)) = path.split_last() else { continue };
            let Some(container) = manifest.node.get_path(outer.iter().map(String::as_str)) else { continue };
            let replacement = match container.get(key).filter(|_| key == "depends_on").map(instead_of_depends_on) {
                Some(instead) if replacement.is_some() && !instead.is_empty() => Some(instead),
                _ => replacement,
            };
            let instead = replacement.map(|instead| format!("; use `{instead}`")).unwrap_or_default();
            let message = format!("`{}` is deprecated{instead}", path.join("."));
            let at = Site::at(sources, place::of_key(sources, container, key));
            found.push(Finding::new(Severity::Warning, "atmos::validate::deprecated", message, at));
        }
        found
    }
}

/// The sections that take what entries of `depends_on` say.
fn instead_of_depends_on(entries: &Node) -> String {
    let of_list = entries.as_list().into_iter().flatten();
    let entries: Vec<&Node> = entries.as_map().into_iter().flat_map(|map| map.values()).chain(of_list).collect();
    let has = |key: &str| entries.iter().any(|entry| entry.get(key).is_some());
    let sections = [("component", "components"), ("file", "files"), ("folder", "folders")];
    let used = sections.into_iter().filter(|(key, _)| has(key)).map(|(_, section)| format!("dependencies.{section}"));
    used.collect::<Vec<_>>().join("`, `")
}

/// What the manifests of all stacks have that is deprecated, by place: for commands that do not check anything else.
pub fn deprecations(host: &Host, config: &Config, schema: &Schema, index: &StackIndex) -> Vec<Warning> {
    // Merging all stacks costs something, and most repositories have nothing of the kind.
    let names: Vec<&str> = schema.deprecated_names().into_iter().collect();
    if !host.sources.mention(&names) {
        return Vec::new();
    }
    let checker = Checker { host, config, schema };
    let mut findings = Findings::default();
    for manifest in &index.survey(&[]).manifests {
        findings.extend(checker.deprecated(manifest));
    }
    let warning = |finding: Finding| {
        let place = finding.site.map(|site| site.to_string());
        Warning { place, ..Warning::new("atmos::validate::deprecated", finding.message) }
    };
    findings.finish().into_iter().map(warning).collect()
}

/// The walk over the values of one manifest.
struct Look<'c, 'a> {
    checker: &'c Checker<'a>,
    /// The manifest itself; values of other files were included.
    own: FileId,
    /// Whether values here reach components.
    evaluated: bool,
    path: Path,
    found: Vec<Finding>,
}

impl Look<'_, '_> {
    fn sources(&self) -> &Sources {
        &self.checker.host.sources
    }

    fn add(&mut self, severity: Severity, code: &str, message: String, span: Span, help: &str) {
        let site = Site::at(self.sources(), span);
        self.found.push(Finding::new(severity, code, message, site).help(Some(help.to_owned())));
    }

    fn top(&mut self, manifest: &Surveyed) {
        for (key, node) in manifest.node.as_map().into_iter().flatten() {
            self.unknown(manifest, key);
            self.evaluated = manifest.used && EVALUATED.contains(&&**key);
            self.path.push_key(key);
            self.node(node);
            self.path.pop();
        }
        self.kinds(manifest);
        for key in ["required_version", "required_providers"] {
            let Some(section) = manifest.node.get("terraform").filter(|section| section.get(key).is_some()) else {
                continue;
            };
            let span = place::of_key(self.sources(), section, key);
            let message = format!("`terraform.{key}` has no effect: only components, bases and overrides have it");
            let help = format!("move `{key}` into the components, or into a base that they inherit");
            self.add(Severity::Warning, "atmos::validate::no_effect", message, span, &help);
        }
    }

    /// A key at the top that means nothing and looks like one that does.
    fn unknown(&mut self, manifest: &Surveyed, key: &str) {
        if key.starts_with(['.', '_']) || key.starts_with("x-") {
            return;
        }
        let known = || self.checker.schema.top_keys();
        if known().any(|known| known == key) {
            return;
        }
        let Some(near) = nearest(key, known()) else { return };
        let (message, help) =
            (format!("the key `{key}` means nothing at the top of a manifest"), format!("did you mean `{near}`?"));
        let span = place::of_key(self.sources(), &manifest.node, key);
        self.add(Severity::Warning, "atmos::validate::unknown_key", message, span, &help);
    }

    /// Kinds of components that nothing runs, and that look like one that something does.
    fn kinds(&mut self, manifest: &Surveyed) {
        let Some(kinds) = manifest.node.get("components") else { return };
        let searched = Kind::searched();
        for key in kinds.as_map().into_iter().flat_map(Map::keys) {
            let known = || searched.iter().map(Kind::key);
            if key.starts_with(['.', '_']) || key.starts_with("x-") || known().any(|known| known == &**key) {
                continue;
            }
            let Some(near) = nearest(key, known()) else { continue };
            let message = format!("`components.{key}` is no kind of components that atmos runs");
            let span = place::of_key(self.sources(), kinds, key);
            let help = format!("did you mean `{near}`?");
            self.add(Severity::Warning, "atmos::validate::unknown_kind", message, span, &help);
        }
    }

    fn node(&mut self, node: &Node) {
        match &node.value {
            Value::Map(map) if map.is_empty() => self.date(node),
            Value::Map(map) => {
                for (key, item) in map.iter() {
                    self.path.push_key(key);
                    self.node(item);
                    self.path.pop();
                }
            }
            Value::List(list) => {
                for (index, item) in list.iter().enumerate() {
                    self.path.push_index(index);
                    self.node(item);
                    self.path.pop();
                }
            }
            Value::String(text) => self.text(text, node),
            Value::Function(function) => self.function(function, node),
            Value::Float(number) if !number.is_finite() => {
                let message = format!("`{}` is a number that JSON has not, so that nothing can take it", self.path);
                let help = "write a finite number, or quote it to keep it as text";
                self.add(Severity::Error, "atmos::validate::not_json", message, node.span, help);
            }
            _ => {}
        }
    }

    /// What the file has at a place of its own.
    fn written(&self, span: Span) -> Option<String> {
        let place = self.sources().place(span).filter(|_| span.file == self.own)?;
        Some(place.source.text[place.offset()..].chars().take(2).collect())
    }

    fn date(&mut self, node: &Node) {
        if self.written(node.span).is_some_and(|text| text.starts_with(|c: char| c.is_ascii_digit())) {
            let message = format!("the unquoted date at `{}` becomes an empty map", self.path);
            let help = "quote it to keep it as text";
            self.add(Severity::Warning, "atmos::validate::date", message, node.span, help);
        }
    }

    fn text(&mut self, text: &str, node: &Node) {
        if let Some((tag, _)) = yaml_fn::written_as_function(text)
            && self.written(node.span).is_some_and(|start| matches!(start.as_str(), "'!" | "\"!"))
        {
            let message = format!("the quoted text at `{}` runs as the YAML function {tag}", self.path);
            let help = format!("write `{tag} …` without quotes around the tag; `!literal` keeps a text as it is");
            self.add(Severity::Warning, "atmos::validate::quoted_function", message, node.span, &help);
        }
        if self.evaluated && text.contains('{') {
            let place = self.sources().place(node.span);
            let name = self.path.to_string();
            if let Some(error) = resolve::template_fault(self.checker.config, &name, text, place) {
                self.found.push(Finding::error(self.sources(), &error, node.span));
            }
        }
    }

    fn function(&mut self, function: &Function, node: &Node) {
        let tag = &*function.tag;
        if !yaml_fn::is_supported(tag) {
            let supported = yaml_fn::supported();
            let message = format!("unsupported YAML tag: '{tag}' at `{}`. Supported tags are: {supported}", self.path);
            let near = nearest(tag, supported.split(", ")).map(|near| format!("did you mean `{near}`?"));
            let help =
                near.unwrap_or_else(|| "use one of these tags, or quote the value to keep it as text".to_owned());
            self.add(Severity::Error, "atmos::validate::unsupported_tag", message, node.span, &help);
        }
        match &function.argument.value {
            Value::String(text) if self.evaluated && tag != "!literal" => self.text(text, &function.argument),
            Value::String(_) => {}
            _ => self.node(&function.argument),
        }
    }

    /// Included files that are looked up from where the program was started.
    fn includes(&mut self) {
        let host = self.checker.host;
        let Some(source) = host.sources.get(self.own).filter(|source| source.text.contains("!include")) else { return };
        // The document has their content in their place, so that the text is read once more.
        let again = Sources::new();
        let Ok(node) = crate::yaml::parse_manifest(&again, &source.path, &host.cwd, source.text.clone(), None) else {
            return;
        };
        let mut places = Vec::new();
        included(&node, &mut places);
        for (span, argument) in places {
            let Some((name, _)) = content::split_argument(&argument) else { continue };
            let bare =
                !name.starts_with('.') && !name.starts_with('/') && !name.contains("://") && !name.contains("{{");
            let here = host.absolute(File::new(&name));
            if !bare || !here.is_file() || here == crate::host::fs::clean(&self.checker.config.base_path.join(&name)) {
                continue;
            }
            let message =
                format!("'{name}' is found below the working directory, before it is looked up in `base_path`");
            let help = "begin the path with `./` or `../`: then it is relative to this manifest";
            let span = Span { file: self.own, ..span };
            self.add(Severity::Warning, "atmos::validate::include_path", message, span, help);
        }
    }
}

/// The arguments of all includes with their places.
fn included(node: &Node, found: &mut Vec<(Span, String)>) {
    match &node.value {
        Value::Map(map) => map.values().for_each(|item| included(item, found)),
        Value::List(list) => list.iter().for_each(|item| included(item, found)),
        Value::Function(function) if matches!(&*function.tag, "!include" | "!include.raw") => {
            found.extend(function.argument.as_str().map(|text| (node.span, text.to_owned())));
        }
        _ => {}
    }
}
