//! Who reads a store. The module that knows identities implements this.

use std::pin::Pin;

use super::problem::Problem;
use crate::secret::Secret;

/// Keys that sign requests to AWS.
#[derive(Debug, Clone)]
pub struct AwsKeys {
    pub access_key_id: String,
    pub secret_access_key: Secret,
    pub session_token: Option<Secret>,
    /// Where the identity has its services, if that is said.
    pub endpoint: Option<String>,
}

/// One identity. Its credentials are asked for when the first value is read as it.
pub trait Identity: std::fmt::Debug + Send + Sync {
    /// For messages.
    fn name(&self) -> &str;

    /// What the identity is, whatever it is called: values that were read as one are never given to another.
    fn fingerprint(&self) -> &str;

    /// Its credentials.
    fn aws(&self) -> Pin<Box<dyn Future<Output = Result<AwsKeys, Problem>> + Send + '_>>;
}
