//! Components that cannot begin, in a run whose others go on all the same.

use std::cell::RefCell;
use std::collections::BTreeMap;

use super::{FailureMode, Options};
use crate::diag::{Report, Result};
use crate::exec::signals::Stop;

/// Why some components of a run cannot begin, by their positions.
#[derive(Debug)]
pub(in crate::ops) struct Refused {
    goes_on: bool,
    reasons: RefCell<BTreeMap<usize, Report>>,
}

impl Refused {
    /// A dry run shows what a run would do, so that its first failure ends it.
    pub(in crate::ops) fn new(options: &Options, dry_run: bool) -> Refused {
        let goes_on = options.failure_mode == FailureMode::KeepGoing && !dry_run;
        Refused { goes_on, reasons: RefCell::default() }
    }

    /// Keeps the reason until the component's turn comes: then it has failed by it.
    ///
    /// # Errors
    /// The reason itself, where it is that of the whole run: the first failure ends it, somebody wants it to stop, or
    /// nobody can be asked.
    pub(in crate::ops) fn keep(&self, at: usize, reason: Report) -> Result<()> {
        let code = reason.code().unwrap_or_default();
        let asks = ["atmos::exec::no_tty", "atmos::terraform::concurrent_confirmation"].contains(&&*code);
        // 128 and the number of a signal, which a person sends as well who leaves a question.
        let stops = Stop::of_exit_code(reason.exit_code()).is_some();
        if !self.goes_on || asks || stops {
            return Err(reason);
        }
        self.reasons.borrow_mut().insert(at, reason);
        Ok(())
    }

    pub(in crate::ops) fn has(&self, at: usize) -> bool {
        self.reasons.borrow().contains_key(&at)
    }

    pub(super) fn take(&self, at: usize) -> Option<Report> {
        self.reasons.borrow_mut().remove(&at)
    }
}
