//! From the credentials of one step to those of the next. Row 5.

pub(crate) mod assume_role;
pub(crate) mod mock;
pub(crate) mod permission_set;
