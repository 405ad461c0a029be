//! The credentials that the environment itself has, for what happens without an identity: keys, a token, a profile, a
//! container. In the order of the SDKs; the metadata service of machines is never asked. Row 5.

use std::path::PathBuf;

use super::super::creds::AwsCredentials;
use super::super::delivery::parse_helper_answer;
use super::super::error::Error;
use super::client::Clients;
use super::profile::{Profiles, Settings, chosen};
use super::sts::{Role, Sts};
use crate::host::{Env, Host, Http, HttpRequest};
use crate::secret::Secret;

/// Profiles that lead to each other deeper than this are a circle.
const DEPTH: usize = 8;
/// Where containers ask for their credentials.
const CONTAINER: &str = "http://169.254.170.2";
/// Largest answer with credentials.
const LIMIT: usize = 64 * 1024;
const WHAT: &str = "AWS credentials of the environment";
const HELP: &str = "give the component an identity (`settings.auth.identity`), or set AWS_PROFILE, or AWS_ACCESS_KEY_ID and \
                    AWS_SECRET_ACCESS_KEY";

/// Where credentials are looked for.
#[derive(Debug, Clone)]
pub struct Ambient<'a> {
    pub host: &'a Host,
    /// The environment that a child would have.
    pub env: &'a Env,
    pub http: &'a Http,
    pub clients: &'a Clients,
    /// Where STS is asked.
    pub region: &'a str,
    pub sts_endpoint: Option<&'a str>,
    pub profiles: &'a Profiles,
}

impl Ambient<'_> {
    /// The credentials of `profile`, or without one what the environment offers first.
    ///
    /// # Errors
    /// There are none, or the way to them fails.
    pub async fn credentials(&self, profile: Option<&str>) -> Result<AwsCredentials, Error> {
        let credentials = match profile {
            Some(name) => self.profile(name, 0).await?.ok_or_else(|| self.unknown(name))?,
            None => self.found().await?.ok_or_else(|| refused("none were found", HELP))?,
        };
        credentials.mask(&self.host.masker);
        Ok(credentials)
    }

    async fn found(&self) -> Result<Option<AwsCredentials>, Error> {
        let env = |name: &str| self.env.get(name).map(str::to_owned);
        if let (Some(id), Some(key)) = (env("AWS_ACCESS_KEY_ID"), env("AWS_SECRET_ACCESS_KEY")) {
            return Ok(Some(self.keys(id, key, env("AWS_SESSION_TOKEN"))));
        }
        if let (Some(file), Some(arn)) = (env("AWS_WEB_IDENTITY_TOKEN_FILE"), env("AWS_ROLE_ARN")) {
            let role = Role { arn, session_name: env("AWS_ROLE_SESSION_NAME"), ..Role::default() };
            return self.with_token(&role, &file).await.map(Some);
        }
        let name = chosen(self.env);
        if let Some(credentials) = self.profile(name, 0).await? {
            return Ok(Some(credentials));
        }
        if name != "default" && self.profiles.get(name).is_none() {
            return Err(self.unknown(name));
        }
        self.container().await
    }

    fn keys(&self, id: String, key: String, token: Option<String>) -> AwsCredentials {
        AwsCredentials {
            access_key_id: id,
            secret_access_key: Secret::from(key),
            session_token: token.filter(|token| !token.is_empty()).map(Secret::from),
            expiration: None,
            issued: self.host.now(),
            region: None,
        }
    }

    fn sts(&self) -> Sts<'_> {
        Sts { host: self.host, clients: self.clients, region: self.region, endpoint: self.sts_endpoint }
    }

    async fn with_token(&self, role: &Role, file: &str) -> Result<AwsCredentials, Error> {
        let unreadable = |error| refused(&format!("the token file {file} cannot be read: {error}"), HELP);
        let token = Secret::from(std::fs::read_to_string(file).map_err(unreadable)?.trim().to_owned());
        self.host.masker.register(&token);
        self.sts().assume_with_token(role, &token).await
    }

    /// `None` for a profile that has no credentials.
    async fn profile(&self, name: &str, depth: usize) -> Result<Option<AwsCredentials>, Error> {
        let Some(settings) = self.profiles.get(name) else { return Ok(None) };
        if depth > DEPTH {
            let reason = format!("the profiles behind `{name}` lead to each other in a circle");
            return Err(refused(&reason, "correct `source_profile` in the AWS configuration"));
        }
        let get = |key: &str| settings.get(key).filter(|value| !value.is_empty());
        if let Some(arn) = get("role_arn") {
            return self.role(name, arn, settings, depth).await.map(Some);
        }
        if let (Some(id), Some(key)) = (get("aws_access_key_id"), get("aws_secret_access_key")) {
            return Ok(Some(self.keys(id.clone(), key.clone(), get("aws_session_token").cloned())));
        }
        if let Some(command) = get("credential_process") {
            return self.process(name, command).map(Some);
        }
        if get("sso_session").or_else(|| get("sso_start_url")).is_some() {
            let reason =
                format!("the AWS profile `{name}` signs in by SSO, which this program does through identities");
            return Err(refused(
                &reason,
                "define an identity of the kind aws/permission-set, or export the credentials: eval \"$(aws configure export-credentials --format env)\"",
            ));
        }
        Ok(None)
    }

    async fn role(&self, name: &str, arn: &str, settings: &Settings, depth: usize) -> Result<AwsCredentials, Error> {
        let get = |key: &str| settings.get(key).filter(|value| !value.is_empty()).cloned();
        let role = Role {
            arn: arn.to_owned(),
            session_name: get("role_session_name"),
            external_id: get("external_id"),
            duration: get("duration_seconds").and_then(|text| text.parse().ok()),
            ..Role::default()
        };
        if let Some(file) = get("web_identity_token_file") {
            return self.with_token(&role, &file).await;
        }
        if get("mfa_serial").is_some() {
            let reason = format!("the role of the AWS profile `{name}` wants an MFA code");
            return Err(refused(&reason, "define an identity for it, or export credentials of the role"));
        }
        let base = match (get("source_profile"), get("credential_source").as_deref()) {
            (Some(source), _) if source == name => {
                let (id, key) = (get("aws_access_key_id"), get("aws_secret_access_key"));
                id.zip(key).map(|(id, key)| self.keys(id, key, get("aws_session_token")))
            }
            (Some(source), _) => Box::pin(self.profile(&source, depth + 1)).await?,
            (None, Some("EcsContainer")) => self.container().await?,
            (None, Some("Environment")) => {
                let env = |name: &str| self.env.get(name).map(str::to_owned);
                let pair = env("AWS_ACCESS_KEY_ID").zip(env("AWS_SECRET_ACCESS_KEY"));
                pair.map(|(id, key)| self.keys(id, key, env("AWS_SESSION_TOKEN")))
            }
            _ => None,
        };
        let reason = format!("the AWS profile `{name}` has a role, but nothing that could assume it");
        let base = base.ok_or_else(|| refused(&reason, "give it a `source_profile` with credentials"))?;
        base.mask(&self.host.masker);
        self.sts().assume(&base, &role).await
    }

    /// What the program of a profile prints.
    fn process(&self, name: &str, command: &str) -> Result<AwsCredentials, Error> {
        let failed = |reason: &str| {
            let reason = format!("`credential_process` of the AWS profile `{name}` {reason}");
            refused(&reason, "run the command yourself to see why")
        };
        let words = shell_words::split(command).map_err(|_| failed("is no command"))?;
        let (program, arguments) = words.split_first().ok_or_else(|| failed("is no command"))?;
        let variables = self.env.iter().map(|(name, value)| (name.to_owned(), value.to_owned()));
        let child = duct::cmd(program, arguments).full_env(variables).dir(&self.host.cwd);
        let output = child.stdin_null().stdout_capture().unchecked().run();
        let output = output.map_err(|error| failed(&format!("cannot be started: {error}")))?;
        if !output.status.success() {
            return Err(failed(&format!("ended with {}", output.status)));
        }
        let answer = String::from_utf8_lossy(&output.stdout);
        parse_helper_answer(&answer, self.host.now()).ok_or_else(|| failed("printed something else than credentials"))
    }

    async fn container(&self) -> Result<Option<AwsCredentials>, Error> {
        let relative = self.env.get("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI").map(|path| format!("{CONTAINER}{path}"));
        let full = || self.env.get("AWS_CONTAINER_CREDENTIALS_FULL_URI").map(str::to_owned);
        let Some(url) = relative.or_else(full) else { return Ok(None) };
        let failed = |reason: String| refused(&format!("the container's credentials: {reason}"), HELP);
        let mut request = HttpRequest::get(url);
        let file = self.env.get("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE").map(PathBuf::from);
        let token = match file {
            Some(file) => Some(std::fs::read_to_string(file).map_err(|error| failed(error.to_string()))?),
            None => self.env.get("AWS_CONTAINER_AUTHORIZATION_TOKEN").map(str::to_owned),
        };
        if let Some(token) = token {
            request = request.header("authorization", token.trim());
        }
        let answer = self.http.send_patiently(&request, LIMIT).await.map_err(|error| failed(error.to_string()))?;
        if answer.status != 200 {
            return Err(failed(format!("HTTP status {}", answer.status)));
        }
        let json: serde_json::Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        let text = |key: &str| json[key].as_str().map(str::to_owned);
        let pair = text("AccessKeyId").zip(text("SecretAccessKey"));
        let (id, key) = pair.ok_or_else(|| failed("the answer has no keys".to_owned()))?;
        Ok(Some(self.keys(id, key, text("Token"))))
    }

    fn unknown(&self, name: &str) -> Error {
        let known = self.profiles.names().collect::<Vec<_>>().join(", ");
        let help = if known.is_empty() { HELP.to_owned() } else { format!("known profiles: {known}") };
        refused(&format!("the AWS profile `{name}` does not exist, or has no credentials"), &help)
    }
}

fn refused(answer: &str, help: &str) -> Error {
    Error::Refused { what: WHAT.to_owned(), answer: answer.to_owned(), help: help.to_owned() }
}
