//! How components relate to others and to the configuration: dependencies and hooks. The reference takes all of it, so
//! that everything here is a warning.

use crate::component::Instance;
use crate::config::Config;
use crate::diag::Remark;
use crate::graph::{self, Fault};
use crate::ops::hooks;
use crate::value::Node;

pub(super) fn remarks(config: &Config, instances: &[Instance]) -> Vec<Remark> {
    let stores = config.document.get("stores").and_then(Node::as_map);
    let stores: Vec<&str> = stores.into_iter().flat_map(|map| map.keys().map(|name| &**name)).collect();
    let hooks = instances.iter().flat_map(|instance| hooks::remarks(instance, &stores));
    hooks.chain(instances.iter().flat_map(conflicts)).chain(dependencies(instances)).collect()
}

/// Dependencies with two names: no run of many components takes them.
fn conflicts(instance: &Instance) -> impl Iterator<Item = Remark> {
    let found = (!instance.abstract_).then(|| graph::conflicts(&instance.sections.dependencies));
    found.into_iter().flatten().map(|wrong| {
        let help = "leave one of them out: a run of many components refuses this entry";
        Remark::new("atmos::graph::dependency", wrong.span, wrong.problem).help(help).of(&instance.name)
    })
}

fn dependencies(instances: &[Instance]) -> Vec<Remark> {
    let nodes: Vec<graph::Instance> = instances
        .iter()
        .map(|instance| graph::Instance {
            component: instance.name.clone(),
            stack: instance.stack.clone(),
            kind: instance.kind.key().to_owned(),
            // Nobody runs what is abstract; what inherits from it has the same dependencies.
            dependencies: if instance.abstract_ {
                Vec::new()
            } else {
                graph::dependencies(&instance.sections.dependencies, &instance.sections.settings)
            },
            selected: true,
        })
        .collect();
    let remark = |fault| match fault {
        Fault::Missing { index, dependency, near } => {
            let stack = dependency.stack.as_deref().unwrap_or(&nodes[index].stack);
            let message =
                format!("it depends on `{}` in the stack `{stack}`, which there is not", dependency.component);
            let help = near.map_or_else(
                || "correct the name, or remove the dependency: a run of many components passes over it".to_owned(),
                |near| format!("did you mean `{near}`?"),
            );
            Remark::new("atmos::graph::target_not_found", dependency.span, message)
                .help(help)
                .of(&nodes[index].component)
        }
        Fault::Circle { error, span } => {
            let help = "remove one of these edges: a run of many components refuses them";
            Remark::new("atmos::graph::cycle", span, error.to_string()).help(help)
        }
    };
    graph::faults(&nodes).into_iter().map(remark).collect()
}
