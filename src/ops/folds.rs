//! Parts of our own output that the CI system folds. Row 12.

use jiff::Timestamp;

use super::App;
use crate::ci::{Folded, Groups};
use crate::diag::Talk;
use crate::exec::terraform::Folds;

/// A part that is open; it ends with the value.
#[derive(Debug)]
pub(super) struct Fold {
    talk: Talk,
    groups: Groups,
    name: i64,
    errors: bool,
}

impl Drop for Fold {
    fn drop(&mut self) {
        self.talk.output(self.errors, self.groups.end(self.name, Timestamp::now()).as_bytes());
    }
}

/// Begins a part, where one is wanted. `errors`: what it says goes to standard error.
pub(super) fn fold(app: &App, part: Folded, title: &str, errors: bool) -> Option<Fold> {
    let host = &app.host;
    let groups = Groups::of(&host.env, &app.config.document, part)?;
    let now = Timestamp::now();
    let name = now.as_microsecond();
    let title = host.masker.mask(title);
    host.talk.output(errors, groups.begin(&title, name, now).as_bytes());
    Some(Fold { talk: host.talk.clone(), groups, name, errors })
}

/// The calls of terraform for a single component, each of which is a part.
#[derive(Debug)]
pub(super) struct Phases<'a> {
    pub app: &'a App,
    /// What standard output carries is for people.
    pub talks: bool,
}

impl Folds for Phases<'_> {
    fn fold(&self, title: &str, errors: bool) -> Option<Box<dyn Send>> {
        let wanted = self.talks || errors;
        let fold = wanted.then(|| fold(self.app, Folded::Phase, title, errors)).flatten()?;
        Some(Box::new(fold))
    }
}
