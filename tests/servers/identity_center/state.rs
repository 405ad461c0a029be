//! What the server remembers: registered clients, device codes, tokens, what it gave away, and what it was asked.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use serde::Serialize;

use crate::authorize;
use crate::directory::Directory;
use crate::knobs::Knobs;
use crate::sts::Endpoint;

/// Shared by all connections.
#[derive(Clone)]
pub(crate) struct State {
    inner: Arc<Inner>,
}

struct Inner {
    port: u16,
    directory: Directory,
    sts: Option<Endpoint>,
    /// The knobs of the flags, to which a reset goes back.
    first_knobs: Knobs,
    memory: Mutex<Memory>,
}

pub(crate) struct Memory {
    pub(crate) knobs: Knobs,
    pub(crate) clients: HashMap<String, Client>,
    /// By device code.
    pub(crate) devices: HashMap<String, Device>,
    /// Browsers that wait for a decision, by the id on their page.
    pub(crate) requests: HashMap<String, authorize::Request>,
    /// Authorization codes that were not exchanged yet.
    pub(crate) codes: HashMap<String, authorize::Code>,
    /// Access token to the end of its life.
    pub(crate) tokens: HashMap<String, SystemTime>,
    /// Refresh token to the client that it belongs to.
    pub(crate) refresh: HashMap<String, String>,
    pub(crate) issued: Vec<Issued>,
    pub(crate) log: Vec<Entry>,
}

pub(crate) struct Client {
    pub(crate) name: String,
    pub(crate) secret: String,
    pub(crate) scopes: Vec<String>,
    pub(crate) grants: Vec<String>,
    pub(crate) redirects: Vec<String>,
    pub(crate) ends: SystemTime,
}

pub(crate) struct Device {
    pub(crate) client: String,
    pub(crate) user_code: String,
    pub(crate) verdict: Verdict,
    pub(crate) polls: u32,
    pub(crate) ends: SystemTime,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Open,
    Approved,
    Denied,
}

/// A secret that left the server.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Issued {
    pub(crate) kind: &'static str,
    pub(crate) secret: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) access_key_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) account: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) role: Option<String>,
}

/// One line of the request log. Holds no secret.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Entry {
    pub(crate) operation: &'static str,
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) grant: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) account: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) role: Option<String>,
    pub(crate) status: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) error: Option<&'static str>,
    /// Milliseconds since the epoch, when the request had been read.
    pub(crate) at_ms: u64,
    pub(crate) took_ms: u64,
}

impl State {
    pub(crate) fn new(port: u16, directory: Directory, knobs: Knobs, sts: Option<Endpoint>) -> State {
        let memory = Mutex::new(Memory::new(knobs.clone()));
        State { inner: Arc::new(Inner { port, directory, sts, first_knobs: knobs, memory }) }
    }

    pub(crate) fn memory(&self) -> MutexGuard<'_, Memory> {
        self.inner.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn directory(&self) -> &Directory {
        &self.inner.directory
    }

    pub(crate) fn sts(&self) -> Option<&Endpoint> {
        self.inner.sts.as_ref()
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.inner.port)
    }

    /// Forgets everything, tokens included, and takes the knobs of the flags again.
    pub(crate) fn reset(&self) {
        *self.memory() = Memory::new(self.inner.first_knobs.clone());
    }
}

impl Memory {
    fn new(knobs: Knobs) -> Memory {
        Memory {
            knobs,
            clients: HashMap::new(),
            devices: HashMap::new(),
            requests: HashMap::new(),
            codes: HashMap::new(),
            tokens: HashMap::new(),
            refresh: HashMap::new(),
            issued: Vec::new(),
            log: Vec::new(),
        }
    }

    /// Notes a secret that goes out and hands it back.
    pub(crate) fn issue(&mut self, kind: &'static str, secret: String) -> String {
        self.issued.push(Issued { kind, secret: secret.clone(), access_key_id: None, account: None, role: None });
        secret
    }

    /// The device code that belongs to a code on the approve page, however it was typed.
    pub(crate) fn device_by_user_code(&mut self, typed: &str) -> Option<&mut Device> {
        let letters = |text: &str| -> String {
            text.chars().filter(char::is_ascii_alphanumeric).map(|letter| letter.to_ascii_uppercase()).collect()
        };
        let wanted = letters(typed);
        self.devices.values_mut().find(|device| letters(&device.user_code) == wanted)
    }

    /// Takes a switch that works once back to its rest position and says whether it was on.
    pub(crate) fn take(&mut self, switch: fn(&mut Knobs) -> &mut bool) -> bool {
        std::mem::take(switch(&mut self.knobs))
    }
}

/// Now, and so many seconds later.
pub(crate) fn after(seconds: u32) -> SystemTime {
    SystemTime::now() + Duration::from_secs(u64::from(seconds))
}

pub(crate) fn epoch_seconds(time: SystemTime) -> u64 {
    time.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |passed| passed.as_secs())
}

pub(crate) fn epoch_millis(time: SystemTime) -> u64 {
    time.duration_since(SystemTime::UNIX_EPOCH)
        .map_or(0, |passed| u64::try_from(passed.as_millis()).unwrap_or(u64::MAX))
}
