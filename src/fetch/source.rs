//! What an address means. Pure: nothing is looked up.

use std::path::PathBuf;

use super::address::{self, Parts};
use super::error::Error;

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
            (Some("http" | "https") | None, Some("http" | "https")) => web(body, query, sub),
            (None | Some("file"), Some("file")) => local(body, &sub),
            (None, None) if is_scp(body) => git(body, query, sub),
            (None, None) if serves_git(&format!("https://{body}")) => git(body, query, sub),
            (None, None) => Err(Error::invalid(
                "the kind of source is not clear",
                "begin the address with `git::`, `https://` or `file://`, or write a local path",
            )),
            (Some(other), _) | (None, Some(other)) => Err(Error::Unbuilt { scheme: other.to_owned() }),
        }
    }

    /// What tells sources apart; imports of one repository at one reference share it.
    pub(super) fn identity(&self) -> String {
        match &self.kind {
            Kind::Git { url, reference, .. } => format!("git\n{url}\n{}", reference.as_deref().unwrap_or_default()),
            Kind::File { url, .. } => format!("file\n{url}"),
            Kind::Archive { url, .. } => format!("archive\n{url}"),
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

fn serves_git(url: &str) -> bool {
    let Some(parts) = Parts::of(url) else { return false };
    let host = parts.host();
    let known = |known: &str| host == known || host.strip_suffix(known).is_some_and(|rest| rest.ends_with('.'));
    GIT_HOSTS.iter().any(|name| known(name)) || parts.path.contains(".git") || parts.path.contains("/_git/")
}

fn git(body: &str, query: &str, sub: String) -> Result<Source, Error> {
    if address::parameter(query, "sshkey").is_some() {
        return Err(Error::Unbuilt { scheme: "sshkey".to_owned() });
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
        Some(format) if sub.is_empty() => Err(Error::invalid(
            format!("it does not say which path of the {} archive is meant", format.name()),
            "put `//` between the archive and the path: `https://host/x.tar.gz//stacks/vpc.yaml`",
        )),
        Some(format) => Ok(Source { kind: Kind::Archive { url, userinfo, format }, sub }),
        None if !sub.is_empty() && serves_git(body) => git(body, query, sub),
        None if !sub.is_empty() => Err(Error::invalid(
            "a path behind `//` needs a repository or an archive",
            "write `git::` before the address of a git repository",
        )),
        None => Ok(Source { kind: Kind::File { url, userinfo }, sub }),
    }
}

fn archive_format(path: &str) -> Option<Format> {
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
    fn what_cannot_be_fetched_says_why() {
        for (address, expected) in [
            ("s3::https://s3.amazonaws.com/b/x.yaml", "`s3` are not built yet"),
            ("s3://b/x.yaml", "`s3` are not built yet"),
            ("gcs::https://x/y", "`gcs` are not built yet"),
            ("oci://ghcr.io/o/r:v1", "`oci` are not built yet"),
            ("hg::https://h.example/r", "`hg` are not built yet"),
            ("scp://h.example/r", "`scp` are not built yet"),
            ("sftp://h.example/r", "`sftp` are not built yet"),
            ("mock://x", "`mock` are not built yet"),
            ("git::https://h.example/r//a?sshkey=AAA", "`sshkey` are not built yet"),
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
