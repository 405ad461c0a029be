//! Components given by the path of their directory.

use std::path::{Path, PathBuf};

use super::error::Error;
use super::kind::Kind;
use crate::config::Config;
use crate::host::Host;
use crate::value::Node;

/// Whether the text cannot be anything but a path.
pub(crate) fn is_explicit(component: &str) -> bool {
    matches!(component, "." | "..") || ["./", "../", "/"].iter().any(|start| component.starts_with(start))
}

/// The kind that the directory `path` belongs to, one of `kinds`, and its path below the base path of the kind.
///
/// # Errors
/// A path outside of the directories of components, or in that of another kind.
pub(crate) fn locate(host: &Host, config: &Config, path: &str, kinds: &[Kind]) -> Result<(Kind, String), Error> {
    let absolute = host.absolute(Path::new(path));
    let bases: Vec<(Kind, PathBuf)> =
        Kind::searched().into_iter().filter_map(|kind| base(config, &kind).map(|base| (kind, base))).collect();
    // Where base paths are nested, the innermost one has the directory.
    let depth = |base: &PathBuf| base.components().count();
    let innermost = bases.iter().filter(|(_, base)| absolute.starts_with(base)).map(|(_, base)| depth(base)).max();
    let holders: Vec<&(Kind, PathBuf)> =
        bases.iter().filter(|(_, base)| absolute.starts_with(base) && Some(depth(base)) == innermost).collect();
    let wanted = |kind: &Kind| kinds.contains(kind);
    let Some((kind, base)) = holders.iter().find(|(kind, _)| wanted(kind)).or(holders.first()) else {
        let directories: Vec<String> =
            bases.iter().filter(|(kind, _)| wanted(kind)).map(|(_, base)| format!("'{}'", base.display())).collect();
        return Err(Error::PathNotFound {
            reason: format!("'{path}' is outside of the directories of components"),
            help: Some(match directories.as_slice() {
                [] => "give the name of a component: `components.*.base_path` is not set, so that no directory has any"
                    .to_owned(),
                _ => format!("give the name of a component, or a path below {}", directories.join(", ")),
            }),
        });
    };
    let folder = absolute.strip_prefix(base).unwrap_or(Path::new("")).to_string_lossy().into_owned();
    if folder.is_empty() {
        return Err(Error::PathNotFound {
            reason: format!(
                "failed to resolve component from path: '{path}' is the directory of all {kind} components"
            ),
            help: Some("give the directory of one component, or its name".to_owned()),
        });
    }
    if !wanted(kind) {
        let wanted: Vec<&str> = kinds.iter().map(Kind::key).collect();
        return Err(Error::PathKind { path: path.to_owned(), found: kind.to_string(), wanted: wanted.join(" or ") });
    }
    Ok((kind.clone(), folder))
}

/// Whether the text, read as a path, leads into a directory of components.
pub(crate) fn leads_inside(host: &Host, config: &Config, text: &str) -> bool {
    let absolute = host.absolute(Path::new(text));
    Kind::searched().iter().filter_map(|kind| base(config, kind)).any(|base| absolute.starts_with(base))
}

/// The base path of a kind. Without a setting it may be that of the whole repository, where nothing belongs to the kind.
fn base(config: &Config, kind: &Kind) -> Option<PathBuf> {
    let base = kind.base_path(config)?;
    let setting = config.document.get_path(["components", kind.key(), "base_path"]).and_then(Node::as_str);
    (base != config.base_path || setting.is_some_and(|setting| !setting.is_empty())).then_some(base)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_explicit_forms_are_paths() {
        for (text, expected) in
            [(".", true), ("..", true), ("./a", true), ("../a", true), ("/a", true), ("a/b", false), (".a", false)]
        {
            assert_eq!(is_explicit(text), expected, "{text}");
        }
    }
}
