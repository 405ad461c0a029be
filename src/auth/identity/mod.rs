//! From the credentials of one step to those of the next. Row 5.

pub(crate) mod ambient;
pub(crate) mod assume_role;
pub(crate) mod assume_root;
pub(crate) mod credential_process;
pub(crate) mod mock;
pub(crate) mod permission_set;
pub(crate) mod saml_role;
pub(crate) mod user;
pub(crate) mod web_identity;
