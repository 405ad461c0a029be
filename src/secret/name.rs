//! What is a secret by its name, and what is one inside a URL. Row 0.
//!
//! One question, three rules, because a wrong answer costs something else each time:
//!
//! | Rule | Where | When in doubt |
//! |---|---|---|
//! | [`is_secret_name`] | what may reach a screen by accident: errors with lines of a file, headers, `auth list`, generated documents | secret: nobody misses a masked word |
//! | [`is_secret_setting`] | documents that show which settings are in force: `describe config`, `auth` of a component | shown: only keys whose text is the secret, so that what leads to one (`token_url`, `secrets`) can be read |
//! | [`is_open_credential`] | everything below `credentials` | secret: a list of what is not |
//!
//! [`holds_secret`] is the first rule for sections, where some keys have plain data below them.

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

/// Parts of the names of settings whose texts are secrets.
const SETTINGS: [&str; 8] = [
    "secret_access_key",
    "session_token",
    "password",
    "passphrase",
    "client_secret",
    "access_token",
    "private_key",
    "api_key",
];
/// Names of such settings: as parts of others they speak of something else.
const WHOLE_SETTINGS: [&str; 2] = ["secret", "token"];

/// Keys below `credentials` that are no secrets.
const OPEN_CREDENTIALS: [&str; 2] = ["region", "mfa_arn"];

/// Sections that hold plain data as well (region, device, words of a program, names of variables): their own keys decide.
const SECTIONS: [&str; 2] = ["credentials", "token_source"];
/// The id of a key is none.
const KEY_ID: &str = "access_key_id";

/// Whether a key (`client_secret`) or a variable (`API_TOKEN`) holds a secret, by its name alone.
pub fn is_secret_name(name: &str) -> bool {
    let name = name.to_lowercase().replace(['-', '.', ' '], "_");
    WORDS.iter().any(|word| name.contains(word)) && !leads(&name)
}

fn leads(name: &str) -> bool {
    LEADING.iter().any(|end| name.ends_with(end))
}

/// Whether everything below a key is secret. `is_map`: it is a section of its own.
pub fn holds_secret(key: &str, is_map: bool) -> bool {
    match key.to_lowercase().as_str() {
        KEY_ID => false,
        key if SECTIONS.contains(&key) => !is_map,
        name => is_secret_name(name),
    }
}

/// Whether the text of a setting is a secret.
pub fn is_secret_setting(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    SETTINGS.iter().any(|part| key.contains(part)) && !leads(&key) || WHOLE_SETTINGS.contains(&&*key)
}

/// Whether something below `credentials` may be shown.
pub fn is_open_credential(key: &str) -> bool {
    OPEN_CREDENTIALS.contains(&key)
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
    fn rules_differ_where_they_are_meant_to() {
        // name, by name, by setting, section of its own, open below `credentials`
        for (name, by_name, by_setting, section, open) in [
            ("client_secret", true, true, true, false),
            ("Password", true, true, true, false),
            ("token", true, true, true, false),
            ("secret", true, true, true, false),
            ("secrets", true, false, true, false),
            ("token_source", true, false, false, false),
            ("credentials", true, false, false, false),
            ("access_key_id", true, false, false, false),
            ("secret_access_key", true, true, true, false),
            ("password_env", false, false, false, false),
            ("token_url", false, false, false, false),
            ("mfa_arn", false, false, false, true),
            ("region", false, false, false, true),
        ] {
            let found =
                (is_secret_name(name), is_secret_setting(name), holds_secret(name, true), is_open_credential(name));
            assert_eq!(found, (by_name, by_setting, section, open), "{name}");
        }
        assert!(holds_secret("token_source", false) && holds_secret("Credentials", false));
        assert!(!holds_secret("access_key_id", false));
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
