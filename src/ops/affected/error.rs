//! What stands in the way of a comparison.

use miette::Diagnostic;

use crate::diag::Failure;

#[derive(Debug, thiserror::Error, Diagnostic)]
pub enum Error {
    #[error(
        "if the '--repo-path' flag is specified, the '--base', '--ref', '--sha', '--ssh-key' and '--ssh-key-password' flags can't be used"
    )]
    #[diagnostic(
        code(atmos::affected::repo_path),
        help("`--repo-path` compares with what is checked out there; leave the other flags away")
    )]
    RepoPathConflict,

    #[error("the commit to compare with is not known: the repository has no `{name}`")]
    #[diagnostic(
        code(atmos::affected::no_base),
        help("name it with `--base`, or have git remember the default branch: `git remote set-head origin --auto`")
    )]
    NoBase { name: String },

    #[error("a private directory for the other tree cannot be made in {path}: {cause}")]
    #[diagnostic(code(atmos::affected::directory), help("set TMPDIR to a directory that may be written to"))]
    Directory { path: String, cause: std::io::Error },

    #[error("the modules that `{folder}` calls cannot be told: {cause}")]
    #[diagnostic(code(atmos::affected::modules), help("make the file readable, or correct it"))]
    Modules { folder: String, cause: String },

    #[error(
        "component '{component}' in the stack '{stack}' has the section 'settings.spacelift.admin_stack_selector' to point to the Spacelift admin component '{admin}' in the stack '{admin_stack}', but that component has Spacelift workspace disabled in the 'settings.spacelift.workspace_enabled' section and can't be added to the affected stacks"
    )]
    #[diagnostic(
        code(atmos::affected::admin_stack),
        help(
            "set `settings.spacelift.workspace_enabled: true` there, or leave `--include-spacelift-admin-stacks` away"
        )
    )]
    AdminStackDisabled { component: String, stack: String, admin: String, admin_stack: String },
}

impl Failure for Error {}
