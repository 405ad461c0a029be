//! A loopback address that gives out the credentials of one identity, in the form that SDKs know from containers. It lives
//! as long as its child does.
//!
//! Whoever knows the token may ask; it is as long as a key and compared without saying how far it was right. SDKs come back
//! when less than five minutes are left, so what is given out has more than that if the service gives it. Row 5.

use std::net::{Ipv4Addr, TcpListener as StdListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde::Serialize;
use sha2::{Digest as _, Sha256};
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::timeout;
use zeroize::Zeroizing;

use super::{Error, Source};
use crate::auth::creds::AwsCredentials;
use crate::auth::delivery::seconds;
use crate::auth::given::Credentials;
use crate::auth::store::seal::random;
use crate::diag::{Talk, Warning};
use crate::host::request_head;
use crate::secret::{Expose as _, Secret};
use crate::value::hex;

/// A client sends its request at once, and reads its answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// Connections at once.
const MOST: usize = 128;

/// A listening endpoint; it is gone with the value.
#[derive(Debug)]
pub(super) struct Endpoint {
    url: String,
    token: Secret,
    task: JoinHandle<()>,
}

struct Service {
    identity: String,
    path: String,
    /// Of what the header has to be.
    digest: [u8; 32],
    source: Source,
    talk: Talk,
    /// Somebody came with a wrong token, and that was said.
    told: AtomicBool,
}

impl Endpoint {
    /// Listens at a free port. Needs a running event loop.
    pub(super) fn start(identity: String, source: Source, talk: Talk) -> Result<Endpoint, Error> {
        let failed = |error| Error::Endpoint { cause: error };
        let listener = StdListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(failed)?;
        listener.set_nonblocking(true).map_err(failed)?;
        let port = listener.local_addr().map_err(failed)?.port();
        let listener = TcpListener::from_std(listener).map_err(failed)?;
        let token = Zeroizing::new(hex(&Zeroizing::new(random::<32>()?)[..]));
        let path = format!("/{}", hex(&random::<8>()?));
        let service = Service {
            identity,
            path: path.clone(),
            digest: Sha256::digest(token.as_bytes()).into(),
            source,
            talk,
            told: AtomicBool::new(false),
        };
        Ok(Endpoint {
            url: format!("http://127.0.0.1:{port}{path}"),
            token: Secret::from(token.as_str().to_owned()),
            task: tokio::spawn(serve(listener, Arc::new(service))),
        })
    }

    pub(super) fn url(&self) -> &str {
        &self.url
    }

    pub(super) fn token(&self) -> &Secret {
        &self.token
    }
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        // Connections live inside this task and end with it.
        self.task.abort();
    }
}

async fn serve(listener: TcpListener, service: Arc<Service>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept(), if connections.len() < MOST => match accepted {
                Ok((stream, _)) => {
                    let service = service.clone();
                    connections.spawn(async move { service.answer(stream).await });
                }
                // Out of descriptors, most likely: give others time to close theirs.
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

/// Status line and body of an answer.
type Reply = (&'static str, Zeroizing<String>);

impl Service {
    async fn answer(&self, mut stream: TcpStream) {
        let (status, body) = match timeout(PATIENCE, request_head(&mut stream)).await {
            Ok(Some(head)) => self.reply(&head).await,
            _ => refusal("400 Bad Request", "the request was not understood"),
        };
        let length = body.len();
        let start = format!(
            "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\nCache-Control: no-store\r\n\
             Connection: close\r\n\r\n"
        );
        // A client that went away has nothing left to be told.
        let _ = timeout(PATIENCE, async {
            let _ = stream.write_all(start.as_bytes()).await;
            let _ = stream.write_all(body.as_bytes()).await;
            let _ = stream.shutdown().await;
        })
        .await;
    }

    async fn reply(&self, head: &str) -> Reply {
        let mut lines = head.split("\r\n");
        let mut first = lines.next().unwrap_or_default().split(' ');
        let (method, target) = (first.next().unwrap_or_default(), first.next().unwrap_or_default());
        let given = lines.find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.trim().eq_ignore_ascii_case("authorization").then(|| value.trim())
        });
        // Before anything else is said: who has no token learns nothing.
        if !given.is_some_and(|given| self.is_token(given)) {
            self.warn(given.is_some());
            return refusal("401 Unauthorized", "the authorization token is not the one of this run");
        }
        if method != "GET" {
            return refusal("405 Method Not Allowed", "only GET is answered here");
        }
        if target != self.path {
            return refusal("404 Not Found", "there is nothing at this path");
        }
        match (self.source)(self.identity.clone()).await {
            Ok(Credentials::Aws(credentials)) => ("200 OK", document(&credentials)),
            Ok(Credentials::Environment(_)) => refusal("503 Service Unavailable", "these are no credentials of AWS"),
            Err(reason) => refusal("503 Service Unavailable", &reason),
        }
    }

    /// Compares digests, so that the time it takes says nothing of the token.
    fn is_token(&self, given: &str) -> bool {
        let digest: [u8; 32] = Sha256::digest(given.as_bytes()).into();
        digest.iter().zip(&self.digest).fold(0, |differing, (left, right)| differing | (left ^ right)) == 0
    }

    fn warn(&self, wrong: bool) {
        if self.told.swap(true, Ordering::Relaxed) {
            return;
        }
        let how = if wrong { "a wrong" } else { "no" };
        let message =
            format!("somebody asked for the credentials of `{}` with {how} token and got none", self.identity);
        self.talk.warn(Warning::new("atmos::auth::run::wrong_token", message));
    }
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Document<'a> {
    access_key_id: &'a str,
    secret_access_key: &'a str,
    token: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    expiration: Option<String>,
}

fn document(credentials: &AwsCredentials) -> Zeroizing<String> {
    let document = Document {
        access_key_id: &credentials.access_key_id,
        secret_access_key: credentials.secret_access_key.expose_secret(),
        token: credentials.session_token.as_ref().map(Secret::expose_secret).unwrap_or_default(),
        expiration: credentials.expiration.map(seconds),
    };
    // Room enough that the text never moves and leaves a copy behind.
    let mut text = Zeroizing::new(Vec::with_capacity(64 * 1024));
    let written = serde_json::to_writer(&mut *text, &document);
    debug_assert!(written.is_ok(), "strings always serialise into memory");
    Zeroizing::new(String::from_utf8_lossy(&text).into_owned())
}

fn refusal(status: &'static str, message: &str) -> Reply {
    (status, Zeroizing::new(serde_json::json!({ "message": message }).to_string()))
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::sync::Mutex;

    use super::*;

    fn source() -> Source {
        Arc::new(|identity: String| {
            Box::pin(async move {
                if identity != "me" {
                    return Err("nobody".to_owned());
                }
                Ok(Credentials::Aws(AwsCredentials {
                    access_key_id: "ASIAEXAMPLE".to_owned(),
                    secret_access_key: Secret::from("se\"cret".to_owned()),
                    session_token: Some(Secret::from("token".to_owned())),
                    expiration: Some("2026-11-26T13:00:00Z".parse().unwrap()),
                    issued: jiff::Timestamp::UNIX_EPOCH,
                    region: None,
                }))
            })
        })
    }

    fn ask(url: &str, method: &str, path: Option<&str>, token: Option<&str>) -> String {
        let (address, own) = url.strip_prefix("http://").unwrap().split_once('/').unwrap();
        let own = format!("/{own}");
        let header = token.map(|token| format!("Authorization: {token}\r\n")).unwrap_or_default();
        let mut stream = std::net::TcpStream::connect(address).unwrap();
        let request = format!("{method} {} HTTP/1.1\r\nHost: {address}\r\n{header}\r\n", path.unwrap_or(&own));
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn credentials_are_given_to_who_has_the_token_and_to_nobody_else() {
        let heard = Arc::new(Mutex::new(0));
        let sink = heard.clone();
        let talk = Talk::new(move |_| *sink.lock().unwrap() += 1);
        let endpoint = Endpoint::start("me".to_owned(), source(), talk).unwrap();
        let (url, token) = (endpoint.url().to_owned(), endpoint.token().expose_secret().to_owned());
        assert_eq!(token.len(), 64, "256 bits");
        let (one, two) = (url.clone(), token.clone());
        let answers = tokio::task::spawn_blocking(move || {
            let wrong = format!("{}{}", &two[..63], if two.ends_with('0') { "1" } else { "0" });
            [
                ask(&one, "GET", None, Some(&two)),
                ask(&one, "GET", None, Some(&wrong)),
                ask(&one, "GET", None, None),
                ask(&one, "POST", None, Some(&two)),
                ask(&one, "GET", Some("/x"), Some(&two)),
                ask(&one, "GET", None, Some("")),
            ]
        })
        .await
        .unwrap();
        assert!(answers[0].starts_with("HTTP/1.1 200"), "{}", answers[0]);
        assert!(answers[0].ends_with(
            r#"{"AccessKeyId":"ASIAEXAMPLE","SecretAccessKey":"se\"cret","Token":"token","Expiration":"2026-11-26T13:00:00Z"}"#
        ));
        for (index, status) in [(1, "401"), (2, "401"), (3, "405"), (4, "404"), (5, "401")] {
            assert!(answers[index].starts_with(&format!("HTTP/1.1 {status}")), "{index}: {}", answers[index]);
            assert!(!answers[index].contains("ASIA"), "{}", answers[index]);
        }
        assert_eq!(*heard.lock().unwrap(), 1, "a wrong token is said once");
        let address = url.strip_prefix("http://").unwrap().split('/').next().unwrap().to_owned();
        drop(endpoint);
        let gone = tokio::task::spawn_blocking(move || {
            (0..200).any(|_| {
                std::thread::sleep(Duration::from_millis(5));
                std::net::TcpStream::connect(&address).is_err()
            })
        });
        assert!(gone.await.unwrap(), "the endpoint is gone with its value");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn what_cannot_be_given_is_said_and_two_endpoints_have_nothing_in_common() {
        let one = Endpoint::start("other".to_owned(), source(), Talk::silent()).unwrap();
        let two = Endpoint::start("me".to_owned(), source(), Talk::silent()).unwrap();
        let (url, own, foreign) =
            (one.url().to_owned(), one.token().expose_secret().to_owned(), two.token().expose_secret().to_owned());
        let (failed, refused) = tokio::task::spawn_blocking(move || {
            (ask(&url, "GET", None, Some(&own)), ask(&url, "GET", None, Some(&foreign)))
        })
        .await
        .unwrap();
        assert!(failed.starts_with("HTTP/1.1 503") && failed.contains("nobody"), "{failed}");
        assert!(refused.starts_with("HTTP/1.1 401"), "{refused}");
    }
}
