//! A loopback responder for one test: scripted answers of portal, OIDC service and STS, and a log of the requests.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// What the responder answers; changed by tests while it runs.
#[derive(Default)]
pub(super) struct Script {
    /// Answers of `/token` before success: error names.
    pub(super) token_errors: VecDeque<&'static str>,
    /// Status codes of `/federation/credentials` before success.
    pub(super) role_errors: VecDeque<u16>,
    pub(super) token_lifetime: i64,
    /// Seconds until role credentials expire.
    pub(super) role_lifetime: i64,
    /// Seconds that the clock of the services is ahead of the one here.
    pub(super) clock: i64,
    /// `METHOD path`, in order of arrival, with the query.
    pub(super) log: Vec<String>,
    /// Bodies of STS calls, with their Authorization header in front.
    pub(super) sts: Vec<String>,
    /// Requests that came as to a proxy.
    pub(super) proxied: usize,
    tokens: u32,
}

/// A host that only a proxy could know.
pub(super) const PROXIED: &str = "http://portal.invalid";

#[derive(Clone)]
pub(super) struct Server {
    pub(super) url: String,
    pub(super) script: Arc<Mutex<Script>>,
}

impl Server {
    pub(super) async fn start() -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let script = Script { token_lifetime: 28_800, role_lifetime: 3600, ..Script::default() };
        let server =
            Server { url: format!("http://{}", listener.local_addr().unwrap()), script: Arc::new(Mutex::new(script)) };
        let own = server.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let own = own.clone();
                tokio::spawn(async move { own.serve(stream).await });
            }
        });
        server
    }

    /// Number of requests whose line contains `part`.
    pub(super) fn count(&self, part: &str) -> usize {
        self.script.lock().unwrap().log.iter().filter(|line| line.contains(part)).count()
    }

    pub(super) fn total(&self) -> usize {
        self.script.lock().unwrap().log.len()
    }

    async fn serve(&self, mut stream: TcpStream) {
        let mut bytes = Vec::new();
        let (head, body) = loop {
            let mut buffer = [0; 4096];
            let read = stream.read(&mut buffer).await.unwrap_or(0);
            bytes.extend_from_slice(&buffer[..read]);
            // A TLS handshake: this server has none.
            if bytes.first() == Some(&0x16) {
                return;
            }
            let text = String::from_utf8_lossy(&bytes).into_owned();
            if let Some((head, body)) = text.split_once("\r\n\r\n") {
                let length = header(head, "content-length").and_then(|value| value.parse().ok()).unwrap_or(0);
                if body.len() >= length {
                    break (head.to_owned(), body.to_owned());
                }
            }
            if read == 0 {
                return;
            }
        };
        // Through a proxy the whole address stands in the request line.
        let line = head.lines().next().unwrap_or_default().trim_end_matches(" HTTP/1.1").replace(PROXIED, "");
        if head.contains(PROXIED) {
            self.script.lock().unwrap().proxied += 1;
        }
        let (status, name, answer) = self.answer(&line, &head, &body);
        let kind = if answer.starts_with('<') { "text/xml" } else { "application/json" };
        let error = name.map(|name| format!("x-amzn-ErrorType: {name}\r\n")).unwrap_or_default();
        let ahead = jiff::SignedDuration::from_secs(self.script.lock().unwrap().clock);
        let date = (jiff::Timestamp::now() + ahead).strftime("%a, %d %b %Y %H:%M:%S GMT");
        let reply = format!(
            "HTTP/1.1 {status} X\r\ndate: {date}\r\ncontent-type: {kind}\r\n{error}content-length: {}\r\nconnection: close\r\n\r\n{answer}",
            answer.len()
        );
        let _ = stream.write_all(reply.as_bytes()).await;
    }

    fn answer(&self, line: &str, head: &str, body: &str) -> (u16, Option<&'static str>, String) {
        let mut script = self.script.lock().unwrap();
        script.log.push(line.to_owned());
        let ok = |json: Value| (200, None, json.to_string());
        if line.starts_with("POST /client/register") {
            ok(
                json!({"clientId": "client", "clientSecret": "client-secret-1", "clientSecretExpiresAt": 4_000_000_000_i64}),
            )
        } else if line.starts_with("POST /device_authorization") {
            ok(json!({"deviceCode": "device-code-1", "userCode": "ABCD-EFGH", "expiresIn": 30, "interval": 1,
                      "verificationUri": "http://127.0.0.1/d", "verificationUriComplete": "http://127.0.0.1/d?c=1"}))
        } else if line.starts_with("POST /token") {
            if let Some(name) = script.token_errors.pop_front() {
                return (400, Some(name), json!({"error": "x", "error_description": "y"}).to_string());
            }
            script.tokens += 1;
            let number = script.tokens;
            ok(json!({"accessToken": format!("access-token-{number}"), "tokenType": "Bearer",
                      "expiresIn": script.token_lifetime, "refreshToken": format!("refresh-token-{number}")}))
        } else if line.starts_with("GET /assignment/accounts") {
            ok(if line.contains("next_token=p2") {
                json!({"accountList": [{"accountId": "222222222222", "accountName": "network"}]})
            } else {
                json!({"accountList": [{"accountId": "111111111111", "accountName": "dev"}], "nextToken": "p2"})
            })
        } else if line.starts_with("GET /federation/credentials") {
            match script.role_errors.pop_front() {
                Some(401) => return (401, Some("UnauthorizedException"), json!({"message": "no"}).to_string()),
                Some(403) => return (403, Some("ForbiddenException"), json!({"message": "No access"}).to_string()),
                Some(status) => return (status, None, "{}".to_owned()),
                None => {}
            }
            let expiration = (jiff::Timestamp::now().as_second() + script.clock + script.role_lifetime) * 1000;
            ok(json!({"roleCredentials": {"accessKeyId": "ASIABASE", "secretAccessKey": "base-secret-key",
                      "sessionToken": "base-session-token", "expiration": expiration}}))
        } else if line.starts_with("POST /logout") {
            ok(json!({}))
        } else {
            script.sts.push(format!("{}\n{body}", header(head, "authorization").unwrap_or_default()));
            (200, None, sts(body))
        }
    }
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(key, _)| key.eq_ignore_ascii_case(name))
        .map(|(_, value)| value.trim())
}

fn sts(body: &str) -> String {
    if body.contains("Action=GetCallerIdentity") {
        return "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:sts::222222222222:assumed-role/Ops/x</Arn>\
                <UserId>u</UserId><Account>222222222222</Account></GetCallerIdentityResult></GetCallerIdentityResponse>"
            .to_owned();
    }
    let expiration = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(1);
    format!(
        "<AssumeRoleResponse><AssumeRoleResult><AssumedRoleUser><AssumedRoleId>i</AssumedRoleId>\
         <Arn>arn:aws:sts::333333333333:assumed-role/Admin/s</Arn></AssumedRoleUser><Credentials>\
         <AccessKeyId>ASIAROLE</AccessKeyId><SecretAccessKey>role-secret-key</SecretAccessKey>\
         <SessionToken>role-session-token</SessionToken><Expiration>{expiration:.0}</Expiration></Credentials>\
         </AssumeRoleResult></AssumeRoleResponse>"
    )
}
