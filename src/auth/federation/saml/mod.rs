//! `aws/saml`: an identity provider's assertion in place of a key.
//!
//! Row 5. Read [`Assertion`] (what of one is read), then `provider` (the kind and its drivers): `command` runs a program,
//! `browser` leads a browser of this machine and takes the assertion out of its hand, `loopback` waits for the browser that the
//! person uses anyway. `Keycloak` and `ADFS` fill pages in (`forms`), `Okta` speaks its API; both with the answers of `person`, over
//! `web`.

mod adfs;
mod assertion;
mod browser;
mod cookies;
mod document;
mod factor;
mod forms;
mod keycloak;
mod loopback;
mod okta;
mod page;
mod person;
mod provider;
mod settings;
mod web;

pub(crate) use assertion::{Assertion, Offer};
pub(crate) use provider::Saml;
