//! Identities that a login found and wrote into the cache: `auto_provision_identities` of providers.

use std::path::PathBuf;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::reader::overlay;
use crate::content::{self, Tags};
use crate::diag::Warning;
use crate::host::Host;
use crate::value::{Map, Node, hex};

const FILE: &str = "provisioned-identities.yaml";

/// Puts the identities of the providers of `document` on top of `merged`; whatever is merged later beats them. Of such a
/// file only the identities count: it is a cache, and no place for other settings.
pub(super) fn put(host: &Host, merged: &mut Node, document: &Node) {
    let providers = document.get_path(["auth", "providers"]).and_then(Node::as_map);
    let mut names: Vec<&Arc<str>> = providers.into_iter().flat_map(Map::keys).collect();
    names.sort();
    for name in names {
        let text = |key: &str| providers.and_then(|map| map.get(&**name)?.get(key)?.scalar_text()).unwrap_or_default();
        let own = provisioned_file(host, name, &text("start_url"), &text("region"));
        // What the reference wrote, as long as we have written nothing.
        let (path, bytes) = match (std::fs::read(&own), std::fs::read(path(host, name))) {
            (Ok(bytes), _) => (own, bytes),
            (Err(_), Ok(bytes)) => (path(host, name), bytes),
            (Err(_), Err(_)) => continue,
        };
        let read = String::from_utf8(bytes).map_err(|_| "it is not UTF-8 text".to_owned());
        let read = read.and_then(|text| content::parse(&host.sources, &path, &host.cwd, FILE, text, Tags::Text));
        match read {
            Ok(found) => {
                let Some(identities) = found.get_path(["auth", "identities"]).filter(|node| node.as_map().is_some())
                else {
                    continue;
                };
                let auth = Node::from(Map::from_iter([(Arc::from("identities"), identities.clone())]));
                overlay(merged, &Node::from(Map::from_iter([(Arc::from("auth"), auth)])));
            }
            Err(reason) => {
                let message = format!("the identities that a login to `{name}` found cannot be read: {reason}");
                let help = format!("remove {}, and log in again", path.display());
                host.talk.warn(Warning::new("atmos::config::provisioned", message).help(help));
            }
        }
    }
}

/// Where the identities of a provider are written: the provider's name and its portal. Two projects whose providers have
/// one name and unlike portals do not meet there, and those with the same portal share what they find.
pub fn provisioned_file(host: &Host, provider: &str, start_url: &str, region: &str) -> PathBuf {
    let portal = hex(&Sha256::digest(format!("{start_url}|{region}"))[..8]);
    path(host, &format!("{}-{portal}", provider.trim()))
}

/// The reference's place: `<cache>/atmos/auth/<provider>/provisioned-identities.yaml`.
fn path(host: &Host, provider: &str) -> PathBuf {
    let name = match provider.trim() {
        "" | "." | ".." => "_".to_owned(),
        name => name.replace(['/', '\\'], "_"),
    };
    host.dirs.cache.join("atmos/auth").join(name).join(FILE)
}
