//! The configuration of docker, which every tool for registries reads: logins in it, or in the credential helper that it
//! names. Row 5.
//!
//! What else is in the file stays as it is. The file is locked while it is changed, replaced whole, and private. A helper
//! gets a login by standard input, never as an argument.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use base64::Engine as _;
use serde_json::{Map, Value as Json, json};
use zeroize::{Zeroize as _, Zeroizing};

use super::ecr::RegistryLogin;
use super::error::{Error, real};
use crate::host::lock::FileLock;
use crate::host::{Host, fs};
use crate::secret::Expose as _;

const FILE: &str = "config.json";
const INSTEAD: &str = "DOCKER_CONFIG";
/// How long another process may keep the file.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long a helper may take; a person may have to unlock a keyring.
const HELPER: Duration = Duration::from_mins(1);

/// The folder with the configuration of the user's docker; none without a home.
pub fn folder(host: &Host) -> Option<PathBuf> {
    match host.env.get("DOCKER_CONFIG").filter(|folder| !folder.is_empty()) {
        Some(folder) => Some(host.absolute(Path::new(folder))),
        None => host.dirs.home.is_absolute().then(|| host.dirs.home.join(".docker")),
    }
}

/// Where a login was left: shown to people.
pub type Place = String;

/// Docker as the user has it.
#[derive(Debug, Clone, Copy)]
pub struct Docker<'a> {
    pub host: &'a Host,
    /// Variables that a credential helper must not see.
    pub hidden: &'a [String],
}

impl Docker<'_> {
    /// Puts a login where the user's docker looks for it.
    ///
    /// # Errors
    /// The file is none of docker's or cannot be written; the helper that it names refuses.
    pub fn store(&self, login: &RegistryLogin) -> Result<Place, Error> {
        let folder = folder(self.host).ok_or_else(nowhere)?;
        fs::create_dirs(&folder).map_err(|error| Error::file("create", &folder, &error))?;
        let path = real(&folder.join(FILE))?;
        let _lock = lock(&folder)?;
        let mut config = read(&path)?;
        if let Some(helper) = helper(&config, &login.registry) {
            let place = format!("the credential helper docker-credential-{helper}");
            let mut input =
                Helped { server: &login.registry, user: &login.user, secret: login.password.expose_secret() }.json();
            let stored = self.ask(&helper, "store", &input, &path);
            input.zeroize();
            stored?;
            // As docker itself does it: what has a login somewhere is named here.
            entry(&mut config, &login.registry, json!({}), &path)?;
            write(&path, config)?;
            return Ok(place);
        }
        entry(&mut config, &login.registry, json!({ "auth": pair(login) }), &path)?;
        write(&path, config)?;
        Ok(path.display().to_string())
    }

    /// Removes the logins of registries. Returns those that were there, or are with `dry_run`.
    ///
    /// # Errors
    /// As [`store`].
    pub fn remove(&self, registries: &[String], dry_run: bool) -> Result<Vec<(String, Place)>, Error> {
        let Some(folder) = folder(self.host) else { return Ok(Vec::new()) };
        let path = real(&folder.join(FILE))?;
        if registries.is_empty() || !path.exists() {
            return Ok(Vec::new());
        }
        let _lock = if dry_run { None } else { Some(lock(&folder)?) };
        let mut config = read(&path)?;
        let mut removed = Vec::new();
        for registry in registries {
            let Some(auths) = config.get_mut("auths").and_then(Json::as_object_mut) else { break };
            if !auths.contains_key(registry) {
                continue;
            }
            let mut gone = if dry_run { None } else { auths.remove(registry) };
            gone.as_mut().into_iter().for_each(wipe);
            let mut place = path.display().to_string();
            if let Some(helper) = helper(&config, registry) {
                place = format!("the credential helper docker-credential-{helper}");
                if !dry_run {
                    self.ask(&helper, "erase", registry, &path)?;
                }
            }
            removed.push((registry.clone(), place));
        }
        if !dry_run && !removed.is_empty() {
            write(&path, config)?;
        }
        Ok(removed)
    }

    /// Asks `docker-credential-HELPER` to do something with its input. What it prints is not repeated: it may hold a secret.
    fn ask(&self, helper: &str, verb: &str, input: &str, path: &Path) -> Result<(), Error> {
        let program = format!("docker-credential-{helper}");
        let failed =
            |reason: String| Error::Helper { program: program.clone(), reason, path: path.display().to_string() };
        if !helper.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte)) {
            let program = "docker-credential-…".to_owned();
            let reason = "has a name that no program has".to_owned();
            return Err(Error::Helper { program, reason, path: path.display().to_string() });
        }
        let shown = self.host.env.iter().filter(|(name, _)| !self.hidden.iter().any(|hidden| *name == hidden.as_str()));
        let env = shown.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let command = duct::cmd(&program, [verb]).dir(&self.host.cwd).full_env(env).stdin_bytes(input);
        let started = command.stdout_null().stderr_null().unchecked().start();
        let handle = started.map_err(|error| failed(format!("cannot be started: {error}")))?;
        let Some(output) = handle.wait_timeout(HELPER).map_err(|error| failed(format!("was lost: {error}")))? else {
            // It has ended already if this fails.
            let _ = handle.kill();
            return Err(failed(format!("took longer than {} s", HELPER.as_secs())));
        };
        match output.status.success() {
            true => Ok(()),
            // One that knows nothing of the registry has nothing to erase.
            false if verb == "erase" => Ok(()),
            false => Err(failed(format!("did not keep the login ({})", output.status))),
        }
    }
}

/// A private configuration in the new folder `directory`: that of the user, and these logins. Whatever else the user's folder
/// has (contexts, plug-ins) is linked, so that docker finds it.
///
/// # Errors
/// The user's file is none of docker's; the private one cannot be written.
pub fn furnish(host: &Host, directory: &Path, logins: &[RegistryLogin]) -> Result<(), Error> {
    fs::create_private_dir(directory).map_err(|error| Error::file("create", directory, &error))?;
    let own = folder(host);
    let mut config = match &own {
        Some(folder) => read(&real(&folder.join(FILE))?)?,
        None => Map::new(),
    };
    let path = directory.join(FILE);
    for login in logins {
        if helper(&config, &login.registry).is_some() {
            // The login is here and not there: an empty name is docker's word for that.
            let helpers = object(&mut config, "credHelpers", &path)?;
            helpers.insert(login.registry.clone(), json!(""));
        }
        entry(&mut config, &login.registry, json!({ "auth": pair(login) }), &path)?;
    }
    write(&path, config)?;
    if let Some(own) = own {
        link(&own, directory).map_err(|error| Error::file("link", &own, &error))?;
    }
    Ok(())
}

#[cfg(unix)]
fn link(from: &Path, into: &Path) -> io::Result<()> {
    let entries = match std::fs::read_dir(from) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name();
        if !name.to_string_lossy().starts_with(FILE) {
            std::os::unix::fs::symlink(entry.path(), into.join(name))?;
        }
    }
    Ok(())
}

#[cfg(not(unix))]
fn link(_from: &Path, _into: &Path) -> io::Result<()> {
    Ok(())
}

/// User and password in one, as the file has them.
fn pair(login: &RegistryLogin) -> String {
    let text = Zeroizing::new(format!("{}:{}", login.user, login.password.expose_secret()));
    base64::engine::general_purpose::STANDARD.encode(text.as_bytes())
}

/// The program that keeps the login of a registry, where the configuration names one.
fn helper(config: &Map<String, Json>, registry: &str) -> Option<String> {
    let own = config.get("credHelpers").and_then(|helpers| helpers.get(registry));
    let name = own.or_else(|| config.get("credsStore")).and_then(Json::as_str)?;
    (!name.is_empty()).then(|| name.to_owned())
}

fn entry(config: &mut Map<String, Json>, registry: &str, value: Json, path: &Path) -> Result<(), Error> {
    if let Some(mut old) = object(config, "auths", path)?.insert(registry.to_owned(), value) {
        wipe(&mut old);
    }
    Ok(())
}

fn object<'a>(config: &'a mut Map<String, Json>, key: &str, path: &Path) -> Result<&'a mut Map<String, Json>, Error> {
    let slot = config.entry(key).or_insert_with(|| json!({}));
    if slot.is_null() {
        *slot = json!({});
    }
    slot.as_object_mut().ok_or_else(|| unreadable(path, String::new()))
}

fn wipe(json: &mut Json) {
    match json {
        Json::String(text) => text.zeroize(),
        Json::Array(list) => list.iter_mut().for_each(wipe),
        Json::Object(map) => map.values_mut().for_each(wipe),
        Json::Null | Json::Bool(_) | Json::Number(_) => {}
    }
}

/// The same lock as the reference takes.
fn lock(folder: &Path) -> Result<FileLock, Error> {
    let path = folder.join(format!("{FILE}.lock"));
    FileLock::acquire(&path, Some(PATIENCE), || {}).map_err(|error| Error::file("lock", &folder.join(FILE), &error))
}

fn read(path: &Path) -> Result<Map<String, Json>, Error> {
    let text = match fs::read_regular(path, u64::MAX, "it is not a regular file") {
        Ok(text) => Zeroizing::new(text),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Map::new()),
        Err(error) => return Err(Error::file("read", path, &error)),
    };
    if text.iter().all(u8::is_ascii_whitespace) {
        return Ok(Map::new());
    }
    match serde_json::from_slice(&text) {
        Ok(Json::Object(config)) => Ok(config),
        Ok(_) => Err(unreadable(path, String::new())),
        // What is wrong may be a part of a secret: only the place is told.
        Err(error) => Err(unreadable(path, format!(":{}:{}", error.line(), error.column()))),
    }
}

fn unreadable(path: &Path, at: String) -> Error {
    Error::Unreadable { path: path.display().to_string(), at, what: "the configuration of docker", instead: INSTEAD }
}

fn nowhere() -> Error {
    Error::File {
        action: "find",
        path: "the configuration of docker".to_owned(),
        reason: "there is no home".to_owned(),
        help: "set DOCKER_CONFIG to a folder",
    }
}

fn write(path: &Path, config: Map<String, Json>) -> Result<(), Error> {
    let mut config = Json::Object(config);
    // Room for most, so that the text is rarely moved while it grows.
    let mut text = Zeroizing::new(Vec::with_capacity(64 * 1024));
    let written = serde_json::to_writer_pretty(&mut *text, &config);
    debug_assert!(written.is_ok(), "maps of strings always serialise into memory");
    text.push(b'\n');
    wipe(&mut config);
    fs::write_atomic(path, &text, 0o600).map_err(|error| Error::file("write", path, &error))
}

/// What a helper is given to keep.
struct Helped<'a> {
    server: &'a str,
    user: &'a str,
    secret: &'a str,
}

impl Helped<'_> {
    fn json(&self) -> String {
        let mut json = json!({"ServerURL": self.server, "Username": self.user, "Secret": self.secret});
        let text = json.to_string();
        wipe(&mut json);
        text
    }
}

#[cfg(test)]
#[path = "docker_tests.rs"]
mod tests;
