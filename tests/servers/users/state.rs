//! What the server remembers: keys, sessions, used codes, what it gave away, and how it can misbehave.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use crate::random;

pub(crate) const ACCOUNT: &str = "111111111111";
pub(crate) const USER: &str = "arn:aws:iam::111111111111:user/worker";
/// The first key, which the tests know.
pub(crate) const FIRST_ID: &str = "AKIAFIRSTKEYOFWORKER";
pub(crate) const FIRST_SECRET: &str = "first/secret+of/the+worker/0123456789abc";

#[derive(Clone)]
pub(crate) struct State {
    memory: Arc<Mutex<Memory>>,
}

impl State {
    pub(crate) fn new(memory: Memory) -> State {
        State { memory: Arc::new(Mutex::new(memory)) }
    }

    pub(crate) fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A key that lasts.
#[derive(Clone)]
pub(crate) struct Key {
    pub(crate) id: String,
    pub(crate) secret: String,
    pub(crate) created: Timestamp,
    /// So many calls with it are refused first: a key needs time to be known.
    pub(crate) unknown_for: u32,
}

/// A session of the user or of a role.
#[derive(Clone)]
pub(crate) struct Session {
    pub(crate) secret: String,
    pub(crate) token: String,
    pub(crate) arn: String,
    pub(crate) account: String,
    pub(crate) mfa: bool,
    pub(crate) ends: Timestamp,
}

/// How it can misbehave.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Knobs {
    /// The code that the device shows. Each counts once.
    pub(crate) code: String,
    /// Roles want a session that has used the device.
    pub(crate) require_mfa: bool,
    /// Seconds that this clock is ahead.
    pub(crate) clock: i64,
    /// Longest session.
    pub(crate) lifetime: i64,
    /// The action that is never answered, before or after it is done.
    pub(crate) hang_before: String,
    pub(crate) hang_after: String,
    /// Calls with a new key that are refused first.
    pub(crate) unknown_for: u32,
    /// The sign-in endpoint refuses a length of the session.
    pub(crate) refuse_length: bool,
    /// The browser says no.
    pub(crate) deny: bool,
    /// The browser is shown a page, and a person decides.
    pub(crate) page: bool,
    /// Refresh tokens are worthless.
    pub(crate) revoked: bool,
    /// Proofs need a nonce of the service.
    pub(crate) nonce: String,
    /// The sign-in endpoint answers with this status.
    pub(crate) signin_status: u16,
}

impl Default for Knobs {
    fn default() -> Knobs {
        Knobs {
            code: "123456".to_owned(),
            require_mfa: false,
            clock: 0,
            lifetime: 12 * 3600,
            hang_before: String::new(),
            hang_after: String::new(),
            unknown_for: 0,
            refuse_length: false,
            deny: false,
            page: false,
            revoked: false,
            nonce: String::new(),
            signin_status: 200,
        }
    }
}

pub(crate) struct Memory {
    pub(crate) knobs: Knobs,
    pub(crate) keys: Vec<Key>,
    pub(crate) sessions: HashMap<String, Session>,
    pub(crate) used_codes: HashSet<String>,
    /// Authorization codes with their challenge and redirect address.
    pub(crate) grants: HashMap<String, (String, String)>,
    /// Refresh tokens with the key that they are bound to.
    pub(crate) refresh: HashMap<String, String>,
    pub(crate) log: Vec<String>,
    pub(crate) issued: Vec<String>,
}

impl Memory {
    pub(crate) fn new() -> Memory {
        let first = Key {
            id: FIRST_ID.to_owned(),
            secret: FIRST_SECRET.to_owned(),
            created: Timestamp::now() - SignedDuration::from_hours(1000),
            unknown_for: 0,
        };
        Memory {
            knobs: Knobs::default(),
            keys: vec![first],
            sessions: HashMap::new(),
            used_codes: HashSet::new(),
            grants: HashMap::new(),
            refresh: HashMap::new(),
            log: Vec::new(),
            issued: vec![FIRST_SECRET.to_owned()],
        }
    }

    /// Takes knobs as JSON; what is not named goes back to its rest position.
    pub(crate) fn turn(&mut self, json: &[u8]) -> Result<(), String> {
        self.knobs = serde_json::from_slice(json).map_err(|error| error.to_string())?;
        Ok(())
    }

    /// Now by this server's clock.
    pub(crate) fn now(&self) -> Timestamp {
        Timestamp::now() + SignedDuration::from_secs(self.knobs.clock)
    }

    pub(crate) fn date(&self) -> String {
        let zone = jiff::tz::TimeZone::UTC;
        self.now().to_zoned_datetime(zone).strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
    }

    /// A new key of the user.
    pub(crate) fn make_key(&mut self) -> Key {
        let key = Key {
            id: random::access_key_id().replacen("ASIA", "AKIA", 1),
            secret: random::secret_access_key(),
            created: self.now(),
            unknown_for: self.knobs.unknown_for,
        };
        self.issued.push(key.secret.clone());
        self.keys.push(key.clone());
        key
    }

    /// A new session.
    pub(crate) fn make_session(&mut self, arn: &str, account: &str, mfa: bool, seconds: i64) -> (String, Session) {
        let session = Session {
            secret: random::secret_access_key(),
            token: random::session_token(),
            arn: arn.to_owned(),
            account: account.to_owned(),
            mfa,
            ends: self.now() + SignedDuration::from_secs(seconds.min(self.knobs.lifetime)),
        };
        self.issued.extend([session.secret.clone(), session.token.clone()]);
        let id = random::access_key_id();
        self.sessions.insert(id.clone(), session.clone());
        (id, session)
    }
}

/// Somewhere far away, for an answer that never comes.
pub(crate) async fn never() {
    let long = SystemTime::now() + Duration::from_hours(1);
    while SystemTime::now() < long {
        tokio::time::sleep(Duration::from_mins(1)).await;
    }
}
