//! Where first credentials come from. Row 5.

pub(crate) mod browser;
pub(crate) mod callback;
mod code;
pub(crate) mod device;
mod grant;
pub(crate) mod portal;
pub(crate) mod sso;

pub(crate) use browser::open as open_browser;
pub(crate) use code::{challenge, random};
pub(crate) use device::Poll;
pub(crate) use grant::plain;
