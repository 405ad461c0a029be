//! What the entries of an `import` section mean while files are merged: which files, in which frame, and what is wrong
//! with them.

use std::borrow::Cow;

use super::error::{Error, Located};
use super::file::{self, Entry, File};
use super::frame::Frame;
use super::glob;
use super::import::{self, Import, Target};
use super::merged::{Merger, Paths};
use crate::diag::nearest;

/// Imports deeper than this are refused; no real repository comes near.
const DEPTH: usize = 64;

/// The files of one entry.
pub(crate) struct Targets<'e> {
    pub files: Cow<'e, [usize]>,
    /// Whether the path was rendered from what is imported before the entry.
    pub by_paths: bool,
}

impl Merger<'_> {
    /// The files that an entry imports; none for what may be missing.
    pub(crate) fn targets<'e>(&self, file: &File, entry: &'e Entry, paths: &Paths<'_>) -> Result<Targets<'e>, Error> {
        if !matches!(entry.target, Target::Template) {
            let files = self.files.of_entry(self.host, self.layout, entry);
            self.check_target(file, &entry.import, &entry.target)?;
            return Ok(Targets { files: Cow::Borrowed(files), by_paths: false });
        }
        let rendered = self.rendered_path(file, &entry.import, paths)?;
        let base = entry.base.as_ref();
        let target = file::target(self.host, self.layout, &rendered, base, false);
        self.check_target(file, &rendered, &target)?;
        let files = self.files.at_origins(self.host, self.layout, target.origins(base));
        Ok(Targets { files: Cow::Owned(files), by_paths: true })
    }

    /// The import with its path rendered from the values of earlier imports and its own context.
    fn rendered_path(&self, file: &File, import: &Import, paths: &Paths<'_>) -> Result<Import, Error> {
        let mut data = paths.value().clone();
        if !import.context.is_null() {
            data = crate::merge::merge(&data, &import.context, self.merging.strategy);
        }
        let lenient = import.ignore_missing || self.merging.lenient;
        let named = (file.relative.as_str(), import.span);
        let path = self.renderer.text(self.host, named, &import.path, &data, lenient).map_err(|error| {
            let located = error.place().map(Located::at).unwrap_or_default();
            Error::ImportPath {
                import: import.written.clone(),
                file: file.relative.clone(),
                reason: error.to_string(),
                chain: String::new(),
                source_code: located.source,
                at: located.at,
            }
        })?;
        if path.is_empty() || path.starts_with('/') {
            let located = Located::new(&self.host.sources, import.span);
            return Err(Error::Import {
                message: format!(
                    "invalid import '{}' in the file '{}': its path renders to '{path}'",
                    import.written, file.relative
                ),
                help: "write a path relative to `stacks.base_path`".to_owned(),
                place: located.text,
                chain: String::new(),
                source_code: located.source,
                at: located.at,
            });
        }
        Ok(import::with_path(import, path))
    }

    /// What is wrong with an entry that means no file, unless it may mean none.
    fn check_target(&self, file: &File, import: &Import, target: &Target) -> Result<(), Error> {
        // Nothing is looked up for an entry that is in order: a file may have a hundred thousand of them.
        match target {
            Target::Files(_) | Target::Fetched(_) | Target::Template => return Ok(()),
            Target::Missing | Target::Unreachable(_) if import.skip_if_missing => return Ok(()),
            _ => {}
        }
        let located = Located::new(&self.host.sources, import.span);
        let name = file.relative.clone();
        // What a fetched file means by a path of its own is found here only where this repository has it, too.
        let nested = file.is_alone() && !import::is_remote(&import.written);
        match target {
            Target::Files(_) | Target::Fetched(_) | Target::Template => Ok(()),
            Target::Missing | Target::Unreachable(_) if nested && !import.path.contains("{{") => {
                Err(Error::NestedImport {
                    import: import.written.clone(),
                    file: name,
                    place: located.text,
                    chain: String::new(),
                    source_code: located.source,
                    at: located.at,
                })
            }
            Target::Missing if import.path.contains("{{") => {
                let warning = crate::diag::Warning::new(
                    "atmos::stack::import_skipped",
                    format!("import '{}' is a template, templates are disabled: it is skipped", import.written),
                );
                self.host.talk.warn(warning.at(located.text.trim_start_matches(" at ")));
                Ok(())
            }
            Target::Missing => Err(Error::ImportNotFound {
                import: if import.written.contains("{{") { import.path.clone() } else { import.written.clone() },
                near: self.near(&import.path),
                file: name,
                place: located.text,
                chain: String::new(),
                source_code: located.source,
                at: located.at,
            }),
            Target::Unreachable(error) => {
                // The line of the file is shown too.
                self.host.masker.register_user(&import.written);
                Err(Error::RemoteImport {
                    import: crate::fetch::shown(&import.written),
                    file: name,
                    cause: error.to_string(),
                    help: error.next_step(),
                    place: located.text,
                    chain: String::new(),
                    source_code: located.source,
                    at: located.at,
                })
            }
            Target::InvalidPattern(message) | Target::Unreadable(message) => Err(Error::Import {
                help: "correct this path, or make the directory readable".to_owned(),
                message: format!("invalid import '{}' in the file '{name}': {message}", import.written),
                place: located.text,
                chain: String::new(),
                source_code: located.source,
                at: located.at,
            }),
        }
    }

    /// The frame of what the entry of a file in `frame` imports.
    pub(crate) fn through(&self, file: &File, entry: &Entry, frame: Frame) -> Result<Frame, Error> {
        frame.through(&entry.import, self.pool, self.merging).ok_or_else(|| {
            let located = Located::new(&self.host.sources, entry.import.span);
            Error::Import {
                message: format!(
                    "the context of the import '{}' in the file '{}' is too large",
                    entry.import.written, file.relative
                ),
                help: "pass less to this import: values that refer to each other multiply".to_owned(),
                place: located.text,
                chain: String::new(),
                source_code: located.source,
                at: located.at,
            }
        })
    }

    pub(crate) fn check_circle(
        &self,
        imported: usize,
        file: &File,
        entry: &Entry,
        trail: &[usize],
    ) -> Result<(), Error> {
        let names = |files: &[usize]| -> Vec<String> {
            files.iter().map(|file| self.files.get(*file).relative.clone()).collect()
        };
        let located = || Located::new(&self.host.sources, entry.import.span);
        if imported == file.written.id.0 {
            let located = located();
            return Err(Error::ImportSelf {
                file: file.relative.clone(),
                import: entry.import.written.clone(),
                place: located.text,
                source_code: located.source,
                at: located.at,
            });
        }
        if let Some(start) = trail.iter().position(|file| *file == imported) {
            let mut chain = names(&trail[start..]);
            chain.extend(names(&[imported]));
            let located = located();
            return Err(Error::ImportCycle {
                chain: chain.join(" → "),
                place: located.text,
                source_code: located.source,
                at: located.at,
            });
        }
        if trail.len() >= DEPTH {
            return Err(Error::ImportDepth { limit: DEPTH, chain: names(trail).join(" → ") });
        }
        Ok(())
    }

    /// A hint at the known file whose name is nearest to a path that was not found.
    fn near(&self, path: &str) -> String {
        let says = |key: &str| format!("; did you mean `{key}`?");
        if let Some(key) = nearest(path, self.files.list().iter().map(|file| &*file.written.key)) {
            return says(key);
        }
        // One that nobody imports yet.
        let files = glob::find(&self.layout.base, "**/*.{yaml,yml}").unwrap_or_default().files;
        let keys = files.iter().filter_map(|path| {
            path.strip_prefix(&self.layout.base).ok()?.with_extension("").into_os_string().into_string().ok()
        });
        let keys: Vec<String> = keys.collect();
        nearest(path, keys.iter().map(String::as_str)).map(says).unwrap_or_default()
    }
}
