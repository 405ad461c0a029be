//! Profiles in the shared files of AWS.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::super::identity::AwsKeys;
use super::ambient::static_keys;
use crate::host::Host;
use crate::secret::Secret;

type Section = BTreeMap<String, String>;

/// The profiles of both files.
#[derive(Default)]
pub(super) struct Profiles {
    /// By name; what the credentials file says goes first.
    profiles: BTreeMap<String, Section>,
}

/// How a profile has its credentials.
pub(super) enum Found {
    Keys { id: String, secret: String, token: Option<Secret> },
    Process(String),
    TokenFile { role: String, file: String, session: Option<String> },
    Role { role: String, source: String, session: Option<String> },
    Unsupported(&'static str),
}

impl Profiles {
    pub(super) fn read(host: &Host) -> Profiles {
        let path = |variable: &str, name: &str| {
            host.env.get(variable).map_or_else(|| host.dirs.home.join(".aws").join(name), PathBuf::from)
        };
        let text = |path: PathBuf| std::fs::read_to_string(host.absolute(&path)).unwrap_or_default();
        let config = text(path("AWS_CONFIG_FILE", "config"));
        let credentials = text(path("AWS_SHARED_CREDENTIALS_FILE", "credentials"));
        Profiles::of(&config, &credentials)
    }

    fn of(config: &str, credentials: &str) -> Profiles {
        let mut profiles: BTreeMap<String, Section> = BTreeMap::new();
        for (name, section) in sections(config) {
            let name = match name.strip_prefix("profile ") {
                Some(name) => name.trim().to_owned(),
                None if name == "default" => name,
                None => continue,
            };
            profiles.entry(name).or_default().extend(section);
        }
        for (name, section) in sections(credentials) {
            profiles.entry(name).or_default().extend(section);
        }
        Profiles { profiles }
    }

    /// `None` when there is no such profile, or nothing about credentials in it.
    pub(super) fn find(&self, name: &str) -> Option<Found> {
        let profile = self.profiles.get(name)?;
        let text = |key: &str| profile.get(key).filter(|text| !text.is_empty()).cloned();
        let session = text("role_session_name");
        if let Some(role) = text("role_arn") {
            if let Some(file) = text("web_identity_token_file") {
                return Some(Found::TokenFile { role, file, session });
            }
            return Some(match text("source_profile") {
                Some(source) => Found::Role { role, source, session },
                None => Found::Unsupported("`credential_source`"),
            });
        }
        if let Some(AwsKeys { .. }) = self.own_keys(name) {
            let token = text("aws_session_token").map(Secret::from);
            return Some(Found::Keys { id: text("aws_access_key_id")?, secret: text("aws_secret_access_key")?, token });
        }
        if let Some(command) = text("credential_process") {
            return Some(Found::Process(command));
        }
        let signs_in = ["sso_session", "sso_start_url", "login_session"].iter().any(|key| profile.contains_key(*key));
        signs_in.then_some(Found::Unsupported("a login at a portal"))
    }

    /// The keys that stand in the profile itself.
    pub(super) fn own_keys(&self, name: &str) -> Option<AwsKeys> {
        let profile = self.profiles.get(name)?;
        let text = |key: &str| profile.get(key).filter(|text| !text.is_empty());
        let (id, secret) = (text("aws_access_key_id")?, text("aws_secret_access_key")?);
        Some(static_keys(id, secret, text("aws_session_token").map(|token| Secret::from(token.clone()))))
    }
}

/// The sections of a file, in order. Indented lines belong to a setting that does not matter here.
fn sections(text: &str) -> Vec<(String, Section)> {
    let mut found: Vec<(String, Section)> = Vec::new();
    for line in text.lines() {
        let trimmed = line.trim();
        if trimmed.is_empty() || trimmed.starts_with(['#', ';']) || line.starts_with([' ', '\t']) {
            continue;
        }
        if let Some(name) = trimmed.strip_prefix('[').and_then(|rest| rest.split(']').next()) {
            found.push((name.split_whitespace().collect::<Vec<_>>().join(" "), Section::new()));
        } else if let (Some((key, value)), Some((_, section))) = (trimmed.split_once('='), found.last_mut()) {
            let value = value.split(" #").next().unwrap_or_default().trim();
            section.insert(key.trim().to_lowercase(), value.to_owned());
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONFIG: &str = "\
# comment
[default]
region = eu-west-1
[profile keys]
aws_access_key_id = AKIDCONFIG
aws_secret_access_key = config
[profile  role]
role_arn = arn:aws:iam::1:role/r
source_profile = keys
s3 =
  addressing_style = path
[profile process]
credential_process = /bin/tool --name x # a comment
[profile portal]
sso_session = corp
[profile machine]
role_arn = arn:aws:iam::1:role/r
credential_source = Ec2InstanceMetadata
[sso-session corp]
aws_access_key_id = NO
";

    #[test]
    fn profiles_say_how_they_have_their_credentials() {
        let credentials = "[keys]\naws_access_key_id=AKIDFILE\naws_secret_access_key=file\naws_session_token=t\n";
        let profiles = Profiles::of(CONFIG, credentials);
        assert!(profiles.find("default").is_none() && profiles.find("corp").is_none());
        let Some(Found::Keys { id, secret, token }) = profiles.find("keys") else { panic!("keys") };
        assert_eq!((id.as_str(), secret.as_str(), token.is_some()), ("AKIDFILE", "file", true));
        let Some(Found::Role { role, source, .. }) = profiles.find("role") else { panic!("role") };
        assert_eq!((role.as_str(), source.as_str()), ("arn:aws:iam::1:role/r", "keys"));
        let Some(Found::Process(command)) = profiles.find("process") else { panic!("process") };
        assert_eq!(command, "/bin/tool --name x");
        for name in ["portal", "machine"] {
            assert!(matches!(profiles.find(name), Some(Found::Unsupported(_))), "{name}");
        }
    }
}
