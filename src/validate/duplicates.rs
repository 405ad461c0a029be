//! One component in several manifests of one stack.

use std::collections::BTreeMap;

use super::finding::{Finding, Severity, Site};
use super::place;
use crate::component::{Instance, Kind};
use crate::host::Host;
use crate::span::Span;
use crate::stack::StackIndex;

/// The components that several manifests define, with different content. Abstract ones are never run.
pub(super) fn find(host: &Host, index: &StackIndex, instances: &[Instance]) -> Vec<Finding> {
    let mut groups: BTreeMap<(&str, &Kind, &str), Vec<&Instance>> = BTreeMap::new();
    for instance in instances.iter().filter(|instance| !instance.abstract_) {
        groups.entry((&instance.stack, &instance.kind, &instance.name)).or_default().push(instance);
    }
    let mut found = Vec::new();
    for (_, group) in groups {
        let Some((first, others)) = group.split_first() else { continue };
        if let Some(other) = others.iter().find(|other| !first.same_configuration(other)) {
            found.push(duplicate(host, index, first, other, &group));
        }
    }
    found
}

fn duplicate(host: &Host, index: &StackIndex, first: &Instance, other: &Instance, group: &[&Instance]) -> Finding {
    let (component, stack) = (&first.name, &first.stack);
    let manifests: Vec<&str> = group.iter().map(|instance| instance.manifest.as_str()).collect();
    // Of the other kinds the reference takes one; which one is not said.
    let severity = match first.kind {
        Kind::Terraform | Kind::Helmfile => Severity::Error,
        _ => Severity::Warning,
    };
    let message = format!(
        "The Atmos component '{component}' in the stack '{stack}' is defined in more than one top-level stack manifest \
         file: {}. The component configurations in the stack manifests are different",
        manifests.join(", ")
    );
    let commands: Vec<String> = manifests
        .iter()
        .map(|manifest| format!("compare: atmos describe component {component} -s {manifest}"))
        .collect();
    let help = format!(
        "define the component in one of the manifests only, give the components different names, or the manifests \
         different stack names\n{}",
        commands.join("\n")
    );
    let (left, right) = (site(host, index, first, other), site(host, index, other, first));
    let mut finding = Finding::new(severity, "atmos::component::duplicate", message, left).help(Some(help));
    finding.also = right.map(|site| (site, "the other definition"));
    finding
}

/// Where a manifest has the component itself; the manifest where the component came with an import.
fn site(host: &Host, index: &StackIndex, instance: &Instance, other: &Instance) -> Option<Site> {
    let span = |instance: &Instance| -> Option<(Span, Span)> {
        let stack = index.stacks().iter().find(|stack| *stack.key == *instance.manifest)?;
        let own = index.own(stack);
        let container = own.get_path(["components", instance.kind.key()]);
        let container = container.filter(|container| container.get(&instance.name).is_some());
        Some((container.map_or(own.span, |map| place::of_key(&host.sources, map, &instance.name)), own.span))
    };
    let (mine, own) = span(instance)?;
    // Two manifests are two places, whatever they import.
    let same = span(other).is_some_and(|(theirs, _)| theirs == mine);
    Site::at(&host.sources, if same { own } else { mine })
}
