//! `!repo-root` and `!git.*`: facts about the repository around the working directory. Git is asked once for each.

use std::collections::HashMap;
use std::sync::{Mutex, OnceLock, PoisonError};

use super::call::Context;
use super::problem::Problem;
use crate::config::{git_root, repository_fact};

/// What is known of the repository.
#[derive(Debug, Default)]
pub(super) struct Facts {
    root: OnceLock<Option<String>>,
    /// What git answered, by the tag that asked.
    answers: Mutex<HashMap<String, Option<String>>>,
}

/// The root of the repository; what follows the tag is the default outside of one.
pub(super) fn root(context: &Context<'_>, tag: &str, default: &str) -> Result<String, Problem> {
    let find = || git_root(&context.host.cwd).map(|root| root.display().to_string());
    let root = context.memo.repository.root.get_or_init(find).clone();
    or_default(root, default).ok_or_else(|| {
        Problem::failed(
            format!("no git repository found for {tag}"),
            format!("run atmos inside a git repository, or give a default: `{tag} ./default`"),
        )
    })
}

/// A fact of the repository; what follows the tag is the default where it is not known.
pub(super) fn value(context: &Context<'_>, tag: &str, default: &str) -> Result<String, Problem> {
    or_default(fact(context, tag), default).ok_or_else(|| {
        Problem::failed(
            format!("the git repository of the working directory does not say what {tag} asks for"),
            format!("give a default: `{tag} default`"),
        )
    })
}

fn or_default(fact: Option<String>, default: &str) -> Option<String> {
    fact.or_else(|| (!default.is_empty()).then(|| default.to_owned()))
}

fn fact(context: &Context<'_>, tag: &str) -> Option<String> {
    let mut facts = context.memo.repository.answers.lock().unwrap_or_else(PoisonError::into_inner);
    facts.entry(tag.to_owned()).or_insert_with(|| repository_fact(context.host, tag)).clone()
}
