//! `credentials` and `session` of an identity, as written. Row 5.

use std::time::Duration;

use super::super::config::Identity;
use super::super::kind::IdentityKind;
use super::super::problem::Problem;
use super::super::read::text;
use crate::secret::Secret;
use crate::span::Span;
use crate::value::{DurationForm, Node, parse_duration};

/// Shortest session that STS gives out.
const SHORTEST: Duration = Duration::from_mins(15);
/// Longest one without and with a device.
const LONGEST: Duration = Duration::from_hours(12);
const LONGEST_WITH_DEVICE: Duration = Duration::from_hours(36);
/// What is asked for where nobody says it.
const USUAL: Duration = Duration::from_hours(12);

/// What the configuration says of the keys of a user, or of the program that prints credentials.
#[derive(Debug, Clone, Default)]
pub struct Credentials {
    pub access_key_id: Option<String>,
    pub secret_access_key: Option<Secret>,
    /// The device whose code a session needs; beats the one that the keyring knows.
    pub mfa_arn: Option<String>,
    /// Program that prints the code of the device.
    pub mfa_process: Option<String>,
    pub region: Option<String>,
    /// `process`: program that prints credentials in the form of `credential_process`.
    pub process: Option<String>,
    /// `webflow_enabled: false`: nobody signs in by the browser where there is no key.
    pub no_browser: bool,
    /// `session.duration`, as written.
    pub session_duration: Option<String>,
    pub span: Span,
}

impl Credentials {
    /// Reads both sections of an identity's entry.
    pub(crate) fn read(identity: &Node, problems: &mut Vec<Problem>) -> Credentials {
        let session_duration = identity.get("session").and_then(|session| text(session, "duration", problems));
        let Some(node) = identity.get("credentials").filter(|node| node.as_map().is_some()) else {
            return Credentials { session_duration, span: identity.span, ..Credentials::default() };
        };
        let no_browser = node.get("webflow_enabled").and_then(Node::as_bool) == Some(false);
        let mut own = |key: &str| text(node, key, problems).filter(|text| !text.is_empty());
        Credentials {
            access_key_id: own("access_key_id"),
            secret_access_key: own("secret_access_key").map(Secret::from),
            mfa_arn: own("mfa_arn"),
            mfa_process: own("mfa_process"),
            region: own("region"),
            process: own("process"),
            no_browser,
            session_duration,
            span: node.span,
        }
    }

    /// Only one of the two halves of a key is written.
    pub(crate) fn is_half(&self) -> bool {
        self.access_key_id.is_some() != self.secret_access_key.is_some()
    }

    /// Seconds to ask for, and the remark that they are not what was written.
    pub(crate) fn duration(&self, stored: Option<&str>, with_device: bool) -> (i32, Option<String>) {
        let longest = if with_device { LONGEST_WITH_DEVICE } else { LONGEST };
        let Some(text) = self.session_duration.as_deref().or(stored) else { return (whole(USUAL), None) };
        let Some(wanted) = parse_duration(text, DurationForm::DaysAndSeconds) else {
            let message =
                format!("session duration `{text}` is not a duration such as 3600, 8h or 1d; 12h are asked for");
            return (whole(USUAL), Some(message));
        };
        let allowed = wanted.clamp(SHORTEST, longest);
        let remark = (allowed != wanted).then(|| {
            let limits = if with_device { "15m and 36h" } else { "15m and 12h (36h with an MFA device)" };
            format!("session duration {text} becomes {} seconds: it has to be between {limits}", allowed.as_secs())
        });
        (whole(allowed), remark)
    }
}

fn whole(duration: Duration) -> i32 {
    i32::try_from(duration.as_secs()).unwrap_or(i32::MAX)
}

/// A role that wants a device gets it through the session of the user before it: one code serves all roles with the same
/// device, instead of one for each of them.
pub(crate) fn share_devices(identities: &mut [Identity]) {
    for index in 1..identities.len() {
        let (before, rest) = identities.split_at_mut(index);
        let (user, role) = (&mut before[index - 1], &mut rest[0]);
        if user.kind != IdentityKind::User || role.kind != IdentityKind::AssumeRole {
            continue;
        }
        let Some(device) = role.principal.mfa_arn.clone() else { continue };
        if *user.credentials.mfa_arn.get_or_insert_with(|| device.clone()) == device {
            let process = role.principal.mfa_process.take();
            user.credentials.mfa_process = user.credentials.mfa_process.take().or(process);
            role.principal.mfa_arn = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::super::config::tests::config;
    use super::*;

    fn credentials(session: &str) -> Credentials {
        Credentials { session_duration: Some(session.to_owned()), ..Credentials::default() }
    }

    #[test]
    fn durations_are_read_in_three_forms_and_kept_within_the_limits() {
        for (text, with_device, seconds, remarked) in [
            ("3600", false, 3600, false),
            ("8h", false, 28_800, false),
            ("1d", true, 86_400, false),
            ("1d", false, 43_200, true),
            ("7d", true, 129_600, true),
            ("5m", false, 900, true),
            ("soon", false, 43_200, true),
        ] {
            let (found, remark) = credentials(text).duration(Some("1h"), with_device);
            assert_eq!((found, remark.is_some()), (seconds, remarked), "{text}");
        }
        assert_eq!(Credentials::default().duration(Some("1h"), false).0, 3600);
        assert_eq!(Credentials::default().duration(None, false), (43_200, None));
    }

    #[test]
    fn one_device_is_asked_once_for_all_roles_behind_a_user() {
        let device = "arn:aws:iam::111111111111:mfa/me";
        let auth = config(&json!({"identities": {
            "user": {"kind": "aws/user"},
            "role": {"kind": "aws/assume-role", "via": {"identity": "user"},
                     "principal": {"assume_role": "arn:aws:iam::1:role/A", "mfa_arn": device, "mfa_process": "code"}},
            "other": {"kind": "aws/user", "credentials": {"mfa_arn": "arn:aws:iam::1:mfa/other"}},
        }}));
        let of = |name: &str| auth.identity(name).unwrap().clone();
        let mut chain = vec![of("user"), of("role")];
        share_devices(&mut chain);
        assert_eq!(chain[0].credentials.mfa_arn.as_deref(), Some(device));
        assert_eq!(chain[0].credentials.mfa_process.as_deref(), Some("code"));
        assert_eq!(chain[1].principal.mfa_arn, None);
        let mut differing = vec![of("other"), of("role")];
        share_devices(&mut differing);
        assert_eq!(differing[1].principal.mfa_arn.as_deref(), Some(device), "another device is the role's own affair");
    }
}
