//! The audit log: who used which identity for what, one line of JSON per event. Only where `auth.audit.file` or
//! `ATMOS_AUTH_AUDIT_FILE` asks for it, and then nothing happens without its line.
//!
//! Read [`record`]. No value in it is a secret, and every line goes through the masker all the same. Row 12.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use miette::Diagnostic;
use serde::Serialize;

use super::access::Access;
use crate::auth::AuthConfig;
use crate::auth::validate::audit_file;
use crate::diag::{Failure, Result};
use crate::host::{Host, fs};

const VARIABLE: &str = "ATMOS_AUTH_AUDIT_FILE";
const NOT_A_FILE: &str = "it is not a regular file";

/// What happened. Fields without a value are left out.
#[derive(Debug, Clone, Default, Serialize)]
pub(super) struct Event {
    /// `run`, `exec`, `shell`, `login`, `logout`, `process`, `env`, `console`, `configure`, `rotate`, `ecr-login`, `eks-token`, `eks-kubeconfig`, …
    #[serde(rename = "event")]
    pub(super) name: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) identity: Option<String>,
    /// Of a logout: whose sessions go, where that is not one identity.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) of: Option<String>,
    /// Who chose it: a flag, a variable, a setting, a default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) source: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) chain: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) account: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) delivery: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) expiration: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) component: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) stack: Option<String>,
    /// Why it was refused; without it, it was granted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) refused: Option<String>,
}

#[derive(Serialize)]
struct Line<'a> {
    time: String,
    realm: &'a str,
    user: String,
    pid: u32,
    directory: String,
    #[serde(flatten)]
    event: &'a Event,
}

/// Writes the event where `settings` or the environment ask for it.
///
/// # Errors
/// The file cannot be written, or is not one that may be trusted: then what it is about does not happen.
pub(super) fn record(access: &Access, settings: &AuthConfig, event: &Event) -> Result<()> {
    let Some(path) = file(&access.host, settings, &access.configuration)? else { return Ok(()) };
    let host = &access.host;
    let line = Line {
        time: format!("{:.3}", host.now()),
        realm: access.realm.as_str(),
        user: user(host),
        pid: std::process::id(),
        directory: host.cwd.display().to_string(),
        event,
    };
    let text = serde_json::to_string(&line).map_err(|error| failed(&path, &error.to_string()))?;
    append(&path, &format!("{}\n", host.masker.mask(&text)))
}

/// Somebody wants the log.
///
/// # Errors
/// It is wanted, and nobody can tell where.
pub(super) fn is_kept(access: &Access, settings: &AuthConfig) -> Result<bool> {
    Ok(file(&access.host, settings, &access.configuration)?.is_some())
}

fn file(host: &Host, settings: &AuthConfig, configuration: &Path) -> Result<Option<PathBuf>> {
    // Also where the variable goes first: a log that somebody wants and nobody can find is no log.
    let written = audit_file(&settings.node, &host.sources)?;
    if let Some(path) = host.env.get(VARIABLE) {
        return Ok(Some(at_home(host, path)?.unwrap_or_else(|| host.absolute(Path::new(path)))));
    }
    let Some(written) = written else { return Ok(None) };
    Ok(Some(at_home(host, written)?.unwrap_or_else(|| fs::clean(&configuration.join(written)))))
}

/// A path that begins with `~/`. Without a home nobody knows where it is, and the working directory is no place for it; nor
/// for what a shell would take for somebody else's home.
fn at_home(host: &Host, written: &str) -> Result<Option<PathBuf>> {
    let Some(rest) = written.strip_prefix("~/") else {
        if written.starts_with('~') {
            let why =
                "of paths with `~` only `~/` is known, your own home: write the path out (`./~…` for such a name)";
            return Err(failed(Path::new(written), why).into());
        }
        return Ok(None);
    };
    if !host.dirs.home.is_absolute() {
        return Err(failed(Path::new(written), "HOME is not set to an absolute path").into());
    }
    Ok(Some(host.dirs.home.join(rest)))
}

fn user(host: &Host) -> String {
    let told = |name: &str| host.env.get(name).filter(|name| !name.is_empty()).map(str::to_owned);
    let name = told("USER").or_else(|| told("LOGNAME"));
    #[cfg(unix)]
    {
        let id = rustix::process::geteuid().as_raw();
        let known = || name_of(id, &std::fs::read_to_string("/etc/passwd").ok()?);
        format!("{}({id})", name.or_else(known).unwrap_or_default())
    }
    #[cfg(not(unix))]
    name.unwrap_or_default()
}

/// The name that a user has in the system's list of users.
#[cfg(unix)]
fn name_of(id: u32, users: &str) -> Option<String> {
    let mut fields = users.lines().map(|line| line.split(':').collect::<Vec<_>>());
    let found = fields.find(|fields| fields.get(2).is_some_and(|field| field.parse() == Ok(id)))?;
    found.first().map(|name| (*name).to_owned())
}

/// One write at the end of the file: lines of several processes do not mix.
fn append(path: &Path, line: &str) -> Result<()> {
    let io = |error: std::io::Error| failed(path, &error.to_string());
    if let Some(parent) = path.parent().filter(|parent| !parent.exists()) {
        fs::create_private_dir(parent).map_err(io)?;
    }
    let mut options = std::fs::OpenOptions::new();
    options.append(true).read(true).create(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        // Not through a link, and without waiting for the reader of a pipe.
        let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK | rustix::fs::OFlags::NOCTTY;
        options.mode(0o600).custom_flags(flags.bits().cast_signed());
    }
    let mut file = options.open(path).map_err(|error| match std::fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_symlink() => failed(path, "it is a symbolic link"),
        Ok(metadata) if !metadata.is_file() => failed(path, NOT_A_FILE),
        _ => io(error),
    })?;
    check(&file, path)?;
    // What a process left that was stopped in the middle of a line is not this line's beginning.
    let line = if is_torn(&mut file).map_err(io)? { format!("\n{line}") } else { line.to_owned() };
    file.write_all(line.as_bytes()).map_err(io)?;
    Ok(())
}

fn is_torn(file: &mut std::fs::File) -> std::io::Result<bool> {
    use std::io::{Read as _, Seek as _, SeekFrom};
    if file.seek(SeekFrom::End(0))? == 0 {
        return Ok(false);
    }
    let mut last = [0];
    file.seek(SeekFrom::End(-1))?;
    file.read_exact(&mut last)?;
    Ok(last != *b"\n")
}

#[cfg(unix)]
fn check(file: &std::fs::File, path: &Path) -> Result<()> {
    use std::os::unix::fs::MetadataExt as _;
    let metadata = file.metadata().map_err(|error| failed(path, &error.to_string()))?;
    let why = if !metadata.is_file() {
        NOT_A_FILE
    } else if metadata.uid() != rustix::process::geteuid().as_raw() {
        "it belongs to another user"
    } else if metadata.mode() & 0o077 != 0 {
        "others may read or write it (chmod 600)"
    } else {
        return Ok(());
    };
    Err(failed(path, why).into())
}

#[cfg(not(unix))]
fn check(_file: &std::fs::File, _path: &Path) -> Result<()> {
    Ok(())
}

fn failed(path: &Path, reason: &str) -> AuditFailed {
    AuditFailed { path: path.display().to_string(), reason: reason.to_owned() }
}

#[derive(Debug, thiserror::Error, Diagnostic)]
#[error("the audit log `{path}` cannot be written: {reason}")]
#[diagnostic(
    code(atmos::auth::audit),
    help("correct `auth.audit.file` or ATMOS_AUTH_AUDIT_FILE; without its line nothing is done")
)]
struct AuditFailed {
    path: String,
    reason: String,
}

impl Failure for AuditFailed {}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn lines_are_appended_to_a_private_file_and_to_no_other() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("deep/audit.jsonl");
        append(&path, "one\n").unwrap();
        append(&path, "two\n").unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "one\ntwo\n");
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let link = temp.path().join("link");
        std::os::unix::fs::symlink(&path, &link).unwrap();
        let error = append(&link, "three\n").unwrap_err().to_string();
        assert!(error.contains("symbolic link"), "{error}");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        let error = append(&path, "three\n").unwrap_err().to_string();
        assert!(error.contains("others may read"), "{error}");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "one\ntwo\n");
    }

    #[test]
    fn users_are_known_by_the_list_of_the_system_too() {
        let users = "root:x:0:0:root:/root:/bin/sh\n# odd\nada:x:1000:1000::/home/ada:/bin/sh\n";
        assert_eq!((name_of(1000, users).as_deref(), name_of(7, users)), (Some("ada"), None));
    }

    #[test]
    fn a_torn_line_is_not_the_beginning_of_the_next() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("audit.jsonl");
        append(&path, "one\n").unwrap();
        let mut file = std::fs::OpenOptions::new().append(true).open(&path).unwrap();
        file.write_all(b"{\"tor").unwrap();
        append(&path, "two\n").unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "one\n{\"tor\ntwo\n");
    }

    #[test]
    fn a_pipe_is_refused_and_not_waited_for() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("pipe");
        duct::cmd!("mkfifo", &path).run().unwrap();
        for with_reader in [false, true] {
            let options = std::os::unix::fs::OpenOptionsExt::custom_flags(
                std::fs::OpenOptions::new().read(true),
                rustix::fs::OFlags::NONBLOCK.bits().cast_signed(),
            )
            .clone();
            let _reader = with_reader.then(|| options.open(&path).unwrap());
            let error = append(&path, "line\n").unwrap_err().to_string();
            assert!(error.contains("not a regular file"), "{error}");
        }
        assert!(append(temp.path(), "line\n").unwrap_err().to_string().contains("not a regular file"));
    }
}
