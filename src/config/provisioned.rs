//! Identities that a login found and wrote into the cache: `auto_provision_identities` of providers.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::reader::overlay;
use crate::content::{self, Tags};
use crate::diag::Warning;
use crate::host::Host;
use crate::value::{Map, Node, hex};

const FILE: &str = "provisioned-identities.yaml";
/// More than any portal offers.
const LARGEST: u64 = 16 * 1024 * 1024;

/// Puts the identities of the providers of `document` on top of `merged`; whatever is merged later beats them. Of such a
/// file only the identities count: it is a cache, and no place for other settings.
pub(super) fn put(host: &Host, merged: &mut Node, document: &Node) {
    let providers = document.get_path(["auth", "providers"]).and_then(Node::as_map);
    let mut names: Vec<&Arc<str>> = providers.into_iter().flat_map(Map::keys).collect();
    names.sort();
    for name in names {
        let text = |key: &str| providers.and_then(|map| map.get(&**name)?.get(key)?.scalar_text()).unwrap_or_default();
        let own = provisioned_file(host, name, &text("start_url"), &text("region"));
        // What the reference wrote, as long as we have written nothing.
        let path = if is_there(&own) { own } else { path(host, name) };
        if !is_there(&path) {
            continue;
        }
        let warn = |message: String| {
            let help = format!("remove {}, and log in again with `atmos auth login --refresh`", path.display());
            host.talk.warn(Warning::new("atmos::config::provisioned", message).help(help));
        };
        match read_provisioned(host, name, &path) {
            Ok(found) => {
                for refusal in found.refused {
                    warn(format!("an identity that a login to `{name}` found is not taken: {refusal}"));
                }
                let auth = Node::from(Map::from_iter([(Arc::from("identities"), Node::from(found.identities))]));
                overlay(merged, &Node::from(Map::from_iter([(Arc::from("auth"), auth)])));
            }
            Err(reason) => warn(format!("the identities that a login to `{name}` found cannot be read: {reason}")),
        }
    }
}

/// What a login wrote down.
#[derive(Debug, Default)]
pub struct Provisioned {
    pub identities: Map,
    /// Entries that no login writes, each with what is wrong with it.
    pub refused: Vec<String>,
}

/// Reads the identities of a provider. The file is written by a login and by nobody else: whatever could not come from there
/// is refused, since it would run with the rights of whoever reads it.
///
/// # Errors
/// The reason why nothing of the file may be used.
pub fn read_provisioned(host: &Host, provider: &str, path: &Path) -> Result<Provisioned, String> {
    let bytes = private(path)?;
    let text = String::from_utf8(bytes).map_err(|_| "it is not UTF-8 text".to_owned())?;
    if !text.is_empty() && !text.ends_with('\n') {
        return Err("its last line has no end: it is cut off".to_owned());
    }
    let document = content::parse(&host.sources, path, &host.cwd, FILE, text, Tags::Text)?;
    let Some(entries) = document.get_path(["auth", "identities"]).and_then(Node::as_map) else {
        return Err("it has no `auth.identities`: it is cut off, or nothing that a login wrote".to_owned());
    };
    let counted = document.get_path(["auth", "_metadata", "counts", "identities"]).and_then(Node::scalar_text);
    if let Some(counted) = counted.and_then(|text| text.parse::<usize>().ok()).filter(|count| *count > entries.len()) {
        return Err(format!("it counts {counted} identities and has {}: it is cut off", entries.len()));
    }
    let mut found = Provisioned::default();
    for (name, entry) in entries {
        match foreign(entry, provider) {
            None => drop(found.identities.insert(name.clone(), entry.clone())),
            Some(what) => found.refused.push(format!("`{}` has {what}", name.escape_debug())),
        }
    }
    Ok(found)
}

/// What in an entry is not of the making of a login to this provider: it writes permission sets of its own, with nothing
/// else about them.
fn foreign(entry: &Node, provider: &str) -> Option<String> {
    const FIELDS: [&[&str]; 6] = [
        &["kind"],
        &["via", "provider"],
        &["provider"],
        &["principal", "name"],
        &["principal", "account", "id"],
        &["principal", "account", "name"],
    ];
    if entry.as_map().is_none() {
        return Some(format!("a value of type {}", entry.value.type_name()));
    }
    let mut open = vec![(Vec::new(), entry)];
    while let Some((path, node)) = open.pop() {
        if let Some(map) = node.as_map() {
            for (key, value) in map {
                let path: Vec<&str> = path.iter().copied().chain([&**key]).collect();
                if !FIELDS.iter().any(|known| known.starts_with(&path)) {
                    return Some(format!("the key `{}`", path.join(".").escape_debug()));
                }
                open.push((path, value));
            }
        } else if !FIELDS.iter().any(|known| *known == path) || node.as_list().is_some() {
            return Some(format!("`{}` of type {}", path.join("."), node.value.type_name()));
        }
    }
    if entry.get("kind").and_then(Node::as_str) != Some("aws/permission-set") {
        return Some("another kind than aws/permission-set".to_owned());
    }
    // Names of providers may differ in case from what wrote them down.
    let own = |path: &[&str]| {
        let node = entry.get_path(path.iter().copied()).and_then(Node::as_str);
        node.is_some_and(|name| name.eq_ignore_ascii_case(provider))
    };
    if !own(&["via", "provider"]) || (entry.get("provider").is_some() && !own(&["provider"])) {
        return Some("another provider".to_owned());
    }
    None
}

/// Somebody put something there, a link without an end included.
fn is_there(path: &Path) -> bool {
    std::fs::symlink_metadata(path).is_ok()
}

/// The content of a file that nobody else can have written.
fn private(path: &Path) -> Result<Vec<u8>, String> {
    use std::io::Read as _;
    let mut file = open(path).map_err(|error| match std::fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_symlink() => "it is a link".to_owned(),
        _ => error.to_string(),
    })?;
    let metadata = file.metadata().map_err(|error| error.to_string())?;
    if !metadata.is_file() {
        return Err("it is no regular file".to_owned());
    }
    if metadata.len() > LARGEST {
        return Err("it is too large".to_owned());
    }
    others_write(&metadata)?;
    let mut bytes = Vec::new();
    file.by_ref().take(LARGEST).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    Ok(bytes)
}

#[cfg(unix)]
fn open(path: &Path) -> std::io::Result<std::fs::File> {
    use std::os::unix::fs::OpenOptionsExt as _;

    use rustix::fs::OFlags;
    // Not through a link, and without waiting for the other end of a pipe.
    let flags = i32::try_from((OFlags::NOFOLLOW | OFlags::NONBLOCK).bits()).unwrap_or(0);
    std::fs::OpenOptions::new().read(true).custom_flags(flags).open(path)
}

#[cfg(not(unix))]
fn open(path: &Path) -> std::io::Result<std::fs::File> {
    std::fs::File::open(path)
}

#[cfg(unix)]
fn others_write(metadata: &std::fs::Metadata) -> Result<(), String> {
    use std::os::unix::fs::MetadataExt as _;
    if metadata.uid() != rustix::process::geteuid().as_raw() {
        return Err("it belongs to another user".to_owned());
    }
    let mode = metadata.mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(format!(
            "others may read or write it (mode {mode:04o}; `chmod 600` only after you have looked into it)"
        ));
    }
    Ok(())
}

#[cfg(not(unix))]
fn others_write(_metadata: &std::fs::Metadata) -> Result<(), String> {
    Ok(())
}

/// Where the identities of a provider are written: the provider's name and its portal. Two projects whose providers have
/// one name and unlike portals do not meet there, and those with the same portal share what they find.
pub fn provisioned_file(host: &Host, provider: &str, start_url: &str, region: &str) -> PathBuf {
    let portal = hex(&Sha256::digest(format!("{start_url}|{region}"))[..8]);
    path(host, &format!("{}-{portal}", provider.trim()))
}

/// The reference's place: `<cache>/atmos/auth/<provider>/provisioned-identities.yaml`.
fn path(host: &Host, provider: &str) -> PathBuf {
    let name = match provider.trim() {
        "" | "." | ".." => "_".to_owned(),
        name => name.replace(['/', '\\'], "_"),
    };
    host.dirs.cache.join("atmos/auth").join(name).join(FILE)
}
