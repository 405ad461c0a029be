//! The outputs of a component as terraform prints them, for values that refer to them.

use super::output::Format;
use super::single::{Ready, Work, check, children};
use super::target::target_in;
use super::{Error, RunRequest};
use crate::component::Instance;
use crate::diag::Result;
use crate::exec::signals::Signals;
use crate::exec::terraform::Request;
use crate::ops::hooks::{Hooks, Skip};
use crate::ops::{App, provision, unbuilt};
use crate::state::{Outputs, Wish};
use crate::value::Node;

/// Prepares the component's folder where that is needed and asks terraform, as the identity of `owner`.
///
/// # Errors
/// Those of a run.
pub(in crate::ops) async fn printed_outputs(
    app: &App,
    component: &Instance,
    owner: &Instance,
    wish: &Wish,
) -> Result<Outputs> {
    let request = RunRequest {
        request: Request {
            words: vec!["output".to_owned()],
            // The values of the module do not matter for what is in the state.
            init_pass_vars: Some(false),
            ..Request::default()
        },
        identity: wish.flag.clone(),
        skip_hooks: Skip::All,
        format: Some(Format::json()),
        without_variables: true,
        ..RunRequest::default()
    };
    let makes = app.config.document.get_path(["components", "terraform", "auto_provision_workdir_for_outputs"]);
    let folder = provision::folder(app, component, makes.and_then(Node::as_bool) == Some(false))?;
    let target = target_in(app, component, &folder, &request)?;
    unbuilt::check(app, component);
    check(&target)?;
    let mut signals = Signals::listen()?;
    let access = app.access()?;
    let ready = Ready::new(owner.clone(), target, Hooks::default());
    let work = Work { request: &request, ready: &ready, need: crate::ops::reach::need(wish), relay: None };
    let finished = children(app, work, &access, &mut signals).await?;
    let outputs = Outputs::of_terraform(&finished.data, &app.host.masker);
    Ok(outputs.map_err(|reason| Error::OutputUnreadable { reason })?)
}
