//! Something else than AWS answers: a proxy, the page of a network that wants a sign-in. Nobody's credentials are at fault.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;

use crate::support::Cloud;

/// The address of somebody who has one answer to everything.
fn stranger(status: &str, headers: &str, body: &str) -> String {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let length = body.len();
    let answer = format!("HTTP/1.1 {status}\r\n{headers}content-length: {length}\r\nconnection: close\r\n\r\n{body}");
    std::thread::spawn(move || {
        for mut client in listener.incoming().flatten() {
            let mut seen = Vec::new();
            let mut chunk = [0; 4096];
            while !seen.windows(4).any(|window| window == b"\r\n\r\n") {
                match client.read(&mut chunk) {
                    Ok(count) if count > 0 => seen.extend_from_slice(&chunk[..count]),
                    _ => break,
                }
            }
            let _ = client.write_all(answer.as_bytes());
        }
    });
    address
}

const HTML: &str = "content-type: text/html\r\n";
const PAGE: &str = "<!DOCTYPE html><html><body>Please sign in to this network</body></html>";

#[test]
fn a_page_is_no_refusal_of_credentials() {
    let cloud = Cloud::start(&[]);
    cloud.login("network-admin").success();
    let whoami = ["auth", "whoami", "-i", "network-admin", "--verify", "--exit-code", "-o", "json"];
    for (status, headers, body) in [
        ("200 OK", HTML, PAGE),
        ("200 OK", "", "hello"),
        ("302 Found", "location: https://portal.test/sign-in?token=abc\r\n", ""),
        ("403 Forbidden", HTML, PAGE),
        ("407 Proxy Authentication Required", "", ""),
        ("429 Too Many Requests", "", ""),
        ("503 Service Unavailable", HTML, PAGE),
    ] {
        let url = stranger(status, headers, body);
        let outcome = cloud.sandbox.atmos_with(&[("AWS_ENDPOINT_URL_STS", &url)], &whoami).success();
        assert_eq!(outcome.json()["valid"], "unknown", "{status}: {outcome}");
        outcome.says_not("log in again");
    }
    // What AWS itself says counts as ever.
    let refused =
        "<ErrorResponse><Error><Code>ExpiredToken</Code><Message>it is over</Message></Error></ErrorResponse>";
    let url = stranger("403 Forbidden", "content-type: text/xml\r\n", refused);
    let outcome = cloud.sandbox.atmos_with(&[("AWS_ENDPOINT_URL_STS", &url)], &whoami).exits(1);
    assert_eq!(outcome.json()["valid"], false, "{outcome}");
}

#[test]
fn a_page_in_place_of_the_portal_is_named_and_nobody_looks_at_permission_sets() {
    let cloud = Cloud::start(&[]);
    cloud.login("network-admin").success();
    let exec = ["auth", "exec", "-i", "network-admin", "--", "true"];
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
        let url = stranger(status, headers, body);
        let outcome = cloud.sandbox.atmos_with(&[("AWS_ENDPOINT_URL_SSO", &url)], &exec).exits(1);
        let host = url.trim_start_matches("http://");
        let text = outcome.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
        for phrase in said.iter().chain([&host]) {
            assert!(text.contains(phrase), "{status}: {phrase}\n{outcome}");
        }
        for phrase in ["permission set is assigned", "token=abc", "Please sign in"] {
            assert!(!text.contains(phrase), "{status}: {phrase}\n{outcome}");
        }
    }
}
