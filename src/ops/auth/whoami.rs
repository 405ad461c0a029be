//! `atmos auth whoami`

use jiff::Timestamp;

use super::super::access::Access;
use crate::auth::kind::IdentityKind;
use crate::auth::resolution::Flag;
use crate::auth::{Description, Validity};
use crate::diag::Result;

#[derive(Debug, Clone, Default)]
pub struct WhoamiRequest {
    pub identity: Flag,
    /// Ask the service even when the answer is kept.
    pub verify: bool,
}

/// Who the identity is.
#[derive(Debug, Clone)]
pub struct WhoamiReport {
    pub realm: String,
    pub realm_source: &'static str,
    pub provider: String,
    pub identity: String,
    pub kind: String,
    pub chain: Vec<String>,
    pub principal: Option<String>,
    pub account: Option<String>,
    pub region: Option<String>,
    pub expiration: Option<Timestamp>,
    pub validity: Validity,
    /// The run around this process gives the credentials.
    pub is_inside: bool,
    /// What `auth env` would export, secrets redacted.
    pub environment: Vec<(String, String)>,
    pub now: Timestamp,
}

/// Looks at the cache first; without valid credentials it authenticates, as far as that needs no question. Within a run
/// the run gives the credentials, and who they belong to is asked each time.
pub async fn whoami(access: &Access, request: &WhoamiRequest) -> Result<WhoamiReport> {
    let name = access.needed_identity(&request.identity)?;
    let (caller, validity, expiration) = if access.parent.is_some() {
        let credentials = access.given(&access.session, &name).await?;
        let (caller, validity) = access.session.caller_of(&name, &credentials).await?;
        (caller, validity, credentials.expiration())
    } else {
        let (caller, validity) = access.session.caller(&name, request.verify).await?;
        (caller, validity, None)
    };
    let known = access.describe(&access.session, &name).await?;
    let principal = caller.as_ref().map(|caller| caller.arn.clone());
    let environment = super::env::standing_environment(access, &name).await?;
    Ok(WhoamiReport {
        realm: access.realm.as_str().to_owned(),
        realm_source: access.realm.source().as_str(),
        provider: known.provider,
        identity: known.identity.to_string(),
        kind: known.kind,
        chain: known.chain,
        principal,
        account: caller.map(|caller| caller.account).or(known.account),
        region: known.region,
        expiration: expiration.or(known.expiration),
        validity,
        is_inside: access.parent.is_some(),
        environment,
        now: access.host.now(),
    })
}

/// Every identity, with what the cache knows of it: nobody is signed in, and nothing is renewed.
#[derive(Debug, Clone)]
pub struct WhoamiAllReport {
    pub realm: String,
    pub realm_source: &'static str,
    /// Sorted by name.
    pub identities: Vec<Known>,
    pub now: Timestamp,
}

/// One identity.
#[derive(Debug, Clone)]
pub struct Known {
    pub description: Description,
    pub default: bool,
    /// `None`: there are no credentials.
    pub validity: Option<Validity>,
}

/// What `whoami` knows of every identity without asking anybody; with `verify` the cloud is asked about those whose
/// credentials are there.
///
/// # Errors
/// A keyring that does not open.
pub async fn whoami_all(access: &Access, verify: bool) -> Result<WhoamiAllReport> {
    let mut names: Vec<_> = access.settings.identities.values().map(|one| (one.name.clone(), one.default)).collect();
    names.sort();
    let mut identities = Vec::new();
    for (name, default) in names {
        // What is wrong with one of them hides no other.
        if let Err(error) = access.session.chain(&name) {
            let kind = access.settings.identity(name.as_str()).map(|known| known.kind_text.clone()).unwrap_or_default();
            let description = Description::of_nobody(name, kind);
            identities.push(Known { description, default, validity: Some(Validity::Invalid(error.to_string())) });
            continue;
        }
        let mut description = access.describe(&access.session, &name).await?;
        let kind = access.settings.identity(name.as_str()).map(|identity| &identity.kind);
        let validity = if kind.is_some_and(IdentityKind::is_ambient) {
            Some(Validity::Unmanaged)
        } else if !description.is_live {
            None
        } else if verify && access.parent.is_none() {
            let (caller, validity) = access.session.caller(&name, true).await?;
            description.caller = caller.or(description.caller);
            Some(validity)
        } else {
            Some(Validity::Valid)
        };
        identities.push(Known { description, default, validity });
    }
    let (realm, realm_source) = (access.realm.as_str().to_owned(), access.realm.source().as_str());
    Ok(WhoamiAllReport { realm, realm_source, identities, now: access.host.now() })
}
