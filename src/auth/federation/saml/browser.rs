//! Driver `browser`: a browser of this machine, led through the pipe of its developer tools, shows the pages of the identity
//! provider; the assertion is taken out of the request that would carry it to AWS, which is never sent.
//!
//! Nobody else reaches the browser that way: the pipe is inherited, and no port is opened. Its profile is one of its own, so that
//! a session at the identity provider lasts. Read [`assertion`]. Row 5.

use std::path::PathBuf;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value as Json, json};
use sha2::{Digest as _, Sha256};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::unix::pipe::{Receiver, Sender};

use super::super::super::error::Error as AuthError;
use super::super::super::provider::browser::is_expected;
use super::super::super::store::Kind;
use super::super::error::Error;
use super::super::folders::folder;
use super::super::module::{Entry, Step};
use super::assertion::is_sign_in;
use crate::host::{BROWSER_VARIABLE, percent_decode, trust};
use crate::secret::Secret;
use crate::value::hex;

/// How long a person has.
const PATIENCE: Duration = Duration::from_mins(10);
/// How long a signal may take to get from the terminal to us.
const GRACE: Duration = Duration::from_millis(250);
/// Longest message of the browser: a request with an assertion is far shorter.
const LONGEST: usize = 4 << 20;
const PATTERNS: [&str; 4] = [
    "https://signin.aws.amazon.com/saml*",
    "https://*.signin.aws.amazon.com/saml*",
    "https://signin.amazonaws-us-gov.com/saml*",
    "https://signin.amazonaws.cn/saml*",
];
pub(super) const EXECUTABLE: &str = "browser_executable_path";
/// Programs by type; those of any type that speaks this protocol.
const PROGRAMS: [(&str, &[&str]); 3] = [
    ("chrome", &["google-chrome", "google-chrome-stable"]),
    ("chromium", &["chromium", "chromium-browser"]),
    ("msedge", &["microsoft-edge", "microsoft-edge-stable"]),
];
const HELP: &str = "sign in in the window that opens; another program can be named in `browser_executable_path` or ATMOS_BROWSER, \
                    another way by `driver`";
const DONE: &str = "<!doctype html><title>Signed in - atmos</title><h1>Signed in</h1><p>Go back to your terminal.</p>";

/// What is wrong with the settings of the browser.
pub(super) fn problem(entry: &Entry<'_>) -> Option<String> {
    let kind = entry.text("browser_type")?;
    let base = kind.split('-').next().unwrap_or_default();
    let known = PROGRAMS.iter().any(|(name, _)| *name == base);
    (!known).then(|| format!("browser_type `{kind}` cannot be led this way: use chromium, chrome or msedge"))
}

/// The response that the identity provider would have the browser post to AWS.
///
/// # Errors
/// Nobody is there to sign in (exit 2), there is no browser, the person closes it, or takes too long.
pub(super) async fn assertion(step: &Step<'_>, url: &str) -> Result<Secret, AuthError> {
    let context = step.context;
    if !context.options.interactive || !is_expected(&context.host, context.options.no_browser) {
        let provider = step.entry.name.to_owned();
        let help = format!(
            "run `atmos auth login --provider {}` on a desktop, or use another `driver` of the provider",
            crate::diag::hint::word(&provider)
        );
        return Err(AuthError::NeedsTerminal { provider, help });
    }
    let mut browser = Browser::start(step)?;
    context.host.talk.attention(format!("sign in to `{}` in the window that opens now", step.entry.name));
    let limit = context.options.timeout.map_or(PATIENCE, |timeout| timeout.min(PATIENCE));
    let led = tokio::time::timeout(limit, browser.lead(url)).await;
    let led = led.unwrap_or_else(|_| Err(format!("nobody signed in within {} s", limit.as_secs())));
    if led.as_ref().is_err_and(|reason| reason == CLOSED) {
        // Who pressed Ctrl-C ended the browser too, and wants to hear of the former.
        tokio::time::sleep(GRACE).await;
    }
    let posted = led.map_err(|reason| failed(&step.entry, reason))?;
    browser.close().await;
    Ok(posted)
}

fn failed(entry: &Entry<'_>, reason: String) -> AuthError {
    Error::Browser { who: entry.shown(), reason, help: HELP.to_owned() }.into()
}

/// A browser and the pipe to it. It ends with the value.
struct Browser {
    handle: duct::Handle,
    to: Sender,
    from: Receiver,
    /// What was read and not looked at yet.
    rest: Vec<u8>,
    asked: u64,
}

impl Browser {
    fn start(step: &Step<'_>) -> Result<Browser, AuthError> {
        let host = &step.context.host;
        let program = program(step).map_err(|reason| failed(&step.entry, reason))?;
        let profile = profile(step).map_err(|reason| failed(&step.entry, reason))?;
        let cannot = |error: std::io::Error| failed(&step.entry, format!("the browser cannot be started: {error}"));
        let (its_input, to) = std::io::pipe().map_err(cannot)?;
        let (from, its_output) = std::io::pipe().map_err(cannot)?;
        // The browser reads from descriptor 3 and writes to 4; the shell puts them there and is gone.
        let script = "exec \"$@\" 3<&0 4>&1 0</dev/null 1>/dev/null 2>/dev/null";
        let profile = format!("--user-data-dir={}", profile.display());
        let program = program.display().to_string();
        let mut words = vec![
            "-c",
            script,
            "sh",
            &program,
            "--remote-debugging-pipe",
            &profile,
            "--no-first-run",
            "--no-default-browser-check",
            // A page with an assertion in it is not for the disk.
            "--disk-cache-dir=/dev/null",
        ];
        words.extend(privacy(step.context.cache.store().kind()));
        words.push("about:blank");
        let child = duct::cmd("sh", words).full_env(host.env.iter()).dir(&host.cwd);
        let child = child.stdin_file(its_input).stdout_file(its_output).unchecked();
        Ok(Browser {
            handle: child.start().map_err(cannot)?,
            to: Sender::from_owned_fd(to.into()).map_err(cannot)?,
            from: Receiver::from_owned_fd(from.into()).map_err(cannot)?,
            rest: Vec::new(),
            asked: 0,
        })
    }

    /// Shows the address, and waits for the request with the assertion.
    async fn lead(&mut self, url: &str) -> Result<Secret, String> {
        let attach = json!({"autoAttach": true, "waitForDebuggerOnStart": true, "flatten": true});
        self.send("Target.setAutoAttach", &attach, None).await?;
        let mut shown = None;
        loop {
            let message = self.receive().await?;
            let session = message["sessionId"].as_str().map(str::to_owned);
            if shown.is_some_and(|id| message["id"] == id)
                && let Some(reason) = message["result"]["errorText"].as_str().or(message["error"]["message"].as_str())
                && reason != "net::ERR_ABORTED"
            {
                return Err(format!("the identity provider cannot be shown: {}", plain(reason)));
            }
            let parameters = &message["params"];
            match message["method"].as_str() {
                Some("Target.attachedToTarget") => {
                    let session = parameters["sessionId"].as_str().map(str::to_owned);
                    let page = parameters["targetInfo"]["type"] == "page";
                    if page {
                        let patterns: Vec<Json> = PATTERNS
                            .iter()
                            .map(|pattern| json!({"urlPattern": pattern, "requestStage": "Request"}))
                            .collect();
                        self.send("Fetch.enable", &json!({"patterns": patterns}), session.as_deref()).await?;
                    }
                    self.send("Runtime.runIfWaitingForDebugger", &json!({}), session.as_deref()).await?;
                    if page && shown.is_none() {
                        shown = Some(self.send("Page.navigate", &json!({"url": url}), session.as_deref()).await?);
                    }
                }
                Some("Fetch.requestPaused") => {
                    let id = &parameters["requestId"];
                    if let Some(posted) = posted(&parameters["request"]) {
                        let header = json!({"name": "content-type", "value": "text/html; charset=utf-8"});
                        let page = json!({
                            "requestId": id, "responseCode": 200, "responseHeaders": [header],
                            "body": STANDARD.encode(DONE),
                        });
                        self.send("Fetch.fulfillRequest", &page, session.as_deref()).await?;
                        return Ok(posted);
                    }
                    self.send("Fetch.continueRequest", &json!({"requestId": id}), session.as_deref()).await?;
                }
                _ => {}
            }
        }
    }

    async fn send(&mut self, method: &str, parameters: &Json, session: Option<&str>) -> Result<u64, String> {
        self.asked += 1;
        let mut message = json!({"id": self.asked, "method": method, "params": parameters});
        if let Some(session) = session {
            message["sessionId"] = Json::from(session);
        }
        let mut bytes = message.to_string().into_bytes();
        bytes.push(0);
        self.to.write_all(&bytes).await.map_err(|_| CLOSED.to_owned())?;
        Ok(self.asked)
    }

    /// The next message; each ends with a zero.
    async fn receive(&mut self) -> Result<Json, String> {
        let mut chunk = vec![0; 16 * 1024];
        loop {
            if let Some(end) = self.rest.iter().position(|byte| *byte == 0) {
                let message: Vec<u8> = self.rest.drain(..=end).collect();
                return serde_json::from_slice(&message[..end])
                    .map_err(|_| "the browser speaks another protocol".to_owned());
            }
            if self.rest.len() > LONGEST {
                return Err("the browser said more than an assertion can have".to_owned());
            }
            match self.from.read(&mut chunk).await {
                Ok(0) | Err(_) => return Err(CLOSED.to_owned()),
                Ok(count) => self.rest.extend_from_slice(&chunk[..count]),
            }
        }
    }

    /// Closes the window; what it does not do in time is done when the value goes.
    async fn close(&mut self) {
        let closing = async {
            self.send("Browser.close", &json!({}), None).await?;
            while self.receive().await.is_ok() {}
            Ok::<(), String>(())
        };
        let _ = tokio::time::timeout(Duration::from_secs(5), closing).await;
    }
}

const CLOSED: &str = "the browser was closed before the sign-in was done";

impl Drop for Browser {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.handle.kill();
    }
}

/// The response in a request to a sign-in page of AWS.
fn posted(request: &Json) -> Option<Secret> {
    if request["method"] != "POST" || !is_sign_in(request["url"].as_str()?) {
        return None;
    }
    let entries = || {
        let parts = request["postDataEntries"].as_array()?.iter();
        let parts: Option<Vec<Vec<u8>>> = parts.map(|part| STANDARD.decode(part["bytes"].as_str()?).ok()).collect();
        String::from_utf8(parts?.concat()).ok()
    };
    let form = request["postData"].as_str().map(str::to_owned).or_else(entries)?;
    field(&form, "SAMLResponse")
}

/// A field of a form.
pub(super) fn field(form: &str, name: &str) -> Option<Secret> {
    let value = form.split('&').filter_map(|pair| pair.split_once('=')).find(|(known, _)| *known == name)?.1;
    let value = String::from_utf8(percent_decode(&value.replace('+', " "))).ok()?;
    (!value.is_empty()).then(|| Secret::from(value))
}

/// The program that the provider or the environment names, with where it is named.
fn named(step: &Step<'_>) -> Option<(String, &'static str)> {
    let variable = step.context.host.env.get(BROWSER_VARIABLE);
    let variable = || variable.map(|name| (name.to_owned(), BROWSER_VARIABLE));
    step.entry.text(EXECUTABLE).map(|name| (name, EXECUTABLE)).or_else(variable)
}

/// The browser's program: what the provider names, what the environment names, what there is.
fn program(step: &Step<'_>) -> Result<PathBuf, String> {
    let host = &step.context.host;
    let path = host.env.get("PATH");
    let find = |name: &str| which::which_in(name, path, &host.cwd).ok();
    if let Some((name, place)) = named(step) {
        return find(&name)
            .ok_or_else(|| format!("there is no program `{}`, which {place} names", name.escape_debug()));
    }
    let wanted = step.entry.text("browser_type");
    let wanted = wanted.as_deref().map(|kind| kind.split('-').next().unwrap_or_default());
    let kinds = PROGRAMS.iter().filter(|(kind, _)| wanted.is_none_or(|wanted| wanted == *kind));
    let names: Vec<&str> = kinds.flat_map(|(_, programs)| programs.iter().copied()).collect();
    let found = names.iter().find_map(|name| find(name));
    found.ok_or_else(|| format!("no browser was found in PATH (looked for {})", names.join(", ")))
}

/// The browser of Linux seals cookies by the keyring of the desktop, or as good as not at all: who reads the disk would be this
/// person at the identity provider. So without that keyring they end with the window. Elsewhere the system seals them.
fn privacy(kind: Kind) -> Option<&'static str> {
    match kind {
        _ if !cfg!(target_os = "linux") => None,
        Kind::System => Some("--password-store=gnome-libsecret"),
        _ => Some("--incognito"),
    }
}

/// Name of the folder in which the browser keeps what it has of this provider.
pub(super) fn profile_name(entry: &Entry<'_>) -> String {
    hex(&Sha256::digest(entry.name))[..16].to_owned()
}

/// Where that folder lies, in this realm.
fn profile(step: &Step<'_>) -> Result<PathBuf, String> {
    let context = step.context;
    let root = context.host.dirs.data.join("atmos");
    let path = folder(&context.host, &context.realm).join(profile_name(&step.entry));
    trust::private_dir(&root, &path).map_err(|error| format!("no place for the browser's profile: {error}"))?;
    Ok(path)
}

fn plain(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(300).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::Expose as _;

    #[test]
    fn only_what_is_posted_to_aws_is_taken() {
        let request = |method: &str, url: &str, data: Json| json!({"method": method, "url": url, "postData": data});
        let aws = "https://signin.aws.amazon.com/saml";
        let form = json!("RelayState=&SAMLResponse=PHg%2B%0A");
        let taken = posted(&request("POST", aws, form.clone())).unwrap();
        assert_eq!(taken.expose_secret(), "PHg+\n");
        let parts = json!({"method": "POST", "url": aws, "postDataEntries": [
            {"bytes": STANDARD.encode("a=b&SAML")}, {"bytes": STANDARD.encode("Response=x")}]});
        assert_eq!(posted(&parts).unwrap().expose_secret(), "x");
        for request in [
            request("GET", aws, form.clone()),
            request("POST", "https://idp.example/saml", form),
            request("POST", aws, json!("RelayState=x")),
            request("POST", aws, json!("SAMLResponse=")),
            request("POST", aws, Json::Null),
        ] {
            assert!(posted(&request).is_none(), "{request}");
        }
    }
}
