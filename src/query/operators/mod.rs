//! The operators, by what they work on. Each file extends [`Evaluation`](super::eval::Evaluation).

mod arithmetic;
mod codec;
mod condition;
mod construct;
mod container;
mod delimited;
mod entries;
mod equal;
mod fact;
mod json;
mod merge;
mod order;
mod pattern;
mod regex;
mod string;
mod structure;
mod traverse;
mod update;

#[cfg(test)]
pub(super) use json::json_text;
