//! Codes of MFA devices: from the environment, from a program, from the person at the terminal. Row 5.

use std::time::Duration;

use inquire::InquireError;
use inquire::validator::Validation;

use super::context::{Context, blocking};
use super::error::Error;
use super::identity::credential_process::{Program, run, words};
use super::name::IdentityName;
use super::user::Error as UserError;
use crate::host::prompt;
use crate::secret::{Expose as _, Secret};

/// Holds the code, for where nobody can be asked.
const VARIABLE: &str = "ATMOS_AWS_MFA_TOKEN";
/// A program may have to wait for a touch of the device.
const PATIENCE: Duration = Duration::from_mins(1);
const DIGITS: usize = 6;

/// Who needs a code of which device.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Device<'a> {
    pub(crate) identity: &'a IdentityName,
    pub(crate) arn: &'a str,
    /// Program that prints the code.
    pub(crate) process: Option<&'a str>,
}

/// Where a code came from: only who was asked can be asked again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum From {
    Elsewhere,
    Person,
}

/// The code that the device shows now.
///
/// # Errors
/// Nobody to ask, something that is no code, or the person does not want to.
pub(crate) async fn code(context: &Context, device: Device<'_>, again: bool) -> Result<(Secret, From), Error> {
    if let Some(code) = context.host.env.get(VARIABLE) {
        return checked(code, VARIABLE).map(|code| (code, From::Elsewhere));
    }
    if let Some(command) = device.process {
        let failed = |reason: String| UserError::Process { identity: device.identity.to_string(), reason };
        let words = words(command).map_err(&failed)?;
        let program = Program { words, patience: PATIENCE, talks: context.may_prompt() };
        let printed = run(context, program).await?.map_err(failed)?;
        let line = printed.lines().next().unwrap_or_default().to_owned();
        return checked(&line, "`mfa_process`").map(|code| (code, From::Elsewhere));
    }
    if !context.may_prompt() {
        return Err(UserError::CodeNeeded { identity: device.identity.to_string() }.into());
    }
    let title = if again {
        format!("The code was not accepted. MFA code of {} for `{}`:", device.arn, device.identity)
    } else {
        format!("MFA code of {} for `{}`:", device.arn, device.identity)
    };
    let answer = blocking(move || prompt::ask(move || ask(&title))).await?;
    match answer {
        Ok(code) => Ok((Secret::from(code), From::Person)),
        Err(InquireError::OperationCanceled | InquireError::OperationInterrupted) => Err(Error::Aborted),
        Err(error) => Err(UserError::Prompt { reason: error.to_string() }.into()),
    }
}

fn ask(title: &str) -> Result<String, InquireError> {
    let prompt = inquire::Text::new(title).with_validator(|text: &str| {
        Ok(if is_code(text) { Validation::Valid } else { Validation::Invalid("6 digits".into()) })
    });
    prompt.prompt().map(|code| code.trim().to_owned())
}

fn checked(text: &str, from: &'static str) -> Result<Secret, Error> {
    let text = text.trim();
    if is_code(text) { Ok(Secret::from(text.to_owned())) } else { Err(UserError::Code { from }.into()) }
}

fn is_code(text: &str) -> bool {
    let text = text.trim();
    text.len() == DIGITS && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The code as the SDK takes it.
pub(crate) fn exposed(code: &Secret) -> &str {
    code.expose_secret()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_six_digits() {
        for (text, fine) in
            [("123456", true), (" 123456\n", true), ("12345", false), ("1234567", false), ("12345a", false)]
        {
            assert_eq!(checked(text, "x").is_ok(), fine, "{text}");
        }
    }
}
