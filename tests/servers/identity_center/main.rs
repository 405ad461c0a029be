//! A loopback IAM Identity Center for tests: device login, authorization codes, tokens, accounts, roles and role credentials.
//!
//! A process of its own that speaks the wire protocols of AWS SSO OIDC and of the SSO portal on one port of 127.0.0.1,
//! so that a client cannot tell it from the service except by its address. It has an approve page for a person (or a
//! browser driver) at `/device`, one to which clients send the browser at `/authorize`, knobs for everything that can go wrong (flags, and `POST /_control` while it runs),
//! a log of requests (`GET /_log`) for "exactly so many calls" assertions, and a list of every secret it gave away
//! (`GET /_issued`) for a scan of what was left where.
//!
//! Read first: [`state::State`] (what it remembers), [`knobs::Knobs`] (how it can misbehave), [`serve::route`].
//!
//! ```text
//! cargo build --example identity-center
//! target/debug/examples/identity-center --auto-approve --port 8765
//! ```

#![expect(clippy::print_stdout, reason = "a program whose stdout is read by the test that started it")]

mod authorize;
mod control;
mod directory;
mod knobs;
mod oidc;
mod options;
mod page;
mod portal;
mod random;
mod serve;
mod state;
mod sts;
mod wire;

use std::process::ExitCode;
use std::time::Duration;

use clap::Parser as _;
use tokio::net::TcpListener;

use crate::options::Options;
use crate::state::State;

fn main() -> ExitCode {
    let options = Options::parse();
    let outcome = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| format!("cannot start the runtime: {error}"))
        .and_then(|runtime| {
            let outcome = runtime.block_on(run(options));
            // A connection that is still open must not keep the process alive.
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
    let listener = TcpListener::bind(("127.0.0.1", options.port))
        .await
        .map_err(|error| format!("cannot listen on port {}: {error}", options.port))?;
    let port = listener.local_addr().map_err(|error| format!("no local address: {error}"))?.port();
    let directory = directory::load(options.directory.as_deref())?;
    let state = State::new(port, directory, options.knobs(), options.sts_endpoint()?);
    if let Some(file) = &options.port_file {
        options::announce(file, port)?;
    }
    println!("listening on http://127.0.0.1:{port}");
    let end = end_of_life(&options);
    tokio::select! {
        () = serve::accept(listener, state) => Ok(()),
        () = end => Ok(()),
    }
}

/// Resolves when the time is up or, if asked for, when whoever started us has gone and closed our stdin.
async fn end_of_life(options: &Options) {
    let limit = tokio::time::sleep(Duration::from_secs(options.exit_after));
    if !options.exit_with_stdin {
        return limit.await;
    }
    let (gone, stdin_closed) = tokio::sync::oneshot::channel::<()>();
    std::thread::spawn(move || {
        // Whatever arrives is dropped; an error means the same as the end.
        let _ = std::io::copy(&mut std::io::stdin().lock(), &mut std::io::sink());
        let _ = gone.send(());
    });
    tokio::select! {
        () = limit => (),
        _ = stdin_closed => (),
    }
}
