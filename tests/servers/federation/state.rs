//! What the process holds and saw.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use serde::Deserialize;
use serde_json::Value as Json;

/// What tests turn.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Knobs {
    /// Path of the requests that get no answer.
    pub(crate) hang: Option<String>,
    /// Status of the service for jobs, in place of 200.
    pub(crate) token_status: Option<u16>,
    /// What it answers, in place of a token.
    pub(crate) token_body: Option<String>,
    /// Claims of its tokens in place of the usual ones.
    pub(crate) claims: Json,
    /// What its responses of SAML have in place of the usual.
    pub(crate) saml: Json,
    /// Seconds that tokens of the clouds live, in place of an hour.
    pub(crate) seconds: Option<i64>,
    /// Seconds by which the clock of STS is ahead of that of this machine.
    pub(crate) ahead: i64,
    /// Seconds that codes of Microsoft Entra live.
    pub(crate) code_seconds: Option<i64>,
    /// Answers to who waits for a person, before the token.
    pub(crate) confirm: Vec<String>,
    /// What Google answers with a token in place of the usual keys.
    pub(crate) google_answer: Json,
    /// Public key of a service account of Google: DER in base64.
    pub(crate) google_key: Option<String>,
    /// Google or Microsoft want to see the user again.
    pub(crate) reauthenticate: bool,
    /// How the identity providers that are signed in to by their pages behave.
    pub(crate) idp: Json,
    /// Another identity provider whose assertions STS believes.
    pub(crate) issuer: Option<String>,
    /// Program with arguments that ends with success where an assertion of that one, on its standard input, is signed.
    pub(crate) verify: Vec<String>,
    /// Address and certificate (in base64) of the clusters.
    pub(crate) cluster: Option<(String, String)>,
    /// The person says no at the page of Microsoft Entra.
    pub(crate) deny: bool,
    /// Tokens are signed with a key that nobody knows.
    pub(crate) forge: bool,
}

pub(crate) struct State {
    pub(crate) url: String,
    pub(crate) knobs: Mutex<Knobs>,
    pub(crate) log: Mutex<Vec<String>>,
    pub(crate) issued: Mutex<Vec<String>>,
    /// Tokens and cookies that are worth something.
    pub(crate) tokens: Mutex<Vec<String>>,
    /// Codes that have been redeemed.
    pub(crate) codes: Mutex<BTreeSet<String>>,
    /// ARN by key id.
    pub(crate) sessions: Mutex<BTreeMap<String, String>>,
    pub(crate) key: EcdsaKeyPair,
    pub(crate) forged: EcdsaKeyPair,
}

impl State {
    pub(crate) fn new(url: String) -> State {
        State {
            url,
            knobs: Mutex::default(),
            log: Mutex::default(),
            issued: Mutex::default(),
            tokens: Mutex::default(),
            codes: Mutex::default(),
            sessions: Mutex::default(),
            key: key(),
            forged: key(),
        }
    }

    pub(crate) fn knobs(&self) -> Knobs {
        self.knobs.lock().unwrap().clone()
    }

    pub(crate) fn note(&self, line: &str) {
        self.log.lock().unwrap().push(line.to_owned());
    }

    /// What the next question whether a person has confirmed gets; nothing when the person has.
    pub(crate) fn next_confirmation(&self) -> Option<String> {
        let mut knobs = self.knobs.lock().unwrap();
        if knobs.confirm.is_empty() { None } else { Some(knobs.confirm.remove(0)) }
    }

    /// Remembers a secret that leaves.
    pub(crate) fn issue(&self, secret: String) -> String {
        self.issued.lock().unwrap().push(secret.clone());
        secret
    }
}

fn key() -> EcdsaKeyPair {
    let random = SystemRandom::new();
    let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
    EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, document.as_ref(), &random).unwrap()
}

/// Letters that nobody guesses.
pub(crate) fn opaque(prefix: &str) -> String {
    use std::fmt::Write as _;
    let mut bytes = [0; 24];
    ring::rand::SecureRandom::fill(&SystemRandom::new(), &mut bytes).unwrap();
    bytes.iter().fold(prefix.to_owned(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

pub(crate) fn now() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    i64::try_from(since.as_secs()).unwrap()
}
