//! The password of the file keyring: from its variable, or asked for once. Row 5.

use std::sync::{Mutex, PoisonError};

use inquire::validator::Validation;
use inquire::{InquireError, PasswordDisplayMode};

use super::Error;
use super::settings::{Settings, password_variable};
use crate::host::{Host, prompt};
use crate::secret::{Expose as _, Secret};

/// Shortest password that is taken, in characters.
const MINIMUM: usize = 8;

/// Where the password comes from. It is looked up on first use.
pub(super) struct Password {
    pub(super) variable: String,
    value: Option<Secret>,
    can_prompt: bool,
    /// This command runs inside of another atmos.
    is_inside: bool,
    asked: Mutex<Option<Secret>>,
    masker: std::sync::Arc<crate::secret::Masker>,
}

impl Password {
    pub(super) fn new(host: &Host, settings: &Settings) -> Password {
        let variable = password_variable(&host.env, settings);
        let value = host.env.password(&variable).map(|text| Secret::from(text.to_owned()));
        if let Some(value) = &value {
            host.masker.register(value);
        }
        let can_prompt = host.terminal.can_prompt();
        let level = host.env.get("ATMOS_SHLVL").and_then(|level| level.parse::<u32>().ok());
        let is_inside = level.is_some_and(|level| level > 0) || host.env.get("ATMOS_RUN_SOCKET").is_some();
        Password { variable, value, can_prompt, is_inside, asked: Mutex::default(), masker: host.masker.clone() }
    }

    /// The password. `fresh` says that the keyring is empty, so that a new password is being chosen.
    pub(super) fn get(&self, fresh: bool) -> Result<Secret, Error> {
        if let Some(value) = &self.value {
            if value.expose_secret().chars().count() < MINIMUM {
                return Err(Error::ShortPassword { variable: self.variable.clone() });
            }
            return Ok(value.clone());
        }
        if !self.can_prompt {
            let variable = self.variable.clone();
            return Err(if self.is_inside { Error::Withheld { variable } } else { Error::NoPassword { variable } });
        }
        // Held while asking: a second thread waits for the answer to the same question.
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(password) = &*asked {
            return Ok(password.clone());
        }
        let password = self.ask(fresh)?;
        self.masker.register(&password);
        *asked = Some(password.clone());
        Ok(password)
    }

    fn ask(&self, fresh: bool) -> Result<Secret, Error> {
        let title = if fresh { "New password for the atmos keyring:" } else { "Password of the atmos keyring:" };
        let help = format!("set {} to answer without being asked", self.variable);
        let long_enough = |text: &str| {
            Ok(if text.chars().count() < MINIMUM {
                Validation::Invalid(format!("at least {MINIMUM} characters").into())
            } else {
                Validation::Valid
            })
        };
        // Twice only where it is chosen: keys of users are in no other place, and a slip would lock them away.
        let typed = prompt::ask(move || {
            let prompt = inquire::Password::new(title)
                .with_custom_confirmation_message("The same password again:")
                .with_custom_confirmation_error_message("that is another one: type both anew")
                .with_help_message(&help)
                .with_display_mode(PasswordDisplayMode::Masked)
                .with_validator(long_enough);
            let prompt = if fresh { prompt } else { prompt.without_confirmation() };
            prompt.prompt().map(Secret::from)
        });
        match typed {
            Ok(password) => Ok(password),
            Err(InquireError::OperationCanceled | InquireError::OperationInterrupted) => Err(Error::Aborted),
            Err(error) => Err(Error::Prompt { reason: error.to_string(), variable: self.variable.clone() }),
        }
    }
}
