//! The gcs backend: one GET of an object.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

use super::error::Error;
use super::google_login;
use super::reader::{DEFAULT_WORKSPACE, Reader, joined, refused};
use super::settings::Settings;
use crate::host::{HttpRequest, HttpResponse, percent_encode};
use crate::secret::Secret;

const SERVICE: &str = "https://storage.googleapis.com";
/// The path of the interface for objects.
const PATH: &str = "/storage/v1/b";

fn object(reader: &Reader<'_>) -> String {
    let prefix = reader.backend("gcs").text("prefix").unwrap_or_default();
    let workspace = reader.named_workspace().unwrap_or(DEFAULT_WORKSPACE);
    joined(&[&prefix, &format!("{workspace}.tfstate")])
}

pub(super) fn place(reader: &Reader<'_>) -> String {
    let bucket = reader.backend("gcs").text("bucket").unwrap_or_default();
    format!("the state gs://{bucket}/{}", object(reader))
}

pub(super) async fn read(reader: &Reader<'_>) -> Result<Option<Vec<u8>>, Error> {
    let settings = reader.backend("gcs");
    let bucket = settings.needed("bucket", &[])?;
    let base = base(&settings);
    let url = format!("{base}/{}/o/{}?alt=media", percent_encode(&bucket), percent_encode(&object(reader)));
    let mut request = HttpRequest::get(url);
    // An emulator wants to know nobody.
    if settings.variable(&["STORAGE_EMULATOR_HOST"]).is_none() {
        let token = google_login::token(reader, &settings, google_login::READ).await?;
        request = request.header("authorization", format!("Bearer {token}"));
    }
    for (name, value) in customer_key(reader, &settings)? {
        request = request.header(name, value);
    }
    let place = place(reader);
    let response = reader.exchange(&request, &place).await?;
    answer(response, place, &bucket)
}

fn answer(response: HttpResponse, place: String, bucket: &str) -> Result<Option<Vec<u8>>, Error> {
    if response.status == 200 {
        return Ok(Some(response.body));
    }
    let json: serde_json::Value = serde_json::from_slice(&response.body).unwrap_or_default();
    let said = json["error"]["message"].as_str().map_or_else(|| response.text(), str::to_owned);
    let said: String = said.chars().take(300).collect();
    match response.status {
        404 if said.contains("bucket does not exist") => Err(Error::Container {
            what: "the bucket",
            place,
            answer: said,
            help: format!("correct `backend.gcs.bucket` (`{bucket}`), or make the bucket before its states are read"),
        }),
        404 => Ok(None),
        401 | 403 => Err(Error::Denied {
            place,
            answer: said,
            help: "the one who reads needs storage.objects.get on the bucket (role `Storage Object Viewer`)".to_owned(),
        }),
        _ => Err(refused(place, &response, Some(said).filter(|said| !said.is_empty()))),
    }
}

/// Where the interface for objects is.
pub(super) fn base(settings: &Settings<'_>) -> String {
    if let Some(emulator) = settings.variable(&["STORAGE_EMULATOR_HOST"]) {
        let emulator = if emulator.contains("://") { emulator } else { format!("http://{emulator}") };
        return format!("{}{PATH}", emulator.trim_end_matches('/'));
    }
    let variables = ["GOOGLE_BACKEND_STORAGE_CUSTOM_ENDPOINT", "GOOGLE_STORAGE_CUSTOM_ENDPOINT"];
    let Some(custom) = settings.text_or("storage_custom_endpoint", &variables) else {
        return format!("{SERVICE}{PATH}");
    };
    let custom = custom.trim_end_matches('/');
    match custom {
        custom if custom.ends_with(PATH) => custom.to_owned(),
        custom if custom.ends_with("/storage/v1") => format!("{custom}/b"),
        custom => format!("{custom}{PATH}"),
    }
}

/// The headers of a key that the customer keeps.
fn customer_key(reader: &Reader<'_>, settings: &Settings<'_>) -> Result<Vec<(&'static str, String)>, Error> {
    let Some(key) = settings.text_or("encryption_key", &["GOOGLE_ENCRYPTION_KEY"]) else { return Ok(Vec::new()) };
    reader.host.masker.register(&Secret::from(key.clone()));
    let raw = STANDARD.decode(&key).ok().filter(|raw| raw.len() == 32).ok_or_else(|| {
        settings.wrong(
            "encryption_key",
            "it is not 32 bytes in base64",
            "give the key that the object was written with",
        )
    })?;
    Ok(vec![
        ("x-goog-encryption-algorithm", "AES256".to_owned()),
        ("x-goog-encryption-key", key),
        ("x-goog-encryption-key-sha256", STANDARD.encode(Sha256::digest(&raw))),
    ])
}
