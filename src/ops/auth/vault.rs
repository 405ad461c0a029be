//! Keys in the file keyring of aws-vault. Its files are only read.

use std::path::PathBuf;

use inquire::{InquireError, PasswordDisplayMode};
use miette::Diagnostic;
use serde::Deserialize;
use zeroize::{Zeroize as _, Zeroizing};

use crate::auth::store::{Closed, open_sealed};
use crate::diag::{Failure, Result};
use crate::host::{Host, fs, prompt};
use crate::secret::{Expose as _, Secret};

/// Where the files are, and what opens them.
const FOLDER: &str = "AWS_VAULT_FILE_DIR";
const PASSPHRASE: &str = "AWS_VAULT_FILE_PASSPHRASE";
/// Longest file with one key.
const LONGEST: u64 = 64 * 1024;
const NOT_A_FILE: &str = "it is not a regular file of at most 64 KiB";

/// What a file holds: base64 of JSON.
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

/// The key that aws-vault keeps for a profile, as JSON.
///
/// # Errors
/// There is none, or it does not open.
pub(super) fn key_of(host: &Host, profile: &str) -> Result<Zeroizing<String>> {
    use base64::Engine as _;
    let path = folder(host).join(profile.replace('%', "%25").replace('/', "%2F"));
    let shown = || path.display().to_string();
    let sealed = fs::read_text(&path, LONGEST, NOT_A_FILE).map_err(|cause| match cause.kind() {
        std::io::ErrorKind::NotFound => VaultFailure::None { path: shown() },
        _ => VaultFailure::Read { path: shown(), cause },
    })?;
    let passphrase = passphrase(host)?;
    let opened = open_sealed(&sealed, passphrase.expose_secret().as_bytes()).map_err(|closed| match closed {
        Closed::WrongPassword => VaultFailure::Passphrase { path: shown() },
        Closed::Damaged => VaultFailure::Damaged { path: shown() },
    })?;
    let damaged = || VaultFailure::Damaged { path: shown() };
    let item: Item = serde_json::from_slice(&opened).map_err(|_| damaged())?;
    let data =
        base64::engine::general_purpose::STANDARD.decode(&item.data).map(Zeroizing::new).map_err(|_| damaged())?;
    let text = std::str::from_utf8(&data).map_err(|_| damaged())?;
    Ok(Zeroizing::new(text.to_owned()))
}

fn folder(host: &Host) -> PathBuf {
    match host.env.get(FOLDER).filter(|folder| !folder.is_empty()) {
        Some(folder) => host.absolute(std::path::Path::new(folder)),
        None => host.dirs.home.join(".awsvault/keys"),
    }
}

fn passphrase(host: &Host) -> Result<Secret> {
    if let Some(text) = host.env.get(PASSPHRASE).filter(|text| !text.is_empty()) {
        let passphrase = Secret::from(text.to_owned());
        host.masker.register(&passphrase);
        return Ok(passphrase);
    }
    if !host.terminal.can_prompt() {
        return Err(VaultFailure::NoPassphrase.into());
    }
    let typed = prompt::ask(|| {
        let prompt = inquire::Password::new("Passphrase of the file keyring of aws-vault:");
        prompt.with_display_mode(PasswordDisplayMode::Masked).without_confirmation().prompt().map(Secret::from)
    });
    let passphrase = typed.map_err(|error| match error {
        InquireError::OperationCanceled | InquireError::OperationInterrupted => VaultFailure::Aborted,
        other => VaultFailure::Prompt { reason: other.to_string() },
    })?;
    host.masker.register(&passphrase);
    Ok(passphrase)
}

#[derive(Debug, thiserror::Error, Diagnostic)]
enum VaultFailure {
    #[error("the file keyring of aws-vault has no such entry: {path}")]
    #[diagnostic(
        code(atmos::auth::user::vault),
        help(
            "AWS_VAULT_FILE_DIR names its folder; of any other keyring: `aws-vault export --no-session --format=json NAME | atmos \
             auth user import --from-stdin`"
        )
    )]
    None { path: String },

    #[error("failed to read {path}: {cause}")]
    #[diagnostic(code(atmos::auth::user::vault_read), help("it has to be a file that you may read"))]
    Read { path: String, cause: std::io::Error },

    #[error("the file keyring of aws-vault needs its passphrase, and nobody can be asked")]
    #[diagnostic(
        code(atmos::auth::user::vault_passphrase),
        help("set AWS_VAULT_FILE_PASSPHRASE, or run this at a terminal")
    )]
    NoPassphrase,

    #[error("the passphrase does not open {path}")]
    #[diagnostic(
        code(atmos::auth::user::vault_passphrase),
        help("give the one that aws-vault takes: AWS_VAULT_FILE_PASSPHRASE")
    )]
    Passphrase { path: String },

    #[error("{path} is not a file of aws-vault's keyring")]
    #[diagnostic(
        code(atmos::auth::user::vault_damaged),
        help(
            "pass the key on: `aws-vault export --no-session --format=json NAME | atmos auth user import --from-stdin`"
        )
    )]
    Damaged { path: String },

    #[error("failed to ask for the passphrase: {reason}")]
    #[diagnostic(code(atmos::auth::user::vault_prompt), help("set AWS_VAULT_FILE_PASSPHRASE instead"))]
    Prompt { reason: String },

    #[error("user aborted")]
    #[diagnostic(code(atmos::auth::user::aborted))]
    Aborted,
}

impl Failure for VaultFailure {}
