//! Why a store gives no value. Who asked knows the place.

/// What kind of failure it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// No store has this name.
    Unknown,
    /// What the configuration says of the store cannot be used, or the call is wrong.
    Settings,
    /// Nobody wrote this kind of store yet.
    NotBuilt,
    /// The store answered: it has no such key.
    Missing,
    /// Nobody answers.
    Unreachable,
    /// The store answered: not you.
    Denied,
    /// There is nobody to ask as.
    Credentials,
    /// Another answer that is no value.
    Refused,
}

/// A value that cannot be had. Neither text holds a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    pub fault: Fault,
    pub reason: String,
    pub help: String,
}

impl Problem {
    pub fn new(fault: Fault, reason: impl Into<String>, help: impl Into<String>) -> Problem {
        Problem { fault, reason: reason.into(), help: help.into() }
    }

    pub(super) fn settings(reason: impl Into<String>) -> Problem {
        Problem::new(Fault::Settings, reason, "correct the store below `stores` of `atmos.yaml`")
    }

    pub(super) fn missing(key: &str) -> Problem {
        let help = "correct the key, write the value into the store, or give a default: `| default …`";
        Problem::new(Fault::Missing, format!("the store has no key `{key}`"), help)
    }

    pub(super) fn unreachable(reason: impl Into<String>) -> Problem {
        Problem::new(Fault::Unreachable, reason, "check the address of the store and the network")
    }

    pub(super) fn denied(reason: impl Into<String>) -> Problem {
        let help = "let who asks read the key, or choose who asks by `identity` of the store or of the component";
        Problem::new(Fault::Denied, reason, help)
    }

    pub(super) fn refused(reason: impl Into<String>) -> Problem {
        Problem::new(Fault::Refused, reason, "the store answered otherwise than it should: check what it is")
    }

    pub(super) fn credentials(reason: impl Into<String>, help: impl Into<String>) -> Problem {
        Problem::new(Fault::Credentials, reason, help)
    }

    /// The failure with its store in front.
    #[must_use]
    pub(super) fn of(mut self, store: &str) -> Problem {
        self.reason = format!("store `{store}`: {}", self.reason);
        self
    }
}
