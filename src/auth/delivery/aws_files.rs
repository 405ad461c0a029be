//! Texts of AWS configuration and credentials files. Row 5.

use std::fmt::Write as _;

use zeroize::Zeroizing;

use super::helper::{Helper, seconds};
use super::{Error, ini};
use crate::auth::creds::AwsCredentials;
use crate::secret::Expose as _;

/// Region of a profile whose chain names none, as the reference has it.
const DEFAULT_REGION: &str = "us-east-1";

/// One profile of an AWS configuration file.
#[derive(Debug, Clone)]
pub struct Profile {
    /// Name of the profile, from [`profile_name`].
    pub name: String,
    /// Name of the identity, as the helper is asked for it.
    pub identity: String,
    pub region: Option<String>,
    /// Has its keys in the credentials file and needs no helper.
    pub has_keys: bool,
}

/// The profile of an identity: its name, with what no AWS SDK reads in a section header replaced by `-`.
///
/// # Errors
/// A name without any character that could stand.
pub fn profile_name(identity: &str) -> Result<String, Error> {
    let replaced: String =
        identity.chars().map(|c| if c.is_control() || "#;[]\\".contains(c) { '-' } else { c }).collect();
    let name = replaced.split_whitespace().collect::<Vec<_>>().join(" ");
    if name.is_empty() {
        return Err(Error::Profile { name: identity.to_owned(), why: "the name is empty" });
    }
    Ok(name)
}

/// Header names that make SDKs find a profile of the configuration file. The Python SDK splits a header like a shell and
/// needs quotes, the Go SDK takes it as it is: a name that needs quotes stands twice.
pub fn config_headers(profile: &str) -> Vec<String> {
    if profile == "default" {
        return vec!["default".to_owned()];
    }
    let plain = format!("profile {profile}");
    let quoted = format!("profile {}", super::quote::posix(profile));
    if shell_words::split(&plain).is_ok_and(|words| words.len() == 2 && words[1] == profile) {
        vec![plain]
    } else {
        vec![plain, quoted]
    }
}

/// That a configuration file could not tell two profiles apart: one would get the other's credentials.
pub fn same_profile(left: &str, right: &str) -> bool {
    let known = config_headers(left);
    config_headers(right).iter().any(|header| known.contains(header))
}

/// The sections of a configuration file, one or two per profile, as `(header, body)`.
pub fn config_sections(profiles: &[Profile], helper: &Helper) -> Result<Vec<(String, String)>, Error> {
    let mut sections = Vec::new();
    for profile in profiles {
        let mut body = String::new();
        if !profile.has_keys {
            let _ = writeln!(body, "credential_process = {}", helper.command(&profile.identity)?);
        }
        let region = profile.region.as_deref().filter(|region| !region.is_empty()).unwrap_or(DEFAULT_REGION);
        if region.contains(['\n', '\r']) {
            return Err(Error::Profile { name: profile.identity.clone(), why: "its region has a line break" });
        }
        let _ = writeln!(body, "region = {region}");
        sections.extend(config_headers(&profile.name).into_iter().map(|header| (header, body.clone())));
    }
    Ok(sections)
}

/// An AWS configuration file of its own, with one profile per identity that may be used.
///
/// # Errors
/// Paths and names that such a file cannot hold.
pub fn config_text(profiles: &[Profile], helper: &Helper) -> Result<String, Error> {
    let sections = config_sections(profiles, helper)?;
    Ok(ini::replace_sections("", &sections))
}

/// An AWS credentials file with the keys of some profiles, each below a comment with its real expiration.
pub fn credentials_text(entries: &[(&str, &AwsCredentials)]) -> Zeroizing<String> {
    // Room enough that the text never moves and leaves a copy behind.
    let mut text = Zeroizing::new(String::with_capacity(entries.len() * 16 * 1024));
    for (index, (profile, credentials)) in entries.iter().enumerate() {
        if index > 0 {
            text.push('\n');
        }
        if let Some(expiration) = credentials.expiration {
            let _ = writeln!(text, "; atmos: expiration={}", seconds(expiration));
        }
        let _ = writeln!(text, "[{profile}]");
        let _ = writeln!(text, "aws_access_key_id     = {}", credentials.access_key_id);
        let _ = writeln!(text, "aws_secret_access_key = {}", credentials.secret_access_key.expose_secret());
        if let Some(token) = &credentials.session_token {
            let _ = writeln!(text, "aws_session_token     = {}", token.expose_secret());
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::super::helper::tests::credentials;
    use super::*;

    fn profile(name: &str, region: Option<&str>, has_keys: bool) -> Profile {
        let region = region.map(str::to_owned);
        Profile { name: profile_name(name).unwrap(), identity: name.to_owned(), region, has_keys }
    }

    fn helper() -> Helper {
        Helper { exe: "/bin/atmos".into(), arguments: Vec::new(), socket: Some("/run/s".into()) }
    }

    #[test]
    fn profile_name_replaces_what_headers_cannot_hold() {
        for (identity, name) in [
            ("network-admin", "network-admin"),
            ("acct/Role.x", "acct/Role.x"),
            ("a  b ", "a b"),
            ("x#y;z", "x-y-z"),
            ("[a]", "-a-"),
            ("a\nb", "a-b"),
        ] {
            assert_eq!(profile_name(identity).unwrap(), name);
        }
        assert!(profile_name(" ").is_err());
    }

    #[test]
    fn config_has_one_profile_per_identity() {
        let profiles = [profile("net", Some("eu-west-1"), false), profile("default", None, true)];
        assert_eq!(
            config_text(&profiles, &helper()).unwrap(),
            "[profile net]\ncredential_process = /bin/atmos auth process --identity net --socket /run/s\n\
             region = eu-west-1\n\n[default]\nregion = us-east-1\n"
        );
    }

    #[test]
    fn a_name_that_needs_quotes_stands_in_both_forms() {
        for (name, expected) in [
            ("a b", vec!["profile a b", "profile 'a b'"]),
            ("it's", vec!["profile it's", r#"profile 'it'"'"'s'"#]),
            ("acct/x", vec!["profile acct/x"]),
        ] {
            assert_eq!(config_headers(name), expected);
        }
        assert!(same_profile("a b", "'a b'") && same_profile("x", "x") && !same_profile("a b", "a c"));
    }

    #[test]
    fn credentials_have_the_layout_of_the_reference() {
        let text =
            credentials_text(&[("net", &credentials(Some("2026-11-23T23:04:02.5Z"))), ("user", &credentials(None))]);
        assert_eq!(
            text.as_str(),
            "; atmos: expiration=2026-11-23T23:04:02Z\n[net]\naws_access_key_id     = ASIAEXAMPLE\n\
             aws_secret_access_key = se\"cret/key\naws_session_token     = to+ken==\n\n[user]\n\
             aws_access_key_id     = ASIAEXAMPLE\naws_secret_access_key = se\"cret/key\n"
        );
    }
}
