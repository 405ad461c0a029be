//! What the address of a source means, and how it is written into the lock.

use std::path::{Path, PathBuf};

use super::error::Error;
use crate::host::fs;

/// Hosts that serve git with everything below them, unless the path says otherwise.
const GIT_HOSTS: [&str; 3] = ["github.com", "gitlab.com", "bitbucket.org"];
/// Endings of archives.
const ARCHIVES: [&str; 7] = [".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".zip", ".tar", ".gz"];
/// Paths of single files at hosts of repositories, by host; an empty host is any.
const FILES: [(&str, &str); 6] = [
    ("", "/releases/download/"),
    ("raw.githubusercontent.com", ""),
    ("github.com", "/raw/"),
    ("gitlab.com", "/-/raw/"),
    ("gitlab.com", "/-/archive/"),
    ("bitbucket.org", "/downloads/"),
];

/// Where a source is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A folder or a file of this machine.
    Local(PathBuf),
    /// To be fetched.
    Remote(String),
    /// An artifact of a registry.
    Artifact(String),
}

impl Place {
    /// The word that the lock has for it.
    pub fn kind(&self) -> &'static str {
        match self {
            Place::Local(_) => "local",
            Place::Remote(_) => "remote",
            Place::Artifact(_) => "oci",
        }
    }
}

/// An address in the form in which it is fetched and written into the lock: a repository without a path behind `//` is all
/// of it (`//.`), and so is one with the three slashes of earlier days.
pub fn normalized(uri: &str) -> String {
    let is_other = ["file:", "oci://", "s3::", "s3:", "gcs::", "gs::"].iter().any(|start| uri.starts_with(start));
    if is_other || is_path(uri) || is_web_file(uri) {
        return uri.to_owned();
    }
    let (body, query) = uri.split_once('?').map_or((uri, None), |(body, query)| (body, Some(query)));
    let query = query.map(|query| format!("?{query}")).unwrap_or_default();
    let start = authority(body);
    let (head, path) = body.split_at(start);
    let path = path.replace("///", "//");
    match path.split_once("//") {
        Some((repository, "")) if is_git(uri) => format!("{head}{repository}//.{query}"),
        None if is_git(uri) => format!("{head}{}//.{query}", path.trim_end_matches('/')),
        _ => format!("{head}{path}{query}"),
    }
}

/// Where the part behind the scheme begins; of a path behind `file://` its first slash belongs to the scheme.
fn authority(body: &str) -> usize {
    let start = body.find("://").map_or(0, |at| at + 3);
    start + (body.len() - start - body[start..].trim_start_matches('/').len())
}

/// Whether it is written as a path of this machine.
fn is_path(uri: &str) -> bool {
    uri.starts_with(['/', '.', '~']) || Path::new(uri).is_absolute()
}

/// A single file or an archive of the web, also at a host of repositories.
fn is_web_file(uri: &str) -> bool {
    let lower = uri.to_ascii_lowercase();
    if !lower.starts_with("http://") && !lower.starts_with("https://") {
        return false;
    }
    let path = lower.split('?').next().unwrap_or_default();
    let archive = lower.contains("archive=") || ARCHIVES.iter().any(|ending| path.contains(ending));
    archive || FILES.iter().any(|(host, part)| lower.contains(host) && lower.contains(part))
}

fn is_git(uri: &str) -> bool {
    if uri.starts_with("git::") || uri.starts_with("ssh://") || uri.starts_with("git://") {
        return true;
    }
    let body = uri.split('?').next().unwrap_or_default();
    let body = body.split_once("://").map_or(body, |(_, body)| body);
    let (host, path) = body.split_once('/').unwrap_or((body, ""));
    // `git@host:org/repo`
    if body.split_once(':').is_some_and(|(user, _)| user.contains('@') && !user.contains('/')) {
        return true;
    }
    let host = host.rsplit('@').next().unwrap_or_default().to_ascii_lowercase();
    let known = |known: &str| host == known || host.strip_suffix(known).is_some_and(|rest| rest.ends_with('.'));
    GIT_HOSTS.iter().any(|name| known(name)) || path.contains(".git") || format!("/{path}").contains("/_git/")
}

/// What the address means. Paths are looked for below these directories, the first one that has it counts.
///
/// # Errors
/// A path that leads nowhere.
pub fn classify(uri: &str, directories: &[&Path]) -> Result<Place, Error> {
    if uri.starts_with("oci://") {
        return Ok(Place::Artifact(uri.to_owned()));
    }
    let (path, file) = match uri.strip_prefix("file://") {
        Some(path) => (path, true),
        None => (uri, false),
    };
    let mut candidates = Vec::new();
    if file && Path::new(path).is_absolute() {
        candidates.push(PathBuf::from(path));
    }
    // The reference reads `file:///../x` as a path from here, and so do repositories that it works for.
    let relative = if file { path.trim_start_matches('/') } else { path };
    candidates.extend(directories.iter().map(|directory| fs::clean(&directory.join(relative))));
    if let Some(found) = candidates.iter().find(|path| path.exists()) {
        return Ok(Place::Local(found.clone()));
    }
    let first = uri.split(['/', '?']).next().unwrap_or_default();
    let is_remote = uri.contains("://") || uri.contains("::") || first.contains(['.', ':', '@']) && !is_path(uri);
    if file || !is_remote {
        let tried: Vec<String> = candidates.iter().map(|path| format!("`{}`", path.display())).collect();
        let tried = format!(" (looked for {})", tried.join(", "));
        return Err(Error::NoSource { source_path: uri.to_owned(), tried });
    }
    Ok(Place::Remote(uri.to_owned()))
}

/// An address without credentials and without its query, as the lock has it.
pub fn redacted(uri: &str) -> String {
    if let Some((forced, rest)) = uri.split_once("::")
        && !forced.is_empty()
        && forced.bytes().all(|letter| letter.is_ascii_alphanumeric() || b"+-.".contains(&letter))
    {
        return format!("{forced}::{}", redacted(rest));
    }
    let body = uri.split(['?', '#']).next().unwrap_or_default();
    let (scheme, rest) = body.split_once("://").map_or(("", body), |(scheme, rest)| (scheme, rest));
    let (authority, path) = rest.find('/').map_or((rest, ""), |slash| rest.split_at(slash));
    let authority = match authority.rsplit_once('@') {
        // Without a scheme a user is part of the address, a password never is.
        Some((user, host)) if scheme.is_empty() && !user.contains(':') => format!("{user}@{host}"),
        Some((_, host)) => host.to_owned(),
        None => authority.to_owned(),
    };
    let mark = if scheme.is_empty() { "" } else { "://" };
    format!("{scheme}{mark}{authority}{path}")
}

/// The branch, tag or commit that the address asks for; empty where it asks for none.
pub fn reference(uri: &str) -> String {
    let query = uri.split_once('?').map(|(_, query)| query).unwrap_or_default();
    let value = query.split('&').find_map(|part| part.strip_prefix("ref="));
    value.unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repositories_without_a_path_are_all_of_them() {
        for (uri, expected) in [
            ("github.com/o/r.git?ref=v1", "github.com/o/r.git//.?ref=v1"),
            ("https://github.com/o/r", "https://github.com/o/r//."),
            ("github.com/o/r.git///?ref=v1", "github.com/o/r.git//.?ref=v1"),
            ("github.com/o/r.git///modules/x?ref=v1", "github.com/o/r.git//modules/x?ref=v1"),
            ("github.com/o/r.git//modules/x?ref=v1", "github.com/o/r.git//modules/x?ref=v1"),
            ("git::git@github.com:o/r.git?ref=v1", "git::git@github.com:o/r.git//.?ref=v1"),
            ("git@github.com:o/r.git", "git@github.com:o/r.git//."),
            ("git::ssh://git@github.com/o/r.git", "git::ssh://git@github.com/o/r.git//."),
            ("git::file:///srv/r", "git::file:///srv/r//."),
            ("git::file:///srv/r//sub?ref=x", "git::file:///srv/r//sub?ref=x"),
            ("https://dev.azure.com/o/p/_git/r", "https://dev.azure.com/o/p/_git/r//."),
            ("https://github.com/o/r/archive/v1.tar.gz", "https://github.com/o/r/archive/v1.tar.gz"),
            ("https://github.com/o/r/raw/main/a.tf", "https://github.com/o/r/raw/main/a.tf"),
            ("https://raw.githubusercontent.com/o/r/a.tf", "https://raw.githubusercontent.com/o/r/a.tf"),
            ("https://h.example/x.zip//sub", "https://h.example/x.zip//sub"),
            ("oci://r.example/x:1", "oci://r.example/x:1"),
            ("../../modules", "../../modules"),
            ("file:///srv/x", "file:///srv/x"),
        ] {
            assert_eq!(normalized(uri), expected, "{uri}");
        }
    }

    #[test]
    fn the_lock_has_no_credentials() {
        for (uri, expected) in [
            ("github.com/o/r.git//.?ref=v1", "github.com/o/r.git//."),
            ("https://u:p@github.com/o/r.git//.?ref=v1", "https://github.com/o/r.git//."),
            ("git::https://u:p@h.example/o/r.git//.", "git::https://h.example/o/r.git//."),
            ("git::git@github.com:o/r.git//.?ref=1", "git::git@github.com:o/r.git//."),
            ("git::ssh://git@github.com/o/r.git//.", "git::ssh://github.com/o/r.git//."),
            ("s3::https://s3.amazonaws.com/b/k?aws_access_key_id=x", "s3::https://s3.amazonaws.com/b/k"),
            ("../x", "../x"),
        ] {
            assert_eq!(redacted(uri), expected, "{uri}");
        }
        assert_eq!(reference("github.com/o/r?depth=1&ref=v1"), "v1");
        assert_eq!(reference("../x"), "");
    }

    #[test]
    fn paths_are_those_that_exist() {
        let temp = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(temp.path().join("repo/here")).unwrap();
        std::fs::create_dir_all(temp.path().join("beside")).unwrap();
        let repo = temp.path().join("repo");
        let place = |uri: &str| classify(uri, &[&repo]);
        assert_eq!(place("here").unwrap(), Place::Local(repo.join("here")));
        assert_eq!(place("../beside").unwrap(), Place::Local(temp.path().join("beside")));
        let absolute = format!("file://{}", repo.join("here").display());
        assert_eq!(place(&absolute).unwrap(), Place::Local(repo.join("here")));
        assert_eq!(place("file:///../beside").unwrap(), Place::Local(temp.path().join("beside")));
        for remote in ["github.com/o/r", "https://h.example/x", "git::file:///x", "git@h:o/r"] {
            assert_eq!(place(remote).unwrap(), Place::Remote(remote.to_owned()));
        }
        for wrong in ["../gone", "./gone", "/gone/for/ever", "file:///gone/for/ever", "modules/gone"] {
            assert!(place(wrong).is_err(), "{wrong}");
        }
    }
}
