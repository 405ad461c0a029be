//! Results of tests: a line for people, a summary and annotations for the CI system.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::PathBuf;

use globset::GlobBuilder;

use super::super::special::files;
use super::At;
use crate::ci::{Platform, Tests};
use crate::diag::{Result, Warning};
use crate::step::{self, Junit};

/// Reads the files and tells what is in them.
///
/// # Errors
/// There are none, or one holds no results.
pub(in super::super) fn junit(at: &At<'_>, wanted: &Junit) -> Result<step::Outcome> {
    let paths = found(at, &at.rendered(&wanted.files)?)?;
    let mut tests = Tests::default();
    for path in &paths {
        let shown = path.strip_prefix(&at.app.host.cwd).unwrap_or(path).display().to_string();
        let failed =
            |reason: String| at.failed(format!("{shown}: {reason}"), "`files` are results in the form of JUnit");
        let text = std::fs::read_to_string(path).map_err(|error| failed(error.to_string()))?;
        tests.add(&text).map_err(failed)?;
    }
    let host = &at.app.host;
    let platform = Platform::of(&host.env, false);
    if wanted.summary
        && let Some(file) = platform.as_ref().and_then(|platform| platform.summary.as_ref())
    {
        let text = host.masker.mask(&tests.markdown(&at.render(&wanted.title)?)).into_owned();
        let opened = std::fs::OpenOptions::new().append(true).create(true).open(host.absolute(file));
        if let Err(error) = opened.and_then(|mut file| file.write_all(text.as_bytes())) {
            let message = format!("{} cannot be written: {error}", file.display());
            host.talk.warn(Warning::new("atmos::ci::failed", message));
        }
    }
    if wanted.annotate && platform.is_some_and(|platform| !platform.shows()) {
        let lines = host.masker.mask(&tests.annotations()).into_owned();
        host.talk.output(false, lines.as_bytes());
    }
    host.talk.info(format!("{} ({} files)", tests.line(), paths.len()));
    Ok(step::Outcome { value: tests.short(), ..step::Outcome::default() })
}

/// The files of all patterns, each once.
fn found(at: &At<'_>, patterns: &[String]) -> Result<BTreeSet<PathBuf>> {
    let mut all = BTreeSet::new();
    for pattern in patterns {
        let parts: Vec<&str> = pattern.split('/').collect();
        let plain = parts.iter().take_while(|part| !part.contains(['*', '?', '[', '{'])).count();
        if plain == parts.len() {
            all.extend(Some(at.path(pattern)).filter(|path| path.is_file()));
            continue;
        }
        // An absolute pattern begins with an empty part.
        let folder = at.path(&format!("{}/", parts[..plain].join("/")).replacen("//", "/", 1));
        let folder = if plain == 0 { at.cwd.to_owned() } else { folder };
        let glob = GlobBuilder::new(&parts[plain..].join("/")).literal_separator(true).build();
        let glob = glob.map_err(|_| at.failed(format!("`{pattern}` is no pattern of paths"), "correct it there"))?;
        let glob = glob.compile_matcher();
        all.extend(files(&folder, &[]).into_iter().filter(|file| glob.is_match(file)).map(|file| folder.join(file)));
    }
    if all.is_empty() {
        let reason = format!("no file is like {}", patterns.join(", "));
        return Err(at.failed(reason, format!("relative paths begin at {}", at.cwd.display())).into());
    }
    Ok(all)
}
