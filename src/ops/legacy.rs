//! Logins of the Go version of atmos: they lie in clear files, are not reused, and the user is told once.
//!
//! Row 12.

use std::path::PathBuf;

use super::access::Access;
use crate::diag::Warning;
use crate::host::fs;

/// Says once per machine that earlier logins are not reused, if there are any.
pub(super) fn notice(access: &Access) {
    let host = &access.host;
    let marker = host.dirs.cache.join("atmos/auth/.earlier-logins-noticed");
    if marker.exists() || !marker.is_absolute() {
        return;
    }
    let Some(found) = earlier_login(access) else { return };
    host.talk.warn(
        Warning::new(
            "atmos::auth::earlier_logins",
            format!("logins of the Go version of atmos were found ({}) and are not reused", found.display()),
        )
        .help("log in once with this version; then delete that file, it holds credentials in clear"),
    );
    // Only a hint is lost when the marker cannot be written: it is said again next time.
    if let Some(parent) = marker.parent()
        && fs::create_private_dir(parent).is_ok()
        && let Err(error) = fs::write_atomic(&marker, b"", 0o600)
    {
        tracing::debug!(error = %error, "marker not written");
    }
}

/// A token file, or a credentials file with keys, where the Go version puts them.
fn earlier_login(access: &Access) -> Option<PathBuf> {
    let dirs = &access.host.dirs;
    let tokens = entries(&dirs.cache.join("atmos/aws-sso/sessions"))
        .into_iter()
        .find(|path| path.extension().is_some_and(|extension| extension == "json"));
    tokens.or_else(|| {
        let root = dirs.config.join("atmos");
        let realms = entries(&root).into_iter().map(|realm| realm.join("aws")).chain([root.join("aws")]);
        realms
            .flat_map(|aws| entries(&aws))
            .map(|provider| provider.join("credentials"))
            .find(|path| std::fs::read_to_string(path).is_ok_and(|text| text.contains("aws_secret_access_key")))
    })
}

fn entries(directory: &std::path::Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(directory) else { return Vec::new() };
    let mut paths: Vec<_> = entries.filter_map(|entry| entry.ok().map(|entry| entry.path())).collect();
    paths.sort();
    paths
}
