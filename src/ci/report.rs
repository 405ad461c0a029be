//! What became of one component.

use super::told::Told;

/// One command on one component, ended.
#[derive(Debug, Clone, Default)]
pub struct Report {
    pub stack: String,
    pub component: String,
    /// `plan`, `apply`, `destroy`; a `deploy` is an apply.
    pub command: String,
    pub code: u8,
    /// Why it failed, where terraform itself did not say.
    pub failure: Option<String>,
    pub told: Told,
}

/// Numbers of resources.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    pub create: u64,
    pub change: u64,
    pub replace: u64,
    pub destroy: u64,
}

impl Report {
    pub fn has_errors(&self) -> bool {
        self.failure.is_some()
    }

    pub fn counts(&self) -> Counts {
        let changes = self.told.changes.unwrap_or_default();
        let replace = u64::try_from(self.told.replaced.len()).unwrap_or_default();
        Counts { create: changes.add, change: changes.change, replace, destroy: changes.destroy }
    }

    pub fn has_resource_changes(&self) -> bool {
        self.counts() != Counts::default()
    }

    pub fn has_output_changes(&self) -> bool {
        self.told.changes.is_some_and(|changes| changes.other) || !self.told.outputs.is_empty()
    }

    pub fn has_changes(&self) -> bool {
        let outputs = self.command == "plan" && self.has_output_changes();
        !self.has_errors() && (self.has_resource_changes() || outputs || self.command == "plan" && self.code == 2)
    }

    /// What failed, in blocks; nothing where nothing did.
    pub fn errors(&self) -> Vec<String> {
        match &self.failure {
            None => Vec::new(),
            Some(failure) if self.told.errors.is_empty() => vec![failure.clone()],
            Some(_) => self.told.errors.clone(),
        }
    }

    /// The result in a few words.
    pub fn result(&self) -> String {
        let Counts { create, change, replace, destroy } = self.counts();
        if self.has_errors() {
            return "Failed".to_owned();
        }
        if self.has_resource_changes() {
            let replaced = if replace > 0 { format!(" ({replace} replaced)") } else { String::new() };
            return if self.command == "plan" {
                format!("Plan: {create} to add, {change} to change, {destroy} to destroy{replaced}.")
            } else {
                format!("Resources: {create} added, {change} changed, {destroy} destroyed")
            };
        }
        let text = match (self.command.as_str(), self.has_output_changes()) {
            ("plan", true) => "Output values will change. No infrastructure changes.",
            ("plan", false) if self.told.changes.is_some() => {
                "No changes. Your infrastructure matches the configuration."
            }
            ("plan", false) if self.code == 2 => "Changes detected",
            (_, true) => "Output values are known. No infrastructure changes.",
            _ => "No changes",
        };
        text.to_owned()
    }

    /// Its name in anchors: no slash may stand there.
    pub fn target(&self) -> String {
        format!("{}-{}", self.stack, self.component.replace('/', "_"))
    }
}
