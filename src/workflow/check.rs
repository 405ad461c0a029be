//! What is wrong with a workflow, all of it, without a run.

use super::definition::KEYS;
use super::{Error, Workflow};
use crate::diag::Remark;
use crate::span::Sources;
use crate::step::{self, Kind, Step};
use crate::value::Node;

/// What keeps the workflow from running, as far as that can be told before.
pub fn faults(name: &str, node: &Node, sources: &Sources) -> Vec<Error> {
    let owner = format!("the workflow `{name}`");
    let steps = node.get("steps").filter(|steps| steps.as_list().is_some());
    let wrong = steps.map(|steps| step::faults(steps, &Kind::Atmos, &owner, sources)).unwrap_or_default();
    if let (Some(steps), false) = (steps, wrong.is_empty()) {
        let others = step::readable(steps, &Kind::Atmos, &owner, sources);
        let mut found: Vec<Error> = wrong.into_iter().map(Error::from).collect();
        found.extend(unusable(&others, &format!("Workflow {name}"), sources));
        return found;
    }
    match Workflow::read(name, node, sources) {
        Err(error) => vec![error],
        Ok(workflow) => unusable(&workflow.steps, &format!("Workflow {name}"), sources),
    }
}

/// Steps of kinds that nobody has, or that are not built.
fn unusable(steps: &[Step], owner: &str, sources: &Sources) -> Vec<Error> {
    let of = |step: &Step| match &step.kind {
        Kind::Unknown(_) => Some(Error::step_type(owner, step, sources)),
        Kind::NotBuilt(_) => Some(Error::from(step::Error::kind_not_built(step, owner, sources))),
        _ => None,
    };
    steps.iter().filter_map(of).collect()
}

/// The keys of a workflow and of its steps that nothing reads.
pub fn remarks(name: &str, node: &Node, sources: &Sources) -> Vec<Remark> {
    let owner = format!("the workflow `{name}`");
    let mut found = step::unknown_keys(node, &KEYS, &owner, sources);
    found.extend(node.get("steps").map(|steps| remarks_of_steps(name, steps, sources)).unwrap_or_default());
    found
}

/// The same for the steps alone.
pub fn remarks_of_steps(name: &str, steps: &Node, sources: &Sources) -> Vec<Remark> {
    step::remarks(steps, &format!("the workflow `{name}`"), sources)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use super::*;
    use crate::validate::MANIFEST_SCHEMA;
    use crate::value::from_json;

    #[test]
    fn the_published_schema_has_the_same_keys() {
        let schema: Json = serde_json::from_str(MANIFEST_SCHEMA).unwrap();
        let published = schema["$defs"]["workflow"]["properties"].as_object().unwrap();
        let mut published: Vec<&str> = published.keys().map(String::as_str).collect();
        published.sort_unstable();
        assert_eq!(published, KEYS);
    }

    #[test]
    fn every_step_is_looked_at() {
        let told = |document: &Json| -> Vec<String> {
            faults("w", &from_json(document), &Sources::new()).iter().map(ToString::to_string).collect()
        };
        let found = told(&json!({"steps": [{"comand": "x"}, "y", {"type": "input"}]}));
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found[0].contains("`command` of the step `step1`") && found[1].contains("`prompt`"), "{found:?}");
        let found = told(&json!({"steps": [{"type": "input"}, {"type": "bogus"}]}));
        assert!(found.len() == 2 && found[1].contains("step step2 uses unsupported type bogus"), "{found:?}");
        let found = told(&json!({"steps": [{"type": "parallel", "steps": [{"type": "bogus"}]}]}));
        assert!(found[0].contains("its type `bogus` is not known"), "{found:?}");
        let found = told(&json!({"steps": [{"type": "matrix", "matrix": {"n": []}, "steps": ["x"]}]}));
        assert!(found[0].contains("must be a list of values, but it is a list without anything in it"), "{found:?}");
        let found = told(&json!({"steps": [{"type": "bogus"}, {"type": "cast"}]}));
        assert!(found[0].contains("unsupported type bogus") && found[1].contains("is not built yet"), "{found:?}");
        assert!(told(&json!([1]))[0].contains("is no map") && told(&json!({}))[0].contains("no steps"));
        assert!(told(&json!({"steps": ["x"]})).is_empty());
    }
}
