//! `!store NAME [STACK] COMPONENT KEY`, `!store.get NAME KEY`, and what `atmos.Store` reads. Values are data.

use super::call::Context;
use super::options::Arguments;
use super::problem::{Mistake, Problem};
use crate::diag::Warning;
use crate::query::Query;
use crate::store::{self, Fault, Key, Spec};
use crate::value::{Node, Quoted, Value};

const OPTIONS: [&str; 2] = ["default", "query"];

/// A call of one of the two functions, taken apart.
struct Read {
    store: String,
    stack: Option<String>,
    /// Of a value that belongs to a component.
    component: Option<String>,
    key: String,
    default: Option<String>,
    query: Option<Quoted>,
}

impl Read {
    fn parse(tag: &str, text: &str) -> Result<Read, Problem> {
        let mut arguments = Arguments::parse(text, &OPTIONS).map_err(Problem::Arguments)?;
        let default = arguments.options.remove("default").map(|part| part.text);
        let query = arguments.options.remove("query");
        let mut words = arguments.words.into_iter();
        let count = words.len();
        let mut next = || words.next().unwrap_or_default();
        let store = next();
        let read = Read { store, stack: None, component: None, key: String::new(), default, query };
        match (tag, count) {
            (_, 0) => Err(Problem::arguments("expected arguments")),
            ("!store", 3) => Ok(Read { component: Some(next()), key: next(), ..read }),
            ("!store", 4) => Ok(Read { stack: Some(next()), component: Some(next()), key: next(), ..read }),
            ("!store", _) => Err(Problem::arguments(
                "store function requires 3 or 4 parameters: `!store NAME [STACK] COMPONENT KEY`",
            )),
            (_, 2) => Ok(Read { key: next(), ..read }),
            _ => Err(Problem::arguments("store.get function requires 2 parameters: `!store.get NAME KEY`")),
        }
    }

    fn key<'k>(&'k self, context: &'k Context<'_>) -> Key<'k> {
        match &self.component {
            Some(component) => {
                let stack = self.stack.as_deref().filter(|stack| !stack.is_empty()).unwrap_or(context.stack);
                Key::Scoped { stack, component, key: &self.key }
            }
            None => Key::Direct(&self.key),
        }
    }
}

/// The value of a call.
pub(super) fn value(context: &Context<'_>, tag: &str, text: &str) -> Result<Value, Problem> {
    let read = Read::parse(tag, text)?;
    let spec = spec(context, &read.store, tag)?;
    if spec.secret && context.masks_secrets {
        return Ok(Value::from(crate::secret::MASK.to_owned()));
    }
    let default = read.default.is_some().then_some("the default");
    let found = answer(context, spec, read.key(context), default)?;
    let found = found.filter(|node| tag == "!store" || !node.is_null() || read.default.is_none());
    match (found, read.default) {
        (None, default) => Ok(Value::from(default.unwrap_or_default())),
        (Some(node), _) => queried(node, read.query.as_ref()).map(|node| node.value),
    }
}

/// Begins to read what a call asks for, so that it need not be waited for alone. What is wrong is said by the call.
pub(super) fn begin(context: &Context<'_>, tag: &str, text: &str) {
    let Ok(read) = Read::parse(tag, text) else { return };
    let Ok(spec) = spec(context, &read.store, tag) else { return };
    if spec.secret && context.masks_secrets {
        return;
    }
    if let Ok(reader) = (context.reader)(spec) {
        let _ = context.stores.start(spec, read.key(context), reader);
    }
}

/// The value that `atmos.Store` gives: null for a key that is missing.
///
/// # Errors
/// Unknown or secret store, or one that cannot be read.
pub fn stored(context: &Context<'_>, name: &str, stack: &str, component: &str, key: &str) -> Result<Node, Problem> {
    let spec = spec(context, name, "!store")?;
    let found = answer(context, spec, Key::Scoped { stack, component, key }, Some("null"))?;
    Ok(found.unwrap_or_default())
}

fn spec<'s>(context: &'s Context<'_>, name: &str, tag: &str) -> Result<&'s Spec, Problem> {
    let spec = context.stores.spec(name)?;
    if spec.secret && tag == "!store" {
        return Err(Problem::failed(
            format!("store `{name}` is a store of secrets"),
            "declare the value below `secrets.vars` of the component and read it by `!secret`",
        ));
    }
    Ok(spec)
}

/// The value, or `None` when it is missing and something stands in for it, which `default` names. Where values are only shown, that also stands
/// in for what cannot be read, with a warning; a run must not go on with it.
pub(super) fn answer(
    context: &Context<'_>,
    spec: &Spec,
    key: Key<'_>,
    default: Option<&str>,
) -> Result<Option<Node>, Problem> {
    let found = (context.reader)(spec).and_then(|reader| context.stores.read(spec, key, reader));
    match found {
        Ok(node) => Ok(Some(node)),
        Err(problem) => match default {
            Some(_) if problem.fault == Fault::Missing => Ok(None),
            Some(default) if context.lenient && is_outside(problem.fault) => {
                let message = format!("{}: {default} is shown instead", problem.reason);
                context.host.talk.warn(Warning::new("atmos::store::default", message).help(problem.help));
                Ok(None)
            }
            _ => Err(problem.into()),
        },
    }
}

/// A failure of the store or of the way to it, not of what is written.
fn is_outside(fault: Fault) -> bool {
    matches!(fault, Fault::Unreachable | Fault::Denied | Fault::Credentials | Fault::Refused)
}

/// What an expression finds in the value; without one all of it.
pub(super) fn queried(node: Node, query: Option<&Quoted>) -> Result<Node, Problem> {
    let Some(part) = query else { return Ok(node) };
    let failed = |error: crate::query::Error| Problem::Arguments(Mistake::expression(&error, part, 0));
    Query::parse(&part.text).map_err(failed)?.one(&node).map(Option::unwrap_or_default).map_err(failed)
}

impl From<store::Problem> for Problem {
    fn from(problem: store::Problem) -> Problem {
        Problem::Failed { reason: problem.reason, help: problem.help }
    }
}
