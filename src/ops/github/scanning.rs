//! Findings in the code scanning of GitHub (`ci.results`). What cannot be sent is a warning.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::json;

use super::client::{Call, GitHub, text};
use super::error::Error;
use crate::ci::{Platform, Settings};
use crate::component::Instance;
use crate::diag::{Report, Warning};
use crate::ops::App;
use crate::ops::annotations::Annotations;
use crate::ops::hooks::{Analysis, sarif};

const WHAT: &str = "take the findings";
/// GitHub takes no more, packed.
const LARGEST: usize = 10_000_000;

/// Sends what a scanner found in a component, where that is switched on and GitHub Actions runs us.
pub(in crate::ops) async fn publish(
    app: &App,
    instance: &Instance,
    folder: &Path,
    analysis: &Analysis<'_>,
    content: &str,
) {
    let folders = Annotations::at(app).folders(instance, folder);
    publish_of(app, &folders, analysis, content).await;
}

/// The same for files that are meant from one of these folders.
pub(in crate::ops) async fn publish_of(app: &App, folders: &[PathBuf], analysis: &Analysis<'_>, content: &str) {
    if !wants_findings(app) || app.findings_refused.load(Ordering::Relaxed) {
        return;
    }
    let name = analysis.name.join("/");
    let annotations = Annotations::at(app);
    let place = |file: &str| annotations.place(folders, file, None).map(|(path, _)| path);
    let Some(report) = sarif(content, analysis, place) else { return };
    let report = app.host.masker.mask(&report.to_string()).into_owned();
    match sent(app, &report).await {
        Ok(()) => tracing::debug!("the findings of {name} are sent to GitHub"),
        Err(error) => {
            // It would refuse those of every component.
            app.findings_refused.store(true, Ordering::Relaxed);
            let error = Report::from(error);
            let message =
                format!("the findings of {name} are not in GitHub's code scanning, nor are further ones: {error}");
            let warning = Warning::new("atmos::ci::results", app.host.masker.mask(&message).into_owned());
            let help = error.diagnostic().help().map(|help| help.to_string());
            app.host.talk.warn(help.into_iter().fold(warning, Warning::help));
        }
    }
}

/// Whether findings are to be sent at all.
pub(in crate::ops) fn wants_findings(app: &App) -> bool {
    let settings = Settings::read(&app.config.document);
    let wanted = settings.enabled && settings.results;
    if wanted && !Platform::is_github(&app.host.env) {
        tracing::debug!("`ci.results` sends nothing: GitHub Actions does not run us");
        return false;
    }
    wanted
}

async fn sent(app: &App, report: &str) -> Result<(), Error> {
    let env = &app.host.env;
    let (Some(commit), Some(name)) = (text(env, "GITHUB_SHA"), text(env, "GITHUB_REF")) else {
        return Err(Error::NoCommit);
    };
    let hub = GitHub::of(&app.host, None, None)?;
    let packed = packed(report)?;
    // The commit and the name must be those that GitHub has started the run for.
    let body = json!({"commit_sha": commit, "ref": name, "sarif": packed});
    let call = Call {
        method: "POST",
        path: "code-scanning/sarifs",
        body: Some(&body),
        what: WHAT,
        permission: "security-events: write",
        once: false,
    };
    hub.call(&call).await.map(drop)
}

fn packed(report: &str) -> Result<String, Error> {
    let refused = |answer: String| {
        let help = "let the scanner look at less, or leave rules out".to_owned();
        Error::Refused { what: WHAT, answer, help }
    };
    let mut packer = GzEncoder::new(Vec::new(), Compression::default());
    let packed = packer.write_all(report.as_bytes()).and_then(|()| packer.finish());
    let packed = packed.map_err(|error| refused(error.to_string()))?;
    if packed.len() > LARGEST {
        return Err(refused(format!("packed they are {} bytes, and it takes {LARGEST}", packed.len())));
    }
    Ok(STANDARD.encode(packed))
}
