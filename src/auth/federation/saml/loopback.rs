//! Driver `loopback`: the person's own browser signs in, and the identity provider has it post the assertion to a listener on
//! 127.0.0.1, whose port it was told once.
//!
//! Anybody on this machine, and any page in the browser, can send something here. So only a form that is posted to one path
//! with our own host name counts, and what is in it is trusted by nobody who does not check its signature: AWS does, and the
//! role is exactly the one that is wanted. What cannot be used ends the sign-in only where a page of the identity provider sent it.
//! Read [`assertion`]. Row 5.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use url::Url;

use super::super::super::error::Error as AuthError;
use super::super::super::provider::browser;
use super::super::error::Error;
use super::super::module::{Entry, Step};
use super::assertion::Assertion;
use super::browser::{EXECUTABLE, field};
use crate::host::Host;
use crate::secret::Secret;

const PATH: &str = "/saml/acs";
/// A form with the longest assertion that AWS takes.
const LONGEST: usize = 512 * 1024;
/// How much more is read of a form that is too long, so that its sender hears of it.
const MUCH_TOO_LONG: usize = 16 << 20;
/// How long one connection may take, and a person.
const PATIENCE: Duration = Duration::from_secs(30);
const PATIENCE_WITH_PERSON: Duration = Duration::from_mins(10);
/// Connections at a time; more than a browser needs.
const CONNECTIONS: usize = 32;

/// The response that the browser brings.
///
/// # Errors
/// Nobody is there to sign in (exit 2), the port is taken, nobody comes in time, or what comes is too long.
pub(super) async fn assertion(step: &Step<'_>, url: &str, port: u16) -> Result<Secret, AuthError> {
    let context = step.context;
    if !context.may_ask() {
        let provider = step.entry.name.to_owned();
        let login = crate::diag::hint::word(&provider);
        let help = format!("run `atmos auth login --provider {login}` in a terminal on this machine");
        return Err(AuthError::NeedsTerminal { provider, help });
    }
    let listener = TcpListener::bind(("127.0.0.1", port)).await;
    let listener = listener.map_err(|error| {
        let help = "end the program that listens there, or choose another port (`spec.port`) and let the identity provider post to it";
        failed(&step.entry, format!("nobody can listen at port {port}: {error}"), help)
    })?;
    let name = step.entry.name;
    let opened = open(step, url);
    context.host.talk.attention(if opened {
        format!("sign in to `{name}` in the window of your browser; if none opens, open this address on this machine\n  {url}")
    } else {
        format!("sign in to `{name}`: open this address in a browser of this machine\n  {url}")
    });
    let limit = context.options.timeout.map_or(PATIENCE_WITH_PERSON, |timeout| timeout.min(PATIENCE_WITH_PERSON));
    let judge = Arc::new(Judge::new(step, url, port));
    let help = format!(
        "the identity provider has to post to http://127.0.0.1:{port}{PATH}, and its assertion has to keep the recipient \
         https://signin.aws.amazon.com/saml"
    );
    match tokio::time::timeout(limit, wait(listener, &judge)).await {
        Ok(Ok(Ok(text))) => Ok(text),
        Ok(Ok(Err(reason))) => Err(failed(&step.entry, reason, &help)),
        Ok(Err(error)) => Err(failed(&step.entry, format!("listener: {error}"), &help)),
        Err(_) => {
            let refused = judge.refused().map(|reason| format!("; what came was not taken: {reason}"));
            let reason = format!("nobody signed in within {} s{}", limit.as_secs(), refused.unwrap_or_default());
            Err(failed(&step.entry, reason, &help))
        }
    }
}

/// Opens the address: with the program that the provider names, else as every page is opened.
fn open(step: &Step<'_>, url: &str) -> bool {
    let context = step.context;
    let program = step.entry.text(EXECUTABLE);
    browser::open_with(&context.host, program.as_deref(), url, context.options.no_browser)
}

fn failed(entry: &Entry<'_>, reason: String, help: &str) -> AuthError {
    Error::Browser { who: entry.shown(), reason, help: help.to_owned() }.into()
}

/// What is known of a form that may come.
struct Judge {
    /// What the browser has to call this listener.
    host: String,
    /// Where the sign-in begins: a page from there speaks for the identity provider.
    home: String,
    provider: String,
    /// This machine, and how much its clock differs from those of the services.
    machine: Host,
    skew: jiff::SignedDuration,
    /// Why a form of somebody else was not taken, last.
    refused: Mutex<Option<String>>,
}

impl Judge {
    fn new(step: &Step<'_>, url: &str, port: u16) -> Judge {
        let machine = step.context.host.clone();
        Judge {
            host: format!("127.0.0.1:{port}"),
            home: Url::parse(url).map(|url| url.origin().ascii_serialization()).unwrap_or_default(),
            provider: step.entry.name.to_owned(),
            skew: step.context.now_there().duration_since(machine.now()),
            machine,
            refused: Mutex::default(),
        }
    }

    fn refused(&self) -> Option<String> {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// A response that cannot be used ends the sign-in where the identity provider sent it.
    fn look(&self, text: Secret, origin: Option<&str>) -> Said {
        let now = self.machine.now().saturating_add(self.skew).unwrap_or(jiff::Timestamp::MAX);
        self.machine.masker.register(&text);
        // An old one that anybody may have kept is not to end the sign-in; what the identity provider sends STS judges.
        match Assertion::read(&text).map(|assertion| assertion.untimely(now)) {
            Ok(None) => Said::Good(text),
            Ok(Some(_)) if self.is_home(origin) => Said::Good(text),
            // Who asked for it reads it once more and says what is wrong.
            Err(_) if self.is_home(origin) => Said::Bad(Ok(text)),
            Ok(Some(reason)) | Err(reason) => self.pass_over(reason),
        }
    }

    fn too_long(&self, origin: Option<&str>) -> Said {
        let reason = format!("the response is longer than {} KiB", LONGEST / 1024);
        if self.is_home(origin) { Said::Bad(Err(reason)) } else { self.pass_over(reason) }
    }

    fn is_home(&self, origin: Option<&str>) -> bool {
        origin.is_some_and(|origin| origin.eq_ignore_ascii_case(&self.home))
    }

    fn pass_over(&self, reason: String) -> Said {
        let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        if refused.is_none() {
            let message = format!("`{}`: something came that is not taken ({reason}); still waiting", self.provider);
            self.machine.talk.attention(message);
        }
        *refused = Some(reason);
        Said::Nothing
    }
}

/// What became of a form.
enum Said {
    Good(Secret),
    /// It is over: what cannot be used, or why there is nothing.
    Bad(Result<Secret, String>),
    Nothing,
}

type Answer = Result<Secret, String>;

/// The first form that ends it. After it nobody is listened to any more.
async fn wait(listener: TcpListener, judge: &Arc<Judge>) -> std::io::Result<Answer> {
    let (sender, mut answers) = mpsc::channel(1);
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            Some(answer) = answers.recv() => return Ok(answer),
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
            accepted = listener.accept(), if connections.len() < CONNECTIONS => {
                let (stream, _) = accepted?;
                let (sender, judge) = (sender.clone(), judge.clone());
                connections.spawn(async move {
                    // Who says nothing in time, or goes away, is not the browser that we wait for.
                    let _ = tokio::time::timeout(PATIENCE, serve(stream, &judge, sender)).await;
                });
            }
        }
    }
}

async fn serve(mut stream: TcpStream, judge: &Judge, sender: mpsc::Sender<Answer>) -> std::io::Result<()> {
    let Some((head, body)) = read(&mut stream).await? else { return Ok(()) };
    let origin = header(&head, "origin");
    let said = match understand(&head, body.as_deref(), &judge.host) {
        Ok(Some(text)) => judge.look(text, origin),
        Ok(None) => judge.too_long(origin),
        Err(status) => return respond(&mut stream, status, "Not expected", "No sign-in waits for this.").await,
    };
    let done = "Close this window and go back to your terminal.";
    let bad = "What the identity provider sent cannot be used. Your terminal says why.";
    // A second one comes too late: then the channel is closed.
    match said {
        Said::Good(text) => {
            respond(&mut stream, "200 OK", "Signed in", done).await?;
            let _ = sender.send(Ok(text)).await;
            Ok(())
        }
        Said::Bad(answer) => {
            let responded = respond(&mut stream, "400 Bad Request", "Not signed in", bad).await;
            let _ = sender.send(answer).await;
            responded
        }
        Said::Nothing => respond(&mut stream, "400 Bad Request", "Not signed in", bad).await,
    }
}

/// Head and body; no body where it is too long. `None` when they do not come whole.
async fn read(stream: &mut TcpStream) -> std::io::Result<Option<(String, Option<String>)>> {
    let mut bytes = Vec::new();
    let mut chunk = [0; 8 * 1024];
    loop {
        let end = bytes.windows(4).position(|window| window == b"\r\n\r\n");
        if let Some(end) = end {
            let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
            let length = header(&head, "content-length").and_then(|text| text.parse::<usize>().ok()).unwrap_or(0);
            if length > LONGEST {
                let left = length.saturating_sub(bytes.len() - end - 4).min(MUCH_TOO_LONG);
                // Who sends before reading hears the answer only when all has been taken.
                tokio::io::copy(&mut stream.take(left as u64), &mut tokio::io::sink()).await?;
                return Ok(Some((head, None)));
            }
            if bytes.len() >= end + 4 + length {
                let body = String::from_utf8_lossy(&bytes[end + 4..end + 4 + length]).into_owned();
                return Ok(Some((head, Some(body))));
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

/// The response in a request, nothing where the form is too long, or the status that its sender gets.
fn understand(head: &str, body: Option<&str>, host: &str) -> Result<Option<Secret>, &'static str> {
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
    let Some(body) = body else { return Ok(None) };
    field(body, "SAMLResponse").map(Some).ok_or("400 Bad Request")
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
        let taken = understand(&good, Some("RelayState=x&SAMLResponse=a%2Bb"), ours).unwrap();
        assert_eq!(taken.unwrap().expose_secret(), "a+b");
        assert!(understand(&good, None, ours).unwrap().is_none());
        for (head, body, status) in [
            (head("POST /saml/acs", "localhost:8765", form), "SAMLResponse=a", "400"),
            (head("POST /other", ours, form), "SAMLResponse=a", "404"),
            (head("GET /saml/acs?SAMLResponse=a", ours, form), "", "405"),
            (head("POST /saml/acs", ours, "text/plain"), "SAMLResponse=a", "415"),
            (good.clone(), "SAMLRequest=a", "400"),
            (good, "SAMLResponse=", "400"),
        ] {
            let refused = understand(&head, Some(body), ours).err().unwrap();
            assert!(refused.starts_with(status), "{head}: {refused}");
        }
    }
}
