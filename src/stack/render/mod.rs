//! Rendering of the templates in manifests, before the manifests are merged.
//!
//! Read [`Renderer::manifest`] first. A manifest that is YAML as it is written is rendered scalar by scalar (`walk`,
//! `scalar`), so that every value keeps its place; one that is not, or whose templates reach over several scalars, as one
//! text. `locals` resolves the `locals` of a file, `settle` what they
//! took from values that read locals, `data` holds what the templates of a file see, `partial` keeps what
//! only later steps can render, `guard` sees to it that nothing becomes a YAML function by rendering, and `world` is what
//! templates reach outside.

mod data;
mod failure;
mod functions;
mod guard;
mod locals;
#[cfg(test)]
mod locals_tests;
mod manifest;
mod partial;
mod renderer;
mod scalar;
mod settle;
#[cfg(test)]
mod tests;
mod walk;
mod world;

pub(crate) use renderer::{Renderer, Site};
pub(crate) use world::Machine;
