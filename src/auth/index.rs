//! Which sessions and tokens the cache holds, so that a logout finds them whatever the configuration has become. Row 5.

use super::context::Context;
use super::error::Error;
use super::record::{IndexEntry, index_from_bytes, index_to_bytes};

/// What the names of indexes begin with; the realm follows.
pub(super) const PREFIX: &str = "index/";

/// Where that of the realm rests in the cache.
pub(super) fn name(context: &Context) -> String {
    format!("{PREFIX}{}", context.realm)
}

/// `None`: there is none, or nothing here opens it.
pub(super) async fn read(context: &Context) -> Result<Option<Vec<IndexEntry>>, Error> {
    Ok(context.load(&name(context)).await?.map(|bytes| index_from_bytes(&bytes)))
}

/// Adds an entry to the index, so that a logout finds what it stands for, whatever the configuration will be.
pub(super) async fn add(context: &Context, entry: IndexEntry) -> Result<(), Error> {
    if read(context).await?.is_some_and(|entries| entries.contains(&entry)) {
        return Ok(());
    }
    let name = name(context);
    let _lock = context.lock(&name, "writes the credential cache").await?;
    let mut entries = read(context).await?.unwrap_or_default();
    entries.push(entry);
    entries.sort();
    entries.dedup();
    context.store(&name, index_to_bytes(&entries)).await
}
