//! A repository in a temporary directory, for the tests of this module and of those above it.

use std::path::PathBuf;
use std::sync::Arc;

use serde_json::Value as Json;

use crate::config::{self, Config};
use crate::diag::Talk;
use crate::host::{Dirs, Env, Host, Terminal};
use crate::value::{Function, Node, Value, to_json};

/// Files, host and configuration of a test repository.
pub(crate) struct Fixture {
    _directory: tempfile::TempDir,
    pub host: Host,
}

/// What every test repository has unless it brings its own `atmos.yaml`.
const ATMOS_YAML: &str = "\
base_path: .
stacks: {base_path: stacks, included_paths: ['orgs/**/*'], excluded_paths: ['**/_*'], name_pattern: '{tenant}-{stage}'}
components:
  terraform: {base_path: components/terraform}
  helmfile: {base_path: components/helmfile}
";

impl Fixture {
    /// A repository with these files.
    pub(crate) fn new(files: &[(&str, &str)]) -> Fixture {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path().canonicalize().unwrap();
        for (path, text) in [("atmos.yaml", ATMOS_YAML)].iter().chain(files) {
            let path = root.join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        let host = Host {
            guard: Arc::default(),
            env: Env::default(),
            cwd: root.clone(),
            dirs: Dirs { home: root.join("home"), cache: root.join("cache"), ..Dirs::default() },
            terminal: Terminal::default(),
            exe: PathBuf::new(),
            talk: Talk::silent(),
            masker: Arc::default(),
            sources: Arc::default(),
        };
        Fixture { _directory: directory, host }
    }

    pub(crate) fn config(&self) -> Config {
        config::load(&self.host, &config::Flags::default()).unwrap()
    }
}

/// A value with the tags of what is data, which nobody gets to see otherwise.
pub(crate) fn tagged(node: &Node) -> Json {
    fn without_places(node: &Node) -> Node {
        Node::from(match &node.value {
            Value::Map(map) => {
                Value::Map(Arc::new(map.iter().map(|(key, item)| (key.clone(), without_places(item))).collect()))
            }
            Value::List(list) => Value::List(Arc::new(list.iter().map(without_places).collect())),
            Value::Function(function) => {
                let argument = without_places(&function.argument);
                Value::Function(Arc::new(Function { tag: function.tag.clone(), argument }))
            }
            other => other.clone(),
        })
    }
    to_json(&without_places(node))
}
