//! What an address means. Pure: nothing is looked up.

use std::path::PathBuf;

use super::address::{self, Parts};
use super::error::Error;
use super::object::{Object, Store};
use super::oci::Artifact;

/// Hosts that are known to serve git, with everything below them.
const GIT_HOSTS: [&str; 3] = ["github.com", "gitlab.com", "bitbucket.org"];

/// A parsed address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Source {
    pub kind: Kind,
    /// Path or glob inside a tree; empty for a single file.
    pub sub: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    Git {
        /// Without userinfo for http and https.
        url: String,
        reference: Option<String>,
        /// `user:password` as written in the address, decoded.
        userinfo: Option<String>,
    },
    /// One file over http.
    File {
        url: String,
        userinfo: Option<String>,
    },
    Archive {
        url: String,
        userinfo: Option<String>,
        format: Format,
    },
    /// One object, an archive, or a folder of objects.
    Object {
        object: Object,
        /// May hold keys.
        query: String,
        format: Option<Format>,
    },
    /// The files of an artifact in a registry.
    Artifact {
        artifact: Artifact,
        userinfo: Option<String>,
    },
    Local(PathBuf),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Tar,
    TarGz,
    Zip,
}

impl Source {
    pub(super) fn parse(address: &str) -> Result<Source, Error> {
        let (forced, rest) = address::split_forced(address);
        let (body, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (body, sub) = split_sub(body);
        let sub = address::decode(sub);
        let scheme = body.split_once("://").map(|(scheme, _)| scheme.to_ascii_lowercase());
        match (forced, scheme.as_deref()) {
            (Some("git"), _) | (None, Some("ssh" | "git")) => git(body, query, sub),
            (Some("s3"), _) | (None, Some("s3")) => object(Store::S3, body, query, sub),
            (Some("gcs" | "gs"), _) | (None, Some("gcs" | "gs")) => object(Store::Gcs, body, query, sub),
            (Some("oci"), _) | (None, Some("oci")) => artifact(body, sub),
            (Some("http" | "https") | None, Some("http" | "https")) => web(body, query, sub),
            (None | Some("file"), Some("file")) => local(body, &sub),
            (None, None) if is_scp(body) => git(body, query, sub),
            (None, None) if serves_git(&format!("https://{body}")) => git(body, query, sub),
            (None, None) if is_in(body, "amazonaws.com") => object(Store::S3, body, query, sub),
            (None, None) if is_in(body, "googleapis.com") => object(Store::Gcs, body, query, sub),
            (None, None) => Err(Error::invalid(
                "the kind of source is not clear",
                "begin the address with `git::`, `https://` or `file://`, or write a local path",
            )),
            (Some(other), _) | (None, Some(other)) => Err(unsupported(other)),
        }
    }

    /// The same where an address without a path behind `//` means everything that is there.
    pub(super) fn parse_whole(address: &str) -> Result<Source, Error> {
        let parsed = Source::parse(address);
        if !matches!(parsed, Err(Error::Invalid { .. })) {
            return parsed;
        }
        let (body, query) = address.split_once('?').map_or((address, None), |(body, query)| (body, Some(query)));
        let query = query.map(|query| format!("?{query}")).unwrap_or_default();
        // What the address as it is written lacks is said in words about it, not about ours.
        Source::parse(&format!("{}//.{query}", body.trim_end_matches('/'))).or(parsed)
    }

    /// Whether what the address means can never change.
    pub(super) fn is_pinned(&self) -> bool {
        match &self.kind {
            Kind::Git { .. } => false,
            Kind::File { .. } | Kind::Archive { .. } | Kind::Local(_) => true,
            Kind::Object { object, .. } => object.version.is_some(),
            Kind::Artifact { artifact, .. } => artifact.is_pinned(),
        }
    }

    /// What tells sources apart; imports of one repository at one reference share it.
    pub(super) fn identity(&self) -> String {
        match &self.kind {
            Kind::Git { url, reference, .. } => format!("git\n{url}\n{}", reference.as_deref().unwrap_or_default()),
            Kind::File { url, .. } => format!("file\n{url}"),
            Kind::Archive { url, .. } => format!("archive\n{url}"),
            // A folder and the single object of the same name are fetched in different ways.
            Kind::Object { object, .. } => format!("{}\n{}", object.identity(), self.sub.is_empty()),
            Kind::Artifact { artifact, .. } => {
                format!("oci\n{}\n{}\n{}", artifact.registry, artifact.name, artifact.reference)
            }
            Kind::Local(path) => format!("local\n{}", path.display()),
        }
    }
}

/// Splits at the `//` that is not the one of the scheme.
fn split_sub(body: &str) -> (&str, &str) {
    let start = body.find("://").map_or(0, |scheme| scheme + 3);
    // `file:///a//b`: the third slash belongs to the path.
    match body[start..].trim_start_matches('/').find("//") {
        Some(_) => {
            let skipped = body[start..].len() - body[start..].trim_start_matches('/').len();
            let at = start + skipped + body[start + skipped..].find("//").unwrap_or_default();
            (&body[..at], body[at..].trim_start_matches('/'))
        }
        None => (body, ""),
    }
}

/// `git@host:org/repo.git`
fn is_scp(body: &str) -> bool {
    let Some((host, _)) = body.split_once(':') else { return false };
    host.contains('@') && !host.contains('/')
}

fn unsupported(scheme: &str) -> Error {
    let help = match scheme {
        "hg" | "bzr" | "svn" => "only git repositories can be fetched: mirror it to git, or serve the files over https",
        "sftp" => "serve the files over https, or fetch the repository with `git::ssh://user@host/path//file`",
        "scp" => "write `git::ssh://user@host/path//file`, or `git@host:path//file` for a repository",
        _ => "`git::…//path`, `https://…`, `s3::…`, `gcs::…`, `oci://…`, `git@…` and `file://…` can be fetched",
    };
    Error::Unsupported { scheme: scheme.to_owned(), help: help.to_owned() }
}

/// Whether an address without a scheme is at a host of this domain.
fn is_in(body: &str, domain: &str) -> bool {
    let host = body.split('/').next().unwrap_or_default().to_ascii_lowercase();
    host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.'))
}

fn object(store: Store, body: &str, query: &str, sub: String) -> Result<Source, Error> {
    let object = Object::parse(store, body, query)?;
    let format = archive_format(&object.key.to_ascii_lowercase());
    match format {
        Some(format) if sub.is_empty() => Err(no_path(format)),
        _ => Ok(Source { kind: Kind::Object { object, query: query.to_owned(), format }, sub }),
    }
}

fn artifact(body: &str, sub: String) -> Result<Source, Error> {
    let userinfo = Parts::of(body).and_then(|parts| parts.userinfo.map(address::decode));
    Ok(Source { kind: Kind::Artifact { artifact: Artifact::parse(body)?, userinfo }, sub })
}

fn no_path(format: Format) -> Error {
    Error::invalid(
        format!("it does not say which path of the {} archive is meant", format.name()),
        "put `//` between the archive and the path: `https://host/x.tar.gz//stacks/vpc.yaml`",
    )
}

fn serves_git(url: &str) -> bool {
    let Some(parts) = Parts::of(url) else { return false };
    let host = parts.host();
    let known = |known: &str| host == known || host.strip_suffix(known).is_some_and(|rest| rest.ends_with('.'));
    GIT_HOSTS.iter().any(|name| known(name)) || parts.path.contains(".git") || parts.path.contains("/_git/")
}

fn git(body: &str, query: &str, sub: String) -> Result<Source, Error> {
    if address::parameter(query, "sshkey").is_some() {
        return Err(Error::invalid(
            "a key in the address (`sshkey`) is not supported",
            "put the key into the ssh agent or into `~/.ssh`, and leave `sshkey` out",
        ));
    }
    let url = if body.contains("://") || is_scp(body) || body.starts_with('/') {
        body.to_owned()
    } else {
        format!("https://{body}")
    };
    let (url, sub) = if sub.is_empty() { split_after_git(&url)? } else { (url, sub) };
    let parts = Parts::of(&url);
    if parts.as_ref().is_some_and(|parts| parts.authority.starts_with('-')) || url.starts_with('-') {
        return Err(Error::invalid("the host begins with a hyphen", "correct the address"));
    }
    let (url, userinfo) = match &parts {
        Some(parts) if matches!(parts.scheme, "http" | "https") => (parts.plain(), parts.userinfo),
        _ => (url.clone(), None),
    };
    let reference = address::parameter(query, "ref");
    if reference
        .as_deref()
        .is_some_and(|reference| reference.starts_with('-') || reference.contains(char::is_whitespace))
    {
        return Err(Error::invalid("`ref` is not the name of a branch, tag or commit", "correct `ref`"));
    }
    Ok(Source { kind: Kind::Git { url, reference, userinfo: userinfo.map(address::decode) }, sub })
}

/// `….git/path` without `//` can mean only one thing; anything else leaves open where the repository ends.
fn split_after_git(url: &str) -> Result<(String, String), Error> {
    match url.split_once(".git/") {
        Some((repository, path)) if !path.is_empty() => Ok((format!("{repository}.git"), address::decode(path))),
        _ => Err(Error::invalid(
            "it does not say which path of the repository is meant",
            "put `//` between the repository and the path: `github.com/org/repo//stacks/catalog/vpc?ref=v1`",
        )),
    }
}

fn web(body: &str, query: &str, sub: String) -> Result<Source, Error> {
    let parts = Parts::of(body).filter(|parts| !parts.authority.is_empty());
    let Some(parts) = parts else { return Err(Error::invalid("the address has no host", "correct the address")) };
    let userinfo = parts.userinfo.map(address::decode);
    let plain = parts.plain();
    let url = if query.is_empty() { plain.clone() } else { format!("{plain}?{query}") };
    let lower = plain.to_ascii_lowercase();
    let format = match address::parameter(query, "archive") {
        Some(kind) => archive_format(&format!(".{kind}")),
        None => archive_format(&lower),
    };
    match format {
        Some(format) if sub.is_empty() => Err(no_path(format)),
        Some(format) => Ok(Source { kind: Kind::Archive { url, userinfo, format }, sub }),
        None if !sub.is_empty() && serves_git(body) => git(body, query, sub),
        None if !sub.is_empty() => Err(Error::invalid(
            "a path behind `//` needs a repository or an archive",
            "write `git::` before the address of a git repository",
        )),
        None => Ok(Source { kind: Kind::File { url, userinfo }, sub }),
    }
}

pub(super) fn archive_format(path: &str) -> Option<Format> {
    let ends = |endings: &[&str]| endings.iter().any(|ending| path.ends_with(ending));
    if ends(&[".tar.gz", ".tgz"]) {
        Some(Format::TarGz)
    } else if ends(&[".tar"]) {
        Some(Format::Tar)
    } else {
        ends(&[".zip"]).then_some(Format::Zip)
    }
}

impl Format {
    fn name(self) -> &'static str {
        match self {
            Format::Tar => "tar",
            Format::TarGz => "tar.gz",
            Format::Zip => "zip",
        }
    }
}

fn local(body: &str, sub: &str) -> Result<Source, Error> {
    let path = Parts::of(body).filter(|parts| matches!(parts.authority, "" | "localhost")).map(|parts| parts.path);
    match path {
        Some(path) if path.starts_with('/') => {
            Ok(Source { kind: Kind::Local(PathBuf::from(address::decode(path))), sub: sub.to_owned() })
        }
        _ => Err(Error::invalid("the path of a file address is not absolute", "write `file:///absolute/path`")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn git_of(address: &str) -> (String, Option<String>, Option<String>, String) {
        match Source::parse(address).unwrap() {
            Source { kind: Kind::Git { url, reference, userinfo }, sub } => (url, reference, userinfo, sub),
            other => panic!("{address}: {other:?}"),
        }
    }

    #[test]
    fn git_addresses_are_taken_apart() {
        let table = [
            ("git::https://h.example/o/r.git//a/b?ref=v1", "https://h.example/o/r.git", Some("v1"), None, "a/b"),
            ("https://h.example/o/r.git//a?ref=v1&depth=1", "https://h.example/o/r.git", Some("v1"), None, "a"),
            ("github.com/o/r//a/*.yaml", "https://github.com/o/r", None, None, "a/*.yaml"),
            ("git::github.com/o/r//a", "https://github.com/o/r", None, None, "a"),
            ("git@github.com:o/r.git//a?ref=x", "git@github.com:o/r.git", Some("x"), None, "a"),
            ("git::git@github.com:o/r.git//a", "git@github.com:o/r.git", None, None, "a"),
            ("ssh://git@h.example/o/r//a", "ssh://git@h.example/o/r", None, None, "a"),
            ("git::https://u:p%40@h.example/r//a", "https://h.example/r", None, Some("u:p@"), "a"),
            ("git::file:///tmp/r//a", "file:///tmp/r", None, None, "a"),
            ("git::https://h.example/o/r.git/a.yaml", "https://h.example/o/r.git", None, None, "a.yaml"),
            ("https://dev.azure.com/o/p/_git/r//a", "https://dev.azure.com/o/p/_git/r", None, None, "a"),
        ];
        for (address, url, reference, userinfo, sub) in table {
            let expected = (url.to_owned(), reference.map(str::to_owned), userinfo.map(str::to_owned), sub.to_owned());
            assert_eq!(git_of(address), expected, "{address}");
        }
    }

    #[test]
    fn files_archives_and_local_paths_are_told_apart() {
        let kind = |address: &str| Source::parse(address).unwrap().kind;
        let url = |text: &str| text.to_owned();
        assert_eq!(
            kind("https://u:p@h.example/x.yaml?t=1"),
            Kind::File { url: url("https://h.example/x.yaml?t=1"), userinfo: Some("u:p".to_owned()) }
        );
        assert_eq!(
            kind("https://h.example/x.tar.gz//a"),
            Kind::Archive { url: url("https://h.example/x.tar.gz"), userinfo: None, format: Format::TarGz }
        );
        assert_eq!(
            kind("https://github.com/o/r/raw/main/x.yaml"),
            Kind::File { url: url("https://github.com/o/r/raw/main/x.yaml"), userinfo: None }
        );
        let local = Source::parse("file:///a%20b//c.yaml").unwrap();
        assert_eq!(local, Source { kind: Kind::Local(PathBuf::from("/a b")), sub: "c.yaml".to_owned() });
    }

    #[test]
    fn buckets_and_registries_are_told_from_the_web() {
        for (address, expected) in [
            ("s3::https://s3.amazonaws.com/b/k.yaml", "s3 b k.yaml"),
            ("b.s3.eu-west-1.amazonaws.com/k.yaml", "s3 b k.yaml"),
            ("s3://b/f//x.yaml", "s3 b f"),
            ("gcs::https://www.googleapis.com/storage/v1/b/k.yaml", "gcs b k.yaml"),
            ("gs://b/k.zip//x", "gcs b k.zip"),
            ("oci::ghcr.io/o/r:v1//x", "oci ghcr.io o/r v1"),
            ("https://s3.amazonaws.com/b/k.yaml", "other"),
        ] {
            let found = match Source::parse(address).unwrap().kind {
                Kind::Object { object, .. } => format!("{} {} {}", object.store.name(), object.bucket, object.key),
                Kind::Artifact { artifact, .. } => {
                    format!("oci {} {} {}", artifact.registry, artifact.name, artifact.reference)
                }
                _ => "other".to_owned(),
            };
            assert_eq!(found, expected, "{address}");
        }
    }

    #[test]
    fn what_cannot_be_fetched_says_why() {
        for (address, expected) in [
            ("s3::https://s3.amazonaws.com", "does not name a bucket"),
            ("s3://b/x.zip", "which path of the zip archive"),
            ("gcs::https://storage.googleapis.com/", "does not name a bucket"),
            ("oci://ghcr.io", "does not name an artifact"),
            ("hg::https://h.example/r", "`hg` are not supported"),
            ("scp://h.example/r", "`scp` are not supported"),
            ("sftp://h.example/r", "`sftp` are not supported"),
            ("mock://x", "`mock` are not supported"),
            ("git::https://h.example/r//a?sshkey=AAA", "(`sshkey`) is not supported"),
            ("github.com/o/r", "does not say which path"),
            ("https://h.example/x.zip", "which path of the zip archive"),
            ("https://h.example/a//b.yaml", "needs a repository or an archive"),
            ("git::https://h.example/r//a?ref=--upload-pack=x", "`ref` is not the name"),
            ("git::ssh://-oProxyCommand=x/r//a", "begins with a hyphen"),
            ("file://relative", "not absolute"),
            ("git.company.internal/repo//x", "not clear"),
        ] {
            let message = Source::parse(address).unwrap_err().to_string();
            assert!(message.contains(expected), "{address}: {message}");
        }
    }
}
