//! Passwords for git: of repositories in CodeCommit, signed, and of other hosts, a token that the identity has. Row 5.

use std::time::{Duration, SystemTime};

use aws_sigv4::sign::v4::{calculate_signature, generate_signing_key};
use jiff::{SignedDuration, Timestamp};
use sha2::{Digest as _, Sha256};

use super::super::creds::AwsCredentials;
use super::super::given::{Credentials, EnvironmentCredentials};
use crate::secret::{Expose as _, Secret};
use crate::value::hex;

/// The user of a token where nobody says another one; hosts look at the token alone.
const USER: &str = "x-access-token";
/// CodeCommit takes a signature for a quarter of an hour.
const LIFE: SignedDuration = SignedDuration::from_mins(15);

/// Hosts that git is given passwords for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct GitTarget {
    /// As git names them, in lower case, with a port where that is not the usual one.
    pub hosts: Vec<String>,
    /// The variable of the identity whose value is the password; CodeCommit needs none.
    pub token: Option<String>,
    pub username: Option<String>,
}

/// What git is told.
#[derive(Debug)]
pub struct GitLogin {
    pub username: Secret,
    pub password: Secret,
    pub expires: Option<Timestamp>,
}

impl GitTarget {
    /// What git is told for a repository.
    ///
    /// # Errors
    /// Why the credentials are of no use there.
    pub fn login(
        &self,
        (host, path): (&str, Option<&str>),
        credentials: &Credentials,
        now: Timestamp,
    ) -> Result<GitLogin, String> {
        match (codecommit_region(host), credentials) {
            (Some(region), Credentials::Aws(keys)) => {
                let path = path.filter(|path| !path.is_empty()).ok_or_else(|| {
                    "git does not say which repository: set `credential.useHttpPath` to true for this host".to_owned()
                })?;
                Ok(codecommit(keys, (host, path, region), now))
            }
            (Some(_), Credentials::Environment(_)) => Err("CodeCommit wants keys of AWS, and it has none".to_owned()),
            (None, Credentials::Environment(given)) => self.token(given),
            (None, Credentials::Aws(_)) => Err(format!("keys of AWS are no password for {host}")),
        }
    }

    fn token(&self, given: &EnvironmentCredentials) -> Result<GitLogin, String> {
        let name = self.token.as_deref().unwrap_or_default();
        let variable = given.variables.iter().find(|variable| variable.name == name);
        let variable = variable.ok_or_else(|| format!("it gives no variable `{name}` (`spec.token`)"))?;
        let username = Secret::from(self.username.clone().unwrap_or_else(|| USER.to_owned()));
        Ok(GitLogin { username, password: variable.value.clone(), expires: given.expiration })
    }
}

/// The region of a host of CodeCommit.
pub(super) fn codecommit_region(host: &str) -> Option<&str> {
    let name = host.split(':').next().unwrap_or_default();
    let rest = name.strip_prefix("git-codecommit.").or_else(|| name.strip_prefix("git-codecommit-fips."))?;
    let region = rest.strip_suffix(".amazonaws.com").or_else(|| rest.strip_suffix(".amazonaws.com.cn"))?;
    (!region.is_empty() && !region.contains('.')).then_some(region)
}

/// The password is the signature of a request that git never makes: its method is GIT, and only the host is signed with it.
fn codecommit(keys: &AwsCredentials, (host, path, region): (&str, &str, &str), now: Timestamp) -> GitLogin {
    let name = host.split(':').next().unwrap_or_default();
    let time = now.strftime("%Y%m%dT%H%M%S").to_string();
    let request = format!("GIT\n/{}\n\nhost:{name}\n\nhost\n", path.trim_start_matches('/'));
    let scope = format!("{}/{region}/codecommit/aws4_request", &time[..8]);
    let text = format!("AWS4-HMAC-SHA256\n{time}\n{scope}\n{}", hex(&Sha256::digest(request)));
    let seconds = u64::try_from(now.as_second()).unwrap_or_default();
    let then = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
    let key = generate_signing_key(keys.secret_access_key.expose_secret(), then, region, "codecommit");
    let signature = calculate_signature(key, text.as_bytes());
    let username = match &keys.session_token {
        Some(token) => format!("{}%{}", keys.access_key_id, token.expose_secret()),
        None => keys.access_key_id.clone(),
    };
    GitLogin {
        username: Secret::from(username),
        password: Secret::from(format!("{time}Z{signature}")),
        expires: now.checked_add(LIFE).ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::given::Variable;
    use super::*;

    fn keys() -> AwsCredentials {
        AwsCredentials {
            access_key_id: "AKIDEXAMPLE".to_owned(),
            secret_access_key: Secret::from("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".to_owned()),
            session_token: Some(Secret::from("token/+=".to_owned())),
            region: None,
            expiration: None,
            issued: Timestamp::UNIX_EPOCH,
        }
    }

    #[test]
    fn repositories_of_codecommit_get_the_signature_that_the_tools_of_aws_make() {
        let now: Timestamp = "2026-11-26T12:00:00Z".parse().unwrap();
        let host = "git-codecommit.eu-west-1.amazonaws.com";
        let login = GitTarget::default().login((host, Some("v1/repos/modules")), &keys().into(), now).unwrap();
        assert_eq!(login.username.expose_secret(), "AKIDEXAMPLE%token/+=");
        // Made by botocore's signer for the same keys, time and address.
        let signed = "20261126T120000Zaa3fa959c120011f9d7961ffc15b9eadb66dfc03d2d0862d2083dbe7d00b0180";
        assert_eq!(login.password.expose_secret(), signed);
        assert_eq!(login.expires, Some("2026-11-26T12:15:00Z".parse().unwrap()));
        let again =
            GitTarget::default().login((&format!("{host}:443"), Some("/v1/repos/modules")), &keys().into(), now);
        assert_eq!(again.unwrap().password.expose_secret(), signed);
        let without = GitTarget::default().login((host, None), &keys().into(), now).unwrap_err();
        assert!(without.contains("credential.useHttpPath"), "{without}");
    }

    #[test]
    fn hosts_of_codecommit_are_known_by_their_names() {
        for (host, region) in [
            ("git-codecommit.eu-west-1.amazonaws.com", Some("eu-west-1")),
            ("git-codecommit-fips.us-east-1.amazonaws.com:443", Some("us-east-1")),
            ("git-codecommit.cn-north-1.amazonaws.com.cn", Some("cn-north-1")),
            ("git-codecommit.eu-west-1.amazonaws.com.evil.test", None),
            ("git-codecommit.evil.test.amazonaws.com", None),
            ("git-codecommit..amazonaws.com", None),
            ("github.com", None),
        ] {
            assert_eq!(codecommit_region(host), region, "{host}");
        }
    }

    #[test]
    fn other_hosts_get_a_token_that_the_identity_has() {
        let token = Variable { name: "GH_TOKEN".to_owned(), value: Secret::from("t".to_owned()), is_public: false };
        let given = EnvironmentCredentials {
            variables: vec![token],
            files: Vec::new(),
            paths: Vec::new(),
            removed: Vec::new(),
            account: None,
            region: None,
            expiration: None,
            issued: Timestamp::UNIX_EPOCH,
        };
        let given = Credentials::Environment(given);
        let target = GitTarget { token: Some("GH_TOKEN".to_owned()), ..GitTarget::default() };
        let now = Timestamp::UNIX_EPOCH;
        let login = target.login(("github.com", None), &given, now).unwrap();
        assert_eq!((login.username.expose_secret(), login.password.expose_secret()), (USER, "t"));
        let other = GitTarget { token: Some("GL_TOKEN".to_owned()), ..GitTarget::default() };
        assert!(other.login(("github.com", None), &given, now).unwrap_err().contains("no variable `GL_TOKEN`"));
        assert!(target.login(("github.com", None), &keys().into(), now).unwrap_err().contains("no password"));
        let amazon = "git-codecommit.eu-west-1.amazonaws.com";
        assert!(target.login((amazon, Some("x")), &given, now).unwrap_err().contains("keys of AWS"));
    }
}
