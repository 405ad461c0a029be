//! What tokens of the clouds are good for here: a registry and clusters of Azure, clusters of Google.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value as Json, json};

use crate::entra;
use crate::state::{State, now, opaque};
use crate::wire::{Answer, Asked};

const TENANT: &str = "11111111-2222-3333-4444-555555555555";
const MANAGEMENT: &str = "https://management.azure.com";
const CLUSTERS: &str = "/providers/Microsoft.ContainerService/managedClusters/";

/// What lies below the address of Entra that is none of its own: the registry, and the management of Azure.
pub(crate) fn answer(state: &State, asked: &Asked, rest: &str) -> Answer {
    if rest == "oauth2/exchange" {
        return registry(state, asked);
    }
    let Some((group, name)) = rest.split_once(CLUSTERS) else { return Answer::new(404, "") };
    let bearer = asked.header("authorization").strip_prefix("Bearer ").unwrap_or_default();
    state.note(&format!("azure {} {rest}?{}", asked.method, asked.query));
    if entra::audience(state, bearer).as_deref() != Some(MANAGEMENT) {
        return refused(401, "InvalidAuthenticationToken", "The access token is invalid.");
    }
    match (asked.method.as_str(), name.split_once('/')) {
        ("GET", None) if name != "gone" => Answer::json(200, &json!({"id": format!("/{group}{CLUSTERS}{name}")})),
        ("POST", Some((name, "listClusterUserCredential"))) if asked.query.contains("format=exec") => Answer::json(
            200,
            &json!({"kubeconfigs": [{"name": "clusterUser", "value": STANDARD.encode(kubeconfig(state, name))}]}),
        ),
        _ => refused(404, "ResourceNotFound", &format!("The Resource '{name}' was not found.")),
    }
}

/// `local` has no accounts of Entra, `own` an application of its own.
fn kubeconfig(state: &State, name: &str) -> String {
    let usual = || (format!("https://{name}.azmk8s.test:443"), "Q0E=".to_owned());
    let (address, authority) = state.knobs().cluster.unwrap_or_else(usual);
    let server =
        if name == "own" { "cccccccc-0000-4000-8000-000000000001" } else { "6dae42f8-4368-4678-94ff-3960e28e3630" };
    let user = if name == "local" {
        json!({"client-certificate-data": "Q0E=", "client-key-data": "S0VZ"})
    } else {
        json!({"exec": {"command": "kubelogin", "args": ["get-token", "--server-id", server, "--tenant-id", TENANT]}})
    };
    let config = json!({
        "apiVersion": "v1", "kind": "Config",
        "clusters": [{"name": name, "cluster": {"server": address, "certificate-authority-data": authority}}],
        "users": [{"name": "clusterUser", "user": user}],
    });
    config.to_string()
}

/// `POST /oauth2/exchange` of a registry.
fn registry(state: &State, asked: &Asked) -> Answer {
    state.note(&format!("registry exchange {} {}", asked.field("service"), asked.field("tenant")));
    let fits = asked.method == "POST" && asked.field("grant_type") == "access_token" && asked.field("tenant") == TENANT;
    if !fits || entra::audience(state, &asked.field("access_token")).as_deref() != Some(MANAGEMENT) {
        let errors = json!([{"code": "UNAUTHORIZED", "message": "authentication required"}]);
        return Answer::json(401, &json!({"errors": errors}));
    }
    let part = |json: &Json| URL_SAFE_NO_PAD.encode(json.to_string());
    let claims = json!({"aud": asked.field("service"), "exp": now() + 3 * 3600, "jti": opaque("")});
    let token = state.issue(format!("{}.{}.{}", part(&json!({"alg": "RS256"})), part(&claims), opaque("")));
    Answer::json(200, &json!({"refresh_token": token}))
}

/// `GET /v1/projects/P/locations/L/clusters/C` of Google's service for clusters.
pub(crate) fn cluster(state: &State, asked: &Asked, rest: &str) -> Answer {
    let bearer = asked.header("authorization").strip_prefix("Bearer ").unwrap_or_default();
    state.note(&format!("container {} {rest}", asked.method));
    let error = |status, word: &str, text: &str| {
        Answer::json(status, &json!({"error": {"code": status, "status": word, "message": text}}))
    };
    if !state.issued.lock().unwrap().iter().any(|known| known == bearer) {
        return error(401, "UNAUTHENTICATED", "Request had invalid authentication credentials.");
    }
    let usual = || ("203.0.113.7".to_owned(), "Q0E=".to_owned());
    let (address, authority) = state.knobs().cluster.unwrap_or_else(usual);
    let mut cluster = json!({"name": "main", "status": "RUNNING", "endpoint": address, "masterAuth": {"clusterCaCertificate": authority}});
    match rest.rsplit('/').next().unwrap_or_default() {
        "main" => Answer::json(200, &cluster),
        "young" => {
            cluster["endpoint"] = Json::Null;
            cluster["status"] = "PROVISIONING".into();
            Answer::json(200, &cluster)
        }
        "plain" => {
            cluster["endpoint"] = "http://203.0.113.7".into();
            Answer::json(200, &cluster)
        }
        _ => error(404, "NOT_FOUND", &format!("Not found: {rest}.")),
    }
}

/// The token review of a cluster (`authentication.k8s.io/v1`): who shows a token for clusters of Azure, or any of Google.
pub(crate) fn review(state: &State, asked: &Asked) -> Answer {
    let question: Json = serde_json::from_slice(&asked.body).unwrap_or_default();
    let token = question["spec"]["token"].as_str().unwrap_or_default();
    let of_azure = entra::audience(state, token).filter(|audience| audience.starts_with("6dae42f8"));
    let of_google = token.starts_with("ya29.") && state.issued.lock().unwrap().iter().any(|known| known == token);
    let who = match (of_azure, of_google) {
        (Some(_), _) => Some("somebody-of-azure"),
        (None, true) => Some("somebody-of-google"),
        (None, false) => None,
    };
    let status = match who {
        Some(who) => json!({"authenticated": true, "user": {"username": who, "groups": ["system:masters"]}}),
        None => json!({"authenticated": false}),
    };
    Answer::json(200, &json!({"apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview", "status": status}))
}

fn refused(status: u16, code: &str, text: &str) -> Answer {
    Answer::json(status, &json!({"error": {"code": code, "message": text}}))
}
