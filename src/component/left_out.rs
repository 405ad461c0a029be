//! Manifests and components that cannot be put together, where somebody wants to see the others.

use super::error::Error;
use crate::diag::Warning;
use crate::host::Host;

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

/// Code of the warning that what is shown is not all that was asked for: the command ends with 1.
pub const INCOMPLETE: &str = "atmos::stack::incomplete";
/// Code of the same where one stack is asked for: the others are what is left out, as far as can be told.
pub(super) const LEFT_OUT: &str = "atmos::stack::left_out";

/// Says what is left out, each manifest once, with a code that says what it means. `nothing` says that nothing else is left to be shown.
///
/// # Errors
/// The first fault, when nothing is left; the first component without a stack, unless that is left out, too.
pub(super) fn tell(
    host: &Host,
    mut faults: Vec<Fault>,
    nothing: bool,
    nameless: Nameless,
    code: &'static str,
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
        host.talk.warn(Warning::new(code, message).help(help));
    }
    Ok(())
}
