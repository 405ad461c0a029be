//! The server: on the loopback interface, at a port and a path that only this run knows, for as long as it lives.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio_rustls::TlsAcceptor;

use super::state::{Answer, State, digest};
use super::upstream::Upstream;
use super::{Error, Shelf, certificate};
use crate::fetch;
use crate::host::{Env, Host};
use crate::secret::Secret;

/// The longest head of a request.
const HEAD: usize = 16 << 10;
/// Who says nothing for so long is gone.
const SILENCE: Duration = Duration::from_mins(1);
/// Where systems keep the certificates that they trust.
const BUNDLES: [&str; 6] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/pki/tls/cacert.pem",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// How the cache is set up.
#[derive(Debug, Clone)]
pub struct Setup {
    pub root: PathBuf,
    pub fresh: Duration,
    pub stale: Duration,
    /// Tokens of terraform's own configuration, by host.
    pub tokens: BTreeMap<String, Secret>,
    /// What sources of modules are fetched with.
    pub settings: fetch::Settings,
}

/// What the cache has saved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stats {
    pub hits: u64,
    pub bytes: u64,
}

/// A running server. It ends when this is dropped, at the latest with the process.
pub struct Server {
    state: Arc<State>,
    bundle: tempfile::NamedTempFile,
    stop: Option<tokio::sync::oneshot::Sender<()>>,
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Server")
    }
}

impl Server {
    /// Starts it. It has a thread of its own, since who started it may wait for terraform without giving way.
    ///
    /// # Errors
    /// The folder or the list of trusted certificates cannot be written, or there is no port.
    pub fn start(host: &Host, setup: Setup) -> Result<Server, Error> {
        let Setup { root, fresh, stale, tokens, settings } = setup;
        crate::host::fs::create_dirs(&root).map_err(Error::file("create", &root))?;
        let (pem, config) = certificate::make(jiff::Timestamp::now())?;
        let bundle = trusted(host, &pem)?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(Error::start)?;
        listener.set_nonblocking(true).map_err(Error::start)?;
        let port = listener.local_addr().map_err(Error::start)?.port();
        // Others on this machine can reach the port, but must not get with our tokens what is not theirs.
        let mut secret = [0_u8; 16];
        getrandom::fill(&mut secret).map_err(Error::start)?;
        let path = format!("/{}/", &digest(&secret)[..32]);
        let state = Arc::new(State {
            shelf: Shelf::at(root),
            upstream: Upstream::new(host.env.clone(), tokens),
            host: host.clone(),
            settings,
            fresh,
            stale,
            url: format!("https://127.0.0.1:{port}{path}"),
            hits: 0.into(),
            bytes: 0.into(),
            fetched: std::sync::Mutex::default(),
            sources: std::sync::Mutex::default(),
        });
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        let runtime = runtime.map_err(Error::start)?;
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let (served, acceptor) = (state.clone(), TlsAcceptor::from(config));
        let work = move || {
            runtime.block_on(async {
                tokio::select! {
                    _ = stopped => {}
                    () = serve(listener, acceptor, served, path) => {}
                }
            });
            runtime.shutdown_background();
        };
        std::thread::Builder::new().name("registry cache".to_owned()).spawn(work).map_err(Error::start)?;
        tracing::debug!("the registry cache listens on 127.0.0.1:{port}");
        Ok(Server { state, bundle, stop: Some(stop) })
    }

    /// Where providers are, for terraform's configuration.
    pub fn providers(&self) -> String {
        format!("{}providers/", self.state.url)
    }

    /// Where the modules of a host are.
    pub fn modules(&self, host: &str) -> String {
        format!("{}modules/{host}/", self.state.url)
    }

    /// The certificates that a child is to trust: those that it trusts anyway, and ours.
    pub fn bundle(&self) -> &Path {
        self.bundle.path()
    }

    pub fn stats(&self) -> Stats {
        let read = |count: &std::sync::atomic::AtomicU64| count.load(Ordering::Relaxed);
        Stats { hits: read(&self.state.hits), bytes: read(&self.state.bytes) }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
    }
}

/// What the environment or the system trusts, with one more certificate.
fn trusted(host: &Host, pem: &str) -> Result<tempfile::NamedTempFile, Error> {
    let folder = &host.dirs.temp;
    let file = tempfile::Builder::new().prefix("atmos-").suffix(".pem").tempfile_in(folder);
    let mut file = file.map_err(Error::file("create", folder))?;
    let known = known_bundle(&host.env).map(std::fs::read);
    let known = known.transpose().map_err(Error::file("read", "SSL_CERT_FILE"))?.unwrap_or_default();
    let all = [&known[..], b"\n", pem.as_bytes()].concat();
    file.write_all(&all).map_err(Error::file("write", folder))?;
    Ok(file)
}

fn known_bundle(env: &Env) -> Option<PathBuf> {
    let given = env.get("SSL_CERT_FILE").filter(|path| !path.is_empty()).map(PathBuf::from);
    given.or_else(|| BUNDLES.iter().map(PathBuf::from).find(|path| path.is_file()))
}

async fn serve(listener: TcpListener, acceptor: TlsAcceptor, state: Arc<State>, path: String) {
    let Ok(listener) = tokio::net::TcpListener::from_std(listener) else { return };
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            // Too many open files pass.
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let (acceptor, state, path) = (acceptor.clone(), state.clone(), path.clone());
        tokio::spawn(async move {
            let accepted = tokio::time::timeout(SILENCE, acceptor.accept(stream)).await;
            if let Ok(Ok(stream)) = accepted {
                let _ = converse(stream, &state, &path).await;
            }
        });
    }
}

/// The requests of one connection, one after the other.
async fn converse(
    mut stream: tokio_rustls::server::TlsStream<tokio::net::TcpStream>,
    state: &Arc<State>,
    path: &str,
) -> std::io::Result<()> {
    let mut read = Vec::new();
    loop {
        let Some(end) = head(&mut stream, &mut read).await? else { return Ok(()) };
        let text = String::from_utf8_lossy(&read[..end]).into_owned();
        read.drain(..end);
        let Asked { method, target, last } = asked(&text);
        let answer = match (method, target.strip_prefix(path)) {
            ("GET" | "HEAD", Some(rest)) => state.answer(rest).await,
            ("GET" | "HEAD", None) => Answer { status: 404, ..Answer::default() },
            _ => Answer { status: 405, ..Answer::default() },
        };
        let mut out = format!("HTTP/1.1 {} {}\r\n", answer.status, phrase(answer.status));
        for (name, value) in &answer.headers {
            out.extend([*name, ": ", &value.replace(['\r', '\n'], ""), "\r\n"]);
        }
        if answer.status != 204 {
            out.extend(["content-length: ", &answer.body.len().to_string(), "\r\n"]);
        }
        out += if last { "connection: close\r\n\r\n" } else { "\r\n" };
        stream.write_all(out.as_bytes()).await?;
        if method == "GET" {
            stream.write_all(&answer.body).await?;
        }
        stream.flush().await?;
        if last {
            return stream.shutdown().await;
        }
    }
}

/// Reads up to the end of a head and says where that is.
async fn head(
    stream: &mut tokio_rustls::server::TlsStream<tokio::net::TcpStream>,
    read: &mut Vec<u8>,
) -> std::io::Result<Option<usize>> {
    loop {
        if let Some(at) = read.windows(4).position(|window| window == b"\r\n\r\n") {
            return Ok(Some(at + 4));
        }
        if read.len() > HEAD {
            return Ok(None);
        }
        let mut piece = [0_u8; 4096];
        let got = tokio::time::timeout(SILENCE, stream.read(&mut piece)).await;
        match got {
            Ok(Ok(0)) | Err(_) => return Ok(None),
            Ok(Ok(count)) => read.extend_from_slice(&piece[..count]),
            Ok(Err(error)) => return Err(error),
        }
    }
}

struct Asked<'h> {
    method: &'h str,
    /// Without what stands behind `?`.
    target: &'h str,
    /// The last of its connection.
    last: bool,
}

fn asked(head: &str) -> Asked<'_> {
    let mut lines = head.split("\r\n");
    let mut words = lines.next().unwrap_or_default().split(' ');
    let method = words.next().unwrap_or_default();
    let target = words.next().unwrap_or_default().split('?').next().unwrap_or_default();
    let old = words.next() != Some("HTTP/1.1");
    let header = |line: &str| {
        line.split_once(':').map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_ascii_lowercase()))
    };
    let headers: Vec<(String, String)> = lines.filter_map(header).collect();
    let has = |wanted: &str, value: &str| headers.iter().any(|(name, text)| name == wanted && text.contains(value));
    // A body is not read, so that what follows it cannot be understood.
    let body =
        has("transfer-encoding", "") || headers.iter().any(|(name, text)| name == "content-length" && text != "0");
    Asked { method, target, last: old || body || has("connection", "close") }
}

fn phrase(status: u16) -> &'static str {
    match status {
        200 => "OK",
        204 => "No Content",
        404 => "Not Found",
        405 => "Method Not Allowed",
        _ => "Bad Gateway",
    }
}
