//! Credentials for hosts of repositories, from the environment: the value of an `Authorization` header.

use base64::Engine as _;

use super::address::Parts;
use super::docker::Login;
use super::owner::{self, Owner};
use super::settings::Settings;
use crate::host::Host;
use crate::secret::{Expose, Secret};

/// How one host takes tokens.
struct Service {
    host: &'static str,
    /// The first that is set.
    tokens: &'static [&'static str],
    usernames: [&'static str; 2],
    /// User beside the token when no variable names one.
    username: &'static str,
}

/// The first is one that a service gave out for this run alone; registries do not take it.
const GITHUB_TOKENS: [&str; 3] = ["ATMOS_PRO_GITHUB_TOKEN", "ATMOS_GITHUB_TOKEN", "GITHUB_TOKEN"];

const SERVICES: [Service; 3] = [
    Service {
        host: "github.com",
        tokens: &GITHUB_TOKENS,
        usernames: ["ATMOS_GITHUB_USERNAME", "GITHUB_USERNAME"],
        username: owner::USER,
    },
    Service {
        host: "gitlab.com",
        tokens: &["ATMOS_GITLAB_TOKEN", "GITLAB_TOKEN"],
        usernames: ["ATMOS_GITLAB_USERNAME", "GITLAB_USERNAME"],
        username: "oauth2",
    },
    Service {
        host: "bitbucket.org",
        tokens: &["ATMOS_BITBUCKET_TOKEN", "BITBUCKET_TOKEN"],
        usernames: ["ATMOS_BITBUCKET_USERNAME", "BITBUCKET_USERNAME"],
        username: "x-token-auth",
    },
];

/// Hosts of single files that take the token of github.com.
const GITHUB_FILES: [&str; 3] = ["github.com", "api.github.com", "raw.githubusercontent.com"];

/// The address that a repository is fetched from, and the header for its server. What the address itself says goes first.
pub(super) struct Way {
    pub url: String,
    pub authorization: Option<Secret>,
}

impl Way {
    pub(super) fn to(host: &Host, settings: &Settings, url: &str, userinfo: Option<&str>) -> Way {
        let way = |authorization| Way { url: url.to_owned(), authorization };
        if let Some(userinfo) = userinfo {
            return way(Some(basic(host, userinfo)));
        }
        // Tokens go by https; whoever is given one for an owner need not have a key for ssh.
        if let Some(secure) = owner::by_https(url) {
            let token = Owner::of(&host.env, &secure).and_then(|owner| owner.token(host, settings));
            return token
                .map_or_else(|| way(None), |token| Way { url: secure, authorization: Some(of_run(host, &token)) });
        }
        // A token is never sent in clear.
        let Some(parts) = Parts::of(url).filter(|parts| parts.scheme == "https") else { return way(None) };
        let given = Owner::of(&host.env, url).and_then(|owner| owner.token(host, settings));
        way(given.map_or_else(|| of_environment(host, settings, &parts.host()), |token| Some(of_run(host, &token))))
    }
}

/// A token that was given out for this run, as the password of who it is for.
fn of_run(host: &Host, token: &Secret) -> Secret {
    basic(host, &format!("{}:{}", owner::USER, token.expose_secret()))
}

fn of_environment(host: &Host, settings: &Settings, server: &str) -> Option<Secret> {
    let service = SERVICES.iter().find(|service| service.host == server)?;
    let wanted = match service.host {
        "github.com" => settings.inject_github_token,
        "gitlab.com" => settings.inject_gitlab_token,
        _ => settings.inject_bitbucket_token,
    };
    let get = |names: &[&str]| names.iter().find_map(|name| settings.variable(&host.env, name));
    let token = get(service.tokens).filter(|_| wanted)?;
    host.masker.register(&Secret::from(token));
    Some(basic(host, &format!("{}:{token}", get(&service.usernames).unwrap_or(service.username))))
}

/// The header for a single file or archive.
pub(super) fn for_file(host: &Host, settings: &Settings, url: &str, userinfo: Option<&str>) -> Option<Secret> {
    if let Some(userinfo) = userinfo {
        return Some(basic(host, userinfo));
    }
    let parts = Parts::of(url).filter(|parts| parts.scheme == "https")?;
    let bearer = |token: &str| Secret::from(format!("Bearer {token}"));
    if let Some(token) = Owner::of(&host.env, url).and_then(|owner| owner.token(host, settings)) {
        return Some(bearer(token.expose_secret()));
    }
    if !settings.inject_github_token || !GITHUB_FILES.contains(&parts.host().as_str()) {
        return None;
    }
    let token = GITHUB_TOKENS.iter().find_map(|name| settings.variable(&host.env, name))?;
    host.masker.register(&Secret::from(token));
    Some(bearer(token))
}

/// The login for a registry of a host of repositories.
pub(super) fn for_registry(host: &Host, settings: &Settings, registry: &str) -> Option<Login> {
    let service = SERVICES.iter().find(|service| service.host == "github.com")?;
    if registry != "ghcr.io" || !settings.inject_github_token {
        return None;
    }
    let get = |names: &[&str]| names.iter().find_map(|name| settings.variable(&host.env, name));
    let password = Secret::from(get(&GITHUB_TOKENS[1..])?);
    Some(Login { user: get(&service.usernames).unwrap_or(service.username).to_owned(), password })
}

fn basic(host: &Host, userinfo: &str) -> Secret {
    let (user, password) = userinfo.split_once(':').unwrap_or((userinfo, ""));
    host.masker.register(&Secret::from(if password.is_empty() { user } else { password }));
    let encoded = base64::engine::general_purpose::STANDARD.encode(format!("{user}:{password}"));
    host.masker.register(&Secret::from(encoded.clone()));
    let header = Secret::from(format!("Basic {encoded}"));
    debug_assert!(!header.expose_secret().contains('\n'), "a header is one line");
    header
}
