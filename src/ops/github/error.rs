//! What can go wrong with GitHub.

use miette::Diagnostic;
use thiserror::Error as ThisError;

use crate::diag::Failure;

#[derive(Debug, ThisError, Diagnostic)]
pub enum Error {
    #[error("nobody says as whom GitHub is asked")]
    #[diagnostic(
        code(atmos::github::no_token),
        help(
            "set GITHUB_TOKEN (in a step of a workflow: `env: {{GITHUB_TOKEN: ${{{{ github.token }}}}}}`), or ATMOS_CI_GITHUB_TOKEN"
        )
    )]
    NoToken,

    #[error("nobody says which repository at GitHub is meant{found}")]
    #[diagnostic(code(atmos::github::no_repository), help("set GITHUB_REPOSITORY to `owner/name`"))]
    NoRepository { found: String },

    #[error("nobody says which commit was checked: GITHUB_SHA or GITHUB_REF is not set")]
    #[diagnostic(code(atmos::github::no_commit), help("pass both on as the runner has them"))]
    NoCommit,

    #[error("GitHub does not {what}: {answer}")]
    #[diagnostic(code(atmos::github::refused), help("{help}"))]
    Refused { what: &'static str, answer: String, help: String },

    #[error("GitHub cannot be asked to {what}: {endpoint}: {reason}")]
    #[diagnostic(
        code(atmos::github::unreachable),
        help("check the network, its proxy, and GITHUB_API_URL or ACTIONS_RESULTS_URL where they are set")
    )]
    Unreachable { what: &'static str, endpoint: String, reason: String },

    #[error("what GitHub answers cannot be understood, asked to {what}: {reason}")]
    #[diagnostic(code(atmos::github::unreadable), help("check GITHUB_API_URL and ACTIONS_RESULTS_URL"))]
    Unreadable { what: &'static str, reason: String },

    #[error("there is no comment on the pull request {number} yet that could be updated")]
    #[diagnostic(code(atmos::github::no_comment), help("`ci.comments.behavior: upsert` makes one"))]
    NoComment { number: u64 },

    #[error("`ci.comments.behavior` cannot be `{found}`")]
    #[diagnostic(code(atmos::github::behavior), help("it is create, update or upsert"))]
    Behavior { found: String },

    #[error("artifacts of GitHub can be made only by the runner of GitHub Actions, whose variables are missing here")]
    #[diagnostic(
        code(atmos::github::no_runtime),
        help(
            "GitHub gives ACTIONS_RUNTIME_TOKEN and ACTIONS_RESULTS_URL to actions and not to `run:` steps: let an action \
             that exports them (github-runtime of the reference, or actions/github-script) go before"
        )
    )]
    NoRuntime,

    #[error("ACTIONS_RUNTIME_TOKEN does not say which run it is for: {reason}")]
    #[diagnostic(code(atmos::github::runtime_token), help("pass it on as the runner has it"))]
    RuntimeToken { reason: &'static str },

    #[error("the artifact `{name}` cannot be read: {reason}")]
    #[diagnostic(code(atmos::github::artifact), help("it is a zip archive with `archive.tar` in it; plan again"))]
    Artifact { name: String, reason: String },
}

impl Failure for Error {}
