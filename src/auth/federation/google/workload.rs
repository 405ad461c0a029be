//! `gcp/workload-identity-federation`: a token of OpenID Connect, exchanged at Google, and perhaps a service account that
//! it may act as. Row 5.

use super::super::super::error::Error as AuthError;
use super::super::module::{Entry, Form, Module, Pending, Proof, Step};
use super::super::network::{ENDPOINT, asked, desk, endpoint, fit, host};
use super::super::oidc::{Jwt, source};
use super::super::setting::Setting;
use super::service_account::{OWNER, project_of_email};
use super::token::{GoogleToken, IAM, PROJECT, REGION, SCOPES, iam, odd_names, odd_scopes, scopes};
use crate::cloud::google::{Account, Exchange, PLATFORM, STS, exchanged, impersonated};
use crate::span::Span;

const NUMBER: Setting =
    Setting::text("spec.project_number", "Number of the project with the pool of workload identities");
const POOL: Setting = Setting::text("spec.workload_identity_pool_id", "The pool");
const PROVIDER: Setting = Setting::text("spec.workload_identity_provider_id", "The provider in the pool");
const OLD_POOL: Setting = Setting::text("spec.workload_identity_pool", "Older name of workload_identity_pool_id");
const OLD_PROVIDER: Setting =
    Setting::text("spec.workload_identity_provider", "Older name of workload_identity_provider_id");
const EMAIL: Setting = Setting::text("spec.service_account_email", "Service account to act as");
const TOKENS: Setting = Setting::text("spec.endpoint_urls.sts", "Address in place of that of the token service");
/// gcloud's own way to say where the token service is.
const TOKENS_VARIABLE: &str = "CLOUDSDK_API_ENDPOINT_OVERRIDES_STS";

pub(crate) struct Workload;

impl Module for Workload {
    fn kind(&self) -> &'static str {
        "gcp/workload-identity-federation"
    }

    fn settings(&self) -> &'static [Setting] {
        const SETTINGS: [Setting; 20] = [
            NUMBER.required(),
            POOL,
            PROVIDER,
            OLD_POOL,
            OLD_PROVIDER,
            EMAIL,
            PROJECT,
            REGION,
            SCOPES,
            source::ISSUER,
            source::TYPE,
            source::VARIABLE,
            source::FILE,
            source::ADDRESS,
            source::TICKET,
            source::HOSTS,
            source::FOR,
            ENDPOINT,
            TOKENS,
            IAM,
        ];
        &SETTINGS
    }

    fn gives(&self) -> Form {
        Form::Google
    }

    fn is_ambient(&self) -> bool {
        true
    }

    fn problems(&self, entry: &Entry<'_>) -> Vec<(String, Span)> {
        let missing = |new: Setting, old: Setting| {
            let missing = entry.at(new.path).or_else(|| entry.at(old.path)).is_none();
            missing.then(|| (format!("{} is required", new.path), entry.span))
        };
        let missing = [missing(POOL, OLD_POOL), missing(PROVIDER, OLD_PROVIDER)].into_iter().flatten();
        let paths =
            [NUMBER, POOL, PROVIDER, OLD_POOL, OLD_PROVIDER, EMAIL, PROJECT, REGION].map(|setting| setting.path);
        let number = entry.text(NUMBER.path).filter(|number| !number.bytes().all(|byte| byte.is_ascii_digit()));
        let number = number.map(|number| {
            let message = format!("{} `{}` is no number; the id is another thing", NUMBER.path, number.escape_debug());
            (message, entry.span_of(NUMBER.path))
        });
        let others = odd_scopes(entry, SCOPES.path).into_iter().chain(source::configured(entry).err());
        missing.chain(odd_names(entry, &paths)).chain(number).chain(others).collect()
    }

    fn authenticate<'a>(&'a self, step: Step<'a>) -> Pending<'a, Proof> {
        Box::pin(async move {
            let audience = audience(&step.entry);
            let subject = subject(&step, &audience).await?;
            let email = step.entry.text(EMAIL.path);
            let written = scopes(&step.entry, SCOPES.path);
            // Who acts as an account needs the right to do that, whatever the token is for then.
            let scope = if email.is_some() { PLATFORM.to_owned() } else { written.join(" ") };
            let url = token_service(&step)?;
            let exchange =
                Exchange { audience: &audience, subject: &subject.token, kind: None, scope: &scope, url: &url };
            let help = format!(
                "the pool's provider {audience} has to trust the issuer and the audience of the token, and its attribute \
                 condition has to allow the subject; the token has {}",
                subject.shown()
            );
            let token = asked(&step, host(&url), exchanged(desk(&step), &exchange), &help).await?;
            let federated = GoogleToken::given(&step, token, step.entry.text(PROJECT.path))?;
            let Some(email) = email else { return Ok(Proof::Google(federated)) };
            let scopes: Vec<&str> = written.iter().map(String::as_str).collect();
            let base = iam(&step)?;
            let account =
                Account { email: &email, scopes: &scopes, delegates: &[], lifetime: None, base: base.as_deref() };
            let call = impersonated(desk(&step), &federated.token, &account);
            let token = asked(&step, "the IAM credentials service", call, OWNER).await?;
            let project = federated.project.or_else(|| project_of_email(&email));
            let token = GoogleToken::given(&step, token, project)?;
            Ok(Proof::Google(GoogleToken { email: Some(email), ..token }))
        })
    }
}

/// The resource name of the provider in the pool.
fn audience(entry: &Entry<'_>) -> String {
    let either = |new: Setting, old: Setting| entry.text(new.path).or_else(|| entry.text(old.path)).unwrap_or_default();
    format!(
        "//iam.googleapis.com/projects/{}/locations/global/workloadIdentityPools/{}/providers/{}",
        entry.text(NUMBER.path).unwrap_or_default(),
        either(POOL, OLD_POOL),
        either(PROVIDER, OLD_PROVIDER)
    )
}

/// The token of somebody else. A job of GitHub asks for one for the pool's provider, whose own name is what it takes
/// where nobody configured more; others have the audience that they have, and the pool judges.
async fn subject(step: &Step<'_>, audience: &str) -> Result<Jwt, AuthError> {
    // Without one there would have been an error before.
    let source = source::configured(&step.entry).ok().flatten().unwrap_or(source::Source::Job);
    let asked = step.entry.text(source::FOR.path);
    let job = source == source::Source::Job;
    let wanted = if job { asked.or_else(|| Some(audience.to_owned())) } else { asked };
    Ok(source::token(step, &source, wanted).await?)
}

fn token_service(step: &Step<'_>) -> Result<String, AuthError> {
    if let Some(root) = endpoint(step, "sts")? {
        return Ok(format!("{root}/v1/token"));
    }
    let Some(root) = step.context.host.env.get(TOKENS_VARIABLE).filter(|root| !root.is_empty()) else {
        return Ok(STS.to_owned());
    };
    fit(root).map_err(|reason| AuthError::InvalidEndpoint {
        url: crate::secret::without_userinfo(root),
        from: TOKENS_VARIABLE.to_owned(),
        reason,
    })?;
    Ok(format!("{}/v1/token", root.trim_end_matches('/')))
}
