//! Logins of the registries of AWS. Row 5.

use std::time::Instant;

use base64::Engine as _;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value as Json;
use zeroize::Zeroizing;

use super::super::aws::endpoint::Service;
use super::super::chain::Chain;
use super::super::creds::AwsCredentials;
use super::super::error::Error;
use super::super::identity::ambient;
use super::super::session::{Session, abortable};
use super::call::{Caller, time};
use super::target::{Registry, RegistryService};
use crate::host::HttpRequest;
use crate::secret::Secret;

const CONTENT: &str = "application/x-amz-json-1.1";
/// A login of this process with less left is asked for again.
const MARGIN: SignedDuration = SignedDuration::from_mins(15);

/// User and password of a registry.
#[derive(Debug, Clone)]
pub struct RegistryLogin {
    /// The name that images begin with.
    pub registry: String,
    pub user: String,
    pub password: Secret,
    pub expires: Option<Timestamp>,
}

impl Session {
    /// The credentials that the environment itself has, for calls without an identity.
    ///
    /// # Errors
    /// There are none, or the way to them fails.
    pub async fn environment_keys(&self) -> Result<AwsCredentials, Error> {
        abortable(ambient::of_environment(&self.context)).await
    }

    /// The login of a registry, asked for once per identity and process. `chain` leads to the identity behind
    /// `credentials`; none for those of the environment.
    ///
    /// # Errors
    /// The service refuses or cannot be reached, or the user ends it.
    pub async fn registry_login(
        &self,
        chain: Option<&Chain>,
        credentials: &AwsCredentials,
        registry: &Registry,
    ) -> Result<RegistryLogin, Error> {
        let since = Instant::now();
        let whose = chain.map(|chain| self.fingerprint(chain, chain.identities.len() - 1));
        let key = format!("{}|{}", whose.as_ref().map_or("", |whose| whose.as_str()), registry.host);
        let mut flight = self.context.registries.enter(&key).await;
        let now = self.context.host.now();
        let lasts = |login: &&RegistryLogin| login.expires.is_none_or(|expires| expires.duration_since(now) > MARGIN);
        if let Some(login) = flight.value.as_ref().filter(lasts) {
            return Ok(login.clone());
        }
        if let Some(error) = flight.failed_since(since) {
            return Err(error);
        }
        let caller = Caller {
            context: &self.context,
            credentials,
            identity: chain.map(Chain::target),
            provider: chain.and_then(|chain| chain.provider.as_ref()),
        };
        let result = abortable(ask(&caller, registry)).await;
        flight.land(result)
    }
}

async fn ask(caller: &Caller<'_>, registry: &Registry) -> Result<RegistryLogin, Error> {
    let (service, target, permission) = if registry.service == RegistryService::EcrPublic {
        let permission = "the identity needs `ecr-public:GetAuthorizationToken` and `sts:GetServiceBearerToken`";
        (Service::EcrPublic, "SpencerFrontendService.GetAuthorizationToken", permission)
    } else {
        let permission = "the identity needs `ecr:GetAuthorizationToken`";
        (Service::Ecr, "AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken", permission)
    };
    let url = format!("{}/", caller.endpoint(service, &registry.region)?);
    let request = HttpRequest::post(url, CONTENT, "{}").header("x-amz-target", target);
    let what = format!("GetAuthorizationToken of {}", registry.host);
    let answer = caller.ask(request, (service, &registry.region), &what, permission).await?;
    let login = read(&answer, &registry.host).ok_or_else(|| Error::Refused {
        what,
        answer: "the answer has no login".to_owned(),
        help: "check that the endpoint is that of the service".to_owned(),
    })?;
    caller.context.host.masker.register(&login.password);
    Ok(login)
}

/// One registry answers with a list of logins, the other with one.
fn read(answer: &Json, registry: &str) -> Option<RegistryLogin> {
    let data = &answer["authorizationData"];
    let data = data.as_array().and_then(|list| list.first()).unwrap_or(data);
    let pair = base64::engine::general_purpose::STANDARD.decode(data["authorizationToken"].as_str()?).ok()?;
    let pair = Zeroizing::new(String::from_utf8(pair).ok()?);
    let (user, password) = pair.split_once(':').filter(|(user, password)| !user.is_empty() && !password.is_empty())?;
    Some(RegistryLogin {
        registry: registry.to_owned(),
        user: user.to_owned(),
        password: Secret::from(password.to_owned()),
        expires: time(&data["expiresAt"]),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::secret::Expose as _;

    #[test]
    fn both_forms_of_the_answer_are_read_and_nothing_else_is() {
        let data = |expires: Json| json!({"authorizationToken": "QVdTOnBhOnNz", "expiresAt": expires});
        let list = json!({"authorizationData": [data(json!(1_900_000_000.5))]});
        let one = json!({"authorizationData": data(json!("2030-03-17T17:46:40Z"))});
        for answer in [list, one] {
            let login = read(&answer, "r").unwrap();
            assert_eq!((login.user.as_str(), login.password.expose_secret()), ("AWS", "pa:ss"));
            assert_eq!(login.expires.unwrap().as_second(), 1_900_000_000);
            assert!(!format!("{login:?}").contains("pa:ss"));
        }
        for answer in [
            json!({}),
            json!({"authorizationData": []}),
            json!({"authorizationData": [{"authorizationToken": "!"}]}),
            json!({"authorizationData": [{"authorizationToken": "QVdTOg=="}]}),
        ] {
            assert!(read(&answer, "r").is_none(), "{answer}");
        }
    }
}
