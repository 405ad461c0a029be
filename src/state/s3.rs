//! The s3 backend: one signed GET.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::error::Error;
use super::reader::{Reader, joined, refused};
use super::settings::{Settings, pairs, text, texts};
use crate::auth::aws::ambient::Ambient;
use crate::auth::aws::sign::sign;
use crate::auth::aws::sts::{Role, Sts};
use crate::auth::creds::AwsCredentials;
use crate::host::xml::element;
use crate::host::{HttpRequest, HttpResponse, Profiles, aws_domain, chosen_profile, md5, percent_encode_path};
use crate::secret::Secret;
use crate::value::{DurationForm, Node, parse_duration};

/// What terraform puts before workspaces where nothing is configured.
const PREFIX: &str = "env:";

/// The key of the object.
fn object(reader: &Reader<'_>) -> String {
    let settings = reader.backend("s3");
    let key = settings.text("key").unwrap_or_default();
    match reader.named_workspace() {
        None => key,
        Some(workspace) => {
            let prefix = settings.text("workspace_key_prefix").unwrap_or_else(|| PREFIX.to_owned());
            joined(&[&prefix, workspace, &key])
        }
    }
}

pub(super) fn place(reader: &Reader<'_>) -> String {
    let bucket = reader.backend("s3").text("bucket").unwrap_or_default();
    format!("the state s3://{bucket}/{}", object(reader))
}

pub(super) async fn read(reader: &Reader<'_>) -> Result<Option<Vec<u8>>, Error> {
    let settings = reader.backend("s3");
    let bucket = settings.needed("bucket", &[])?;
    settings.needed("key", &[])?;
    let profiles = profiles(&settings, reader.folder);
    let profile = settings.text("profile").filter(|_| reader.credentials.is_none());
    let region = region(reader, &settings, &profiles, profile.as_deref())?;
    let credentials = credentials(reader, &settings, &profiles, profile.as_deref(), &region).await?;
    let mut request = HttpRequest::get(address(reader, &settings, &bucket, &region));
    for (name, value) in customer_key(reader, &settings)? {
        request = request.header(name, value);
    }
    let place = place(reader);
    sign(&mut request, &credentials, &region, "s3", reader.host.now()).map_err(|reason| Error::Refused {
        place: place.clone(),
        answer: format!("the request cannot be signed: {reason}"),
        help: "correct the settings of the backend".to_owned(),
    })?;
    let response = reader.exchange(&request, &place).await?;
    answer(response, place, &bucket, &region)
}

/// The bucket of a backend, and who asks for it.
pub(super) struct Bucket {
    pub name: String,
    pub region: String,
    /// Address of the bucket itself, without a slash at its end.
    base: String,
    credentials: AwsCredentials,
}

impl Bucket {
    pub(super) async fn of(reader: &Reader<'_>) -> Result<Bucket, Error> {
        let settings = reader.backend("s3");
        let name = settings.needed("bucket", &[])?;
        let profiles = profiles(&settings, reader.folder);
        let profile = settings.text("profile").filter(|_| reader.credentials.is_none());
        let region = region(reader, &settings, &profiles, profile.as_deref())?;
        let credentials = credentials(reader, &settings, &profiles, profile.as_deref(), &region).await?;
        let base = bucket_address(reader, &settings, &name, &region);
        Ok(Bucket { name, region, base, credentials })
    }

    /// The address of an object in it, or of itself.
    pub(super) fn url(&self, key: &str, query: &str) -> String {
        let mark = if query.is_empty() { "" } else { "?" };
        format!("{}/{}{mark}{query}", self.base, percent_encode_path(key))
    }

    pub(super) fn sign(&self, reader: &Reader<'_>, request: &mut HttpRequest) -> Result<(), Error> {
        let signed = sign(request, &self.credentials, &self.region, "s3", reader.host.now());
        signed.map_err(|reason| Error::Refused {
            place: self.place(),
            answer: format!("the request cannot be signed: {reason}"),
            help: "correct the settings of the backend".to_owned(),
        })
    }

    pub(super) fn place(&self) -> String {
        format!("the bucket s3://{}", self.name)
    }
}

/// What S3 wants to see beside some bodies.
pub(super) fn checksum(body: &[u8]) -> String {
    STANDARD.encode(md5(body))
}

fn answer(response: HttpResponse, place: String, bucket: &str, region: &str) -> Result<Option<Vec<u8>>, Error> {
    if response.status == 200 {
        return Ok(Some(response.body));
    }
    let body = response.text();
    let code = element(&body, "Code").unwrap_or_default();
    let said = element(&body, "Message").map_or_else(|| code.clone(), |message| format!("{code}: {message}"));
    let elsewhere = response.header("x-amz-bucket-region").filter(|other| *other != region);
    match (response.status, code.as_str()) {
        (404, "NoSuchBucket") => Err(Error::Container {
            what: "the bucket",
            place,
            answer: said,
            help: format!("correct `backend.s3.bucket` (`{bucket}`), or make the bucket before its states are read"),
        }),
        (404, _) => Ok(None),
        (301 | 307 | 400, _) if elsewhere.is_some() => Err(Error::Refused {
            place,
            answer: said,
            help: format!("the bucket is in the region {}: set `backend.s3.region`", elsewhere.unwrap_or_default()),
        }),
        (401 | 403, _) => Err(Error::Denied {
            place,
            answer: said,
            help: format!(
                "the identity in force needs s3:GetObject on the object, kms:Decrypt on its key, and s3:ListBucket on \
                 `{bucket}`, without which a state that does not exist looks like this too"
            ),
        }),
        _ => Err(refused(place, &response, Some(said).filter(|said| !said.is_empty()))),
    }
}

fn profiles(settings: &Settings<'_>, cwd: &Path) -> Profiles {
    let config = texts(settings.node, "shared_config_files");
    let mut credentials = texts(settings.node, "shared_credentials_files");
    credentials.extend(settings.text("shared_credentials_file"));
    Profiles::of_files(&config, &credentials, settings.env, cwd)
}

fn region(
    reader: &Reader<'_>,
    settings: &Settings<'_>,
    profiles: &Profiles,
    profile: Option<&str>,
) -> Result<String, Error> {
    let own = || reader.credentials.and_then(|credentials| credentials.region.clone());
    let by_profile = || profiles.region(profile.unwrap_or_else(|| chosen_profile(settings.env))).map(str::to_owned);
    let found = settings.text("region").or_else(own);
    let found = found.or_else(|| settings.variable(&["AWS_REGION", "AWS_DEFAULT_REGION"])).or_else(by_profile);
    found.ok_or_else(|| {
        settings.wrong("region", "nobody says in which region the bucket is", "set `backend.s3.region`, or AWS_REGION")
    })
}

/// The identity's, or what the environment has, then the roles of the backend.
async fn credentials(
    reader: &Reader<'_>,
    settings: &Settings<'_>,
    profiles: &Profiles,
    profile: Option<&str>,
    region: &str,
) -> Result<AwsCredentials, Error> {
    let sts_endpoint = endpoint(settings, "sts", "sts_endpoint").or_else(|| reader.sts_endpoint.map(str::to_owned));
    let sts_region = settings.text("sts_region").unwrap_or_else(|| region.to_owned());
    let sts =
        Sts { host: reader.host, clients: reader.clients, region: &sts_region, endpoint: sts_endpoint.as_deref() };
    let mut credentials = match (settings.text("access_key"), settings.text("secret_key"), reader.credentials) {
        (Some(id), Some(key), _) => {
            let key = Secret::from(key);
            let token = settings.text("token").map(Secret::from);
            let known = [Some(&key), token.as_ref()];
            known.into_iter().flatten().for_each(|secret| reader.host.masker.register(secret));
            AwsCredentials {
                access_key_id: id,
                secret_access_key: key,
                session_token: token,
                expiration: None,
                issued: reader.host.now(),
                region: None,
            }
        }
        (_, _, Some(own)) => own.clone(),
        (_, _, None) => {
            if let Some((role, token)) = token_role(settings)? {
                reader.host.masker.register(&token);
                sts.assume_with_token(&role, &token).await?
            } else {
                let ambient = Ambient {
                    host: reader.host,
                    env: settings.env,
                    http: reader.http,
                    clients: reader.clients,
                    region: &sts_region,
                    sts_endpoint: sts_endpoint.as_deref(),
                    profiles,
                    machine: None,
                };
                ambient.credentials(profile).await?
            }
        }
    };
    for role in roles(settings.node) {
        credentials = sts.assume(&credentials, &role).await?;
    }
    Ok(credentials)
}

/// `assume_role_with_web_identity` with its token.
fn token_role(settings: &Settings<'_>) -> Result<Option<(Role, Secret)>, Error> {
    let Some(node) = settings.map("assume_role_with_web_identity") else { return Ok(None) };
    let Some(role) = role(node) else { return Ok(None) };
    let key = "assume_role_with_web_identity";
    let token = match (text(node, "web_identity_token"), text(node, "web_identity_token_file")) {
        (Some(token), _) => token,
        (None, Some(file)) => std::fs::read_to_string(&file).map_err(|error| {
            settings.wrong(key, format!("the token file {file} cannot be read: {error}"), "correct the path")
        })?,
        (None, None) => return Err(settings.wrong(key, "it has no token", "give `web_identity_token_file`")),
    };
    Ok(Some((role, Secret::from(token.trim().to_owned()))))
}

/// `assume_role`, one or several after each other, or the older keys beside it.
fn roles(node: &Node) -> Vec<Role> {
    if let Some(written) = node.get("assume_role").filter(|written| !written.is_empty()) {
        let several = written.as_list().map_or_else(|| vec![written], |list| list.iter().collect());
        let roles: Vec<Role> = several.into_iter().filter_map(role).collect();
        if !roles.is_empty() {
            return roles;
        }
    }
    let old = text(node, "role_arn").map(|arn| Role {
        arn,
        session_name: text(node, "session_name"),
        external_id: text(node, "external_id"),
        source_identity: None,
        policy: text(node, "assume_role_policy"),
        policy_arns: texts(node, "assume_role_policy_arns"),
        tags: pairs(node, "assume_role_tags"),
        transitive_tag_keys: texts(node, "assume_role_transitive_tag_keys"),
        duration: text(node, "assume_role_duration_seconds").and_then(|seconds| seconds.parse().ok()),
    });
    old.into_iter().collect()
}

fn role(node: &Node) -> Option<Role> {
    let duration = text(node, "duration").and_then(|text| parse_duration(&text, DurationForm::Go));
    Some(Role {
        arn: text(node, "role_arn")?,
        session_name: text(node, "session_name"),
        external_id: text(node, "external_id"),
        source_identity: text(node, "source_identity"),
        policy: text(node, "policy"),
        policy_arns: texts(node, "policy_arns"),
        tags: pairs(node, "tags"),
        transitive_tag_keys: texts(node, "transitive_tag_keys"),
        duration: duration.and_then(|duration| i32::try_from(duration.as_secs()).ok()),
    })
}

/// An endpoint of the backend's own settings, in the present and in the older form.
fn endpoint(settings: &Settings<'_>, service: &str, old: &str) -> Option<String> {
    settings.map("endpoints").and_then(|endpoints| text(endpoints, service)).or_else(|| settings.text(old))
}

fn address(reader: &Reader<'_>, settings: &Settings<'_>, bucket: &str, region: &str) -> String {
    format!("{}/{}", bucket_address(reader, settings, bucket, region), percent_encode_path(&object(reader)))
}

fn bucket_address(reader: &Reader<'_>, settings: &Settings<'_>, bucket: &str, region: &str) -> String {
    let override_ = endpoint(settings, "s3", "endpoint")
        .or_else(|| reader.s3_endpoint.map(str::to_owned))
        .or_else(|| settings.variable(&["AWS_S3_ENDPOINT"]));
    let by_path = settings.flag_or("use_path_style", &[]) || settings.flag_or("force_path_style", &[]);
    let base = override_.unwrap_or_else(|| {
        let fips = if settings.flag_or("use_fips_endpoint", &["AWS_USE_FIPS_ENDPOINT"]) { "-fips" } else { "" };
        let dual =
            if settings.flag_or("use_dualstack_endpoint", &["AWS_USE_DUALSTACK_ENDPOINT"]) { ".dualstack" } else { "" };
        format!("https://s3{fips}{dual}.{region}.{}", aws_domain(region))
    });
    let base = if base.contains("://") { base } else { format!("https://{base}") };
    let base = base.trim_end_matches('/');
    match base.split_once("://") {
        Some((scheme, host)) if !by_path && may_be_host(bucket) && !is_address(host) => {
            format!("{scheme}://{bucket}.{host}")
        }
        _ => format!("{base}/{}", percent_encode_path(bucket)),
    }
}

/// A bucket whose name can be part of the host's: dots would break the certificate.
fn may_be_host(bucket: &str) -> bool {
    (3..=63).contains(&bucket.len())
        && bucket.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
        && !bucket.starts_with('-')
        && !bucket.ends_with('-')
}

/// A host that has no sub-domains.
fn is_address(host: &str) -> bool {
    let name = host.split('/').next().unwrap_or_default();
    let name = if name.starts_with('[') { name } else { name.split(':').next().unwrap_or_default() };
    name.starts_with('[') || name == "localhost" || name.parse::<std::net::Ipv4Addr>().is_ok()
}

/// The headers of a key that the customer keeps.
fn customer_key(reader: &Reader<'_>, settings: &Settings<'_>) -> Result<Vec<(&'static str, String)>, Error> {
    let Some(key) = settings.text_or("sse_customer_key", &["AWS_SSE_CUSTOMER_KEY"]) else { return Ok(Vec::new()) };
    reader.host.masker.register(&Secret::from(key.clone()));
    let raw = STANDARD.decode(&key).ok().filter(|raw| raw.len() == 32).ok_or_else(|| {
        settings.wrong(
            "sse_customer_key",
            "it is not 32 bytes in base64",
            "give the key that the object was written with",
        )
    })?;
    Ok(vec![
        ("x-amz-server-side-encryption-customer-algorithm", "AES256".to_owned()),
        ("x-amz-server-side-encryption-customer-key", key),
        ("x-amz-server-side-encryption-customer-key-md5", STANDARD.encode(md5(&raw))),
    ])
}

#[cfg(test)]
#[path = "s3_tests.rs"]
mod tests;
