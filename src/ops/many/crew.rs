//! Starts the components of a run as the schedule says, each with an output of its own, and keeps what became of them.

use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;

use jiff::Timestamp;

use super::choose::turns;
use super::schedule::{Schedule, Why};
use super::{Error, Fleet, NodeFailure, NodeResult, Options, Refused, Status};
use crate::ci::{Folded, Groups};
use crate::diag::{Progress, Report, Result};
use crate::exec::outlet::{Outlet, Stream};
use crate::exec::relay::{LogOrder, Relay};
use crate::exec::signals::{Signals, Stop};
use crate::ops::App;

/// Everything about a run but what one component does.
#[derive(Debug)]
pub(in crate::ops) struct Crew<'a> {
    pub(in crate::ops) app: &'a App,
    pub(in crate::ops) options: &'a Options,
    /// `terraform` or `helmfile`.
    pub(in crate::ops) tool: &'static str,
    /// The sub-command.
    pub(in crate::ops) command: String,
    pub(in crate::ops) members: Vec<Member>,
    pub(in crate::ops) before: Vec<Vec<usize>>,
    /// Members that fail as soon as their turn comes.
    pub(in crate::ops) refused: Refused,
    /// What standard output carries is for people: it may have sections around it.
    pub(in crate::ops) talks: bool,
    /// What the components say is kept, for who wants to read it.
    pub(in crate::ops) keeps: bool,
    /// The command is about changes.
    pub(in crate::ops) changes: bool,
}

/// One component of a run.
#[derive(Debug)]
pub(in crate::ops) struct Member {
    pub(in crate::ops) component: String,
    pub(in crate::ops) stack: String,
    /// Where it works, which only one may at a time.
    pub(in crate::ops) places: Vec<PathBuf>,
    /// Those with the same text may work in the same place at once.
    pub(in crate::ops) side_by_side: Option<String>,
    pub(in crate::ops) identity: Option<String>,
}

/// How the work on one component ended.
#[derive(Debug)]
pub(in crate::ops) struct Outcome {
    /// 0, or 2 where something changes.
    pub(in crate::ops) code: u8,
    /// Exit code 2 was asked for, so that 0 means that nothing changes.
    pub(in crate::ops) detailed: bool,
}

/// What is done with one component; its output goes the way of the relay.
pub(in crate::ops) type Work<'w> = Pin<Box<dyn Future<Output = Result<Outcome>> + 'w>>;

/// What shells say of a program that was ended by a pipe which nobody reads.
const SIGPIPE_CODE: u8 = 141;

struct Running<'w> {
    at: usize,
    relay: Arc<Relay>,
    work: Work<'w>,
}

/// Runs all of them. What went wrong is in [`Fleet::failure`], beside what became of each.
///
/// # Errors
/// Only what keeps the run from beginning.
pub(in crate::ops) async fn run<'w>(crew: &Crew<'_>, start: impl Fn(usize, Arc<Relay>) -> Work<'w>) -> Result<Fleet> {
    let host = &crew.app.host;
    let mut state = State::new(crew, Arc::new(Outlet::open(host.terminal, &host.talk)?));
    let mut signals = Signals::listen()?;
    let mut running: Vec<Running<'w>> = Vec::new();
    loop {
        if state.outlet.lost().is_some() {
            state.schedule.stop();
        }
        while let Some(at) = state.schedule.next() {
            match state.begin(at).await {
                Ok(relay) => running.push(Running { at, work: start(at, relay.clone()), relay }),
                Err(report) => state.end(at, None, Err(report)).await,
            }
        }
        if running.is_empty() {
            break;
        }
        state.show(&running);
        tokio::select! {
            biased;
            stop = signals.next() => {
                state.stop.get_or_insert(stop);
                state.schedule.stop();
            }
            (which, result) = first(&mut running) => {
                let Running { at, relay, work } = running.swap_remove(which);
                // Whatever the work held is gone before anything else begins.
                drop(work);
                state.end(at, Some(&relay), result).await;
            }
        }
    }
    host.talk.progress_end();
    Ok(state.finish())
}

/// The first of several that ends.
async fn first(running: &mut [Running<'_>]) -> (usize, Result<Outcome>) {
    std::future::poll_fn(|context| {
        for (which, one) in running.iter_mut().enumerate() {
            if let Poll::Ready(result) = one.work.as_mut().poll(context) {
                return Poll::Ready((which, result));
            }
        }
        Poll::Pending
    })
    .await
}

struct State<'c> {
    crew: &'c Crew<'c>,
    outlet: Arc<Outlet>,
    schedule: Schedule,
    results: Vec<NodeResult>,
    failures: Vec<(usize, NodeFailure, u8)>,
    stop: Option<Stop>,
    sections: Option<Groups>,
    /// Several at once, or output that is looked at before it is shown: each has an output of its own.
    apart: bool,
    order: LogOrder,
}

impl<'c> State<'c> {
    fn new(crew: &'c Crew<'c>, outlet: Arc<Outlet>) -> State<'c> {
        let options = crew.options;
        let places: Vec<Vec<PathBuf>> = crew.members.iter().map(|member| member.places.clone()).collect();
        let together = crew.members.iter().map(|member| member.side_by_side.clone());
        let results = crew.members.iter();
        let results =
            results.map(|member| NodeResult::waiting(&member.component, &member.stack, member.identity.clone()));
        let host = &crew.app.host;
        let sections = Groups::of(&host.env, &crew.app.config.document, Folded::Component).filter(|_| crew.talks);
        let order = match options.log_order {
            _ if options.hide_unchanged => LogOrder::Grouped,
            Some(order) => order,
            None if sections.is_some() => LogOrder::Grouped,
            None => LogOrder::Stream,
        };
        State {
            outlet,
            schedule: Schedule::new(
                crew.before.clone(),
                turns(&places).into_iter().zip(together).collect(),
                options.max_concurrency,
                options.failure_mode,
            ),
            results: results.collect(),
            failures: Vec::new(),
            stop: None,
            sections: sections.filter(|_| order == LogOrder::Grouped || options.max_concurrency == 1),
            apart: options.max_concurrency > 1 || options.hide_unchanged,
            order,
            crew,
        }
    }

    /// `<stack>/<component>`
    fn name(&self, at: usize) -> String {
        let member = &self.crew.members[at];
        format!("{}/{}", member.stack, member.component)
    }

    fn title(&self, at: usize) -> String {
        let member = &self.crew.members[at];
        format!("{} {} {} in {}", self.crew.tool, self.crew.command, member.component, member.stack)
    }

    async fn begin(&mut self, at: usize) -> Result<Arc<Relay>> {
        let now = Timestamp::now();
        self.results[at].started = Some(now);
        if let Some(reason) = self.crew.refused.take(at) {
            return Err(reason);
        }
        if self.apart {
            let logs = self.logs(at);
            return Ok(self.kept(Relay::new(&self.outlet, self.order, &self.name(at), Some(&logs))?));
        }
        if let Some(sections) = self.sections {
            let head = sections.begin(&self.title(at), at, now);
            // Who does not read sees no section.
            let _ = self.outlet.write(Stream::Out, head.as_bytes()).await;
        }
        Ok(self.kept(Relay::direct(&self.outlet)))
    }

    fn kept(&self, relay: Relay) -> Arc<Relay> {
        let relay = if self.crew.keeps { relay.keeping() } else { relay };
        Arc::new(if self.crew.changes { relay.watching() } else { relay })
    }

    /// The copies of the output, without the ends of their names.
    fn logs(&self, at: usize) -> PathBuf {
        let name = format!("{}__{}", self.crew.members[at].stack, self.crew.members[at].component);
        let directory = Path::new(".atmos/logs").join(self.crew.tool).join(self.crew.command.replace(' ', "-"));
        self.crew.app.config.base_path.join(directory).join(name.replace('/', "__"))
    }

    async fn end(&mut self, at: usize, relay: Option<&Arc<Relay>>, result: Result<Outcome>) {
        let now = Timestamp::now();
        let result = match result {
            Err(report) if self.is_stop(&report) => match relay.and_then(|relay| relay.ended()) {
                // It came to its end all the same.
                Some(0) => Ok(Outcome { code: 0, detailed: false }),
                _ => Err(report),
            },
            other => other,
        };
        let succeeded = result.is_ok();
        // What failed may have done less than it said.
        let changes = relay.filter(|_| succeeded).and_then(|relay| relay.changes());
        let entry = &mut self.results[at];
        entry.finished = Some(now);
        entry.changes = changes;
        entry.log_files = relay.map(|relay| relay.log_files()).unwrap_or_default();
        match result {
            Ok(outcome) => {
                entry.succeeded(outcome.code, outcome.detailed);
            }
            Err(report) => self.failed(at, relay, &report),
        }
        self.schedule.ended(at, succeeded);
        self.say_output(at, relay, now).await;
        self.say_end(at);
    }

    /// Whether somebody asked to stop; then nothing begins any more.
    fn is_stop(&mut self, report: &Report) -> bool {
        let stopped = report.code().as_deref() == Some("atmos::exec::interrupted");
        if stopped {
            self.stop.get_or_insert(Stop::of_exit_code(report.exit_code()).unwrap_or(Stop::Interrupt));
            self.schedule.stop();
        }
        stopped
    }

    /// A request to stop is nobody's failure.
    fn failed(&mut self, at: usize, relay: Option<&Arc<Relay>>, report: &Report) {
        let code = report.exit_code();
        self.results[at].failed(report);
        if self.is_stop(report) {
            return;
        }
        let output = match self.order {
            // It stands there in one piece.
            LogOrder::Grouped => String::new(),
            LogOrder::Stream => relay.map(|relay| relay.tail()).unwrap_or_default(),
        };
        let member = &self.crew.members[at];
        let failure = NodeFailure {
            tool: self.crew.tool.to_owned(),
            component: member.component.clone(),
            stack: member.stack.clone(),
            reason: report.to_string(),
            output,
            help: report.diagnostic().help().map(|help| help.to_string()),
        };
        self.failures.push((at, failure, code));
    }

    /// The whole output of one that has ended, where it was held back, and the end of its section.
    async fn say_output(&self, at: usize, relay: Option<&Arc<Relay>>, now: Timestamp) {
        let Some(relay) = relay else { return };
        let entry = &self.results[at];
        let begun = entry.started.unwrap_or(now);
        let section = self.sections.map(|sections| (sections.begin(&self.title(at), at, begun), sections.end(at, now)));
        let written = match section {
            Some((_, foot)) if !self.apart => self.outlet.write(Stream::Out, foot.as_bytes()).await,
            _ if !self.apart || self.order == LogOrder::Stream => Ok(()),
            _ if self.crew.options.hide_unchanged
                && entry.status == Status::Succeeded
                && entry.changed == Some(false) =>
            {
                Ok(())
            }
            Some((head, foot)) => relay.replay((Stream::Out, &head), (Stream::Out, &foot)).await,
            None => {
                let (name, command) = (self.name(at), &self.crew.command);
                let head = format!("[{name}] {command} output {}\n", entry.status.name());
                let foot = format!("[{name}] end {command} output\n");
                relay.replay((Stream::Err, &head), (Stream::Err, &foot)).await
            }
        };
        if let Err(error) = written {
            tracing::debug!(%error, "nobody reads the output");
        }
    }

    /// One line for each that has ended, where several run at once.
    fn say_end(&self, at: usize) {
        if self.crew.options.max_concurrency == 1 {
            return;
        }
        let entry = &self.results[at];
        let (talk, title) = (&self.crew.app.host.talk, self.title(at));
        let count = format!("[{}/{}]", self.schedule.done(), self.results.len());
        let seconds = std::time::Duration::from_millis(
            entry.milliseconds().and_then(|time| u64::try_from(time).ok()).unwrap_or_default(),
        );
        let time = format!("{:.1} s", seconds.as_secs_f64());
        match (entry.status, &entry.changes) {
            (Status::Succeeded, Some(changes)) => talk.success(format!("{count} {title}: {changes} ({time})")),
            (Status::Succeeded, None) => talk.success(format!("{count} {title} ({time})")),
            _ => talk.info(format!("✗ {count} {title}: {} ({time})", entry.error.as_deref().unwrap_or("failed"))),
        }
    }

    fn show(&self, running: &[Running<'_>]) {
        let terminal = self.crew.app.host.terminal;
        if self.crew.options.max_concurrency == 1 || !terminal.stderr || terminal.ci {
            return;
        }
        let mut names: Vec<(usize, String)> = running.iter().map(|one| (one.at, self.name(one.at))).collect();
        names.sort();
        self.crew.app.host.talk.progress(Progress {
            done: self.schedule.done(),
            failed: self.schedule.failed(),
            total: self.results.len(),
            running: names.into_iter().map(|(_, name)| name).collect(),
        });
    }

    fn finish(mut self) -> Fleet {
        let place = |at: usize| {
            let member = &self.crew.members[at];
            format!("{} in {}", member.component, member.stack)
        };
        let mut skipped = Vec::new();
        for at in 0..self.results.len() {
            let Some(why) = self.schedule.skipped(at) else { continue };
            self.results[at].error = Some(match why {
                Why::Prerequisite(before) => format!("skipped: {} did not succeed", place(before)),
                Why::EarlierFailure => "skipped after an earlier failure".to_owned(),
                Why::Stopped => "skipped: the run was stopped".to_owned(),
            });
            skipped.push(place(at));
        }
        self.failures.sort_by_key(|(at, _, _)| *at);
        // 2 means changes, which a failure is not.
        let code = self.failures.first().map_or(1, |(_, _, code)| if *code == 2 { 1 } else { *code });
        let failures: Vec<_> = self.failures.into_iter().map(|(_, failure, _)| failure).collect();
        let failure = match self.stop {
            Some(stop) => Some(crate::exec::Error::Interrupted { stop }.into()),
            None if failures.is_empty() => {
                self.outlet.lost().map(|error| crate::exec::Error::unwritten(error, SIGPIPE_CODE).into())
            }
            None => Some(Error::Failed { failures, skipped, code }.into()),
        };
        let command = format!("{} {}", self.crew.tool, self.crew.command);
        Fleet { results: self.results, failure, command, changes: self.crew.changes }
    }
}
