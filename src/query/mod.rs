//! Expressions over data, in the language of yq (mikefarah, version 4).
//!
//! Row 3. Read [`Query`] first. An expression is lexed and parsed into a tree of operators (`lex`, `words`, `parse`,
//! `op`); evaluation (`eval`, `operators`) works on a copy of the document that opens only where it is looked into
//! (`tree`). `docs/query.md` lists what is supported; what is left out says so when it is parsed.

mod error;
mod eval;
mod expression;
mod lex;
mod number;
mod op;
mod operators;
mod parse;
mod tag;
#[cfg(test)]
mod tests;
mod tree;
mod words;

pub use error::Error;
pub use eval::Environment;
pub use expression::Query;
