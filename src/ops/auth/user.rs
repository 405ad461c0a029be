//! `atmos auth user configure | import | rotate`: keys that last.

use std::borrow::Cow;
use std::io::Read as _;
use std::path::PathBuf;

use inquire::InquireError;
use inquire::validator::Validation;
use miette::Diagnostic;
use zeroize::Zeroizing;

use super::super::access::Access;
use super::super::audit::{self, Event};
use super::{reference::Reference, vault};
use crate::auth::config::Identity;
use crate::auth::resolution::Flag;
use crate::auth::user::{Error as UserError, Found, Keys, Rotated, StoredKeys, parse};
use crate::auth::{CallerIdentity, Error, IdentityName};
use crate::diag::hint::word;
use crate::diag::{Failure, Result, Warning};
use crate::host::{fs, prompt};
use crate::secret::Secret;
use crate::value::{DurationForm, parse_duration};

/// Longest text that holds one key.
const LONGEST: u64 = 64 * 1024;
const NOT_A_FILE: &str = "it is not a regular file of at most 64 KiB (`--from-stdin` reads a pipe)";
/// Where the other programs keep a key in the environment.
const ID: &str = "AWS_ACCESS_KEY_ID";
const SECRET: &str = "AWS_SECRET_ACCESS_KEY";
const TOKEN: &str = "AWS_SESSION_TOKEN";

/// Where a key comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// The person at the terminal.
    Person,
    /// JSON or CSV on standard input.
    Stdin,
    File(PathBuf),
    /// `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`.
    Environment,
    /// A profile of the shared files of AWS tools.
    Profile(String),
    /// What the Go version of atmos keeps in the keyring of the system.
    Reference,
    /// The file keyring of aws-vault, by profile.
    Vault(String),
}

#[derive(Debug, Clone)]
pub struct KeysRequest {
    pub identity: Flag,
    pub origin: Origin,
    pub mfa_arn: Option<String>,
    pub session_duration: Option<String>,
    /// The key is stored without asking whose it is.
    pub no_verify: bool,
}

/// What was stored.
#[derive(Debug, Clone)]
pub struct KeysReport {
    pub identity: String,
    /// `None`: everything stands in the configuration, and nothing was to be done.
    pub access_key_id: Option<String>,
    /// Whose the key is, where somebody was asked.
    pub arn: Option<String>,
    pub keyring: &'static str,
}

/// Stores the key of a user in the keyring, after it was found out whose it is.
///
/// # Errors
/// No such user, nobody to ask, a key that is none or is refused, a keyring that does not last.
pub async fn store_keys(access: &Access, request: &KeysRequest) -> Result<KeysReport> {
    super::outside_only(access, "user")?;
    let identity = user(access, &request.identity)?;
    let keyring = access.cache.store().kind().name();
    let name = identity.name.clone();
    let written = &identity.credentials;
    if written.access_key_id.is_some() && written.secret_access_key.is_some() {
        return match request.origin {
            Origin::Person => Ok(KeysReport { identity: name.to_string(), access_key_id: None, arn: None, keyring }),
            _ => Err(Error::from(UserError::InConfiguration { identity: name.to_string() }).into()),
        };
    }
    // What does not last is the error below.
    access.cache.store().keep_quiet();
    let old = access.session.stored_keys(&name).await?;
    let mut found = find(access, &identity, request, old.as_ref())?;
    found.mfa_arn = request.mfa_arn.clone().or(found.mfa_arn);
    let kept = old.as_ref().and_then(|old| old.session_duration.clone()).filter(|_| request.origin != Origin::Person);
    found.session_duration = request.session_duration.clone().or(found.session_duration).or(kept);
    if let Some(text) = found.session_duration.as_deref().filter(|text| !is_duration(text)) {
        return Err(KeysFailure::Duration { text: text.to_owned() }.into());
    }
    let caller = if request.no_verify { None } else { Some(access.session.check_keys(&name, &found.keys).await?) };
    if let Some(old) = old.filter(|_| found.mfa_arn.is_none() && request.origin != Origin::Person) {
        found.mfa_arn = device_of(access, &name, &old, &found.keys, caller.as_ref()).await;
    }
    let mfa_arn = found.mfa_arn.filter(|arn| !arn.is_empty());
    let keys = StoredKeys::new(found.keys, mfa_arn, found.session_duration);
    let event = Event {
        name: "configure",
        identity: Some(name.to_string()),
        account: caller.as_ref().map(|caller| caller.account.clone()),
        ..Event::default()
    };
    audit::record(access, &access.settings, &event)?;
    access.session.store_keys(&name, &keys).await?;
    let access_key_id = Some(keys.keys.access_key_id);
    let keyring = access.cache.store().kind().name();
    Ok(KeysReport { identity: name.to_string(), access_key_id, arn: caller.map(|caller| caller.arn), keyring })
}

/// The MFA device that was stored with the key before, where that is the device of the same user. Of another user's device
/// every login would want a code that nobody has.
async fn device_of(
    access: &Access,
    name: &IdentityName,
    old: &StoredKeys,
    new: &Keys,
    caller: Option<&CallerIdentity>,
) -> Option<String> {
    let device = old.mfa_arn.clone().filter(|arn| !arn.is_empty())?;
    if old.keys.access_key_id == new.access_key_id {
        return Some(device);
    }
    let before = match caller {
        Some(_) => access.session.check_keys(name, &old.keys).await.ok(),
        None => None,
    };
    let account = device.split(':').nth(4);
    let (kept, why) = match (caller, before) {
        (Some(now), Some(before)) if now.arn == before.arn => return Some(device),
        (Some(_), Some(before)) => (false, format!("the key before belongs to {}", before.arn)),
        (Some(now), None) if account != Some(now.account.as_str()) => (false, "it is in another account".to_owned()),
        // A key that was replaced by hand is often gone already.
        (_, None) | (None, _) => (true, "nobody could say whether the key before belongs to the same user".to_owned()),
    };
    let word = if kept { "is kept" } else { "is not kept" };
    let message = format!("the MFA device {device} that was stored with the key before {word}: {why}");
    let help = "`--mfa-arn ARN` names the device of this user, `--mfa-arn ''` says that there is none";
    access.host.talk.warn(Warning::new("atmos::auth::user::device", message).help(help));
    kept.then_some(device)
}

/// Replaces the key of a user by a new one.
///
/// # Errors
/// As [`crate::auth::Session::rotate_keys`].
pub async fn rotate_keys(access: &Access, identity: &Flag) -> Result<(String, Rotated)> {
    super::outside_only(access, "user")?;
    let name = user(access, identity)?.name;
    let event = Event { name: "rotate", identity: Some(name.to_string()), ..Event::default() };
    audit::record(access, &access.settings, &event)?;
    let rotated = access.session.rotate_keys(&name).await?;
    Ok((name.to_string(), rotated))
}

/// The user that is meant: named, or the only one there is.
fn user(access: &Access, flag: &Flag) -> Result<Identity> {
    let users = access.session.users();
    let named = match flag {
        Flag::Name(name) => Some(name.clone()),
        Flag::Disabled => return Err(Error::Disabled.into()),
        Flag::NotGiven => access.host.env.lossy("ATMOS_IDENTITY").map(Cow::into_owned).filter(|_| users.len() != 1),
        Flag::Select => None,
    };
    if let Some(name) = named {
        return Ok(access.session.user(&IdentityName::from(name.as_str()))?);
    }
    match users.as_slice() {
        [] => Err(Error::from(UserError::None).into()),
        [only] => Ok(access.session.user(only)?),
        several if access.host.terminal.can_prompt() => {
            let names = several.iter().map(ToString::to_string).collect();
            let picked = prompt::pick("Whose access key?", names).map_err(|_| Error::Aborted)?;
            Ok(access.session.user(several.get(picked).ok_or(Error::Aborted)?)?)
        }
        several => {
            let names: Vec<&str> = several.iter().map(IdentityName::as_str).collect();
            Err(KeysFailure::Several { names: names.join(", ") }.into())
        }
    }
}

fn find(access: &Access, identity: &Identity, request: &KeysRequest, old: Option<&StoredKeys>) -> Result<Found> {
    let host = &access.host;
    let found = match &request.origin {
        Origin::Person => return ask(access, identity, request, old),
        Origin::Environment => {
            let get = |name| host.env.get(name);
            let (Some(id), Some(secret)) = (get(ID), get(SECRET)) else {
                return Err(KeysFailure::NoVariables.into());
            };
            Found::new(id, secret, get(TOKEN)).map_err(Error::from)?
        }
        Origin::Stdin => {
            let mut text = Zeroizing::new(String::new());
            let read = std::io::stdin().take(LONGEST).read_to_string(&mut text);
            read.map_err(|error| KeysFailure::Read { from: "standard input".to_owned(), reason: error.to_string() })?;
            parse(&text).map_err(Error::from)?
        }
        Origin::File(path) => {
            let path = host.absolute(path);
            let text = fs::read_text(&path, LONGEST, NOT_A_FILE).map(Zeroizing::new);
            let failed = |error: std::io::Error| KeysFailure::Read {
                from: path.display().to_string(),
                reason: error.to_string(),
            };
            parse(&text.map_err(failed)?).map_err(Error::from)?
        }
        Origin::Profile(name) => profile(access, name)?,
        Origin::Vault(profile) => parse(&vault::key_of(host, profile)?).map_err(Error::from)?,
        Origin::Reference => parse(&Reference::new(access).needed_entry(&identity.name)?).map_err(Error::from)?,
    };
    Ok(found)
}

fn profile(access: &Access, name: &str) -> Result<Found> {
    let profiles = crate::host::Profiles::read(&access.host.env, &access.host.cwd);
    let Some(keys) = profiles.keys(name) else { return Err(KeysFailure::Profile { name: name.to_owned() }.into()) };
    let found = Found::new(keys.id, keys.secret, keys.token).map_err(Error::from)?;
    Ok(Found { mfa_arn: keys.mfa_serial.map(str::to_owned), ..found })
}

/// The form for a person. What the configuration says is shown, and not asked for.
fn ask(access: &Access, identity: &Identity, request: &KeysRequest, old: Option<&StoredKeys>) -> Result<Found> {
    let name = identity.name.as_str();
    if !access.host.terminal.can_prompt() {
        let help = format!(
            "pass the key on to `atmos auth user import -i {} --from-stdin`, or use `--from-env` with {ID} and {SECRET} set",
            word(name)
        );
        return Err(Error::from(UserError::NeedsTerminal { command: "configure", help }).into());
    }
    let talk = &access.host.talk;
    talk.attention(format!("access key of identity {name} (an empty secret leaves everything as it is)"));
    if let Some(old) = old {
        // Not put into the field: whoever pastes a new secret beside an old id has stored neither of both.
        let id = ending(&old.keys.access_key_id);
        talk.attention(format!("the keyring has a key of {name} already, {id}: what you enter replaces it"));
    }
    let id = text("Access key id:", None)?;
    let secret = prompt::ask(|| {
        let prompt = inquire::Password::new("Secret access key:").without_confirmation();
        prompt.with_display_mode(inquire::PasswordDisplayMode::Masked).prompt().map(Zeroizing::new)
    });
    let secret = secret.map_err(prompted)?;
    access.host.masker.register(&Secret::from(secret.to_string()));
    let found = Found::new(&id, &secret, None).map_err(Error::from)?;
    let own = &identity.credentials;
    let mfa_arn = match (&own.mfa_arn, &request.mfa_arn) {
        (Some(arn), _) => {
            talk.attention(format!("MFA device: {arn} (from the configuration)"));
            None
        }
        (None, Some(arn)) => Some(arn.clone()),
        (None, None) => {
            Some(text("ARN of the MFA device (empty for none):", old.and_then(|old| old.mfa_arn.as_deref()))?)
        }
    };
    let session_duration = match (&own.session_duration, &request.session_duration) {
        (Some(duration), _) => {
            talk.attention(format!("session duration: {duration} (from the configuration)"));
            None
        }
        (None, Some(duration)) => Some(duration.clone()),
        (None, None) => {
            let usual = old.and_then(|old| old.session_duration.clone()).unwrap_or_else(|| "12h".to_owned());
            let typed = prompt::ask(move || {
                let prompt = inquire::Text::new("Session duration:").with_initial_value(&usual);
                let prompt = prompt.with_validator(|text: &str| {
                    let fine = text.trim().is_empty() || is_duration(text);
                    Ok(if fine { Validation::Valid } else { Validation::Invalid("3600, 8h or 1d".into()) })
                });
                prompt.prompt()
            });
            Some(typed.map_err(prompted)?)
        }
    };
    let filled = |text: Option<String>| text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
    Ok(Found { mfa_arn: filled(mfa_arn), session_duration: filled(session_duration), ..found })
}

/// The last four letters, by which people tell keys apart.
fn ending(id: &str) -> String {
    let last: String = id.chars().rev().take(4).collect::<Vec<_>>().into_iter().rev().collect();
    format!("…{last}")
}

fn text(title: &'static str, initial: Option<&str>) -> Result<String> {
    let initial = initial.map(str::to_owned);
    let typed = prompt::ask(move || {
        let prompt = inquire::Text::new(title);
        match &initial {
            Some(initial) => prompt.with_initial_value(initial).prompt(),
            None => prompt.prompt(),
        }
    });
    Ok(typed.map_err(prompted)?.trim().to_owned())
}

fn prompted(error: InquireError) -> Error {
    match error {
        InquireError::OperationCanceled | InquireError::OperationInterrupted => Error::Aborted,
        other => UserError::Prompt { reason: other.to_string() }.into(),
    }
}

fn is_duration(text: &str) -> bool {
    parse_duration(text, DurationForm::DaysAndSeconds).is_some()
}

#[derive(Debug, thiserror::Error, Diagnostic)]
enum KeysFailure {
    #[error("several identities are of kind aws/user: {names}")]
    #[diagnostic(code(atmos::auth::user::several), help("name one with `--identity <name>`"))]
    Several { names: String },

    #[error("there is no key in the environment")]
    #[diagnostic(code(atmos::auth::user::no_variables), help("set {ID} and {SECRET}"))]
    NoVariables,

    #[error("failed to read the key from {from}: {reason}")]
    #[diagnostic(code(atmos::auth::user::read), help("give a file of at most 64 KiB with one key"))]
    Read { from: String, reason: String },

    #[error("the AWS profile `{name}` does not exist, or has no key of its own")]
    #[diagnostic(code(atmos::auth::user::profile), help("look at ~/.aws/credentials"))]
    Profile { name: String },

    #[error("invalid session duration `{text}`")]
    #[diagnostic(code(atmos::auth::user::duration), help("give seconds, or a duration such as 8h or 1d"))]
    Duration { text: String },
}

impl Failure for KeysFailure {}
