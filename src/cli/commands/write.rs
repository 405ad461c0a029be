//! Data to stdout or to a file.

use std::path::Path;

use super::super::error::Error;
use super::super::setup::Context;
use crate::diag::Result;
use crate::output;
use crate::value::Node;
use crate::yaml;

/// Prints text on stdout.
pub(super) fn data(context: &Context, text: &str) -> Result<()> {
    context.screen.data(text).map_err(|cause| Error::Write { path: "stdout".to_owned(), cause }.into())
}

/// Prints text that may hold secrets on purpose.
pub(super) fn raw(context: &Context, text: &str) -> Result<()> {
    context.screen.raw_data(text).map_err(|cause| Error::Write { path: "stdout".to_owned(), cause }.into())
}

/// Prints a document as YAML or JSON, or writes it to `file`.
pub(super) fn document(
    context: &Context,
    node: &Node,
    format: Format,
    indent: usize,
    file: Option<&Path>,
) -> Result<()> {
    let node = output::masked(node, &context.host.masker);
    let text = match format {
        Format::Yaml => yaml::emit(&node, indent),
        Format::Json => yaml::try_emit_json(&node)?,
    };
    text_to(context, &text, file)
}

/// Prints text, or writes it to `file`.
pub(super) fn text_to(context: &Context, text: &str, file: Option<&Path>) -> Result<()> {
    match file {
        None => data(context, text),
        Some(file) => {
            let path = context.host.absolute(file);
            let failed = |cause| Error::Write { path: path.display().to_string(), cause };
            context.screen.data_to_file(&path, text).map_err(failed)?;
            Ok(())
        }
    }
}

/// The two document formats.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Yaml,
    Json,
}

impl Format {
    pub(super) fn parse(text: Option<&str>) -> Result<Format> {
        match text {
            None | Some("yaml") => Ok(Format::Yaml),
            Some("json") => Ok(Format::Json),
            Some(other) => Err(Error::Format { format: other.to_owned(), valid: "yaml, json" }.into()),
        }
    }
}
