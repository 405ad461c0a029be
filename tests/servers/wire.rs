//! What the loopback services of several tests have in common: one request and one answer for each connection. Bodies are bytes.

use std::io::{Read, Write};

pub(crate) struct Asked {
    pub(crate) method: String,
    /// As it was sent, without what follows `?`.
    pub(crate) path: String,
    pub(crate) query: String,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Asked {
    pub(crate) fn read(client: &mut impl Read) -> Option<Asked> {
        let mut bytes = Vec::new();
        let mut chunk = [0; 4096];
        let end = loop {
            if let Some(at) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
                break at;
            }
            match client.read(&mut chunk).ok()? {
                0 => return None,
                count => bytes.extend_from_slice(&chunk[..count]),
            }
        };
        let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
        let mut lines = head.lines();
        let mut words = lines.next()?.split(' ');
        let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
        let headers: Vec<(String, String)> = lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
            .collect();
        let length = headers.iter().find(|(name, _)| name == "content-length");
        let length = length.and_then(|(_, value)| value.parse::<usize>().ok()).unwrap_or(0);
        let mut body = bytes.split_off(end + 4);
        while body.len() < length {
            match client.read(&mut chunk).ok()? {
                0 => return None,
                count => body.extend_from_slice(&chunk[..count]),
            }
        }
        let (path, query) = target.split_once('?').unwrap_or((&target, ""));
        let (path, query) = (path.to_owned(), query.to_owned());
        Some(Asked { method, path, query, headers, body })
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }
}

pub(crate) struct Answer {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
}

impl Answer {
    pub(crate) fn new(status: u16, body: impl Into<Vec<u8>>) -> Answer {
        Answer { status, headers: Vec::new(), body: body.into() }
    }

    pub(crate) fn json(status: u16, json: &serde_json::Value) -> Answer {
        Answer::new(status, json.to_string())
    }

    pub(crate) fn header(mut self, name: &'static str, value: impl Into<String>) -> Answer {
        self.headers.push((name, value.into()));
        self
    }

    pub(crate) fn write(&self, client: &mut impl Write) -> Option<()> {
        let headers = self.headers.iter().flat_map(|(name, value)| [*name, ": ", value.as_str(), "\r\n"]);
        let headers = headers.collect::<String>();
        let length = self.body.len();
        let head =
            format!("HTTP/1.1 {} x\r\nconnection: close\r\ncontent-length: {length}\r\n{headers}\r\n", self.status);
        client.write_all(head.as_bytes()).ok()?;
        client.write_all(&self.body).ok()
    }
}
