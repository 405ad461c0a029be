//! `aws/saml`: an identity provider's assertion in place of a key.
//!
//! Row 5. Read [`Assertion`] (what of one is read), then `provider` (the kind and its drivers): `command` runs a program,
//! `browser` leads a browser of this machine and takes the assertion out of its hand, `loopback` waits for the browser that the
//! person uses anyway.

mod assertion;
mod browser;
mod document;
mod loopback;
mod provider;

pub(crate) use assertion::{Assertion, Offer};
pub(crate) use provider::Saml;
