//! `github/sts`: tokens of GitHub for the repositories that a job is trusted with, each for one owner and for an hour. Row 5.

use super::super::config::{AuthConfig, Provider};
use super::super::error::Error;
use super::super::federation::Proof;
use super::super::kind::ProviderKind;
use super::super::session::{Session, abortable};
use super::config::Integration;
use crate::cloud::pro::{self, GithubToken, GithubTokens};
use crate::cloud::{Desk, Trouble};
use crate::config::GitSts;
use crate::diag::Warning;
use crate::secret::{Expose as _, Secret};

/// The user of such a token.
const USER: &str = "x-access-token";
/// The variable in which a token is, where it is the only one.
pub(super) const VARIABLE: &str = "ATMOS_PRO_GITHUB_TOKEN";
/// Where tokens are taken back.
const API: &str = "https://api.github.com";
const HELP: &str = "the workspace has to be entitled to GitHub STS, and the job to have `permissions: {id-token: write}`; look at \
                    its settings in Atmos Pro";

/// Which tokens, and how they reach git.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct GithubTarget {
    /// All that the workspace allows without any.
    pub repos: Vec<String>,
    pub policy: String,
    /// In a private file in place of variables; where it says nothing, `settings.pro.git_sts` does.
    pub in_file: Option<bool>,
    /// They are taken back when the run is over, in CI; the same.
    pub revoke: Option<bool>,
    /// Variable for the token: a name, or one with `{{ .owner }}` or `{{ .host }}` in it, for each.
    pub variable: String,
}

impl GithubTarget {
    pub fn is_in_file(&self, usual: &GitSts) -> bool {
        self.in_file.unwrap_or(usual.mode.as_deref() == Some("file"))
    }

    pub fn revokes(&self, usual: &GitSts) -> bool {
        self.revoke.or(usual.revoke).unwrap_or(true)
    }

    /// Variables in which programs other than git find the tokens.
    pub fn variables(&self, tokens: &[GithubToken]) -> Vec<(String, Secret)> {
        if !self.variable.contains("{{") {
            // One name for several tokens would be the name of any of them.
            let only = tokens.first().filter(|_| tokens.len() == 1);
            return only.map(|only| (self.variable.clone(), only.token.clone())).into_iter().collect();
        }
        tokens.iter().map(|token| (self.name(token), token.token.clone())).collect()
    }

    fn name(&self, token: &GithubToken) -> String {
        let mut name = String::new();
        let mut rest = self.variable.as_str();
        while let Some((before, behind)) = rest.split_once("{{") {
            let (inner, after) = behind.split_once("}}").unwrap_or((behind, ""));
            name.push_str(before);
            match inner.trim() {
                ".owner" => name.push_str(&token.owner),
                ".host" => name.push_str(&token.host),
                _ => {}
            }
            rest = after;
        }
        name.push_str(rest);
        let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' };
        name.chars().map(plain).collect()
    }
}

/// Settings by which git goes by the token of an owner wherever it would go to that owner.
pub fn rewrites(tokens: &[GithubToken]) -> Vec<(Secret, String)> {
    let one = |token: &GithubToken| {
        let GithubToken { host, owner, token, .. } = token;
        let key = format!("url.https://{USER}:{}@{host}/{owner}/.insteadOf", token.expose_secret());
        [format!("https://{host}/{owner}/"), format!("ssh://git@{host}/{owner}/")]
            .map(|instead| (Secret::from(key.clone()), instead))
    };
    tokens.iter().flat_map(one).collect()
}

/// The same as a file.
pub fn rewriting_file(tokens: &[GithubToken]) -> Secret {
    let mut text = String::with_capacity(tokens.len() * 400);
    for GithubToken { host, owner, token, .. } in tokens {
        let token = token.expose_secret();
        for part in [
            "[url \"https://",
            USER,
            ":",
            token,
            "@",
            host,
            "/",
            owner,
            "/\"]\n\tinsteadOf = https://",
            host,
            "/",
            owner,
            "/\n\tinsteadOf = ssh://git@",
            host,
            "/",
            owner,
            "/\n",
        ] {
            text.push_str(part);
        }
    }
    Secret::from(text)
}

/// The provider whose session gives the tokens of an integration.
pub fn provider_of<'a>(auth: &'a AuthConfig, integration: &Integration) -> Option<&'a Provider> {
    if let Some(name) = &integration.provider {
        return auth.provider(name);
    }
    match &auth.identity(integration.identity.as_deref()?)?.via {
        super::super::config::Via::Provider(name, _) => auth.provider(name),
        _ => None,
    }
}

impl Session {
    /// Tokens for a run, of the session of a provider at Atmos Pro. Repositories that are left out are said.
    ///
    /// # Errors
    /// It is no provider of that kind, the sign-in fails, or the service refuses.
    pub async fn github_tokens(&self, provider: &Provider, target: &GithubTarget) -> Result<GithubTokens, Error> {
        let ProviderKind::Federated(kind) = provider.kind else { return Err(not_pro(provider)) };
        let obtained = async {
            let Proof::Pro(session) = self.proof(provider, kind).await? else { return Err(not_pro(provider)) };
            let call =
                pro::github_tokens(self.desk(), session.service(), &session.token, &target.repos, &target.policy);
            call.await.map_err(refused)
        };
        let given = Box::pin(abortable(obtained)).await?;
        for (repo, reason) in &given.excluded {
            let message = format!("no token of GitHub for {}: {}", repo.escape_debug(), reason.escape_debug());
            let help = "the workspace or the trust policy of the repository leaves it out";
            self.context.host.talk.warn(Warning::new("atmos::auth::integration::excluded", message).help(help));
        }
        Ok(given)
    }

    /// Takes tokens back. What fails is said: they end by themselves soon.
    pub async fn revoke_github_tokens(&self, tokens: &[Secret]) {
        let host = &self.context.host;
        let fits = |url: &&str| url.starts_with("https://") || url.starts_with("http://127.0.0.1:");
        let api = host.env.get("GITHUB_API_URL").filter(fits).unwrap_or(API);
        for token in tokens {
            if let Err(trouble) = pro::revoke(self.desk(), api, token).await {
                let message = format!("a token of GitHub could not be taken back: {trouble}");
                let warning = Warning::new("atmos::auth::integration::not_revoked", message);
                host.talk.warn(warning.help("it ends by itself, an hour after it was given"));
            }
        }
    }

    fn desk(&self) -> Desk<'_> {
        Desk::new(&self.context.host, &self.context.http)
    }
}

fn refused(trouble: Trouble) -> Error {
    let what = "tokens of GitHub".to_owned();
    match trouble {
        Trouble::Unreachable { endpoint, reason } => Error::Unreachable { what, endpoint, reason },
        other => {
            let answer = other.to_string().chars().filter(|c| !c.is_control()).collect();
            Error::Refused { what, answer, help: HELP.to_owned() }
        }
    }
}

fn not_pro(provider: &Provider) -> Error {
    let what = format!("tokens of GitHub for provider `{}`", provider.name);
    let answer = format!("it is of kind {}, and github/sts needs atmos/pro", provider.kind_text);
    Error::Refused { what, answer, help: "name a provider of kind atmos/pro in `via.provider`".to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(host: &str, owner: &str) -> GithubToken {
        let token = Secret::from(format!("token-of-{owner}"));
        GithubToken { host: host.to_owned(), owner: owner.to_owned(), token, expires: None }
    }

    #[test]
    fn tokens_reach_git_by_owner_and_others_by_name() {
        let tokens = [token("github.com", "acme"), token("github.acme.test", "in-house")];
        let settings: Vec<(String, String)> =
            rewrites(&tokens).into_iter().map(|(key, value)| (key.expose_secret().to_owned(), value)).collect();
        let key = "url.https://x-access-token:token-of-acme@github.com/acme/.insteadOf".to_owned();
        assert_eq!(settings[0], (key.clone(), "https://github.com/acme/".to_owned()));
        assert_eq!(settings[1], (key, "ssh://git@github.com/acme/".to_owned()));
        assert_eq!(settings.len(), 4);
        let file = rewriting_file(&tokens[..1]);
        let expected = "[url \"https://x-access-token:token-of-acme@github.com/acme/\"]\n\tinsteadOf = https://github.com/acme/\n\
                        \tinsteadOf = ssh://git@github.com/acme/\n";
        assert_eq!(file.expose_secret(), expected);
        let names = |variable: &str, tokens: &[GithubToken]| {
            let target = GithubTarget { variable: variable.to_owned(), ..GithubTarget::default() };
            target.variables(tokens).into_iter().map(|(name, _)| name).collect::<Vec<_>>()
        };
        let usual = GitSts { mode: Some("file".to_owned()), revoke: Some(false) };
        let own = GithubTarget { in_file: Some(false), revoke: Some(true), ..GithubTarget::default() };
        let says = |target: &GithubTarget, usual: &GitSts| (target.is_in_file(usual), target.revokes(usual));
        assert_eq!(says(&GithubTarget::default(), &GitSts::default()), (false, true));
        assert_eq!((says(&GithubTarget::default(), &usual), says(&own, &usual)), ((true, false), (false, true)));
        assert_eq!(names("GH_TOKEN", &tokens[..1]), ["GH_TOKEN"]);
        assert_eq!(names("GH_TOKEN", &tokens), [""; 0]);
        assert_eq!(names("GH_{{ .owner }}", &tokens), ["GH_ACME", "GH_IN_HOUSE"]);
        assert_eq!(names("{{.host}}_T", &tokens[..1]), ["GITHUB_COM_T"]);
    }
}
