//! Who reads stores for a component: the identity of the store, else the one that the component runs as.
//!
//! Row 12. `resolve` asks through its trait, since identities and components meet here first.

use std::pin::Pin;
use std::sync::Arc;

use super::App;
use super::access::Access;
use super::choice;
use super::identity::Choice;
use crate::auth::kind::ProviderKind;
use crate::auth::resolution::Need;
use crate::auth::{AuthConfig, IdentityName, Session, setting};
use crate::diag::{Report, Result};
use crate::resolve::{Identities, Question};
use crate::store::{AwsKeys, Fault, Identity, Problem};

impl Identities for App {
    fn reader(&self, question: &Question<'_>) -> Result<Option<Arc<dyn Identity>>, Problem> {
        // A store that names its identity is the business of the configuration.
        if question.own.is_none() {
            let mut instance = question.instance.clone();
            instance.sections.settings = question.settings.clone();
            instance.sections.auth = question.auth.clone();
            self.may_act_as(&instance, question.wish).map_err(|report| problem(&report))?;
        }
        reader(self, question).map_err(|report| problem(&report))
    }
}

fn reader(app: &App, question: &Question<'_>) -> Result<Option<Arc<dyn Identity>>> {
    let access = app.access()?;
    let section = if question.auth.is_empty() { &app.config.auth } else { question.auth };
    let settings = Arc::new(AuthConfig::read(section));
    let name = if let Some(own) = question.own {
        // One that is not there is named by the chain.
        settings.identity(own).map_or_else(|| IdentityName::from(own), |known| known.name.clone())
    } else {
        let instance = question.instance;
        let choice = choice::choose_by(
            &access,
            instance,
            question.settings,
            &settings,
            &question.wish.flag,
            Need::Optional,
            setting::READ,
        )?;
        let Choice::Identity { name, .. } = choice else { return Ok(None) };
        name
    };
    let session = access.session.with_settings(settings);
    let fingerprint = session.fingerprint_of(&name)?.as_str().to_owned();
    Ok(Some(Arc::new(Reader { access, session, name, fingerprint })))
}

/// One identity that reads stores.
#[derive(Debug)]
struct Reader {
    access: Access,
    session: Session,
    name: IdentityName,
    fingerprint: String,
}

impl Identity for Reader {
    fn name(&self) -> &str {
        self.name.as_str()
    }

    fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    fn aws(&self) -> Pin<Box<dyn Future<Output = Result<AwsKeys, Problem>> + Send + '_>> {
        Box::pin(async {
            let credentials = self.access.credentials(&self.session, &self.name).await;
            let credentials = credentials.map_err(|report| problem(&report))?;
            let chain = self.session.chain(&self.name).map_err(|error| problem(&Report::from(error)))?;
            let own = chain.target().spec.endpoint_url.clone();
            // That of a portal is the portal's.
            let provider = chain.provider.as_ref().filter(|provider| provider.kind != ProviderKind::IdentityCenter);
            let inherited = provider.and_then(|provider| provider.spec.endpoint_url.clone());
            Ok(AwsKeys {
                access_key_id: credentials.access_key_id,
                secret_access_key: credentials.secret_access_key,
                session_token: credentials.session_token,
                endpoint: own.or(inherited),
            })
        })
    }
}

fn problem(report: &Report) -> Problem {
    let help = report.diagnostic().help().map(|help| help.to_string()).unwrap_or_default();
    Problem::new(Fault::Credentials, report.to_string(), help)
}
