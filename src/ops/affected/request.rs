//! What is asked and what is answered.

use std::path::PathBuf;
use std::sync::Arc;

use super::super::dependents::Dependent;
use super::super::subject::Subject;
use crate::affected::Reasons;
use crate::resolve::Options;
use crate::secret::Secret;
use crate::value::Node;

/// With what the working tree is compared.
#[derive(Debug, Clone, Default)]
pub struct BaseRequest {
    /// A commit, branch or tag.
    pub name: Option<String>,
    /// Another checkout of the repository.
    pub repo_path: Option<PathBuf>,
    /// Fetch the other tree from `origin` instead of looking for it here.
    pub clone: bool,
    pub ssh_key: Option<PathBuf>,
    pub ssh_key_password: Option<Secret>,
}

/// What `describe affected` shows.
#[derive(Debug, Clone)]
pub struct Request {
    pub base: BaseRequest,
    pub stack: Option<String>,
    pub include_dependents: bool,
    pub include_settings: bool,
    pub include_spacelift_admin_stacks: bool,
    /// Files that are not committed yet count like those of commits.
    pub include_uncommitted: bool,
    pub exclude_locked: bool,
    pub processing: Options,
}

/// What of a deleted component is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deletion {
    Component,
    Stack,
}

/// A component that the change concerns.
#[derive(Debug, Clone, PartialEq)]
pub struct Affected {
    pub subject: Subject,
    pub reasons: Reasons,
    /// What depends on it; `None` where nobody asked.
    pub dependents: Option<Arc<[Dependent]>>,
    /// The same component is in the tree of another record.
    pub included_in_dependents: bool,
    /// `None` where nobody asked.
    pub settings: Option<Node>,
    pub deleted: Option<Deletion>,
    pub enabled: bool,
    pub locked: bool,
}

/// The affected components, deleted ones last, and what was compared.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    pub affected: Vec<Affected>,
    /// The other tree as the user named it.
    pub base: String,
    /// The branch that is checked out; `HEAD` without one.
    pub head: String,
}
