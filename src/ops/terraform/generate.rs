//! `terraform generate varfile` and `terraform generate backend`.

use std::path::{Path, PathBuf};

use super::target::target_in;
use super::{Error, RunRequest};
use crate::component::Kind;
use crate::diag::{Result, Warning};
use crate::exec::files::{File, ORDINARY};
use crate::exec::folder_lock;
use crate::exec::terraform::folder::remove_written;
use crate::exec::terraform::{HCL_BACKEND_FILE, Target};
use crate::ops::{App, provision};
use crate::resolve;

/// One component, and where its file goes.
#[derive(Debug, Clone, Default)]
pub struct GenerateRequest {
    pub component: String,
    pub stack: Option<String>,
    /// `--file`; below the working directory. `None`: the name that runs use, in the component's folder.
    pub file: Option<PathBuf>,
    /// Secret variables are written, too.
    pub with_secrets: bool,
    pub evaluation: resolve::Options,
}

/// Writes the varfile and says where. With the file `-` it is the data for standard output instead.
pub async fn generate_varfile(app: &App, request: &GenerateRequest) -> Result<Option<String>> {
    let mut target = evaluated(app, request, None)?;
    existing(&target)?;
    if request.with_secrets {
        target.secret_vars.clear();
    }
    let file = target.varfile();
    if !target.secret_vars.is_empty() {
        let names: Vec<_> = target.secret_vars.keys().map(String::as_str).collect();
        let message = format!("sensitive variables are left out of the varfile: {}", names.join(", "));
        app.host.talk.warn(Warning::new("atmos::terraform::varfile_without_secrets", message));
    }
    if request.file.as_deref() == Some(Path::new("-")) {
        return Ok(Some(file.content));
    }
    let path = if let Some(path) = &request.file {
        let path = app.host.absolute(path);
        file.write_to(&path)?;
        path
    } else {
        let folder = existing(&target)?;
        let _lock = folder_lock::acquire(&app.host, folder).await?;
        file.write(folder)?;
        folder.join(&file.name)
    };
    app.host.talk.info(format!("Generated varfile {}", super::shown(app, &path)));
    Ok(None)
}

/// Writes `backend.tf.json` into the component's folder.
pub async fn generate_backend(app: &App, request: &GenerateRequest) -> Result<()> {
    let target = evaluated(app, request, Some(true))?;
    existing(&target)?;
    if let Some(file) = target.backend_file() {
        tracing::debug!("backend of {} in {}:\n{}", target.component, target.stack, file.content);
        let folder = existing(&target)?;
        let _lock = folder_lock::acquire(&app.host, folder).await?;
        remove_written(folder, HCL_BACKEND_FILE)?;
        File { mode: ORDINARY, ..file }.write(folder)?;
    }
    Ok(())
}

/// Writes `terraform_override.tf.json` with the versions that the component requires.
pub async fn generate_required_providers(app: &App, request: &GenerateRequest) -> Result<()> {
    let target = evaluated(app, request, None)?;
    let folder = existing(&target)?;
    let Some(file) = target.overrides.iter().find(|file| file.name == OVERRIDE) else {
        app.host.talk.info(format!("{} in {} requires no versions and no providers", target.component, target.stack));
        return Ok(());
    };
    let _lock = folder_lock::acquire(&app.host, folder).await?;
    file.write(folder)?;
    app.host.talk.info(format!("Generated {}", super::shown(app, &folder.join(&file.name))));
    Ok(())
}

/// The file with what a component requires.
const OVERRIDE: &str = "terraform_override.tf.json";

fn evaluated(app: &App, request: &GenerateRequest, backend: Option<bool>) -> Result<Target> {
    let Some(stack) = request.stack.as_deref().filter(|stack| !stack.is_empty()) else {
        return Err(Error::StackRequired.into());
    };
    let kind = Some(Kind::Terraform);
    let found = app.find(&request.component, stack, kind)?;
    let instance = app.evaluate(&found, &request.evaluation)?;
    let mut run = RunRequest::default();
    run.request.auto_generate_backend_file = backend.or(Some(false));
    target_in(app, &instance, &provision::folder(app, &instance, false)?, &run)
}

fn existing(target: &Target) -> Result<&Path, crate::exec::Error> {
    if target.folder.is_dir() {
        return Ok(&target.folder);
    }
    Err(crate::exec::Error::FolderNotFound {
        kind: "Terraform",
        component: target.component.clone(),
        folder: target.folder_name.clone(),
        base: target.base_path.clone(),
    })
}
