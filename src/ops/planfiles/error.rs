//! What can go wrong with planfiles that are kept.

use miette::Diagnostic;
use thiserror::Error as ThisError;

use crate::diag::Failure;

#[derive(Debug, ThisError, Diagnostic)]
pub enum Error {
    #[error("--stack/-s is required for `planfile {command}`")]
    #[diagnostic(code(atmos::planfile::stack_required), help("name the stack of the component"))]
    StackRequired { command: &'static str },

    #[error("there is no store `{name}` in `components.terraform.planfiles.stores`")]
    #[diagnostic(code(atmos::planfile::unknown_store), help("{help}"))]
    UnknownStore { name: String, help: String },

    #[error("the planfile store `{name}` of the type `{kind}` cannot be used: there is no such type")]
    #[diagnostic(code(atmos::planfile::store_kind), help("types: local/dir, aws/s3, github/artifacts"))]
    StoreKind { name: String, kind: String },

    #[error("the planfile store `{name}` has no `{option}`")]
    #[diagnostic(code(atmos::planfile::option), help("set `options.{option}` of the store"))]
    Option { name: String, option: &'static str },

    #[error("there is no planfile of {component} in {stack}: `{}`", path.display())]
    #[diagnostic(
        code(atmos::planfile::no_plan),
        help("make it first: atmos terraform plan {component} -s {stack}; or name another one with --planfile")
    )]
    NoPlan { path: std::path::PathBuf, component: String, stack: String },

    #[error("nobody says which commit the plan belongs to")]
    #[diagnostic(
        code(atmos::planfile::no_commit),
        help("set ATMOS_CI_SHA, give `--sha`, or run this in a git repository with a commit")
    )]
    NoCommit,

    #[error("`{key}` is no name for a planfile: it would leave the store")]
    #[diagnostic(code(atmos::planfile::key), help("correct `key_pattern`, the name of the stack or of the component"))]
    Key { key: String },

    #[error("there is no planfile `{key}` in {place}")]
    #[diagnostic(code(atmos::planfile::not_found), help("`atmos terraform planfile list --all` shows what there is"))]
    NotFound { key: String, place: String },

    #[error("the planfile `{key}` in {place} is not what was put there: its checksum is {found}, not {expected}")]
    #[diagnostic(code(atmos::planfile::damaged), help("plan again; find out who changed it"))]
    Damaged { key: String, place: String, found: String, expected: String },

    #[error("the planfile `{key}` in {place} cannot be read: {reason}")]
    #[diagnostic(code(atmos::planfile::unreadable), help("it is a tar archive with the plan in it; plan again"))]
    Unreadable { key: String, place: String, reason: String },

    #[error("plan verification needs a planfile store")]
    #[diagnostic(
        code(atmos::planfile::no_store),
        help("configure `components.terraform.planfiles.stores` in atmos.yaml")
    )]
    NoStore,

    #[error("plan verification failed: {what}: {reason}")]
    #[diagnostic(
        code(atmos::planfile::not_verified),
        help("plan in CI first; `--verify-plan=false` or `planfiles.required: false` goes on without one")
    )]
    NothingToVerify { what: &'static str, reason: String },

    #[error("plan verification failed: the plan of {component} in {stack} is not the stored one:\n{differences}")]
    #[diagnostic(
        code(atmos::planfile::drift),
        help("look at the differences, then plan and review again; nothing was applied")
    )]
    Drift { component: String, stack: String, differences: String },
}

impl Failure for Error {}
