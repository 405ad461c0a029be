//! Which identity a command or a component runs as: one resolver for all of them.
//!
//! Read [`choose`]. Row 12.

use std::sync::Mutex;

use crate::auth::resolution::{Flag, Inputs, Need, Resolution, ScopedDefault, Source, Why, resolve};
use crate::auth::{AuthConfig, Error, IdentityName};
use crate::diag::Result;
use crate::host::{Host, prompt};
use crate::value::Node;

/// Who asks.
#[derive(Debug, Clone)]
pub struct Question<'a> {
    /// `--identity`.
    pub flag: Flag,
    /// The merged section: of the configuration, or of the component.
    pub auth: &'a AuthConfig,
    /// Defaults that a scope narrower than the configuration set.
    pub defaults: &'a [ScopedDefault],
    /// `settings.auth.identity` of the component.
    pub setting: Option<&'a Node>,
    pub need: Need,
    /// Component and stack, for messages.
    pub instance: Option<(&'a str, &'a str)>,
}

/// The answer, with how it came about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Choice {
    /// Authentication is switched off; the environment stays as it is.
    Disabled(Source),
    /// Nothing is configured; the environment stays as it is.
    None,
    Identity {
        name: IdentityName,
        source: Source,
    },
}

/// What the user answered, so that one process asks once.
#[derive(Debug, Default)]
pub struct Answers {
    chosen: Mutex<Option<IdentityName>>,
}

/// Names the step that this program runs in as the one who says `ATMOS_IDENTITY`, with the identity that it said: whoever
/// sets that variable anew has said something else.
pub(super) const ANNOUNCED: &str = "ATMOS_IDENTITY_OF_STEP";

/// Resolves the question; at a terminal the user picks where the rules leave several.
///
/// # Errors
/// Everything of [`resolve`], and `user aborted` when the user leaves the selection.
pub fn choose(host: &Host, answers: &Answers, question: &Question<'_>) -> Result<Choice> {
    let variable = host.env.lossy("ATMOS_IDENTITY");
    let inputs = Inputs {
        flag: question.flag.clone(),
        env: variable.as_deref(),
        setting: question.setting,
        auth: question.auth,
        defaults: question.defaults,
        can_prompt: host.terminal.can_prompt(),
        need: question.need,
        instance: question.instance,
    };
    match resolve(&inputs, &host.sources)? {
        Resolution::Disabled { by } => Ok(Choice::Disabled(by)),
        Resolution::None => Ok(Choice::None),
        Resolution::Identity { name, source: Source::Environment }
            if variable.is_some() && host.env.lossy(ANNOUNCED) == variable =>
        {
            Ok(Choice::Identity { name, source: Source::Around })
        }
        Resolution::Identity { name, source } => Ok(Choice::Identity { name, source }),
        Resolution::Select { candidates, why } => {
            let name = answers.select(host, candidates, why)?;
            Ok(Choice::Identity { name, source: Source::Flag })
        }
    }
}

impl Answers {
    /// Has the user pick one of `candidates`, unless that was answered already.
    ///
    /// # Errors
    /// The user leaves the selection.
    pub(super) fn select(&self, host: &Host, candidates: Vec<IdentityName>, why: Why) -> Result<IdentityName> {
        let mut chosen = self.chosen.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(name) = chosen.as_ref().filter(|name| candidates.contains(name)) {
            return Ok(name.clone());
        }
        let title = match why {
            Why::Asked => "Choose an identity",
            Why::NoDefault => "No default identity is configured. Choose an identity",
            Why::SeveralDefaults => "Several default identities are configured. Choose one",
        };
        let names: Vec<String> = candidates.iter().map(ToString::to_string).collect();
        let picked = prompt::pick(title, names).map_err(|_| Error::Aborted)?;
        let name = candidates.into_iter().nth(picked).ok_or(Error::Aborted)?;
        host.talk.info(format!("identity: {name}"));
        *chosen = Some(name.clone());
        Ok(name)
    }
}
