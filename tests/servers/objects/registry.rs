//! Pulls from a registry: challenge, token, manifest, blobs.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::Options;
use crate::wire::{Answer, Request};

/// What the token service gives out.
const TOKEN: &str = "registry-token-0123456789";

/// One layer of an artifact.
struct Layer {
    name: String,
    bytes: Vec<u8>,
}

pub(crate) fn answer(options: &Options, address: &str, request: &Request) -> Answer {
    if request.path == "/token" {
        return token(options, request);
    }
    if let Some(digest) = request.path.strip_prefix("/store/") {
        // As a signed address has it: a token beside the signature is an error.
        if !request.authorization.is_empty() {
            return refusal(400, "only one way to authenticate is allowed");
        }
        return blob(options, digest);
    }
    let Some(rest) = request.path.strip_prefix("/v2/") else { return refusal(404, "unknown path") };
    let kind = ["/manifests/", "/blobs/"].into_iter().find_map(|word| Some((word, rest.split_once(word)?)));
    let Some((word, (name, reference))) = kind else { return refusal(404, "unknown path") };
    let expected = if options.basic { basic(options) } else { Some(format!("Bearer {TOKEN}")) };
    if expected.as_deref() != Some(request.authorization.as_str()) {
        let challenge = if options.basic {
            "Basic realm=\"test\"".to_owned()
        } else {
            format!("Bearer realm=\"http://{address}/token\",service=\"test\",scope=\"repository:{name}:pull\"")
        };
        return refusal(401, "authentication required").with("WWW-Authenticate", challenge);
    }
    match word {
        "/manifests/" => manifest(options, name, reference),
        _ if options.redirect => {
            refusal(307, "elsewhere").with("Location", format!("http://{address}/store/{reference}?signature=s"))
        }
        _ => blob(options, reference),
    }
}

fn basic(options: &Options) -> Option<String> {
    let login = options.login.as_ref()?;
    Some(format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(login)))
}

fn token(options: &Options, request: &Request) -> Answer {
    if options.login.is_some() && basic(options).as_deref() != Some(request.authorization.as_str()) {
        return refusal(401, "wrong login");
    }
    if request.parameter("service") != "test" || !request.parameter("scope").starts_with("repository:") {
        return refusal(400, "which repository?");
    }
    Answer::json(200, &json!({"token": TOKEN, "expires_in": 300}))
}

fn layers(folder: &Path) -> Vec<Layer> {
    let mut paths: Vec<PathBuf> =
        std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    paths.sort();
    let layer = |path: PathBuf| {
        let name = path.file_name()?.to_string_lossy().into_owned();
        Some(Layer { name, bytes: std::fs::read(&path).ok()? })
    };
    paths.into_iter().filter_map(layer).collect()
}

fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold("sha256:".to_owned(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn describe(folder: &Path) -> Option<Vec<u8>> {
    let layers = layers(folder);
    let list: Vec<Value> = layers
        .iter()
        .map(|layer| {
            json!({
                "mediaType": "application/octet-stream", "digest": digest(&layer.bytes), "size": layer.bytes.len(),
                "annotations": {"org.opencontainers.image.title": layer.name}
            })
        })
        .collect();
    let media = "application/vnd.oci.image.manifest.v1+json";
    let body = json!({"schemaVersion": 2, "mediaType": media, "layers": list});
    (!layers.is_empty()).then(|| body.to_string().into_bytes())
}

fn manifest(options: &Options, name: &str, reference: &str) -> Answer {
    let artifact = options.folder.join("oci").join(name);
    let by_tag = describe(&artifact.join(reference));
    let by_digest = || {
        let tags = std::fs::read_dir(&artifact).into_iter().flatten().flatten();
        tags.filter_map(|tag| describe(&tag.path())).find(|manifest| digest(manifest) == reference)
    };
    match by_tag.or_else(by_digest) {
        Some(bytes) => Answer::bytes(bytes),
        None => refusal(404, "manifest unknown"),
    }
}

fn blob(options: &Options, wanted: &str) -> Answer {
    fn find(folder: &Path, wanted: &str) -> Option<Vec<u8>> {
        if let Some(layer) = layers(folder).into_iter().find(|layer| digest(&layer.bytes) == wanted) {
            return Some(layer.bytes);
        }
        let inner = std::fs::read_dir(folder).ok()?.flatten().map(|entry| entry.path());
        inner.filter(|path| path.is_dir()).find_map(|path| find(&path, wanted))
    }
    find(&options.folder.join("oci"), wanted).map_or_else(|| refusal(404, "blob unknown"), Answer::bytes)
}

fn refusal(status: u16, message: &str) -> Answer {
    Answer::json(status, &json!({"errors": [{"code": "DENIED", "message": message}]}))
}
