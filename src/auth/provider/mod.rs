//! Where first credentials come from. Row 5.

pub(crate) mod browser;
pub(crate) mod device;
pub(crate) mod sso;
