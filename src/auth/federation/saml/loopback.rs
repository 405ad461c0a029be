//! Driver `loopback`: the person's own browser signs in, and the identity provider has it post the assertion to a listener on
//! 127.0.0.1, whose port it was told once.
//!
//! Anybody on this machine, and any page in the browser, can send something here. So only a form that is posted to one path
//! with our own host name counts, and what is in it is trusted by nobody who does not check its signature: AWS does, and the
//! role is exactly the one that is wanted. Read [`assertion`]. Row 5.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::super::super::error::Error as AuthError;
use super::super::super::provider::browser;
use super::super::error::Error;
use super::super::module::{Entry, Step};
use super::browser::field;
use crate::secret::Secret;

const PATH: &str = "/saml/acs";
/// A form with the longest assertion that AWS takes.
const LONGEST: usize = 512 * 1024;
/// How long one connection may take, and a person.
const PATIENCE: Duration = Duration::from_secs(30);
const PATIENCE_WITH_PERSON: Duration = Duration::from_mins(10);
/// Connections at a time; more than a browser needs.
const CONNECTIONS: usize = 32;
const HELP: &str = "the identity provider has to post to http://127.0.0.1:<spec.port>/saml/acs, and its assertion has to keep \
                    the recipient https://signin.aws.amazon.com/saml";

/// The response that the browser brings.
///
/// # Errors
/// Nobody is there to sign in (exit 2), the port is taken, or nobody comes in time.
pub(super) async fn assertion(step: &Step<'_>, url: &str, port: u16) -> Result<Secret, AuthError> {
    let context = step.context;
    if !context.may_ask() {
        let provider = step.entry.name.to_owned();
        let help = format!("run `atmos auth login --provider {provider}` in a terminal on this machine");
        return Err(AuthError::NeedsTerminal { provider, help });
    }
    let listener = TcpListener::bind(("127.0.0.1", port)).await;
    let listener =
        listener.map_err(|error| failed(&step.entry, format!("nobody can listen at port {port}: {error}")))?;
    context.host.talk.attention(format!(
        "sign in to `{}` in the window of your browser that opens now; if none does, open this address on this machine\n  {url}",
        step.entry.name
    ));
    browser::open(&context.host, url, context.options.no_browser);
    let limit = context.options.timeout.map_or(PATIENCE_WITH_PERSON, |timeout| timeout.min(PATIENCE_WITH_PERSON));
    match tokio::time::timeout(limit, wait(listener, port)).await {
        Ok(Ok(text)) => Ok(text),
        Ok(Err(error)) => Err(failed(&step.entry, format!("listener: {error}"))),
        Err(_) => Err(failed(&step.entry, format!("nobody signed in within {} s", limit.as_secs()))),
    }
}

fn failed(entry: &Entry<'_>, reason: String) -> AuthError {
    Error::Browser { who: entry.shown(), reason, help: HELP.to_owned() }.into()
}

/// The first form with a response in it. After it nobody is listened to any more.
async fn wait(listener: TcpListener, port: u16) -> std::io::Result<Secret> {
    let (sender, mut answers) = mpsc::channel(1);
    let host: Arc<str> = format!("127.0.0.1:{port}").into();
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            Some(answer) = answers.recv() => return Ok(answer),
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
            accepted = listener.accept(), if connections.len() < CONNECTIONS => {
                let (stream, _) = accepted?;
                let (sender, host) = (sender.clone(), host.clone());
                connections.spawn(async move {
                    // Who says nothing in time, or goes away, is not the browser that we wait for.
                    let _ = tokio::time::timeout(PATIENCE, serve(stream, &host, sender)).await;
                });
            }
        }
    }
}

async fn serve(mut stream: TcpStream, host: &str, sender: mpsc::Sender<Secret>) -> std::io::Result<()> {
    let Some((head, body)) = read(&mut stream).await? else { return Ok(()) };
    match understand(&head, &body, host) {
        Ok(text) => {
            respond(&mut stream, "200 OK", "Signed in", "Close this window and go back to your terminal.").await?;
            // A second one comes too late: then the channel is closed.
            let _ = sender.send(text).await;
            Ok(())
        }
        Err(status) => respond(&mut stream, status, "Not expected", "No sign-in waits for this.").await,
    }
}

/// Head and body; `None` when they do not come whole, or are too long.
async fn read(stream: &mut TcpStream) -> std::io::Result<Option<(String, String)>> {
    let mut bytes = Vec::new();
    let mut chunk = [0; 8 * 1024];
    loop {
        let end = bytes.windows(4).position(|window| window == b"\r\n\r\n");
        if let Some(end) = end {
            let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
            let length = header(&head, "content-length").and_then(|text| text.parse::<usize>().ok()).unwrap_or(0);
            if length > LONGEST {
                return Ok(None);
            }
            if bytes.len() >= end + 4 + length {
                let body = String::from_utf8_lossy(&bytes[end + 4..end + 4 + length]).into_owned();
                return Ok(Some((head, body)));
            }
        }
        let count = stream.read(&mut chunk).await?;
        if count == 0 || bytes.len() > LONGEST {
            return Ok(None);
        }
        bytes.extend_from_slice(&chunk[..count]);
    }
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let mut headers = head.split("\r\n").skip(1).filter_map(|line| line.split_once(':'));
    headers.find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
}

/// The response in a request, or the status that its sender gets.
fn understand(head: &str, body: &str, host: &str) -> Result<Secret, &'static str> {
    let mut words = head.split("\r\n").next().unwrap_or_default().split(' ');
    let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    // Another name for this address is a page that wants to look like us.
    if header(head, "host") != Some(host) {
        return Err("400 Bad Request");
    }
    if target.split('?').next() != Some(PATH) {
        return Err("404 Not Found");
    }
    if method != "POST" {
        return Err("405 Method Not Allowed");
    }
    let kind = header(head, "content-type").unwrap_or_default();
    if !kind.starts_with("application/x-www-form-urlencoded") {
        return Err("415 Unsupported Media Type");
    }
    field(body, "SAMLResponse").ok_or("400 Bad Request")
}

async fn respond(stream: &mut TcpStream, status: &str, title: &str, text: &str) -> std::io::Result<()> {
    let body =
        format!("<!doctype html>\n<title>{title} - atmos</title>\n<h1 id=\"result\">{title}</h1>\n<p>{text}</p>\n");
    let answer = format!(
        "HTTP/1.1 {status}\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {}\r\nConnection: close\r\n\
         Cache-Control: no-store\r\nReferrer-Policy: no-referrer\r\nX-Content-Type-Options: nosniff\r\n\
         Content-Security-Policy: default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(answer.as_bytes()).await?;
    stream.shutdown().await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::Expose as _;

    #[test]
    fn only_a_form_for_this_listener_counts() {
        let head = |first: &str, host: &str, kind: &str| {
            format!("{first} HTTP/1.1\r\nHost: {host}\r\nContent-Type: {kind}\r\nContent-Length: 1")
        };
        let (ours, form) = ("127.0.0.1:8765", "application/x-www-form-urlencoded; charset=UTF-8");
        let good = head("POST /saml/acs", ours, form);
        assert_eq!(understand(&good, "RelayState=x&SAMLResponse=a%2Bb", ours).unwrap().expose_secret(), "a+b");
        for (head, body, status) in [
            (head("POST /saml/acs", "localhost:8765", form), "SAMLResponse=a", "400"),
            (head("POST /other", ours, form), "SAMLResponse=a", "404"),
            (head("GET /saml/acs?SAMLResponse=a", ours, form), "", "405"),
            (head("POST /saml/acs", ours, "text/plain"), "SAMLResponse=a", "415"),
            (good.clone(), "SAMLRequest=a", "400"),
            (good, "SAMLResponse=", "400"),
        ] {
            let refused = understand(&head, body, ours).err().unwrap();
            assert!(refused.starts_with(status), "{head}: {refused}");
        }
    }
}
