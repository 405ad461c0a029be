//! `atmos validate ci`

use serde_json::Value as Json;

use super::super::super::args::{ScopeArgs, ValidateCiArgs};
use super::super::super::setup::Context;
use super::files;
use super::format::{self, Form, form};
use crate::diag::Result;
use crate::ops::validate::{self, CiRequest, FilesReport};
use crate::ops::{App, annotations};

pub(super) fn ci(context: &Context, args: ValidateCiArgs) -> Result<u8> {
    let app = context.app()?;
    let form = form(context, &app, args.scope.format.clone())?;
    let report = report(&app, args)?;
    annotations::of_findings(&app, report.files.iter().flat_map(|file| &file.findings));
    if form == Form::Json {
        return format::print(context, &files::json_of(&report));
    }
    files::shown(context, &report, form, "No workflow files to validate")
}

/// The workflows at their usual place.
pub(super) fn usual(scope: &ScopeArgs) -> ValidateCiArgs {
    ValidateCiArgs { files: Vec::new(), workflow_path: None, scope: scope.clone() }
}

/// The same as a document.
pub(super) fn json(context: &Context, scope: &ScopeArgs) -> Result<Json> {
    Ok(files::json_of(&report(&context.app()?, usual(scope))?))
}

fn report(app: &App, args: ValidateCiArgs) -> Result<FilesReport> {
    let ValidateCiArgs { files, workflow_path: folder, scope } = args;
    let request = CiRequest { files, folder, exclude: scope.exclude, affected: scope.affected, base: scope.base };
    validate::ci(app, &request)
}
