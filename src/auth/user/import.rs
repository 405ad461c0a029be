//! Access keys in the forms in which people have them: JSON of several programs, the CSV file of the console, files of AWS tools. Pure. Row 5.

use serde_json::Value;
use zeroize::Zeroizing;

use super::{Error, Keys};
use crate::host::Profiles;
use crate::secret::Secret;

/// The id of a key in files of AWS tools.
const INI_ID: &str = "aws_access_key_id";
/// A key id of AWS has this many characters at the least and at the most.
const LENGTHS: std::ops::RangeInclusive<usize> = 16..=128;
const FORMS: &str = "give JSON with access_key_id and secret_access_key, the output of `aws iam create-access-key`, the CSV \
                     file of the console, or a file of AWS tools with one key";
/// Where a file of AWS tools has several.
const CHOOSE: &str = "name the profile: `atmos auth user import --from-profile NAME` (AWS_SHARED_CREDENTIALS_FILE says in \
                      which file)";

/// A key with what came along.
#[derive(Debug, Clone)]
pub struct Found {
    pub keys: Keys,
    /// Empty: it was said that there is none.
    pub mfa_arn: Option<String>,
    pub session_duration: Option<String>,
}

impl Found {
    /// From its two halves, checked.
    ///
    /// # Errors
    /// A half that cannot be one, or a key of a temporary session.
    pub fn new(id: &str, secret: &str, token: Option<&str>) -> Result<Found, Error> {
        let invalid = |reason: &str, help| Err(Error::InvalidKey { reason: reason.to_owned(), help });
        let (id, secret) = (id.trim(), secret.trim());
        if id.starts_with("ASIA") || token.is_some_and(|token| !token.is_empty()) {
            return invalid("it belongs to a temporary session", "store a key that lasts (its id begins with AKIA)");
        }
        let plain = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit();
        if !LENGTHS.contains(&id.len()) || !id.chars().all(plain) {
            return invalid("the id is not the id of a key", "an id has 16 or more upper case letters and digits");
        }
        if secret.is_empty() || secret.chars().any(|c| c.is_whitespace() || c.is_control()) {
            return invalid("the secret is empty or has white space in it", "copy it again");
        }
        let keys = Keys { access_key_id: id.to_owned(), secret_access_key: Secret::from(secret.to_owned()) };
        Ok(Found { keys, mfa_arn: None, session_duration: None })
    }
}

/// Reads a key from text.
///
/// # Errors
/// [`Error::InvalidKey`]; the text is never repeated.
pub fn parse(text: &str) -> Result<Found, Error> {
    let text = text.trim_start_matches('\u{feff}').trim();
    match text {
        _ if text.starts_with('{') => json(text),
        _ if is_ini(text) => ini(text),
        _ => csv(text),
    }
}

/// A file of AWS tools, or just the lines of one profile.
fn is_ini(text: &str) -> bool {
    let is_key = |line: &str| line.split_once('=').is_some_and(|(key, _)| key.trim().eq_ignore_ascii_case(INI_ID));
    text.lines().map(str::trim).any(|line| line.starts_with('[') || is_key(line))
}

fn ini(text: &str) -> Result<Found, Error> {
    let invalid = |reason: String, help| Error::InvalidKey { reason, help };
    let profiles = Profiles::of_text(text);
    let keys: Vec<_> = profiles.names().filter_map(|name| Some((name, profiles.keys(name)?))).collect();
    match keys.as_slice() {
        [] => Err(invalid("a half of the key is missing".to_owned(), FORMS)),
        [(_, key)] => {
            let found = Found::new(key.id, key.secret, key.token)?;
            Ok(Found { mfa_arn: key.mfa_serial.map(str::to_owned), ..found })
        }
        several => {
            let names: Vec<&str> = several.iter().map(|(name, _)| *name).collect();
            Err(invalid(format!("it has more than one key: of the profiles {}", names.join(", ")), CHOOSE))
        }
    }
}

fn json(text: &str) -> Result<Found, Error> {
    let unknown = |reason: &str| Error::InvalidKey { reason: reason.to_owned(), help: FORMS };
    let document: Value = serde_json::from_str(text).map_err(|_| unknown("it is no valid JSON"))?;
    let inner = document.get("AccessKey").or_else(|| document.get("data")).unwrap_or(&document);
    let get = |names: &[&str]| names.iter().find_map(|name| inner.get(name)?.as_str());
    let id = get(&["access_key_id", "AccessKeyId", "AccessKeyID", "AWS_ACCESS_KEY_ID"]);
    let secret = get(&["secret_access_key", "SecretAccessKey", "AWS_SECRET_ACCESS_KEY"]);
    let (Some(id), Some(secret)) = (id, secret) else { return Err(unknown("a half of the key is missing")) };
    let token = get(&["session_token", "SessionToken", "AWS_SESSION_TOKEN"]);
    let own = |name: &str| get(&[name]).filter(|text| !text.is_empty()).map(str::to_owned);
    let found = Found::new(id, secret, token)?;
    // An empty text and null say that there is none.
    let mfa_arn = inner.get("mfa_arn").map(|arn| arn.as_str().unwrap_or_default().to_owned());
    Ok(Found { mfa_arn, session_duration: own("session_duration"), ..found })
}

/// The file that the console offers: a header, then one line whose last two fields are the key.
fn csv(text: &str) -> Result<Found, Error> {
    let unknown = |reason: &str| Error::InvalidKey { reason: reason.to_owned(), help: FORMS };
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let (Some(header), Some(line)) = (lines.next(), lines.next()) else { return Err(unknown("its form is not known")) };
    if lines.next().is_some() {
        return Err(unknown("it has more than one key"));
    }
    let (Some(names), Some(values)) = (fields(header), fields(line)) else {
        return Err(unknown("its form is not known"));
    };
    let is = |name: &str, wanted: &str| name.trim().eq_ignore_ascii_case(wanted);
    let field = |wanted: &str| values.get(names.iter().position(|name| is(name, wanted))?);
    match (field("access key id"), field("secret access key")) {
        (Some(id), Some(secret)) => Found::new(id, secret, None),
        _ => Err(unknown("its form is not known")),
    }
}

/// The fields of a line; in quotes a field may have commas, and two quotes for one. `None`: a quote is not closed.
fn fields(line: &str) -> Option<Vec<Zeroizing<String>>> {
    let mut found = vec![Zeroizing::new(String::with_capacity(line.len()))];
    let (mut quoted, mut rest) = (false, line.chars().peekable());
    while let Some(next) = rest.next() {
        let field = found.last_mut()?;
        match next {
            '"' if quoted && rest.peek() == Some(&'"') => {
                rest.next();
                field.push('"');
            }
            '"' if quoted || field.trim().is_empty() => quoted = !quoted,
            ',' if !quoted => found.push(Zeroizing::new(String::with_capacity(line.len()))),
            other => field.push(other),
        }
    }
    (!quoted).then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::Expose as _;

    const ID: &str = "AKIAIOSFODNN7EXAMPLE";

    #[test]
    fn keys_are_found_in_every_form() {
        for text in [
            format!(r#"{{"access_key_id": "{ID}", "secret_access_key": "s/e+c", "mfa_arn": "arn:x"}}"#),
            format!(r#"{{"AccessKey": {{"UserName": "me", "AccessKeyId": "{ID}", "SecretAccessKey": "s/e+c"}}}}"#),
            format!(r#"{{"AccessKeyID": "{ID}", "SecretAccessKey": "s/e+c", "SessionToken": "", "CanExpire": false}}"#),
            format!("\u{feff}Access key ID,Secret access key\r\n{ID},s/e+c\r\n"),
            format!("User name,Access key ID,Secret access key\nme,{ID},s/e+c"),
            format!("\"User name\",\"Access key ID\",\"Secret access key\"\n\"me, \"\"too\"\"\",\"{ID}\",\"s/e+c\""),
            format!("[default]\naws_access_key_id = {ID}\naws_secret_access_key = s/e+c\nregion = eu-west-1\n"),
            format!("# mine\n[other]\nregion = x\n\n[me]\naws_access_key_id={ID}\naws_secret_access_key=s/e+c\n"),
            format!("aws_access_key_id = {ID}\naws_secret_access_key = s/e+c"),
        ] {
            let found = parse(&text).unwrap();
            assert_eq!(
                (found.keys.access_key_id.as_str(), found.keys.secret_access_key.expose_secret()),
                (ID, "s/e+c"),
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_no_lasting_key_is_refused_without_being_repeated() {
        for (text, phrase) in [
            (format!(r#"{{"access_key_id": "{ID}"}}"#), "a half of the key is missing"),
            (r#"{"access_key_id": "ASIAIOSFODNN7EXAMPLE", "secret_access_key": "hunter22"}"#.to_owned(), "temporary"),
            (
                format!(r#"{{"access_key_id": "{ID}", "secret_access_key": "hunter22", "session_token": "t"}}"#),
                "temporary",
            ),
            (r#"{"access_key_id": "me", "secret_access_key": "hunter22"}"#.to_owned(), "not the id of a key"),
            (format!(r#"{{"access_key_id": "{ID}", "secret_access_key": "hun ter22"}}"#), "white space"),
            ("{hunter22".to_owned(), "no valid JSON"),
            ("hunter22".to_owned(), "form is not known"),
            (format!("Access key ID,Secret access key\n{ID},\"hunter22"), "form is not known"),
            (format!("Access key ID,Secret access key\n{ID},hunter22\n{ID},x"), "more than one key"),
            (format!("[a]\naws_access_key_id = {ID}\n"), "a half of the key is missing"),
            (
                ["a", "b"]
                    .map(|name| format!("[{name}]\naws_access_key_id={ID}\naws_secret_access_key=hunter22\n"))
                    .concat(),
                "more than one key: of the profiles a, b",
            ),
        ] {
            let error = parse(&text).unwrap_err();
            assert!(error.to_string().contains(phrase), "{text}: {error}");
            assert!(!format!("{error:?}").contains("hunter22"), "{error:?}");
        }
    }
}
