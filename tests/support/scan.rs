//! Looks for secrets where none may be: files, environments, arguments, outputs; in every form in which they travel.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};

/// A shorter piece of base64 would be found everywhere.
const SHORTEST: usize = 8;

/// Secrets and the forms to look for.
pub(crate) struct Scanner {
    /// Form to the description of what it is a form of.
    needles: BTreeMap<String, String>,
}

impl Scanner {
    pub(crate) fn new(secrets: impl IntoIterator<Item = (String, String)>) -> Scanner {
        let mut needles = BTreeMap::new();
        for (name, secret) in secrets {
            assert!(secret.len() >= SHORTEST, "{name} is too short to be looked for");
            for (form, needle) in forms(&secret) {
                needles.insert(needle, format!("{name} ({form})"));
            }
        }
        assert!(!needles.is_empty(), "a scan for nothing proves nothing");
        Scanner { needles }
    }

    /// Everything that the portal and the STS gave away so far, and the keyring's password.
    pub(crate) fn of(portal: &super::IdentityCenter, sts: &super::Sts) -> Scanner {
        let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
        let portals = portal.issued().into_iter().map(|issued| (text(&issued["kind"]), text(&issued["secret"])));
        let roles = sts.secrets().into_iter().map(|secret| ("role secret".to_owned(), secret));
        let password = ("keyring password".to_owned(), super::Sandbox::KEYRING_PASSWORD.to_owned());
        Scanner::new(portals.chain(roles).chain([password]))
    }

    /// What was found in some bytes.
    pub(crate) fn find(&self, bytes: &[u8]) -> Vec<&str> {
        let found = self.needles.iter().filter(|(needle, _)| contains(bytes, needle.as_bytes()));
        found.map(|(_, name)| name.as_str()).collect()
    }

    #[track_caller]
    pub(crate) fn assert_absent(&self, place: &str, bytes: &[u8]) {
        let found = self.find(bytes);
        assert!(found.is_empty(), "{place} contains {found:?}");
    }

    /// Fails if a file below a folder contains a secret, or is named after one.
    #[track_caller]
    pub(crate) fn assert_absent_below(&self, folder: &Path) {
        for file in super::Sandbox::files_below(folder) {
            let path: PathBuf = folder.join(&file);
            // A socket or a file that went away in the meantime holds nothing.
            let bytes = std::fs::read(&path).unwrap_or_default();
            self.assert_absent(&path.display().to_string(), &bytes);
            self.assert_absent("a file name", path.as_os_str().as_encoded_bytes());
        }
    }

    /// Fails if the arguments or the environment of a process contain a secret, apart from the variables named.
    #[track_caller]
    pub(crate) fn assert_absent_in_process(&self, pid: u32, but: &[&str]) {
        for part in ["cmdline", "environ"] {
            let bytes = std::fs::read(format!("/proc/{pid}/{part}")).unwrap_or_default();
            for entry in bytes.split(|byte| *byte == 0) {
                let excepted = but.iter().any(|name| entry.starts_with(format!("{name}=").as_bytes()));
                if !excepted {
                    self.assert_absent(&format!("{part} of process {pid}"), entry);
                }
            }
        }
    }
}

fn forms(secret: &str) -> Vec<(&'static str, String)> {
    let json = serde_json::to_string(secret).expect("a string").trim_matches('"').to_owned();
    let mut forms = vec![
        ("raw", secret.to_owned()),
        ("JSON", json.clone()),
        ("JSON with escaped slashes", json.replace('/', "\\/")),
        ("URL", url_encoded(secret, false)),
        ("URL, lower case", url_encoded(secret, true)),
    ];
    // Base64 of a longer text that contains the secret: what is left when the neighbours' bits are cut off.
    for shift in 0..3 {
        let padded: Vec<u8> = std::iter::repeat_n(0, shift).chain(secret.bytes()).collect();
        for text in [STANDARD_NO_PAD.encode(&padded), URL_SAFE_NO_PAD.encode(&padded)] {
            let start = (shift * 8).div_ceil(6);
            let end = padded.len() * 8 / 6;
            forms.push(("base64", text[start..end].to_owned()));
        }
    }
    forms.push(("base64", STANDARD.encode(secret)));
    forms.retain(|(_, text)| text.len() >= SHORTEST);
    forms
}

fn url_encoded(text: &str, lower: bool) -> String {
    let byte = |byte: u8| match byte {
        byte if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) => char::from(byte).to_string(),
        byte if lower => format!("%{byte:02x}"),
        byte => format!("%{byte:02X}"),
    };
    text.bytes().map(byte).collect()
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    let first = needle[0];
    let mut rest = haystack;
    while let Some(at) = rest.iter().position(|byte| *byte == first) {
        rest = &rest[at..];
        if rest.starts_with(needle) {
            return true;
        }
        rest = &rest[1..];
    }
    false
}

#[test]
fn every_form_of_a_secret_is_found_inside_other_text() {
    let secret = "abc/def+ghi=\"jkl\"";
    let scanner = Scanner::new([("key".to_owned(), secret.to_owned())]);
    let mut hidden = vec![
        format!("x{secret}y"),
        serde_json::json!({"a": secret}).to_string(),
        "q=abc%2Fdef%2Bghi%3D%22jkl%22&".to_owned(),
        "q=abc%2fdef%2bghi%3d%22jkl%22&".to_owned(),
    ];
    hidden.extend(["", "a", "ab", "abc"].map(|before| STANDARD.encode(format!("{before}{secret} and more"))));
    hidden.extend(["", "a", "ab"].map(|before| URL_SAFE_NO_PAD.encode(format!("{before}{secret}"))));
    for text in hidden {
        assert!(!scanner.find(text.as_bytes()).is_empty(), "{text}");
    }
    assert!(scanner.find(b"abc/def+ghi, nothing else").is_empty());
}
