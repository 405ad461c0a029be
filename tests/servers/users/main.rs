//! A loopback STS, IAM and console sign-in for tests of users with keys that last: what moto has not, or does not check.
//!
//! It knows one user with access keys, verifies every signature and its time, wants MFA codes that count once, gives out
//! sessions and roles, makes and removes keys, and gives sign-in tokens. `POST /_control` turns knobs while it runs,
//! `GET /_log` lists the calls, `GET /_issued` every secret that left it, `GET /_keys` the keys that exist.
//!
//! Read first: [`state::Memory`], then [`query::answer`].

#![expect(clippy::print_stdout, reason = "a program whose stdout is read by the test that started it")]

mod federation;
mod query;
#[path = "../identity_center/random.rs"]
#[expect(dead_code, reason = "shared with the other server, which makes more kinds of names")]
mod random;
mod signature;
mod state;
mod webflow;

use std::convert::Infallible;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser as _;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio::net::TcpListener;

use crate::state::{Memory, State};

/// No request of these protocols is longer.
const LONGEST_BODY: usize = 1 << 20;

/// A loopback STS, IAM and console sign-in for tests.
#[derive(clap::Parser, Debug)]
#[command(name = "aws-users")]
struct Options {
    /// Write the port to this file once the server listens.
    #[arg(long, value_name = "FILE")]
    port_file: PathBuf,
    /// End after so many seconds.
    #[arg(long, default_value_t = 900, value_name = "SEC")]
    exit_after: u64,
    /// End when stdin is closed.
    #[arg(long)]
    exit_with_stdin: bool,
    /// First knobs, as `POST /_control` takes them.
    #[arg(long, default_value = "{}", value_name = "JSON")]
    knobs: String,
}

fn main() -> ExitCode {
    let options = Options::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let outcome = runtime.map_err(|error| error.to_string()).and_then(|runtime| {
        let outcome = runtime.block_on(run(options));
        runtime.shutdown_background();
        outcome
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            println!("failed: {message}");
            ExitCode::FAILURE
        }
    }
}

async fn run(options: Options) -> Result<(), String> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.map_err(|error| error.to_string())?;
    let port = listener.local_addr().map_err(|error| error.to_string())?.port();
    let state = State::new(Memory::new());
    state.memory().turn(options.knobs.as_bytes())?;
    let partial = options.port_file.with_extension("partial");
    std::fs::write(&partial, format!("{port}\n"))
        .and_then(|()| std::fs::rename(&partial, &options.port_file))
        .map_err(|error| error.to_string())?;
    println!("listening on http://127.0.0.1:{port}");
    let (gone, stdin_closed) = tokio::sync::oneshot::channel::<()>();
    if options.exit_with_stdin {
        std::thread::spawn(move || {
            // Whatever arrives is dropped; an error means the same as the end.
            let _ = std::io::copy(&mut std::io::stdin().lock(), &mut std::io::sink());
            let _ = gone.send(());
        });
    } else {
        std::mem::forget(gone);
    }
    tokio::select! {
        () = accept(listener, state) => {}
        () = tokio::time::sleep(Duration::from_secs(options.exit_after)) => {}
        _ = stdin_closed => {}
    }
    Ok(())
}

async fn accept(listener: TcpListener, state: State) {
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        let state = state.clone();
        tokio::spawn(async move {
            let service = service_fn(move |request| answer(state.clone(), request));
            // A client that goes away in the middle is its own affair.
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

/// One request, read to its end.
struct Asked {
    method: String,
    path: String,
    query: String,
    headers: hyper::HeaderMap,
    body: Bytes,
}

impl Asked {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

/// Status, content type and body.
struct Reply(u16, &'static str, String);

async fn answer(state: State, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    let body = Limited::new(body, LONGEST_BODY).collect().await.map(http_body_util::Collected::to_bytes);
    let asked = Asked {
        method: head.method.to_string(),
        path: head.uri.path().to_owned(),
        query: head.uri.query().unwrap_or_default().to_owned(),
        headers: head.headers,
        body: body.unwrap_or_default(),
    };
    let Reply(status, kind, text) = match asked.path.as_str() {
        "/_control" => match state.memory().turn(&asked.body) {
            Ok(()) => Reply(200, "application/json", "{}".to_owned()),
            Err(message) => Reply(400, "text/plain", message),
        },
        "/_log" => Reply(200, "application/json", json!(state.memory().log).to_string()),
        "/_issued" => Reply(200, "application/json", json!(state.memory().issued).to_string()),
        "/_keys" => {
            let ids: Vec<String> = state.memory().keys.iter().map(|key| key.id.clone()).collect();
            Reply(200, "application/json", json!(ids).to_string())
        }
        "/v1/authorize" => return Ok(webflow::authorize(&state, &asked)),
        "/v1/token" => webflow::token(&state, &asked),
        "/federation" => federation::answer(&state, &asked),
        _ => query::answer(&state, &asked).await,
    };
    let date = state.memory().date();
    let nonce = state.memory().knobs.nonce.clone();
    let response = Response::builder().status(status).header("content-type", kind).header("date", date);
    let response = if nonce.is_empty() { response } else { response.header("dpop-nonce", nonce) };
    Ok(response.body(Full::new(Bytes::from(text))).unwrap_or_default())
}
