//! Spacelift admin stacks, which manage the stacks of affected components.

use std::collections::HashMap;

use super::super::App;
use super::super::subject::Subject;
use super::error::Error;
use super::examine::Examiner;
use super::request::Affected;
use crate::affected::Reasons;
use crate::component::{self, Filter, Instance, Kind};
use crate::diag::Result;
use crate::graph::Context;
use crate::resolve::Options;
use crate::value::Node;

const REASON: &str = "stack.settings.spacelift.admin_stack_selector";

/// Adds the components that `settings.spacelift.admin_stack_selector` of affected ones point to.
///
/// # Errors
/// One that has no Spacelift workspace, or cannot be evaluated.
pub(super) fn add_admin_stacks(
    app: &App,
    examiner: &Examiner<'_>,
    processing: &Options,
    affected: &mut Vec<Affected>,
) -> Result<()> {
    let filter = Filter { kinds: vec![Kind::Terraform], ..Filter::default() };
    let instances = component::all(&app.host, &app.config, app.index()?, &filter)?;
    let by_place: HashMap<(&str, &str), &Instance> =
        instances.iter().map(|instance| ((instance.stack.as_str(), instance.name.as_str()), instance)).collect();
    let mut processing = processing.clone();
    processing.sections = Subject::SECTIONS.map(str::to_owned).to_vec();
    for at in 0..affected.len() {
        let subject = affected[at].subject.clone();
        let place = (subject.stack.as_str(), subject.component.as_str());
        let Some(instance) = by_place.get(&place).filter(|_| subject.component_type == "terraform") else {
            continue;
        };
        let settings = app.evaluate(instance, &processing)?.sections.settings;
        let Some(selector) = settings.get_path(["spacelift", "admin_stack_selector"]) else { continue };
        let Some(name) = selector.get("component").and_then(Node::as_str) else { continue };
        let wanted = Context::of(selector);
        for admin in instances.iter().filter(|admin| admin.name == name) {
            let evaluated = app.evaluate(admin, &processing)?;
            if !fits(&wanted, &Context::of(&evaluated.sections.vars)) {
                continue;
            }
            let enabled = evaluated.sections.settings.get_path(["spacelift", "workspace_enabled"]);
            if enabled.and_then(Node::as_bool) != Some(true) {
                let (admin, admin_stack) = (admin.name.clone(), admin.stack.clone());
                let Subject { component, stack, .. } = subject;
                return Err(Error::AdminStackDisabled { component, stack, admin, admin_stack }.into());
            }
            add(examiner, &evaluated, affected);
        }
    }
    Ok(())
}

fn add(examiner: &Examiner<'_>, evaluated: &Instance, affected: &mut Vec<Affected>) {
    let mut reasons = Reasons::default();
    reasons.add(REASON);
    let record = examiner.affected(evaluated, reasons, None);
    let is_there = |known: &&mut Affected| known.subject.key() == record.subject.key();
    match affected.iter_mut().find(is_there) {
        Some(known) => known.reasons.add(REASON),
        None => affected.push(record),
    }
}

/// Whether an instance has the coordinates that a selector gives.
fn fits(wanted: &Context, found: &Context) -> bool {
    wanted.named().into_iter().zip(found.named()).all(|((_, wanted), (_, found))| wanted.is_none() || wanted == found)
}
