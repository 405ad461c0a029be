//! What works as in the reference, and hardly as it was meant: values, names and states of existing repositories depend
//! on it, so that it stays and validation says it.

use std::collections::HashSet;
use std::sync::Arc;

use super::build::{Built, Layers};
use super::chain::Chain;
use super::inherit;
use super::kind::Kind;
use super::own::{Own, text_of};
use super::section::Section;
use super::workspace::{StackName, Tokens};
use crate::diag::Remark;
use crate::merge::{conflicts, merge_all};
use crate::span::Span;
use crate::stack::conflict_remark;
use crate::value::{Node, Value};

/// Types that change between the layers of the component.
pub(super) fn between_layers(layers: &Layers<'_, '_>, component: &Node, remarks: &mut Vec<Remark>) {
    let scope = layers.scope;
    let top = &scope.document.node;
    let components = scope.components().ok().flatten();
    let bases: Vec<&Node> = layers.chain.order.iter().filter_map(|base| components?.get(base)).collect();
    let kind = top.get(scope.kind.key());
    let overrides = layers.overrides_node();
    let mut found = Vec::new();
    for section in Section::ALL.into_iter().filter(|section| section.applies_to(&scope.kind)) {
        let key = section.key();
        let configured = match section {
            Section::Env => Some(&scope.config.env),
            Section::Auth => Some(&scope.config.auth),
            _ => None,
        };
        let global = top.get(key).filter(|_| section.has_global(&scope.kind));
        let of_kind = kind.and_then(|kind| kind.get(key)).filter(|_| section.has_kind_level(&scope.kind));
        let over = overrides.and_then(|node| node.get(key)).filter(|_| section.has_overrides());
        let inherited = bases.iter().filter_map(|base| base.get(key));
        let all: Vec<&Node> = [configured, global, of_kind]
            .into_iter()
            .flatten()
            .chain(inherited)
            .chain(component.get(key))
            .chain(over)
            .collect();
        if all.len() > 1 {
            conflicts(&all, &mut vec![key], &mut found);
        }
    }
    remarks.extend(found.iter().map(|conflict| conflict_remark(conflict, "").of(layers.name)));
}

/// Everything else.
pub(super) fn of_component(layers: &Layers<'_, '_>, component: &Node, built: &Built, remarks: &mut Vec<Remark>) {
    let quirks = Quirks { layers, component, built };
    quirks.own_overrides(remarks);
    quirks.own_name(remarks);
    quirks.lost_attributes(remarks);
    quirks.diamond(remarks);
    if layers.scope.kind == Kind::Terraform && !built.instance.abstract_ {
        remarks.extend(quirks.state_under_other_name());
        remarks.extend(quirks.empty_tokens());
    }
    remarks.extend(quirks.suffix_in_name());
}

struct Quirks<'q, 's, 'a> {
    layers: &'q Layers<'s, 'a>,
    component: &'q Node,
    built: &'q Built,
}

impl Quirks<'_, '_, '_> {
    fn remark(&self, code: &'static str, span: Span, message: String) -> Remark {
        Remark::new(code, span, message).of(self.layers.name)
    }

    /// `overrides` of whole manifests replace those of the component.
    fn own_overrides(&self, remarks: &mut Vec<Remark>) {
        let scope = self.layers.scope;
        let Some(own) = self.component.get("overrides").filter(|own| !own.is_empty()) else { return };
        let reaching = scope.index.override_layers(scope.stack, scope.kind.key(), self.layers.name);
        let Some(first) = reaching.as_ref().and_then(|layers| layers.first()) else { return };
        if reaching.iter().flatten().any(|layer| layer.section.starts_with("components.")) {
            return;
        }
        let message = "the component's own `overrides` have no effect: those of a whole manifest replace them";
        remarks.push(
            self.remark("atmos::component::lost_overrides", own.span, message.to_owned())
                .help("write the values into the component, or add them to the `overrides` of the manifest")
                .also(first.node.span, "what replaces them"),
        );
    }

    /// A component that inherits from itself.
    fn own_name(&self, remarks: &mut Vec<Remark>) {
        let inherits = self.component.get_path(["metadata", "inherits"]).and_then(Node::as_list).unwrap_or_default();
        let own = inherits.iter().filter(|entry| entry.as_str() == Some(self.layers.name));
        remarks.extend(own.map(|entry| {
            let message = "a component in its own `metadata.inherits` has no effect".to_owned();
            self.remark("atmos::component::inherits_itself", entry.span, message).help("remove this entry")
        }));
    }

    /// The last base decides some attributes, even one that does not have them.
    fn lost_attributes(&self, remarks: &mut Vec<Remark>) {
        let (instance, own) = (&self.built.instance, &self.layers.own);
        let mut attributes = vec![("command", own.command.is_empty(), &instance.command)];
        if self.layers.scope.kind == Kind::Terraform {
            let sections = &instance.sections;
            attributes.push(("backend_type", own.backend_type.is_empty(), &sections.backend_type));
            let (key, own) = ("remote_state_backend_type", &own.remote_state_backend_type);
            attributes.push((key, own.is_empty(), &sections.remote_state_backend_type));
        }
        let components = self.layers.scope.components().ok().flatten();
        for (key, _, result) in attributes.into_iter().filter(|(_, open, _)| *open) {
            let mut bases = self.layers.chain.order.iter().rev();
            let value = |base: &Arc<str>| components.and_then(|components| written(components.get(base)?, key));
            let Some(last) = bases.next().filter(|base| value(base).is_none()) else { continue };
            let Some((node, text)) = bases.find_map(value) else { continue };
            if text == result || key == "command" && !self.layers.overrides.command.is_empty() {
                continue;
            }
            let message = format!("`{key}: {text}` is lost: the later base `{last}` has no `{key}`, which decides");
            remarks.push(
                self.remark("atmos::component::lost_attribute", node.span, message)
                    .help(format!("set `{key}` in the component itself, or in the last of its bases")),
            );
        }
    }

    /// A base that is reached twice is merged twice: it wins over what is built on it.
    fn diamond(&self, remarks: &mut Vec<Remark>) {
        let order = &self.layers.chain.order;
        let mut seen = HashSet::new();
        let once: Vec<Arc<str>> = order.iter().filter(|base| seen.insert(*base)).cloned().collect();
        if once.len() == order.len() {
            return;
        }
        let chain = Chain { order: once, legacy: None };
        let Ok(other) = inherit::bases(self.layers.scope, self.layers.name, &chain, self.layers.strategy) else {
            return;
        };
        for section in Section::ALL {
            let merged = |bases: &Own| {
                let layers = [bases, &*self.layers.own, &self.layers.overrides];
                merge_all(layers.into_iter().filter_map(|own| own.bag.get(section)), self.layers.strategy)
            };
            let mut path = vec![section.key().to_owned()];
            if let Some((real, expected)) = difference(&merged(&self.layers.bases), &merged(&other), &mut path) {
                let message = format!(
                    "`{}` is that of a base that is inherited twice: it wins over the base that is built on it",
                    path.join(".")
                );
                remarks.push(
                    self.remark("atmos::component::diamond", real, message)
                        .help("set the value in the component, or inherit the shared base in one way only")
                        .also(expected, "the value that is lost"),
                );
                return;
            }
        }
    }

    /// An inherited `metadata.component` decides the folder, and not the place of the state.
    fn state_under_other_name(&self) -> Option<Remark> {
        let (instance, layers) = (&self.built.instance, self.layers);
        let folder = instance.base_component.as_deref()?;
        let metadata = &instance.sections.metadata;
        let own = layers.own.bag.get(Section::Metadata).and_then(|metadata| metadata.get("component"));
        if own.is_some() || layers.chain.legacy.is_some() || written(metadata, "name").is_some() {
            return None;
        }
        let kind = instance.sections.backend_type.as_str();
        let key = match kind {
            "s3" => "workspace_key_prefix",
            "gcs" => "prefix",
            "azurerm" => "key",
            _ => return None,
        };
        let sections = [layers.scope.defaults.get(Section::Backend), layers.bases.bag.get(Section::Backend)];
        let own = layers.own.bag.get(Section::Backend);
        if sections.into_iter().chain([own]).flatten().any(|node| node.get_path([kind, key]).is_some()) {
            return None;
        }
        let span = metadata.get("component")?.span;
        let message = format!(
            "the inherited folder '{folder}' does not decide the place of the state: `{key}` is made of the name of \
             the component"
        );
        let help = format!("to make it certain, set `metadata.component` in the component, or `backend.{kind}.{key}`");
        Some(self.remark("atmos::component::inherited_folder", span, message).help(help))
    }

    /// Tokens of workspace patterns that have no value because of how stacks are named.
    fn empty_tokens(&self) -> Option<Remark> {
        let metadata = &self.built.instance.sections.metadata;
        if !matches!(self.built.name, StackName::Template(_) | StackName::Key)
            || written(metadata, "terraform_workspace_template").is_some()
        {
            return None;
        }
        let node = metadata.get("terraform_workspace_pattern")?;
        let pattern = text_of(node)?;
        let tokens = Tokens::from_vars(&self.built.instance.sections.vars);
        let values = [
            ("namespace", tokens.namespace),
            ("tenant", tokens.tenant),
            ("environment", tokens.environment),
            ("stage", tokens.stage),
            ("region", tokens.region),
            ("attributes", tokens.attributes),
        ];
        let empty: Vec<String> = values
            .iter()
            .filter(|(token, value)| !value.is_empty() && pattern.contains(&format!("{{{token}}}")))
            .map(|(token, _)| format!("`{{{token}}}`"))
            .collect();
        if empty.is_empty() {
            return None;
        }
        let message = format!(
            "{} of the pattern stays empty: variables count only where `stacks.name_pattern` names the stacks",
            empty.join(", ")
        );
        let help = "use `metadata.terraform_workspace_template`; mind that another workspace means another state";
        Some(self.remark("atmos::component::empty_token", node.span, message).help(help))
    }

    /// The suffix `.tmpl` of a manifest is a part of its key.
    fn suffix_in_name(&self) -> Option<Remark> {
        let scope = self.layers.scope;
        if !matches!(self.built.name, StackName::Key) || !scope.stack.key.ends_with(".tmpl") {
            return None;
        }
        let message = format!("the stack is called '{}', with the suffix of its file", scope.stack.key);
        let remark = Remark::new("atmos::stack::suffix_in_name", scope.index.own(scope.stack).span, message);
        Some(remark.help("give the manifest a `name:`; mind that another name means another workspace"))
    }
}

/// The places of the first values that two nodes have at one path.
fn difference(left: &Node, right: &Node, path: &mut Vec<String>) -> Option<(Span, Span)> {
    if left == right {
        return None;
    }
    let (Value::Map(first), Value::Map(second)) = (&left.value, &right.value) else {
        return Some((left.span, right.span));
    };
    for (key, node) in first.iter() {
        let Some(other) = second.get(key) else { continue };
        path.push(key.to_string());
        if let Some(found) = difference(node, other, path) {
            return Some(found);
        }
        path.pop();
    }
    None
}

/// The text of a value that is one.
fn written<'n>(node: &'n Node, key: &str) -> Option<(&'n Node, &'n str)> {
    let node = node.get(key)?;
    node.as_str().filter(|text| !text.is_empty()).map(|text| (node, text))
}
