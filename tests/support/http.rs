//! The few plain HTTP exchanges that tests make themselves.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

/// Status and body of one exchange with `http://127.0.0.1:PORT/…`, or nothing if nobody answers.
pub(crate) fn exchange(method: &str, url: &str, body: &str) -> Option<(u16, String)> {
    exchange_with(method, url, &[], body)
}

/// The same with headers.
pub(crate) fn exchange_with(method: &str, url: &str, headers: &[(&str, &str)], body: &str) -> Option<(u16, String)> {
    let rest = url.strip_prefix("http://").expect("a plain http URL");
    let (address, path) = rest.split_once('/').unwrap_or((rest, ""));
    let mut stream = TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(30))).ok()?;
    // HTTP/1.0: the answer ends with the connection.
    let headers: Vec<String> = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let headers = headers.concat();
    let length = body.len();
    write!(stream, "{method} /{path} HTTP/1.0\r\nHost: {address}\r\n{headers}Content-Length: {length}\r\n\r\n{body}")
        .ok()?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).ok()?;
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let status = head.split_whitespace().nth(1)?.parse().ok()?;
    Some((status, body.to_owned()))
}

/// The body of an exchange that must succeed.
pub(crate) fn expect(method: &str, url: &str, body: &str) -> String {
    match exchange(method, url, body) {
        Some((200, answer)) => answer,
        Some((status, answer)) => panic!("{method} {url}: {status} {answer}"),
        None => panic!("{method} {url}: nobody answers"),
    }
}
