//! Azure: who vouches for a program at Microsoft Entra, and the subscription that it works in.
//!
//! Row 5. Read [`AzureLogin`] (what goes from step to step), then the kinds, then `environment` (what a child gets).

mod assertion;
mod device;
mod environment;
mod interactive;
mod library;
mod login;
mod person;
mod program;
mod subscription;

pub(crate) use assertion::Assertion;
pub(crate) use device::DEVICE_CODE;
pub(crate) use interactive::INTERACTIVE;
pub(crate) use login::{AzureLogin, Cloud};
pub(crate) use program::Program;
pub(crate) use subscription::Subscription;
