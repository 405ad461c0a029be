//! Data to stdout or to a file.

use std::path::Path;

use super::super::error::Error;
use super::super::pager;
use super::super::setup::{self, Context};
use crate::diag::{Report, Result};
use crate::output::{self, Syntax};
use crate::value::Node;
use crate::yaml::{self, Form, Parts};

/// Prints text on stdout.
pub(super) fn data(context: &Context, text: &str) -> Result<()> {
    if let Some(program) = pager_of(context)
        && text.lines().count() >= context.host.terminal.height()
    {
        let text = context.host.masker.mask(text);
        if pager::show(&context.host, program, &text).is_ok() {
            return Ok(());
        }
    }
    context.screen.data(text).map_err(|cause| Error::Write { path: "stdout".to_owned(), cause }.into())
}

/// The program that data goes through: only where a person looks at it.
fn pager_of(context: &Context) -> Option<&Vec<String>> {
    let terminal = context.host.terminal;
    context.pager.get()?.as_ref().filter(|_| terminal.stdout && !terminal.ci)
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
    masked_to(context, &text, Some(format), file)
}

/// The colours of a document: only where a person looks at it, and unless the configuration is against it.
fn syntax(context: &Context, format: Format) -> Option<Syntax> {
    let terminal = context.host.terminal;
    let seen = terminal.stdout || terminal.forced;
    let wanted = seen && context.highlights.get() != Some(&false) && setup::colour_of_stdout(context);
    wanted.then_some(match format {
        Format::Yaml => Syntax::Yaml,
        Format::Json => Syntax::Json,
    })
}

/// Prints the text of a document whose values are masked already, or writes it to `file`. Without a format it is shown as
/// it is.
pub(super) fn masked_to(context: &Context, text: &str, format: Option<Format>, file: Option<&Path>) -> Result<()> {
    let file = file.map(|file| context.host.absolute(file));
    if file.is_none()
        && let Some(program) = pager_of(context)
        && text.lines().count() >= context.host.terminal.height()
        && pager::show(&context.host, program, &context.host.masker.mask_unknown(text)).is_ok()
    {
        return Ok(());
    }
    let path = file.as_ref().map_or_else(|| "stdout".to_owned(), |path| path.display().to_string());
    let syntax = format.and_then(|format| syntax(context, format));
    context.screen.document(text, syntax, file.as_deref()).map_err(|cause| Error::Write { path, cause }.into())
}

/// Size of the pieces in which large documents are printed.
const PIECE: usize = 1 << 20;

/// Prints a document that consists of parts whose values are masked already, or writes it to `file`.
pub(super) fn parts(context: &Context, parts: &Parts, form: Form, file: Option<&Path>) -> Result<()> {
    let format = match form {
        Form::Yaml { .. } => Format::Yaml,
        Form::Json => Format::Json,
    };
    pieces(context, format, file, |write| form.document(parts, &mut |piece: &str| write(piece)))
}

/// Prints a text whose values are masked already as it is given, or writes it to `file`.
pub(super) fn pieces(
    context: &Context,
    format: Format,
    file: Option<&Path>,
    give: impl FnOnce(&mut dyn FnMut(&str) -> Result<()>) -> Result<()>,
) -> Result<()> {
    let mut text = String::new();
    let paged = pager_of(context).is_some();
    give(&mut |piece: &str| {
        // A value never lies in two pieces, so that what has the form of a secret is seen whole.
        text.push_str(piece);
        if file.is_none() && !paged && text.len() > PIECE {
            masked_to(context, &text, Some(format), None)?;
            text.clear();
        }
        Ok(())
    })?;
    masked_to(context, &text, Some(format), file)
}

/// Whether a document that consists of parts holds a known secret.
pub(super) fn holds_secret(context: &Context, parts: &Parts, form: Form) -> Result<bool> {
    let mut holds = false;
    form.document(parts, &mut |piece| {
        holds = holds || context.host.masker.holds(piece);
        Ok::<(), Report>(())
    })?;
    Ok(holds)
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

/// Adds text to the end of a file.
pub(super) fn append(context: &Context, file: &Path, text: &str) -> Result<()> {
    let path = context.host.absolute(file);
    let failed = |cause| Error::Write { path: path.display().to_string(), cause };
    context.screen.data_at_end(&path, text).map_err(failed)?;
    Ok(())
}

/// The two document formats.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Yaml,
    Json,
}

impl Format {
    /// `indent` is the number of columns per level of YAML.
    pub(super) fn form(self, indent: usize) -> Form {
        match self {
            Format::Yaml => Form::Yaml { indent },
            Format::Json => Form::Json,
        }
    }

    pub(super) fn parse(text: Option<&str>) -> Result<Format> {
        match text {
            None | Some("yaml") => Ok(Format::Yaml),
            Some("json") => Ok(Format::Json),
            Some(other) => Err(Error::Format { format: other.to_owned(), valid: "yaml, json" }.into()),
        }
    }
}
