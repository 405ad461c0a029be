//! Browsers for sign-ins: one that only writes down which address it was given, and real headless Chromium.

use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Value, json};

use super::background::{Background, free_port, wait_until};
use super::{Sandbox, http, parts};

/// The key under which WebDriver gives elements.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// Makes the sandbox a desktop whose browser writes the address that it is given to a file and does nothing else.
pub(crate) struct Desktop {
    opened: PathBuf,
}

impl Desktop {
    pub(crate) fn of(sandbox: &mut Sandbox) -> Desktop {
        let folder = sandbox.root().join("desktop");
        std::fs::create_dir(&folder).expect("a new folder");
        let opened = folder.join("opened");
        let script = folder.join("xdg-open");
        let text = format!("#!/bin/sh\nprintf '%s' \"$1\" >'{0}.new' && mv '{0}.new' '{0}'\n", opened.display());
        std::fs::write(&script, text).expect("a new file");
        std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).expect("our own file");
        let mut folders = vec![folder];
        folders.extend(std::env::split_paths(&parts::path()));
        sandbox.set("PATH", std::env::join_paths(folders).expect("no separator"));
        sandbox.set("DISPLAY", ":99");
        Desktop { opened }
    }

    /// Nothing was opened so far.
    pub(crate) fn is_idle(&self) -> bool {
        !self.opened.exists()
    }

    /// The address that the browser was given.
    #[track_caller]
    pub(crate) fn address(&self) -> String {
        let address =
            wait_until("a browser is opened", Duration::from_mins(1), || std::fs::read_to_string(&self.opened).ok());
        std::fs::remove_file(&self.opened).expect("our own file");
        address
    }
}

/// Status, `Location` and page of one address.
#[track_caller]
pub(crate) fn visit(url: &str) -> (u16, Option<String>, String) {
    let (status, head, body) = http::whole("GET", url, &[], "").unwrap_or_else(|| panic!("{url}: nobody answers"));
    let mut headers = head.lines().filter_map(|line| line.split_once(": "));
    let location = headers.find(|(name, _)| name.eq_ignore_ascii_case("location"));
    (status, location.map(|(_, value)| value.trim().to_owned()), body)
}

/// Headless Chromium, driven by WebDriver.
pub(crate) struct Chromium {
    session: String,
    _driver: Background,
    _profile: tempfile::TempDir,
}

impl Chromium {
    pub(crate) fn start() -> Chromium {
        let profile = tempfile::tempdir().expect("a temporary folder");
        let port = free_port();
        let mut command = Background::command(&parts::program("chromedriver"));
        command.arg(format!("--port={port}"));
        command.env("HOME", profile.path()).env("XDG_CONFIG_HOME", profile.path()).env("TMPDIR", profile.path());
        let mut driver = Background::start("chromedriver", command);
        let base = format!("http://127.0.0.1:{port}");
        wait_until("chromedriver listens", Duration::from_secs(30), || {
            driver.assert_alive();
            http::exchange_kept_alive("GET", &format!("{base}/status"), "").filter(|(status, _)| *status == 200)
        });
        // The sandbox of Chromium wants namespaces, which containers rarely allow; what it visits here is our own.
        let arguments = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"];
        let options = json!({"binary": parts::program("chromium"), "args": arguments});
        let capabilities = json!({"capabilities": {"alwaysMatch": {"goog:chromeOptions": options}}});
        let answer = call("POST", &format!("{base}/session"), &capabilities);
        let id = answer["sessionId"].as_str().expect("a session").to_owned();
        Chromium { session: format!("{base}/session/{id}"), _driver: driver, _profile: profile }
    }

    pub(crate) fn open(&self, url: &str) {
        call("POST", &format!("{}/url", self.session), &json!({"url": url}));
    }

    /// The text of the element, as a person sees it, once the page that has it is there.
    #[track_caller]
    pub(crate) fn text(&self, selector: &str) -> String {
        self.on_element("GET", selector, "text", &Value::Null).as_str().unwrap_or_default().to_owned()
    }

    #[track_caller]
    pub(crate) fn click(&self, selector: &str) {
        self.on_element("POST", selector, "click", &json!({}));
    }

    pub(crate) fn address(&self) -> String {
        call("GET", &format!("{}/url", self.session), &Value::Null).as_str().unwrap_or_default().to_owned()
    }

    /// Asks about an element. A click returns before the page that it leads to is there, and an element that was found
    /// may belong to the page that is just going: both are answered by 404, and then it is looked for again.
    #[track_caller]
    fn on_element(&self, method: &str, selector: &str, what: &str, body: &Value) -> Value {
        let wanted = json!({"using": "css selector", "value": selector});
        wait_until(&format!("{selector} is on the page"), Duration::from_secs(30), || {
            let found = call_or_404("POST", &format!("{}/element", self.session), &wanted)?;
            let element = found[ELEMENT].as_str()?;
            call_or_404(method, &format!("{}/element/{element}/{what}", self.session), body)
        })
    }
}

impl Drop for Chromium {
    fn drop(&mut self) {
        // The browser ends with its session; the driver with us.
        let _ = http::exchange_kept_alive("DELETE", &self.session, "");
    }
}

#[track_caller]
fn call(method: &str, url: &str, body: &Value) -> Value {
    call_or_404(method, url, body).unwrap_or_else(|| panic!("{method} {url}: not found"))
}

/// Nothing for 404, which is WebDriver's answer for what is not on the page (any more).
#[track_caller]
fn call_or_404(method: &str, url: &str, body: &Value) -> Option<Value> {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let (status, answer) = http::exchange_kept_alive(method, url, &body).unwrap_or_else(|| panic!("{url}: no answer"));
    let answer: Value = serde_json::from_str(&answer).unwrap_or_else(|error| panic!("{url}: {error}\n{answer}"));
    if status == 404 {
        return None;
    }
    assert_eq!(status, 200, "{method} {url}: {answer}");
    Some(answer["value"].clone())
}
