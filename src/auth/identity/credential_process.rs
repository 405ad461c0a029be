//! `aws/credential-process`: the credentials that a program of the user's own prints. Row 5.

use std::ffi::OsStr;
use std::io::Read as _;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use zeroize::Zeroizing;

use super::super::config::Identity;
use super::super::context::{Context, blocking};
use super::super::creds::AwsCredentials;
use super::super::delivery::parse_helper_answer;
use super::super::error::Error;
use super::super::record::StepRecord;
use super::super::store::random_name;
use crate::host::group::{Ear, Leash, leading};
use crate::secret::Expose as _;

/// A program that may talk to a person is waited for longer than one that may not.
const PATIENCE: Duration = Duration::from_secs(30);
const PATIENCE_WITH_PERSON: Duration = Duration::from_mins(5);
/// Beginning of the name of the variable by which what a program has started is found again.
const MARK: &str = "ATMOS_PROGRAM_";
/// More than any credentials or assertion.
const LARGEST: usize = 1 << 20;
/// How often it is looked whether a program has ended.
const MOMENT: Duration = Duration::from_millis(20);
/// What it printed last may take so long to arrive: on a busy machine the thread that reads gets its turn late. Only who
/// leaves something behind that holds the pipe open waits for all of it.
const LAST_WORDS: Duration = Duration::from_secs(2);
const HELP: &str = "run the command of `credentials.process` yourself to see why; it has to print JSON with Version 1, \
                    AccessKeyId and SecretAccessKey";

/// A program of the user's own.
pub(crate) struct Program {
    pub(crate) words: Vec<String>,
    pub(crate) patience: Duration,
    /// What it says to a person reaches the person.
    pub(crate) talks: bool,
}

/// Runs the program of the identity.
pub(crate) async fn authenticate(
    context: &Context,
    identity: &Identity,
    region: Option<&str>,
) -> Result<StepRecord, Error> {
    let what = format!("`credentials.process` of identity `{}`", identity.name);
    let refused = |answer: String| Error::Refused { what: what.clone(), answer, help: HELP.to_owned() };
    let talks = context.may_prompt();
    let program = Program {
        words: words(identity.credentials.process.as_deref().unwrap_or_default()).map_err(&refused)?,
        patience: if talks { PATIENCE_WITH_PERSON } else { PATIENCE },
        talks,
    };
    let printed = run(context, program).await?.map_err(&refused)?;
    let now = context.host.now();
    let read = parse_helper_answer(&printed, now).filter(|_| is_version_one(&printed));
    let read = read.ok_or_else(|| refused("printed something else than credentials".to_owned()))?;
    let session_token = read.session_token.clone().filter(|token| !token.expose_secret().is_empty());
    let credentials = AwsCredentials { region: region.map(str::to_owned), session_token, ..read };
    context.mask(&credentials);
    let credentials = credentials.on_arrival(&what, now)?;
    Ok(StepRecord { credentials: credentials.into(), account: None, caller: None, basis: None })
}

fn is_version_one(text: &str) -> bool {
    serde_json::from_str::<serde_json::Value>(text).is_ok_and(|answer| answer["Version"] == 1)
}

/// The words of a command line.
///
/// # Errors
/// In words: it is none.
pub(crate) fn words(command: &str) -> Result<Vec<String>, String> {
    let words = shell_words::split(command).map_err(|_| "is no command".to_owned())?;
    if words.is_empty() { Err("is no command".to_owned()) } else { Ok(words) }
}

/// What a program prints; the inner error says in words why there is nothing, with what the program said where nobody
/// heard it. Nothing that opens the keyring reaches it.
pub(crate) async fn run(context: &Context, program: Program) -> Result<Result<Zeroizing<String>, String>, Error> {
    let mark = match random_name() {
        Ok(name) => format!("{MARK}{name}"),
        Err(error) => return Ok(Err(format!("cannot be started: {error}"))),
    };
    let (reader, ear) = match start(context, &program, &mark) {
        Ok(started) => started,
        Err(reason) => return Ok(Err(reason)),
    };
    // One that talks to a person has the terminal, and so the group that the terminal knows.
    let leash = Leash::new(if program.talks { Vec::new() } else { reader.pids() }).marked(mark);
    let masker = context.host.masker.clone();
    let outcome = blocking(move || {
        let outcome = printed(&reader, program.patience);
        if outcome.is_err() {
            // It may have ended in the meantime; then there is nothing to end.
            let _ = reader.kill();
        }
        // Part of a password that is no text would be another password.
        let text = |bytes: Zeroizing<Vec<u8>>| match std::str::from_utf8(&bytes) {
            Ok(text) => Ok(Zeroizing::new(text.to_owned())),
            Err(_) => Err("printed bytes that are no UTF-8".to_owned()),
        };
        outcome.and_then(text).map_err(|reason| {
            let said = ear.map(|ear| ear.heard()).unwrap_or_default();
            if said.is_empty() { reason } else { format!("{reason}; it said: {}", masker.mask(&said)) }
        })
    })
    .await?;
    if outcome.is_ok() {
        leash.release();
    }
    Ok(outcome)
}

/// Starts it, with an ear on what it says unless a person hears that.
fn start(context: &Context, program: &Program, mark: &str) -> Result<(Arc<duct::ReaderHandle>, Option<Ear>), String> {
    let (name, arguments) = program.words.split_first().ok_or_else(|| "is no command".to_owned())?;
    let host = &context.host;
    let variables = host.env.iter().chain([(OsStr::new(mark), OsStr::new("1"))]);
    let child = duct::cmd(name, arguments).full_env(variables).dir(&host.cwd).stdin_null().unchecked();
    let failed = |error: std::io::Error| format!("cannot be started: {error}");
    if program.talks {
        return Ok((Arc::new(child.reader().map_err(failed)?), None));
    }
    let (child, ear) = Ear::on(&leading(&child)).map_err(failed)?;
    Ok((Arc::new(child.reader().map_err(failed)?), Some(ear)))
}

/// What it has printed when it has ended. What it has left behind may hold the pipe open: that is not waited for.
fn printed(handle: &Arc<duct::ReaderHandle>, patience: Duration) -> Result<Zeroizing<Vec<u8>>, String> {
    let bytes = Arc::new(Mutex::new(Zeroizing::new(Vec::with_capacity(64 * 1024))));
    let over = reading(handle, &bytes).map_err(|error| format!("cannot be read: {error}"))?;
    let until = Instant::now() + patience;
    let mut ended = None;
    loop {
        match over.recv_timeout(MOMENT) {
            Ok(read) => {
                read?;
                break;
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return Err("was lost".to_owned()),
        }
        if handle.try_wait().map_err(|error| format!("was lost: {error}"))?.is_some()
            && ended.get_or_insert_with(Instant::now).elapsed() >= LAST_WORDS
        {
            break;
        }
        if Instant::now() >= until {
            return Err(format!("did not end within {} s", patience.as_secs()));
        }
    }
    match handle.try_wait() {
        Ok(Some(output)) if output.status.success() => {
            Ok(std::mem::take(&mut *bytes.lock().unwrap_or_else(PoisonError::into_inner)))
        }
        Ok(Some(output)) => Err(format!("ended with {}", output.status)),
        Ok(None) => Err("was lost".to_owned()),
        Err(error) => Err(format!("was lost: {error}")),
    }
}

/// Reads until the pipe ends, which is said then.
fn reading(
    handle: &Arc<duct::ReaderHandle>,
    bytes: &Arc<Mutex<Zeroizing<Vec<u8>>>>,
) -> std::io::Result<mpsc::Receiver<Result<(), String>>> {
    let (sender, over) = mpsc::channel();
    let (reader, bytes) = (handle.clone(), bytes.clone());
    std::thread::Builder::new().spawn(move || {
        let mut piece = Zeroizing::new([0_u8; 8 * 1024]);
        let read = loop {
            match (&*reader).read(&mut piece[..]) {
                Ok(0) => break Ok(()),
                Ok(length) => {
                    let mut bytes = bytes.lock().unwrap_or_else(PoisonError::into_inner);
                    if bytes.len() + length > LARGEST {
                        break Err(format!("printed more than {} KiB", LARGEST / 1024));
                    }
                    bytes.extend_from_slice(&piece[..length]);
                }
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => break Err(format!("was lost: {error}")),
            }
        };
        // Nobody listens any more when it took too long.
        let _ = sender.send(read);
    })?;
    Ok(over)
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::path::Path;
    use std::sync::Arc;
    use std::time::{Duration, Instant};

    use super::super::super::cache::Cache;
    use super::super::super::context::{Context, Options};
    use super::super::super::realm::Realm;
    use super::super::super::store::Settings;
    use super::super::super::store::open::tests::host;
    use super::{Program, run};

    fn context(root: &Path) -> Context {
        let host = host(root, &[("PATH", "/usr/bin:/bin")]);
        let cache = Arc::new(Cache::open(&host, &Settings::default(), "r"));
        let realm = Realm::resolve(Some("r"), None, None).unwrap();
        Context::new(host, realm, cache, Options::default())
    }

    /// Waits until a process is no more.
    fn ends(process: &str, what: &str) {
        let stat = format!("/proc/{process}/stat");
        let deadline = Instant::now() + Duration::from_secs(10);
        while std::fs::read_to_string(&stat).is_ok_and(|stat| !stat.contains(") Z ")) {
            assert!(Instant::now() < deadline, "{what}: {process} still runs");
            std::thread::yield_now();
        }
    }

    #[tokio::test]
    async fn what_a_program_leaves_behind_is_not_waited_for() {
        let temp = tempfile::tempdir().unwrap();
        let context = context(temp.path());
        let words = ["sh", "-c", "sleep 120 & echo $!"].map(str::to_owned).to_vec();
        let began = Instant::now();
        let program = Program { words, patience: Duration::from_secs(100), talks: false };
        let printed = run(&context, program).await.unwrap().unwrap();
        assert!(began.elapsed() < Duration::from_mins(1));
        let left = printed.trim().parse().ok().and_then(rustix::process::Pid::from_raw).unwrap();
        rustix::process::kill_process(left, rustix::process::Signal::KILL).unwrap();
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn what_has_a_session_of_its_own_ends_with_a_program_that_takes_too_long() {
        let temp = tempfile::tempdir().unwrap();
        let context = context(temp.path());
        let note = temp.path().join("pid");
        let child = format!("setsid sh -c 'echo $$ > \"$0\"; exec sleep 600' '{}' &", note.display());
        // The parent of the second one is gone at once: nobody finds it by its parents.
        for script in [format!("{child} wait"), format!("({child}) ; sleep 600")] {
            let words = ["sh", "-c", &script].map(str::to_owned).to_vec();
            let program = Program { words, patience: Duration::from_secs(3), talks: false };
            let reason = run(&context, program).await.unwrap().unwrap_err();
            assert!(reason.contains("did not end within 3 s"), "{reason}");
            let left = std::fs::read_to_string(&note).unwrap();
            ends(left.trim(), &script);
        }
    }

    #[tokio::test]
    async fn a_program_that_takes_too_long_ends_with_all_that_it_started() {
        let temp = tempfile::tempdir().unwrap();
        let context = context(temp.path());
        let note = temp.path().join("pid");
        let script = format!("sleep 600 & echo $! > '{}.new'; mv '{0}.new' '{0}'; wait", note.display());
        let words = ["sh", "-c", &script].map(str::to_owned).to_vec();
        let program = Program { words, patience: Duration::from_secs(3), talks: false };
        let reason = run(&context, program).await.unwrap().unwrap_err();
        assert!(reason.contains("did not end within 3 s"), "{reason}");
        let grandchild = std::fs::read_to_string(&note).unwrap();
        ends(grandchild.trim(), &reason);
    }
}
