//! Tokens of one owner of repositories at GitHub: which address is whose, and who has a token for it.

use std::path::Path;

use super::address::{self, Parts};
use super::settings::Settings;
use crate::host::{Env, Host, fs};
use crate::secret::Secret;

/// What people are called who use such a token.
pub(super) const USER: &str = "x-access-token";
const GITHUB: &str = "github.com";
/// Largest file of settings of git that is looked into.
const LIMIT: u64 = 1 << 20;

/// Host and owner of repositories.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Owner {
    host: String,
    name: String,
}

impl Owner {
    /// Of the repository, or of the file, behind an address of GitHub or of a server of it; `None` for any other.
    pub(super) fn of(env: &Env, url: &str) -> Option<Owner> {
        let parts = Parts::of(url)?;
        let host = parts.host();
        let path = parts.path.split(['?', '#']).next().unwrap_or_default();
        let mut names = path.split('/').filter(|name| !name.is_empty());
        let host = match host.as_str() {
            "raw.githubusercontent.com" | "codeload.github.com" => GITHUB.to_owned(),
            "api.github.com" => {
                names.next().filter(|first| *first == "repos")?;
                GITHUB.to_owned()
            }
            _ => is_github(env, &host).then_some(host)?,
        };
        let name = names.next()?.to_owned();
        Some(Owner { host, name })
    }

    /// The token that the run around this process left in the settings of git, else the one that is given now.
    pub(super) fn token(&self, host: &Host, settings: &Settings) -> Option<Secret> {
        let token = self.around(&host.env).or_else(|| settings.tokens.as_ref()?.token(&self.host, &self.name))?;
        host.masker.register(&token);
        Some(token)
    }

    /// Git goes by a token of this owner already: `url.https://<user>:<token>@<host>/<owner>/.insteadOf`.
    fn around(&self, env: &Env) -> Option<Secret> {
        let count: usize = env.get("GIT_CONFIG_COUNT")?.parse().ok()?;
        (0..count.min(1000)).find_map(|index| {
            let key = env.get(&format!("GIT_CONFIG_KEY_{index}"))?;
            if key.eq_ignore_ascii_case("include.path") {
                return self.in_file(Path::new(env.get(&format!("GIT_CONFIG_VALUE_{index}"))?));
            }
            let (section, base) = key.split_once('.')?;
            let (base, name) = base.rsplit_once('.')?;
            (section.eq_ignore_ascii_case("url") && name.eq_ignore_ascii_case("insteadof"))
                .then(|| self.in_base(base))
                .flatten()
        })
    }

    /// The same where a file has it.
    fn in_file(&self, path: &Path) -> Option<Secret> {
        let bytes = fs::read_regular(path, LIMIT, "these are no settings of git").ok()?;
        let text = String::from_utf8(bytes).ok()?;
        text.lines().find_map(|line| self.in_base(line.trim().strip_prefix("[url \"")?.strip_suffix("\"]")?))
    }

    fn in_base(&self, base: &str) -> Option<Secret> {
        let parts = Parts::of(base).filter(|parts| parts.scheme == "https" && parts.host() == self.host)?;
        let owner = parts.path.trim_matches('/');
        let (_, token) = parts.userinfo?.split_once(':')?;
        let is = owner.eq_ignore_ascii_case(&self.name) && !token.is_empty();
        is.then(|| Secret::from(address::decode(token)))
    }
}

fn is_github(env: &Env, host: &str) -> bool {
    let own = env.get("GITHUB_SERVER_URL").and_then(Parts::of);
    host == GITHUB || host.ends_with(".ghe.com") || own.is_some_and(|own| own.host() == host)
}

/// The same repository by https, where the address says ssh.
pub(super) fn by_https(url: &str) -> Option<String> {
    if let Some(rest) = url.strip_prefix("ssh://git@") {
        return Some(format!("https://{rest}"));
    }
    let (host, path) = url.strip_prefix("git@")?.split_once(':')?;
    Some(format!("https://{host}/{path}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::Expose as _;

    #[test]
    fn addresses_of_github_have_an_owner() {
        let env = Env::from_iter([("GITHUB_SERVER_URL", "https://github.acme.test")]);
        let owner = |url: &str| Owner::of(&env, url).map(|owner| format!("{} {}", owner.host, owner.name));
        for (url, expected) in [
            ("https://github.com/acme/x.git", Some("github.com acme")),
            ("https://raw.githubusercontent.com/acme/x/main/a.yaml", Some("github.com acme")),
            ("https://api.github.com/repos/acme/x/tarball", Some("github.com acme")),
            ("https://api.github.com/users/acme", None),
            ("https://acme.ghe.com/team/x", Some("acme.ghe.com team")),
            ("https://github.acme.test/team/x", Some("github.acme.test team")),
            ("https://gitlab.com/acme/x", None),
            ("https://github.com/", None),
            ("https://github.com.example/acme/x", None),
        ] {
            assert_eq!(owner(url).as_deref(), expected, "{url}");
        }
        for (url, expected) in [
            ("ssh://git@github.com/acme/x", Some("https://github.com/acme/x")),
            ("git@github.com:acme/x.git", Some("https://github.com/acme/x.git")),
            ("https://github.com/acme/x", None),
            ("ssh://me@github.com/acme/x", None),
        ] {
            assert_eq!(by_https(url).as_deref(), expected, "{url}");
        }
    }

    #[test]
    fn tokens_of_the_run_around_are_known() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("git");
        let text = "[url \"https://x-access-token:ghs_of_a_file@github.com/filed/\"]\n\tinsteadOf = https://github.com/filed/\n";
        std::fs::write(&file, text).unwrap();
        let env = Env::from_iter([
            ("GIT_CONFIG_COUNT", "4"),
            ("GIT_CONFIG_KEY_0", "core.hooksPath"),
            ("GIT_CONFIG_KEY_1", "url.https://x-access-token:ghs_of_acme@github.com/Acme/.insteadOf"),
            ("GIT_CONFIG_KEY_2", "url.file:///srv/.insteadOf"),
            ("GIT_CONFIG_KEY_3", "include.path"),
            ("GIT_CONFIG_VALUE_3", file.to_str().unwrap()),
        ]);
        let token = |url: &str| {
            let found = Owner::of(&env, url).unwrap().around(&env);
            found.map(|token| token.expose_secret().to_owned())
        };
        assert_eq!(token("https://github.com/acme/x").as_deref(), Some("ghs_of_acme"));
        assert_eq!(token("https://github.com/filed/x").as_deref(), Some("ghs_of_a_file"));
        assert_eq!(token("https://github.com/other/x"), None);
    }
}
