//! A loopback GitHub for tests: statuses of commits, comments on pull requests, findings, artifacts (REST and the service of the
//! runner), the storage of files behind artifacts, and Atmos Pro.
//!
//! A process of its own on one port of 127.0.0.1. It does what the documentation of the services says with what arrives,
//! and lists what was asked (`GET /_log`).
//!
//! ```text
//! cargo build --example github
//! target/debug/examples/github --port-file /run/port
//! ```

mod artifacts;
#[path = "../listen.rs"]
mod listen;
mod pro;
mod rest;
#[path = "../wire.rs"]
mod wire;

use std::collections::BTreeMap;
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use clap::Parser;
use serde_json::{Value, json};

use crate::listen::listen;
use crate::wire::{Answer, Asked};

#[derive(Parser)]
struct Options {
    /// Gets the port when it is known.
    #[arg(long)]
    port_file: PathBuf,
    /// Longest life in seconds.
    #[arg(long, default_value_t = 900)]
    exit_after: u64,
}

/// An artifact; without an id it is not finished yet.
#[derive(Clone)]
pub(crate) struct Artifact {
    pub(crate) id: Option<u64>,
    pub(crate) name: String,
    pub(crate) run: String,
    pub(crate) job: String,
    pub(crate) blob: String,
    pub(crate) expires: String,
}

/// What the services know.
#[derive(Default)]
pub(crate) struct State {
    pub(crate) port: u16,
    pub(crate) statuses: Vec<Value>,
    /// By number of the issue: id and body.
    pub(crate) comments: BTreeMap<u64, Vec<(u64, String)>>,
    pub(crate) artifacts: Vec<Artifact>,
    pub(crate) blobs: BTreeMap<String, Vec<u8>>,
    /// The runs that have ended, whose artifacts the REST service has.
    pub(crate) ended: bool,
    /// What the code scanning was sent.
    pub(crate) findings: Vec<Value>,
    /// What Atmos Pro was told.
    pub(crate) told: Vec<Value>,
    pub(crate) log: Vec<Value>,
    pub(crate) next: u64,
}

impl State {
    pub(crate) fn id(&mut self) -> u64 {
        self.next += 1;
        self.next
    }
}

fn main() -> ExitCode {
    let options = Options::parse();
    listen(&options.port_file, options.exit_after, |port| {
        let state = Arc::new(Mutex::new(State { port, next: 100, ..State::default() }));
        move |client| {
            serve(client, &state);
        }
    })
}

/// A value behind `?`.
pub(crate) fn parameter(asked: &Asked, name: &str) -> Option<String> {
    let value = asked.query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
    value.map(|value| value.replace("%2F", "/").replace("%20", " "))
}

pub(crate) fn content(asked: &Asked) -> Value {
    serde_json::from_slice(&asked.body).unwrap_or_default()
}

fn serve(mut client: TcpStream, state: &Mutex<State>) -> Option<()> {
    client.set_read_timeout(Some(Duration::from_secs(30))).ok()?;
    let asked = Asked::read(&mut client)?;
    let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
    route(&mut state, &asked).write(&mut client)
}

fn route(state: &mut State, asked: &Asked) -> Answer {
    match asked.path.as_str() {
        "/_log" => return Answer::json(200, &json!(state.log)),
        "/_state" => return Answer::json(200, &shown(state)),
        // The runs have ended.
        "/_end" => {
            state.ended = true;
            return Answer::json(200, &json!({}));
        }
        // Comments of other people.
        "/_comments" => {
            for number in 0..150 {
                let id = state.id();
                state.comments.entry(7).or_default().push((id, format!("opinion {number}")));
            }
            return Answer::json(200, &json!({}));
        }
        _ => {}
    }
    let body = String::from_utf8_lossy(&asked.body).into_owned();
    state.log.push(json!({
        "method": asked.method, "path": asked.path, "query": asked.query, "body": body,
        "authorization": asked.header("authorization"),
    }));
    if let Some(path) = asked.path.strip_prefix("/api/repos/acme/infra/") {
        rest::answer(state, asked, path)
    } else if let Some(method) =
        asked.path.strip_prefix("/results/twirp/github.actions.results.api.v1.ArtifactService/")
    {
        artifacts::answer(state, asked, method)
    } else if let Some(name) = asked.path.strip_prefix("/blob/") {
        artifacts::blob(state, asked, name)
    } else if let Some(path) = asked.path.strip_prefix("/pro/") {
        pro::answer(state, asked, path)
    } else {
        Answer::json(404, &json!({"message": "Not Found"}))
    }
}

fn shown(state: &State) -> Value {
    let comments = state.comments.values().flatten().map(|(_, body)| body.clone()).collect::<Vec<_>>();
    let artifacts = state.artifacts.iter().map(|artifact| json!({"name": artifact.name, "expires": artifact.expires}));
    json!({
        "statuses": state.statuses, "comments": comments, "artifacts": artifacts.collect::<Vec<_>>(), "told": state.told,
        "findings": state.findings,
    })
}
