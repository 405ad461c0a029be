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
use super::text::{Text, put, without};
use crate::host::lock::FileLock;
use crate::host::{Host, fs};
use crate::secret::Expose as _;

const FILE: &str = "config.json";
const AUTHS: &str = "auths";
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
        if let Some(helper) = config.helper(&login.registry) {
            let place = format!("the credential helper docker-credential-{helper}");
            let mut input =
                Helped { server: &login.registry, user: &login.user, secret: login.password.expose_secret() }.json();
            let stored = self.ask(&helper, "store", &input, &path);
            input.zeroize();
            stored?;
            // As docker itself does it: what has a login somewhere is named here.
            config.entry(&login.registry, None, &path)?;
            config.write(&path)?;
            return Ok(place);
        }
        config.entry(&login.registry, Some(&pair(login)), &path)?;
        config.write(&path)?;
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
            let Some(rest) = without(&config.text, &[AUTHS, registry]) else { continue };
            if !dry_run {
                config.text = rest;
            }
            let mut place = path.display().to_string();
            if let Some(helper) = config.helper(registry) {
                place = format!("the credential helper docker-credential-{helper}");
                if !dry_run {
                    self.ask(&helper, "erase", registry, &path)?;
                }
            }
            removed.push((registry.clone(), place));
        }
        if !dry_run && !removed.is_empty() {
            config.write(&path)?;
        }
        Ok(removed)
    }

    /// Asks `docker-credential-HELPER` to do something with its input. What it prints is not repeated: it may hold a secret.
    fn ask(self, helper: &str, verb: &str, input: &str, path: &Path) -> Result<(), Error> {
        let program = format!("docker-credential-{helper}");
        let failed =
            |reason: String| Error::Helper { program: program.clone(), reason, path: path.display().to_string() };
        if !helper.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte)) {
            let program = "docker-credential-…".to_owned();
            let reason = "has a name that no program has".to_owned();
            return Err(Error::Helper { program, reason, path: path.display().to_string() });
        }
        let command = duct::cmd(&program, [verb]).dir(&self.host.cwd).full_env(self.host.env.iter()).stdin_bytes(input);
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
        None => Config::default(),
    };
    let path = directory.join(FILE);
    for login in logins {
        if config.helper(&login.registry).is_some() {
            // The login is here and not there: an empty name is docker's word for that.
            config.put(&["credHelpers", &login.registry], "\"\"", &path)?;
        }
        config.entry(&login.registry, Some(&pair(login)), &path)?;
    }
    config.write(&path)?;
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
fn pair(login: &RegistryLogin) -> Zeroizing<String> {
    let text = Zeroizing::new(format!("{}:{}", login.user, login.password.expose_secret()));
    Zeroizing::new(base64::engine::general_purpose::STANDARD.encode(text.as_bytes()))
}

/// The file as it is written, and which programs keep logins by it.
struct Config {
    text: Text,
    helpers: Map<String, Json>,
    store: Option<String>,
}

impl Default for Config {
    fn default() -> Config {
        Config { text: Zeroizing::new("{}\n".to_owned()), helpers: Map::new(), store: None }
    }
}

impl Config {
    fn read(text: Text) -> Result<Config, String> {
        // What is wrong may be a part of a secret: only the place is told.
        let read = serde_json::from_str(&text).map_err(|error| format!(":{}:{}", error.line(), error.column()));
        let mut json: Json = read?;
        let helpers = json["credHelpers"].as_object().cloned().unwrap_or_default();
        let store = json["credsStore"].as_str().map(str::to_owned);
        let is_object = json.is_object();
        wipe(&mut json);
        if is_object { Ok(Config { text, helpers, store }) } else { Err(String::new()) }
    }

    /// The program that keeps the login of a registry, where the configuration names one.
    fn helper(&self, registry: &str) -> Option<String> {
        let own = self.helpers.get(registry).map(|own| own.as_str().unwrap_or_default());
        own.or(self.store.as_deref()).filter(|name| !name.is_empty()).map(str::to_owned)
    }

    fn put(&mut self, keys: &[&str], value: &str, path: &Path) -> Result<(), Error> {
        self.text = put(&self.text, keys, value).ok_or_else(|| unreadable(path, String::new()))?;
        Ok(())
    }

    /// The entry of a registry, with user and password or without.
    fn entry(&mut self, registry: &str, pair: Option<&str>, path: &Path) -> Result<(), Error> {
        self.put(&[AUTHS, registry], "{}", path)?;
        let Some(pair) = pair else { return Ok(()) };
        // Letters and digits: nothing in it needs an escape.
        let value = Zeroizing::new(["\"", pair, "\""].concat());
        self.put(&[AUTHS, registry, "auth"], &value, path)
    }

    fn write(&self, path: &Path) -> Result<(), Error> {
        fs::write_atomic(path, self.text.as_bytes(), 0o600).map_err(|error| Error::file("write", path, &error))
    }
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

fn read(path: &Path) -> Result<Config, Error> {
    let bytes = match fs::read_regular(path, u64::MAX, "it is not a regular file") {
        Ok(bytes) => Zeroizing::new(bytes),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Config::default()),
        Err(error) => return Err(Error::file("read", path, &error)),
    };
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Ok(Config::default());
    }
    let text = std::str::from_utf8(&bytes).map_err(|_| unreadable(path, String::new()))?;
    Config::read(Zeroizing::new(text.to_owned())).map_err(|at| unreadable(path, at))
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
