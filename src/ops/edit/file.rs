//! One change in one file.

use std::path::{Path, PathBuf};

use super::Error;
use crate::diag::Result;
use crate::host::{Host, fs};
use crate::validate::editorconfig::EditorConfig;
use crate::value::Node;
use crate::yaml::{self, Step};

/// What became of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    Created,
    Updated,
    Deleted,
    /// Laid out anew, or with `--check` in need of it.
    Formatted,
    /// It was as it should be.
    Nothing,
}

/// What was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Done {
    pub what: What,
    /// The file as people see it.
    pub file: String,
}

/// A file that is to be changed.
pub(super) struct File<'a> {
    host: &'a Host,
    path: PathBuf,
    text: String,
    /// Beginning and line ends as the file has them.
    mark: bool,
    returns: bool,
}

impl<'a> File<'a> {
    /// # Errors
    /// It cannot be read, or is a template.
    pub(super) fn open(host: &'a Host, path: &Path) -> Result<File<'a>> {
        let shown = shown(host, path);
        if path.extension().is_some_and(|extension| extension == "tmpl") {
            return Err(Error::Template { file: shown }.into());
        }
        let failed = |cause| Error::File { act: "read", file: shown.clone(), cause };
        let text = std::fs::read_to_string(path).map_err(failed)?;
        let (mark, returns) = (text.starts_with('\u{feff}'), text.contains("\r\n"));
        let text = text.trim_start_matches('\u{feff}').replace("\r\n", "\n");
        Ok(File { host, path: path.to_owned(), text, mark, returns })
    }

    pub(super) fn shown(&self) -> String {
        shown(self.host, &self.path)
    }

    pub(super) fn get(&self, steps: &[Step]) -> Option<Node> {
        yaml::get(&self.text, steps).ok().flatten()
    }

    /// # Errors
    /// The place cannot be changed alone, or the file cannot be written.
    pub(super) fn set(self, path: &str, steps: &[Step], value: &Node) -> Result<Done> {
        let edited = yaml::set(&self.text, steps, value).map_err(|refused| self.refused(path, &refused))?;
        let what = if edited.created { What::Created } else { What::Updated };
        self.write(&edited.text, what)
    }

    /// # Errors
    /// As [`File::set`].
    pub(super) fn delete(self, path: &str, steps: &[Step]) -> Result<Done> {
        match yaml::delete(&self.text, steps).map_err(|refused| self.refused(path, &refused))? {
            Some(text) => self.write(&text, What::Deleted),
            None => Ok(Done { what: What::Nothing, file: self.shown() }),
        }
    }

    /// Everything that is in the file.
    ///
    /// # Errors
    /// It cannot be read.
    pub(super) fn document(&self) -> Result<Node> {
        let text = std::sync::Arc::from(self.text.as_str());
        Ok(yaml::parse(&self.host.sources, &self.path, &self.host.cwd, text)?)
    }

    /// Lays the file out anew, as `.editorconfig` wants it. With `check` nothing is written.
    ///
    /// # Errors
    /// The file cannot be read as YAML, or not be written.
    pub(super) fn format(mut self, check: bool) -> Result<Done> {
        let rules = EditorConfig::of(self.path.parent().unwrap_or(&self.path)).rules(&self.path);
        let text = yaml::format(&self.text, rules.indent_size()).map_err(|refused| self.unformatted(&refused))?;
        let text = match rules.final_newline() {
            Some(false) => text.trim_end_matches('\n').to_owned(),
            _ => text,
        };
        let returns = rules.carriage_returns().unwrap_or(self.returns);
        if check {
            let what = if text == self.text && returns == self.returns { What::Nothing } else { What::Formatted };
            return Ok(Done { what, file: self.shown() });
        }
        if std::mem::replace(&mut self.returns, returns) != returns {
            // Another text than before whatever else is the same.
            self.text.clear();
        }
        self.write(&text, What::Formatted)
    }

    fn unformatted(&self, refused: &yaml::Refused) -> Error {
        let (line, reason) = (refused.line(), refused.to_string());
        let reason = reason.strip_prefix(&format!("line {line}: ")).unwrap_or(&reason).to_owned();
        Error::Format { file: self.shown(), line, reason }
    }

    fn refused(&self, path: &str, refused: &yaml::Refused) -> Error {
        let (file, line, path) = (self.shown(), refused.line(), path.to_owned());
        let reason = refused.to_string();
        // The line stands in front of it all.
        let reason = reason.strip_prefix(&format!("line {line}: ")).unwrap_or(&reason).to_owned();
        Error::Refused { file, line, path, reason }
    }

    fn write(&self, text: &str, what: What) -> Result<Done> {
        let file = self.shown();
        if text == self.text {
            return Ok(Done { what: What::Nothing, file });
        }
        let text = if self.returns { text.replace('\n', "\r\n") } else { text.to_owned() };
        let text = if self.mark { format!("\u{feff}{text}") } else { text };
        let failed = |cause| Error::File { act: "write", file: file.clone(), cause };
        fs::write_named(&self.path, text.as_bytes(), mode(&self.path)).map_err(failed)?;
        Ok(Done { what, file })
    }
}

/// The permissions that the file has, which the new one gets.
fn mode(path: &Path) -> u32 {
    #[cfg(unix)]
    if let Ok(metadata) = std::fs::metadata(path) {
        return std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o777;
    }
    let _ = path;
    0o644
}

pub(super) fn shown(host: &Host, path: &Path) -> String {
    path.strip_prefix(&host.cwd).unwrap_or(path).display().to_string()
}
