//! The storage account and the container of an azurerm backend: whether they are there, making them, and taking the account
//! away with everything in it. By the management of Azure.

use std::time::Duration;

use serde_json::{Value as Json, json};

use super::azure_login;
use super::error::Error;
use super::reader::{Reader, accepted};
use super::settings::Settings;
use crate::host::{HttpRequest, HttpResponse, percent_encode};

/// Versions of the two services.
const GROUPS: &str = "2021-04-01";
const STORAGE: &str = "2023-05-01";
/// Days that what was deleted can be had back.
const DAYS: u64 = 30;
/// How often, and for how long at once, a new account is waited for.
const ROUNDS: u32 = 60;
const PAUSE: u64 = 5;

/// What is known of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    pub account: String,
    pub group: String,
    pub container: String,
    pub exists: bool,
    pub has_container: bool,
}

/// The way to the management.
struct Management<'a, 'r> {
    reader: &'a Reader<'r>,
    base: String,
    token: String,
    subscription: String,
    group: String,
    account: String,
    container: String,
}

/// Looks for account and container.
///
/// # Errors
/// Settings that lack something, nobody to ask as, a refusal.
pub(super) async fn look(reader: &Reader<'_>) -> Result<Found, Error> {
    let way = Management::of(reader).await?;
    way.found().await
}

/// Makes what is not there, and protects what is written there either way. `exists` says whether the account was there.
///
/// # Errors
/// As [`look`]; nobody says where a new resource group is to be.
pub(super) async fn make(reader: &Reader<'_>) -> Result<Found, Error> {
    let way = Management::of(reader).await?;
    let location = way.group().await?;
    let found = way.found().await?;
    if !found.exists {
        way.make_account(&location).await?;
    }
    way.protect().await?;
    if !found.has_container {
        let body = json!({"properties": {"publicAccess": "None"}});
        way.put(&way.container_url(), &body).await?;
    }
    Ok(found)
}

/// Takes the account away, unless it has other containers. `exists` is false where there was none.
///
/// # Errors
/// As [`look`]; what is in other containers would go, too.
pub(super) async fn remove(reader: &Reader<'_>) -> Result<Found, Error> {
    let way = Management::of(reader).await?;
    let found = way.found().await?;
    if found.exists {
        let others = way.other_containers().await?;
        if !others.is_empty() {
            return Err(Error::Shared {
                place: way.place(),
                reason: format!("it has other containers, too: {}", others.join(", ")),
                help: "delete those first, or the container of the states alone by other means".to_owned(),
            });
        }
        let answer = way.send("DELETE", &way.account_url(""), None).await?;
        way.checked(answer)?;
    }
    Ok(found)
}

impl<'a, 'r> Management<'a, 'r> {
    async fn of(reader: &'a Reader<'r>) -> Result<Management<'a, 'r>, Error> {
        let settings = reader.backend("azurerm");
        let account = settings.needed("storage_account_name", &[])?;
        let container = settings.needed("container_name", &[])?;
        let group = settings.needed("resource_group_name", &[])?;
        let subscription = settings.needed("subscription_id", &["ARM_SUBSCRIPTION_ID", "AZURE_SUBSCRIPTION_ID"])?;
        let audience = management(&settings);
        let token = azure_login::token(reader, &settings, audience).await?;
        let base = settings.variable(&["AZURE_RESOURCE_MANAGER_ENDPOINT"]).unwrap_or_else(|| audience.to_owned());
        let base = base.trim_end_matches('/').to_owned();
        Ok(Management { reader, base, token, subscription, group, account, container })
    }

    fn group_url(&self) -> String {
        let [subscription, group] = [&self.subscription, &self.group].map(|part| percent_encode(part));
        format!("{}/subscriptions/{subscription}/resourceGroups/{group}", self.base)
    }

    fn account_url(&self, below: &str) -> String {
        let (group, account) = (self.group_url(), percent_encode(&self.account));
        format!("{group}/providers/Microsoft.Storage/storageAccounts/{account}{below}?api-version={STORAGE}")
    }

    fn container_url(&self) -> String {
        self.account_url(&format!("/blobServices/default/containers/{}", percent_encode(&self.container)))
    }

    fn place(&self) -> String {
        format!("the storage account {} in the resource group {}", self.account, self.group)
    }

    async fn found(&self) -> Result<Found, Error> {
        let exists = self.get(&self.account_url("")).await?.is_some();
        let has_container = exists && self.get(&self.container_url()).await?.is_some();
        let (account, group, container) = (self.account.clone(), self.group.clone(), self.container.clone());
        Ok(Found { account, group, container, exists, has_container })
    }

    /// The containers of the account that are not for the states of this backend. One page of names is enough to say no.
    async fn other_containers(&self) -> Result<Vec<String>, Error> {
        let listed = self.get(&self.account_url("/blobServices/default/containers")).await?.unwrap_or_default();
        let all = listed["value"].as_array().into_iter().flatten().filter_map(|entry| entry["name"].as_str());
        Ok(all.filter(|name| *name != self.container).map(str::to_owned).collect())
    }

    /// Where the resource group is, which is made where it is not there.
    async fn group(&self) -> Result<String, Error> {
        let url = format!("{}?api-version={GROUPS}", self.group_url());
        if let Some(group) = self.get(&url).await? {
            return Ok(group["location"].as_str().unwrap_or_default().to_owned());
        }
        let settings = self.reader.backend("azurerm");
        let location = settings.variable(&["ARM_LOCATION", "AZURE_LOCATION"]).ok_or_else(|| {
            settings.wrong(
                "resource_group_name",
                format!("the resource group `{}` does not exist, and nobody says where it is to be", self.group),
                "give the identity a `principal.location`, set ARM_LOCATION, or make the resource group first",
            )
        })?;
        self.put(&url, &json!({"location": location, "tags": self.tags()})).await?;
        Ok(location)
    }

    fn tags(&self) -> Json {
        json!({"Name": self.account, "ManagedBy": "Atmos"})
    }

    async fn make_account(&self, location: &str) -> Result<(), Error> {
        let mut properties = json!({
            "minimumTlsVersion": "TLS1_2", "supportsHttpsTrafficOnly": true, "allowBlobPublicAccess": false,
        });
        // Where nobody uses the keys of the account there are none to lose.
        if self.reader.backend("azurerm").flag_or("use_azuread_auth", &["ARM_USE_AZUREAD"]) {
            properties["allowSharedKeyAccess"] = Json::from(false);
        }
        let body = json!({
            "kind": "StorageV2", "sku": {"name": "Standard_LRS"}, "location": location, "tags": self.tags(),
            "properties": properties,
        });
        let mut answer = self.put(&self.account_url(""), &body).await?;
        for _ in 0..ROUNDS {
            if answer.status != 202 {
                return Ok(());
            }
            let Some(url) = answer.header("location").map(str::to_owned) else { break };
            let pause = answer.header("retry-after").and_then(|seconds| seconds.parse().ok()).unwrap_or(PAUSE);
            tokio::time::sleep(Duration::from_secs(pause.min(30))).await;
            // The address comes from the service, and so does who may see the token.
            if !url.starts_with(&self.base) {
                break;
            }
            answer = self.send("GET", &url, None).await.and_then(|answer| self.checked(answer))?;
        }
        Err(Error::Refused {
            place: self.place(),
            answer: "it was not made in time".to_owned(),
            help: "look into the portal of Azure, then try it again: what is there is not made twice".to_owned(),
        })
    }

    /// Versions of blobs, and a time in which what was deleted can be had back, which never gets shorter.
    async fn protect(&self) -> Result<(), Error> {
        let url = self.account_url("/blobServices/default");
        let known = self.get(&url).await?.unwrap_or_default();
        let policy = |name: &str| {
            let days = known["properties"][name]["days"].as_u64().unwrap_or_default().max(DAYS);
            json!({"enabled": true, "days": days})
        };
        let (blobs, containers) = (policy("deleteRetentionPolicy"), policy("containerDeleteRetentionPolicy"));
        let body = json!({"properties": {
            "isVersioningEnabled": true, "deleteRetentionPolicy": blobs, "containerDeleteRetentionPolicy": containers,
        }});
        self.put(&url, &body).await.map(drop)
    }

    /// What is at an address; `None` where there is nothing.
    async fn get(&self, url: &str) -> Result<Option<Json>, Error> {
        let answer = self.send("GET", url, None).await?;
        if answer.status == 404 {
            return Ok(None);
        }
        let answer = self.checked(answer)?;
        Ok(Some(serde_json::from_slice(&answer.body).unwrap_or_default()))
    }

    async fn put(&self, url: &str, body: &Json) -> Result<HttpResponse, Error> {
        let answer = self.send("PUT", url, Some(body)).await?;
        self.checked(answer)
    }

    async fn send(&self, method: &'static str, url: &str, body: Option<&Json>) -> Result<HttpResponse, Error> {
        let bearer = format!("Bearer {}", self.token);
        let mut request = HttpRequest::new(method, url).header("authorization", bearer);
        if let Some(body) = body {
            request = request.json(body);
        }
        self.reader.exchange(&request, &self.place()).await
    }

    fn checked(&self, answer: HttpResponse) -> Result<HttpResponse, Error> {
        let said = |body: &Json| {
            let said = |key: &str| body["error"][key].as_str().map(str::to_owned);
            match (said("code"), said("message")) {
                (Some(code), Some(message)) => Some(format!("{code}: {message}")),
                (code, message) => code.or(message),
            }
        };
        let role = "the identity in force needs the role `Storage Account Contributor`, and `Contributor` where the \
                    resource group is made, too";
        accepted(answer, self.place(), said, role)
    }
}

/// The management of the cloud, which is also the name by which tokens are for it.
fn management(settings: &Settings<'_>) -> &'static str {
    match settings.text_or("environment", &["ARM_ENVIRONMENT"]).unwrap_or_default().as_str() {
        "usgovernment" => "https://management.usgovcloudapi.net",
        "china" => "https://management.chinacloudapi.cn",
        _ => "https://management.azure.com",
    }
}
