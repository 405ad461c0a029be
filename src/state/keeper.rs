//! What keeps the states of a component: looked for, made and taken away, whatever the backend is.

use super::error::Error;
use super::reader::Reader;
use super::{account, bucket, gcs_bucket};

/// A bucket or a storage account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keeper {
    /// For messages: `bucket`, `storage account`.
    pub what: &'static str,
    pub name: String,
    /// A region or a resource group.
    pub place: String,
    /// Everything that a state needs is there.
    pub exists: bool,
    /// The bucket or account itself is there, if nothing else.
    pub begun: bool,
}

/// Whether this program can make what a backend needs.
pub fn is_made(kind: &str) -> bool {
    matches!(kind, "s3" | "azurerm" | "gcs")
}

fn unsupported<T>(reader: &Reader<'_>) -> Result<T, Error> {
    Err(Error::Unsupported { kind: reader.kind.to_owned() })
}

impl From<bucket::Found> for Keeper {
    fn from(found: bucket::Found) -> Keeper {
        let (exists, begun) = (found.exists, found.exists);
        Keeper { what: "bucket", name: found.bucket, place: found.region, exists, begun }
    }
}

impl From<gcs_bucket::Found> for Keeper {
    fn from(found: gcs_bucket::Found) -> Keeper {
        let (exists, begun) = (found.exists, found.exists);
        Keeper { what: "bucket", name: found.bucket, place: found.location, exists, begun }
    }
}

impl From<account::Found> for Keeper {
    fn from(found: account::Found) -> Keeper {
        let exists = found.exists && found.has_container;
        Keeper { what: "storage account", name: found.account, place: found.group, exists, begun: found.exists }
    }
}

/// Looks for it.
///
/// # Errors
/// Settings that lack something, nobody to ask as, a refusal.
pub async fn look(reader: &Reader<'_>) -> Result<Keeper, Error> {
    Ok(match reader.kind {
        "s3" => bucket::look(reader).await?.into(),
        "azurerm" => account::look(reader).await?.into(),
        "gcs" => gcs_bucket::look(reader).await?.into(),
        _ => return unsupported(reader),
    })
}

/// Makes it, or brings it up to date. The answer says what there was before.
///
/// # Errors
/// As [`look`].
pub async fn make(reader: &Reader<'_>) -> Result<Keeper, Error> {
    Ok(match reader.kind {
        "s3" => bucket::make(reader).await?.found.into(),
        "azurerm" => account::make(reader).await?.into(),
        "gcs" => gcs_bucket::make(reader).await?.into(),
        _ => return unsupported(reader),
    })
}

/// Takes it away with everything in it. The answer says what there was before, and how many versions of objects have gone
/// where they went one by one.
///
/// # Errors
/// As [`look`].
pub async fn remove(reader: &Reader<'_>) -> Result<(Keeper, Option<usize>), Error> {
    Ok(match reader.kind {
        "s3" => {
            let made = bucket::remove(reader).await?;
            (made.found.into(), Some(made.removed))
        }
        "azurerm" => (account::remove(reader).await?.into(), None),
        "gcs" => {
            let (found, removed) = gcs_bucket::remove(reader).await?;
            (found.into(), Some(removed))
        }
        _ => return unsupported(reader),
    })
}
