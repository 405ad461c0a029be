//! Edges against their direction: which instances depend on one.

use super::{Context, Dependency};

/// What others may depend on.
#[derive(Debug, Clone, Copy)]
pub struct Target<'a> {
    pub component: &'a str,
    pub stack: &'a str,
    pub context: &'a Context,
}

/// Whether an instance in `stack` with the coordinates `own` and this prerequisite depends on the target.
///
/// An entry of `dependencies.components` names a stack or means its own. An entry of `settings.depends_on` may give
/// coordinates instead; those that it does not give are the instance's own.
pub fn depends_on(dependency: &Dependency, (stack, own): (&str, &Context), target: Target<'_>) -> bool {
    if dependency.component != target.component {
        return false;
    }
    let Some(given) = &dependency.context else {
        return dependency.stack.as_deref().unwrap_or(stack) == target.stack;
    };
    let in_stack = match &dependency.stack {
        Some(named) => named == target.stack,
        None => !given.is_empty() || stack == target.stack,
    };
    let coordinates = given.named().into_iter().zip(own.named()).zip(target.context.named());
    in_stack && coordinates.into_iter().all(|(((_, given), (_, own)), (_, target))| given.or(own) == target)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::dependencies;
    use crate::value::{Node, from_json};

    fn context(text: &str) -> Context {
        let (tenant, stage) = text.split_once('-').unwrap();
        Context { tenant: Some(tenant.to_owned()), stage: Some(stage.to_owned()), ..Context::default() }
    }

    /// Whether a component of the stack `t-dev` with this section depends on `vpc` of the target's stack.
    fn depends(sections: &serde_json::Value, target: &str) -> bool {
        let node = |key: &str| sections.get(key).map_or_else(Node::default, from_json);
        let (own, there) = (context("t-dev"), context(target));
        let target = Target { component: "vpc", stack: target, context: &there };
        dependencies(&node("dependencies"), &node("settings"))
            .iter()
            .any(|dependency| depends_on(dependency, ("t-dev", &own), target))
    }

    #[test]
    fn stacks_and_coordinates_lead_to_the_target() {
        use serde_json::json;
        let modern = |entry: serde_json::Value| json!({"dependencies": {"components": [entry]}});
        let older = |entry: serde_json::Value| json!({"settings": {"depends_on": {"1": entry}}});
        for (sections, found) in [
            (modern(json!({"name": "vpc"})), ["t-dev"].as_slice()),
            (modern(json!({"component": "vpc", "stack": "t-prod"})), &["t-prod"]),
            (modern(json!({"name": "vpc", "stage": "prod"})), &["t-dev"]),
            (modern(json!({"name": "other"})), &[]),
            (older(json!({"component": "vpc"})), &["t-dev"]),
            (older(json!({"component": "vpc", "stage": "prod"})), &["t-prod"]),
            (older(json!({"component": "vpc", "tenant": "u", "stage": "prod"})), &["u-prod"]),
            (older(json!({"component": "vpc", "stack": "t-dev"})), &["t-dev"]),
            // A stack does not say what its coordinates are: those that are not given are the own ones.
            (older(json!({"component": "vpc", "stack": "t-prod"})), &[]),
            (older(json!({"component": "vpc", "stack": "t-prod", "stage": "prod"})), &["t-prod"]),
        ] {
            let hits: Vec<&str> =
                ["t-dev", "t-prod", "u-dev", "u-prod"].into_iter().filter(|stack| depends(&sections, stack)).collect();
            assert_eq!(hits, found, "{sections}");
        }
    }
}
