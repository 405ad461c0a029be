//! The azurerm backend: one GET of a blob, by shared key, shared access signature or token.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;

use super::azure_login;
use super::error::Error;
use super::reader::{Reader, refused};
use super::settings::Settings;
use crate::host::{HttpRequest, HttpResponse, percent_encode, percent_encode_path};
use crate::secret::Secret;

const VERSION: &str = "2021-12-02";
const DEFAULT_KEY: &str = "terraform.tfstate";

/// The storage account and how it is asked.
struct Account {
    name: String,
    /// Without a slash at its end.
    endpoint: String,
    access: Access,
}

enum Access {
    /// The key of the account.
    Key(String),
    /// A shared access signature, without `?`.
    Signature(String),
    Login,
}

fn blob(reader: &Reader<'_>) -> String {
    let key = reader.backend("azurerm").text("key").unwrap_or_else(|| DEFAULT_KEY.to_owned());
    match reader.named_workspace() {
        None => key,
        Some(workspace) => format!("{key}env:{workspace}"),
    }
}

pub(super) fn place(reader: &Reader<'_>) -> String {
    let settings = reader.backend("azurerm");
    let text = |key: &str| settings.text(key).unwrap_or_default();
    format!("the state {} in the container {}/{}", blob(reader), text("storage_account_name"), text("container_name"))
}

pub(super) async fn read(reader: &Reader<'_>) -> Result<Option<Vec<u8>>, Error> {
    let settings = reader.backend("azurerm");
    let container = settings.needed("container_name", &[])?;
    let account = account(&settings)?;
    let path = format!("/{}/{}", percent_encode(&container), percent_encode_path(&blob(reader)));
    let mut url = format!("{}{path}", account.endpoint);
    let date = reader.host.now().strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
    let mut headers = vec![("x-ms-date", date.clone()), ("x-ms-version", VERSION.to_owned())];
    let register = |secret: &str| reader.host.masker.register(&Secret::from(secret.to_owned()));
    match &account.access {
        Access::Key(key) => {
            register(key);
            let signature = signature(&account, key, &date, &url).ok_or_else(|| {
                settings.wrong("access_key", "it is no base64", "give one of the two keys of the storage account")
            })?;
            headers.push(("authorization", format!("SharedKey {}:{signature}", account.name)));
        }
        Access::Signature(signature) => {
            register(signature);
            url = format!("{url}?{signature}");
        }
        Access::Login => {
            let token = azure_login::token(reader, &settings, azure_login::STORAGE).await?;
            headers.push(("authorization", format!("Bearer {token}")));
        }
    }
    let mut request = HttpRequest::get(url);
    for (name, value) in headers {
        request = request.header(name, value);
    }
    let place = place(reader);
    let response = reader.exchange(&request, &place).await?;
    answer(response, place, &container)
}

fn answer(response: HttpResponse, place: String, container: &str) -> Result<Option<Vec<u8>>, Error> {
    if response.status == 200 {
        return Ok(Some(response.body));
    }
    let code = response.header("x-ms-error-code").map(str::to_owned).or_else(|| {
        let body = response.text();
        let (_, rest) = body.split_once("<Code>")?;
        rest.split_once("</").map(|(code, _)| code.to_owned())
    });
    match (response.status, code.as_deref()) {
        (404, Some("ContainerNotFound")) => Err(Error::Container {
            what: "the container",
            place,
            answer: "ContainerNotFound".to_owned(),
            help: format!("correct `backend.azurerm.container_name` (`{container}`), or make the container first"),
        }),
        (404, _) => Ok(None),
        (401 | 403, code) => Err(Error::Denied {
            place,
            answer: code.map_or_else(|| format!("HTTP status {}", response.status), str::to_owned),
            help: "the one who reads needs the role `Storage Blob Data Reader`, or a key or signature of the account"
                .to_owned(),
        }),
        (_, code) => {
            let code = code.map(str::to_owned);
            Err(refused(place, &response, code))
        }
    }
}

/// Account and access: settings, then variables, then a connection string, then a login.
fn account(settings: &Settings<'_>) -> Result<Account, Error> {
    let connection = settings.variable(&["AZURE_STORAGE_CONNECTION_STRING"]).unwrap_or_default();
    let connected = |name: &str| {
        let parts = connection.split(';').filter_map(|part| part.split_once('='));
        parts.into_iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.to_owned())
    };
    let written = settings.text("storage_account_name");
    let name = match (written, connected("AccountName")) {
        (Some(name), _) | (None, Some(name)) => name,
        (None, None) => settings.needed("storage_account_name", &[])?,
    };
    // A connection string that is about another account says nothing about this one.
    let fits = connected("AccountName").is_none_or(|other| other == name);
    let connected = |key: &str| connected(key).filter(|_| fits);
    let endpoint = connected("BlobEndpoint").unwrap_or_else(|| {
        let environment = settings.text_or("environment", &["ARM_ENVIRONMENT"]).unwrap_or_default();
        format!("https://{name}.{}", suffix(&environment))
    });
    let endpoint = endpoint.trim_end_matches('/').to_owned();
    let login = settings.flag_or("use_azuread_auth", &["ARM_USE_AZUREAD"]);
    let key = settings.text_or("access_key", &["ARM_ACCESS_KEY"]).filter(|_| !login);
    let signature = settings.text_or("sas_token", &["ARM_SAS_TOKEN"]).filter(|_| !login);
    let access = match (key, signature) {
        (Some(key), _) => Access::Key(key),
        (None, Some(signature)) => Access::Signature(signature),
        (None, None) => match (connected("AccountKey"), connected("SharedAccessSignature")) {
            (Some(key), _) => Access::Key(key),
            (None, Some(signature)) => Access::Signature(signature),
            (None, None) => Access::Login,
        },
    };
    let access = match access {
        Access::Signature(signature) => Access::Signature(signature.trim_start_matches('?').to_owned()),
        access => access,
    };
    Ok(Account { name, endpoint, access })
}

fn suffix(environment: &str) -> &'static str {
    match environment {
        "usgovernment" => "blob.core.usgovcloudapi.net",
        "german" => "blob.core.cloudapi.de",
        "china" => "blob.core.chinacloudapi.cn",
        _ => "blob.core.windows.net",
    }
}

/// The signature of a GET without a body.
fn signature(account: &Account, key: &str, date: &str, url: &str) -> Option<String> {
    let key = hmac::Key::new(hmac::HMAC_SHA256, &STANDARD.decode(key).ok()?);
    let rest = url.split_once("://").map_or("", |(_, rest)| rest);
    let path = rest.find('/').map_or("/", |at| &rest[at..]);
    // Verb, eleven headers that are not sent, then those of the service, then what is asked for.
    let text = format!("GET{}x-ms-date:{date}\nx-ms-version:{VERSION}\n/{}{path}", "\n".repeat(12), account.name);
    Some(STANDARD.encode(hmac::sign(&key, text.as_bytes())))
}
