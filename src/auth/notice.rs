//! What the configuration asks for and this version does not do yet: said, never silently left out. Row 5.

use super::chain::Chain;
use super::config::AuthConfig;
use super::integration::{Kind, linked};
use crate::diag::{Talk, Warning};
use crate::span::{Sources, Span};

/// Warns of integrations that would run after this chain and are of a kind that is not built.
pub(crate) fn not_built(auth: &AuthConfig, chain: &Chain, talk: &Talk, sources: &Sources) {
    let warn = |code, message: String, span: Span| {
        let warning = Warning::new(code, message);
        talk.warn(match sources.place(span) {
            Some(place) => warning.at(place),
            None => warning,
        });
    };
    for integration in linked(auth, chain) {
        if integration.is_automatic && integration.kind == Kind::NotBuilt {
            let (name, kind) = (&integration.name, &integration.kind_text);
            let message = format!("integration `{name}` is not run: kind {kind} is not built yet");
            warn("atmos::auth::integrations_not_built", message, integration.span);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use serde_json::json;

    use super::super::config::tests::config;
    use super::super::name::IdentityName;
    use super::*;

    #[test]
    fn what_is_left_out_is_said() {
        let auth = config(&json!({
            "providers": {"p": {"kind": "mock"}},
            "identities": {"a": {"kind": "mock", "via": {"provider": "p"}}, "b": {"kind": "mock"}},
            "integrations": {
                "w": {"kind": "aws/eks", "via": {"identity": "A"}},
                "x": {"kind": "github/sts", "via": {"identity": "A"}},
                "y": {"kind": "github/sts", "via": {"provider": "p"}},
                "z": {"kind": "github/sts", "via": {"provider": "p"}, "spec": {"auto_provision": false}},
            },
        }));
        for (identity, count) in [("a", 2), ("b", 0)] {
            let heard = Arc::new(Mutex::new(0));
            let sink = heard.clone();
            let talk = Talk::new(move |_| *sink.lock().unwrap() += 1);
            let chain = Chain::build(&auth, &IdentityName::from(identity), &Sources::new()).unwrap();
            not_built(&auth, &chain, &talk, &Sources::new());
            assert_eq!(*heard.lock().unwrap(), count, "{identity}");
        }
    }
}
