//! `atmos docs generate`: a document from data of YAML files, the description of a terraform module, and a template.

mod generate;
mod module_tables;

pub use generate::generate;
