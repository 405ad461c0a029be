//! Second factors of Okta: which there are, and exactly which one is asked. Row 5.

use serde_json::Value as Json;

use super::page::single_line;
use crate::secret::Secret;

/// Names in the configuration, and what the API calls them.
const KINDS: [(&str, &[&str]); 5] = [
    ("totp", &["token:software:totp", "token", "token:hardware", "token:hotp"]),
    ("push", &["push"]),
    ("sms", &["sms"]),
    ("email", &["email"]),
    ("call", &["call"]),
];
pub(super) const NAMES: &[&str] = &["totp", "push", "sms", "email", "call"];

/// A factor that can be asked.
#[derive(Debug, Clone)]
pub(super) struct Factor {
    kind: &'static str,
    /// For people: kind, who made it, which device.
    pub(super) shown: String,
    pub(super) verify: String,
    pub(super) token: Secret,
}

impl Factor {
    /// The factor in the round of this token.
    pub(super) fn with(self, token: Secret) -> Factor {
        Factor { token, ..self }
    }

    /// A code answers it.
    pub(super) fn wants_code(&self) -> bool {
        self.kind != "push"
    }

    /// The person has the code already.
    pub(super) fn is_device(&self) -> bool {
        self.kind == "totp"
    }

    /// Somebody has to do something elsewhere.
    pub(super) fn waits(&self) -> bool {
        !self.is_device()
    }
}

/// What an answer offers: those that can be asked, and the names of all.
pub(super) fn offered(body: &Json) -> (Vec<Factor>, Vec<String>) {
    let list = body.pointer("/_embedded/factors").and_then(Json::as_array).map_or(&[][..], Vec::as_slice);
    let mut factors = Vec::new();
    let mut names = Vec::new();
    for entry in list {
        let word = |key: &str| single_line(entry[key].as_str().unwrap_or_default());
        let (kind, provider) = (word("factorType"), word("provider"));
        names.push(format!("{kind} of {provider}"));
        let known = KINDS.iter().find(|(_, kinds)| kinds.contains(&kind.as_str())).map(|(name, _)| *name);
        let verify = entry["_links"]["verify"]["href"].as_str();
        let (Some(known), Some(verify)) = (known, verify) else { continue };
        let profile = &entry["profile"];
        let device =
            ["name", "phoneNumber", "email"].into_iter().find_map(|key| profile[key].as_str()).map(single_line);
        let device = device.map(|device| format!(", {device}")).unwrap_or_default();
        let shown = format!("{known} of {provider}{device}");
        factors.push(Factor { kind: known, shown, verify: verify.to_owned(), token: Secret::default() });
    }
    (factors, names)
}

/// The one that is wanted; else one for which a code is there; else the one that costs a person least.
///
/// # Errors
/// In words: it is not offered, or none that can be asked is.
pub(super) fn choose(
    (factors, names): &(Vec<Factor>, Vec<String>),
    wanted: Option<&str>,
    has_code: bool,
) -> Result<Factor, String> {
    let of = |kind: &str| factors.iter().find(|factor| factor.kind == kind);
    let all = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
    if let Some(wanted) = wanted {
        return of(wanted).cloned().ok_or_else(|| format!("no factor `{wanted}` is offered (there are: {all})"));
    }
    let order =
        if has_code { ["totp", "push", "sms", "email", "call"] } else { ["push", "totp", "sms", "email", "call"] };
    let found = order.into_iter().find_map(of).cloned();
    found.ok_or_else(|| format!("no factor is offered that can be asked here (there are: {all})"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn factors_are_chosen_as_wanted_and_never_another_one() {
        let factor = |kind: &str| json!({"factorType": kind, "provider": "OKTA", "_links": {"verify": {"href": kind}}});
        let of = |kinds: &[&str]| {
            offered(&json!({"_embedded": {"factors": kinds.iter().map(|kind| factor(kind)).collect::<Vec<_>>()}}))
        };
        let all = ["sms", "token:software:totp", "push", "webauthn"];
        for (kinds, wanted, has_code, expected) in [
            (&all[..], None, false, Ok("push")),
            (&all[..], None, true, Ok("token:software:totp")),
            (&all[..], Some("sms"), true, Ok("sms")),
            (&all[..], Some("email"), false, Err("no factor `email` is offered (there are: sms of OKTA")),
            (&["webauthn"][..], None, false, Err("there are: webauthn of OKTA")),
            (&[][..], None, false, Err("there are: none")),
        ] {
            match (choose(&of(kinds), wanted, has_code), expected) {
                (Ok(factor), Ok(verify)) => assert_eq!(factor.verify, verify),
                (Err(reason), Err(phrase)) => assert!(reason.contains(phrase), "{reason}"),
                (found, expected) => panic!("{kinds:?} {wanted:?}: {found:?}, not {expected:?}"),
            }
        }
    }
}
