//! What a token says of itself. Nobody here checks its signature: the cloud that takes it does. Row 5.

use jiff::Timestamp;
use serde_json::Value as Json;

use super::super::module::LEEWAY;
use crate::cloud;
use crate::secret::{Expose as _, Secret};

/// Longest token that STS takes.
const LONGEST: usize = 20_000;
/// Longest claim in a message.
const SHOWN: usize = 300;

/// A token with its claims.
#[derive(Debug, Clone)]
pub(crate) struct Jwt {
    pub(crate) token: Secret,
    pub(crate) claims: Claims,
}

/// What is read of a token; none of it is a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Claims {
    pub(crate) issuer: String,
    pub(crate) subject: String,
    pub(crate) audience: Vec<String>,
    pub(crate) expires: Option<Timestamp>,
}

/// What somebody wants of a token.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wanted {
    pub(crate) audience: Option<String>,
    pub(crate) issuer: Option<String>,
}

/// Why a token is of no use, and what to do.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Unfit {
    pub(crate) reason: String,
    pub(crate) help: String,
}

impl Jwt {
    /// Reads a token.
    ///
    /// # Errors
    /// It is none.
    pub(crate) fn read(token: Secret) -> Result<Jwt, Unfit> {
        let claims = claims(token.expose_secret()).ok_or_else(|| Unfit {
            reason: "it is no JSON web token".to_owned(),
            help: "check where it comes from: three parts with dots between are wanted, the second one with JSON in it"
                .to_owned(),
        })?;
        Ok(Jwt { token, claims })
    }

    /// Looks at what can be seen before a cloud is asked. One that has just ended by the clock here may be good by that of
    /// the cloud, which decides.
    ///
    /// # Errors
    /// Over already, for somebody else, of somebody else.
    pub(crate) fn check(&self, wanted: &Wanted, now: Timestamp) -> Result<(), Unfit> {
        let claims = &self.claims;
        if let Some(end) = claims.expires.filter(|end| now.duration_since(*end) >= LEEWAY) {
            return Err(Unfit {
                reason: format!("it ended at {end:.0}, and it is {now:.0} now"),
                help: "tokens of CI live for minutes: ask for it in the step that uses it, or set the clock of this \
                       machine right"
                    .to_owned(),
            });
        }
        if let Some(issuer) = wanted.issuer.as_ref().filter(|issuer| **issuer != claims.issuer) {
            return Err(Unfit {
                reason: format!("its issuer is `{}`, not `{issuer}`", shown(&claims.issuer)),
                help: "correct `spec.issuer` of the provider, or the source of the token".to_owned(),
            });
        }
        if let Some(audience) = wanted.audience.as_ref().filter(|audience| !claims.audience.contains(audience)) {
            let audiences: Vec<String> = claims.audience.iter().map(|audience| shown(audience)).collect();
            return Err(Unfit {
                reason: format!("it is for `{}`, not for `{audience}`", audiences.join("`, `")),
                help: "correct `spec.audience` of the provider, or the audience that the token is made for".to_owned(),
            });
        }
        Ok(())
    }

    /// Its claims for people, who compare them with what the cloud was told to trust.
    pub(crate) fn shown(&self) -> String {
        let Claims { issuer, subject, audience, .. } = &self.claims;
        let audience = audience.iter().map(|audience| shown(audience)).collect::<Vec<_>>().join(", ");
        format!("issuer `{}`, audience `{audience}`, subject `{}`", shown(issuer), shown(subject))
    }
}

/// A claim is text of others: nothing in it steers the terminal, and nothing of it fills the screen.
fn shown(claim: &str) -> String {
    claim.chars().filter(|c| !c.is_control()).take(SHOWN).collect()
}

fn claims(token: &str) -> Option<Claims> {
    let mut parts = token.split('.');
    let (_, _, signature) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() || signature.is_empty() || token.len() > LONGEST {
        return None;
    }
    let json = cloud::claims(token)?;
    let text = |json: &Json| json.as_str().unwrap_or_default().to_owned();
    json.as_object()?;
    let audience = match &json["aud"] {
        Json::Array(list) => list.iter().map(text).collect(),
        one => one.as_str().map(str::to_owned).into_iter().collect(),
    };
    #[expect(clippy::cast_possible_truncation, reason = "seconds; a fraction of one is of no use")]
    let expires = json["exp"].as_f64().and_then(|seconds| Timestamp::from_second(seconds as i64).ok());
    Some(Claims { issuer: text(&json["iss"]), subject: text(&json["sub"]), audience, expires })
}

#[cfg(test)]
pub(crate) mod tests {
    use serde_json::json;

    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    use super::*;

    pub(crate) fn token(claims: &Json) -> Secret {
        let part = |json: &Json| URL_SAFE_NO_PAD.encode(json.to_string());
        Secret::from(format!("{}.{}.c2ln", part(&json!({"alg": "RS256"})), part(claims)))
    }

    fn now() -> Timestamp {
        Timestamp::from_second(1_000).unwrap()
    }

    #[test]
    fn claims_are_read_of_tokens_and_of_nothing_else() {
        let read = Jwt::read(token(&json!({"iss": "https://i", "sub": "s", "aud": "a", "exp": 1000.5}))).unwrap();
        let end = Some(now());
        let claims =
            Claims { issuer: "https://i".into(), subject: "s".into(), audience: vec!["a".into()], expires: end };
        assert_eq!(read.claims, claims);
        let many = Jwt::read(token(&json!({"aud": ["a", "b"]}))).unwrap();
        assert_eq!((many.claims.audience, many.claims.expires), (vec!["a".to_owned(), "b".to_owned()], None));
        let long = format!("a.{}.b", "x".repeat(LONGEST));
        for text in ["", "x", "a.b", "a.b.c.d", "a.!!.c", "a.e30.", "a.W10.c", "a.bnVsbA.c", &long] {
            let unfit = Jwt::read(Secret::from(text.to_owned())).map(|read| read.claims).unwrap_err();
            assert_eq!(unfit.reason, "it is no JSON web token", "{text}");
        }
    }

    #[test]
    fn tokens_that_cannot_help_are_seen_before_a_cloud_is_asked() {
        let wanted = |audience: Option<&str>, issuer: Option<&str>| Wanted {
            audience: audience.map(str::to_owned),
            issuer: issuer.map(str::to_owned),
        };
        for (claims, wanted, expected) in [
            (json!({"iss": "i", "aud": ["x", "a"], "exp": 1001}), wanted(Some("a"), Some("i")), None),
            (json!({"iss": "i"}), wanted(None, None), None),
            (json!({"exp": 701}), wanted(None, None), None),
            (json!({"exp": 700}), wanted(None, None), Some("it ended at 1970-01-01T00:11:40Z, and it is")),
            (json!({"iss": "evil"}), wanted(None, Some("i")), Some("its issuer is `evil`, not `i`")),
            (json!({"aud": ["x", "y"]}), wanted(Some("a"), None), Some("it is for `x`, `y`, not for `a`")),
            (json!({}), wanted(Some("a"), None), Some("it is for ``, not for `a`")),
        ] {
            let result = Jwt::read(token(&claims)).unwrap().check(&wanted, now()).err();
            assert_eq!(result.is_some(), expected.is_some(), "{claims}");
            assert!(result.is_none_or(|unfit| unfit.reason.starts_with(expected.unwrap())), "{claims}");
        }
        let odd = Jwt::read(token(&json!({"iss": "i\u{1b}[31m", "sub": "x".repeat(400)}))).unwrap();
        assert_eq!(odd.shown(), format!("issuer `i[31m`, audience ``, subject `{}`", "x".repeat(SHOWN)));
    }
}
