//! `atmos validate` alone: everything that can be checked without a name, and a summary.

use std::fmt::Write as _;

use serde_json::{Value as Json, json};

use super::super::super::args::{EditorconfigArgs, ScopeArgs, ValidateStacksArgs};
use super::super::super::setup::Context;
use super::format::{Form, form, print, verdict};
use super::{ci, editorconfig, files, stacks, workflows};
use crate::diag::Result;
use crate::ops::validate::{has_workflow_files, has_workflows};
use crate::validate::editorconfig::EditorConfig;

pub(super) fn all(context: &Context, scope: &ScopeArgs) -> Result<u8> {
    // A configuration that cannot be read is no result of one of the checks.
    let app = context.app_with_config()?;
    let own = EditorconfigArgs {
        exclude: None,
        ignore_defaults: false,
        dry_run: false,
        init: false,
        ci: false,
        format: None,
        disable_end_of_line: false,
        disable_indent_size: false,
        disable_indentation: false,
        disable_insert_final_newline: false,
        disable_max_line_length: false,
        disable_trim_trailing_whitespace: false,
        affected: scope.affected,
        base: scope.base.clone(),
    };
    if form(context, &app, scope.format.clone())? == Form::Json {
        return documents(context, scope, own);
    }
    let unconfigured = EditorConfig::of(&context.host.cwd).is_empty();
    let manifests = ValidateStacksArgs { schemas_atmos_manifest: None, scope: scope.clone() };
    let results = [
        ("schema", Some(files::named(context, None, scope))),
        ("stacks", Some(stacks::stacks(context, manifests))),
        ("workflows", has_workflow_files(&app).then(|| workflows::workflows(context, scope.clone()))),
        ("editorconfig", (!unconfigured).then(|| editorconfig::editorconfig(context, own))),
        ("ci", has_workflows(&app).then(|| ci::ci(context, ci::usual(scope)))),
    ];
    let mut failed = false;
    let mut summary = "Validation summary:".to_owned();
    for (target, result) in results {
        let word = match result {
            None => "skipped",
            Some(Ok(0)) => "passed",
            Some(Ok(_)) => "failed",
            Some(Err(report)) => {
                context.screen.error(&report, false);
                "failed"
            }
        };
        failed |= word == "failed";
        let _ = write!(summary, "\n  {target}: {word}");
    }
    // Each check has said for programs what is wrong.
    if !(failed && context.screen.has_json_errors()) {
        context.host.talk.attention(summary);
    }
    Ok(u8::from(failed))
}

/// The verdicts of all checks in one document.
fn documents(context: &Context, scope: &ScopeArgs, own: EditorconfigArgs) -> Result<u8> {
    let manifests = ValidateStacksArgs { schemas_atmos_manifest: None, scope: scope.clone() };
    let own_workflows = has_workflow_files(&context.app_with_config()?);
    let configured = !EditorConfig::of(&context.host.cwd).is_empty();
    let results = [
        ("schema", files::json(context, scope)),
        ("stacks", stacks::json(context, manifests)),
        ("workflows", if own_workflows { workflows::json(context, scope) } else { Ok(verdict(true, Vec::new())) }),
        ("editorconfig", if configured { editorconfig::json(context, own) } else { Ok(verdict(true, Vec::new())) }),
        ("ci", ci::json(context, scope)),
    ];
    let mut all = serde_json::Map::new();
    for (target, result) in results {
        let found = result.unwrap_or_else(|report| {
            let finding = json!({"severity": "error", "code": report.code(), "message": report.to_string()});
            verdict(false, vec![finding])
        });
        all.insert(target.to_owned(), found);
    }
    let valid = all.values().all(|found| found["valid"] == true);
    all.insert("valid".to_owned(), Json::Bool(valid));
    print(context, &Json::Object(all))
}
