//! `atmos auth explain`: who a component would be, which file and line says so, what that overrides, and how the identity is
//! reached and delivered.

use jiff::Timestamp;

use super::super::App;
use super::super::access::Access;
use super::super::child::{component_delivery, delivery_word};
use super::super::choice::auth_section;
use crate::auth::delivery::Delivery;
use crate::auth::resolution::{Flag, Inputs, Need, Resolution, Source, resolve};
use crate::auth::{AuthConfig, IdentityName, ProviderName, Session, setting};
use crate::component::{self, Candidate, Instance, Origins};
use crate::diag::Result;
use crate::resolve;
use crate::value::Node;

#[derive(Debug, Clone)]
pub struct ExplainRequest {
    pub component: String,
    pub stack: String,
    pub identity: Flag,
    /// Sub-command of which the identity is wanted, where it differs by operation.
    pub operation: String,
    pub processing: resolve::Options,
}

/// Somebody who says which identity it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    /// `settings.auth.identity`, `--identity`, …
    pub by: String,
    /// As written there.
    pub says: String,
    /// `file:line:column`; `None` for flag and variable.
    pub place: Option<String>,
    /// Section of the file.
    pub section: Option<String>,
}

/// What a run would be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    Identity(String),
    /// Switched off.
    Disabled,
    /// Nothing is configured.
    Nobody,
}

/// One step of the chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    pub name: String,
    pub kind: String,
    /// Id, or the configured name where the id is not known yet.
    pub account: Option<String>,
    /// Permission set or ARN of the role.
    pub role: Option<String>,
}

/// Everything about the identity of one component.
#[derive(Debug, Clone)]
pub struct ExplainReport {
    pub component: String,
    pub stack: String,
    pub operation: String,
    pub decision: Decision,
    pub chosen: Option<Word>,
    /// Weaker words that say something, the strongest first.
    pub overrides: Vec<Word>,
    /// Root to target.
    pub chain: Vec<Link>,
    pub region: Option<String>,
    /// End of the session in the cache.
    pub expiration: Option<Timestamp>,
    pub is_live: bool,
    /// End of the token of the portal in the cache.
    pub portal_expiration: Option<Timestamp>,
    pub delivery: Option<Delivery>,
    /// Where the delivery is written; `None` for the usual one.
    pub delivery_place: Option<String>,
    pub now: Timestamp,
}

/// Explains. Nobody is asked for anything, and nothing is authenticated.
///
/// # Errors
/// A component that cannot be found, and everything that would keep a run from knowing who it is.
pub async fn explain(app: &App, access: &Access, request: &ExplainRequest) -> Result<ExplainReport> {
    let index = app.index()?;
    let written = component::find(&app.host, &app.config, index, &request.component, &request.stack, None)?;
    let instance = app.identify(&written, &request.processing)?;
    let section = auth_section(app, &instance);
    let settings = AuthConfig::read(section);
    setting::check_operation(&request.operation)?;
    let resolution = resolution(app, &instance, &settings, request)?;
    let words = Words { app, origins: Origins::of(&app.host, &app.config, index, &written)?, settings: &settings };
    let (decision, source) = match resolution {
        Resolution::Identity { name, source } => (Decision::Identity(name.to_string()), Some(source)),
        Resolution::Disabled { by } => (Decision::Disabled, Some(by)),
        Resolution::None | Resolution::Select { .. } => (Decision::Nobody, None),
    };
    let (chosen, overrides) = words.split(request, &decision, source);
    let mut report = ExplainReport {
        component: instance.name.clone(),
        stack: instance.stack.clone(),
        operation: request.operation.clone(),
        decision,
        chosen,
        overrides,
        chain: Vec::new(),
        region: None,
        expiration: None,
        is_live: false,
        portal_expiration: None,
        delivery: None,
        delivery_place: None,
        now: app.host.now(),
    };
    if let Decision::Identity(name) = &report.decision {
        let name = IdentityName::from(name.as_str());
        let own = component_delivery(&app.config.auth, section);
        let session = access.session.with_settings(std::sync::Arc::new(settings.clone()));
        describe(access, &session, &name, own, &mut report).await?;
    }
    Ok(report)
}

/// What a run would find, with nobody there to be asked.
fn resolution(app: &App, instance: &Instance, settings: &AuthConfig, request: &ExplainRequest) -> Result<Resolution> {
    let sources = &app.host.sources;
    let variable = app.host.env.lossy("ATMOS_IDENTITY");
    let inputs = Inputs {
        flag: request.identity.clone(),
        env: variable.as_deref(),
        setting: setting::identity(&instance.sections.settings, &request.operation, sources, &app.host.talk)?,
        auth: settings,
        defaults: &instance.auth_defaults,
        can_prompt: false,
        need: if matches!(instance.kind, component::Kind::Custom(_)) { Need::Steps } else { Need::Run },
        instance: Some((&instance.name, &instance.stack)),
    };
    Ok(resolve(&inputs, sources)?)
}

async fn describe(
    access: &Access,
    session: &Session,
    name: &IdentityName,
    own: Option<(String, crate::span::Span)>,
    report: &mut ExplainReport,
) -> Result<()> {
    let chain = session.chain(name)?;
    if let Some(provider) = &chain.provider {
        let (name, kind) = (provider.name.to_string(), provider.kind_text.clone());
        report.chain.push(Link { name, kind, account: None, role: None });
        if access.parent.is_none() {
            report.portal_expiration = session.provider_token(&ProviderName::from(provider.name.as_str())).await?;
        }
    }
    for identity in &chain.identities {
        let known = access.describe(session, &identity.name).await?;
        report.chain.push(Link {
            name: identity.name.to_string(),
            kind: known.kind.clone(),
            account: known.account.clone().or_else(|| identity.principal.account_name.clone()),
            role: known.role.clone(),
        });
        // The last one is the target.
        (report.region, report.expiration, report.is_live) = (known.region, known.expiration, known.is_live);
    }
    let word = delivery_word(own, Some(chain.target()), chain.provider.as_ref(), session.settings());
    let place = word.as_ref().and_then(|(_, span)| access.host.sources.place(*span));
    report.delivery = Some(match &word {
        Some((word, _)) => Delivery::parse(word, place.as_ref())?,
        None => Delivery::default(),
    });
    report.delivery_place = place.map(|place| place.to_string());
    Ok(())
}

/// Who says what about the identity of one component.
struct Words<'a> {
    app: &'a App,
    origins: Origins<'a>,
    settings: &'a AuthConfig,
}

impl Words<'_> {
    /// The word that decided, and those below it.
    fn split(
        &self,
        request: &ExplainRequest,
        decision: &Decision,
        source: Option<Source>,
    ) -> (Option<Word>, Vec<Word>) {
        let explicit = self.explicit(request);
        let settings = self.of_setting();
        let mut defaults = self.of_defaults();
        if let Decision::Identity(name) = decision {
            // Among the defaults the chosen one goes first; the sort keeps the order of the others.
            defaults.sort_by_key(|(identity, _)| identity != name);
        }
        let defaults = defaults.into_iter().map(|(_, word)| word);
        let skipped = match source {
            None => return (None, Vec::new()),
            Some(Source::Flag | Source::Step | Source::Run) => 0,
            Some(Source::Environment | Source::Around) => usize::from(request.identity != Flag::NotGiven),
            Some(Source::Setting(_)) => explicit.len(),
            Some(Source::Default(_)) => {
                // What is written as the setting says nothing of this operation, and keeps weaker settings from saying it.
                let mut defaults = defaults;
                return (defaults.next(), settings.into_iter().chain(defaults).collect());
            }
        };
        let mut words = explicit.into_iter().chain(settings).chain(defaults).skip(skipped);
        (words.next(), words.collect())
    }

    fn explicit(&self, request: &ExplainRequest) -> Vec<Word> {
        let word = |by: &str, says: &str| Word { by: by.to_owned(), says: says.to_owned(), place: None, section: None };
        let flag = match &request.identity {
            Flag::NotGiven => None,
            Flag::Name(name) => Some(word("--identity", name)),
            Flag::Select => Some(word("--identity", "")),
            Flag::Disabled => Some(word("--identity", "false")),
        };
        let variable = self.app.host.env.lossy("ATMOS_IDENTITY");
        let variable = variable.as_deref().map(str::trim).filter(|value| !value.is_empty());
        flag.into_iter().chain(variable.map(|value| word("ATMOS_IDENTITY", value))).collect()
    }

    fn of_setting(&self) -> Vec<Word> {
        let candidates = self.origins.candidates("settings", &["auth", "identity"]);
        let says = |candidate: &Candidate| !candidate.node.is_null() && candidate.node.as_str() != Some("");
        candidates
            .iter()
            .filter(|candidate| says(candidate))
            .map(|candidate| self.word("settings.auth.identity", candidate, None))
            .collect()
    }

    /// With the identity that each makes default.
    fn of_defaults(&self) -> Vec<(String, Word)> {
        let mut found = Vec::new();
        let mut names: Vec<&IdentityName> = self.settings.identities.keys().collect();
        names.sort();
        for name in names {
            for candidate in self.origins.candidates("auth", &["identities", name.as_str(), "default"]) {
                if candidate.node.as_bool() == Some(true) {
                    let by = format!("auth.identities.{name}.default");
                    found.push((name.to_string(), self.word(&by, &candidate, Some(name.as_str()))));
                }
            }
        }
        found
    }

    fn word(&self, by: &str, candidate: &Candidate, says: Option<&str>) -> Word {
        let text = |node: &Node| node.scalar_text().unwrap_or_else(|| crate::value::to_json(node).to_string());
        Word {
            by: by.to_owned(),
            says: says.map_or_else(|| text(&candidate.node), str::to_owned),
            place: self.app.host.sources.place(candidate.node.span).map(|place| place.to_string()),
            section: Some(candidate.section.clone()).filter(|section| !section.is_empty()),
        }
    }
}
