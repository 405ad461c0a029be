//! Who a component runs as must be known before anything that needs credentials is evaluated.

use super::error::Error;
use super::walk::Evaluation;
use crate::value::{Node, Value};
use crate::yaml_fn::written_as_function;

/// Functions that need neither credentials nor a process.
const HARMLESS: [&str; 7] = ["!env", "!repo-root", "!git.root", "!template", "!cwd", "!version", "!literal"];

/// What stands where a name should.
enum Found {
    /// Something that may need an identity itself.
    Function(String),
    /// A value that is no name.
    Type(&'static str),
}

impl Evaluation<'_> {
    /// Refuses a `settings.auth.identity` that is no name and no function that can be evaluated without credentials; of a
    /// map with an entry for each operation every one.
    pub(super) fn check_identity(&self) -> Result<(), Error> {
        self.each_identity(&self.instance.sections.settings, |node| match &node.value {
            Value::Null | Value::Bool(_) | Value::Int(0) => None,
            Value::String(text) => match written_as_function(text) {
                Some((tag, _)) if !HARMLESS.contains(&tag) => Some(Found::Function(tag.to_owned())),
                _ => None,
            },
            Value::Function(function) if HARMLESS.contains(&&*function.tag) => None,
            Value::Function(function) => Some(Found::Function(function.tag.to_string())),
            value => Some(Found::Type(value.type_name())),
        })
    }

    /// The same for what the evaluation gave.
    pub(super) fn check_evaluated_identity(&self, settings: &Node) -> Result<(), Error> {
        self.each_identity(settings, |node| match &node.value {
            Value::Map(_) | Value::List(_) | Value::UInt(_) | Value::Float(_) => {
                Some(Found::Type(node.value.type_name()))
            }
            Value::Int(number) if *number != 0 => Some(Found::Type(node.value.type_name())),
            _ => None,
        })
    }

    /// Looks at what names somebody; `wrong` says what is found instead of a name.
    fn each_identity(&self, settings: &Node, wrong: impl Fn(&Node) -> Option<Found>) -> Result<(), Error> {
        let Some(setting) = settings.get_path(["auth", "identity"]) else { return Ok(()) };
        let nodes: Vec<&Node> = match setting.as_map() {
            Some(by_operation) => by_operation.values().collect(),
            None => vec![setting],
        };
        for node in nodes {
            match wrong(node) {
                Some(Found::Function(found)) => return Err(Error::Identity { found, site: self.site(node) }),
                Some(Found::Type(found)) => return Err(Error::IdentityType { found, site: self.site(node) }),
                None => {}
            }
        }
        Ok(())
    }
}
