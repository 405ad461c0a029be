//! The live line at the bottom of a terminal while many components run.

use std::sync::{Arc, Mutex, PoisonError};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::printable::printable;
use crate::diag::Progress;

/// The line, if one is shown. Clones share it.
#[derive(Clone, Default)]
pub(super) struct Live {
    bar: Arc<Mutex<Option<ProgressBar>>>,
}

/// As many names as stand on one line.
const NAMES: usize = 4;

impl Live {
    /// Shows how far things are. Nothing is shown where standard error is no terminal.
    pub(super) fn show(&self, progress: &Progress, colour: bool) {
        let mut bar = self.bar.lock().unwrap_or_else(PoisonError::into_inner);
        let bar = bar.get_or_insert_with(|| {
            let template = if colour { "{bar:24.green/dim} {msg}" } else { "{bar:24} {msg}" };
            let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
            let total = u64::try_from(progress.total).ok();
            ProgressBar::with_draw_target(total, ProgressDrawTarget::stderr()).with_style(style)
        });
        bar.set_message(printable(&text(progress)).into_owned());
        bar.set_position(u64::try_from(progress.done).unwrap_or_default());
    }

    /// Takes the line away.
    pub(super) fn end(&self) {
        if let Some(bar) = self.bar.lock().unwrap_or_else(PoisonError::into_inner).take() {
            bar.finish_and_clear();
        }
    }

    /// Writes something while the line is away.
    pub(super) fn aside(&self, write: impl FnOnce()) {
        let bar = self.bar.lock().unwrap_or_else(PoisonError::into_inner);
        match bar.as_ref() {
            Some(bar) => bar.suspend(write),
            None => write(),
        }
    }
}

fn text(progress: &Progress) -> String {
    let failed = if progress.failed > 0 { format!(", {} failed", progress.failed) } else { String::new() };
    let shown: Vec<&str> = progress.running.iter().take(NAMES).map(String::as_str).collect();
    let running = match progress.running.len() {
        0 => String::new(),
        count if count > NAMES => format!(": {} and {} more", shown.join(", "), count - NAMES),
        _ => format!(": {}", shown.join(", ")),
    };
    format!("{}/{}{failed}{running}", progress.done, progress.total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_names_some_of_what_runs() {
        let running = ["a", "b", "c", "d", "e", "f"].map(str::to_owned).to_vec();
        let progress = Progress { done: 3, failed: 1, total: 12, running };
        assert_eq!(text(&progress), "3/12, 1 failed: a, b, c, d and 2 more");
        assert_eq!(text(&Progress { done: 1, total: 2, ..Progress::default() }), "1/2");
    }
}
