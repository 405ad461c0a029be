//! `atmos validate …`: `stacks`, `component`, `files` (schemas of the configuration), `editorconfig`, and `all` of them.

mod all;
mod ci;
mod component;
mod editorconfig;
mod files;
mod format;
mod run;
mod stacks;
mod workflows;

pub(super) use files::named;
pub(super) use run::run;
