//! Google Cloud Storage by its JSON API: with the access token of the environment, without one for public objects.

use super::bucket::Keeper;
use super::error::Error;
use super::http::{self, Header};
use super::object::{Object, encode};
use crate::host::{Host, HttpResponse};
use crate::secret::Secret;

/// A list of names, or a refusal.
const ANSWER_LIMIT: usize = 16 << 20;
const SERVER: &str = "https://storage.googleapis.com";
/// Variables with an access token, the first that is set.
const TOKENS: [&str; 2] = ["GOOGLE_OAUTH_ACCESS_TOKEN", "CLOUDSDK_AUTH_ACCESS_TOKEN"];

/// One bucket.
pub(super) struct Client<'a> {
    host: &'a Host,
    endpoint: String,
    bucket: &'a str,
    authorization: Option<Secret>,
}

impl<'a> Client<'a> {
    pub(super) fn new(host: &'a Host, object: &'a Object) -> Client<'a> {
        let token = TOKENS.iter().find_map(|name| host.env.get(name));
        let authorization = token.map(|token| {
            host.masker.register(&Secret::from(token));
            Secret::from(format!("Bearer {token}"))
        });
        let emulator = || {
            let address = host.env.get("STORAGE_EMULATOR_HOST")?;
            Some(if address.contains("://") { address.to_owned() } else { format!("http://{address}") })
        };
        let endpoint = object.endpoint.clone().or_else(emulator).unwrap_or_else(|| SERVER.to_owned());
        let endpoint = endpoint.trim_end_matches('/').to_owned();
        Client { host, endpoint, bucket: &object.bucket, authorization }
    }

    fn ask(&self, path: &str, limit: usize) -> Result<HttpResponse, Error> {
        let url = format!("{}/storage/v1/b/{}/o{path}", self.endpoint, encode(self.bucket, ""));
        let header: Option<Header> = self.authorization.clone().map(|value| ("authorization", value));
        http::ask(self.host, &url, header.as_slice(), limit)
    }

    fn refused(&self, answer: &HttpResponse) -> Error {
        let body: serde_json::Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        let said = body["error"]["message"].as_str().map(|message| format!(" ({message})")).unwrap_or_default();
        let help = if self.authorization.is_some() {
            "check that the token is still good and may read the bucket"
        } else {
            "set GOOGLE_OAUTH_ACCESS_TOKEN, for example to the output of `gcloud auth print-access-token`; without it \
             only public objects can be had"
        };
        Error::Failed {
            reason: format!("the bucket `{}` answered with status {}{said}", self.bucket, answer.status),
            help: help.to_owned(),
        }
    }
}

impl Keeper for Client<'_> {
    fn get(&mut self, key: &str, version: Option<&str>, limit: usize) -> Result<Option<Vec<u8>>, Error> {
        let version = version.map(|version| format!("&generation={}", encode(version, ""))).unwrap_or_default();
        let answer = self.ask(&format!("/{}?alt=media{version}", encode(key, "")), limit)?;
        match answer.status {
            200 => Ok(Some(answer.body)),
            404 => Ok(None),
            _ => Err(self.refused(&answer)),
        }
    }

    fn list(&mut self, prefix: &str, limit: usize) -> Result<(Vec<String>, bool), Error> {
        let mut names = Vec::new();
        let mut page = String::new();
        loop {
            let answer = self.ask(&format!("?prefix={}{page}", encode(prefix, "")), ANSWER_LIMIT)?;
            if answer.status != 200 {
                return Err(self.refused(&answer));
            }
            let list: serde_json::Value = serde_json::from_slice(&answer.body)
                .map_err(|error| Error::failed(format!("the list of objects cannot be read: {error}")))?;
            let items = list["items"].as_array().into_iter().flatten();
            names.extend(items.filter_map(|item| item["name"].as_str().map(str::to_owned)));
            if names.len() > limit {
                return Ok((names, true));
            }
            match list["nextPageToken"].as_str().filter(|token| !token.is_empty()) {
                Some(token) => page = format!("&pageToken={}", encode(token, "")),
                None => return Ok((names, false)),
            }
        }
    }
}
