//! The file keyring of the Go version of atmos. It lies where ours does and has the same password; its files have names of
//! their own, so that neither is in the other's way. It is only read. Row 5.

use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use zeroize::{Zeroize as _, Zeroizing};

use super::jwe::{self, Closed};
use super::password::Password;
use super::settings::{self, Settings};
use super::{Error, private};
use crate::host::{Host, trust};
use crate::secret::Expose as _;

/// Its entries. The password is wanted with the first one that is there, once.
pub struct FilesOfReference {
    directory: PathBuf,
    password: Password,
}

/// What a file holds.
#[derive(Deserialize)]
struct Item {
    #[serde(rename = "Data")]
    data: String,
}

impl Drop for Item {
    fn drop(&mut self) {
        self.data.zeroize();
    }
}

impl FilesOfReference {
    pub fn new(host: &Host, settings: &Settings) -> FilesOfReference {
        FilesOfReference { directory: settings::directory(host, settings), password: Password::new(host, settings) }
    }

    /// The value of an entry.
    ///
    /// # Errors
    /// No or wrong password, a file that is not ours or damaged.
    pub fn get(&self, key: &str) -> Result<Option<Zeroizing<Vec<u8>>>, Error> {
        let path = self.directory.join(file_name(key));
        let Some(content) = private::read(&path)? else { return Ok(None) };
        trust::check(&self.directory)?;
        let damaged = || Error::Damaged { path: path.clone() };
        let text = std::str::from_utf8(&content).map_err(|_| damaged())?;
        let password = self.password.get(false)?;
        let opened = jwe::open(text, password.expose_secret().as_bytes()).map_err(|closed| match closed {
            Closed::Damaged => damaged(),
            Closed::WrongPassword => {
                Error::WrongPassword { path: path.clone(), variable: self.password.variable.clone() }
            }
        })?;
        let item: Item = serde_json::from_slice(&opened).map_err(|_| damaged())?;
        STANDARD.decode(&item.data).map(|value| Some(Zeroizing::new(value))).map_err(|_| damaged())
    }
}

/// Its name for an entry.
fn file_name(key: &str) -> String {
    key.replace('%', "%25").replace('/', "%2F")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::store::open::tests::host;

    #[test]
    fn entries_lie_below_their_escaped_names() {
        assert_eq!(file_name("atmos_users_a/b c%d"), "atmos_users_a%2Fb c%25d");
        let temp = tempfile::tempdir().unwrap();
        let host = host(temp.path(), &[("ATMOS_KEYRING_PASSWORD", "correct-horse/battery+staple")]);
        let files = FilesOfReference::new(&host, &Settings::default());
        assert!(files.get("atmos_users_worker").unwrap().is_none());
        let token = include_str!("../../../fixtures/reference-keyring/atmos_users_worker");
        std::fs::create_dir_all(&files.directory).unwrap();
        std::fs::write(files.directory.join("atmos_users_a%2Fb"), token).unwrap();
        let value = files.get("atmos_users_a/b").unwrap().unwrap();
        assert!(value.starts_with(b"{\"type\":\"aws\",\"data\":{\"access_key_id\":\"AKIAFIRSTKEYOFWORKER\""));
        std::fs::write(files.directory.join("atmos_x"), "hello").unwrap();
        assert!(matches!(files.get("atmos_x"), Err(Error::Damaged { .. })));
    }
}
