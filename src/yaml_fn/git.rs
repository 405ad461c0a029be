//! `!repo-root` and `!git.*`: facts about the repository around the working directory. Git is asked once for each.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use super::call::Context;
use super::problem::Problem;
use crate::config::git_root;
use crate::host::Host;

/// What git answered, by its arguments.
#[derive(Debug, Default)]
pub(super) struct Facts(Mutex<HashMap<&'static str, Option<String>>>);

/// The root of the repository; what follows the tag is the default outside of one.
pub(super) fn root(context: &Context<'_>, tag: &str, default: &str) -> Result<String, Problem> {
    let root = git_root(&context.host.cwd).map(|root| root.display().to_string());
    or_default(root, default).ok_or_else(|| {
        Problem::failed(
            format!("no git repository found for {tag}"),
            format!("run atmos inside a git repository, or give a default: `{tag} ./default`"),
        )
    })
}

/// A fact of the repository; what follows the tag is the default where it is not known.
pub(super) fn value(context: &Context<'_>, tag: &str, default: &str) -> Result<String, Problem> {
    or_default(fact(context, tag), default).ok_or_else(|| {
        Problem::failed(
            format!("the git repository of the working directory does not say what {tag} asks for"),
            format!("give a default: `{tag} default`"),
        )
    })
}

fn or_default(fact: Option<String>, default: &str) -> Option<String> {
    fact.or_else(|| (!default.is_empty()).then(|| default.to_owned()))
}

fn fact(context: &Context<'_>, tag: &str) -> Option<String> {
    let question = match tag {
        "!git.sha" | "!git.ref" => "rev-parse --verify HEAD",
        "!git.branch" => "symbolic-ref --short --quiet HEAD",
        _ => "remote get-url origin",
    };
    let answer = {
        let mut facts = context.memo.repository.0.lock().unwrap_or_else(PoisonError::into_inner);
        facts.entry(question).or_insert_with(|| answer(context.host, question)).clone()
    }?;
    let remote = || Remote::parse(&answer);
    let fact = match tag {
        "!git.sha" | "!git.ref" | "!git.branch" => answer,
        "!git.repository" => {
            remote().filter(|remote| !remote.owner.is_empty()).map(|it| format!("{}/{}", it.owner, it.name))?
        }
        "!git.owner" => remote()?.owner,
        "!git.name" => remote()?.name,
        "!git.host" => remote()?.host,
        _ => remote()?.url,
    };
    Some(fact).filter(|fact| !fact.is_empty())
}

/// The first line that git prints; `None` when it fails or prints nothing.
fn answer(host: &Host, question: &str) -> Option<String> {
    let env = host.env.iter().map(|(name, value)| (name.to_owned(), value.to_owned()));
    let git = duct::cmd("git", question.split(' ')).dir(&host.cwd).full_env(env);
    let output = git.stdin_null().stderr_null().read().ok()?;
    let line = output.lines().next()?.trim();
    (!line.is_empty()).then(|| line.to_owned())
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
        let (scheme, rest) = url.split_once("://").map_or((None, url), |(scheme, rest)| (Some(scheme), rest));
        let (authority, path) = match scheme {
            Some(_) => rest.split_once('/')?,
            None => rest.split_once(':')?,
        };
        let host = authority.rsplit('@').next().unwrap_or(authority);
        let bare = host.split(':').next().unwrap_or(host).to_owned();
        let shown = match scheme {
            // A user alone is no secret; what stands before a password may be a token.
            Some(scheme) if authority.contains('@') && scheme != "ssh" => format!("{scheme}://{host}/{path}"),
            _ => url.to_owned(),
        };
        let path = path.trim_matches('/');
        let path = path.strip_suffix(".git").unwrap_or(path);
        let (owner, name) = path.rsplit_once('/').unwrap_or(("", path));
        Some(Remote { url: shown, host: bare, owner: owner.to_owned(), name: name.to_owned() })
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
