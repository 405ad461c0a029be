//! Loopback services of those who vouch for others, and the clouds that believe them.
//!
//! A process of its own on one port of 127.0.0.1: GitHub's service that gives tokens to jobs, an issuer of signed tokens, an
//! identity provider of SAML, an STS that checks signature, issuer, audience, subject and time as AWS does, and the services
//! of Google Cloud, of Microsoft Entra and of Atmos Pro.
//!
//! `POST /_control` turns knobs, `GET /_log` lists the requests so far, `GET /_issued` every secret that left it,
//! `POST /_mint` makes a token of the issuer with further claims, `POST /_assert` a response of SAML. Read first: [`state::Knobs`], then [`answer`].

#![expect(clippy::print_stdout, reason = "a program whose stdout is read by the test that started it")]
#![allow(clippy::unwrap_used, reason = "a panic ends the connection, and the test fails")]

mod adfs;
mod entra;
#[path = "../form.rs"]
mod form;
mod google;
mod issuer;
mod okta;
mod pro;
mod resources;
mod saml;
mod state;
mod sts;
#[path = "../wire.rs"]
mod wire;

use std::io::Write as _;
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;

use serde_json::{Value as Json, json};

use crate::state::State;
use crate::wire::{Answer, Asked};

fn main() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let state = Arc::new(State::new(format!("http://127.0.0.1:{port}")));
    println!("{port}");
    std::io::stdout().flush().unwrap();
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
    let asked = Asked::read(&mut stream)?;
    let answer = answer(state, &asked)?;
    answer.write(&mut stream)
}

/// `None`: it never answers.
fn answer(state: &State, asked: &Asked) -> Option<Answer> {
    match asked.path.as_str() {
        "/_control" => {
            let knobs = serde_json::from_slice(&asked.body).unwrap_or_else(|error| panic!("knobs: {error}"));
            *state.knobs.lock().unwrap() = knobs;
            return Some(Answer::json(200, &json!({})));
        }
        "/_log" => return Some(Answer::json(200, &Json::from(state.log.lock().unwrap().clone()))),
        "/_issued" => return Some(Answer::json(200, &Json::from(state.issued.lock().unwrap().clone()))),
        "/_mint" => {
            let claims = serde_json::from_slice(&asked.body).unwrap_or_default();
            return Some(Answer::new(200, issuer::mint(state, &claims)));
        }
        "/_assert" => {
            let wanted = serde_json::from_slice(&asked.body).unwrap_or_default();
            return Some(Answer::new(200, saml::response(state, &wanted)));
        }
        _ => {}
    }
    let knobs = state.knobs();
    if knobs.hang.as_deref() == Some(asked.path.as_str()) {
        state.note(&format!("{} (hangs)", asked.path));
        std::thread::park();
        return None;
    }
    Some(match asked.path.as_str() {
        "/github/token" | "/other/token" => issuer::job(state, asked),
        path if path.starts_with("/adfs/") => adfs::answer(state, asked),
        path if ["/api/v1/authn", "/login/", "/home/"].iter().any(|own| path.starts_with(own)) => {
            okta::answer(state, asked)
        }
        path if path.starts_with("/pro/") || path.starts_with("/github/api/") => pro::answer(state, asked),
        "/authenticate" => resources::review(state, asked),
        "/idp/app" => saml::page(state, asked),
        path if path.starts_with("/entra/") => entra::answer(state, asked),
        path if path.starts_with("/google/") || path.starts_with("/computeMetadata/") => google::answer(state, asked),
        _ => sts::answer(state, asked),
    })
}
