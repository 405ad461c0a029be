//! What sprig and gomplate take from Go's standard library: numbers, quoting, regular expressions, JSON, times, paths,
//! URLs and digests, with Go's rules.

pub(crate) mod args;
pub(crate) mod base;
pub(crate) mod chance;
pub(crate) mod digest;
pub(crate) mod duration;
pub(crate) mod environment;
pub(crate) mod json;
pub(crate) mod json_read;
pub(crate) mod left_out;
pub(crate) mod number;
pub(crate) mod path;
pub(crate) mod pattern;
pub(crate) mod regex;
pub(crate) mod text;
pub(crate) mod time;
pub(crate) mod time_layout;
pub(crate) mod time_parse;
pub(crate) mod url;
pub(crate) mod words;

#[cfg(test)]
mod tests;
