//! Credentials of other clouds as text: what a program of the user's own prints, what a run answers, what the cache keeps.
//!
//! One form for all of them, version 1: `Variables` (secret, but for the names in `Public`), `Files` (contents by path below
//! the private directory), `Paths` (variables that name one of these), `Remove`, `Account`, `Region`, `Expiration`. Row 5.

use indexmap::IndexMap;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize as _, Zeroizing};

use super::helper::seconds;
use crate::auth::given::{EnvironmentCredentials, PrivateFile, Variable};
use crate::cloud::end;
use crate::secret::{Expose as _, Secret};

/// Room for most, so that the text is rarely moved while it grows.
const ROOM: usize = 64 * 1024;

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Text {
    version: u8,
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    variables: IndexMap<String, String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    public: Vec<String>,
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    files: IndexMap<String, String>,
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    paths: IndexMap<String, String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    remove: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    account: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    region: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expiration: Option<String>,
}

impl Drop for Text {
    fn drop(&mut self) {
        self.variables.values_mut().chain(self.files.values_mut()).for_each(zeroize::Zeroize::zeroize);
    }
}

/// One line without its end. `expiration` is what the reader is told.
pub fn environment_text(given: &EnvironmentCredentials, expiration: Option<Timestamp>) -> Zeroizing<String> {
    let own = |secret: &Secret| secret.expose_secret().to_owned();
    let variables = given.variables.iter();
    let text = Text {
        version: 1,
        variables: variables.clone().map(|variable| (variable.name.clone(), own(&variable.value))).collect(),
        public: variables.filter(|variable| variable.is_public).map(|variable| variable.name.clone()).collect(),
        files: given.files.iter().map(|file| (file.path.clone(), own(&file.content))).collect(),
        paths: given.paths.iter().cloned().collect(),
        remove: given.removed.clone(),
        account: given.account.clone(),
        region: given.region.clone(),
        expiration: expiration.map(seconds),
    };
    let mut bytes = Zeroizing::new(Vec::with_capacity(ROOM));
    let written = serde_json::to_writer(&mut *bytes, &text);
    debug_assert!(written.is_ok(), "strings always serialise into memory");
    Zeroizing::new(String::from_utf8_lossy(&bytes).into_owned())
}

/// Reads what [`environment_text`] writes; `None` when it is anything else, or has nothing in it.
pub fn parse_environment(text: &str, issued: Timestamp) -> Option<EnvironmentCredentials> {
    let mut read: Text = serde_json::from_str(text).ok()?;
    if read.version != 1 || (read.variables.is_empty() && read.files.is_empty()) {
        return None;
    }
    let expiration = match &read.expiration {
        Some(text) => end(text)?,
        None => None,
    };
    let public = std::mem::take(&mut read.public);
    let variables = std::mem::take(&mut read.variables).into_iter().map(|(name, mut value)| {
        let variable =
            Variable { is_public: public.contains(&name), name, value: Secret::from(std::mem::take(&mut value)) };
        value.zeroize();
        variable
    });
    let files = std::mem::take(&mut read.files).into_iter();
    Some(EnvironmentCredentials {
        variables: variables.collect(),
        files: files.map(|(path, content)| PrivateFile { path, content: Secret::from(content) }).collect(),
        paths: std::mem::take(&mut read.paths).into_iter().collect(),
        removed: std::mem::take(&mut read.remove),
        account: read.account.take(),
        region: read.region.take(),
        expiration,
        issued,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again_and_nothing_else_is() {
        let text = r#"{"Version":1,"Variables":{"A":"s\"1","R":"eu"},"Public":["R"],"Files":{"kube/config":"k"},"Paths":{"KUBECONFIG":"kube/config"},"Remove":["HCLOUD_*"],"Account":"acme","Region":"eu","Expiration":"2030-01-01T00:00:00Z"}"#;
        let issued = Timestamp::UNIX_EPOCH;
        let read = parse_environment(text, issued).unwrap();
        assert_eq!(*environment_text(&read, read.expiration), text);
        assert_eq!(format!("{read:?}").matches("REDACTED").count(), 3, "{read:?}");
        for text in [
            "",
            "{}",
            r#"{"Version":1}"#,
            r#"{"Version":2,"Variables":{"A":"b"}}"#,
            r#"{"Version":1,"Variables":{"A":1}}"#,
            r#"{"Version":1,"Variables":{"A":"b"},"Expires":"x"}"#,
            r#"{"Version":1,"Variables":{"A":"b"},"Expiration":"tomorrow"}"#,
        ] {
            assert!(parse_environment(text, issued).is_none(), "{text}");
        }
    }
}
