//! The coordinates by which stacks are told apart.

use crate::value::Node;

/// Coordinates of an instance, or those that a dependency gives.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Context {
    pub namespace: Option<String>,
    pub tenant: Option<String>,
    pub environment: Option<String>,
    pub stage: Option<String>,
}

impl Context {
    /// The variables that hold the coordinates.
    pub const KEYS: [&'static str; 4] = ["namespace", "tenant", "environment", "stage"];

    /// The coordinates in variables, or in an entry of `settings.depends_on`.
    pub fn of(node: &Node) -> Context {
        let text = |key: &str| node.get(key).and_then(Node::scalar_text).filter(|text| !text.is_empty());
        Context {
            namespace: text("namespace"),
            tenant: text("tenant"),
            environment: text("environment"),
            stage: text("stage"),
        }
    }

    /// The coordinates under their names, in the order of [`Context::KEYS`].
    pub fn named(&self) -> [(&'static str, Option<&str>); 4] {
        let values = [&self.namespace, &self.tenant, &self.environment, &self.stage];
        let mut named = Context::KEYS.map(|key| (key, None));
        for (entry, value) in named.iter_mut().zip(values) {
            entry.1 = value.as_deref();
        }
        named
    }

    pub fn is_empty(&self) -> bool {
        self.named().iter().all(|(_, value)| value.is_none())
    }
}
