//! Tokens of principals: a service principal's secret, a federated token, a managed identity.

use std::path::Path;

use super::super::token::{Desk, Token, Trouble};
use crate::host::{HttpRequest, percent_encode};
use crate::secret::{Expose as _, Secret};

const ASSERTION: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// The audience of a federated token.
pub const EXCHANGE: &str = "api://AzureADTokenExchange";

/// What shows who asks.
#[derive(Debug)]
pub enum Proof {
    Secret(Secret),
    /// A signed token of somebody whom the tenant trusts.
    Assertion(Secret),
}

/// The issuer: a host or an address that the environment gives, else that of the cloud.
pub fn authority(cloud: &str, given: Option<&str>) -> String {
    let authority = given.unwrap_or(match cloud {
        "usgovernment" => "https://login.microsoftonline.us",
        "china" => "https://login.chinacloudapi.cn",
        _ => "https://login.microsoftonline.com",
    });
    let scheme = if authority.contains("://") { "" } else { "https://" };
    format!("{scheme}{}", authority.trim_end_matches('/'))
}

/// A service principal's token for a resource, which is given without `.default`.
///
/// # Errors
/// [`Trouble`]
pub async fn of_principal(
    desk: Desk<'_>,
    authority: &str,
    tenant: &str,
    client: &str,
    resource: &str,
    proof: &Proof,
) -> Result<Token, Trouble> {
    let url = format!("{authority}/{}/oauth2/v2.0/token", percent_encode(tenant));
    let scope = format!("{}/.default", resource.trim_end_matches('/'));
    let mut fields = vec![("grant_type", "client_credentials"), ("client_id", client), ("scope", &scope)];
    match proof {
        Proof::Secret(secret) => fields.push(("client_secret", secret.expose_secret())),
        Proof::Assertion(token) => {
            fields.extend([("client_assertion_type", ASSERTION), ("client_assertion", token.expose_secret())]);
        }
    }
    desk.taken(&desk.post_form(&url, &fields).await?, "access_token")
}

/// A secret of a service principal.
pub fn by_secret(desk: Desk<'_>, secret: &str) -> Proof {
    Proof::Secret(desk.register(secret))
}

/// A federated token.
pub fn by_assertion(desk: Desk<'_>, token: &str) -> Proof {
    Proof::Assertion(desk.register(token.trim()))
}

/// A federated token that lies in a file.
///
/// # Errors
/// [`Trouble::Unusable`]
pub fn by_file(desk: Desk<'_>, file: &str) -> Result<Proof, Trouble> {
    let path = desk.host.absolute(Path::new(file));
    let text = std::fs::read_to_string(path);
    let text = text.map_err(|error| Trouble::Unusable(format!("{file} cannot be read: {error}")))?;
    Ok(by_assertion(desk, &text))
}

/// The token of a managed identity, from the service that a host of Azure names in its environment.
///
/// # Errors
/// [`Trouble`]
pub async fn of_machine(
    desk: Desk<'_>,
    endpoint: &str,
    header: &str,
    client: Option<&str>,
    resource: &str,
) -> Result<Token, Trouble> {
    let client = client.map(|client| format!("&client_id={}", percent_encode(client))).unwrap_or_default();
    let url = format!("{endpoint}?api-version=2019-08-01&resource={}{client}", percent_encode(resource));
    let header = desk.register(header);
    let request = HttpRequest::get(url).header("x-identity-header", header.expose_secret());
    desk.taken(&desk.ask(&request).await?, "access_token")
}

#[cfg(test)]
mod tests {
    use super::authority;

    #[test]
    fn each_cloud_has_its_issuer() {
        for (cloud, given, expected) in [
            ("", None, "https://login.microsoftonline.com"),
            ("usgovernment", None, "https://login.microsoftonline.us"),
            ("china", None, "https://login.chinacloudapi.cn"),
            ("", Some("login.example"), "https://login.example"),
            ("china", Some("http://127.0.0.1:1/"), "http://127.0.0.1:1"),
        ] {
            assert_eq!(authority(cloud, given), expected);
        }
    }
}
