//! The bucket of an s3 backend: whether it is there, making it, and taking it away with everything in it.

use serde::Serialize;

use super::error::Error;
use super::reader::{Reader, refused};
use super::s3::Bucket;
use crate::host::xml::{element, elements, escaped};
use crate::host::{HttpRequest, HttpResponse, percent_encode};

/// The region whose buckets have no constraint.
const FIRST_REGION: &str = "us-east-1";
/// Longest list of objects that one answer has.
const PAGE: usize = 1000;

/// What is known of a bucket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Found {
    pub bucket: String,
    pub region: String,
    pub exists: bool,
}

/// What was done to a bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    pub found: Found,
    /// How many objects and versions were removed with it.
    pub removed: usize,
}

/// Looks for the bucket.
///
/// # Errors
/// Settings that lack something, nobody to ask as, a refusal.
pub async fn look(reader: &Reader<'_>) -> Result<Found, Error> {
    let bucket = Bucket::of(reader).await?;
    let exists = exists(reader, &bucket).await?;
    Ok(Found { bucket: bucket.name, region: bucket.region, exists })
}

/// Makes the bucket where it is not there, and sets its versions, encryption, access and tags either way.
///
/// # Errors
/// As [`look`].
pub async fn make(reader: &Reader<'_>) -> Result<Made, Error> {
    let bucket = Bucket::of(reader).await?;
    let there = exists(reader, &bucket).await?;
    if !there {
        let body = if bucket.region == FIRST_REGION {
            String::new()
        } else {
            format!(
                "<CreateBucketConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><LocationConstraint>{}\
                 </LocationConstraint></CreateBucketConfiguration>",
                escaped(&bucket.region)
            )
        };
        send(reader, &bucket, "PUT", "", &body).await?;
    }
    let versions = "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>".to_owned();
    let encryption = "<ServerSideEncryptionConfiguration><Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>AES256\
                      </SSEAlgorithm></ApplyServerSideEncryptionByDefault></Rule></ServerSideEncryptionConfiguration>";
    let access = ["BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"]
        .map(|name| format!("<{name}>true</{name}>"))
        .concat();
    let tags = [("Name", bucket.name.as_str()), ("ManagedBy", "Atmos")]
        .map(|(key, value)| format!("<Tag><Key>{key}</Key><Value>{}</Value></Tag>", escaped(value)))
        .concat();
    for (what, body) in [
        ("versioning", versions),
        ("encryption", encryption.to_owned()),
        ("publicAccessBlock", format!("<PublicAccessBlockConfiguration>{access}</PublicAccessBlockConfiguration>")),
        ("tagging", format!("<Tagging><TagSet>{tags}</TagSet></Tagging>")),
    ] {
        send(reader, &bucket, "PUT", &format!("{what}="), &body).await?;
    }
    Ok(Made { found: Found { bucket: bucket.name, region: bucket.region, exists: there }, removed: 0 })
}

/// Removes every version of every object, then the bucket. `exists` is false where there was none.
///
/// # Errors
/// As [`look`].
pub async fn remove(reader: &Reader<'_>) -> Result<Made, Error> {
    let bucket = Bucket::of(reader).await?;
    let mut removed = 0;
    let there = exists(reader, &bucket).await?;
    if there {
        loop {
            let listed = send(reader, &bucket, "GET", &format!("max-keys={PAGE}&versions="), "").await?;
            let versions = versions(&listed.text());
            if versions.is_empty() {
                break;
            }
            for (key, version) in versions {
                let query = format!("versionId={}", percent_encode(&version));
                object(reader, &bucket, &key, &query).await?;
                removed += 1;
            }
        }
        send(reader, &bucket, "DELETE", "", "").await?;
    }
    Ok(Made { found: Found { bucket: bucket.name, region: bucket.region, exists: there }, removed })
}

/// An object in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    pub key: String,
    pub size: u64,
    /// As S3 writes it.
    pub modified: String,
}

/// Writes an object.
///
/// # Errors
/// As [`look`].
pub async fn put(reader: &Reader<'_>, key: &str, body: Vec<u8>) -> Result<(), Error> {
    let bucket = Bucket::of(reader).await?;
    let mut request = HttpRequest::new("PUT", bucket.url(key, ""));
    request.body = body;
    checked(&bucket, exchange(reader, &bucket, request).await?).map(drop)
}

/// Reads an object; `None` where there is none.
///
/// # Errors
/// As [`look`], and a bucket that does not exist.
pub async fn get(reader: &Reader<'_>, key: &str) -> Result<Option<Vec<u8>>, Error> {
    let bucket = Bucket::of(reader).await?;
    let answer = exchange(reader, &bucket, HttpRequest::get(bucket.url(key, ""))).await?;
    let absent = answer.status == 404 && element(&answer.text(), "Code").as_deref() != Some("NoSuchBucket");
    if absent { Ok(None) } else { checked(&bucket, answer).map(|answer| Some(answer.body)) }
}

/// Deletes an object. One that is not there is no error.
///
/// # Errors
/// As [`look`].
pub async fn delete(reader: &Reader<'_>, key: &str) -> Result<(), Error> {
    let bucket = Bucket::of(reader).await?;
    object(reader, &bucket, key, "").await
}

/// The objects whose keys begin with a text.
///
/// # Errors
/// As [`look`].
pub async fn list(reader: &Reader<'_>, prefix: &str) -> Result<Vec<Object>, Error> {
    let bucket = Bucket::of(reader).await?;
    let mut found = Vec::new();
    let mut token = String::new();
    loop {
        let more =
            if token.is_empty() { String::new() } else { format!("continuation-token={}&", percent_encode(&token)) };
        // The signature wants the parameters in the order of their names.
        let query = format!("{more}list-type=2&max-keys={PAGE}&prefix={}", percent_encode(prefix));
        let text = send(reader, &bucket, "GET", &query, "").await?.text();
        found.extend(objects(&text));
        match element(&text, "NextContinuationToken") {
            Some(next) if element(&text, "IsTruncated").as_deref() == Some("true") => token = next,
            _ => return Ok(found),
        }
    }
}

fn objects(xml: &str) -> Vec<Object> {
    let object = |piece: &str| {
        let size = element(piece, "Size").and_then(|size| size.parse().ok()).unwrap_or_default();
        Some(Object { key: element(piece, "Key")?, size, modified: element(piece, "LastModified").unwrap_or_default() })
    };
    elements(xml, "Contents").filter_map(object).collect()
}

async fn exists(reader: &Reader<'_>, bucket: &Bucket) -> Result<bool, Error> {
    let answer = exchange(reader, bucket, HttpRequest::new("HEAD", bucket.url("", ""))).await?;
    match answer.status {
        404 => Ok(false),
        _ => checked(bucket, answer).map(|_| true),
    }
}

async fn send(
    reader: &Reader<'_>,
    bucket: &Bucket,
    method: &'static str,
    query: &str,
    body: &str,
) -> Result<HttpResponse, Error> {
    let mut request = HttpRequest::new(method, bucket.url("", query));
    if method == "PUT" {
        request = request.header("content-md5", super::s3::checksum(body.as_bytes()));
        request.body = body.as_bytes().to_vec();
    }
    checked(bucket, exchange(reader, bucket, request).await?)
}

async fn object(reader: &Reader<'_>, bucket: &Bucket, key: &str, query: &str) -> Result<(), Error> {
    let request = HttpRequest::new("DELETE", bucket.url(key, query));
    checked(bucket, exchange(reader, bucket, request).await?).map(drop)
}

async fn exchange(reader: &Reader<'_>, bucket: &Bucket, mut request: HttpRequest) -> Result<HttpResponse, Error> {
    bucket.sign(reader, &mut request)?;
    reader.exchange(&request, &bucket.place()).await
}

fn checked(bucket: &Bucket, answer: HttpResponse) -> Result<HttpResponse, Error> {
    if (200..300).contains(&answer.status) {
        return Ok(answer);
    }
    let body = answer.text();
    let said = |name: &str| element(&body, name);
    let text = match (said("Code"), said("Message")) {
        (Some(code), Some(message)) => Some(format!("{code}: {message}")),
        (code, _) => code,
    };
    if matches!(answer.status, 401 | 403) {
        return Err(Error::Denied {
            place: bucket.place(),
            answer: text.unwrap_or_else(|| format!("HTTP status {}", answer.status)),
            help: format!("the identity in force needs permissions on `{}`; another account may own it", bucket.name),
        });
    }
    Err(refused(bucket.place(), &answer, text))
}

/// Keys and versions in a list of S3, deletion marks included.
fn versions(xml: &str) -> Vec<(String, String)> {
    let marked = elements(xml, "Version").chain(elements(xml, "DeleteMarker"));
    marked.filter_map(|piece| element(piece, "Key").zip(element(piece, "VersionId"))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_and_marks_are_found() {
        let xml = "<R><Version><Key>a&amp;b</Key><VersionId>1</VersionId></Version><DeleteMarker><Key>c</Key>\
                   <VersionId>null</VersionId></DeleteMarker></R>";
        let expected = [("a&b", "1"), ("c", "null")].map(|(key, version)| (key.to_owned(), version.to_owned()));
        assert_eq!(versions(xml), expected);
    }

    #[test]
    fn objects_are_found() {
        let xml = "<R><Contents><Key>a&amp;b</Key><LastModified>2026-01-02T03:04:05.000Z</LastModified><Size>7</Size>\
                   </Contents></R>";
        let modified = "2026-01-02T03:04:05.000Z".to_owned();
        assert_eq!(objects(xml), [Object { key: "a&b".to_owned(), size: 7, modified }]);
    }
}
