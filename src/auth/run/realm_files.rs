//! The profiles that stand in the files of a realm, whichever configuration wrote them. Row 5.

use std::path::{Path, PathBuf};

use super::Error;
use super::standing::edit;
use crate::auth::delivery::remove_sections;
use crate::auth::realm::Realm;
use crate::auth::store::private;

/// How a profile calls this program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    header: String,
    /// Words that lead to the configuration.
    pub configuration: Vec<String>,
    pub identity: String,
    /// The beginning of the fingerprint of the chain that is meant; lines of old have none.
    pub chain: Option<String>,
}

/// Removes the profiles that are meant from the files of the realm below each of `roots`, with keys under the same name
/// beside them; what was removed, or would be.
///
/// # Errors
/// A file that is a link or somebody else's; a lock that does not come free.
pub fn forget_profiles(
    roots: &[PathBuf],
    realm: &Realm,
    dry_run: bool,
    is_meant: impl Fn(&Call) -> bool,
) -> Result<Vec<String>, Error> {
    let mut gone = Vec::new();
    let headers =
        |text: &str| -> Vec<String> { calls(text).into_iter().filter(&is_meant).map(|call| call.header).collect() };
    for path in roots.iter().flat_map(|root| configurations(&root.join(realm.as_str()).join("aws"))) {
        let Some(text) = private::read(&path)? else { continue };
        let found = headers(&String::from_utf8_lossy(&text));
        if !found.is_empty() && !dry_run {
            edit(&path, false, |text| {
                // What another process wrote meanwhile is judged as well.
                let now = headers(text);
                remove_sections(text, &now.iter().map(String::as_str).collect::<Vec<_>>())
            })?;
            let names: Vec<&str> =
                found.iter().map(|header| header.strip_prefix("profile ").unwrap_or(header)).collect();
            edit(&keys_beside(&path), false, |text| remove_sections(text, &names))?;
        }
        gone.extend(found.iter().map(|header| format!("{header} in {}", path.display())));
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

/// The credentials file that belongs to a configuration file.
fn keys_beside(path: &Path) -> PathBuf {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    path.with_file_name(name.replacen("config", "credentials", 1))
}

/// The sections that call this program.
fn calls(text: &str) -> Vec<Call> {
    let mut found = Vec::new();
    let mut header = None;
    for line in text.lines().map(str::trim) {
        if let Some(inner) = line.strip_prefix('[') {
            header = inner.split_once(']').map(|(name, _)| name.trim());
        } else if let Some(call) = line.strip_prefix("credential_process").map(str::trim_start)
            && let Some(call) = call.strip_prefix('=')
            && let (Some(name), Ok(words)) = (header, shell_words::split(call))
            && let Some([auth, process, rest @ ..]) = words.get(1..)
            && auth == "auth"
            && process == "process"
        {
            found.push(call_of(name, rest));
        }
    }
    found
}

/// The last words are those of the profile, those before them lead to the configuration.
fn call_of(header: &str, words: &[String]) -> Call {
    let end = |words: &[String], flag: &str| match words {
        [rest @ .., name, value] if name == flag => (rest.len(), Some(value.clone())),
        _ => (words.len(), None),
    };
    let (rest, identity) = end(words, "--identity");
    let (rest, chain) = end(&words[..rest], "--chain");
    let configuration = words[..rest].to_vec();
    Call { header: header.to_owned(), configuration, identity: identity.unwrap_or_default(), chain }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OURS: &str =
        "[profile a]\ncredential_process = /bin/atmos auth process --chdir '/x y' --identity a\nregion = x\n";
    const THEIRS: &str = "[profile b]\ncredential_process = /bin/other auth\n";

    fn file(root: &Path, path: &str, text: &str) -> PathBuf {
        let path = root.join("r/aws").join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        path
    }

    fn realm() -> Realm {
        Realm::resolve(Some("r"), None, None).unwrap()
    }

    #[test]
    fn profiles_of_every_provider_go_and_those_of_others_stay() {
        let temp = tempfile::tempdir().unwrap();
        let root = std::fs::canonicalize(temp.path()).unwrap();
        let mixed = file(&root, "p/config", &format!("{OURS}\n{THEIRS}"));
        let own = file(&root, "q/config.0123", OURS);
        let lock = file(&root, "q/config.lock", OURS);
        let keys = file(&root, "q/credentials.0123", "[a]\nk = v\n");
        let others = file(&root, "p/credentials", "[b]\nk = v\n");
        let roots = [root.clone(), root.join("nowhere")];
        let told = forget_profiles(&roots, &realm(), true, |_| true).unwrap();
        assert_eq!(told.len(), 2, "{told:?}");
        assert!(own.exists() && keys.exists());
        assert_eq!(forget_profiles(&roots, &realm(), false, |_| true).unwrap(), told);
        assert_eq!(std::fs::read_to_string(&mixed).unwrap().trim(), THEIRS.trim());
        assert!(!own.exists() && !keys.exists() && lock.exists());
        assert_eq!(std::fs::read_to_string(&others).unwrap(), "[b]\nk = v\n");
        assert_eq!(forget_profiles(&roots, &realm(), false, |_| true).unwrap(), Vec::<String>::new());
    }

    #[test]
    fn a_profile_says_whose_it_is() {
        let line = |words: &str| format!("[profile x]\ncredential_process = '/my bin/atmos' auth process {words}\n");
        let call = |configuration: &[&str], identity: &str, chain: Option<&str>| Call {
            header: "profile x".to_owned(),
            configuration: configuration.iter().map(|word| (*word).to_owned()).collect(),
            identity: identity.to_owned(),
            chain: chain.map(str::to_owned),
        };
        for (words, expected) in [
            ("--chdir /x --chain 01 --identity 'a b'", call(&["--chdir", "/x"], "a b", Some("01"))),
            ("--identity a", call(&[], "a", None)),
            (
                "--profile --chain --chain 02 --identity --identity",
                call(&["--profile", "--chain"], "--identity", Some("02")),
            ),
            ("-i a", call(&["-i", "a"], "", None)),
        ] {
            assert_eq!(calls(&line(words)), [expected], "{words}");
        }
        assert_eq!(calls(THEIRS), []);
    }

    #[test]
    fn only_those_go_that_are_meant() {
        let temp = tempfile::tempdir().unwrap();
        let root = std::fs::canonicalize(temp.path()).unwrap();
        let line = |name: &str, clone: &str| {
            format!(
                "[profile {name}]\ncredential_process = /bin/atmos auth process --chdir {clone} --identity {name}\n"
            )
        };
        let both = file(&root, "p/config", &format!("{}\n{}", line("a", "/one"), line("c", "/two")));
        let one = |call: &Call| call.configuration == ["--chdir", "/one"];
        let gone = forget_profiles(std::slice::from_ref(&root), &realm(), false, one).unwrap();
        assert_eq!(gone, [format!("profile a in {}", both.display())]);
        assert_eq!(std::fs::read_to_string(&both).unwrap().trim(), line("c", "/two").trim());
    }
}
