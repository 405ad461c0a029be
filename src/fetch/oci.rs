//! Artifacts of OCI registries: manifest, layers, and the tokens that registries hand out.

use std::path::Path;

use sha2::{Digest, Sha256};

use super::address::{self, Parts};
use super::docker::Login;
use super::error::Error;
use super::http::{self, Header};
use super::object::encode;
use super::source::Format;
use super::{archive, bucket};
use crate::host::{Host, HttpResponse};
use crate::secret::{Expose, Secret};
use crate::value::hex;

/// Manifests and tokens.
const ANSWER_LIMIT: usize = 4 << 20;
/// All layers together.
const LIMIT: usize = 256 << 20;
const LAYERS: usize = 64;
/// What is understood of a manifest, lists of platforms included.
const ACCEPT: &str = "application/vnd.oci.image.manifest.v1+json, \
    application/vnd.docker.distribution.manifest.v2+json, application/vnd.oci.image.index.v1+json, \
    application/vnd.docker.distribution.manifest.list.v2+json";
/// The name of a layer that is a file.
const TITLE: &str = "org.opencontainers.image.title";

/// An artifact in a registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Artifact {
    /// As written: it is the key of logins.
    pub registry: String,
    pub name: String,
    /// A tag or a digest.
    pub reference: String,
}

impl Artifact {
    /// `body` is the address without the path behind `//`.
    pub(super) fn parse(body: &str) -> Result<Artifact, Error> {
        let parts = Parts::of(body);
        let (first, path) = match &parts {
            Some(parts) => (parts.authority, parts.path.trim_start_matches('/')),
            None => body.split_once('/').unwrap_or((body, "")),
        };
        let is_server = first.contains(['.', ':']) || first == "localhost";
        let (registry, path) =
            if is_server { (first, path.to_owned()) } else { ("docker.io", format!("{first}/{path}")) };
        let path = path.trim_end_matches('/');
        let (name, reference) = match path.split_once('@') {
            // A tag before a digest says nothing more.
            Some((name, digest)) => (name.split(':').next().unwrap_or_default(), digest),
            None => path.split_once(':').unwrap_or((path, "latest")),
        };
        let is_part = |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-/:".contains(&b));
        let fits = |text: &str| !text.is_empty() && is_part(text) && !text.contains("..");
        if !fits(name) || !fits(reference) || reference.contains('/') || registry.starts_with('-') {
            return Err(Error::invalid(
                "it does not name an artifact",
                "write `oci://registry/name:tag`, or `@sha256:…` in place of the tag",
            ));
        }
        let is_short = registry == "docker.io" && !name.contains('/');
        let name = if is_short { format!("library/{name}") } else { name.to_owned() };
        Ok(Artifact { registry: registry.to_owned(), name, reference: reference.to_owned() })
    }

    pub(super) fn is_pinned(&self) -> bool {
        self.reference.contains(':')
    }

    /// Registries on this machine speak plain http, as other tools have it.
    fn base(&self) -> String {
        let server = if self.registry == "docker.io" { "registry-1.docker.io" } else { &self.registry };
        let address = format!("https://{server}/");
        let host = Parts::of(&address).map(|parts| parts.host()).unwrap_or_default();
        let is_here = matches!(host.as_str(), "localhost" | "127.0.0.1" | "[::1]");
        format!("{}://{server}/v2/{}", if is_here { "http" } else { "https" }, self.name)
    }
}

/// Puts the files of an artifact into the empty `directory`, and returns the digest of its manifest.
pub(super) fn fetch(host: &Host, artifact: &Artifact, login: Option<Login>, directory: &Path) -> Result<String, Error> {
    let mut client = Client { host, base: artifact.base(), login, authorization: None };
    let (manifest, identity) = client.manifest(&artifact.reference)?;
    let layers = manifest["layers"].as_array().filter(|layers| !layers.is_empty());
    let layers = layers.ok_or_else(|| Error::failed("the artifact has no layers"))?;
    if layers.len() > LAYERS {
        return Err(Error::Unsafe { reason: format!("the artifact has more than {LAYERS} layers") });
    }
    let mut left = LIMIT;
    for layer in layers {
        let digest = layer["digest"].as_str().unwrap_or_default();
        let bytes = client.blob(digest, left)?;
        left -= bytes.len();
        if let Some(format) = format(&bytes) {
            archive::unpack(&bytes, format, directory)?;
            continue;
        }
        let title = layer["annotations"][TITLE].as_str().unwrap_or_default();
        if title.is_empty() {
            return Err(Error::failed("a layer of the artifact is neither an archive nor a file with a name"));
        }
        archive::check(Path::new(title))?;
        bucket::write(directory, title, &bytes)?;
    }
    Ok(identity)
}

/// The kind of archive, by its first bytes: media types are as many as there are tools.
fn format(bytes: &[u8]) -> Option<Format> {
    if bytes.starts_with(&[0x1f, 0x8b]) {
        Some(Format::TarGz)
    } else if bytes.starts_with(b"PK\x03\x04") {
        Some(Format::Zip)
    } else {
        (bytes.get(257..262) == Some(b"ustar")).then_some(Format::Tar)
    }
}

struct Client<'a> {
    host: &'a Host,
    /// `scheme://registry/v2/name`
    base: String,
    login: Option<Login>,
    authorization: Option<Secret>,
}

impl Client<'_> {
    /// The manifest behind a tag or a digest; of several platforms the one that others run most.
    ///
    /// The digest is that of the manifest behind the reference, whatever it leads to.
    fn manifest(&mut self, reference: &str) -> Result<(serde_json::Value, String), Error> {
        let (manifest, identity) = self.one_manifest(reference)?;
        let Some(platforms) = manifest["manifests"].as_array() else { return Ok((manifest, identity)) };
        let is_usual = |entry: &&serde_json::Value| {
            entry["platform"]["os"] == "linux" && entry["platform"]["architecture"] == "amd64"
        };
        let chosen = platforms.iter().find(is_usual).or_else(|| platforms.first());
        match chosen.and_then(|entry| entry["digest"].as_str()) {
            Some(digest) => Ok((self.one_manifest(digest)?.0, identity)),
            None => Err(Error::failed("the artifact is an empty list")),
        }
    }

    fn one_manifest(&mut self, reference: &str) -> Result<(serde_json::Value, String), Error> {
        let url = format!("{}/manifests/{reference}", self.base);
        let answer = self.ask(&url, ANSWER_LIMIT)?;
        match answer.status {
            200 => {}
            404 => return Err(Error::NotFound { pattern: reference.to_owned() }),
            _ => return Err(self.refused(&answer)),
        }
        if reference.contains(':') {
            verify(&answer.body, reference)?;
        }
        let identity = format!("sha256:{}", hex(&Sha256::digest(&answer.body)));
        let manifest = serde_json::from_slice(&answer.body)
            .map_err(|error| Error::failed(format!("the manifest of the artifact cannot be read: {error}")))?;
        Ok((manifest, identity))
    }

    fn blob(&mut self, digest: &str, limit: usize) -> Result<Vec<u8>, Error> {
        let url = format!("{}/blobs/{}", self.base, encode(digest, ":"));
        let answer = self.ask(&url, limit)?;
        let bytes = match http::redirect(&answer, &url)? {
            // The store behind the registry signs its addresses; the token is none of its business.
            Some(next) => {
                super::fetcher::register_parameters(self.host, &next);
                http::get(self.host, &next, None, limit)?
            }
            None if answer.status == 200 => answer.body,
            None => return Err(self.refused(&answer)),
        };
        verify(&bytes, digest)?;
        Ok(bytes)
    }

    /// One request; when the registry wants a token, with one.
    fn ask(&mut self, url: &str, limit: usize) -> Result<HttpResponse, Error> {
        let answer = self.ask_once(url, limit)?;
        let Some(challenge) = answer.header("www-authenticate").filter(|_| answer.status == 401).map(str::to_owned)
        else {
            return Ok(answer);
        };
        match self.answer_to(&challenge)? {
            Some(authorization) => {
                self.authorization = Some(authorization);
                self.ask_once(url, limit)
            }
            None => Ok(answer),
        }
    }

    fn ask_once(&self, url: &str, limit: usize) -> Result<HttpResponse, Error> {
        let mut headers: Vec<Header> = vec![("accept", Secret::from(ACCEPT))];
        headers.extend(self.authorization.clone().map(|value| ("authorization", value)));
        http::ask(self.host, url, &headers, limit)
    }

    /// What a registry wants to see, if it can be had.
    fn answer_to(&self, challenge: &str) -> Result<Option<Secret>, Error> {
        let basic = self.login.as_ref().map(Login::basic);
        let (scheme, rest) = challenge.split_once(' ').unwrap_or((challenge, ""));
        if scheme.eq_ignore_ascii_case("basic") {
            return Ok(basic);
        }
        let parameters = parameters(rest);
        let get = |name: &str| parameters.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
        let Some(realm) = get("realm").filter(|_| scheme.eq_ignore_ascii_case("bearer")) else { return Ok(None) };
        let is_safe = realm.starts_with("https://") || self.base.starts_with("http://") && realm.starts_with("http://");
        if !is_safe {
            return Err(Error::failed("the registry sends its clients to an address that is not followed"));
        }
        let words = ["service", "scope"].into_iter().filter_map(|name| Some((name, get(name)?)));
        let query: Vec<String> = words.map(|(name, value)| format!("{name}={}", encode(value, ""))).collect();
        let mark = if realm.contains('?') { '&' } else { '?' };
        let headers: Option<Header> = basic.map(|value| ("authorization", value));
        let url = format!("{realm}{mark}{}", query.join("&"));
        let answer = http::ask(self.host, &url, headers.as_slice(), ANSWER_LIMIT)?;
        if answer.status != 200 {
            return Err(self.refused(&answer));
        }
        let body: serde_json::Value = serde_json::from_slice(&answer.body)
            .map_err(|error| Error::failed(format!("the token of the registry cannot be read: {error}")))?;
        let token = body["token"].as_str().or_else(|| body["access_token"].as_str());
        Ok(token.filter(|token| !token.is_empty()).map(|token| {
            self.host.masker.register(&Secret::from(token));
            Secret::from(format!("Bearer {token}"))
        }))
    }

    fn refused(&self, answer: &HttpResponse) -> Error {
        let body: serde_json::Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        let said = body["errors"][0]["message"].as_str().map(|message| format!(" ({message})")).unwrap_or_default();
        let help = if self.login.is_some() {
            "check that the login may pull the artifact"
        } else {
            "a private registry needs a login: `docker login`, or for ghcr.io a token in GITHUB_TOKEN"
        };
        Error::Failed {
            reason: format!("the registry answered with status {}{said}", answer.status),
            help: help.to_owned(),
        }
    }
}

/// `name="value"` pairs, separated by commas outside of quotes.
fn parameters(text: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut rest = text.trim_start_matches([' ', ',']);
    while let Some((name, after)) = rest.split_once('=') {
        let (value, next) = match after.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"').unwrap_or((quoted, "")),
            None => after.split_once(',').unwrap_or((after, "")),
        };
        found.push((name.trim().to_ascii_lowercase(), value.to_owned()));
        rest = next.trim_start_matches([' ', ',']);
    }
    found
}

fn verify(bytes: &[u8], digest: &str) -> Result<(), Error> {
    let found = format!("sha256:{}", hex(&Sha256::digest(bytes)));
    if found == digest {
        return Ok(());
    }
    let what = if digest.starts_with("sha256:") { "is not that of its digest" } else { "has no sha256 digest" };
    Err(Error::Unsafe { reason: format!("the content of the artifact {what} `{}`", address::shown(digest)) })
}

impl Login {
    /// The value of an `Authorization` header.
    fn basic(&self) -> Secret {
        use base64::Engine as _;
        let pair = format!("{}:{}", self.user, self.password.expose_secret());
        Secret::from(format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(pair)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn artifacts_are_named_as_other_tools_name_them() {
        for (body, registry, name, reference, base) in [
            ("oci://ghcr.io/o/r:v1", "ghcr.io", "o/r", "v1", "https://ghcr.io/v2/o/r"),
            ("oci://ghcr.io/o/r", "ghcr.io", "o/r", "latest", "https://ghcr.io/v2/o/r"),
            ("oci://localhost:5000/r@sha256:ab", "localhost:5000", "r", "sha256:ab", "http://localhost:5000/v2/r"),
            ("oci://h.example/o/r:v1@sha256:ab", "h.example", "o/r", "sha256:ab", "https://h.example/v2/o/r"),
            ("oci://org/r:1", "docker.io", "org/r", "1", "https://registry-1.docker.io/v2/org/r"),
            ("docker.io/r", "docker.io", "library/r", "latest", "https://registry-1.docker.io/v2/library/r"),
        ] {
            let artifact = Artifact::parse(body).unwrap();
            let found = (&*artifact.registry, &*artifact.name, &*artifact.reference, &*artifact.base());
            assert_eq!(found, (registry, name, reference, base), "{body}");
        }
        for body in ["oci://ghcr.io", "oci://ghcr.io/o/r:", "oci://ghcr.io/../r", "oci://ghcr.io/o r:v1"] {
            assert!(Artifact::parse(body).is_err(), "{body}");
        }
    }

    #[test]
    fn challenges_are_taken_apart() {
        let text = "realm=\"https://a.example/token\", service=r,scope=\"repository:o/r:pull,push\"";
        let expected = [("realm", "https://a.example/token"), ("service", "r"), ("scope", "repository:o/r:pull,push")];
        let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(parameters(text), expected);
        assert!(parameters("nonsense").is_empty());
    }
}
