//! Loopback services of three clouds for tests of stores: Azure (tokens, Key Vault), Google (tokens, Secret Manager),
//! Artifactory; and files for data sources over http.
//!
//! A process of its own on one port of 127.0.0.1 that speaks the documented protocols: tokens are given for the grants that
//! the services document, and a service answers only who brings one. What it holds is a JSON file:
//!
//! ```text
//! {"azure": {NAME: TEXT}, "google": {"projects/P/secrets/S": TEXT}, "artifactory": {"REPO/PATH": TEXT},
//!  "data": {"/path": {"type": MEDIA_TYPE, "body": TEXT, "needs": ["header", "value"]}}}
//! ```
//!
//! Secrets called `together-N-…` are answered when N of them are asked for at the same time, else after a while with an error.
//! `GET /_log` lists the requests so far.

#![expect(clippy::print_stdout, reason = "a program whose stdout is read by the test that started it")]
#![allow(clippy::unwrap_used, reason = "a panic ends the connection, and the test fails")]
#![allow(clippy::disallowed_methods, reason = "a program of the tests reads its own arguments")]

mod services;

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};

use serde_json::{Value as Json, json};

use crate::services::{Answer, Asked, answer};

/// What the process holds and saw.
pub(crate) struct State {
    pub(crate) values: Json,
    /// DER of the key by which assertions of service accounts are checked.
    pub(crate) google_key: Vec<u8>,
    log: Mutex<Vec<Json>>,
    /// How many requests wait for each other.
    pub(crate) together: (Mutex<usize>, Condvar),
}

fn main() {
    let mut words = std::env::args().skip(1);
    let values = std::fs::read_to_string(words.next().unwrap()).unwrap();
    let google_key = words.next().map(|path| std::fs::read(path).unwrap()).unwrap_or_default();
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    println!("{}", listener.local_addr().unwrap().port());
    std::io::stdout().flush().unwrap();
    let values = serde_json::from_str(&values).unwrap();
    let state = Arc::new(State { values, google_key, log: Mutex::default(), together: Default::default() });
    // Who started us has gone when our standard input ends.
    std::thread::spawn(|| {
        let _ = std::io::copy(&mut std::io::stdin().lock(), &mut std::io::sink());
        std::process::exit(0);
    });
    for stream in listener.incoming().flatten() {
        let state = state.clone();
        std::thread::spawn(move || serve(&state, stream));
    }
}

fn serve(state: &State, mut stream: TcpStream) -> Option<()> {
    let asked = read(&mut stream)?;
    let answer = if asked.path == "/_log" {
        Answer::json(200, &Json::from(state.log.lock().unwrap().clone()))
    } else {
        let entry = json!({
            "method": asked.method, "path": asked.path, "authorization": asked.header("authorization"),
        });
        state.log.lock().unwrap().push(entry);
        answer(state, &asked)
    };
    let head: Vec<String> = answer.headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let head = head.concat();
    let length = answer.body.len();
    write!(stream, "HTTP/1.1 {} X\r\n{head}content-length: {length}\r\nconnection: close\r\n\r\n", answer.status)
        .ok()?;
    stream.write_all(answer.body.as_bytes()).ok()
}

fn read(stream: &mut TcpStream) -> Option<Asked> {
    let mut bytes = Vec::new();
    let mut chunk = [0; 4096];
    let end = loop {
        if let Some(at) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break at + 4;
        }
        match stream.read(&mut chunk).ok()? {
            0 => return None,
            count => bytes.extend_from_slice(&chunk[..count]),
        }
    };
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let mut lines = head.lines();
    let mut first = lines.next()?.split(' ');
    let (method, target) = (first.next()?.to_owned(), first.next()?.to_owned());
    let headers = lines.filter_map(|line| line.split_once(':'));
    let headers = headers.map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned())).collect();
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let (path, query) = (path.to_owned(), query.to_owned());
    let mut asked = Asked { method, path, query, headers, body: String::new() };
    let length = asked.header("content-length").and_then(|text| text.parse::<usize>().ok()).unwrap_or(0);
    let mut body = bytes.split_off(end);
    while body.len() < length {
        match stream.read(&mut chunk).ok()? {
            0 => return None,
            count => body.extend_from_slice(&chunk[..count]),
        }
    }
    asked.body = String::from_utf8_lossy(&body).into_owned();
    Some(asked)
}
