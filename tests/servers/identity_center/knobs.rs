//! How the server behaves: set by flags, changed by `POST /_control`.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One value per habit. Lifetimes and the interval are seconds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Knobs {
    pub(crate) auto_approve: bool,
    pub(crate) deny: bool,
    pub(crate) expire: bool,
    pub(crate) pending: u32,
    pub(crate) slow_down: u32,
    pub(crate) interval: u32,
    pub(crate) device_lifetime: u32,
    pub(crate) client_lifetime: u32,
    pub(crate) token_lifetime: u32,
    pub(crate) credential_lifetime: u32,
    pub(crate) page_size: usize,
    pub(crate) no_refresh: bool,
    pub(crate) reject_refresh: bool,
    pub(crate) rotate_refresh: bool,
    pub(crate) latency_ms: u64,
    pub(crate) unauthorized_once: bool,
    pub(crate) too_many_once: bool,
    pub(crate) server_error_once: bool,
    /// Clients that want authorization codes are refused.
    pub(crate) no_code_grant: bool,
    /// Assignments that are taken away: `account id/role`.
    pub(crate) withdrawn: Vec<String>,
    /// Tokens of a refresh are worth nothing at the portal.
    pub(crate) reject_refreshed: bool,
    /// The portal takes no token.
    pub(crate) reject_all: bool,
    /// The roles of this account cannot be listed.
    pub(crate) broken_account: String,
}

impl Knobs {
    /// The same knobs with the members of `patch` put in; an unknown member or a wrong type is an error, since a test
    /// that turns a knob which is not there would prove nothing.
    pub(crate) fn patched(&self, patch: &serde_json::Map<String, Value>) -> Result<Knobs, String> {
        let mut all = serde_json::to_value(self).map_err(|error| error.to_string())?;
        for (name, value) in patch {
            all[name] = value.clone();
        }
        serde_json::from_value(all).map_err(|error| error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;
    use serde_json::json;

    use super::*;
    use crate::options::Options;

    #[test]
    fn patched_changes_what_is_named_and_refuses_what_is_unknown() {
        let knobs = Options::parse_from(["identity-center"]).knobs();
        let patch = json!({"pending": 3, "latency_ms": 50});
        let changed = knobs.patched(patch.as_object().unwrap()).unwrap();
        assert_eq!(changed, Knobs { pending: 3, latency_ms: 50, ..knobs.clone() });
        for bad in [json!({"pendig": 1}), json!({"pending": "many"})] {
            assert!(knobs.patched(bad.as_object().unwrap()).is_err(), "{bad}");
        }
    }
}
