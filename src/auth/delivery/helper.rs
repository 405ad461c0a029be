//! What the credential helper prints for an AWS SDK, and how it is called. Row 5.

use std::path::PathBuf;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::Error;
use super::quote::process_word;
use super::{environment_text, parse_environment};
use crate::auth::creds::AwsCredentials;
use crate::auth::given::Credentials;
use crate::cloud::end;
use crate::secret::{Expose as _, Secret};

/// SDKs come back only when credentials are over, so they are told to come a little earlier.
const MARGIN: SignedDuration = SignedDuration::from_mins(5);
/// But never so early that they would ask for every request.
const SHORTEST: SignedDuration = SignedDuration::from_secs(60);

/// How an AWS configuration calls this program.
#[derive(Debug, Clone)]
pub struct Helper {
    /// This program. Absolute.
    pub exe: PathBuf,
    /// Arguments after `auth process`, for example where the configuration is.
    pub arguments: Vec<String>,
    /// Socket of the run; `None`: the helper opens the encrypted cache itself.
    pub socket: Option<PathBuf>,
}

impl Helper {
    /// The value of `credential_process` for one identity.
    ///
    /// # Errors
    /// A path that is not text or would end the line.
    pub fn command(&self, identity: &str) -> Result<String, Error> {
        let mut words = vec![path_text(&self.exe)?, "auth".to_owned(), "process".to_owned()];
        words.extend(self.arguments.iter().cloned());
        words.extend(["--identity".to_owned(), identity.to_owned()]);
        if let Some(socket) = &self.socket {
            words.extend(["--socket".to_owned(), path_text(socket)?]);
        }
        if let Some(word) = words.iter().find(|word| word.contains(['\n', '\r', '\0'])) {
            return Err(Error::Path { path: word.clone(), why: "it has a line break" });
        }
        Ok(words.iter().map(|word| process_word(word)).collect::<Vec<_>>().join(" "))
    }
}

fn path_text(path: &std::path::Path) -> Result<String, Error> {
    path.to_str()
        .map(str::to_owned)
        .ok_or_else(|| Error::Path { path: path.display().to_string(), why: "it is not valid UTF-8" })
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Answer<'a> {
    version: u8,
    access_key_id: &'a str,
    secret_access_key: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    session_token: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expiration: Option<String>,
}

/// The expiration that is told to a child: 5 minutes before the real one, never less than a minute from `now`; but what
/// is still good is never said to be good for longer than it is, or an SDK would go on with credentials that are over.
pub fn expiration(real: Timestamp, now: Timestamp) -> Timestamp {
    let early = real.checked_sub(MARGIN).unwrap_or(Timestamp::MIN);
    let soonest = now.checked_add(SHORTEST).unwrap_or(Timestamp::MAX);
    let told = early.max(soonest);
    if real > now { told.min(real) } else { told }
}

/// Credentials on one line without its end: those of AWS in the form of `credential_process`, version 1, others in that of
/// [`environment_text`].
pub fn helper_answer(credentials: &Credentials, now: Timestamp) -> Zeroizing<String> {
    let credentials = match credentials {
        Credentials::Aws(credentials) => credentials,
        Credentials::Environment(given) => {
            return environment_text(given, given.expiration.map(|real| expiration(real, now)));
        }
    };
    let answer = Answer {
        version: 1,
        access_key_id: &credentials.access_key_id,
        secret_access_key: credentials.secret_access_key.expose_secret(),
        session_token: credentials.session_token.as_ref().map(Secret::expose_secret),
        expiration: credentials.expiration.map(|real| seconds(expiration(real, now))),
    };
    // Room enough that the text never moves and leaves a copy behind.
    let mut text = Zeroizing::new(Vec::with_capacity(64 * 1024));
    let written = serde_json::to_writer(&mut *text, &answer);
    debug_assert!(written.is_ok(), "strings always serialise into memory");
    Zeroizing::new(String::from_utf8_lossy(&text).into_owned())
}

/// RFC 3339 in UTC without fractions, as every SDK reads it.
pub(in crate::auth) fn seconds(time: Timestamp) -> String {
    Timestamp::from_second(time.as_second()).unwrap_or(time).to_string()
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Read {
    access_key_id: String,
    secret_access_key: String,
    session_token: Option<String>,
    expiration: Option<String>,
}

/// Reads what [`helper_answer`] wrote, of whatever cloud; `None` when it is anything else.
pub fn parse_given(text: &str, now: Timestamp) -> Option<Credentials> {
    let keys = parse_helper_answer(text, now).map(Credentials::Aws);
    keys.or_else(|| parse_environment(text, now).map(Credentials::Environment))
}

/// Reads keys of AWS; `None` when it is anything else. `issued` is `now`, as the answer does not say it.
pub fn parse_helper_answer(text: &str, now: Timestamp) -> Option<AwsCredentials> {
    let read: Read = serde_json::from_str(text).ok()?;
    let expiration = match read.expiration {
        Some(text) => end(&text)?,
        None => None,
    };
    Some(AwsCredentials {
        access_key_id: read.access_key_id,
        secret_access_key: Secret::from(read.secret_access_key),
        session_token: read.session_token.map(Secret::from),
        expiration,
        issued: now,
        region: None,
    })
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::auth::delivery) fn credentials(expiration: Option<&str>) -> AwsCredentials {
        AwsCredentials {
            access_key_id: "ASIAEXAMPLE".to_owned(),
            secret_access_key: Secret::from("se\"cret/key".to_owned()),
            session_token: expiration.map(|_| Secret::from("to+ken==".to_owned())),
            expiration: expiration.map(|text| text.parse().unwrap()),
            issued: Timestamp::UNIX_EPOCH,
            region: Some("eu-west-1".to_owned()),
        }
    }

    #[test]
    fn expiration_is_five_minutes_early_but_a_minute_away() {
        let now: Timestamp = "2026-11-24T12:00:00Z".parse().unwrap();
        for (real, told) in [
            ("2026-11-24T13:00:00Z", "2026-11-24T12:55:00Z"),
            ("2026-11-24T12:06:00Z", "2026-11-24T12:01:00Z"),
            ("2026-11-24T12:05:30Z", "2026-11-24T12:01:00Z"),
            ("2026-11-24T11:00:00Z", "2026-11-24T12:01:00Z"),
            ("2026-11-24T12:00:12Z", "2026-11-24T12:00:12Z"),
        ] {
            assert_eq!(expiration(real.parse().unwrap(), now).to_string(), told);
        }
    }

    #[test]
    fn answer_is_what_sdks_read() {
        let now: Timestamp = "2026-11-24T12:00:00.25Z".parse().unwrap();
        let answer = helper_answer(&credentials(Some("2026-11-24T13:00:00.75Z")).into(), now);
        assert_eq!(
            answer.as_str(),
            r#"{"Version":1,"AccessKeyId":"ASIAEXAMPLE","SecretAccessKey":"se\"cret/key","SessionToken":"to+ken==","Expiration":"2026-11-24T12:55:00Z"}"#
        );
        let back = parse_helper_answer(&answer, now).unwrap();
        assert_eq!(back.secret_access_key.expose_secret(), "se\"cret/key");
        assert_eq!(back.expiration.unwrap().to_string(), "2026-11-24T12:55:00Z");
        let lasting = helper_answer(&credentials(None).into(), now);
        assert!(!lasting.contains("Expiration") && !lasting.contains("SessionToken"));
        assert!(parse_helper_answer(r#"{"error":"no"}"#, now).is_none());
    }

    #[test]
    fn command_quotes_what_needs_it_and_never_starts_with_a_quote() {
        let helper = Helper {
            exe: "/opt/my tools/atmos".into(),
            arguments: vec!["--chdir".into(), "/repo".into()],
            socket: Some("/run/user/1 #x/s".into()),
        };
        assert_eq!(
            helper.command("acct/it's").unwrap(),
            r#"/opt/my' tools/atmos' auth process --chdir /repo --identity acct/it''"'"'s' --socket /run/user/1' ''#x/s'"#
        );
        assert!(Helper { exe: "/a\nb".into(), ..helper }.command("x").is_err());
    }
}
