//! Something else than AWS answers: a proxy, the page of a network that wants a sign-in. Nobody's credentials are at fault.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use crate::support::Cloud;

/// Somebody on the way to a service: what he answers to everything, if he does not pass it on.
struct Between {
    url: String,
    answer: Arc<Mutex<Option<String>>>,
}

impl Between {
    fn new(service: &str) -> Between {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let answer: Arc<Mutex<Option<String>>> = Arc::default();
        let (said, service) = (answer.clone(), service.trim_start_matches("http://").to_owned());
        std::thread::spawn(move || {
            for mut client in listener.incoming().flatten() {
                let request = read(&mut client);
                let own = said.lock().unwrap().clone().map(String::into_bytes);
                let _ = client.write_all(&own.unwrap_or_else(|| passed_on(&service, &request)));
            }
        });
        Between { url, answer }
    }

    fn answers(&self, status: &str, headers: &str, body: &str) {
        let length = body.len();
        *self.answer.lock().unwrap() =
            Some(format!("HTTP/1.1 {status}\r\n{headers}content-length: {length}\r\nconnection: close\r\n\r\n{body}"));
    }
}

/// A request with its body.
fn read(client: &mut TcpStream) -> Vec<u8> {
    let mut seen = Vec::new();
    let mut chunk = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&seen).to_ascii_lowercase();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
            if length.is_none_or(|length| body.len() >= length.trim().parse().unwrap()) {
                return seen;
            }
        }
        match client.read(&mut chunk) {
            Ok(count) if count > 0 => seen.extend_from_slice(&chunk[..count]),
            _ => return seen,
        }
    }
}

fn passed_on(service: &str, request: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(request).replacen("\r\n", "\r\nconnection: close\r\n", 1);
    let mut stream = TcpStream::connect(service).unwrap();
    stream.write_all(text.as_bytes()).unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).replacen("\r\n", "\r\nconnection: close\r\n", 1).into_bytes()
}

const HTML: &str = "content-type: text/html\r\n";
const PAGE: &str = "<!DOCTYPE html><html><body>Please sign in to this network</body></html>";

#[test]
fn a_page_is_no_refusal_of_credentials() {
    let cloud = Cloud::start(&[]);
    cloud.login("data-admin").success();
    let whoami = ["auth", "whoami", "-i", "data-admin", "--verify", "--exit-code", "-o", "json"];
    let between = Between::new(&cloud.sts.url);
    for (status, headers, body) in [
        ("200 OK", HTML, PAGE),
        ("200 OK", "", "hello"),
        ("302 Found", "location: https://portal.test/sign-in?token=abc\r\n", ""),
        ("403 Forbidden", HTML, PAGE),
        ("407 Proxy Authentication Required", "", ""),
        ("429 Too Many Requests", "", ""),
        ("503 Service Unavailable", HTML, PAGE),
    ] {
        between.answers(status, headers, body);
        let outcome = cloud.sandbox.atmos_with(&[("AWS_ENDPOINT_URL_STS", &between.url)], &whoami).success();
        assert_eq!(outcome.json()["valid"], "unknown", "{status}: {outcome}");
        outcome.says_not("log in again");
    }
    // What AWS itself says counts as ever.
    let refused =
        "<ErrorResponse><Error><Code>ExpiredToken</Code><Message>it is over</Message></Error></ErrorResponse>";
    between.answers("403 Forbidden", "content-type: text/xml\r\n", refused);
    let outcome = cloud.sandbox.atmos_with(&[("AWS_ENDPOINT_URL_STS", &between.url)], &whoami).exits(1);
    assert_eq!(outcome.json()["valid"], false, "{outcome}");
}

#[test]
fn a_page_in_place_of_the_portal_is_named_and_nobody_looks_at_permission_sets() {
    let mut cloud = Cloud::start(&[]);
    let between = Between::new(&cloud.portal.url);
    cloud.sandbox.set("AWS_ENDPOINT_URL_SSO", &between.url);
    cloud.login("data-admin").success();
    // The token is there; credentials of the role are wanted anew.
    let exec = ["auth", "exec", "-i", "reader", "--", "true"];
    for (status, headers, body, said) in [
        ("200 OK", HTML, PAGE, &["is not AWS", "HTTP status 200", "page of HTML", "proxy"][..]),
        ("401 Unauthorized", HTML, PAGE, &["is not AWS", "HTTP status 401", "proxy"]),
        (
            "307 Temporary Redirect",
            "location: https://portal.test/sign-in?token=abc\r\n",
            "",
            &["is not AWS", "HTTP status 307", "portal.test", "sign in to the network"],
        ),
        ("429 Too Many Requests", "", "", &["HTTP status 429", "too many requests"]),
    ] {
        between.answers(status, headers, body);
        let outcome = cloud.sandbox.atmos(&exec).exits(1);
        let host = between.url.trim_start_matches("http://");
        let text = outcome.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
        for phrase in said.iter().chain([&host]) {
            assert!(text.contains(phrase), "{status}: {phrase}\n{outcome}");
        }
        for phrase in ["permission set is assigned", "token=abc", "Please sign in"] {
            assert!(!text.contains(phrase), "{status}: {phrase}\n{outcome}");
        }
    }
}
