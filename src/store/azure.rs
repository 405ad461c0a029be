//! Azure Key Vault: a value is the latest version of a secret.

use serde_json::{Value as Json, json};

use super::line::{Line, excerpt, form};
use super::problem::Problem;
use super::settings::Spec;
use crate::host::{HttpRequest, HttpResponse, percent_encode};
use crate::secret::{Expose as _, Secret};

const VERSION: &str = "7.4";
const AUTHORITY: &str = "https://login.microsoftonline.com";
/// The resource of vaults in the public cloud.
const PUBLIC: &str = "https://vault.azure.net";
const ASSERTION: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

pub(super) async fn read(line: &Line, spec: &Spec, name: &str) -> Result<String, Problem> {
    let call = request(line, spec, "GET", name).await?;
    let json = answered(&line.ask(call, |_| false).await?, name)?;
    Ok(json.get("value").and_then(Json::as_str).unwrap_or_default().to_owned())
}

/// Makes a new version of the secret.
pub(super) async fn write(line: &Line, spec: &Spec, name: &str, text: &str) -> Result<(), Problem> {
    let call = request(line, spec, "PUT", name).await?.header("content-type", "application/json");
    let body = json!({"value": text}).to_string().into_bytes();
    answered(&line.ask(HttpRequest { body, ..call }, |_| false).await?, name).map(drop)
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

fn answered(answer: &HttpResponse, name: &str) -> Result<Json, Problem> {
    let json: Json = serde_json::from_slice(&answer.body).unwrap_or_default();
    match answer.status {
        200 => Ok(json),
        404 => Err(Problem::missing(name)),
        401 | 403 => Err(Problem::denied(explained(answer, &json))),
        _ => Err(Problem::refused(explained(answer, &json))),
    }
}

fn explained(answer: &HttpResponse, json: &Json) -> String {
    let text = |key: &str| json.pointer(&format!("/error/{key}")).and_then(Json::as_str);
    match (text("code"), text("message")) {
        (Some(code), Some(message)) => format!("{code}: {message}"),
        _ => excerpt(answer),
    }
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
    let env = &line.host.env;
    let (tenant, client) = (env.get("AZURE_TENANT_ID"), env.get("AZURE_CLIENT_ID"));
    if let (Some(tenant), Some(client)) = (tenant, client) {
        let scope = format!("{resource}/.default");
        let mut fields = vec![("grant_type", "client_credentials"), ("client_id", client), ("scope", scope.as_str())];
        let assertion;
        if let Some(secret) = env.get("AZURE_CLIENT_SECRET") {
            line.host.masker.register(&Secret::from(secret.to_owned()));
            fields.push(("client_secret", secret));
            return by_authority(line, tenant, &fields).await;
        }
        if let Some(file) = env.get("AZURE_FEDERATED_TOKEN_FILE") {
            let unreadable =
                |error: std::io::Error| none(format!("AZURE_FEDERATED_TOKEN_FILE cannot be read: {file}: {error}"));
            assertion = std::fs::read_to_string(file).map_err(unreadable)?;
            line.host.masker.register(&Secret::from(assertion.trim().to_owned()));
            fields.extend([("client_assertion_type", ASSERTION), ("client_assertion", assertion.trim())]);
            return by_authority(line, tenant, &fields).await;
        }
    }
    if let (Some(endpoint), Some(header)) = (env.get("IDENTITY_ENDPOINT"), env.get("IDENTITY_HEADER")) {
        let url = format!("{endpoint}?api-version=2019-08-01&resource={}", percent_encode(resource));
        let url = client.map_or_else(|| url.clone(), |client| format!("{url}&client_id={}", percent_encode(client)));
        let answer = line.ask(HttpRequest::new("GET", url).header("x-identity-header", header), |_| false).await?;
        return token(&answer);
    }
    by_cli(line, resource).await
}

fn none(reason: String) -> Problem {
    let help = "set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET (or AZURE_FEDERATED_TOKEN_FILE), or sign in \
                with `az login`";
    Problem::credentials(reason, help)
}

async fn by_authority(line: &Line, tenant: &str, fields: &[(&str, &str)]) -> Result<Secret, Problem> {
    let authority = line.host.env.get("AZURE_AUTHORITY_HOST").unwrap_or(AUTHORITY).trim_end_matches('/');
    let mut call = HttpRequest::new("POST", format!("{authority}/{}/oauth2/v2.0/token", percent_encode(tenant)))
        .header("content-type", "application/x-www-form-urlencoded");
    call.body = form(fields).into_bytes();
    token(&line.ask(call, |_| false).await?)
}

fn token(answer: &HttpResponse) -> Result<Secret, Problem> {
    let json: Json = serde_json::from_slice(&answer.body).unwrap_or_default();
    let token = json.get("access_token").and_then(Json::as_str).filter(|_| answer.status == 200);
    token.map(|token| Secret::from(token.to_owned())).ok_or_else(|| {
        let text = |key: &str| json.get(key).and_then(Json::as_str).map(str::to_owned);
        let said = text("error_description").or_else(|| text("error")).unwrap_or_else(|| excerpt(answer));
        none(format!("Azure gives no token: {}", said.lines().next().unwrap_or_default()))
    })
}

/// What the Azure CLI has after `az login`.
async fn by_cli(line: &Line, resource: &str) -> Result<Secret, Problem> {
    let path = line.host.env.get_raw("PATH");
    let Ok(program) = which::which_in("az", path, &line.host.cwd) else {
        return Err(none("the environment has no credentials for Azure, and there is no Azure CLI".to_owned()));
    };
    let words = ["account", "get-access-token", "--output", "json", "--resource", resource];
    let child = duct::cmd(program, words).dir(&line.host.cwd).full_env(line.environment());
    let child = child.stdin_null().stdout_capture().stderr_capture().unchecked();
    let output = tokio::task::spawn_blocking(move || child.run()).await;
    let failed = |reason: String| none(format!("the Azure CLI gives no token: {reason}"));
    let output = output.map_err(|error| failed(error.to_string()))?.map_err(|error| failed(error.to_string()))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(failed(said.lines().next().unwrap_or_default().to_owned()));
    }
    let json: Json = serde_json::from_slice(&output.stdout).unwrap_or_default();
    let token = json.get("accessToken").and_then(Json::as_str);
    token.map(|token| Secret::from(token.to_owned())).ok_or_else(|| failed("it printed none".to_owned()))
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
