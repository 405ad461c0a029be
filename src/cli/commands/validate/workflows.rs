//! `atmos validate workflows`

use serde_json::Value as Json;

use super::super::super::args::ScopeArgs;
use super::super::super::setup::Context;
use super::files;
use super::format::{self, form};
use crate::diag::Result;
use crate::ops::validate::{self, FilesReport, WorkflowsRequest};
use crate::ops::{App, annotations};

pub(super) fn workflows(context: &Context, scope: ScopeArgs) -> Result<u8> {
    let app = context.app_with_config()?;
    let form = form(context, &app, scope.format.clone())?;
    let report = report(&app, scope)?;
    annotations::of_findings(&app, report.files.iter().flat_map(|file| &file.findings));
    if form == format::Form::Json {
        return format::print(context, &files::json_of(&report));
    }
    files::shown(context, &report, form, "No workflow files to validate")
}

/// The same as a document.
pub(super) fn json(context: &Context, scope: &ScopeArgs) -> Result<Json> {
    Ok(files::json_of(&report(&context.app_with_config()?, scope.clone())?))
}

fn report(app: &App, scope: ScopeArgs) -> Result<FilesReport> {
    let ScopeArgs { exclude, affected, base, .. } = scope;
    validate::workflows(app, &WorkflowsRequest { exclude, affected, base })
}
