//! Loopback services that keep states of terraform, for tests: Azure Blob Storage with its management and Microsoft Entra,
//! Google Cloud Storage with its buckets and tokens, an http backend, and what S3 says when it refuses.
//!
//! A process of its own on one port of 127.0.0.1. It checks signatures and tokens as the documentation of each service has
//! it, from what arrives and not from what a client meant, and lists what was asked (`GET /_log`).
//!
//! ```text
//! cargo build --example storage
//! target/debug/examples/storage --port-file /run/port --google-key public.der
//! ```

mod azure;
mod buckets;
#[path = "../form.rs"]
mod form;
mod google;
#[path = "../listen.rs"]
mod listen;
mod manage;
mod plain;
#[path = "../wire.rs"]
mod wire;

use std::net::TcpStream;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use clap::Parser;

use crate::listen::listen;
use crate::wire::{Answer, Asked};

/// The states that every service has: by workspace.
pub(crate) fn state(id: &str) -> String {
    serde_json::json!({"version": 4, "outputs": {"id": {"value": id, "type": "string"}}}).to_string()
}

#[derive(Parser)]
struct Options {
    /// Gets the port when it is known.
    #[arg(long)]
    port_file: PathBuf,
    /// Public key of the service account, as PKCS #1 in DER.
    #[arg(long)]
    google_key: Option<PathBuf>,
    /// Longest life in seconds.
    #[arg(long, default_value_t = 900)]
    exit_after: u64,
}

/// What the services know.
pub(crate) struct Services {
    pub(crate) google_key: Vec<u8>,
    pub(crate) port: u16,
    log: Mutex<Vec<String>>,
    azure: Mutex<manage::Azure>,
    google: Mutex<buckets::Buckets>,
}

fn main() -> ExitCode {
    let options = Options::parse();
    let google_key = options.google_key.map(std::fs::read).and_then(Result::ok).unwrap_or_default();
    listen(&options.port_file, options.exit_after, |port| {
        let services = Arc::new(Services {
            google_key,
            port,
            log: Mutex::default(),
            azure: Mutex::default(),
            google: Mutex::default(),
        });
        move |client| {
            serve(client, &services);
        }
    })
}

fn serve(mut client: TcpStream, services: &Services) -> Option<()> {
    client.set_read_timeout(Some(Duration::from_secs(30))).ok()?;
    let asked = Asked::read(&mut client)?;
    let answer = if asked.path == "/_log" {
        let log = services.log.lock().unwrap_or_else(PoisonError::into_inner);
        Answer::json(200, &serde_json::json!(*log))
    } else if asked.path == "/_state" {
        Answer::json(200, &state_of(services))
    } else {
        let mut log = services.log.lock().unwrap_or_else(PoisonError::into_inner);
        log.push(format!("{} {}", asked.method, asked.path));
        drop(log);
        route(services, &asked)
    };
    answer.write(&mut client)
}

/// What was made.
fn state_of(services: &Services) -> serde_json::Value {
    let azure = services.azure.lock().unwrap_or_else(PoisonError::into_inner);
    let google = services.google.lock().unwrap_or_else(PoisonError::into_inner);
    let buckets = google.0.iter().map(|(name, (bucket, _))| (name.clone(), bucket.clone()));
    let buckets: serde_json::Map<String, serde_json::Value> = buckets.collect();
    serde_json::json!({"azure": azure.resources, "google": buckets})
}

fn route(services: &Services, asked: &Asked) -> Answer {
    let path = asked.path.as_str();
    if path.starts_with("/subscriptions/") {
        let mut azure = services.azure.lock().unwrap_or_else(PoisonError::into_inner);
        return manage::answer(&mut azure, services.port, asked);
    }
    if buckets::concerns(asked) {
        return buckets::answer(&mut services.google.lock().unwrap_or_else(PoisonError::into_inner), asked);
    }
    if path.starts_with("/devstoreaccount1/") {
        azure::blob(asked)
    } else if path.ends_with("/oauth2/v2.0/token") {
        azure::login(asked)
    } else if path.starts_with("/storage/v1/b/") {
        google::object(asked)
    } else if path == "/google/token" {
        google::token(services, asked)
    } else if path.starts_with("/iam/") {
        google::impersonated(asked)
    } else {
        plain::route(asked)
    }
}
