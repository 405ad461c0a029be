//! Tokens of `github/sts` for what this program itself fetches from GitHub: remote manifests, sources, what is vendored. Row 12.
//!
//! In CI nobody has to run as the session that gives them. They are asked for when the first repository of GitHub is really
//! fetched, and once in a process.

use std::sync::{Arc, OnceLock};

use super::super::access::Access;
use super::integrations::{target, warn};
use crate::auth::Options;
use crate::auth::integration::{self, Integration, Kind, Target};
use crate::cloud::pro::GithubToken;
use crate::config::Config;
use crate::diag::{Report, Result, Warning};
use crate::fetch::Tokens;
use crate::host::{Host, threads};
use crate::secret::Secret;
use crate::value::Node;

/// Who gives the tokens, and those that were given.
#[derive(Debug)]
pub struct Brokered {
    host: Host,
    /// Of its own: what a session has open belongs to the thread that it works on.
    access: std::result::Result<Access, String>,
    given: OnceLock<Given>,
}

#[derive(Debug, Default)]
struct Given {
    tokens: Vec<GithubToken>,
    /// They are taken back at the end.
    revocable: Vec<Secret>,
}

impl Brokered {
    /// `None` outside of CI, without such an integration, and within a run, whose tokens git has been told already.
    pub(in super::super) fn of(host: &Host, config: &Config, locate: &[String]) -> Option<Arc<Brokered>> {
        let gives = |entry: &Node| entry.get("kind").and_then(Node::as_str).map(Kind::parse) == Some(Kind::Github);
        let all = config.auth.get("integrations").and_then(Node::as_map);
        // Everything else is put together only where there is one.
        if !host.terminal.ci || !all.is_some_and(|all| all.values().any(gives)) {
            return None;
        }
        let access = Access::of(host, config, locate, Options::default());
        let access = match access {
            Ok(access) if access.parent.is_some() || integrations(&access).is_empty() => return None,
            Ok(access) => Ok(access),
            Err(report) => Err(report.to_string()),
        };
        Some(Arc::new(Brokered { host: host.clone(), access, given: OnceLock::new() }))
    }

    /// Takes the tokens back that nobody needs any more.
    pub fn give_back(&self) {
        let (Some(given), Ok(access)) = (self.given.get(), &self.access) else { return };
        if !given.revocable.is_empty() {
            // What cannot be taken back is said there.
            let _ = self.waited(async || access.session.revoke_github_tokens(&given.revocable).await);
        }
    }

    fn given(&self) -> &Given {
        self.given.get_or_init(|| match &self.access {
            Ok(access) => self.waited(async || asked(access).await).unwrap_or_default(),
            Err(reason) => {
                self.failed(reason);
                Given::default()
            }
        })
    }

    /// On a thread of its own: whoever fetches may be inside of a runtime.
    fn waited<T: Send, F: Future<Output = T>>(&self, work: impl FnOnce() -> F + Send) -> Option<T> {
        let run = || {
            let runtime = threads::lone_runtime();
            runtime.map(|runtime| runtime.block_on(work())).map_err(|error| error.to_string())
        };
        let done = threads::aside(run).map_err(|error| error.to_string());
        let done = done.and_then(|done| done.unwrap_or_else(|| Err("the client stopped".to_owned())));
        done.map_err(|reason| self.failed(&reason)).ok()
    }

    fn failed(&self, reason: &str) {
        let message = format!("no tokens of GitHub for what is fetched: {reason}");
        self.host.talk.warn(Warning::new("atmos::auth::integration_failed", message));
    }
}

impl Tokens for Brokered {
    fn token(&self, host: &str, owner: &str) -> Option<Secret> {
        let now = self.host.now();
        let mut tokens = self.given().tokens.iter();
        let found = tokens.find(|token| {
            token.host.eq_ignore_ascii_case(host)
                && token.owner.eq_ignore_ascii_case(owner)
                && token.expires.is_none_or(|end| end > now)
        });
        found.map(|found| found.token.clone())
    }
}

/// Those that give tokens by themselves.
fn integrations(access: &Access) -> Vec<Integration> {
    let mut all = Integration::all(&access.settings);
    all.retain(|integration| integration.kind == Kind::Github && integration.is_automatic);
    all
}

/// What cannot be had is a warning: public repositories are fetched without it, and by the tokens of the environment.
async fn asked(access: &Access) -> Given {
    let mut all = Given::default();
    for integration in integrations(access) {
        match one(access, &integration).await {
            Ok(given) => {
                all.tokens.extend(given.tokens);
                all.revocable.extend(given.revocable);
            }
            Err(report) => warn(access, &integration, &report),
        }
    }
    all
}

async fn one(access: &Access, integration: &Integration) -> Result<Given, Report> {
    let Some(Target::Github(github)) = target(access, integration)? else { return Ok(Given::default()) };
    let Some(provider) = integration::provider_of(access.session.settings(), integration) else {
        return Ok(Given::default());
    };
    let tokens = access.session.github_tokens(provider, &github).await?.tokens;
    let revocable = if github.revokes(&access.git_sts) { tokens.clone() } else { Vec::new() };
    Ok(Given { tokens, revocable: revocable.into_iter().map(|token| token.token).collect() })
}
