//! Tokens of OpenID Connect: who vouches for a program in CI, in a cluster or elsewhere, says so in a signed token, and a
//! cloud takes that in place of a key.
//!
//! Row 5. Read [`Jwt`], then `source` (where a token comes from), then the kinds.

mod github;
mod gitlab;
mod jwt;
pub(super) mod source;
mod token;

pub(crate) use github::Github;
pub(crate) use gitlab::Gitlab;
pub(crate) use jwt::Jwt;
pub(crate) use token::Token;
