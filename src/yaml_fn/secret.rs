//! `!secret NAME [| path EXPRESSION] [| default VALUE]`: a secret that the component declares below `secrets.vars`.

use super::call::Context;
use super::options::Arguments;
use super::problem::Problem;
use super::sops;
use super::store::{answer, queried};
use crate::content::register_secrets;
use crate::diag::nearest;
use crate::secret::MASK;
use crate::store::Key;
use crate::value::{Node, Value};

const OPTIONS: [&str; 2] = ["default", "path"];

/// The secret. Where values are only shown, a mask instead of it, and nobody is asked.
pub(super) fn value(context: &Context<'_>, text: &str) -> Result<Value, Problem> {
    let mut arguments = Arguments::parse(text, &OPTIONS).map_err(Problem::Arguments)?;
    let [name] = arguments.words.as_slice() else {
        let reason = if arguments.words.is_empty() { "secret name cannot be empty" } else { "expected one name" };
        return Err(Problem::arguments(reason));
    };
    if context.masks_secrets {
        return Ok(Value::from(MASK.to_owned()));
    }
    let declaration = declared(context, name)?;
    let default = arguments.options.remove("default").map(|part| part.text);
    let found = match &declaration.backend {
        Backend::Store(store) => of_store(context, &declaration, store, name, default.is_some())?,
        Backend::Sops(provider) => of_file(context, &declaration, provider, name, default.is_some())?,
    };
    let Some(node) = found else { return Ok(Value::from(default.unwrap_or_default())) };
    let node = queried(node, arguments.options.get("path"))?;
    // What an expression put together is a secret like its parts.
    register_secrets(&node, &context.host.masker);
    Ok(node.value)
}

fn of_store(
    context: &Context<'_>,
    declaration: &Declaration,
    store: &str,
    name: &str,
    has_default: bool,
) -> Result<Option<Node>, Problem> {
    let spec = context.stores.spec(store)?;
    if !spec.secret {
        return Err(Problem::failed(
            format!("the secret `{name}` is in the store `{store}`, which is no store of secrets"),
            "set `secret: true` at the store, or read the value by `!store`",
        ));
    }
    let found = answer(context, spec, declaration.key(context, name), has_default.then_some("the default"));
    found.map_err(|problem| match problem {
        Problem::Failed { reason, help } => {
            Problem::Failed { reason: format!("secret is not initialized in its backend: `{name}`: {reason}"), help }
        }
        other => other,
    })
}

fn of_file(
    context: &Context<'_>,
    declaration: &Declaration,
    provider: &str,
    name: &str,
    has_default: bool,
) -> Result<Option<Node>, Problem> {
    if declaration.scope == "global" {
        let reason = format!("the secret `{name}` has the scope `global`, which files of SOPS do not know");
        return Err(Problem::failed(reason, "declare it for the stack or the component, or keep it in a store"));
    }
    let wanted = sops::Wanted { name, provider, of_stack: declaration.scope == "stack" };
    sops::value(context, &wanted, has_default)
}

/// What the component says of one secret.
struct Declaration {
    backend: Backend,
    reference: Option<String>,
    scope: String,
}

/// What keeps a secret, by its name.
enum Backend {
    Store(String),
    Sops(String),
}

impl Declaration {
    /// A secret of a whole stack has no component in its key, one of all stacks no stack either.
    fn key<'k>(&'k self, context: &'k Context<'_>, name: &'k str) -> Key<'k> {
        let (stack, component) = match self.scope.as_str() {
            "global" => ("", ""),
            "stack" => (context.stack, ""),
            _ => (context.stack, context.component),
        };
        Key::Scoped { stack, component, key: self.reference.as_deref().unwrap_or(name) }
    }
}

fn declared(context: &Context<'_>, name: &str) -> Result<Declaration, Problem> {
    let declarations = context.secrets.get("vars").and_then(Node::as_map);
    let Some(node) = declarations.and_then(|map| map.get(name)) else {
        let names = declarations.into_iter().flat_map(|map| map.keys().map(|name| &**name));
        let help = match nearest(name, names) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "declare it below `secrets.vars` of the component".to_owned(),
        };
        return Err(Problem::failed(format!("secret is not declared: `{name}`"), help));
    };
    let text = |key: &str| node.get(key).and_then(Node::as_str).filter(|text| !text.is_empty()).map(str::to_owned);
    let backend = match (text("store"), text("sops")) {
        (Some(store), None) => Backend::Store(store),
        (None, Some(provider)) => Backend::Sops(provider),
        (both, _) => {
            let what = if both.is_some() { "two backends" } else { "no backend" };
            let reason = format!("the declaration of the secret `{name}` has {what}");
            return Err(Problem::failed(reason, "give it a `store` (with `secret: true`) or a `sops` provider"));
        }
    };
    Ok(Declaration { backend, reference: text("reference"), scope: text("scope").unwrap_or_default() })
}
