//! One state, from the backend of one component.

use super::error::Error;
use super::outputs::Outputs;
use super::reader::Reader;
use super::{azurerm, gcs, http, local, s3};

/// The outputs of a component; `None` when it has no state. Needs a running tokio runtime.
///
/// # Errors
/// [`Error`]: everything but a state that does not exist.
pub async fn read(reader: Reader<'_>) -> Result<Option<Outputs>, Error> {
    let bytes = match reader.kind {
        "" | "local" => local::read(&reader)?,
        "s3" => s3::read(&reader).await?,
        "azurerm" => azurerm::read(&reader).await?,
        "gcs" => gcs::read(&reader).await?,
        "http" => http::read(&reader).await?,
        other => return Err(Error::Unsupported { kind: other.to_owned() }),
    };
    let Some(bytes) = bytes else { return Ok(None) };
    Outputs::of_state(&bytes, &reader.host.masker).map_err(|unreadable| Error::Unreadable {
        place: place(&reader),
        reason: unreadable.reason,
        help: unreadable.help,
    })
}

/// Where the state lies, for messages.
pub fn place(reader: &Reader<'_>) -> String {
    match reader.kind {
        "" | "local" => local::place(reader),
        "s3" => s3::place(reader),
        "azurerm" => azurerm::place(reader),
        "gcs" => gcs::place(reader),
        "http" => http::place(reader),
        other => format!("the state in the backend {other}"),
    }
}
