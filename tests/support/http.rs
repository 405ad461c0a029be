//! The few plain HTTP exchanges that tests make themselves.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

/// Status and body of one exchange with `http://127.0.0.1:PORT/…`, or nothing if nobody answers.
pub(crate) fn exchange(method: &str, url: &str, body: &str) -> Option<(u16, String)> {
    exchange_with(method, url, &[], body)
}

/// The same with headers.
pub(crate) fn exchange_with(method: &str, url: &str, headers: &[(&str, &str)], body: &str) -> Option<(u16, String)> {
    whole(method, url, headers, body).map(|(status, _, body)| (status, body))
}

/// Status, head and body.
pub(crate) fn whole(method: &str, url: &str, headers: &[(&str, &str)], body: &str) -> Option<(u16, String, String)> {
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
    Some((status(head)?, head.to_owned(), body.to_owned()))
}

/// An exchange with a server that keeps the connection open: the answer is as long as it says.
pub(crate) fn exchange_kept_alive(method: &str, url: &str, body: &str) -> Option<(u16, String)> {
    let rest = url.strip_prefix("http://").expect("a plain http URL");
    let (address, path) = rest.split_once('/').unwrap_or((rest, ""));
    let mut stream = TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(Duration::from_mins(1))).ok()?;
    let length = body.len();
    let head = format!("Host: {address}\r\nContent-Type: application/json\r\nContent-Length: {length}");
    write!(stream, "{method} /{path} HTTP/1.1\r\n{head}\r\n\r\n{body}").ok()?;
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head).ok()? == 0 {
            return None;
        }
    }
    let mut headers = head.lines().filter_map(|line| line.split_once(':'));
    let (_, length) = headers.find(|(name, _)| name.eq_ignore_ascii_case("content-length"))?;
    let length: usize = length.trim().parse().ok()?;
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some((status(&head)?, String::from_utf8_lossy(&body).into_owned()))
}

fn status(head: &str) -> Option<u16> {
    head.split_whitespace().nth(1)?.parse().ok()
}

/// The body of an exchange that must succeed.
pub(crate) fn expect(method: &str, url: &str, body: &str) -> String {
    match exchange(method, url, body) {
        Some((200, answer)) => answer,
        Some((status, answer)) => panic!("{method} {url}: {status} {answer}"),
        None => panic!("{method} {url}: nobody answers"),
    }
}
