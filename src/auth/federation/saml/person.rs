//! Who signs in where a driver fills the pages in: user name, password and codes, from the first place that has them.
//!
//! Read [`Person`]. What is wrong is asked for again only from somebody who typed it: other places would say the same, and an
//! account is locked after a few attempts. Row 5.

use inquire::validator::{ErrorMessage, Validation};
use inquire::{CustomUserError, InquireError, PasswordDisplayMode};
use serde_json::{Value as Json, json};
use sha2::{Digest as _, Sha256};
use url::Url;
use zeroize::Zeroizing;

use super::super::super::context::blocking;
use super::super::super::error::Error as AuthError;
use super::super::super::identity::credential_process::{Program, run, words};
use super::super::super::store::SAML_PASSWORD_VARIABLE as PASSWORD_VARIABLE;
use super::super::super::user::Error as UserError;
use super::super::error::Error;
use super::super::module::{Entry, Step};
use super::settings::{patience, url_of};
use crate::host::prompt;
use crate::secret::{Expose as _, Secret};
use crate::value::hex;

pub(super) const PASSWORD_PROGRAM: &str = "spec.password_process";
pub(super) const CODE_PROGRAM: &str = "spec.mfa_process";
pub(super) const KEEP: &str = "spec.keep_password";
const USERNAME_VARIABLE: &str = "ATMOS_SAML_USERNAME";
const CODE_VARIABLE: &str = "ATMOS_SAML_MFA_TOKEN";
/// How often somebody who types may be wrong.
const ATTEMPTS: u32 = 3;
/// Digits of a user name's hash; enough that two are never taken for one.
const DIGITS: usize = 16;
/// Codes are short; whatever is longer is something else.
const LONGEST_CODE: usize = 64;

/// Where an answer came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Origin {
    /// A setting, a variable or a program.
    Given(&'static str),
    Kept,
    Typed,
}

/// Who signs in.
pub(super) struct Person<'a> {
    step: &'a Step<'a>,
    username: Option<(String, Origin)>,
    password: Option<(Secret, Origin)>,
    code: Option<Origin>,
    passwords: u32,
    codes: u32,
}

/// What a driver got, and from whose sign-in.
pub(super) struct SignedIn {
    pub(super) response: Secret,
    pub(super) user: Option<String>,
}

/// The user name that is said beforehand.
pub(super) fn named(step: &Step<'_>) -> Option<String> {
    let variable = || step.context.host.env.get(USERNAME_VARIABLE).filter(|name| !name.is_empty()).map(str::to_owned);
    step.entry.text("username").or_else(variable)
}

/// A user name as sessions know it.
pub(super) fn basis(name: &str) -> String {
    let mut digits = hex(&Sha256::digest(name.trim()));
    digits.truncate(DIGITS);
    digits
}

/// Name under which a password is kept in the cache, if it is to be kept.
pub(super) fn kept(entry: &Entry<'_>) -> Option<String> {
    if !keeps(entry) {
        return None;
    }
    let whose = [url_of(entry), entry.text("username").unwrap_or_default()].join("\n");
    Some(format!("saml-password/{}", hex(&Sha256::digest(whose))))
}

/// What is wrong with the settings of who signs in.
pub(super) fn problem(entry: &Entry<'_>) -> Option<String> {
    let text = entry.text(KEEP)?;
    (!matches!(text.as_str(), "true" | "false")).then(|| format!("{KEEP} `{text}` is neither true nor false"))
}

fn keeps(entry: &Entry<'_>) -> bool {
    entry.text(KEEP).as_deref() == Some("true")
}

impl<'a> Person<'a> {
    /// Somebody may be asked; what was kept is looked up.
    pub(super) async fn of(step: &'a Step<'a>) -> Result<Person<'a>, AuthError> {
        let mut person = Person { step, username: None, password: None, code: None, passwords: 0, codes: 0 };
        let env = &step.context.host.env;
        let given = step.entry.text("username").map(|name| (name, Origin::Given("`username`")));
        let variable = || {
            env.get(USERNAME_VARIABLE)
                .filter(|name| !name.is_empty())
                .map(|name| (name.to_owned(), Origin::Given(USERNAME_VARIABLE)))
        };
        person.username = given.or_else(variable);
        let Some(name) = kept(&step.entry) else { return Ok(person) };
        let bytes = step.context.load(&step.context.login_name(&name)).await?;
        let Some(entry) = bytes.and_then(|bytes| serde_json::from_slice::<Json>(&bytes).ok()) else {
            return Ok(person);
        };
        let text = |key: &str| entry[key].as_str().map(str::to_owned);
        if let (Some(username), Some(password)) = (text("username"), text("password"))
            && person.username.as_ref().is_none_or(|(known, _)| *known == username)
        {
            person.username.get_or_insert((username, Origin::Kept));
            person.password = Some((person.masked(password), Origin::Kept));
        }
        Ok(person)
    }

    pub(super) async fn username(&mut self) -> Result<String, AuthError> {
        if let Some((name, _)) = &self.username {
            return Ok(name.clone());
        }
        self.check_terminal("the user name", &format!("`username` or {USERNAME_VARIABLE}"))?;
        let title = format!("User name at {}:", self.place());
        let required = filled("type the user name, or Ctrl-C");
        let typed =
            blocking(move || prompt::ask(move || inquire::Text::new(&title).with_validator(required).prompt())).await?;
        let name = answered(typed)?.trim().to_owned();
        self.username = Some((name.clone(), Origin::Typed));
        Ok(name)
    }

    pub(super) async fn password(&mut self) -> Result<Secret, AuthError> {
        let entry = &self.step.entry;
        if let Some((password, _)) = self.password.clone().filter(|_| self.passwords == 0) {
            return Ok(password);
        }
        if self.passwords == 0 {
            let context = self.step.context;
            let given = entry.text("password").map(|text| (text, "`password`"));
            let variable =
                || context.host.env.password(PASSWORD_VARIABLE).map(|text| (text.to_owned(), PASSWORD_VARIABLE));
            let found = match given.or_else(variable).filter(|(text, _)| !text.is_empty()) {
                Some(found) => Some(found),
                None => self.printed(PASSWORD_PROGRAM).await?.map(|text| (text, PASSWORD_PROGRAM)),
            };
            if let Some((text, from)) = found {
                let password = self.masked(text);
                self.password = Some((password.clone(), Origin::Given(from)));
                return Ok(password);
            }
        }
        let ways = format!("{PASSWORD_VARIABLE}, `password` (such as `!env NAME`) or `{PASSWORD_PROGRAM}`");
        self.check_terminal("the password", &ways)?;
        let again = if self.passwords > 0 { "That was not accepted. " } else { "" };
        let name = self.username.as_ref().map_or("you", |(name, _)| name);
        let title = format!("{again}Password of {name} at {}:", self.place());
        // An empty one is no attempt: after a few of those an account is locked.
        let ask = move || {
            let prompt = inquire::Password::new(&title).with_display_mode(PasswordDisplayMode::Masked);
            prompt.without_confirmation().with_validator(filled("type the password, or Ctrl-C")).prompt()
        };
        let typed = blocking(move || prompt::ask(ask));
        let password = self.masked(answered(typed.await?)?);
        self.password = Some((password.clone(), Origin::Typed));
        Ok(password)
    }

    /// The code that a device shows, or that was sent. `what` says which one.
    pub(super) async fn code(&mut self, what: &str) -> Result<Secret, AuthError> {
        if self.codes == 0
            && let Some((code, from)) = self.code_of_nobody().await?
        {
            self.code = Some(Origin::Given(from));
            return Ok(code);
        }
        self.check_terminal("a code", &format!("{CODE_VARIABLE} or `{CODE_PROGRAM}`"))?;
        let again = if self.codes > 0 { "That was not accepted. " } else { "" };
        let title = format!("{again}Code {what} for {}:", self.place());
        let required = filled("type the code, or Ctrl-C");
        let typed =
            blocking(move || prompt::ask(move || inquire::Text::new(&title).with_validator(required).prompt())).await?;
        let code = self.masked(answered(typed)?.trim().chars().take(LONGEST_CODE).collect());
        self.code = Some(Origin::Typed);
        Ok(code)
    }

    /// A code can be had without a person.
    pub(super) fn has_code(&self) -> bool {
        self.step.context.host.env.get(CODE_VARIABLE).is_some() || self.step.entry.at(CODE_PROGRAM).is_some()
    }

    async fn code_of_nobody(&self) -> Result<Option<(Secret, &'static str)>, AuthError> {
        let found = match self.step.context.host.env.get(CODE_VARIABLE) {
            Some(code) => Some((code.to_owned(), CODE_VARIABLE)),
            None => self.printed(CODE_PROGRAM).await?.map(|code| (code, CODE_PROGRAM)),
        };
        let Some((text, from)) = found else { return Ok(None) };
        let text = text.trim().to_owned();
        if text.is_empty() || text.len() > LONGEST_CODE {
            return Err(self.failed(format!("what {from} gives is no code"), "give the code that the device shows now"));
        }
        Ok(Some((self.masked(text), from)))
    }

    /// The password was not taken: an error, unless it can be typed once more.
    pub(super) async fn password_refused(&mut self, reason: &str) -> Result<(), AuthError> {
        self.passwords += 1;
        let from = self.password.take().map(|(_, from)| from);
        if from == Some(Origin::Kept) {
            self.forget().await?;
        }
        let may_type = self.step.context.may_prompt() && matches!(from, Some(Origin::Kept | Origin::Typed));
        if may_type && self.passwords < ATTEMPTS {
            if matches!(self.username, Some((_, Origin::Typed | Origin::Kept))) {
                self.username = None;
            }
            self.step.context.host.talk.attention(format!("{}: {reason}", self.place()));
            return Ok(());
        }
        let came = match from {
            Some(Origin::Given(from)) => format!(" (the password came from {from})"),
            Some(Origin::Kept) => " (the password that was kept is forgotten now)".to_owned(),
            _ => String::new(),
        };
        let help = "check user name and password; after several attempts many identity providers lock an account for a \
                    while and say the same";
        Err(self.failed(format!("it was refused: {reason}{came}"), help))
    }

    /// A code was not taken: an error, unless another one can be typed.
    pub(super) fn code_refused(&mut self, reason: &str) -> Result<(), AuthError> {
        self.codes += 1;
        let from = self.code.take();
        if from == Some(Origin::Typed) && self.codes < ATTEMPTS {
            self.step.context.host.talk.attention(format!("{}: {reason}", self.place()));
            return Ok(());
        }
        let came = match from {
            Some(Origin::Given(from)) => format!(" (the code came from {from})"),
            _ => String::new(),
        };
        let help = "give the code that the device shows now; compare its clock";
        Err(self.failed(format!("the code was refused: {reason}{came}"), help))
    }

    /// The sign-in worked: a password that somebody typed is kept if that is wanted.
    pub(super) async fn accepted(&self, response: Secret) -> Result<SignedIn, AuthError> {
        self.keep().await?;
        Ok(SignedIn { response, user: self.username.as_ref().map(|(name, _)| name.clone()) })
    }

    async fn keep(&self) -> Result<(), AuthError> {
        let (Some(name), Some((password, Origin::Typed)), Some((username, _))) =
            (kept(&self.step.entry), &self.password, &self.username)
        else {
            return Ok(());
        };
        let entry = json!({"username": username, "password": password.expose_secret()});
        let mut bytes = Zeroizing::new(Vec::with_capacity(4096));
        if serde_json::to_writer(&mut *bytes, &entry).is_err() {
            return Ok(());
        }
        self.step.context.store(&self.step.context.login_name(&name), Some(bytes)).await
    }

    async fn forget(&self) -> Result<(), AuthError> {
        let Some(name) = kept(&self.step.entry) else { return Ok(()) };
        self.step.context.remove(&self.step.context.login_name(&name)).await.map(drop)
    }

    async fn printed(&self, setting: &'static str) -> Result<Option<String>, AuthError> {
        let entry = &self.step.entry;
        let Some(command) = entry.text(setting) else { return Ok(None) };
        let failed = |reason: String| {
            self.failed(format!("{setting} {reason}"), "run it yourself to see what it prints: one line, and status 0")
        };
        let program = Program {
            words: words(&command).map_err(&failed)?,
            patience: patience(entry).map_err(&failed)?,
            talks: self.step.context.may_prompt(),
        };
        let printed = run(self.step.context, program).await?.map_err(&failed)?;
        let line = printed.lines().next().unwrap_or_default().to_owned();
        if line.is_empty() { Err(failed("printed nothing".to_owned())) } else { Ok(Some(line)) }
    }

    fn masked(&self, text: String) -> Secret {
        let secret = Secret::from(text);
        self.step.context.host.masker.register(&secret);
        secret
    }

    /// Where one signs in, for people.
    fn place(&self) -> String {
        format!("`{}`", self.step.entry.name)
    }

    /// Something else than an answer is wanted, which a driver cannot give.
    pub(super) fn first(&self, what: &str, place: &Url) -> AuthError {
        let help = format!("sign in at {} in a browser once, and do it there", place.origin().ascii_serialization());
        self.failed(format!("it wants something from you first: {what}"), &help)
    }

    pub(super) fn failed(&self, reason: String, help: &str) -> AuthError {
        Error::SignIn { who: self.step.entry.shown(), reason, help: help.to_owned() }.into()
    }

    fn check_terminal(&self, what: &str, ways: &str) -> Result<(), AuthError> {
        if self.step.context.may_prompt() {
            return Ok(());
        }
        let provider = self.step.entry.name.to_owned();
        let help = format!(
            "nobody can be asked for {what} here: set {ways}, or run `atmos auth login --provider {}` in a terminal",
            crate::diag::hint::word(&provider)
        );
        Err(AuthError::NeedsTerminal { provider, help })
    }
}

/// Asks again where nothing was typed.
fn filled(advice: &'static str) -> impl Fn(&str) -> Result<Validation, CustomUserError> + Clone + 'static {
    move |text| {
        let is_filled = !text.trim().is_empty();
        Ok(if is_filled { Validation::Valid } else { Validation::Invalid(ErrorMessage::Custom(advice.to_owned())) })
    }
}

fn answered(answer: Result<String, InquireError>) -> Result<String, AuthError> {
    answer.map_err(|error| match error {
        InquireError::OperationCanceled | InquireError::OperationInterrupted => AuthError::Aborted,
        other => UserError::Prompt { reason: other.to_string() }.into(),
    })
}
