//! `atmos atlantis …`

use std::path::Path;

use super::super::args::{AtlantisArgs, AtlantisCommand, AtlantisGenerate, RepoConfigArgs};
use super::super::error::Error;
use super::super::setup::Context;
use super::{affected as comparison, describe, write};
use crate::diag::Result;
use crate::ops::affected;
use crate::ops::atlantis::{self, RepoConfigRequest};
use crate::value::Node;
use crate::yaml;

pub(super) fn run(context: &Context, args: AtlantisArgs) -> Result<u8> {
    let AtlantisCommand::Generate { command: AtlantisGenerate::RepoConfig(args) } = args.command;
    repo_config(context, args)?;
    Ok(0)
}

fn repo_config(context: &Context, args: RepoConfigArgs) -> Result<()> {
    let app = context.app_with_config()?;
    let evaluation = describe::processing(&context.host.env, &args.processing)?;
    let filled = |names: Vec<String>| -> Vec<String> {
        names.into_iter().map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).collect()
    };
    let base = comparison::base(context, args.base);
    let affected = args.affected_only.unwrap_or(false).then(|| affected::Request {
        base,
        stack: None,
        include_dependents: false,
        include_settings: false,
        include_spacelift_admin_stacks: false,
        include_uncommitted: false,
        exclude_locked: false,
        processing: evaluation.clone(),
    });
    let request = RepoConfigRequest {
        config_template: args.config_template.filter(|name| !name.is_empty()),
        project_template: args.project_template.filter(|name| !name.is_empty()),
        stacks: filled(args.stacks),
        components: filled(args.components),
        affected,
        evaluation,
    };
    let Some(document) = atlantis::repo_config(&app, &request)? else { return Ok(()) };
    let configured = app.config.document.get_path(["integrations", "atlantis", "path"]).and_then(Node::scalar_text);
    let path = args.output_path.or_else(|| configured.map(Into::into));
    let path = path.filter(|path| !path.as_os_str().is_empty() && path.as_os_str() != "/dev/stdout");
    if let Some(parent) = path.as_ref().and_then(|path| context.host.absolute(path).parent().map(Path::to_path_buf)) {
        let made = std::fs::create_dir_all(&parent);
        made.map_err(|cause| Error::Write { path: parent.display().to_string(), cause })?;
    }
    write::text_to(context, &yaml::emit_record(&document, 2), path.as_deref())
}
