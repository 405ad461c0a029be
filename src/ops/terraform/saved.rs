//! The plans that an earlier run of many saved (`apply --all --from-plan`): all of them are looked at before the first one
//! is applied.

use super::course::planfile;
use super::single::{self, Ready};
use super::{Error, RunRequest};
use crate::component::Instance;
use crate::diag::{Report, Result};
use crate::exec::signals::Stop;
use crate::exec::terraform::planned;
use crate::ops::{App, protection};

/// What keeps a plan of many from being applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unfit {
    /// `component in stack`
    pub place: String,
    pub reason: String,
}

/// The components of a run that applies saved plans, each with what it would do.
#[derive(Debug)]
pub(super) struct Saved {
    /// `None` for one that is not enabled.
    pub(super) ready: Vec<Option<Ready>>,
    /// The plans take everything away, so that dependents come first.
    pub(super) destroys: bool,
}

/// Whether a run applies them.
pub(super) fn are_applied(request: &RunRequest) -> bool {
    request.request.many && request.request.from_plan.is_some()
}

/// Evaluates every component, those that depend on outputs of others as well, and refuses the whole run where any of the
/// plans is not there or is not of what the component is now.
///
/// # Errors
/// All plans that are unfit, protected components, plans of which only some destroy, a request to stop.
pub(super) fn look(app: &App, request: &RunRequest, instances: &[Instance]) -> Result<Saved> {
    app.begin(instances, &single::evaluation(request))?;
    let (mut ready, mut unfit) = (Vec::with_capacity(instances.len()), Vec::new());
    for instance in instances {
        let (one, reason) = match single::prepare_unprotected(app, request, instance) {
            Ok(None) => (None, None),
            Ok(Some(one)) => {
                let reason = problem(app, request, &one);
                (Some(one), reason)
            }
            // Somebody asked for the end: the others are not looked at.
            Err(report) if Stop::of_exit_code(report.exit_code()).is_some() => return Err(report),
            Err(report) => (None, Some(report.to_string())),
        };
        unfit.extend(reason.map(|reason| Unfit { place: format!("{} in {}", instance.name, instance.stack), reason }));
        ready.push(one);
    }
    if !unfit.is_empty() {
        return Err(Error::PlansUnfit { plans: unfit }.into());
    }
    let all = || ready.iter().flatten();
    let (gone, others): (Vec<&Ready>, Vec<&Ready>) =
        all().partition(|ready| planned::destroys(&ready.target, &planfile(&ready.target, request)));
    let protected = gone.iter().map(|ready| protection::protected(app, &ready.instance));
    let protected: Vec<Option<String>> = protected.collect::<Result<_, _>>()?;
    protection::refuse(protected.into_iter().flatten().collect(), &format!("terraform {}", request.request.command()))?;
    if !gone.is_empty() && !others.is_empty() {
        let names = |ready: &[&Ready]| {
            let names: Vec<String> =
                ready.iter().map(|one| format!("{} in {}", one.target.component, one.target.stack)).collect();
            names.join(", ")
        };
        return Err(Error::PlansMixed { destroying: names(&gone), others: names(&others) }.into());
    }
    let destroys = !gone.is_empty();
    Ok(Saved { ready, destroys })
}

/// Why the plan of a component is not applied.
fn problem(app: &App, request: &RunRequest, ready: &Ready) -> Option<String> {
    let target = &ready.target;
    let file = planfile(target, request);
    if !target.folder.join(&file).is_file() {
        return Some(format!("there is no saved plan (`{file}`)"));
    }
    match planned::check(&app.host, target, &file) {
        Err(crate::exec::Error::PlanOutdated { what, .. }) => Some(what),
        Err(error) => Some(error.to_string()),
        Ok(()) => None,
    }
}

/// The order of a run turned round: what came last comes first.
pub(super) fn reversed<T>(mut all: Vec<T>, before: &[Vec<usize>]) -> (Vec<T>, Vec<Vec<usize>>) {
    let last = all.len().saturating_sub(1);
    all.reverse();
    let mut turned = vec![Vec::new(); before.len()];
    for (at, earlier) in before.iter().enumerate() {
        for one in earlier {
            turned[last - *one].push(last - at);
        }
    }
    (all, turned)
}

/// What became of a plan that was fit when the run began: components before it have changed what it was made of.
pub(super) fn overtaken(request: &RunRequest, instance: &Instance, report: Report) -> Report {
    if !are_applied(request) || report.code().as_deref() != Some("atmos::exec::plan_outdated") {
        return report;
    }
    Error::PlanOvertaken { component: instance.name.clone(), stack: instance.stack.clone(), reason: report.to_string() }
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_is_turned_round_with_what_comes_before() {
        // b after a, c after a and b.
        let (order, before) = reversed(vec!["a", "b", "c"], &[vec![], vec![0], vec![0, 1]]);
        assert_eq!(order, ["c", "b", "a"]);
        assert_eq!(before, [vec![], vec![0], vec![1, 0]]);
        assert_eq!(reversed(Vec::<u8>::new(), &[]), (Vec::new(), Vec::new()));
    }
}
