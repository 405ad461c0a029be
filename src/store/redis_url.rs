//! The address of a Redis server.

use crate::host::percent_decode;

/// Where the server is, and who we are there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Address {
    pub place: Place,
    pub user: Option<String>,
    pub password: Option<String>,
    pub database: u32,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    Tcp { host: String, port: u16, tls: bool },
    Unix(String),
}

const PORT: u16 = 6379;

impl Address {
    /// `redis://`, `rediss://` (TLS) or `unix://`; what is wrong never contains the address, which may have a password.
    pub(super) fn parse(url: &str) -> Result<Address, &'static str> {
        let (scheme, rest) = url.split_once("://").ok_or("it has no scheme")?;
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (user, rest) = match rest.rsplit_once('@') {
            Some((user, rest)) => (Some(user), rest),
            None => (None, rest),
        };
        let (user, password) = match user.map(|user| user.split_once(':').unwrap_or((user, ""))) {
            Some((user, password)) => (some(user), some(password)),
            None => (None, None),
        };
        let parameter = |name: &str| query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
        let (place, path) = match scheme {
            "unix" => (Place::Unix(decoded(rest)), ""),
            "redis" | "rediss" => {
                let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
                let (host, port) = split(authority)?;
                (Place::Tcp { host, port, tls: scheme == "rediss" }, path)
            }
            _ => return Err("the scheme is none of redis, rediss and unix"),
        };
        let database = match (path, parameter("db")) {
            ("", None) => 0,
            ("", Some(number)) | (number, _) => number.parse().map_err(|_| "the database is no number")?,
        };
        Ok(Address { place, user, password, database })
    }
}

fn some(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| decoded(text))
}

fn split(authority: &str) -> Result<(String, u16), &'static str> {
    let (host, port) = match authority.strip_prefix('[') {
        Some(rest) => {
            let (host, rest) = rest.split_once(']').ok_or("the host is not closed by `]`")?;
            (host, rest.strip_prefix(':').unwrap_or_default())
        }
        None => authority.split_once(':').unwrap_or((authority, "")),
    };
    let host = if host.is_empty() { "localhost" } else { host };
    let port = if port.is_empty() { PORT } else { port.parse().map_err(|_| "the port is no number")? };
    Ok((host.to_owned(), port))
}

fn decoded(text: &str) -> String {
    String::from_utf8_lossy(&percent_decode(text)).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_have_defaults() {
        let tcp = |host: &str, port, tls| Place::Tcp { host: host.to_owned(), port, tls };
        let text = |text: &str| Some(text.to_owned());
        for (url, place, user, password, database) in [
            ("redis://", tcp("localhost", 6379, false), None, None, 0),
            ("redis://h", tcp("h", 6379, false), None, None, 0),
            ("redis://h:1/3", tcp("h", 1, false), None, None, 3),
            ("rediss://u:p%40w@h:1", tcp("h", 1, true), text("u"), text("p@w"), 0),
            ("redis://:pw@[::1]:7/?db=2", tcp("::1", 7, false), None, text("pw"), 2),
            ("unix:///run/r.sock?db=1", Place::Unix("/run/r.sock".to_owned()), None, None, 1),
        ] {
            let expected = Address { place, user, password, database };
            assert_eq!(Address::parse(url), Ok(expected), "{url}");
        }
        for wrong in ["localhost:6379", "http://h", "redis://h:x", "redis://h/x", "redis://[::1"] {
            assert!(Address::parse(wrong).is_err(), "{wrong}");
        }
    }
}
