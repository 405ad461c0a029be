//! The http backend: the state is what a GET of one address gives. It has no workspaces.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::error::Error;
use super::reader::{Reader, refused};
use super::settings::pairs;
use crate::host::HttpRequest;
use crate::secret::{Secret, without_userinfo};

pub(super) fn place(reader: &Reader<'_>) -> String {
    let address = reader.backend("http").text_or("address", &["TF_HTTP_ADDRESS"]).unwrap_or_default();
    format!("the state at {}", without_userinfo(address.split('?').next().unwrap_or_default()))
}

pub(super) async fn read(reader: &Reader<'_>) -> Result<Option<Vec<u8>>, Error> {
    let settings = reader.backend("http");
    let address = settings.needed("address", &["TF_HTTP_ADDRESS"])?;
    for key in ["client_certificate_pem", "client_private_key_pem", "client_ca_certificate_pem"] {
        let variable = format!("TF_HTTP_{}", key.to_ascii_uppercase());
        if settings.text_or(key, &[&variable]).is_some() {
            return Err(settings.wrong("client_certificate_pem", "certificates of clients are not built yet", INSTEAD));
        }
    }
    if settings.flag_or("skip_cert_verification", &[]) {
        return Err(settings.wrong("skip_cert_verification", "certificates are always verified here", INSTEAD));
    }
    let mut request = HttpRequest::get(address);
    let user = settings.text_or("username", &["TF_HTTP_USERNAME"]);
    let password = settings.text_or("password", &["TF_HTTP_PASSWORD"]).unwrap_or_default();
    if let Some(user) = user {
        reader.host.masker.register(&Secret::from(password.clone()));
        request = request.header("authorization", format!("Basic {}", STANDARD.encode(format!("{user}:{password}"))));
    }
    for (name, value) in pairs(reader.settings, "headers") {
        request = request.header(name.to_ascii_lowercase(), value);
    }
    let place = place(reader);
    let response = reader.exchange(&request, &place).await?;
    match response.status {
        200 => Ok(Some(response.body)),
        204 | 404 => Ok(None),
        401 | 403 => Err(Error::Denied {
            place,
            answer: format!("HTTP status {}", response.status),
            help: "check `username` and `password` of the backend, or TF_HTTP_USERNAME and TF_HTTP_PASSWORD".to_owned(),
        }),
        301 | 302 | 303 | 307 | 308 => Err(refused(
            place,
            &response,
            Some("the server redirects, which is not followed with credentials".to_owned()),
        )),
        _ => Err(refused(place, &response, None)),
    }
}

const INSTEAD: &str = "`!terraform.output` asks terraform itself";
