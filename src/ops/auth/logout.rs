//! `atmos auth logout`

use jiff::Timestamp;

use super::super::access::Access;
use super::super::audit::{self, Event};
use super::everywhere;
use super::integrations;
use super::keys;
use super::login::identities_tagged;
use crate::auth::resolution::Flag;
use crate::auth::run;
use crate::auth::store::Store;
use crate::auth::{Error, IdentityName, Kept, Logins};
use crate::diag::{Failure, Result};
use crate::host::prompt;

#[derive(Debug, Clone, Default)]
pub struct LogoutRequest {
    /// The identity as positional word.
    pub name: Option<String>,
    pub identity: Flag,
    pub provider: Option<String>,
    /// Every identity that carries one of them.
    pub tags: Vec<String>,
    pub all: bool,
    /// Everything of this user, whatever the project.
    pub all_realms: bool,
    /// Keys of users in the keyring go too.
    pub keychain: bool,
    /// Nobody is asked whether that is meant.
    pub force: bool,
    pub dry_run: bool,
}

/// What was removed, or would be.
#[derive(Debug, Clone)]
pub struct LogoutReport {
    /// `identity x`, `provider y`, …
    pub whose: String,
    pub kept: Kept,
    /// Files that were removed or changed: standing configuration of `auth env`, lists of what a portal offers, logins and
    /// kubeconfigs of integrations.
    pub files: Vec<String>,
    /// What is there still, and why: the logout has failed in part.
    pub left: Vec<String>,
    /// Entries of the keyring that were removed.
    pub keys: Vec<String>,
    /// What stays by intent, and what cannot be known.
    pub notes: Vec<String>,
    /// Until when credentials that were handed out before go on to work: nobody can take them back.
    pub valid_until: Option<Timestamp>,
    /// Variables of this shell that give credentials all the same.
    pub variables: Vec<&'static str>,
    pub dry_run: bool,
}

/// Variables that give credentials without this program.
const VARIABLES: [&str; 5] = [
    "AWS_ACCESS_KEY_ID",
    "AWS_SHARED_CREDENTIALS_FILE",
    "AZURE_CERTIFICATE_PATH",
    "GOOGLE_APPLICATION_CREDENTIALS",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
];

/// Forgets sessions and tokens, tells the portal, and makes sure that nothing is left.
///
/// # Errors
/// Nobody and nothing is named, or something is there all the same afterwards.
pub async fn logout(access: &Access, request: &LogoutRequest) -> Result<LogoutReport> {
    let whose = whose(access, request)?;
    if request.keychain && !request.force && !request.dry_run {
        confirm(access)?;
    }
    if !request.dry_run {
        audit::record(access, &access.settings, &event(&whose, request))?;
        run::sweep(&access.host, run::Sweep::Whole);
        Store::lock_up(&access.host);
    }
    let mut report = LogoutReport {
        whose: whose.shown(),
        kept: Kept::default(),
        files: Vec::new(),
        left: Vec::new(),
        keys: Vec::new(),
        notes: Vec::new(),
        valid_until: None,
        variables: VARIABLES.into_iter().filter(|name| access.host.env.is_set(name)).collect(),
        dry_run: request.dry_run,
    };
    for logins in whose.each() {
        let kept =
            if request.dry_run { access.session.kept(logins).await? } else { access.session.forget(logins).await? };
        report.kept.add(kept);
        report.files.extend(super::env::forget_standing(access, logins, request.dry_run)?);
        if *logins == Logins::All {
            // Also what other clones of this realm have there: their sessions go as well.
            report.files.extend(everywhere::forget_profiles(access, request.dry_run, |_| true)?);
        }
        report.files.extend(forget_offers(access, logins, request.dry_run)?);
        let (gone, left) = access.session.forget_folders(logins, request.dry_run);
        report.files.extend(gone.iter().map(|folder| format!("the browser's profile {}", folder.display())));
        report.left.extend(left);
        let (gone, left) = integrations::forget(access, logins, request.dry_run);
        report.files.extend(gone);
        report.left.extend(left);
        let whose = if request.all_realms { keys::Whose::Everybody } else { keys::Whose::Of(logins) };
        if request.keychain {
            let found = keys::forget(access, whose, request.dry_run)?;
            report.keys.extend(found.gone);
            report.left.extend(found.left);
            report.notes.extend(found.notes);
        } else {
            report.notes.extend(keys::tell(access, whose));
        }
    }
    report.valid_until = report.kept.until.filter(|ends| *ends > access.host.now());
    if request.all_realms {
        everywhere::forget(access, request, &mut report)?;
    } else if !request.dry_run {
        prove(access, &whose).await?;
    }
    if !request.dry_run {
        // Looking for what to remove may have opened it again.
        Store::lock_up(&access.host);
    }
    for list in [&mut report.files, &mut report.left, &mut report.keys, &mut report.notes] {
        list.sort();
        list.dedup();
    }
    Ok(report)
}

/// Whose sessions, in the order in which they go.
enum Whose {
    One(Logins),
    Tagged { tags: String, logins: Vec<Logins> },
}

impl Whose {
    fn each(&self) -> &[Logins] {
        match self {
            Whose::One(logins) => std::slice::from_ref(logins),
            Whose::Tagged { logins, .. } => logins,
        }
    }

    fn shown(&self) -> String {
        match self {
            Whose::One(Logins::Identity(name)) => format!("identity {name}"),
            Whose::One(Logins::Provider(name)) => format!("provider {name}"),
            Whose::One(Logins::All) => "all identities and providers of this realm".to_owned(),
            Whose::Tagged { tags, .. } => format!("the identities tagged {tags}"),
        }
    }
}

/// The line of the audit log.
fn event(whose: &Whose, request: &LogoutRequest) -> Event {
    let event = Event { name: "logout", ..Event::default() };
    match whose {
        Whose::One(Logins::Identity(name)) => Event { identity: Some(name.to_string()), ..event },
        Whose::One(Logins::All) if request.all_realms => {
            Event { of: Some("everything in all realms".to_owned()), ..event }
        }
        other => Event { of: Some(other.shown()), ..event },
    }
}

/// Looks again: what is said to be gone is gone.
async fn prove(access: &Access, whose: &Whose) -> Result<()> {
    for logins in whose.each() {
        let left = access.session.kept(logins).await?;
        if left.sessions > 0 || !left.portals.is_empty() {
            let portals = left.portals.iter().map(|(name, _)| format!("token of {name}"));
            let what: Vec<String> =
                left.identities.iter().map(|name| format!("session of {name}")).chain(portals).collect();
            return Err(LogoutError::Left { what: what.join(", ") }.into());
        }
    }
    Ok(())
}

/// The list of what a portal offers goes with its provider.
fn forget_offers(access: &Access, logins: &Logins, dry_run: bool) -> Result<Vec<String>> {
    let providers = access.settings.providers.keys().filter(|name| match logins {
        Logins::Identity(_) => false,
        Logins::Provider(provider) => provider == *name,
        Logins::All => true,
    });
    let mut files = Vec::new();
    for name in providers {
        let file = if dry_run { access.session.provisioned(name) } else { access.session.forget_provisioned(name)? };
        files.extend(file.map(|file| file.display().to_string()));
    }
    Ok(files)
}

/// Keys of users cannot be had back from anywhere.
fn confirm(access: &Access) -> Result<()> {
    if !access.host.terminal.can_prompt() {
        return Err(LogoutError::Unconfirmed.into());
    }
    match prompt::agreed("Remove the keys of users from the keyring too? They cannot be had back") {
        Ok(true) => Ok(()),
        Ok(false) | Err(_) => Err(Error::Aborted.into()),
    }
}

/// All beats tags beats provider beats the positional name beats `--identity`; else the user is asked.
fn whose(access: &Access, request: &LogoutRequest) -> Result<Whose> {
    if request.all || request.all_realms {
        return Ok(Whose::One(Logins::All));
    }
    if !request.tags.is_empty() {
        let names = identities_tagged(access, &request.tags)?;
        let logins = names.into_iter().map(Logins::Identity).collect();
        return Ok(Whose::Tagged { tags: request.tags.join(", "), logins });
    }
    if let Some(name) = &request.provider {
        return match access.settings.provider(name) {
            Some(provider) => Ok(Whose::One(Logins::Provider(provider.name.clone()))),
            None => Err(Error::provider_not_found(&access.settings, name).into()),
        };
    }
    let name = match (&request.name, &request.identity) {
        (Some(name), _) | (None, Flag::Name(name)) => name.clone(),
        (None, Flag::Select) => access.needed_identity(&Flag::Select)?.to_string(),
        (None, Flag::NotGiven) if access.host.env.lossy("ATMOS_IDENTITY").is_some() => {
            access.needed_identity(&Flag::NotGiven)?.to_string()
        }
        (None, Flag::NotGiven) if access.host.terminal.can_prompt() => return menu(access).map(Whose::One),
        (None, Flag::NotGiven | Flag::Disabled) => return Err(LogoutError::Unspecified.into()),
    };
    match access.settings.identity(&name) {
        Some(identity) => Ok(Whose::One(Logins::Identity(identity.name.clone()))),
        None => Err(Error::identity_not_found(&access.settings, &name).into()),
    }
}

fn menu(access: &Access) -> Result<Logins> {
    let mut identities: Vec<IdentityName> = access.settings.identities.keys().cloned().collect();
    identities.sort();
    let mut providers: Vec<_> = access.settings.providers.keys().cloned().collect();
    providers.sort();
    let entries = identities.iter().map(|name| format!("identity {name}"));
    let entries: Vec<String> = entries
        .chain(providers.iter().map(|name| format!("provider {name}, with all its identities")))
        .chain(["everything of this realm".to_owned()])
        .collect();
    let picked = prompt::pick("Log out of", entries).map_err(|_| Error::Aborted)?;
    let identity = identities.get(picked).cloned().map(Logins::Identity);
    let provider = || providers.get(picked.checked_sub(identities.len())?).cloned().map(Logins::Provider);
    Ok(identity.or_else(provider).unwrap_or(Logins::All))
}

#[derive(Debug, thiserror::Error, miette::Diagnostic)]
enum LogoutError {
    #[error("nothing to log out of: specify an identity, --provider, --tags or --all")]
    #[diagnostic(code(atmos::auth::logout_unspecified), help("`atmos auth list` shows what is there"))]
    Unspecified,

    #[error("removing keys from the keyring has to be confirmed, and nobody can be asked here")]
    #[diagnostic(code(atmos::auth::logout_unconfirmed), help("say it with --force"))]
    Unconfirmed,

    #[error("the logout left something behind: {what}")]
    #[diagnostic(
        code(atmos::auth::logout_left),
        help("another process may have logged in meanwhile: end it, and log out again")
    )]
    Left { what: String },
}

impl Failure for LogoutError {}
