//! `retry` of a component: which failures of terraform are tried again.

use std::time::Duration;

use crate::component::Instance;
use crate::diag::Result;
use crate::exec::terraform::{Next, Retries};
use crate::ops::{App, steps};
use crate::step::{self, Retry};

/// The section, read. Without `conditions` no failure is one that passes.
pub(super) struct Attempts(Retry);

/// # Errors
/// A value of the section that cannot be used.
pub(super) fn read(app: &App, instance: &Instance) -> Result<Option<Attempts>> {
    let section = &instance.sections.retry;
    if section.is_empty() {
        return Ok(None);
    }
    let what = format!("`retry` of {} in {}", instance.name, instance.stack);
    let retry = step::retry(section, &what, &app.host.sources)?;
    Ok(retry.filter(Retry::looks_at_output).map(Attempts))
}

impl Retries for Attempts {
    fn after(&self, attempt: u32, elapsed: Duration, output: &str) -> Next {
        let Attempts(retry) = self;
        if !retry.concerns(output) {
            return Next::Stop;
        }
        if let Some(most) = retry.max_attempts.filter(|most| u64::from(attempt) >= *most) {
            return Next::Exhausted { attempts: most };
        }
        let delay = retry.delay(attempt, steps::chance());
        if retry.max_elapsed.is_some_and(|most| elapsed + delay > most) {
            return Next::Exhausted { attempts: u64::from(attempt) };
        }
        Next::Again { delay }
    }
}
