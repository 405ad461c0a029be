//! What the Go version of atmos keeps of users, in its file keyring or in that of the system. It stays there.

use miette::Diagnostic;
use zeroize::Zeroizing;

use super::super::access::Access;
use crate::auth::store::{FilesOfReference, Kind, Store};
use crate::auth::{Error, IdentityName, cache, stored_name};
use crate::diag::{Failure, Result};

/// Its keyrings.
pub(super) struct Reference<'a> {
    access: &'a Access,
    files: FilesOfReference,
}

impl<'a> Reference<'a> {
    pub(super) fn new(access: &'a Access) -> Reference<'a> {
        Reference { access, files: FilesOfReference::new(&access.host, &access.keyring) }
    }

    /// The entry of an identity, of this realm or of none. The keyring of the type that is in force here goes first: it is
    /// the one that the Go version would open.
    ///
    /// # Errors
    /// A file that does not open; nothing was found, and the keyring of the system did not answer.
    pub(super) fn entry(&self, name: &IdentityName) -> Result<Option<Zeroizing<String>>> {
        let files_first = self.access.cache.store().kind() == Kind::File;
        let mut lost = None;
        for key in names(self.access, name) {
            for files in [files_first, !files_first] {
                let found = if files {
                    self.files.get(&key).map_err(|error| Error::from(cache::Error::from(error)))?
                } else {
                    Store::get_of_reference(&key).unwrap_or_else(|reason| {
                        lost = Some(reason);
                        None
                    })
                };
                if let Some(bytes) = found {
                    return Ok(Some(Zeroizing::new(String::from_utf8_lossy(&bytes).into_owned())));
                }
            }
        }
        match lost {
            Some(reason) => Err(ReferenceError::Keyring { reason }.into()),
            None => Ok(None),
        }
    }

    /// The same of an entry that has to be there.
    ///
    /// # Errors
    /// As [`Reference::entry`], and there is none.
    pub(super) fn needed_entry(&self, name: &IdentityName) -> Result<Zeroizing<String>> {
        let names = || names(self.access, name).join(" or ");
        Ok(self.entry(name)?.ok_or_else(|| ReferenceError::None { names: names() })?)
    }
}

fn names(access: &Access, name: &IdentityName) -> [String; 2] {
    [stored_name(access.realm.as_str(), name.as_str()), format!("atmos_{name}")]
}

#[derive(Debug, thiserror::Error, Diagnostic)]
enum ReferenceError {
    #[error(
        "there is no entry of the Go version of atmos for this identity ({names}), in files or in the system's keyring"
    )]
    #[diagnostic(
        code(atmos::auth::user::no_reference),
        help(
            "it stores one per realm: set `auth.realm` (or ATMOS_AUTH_REALM) to that of the old login, or give the key by \
              `atmos auth user import --from-stdin`"
        )
    )]
    None { names: String },

    #[error(
        "the keyring of the system is not available, and the Go version of atmos has no file with this entry: {reason}"
    )]
    #[diagnostic(
        code(atmos::auth::user::no_keyring),
        help("unlock it, or give the key by `atmos auth user import --from-stdin`")
    )]
    Keyring { reason: String },
}

impl Failure for ReferenceError {}
