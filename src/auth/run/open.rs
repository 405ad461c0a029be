//! [`Run`]: everything private that one child with an identity needs, from before its start until after its end. Row 5.

use std::path::{Path, PathBuf};

use super::Error;
use super::directory::{CONFIG, CREDENTIALS, Directory, furnish_files, is_of_session, write};
use super::endpoint::Endpoint;
use super::renewal::{PAUSE, Renewal, Renewing};
use super::server::{Allowed, Server, Service, Source};
use super::settings::{RunIdentity, RunSettings};
use crate::auth::creds::AwsCredentials;
use crate::auth::delivery::{
    Changes, Delivery, Helper, Profile, Style, Wiring, changes, child_env, config_text, credentials_text, same_profile,
};
use crate::auth::given::Credentials;
use crate::diag::{Talk, Warning};
use crate::host::{Env, Host};
use crate::secret::Secret;

/// Folder of the private files of another cloud.
const FILES: &str = "files";

/// The private side of one child. Everything goes with the value: socket, files, directory.
#[derive(Debug)]
pub struct Run {
    // In this order: nobody asks at a socket whose directory is gone.
    #[cfg(unix)]
    server: Option<Server>,
    endpoint: Option<Endpoint>,
    renewing: Option<Renewing>,
    directory: Option<Directory>,
    /// For files with sign-ins of other clouds, where the first one may be on a disk.
    memory: Option<Directory>,
    pub(super) changes: Option<Changes>,
    pub(super) talk: Talk,
}

impl Run {
    /// Sets a run up: removes what dead runs left, makes the directory, writes its files whole, listens. Without an
    /// identity, and for kind `mock`, there is nothing on disk. Call it inside the event loop, after authentication.
    ///
    /// # Errors
    /// No directory can be made; with delivery `files` or `env`, the identity has no credentials.
    pub async fn open(host: &Host, settings: RunSettings) -> Result<Run, Error> {
        let mut run = Run {
            #[cfg(unix)]
            server: None,
            endpoint: None,
            renewing: None,
            directory: None,
            memory: None,
            changes: None,
            talk: host.talk.clone(),
        };
        let Some(own) = &settings.identity else { return Ok(run) };
        if matches!(own.style, Style::Mock | Style::Ambient) {
            let nowhere = Path::new("");
            run.changes = Some(changes(&wiring(own, &settings, (nowhere, nowhere), Given::default())));
            run.add(host, &settings.extras);
            return Ok(run);
        }
        let identities = identities(own, &settings.allowed)?;
        let keys = keys(&identities, &settings.source, &host.talk).await?;
        run.furnish(host, &settings, &identities, &keys)?;
        run.add(host, &settings.extras);
        Ok(run)
    }

    /// Makes the directory and what is in it.
    fn furnish(
        &mut self,
        host: &Host,
        settings: &RunSettings,
        identities: &[&RunIdentity],
        keys: &[Option<AwsCredentials>],
    ) -> Result<(), Error> {
        let directory = self.directory.insert(Directory::create(host)?);
        let (base, socket) = (directory.path().to_path_buf(), directory.socket());
        let (config, credentials) = (base.join(CONFIG), base.join(CREDENTIALS));
        let in_file = |identity: &RunIdentity| identity.delivery == Delivery::Files;
        let entries: Vec<(&str, &AwsCredentials)> = identities
            .iter()
            .zip(keys)
            .filter(|(identity, _)| in_file(identity))
            .filter_map(|(identity, keys)| keys.as_ref().map(|keys| (identity.profile.as_str(), keys)))
            .collect();
        let profiles: Vec<Profile> = identities
            .iter()
            .zip(keys)
            .filter(|(identity, _)| identity.style != Style::Environment)
            .map(|(identity, keys)| Profile {
                name: identity.profile.clone(),
                identity: identity.name.clone(),
                region: identity.region.clone(),
                has_keys: in_file(identity) && keys.is_some(),
            })
            .collect();
        let helper = Helper { exe: host.exe.clone(), arguments: Vec::new(), socket: Some(socket.clone()) };
        write(&credentials, credentials_text(&entries).as_bytes())?;
        write(&config, config_text(&profiles, &helper)?.as_bytes())?;
        let files = self.place_of_files(host, &base, identities[0]).join(FILES);
        if let Some(given) = &identities[0].given {
            furnish_files(&files, given)?;
            let renewal = Renewal {
                identity: identities[0].name.clone(),
                folder: files.clone(),
                source: settings.source.clone(),
                talk: self.talk.clone(),
                masker: host.masker.clone(),
                pause: PAUSE,
            };
            self.renewing = renewal.start(given);
        }
        self.listen(&socket, identities, settings)?;
        let in_environment = keys.first().and_then(Option::as_ref).filter(|_| identities[0].delivery == Delivery::Env);
        if identities[0].delivery == Delivery::Endpoint && identities[0].style != Style::Environment {
            let (name, source) = (identities[0].name.clone(), settings.source.clone());
            let endpoint = Endpoint::start(name, source, self.talk.clone())?;
            host.masker.register(endpoint.token());
            self.endpoint = Some(endpoint);
        }
        let endpoint = self.endpoint.as_ref().map(|endpoint| (endpoint.url(), endpoint.token()));
        let given = Given { socket: Some(&socket), keys: in_environment, files: Some(&files), endpoint };
        self.changes = Some(changes(&wiring(identities[0], settings, (&config, &credentials), given)));
        Ok(())
    }

    /// Files that others could sign in with rest in memory, where there is such a place: a machine that fails leaves none.
    fn place_of_files(&mut self, host: &Host, base: &Path, own: &RunIdentity) -> PathBuf {
        let has_files = own.given.as_ref().is_some_and(|given| !given.files.is_empty());
        if !has_files || is_of_session(host, base) || host.dirs.memory.is_none() {
            return base.to_path_buf();
        }
        if let Some(directory) = Directory::in_memory(host) {
            return self.memory.insert(directory).path().to_path_buf();
        }
        let message = format!("files of identity `{}` lie on disk while this runs: {}", own.name, base.display());
        let help = "set XDG_RUNTIME_DIR to a directory of yours in memory, or let /dev/shm be written to";
        self.talk.warn(Warning::new("atmos::auth::run::on_disk", message).help(help));
        base.to_path_buf()
    }

    #[cfg(unix)]
    fn listen(&mut self, socket: &Path, identities: &[&RunIdentity], settings: &RunSettings) -> Result<(), Error> {
        let allowed = |identity: &&RunIdentity| Allowed {
            name: identity.name.clone(),
            fingerprint: identity.fingerprint.clone(),
        };
        let service = Service {
            allowed: identities.iter().map(allowed).collect(),
            source: settings.source.clone(),
            tokens: settings.tokens.clone(),
            configuration: settings.configuration.clone(),
            told: settings.told.clone(),
            talk: self.talk.clone(),
        };
        self.server = Some(Server::start(socket, service)?);
        Ok(())
    }

    #[cfg(not(unix))]
    fn listen(&mut self, _socket: &Path, _identities: &[&RunIdentity], _settings: &RunSettings) -> Result<(), Error> {
        Err(Error::NotBuilt)
    }

    /// The environment of the child: `base`, then the component's variables (`None` unsets one), then the identity. A
    /// component's variable that loses against the identity is a warning.
    pub fn child_env(&self, base: &Env, component_env: &[(String, Option<String>)]) -> Env {
        let (env, overruled) = child_env(base, component_env, self.changes.as_ref());
        for name in overruled {
            let warning = Warning::new(
                "atmos::auth::run::overruled",
                format!("`env` of the component sets {name}, which the identity manages; the identity wins"),
            );
            self.talk.warn(warning.help("remove it from `env`, or choose another identity for the component"));
        }
        env
    }

    /// The variables of the identity, for who puts an environment together himself; `None` without an identity.
    pub fn changes(&self) -> Option<&Changes> {
        self.changes.as_ref()
    }

    /// The private directory, made if there is none yet.
    pub(super) fn private_folder(&mut self, host: &Host) -> Result<&Path, Error> {
        let directory = match self.directory.take() {
            Some(directory) => directory,
            None => Directory::create(host)?,
        };
        Ok(self.directory.insert(directory).path())
    }

    /// The private directory; `None` when the run needs none.
    pub fn directory(&self) -> Option<&Path> {
        self.directory.as_ref().map(Directory::path)
    }

    /// The socket in it.
    pub fn socket(&self) -> Option<PathBuf> {
        self.directory.as_ref().map(Directory::socket)
    }

    /// Stops listening and removes the directory. Dropping does the same but can only warn of a failure.
    ///
    /// # Errors
    /// The directory cannot be removed.
    pub fn close(mut self) -> Result<(), Error> {
        #[cfg(unix)]
        drop(self.server.take());
        drop(self.endpoint.take());
        drop(self.renewing.take());
        let mut both = [self.memory.take(), self.directory.take()];
        let removed = both.iter_mut().flatten().map(Directory::remove);
        // Also the second where the first cannot be removed.
        removed.fold(Ok(()), Result::and)
    }
}

/// The run's own identity first, then the others once each.
fn identities<'a>(own: &'a RunIdentity, allowed: &'a [RunIdentity]) -> Result<Vec<&'a RunIdentity>, Error> {
    let mut identities: Vec<&RunIdentity> = vec![own];
    for other in allowed {
        if identities.iter().any(|known| known.name == other.name)
            || matches!(other.style, Style::Mock | Style::Ambient)
        {
            continue;
        }
        if let Some(known) = identities.iter().find(|known| same_profile(&known.profile, &other.profile)) {
            return Err(Error::SameProfile {
                profile: other.profile.clone(),
                first: known.name.clone(),
                second: other.name.clone(),
            });
        }
        identities.push(other);
    }
    Ok(identities)
}

/// The credentials that must be there before the child starts, in the order of the identities. An identity that is not
/// the run's own and has none stays reachable through the helper.
async fn keys(identities: &[&RunIdentity], source: &Source, talk: &Talk) -> Result<Vec<Option<AwsCredentials>>, Error> {
    let mut keys = Vec::with_capacity(identities.len());
    for (index, identity) in identities.iter().enumerate() {
        let own = index == 0;
        let wanted = identity.delivery == Delivery::Files || (own && identity.delivery == Delivery::Env);
        if !wanted || identity.style == Style::Environment {
            keys.push(None);
            continue;
        }
        match source(identity.name.clone()).await {
            Ok(Credentials::Aws(credentials)) => keys.push(Some(credentials)),
            Ok(Credentials::Environment(_)) => keys.push(None),
            Err(reason) if own => return Err(Error::NoCredentials { identity: identity.name.clone(), reason }),
            Err(reason) => {
                talk.warn(Warning::new(
                    "atmos::auth::run::no_credentials",
                    format!("no credentials for identity `{}`: {reason}", identity.name),
                ));
                keys.push(None);
            }
        }
    }
    Ok(keys)
}

/// By what the child gets at its credentials.
#[derive(Default)]
struct Given<'a> {
    socket: Option<&'a Path>,
    keys: Option<&'a AwsCredentials>,
    /// Directory of the files of another cloud.
    files: Option<&'a Path>,
    endpoint: Option<(&'a str, &'a Secret)>,
}

fn wiring<'a>(
    own: &'a RunIdentity,
    settings: &'a RunSettings,
    (config_file, credentials_file): (&'a Path, &'a Path),
    Given { socket, keys, files, endpoint }: Given<'a>,
) -> Wiring<'a> {
    Wiring {
        identity: &own.name,
        profile: &own.profile,
        region: own.region.as_deref(),
        style: own.style,
        config_file,
        credentials_file,
        socket,
        keys,
        given: own.given.as_ref().zip(files),
        endpoint,
        env: &own.env,
        announce: settings.announce,
    }
}

#[cfg(test)]
#[cfg(unix)]
#[path = "open_tests.rs"]
mod tests;
