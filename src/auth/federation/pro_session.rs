//! What `atmos/pro` gives to the next step of a chain. Row 5.

use jiff::Timestamp;

use crate::cloud::pro::Service;
use crate::secret::Secret;

/// A session at Atmos Pro.
#[derive(Debug, Clone)]
pub(crate) struct ProSession {
    pub(crate) token: Secret,
    pub(crate) base: String,
    pub(crate) endpoint: String,
    pub(crate) workspace: String,
    pub(crate) expires: Option<Timestamp>,
}

impl ProSession {
    pub(crate) fn service(&self) -> Service<'_> {
        Service { base: &self.base, endpoint: &self.endpoint }
    }
}
