//! Credentials that nobody can use.

use crate::cloud::Trouble;

pub(super) fn unusable(reason: &str) -> Trouble {
    Trouble::Unusable(reason.to_owned())
}
