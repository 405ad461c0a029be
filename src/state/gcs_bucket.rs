//! The bucket of a gcs backend: whether it is there, making it, and taking it away with everything in it.

use serde_json::{Value as Json, json};

use super::error::Error;
use super::gcs::base;
use super::google_login;
use super::reader::{Reader, accepted};
use crate::host::{HttpRequest, HttpResponse, percent_encode};

/// Where a bucket is made, if nobody says it: where Google makes it.
const LOCATION: &str = "US";
const PROJECT: [&str; 4] = ["GOOGLE_PROJECT", "GOOGLE_CLOUD_PROJECT", "GCLOUD_PROJECT", "CLOUDSDK_CORE_PROJECT"];
const REGION: [&str; 4] = ["GOOGLE_REGION", "GCLOUD_REGION", "GOOGLE_CLOUD_REGION", "CLOUDSDK_COMPUTE_REGION"];
/// What may make and delete buckets.
const SCOPE: &str = "https://www.googleapis.com/auth/devstorage.full_control";
/// Longest list of objects that one answer has.
const PAGE: usize = 1000;

/// What is known of a bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    pub bucket: String,
    pub location: String,
    pub exists: bool,
}

/// The way to a bucket.
struct Way<'a, 'r> {
    reader: &'a Reader<'r>,
    base: String,
    token: Option<String>,
    bucket: String,
}

/// Looks for the bucket.
///
/// # Errors
/// Settings that lack something, nobody to ask as, a refusal.
pub(super) async fn look(reader: &Reader<'_>) -> Result<Found, Error> {
    Way::of(reader).await?.found().await
}

/// Makes the bucket where it is not there; versions are kept and nothing is public either way.
///
/// # Errors
/// As [`look`]; nobody says to which project a new bucket belongs.
pub(super) async fn make(reader: &Reader<'_>) -> Result<Found, Error> {
    let way = Way::of(reader).await?;
    let mut found = way.found().await?;
    let mut wanted = json!({
        "versioning": {"enabled": true},
        "iamConfiguration": {"publicAccessPrevention": "enforced"},
        "labels": {"managedby": "atmos"},
    });
    if found.exists {
        way.send("PATCH", &way.url(), Some(&wanted)).await?;
        return Ok(found);
    }
    let settings = reader.backend("gcs");
    let project = settings.variable(&PROJECT).ok_or_else(|| {
        let help = "give the identity a project, or set GOOGLE_PROJECT";
        settings.wrong("bucket", "nobody says to which project the new bucket belongs", help)
    })?;
    found.location = settings.variable(&REGION).unwrap_or_else(|| LOCATION.to_owned());
    wanted["name"] = Json::from(found.bucket.as_str());
    wanted["location"] = Json::from(found.location.as_str());
    // Who may do something is said in one place only; of a bucket that is in use somebody else may rely on the other.
    wanted["iamConfiguration"]["uniformBucketLevelAccess"] = json!({"enabled": true});
    let url = format!("{}?project={}", way.base, percent_encode(&project));
    way.send("POST", &url, Some(&wanted)).await?;
    Ok(found)
}

/// Removes every version of every object, then the bucket, and says how many. `exists` is false where there was none.
///
/// # Errors
/// As [`look`].
pub(super) async fn remove(reader: &Reader<'_>) -> Result<(Found, usize), Error> {
    let way = Way::of(reader).await?;
    let found = way.found().await?;
    let mut removed = 0;
    if found.exists {
        loop {
            let url = format!("{}/o?versions=true&maxResults={PAGE}", way.url());
            let listed = way.send("GET", &url, None).await?;
            let listed: Json = serde_json::from_slice(&listed.body).unwrap_or_default();
            let items = listed["items"].as_array().cloned().unwrap_or_default();
            if items.is_empty() {
                break;
            }
            for item in items {
                let text = |key: &str| percent_encode(item[key].as_str().unwrap_or_default());
                let url = format!("{}/o/{}?generation={}", way.url(), text("name"), text("generation"));
                way.send("DELETE", &url, None).await?;
                removed += 1;
            }
        }
        way.send("DELETE", &way.url(), None).await?;
    }
    Ok((found, removed))
}

impl<'a, 'r> Way<'a, 'r> {
    async fn of(reader: &'a Reader<'r>) -> Result<Way<'a, 'r>, Error> {
        let settings = reader.backend("gcs");
        let bucket = settings.needed("bucket", &[])?;
        // An emulator wants to know nobody.
        let token = match settings.variable(&["STORAGE_EMULATOR_HOST"]) {
            Some(_) => None,
            None => Some(google_login::token(reader, &settings, SCOPE).await?),
        };
        Ok(Way { reader, base: base(&settings), token, bucket })
    }

    fn url(&self) -> String {
        format!("{}/{}", self.base, percent_encode(&self.bucket))
    }

    fn place(&self) -> String {
        format!("the bucket gs://{}", self.bucket)
    }

    async fn found(&self) -> Result<Found, Error> {
        let answer = self.exchange("GET", &self.url(), None).await?;
        let exists = answer.status != 404;
        let mut location = String::new();
        if exists {
            let known: Json = serde_json::from_slice(&self.checked(answer)?.body).unwrap_or_default();
            known["location"].as_str().unwrap_or_default().clone_into(&mut location);
        }
        Ok(Found { bucket: self.bucket.clone(), location, exists })
    }

    async fn send(&self, method: &'static str, url: &str, body: Option<&Json>) -> Result<HttpResponse, Error> {
        let answer = self.exchange(method, url, body).await?;
        self.checked(answer)
    }

    async fn exchange(&self, method: &'static str, url: &str, body: Option<&Json>) -> Result<HttpResponse, Error> {
        let mut request = HttpRequest::new(method, url);
        if let Some(token) = &self.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        self.reader.exchange(&request, &self.place()).await
    }

    fn checked(&self, answer: HttpResponse) -> Result<HttpResponse, Error> {
        let said = |body: &Json| body["error"]["message"].as_str().map(str::to_owned);
        let role = "the identity in force needs the role `Storage Admin` in the project; the name may be taken by \
                    somebody else";
        accepted(answer, self.place(), said, role)
    }
}
