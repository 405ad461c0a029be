//! What is fuzzed: each target takes bytes, and whatever they say it must come to an end without a panic.
//!
//! The module stands in two programs: in the suite, where every target runs over its seeds and some hundred mutations of
//! them, and in the package `fuzz`, where a fuzzer with coverage feedback drives it (`scripts/fuzz`).

use std::path::{Path, PathBuf};
use std::sync::Arc;

use atmos::component::{self, Filter, Instance};
use atmos::config::{self, Config, Flags};
use atmos::diag::Talk;
use atmos::host::{Dirs, Env, Guard, Host, Policy, Rules, Terminal};
use atmos::merge::{ListStrategy, merge, merge_all, settle};
use atmos::query::Query;
use atmos::span::Sources;
use atmos::stack::StackIndex;
use atmos::template::{self, Nothing, Source, Template};
use atmos::value::{DurationForm, Node, Value, parse_duration};
use atmos::yaml::Wanted;
use atmos::{resolve, yaml, yaml_fn};

/// A line of its own that begins the next file or document of an input.
pub(crate) const CUT: &str = "\n%%%\n";

/// A function that takes any bytes.
pub(crate) type Target = fn(&[u8]);

/// Every target by its name.
pub(crate) const TARGETS: [(&str, Target); 9] = [
    ("manifest", manifest),
    ("near", near),
    ("configuration", configuration),
    ("merge", merging),
    ("yaml", documents),
    ("skim", skim),
    ("template", templates),
    ("query", query),
    ("arguments", arguments),
];

/// The input as text. A fuzzer finds bytes that are no UTF-8 soon enough; beyond that they teach nothing.
fn text(data: &[u8]) -> Option<&str> {
    std::str::from_utf8(data).ok()
}

/// Whether a text could start a program, reach the network, or read the whole disk.
fn leaves_the_sandbox(text: &str) -> bool {
    let lower = text.to_lowercase();
    let remote = ["://", "::", "//", "@", "exec", "github", "gitlab", "bitbucket"];
    // A quoted text may hide any of these behind escapes.
    let hidden = ["..", "\\x", "\\u", "\\/", "!!binary", "\"/", "'/", "[/", "{/", ",/", " /", "\n/"];
    remote.iter().chain(&hidden).any(|part| lower.contains(part))
}

fn read(sources: &Sources, text: &str) -> Option<Node> {
    yaml::parse(sources, Path::new("/r/a.yaml"), Path::new("/r"), Arc::from(text)).ok()
}

/// A repository in a temporary directory, kept for the life of the process.
struct Repository {
    root: PathBuf,
}

impl Repository {
    fn new(name: &str) -> Repository {
        let root = std::env::temp_dir().join(format!("atmos-fuzz-{name}-{}", std::process::id()));
        for folder in ["stacks/orgs", "stacks/catalog", "home", "cache", "atmos.d"] {
            std::fs::create_dir_all(root.join(folder)).expect("folders");
        }
        Repository { root: root.canonicalize().expect("a folder that was just made") }
    }

    fn write(&self, path: &str, text: &str) {
        std::fs::write(self.root.join(path), text).expect("a file of our own");
    }

    /// What is in the manifests of an input: one of a stack, and two that it may import.
    fn load(&self, config: &Config, text: &str) -> Option<(Host, StackIndex, Vec<Instance>)> {
        let mut parts = text.splitn(3, CUT);
        for path in ["stacks/orgs/x.yaml", "stacks/catalog/a.yaml", "stacks/catalog/b.yaml"] {
            self.write(path, parts.next().unwrap_or_default());
        }
        let host = self.host();
        let index = StackIndex::load(&host, config).ok()?;
        let instances = component::all(&host, config, &index, &Filter::default()).ok()?;
        Some((host, index, instances))
    }

    fn host(&self) -> Host {
        let guard = Arc::<Guard>::default();
        // Data sources must not ask anybody.
        guard.set(Rules { outside_reads: Policy::Deny, inside: vec![self.root.clone()], ..Rules::default() });
        Host {
            guard,
            env: Env::default(),
            cwd: self.root.clone(),
            dirs: Dirs { home: self.root.join("home"), cache: self.root.join("cache"), ..Dirs::default() },
            terminal: Terminal::default(),
            exe: PathBuf::new(),
            talk: Talk::silent(),
            masker: Arc::default(),
            sources: Arc::default(),
        }
    }
}

impl Drop for Repository {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.root);
    }
}

const ATMOS_YAML: &str = "\
base_path: .
stacks: {base_path: stacks, included_paths: ['orgs/**/*'], excluded_paths: ['**/_*'], name_pattern: '{tenant}-{stage}'}
components: {terraform: {base_path: components/terraform}, helmfile: {base_path: components/helmfile}}
templates: {settings: {enabled: true, sprig: {enabled: true}, gomplate: {enabled: true}}}
";

std::thread_local! {
    static MANIFESTS: (Repository, Config) = {
        let repository = Repository::new("manifest");
        repository.write("atmos.yaml", ATMOS_YAML);
        let config = config::load(&repository.host(), &Flags::default()).expect("a configuration of our own");
        (repository, config)
    };
    static NEAR: (Repository, Config) = {
        let repository = Repository::new("near");
        repository.write("atmos.yaml", ATMOS_YAML);
        // Enough stacks with other names, so that it is worth it to tell them from their lines.
        for number in 0..12 {
            let text = format!("import:\n  - catalog/own\nvars:\n  stage: s{number}\n");
            repository.write(&format!("stacks/orgs/o{number}.yaml"), &text);
        }
        repository.write("stacks/catalog/own.yaml", "vars:\n  tenant: core\ncomponents: {terraform: {own: {}}}\n");
        let config = config::load(&repository.host(), &Flags::default()).expect("a configuration of our own");
        (repository, config)
    };
    static CONFIGURATIONS: Repository = Repository::new("configuration");
}

/// A manifest with up to two files that it may import, down to the printed components.
fn manifest(data: &[u8]) {
    let Some(text) = text(data).filter(|text| !leaves_the_sandbox(text)) else { return };
    MANIFESTS.with(|(repository, config)| {
        let Some((host, index, instances)) = repository.load(config, text) else { return };
        for instance in instances {
            let found =
                component::find(&host, config, &index, &instance.name, &instance.stack, Some(instance.kind.clone()));
            if let Err(error) = &found {
                let _ = error.to_string();
            }
            if let Some(node) = evaluated(&host, config, &index, &instance) {
                let _ = (yaml::emit(&node, 2), yaml::try_emit_json(&node));
            }
        }
    });
}

fn evaluated(host: &Host, config: &Config, index: &StackIndex, instance: &Instance) -> Option<Node> {
    // Functions start programs; garbage must not.
    let options = resolve::Options { process_functions: false, ..resolve::Options::default() };
    let memo = resolve::Memo::default();
    let (reach, identities) = (&atmos::state::Denied, &resolve::Nobody);
    let evaluator = resolve::Evaluator { host, config, index, memo: &memo, reach, identities };
    Some(Node::from(evaluator.evaluate(instance, &options).ok()?.to_map()))
}

/// A component that is found in the few stacks whose lines may have the name is the one that is found in all of them.
fn near(data: &[u8]) {
    let Some(text) = text(data).filter(|text| !leaves_the_sandbox(text)) else { return };
    NEAR.with(|(repository, config)| {
        let Some((host, index, instances)) = repository.load(config, text) else { return };
        for one in instances {
            let (name, stack, kind) = (&one.name, &one.stack, Some(one.kind.clone()));
            let Some((found, few)) = component::near(&host, config, name, stack, kind.clone()) else { continue };
            let whole = component::find(&host, config, &index, name, stack, kind).expect("one that is listed");
            let few = evaluated(&host, config, &few, &found).map(|node| yaml::emit_json(&node));
            let all = evaluated(&host, config, &index, &whole).map(|node| yaml::emit_json(&node));
            assert_eq!(few, all, "another `{name}` in `{stack}`");
        }
    });
}

/// `atmos.yaml`, and a file of `atmos.d`.
fn configuration(data: &[u8]) {
    let Some(text) = text(data).filter(|text| !leaves_the_sandbox(text)) else { return };
    CONFIGURATIONS.with(|repository| {
        let (main, other) = text.split_once(CUT).unwrap_or((text, ""));
        repository.write("atmos.yaml", main);
        repository.write("atmos.d/b.yaml", other);
        match config::load(&repository.host(), &Flags::default()) {
            Ok(config) => drop(format!("{config:?}")),
            Err(error) => drop(error.to_string()),
        }
    });
}

/// Layers: the merge changes none of them, a strategy that replaces settles at once, and the result is a document.
fn merging(data: &[u8]) {
    let Some(text) = text(data) else { return };
    let sources = Sources::new();
    let layers: Vec<Node> = text.splitn(4, CUT).filter_map(|part| read(&sources, part)).collect();
    for strategy in [ListStrategy::Replace, ListStrategy::Append, ListStrategy::Merge] {
        let before: Vec<String> = layers.iter().map(yaml::emit_json).collect();
        let merged = merge_all(&layers, strategy);
        let after: Vec<String> = layers.iter().map(yaml::emit_json).collect();
        assert_eq!(before, after, "a merge changed its layers");
        let settled = settle(&merged);
        assert_eq!(settle(&settled), settled, "settling twice changes something");
        if strategy == ListStrategy::Replace && !has_functions(&merged) {
            assert_eq!(merge(&merged, &merged, strategy), merged, "a merge with itself changes something");
        }
    }
}

/// Whether a value of the tree is one of these.
fn any(node: &Node, is: &dyn Fn(&Value) -> bool) -> bool {
    is(&node.value)
        || match &node.value {
            Value::List(list) => list.iter().any(|item| any(item, is)),
            Value::Map(map) => map.values().any(|item| any(item, is)),
            _ => false,
        }
}

fn has_functions(node: &Node) -> bool {
    any(node, &|value| matches!(value, Value::Function(_)))
}

/// A document that was read, written, and read again is the same document.
fn documents(data: &[u8]) {
    let Some(text) = text(data) else { return };
    let sources = Sources::new();
    let Some(node) = read(&sources, text) else { return };
    let written = yaml::emit(&node, 2);
    let back = read(&sources, &written).unwrap_or_else(|| panic!("what was written cannot be read:\n{written}"));
    // A float that is minus zero is written `-0`, which is an integer when it is read.
    let minus_zero = any(&node, &|value| matches!(value, Value::Float(number) if *number == 0.0));
    if minus_zero {
        return;
    }
    assert_eq!(yaml::emit(&back, 2), written, "the second output differs");
    if !has_functions(&node) {
        assert_eq!(yaml::emit_json(&back), yaml::emit_json(&node), "other values came back from:\n{written}");
    }
    if let Ok(json) = yaml::try_emit_json(&node) {
        let _: serde_json::Value = serde_json::from_str(&json).expect("JSON that others can read");
    }
}

/// What is not wanted is left out, and nothing else: the rest is the same, and so is every error.
fn skim(data: &[u8]) {
    let Some(text) = text(data) else { return };
    let (path, cwd) = (Path::new("/r/a.yaml"), Path::new("/r"));
    let wanted = |path: &[&str]| match path.last().map_or(0, |key| key.len() % 3) {
        1 => Wanted::Nothing,
        2 => Wanted::Type,
        _ => Wanted::All,
    };
    let whole = yaml::parse_manifest(&Sources::new(), path, cwd, Arc::from(text), None);
    let skimmed = yaml::skim_manifest(&Sources::new(), path, cwd, Arc::from(text), None, &wanted);
    match (whole, skimmed) {
        (Ok(whole), Ok(skimmed)) => {
            assert!(is_kept(&whole, &skimmed, &mut Vec::new(), &wanted), "{whole:?} {skimmed:?}");
        }
        (whole, skimmed) => assert_eq!(whole.map_err(|e| e.to_string()), skimmed.map_err(|e| e.to_string())),
    }
}

/// Whether all that is wanted of a document is in the other one.
fn is_kept<'n>(whole: &'n Node, kept: &Node, path: &mut Vec<&'n str>, wanted: &dyn Fn(&[&str]) -> Wanted) -> bool {
    let (Value::Map(whole), Value::Map(kept)) = (&whole.value, &kept.value) else { return whole == kept };
    whole.len() == kept.len()
        && whole.iter().all(|(key, node)| {
            let Some(other) = kept.get(key) else { return false };
            path.push(key);
            let is_fine = match wanted(path) {
                Wanted::Nothing => true,
                Wanted::Type if node.as_map().is_some() => other.as_map().is_some(),
                _ => is_kept(node, other, path, wanted),
            };
            path.pop();
            is_fine
        })
}

fn sample(sources: &Sources) -> Node {
    let text =
        "a: {b: [1, 2.5, x, null, {c: true}], d: text}\nlist: [3, 1, 2]\nvars: {stage: dev, n: 7}\nlocals: {l: v}\n";
    read(sources, text).unwrap_or_default()
}

fn templates(data: &[u8]) {
    let Some(text) = text(data) else { return };
    let Ok(template) = Template::parse(&Source::new("fuzz", text)) else { return };
    let _ = template.reads();
    // Small bounds: a fuzzer is after panics, and would spend its time on the largest output that is allowed.
    let limits = template::Limits { steps: 20_000, output: 1 << 16, memory: 1 << 22, ..template::Limits::default() };
    let options = template::Options { limits, ..template::Options::default() };
    if let Err(error) = template.render(sample(&Sources::new()), &options, &mut Nothing) {
        let _ = error.to_string();
    }
}

fn query(data: &[u8]) {
    let Some(text) = text(data) else { return };
    match Query::parse(text) {
        Ok(query) => drop(query.evaluate(&sample(&Sources::new())).map_err(|error| error.to_string())),
        Err(error) => drop(error.to_string()),
    }
}

/// Texts with a small grammar of their own.
fn arguments(data: &[u8]) {
    let Some(text) = text(data) else { return };
    let _ = yaml_fn::words(text);
    let _ = yaml_fn::Arguments::parse(text, &["default", "query"]);
    let _ = config::env_argument(text);
    let _ = atmos::stack::glob_matches(text, "orgs/acme/dev.yaml");
    let _ = atmos::stack::pattern_name(text, |token| Some(token.to_owned()));
    for form in [DurationForm::Go, DurationForm::DaysAndSeconds] {
        let _ = parse_duration(text, form);
    }
    let _ = yaml::plain_scalar(text);
}
