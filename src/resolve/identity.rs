//! Who a component runs as must be known before anything that needs credentials is evaluated.

use super::error::Error;
use super::walk::Evaluation;
use crate::value::{Node, Value};
use crate::yaml_fn::written_as_function;

/// Functions that need neither credentials nor a process.
const HARMLESS: [&str; 7] = ["!env", "!repo-root", "!git.root", "!template", "!cwd", "!version", "!literal"];

impl Evaluation<'_> {
    /// Refuses a `settings.auth.identity` that is no name and no function that can be evaluated without credentials.
    pub(super) fn check_identity(&self) -> Result<(), Error> {
        let Some(node) = self.instance.sections.settings.get_path(["auth", "identity"]) else { return Ok(()) };
        let found = match &node.value {
            Value::Null | Value::Bool(_) => return Ok(()),
            Value::String(text) => match written_as_function(text) {
                None => return Ok(()),
                Some((tag, _)) if HARMLESS.contains(&tag) => return Ok(()),
                Some((tag, _)) => tag.to_owned(),
            },
            Value::Function(function) if HARMLESS.contains(&&*function.tag) => return Ok(()),
            Value::Function(function) => function.tag.to_string(),
            value => format!("a value of type {}", value.type_name()),
        };
        Err(Error::Identity { found, site: self.site(node) })
    }

    /// The same for what the evaluation gave.
    pub(super) fn check_evaluated_identity(&self, settings: &Node) -> Result<(), Error> {
        let Some(node) = settings.get_path(["auth", "identity"]) else { return Ok(()) };
        match &node.value {
            Value::Map(_) | Value::List(_) | Value::Int(_) | Value::UInt(_) | Value::Float(_) => {
                let found = format!("a value of type {}", node.value.type_name());
                Err(Error::Identity { found, site: self.site(node) })
            }
            _ => Ok(()),
        }
    }
}
