//! Command-line flags that select or change the configuration.

use std::path::PathBuf;

use crate::value::{Map, Node};

/// Global flags as the command line gave them; empty or `None` where it did not. Paths are relative to the working
/// directory.
#[derive(Debug, Clone, Default)]
pub struct Flags {
    /// `--config`: files instead of discovery, merged left to right.
    pub config_files: Vec<PathBuf>,
    /// `--config-path`: directories, merged after all files.
    pub config_paths: Vec<PathBuf>,
    /// `--base-path`.
    pub base_path: Option<String>,
    /// `--profile`, left to right.
    pub profiles: Vec<String>,
    /// `--logs-level`.
    pub logs_level: Option<String>,
    /// `--logs-file`.
    pub logs_file: Option<String>,
    /// `--pager`.
    pub pager: Option<String>,
    /// `--settings-list-merge-strategy`.
    pub list_merge_strategy: Option<String>,
    /// `--edition`.
    pub edition: Option<String>,
    /// `--use-version`: asked for another version, so an unmet `version.constraint` only warns.
    pub use_version: Option<String>,
}

impl Flags {
    /// The topmost layer of the configuration.
    pub(super) fn layer(&self) -> Node {
        let mut root = Map::default();
        let values = [
            ("logs", "level", &self.logs_level),
            ("logs", "file", &self.logs_file),
            ("settings", "list_merge_strategy", &self.list_merge_strategy),
        ];
        for (section, key, value) in values {
            if let Some(value) = value.as_deref().filter(|value| !value.is_empty()) {
                root.entry(section.into()).or_insert_with(Node::empty_map).make_map().insert(key.into(), value.into());
            }
        }
        if let Some(pager) = self.pager.as_deref().filter(|pager| !pager.is_empty()) {
            let settings = root.entry("settings".into()).or_insert_with(Node::empty_map).make_map();
            let terminal = settings.entry("terminal".into()).or_insert_with(Node::empty_map).make_map();
            terminal.insert("pager".into(), pager.into());
        }
        Node::from(root)
    }
}
