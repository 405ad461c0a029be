//! A loopback object store and registry for tests: the JSON API of Google Cloud Storage (`/storage/v1`), and pulls from
//! an OCI registry (`/v2`) with its token service (`/token`).
//!
//! A process of its own on one port of 127.0.0.1. Everything comes from a folder: `gcs/<bucket>/<object>`, and
//! `oci/<name>/<tag>/<layer>`, where each layer is one file. `GET /_log` says what was asked.
//!
//! ```text
//! cargo build --example objects
//! target/debug/examples/objects --folder F --port-file P [--token T] [--login USER:PASSWORD] [--basic] [--redirect]
//! ```

mod bucket;
mod registry;
mod wire;

use std::net::TcpListener;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};

use clap::Parser;

use crate::wire::{Answer, Request};

/// What the server wants to see, and where its content is.
#[derive(Debug, Parser)]
struct Options {
    #[arg(long)]
    folder: PathBuf,
    /// The port is written here as soon as the server listens.
    #[arg(long)]
    port_file: PathBuf,
    /// Buckets want this bearer token.
    #[arg(long)]
    token: Option<String>,
    /// The registry gives its token to this `user:password` only.
    #[arg(long)]
    login: Option<String>,
    /// The registry wants the login itself, not a token.
    #[arg(long)]
    basic: bool,
    /// Layers lie in another store, which refuses the registry's token.
    #[arg(long)]
    redirect: bool,
}

struct Server {
    options: Options,
    address: String,
    log: Mutex<Vec<String>>,
}

fn main() -> ExitCode {
    match serve(Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

fn serve(options: Options) -> std::io::Result<()> {
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    let address = listener.local_addr()?;
    // Whoever reads the file must never see half of it.
    let unfinished = options.port_file.with_extension("new");
    std::fs::write(&unfinished, address.port().to_string())?;
    std::fs::rename(&unfinished, &options.port_file)?;
    let server = Arc::new(Server { options, address: address.to_string(), log: Mutex::default() });
    for mut stream in listener.incoming().flatten() {
        let server = server.clone();
        std::thread::spawn(move || {
            if let Some(request) = wire::read(&stream) {
                let answer = server.answer(&request);
                // A client that went away misses its answer.
                let _ = wire::write(&mut stream, &answer);
            }
        });
    }
    Ok(())
}

impl Server {
    fn answer(&self, request: &Request) -> Answer {
        let mut log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        if request.path == "/_log" {
            return Answer::json(200, &serde_json::json!(*log));
        }
        log.push(request.path.clone());
        drop(log);
        if let Some(path) = request.path.strip_prefix("/storage/v1/b/") {
            return bucket::answer(&self.options, request, path);
        }
        registry::answer(&self.options, &self.address, request)
    }
}
