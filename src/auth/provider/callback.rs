//! Where the browser comes back to after a sign-in: a listener on 127.0.0.1 that waits for one answer and shows one page.
//!
//! Anybody on this machine, and any page in the browser, can send something here. So only `GET` on one path with our own
//! host name and the secret state of this sign-in counts; everything else gets an error page and changes nothing. Read
//! [`Callback::wait`]. Row 5.

use std::sync::Arc;
use std::time::Duration;

use sha2::{Digest, Sha256};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::host::percent_decode;
use crate::secret::{Expose, Secret};

/// Where the browser is sent back to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    /// The name of this machine, as the service knows it.
    host: &'static str,
    path: &'static str,
    /// What stands behind the port in the address that the service is told.
    shown: &'static str,
}

impl Place {
    /// What RFC 8252 wants, for services that take any port.
    pub(crate) const ADDRESS: Place = Place { host: "127.0.0.1", path: "/oauth/callback", shown: "/oauth/callback" };
    /// For services that let the port vary at this name only, and know no path.
    pub(crate) const LOCALHOST: Place = Place { host: "localhost", path: "/", shown: "" };
}

/// A request line and headers of a browser are far shorter.
const LONGEST_HEAD: usize = 32 * 1024;
/// How long a connection may take to say what it wants: browsers open some that they never use.
const PATIENCE: Duration = Duration::from_secs(30);
/// Connections at a time; more than a browser needs.
const CONNECTIONS: usize = 32;

/// A listener for one sign-in.
#[derive(Debug)]
pub(crate) struct Callback {
    listener: TcpListener,
    /// What the name of this machine may stand for as well.
    other: Option<TcpListener>,
    place: Place,
    port: u16,
    state: Secret,
}

/// What the service said through the browser.
pub(crate) enum Answer {
    Code(Secret),
    /// Its error, with its description.
    Refused(String),
}

/// The browser, which waits for its page.
pub(crate) struct Visitor {
    stream: TcpStream,
}

/// What the page of the browser says.
pub(crate) enum Page<'a> {
    SignedIn {
        provider: &'a str,
    },
    Failed {
        reason: &'a str,
    },
    /// For whoever is not expected.
    Unexpected,
}

impl Callback {
    /// Listens on a free port of 127.0.0.1. `state` is what the answer has to carry.
    pub(crate) async fn listen(state: Secret) -> std::io::Result<Callback> {
        Callback::listen_at(Place::ADDRESS, state).await
    }

    /// The same for another place.
    pub(crate) async fn listen_at(place: Place, state: Secret) -> std::io::Result<Callback> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let port = listener.local_addr()?.port();
        // A machine without it has a browser that does without.
        let other = if place == Place::LOCALHOST { TcpListener::bind(("::1", port)).await.ok() } else { None };
        Ok(Callback { listener, other, place, port, state })
    }

    /// The address as it is registered: the port is free to vary (RFC 8252, section 7.3).
    pub(crate) const REGISTERED: &'static str = "http://127.0.0.1/oauth/callback";

    pub(crate) fn address(&self) -> String {
        format!("http://{}:{}{}", self.place.host, self.port, self.place.shown)
    }

    /// The first answer with the right state. After it nobody is listened to any more.
    pub(crate) async fn wait(self) -> std::io::Result<(Answer, Visitor)> {
        let (sender, mut answers) = mpsc::channel(1);
        let host = format!("{}:{}", self.place.host, self.port);
        let expected = Arc::new(Expected { host, path: self.place.path, state: self.state });
        let other = async || match &self.other {
            Some(listener) => listener.accept().await,
            None => std::future::pending().await,
        };
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                Some(answer) = answers.recv() => return Ok(answer),
                Some(_) = connections.join_next(), if !connections.is_empty() => {}
                accepted = async { tokio::select! { one = self.listener.accept() => one, one = other() => one } },
                    if connections.len() < CONNECTIONS =>
                {
                    let (stream, _) = accepted?;
                    let (sender, expected) = (sender.clone(), expected.clone());
                    connections.spawn(async move {
                        // Who says nothing in time, or goes away, is not the browser that we wait for.
                        let _ = tokio::time::timeout(PATIENCE, serve(stream, &expected, sender)).await;
                    });
                }
            }
        }
    }
}

struct Expected {
    host: String,
    path: &'static str,
    state: Secret,
}

async fn serve(
    mut stream: TcpStream,
    expected: &Expected,
    sender: mpsc::Sender<(Answer, Visitor)>,
) -> std::io::Result<()> {
    let Some(head) = read_head(&mut stream).await? else { return Ok(()) };
    match understand(&head, expected) {
        Ok(answer) => {
            // A second answer comes too late: then the channel is closed.
            let _ = sender.send((answer, Visitor { stream })).await;
            Ok(())
        }
        Err(status) => respond(&mut stream, status, &Page::Unexpected).await,
    }
}

/// Everything up to the empty line; `None` when it does not come.
async fn read_head(stream: &mut TcpStream) -> std::io::Result<Option<String>> {
    let mut head = Vec::new();
    let mut chunk = [0; 2048];
    loop {
        let count = stream.read(&mut chunk).await?;
        if count == 0 || head.len() > LONGEST_HEAD {
            return Ok(None);
        }
        head.extend_from_slice(&chunk[..count]);
        if head.windows(4).any(|window| window == b"\r\n\r\n") {
            return Ok(String::from_utf8(head).ok());
        }
    }
}

/// The answer in a request, or the status that its sender gets.
fn understand(head: &str, expected: &Expected) -> Result<Answer, &'static str> {
    let mut lines = head.split("\r\n");
    let mut words = lines.next().unwrap_or_default().split(' ');
    let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let host = lines.filter_map(|line| line.split_once(':')).find(|(name, _)| name.eq_ignore_ascii_case("host"));
    // Another name for this address is a page that wants to look like us.
    if host.is_none_or(|(_, value)| value.trim() != expected.host) {
        return Err("400 Bad Request");
    }
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    if path != expected.path {
        return Err("404 Not Found");
    }
    if method != "GET" {
        return Err("405 Method Not Allowed");
    }
    let value = |wanted: &str| {
        let pair = query.split('&').filter_map(|pair| pair.split_once('=')).find(|(name, _)| *name == wanted)?;
        String::from_utf8(percent_decode(&pair.1.replace('+', " "))).ok()
    };
    // Of digests, so that the time says nothing about the state.
    let digest = |text: &str| Sha256::digest(text.as_bytes());
    let state = value("state").unwrap_or_default();
    if digest(&state) != digest(expected.state.expose_secret()) {
        return Err("400 Bad Request");
    }
    match (value("code"), value("error")) {
        (_, Some(error)) => {
            let description = value("error_description").map(|text| format!(": {text}")).unwrap_or_default();
            Ok(Answer::Refused(super::grant::plain(&format!("{error}{description}"))))
        }
        (Some(code), None) if !code.is_empty() => Ok(Answer::Code(Secret::from(code))),
        _ => Err("400 Bad Request"),
    }
}

impl Visitor {
    /// Shows the page. That it cannot be shown changes nothing.
    pub(crate) async fn tell(mut self, page: &Page<'_>) {
        let status = if matches!(page, Page::SignedIn { .. }) { "200 OK" } else { "400 Bad Request" };
        let _ = tokio::time::timeout(PATIENCE, respond(&mut self.stream, status, page)).await;
    }
}

async fn respond(stream: &mut TcpStream, status: &str, page: &Page<'_>) -> std::io::Result<()> {
    let body = html(page);
    let answer = format!(
        "HTTP/1.1 {status}\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {}\r\nConnection: close\r\n\
         Cache-Control: no-store\r\nReferrer-Policy: no-referrer\r\nX-Content-Type-Options: nosniff\r\n\
         Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; \
         frame-ancestors 'none'\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(answer.as_bytes()).await?;
    stream.shutdown().await
}

fn html(page: &Page<'_>) -> String {
    let (class, title, text) = match page {
        Page::SignedIn { provider } => {
            ("good", "Signed in", format!("You are signed in to <b>{}</b>.", escape(provider)))
        }
        Page::Failed { reason } => ("bad", "Sign-in failed", format!("{}.", escape(reason))),
        Page::Unexpected => (
            "bad",
            "Not expected",
            "No sign-in waits for this. Begin again with <code>atmos auth login</code>.".to_owned(),
        ),
    };
    let rest = match page {
        Page::SignedIn { .. } => "Close this window and go back to your terminal.",
        Page::Failed { .. } | Page::Unexpected => "Your terminal says what to do next.",
    };
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{title} - atmos</title>\n\
         <style>\n:root {{ color-scheme: light dark; }}\n\
         body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 32rem; margin: 18vh auto; padding: 0 1.5rem; }}\n\
         h1 {{ font-size: 1.5rem; padding-left: .75rem; border-left: .35rem solid; }}\n\
         .good h1 {{ border-color: #1b7f4b; }}\n.bad h1 {{ border-color: #b3261e; }}\n</style>\n</head>\n\
         <body class=\"{class}\">\n<h1 id=\"result\">{title}</h1>\n<p>{text}</p>\n<p>{rest}</p>\n</body>\n</html>\n"
    )
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}

#[cfg(test)]
#[path = "callback_tests.rs"]
mod tests;
