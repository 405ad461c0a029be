//! `!git.*`: facts about the repository around the working directory.

use crate::fetch::git_answer;
use crate::host::Host;

/// The fact about the repository that a tag such as `!git.sha` asks for; `None` when there is none.
pub fn fact(host: &Host, tag: &str) -> Option<String> {
    match tag {
        "!git.sha" | "!git.ref" => git_answer(host, &["rev-parse", "--verify", "HEAD"]),
        "!git.branch" => git_answer(host, &["symbolic-ref", "--short", "--quiet", "HEAD"]),
        _ => {
            let remote = Remote::parse(&git_answer(host, &["remote", "get-url", "origin"])?)?;
            let fact = match tag {
                "!git.repository" if remote.owner.is_empty() => return None,
                "!git.repository" => format!("{}/{}", remote.owner, remote.name),
                "!git.owner" => remote.owner,
                "!git.name" => remote.name,
                "!git.host" => remote.host,
                _ => remote.url,
            };
            Some(fact).filter(|fact| !fact.is_empty())
        }
    }
}

/// The address of `origin`, taken apart.
#[derive(Debug, PartialEq)]
struct Remote {
    /// Without a password.
    url: String,
    host: String,
    owner: String,
    name: String,
}

impl Remote {
    fn parse(url: &str) -> Option<Remote> {
        let (host, path) = match url.split_once("://") {
            Some((_, rest)) => rest.split_once('/')?,
            None => url.split_once(':')?,
        };
        let host = host.rsplit('@').next().unwrap_or(host);
        let host = host.split(':').next().unwrap_or(host).to_owned();
        let path = path.trim_matches('/');
        let path = path.strip_suffix(".git").unwrap_or(path);
        let (owner, name) = path.rsplit_once('/').unwrap_or(("", path));
        Some(Remote { url: crate::fetch::shown(url), host, owner: owner.to_owned(), name: name.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_remotes_are_taken_apart() {
        for (url, host, owner, name, shown) in [
            ("git@github.com:org/repo.git", "github.com", "org", "repo", "git@github.com:org/repo.git"),
            ("https://t:x@github.com/org/repo", "github.com", "org", "repo", "https://github.com/org/repo"),
            ("ssh://git@h.example:2222/a/b/c.git", "h.example", "a/b", "c", "ssh://git@h.example:2222/a/b/c.git"),
        ] {
            let expected =
                Remote { url: shown.to_owned(), host: host.to_owned(), owner: owner.to_owned(), name: name.to_owned() };
            assert_eq!(Remote::parse(url), Some(expected), "{url}");
        }
        assert_eq!(Remote::parse("nonsense"), None);
    }
}
