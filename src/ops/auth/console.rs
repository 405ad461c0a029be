//! `atmos auth console`: a browser signed in to the web console as an identity.
//!
//! The address holds a token, so no program gets it as an argument: the browser is sent to a loopback address that works
//! once and leads on to it.

use std::net::{Ipv4Addr, TcpListener as StdListener};
use std::time::Duration;

use miette::Diagnostic;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpListener;

use super::super::access::Access;
use super::super::child::needed_choice;
use super::gate::Gate;
use crate::auth::console::{Wish, duration};
use crate::auth::resolution::Flag;
use crate::auth::{IdentityName, open_address};
use crate::diag::{Failure, Result};
use crate::host::{BROWSER_VARIABLE, fs, request_head, start_browser};
use crate::secret::{Expose as _, Secret};
use crate::value::Node;

/// How long the browser may take to come.
const PATIENCE: Duration = Duration::from_mins(1);
const EVENT: &str = "console";
const ISSUER: &str = "atmos";
/// Programs that take a profile directory, best first.
const BROWSERS: [&str; 6] =
    ["google-chrome", "google-chrome-stable", "chromium", "chromium-browser", "microsoft-edge", "brave-browser"];

#[derive(Debug, Clone, Default)]
pub struct ConsoleRequest {
    pub identity: Flag,
    pub destination: Option<String>,
    pub duration: Option<String>,
    pub issuer: Option<String>,
    /// The address goes to stdout, and no browser is opened.
    pub print_only: bool,
    /// Everything but opening the browser.
    pub no_open: bool,
    /// A browser with a profile of its own for this identity; `auth.console.isolated` without.
    pub isolated: Option<bool>,
}

/// What came of it.
#[derive(Debug)]
pub struct ConsoleReport {
    pub identity: String,
    /// For stdout, where it was asked for. It is a secret for a quarter of an hour.
    pub address: Option<Secret>,
    pub opened: bool,
}

/// Signs a browser in.
///
/// # Errors
/// No identity, authentication fails, the sign-in endpoint refuses, or there is no browser for an isolated session.
pub async fn console(access: &Access, request: &ConsoleRequest) -> Result<ConsoleReport> {
    let (name, source) = needed_choice(access, EVENT, &request.identity)?;
    let known = access.session.outline(&name)?;
    let provider = access.settings.provider(&known.provider);
    let usual = provider.and_then(|provider| provider.node.get_path(["console", "session_duration"])?.scalar_text());
    let wish = Wish {
        destination: request.destination.clone(),
        issuer: request.issuer.clone().unwrap_or_else(|| ISSUER.to_owned()),
        duration: duration(request.duration.as_deref(), usual.as_deref())?,
    };
    let gate = Gate::open(access, (&name, source), EVENT, None)?;
    let credentials = Access::keys(gate.session(), &name, gate.given().await?)?;
    gate.write_down(None).await?;
    let address = access.session.console(&name, &credentials, &wish).await?;
    let identity = name.to_string();
    if request.print_only {
        return Ok(ConsoleReport { identity, address: Some(address), opened: false });
    }
    if request.no_open {
        return Ok(ConsoleReport { identity, address: None, opened: false });
    }
    let isolated = request.isolated.unwrap_or_else(|| {
        access.settings.node.get_path(["console", "isolated"]).and_then(Node::as_bool) == Some(true)
    });
    let opened = open(access, &name, &address, isolated).await?;
    Ok(ConsoleReport { identity, address: None, opened })
}

/// Sends a browser to the address by way of a loopback address that works once. False when nobody would see a browser.
async fn open(access: &Access, name: &IdentityName, address: &Secret, isolated: bool) -> Result<bool> {
    let failed = |error: std::io::Error| ConsoleFailure::Loopback { reason: error.to_string() };
    let listener = StdListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(failed)?;
    listener.set_nonblocking(true).map_err(failed)?;
    let port = listener.local_addr().map_err(failed)?.port();
    let listener = TcpListener::from_std(listener).map_err(failed)?;
    let path = format!("/{}", crate::auth::store::random_name()?);
    let way = format!("http://127.0.0.1:{port}{path}");
    if isolated {
        start_isolated(access, name, &way)?;
    } else if !open_address(&access.host, &way, false) {
        return Ok(false);
    }
    let handed = tokio::time::timeout(PATIENCE, hand_over(&listener, &path, address)).await;
    if handed.is_err() {
        return Err(ConsoleFailure::NobodyCame { seconds: PATIENCE.as_secs() }.into());
    }
    Ok(true)
}

/// Waits for the one request with the right path.
async fn hand_over(listener: &TcpListener, path: &str, address: &Secret) {
    loop {
        let Ok((mut stream, _)) = listener.accept().await else { continue };
        let read = tokio::time::timeout(Duration::from_secs(5), request_head(&mut stream)).await;
        let head = read.ok().flatten().unwrap_or_default();
        let first = head.lines().next().unwrap_or_default();
        let right = first.split(' ').nth(1) == Some(path) && first.starts_with("GET ");
        let answer = if right {
            format!(
                "HTTP/1.1 302 Found\r\nLocation: {}\r\nReferrer-Policy: no-referrer\r\nCache-Control: no-store\r\n\
                 Content-Length: 0\r\nConnection: close\r\n\r\n",
                address.expose_secret()
            )
        } else {
            "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".to_owned()
        };
        let written = stream.write_all(answer.as_bytes()).await.is_ok();
        // A browser that went away has nothing left to be told.
        let _ = stream.shutdown().await;
        if right && written {
            return;
        }
    }
}

/// A browser with a profile of its own for each identity of each realm: two consoles beside each other.
fn start_isolated(access: &Access, name: &IdentityName, way: &str) -> Result<()> {
    let host = &access.host;
    let profile = access.session.console_folder(name);
    fs::create_private_dir(&profile)
        .map_err(|error| ConsoleFailure::Profile { path: profile.display().to_string(), reason: error.to_string() })?;
    let named = host.env.get(BROWSER_VARIABLE).map(str::to_owned);
    let candidates: Vec<String> = named.map_or_else(|| BROWSERS.map(str::to_owned).to_vec(), |named| vec![named]);
    for program in &candidates {
        let arguments = [
            format!("--user-data-dir={}", profile.display()),
            "--no-first-run".to_owned(),
            "--no-default-browser-check".to_owned(),
            way.to_owned(),
        ];
        if start_browser(host, program, arguments).is_ok() {
            return Ok(());
        }
    }
    Err(ConsoleFailure::NoBrowser { names: candidates.join(", ") }.into())
}

#[derive(Debug, thiserror::Error, Diagnostic)]
enum ConsoleFailure {
    #[error("no loopback address to send the browser to: {reason}")]
    #[diagnostic(code(atmos::auth::console::loopback), help("use --print-only and open the address yourself"))]
    Loopback { reason: String },

    #[error("the browser did not come within {seconds} s")]
    #[diagnostic(code(atmos::auth::console::nobody_came), help("use --print-only and open the address yourself"))]
    NobodyCame { seconds: u64 },

    #[error("no browser for an isolated session was found (looked for {names})")]
    #[diagnostic(
        code(atmos::auth::console::no_browser),
        help("install one of them, name another one in ATMOS_BROWSER, or leave --isolated away")
    )]
    NoBrowser { names: String },

    #[error("the directory of the isolated session cannot be made ({path}): {reason}")]
    #[diagnostic(code(atmos::auth::console::profile), help("check that the directory is yours and writable"))]
    Profile { path: String, reason: String },
}

impl Failure for ConsoleFailure {}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn the_address_is_handed_over_once_and_to_the_right_path_only() {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let asking = tokio::task::spawn_blocking(move || {
            use std::io::{Read as _, Write as _};
            let ask = |path: &str| {
                let mut stream = std::net::TcpStream::connect(("127.0.0.1", port)).unwrap();
                stream.write_all(format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n").as_bytes()).unwrap();
                let mut answer = String::new();
                stream.read_to_string(&mut answer).unwrap();
                answer
            };
            (ask("/favicon.ico"), ask("/right"))
        });
        hand_over(&listener, "/right", &Secret::from("https://signin.test/?SigninToken=x".to_owned())).await;
        drop(listener);
        let (wrong, right) = asking.await.unwrap();
        assert!(wrong.starts_with("HTTP/1.1 404") && !wrong.contains("SigninToken"), "{wrong}");
        assert!(right.contains("Location: https://signin.test/?SigninToken=x\r\n"), "{right}");
        assert!(std::net::TcpStream::connect(("127.0.0.1", port)).is_err());
    }
}
