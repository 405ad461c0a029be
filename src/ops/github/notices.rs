//! Statuses of the commit and comments on the pull request (`ci.checks`, `ci.comments`). What cannot be told is a warning.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::{Value as Json, json};

use super::client::{Call, GitHub, json, next_page, text};
use super::error::Error;
use crate::ci::{Behavior, Check, Checks, Part, Platform, Report, Settings, comment_body, mark, mark_of_many};
use crate::diag::{Report as Problem, Warning};
use crate::git::Repository;
use crate::host::Host;
use crate::ops::App;

/// How many comments are listed at once; as many as GitHub gives.
const PAGE: u32 = 100;

/// For what is said when somebody has asked for the end.
const LAST_WORDS: Duration = Duration::from_secs(3);

/// Tells GitHub what runs do.
pub(in crate::ops) struct Notices<'a> {
    app: &'a App,
    checks: Option<Checks>,
    comments: Option<Behavior>,
    command: &'static str,
    /// GitHub Actions runs us. Others are shown the statuses as lines.
    is_github: bool,
    hub: OnceLock<Option<GitHub<'a>>>,
    /// GitHub takes no statuses; it is asked once, not for each component.
    silent: AtomicBool,
}

impl<'a> Notices<'a> {
    /// `None` where nothing of the kind is switched on.
    pub(in crate::ops) fn of(app: &'a App, settings: &Settings, command: &'static str) -> Option<Notices<'a>> {
        let (checks, comments) = (settings.checks.clone(), settings.comments.clone());
        if checks.is_none() && comments.is_none() {
            return None;
        }
        let is_github = Platform::is_github(&app.host.env);
        if comments.is_some() && !is_github {
            let message = "`ci.comments` has no effect: comments can be made where GitHub Actions runs us";
            app.host.talk.warn(Warning::new("atmos::ci::comments", message));
        }
        let comments = comments.filter(|_| is_github);
        let (hub, silent) = (OnceLock::new(), AtomicBool::new(false));
        Some(Notices { app, checks, comments, command, is_github, hub, silent })
    }

    /// A run of one component begins.
    pub(in crate::ops) async fn begins(&self, component: &str, stack: &str) {
        let check = self.checks.as_ref().and_then(|checks| checks.begun(self.command, stack, component));
        self.set(check).await;
    }

    /// It was stopped.
    pub(in crate::ops) async fn stopped(&self, component: &str, stack: &str) {
        let check = self.checks.as_ref().and_then(|checks| checks.stopped(self.command, stack, component));
        // Whoever asked for the end does not wait for long.
        let _ = tokio::time::timeout(LAST_WORDS, self.set(check)).await;
    }

    /// It has ended. Comments are about plans.
    pub(in crate::ops) async fn one(&self, report: &Report, summary: &str) {
        self.set(self.checks.iter().flat_map(|checks| checks.ended(report))).await;
        if report.command == "plan" {
            self.comment(&mark("plan", &report.component, &report.stack), summary).await;
        }
    }

    /// A run of many components has ended.
    pub(in crate::ops) async fn many(&self, parts: &[Part], stack: Option<&str>, summary: &str) {
        let checks = self.checks.iter().flat_map(|checks| parts.iter().flat_map(|part| checks.ended_of_many(part)));
        self.set(checks).await;
        self.comment(&mark_of_many(self.command, stack), summary).await;
    }

    fn warn(&self, what: &str, error: Error) {
        let report = Problem::from(error);
        let message = self.app.host.masker.mask(&format!("{what}: {report}")).into_owned();
        let warning = Warning::new("atmos::ci::failed", message);
        let help = report.diagnostic().help().map(|help| help.to_string());
        self.app.host.talk.warn(help.into_iter().fold(warning, Warning::help));
    }

    /// The way to GitHub; why there is none is said once.
    fn hub(&self) -> Option<&GitHub<'a>> {
        let open = || match GitHub::of(&self.app.host, None, None) {
            Ok(hub) => Some(hub),
            Err(error) => {
                self.warn("neither statuses nor comments can be sent to GitHub", error);
                None
            }
        };
        self.hub.get_or_init(open).as_ref()
    }

    async fn set(&self, checks: impl IntoIterator<Item = Check>) {
        let mut commit = None;
        for check in checks {
            if !self.is_github {
                let Check { context, state, description } = &check;
                self.app.host.talk.info(format!("{context}: {}: {description}", state.word()));
                continue;
            }
            if self.silent.load(Ordering::Relaxed) {
                return;
            }
            let Some(hub) = self.hub() else { return };
            let commit = match &mut commit {
                Some(commit) => commit,
                none => none.insert(commit_of(&self.app.host)),
            };
            if let Err(error) = hub.set(commit, &check).await {
                self.silent.store(true, Ordering::Relaxed);
                self.warn(&format!("the status `{}` was not set, nor are further ones", check.context), error);
            }
        }
    }

    async fn comment(&self, mark: &str, text: &str) {
        let Some(behavior) = &self.comments else { return };
        let Some(number) = pull_request(&self.app.host) else {
            tracing::debug!("no comment: this run is about no pull request");
            return;
        };
        let Some(hub) = self.hub() else { return };
        let text = self.app.host.masker.mask(text);
        if let Err(error) = hub.comment(number, behavior, mark, &comment_body(mark, &text)).await {
            self.warn("there is no comment on the pull request", error);
        }
    }
}

impl GitHub<'_> {
    /// Sets a status of a commit.
    async fn set(&self, commit: &str, check: &Check) -> Result<(), Error> {
        let mut body = json!({
            "state": check.state.word(), "context": check.context, "description": check.description,
        });
        if let Some(run) = run_url(self.host) {
            body["target_url"] = Json::from(run);
        }
        let path = format!("statuses/{}", crate::host::percent_encode(commit));
        let call = Call {
            method: "POST",
            path: &path,
            body: Some(&body),
            what: "set the status of the commit",
            permission: "statuses: write",
            once: false,
        };
        self.call(&call).await.map(drop)
    }

    async fn comment(&self, number: u64, behavior: &Behavior, mark: &str, body: &str) -> Result<(), Error> {
        let there = match behavior {
            Behavior::Create => None,
            Behavior::Update | Behavior::Upsert => self.comment_with(number, mark).await?,
            Behavior::Unknown(found) => return Err(Error::Behavior { found: found.clone() }),
        };
        let (method, path) = match there {
            Some(id) => ("PATCH", format!("issues/comments/{id}")),
            None if *behavior == Behavior::Update => return Err(Error::NoComment { number }),
            None => ("POST", format!("issues/{number}/comments")),
        };
        let body = json!({ "body": body });
        let call = Call { once: there.is_none(), method, body: Some(&body), ..comments(&path, "take the comment") };
        self.call(&call).await.map(drop)
    }

    /// The first comment that has the mark.
    async fn comment_with(&self, number: u64, mark: &str) -> Result<Option<u64>, Error> {
        let what = "list the comments";
        let mut page = Some(1);
        while let Some(number_of_page) = page {
            let path = format!("issues/{number}/comments?per_page={PAGE}&page={number_of_page}");
            let response = self.call(&comments(&path, what)).await?;
            let listed = json(what, &response)?;
            let found = listed
                .as_array()
                .into_iter()
                .flatten()
                .find(|comment| comment.get("body").and_then(Json::as_str).is_some_and(|body| body.contains(mark)));
            if let Some(id) = found.and_then(|comment| comment.get("id")).and_then(Json::as_u64) {
                return Ok(Some(id));
            }
            page = next_page(&response).filter(|next| *next > number_of_page);
        }
        Ok(None)
    }
}

fn comments<'c>(path: &'c str, what: &'static str) -> Call<'c> {
    Call { method: "GET", path, body: None, what, permission: "pull-requests: write", once: false }
}

/// The run of the workflow, for people who look at a status.
fn run_url(host: &Host) -> Option<String> {
    let of = |name: &str| text(&host.env, name);
    Some(format!("{}/{}/actions/runs/{}", of("GITHUB_SERVER_URL")?, of("GITHUB_REPOSITORY")?, of("GITHUB_RUN_ID")?))
}

/// The event that the workflow runs for; nothing where it cannot be read.
fn event(host: &Host) -> Json {
    let path = text(&host.env, "GITHUB_EVENT_PATH");
    let read = path.and_then(|path| std::fs::read(host.absolute(path.as_ref())).ok());
    read.and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default()
}

/// The pull request that the run is about.
fn pull_request(host: &Host) -> Option<u64> {
    let known = crate::ci::Origin::of(&host.env).pull_request;
    known.or_else(|| event(host).pointer("/pull_request/number").and_then(Json::as_u64))
}

/// The commit whose statuses people see: the one that is checked out. Of a pull request GitHub checks out what a merge
/// would be, which nobody looks at; then it is the last commit of the pull request.
fn commit_of(host: &Host) -> String {
    if let Some(named) = text(&host.env, "ATMOS_CI_SHA") {
        return named;
    }
    let around = text(&host.env, "GITHUB_SHA").unwrap_or_default();
    let head = Repository::around(host, &host.cwd).and_then(|repository| repository.head());
    let commit = head.unwrap_or_else(|_| around.clone());
    if commit == around
        && let Some(head) = event(host).pointer("/pull_request/head/sha").and_then(Json::as_str)
    {
        return head.to_owned();
    }
    commit
}
