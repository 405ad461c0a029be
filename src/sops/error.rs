//! Why a file of SOPS does not open. No message has anything of a key or a value.

/// A file that does not open, or a key that is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    #[error("it was not written by SOPS: it has no `sops` section")]
    NotEncrypted,

    #[error("it is encrypted for {kinds}, and only age keys are built")]
    Recipients { kinds: String },

    #[error("it needs keys of several groups at once, which is not built")]
    KeyGroups,

    #[error("none of the age keys at hand opens it; it is encrypted for {recipients}")]
    NoMatchingKey { recipients: String },

    #[error("`{what}` of its `sops` section is damaged")]
    Damaged { what: &'static str },

    #[error("the value of `{path}` {reason}")]
    Value { path: String, reason: &'static str },

    #[error("its seal does not fit its content: it was changed without SOPS")]
    Seal,

    #[error("line {line} is no age key (`AGE-SECRET-KEY-1…`): {reason}")]
    Key { line: usize, reason: &'static str },

    #[error("there is no age key in it")]
    NoKey,
}
