//! A world of fixed content, the one in which the oracle ran its cases.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use crate::span::Sources;
use crate::template::{FileKind, Lookup, Problem, Val, World};
use crate::value::Node;

#[derive(Default)]
pub(super) struct TestWorld {
    pub(super) env: BTreeMap<String, String>,
    pub(super) files: BTreeMap<String, String>,
    pub(super) sources: BTreeMap<String, String>,
    /// A zone other than UTC.
    pub(super) zone: Option<jiff::tz::TimeZone>,
    pub(super) seed: u64,
}

impl World for TestWorld {
    fn variable(&self, name: &str) -> Option<String> {
        self.env.get(name).cloned()
    }

    fn variables(&self) -> Vec<(String, String)> {
        self.env.clone().into_iter().collect()
    }

    fn now(&self) -> jiff::ZonedDateTime {
        "2024-01-02T03:04:05Z"
            .parse::<jiff::Timestamp>()
            .unwrap()
            .to_zoned_datetime(self.zone.clone().unwrap_or(jiff::tz::TimeZone::UTC))
    }

    /// Bytes that look random and are the same every time.
    fn random(&mut self, buffer: &mut [u8]) -> Result<(), Problem> {
        for byte in buffer {
            self.seed = self.seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            *byte = self.seed.to_be_bytes()[0];
        }
        Ok(())
    }

    fn read_file(&mut self, path: &str) -> Result<Vec<u8>, Problem> {
        let text = self
            .files
            .get(path)
            .ok_or_else(|| Problem::new(format!("failed to open {path}: open {path}: no such file or directory")))?;
        Ok(text.clone().into_bytes())
    }

    fn file_kind(&mut self, path: &str) -> Result<Option<FileKind>, Problem> {
        if self.files.contains_key(path) {
            return Ok(Some(FileKind::File));
        }
        let inside = format!("{path}/");
        let is_folder = path == "." || self.files.keys().any(|name| name.starts_with(&inside));
        Ok(is_folder.then_some(FileKind::Folder))
    }

    fn read_dir(&mut self, path: &str) -> Result<Vec<String>, Problem> {
        let inside = if path == "." { String::new() } else { format!("{path}/") };
        let mut names: Vec<String> = self
            .files
            .keys()
            .filter_map(|name| name.strip_prefix(&inside)?.split('/').next().map(str::to_owned))
            .collect();
        names.dedup();
        if names.is_empty() {
            return Err(Problem::new(format!("open {path}: no such file or directory")));
        }
        Ok(names)
    }

    fn lookup(&mut self) -> &mut dyn Lookup {
        self
    }
}

impl Lookup for TestWorld {
    fn data(&mut self, alias: &str, arguments: &[Val]) -> Result<Node, Problem> {
        let text = self.data_text(alias, arguments)?;
        let sources = Sources::default();
        crate::yaml::parse(&sources, Path::new("source"), Path::new(""), Arc::from(text))
            .map_err(|error| Problem::new(error.to_string()))
    }

    fn data_text(&mut self, alias: &str, _arguments: &[Val]) -> Result<String, Problem> {
        let file = self.sources.get(alias).cloned();
        let file = file.ok_or_else(|| Problem::new(format!("Undefined datasource '{alias}'")))?;
        String::from_utf8(self.read_file(&file)?).map_err(|error| Problem::new(error.to_string()))
    }

    fn has_data(&mut self, alias: &str) -> bool {
        self.sources.contains_key(alias)
    }

    fn define_data(&mut self, alias: &str, address: &str) -> Result<(), Problem> {
        self.sources.entry(alias.to_owned()).or_insert_with(|| address.to_owned());
        Ok(())
    }
}
