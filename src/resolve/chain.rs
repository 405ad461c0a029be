//! The components that are being evaluated because one asked for the other.

use super::error::{Error, Site};
use crate::component::Instance;

/// Components that ask for each other deeper than this are refused.
const DEPTH: usize = 64;

/// One component, innermost first, and what was written to ask for it.
#[derive(Clone, Copy)]
pub(super) struct Chain<'c> {
    pub instance: &'c Instance,
    /// For example `!terraform.state vpc id`; empty for the component that the command is about.
    pub call: &'c str,
    pub above: Option<&'c Chain<'c>>,
}

/// One step of a circle: component, stack, and the call that leads there.
pub(super) type Step<'s> = (&'s str, &'s str, &'s str);

impl<'c> Chain<'c> {
    pub(super) fn new(instance: &'c Instance, above: Option<(&'c Chain<'c>, &'c str)>) -> Chain<'c> {
        let (above, call) = above.map_or((None, ""), |(above, call)| (Some(above), call));
        Chain { instance, call, above }
    }

    /// From the innermost component to that of the command.
    pub(super) fn links(&self) -> impl Iterator<Item = &Chain<'c>> {
        std::iter::successors(Some(self), |link| link.above)
    }

    pub(super) fn has(&self, component: &str, stack: &str) -> bool {
        self.links().any(|link| link.instance.name == component && link.instance.stack == stack)
    }

    /// Refuses a component that is asked for while it is being evaluated, or from too deep.
    pub(super) fn check(&self, component: &str, stack: &str, call: &str) -> Result<(), Error> {
        let is_known = self.has(component, stack);
        if !is_known && self.links().count() < DEPTH {
            return Ok(());
        }
        let end = if is_known { " (cycle detected)" } else { " (too deep)" };
        Err(self.circle(&[(component, stack, call)], end))
    }

    /// The error that prints every step from the component of the command to the last of `more`.
    pub(super) fn circle(&self, more: &[Step<'_>], end: &str) -> Error {
        let mut steps: Vec<Step<'_>> =
            self.links().map(|link| (link.instance.name.as_str(), link.instance.stack.as_str(), link.call)).collect();
        steps.reverse();
        steps.extend(more);
        let lines = steps.iter().enumerate().map(|(index, (component, stack, call))| {
            let call = if call.is_empty() { String::new() } else { format!("\n     → {call}") };
            format!("\n  {}. Component '{component}' in stack '{stack}'{call}", index + 1)
        });
        Error::Cycle { chain: lines.collect::<String>() + end, site: Site::default() }
    }
}
