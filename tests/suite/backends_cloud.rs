//! `terraform backend` for azurerm and gcs, against loopback services that speak their protocols.

use serde_json::{Value, json};

use crate::support::{Outcome, Sandbox, Storage, exchange, exchange_with};

const AZURE: &str =
    "{storage_account_name: acmestates, container_name: tfstate, resource_group_name: states, use_azuread_auth: true}";
const GROUP: &str = "/subscriptions/sub-1/resourcegroups/states";
const ACCOUNT: &str =
    "/subscriptions/sub-1/resourcegroups/states/providers/microsoft.storage/storageaccounts/acmestates";

/// A repository with the component `app`, whose backend this is.
fn sandbox(kind: &str, backend: &str, more: &str) -> Sandbox {
    let sandbox = Sandbox::empty();
    sandbox.write(
        "atmos.yaml",
        "base_path: .\nstacks: {base_path: stacks, included_paths: ['**/*'], name_pattern: '{stage}'}\n\
         components: {terraform: {base_path: components/terraform}}\n",
    );
    sandbox.write("components/terraform/app/main.tf", "");
    sandbox.write(
        "stacks/dev.yaml",
        &format!(
            "vars: {{stage: dev}}\ncomponents: {{terraform: {{app: {{backend_type: {kind}, backend: {{{kind}: {backend}}}{more}}}}}}}\n"
        ),
    );
    sandbox
}

fn on_azure(storage: &Storage) -> Sandbox {
    let mut sandbox = sandbox("azurerm", AZURE, ", provision: {backend: {enabled: true}}");
    for (name, value) in [
        ("AZURE_AUTHORITY_HOST", storage.url.as_str()),
        ("AZURE_RESOURCE_MANAGER_ENDPOINT", storage.url.as_str()),
        ("ARM_TENANT_ID", "tenant-1"),
        ("ARM_CLIENT_ID", "client-1"),
        ("ARM_CLIENT_SECRET", "s3cr3t-of-entra"),
        ("ARM_SUBSCRIPTION_ID", "sub-1"),
        ("ARM_LOCATION", "westeurope"),
    ] {
        sandbox.set(name, value);
    }
    sandbox
}

fn backend(sandbox: &Sandbox, words: &[&str]) -> Outcome {
    sandbox.atmos(&[&["terraform", "backend"], words, &["app", "-s", "dev"]].concat())
}

fn state(storage: &Storage) -> Value {
    let (_, text) = exchange("GET", &format!("{}/_state", storage.url), "").unwrap();
    serde_json::from_str(&text).unwrap()
}

#[test]
fn an_account_of_azure_is_made_brought_up_to_date_and_deleted() {
    let storage = Storage::start();
    let sandbox = on_azure(&storage);
    let exists = || backend(&sandbox, &["describe", "--format", "json"]).success().json()["exists"].clone();
    assert_eq!(exists(), json!(false));
    backend(&sandbox, &["create"]).success().says("Provisioned azurerm backend `acmestates` for app in dev");
    assert_eq!(exists(), json!(true));
    let made = state(&storage)["azure"].clone();
    let tags = json!({"Name": "acmestates", "ManagedBy": "Atmos"});
    assert_eq!(made[GROUP], json!({"location": "westeurope", "tags": tags}));
    let account = &made[ACCOUNT];
    assert_eq!((&account["kind"], &account["sku"]["name"]), (&json!("StorageV2"), &json!("Standard_LRS")));
    assert_eq!(
        account["properties"],
        json!({
            "minimumTlsVersion": "TLS1_2", "supportsHttpsTrafficOnly": true, "allowBlobPublicAccess": false,
            "allowSharedKeyAccess": false,
        })
    );
    let service = &made[format!("{ACCOUNT}/blobservices/default")]["properties"];
    assert_eq!(service["isVersioningEnabled"], json!(true));
    // What is kept for longer already stays so.
    assert_eq!(
        (&service["deleteRetentionPolicy"]["days"], &service["containerDeleteRetentionPolicy"]["days"]),
        (&json!(45), &json!(30))
    );
    let container = &made[format!("{ACCOUNT}/blobservices/default/containers/tfstate")];
    assert_eq!(container["properties"]["publicAccess"], json!("None"));

    backend(&sandbox, &["update"]).success().says("the storage account `acmestates` was there");
    backend(&sandbox, &["delete"]).exits(1).says("needs --force");
    assert_eq!(exists(), json!(true));
    // What belongs to somebody else stays.
    let other = format!("{}{ACCOUNT}/blobservices/default/containers/logs?api-version=2023-05-01", storage.url);
    let token = [("Authorization", "Bearer entra-management-token")];
    assert_eq!(exchange_with("PUT", &other, &token, "{}").unwrap().0, 201);
    backend(&sandbox, &["delete", "--force"]).exits(1).says("it has other containers, too: logs");
    assert_eq!(exists(), json!(true));
    assert_eq!(exchange_with("DELETE", &other, &token, "").unwrap().0, 200);
    let gone = backend(&sandbox, &["delete", "--force"]).success();
    gone.says("storage account `acmestates` and everything in it removed");
    let left = state(&storage)["azure"].clone();
    assert_eq!(left.as_object().map(|left| left.keys().cloned().collect::<Vec<_>>()), Some(vec![GROUP.to_owned()]));
    backend(&sandbox, &["delete", "--force"]).exits(1).says("backend not found: the storage account `acmestates`");
}

#[test]
fn an_account_of_azure_that_cannot_be_made_says_why() {
    let storage = Storage::start();
    let mut sandbox = on_azure(&storage);
    sandbox.remove("ARM_LOCATION");
    backend(&sandbox, &["create"]).exits(1).says("nobody says where it is to be").says("ARM_LOCATION");
    sandbox.set("ARM_SUBSCRIPTION_ID", "closed");
    let refused = backend(&sandbox, &["create"]).exits(1).says("AuthorizationFailed");
    refused.says("Storage Account Contributor").says_not("s3cr3t-of-entra");
    sandbox.remove("ARM_SUBSCRIPTION_ID");
    backend(&sandbox, &["create"]).exits(1).says("no usable `subscription_id`");
    sandbox.set("ARM_CLIENT_SECRET", "wrong-secret-of-entra");
    sandbox.set("ARM_SUBSCRIPTION_ID", "sub-1");
    backend(&sandbox, &["create"]).exits(1).says("AADSTS7000215").says_not("wrong-secret-of-entra");
}

#[test]
fn a_run_makes_the_account_of_its_component() {
    let storage = Storage::start();
    let mut sandbox = on_azure(&storage);
    sandbox.record(&["TERRAFORM"]);
    sandbox.atmos(&["terraform", "plan", "app", "-s", "dev"]).success().says("Provisioned azurerm backend");
    sandbox.atmos(&["terraform", "plan", "app", "-s", "dev"]).success().says_not("Provisioned");
}

#[test]
fn a_bucket_of_google_is_made_brought_up_to_date_and_deleted() {
    let storage = Storage::start();
    let mut sandbox = sandbox("gcs", "{bucket: acme-states}", ", provision: {backend: {enabled: true}}");
    for (name, value) in [
        ("GOOGLE_STORAGE_CUSTOM_ENDPOINT", storage.url.as_str()),
        ("GOOGLE_OAUTH_ACCESS_TOKEN", "user-token"),
        ("GOOGLE_REGION", "europe-west1"),
    ] {
        sandbox.set(name, value);
    }
    let exists =
        |sandbox: &Sandbox| backend(sandbox, &["describe", "--format", "json"]).success().json()["exists"] == true;
    assert!(!exists(&sandbox));
    backend(&sandbox, &["create"]).exits(1).says("nobody says to which project").says("GOOGLE_PROJECT");
    sandbox.set("GOOGLE_PROJECT", "acme-states");
    backend(&sandbox, &["create"]).success().says("Provisioned gcs backend `acme-states` for app in dev");
    assert!(exists(&sandbox));
    let made = state(&storage)["google"]["acme-states"].clone();
    assert_eq!((&made["location"], &made["versioning"]), (&json!("europe-west1"), &json!({"enabled": true})));
    let access = json!({"uniformBucketLevelAccess": {"enabled": true}, "publicAccessPrevention": "enforced"});
    assert_eq!(made["iamConfiguration"], access);
    backend(&sandbox, &["update"]).success().says("the bucket `acme-states` was there");
    backend(&sandbox, &["delete"]).exits(1).says("needs --force");
    backend(&sandbox, &["delete", "--force"])
        .success()
        .says("bucket `acme-states` and 2 version(s) of objects removed");
    assert!(!exists(&sandbox));
    backend(&sandbox, &["delete", "--force"]).exits(1).says("backend not found: the bucket `acme-states`");
    sandbox.set("GOOGLE_OAUTH_ACCESS_TOKEN", "unknown-token");
    backend(&sandbox, &["create"]).exits(1).says("Invalid Credentials").says_not("unknown-token");
}
