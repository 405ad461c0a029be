//! `atmos auth git-credential`: what git asks who keeps its passwords, and the answer. Row 12.
//!
//! The words are those of git's own protocol (gitcredentials): lines of `key=value` on standard input and output. Who is not
//! asked for a host of `auth.integrations` says nothing, so that git asks the next one.

use std::io::{self, Read};

use miette::Diagnostic;
use zeroize::Zeroizing;

use super::super::access::Access;
use super::super::child::needed_choice;
use super::gate::Gate;
use super::integrations::{own_words, target};
use super::registry::owner;
use crate::auth::integration::{GitLogin, GitTarget, Integration, Kind, Target};
use crate::auth::resolution::Flag;
use crate::diag::{Failure, Result};
use crate::secret::{Expose as _, Secret};

const EVENT: &str = "git-credential";
/// More than git ever says.
const LONGEST: u64 = 64 * 1024;

/// What git wants to know.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GitQuestion {
    pub protocol: String,
    pub host: String,
    pub path: Option<String>,
    /// Only a password of this user is wanted.
    pub username: Option<String>,
}

impl GitQuestion {
    /// Up to the first empty line. Unknown keys are for others.
    ///
    /// # Errors
    /// It is no text, or never ends.
    pub fn read(from: impl Read) -> Result<GitQuestion> {
        let mut text = Zeroizing::new(String::new());
        let failed = |error: &io::Error| GitFailure::Unreadable { reason: error.to_string() };
        let length = from.take(LONGEST + 1).read_to_string(&mut text).map_err(|error| failed(&error))?;
        if length as u64 > LONGEST {
            return Err(GitFailure::Unreadable { reason: "it is longer than any question of git".to_owned() }.into());
        }
        let mut question = GitQuestion::default();
        for line in text.lines().take_while(|line| !line.is_empty()) {
            let Some((key, value)) = line.split_once('=') else { continue };
            match key {
                "protocol" => value.clone_into(&mut question.protocol),
                "host" => question.host = value.to_lowercase(),
                "path" => question.path = Some(value.to_owned()).filter(|path| !path.is_empty()),
                "username" => question.username = Some(value.to_owned()).filter(|name| !name.is_empty()),
                _ => {}
            }
        }
        Ok(question)
    }
}

/// The answer to `get`; nothing where this is the business of somebody else.
///
/// # Errors
/// No identity, a login is needed, or its credentials are of no use for the host.
pub async fn git_credential(access: &Access, question: &GitQuestion, flag: &Flag) -> Result<Option<Zeroizing<String>>> {
    // A password must not go over the wire in clear.
    if question.protocol != "https" {
        return Ok(None);
    }
    let Some((integration, git)) = responsible(access, question, flag)? else { return Ok(None) };
    let (identity, source) = match flag {
        Flag::NotGiven => owner(access, &integration)?,
        flag => needed_choice(access, EVENT, flag)?,
    };
    let gate = Gate::open(access, (&identity, source), EVENT, None)?;
    let given = gate.given().await?;
    let login = git.login((&question.host, question.path.as_deref()), &given, access.host.now());
    let unusable = |reason: String| GitFailure::Unusable {
        identity: identity.to_string(),
        host: question.host.escape_debug().to_string(),
        integration: integration.name.clone(),
        reason,
    };
    let login = login.map_err(unusable)?;
    let is_line = |text: &str| !text.contains(['\n', '\r', '\0']);
    if !is_line(login.username.expose_secret()) || !is_line(login.password.expose_secret()) {
        return Err(unusable("what it gives is more than one line".to_owned()).into());
    }
    if question.username.as_deref().is_some_and(|wanted| wanted != login.username.expose_secret()) {
        return Ok(None);
    }
    gate.write_down(None).await?;
    Ok(Some(answer(&login)))
}

fn answer(login: &GitLogin) -> Zeroizing<String> {
    let (username, password) = (login.username.expose_secret(), login.password.expose_secret());
    let mut text = Zeroizing::new(String::with_capacity(username.len() + password.len() + 100));
    for part in ["username=", username, "\npassword=", password, "\n"] {
        text.push_str(part);
    }
    if let Some(expires) = login.expires {
        // So that nobody who keeps it for git gives it out later.
        let end = expires.as_second().to_string();
        for part in ["password_expiry_utc=", &end, "\n"] {
            text.push_str(part);
        }
    }
    text
}

/// The integration that names the host: that of the identity where one is named.
fn responsible(access: &Access, question: &GitQuestion, flag: &Flag) -> Result<Option<(Integration, GitTarget)>> {
    let named = match flag {
        Flag::NotGiven => None,
        flag => Some(access.session.chain(&needed_choice(access, EVENT, flag)?.0)?),
    };
    for integration in Integration::all(&access.settings) {
        // What is wrong with one for other hosts is no business of git's.
        if integration.kind != Kind::Git
            || !integration.names_host(&question.host)
            || named.as_ref().is_some_and(|chain| !integration.is_of(&access.settings, chain))
        {
            continue;
        }
        if let Some(Target::Git(git)) = target(access, &integration)?
            && git.hosts.contains(&question.host)
        {
            return Ok(Some((integration, git)));
        }
    }
    Ok(None)
}

/// Settings of git by which it asks this program for the hosts of a target, and nobody else.
pub(super) fn settings(access: &Access, identity: &str, git: &GitTarget) -> Vec<(Secret, String)> {
    let words = own_words(access, &["auth", "git-credential"], identity);
    let command = format!("!{}", shell_words::join(words));
    let mut settings = Vec::new();
    for host in &git.hosts {
        let key = |name: &str| Secret::from(format!("credential.https://{host}.{name}"));
        // The first, empty one takes away whoever was asked before.
        settings.push((key("helper"), String::new()));
        settings.push((key("helper"), command.clone()));
        settings.push((key("useHttpPath"), "true".to_owned()));
    }
    settings
}

#[derive(Debug, thiserror::Error, Diagnostic)]
enum GitFailure {
    #[error("what git asks cannot be read: {reason}")]
    #[diagnostic(code(atmos::auth::git::unreadable), help("git itself calls this command; docs/guide/integrations.md"))]
    Unreadable { reason: String },

    #[error("identity `{identity}` has no password for {host} (integration `{integration}`): {reason}")]
    #[diagnostic(
        code(atmos::auth::git::unusable),
        help("correct `spec` of the integration, or name another identity in its `via`")
    )]
    Unusable { identity: String, host: String, integration: String, reason: String },
}

impl Failure for GitFailure {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_of_git_are_read_as_far_as_they_concern_us() {
        let text = "capability[]=authtype\nprotocol=https\nhost=GitHub.com:8443\npath=acme/x.git\nusername=\nwwwauth[]=Basic realm=\"x\"\nodd\n\nhost=later\n";
        let question = GitQuestion::read(text.as_bytes()).unwrap();
        let expected = GitQuestion {
            protocol: "https".to_owned(),
            host: "github.com:8443".to_owned(),
            path: Some("acme/x.git".to_owned()),
            username: None,
        };
        assert_eq!(question, expected);
        assert_eq!(GitQuestion::read(&b""[..]).unwrap(), GitQuestion::default());
        assert!(GitQuestion::read(&[0xff_u8][..]).is_err());
        assert!(GitQuestion::read("a".repeat(70_000).as_bytes()).is_err());
    }
}
