//! YAML functions in `locals`, as far as they need nothing but this machine. The others stay what they are and are
//! evaluated when the component that uses the local is.

use std::sync::Arc;

use super::failure::Failure;
use super::guard;
use crate::config::{env_argument, git_root};
use crate::host::Host;
use crate::merge::is_list_mark;
use crate::value::{Function, Node, Value};

/// The value of a function; the function itself where it is evaluated later.
pub(super) fn evaluate(host: &Host, node: &Node, opening: Option<&str>) -> Result<Node, Failure> {
    let Value::Function(function) = &node.value else { return Ok(node.clone()) };
    let argument = function.argument.scalar_text().unwrap_or_default();
    let text = |text: String| Ok(guard::data(Arc::from(text), node.span, opening));
    match &*function.tag {
        "!env" => {
            let (name, default) = env_argument(argument.trim()).ok_or_else(|| {
                Failure::new(
                    node.span,
                    format!("invalid YAML function `!env {argument}`: expected a name and at most one default"),
                )
            })?;
            let value = host.env.get_raw(&name).map(|value| value.to_string_lossy().into_owned());
            text(value.or(default).unwrap_or_default().trim().to_owned())
        }
        "!repo-root" | "!git.root" => match git_root(&host.cwd) {
            Some(root) => text(root.display().to_string()),
            None if !argument.trim().is_empty() => text(argument.trim().to_owned()),
            None => Err(Failure::new(
                node.span,
                format!("{}: not in a git repository, and no default is given", function.tag),
            )),
        },
        _ => Ok(node.clone()),
    }
}

/// The function that a value is, if its evaluation comes later.
pub(super) fn pending(node: &Node) -> Option<&Function> {
    match &node.value {
        Value::Function(function)
            if !matches!(&*function.tag, "!unset" | "!literal") && !is_list_mark(&function.tag) =>
        {
            Some(function)
        }
        _ => None,
    }
}
