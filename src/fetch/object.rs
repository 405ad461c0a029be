//! Addresses of objects in buckets: which store, which bucket, which key. Pure: nothing is looked up.

use super::address::{self, Parts};
use super::error::Error;

/// Who keeps the bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Store {
    /// AWS S3, or a server that speaks its protocol.
    S3,
    /// Google Cloud Storage.
    Gcs,
}

/// An object, or a folder of objects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Object {
    pub store: Store,
    /// `scheme://host:port` of a server that is not the store's own.
    pub endpoint: Option<String>,
    /// As far as the address says it.
    pub region: Option<String>,
    pub bucket: String,
    /// Without a slash at the beginning; empty for the whole bucket.
    pub key: String,
    /// One version of the object.
    pub version: Option<String>,
}

impl Store {
    pub(super) fn name(self) -> &'static str {
        match self {
            Store::S3 => "s3",
            Store::Gcs => "gcs",
        }
    }
}

impl Object {
    /// `body` is the address without getter, query and the path behind `//`.
    pub(super) fn parse(store: Store, body: &str, query: &str) -> Result<Object, Error> {
        let whole = if body.contains("://") { body.to_owned() } else { format!("https://{body}") };
        let parts = Parts::of(&whole).filter(|parts| !parts.authority.is_empty()).ok_or_else(|| wrong(store))?;
        let path = address::decode(parts.path.trim_start_matches('/'));
        let mut object = match (store, parts.scheme.to_ascii_lowercase().as_str()) {
            (_, "http" | "https") if store == Store::S3 => s3(&parts, &path),
            (_, "http" | "https") => gcs(&parts, &path),
            (Store::S3, "s3") | (Store::Gcs, "gcs" | "gs") => in_bucket(store, parts.authority, &path),
            _ => return Err(wrong(store)),
        };
        if object.bucket.is_empty() {
            return Err(wrong(store));
        }
        object.region = address::parameter(query, "region").or(object.region);
        object.version = address::parameter(query, if store == Store::S3 { "version" } else { "generation" });
        Ok(object)
    }

    /// What tells objects apart.
    pub(super) fn identity(&self) -> String {
        let text = |part: &Option<String>| part.clone().unwrap_or_default();
        let parts = [self.store.name(), &text(&self.endpoint), &self.bucket, &self.key, &text(&self.version)];
        parts.join("\n")
    }
}

fn wrong(store: Store) -> Error {
    let example = match store {
        Store::S3 => "s3::https://s3.amazonaws.com/bucket/stacks/vpc.yaml",
        Store::Gcs => "gcs::https://storage.googleapis.com/bucket/stacks/vpc.yaml",
    };
    Error::invalid("it does not name a bucket", format!("write for example `{example}`"))
}

fn in_bucket(store: Store, bucket: &str, key: &str) -> Object {
    let (bucket, key) = (bucket.to_owned(), key.to_owned());
    Object { store, endpoint: None, region: None, bucket, key, version: None }
}

/// A path that begins with the bucket.
fn in_path(store: Store, path: &str) -> Object {
    let (bucket, key) = path.split_once('/').unwrap_or((path, ""));
    in_bucket(store, bucket, key)
}

fn s3(parts: &Parts<'_>, path: &str) -> Object {
    let host = parts.host();
    let own = host.strip_suffix(".amazonaws.com").or_else(|| host.strip_suffix(".amazonaws.com.cn"));
    let Some(own) = own else {
        return Object { endpoint: Some(endpoint(parts)), ..in_path(Store::S3, path) };
    };
    // `[bucket.]s3`, `[bucket.]s3-region` or `[bucket.]s3.region`.
    let labels: Vec<&str> = own.split('.').collect();
    let is_service = |label: &&str| *label == "s3" || label.starts_with("s3-");
    let Some(at) = labels.iter().rposition(is_service) else {
        return Object { endpoint: Some(endpoint(parts)), ..in_path(Store::S3, path) };
    };
    let region = labels.get(at + 1).copied().or_else(|| labels[at].strip_prefix("s3-")).map(str::to_owned);
    let bucket = labels[..at].join(".");
    let object = if bucket.is_empty() { in_path(Store::S3, path) } else { in_bucket(Store::S3, &bucket, path) };
    Object { region, ..object }
}

fn gcs(parts: &Parts<'_>, path: &str) -> Object {
    let host = parts.host();
    if let Some(bucket) = host.strip_suffix(".storage.googleapis.com") {
        return in_bucket(Store::Gcs, bucket, path);
    }
    // The address of the API, with and without the words of its paths.
    let object = match path.strip_prefix("storage/v1/") {
        Some(rest) => {
            let rest = rest.strip_prefix("b/").filter(|rest| rest.contains("/o")).unwrap_or(rest);
            let object = in_path(Store::Gcs, rest);
            match object.key.strip_prefix("o/").map(str::to_owned) {
                Some(key) if path.starts_with("storage/v1/b/") => Object { key, ..object },
                _ => object,
            }
        }
        None => in_path(Store::Gcs, path),
    };
    let is_own = matches!(host.as_str(), "www.googleapis.com" | "storage.googleapis.com");
    Object { endpoint: (!is_own).then(|| endpoint(parts)), ..object }
}

fn endpoint(parts: &Parts<'_>) -> String {
    format!("{}://{}", parts.scheme, parts.authority)
}

/// A key or a name in a URL. `kept` stays besides letters, digits and `-._~`.
pub(super) fn encode(text: &str, kept: &str) -> String {
    use std::fmt::Write as _;
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        let letter = char::from(byte);
        if byte.is_ascii_alphanumeric() || "-._~".contains(letter) || byte.is_ascii() && kept.contains(letter) {
            encoded.push(letter);
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_are_named_in_many_ways() {
        let table = [
            (Store::S3, "s3://b/k/x.yaml", None, None, "b", "k/x.yaml"),
            (Store::S3, "https://s3.amazonaws.com/b/k/x.yaml", None, None, "b", "k/x.yaml"),
            (Store::S3, "https://s3-eu-west-1.amazonaws.com/b/x", None, Some("eu-west-1"), "b", "x"),
            (Store::S3, "https://s3.eu-west-1.amazonaws.com/b/x", None, Some("eu-west-1"), "b", "x"),
            (Store::S3, "https://b.c.s3.eu-west-1.amazonaws.com/x", None, Some("eu-west-1"), "b.c", "x"),
            (Store::S3, "b.s3.amazonaws.com/a%20b", None, None, "b", "a b"),
            (Store::S3, "http://u:p@127.0.0.1:9000/b/x", Some("http://127.0.0.1:9000"), None, "b", "x"),
            (Store::Gcs, "gs://b/x", None, None, "b", "x"),
            (Store::Gcs, "https://www.googleapis.com/storage/v1/b/k/x", None, None, "b", "k/x"),
            (Store::Gcs, "https://storage.googleapis.com/storage/v1/b/bucket/o/k%2Fx", None, None, "bucket", "k/x"),
            (Store::Gcs, "https://storage.googleapis.com/b/k/x", None, None, "b", "k/x"),
            (Store::Gcs, "https://b.storage.googleapis.com/k/x", None, None, "b", "k/x"),
            (Store::Gcs, "http://localhost:1/b/x", Some("http://localhost:1"), None, "b", "x"),
        ];
        for (store, body, endpoint, region, bucket, key) in table {
            let object = Object::parse(store, body, "").unwrap();
            let found = (object.endpoint.as_deref(), object.region.as_deref(), &*object.bucket, &*object.key);
            assert_eq!(found, (endpoint, region, bucket, key), "{body}");
        }
        let object = Object::parse(Store::S3, "s3://b/x", "region=r&version=v").unwrap();
        assert_eq!((object.region.as_deref(), object.version.as_deref()), (Some("r"), Some("v")));
        assert!(Object::parse(Store::S3, "https://s3.amazonaws.com/", "").is_err());
        assert!(Object::parse(Store::Gcs, "s3://b/x", "").is_err());
    }

    #[test]
    fn keys_are_encoded_for_urls() {
        assert_eq!(encode("a b/c+é", "/"), "a%20b/c%2B%C3%A9");
        assert_eq!(encode("a/b", ""), "a%2Fb");
    }
}
