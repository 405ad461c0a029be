//! An outside for tests: what components have as outputs, by name, and a list of everything that was asked.

use std::sync::{Arc, Mutex};

use crate::component::Instance;
use crate::secret::Masker;
use crate::state::{self, AwsFact, Failure, Outputs, Reach, Wish};

/// `unp` has no state, `denied` may not be read, every other component has the same outputs.
#[derive(Debug, Default)]
pub(super) struct Stated {
    asked: Mutex<Vec<String>>,
}

impl Stated {
    /// What was asked, sorted.
    pub(super) fn asked(&self) -> Vec<String> {
        let mut asked = self.asked.lock().unwrap().clone();
        asked.sort();
        asked
    }

    fn outputs(&self, how: &str, component: &Instance, owner: &Instance) -> Result<Arc<Outputs>, Failure> {
        let line = format!("{how} {} in {} as {}", component.name, component.stack, owner.name);
        self.asked.lock().unwrap().push(line);
        match component.name.as_str() {
            "unp" => Err(Failure::NotProvisioned),
            "denied" => Err(Failure::from(state::Error::Denied {
                place: "the state s3://b/k".to_owned(),
                answer: "AccessDenied".to_owned(),
                help: "grant it".to_owned(),
            })),
            name => {
                let text = format!(
                    r#"{{"version": 4, "outputs": {{"id": {{"value": "{name}-1"}}, "list": {{"value": [1, "x"]}},
                    "fn": {{"value": "!env AMBIENT"}}, "tpl": {{"value": "{{{{ .vars.stage }}}}"}},
                    "map": {{"value": {{"a": {{"b": ["one", "two"]}}}}}}}}}}"#
                );
                Ok(Arc::new(Outputs::of_state(text.as_bytes(), &Masker::default()).unwrap().unwrap()))
            }
        }
    }
}

impl Reach for Stated {
    fn state(&self, component: &Instance, owner: &Instance, _: &Wish) -> Result<Arc<Outputs>, Failure> {
        self.outputs("state", component, owner)
    }

    fn terraform(&self, component: &Instance, owner: &Instance, _: &Wish, _: &str) -> Result<Arc<Outputs>, Failure> {
        self.outputs("terraform", component, owner)
    }

    fn aws(&self, fact: AwsFact, owner: &Instance, _: &Wish) -> Result<String, Failure> {
        self.asked.lock().unwrap().push(format!("{fact:?} as {}", owner.name));
        Ok(format!("{fact:?} of {}", owner.name))
    }
}
