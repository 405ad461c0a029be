//! Sections that a component may have and that no run honours yet: they are warned of, never passed over in silence.

use crate::component::Instance;
use crate::diag::Warning;
use crate::ops::App;

/// Warns of what makes a run only more comfortable and is not there yet.
pub(super) fn check(app: &App, instance: &Instance) {
    let tools = instance.sections.dependencies.get("tools");
    if tools.is_some_and(|node| !node.is_empty()) {
        let (name, stack) = (&instance.name, &instance.stack);
        let message = format!("`dependencies.tools` of {name} in {stack} is not built yet and has no effect");
        app.host.talk.warn(Warning::new("atmos::ops::no_effect", message));
    }
}
