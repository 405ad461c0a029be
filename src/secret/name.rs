//! What is a secret by its name, and what is one inside a URL. Row 0.

use super::MASK;

/// Words that make a key or a variable one of a secret.
const WORDS: [&str; 11] = [
    "password",
    "passwd",
    "passphrase",
    "secret",
    "token",
    "private",
    "access_key",
    "api_key",
    "credential",
    "session_key",
    "assertion",
];
/// Ends of names that only lead to a secret, or speak of it.
const LEADING: [&str; 7] = ["_url", "_uri", "_env", "_file", "_path", "_endpoint", "_arn"];

/// Whether a key (`client_secret`) or a variable (`API_TOKEN`) holds a secret, by its name alone.
pub fn is_secret_name(name: &str) -> bool {
    let name = name.to_lowercase().replace(['-', '.', ' '], "_");
    WORDS.iter().any(|word| name.contains(word)) && !LEADING.iter().any(|end| name.ends_with(end))
}

/// `user:password` of a URL.
pub(super) fn userinfo(url: &str) -> Option<&str> {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    authority.rsplit_once('@').map(|(user, _)| user).filter(|user| !user.is_empty())
}

/// A URL as it may be shown: whoever is named in it, and by which password, is masked.
pub fn without_userinfo(url: &str) -> String {
    match userinfo(url) {
        Some(user) => url.replacen(&format!("{user}@"), &format!("{MASK}@"), 1),
        None => url.to_owned(),
    }
}

/// The same where the user of the URL may be known: `git` of `ssh://git@host` stays, a password does not, nor does a user
/// of the web, which may be a token.
pub fn without_password(url: &str) -> String {
    let is_of_the_web = url.contains("http://") || url.contains("https://");
    match userinfo(url) {
        Some(user) if is_of_the_web || user.contains(':') => without_userinfo(url),
        _ => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_secrets_are_known() {
        for name in ["client_secret", "API_TOKEN", "private-key", "Password", "secret_access_key", "ID_TOKEN"] {
            assert!(is_secret_name(name), "{name}");
        }
        for name in ["client_id", "region", "token_url", "password_env", "session", "STAGE", "key"] {
            assert!(!is_secret_name(name), "{name}");
        }
    }

    #[test]
    fn urls_are_shown_without_their_user() {
        for (url, shown) in [
            ("https://me:pw@host/x", "https://<MASKED>@host/x"),
            ("https://p@ss@host?a@b", "https://<MASKED>@host?a@b"),
            ("me:pw@host", "<MASKED>@host"),
            ("https://host/a@b", "https://host/a@b"),
            ("not a url", "not a url"),
        ] {
            assert_eq!(without_userinfo(url), shown);
        }
    }
}
