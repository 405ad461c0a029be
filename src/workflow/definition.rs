//! A workflow as its file says it.

use super::Error;
use crate::diag::Remark;
use crate::span::{Sources, Span};
use crate::step::{self, Directory, Kind, Step};
use crate::value::Node;

/// Every key that a workflow may have.
pub(super) const KEYS: [&str; 10] = [
    "container",
    "dependencies",
    "description",
    "env",
    "output",
    "show",
    "stack",
    "steps",
    "viewport",
    "working_directory",
];

/// One workflow.
#[derive(Debug, Clone)]
pub struct Workflow {
    pub name: String,
    pub stack: Option<String>,
    pub working_directory: Option<Directory>,
    pub env: Vec<(String, Option<String>)>,
    pub steps: Vec<Step>,
    /// `dependencies.tools`, which has no effect yet.
    pub tools: bool,
    /// Keys that nothing reads.
    pub remarks: Vec<Remark>,
    /// Where the variables of `env` stand, in their order.
    pub env_places: Vec<Span>,
}

impl Workflow {
    /// Reads a workflow.
    ///
    /// # Errors
    /// A value of a wrong type, a key that is not built, no steps.
    pub fn read(name: &str, node: &Node, sources: &Sources) -> Result<Workflow, Error> {
        let owner = format!("the workflow `{name}`");
        if node.as_map().is_none() && !node.is_null() {
            let place = sources.place(node.span).map(|place| format!(" ({place})")).unwrap_or_default();
            return Err(Error::NoMap { name: name.to_owned(), place });
        }
        refuse(node, "container", &owner, sources)?;
        for key in ["commands", "workflows"] {
            if let Some(dependencies) = node.get("dependencies") {
                refuse(dependencies, key, &owner, sources)?;
            }
        }
        if let Some(identity) = node.get("identity").filter(|identity| !identity.is_null()) {
            // Passed over, the steps would run with whatever the shell holds.
            let place = sources.place(identity.span).map(|place| format!("{place}: ")).unwrap_or_default();
            return Err(Error::Identity { name: name.to_owned(), place });
        }
        let steps = step::read(node.get("steps").unwrap_or(&Node::default()), &Kind::Atmos, &owner, sources)?;
        if steps.is_empty() {
            return Err(Error::NoSteps { name: name.to_owned() });
        }
        let env = match node.get("env") {
            Some(env) => step::entries(env, &format!("`env` of {owner}"), sources)?,
            None => Vec::new(),
        };
        Ok(Workflow {
            name: name.to_owned(),
            stack: node.get("stack").and_then(Node::scalar_text).filter(|stack| !stack.trim().is_empty()),
            working_directory: step::directory(node.get("working_directory"), &owner, sources)?,
            env,
            steps,
            remarks: super::remarks(name, node, sources),
            env_places: node
                .get("env")
                .and_then(Node::as_map)
                .into_iter()
                .flatten()
                .map(|(_, value)| value.span)
                .collect(),
            tools: node.get_path(["dependencies", "tools"]).is_some_and(|tools| !tools.is_empty()),
        })
    }

    /// The steps from this one on, all of them without a name.
    ///
    /// # Errors
    /// [`Error::FromStep`]
    pub fn from(&self, step: Option<&str>) -> Result<&[Step], Error> {
        let Some(wanted) = step.filter(|step| !step.is_empty()) else { return Ok(&self.steps) };
        match self.steps.iter().position(|step| step.name == wanted) {
            Some(index) => Ok(&self.steps[index..]),
            None => Err(Error::from_step(wanted, &self.name, self.steps.iter().map(|step| step.name.as_str()))),
        }
    }
}

fn refuse(node: &Node, key: &str, owner: &str, sources: &Sources) -> Result<(), step::Error> {
    match node.get(key).filter(|value| !value.is_empty() && value.as_bool() != Some(false)) {
        None => Ok(()),
        Some(value) => {
            let place = sources.place(value.span).map(|place| format!("{place}: ")).unwrap_or_default();
            let help = "leave it out, or use the reference".to_owned();
            Err(step::Error::NotBuilt { what: key.to_owned(), owner: owner.to_owned(), place, help })
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::value::from_json;

    fn read(document: &Value) -> Result<Workflow, Error> {
        Workflow::read("it", &from_json(document), &Sources::new())
    }

    #[test]
    fn a_run_may_begin_at_a_step() {
        let workflow =
            read(&json!({"steps": [{"command": "a"}, {"name": "b", "command": "b"}, {"command": "c"}]})).unwrap();
        let names = |from: Option<&str>| -> Vec<String> {
            workflow.from(from).unwrap().iter().map(|step| step.name.clone()).collect()
        };
        assert_eq!(names(None), ["step1", "b", "step3"]);
        assert_eq!(names(Some("b")), ["b", "step3"]);
        let error = workflow.from(Some("step2")).unwrap_err().to_string();
        for phrase in ["invalid from-step flag", "set to step2", "Available steps", "step1", "b"] {
            assert!(error.contains(phrase), "{error}");
        }
    }

    #[test]
    fn what_is_not_built_is_refused_before_anything_runs() {
        for document in [
            json!({"container": {"image": "x"}, "steps": ["x"]}),
            json!({"dependencies": {"commands": ["x"]}, "steps": ["x"]}),
            json!({"dependencies": {"workflows": ["x"]}, "steps": ["x"]}),
        ] {
            let error = read(&document).unwrap_err().to_string();
            assert!(error.contains("is not built yet"), "{error}");
        }
        assert!(read(&json!({"dependencies": {"tools": {"x": "1"}}, "steps": ["x"]})).unwrap().tools);
        assert!(read(&json!({"container": false, "steps": ["x"]})).is_ok());
    }

    #[test]
    fn workflows_without_steps_are_errors() {
        for document in [json!({"steps": []}), json!({}), json!(null)] {
            let error = read(&document).unwrap_err().to_string();
            assert!(error.contains("workflow has no steps defined"), "{error}");
        }
        assert!(read(&json!("x")).unwrap_err().to_string().contains("is no map"));
        assert!(read(&json!({"steps": "x"})).is_err());
    }
}
