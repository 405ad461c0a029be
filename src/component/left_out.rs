//! Manifests and components that cannot be put together, where somebody wants to see the others.

use std::collections::BTreeSet;

use super::error::Error;
use crate::diag::Warning;
use crate::host::Host;
use crate::stack::glob_matches;

/// What is wrong with a manifest, or with one component of it.
#[derive(Debug)]
pub(super) struct Fault {
    /// Key of the manifest.
    pub manifest: String,
    /// None when the whole manifest is wrong.
    pub component: Option<String>,
    pub error: Error,
}

/// What becomes of components whose stack has no name because `stacks.name_template` fails for them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nameless {
    /// An error: they may be part of any stack.
    Refused,
    LeftOut,
}

/// The stacks that somebody asked for, by their names or by patterns.
#[derive(Debug, Clone, Default)]
pub struct Asked(Option<Vec<String>>);

impl Asked {
    /// Only these. Without any, stacks are but looked at: whatever is left out is no part of an answer.
    pub fn only<'n>(stacks: impl IntoIterator<Item = &'n str>) -> Asked {
        Asked(Some(stacks.into_iter().map(str::to_owned).collect()))
    }

    fn is_all(&self) -> bool {
        self.0.is_none()
    }

    fn is_nothing(&self) -> bool {
        self.0.as_ref().is_some_and(Vec::is_empty)
    }

    pub(super) fn has(&self, stack: &str) -> bool {
        let is = |asked: &String| asked == stack || glob_matches(asked, stack).unwrap_or(false);
        self.0.as_ref().is_none_or(|stacks| stacks.iter().any(is))
    }
}

/// What is there of the stacks that were asked for.
pub(super) struct Answer {
    /// Nobody asked for any.
    nothing: bool,
    /// The manifests of those that were found; none where all are asked for.
    manifests: BTreeSet<String>,
}

impl Answer {
    /// `found` are the manifests and stacks of what was found.
    pub(super) fn new<'f>(asked: &Asked, found: impl IntoIterator<Item = (&'f str, &'f str)>) -> Answer {
        let of_asked = found.into_iter().filter(|(_, stack)| !asked.is_all() && asked.has(stack));
        Answer { nothing: asked.is_nothing(), manifests: of_asked.map(|(manifest, _)| manifest.to_owned()).collect() }
    }

    /// All of what was found belongs to the one stack that was asked for.
    pub(super) fn of_one<'f>(manifests: impl IntoIterator<Item = &'f str>) -> Answer {
        Answer { nothing: false, manifests: manifests.into_iter().map(str::to_owned).collect() }
    }

    /// What it means that something of a manifest is left out. Whose stack a manifest is that cannot be read nobody knows:
    /// it is taken for another one.
    fn code(&self, manifest: &str) -> &'static str {
        let is_other = !self.manifests.is_empty() && !self.manifests.contains(manifest);
        if self.nothing || is_other { LEFT_OUT } else { INCOMPLETE }
    }
}

/// Code of the warning that what is shown is not all that was asked for: the command ends with 1.
pub const INCOMPLETE: &str = "atmos::stack::incomplete";
/// Code of the same where one stack is asked for: the others are what is left out, as far as can be told.
pub(super) const LEFT_OUT: &str = "atmos::stack::left_out";

/// Says what is left out, each manifest once, with a code that says what it means for the answer. `nothing` says that nothing else is left to be shown.
///
/// # Errors
/// The first fault, when nothing is left; the first component without a stack, unless that is left out, too.
pub(super) fn tell(
    host: &Host,
    mut faults: Vec<Fault>,
    nothing: bool,
    nameless: Nameless,
    answer: &Answer,
) -> Result<(), Error> {
    let is_nameless = |fault: &Fault| matches!(fault.error, Error::NameTemplate { .. });
    if let Some(at) = faults.iter().position(is_nameless).filter(|_| nameless == Nameless::Refused) {
        return Err(faults.swap_remove(at).error);
    }
    let mut faults = faults.into_iter().peekable();
    while let Some(fault) = faults.next() {
        if nothing {
            return Err(fault.error);
        }
        let mut more = 0_usize;
        while faults.next_if(|next| next.manifest == fault.manifest).is_some() {
            more += 1;
        }
        let others = if more == 0 { String::new() } else { format!(" (and {more} more of its components)") };
        let what = match &fault.component {
            Some(component) => format!("the component '{component}' of the manifest '{}'{others}", fault.manifest),
            None => format!("the manifest '{}'", fault.manifest),
        };
        let message = format!("{what} cannot be used and is left out: {}", fault.error);
        let help = "`atmos validate stacks` shows everything that is wrong";
        host.talk.warn(Warning::new(answer.code(&fault.manifest), message).help(help));
    }
    Ok(())
}
