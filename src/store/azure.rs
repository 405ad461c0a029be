//! Azure Key Vault: a value is the latest version of a secret.

use serde_json::{Value as Json, json};

use super::line::{Line, answered};
use super::problem::Problem;
use super::settings::Spec;
use crate::cloud::{Trouble, azure};
use crate::host::{HttpRequest, percent_encode};
use crate::secret::{Expose as _, Secret};

const VERSION: &str = "7.4";
/// The resource of vaults in the public cloud.
const PUBLIC: &str = "https://vault.azure.net";

pub(super) async fn read(line: &Line, spec: &Spec, name: &str) -> Result<String, Problem> {
    let call = request(line, spec, "GET", name).await?;
    let json = answered(&line.ask(call, |_| false).await?, name, "code")?;
    Ok(json.get("value").and_then(Json::as_str).unwrap_or_default().to_owned())
}

/// Makes a new version of the secret.
pub(super) async fn write(line: &Line, spec: &Spec, name: &str, text: &str) -> Result<(), Problem> {
    let call = request(line, spec, "PUT", name).await?.header("content-type", "application/json");
    let body = json!({"value": text}).to_string().into_bytes();
    answered(&line.ask(HttpRequest { body, ..call }, |_| false).await?, name, "code").map(drop)
}

/// A call about one secret, with its token.
async fn request(line: &Line, spec: &Spec, method: &'static str, name: &str) -> Result<HttpRequest, Problem> {
    let vault = spec.option("vault_url").or_else(|| spec.option("endpoint"));
    let vault = vault.ok_or_else(|| spec.wrong("`vault_url` is required in `options`"))?;
    let vault = vault.trim_end_matches('/');
    let url = format!("{vault}/secrets/{}?api-version={VERSION}", percent_encode(name));
    let call = HttpRequest::new(method, url);
    if spec.flag("without_authentication") {
        return Ok(call);
    }
    let open = ["insecure_allow_credential_with_http", "endpoint_insecure"];
    if vault.starts_with("http:") && !open.iter().any(|flag| spec.flag(flag)) {
        return Err(spec.wrong("a token does not go over plain http: `vault_url` must begin with https"));
    }
    let resource = resource(vault);
    let token = line.token(format!("azure {resource}"), obtain(line, &resource)).await?;
    Ok(call.header("authorization", format!("Bearer {}", token.expose_secret())))
}

/// What a token is for: `https://vault.azure.net` for `https://name.vault.azure.net`.
fn resource(vault: &str) -> String {
    let host = vault.split_once("://").map_or(vault, |(_, rest)| rest);
    let host = host.split(['/', ':']).next().unwrap_or_default();
    match host.split_once('.') {
        Some((_, domain)) if domain.starts_with("vault.") => format!("https://{domain}"),
        _ => PUBLIC.to_owned(),
    }
}

/// A token for the resource: by the variables of a service principal, by those of a workload or of a managed identity, or
/// by the Azure CLI.
async fn obtain(line: &Line, resource: &str) -> Result<Secret, Problem> {
    let (env, desk) = (&line.host.env, line.desk());
    let refused = |trouble: Trouble| none(format!("Azure gives no token: {trouble}"));
    let (tenant, client) = (env.get("AZURE_TENANT_ID"), env.get("AZURE_CLIENT_ID"));
    let proof = match (env.get("AZURE_CLIENT_SECRET"), env.get("AZURE_FEDERATED_TOKEN_FILE")) {
        (Some(secret), _) => Some(azure::by_secret(desk, secret)),
        (None, Some(file)) if tenant.is_some() && client.is_some() => {
            Some(azure::by_file(desk, file).map_err(|trouble| none(format!("AZURE_FEDERATED_TOKEN_FILE: {trouble}")))?)
        }
        (None, _) => None,
    };
    if let (Some(tenant), Some(client), Some(proof)) = (tenant, client, proof) {
        let authority = azure::authority("", env.get("AZURE_AUTHORITY_HOST"));
        let token = azure::of_principal(desk, &authority, tenant, client, resource, &proof).await;
        return token.map(|token| token.value).map_err(refused);
    }
    if let (Some(endpoint), Some(header)) = (env.get("IDENTITY_ENDPOINT"), env.get("IDENTITY_HEADER")) {
        let token = azure::of_machine(desk, endpoint, header, client, resource).await;
        return token.map(|token| token.value).map_err(refused);
    }
    match azure::by_program(desk, line.environment(), &["--resource", resource]).await.map_err(refused)? {
        Some(token) => Ok(token.value),
        None => Err(none("the environment has no credentials for Azure, and there is no Azure CLI".to_owned())),
    }
}

fn none(reason: String) -> Problem {
    let help = "set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET (or AZURE_FEDERATED_TOKEN_FILE), or sign in \
                with `az login`";
    Problem::credentials(reason, help)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_for_the_cloud_of_the_vault() {
        for (vault, expected) in [
            ("https://x.vault.azure.net", "https://vault.azure.net"),
            ("https://x.vault.usgovcloudapi.net/", "https://vault.usgovcloudapi.net"),
            ("http://127.0.0.1:8080", "https://vault.azure.net"),
        ] {
            assert_eq!(resource(vault), expected);
        }
    }
}
