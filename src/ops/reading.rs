//! Guard rails of a component whose outputs somebody reads: what holds for its own runs holds for whoever looks into it.
//!
//! Read [`check`]. Row 12.

use std::sync::Arc;

use super::App;
use super::access::Access;
use super::audit::{self, Event};
use super::child::reason;
use super::choice::{auth_section, choose};
use super::guard::{Rails, check_choice, check_reader};
use super::identity::Choice;
use super::reach::{is_same, need};
use crate::auth::resolution::Source;
use crate::auth::{AuthConfig, IdentityName, Session};
use crate::component::Instance;
use crate::diag::{Report, Result};
use crate::state::Wish;

/// That `component` may be read as whoever `owner` is, and a line in the audit log of the component.
///
/// # Errors
/// A section that cannot be read, a guard rail that was touched, a line that cannot be written: nothing may be started or
/// read then.
pub(super) async fn check(
    app: &App,
    component: &Instance,
    owner: &Instance,
    wish: &Wish,
    operation: &str,
) -> Result<()> {
    let access = app.access()?;
    let guarded = AuthConfig::read(auth_section(app, component));
    guarded.sound(&app.host.sources)?;
    let rails = Rails::read(&guarded, &app.host)?;
    let settings = Arc::new(AuthConfig::read(auth_section(app, owner)));
    let choice = choose(&access, owner, &settings, &wish.flag, need(wish), operation)?;
    let is_own = is_same(component, owner);
    let event = Event {
        name: "read",
        component: Some(component.name.clone()),
        stack: Some(component.stack.clone()),
        ..Event::default()
    };
    let (result, event) = match choice {
        Choice::None => (rails.without_identity("the configuration, which names no identity"), event),
        Choice::Disabled(by) => {
            (rails.without_identity(&by.to_string()), Event { source: Some(by.to_string()), ..event })
        }
        Choice::Identity { name, source } => {
            let event = Event { identity: Some(name.to_string()), source: Some(source.to_string()), ..event };
            let session = access.session.with_settings(settings);
            let reader = Reader { access: &access, guarded: &guarded, rails: &rails, is_own };
            let result = reader.check(component, &session, (&name, source), operation).await;
            // Where credentials were looked at more is known of them.
            let known = match &result {
                Ok(()) if rails.are_for_credentials() => access.describe(&session, &name).await.ok(),
                _ => session.outline(&name).ok(),
            };
            let (chain, account) = known.map(|known| (known.chain, known.account)).unwrap_or_default();
            (result, Event { chain, account, ..event })
        }
    };
    if event.identity.is_some() || result.is_err() {
        let refused = result.as_ref().err().map(|report: &Report| reason(report));
        audit::record(&access, &guarded, &Event { refused, ..event })?;
    }
    result
}

/// Somebody who reads a component.
struct Reader<'a> {
    access: &'a Access,
    /// The section of the component.
    guarded: &'a AuthConfig,
    rails: &'a Rails,
    /// The component chose by itself, so that only a flag or a variable may be at odds with it.
    is_own: bool,
}

impl Reader<'_> {
    async fn check(
        &self,
        component: &Instance,
        session: &Session,
        (name, source): (&IdentityName, Source),
        operation: &str,
    ) -> Result<()> {
        let Reader { access, guarded, rails, is_own } = self;
        let allowed = if *is_own { check_choice } else { check_reader };
        allowed(access, guarded, component, name, source, operation)?;
        if !rails.are_for_credentials() {
            return Ok(());
        }
        let identity = session.settings().identity(name.as_str());
        if identity.is_some_and(|identity| identity.kind.is_ambient()) {
            // Nobody gave them, so that nothing is known of their end.
            let credentials = session.given(name).await?;
            return rails.check_account(access, session, name, &credentials).await;
        }
        let session = rails.session(session);
        let credentials = access.given(&session, name).await?;
        rails.check_ttl(name, &credentials, access.host.now())?;
        rails.check_account(access, &session, name, &credentials).await
    }
}
