//! What can go wrong with the keys of a user. Row 5.

use miette::Diagnostic;

use crate::diag::Failure;
use crate::diag::hint::word;

/// Keys that are missing, refused or cannot be kept, and codes of devices.
#[derive(Debug, Clone, thiserror::Error, Diagnostic)]
pub enum Error {
    #[error("no access key of identity `{identity}` is stored")]
    #[diagnostic(
        code(atmos::auth::user::no_keys),
        help("store one: `atmos auth user configure -i {}`{or}", word(identity))
    )]
    NoKeys {
        identity: String,
        /// Another way, where there is one.
        or: String,
    },

    #[error(
        "invalid auth config: identity `{identity}`: access_key_id and secret_access_key must both be provided or both be empty{place}"
    )]
    #[diagnostic(
        code(atmos::auth::user::half),
        help(
            "give both below `credentials`, or none and store them: `atmos auth user configure -i {}`",
            word(identity)
        )
    )]
    Half { identity: String, place: String },

    #[error("identity `{identity}` is not of kind aws/user, but {kind}")]
    #[diagnostic(code(atmos::auth::user::not_a_user), help("{users}"))]
    NotAUser { identity: String, kind: String, users: String },

    #[error("no identities configured for provider type 'aws/user'")]
    #[diagnostic(code(atmos::auth::user::none), help("add one: `auth.identities.<name>.kind: aws/user`"))]
    None,

    #[error("the keys of identity `{identity}` stand in the configuration, not in the keyring")]
    #[diagnostic(
        code(atmos::auth::user::in_configuration),
        help("take `credentials.access_key_id` and `secret_access_key` out of atmos.yaml first")
    )]
    InConfiguration { identity: String },

    #[error("invalid access key: {reason}")]
    #[diagnostic(code(atmos::auth::user::invalid_key), help("{help}"))]
    InvalidKey { reason: String, help: &'static str },

    #[error("the keyring does not last: what is stored now would be gone with this process{why}")]
    #[diagnostic(
        code(atmos::auth::user::not_lasting),
        help("set ATMOS_KEYRING_TYPE=file and a password (ATMOS_KEYRING_PASSWORD)")
    )]
    NotLasting { why: String },

    #[error("the keyring entry of identity `{identity}` cannot be read: {reason}")]
    #[diagnostic(
        code(atmos::auth::user::damaged),
        help("store the key again: `atmos auth user configure -i {}`", word(identity))
    )]
    Damaged { identity: String, reason: String },

    #[error("the keyring did not answer, so that the access key of identity `{identity}` cannot be read")]
    #[diagnostic(
        code(atmos::auth::user::keyring_lost),
        help("unlock the keyring, or use another one (ATMOS_KEYRING_TYPE){or}")
    )]
    KeyringLost {
        identity: String,
        /// Another way, where there is one.
        or: String,
    },

    #[error("`auth user {command}` has nobody to ask: stdin is not a terminal")]
    #[diagnostic(code(atmos::auth::user::needs_terminal), help("{help}"))]
    NeedsTerminal { command: &'static str, help: String },

    #[error("MFA code required for identity `{identity}`")]
    #[diagnostic(
        code(atmos::auth::mfa_required),
        help(
            "set ATMOS_AWS_MFA_TOKEN to the 6 digits that the device shows, or run `atmos auth login -i {}` in a \
             terminal",
            word(identity)
        )
    )]
    CodeNeeded { identity: String },

    #[error("the MFA code of {from} is not 6 digits")]
    #[diagnostic(code(atmos::auth::user::code), help("give the 6 digits that the device shows now"))]
    Code { from: &'static str },

    #[error("`mfa_process` of identity `{identity}` {reason}")]
    #[diagnostic(code(atmos::auth::user::mfa_process), help("it has to print 6 digits and to end with status 0"))]
    Process { identity: String, reason: String },

    #[error("rotation of the key of identity `{identity}`: {reason}")]
    #[diagnostic(code(atmos::auth::user::rotation), help("{help}"))]
    Rotation { identity: String, reason: String, help: String },

    #[error("signing in as `{identity}` by the browser failed: {reason}")]
    #[diagnostic(code(atmos::auth::user::sign_in), help("try again with `atmos auth login -i {}`", word(identity)))]
    SignIn { identity: String, reason: String },

    #[error("failed to ask: {reason}")]
    #[diagnostic(code(atmos::auth::user::prompt))]
    Prompt { reason: String },

    #[error(
        "identity `{identity}` ({kind}) is not managed: it has the environment as it is, and no credentials of its own"
    )]
    #[diagnostic(
        code(atmos::auth::unmanaged),
        help("use an identity of kind aws/ambient where credentials are needed")
    )]
    Unmanaged { identity: String, kind: String },
}

impl Failure for Error {}
