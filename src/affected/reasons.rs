//! The reasons for one component, in their order.

use super::checks::{Checks, section_differs};
use crate::value::Map;

/// Why a component is affected; the first reason is the one that stands for all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reasons {
    pub all: Vec<String>,
    /// The first file that the component depends on and that changed.
    pub file: Option<String>,
    /// The first folder of this kind.
    pub folder: Option<String>,
}

impl Reasons {
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    pub fn add(&mut self, reason: &str) {
        if !self.all.iter().any(|known| known == reason) {
            self.all.push(reason.to_owned());
        }
    }

    /// What differs between the sections of a component. `paths` are the reasons that its own files give; they stand
    /// behind its metadata and before everything else.
    pub fn of(checks: &Checks, head: &Map, base: Option<&Map>, paths: &[&str]) -> Reasons {
        let mut reasons = Reasons::default();
        if section_differs("metadata", head, base) {
            reasons.add("stack.metadata");
        }
        for reason in paths {
            reasons.add(reason);
        }
        for reason in checks.compare(head, base) {
            reasons.add(&reason);
        }
        if section_differs("settings", head, base) {
            reasons.add("stack.settings");
        }
        reasons
    }
}
