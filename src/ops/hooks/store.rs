//! Puts outputs of the component into a store.

use super::error::Error;
use super::event::Event;
use super::hook::Store;
use super::run::Around;
use crate::diag::Result;
use crate::exec::{Error as ExecError, Hangup, Launch, Output, process};
use crate::ops::child;
use crate::state::{Outputs, exists_as_key};
use crate::value::Node;

/// Writes every value of the hook. Its failure comes back as a value; `outputs` keeps what terraform said for the next
/// hook of the event.
pub(super) async fn run(
    hook: &str,
    store: &Store,
    event: Event<'_>,
    around: &mut Around<'_>,
    outputs: &mut Option<Outputs>,
) -> Result<Option<Error>> {
    let talk = around.app.host.talk.clone();
    if store.outputs.is_empty() {
        talk.info(format!("Skipping hook `{hook}`: it has no outputs"));
        return Ok(None);
    }
    let failed = |reason: String, help: &str| {
        Some(Error::StoreFailed {
            hook: hook.to_owned(),
            event: event.to_string(),
            reason,
            help: if help.is_empty() { "correct the hook".to_owned() } else { help.to_owned() },
        })
    };
    let instance = around.instance;
    let writer = match around.app.writer(instance, around.options, &store.name)? {
        Ok(writer) => writer,
        Err(problem) => return Ok(failed(problem.reason, &problem.help)),
    };
    // All values are known before the first one is written.
    let mut values = Vec::with_capacity(store.outputs.len());
    for (key, text) in &store.outputs {
        if !text.starts_with('.') {
            values.push((key, Node::from(text.as_str())));
            continue;
        }
        if outputs.is_none() {
            match ask(around).await? {
                Ok(told) => *outputs = Some(told),
                Err(reason) => return Ok(failed(reason, "the component's outputs are needed for this hook")),
            }
        }
        let told = outputs.get_or_insert_default();
        let (component, stack) = (&instance.name, &instance.stack);
        let missing = || {
            let reason = format!("terraform output `{text}` of {component} in {stack} not found");
            failed(reason, "correct `outputs` of the hook, or declare the output")
        };
        if !exists_as_key(told, text) {
            return Ok(missing());
        }
        match told.select(text) {
            Ok(Some(value)) => values.push((key, value)),
            Ok(None) => return Ok(missing()),
            Err(error) => return Ok(failed(format!("`{text}` selects no output: {error}"), "")),
        }
    }
    for (key, value) in values {
        let written = around
            .signals
            .guard(async { Ok::<_, ExecError>(writer.write(&instance.stack, &instance.name, key, &value).await) });
        if let Err(problem) = written.await? {
            return Ok(failed(problem.reason, &problem.help));
        }
        talk.info(format!("Stored `{key}` of {} in {} in the store `{}`", instance.name, instance.stack, store.name));
    }
    Ok(None)
}

/// What terraform says the outputs are. The command has prepared the folder.
async fn ask(around: &mut Around<'_>) -> Result<std::result::Result<Outputs, String>> {
    let host = &around.app.host;
    let launch = Launch {
        program: around.program.0.to_owned(),
        configured: around.program.1.to_owned(),
        args: ["output", "-no-color", "-json"].map(Into::into).to_vec(),
        cwd: around.folder.to_path_buf(),
        env: around.env.clone(),
        output: Output::Value,
        stderr: None,
        hangup: Hangup::Terminates,
    };
    let outcome = process::run(&launch, child::surroundings(host), around.signals).await?;
    if let Some(stop) = outcome.stop {
        return Err(ExecError::Interrupted { stop }.into());
    }
    if outcome.code != 0 {
        return Ok(Err(format!("`output` of terraform exited with code {}", outcome.code)));
    }
    Ok(Outputs::of_terraform(&outcome.captured, &host.masker))
}
