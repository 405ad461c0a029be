//! What a child of Azure gets, and what must not reach it. Row 5.

use jiff::Timestamp;
use serde_json::{Value as Json, json};

use super::super::super::given::{EnvironmentCredentials, PrivateFile, Variable};
use super::login::{AzureLogin, Cloud, Way};
use crate::secret::{Expose as _, Secret};

/// Folder of the `az` program, below the private directory.
const PROGRAM: &str = "azure/config";
const TOKEN: &str = "azure/federated-token";
const USE_PROGRAM: &[&str] = &["ARM_USE_CLI"];

/// Whoever and wherever they were of, they are not of this identity.
const REMOVED: [&str; 47] = [
    "ARM_ADO_PIPELINE_SERVICE_CONNECTION_ID",
    "ARM_AUXILIARY_TENANT_IDS",
    "ARM_CLIENT_CERTIFICATE",
    "ARM_CLIENT_CERTIFICATE_PASSWORD",
    "ARM_CLIENT_CERTIFICATE_PATH",
    "ARM_CLIENT_ID",
    "ARM_CLIENT_ID_FILE_PATH",
    "ARM_CLIENT_SECRET",
    "ARM_CLIENT_SECRET_FILE_PATH",
    "ARM_ENVIRONMENT",
    "ARM_METADATA_HOST",
    "ARM_METADATA_HOSTNAME",
    "ARM_MSI_ENDPOINT",
    "ARM_OIDC_AZURE_SERVICE_CONNECTION_ID",
    "ARM_OIDC_REQUEST_TOKEN",
    "ARM_OIDC_REQUEST_URL",
    "ARM_OIDC_TOKEN",
    "ARM_OIDC_TOKEN_FILE_PATH",
    "ARM_SUBSCRIPTION_ID",
    "ARM_TENANT_ID",
    "ARM_USE_AKS_WORKLOAD_IDENTITY",
    "ARM_USE_CLI",
    "ARM_USE_MSI",
    "ARM_USE_OIDC",
    "AZURE_ADDITIONALLY_ALLOWED_TENANTS",
    "AZURE_AUTH_LOCATION",
    "AZURE_CLIENT_CERTIFICATE_PASSWORD",
    "AZURE_CLIENT_CERTIFICATE_PATH",
    "AZURE_CLIENT_ID",
    "AZURE_CLIENT_SECRET",
    // The `az` program takes any of its settings from a variable before its file: the cloud, the usual group and location.
    "AZURE_CLOUD_NAME",
    "AZURE_DEFAULTS_*",
    "AZURE_ENVIRONMENT",
    "AZURE_FEDERATED_TOKEN_FILE",
    "AZURE_LOCATION",
    "AZURE_PASSWORD",
    "AZURE_REGION",
    "AZURE_SUBSCRIPTION_ID",
    "AZURE_TENANT_ID",
    "AZURE_TOKEN_CREDENTIALS",
    "AZURE_USERNAME",
    // Where a machine gives tokens of its own identity, and what is shown there.
    "IDENTITY_ENDPOINT",
    "IDENTITY_HEADER",
    "IDENTITY_SERVER_THUMBPRINT",
    "IMDS_ENDPOINT",
    "MSI_ENDPOINT",
    "MSI_SECRET",
];

/// Where a child works.
#[derive(Debug, Clone, Default)]
pub(super) struct Place {
    pub(super) subscription: String,
    pub(super) location: Option<String>,
    pub(super) group: Option<String>,
}

/// Where to work, which is known before anybody signs in; and what is taken away.
pub(super) fn place_only(cloud: Cloud, place: &Place, issued: Timestamp) -> EnvironmentCredentials {
    let mut given = EnvironmentCredentials {
        variables: Vec::new(),
        files: Vec::new(),
        paths: Vec::new(),
        removed: REMOVED.map(str::to_owned).to_vec(),
        account: Some(place.subscription.clone()),
        region: place.location.clone(),
        expiration: None,
        issued,
    };
    set(&mut given, &["ARM_SUBSCRIPTION_ID", "AZURE_SUBSCRIPTION_ID"], Some(&place.subscription));
    set(&mut given, &["ARM_LOCATION", "AZURE_LOCATION"], place.location.as_deref());
    set(&mut given, &["AZURE_RESOURCE_GROUP"], place.group.as_deref());
    let foreign = (cloud != Cloud::Public).then(|| cloud.name());
    set(&mut given, &["ARM_ENVIRONMENT", "AZURE_ENVIRONMENT"], foreign);
    given
}

/// That tools ask the `az` program as it is signed in, which is told the tenant by the subscription.
pub(super) fn by_program(given: &mut EnvironmentCredentials) {
    // In Cloud Shell the program itself asks there for the person's tokens. A machine gives none without the secret.
    // Which cloud it is signed in at is as much its own as where it keeps that.
    given.removed.retain(|name| !["MSI_ENDPOINT", "AZURE_CLOUD_NAME"].contains(&name.as_str()));
    set(given, USE_PROGRAM, Some("true"));
}

fn set(given: &mut EnvironmentCredentials, names: &[&str], value: Option<&str>) {
    for name in names.iter().filter(|_| value.is_some()) {
        let value = Secret::from(value.unwrap_or_default().to_owned());
        given.variables.push(Variable { name: (*name).to_owned(), value, is_public: true });
    }
}

/// Variables, files and what is taken away.
pub(super) fn environment(login: &AzureLogin, place: &Place, issued: Timestamp) -> EnvironmentCredentials {
    let mut given = place_only(login.cloud, place, issued);
    given.expiration = login.expires;
    match &login.way {
        Way::Program => by_program(&mut given),
        Way::Assertion { client, token, file } => {
            set(&mut given, &["ARM_USE_OIDC"], Some("true"));
            set(&mut given, &["ARM_CLIENT_ID", "AZURE_CLIENT_ID"], Some(client));
            set(&mut given, &["ARM_TENANT_ID", "AZURE_TENANT_ID"], Some(&login.tenant));
            let names = ["ARM_OIDC_TOKEN_FILE_PATH", "AZURE_FEDERATED_TOKEN_FILE"];
            set(&mut given, &names, file.as_deref());
            let entry = json!([{
                "client_id": client, "tenant": login.tenant, "client_assertion": token.expose_secret(),
            }]);
            let user = json!({"name": client, "type": "servicePrincipal"});
            let mut files = vec![
                (format!("{PROGRAM}/azureProfile.json"), profile(login, place, &user).to_string()),
                (format!("{PROGRAM}/service_principal_entries.json"), entry.to_string()),
            ];
            if file.is_none() {
                files.push((TOKEN.to_owned(), token.expose_secret().to_owned()));
                given.paths.extend(names.map(|name| (name.to_owned(), TOKEN.to_owned())));
            }
            given.paths.push(("AZURE_CONFIG_DIR".to_owned(), PROGRAM.to_owned()));
            let files = files.into_iter().map(|(path, content)| PrivateFile { path, content: Secret::from(content) });
            given.files.extend(files);
        }
        Way::User { cache, name } => {
            set(&mut given, USE_PROGRAM, Some("true"));
            let profile = profile(login, place, &json!({"name": name, "type": "user"}));
            for (name, content) in
                [("azureProfile.json", Secret::from(profile.to_string())), ("msal_token_cache.json", cache.clone())]
            {
                given.files.push(PrivateFile { path: format!("{PROGRAM}/{name}"), content });
            }
            given.paths.push(("AZURE_CONFIG_DIR".to_owned(), PROGRAM.to_owned()));
        }
    }
    given
}

/// Which subscriptions the `az` program knows.
fn profile(login: &AzureLogin, place: &Place, user: &Json) -> Json {
    json!({"subscriptions": [{
        "id": place.subscription, "name": place.subscription, "state": "Enabled", "isDefault": true,
        "tenantId": login.tenant, "homeTenantId": login.tenant, "managedByTenants": [],
        "environmentName": login.cloud.name_of_program(),
        "user": user,
    }]})
}
