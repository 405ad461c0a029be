//! From a tag to the code behind it.

use std::sync::Arc;

use super::problem::Problem;
use super::{env, exec, git, labels, local, secret, sops, store, template, version};
use crate::config::Config;
use crate::host::Host;
use crate::stack::Versions;
use crate::store::{self as stores, Identity, Spec, Stores};
use crate::value::{Node, Value};

/// Says who reads a store; `None` is whoever the environment says.
pub type Reader<'a> = &'a dyn Fn(&Spec) -> Result<Option<Arc<dyn Identity>>, stores::Problem>;

/// What a function may ask for.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    pub host: &'a Host,
    pub config: &'a Config,
    pub memo: &'a Memo,
    /// Looks up a variable in the `env` section of the component: evaluated, and none where it is null.
    pub own_variable: &'a dyn Fn(&str) -> Option<String>,
    /// Evaluated `metadata` of the component.
    pub metadata: &'a Node,
    pub versions: &'a Versions,
    /// `version.track` of the stack.
    pub track: Option<&'a str>,
    pub stack: &'a str,
    pub component: &'a str,
    /// `secrets` of the component.
    pub secrets: &'a Node,
    pub stores: &'a Stores,
    pub reader: Reader<'a>,
    /// Values are shown and nothing is done with them: a default stands in for what cannot be read.
    pub lenient: bool,
    /// Secrets are shown as a mask, and nobody is asked for them.
    pub masks_secrets: bool,
}

/// What functions did already in this run; shared by all components and threads.
#[derive(Debug, Default)]
pub struct Memo {
    pub(super) commands: exec::Done,
    pub(super) repository: git::Facts,
    pub(super) sops: sops::Opened,
}

/// The value of a function; `None` for a tag that stands as it is written.
///
/// # Errors
/// [`Problem`].
pub fn call(context: &Context<'_>, tag: &str, argument: &Node) -> Result<Option<Value>, Problem> {
    let text = argument.scalar_text().map(|text| text.trim().to_owned()).unwrap_or_default();
    let value = match tag {
        "!literal" | "!!str" | "!!map" | "!!seq" | "!" => argument.value.clone(),
        "!env" => env::value(context, &text)?.into(),
        "!exec" => exec::value(context, &text)?,
        "!template" => template::value(&text)?,
        "!repo-root" | "!git.root" => git::root(context, tag, &text)?.into(),
        "!git.sha" | "!git.ref" | "!git.branch" | "!git.repository" | "!git.owner" | "!git.name" | "!git.host"
        | "!git.url" => git::value(context, tag, &text)?.into(),
        "!tags" => labels::tags(context.metadata),
        "!labels" => labels::labels(context.metadata),
        "!labels.keys" => labels::keys(context.metadata),
        "!labels.values" => labels::values(context.metadata),
        "!cwd" => local::cwd(context, &text).into(),
        "!random" => Value::Int(local::random(&text)?),
        "!version" => version::value(context, &text)?.into(),
        "!store" | "!store.get" => store::value(context, tag, &text)?,
        "!secret" => secret::value(context, &text)?,
        "!include" | "!include.raw" => return Err(too_late(tag, &text)),
        // A word that the reference keeps for later.
        "!cel" => return Ok(None),
        _ => return Err(Problem::NotBuilt),
    };
    Ok(Some(value))
}

/// Files are included while manifests are read; a path that only the merged component knows comes too late for that.
fn too_late(tag: &str, path: &str) -> Problem {
    Problem::failed(
        format!(
            "the {tag} function references a file that does not exist: could not find local file '{path}': its path is a \
             template with values that are not known while manifests are read"
        ),
        "give the path by a local of the file or the context of an import, which are known then",
    )
}

/// Begins what a function will have to wait for. Nothing is said of what is wrong: the call will.
pub fn begin(context: &Context<'_>, tag: &str, argument: &Node) {
    if matches!(tag, "!store" | "!store.get") {
        store::begin(context, tag, argument.scalar_text().unwrap_or_default().trim());
    }
}

impl From<String> for Value {
    fn from(text: String) -> Value {
        Value::String(text.into())
    }
}
