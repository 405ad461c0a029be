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
    /// Only providers and identities that carry one of them, and what these come from.
    pub tags: Vec<String>,
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
        forget_integrations(&mut document, &mut listing);
        listing.providers.retain(|provider| wanted.is_empty() || wanted.contains(&provider.name.to_string()));
        listing.providers.iter_mut().for_each(|provider| provider.identities.clear());
        listing.standalone.clear();
    }
    if let Some(wanted) = &request.identities {
        let wanted = known(access, wanted, &Kind::Identity)?;
        keep(&mut document, "identities", &wanted);
        document.make_map().shift_remove("providers");
        forget_integrations(&mut document, &mut listing);
        let mut flat = Vec::new();
        let roots = listing.providers.drain(..).flat_map(|provider| provider.identities);
        roots.chain(listing.standalone.drain(..)).for_each(|branch| flatten(branch, &mut flat));
        flat.retain(|branch| wanted.is_empty() || wanted.contains(&branch.name.to_string()));
        flat.sort_by(|a, b| a.name.cmp(&b.name));
        listing.standalone = flat;
    }
    if !request.tags.is_empty() {
        let tagged = |tags: &[String]| tags.iter().any(|tag| request.tags.contains(tag));
        listing.standalone = std::mem::take(&mut listing.standalone)
            .into_iter()
            .filter_map(|branch| with_tags(branch, &tagged))
            .collect();
        for provider in &mut listing.providers {
            if !tagged(&provider.tags) {
                let identities = std::mem::take(&mut provider.identities).into_iter();
                provider.identities = identities.filter_map(|branch| with_tags(branch, &tagged)).collect();
            }
        }
        listing.providers.retain(|provider| tagged(&provider.tags) || !provider.identities.is_empty());
        let settings = &access.settings;
        let wanted = |tags: Option<&[String]>| tags.is_some_and(tagged);
        retain(&mut document, "providers", |name| wanted(settings.provider(name).map(|known| &*known.tags)));
        retain(&mut document, "identities", |name| wanted(settings.identity(name).map(|known| &*known.tags)));
        listing.integrations.retain(|leaf| {
            let provider = leaf.via_provider.as_deref().and_then(|name| settings.provider(name));
            let identity = leaf.via_identity.as_deref().and_then(|name| settings.identity(name));
            wanted(provider.map(|known| &*known.tags)) || wanted(identity.map(|known| &*known.tags))
        });
        let names: Vec<&str> = listing.integrations.iter().map(|leaf| leaf.name.as_str()).collect();
        if names.is_empty() {
            document.make_map().shift_remove("integrations");
        } else {
            retain(&mut document, "integrations", |name| names.contains(&name));
        }
    }
    Ok(ListReport { listing, document })
}

/// Who asks for providers or identities alone wants nothing else.
fn forget_integrations(document: &mut Node, listing: &mut Listing) {
    document.make_map().shift_remove("integrations");
    listing.integrations.clear();
}

/// The branch as far as something in it is tagged.
fn with_tags(mut branch: IdentityBranch, tagged: &impl Fn(&[String]) -> bool) -> Option<IdentityBranch> {
    let children = std::mem::take(&mut branch.children).into_iter();
    branch.children = children.filter_map(|child| with_tags(child, tagged)).collect();
    (tagged(&branch.tags) || !branch.children.is_empty()).then_some(branch)
}

fn flatten(branch: IdentityBranch, flat: &mut Vec<IdentityBranch>) {
    let mut open = vec![branch];
    while let Some(mut branch) = open.pop() {
        open.append(&mut branch.children);
        flat.push(branch);
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
    retain(document, section, |name| wanted.iter().any(|wanted| *wanted == name));
}

fn retain(document: &mut Node, section: &str, keep: impl Fn(&str) -> bool) {
    if let Some(map) = document.make_map().get_mut(section) {
        map.make_map().retain(|name, _| keep(name));
    }
}
