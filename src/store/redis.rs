//! Redis. Of its protocol four commands are needed (AUTH, SELECT, GET, SET and their answers), which is less than the way to
//! any client library: those bring pools, clusters and scripts, and a second stack for TLS.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpStream, ToSocketAddrs as _};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use super::line::Line;
use super::problem::{Fault, Problem};
use super::redis_idle::{Connection, Stream};
use super::redis_url::{Address, Place};
use super::settings::Spec;
use crate::host::threads;
use crate::secret::Secret;

const TIMEOUT: Duration = Duration::from_secs(10);
/// Longest value.
const LIMIT: usize = 16 << 20;
const VARIABLE: &str = "ATMOS_REDIS_URL";

pub(super) async fn read(line: &Arc<Line>, spec: &Spec, name: &str) -> Result<String, Problem> {
    let reply = command(line, spec, vec!["GET".to_owned(), name.to_owned()]).await?;
    match reply {
        Reply::Text(Some(bytes)) => {
            String::from_utf8(bytes).map_err(|_| Problem::refused(format!("`{name}` is not UTF-8 text")))
        }
        Reply::Text(None) => Err(Problem::missing(name)),
        Reply::Other => Err(Problem::refused("the answer is no text")),
    }
}

pub(super) async fn write(line: &Arc<Line>, spec: &Spec, name: &str, text: &str) -> Result<(), Problem> {
    command(line, spec, vec!["SET".to_owned(), name.to_owned(), text.to_owned()]).await.map(drop)
}

/// One command on a connection of the store.
async fn command(line: &Arc<Line>, spec: &Spec, words: Vec<String>) -> Result<Reply, Problem> {
    let url = spec.option("url").or_else(|| line.host.env.get(VARIABLE).map(str::to_owned));
    let url = url.ok_or_else(|| spec.wrong(&format!("there is no address: set `url` in `options`, or {VARIABLE}")))?;
    let address = Address::parse(&url).map_err(|reason| spec.wrong(&format!("`url` cannot be used: {reason}")))?;
    if let Some(password) = &address.password {
        line.host.masker.register(&Secret::from(password.clone()));
    }
    let (line, store) = (line.clone(), spec.name.clone());
    let work = move || {
        let mut connection = match line.redis.take(&store) {
            Some(connection) => connection,
            None => connect(&address)?,
        };
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let reply = ask(&mut connection, &words)?;
        line.redis.put(&store, connection);
        Ok(reply)
    };
    threads::blocking(work).await.unwrap_or_else(|reason| Err(Problem::unreachable(reason)))
}

fn connect(address: &Address) -> Result<Connection, Problem> {
    let stream: Box<dyn Stream> = match &address.place {
        Place::Unix(path) => {
            let failed = |error: std::io::Error| Problem::unreachable(format!("{path} cannot be reached: {error}"));
            let stream = UnixStream::connect(path).map_err(failed)?;
            stream.set_read_timeout(Some(TIMEOUT)).map_err(failed)?;
            stream.set_write_timeout(Some(TIMEOUT)).map_err(failed)?;
            Box::new(stream)
        }
        Place::Tcp { host, port, tls } => {
            let stream = dial(host, *port)?;
            if *tls { Box::new(secured(host, stream)?) } else { Box::new(stream) }
        }
    };
    let mut connection = BufReader::new(stream);
    if let Some(password) = &address.password {
        let words = match &address.user {
            Some(user) => vec!["AUTH", user, password],
            None => vec!["AUTH", password],
        };
        ask(&mut connection, &words)?;
    }
    if address.database != 0 {
        ask(&mut connection, &["SELECT", &address.database.to_string()])?;
    }
    Ok(connection)
}

fn dial(host: &str, port: u16) -> Result<TcpStream, Problem> {
    let unreachable =
        |error: &dyn std::fmt::Display| Problem::unreachable(format!("{host}:{port} cannot be reached: {error}"));
    let addresses = (host, port).to_socket_addrs().map_err(|error| unreachable(&error))?;
    let mut last = unreachable(&"the name has no address");
    for address in addresses {
        match TcpStream::connect_timeout(&address, TIMEOUT) {
            Ok(stream) => {
                let set = stream.set_read_timeout(Some(TIMEOUT)).and(stream.set_write_timeout(Some(TIMEOUT)));
                set.and(stream.set_nodelay(true)).map_err(|error| unreachable(&error))?;
                return Ok(stream);
            }
            Err(error) => last = unreachable(&error),
        }
    }
    Err(last)
}

/// The connection behind TLS, with the roots that the system trusts.
fn secured(host: &str, stream: TcpStream) -> Result<StreamOwned<ClientConnection, TcpStream>, Problem> {
    let failed = |reason: String| Problem::unreachable(format!("no secure connection to {host}: {reason}"));
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = config.map_err(|error| failed(error.to_string()))?;
    let config = config.with_root_certificates(roots).with_no_client_auth();
    let name = ServerName::try_from(host.to_owned()).map_err(|error| failed(error.to_string()))?;
    let session = ClientConnection::new(Arc::new(config), name).map_err(|error| failed(error.to_string()))?;
    Ok(StreamOwned::new(session, stream))
}

#[derive(Debug, PartialEq, Eq)]
enum Reply {
    /// Bytes, or nothing.
    Text(Option<Vec<u8>>),
    Other,
}

/// One command and its answer.
fn ask<S: Read + Write>(connection: &mut BufReader<S>, words: &[&str]) -> Result<Reply, Problem> {
    use std::fmt::Write as _;
    let mut command = format!("*{}\r\n", words.len());
    for word in words {
        let _ = write!(command, "${}\r\n{word}\r\n", word.len());
    }
    let broken = |error: std::io::Error| Problem::unreachable(format!("the connection broke off: {error}"));
    connection.get_mut().write_all(command.as_bytes()).map_err(broken)?;
    connection.get_mut().flush().map_err(broken)?;
    let mut line = String::new();
    connection.by_ref().take(64 << 10).read_line(&mut line).map_err(broken)?;
    let line = line.strip_suffix("\r\n").ok_or_else(|| Problem::unreachable("the connection broke off"))?;
    let (kind, rest) = line.split_at_checked(1).unwrap_or_default();
    match kind {
        "$" => bulk(connection, rest),
        "_" => Ok(Reply::Text(None)),
        "-" => Err(refused(rest)),
        "+" | ":" => Ok(Reply::Other),
        _ => Err(Problem::refused("the answer is not what Redis says")),
    }
}

/// A text of a length that was announced.
fn bulk(connection: &mut impl Read, length: &str) -> Result<Reply, Problem> {
    if length == "-1" {
        return Ok(Reply::Text(None));
    }
    let length = length.parse::<usize>().ok().filter(|length| *length <= LIMIT);
    let length = length.ok_or_else(|| Problem::refused(format!("the value is larger than {LIMIT} bytes")))?;
    let mut bytes = vec![0; length + 2];
    let read = connection.read_exact(&mut bytes);
    read.map_err(|error| Problem::unreachable(format!("the connection broke off: {error}")))?;
    bytes.truncate(length);
    Ok(Reply::Text(Some(bytes)))
}

fn refused(said: &str) -> Problem {
    match said.split(' ').next().unwrap_or_default() {
        "NOAUTH" | "WRONGPASS" | "NOPERM" => Problem { fault: Fault::Denied, ..Problem::denied(said) },
        _ => Problem::refused(said),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A server that says one thing.
    struct Scripted {
        said: std::io::Cursor<Vec<u8>>,
        heard: Vec<u8>,
    }

    impl Read for Scripted {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            self.said.read(buffer)
        }
    }

    impl Write for Scripted {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.heard.extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn answers_are_read_whatever_they_are() {
        for (said, expected) in [
            ("$5\r\nhello\r\n", Ok(Reply::Text(Some(b"hello".to_vec())))),
            ("$0\r\n\r\n", Ok(Reply::Text(Some(Vec::new())))),
            ("$-1\r\n", Ok(Reply::Text(None))),
            ("_\r\n", Ok(Reply::Text(None))),
            ("+OK\r\n", Ok(Reply::Other)),
            ("-NOAUTH Authentication required.\r\n", Err(Fault::Denied)),
            ("-WRONGTYPE Operation\r\n", Err(Fault::Refused)),
            ("$99999999999\r\n", Err(Fault::Refused)),
            ("$5\r\nhel", Err(Fault::Unreachable)),
            ("HTTP/1.1 400\r\n", Err(Fault::Refused)),
            ("\r\n", Err(Fault::Refused)),
            ("", Err(Fault::Unreachable)),
        ] {
            let server = Scripted { said: std::io::Cursor::new(said.as_bytes().to_vec()), heard: Vec::new() };
            let mut connection = BufReader::new(server);
            let reply = ask(&mut connection, &["GET", "a b"]).map_err(|problem| problem.fault);
            assert_eq!(reply, expected, "{said:?}");
            assert_eq!(connection.get_ref().heard, b"*2\r\n$3\r\nGET\r\n$3\r\na b\r\n");
        }
    }
}
