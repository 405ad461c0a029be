//! Steps that run at once: who begins when, what becomes of their output, and what a failure means.

use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;

use super::App;
use super::child::Held;
use super::steps::{Ended, Program, Work, pause};
use crate::diag::{Report, Result};
use crate::exec::outlet::{Outlet, Stream};
use crate::exec::relay::{LogOrder, Relay};
use crate::exec::signals::Signals;
use crate::host::Env;
use crate::step::{FailMode, Kind, Outcome, Outputs, Parallel, Step};

/// A step that is ready to run.
pub(super) struct Ready {
    pub program: Program,
    pub cwd: PathBuf,
    pub env: Env,
    pub held: Held,
}

/// What runs the children: a workflow or a command.
pub(super) trait Family {
    /// Renders a child and gets its credentials; it begins right after.
    fn ready(&mut self, step: &Step) -> impl Future<Output = Result<Ready>>;
    /// Keeps what a child left for the steps that follow.
    fn keep(&mut self, step: &Step, ended: &Ended, env: &Env) -> Result<()>;
}

/// How it all ended.
#[derive(Debug, Default)]
pub(super) struct Summary {
    /// Name and status of those that failed, the first one first.
    pub failed: Vec<(String, u8)>,
    succeeded: usize,
    /// Something that they need failed.
    skipped: usize,
    /// Not begun, since enough others had failed.
    canceled: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Waiting,
    Running,
    Succeeded,
    Failed,
    Skipped,
}

type Running<'w> = (usize, Arc<Relay>, Pin<Box<dyn Future<Output = Result<Finished>> + 'w>>);

struct Finished {
    ended: Ended,
    env: Env,
}

/// Runs the children of a step.
///
/// # Errors
/// A child that cannot be rendered or started, or somebody asked for the end; those that run have ended before.
pub(super) async fn run(
    app: &App,
    step: &Step,
    how: &Parallel,
    keep: bool,
    family: &mut impl Family,
) -> Result<Summary> {
    let outlet = Arc::new(Outlet::open(app.host.terminal, &app.host.talk)?);
    let mut states = vec![State::Waiting; step.children.len()];
    let (mut summary, mut problem) = (Summary::default(), None);
    let mut running: Vec<Running<'_>> = Vec::new();
    loop {
        let stops = problem.is_some() || (how.mode == FailMode::Fast && summary.failed.len() > how.max_failures);
        while let Some(at) = next(&step.children, &mut states, stops, how.max_concurrency.unwrap_or(usize::MAX)) {
            let child = &step.children[at];
            let begun = async {
                let order = if how.output == Outputs::Prefixed { LogOrder::Stream } else { LogOrder::Grouped };
                let relay = Arc::new(Relay::new(&outlet, order, &child.name, None)?);
                Ok::<_, Report>((family.ready(child).await?, relay))
            };
            match begun.await {
                Ok((ready, relay)) => running.push((at, relay.clone(), Box::pin(work(app, child, ready, relay, keep)))),
                Err(report) => {
                    states[at] = State::Failed;
                    problem.get_or_insert(report);
                    break;
                }
            }
        }
        if running.is_empty() {
            break;
        }
        let (which, result) = first(&mut running).await;
        let (at, relay, done) = running.swap_remove(which);
        drop(done);
        let child = &step.children[at];
        states[at] = match result {
            Err(report) => {
                problem.get_or_insert(report);
                State::Failed
            }
            Ok(Finished { ended, env }) => match (family.keep(child, &ended, &env), ended.outcome.code) {
                (Err(report), _) => {
                    problem.get_or_insert(report);
                    State::Failed
                }
                (Ok(()), 0) => State::Succeeded,
                (Ok(()), code) => summary.fail(child, code),
            },
        };
        if how.output == Outputs::Grouped {
            let mark = if states[at] == State::Succeeded { '✓' } else { '✗' };
            let head = format!("{mark} {}\n", child.name);
            // Who reads no more has seen enough.
            let _ = relay.replay((Stream::Err, &head), (Stream::Err, "")).await;
        }
    }
    if let Some(report) = problem {
        return Err(report);
    }
    let count = |wanted| states.iter().filter(|state| **state == wanted).count();
    (summary.succeeded, summary.skipped, summary.canceled) =
        (count(State::Succeeded), count(State::Skipped), count(State::Waiting));
    if how.summary {
        app.host.talk.info(summary.text(&step.name));
    }
    Ok(summary)
}

/// The next step that may begin. What needs something that failed is skipped.
fn next(children: &[Step], states: &mut [State], stops: bool, most: usize) -> Option<usize> {
    // What is skipped lets others be skipped, in chains no longer than there are steps.
    for _ in 0..children.len() {
        for (child, step) in children.iter().enumerate() {
            let lost = |need: &String| matches!(state_of(children, states, need), Some(State::Failed | State::Skipped));
            if states[child] == State::Waiting && step.needs.iter().any(lost) {
                states[child] = State::Skipped;
            }
        }
    }
    let running = states.iter().filter(|state| **state == State::Running).count();
    if stops || running >= most {
        return None;
    }
    let free = |at: &usize| {
        let done = |need: &String| state_of(children, states, need) == Some(State::Succeeded);
        states[*at] == State::Waiting && children[*at].needs.iter().all(done)
    };
    let at = (0..children.len()).find(free)?;
    states[at] = State::Running;
    Some(at)
}

fn state_of(children: &[Step], states: &[State], name: &str) -> Option<State> {
    children.iter().position(|step| step.name == name).map(|at| states[at])
}

async fn work(app: &App, step: &Step, ready: Ready, relay: Arc<Relay>, keep: bool) -> Result<Finished> {
    let Ready { program, cwd, env, held } = ready;
    let ended = async {
        let mut signals = Signals::listen()?;
        if step.kind == Kind::Sleep {
            pause(&mut signals, step.timeout.unwrap_or(std::time::Duration::from_secs(1))).await?;
            return Ok(Ended::default());
        }
        let (retry, limit) = (step.retry.as_ref(), step.timeout);
        let keep = keep || retry.is_some_and(crate::step::Retry::looks_at_output);
        let (program, cwd) = (&program, cwd.as_path());
        let work =
            Work { host: &app.host, program, cwd, env: &env, retry, limit, keep, relay: Some(&relay), aside: false };
        work.run(&mut signals).await
    }
    .await;
    // It has ended: its credentials go, however it did.
    let ended = held.close_after::<_, Report>(ended).await?;
    Ok(Finished { ended, env })
}

/// The first of several that ends.
async fn first(running: &mut [Running<'_>]) -> (usize, Result<Finished>) {
    std::future::poll_fn(|context| {
        for (which, (_, _, work)) in running.iter_mut().enumerate() {
            if let Poll::Ready(result) = work.as_mut().poll(context) {
                return Poll::Ready((which, result));
            }
        }
        Poll::Pending
    })
    .await
}

impl Summary {
    fn fail(&mut self, step: &Step, code: u8) -> State {
        self.failed.push((step.name.clone(), code));
        State::Failed
    }

    /// How the first of them failed, and what ran there; nothing where that does not matter.
    pub(super) fn failure(&self, how: &Parallel) -> Option<(Outcome, String)> {
        let (_, code) = self.failed.first().filter(|_| how.mode != FailMode::BestEffort)?;
        let names: Vec<&str> = self.failed.iter().map(|(name, _)| name.as_str()).collect();
        Some((Outcome { code: *code, ..Outcome::default() }, format!("steps at once: {}", names.join(", "))))
    }

    fn text(&self, name: &str) -> String {
        let Summary { succeeded, failed, skipped, canceled } = self;
        let mark = match (failed.len() + canceled, skipped) {
            (0, 0) => '✓',
            (0, _) => '⚠',
            _ => '✗',
        };
        let failed = failed.len();
        format!(
            "{mark} [{name}] summary: {succeeded} succeeded, {failed} failed, {skipped} skipped, {canceled} canceled"
        )
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::span::Sources;
    use crate::value::from_json;

    #[test]
    fn steps_begin_when_what_they_need_is_there() {
        let steps = json!([{"type": "parallel", "steps": [
            {"name": "a", "command": "x"}, {"name": "b", "command": "x", "needs": ["a"]},
            {"name": "c", "command": "x", "needs": ["b"]}, {"name": "d", "command": "x"},
        ]}]);
        let steps = crate::step::read(&from_json(&steps), &Kind::Atmos, "w", &Sources::new()).unwrap();
        let children = &steps[0].children;
        let mut states = vec![State::Waiting; 4];
        assert_eq!(next(children, &mut states, false, 1), Some(0));
        assert_eq!(next(children, &mut states, false, 1), None);
        assert_eq!(next(children, &mut states, false, 9), Some(3));
        assert_eq!(next(children, &mut states, false, 9), None);
        let mut failed = states.clone();
        failed[0] = State::Failed;
        assert_eq!(next(children, &mut failed, false, 9), None);
        assert_eq!(failed, [State::Failed, State::Skipped, State::Skipped, State::Running]);
        states[0] = State::Succeeded;
        assert_eq!(next(children, &mut states.clone(), true, 9), None);
        assert_eq!(next(children, &mut states, false, 9), Some(1));
    }
}
