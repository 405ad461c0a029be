//! Errors of [`crate::git`].

use miette::Diagnostic;

use crate::diag::Failure;
use crate::fetch;

/// What cannot be learned from a repository.
#[derive(Debug, thiserror::Error, Diagnostic)]
pub enum Error {
    #[error("{directory} is not inside a git repository")]
    #[diagnostic(
        code(atmos::git::no_repository),
        help("run the command in a clone of the repository, or make one with `git init`")
    )]
    NoRepository { directory: String },

    #[error("the repository has no commit `{name}`")]
    #[diagnostic(
        code(atmos::git::unknown_commit),
        help(
            "fetch it (`git fetch origin`), or use --clone-target-ref; `git branch -a` shows the branches that are there"
        )
    )]
    UnknownCommit { name: String },

    #[error("the repository has no commit yet")]
    #[diagnostic(code(atmos::git::no_commit), help("commit what there is first"))]
    NoCommit,

    #[error("the repository is damaged: the commit `{commit}`, which is checked out, cannot be read")]
    #[diagnostic(code(atmos::git::damaged), help("`git fsck` says what is missing; a fresh clone has it"))]
    Damaged { commit: String },

    #[error("the repository has no remote `origin`")]
    #[diagnostic(
        code(atmos::git::no_origin),
        help("add it with `git remote add origin URL`, or compare with `--base` or `--repo-path`")
    )]
    NoOrigin,

    #[error(transparent)]
    #[diagnostic(transparent)]
    Program(#[from] fetch::Error),
}

impl Failure for Error {}
