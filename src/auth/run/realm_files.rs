//! The profiles that stand in the files of a realm, whichever configuration wrote them. Row 5.

use std::path::{Path, PathBuf};

use super::Error;
use super::standing::edit;
use crate::auth::delivery::remove_sections;
use crate::auth::realm::Realm;
use crate::auth::store::private;

/// Removes every profile that calls this program from the files of the realm below each of `roots`; what was removed, or
/// would be.
///
/// # Errors
/// A file that is a link or somebody else's; a lock that does not come free.
pub fn forget_profiles(roots: &[PathBuf], realm: &Realm, dry_run: bool) -> Result<Vec<String>, Error> {
    let mut gone = Vec::new();
    for path in roots.iter().flat_map(|root| configurations(&root.join(realm.as_str()).join("aws"))) {
        let Some(text) = private::read(&path)? else { continue };
        let ours = ours(&String::from_utf8_lossy(&text));
        let headers: Vec<&str> = ours.iter().map(String::as_str).collect();
        if !headers.is_empty() && !dry_run {
            edit(&path, false, |text| remove_sections(text, &headers))?;
        }
        gone.extend(headers.iter().map(|header| format!("{header} in {}", path.display())));
    }
    gone.sort();
    Ok(gone)
}

/// The AWS configuration files of all providers.
fn configurations(folder: &Path) -> Vec<PathBuf> {
    let list = |folder: &Path| std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let is_one = |path: &PathBuf| {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        (name == "config" || name.starts_with("config.")) && path.extension().is_none_or(|end| end != "lock")
    };
    list(folder).flat_map(|provider| list(&provider).collect::<Vec<_>>()).filter(is_one).collect()
}

/// Headers of the sections that call this program.
fn ours(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut header = None;
    for line in text.lines().map(str::trim) {
        if let Some(inner) = line.strip_prefix('[') {
            header = inner.split_once(']').map(|(name, _)| name.trim());
        } else if let Some(call) = line.strip_prefix("credential_process").map(str::trim_start)
            && let Some(call) = call.strip_prefix('=')
            && let (Some(name), Ok(words)) = (header, shell_words::split(call))
            && matches!(words.get(1..3), Some([auth, process]) if auth == "auth" && process == "process")
        {
            found.push(name.to_owned());
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn profiles_of_every_provider_go_and_those_of_others_stay() {
        let temp = tempfile::tempdir().unwrap();
        let realm = Realm::resolve(Some("r"), None, None).unwrap();
        let root = std::fs::canonicalize(temp.path()).unwrap();
        let ours =
            "[profile a]\ncredential_process = /bin/atmos auth process --chdir '/x y' --identity a\nregion = x\n";
        let theirs = "[profile b]\ncredential_process = /bin/other auth\n";
        let file = |provider: &str, name: &str, text: &str| {
            let folder = root.join("r/aws").join(provider);
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::write(folder.join(name), text).unwrap();
            folder.join(name)
        };
        let mixed = file("p", "config", &format!("{ours}\n{theirs}"));
        let own = file("q", "config.0123", ours);
        let lock = file("q", "config.lock", ours);
        let roots = [root.clone(), root.join("nowhere")];
        let told = forget_profiles(&roots, &realm, true).unwrap();
        assert_eq!(told.len(), 2, "{told:?}");
        assert!(own.exists());
        assert_eq!(forget_profiles(&roots, &realm, false).unwrap(), told);
        assert_eq!(std::fs::read_to_string(&mixed).unwrap().trim(), theirs.trim());
        assert!(!own.exists() && lock.exists());
        assert_eq!(forget_profiles(&roots, &realm, false).unwrap(), Vec::<String>::new());
    }
}
