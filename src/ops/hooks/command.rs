//! Starts the program of a hook and shows what it found.

use std::path::Path;

use tempfile::TempDir;

use super::error::Error;
use super::event::Event;
use super::hook::{Command, Hook, OnFailure};
use super::report::Report;
use super::run::{Around, Ending};
use super::sarif::Analysis;
use crate::ci::{Annotation, Level};
use crate::diag::Result;
use crate::exec::process::Surroundings;
use crate::exec::{Error as ExecError, Hangup, Launch, Output, process};
use crate::host::Env;
use crate::ops::annotations::Annotations;
use crate::ops::{child, ci, github};

/// The plan that the command has made or applies; a gate looks at it.
const PLANFILE: &str = "ATMOS_PLANFILE";

/// Starts the program of a hook; its failure comes back as a value.
pub(super) async fn run(
    hook: &Hook,
    command: &Command,
    event: Event<'_>,
    ending: &Ending,
    around: &mut Around<'_>,
) -> Result<Option<Error>> {
    let host = &around.app.host;
    let Prepared { temp, base, env } = prepare(around, ending, &command.env)?;
    let launch = Launch {
        program: command.program.clone(),
        configured: format!("`command` of the hook `{}`", hook.name),
        args: command.args.iter().map(|arg| expanded(arg, &base).into()).collect(),
        cwd: if around.folder.is_dir() { around.folder.to_path_buf() } else { host.cwd.clone() },
        env,
        output: match (command.prints, around.data) {
            (true, _) => Output::Value,
            (false, true) => Output::Stderr,
            (false, false) => Output::Inherit,
        },
        stderr: None,
        hangup: Hangup::Shells,
    };
    let outcome =
        process::run(&launch, Surroundings { relay: around.relay, ..child::surroundings(host) }, around.signals)
            .await?;
    if let Some(stop) = outcome.stop {
        return Err(ExecError::Interrupted { stop }.into());
    }
    let mut objection = None;
    if let Some(report) = &command.report {
        let content = if command.prints {
            Some(String::from_utf8_lossy(&outcome.captured).into_owned())
        } else {
            std::fs::read(temp.path().join(report.file()))
                .ok()
                .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
        };
        let place = if command.prints { "its output".to_owned() } else { file_place(report) };
        objection = report.objection(content.as_deref()).map(|reason| (reason, place));
        let content = content.unwrap_or_default();
        if let Some(text) = report.render(&hook.name, &content) {
            host.talk.info(text);
        }
        let subject = format!("`{}` in `{}`", around.instance.name, around.instance.stack);
        if let Some(text) = report.summary(&hook.name, &subject, &content) {
            ci::summarise(around.app, &host.masker.mask(&text));
        }
        annotate(hook, report, &content, around);
        if matches!(report, Report::Findings { .. }) {
            let (app, instance, folder) = (around.app, around.instance, around.folder);
            let name = ["atmos", &instance.stack, &instance.name, &hook.name];
            let analysis = Analysis { name: &name, is_mild: hook.on_failure != OnFailure::Fail };
            let sent = async {
                github::publish(app, instance, folder, &analysis, &content).await;
                Ok::<_, ExecError>(())
            };
            around.signals.guard(sent).await?;
        }
    }
    let (hook, event) = (hook.name.clone(), event.to_string());
    if outcome.code != 0 {
        return Ok(Some(Error::CommandFailed { hook, event, code: outcome.code }));
    }
    Ok(objection.map(|(reason, place)| Error::NoFindings { hook, event, reason, place }))
}

/// Where the program leaves what it found, in the words of a hook.
fn file_place(report: &Report) -> String {
    match report {
        Report::Findings { file: Some(file) } => format!("`$ATMOS_OUTPUT_DIR/{file}`"),
        _ => "`$ATMOS_OUTPUT_FILE`".to_owned(),
    }
}

/// Shows the findings where the CI system wants them. Those of a hook that cannot stop the run are warnings.
fn annotate(hook: &Hook, report: &Report, content: &str, around: &Around<'_>) {
    let subject = format!("{} in {}", around.instance.name, around.instance.stack);
    let Some(annotations) = Annotations::of(around.app) else { return };
    let folders = annotations.folders(around.instance, around.folder);
    let all = report.findings(content).into_iter().map(|finding| Annotation {
        level: if finding.is_error() && hook.on_failure == OnFailure::Fail { Level::Error } else { Level::Warning },
        place: finding.file.and_then(|file| annotations.place(&folders, &file, finding.line)),
        title: format!("{}: {}", hook.name, finding.rule),
        message: finding.message,
        subjects: vec![subject.clone()],
    });
    annotations.show(all.collect());
}

/// What a hook runs in.
pub(super) struct Prepared {
    /// Where it may leave files; gone with the value.
    pub temp: TempDir,
    /// The environment of the run with what the hook learns about it.
    pub base: Env,
    /// The same with the hook's own variables, which may refer to the others.
    pub env: Env,
}

/// Makes the folder and the environment of a hook with variables of its own.
pub(super) fn prepare(around: &Around<'_>, ending: &Ending, own: &[(String, String)]) -> Result<Prepared> {
    let host = &around.app.host;
    let temp = tempfile::Builder::new().prefix("atmos-hook-").tempdir_in(&host.dirs.temp);
    let temp = temp.map_err(ExecError::file("create", &host.dirs.temp))?;
    let mut base = around.env.clone();
    // A run around this one has another plan.
    base.remove(PLANFILE);
    for (name, value) in variables(around, ending, &temp.path().join("output")) {
        base.set(name, value);
    }
    let mut env = base.clone();
    for (name, text) in own {
        env.set(name, expanded(text, &base));
    }
    Ok(Prepared { temp, base, env })
}

/// What a hook learns about the run that it belongs to.
fn variables(around: &Around<'_>, ending: &Ending, file: &Path) -> Vec<(&'static str, String)> {
    let text = |path: &Path| path.display().to_string();
    let mut variables = vec![
        ("ATMOS_STACK", around.instance.stack.clone()),
        ("ATMOS_COMPONENT", around.instance.name.clone()),
        ("ATMOS_COMPONENT_PATH", text(around.folder)),
        ("ATMOS_OUTPUT_DIR", file.parent().map(text).unwrap_or_default()),
        ("ATMOS_OUTPUT_FILE", text(file)),
        ("ATMOS_HOOK_STATUS", ending.word().to_owned()),
        ("ATMOS_HOOK_EXIT_CODE", ending.code.to_string()),
    ];
    if let Some(planfile) = around.planfile.as_ref().filter(|planfile| planfile.is_file()) {
        variables.push((PLANFILE, text(planfile)));
    }
    if let Some(error) = &ending.error {
        variables.push(("ATMOS_HOOK_ERROR", around.app.host.masker.mask(error).into_owned()));
    }
    variables
}

/// `$NAME` and `${NAME}` replaced by variables; one that is not set is empty.
pub(super) fn expanded(text: &str, env: &Env) -> String {
    let value = |name: &str| env.get(name).unwrap_or_default().to_owned();
    let mut done = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        done.push_str(before);
        if let Some((name, behind)) = after.strip_prefix('{').and_then(|after| after.split_once('}')) {
            done.push_str(&value(name));
            rest = behind;
            continue;
        }
        let end = after.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(after.len());
        let (name, behind) = after.split_at(end);
        if name.is_empty() {
            done.push('$');
        } else {
            done.push_str(&value(name));
        }
        rest = behind;
    }
    done.push_str(rest);
    done
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_in_arguments_are_replaced() {
        let env = Env::from_iter([("A", "1"), ("B_2", "x y")]);
        for (text, expected) in [
            ("--stack=$A", "--stack=1"),
            ("${B_2}/$A.", "x y/1."),
            ("$NONE-", "-"),
            ("5$ and $", "5$ and $"),
            ("${A", "${A"),
            ("plain", "plain"),
        ] {
            assert_eq!(expanded(text, &env), expected, "{text}");
        }
    }
}
