//! `gcp/service-account`: a service account that whoever comes before may act as. Row 5.

use std::time::Duration;

use super::super::super::record::CallerIdentity;
use super::super::module::{Entry, Form, Module, Outline, Pending, Proof, Seen, Step};
use super::super::network::{ENDPOINT, asked, desk, end};
use super::super::setting::Setting;
use super::environment::{Place, place_without_others, with_token};
use super::token::{GoogleToken, IAM, REGION as PROVIDER_REGION, iam, odd_names, odd_scopes, scopes};
use crate::cloud::google::{Account, impersonated};
use crate::span::Span;
use crate::value::{DurationForm, parse_duration};

const EMAIL: Setting = Setting::text("principal.service_account_email", "The service account").required();
const PROJECT: Setting =
    Setting::text("principal.project_id", "Project that tools work in; that of the account without one");
const SCOPES: Setting = Setting::texts("principal.scopes", "What its tokens are good for; cloud-platform without any");
const LIFETIME: Setting = Setting::text("principal.lifetime", "How long its tokens live, 12h at most; 1h without one");
const DELEGATES: Setting =
    Setting::texts("principal.delegates", "Accounts that act for each other on the way, the first one for who asks");
/// Of every service account, those that Google makes itself too.
const SUFFIX: &str = ".gserviceaccount.com";
const LONGEST: Duration = Duration::from_hours(12);
/// What is missing where Google says no.
pub(super) const OWNER: &str = "who asks needs the role roles/iam.serviceAccountTokenCreator at the service account (or \
                                iam.workloadIdentityUser for a federated subject), and the IAM Service Account Credentials \
                                API has to be enabled";

pub(crate) struct ServiceAccount;

impl Module for ServiceAccount {
    fn kind(&self) -> &'static str {
        "gcp/service-account"
    }

    fn settings(&self) -> &'static [Setting] {
        const SETTINGS: [Setting; 7] = [EMAIL, PROJECT, SCOPES, LIFETIME, DELEGATES, ENDPOINT, IAM];
        &SETTINGS
    }

    fn gives(&self) -> Form {
        Form::Credentials
    }

    fn takes(&self) -> Option<Form> {
        Some(Form::Google)
    }

    fn follows_identities(&self) -> bool {
        true
    }

    fn problems(&self, entry: &Entry<'_>) -> Vec<(String, Span)> {
        let mut problems = odd_names(entry, &[PROJECT.path, DELEGATES.path]);
        let email = entry.text(EMAIL.path).unwrap_or_default();
        if !is_account(&email) {
            let message = format!(
                "{} `{}` is not that of a service account, such as deploy@project.iam.gserviceaccount.com",
                EMAIL.path,
                email.escape_debug()
            );
            problems.push((message, entry.span_of(EMAIL.path)));
        }
        problems.extend(odd_scopes(entry, SCOPES.path));
        problems.extend(lifetime(entry).err().map(|reason| (reason, entry.span_of(LIFETIME.path))));
        problems
    }

    fn outline(&self, seen: &Seen<'_>) -> Option<Outline> {
        let email = seen.entry.text(EMAIL.path)?;
        let project = seen.entry.text(PROJECT.path).or_else(|| project_of_email(&email));
        let region = seen.region.map(str::to_owned).or_else(|| seen.provider?.text(PROVIDER_REGION.path));
        let place = Place { project, region, zone: None };
        Some(Outline { given: place_without_others(&place, seen.now), is_all: false })
    }

    fn authenticate<'a>(&'a self, step: Step<'a>) -> Pending<'a, Proof> {
        Box::pin(async move {
            let base = GoogleToken::before(&step)?;
            let entry = &step.entry;
            let email = entry.text(EMAIL.path).unwrap_or_default();
            let scopes = scopes(entry, SCOPES.path);
            let scopes: Vec<&str> = scopes.iter().map(String::as_str).collect();
            let (delegates, lifetime) = (entry.texts(DELEGATES.path), lifetime(entry).ok().flatten());
            let iam = iam(&step)?;
            let account =
                Account { email: &email, scopes: &scopes, delegates: &delegates, lifetime, base: iam.as_deref() };
            let call = impersonated(desk(&step), &base.token, &account);
            let given = asked(&step, "the IAM credentials service", call, OWNER).await?;
            let expires = given.lifetime.map(|seconds| end(&step, seconds)).transpose()?;
            let project = entry.text(PROJECT.path).or_else(|| project_of_email(&email)).or(base.project);
            let region = step.region.map(str::to_owned).or(base.region);
            let place = Place { project: project.clone(), region, zone: None };
            let token = GoogleToken {
                token: given.value,
                expires,
                project: project.clone(),
                email: Some(email.clone()),
                region: None,
            };
            let caller = CallerIdentity { account: project.unwrap_or_default(), arn: email };
            Ok(Proof::Environment(with_token(&token, &place, step.context.host.now()), Some(caller)))
        })
    }
}

fn is_account(email: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    email.split_once('@').is_some_and(|(name, domain)| {
        !name.is_empty() && name.chars().all(plain) && domain.chars().all(plain) && domain.ends_with(SUFFIX)
    })
}

/// In seconds.
fn lifetime(entry: &Entry<'_>) -> Result<Option<i64>, String> {
    let Some(text) = entry.text(LIFETIME.path) else { return Ok(None) };
    let read = parse_duration(&text, DurationForm::Go);
    let read = read.filter(|read| *read >= Duration::from_secs(1) && *read <= LONGEST);
    match read.and_then(|read| i64::try_from(read.as_secs()).ok()) {
        Some(seconds) => Ok(Some(seconds)),
        None => Err(format!("{} `{}` is no time of 12h or less, such as 30m", LIFETIME.path, text.escape_debug())),
    }
}

/// The project in the address of a service account; a project of a domain has that before its name.
pub(super) fn project_of_email(email: &str) -> Option<String> {
    let (_, domain) = email.split_once('@')?;
    let project = domain.strip_suffix(".iam.gserviceaccount.com")?;
    Some(match project.split_once('.') {
        Some((project, domain)) => format!("{domain}:{project}"),
        None => project.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn service_accounts_are_told_from_people() {
        for (email, account, project) in [
            ("deploy@prod-1.iam.gserviceaccount.com", true, Some("prod-1")),
            ("d@prod.acme.com.iam.gserviceaccount.com", true, Some("acme.com:prod")),
            ("1-compute@developer.gserviceaccount.com", true, None),
            ("me@acme.com", false, None),
            ("@x.iam.gserviceaccount.com", false, Some("x")),
            ("a/b@x.iam.gserviceaccount.com", false, Some("x")),
            ("", false, None),
        ] {
            assert_eq!((is_account(email), project_of_email(email).as_deref()), (account, project), "{email}");
        }
    }
}
