//! Where the services are.

use crate::host::{Env, aws_domain, aws_endpoint};

/// What is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Service {
    Ssm,
    SecretsManager,
    Sts,
}

impl Service {
    /// In the scope of signatures, and as the first label of the host.
    pub(super) fn name(self) -> &'static str {
        match self {
            Service::Ssm => "ssm",
            Service::SecretsManager => "secretsmanager",
            Service::Sts => "sts",
        }
    }

    fn variable(self) -> &'static str {
        match self {
            Service::Ssm => "AWS_ENDPOINT_URL_SSM",
            Service::SecretsManager => "AWS_ENDPOINT_URL_SECRETS_MANAGER",
            Service::Sts => "AWS_ENDPOINT_URL_STS",
        }
    }
}

/// The store's own endpoint, that of the identity, those of the environment, the public one of the region.
pub(super) fn endpoint(env: &Env, service: Service, region: &str, own: Option<&str>, identity: Option<&str>) -> String {
    let known = own.or(identity).or_else(|| aws_endpoint(env, service.variable()));
    match known {
        Some(url) => url.trim_end_matches('/').to_owned(),
        None => format!("https://{}.{region}.{}", service.name(), aws_domain(region)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_endpoint_wins() {
        let env = Env::from_iter([("AWS_ENDPOINT_URL", "http://all/"), ("AWS_ENDPOINT_URL_SSM", "http://ssm")]);
        let none = Env::default();
        for (env, service, own, identity, expected) in [
            (&env, Service::Ssm, Some("http://own"), Some("http://id"), "http://own"),
            (&env, Service::Ssm, None, Some("http://id"), "http://id"),
            (&env, Service::Ssm, None, None, "http://ssm"),
            (&env, Service::SecretsManager, None, None, "http://all"),
            (&none, Service::SecretsManager, None, None, "https://secretsmanager.eu-west-1.amazonaws.com"),
        ] {
            assert_eq!(endpoint(env, service, "eu-west-1", own, identity), expected);
        }
        assert_eq!(endpoint(&none, Service::Ssm, "cn-north-1", None, None), "https://ssm.cn-north-1.amazonaws.com.cn");
    }
}
