//! `!version NAME` and `.version.NAME`: locked versions of `versions.lock.yaml`.

use super::call::Context;
use super::problem::Problem;
use crate::value::Node;

/// The version of one dependency on the track of the stack.
pub(super) fn value(context: &Context<'_>, name: &str) -> Result<String, Problem> {
    if name.is_empty() {
        return Err(Problem::arguments("expected the name of a dependency"));
    }
    let track = context.versions.track(context.track);
    context.versions.version(context.host, track, name).map_err(unreadable)?.ok_or_else(|| {
        Problem::failed(
            format!("version '{name}' is not locked on the track '{track}'"),
            "lock it in `versions.lock.yaml`, or correct the name or the track",
        )
    })
}

/// All locked versions of the track, as templates see them.
///
/// # Errors
/// A lock file that cannot be read.
pub fn versions(context: &Context<'_>) -> Result<Node, Problem> {
    context.versions.all(context.host, context.versions.track(context.track)).map_err(unreadable)
}

fn unreadable(reason: String) -> Problem {
    Problem::failed(reason, "correct or remove the lock file")
}
