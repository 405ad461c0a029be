//! Logins for registries: what `docker login` left, helpers included, and the token of GitHub for its registry.

use std::collections::HashMap;
use std::path::PathBuf;
use std::time::Duration;

use base64::Engine as _;

use super::error::Error;
use super::settings::Settings;
use super::token;
use crate::host::Host;
use crate::secret::Secret;

/// How long a credential helper may take.
const TIMEOUT: Duration = Duration::from_secs(30);
/// The key of Docker's own registry in the file.
const DOCKER: &str = "https://index.docker.io/v1/";

/// A user with a password.
pub(super) struct Login {
    pub user: String,
    pub password: Secret,
}

/// The part of `config.json` that is about logins.
#[derive(Default, serde::Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Config {
    auths: HashMap<String, Auth>,
    cred_helpers: HashMap<String, String>,
    creds_store: String,
}

#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct Auth {
    /// User and password in one.
    #[serde(rename = "auth")]
    pair: String,
    username: String,
    password: String,
}

/// The login for a registry, if there is one.
pub(super) fn login(host: &Host, settings: &Settings, registry: &str) -> Result<Option<Login>, Error> {
    let config = read(host)?;
    let key = if registry == "docker.io" { DOCKER } else { registry };
    let helper = config.cred_helpers.get(key).filter(|helper| !helper.is_empty());
    let found = match helper {
        Some(helper) => from_helper(host, helper, key)?,
        None => match config.login(key) {
            Some(login) => Some(login),
            None if config.creds_store.is_empty() => None,
            None => from_helper(host, &config.creds_store, key)?,
        },
    };
    let found = found.or_else(|| token::for_registry(host, settings, registry));
    if let Some(login) = &found {
        host.masker.register(&login.password);
    }
    Ok(found)
}

fn read(host: &Host) -> Result<Config, Error> {
    let folder = match host.env.get("DOCKER_CONFIG") {
        Some(folder) => PathBuf::from(folder),
        None if host.dirs.home.is_absolute() => host.dirs.home.join(".docker"),
        None => return Ok(Config::default()),
    };
    let path = folder.join("config.json");
    let Ok(bytes) = std::fs::read(&path) else { return Ok(Config::default()) };
    // What is wrong may be a part of a secret: only the place is told.
    serde_json::from_slice(&bytes).map_err(|error| Error::Failed {
        reason: format!(
            "{}:{}:{}: it is not the configuration of docker",
            path.display(),
            error.line(),
            error.column()
        ),
        help: "correct the file, or choose another folder with DOCKER_CONFIG".to_owned(),
    })
}

impl Config {
    fn login(&self, key: &str) -> Option<Login> {
        let forms =
            [key.to_owned(), format!("https://{key}"), format!("https://{key}/v1/"), format!("https://{key}/v2/")];
        let auth = forms.iter().find_map(|form| self.auths.get(form))?;
        if !auth.username.is_empty() {
            return Some(Login { user: auth.username.clone(), password: Secret::from(auth.password.as_str()) });
        }
        let decoded = base64::engine::general_purpose::STANDARD.decode(auth.pair.trim()).ok()?;
        let decoded = String::from_utf8(decoded).ok()?;
        let (user, password) = decoded.split_once(':').filter(|(user, _)| !user.is_empty())?;
        // The end of the text is filled up with zeros by some tools.
        Some(Login { user: user.to_owned(), password: Secret::from(password.trim_end_matches('\0')) })
    }
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Helped {
    username: String,
    secret: String,
}

/// Asks `docker-credential-HELPER`. One that knows nothing is as good as none.
fn from_helper(host: &Host, helper: &str, key: &str) -> Result<Option<Login>, Error> {
    let is_name = helper.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
    if !is_name {
        return Err(Error::failed(
            "the configuration of docker names a credential helper that is no name of a program",
        ));
    }
    let program = format!("docker-credential-{helper}");
    let command = duct::cmd(&program, ["get"]).dir(&host.cwd).full_env(host.env.iter());
    let started = command.stdin_bytes(key).stdout_capture().stderr_null().unchecked().start();
    let failed = |reason: &str| Error::Failed {
        reason: format!("the credential helper `{program}` {reason}"),
        help: "install it, or take it out of the configuration of docker".to_owned(),
    };
    let handle = started.map_err(|error| failed(&format!("cannot be started: {error}")))?;
    let output = handle.wait_timeout(TIMEOUT).map_err(|error| failed(&error.to_string()))?;
    let Some(output) = output else {
        // It has ended already if this fails.
        let _ = handle.kill();
        return Err(failed(&format!("took longer than {} s", TIMEOUT.as_secs())));
    };
    if !output.status.success() {
        return Ok(None);
    }
    let helped: Helped = serde_json::from_slice(&output.stdout).map_err(|_| failed("gave no login"))?;
    if helped.username == "<token>" {
        return Err(failed("gave an identity token, which is not supported: log in with a user and a password"));
    }
    let is_empty = helped.secret.is_empty();
    let login = Login { user: helped.username, password: Secret::from(helped.secret) };
    Ok((!is_empty).then_some(login))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::Expose as _;

    #[test]
    fn logins_are_found_under_every_spelling() {
        let text = r#"{"auths": {"https://a.example/v1/": {"auth": "dTpwOnE="}, "b.example": {"username": "u", "password": "x"},
            "c.example": {}}, "HttpHeaders": {}}"#;
        let config: Config = serde_json::from_str(text).unwrap();
        let found =
            |key: &str| config.login(key).map(|login| format!("{} {}", login.user, login.password.expose_secret()));
        assert_eq!(found("a.example").as_deref(), Some("u p:q"));
        assert_eq!(found("b.example").as_deref(), Some("u x"));
        assert_eq!((found("c.example"), found("d.example")), (None, None));
    }
}
