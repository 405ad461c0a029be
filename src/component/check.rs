//! Every component of a stack, for validation: what is wrong with each of them, and what is only strange.

use super::build::Layers;
use super::error::Error;
use super::instance::Instance;
use super::kind::Kind;
use super::quirks;
use super::scope::Scope;
use super::summary;
use super::workspace::{self, StackName};
use crate::config::Config;
use crate::diag::Remark;
use crate::host::Host;
use crate::stack::{Stack, StackIndex};
use crate::value::{Map, Node};

/// What a look at all components of a stack gave.
#[derive(Debug, Default)]
pub struct Checked {
    /// The components that can be put together, without the lists of their imports.
    pub instances: Vec<Instance>,
    pub errors: Vec<Error>,
    pub remarks: Vec<Remark>,
}

/// Looks at all components of a stack; a stack whose manifest cannot be used has none.
pub fn check(host: &Host, config: &Config, index: &StackIndex, stack: &Stack) -> Checked {
    let mut checked = Checked::default();
    let Ok(kinds) = summary::kinds(index, stack) else { return checked };
    checked.leaking_name(index, stack);
    for kind in kinds {
        match Scope::new(host, config, index, stack, kind) {
            Ok(Some(scope)) => checked.kind(&scope),
            Ok(None) => {}
            Err(error) => checked.errors.push(error),
        }
    }
    checked
}

impl Checked {
    fn kind(&mut self, scope: &Scope<'_>) {
        let names: Vec<&str> = match scope.components() {
            Ok(components) => components.into_iter().flat_map(Map::keys).map(|name| &**name).collect(),
            Err(error) => return self.errors.push(error),
        };
        for name in names {
            if let Err(error) = self.component(scope, name) {
                self.errors.push(error);
            }
        }
    }

    fn component(&mut self, scope: &Scope<'_>, name: &str) -> Result<(), Error> {
        let Some(component) = scope.component(name)? else { return Ok(()) };
        let built = if matches!(scope.kind, Kind::Custom(_)) {
            super::custom::build(scope, name, component)?
        } else {
            let layers = Layers::read(scope, name, component)?;
            quirks::between_layers(&layers, component, &mut self.remarks);
            let built = layers.build()?;
            quirks::of_component(&layers, component, &built, &mut self.remarks);
            built
        };
        // Nothing else is ever looked up by the name of its stack.
        if !built.instance.abstract_ && matches!(scope.kind, Kind::Terraform | Kind::Helmfile) {
            self.errors.extend(nameless(scope, &built.name, &built.instance.sections.vars));
        }
        self.instances.push(built.instance);
        Ok(())
    }

    /// A `name` that came with an import names every stack that imports the file.
    fn leaking_name(&mut self, index: &StackIndex, stack: &Stack) {
        let Ok(document) = index.document(stack) else { return };
        let Some(name) = document.node.get("name").filter(|_| index.own(stack).get("name").is_none()) else { return };
        let text = name.as_str().unwrap_or_default();
        let message = format!("the stack name '{text}' comes with an import: whatever imports this file has this name");
        let help = "move `name` into the manifest of the stack itself";
        self.remarks.push(Remark::new("atmos::stack::imported_name", name.span, message).of(&*stack.key).help(help));
    }
}

/// A component whose stack has no name by which it could be found.
fn nameless(scope: &Scope<'_>, name: &StackName, vars: &Node) -> Option<Error> {
    let file = scope.stack.key.to_string();
    let pattern = scope.config.stacks.name_pattern.clone().filter(|pattern| !pattern.is_empty());
    match name {
        StackName::Incomplete { token } => Some(Error::incomplete(scope, token, vars.get(token))),
        StackName::Key if pattern.is_none() && workspace::name_template(scope.config).is_none() => {
            Some(Error::NoNaming { file })
        }
        _ => None,
    }
}
