//! What the configuration asks for and this version does not do yet: said, never silently left out. Row 5.

use super::chain::Chain;
use super::config::AuthConfig;
use crate::diag::{Talk, Warning};
use crate::span::Sources;
use crate::value::Node;

/// Warns of integrations that would run after this chain.
pub(crate) fn not_built(auth: &AuthConfig, chain: &Chain, talk: &Talk, sources: &Sources) {
    let warn = |code, message: String, node: &Node| {
        let warning = Warning::new(code, message);
        talk.warn(match sources.place(node.span) {
            Some(place) => warning.at(place),
            None => warning,
        });
    };
    let Some(integrations) = auth.node.get("integrations").and_then(Node::as_map) else { return };
    for (name, node) in integrations {
        let linked = |key, known: &str| {
            node.get_path(["via", key]).and_then(Node::as_str).is_some_and(|via| via.eq_ignore_ascii_case(known))
        };
        let wanted = node.get_path(["spec", "auto_provision"]).and_then(Node::as_bool) != Some(false);
        if wanted && (linked("identity", chain.target().name.as_str()) || linked("provider", chain.root())) {
            let message = format!("integration `{name}` is not run: integrations are not built yet");
            warn("atmos::auth::integrations_not_built", message, node);
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
                "x": {"kind": "aws/eks", "via": {"identity": "A"}},
                "y": {"kind": "aws/ecr", "via": {"provider": "p"}},
                "z": {"kind": "aws/ecr", "via": {"provider": "p"}, "spec": {"auto_provision": false}},
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
