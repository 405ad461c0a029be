//! AWS STS: moto's server, behind a small recorder that notes each call and every secret in the answers.

use std::io::{Read, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use super::background::{Background, wait_until};
use super::parts;

/// One call as the recorder saw it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Call {
    /// Method and path, for example `GET /bucket/key`.
    pub(crate) line: String,
    /// For example `AssumeRole`.
    pub(crate) action: String,
    /// Value of `RoleArn`, URL-decoded; empty where there is none.
    pub(crate) role: String,
    /// Access key that the request was signed with.
    pub(crate) signer: String,
    /// The form that was sent, as it travelled; it holds no secret.
    pub(crate) form: String,
}

#[derive(Default)]
struct Seen {
    calls: Vec<Call>,
    secrets: Vec<String>,
}

/// An STS endpoint of this test. The moto process behind it is shared by the tests that run at the same time.
pub(crate) struct Sts {
    pub(crate) url: String,
    moto: Arc<Moto>,
    seen: Arc<Mutex<Seen>>,
}

struct Moto {
    address: String,
    _process: Mutex<Background>,
    _folder: tempfile::TempDir,
}

static SHARED: Mutex<Weak<Moto>> = Mutex::new(Weak::new());

impl Sts {
    pub(crate) fn start() -> Sts {
        let moto = shared();
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
        let port = listener.local_addr().expect("a bound listener has an address").port();
        let seen = Arc::new(Mutex::new(Seen::default()));
        let (address, notes) = (moto.address.clone(), seen.clone());
        // Ends with the test process; an idle listener costs nothing.
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let (address, notes) = (address.clone(), notes.clone());
                std::thread::spawn(move || relay(client, &address, &notes));
            }
        });
        Sts { url: format!("http://127.0.0.1:{port}"), moto, seen }
    }

    /// moto itself: calls made there are not recorded.
    pub(crate) fn unrecorded(&self) -> String {
        format!("http://{}", self.moto.address)
    }

    pub(crate) fn calls(&self) -> Vec<Call> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).calls.clone()
    }

    /// Method and path of the requests that read an object of S3.
    pub(crate) fn objects(&self) -> Vec<String> {
        let lines = self.calls().into_iter().map(|call| call.line);
        lines.filter(|line| line.starts_with("GET /")).collect()
    }

    pub(crate) fn count(&self, action: &str) -> usize {
        self.calls().iter().filter(|call| call.action == action).count()
    }

    /// Secret keys and session tokens that answers carried.
    pub(crate) fn secrets(&self) -> Vec<String> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).secrets.clone()
    }
}

fn shared() -> Arc<Moto> {
    let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(moto) = shared.upgrade() {
        return moto;
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let log = folder.path().join("log");
    let mut command = Background::command(&parts::program("moto_server"));
    // It takes a free port itself and names it.
    command.args(["-H", "127.0.0.1", "-p", "0"]).stderr(std::fs::File::create(&log).expect("a new file"));
    let mut process = Background::start("moto_server", command);
    let address = wait_until("moto_server listens", Duration::from_mins(1), || {
        process.assert_alive();
        let text = std::fs::read_to_string(&log).ok()?;
        let (_, rest) = text.split_once("Running on http://")?;
        rest.lines().next().map(|address| address.trim().to_owned())
    });
    let moto = Arc::new(Moto { address, _process: Mutex::new(process), _folder: folder });
    *shared = Arc::downgrade(&moto);
    moto
}

/// Passes one request on and its answer back. The connection is closed after it, whatever the client would like.
fn relay(mut client: TcpStream, address: &str, notes: &Mutex<Seen>) -> Option<()> {
    client.set_read_timeout(Some(Duration::from_secs(30))).ok()?;
    let (head, body) = read_request(&mut client)?;
    let mut lines = head.lines().filter(|line| {
        let name = line.split(':').next().unwrap_or_default().to_ascii_lowercase();
        !["connection", "keep-alive"].contains(&name.as_str())
    });
    let first = lines.next()?;
    let mut request = format!("{first}\r\n");
    for line in lines.filter(|line| !line.is_empty()) {
        request.push_str(line);
        request.push_str("\r\n");
    }
    request.push_str("Connection: close\r\n\r\n");
    let mut server = TcpStream::connect(address).ok()?;
    server.set_read_timeout(Some(Duration::from_mins(1))).ok()?;
    server.write_all(request.as_bytes()).ok()?;
    server.write_all(&body).ok()?;
    let mut answer = Vec::new();
    server.read_to_end(&mut answer).ok()?;
    note(&head, &body, &answer, notes);
    client.write_all(&answer).ok()
}

pub(super) fn read_request(client: &mut impl Read) -> Option<(String, Vec<u8>)> {
    let mut bytes = Vec::new();
    let mut chunk = [0; 4096];
    let end = loop {
        if let Some(at) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break at + 4;
        }
        match client.read(&mut chunk).ok()? {
            0 => return None,
            count => bytes.extend_from_slice(&chunk[..count]),
        }
    };
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let length = header(&head, "content-length").and_then(|text| text.parse::<usize>().ok()).unwrap_or(0);
    let mut body = bytes.split_off(end);
    while body.len() < length {
        match client.read(&mut chunk).ok()? {
            0 => return None,
            count => body.extend_from_slice(&chunk[..count]),
        }
    }
    Some((head, body))
}

fn note(head: &str, body: &[u8], answer: &[u8], notes: &Mutex<Seen>) {
    let form = String::from_utf8_lossy(body);
    let field = |name: &str| {
        let value = form.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
        value.unwrap_or_default().replace("%3A", ":").replace("%2F", "/")
    };
    let signer = header(head, "authorization").and_then(|value| {
        let (_, rest) = value.split_once("Credential=")?;
        rest.split('/').next().map(str::to_owned)
    });
    let answer = String::from_utf8_lossy(answer);
    let mut seen = notes.lock().unwrap_or_else(PoisonError::into_inner);
    let line = head.lines().next().unwrap_or_default().split(' ').take(2).collect::<Vec<_>>().join(" ");
    // A JSON service names the operation in a header.
    let target = header(head, "x-amz-target").and_then(|target| Some(target.split_once('.')?.1.to_owned()));
    seen.calls.push(Call {
        line,
        action: target.unwrap_or_else(|| field("Action")),
        role: field("RoleArn"),
        signer: signer.unwrap_or_default(),
        form: form.clone().into_owned(),
    });
    for name in ["SecretAccessKey", "SessionToken"] {
        let found = answer.split_once(&format!("<{name}>")).and_then(|(_, rest)| rest.split_once("</"));
        seen.secrets.extend(found.map(|(secret, _)| secret.trim().replace("&amp;", "&")));
    }
}

pub(super) fn header(head: &str, wanted: &str) -> Option<String> {
    head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case(wanted).then(|| value.trim().to_owned())
    })
}
