//! `atmos auth list`

use super::super::access::Access;
use crate::auth::Error;
use crate::auth::list::{IdentityBranch, Listing, redacted};
use crate::diag::Result;
use crate::value::Node;

/// What is shown: everything, or only some providers or identities.
#[derive(Debug, Clone, Default)]
pub struct ListRequest {
    /// `Some([])`: all providers and no identities.
    pub providers: Option<Vec<String>>,
    /// `Some([])`: all identities and no providers.
    pub identities: Option<Vec<String>>,
}

#[derive(Debug, Clone)]
pub struct ListReport {
    pub listing: Listing,
    /// The section as written, secrets redacted.
    pub document: Node,
}

/// The tree of providers and identities with the sessions that are live.
pub async fn list(access: &Access, request: &ListRequest) -> Result<ListReport> {
    // Within a run nothing is cached that could be looked at.
    let mut listing = match &access.parent {
        Some(_) => Listing::of(&access.settings),
        None => access.session.listing().await?,
    };
    let mut document = redacted(&access.settings);
    if let Some(wanted) = &request.providers {
        let wanted = known(access, wanted, &Kind::Provider)?;
        keep(&mut document, "providers", &wanted);
        document.make_map().shift_remove("identities");
        listing.providers.retain(|provider| wanted.is_empty() || wanted.contains(&provider.name.to_string()));
        listing.providers.iter_mut().for_each(|provider| provider.identities.clear());
        listing.standalone.clear();
    }
    if let Some(wanted) = &request.identities {
        let wanted = known(access, wanted, &Kind::Identity)?;
        keep(&mut document, "identities", &wanted);
        document.make_map().shift_remove("providers");
        let mut flat = Vec::new();
        let roots = listing.providers.drain(..).flat_map(|provider| provider.identities);
        roots.chain(listing.standalone.drain(..)).for_each(|branch| flatten(branch, &mut flat));
        flat.retain(|branch| wanted.is_empty() || wanted.contains(&branch.name.to_string()));
        flat.sort_by(|a, b| a.name.cmp(&b.name));
        listing.standalone = flat;
    }
    Ok(ListReport { listing, document })
}

fn flatten(mut branch: IdentityBranch, flat: &mut Vec<IdentityBranch>) {
    let children = std::mem::take(&mut branch.children);
    flat.push(branch);
    for child in children {
        flatten(child, flat);
    }
}

enum Kind {
    Provider,
    Identity,
}

/// Canonical spellings of the wanted names; an unknown one is an error.
fn known(access: &Access, wanted: &[String], kind: &Kind) -> Result<Vec<String>> {
    let find = |name: &String| match kind {
        Kind::Provider => match access.settings.provider(name) {
            Some(provider) => Ok(provider.name.to_string()),
            None => Err(Error::provider_not_found(&access.settings, name).into()),
        },
        Kind::Identity => match access.settings.identity(name) {
            Some(identity) => Ok(identity.name.to_string()),
            None => Err(Error::identity_not_found(&access.settings, name).into()),
        },
    };
    wanted.iter().map(find).collect()
}

fn keep(document: &mut Node, section: &str, wanted: &[String]) {
    if wanted.is_empty() {
        return;
    }
    if let Some(map) = document.make_map().get_mut(section) {
        map.make_map().retain(|name, _| wanted.iter().any(|wanted| **wanted == **name));
    }
}
