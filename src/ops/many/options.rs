//! What is asked of a run of many components, beside what is asked of each.

use super::{FailureMode, Selectors};
use crate::exec::relay::LogOrder;
use crate::graph::Depth;
use crate::ops::affected::BaseRequest;

/// How many components run, and which.
#[derive(Debug, Clone)]
pub struct Options {
    /// `--all`.
    pub all: bool,
    pub affected: Option<Affected>,
    pub selectors: Selectors,
    /// `--include-dependents`.
    pub dependents: Option<Depth>,
    /// `--include-dependencies`.
    pub dependencies: Option<Depth>,
    /// So many at once, at least one.
    pub max_concurrency: usize,
    pub failure_mode: FailureMode,
    /// `None` where nobody asked: groups where a CI system folds them, lines elsewhere.
    pub log_order: Option<LogOrder>,
    /// `--hide no-changes`.
    pub hide_unchanged: bool,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            all: false,
            affected: None,
            selectors: Selectors::default(),
            dependents: None,
            dependencies: None,
            max_concurrency: 1,
            failure_mode: FailureMode::default(),
            log_order: None,
            hide_unchanged: false,
        }
    }
}

/// `--affected`: the components that differ from another commit.
#[derive(Debug, Clone, Default)]
pub struct Affected {
    pub base: BaseRequest,
    pub include_uncommitted: bool,
    pub exclude_locked: bool,
}

impl Options {
    /// The first flag that chooses among many components.
    pub(in crate::ops) fn flag(&self) -> Option<&'static str> {
        let given = [(self.all, "--all"), (self.affected.is_some(), "--affected")];
        given.into_iter().find_map(|(is_given, flag)| is_given.then_some(flag)).or(self.selectors.flag())
    }

    /// The first flag that makes a selection larger.
    pub(in crate::ops) fn closure(&self) -> Option<&'static str> {
        let given = [
            (self.dependents.is_some(), "--include-dependents"),
            (self.dependencies.is_some(), "--include-dependencies"),
        ];
        given.into_iter().find_map(|(is_given, flag)| is_given.then_some(flag))
    }

    /// The flag that makes a selection smaller.
    pub(in crate::ops) fn narrowing(&self) -> Option<&'static str> {
        (!self.selectors.exclude.is_empty()).then_some("--exclude")
    }

    /// The flag that contradicts `--affected`.
    pub(in crate::ops) fn beside_affected(&self) -> Option<&'static str> {
        self.affected.as_ref()?;
        let given = [
            (self.all, "--all"),
            (!self.selectors.components.is_empty(), "--components"),
            (self.selectors.query.is_some(), "--query"),
        ];
        given.into_iter().find_map(|(is_given, flag)| is_given.then_some(flag))
    }
}
