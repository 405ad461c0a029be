use std::time::Instant;

use super::super::launch::Hangup;
use super::*;
use crate::secret::Secret;

#[test]
fn captured_text_has_no_colours() {
    let text = "\u{1b}[31m\u{1b}[1mError:\u{1b}[0m\u{1b}[0m no \u{1b}[2J";
    assert_eq!(without_colours(text), "Error: no \u{1b}[2J");
}

fn shell(script: &str, output: Output) -> Launch {
    Launch {
        program: "sh".to_owned(),
        configured: "the test".to_owned(),
        args: vec!["-c".into(), script.into()],
        cwd: PathBuf::from("/"),
        env: Env::from_iter([("PATH", "/usr/bin:/bin")]),
        output,
        stderr: None,
        hangup: Hangup::Terminates,
    }
}

async fn captured(launch: &Launch, masker: &Masker) -> Result<Outcome, Error> {
    let around = Surroundings {
        terminal: Terminal::default(),
        masker,
        cwd: Path::new("/"),
        exe: None,
        relay: None,
        lock: None,
        aside: None,
        input: None,
    };
    run(launch, around, &mut Signals::listen()?).await
}

#[tokio::test]
async fn input_reaches_the_child_as_it_is_and_one_that_reads_nothing_ends() {
    let input: Vec<u8> = (0..3_000_000_u32).map(|number| (number % 251) as u8).collect();
    let (masker, terminal) = (Masker::default(), Terminal::default());
    let (cwd, input) = (Path::new("/"), Some(input.as_slice()));
    let around =
        Surroundings { terminal, masker: &masker, cwd, exe: None, relay: None, lock: None, aside: None, input };
    let signals = &mut Signals::listen().unwrap();
    let whole = run(&shell("cat", Output::Apart), around, signals).await.unwrap();
    assert!(Some(whole.captured.as_slice()) == input, "{} bytes came back", whole.captured.len());
    let none = run(&shell("exit 3", Output::Apart), around, signals).await.unwrap();
    assert_eq!((none.code, none.captured.len()), (3, 0));
    let nothing = Surroundings { input: Some(&[]), ..around };
    assert_eq!(run(&shell("cat", Output::Apart), nothing, signals).await.unwrap().captured, b"");
}

#[tokio::test]
async fn codes_of_children_are_kept_and_signals_become_128_plus_n() {
    for (script, code) in [("exit 0", 0), ("exit 5", 5), ("kill -9 $$", 137), ("kill -15 $$", 143)] {
        let outcome = captured(&shell(script, Output::Capture), &Masker::default()).await.unwrap();
        assert_eq!((outcome.code, outcome.stop), (code, None), "{script}");
    }
}

#[tokio::test]
async fn children_ignore_a_hangup_unless_it_is_their_own_business() {
    let mut launch = shell("kill -HUP $$; echo alive", Output::Capture);
    let outcome = captured(&launch, &Masker::default()).await.unwrap();
    assert_eq!((outcome.code, outcome.text().as_str()), (0, "alive"));
    launch.hangup = Hangup::PassesOn;
    assert_eq!(captured(&launch, &Masker::default()).await.unwrap().code, 129);
}

#[tokio::test]
async fn output_is_masked_and_the_environment_is_exactly_the_given_one() {
    let masker = Masker::default();
    masker.register(&Secret::from("hunter22hunter22".to_owned()));
    let script = "printf hunter22; sleep 0.05; printf hunter22; env | grep -c HOME";
    let outcome = captured(&shell(script, Output::Capture), &masker).await.unwrap();
    assert_eq!(outcome.text(), "<MASKED>0");
}

#[tokio::test]
async fn output_is_left_alone_when_masking_is_off() {
    let masker = Masker::default();
    masker.register(&Secret::from("hunter22hunter22".to_owned()));
    masker.switch(false);
    let outcome = captured(&shell("printf hunter22hunter22", Output::Capture), &masker).await.unwrap();
    assert_eq!(outcome.text(), "hunter22hunter22");
}

#[tokio::test]
async fn a_grandchild_that_keeps_the_pipe_does_not_keep_us() {
    let start = Instant::now();
    let outcome = captured(&shell("sleep 30 & echo done", Output::Capture), &Masker::default()).await.unwrap();
    assert_eq!(outcome.text(), "done");
    assert!(start.elapsed() < Duration::from_secs(20));
}

#[tokio::test]
async fn a_missing_program_names_itself_and_its_configuration() {
    let mut launch = shell("", Output::Capture);
    launch.program = "no-such-terraform".to_owned();
    let error = captured(&launch, &Masker::default()).await.unwrap_err();
    let help = miette::Diagnostic::help(&error).unwrap().to_string();
    assert!(error.to_string().starts_with("process start failed: `no-such-terraform`"), "{error}");
    assert!(help.contains("the test"), "{help}");
}

#[tokio::test]
async fn standard_error_goes_where_it_is_sent() {
    let temp = tempfile::tempdir().unwrap();
    let mut launch = shell("echo out >&2", Output::Value);
    launch.stderr = Some(Redirect::File(temp.path().join("log")));
    let outcome = captured(&launch, &Masker::default()).await.unwrap();
    assert_eq!(outcome.text(), "");
    assert_eq!(std::fs::read_to_string(temp.path().join("log")).unwrap(), "out\n");
}

#[tokio::test]
async fn shared_output_is_kept_as_it_was_and_each_stream_by_itself() {
    let masker = Masker::default();
    masker.register(&Secret::from("hunter22hunter22".to_owned()));
    let script = "printf hunter22hunter22; printf oops >&2";
    let outcome = captured(&shell(script, Output::Shared), &masker).await.unwrap();
    assert_eq!((outcome.captured.as_slice(), outcome.errors.as_slice()), (&b"hunter22hunter22"[..], &b"oops"[..]));
}

#[test]
fn only_streams_that_are_terminals_are_given_away() {
    let launch = shell("", Output::Inherit);
    let piped = Terminal { stdout: false, stderr: true, ..Terminal::default() };
    assert_eq!(Wiring::of(&launch, piped), Wiring { stdout: Sink::Stdout, stderr: Sink::GivenStderr });
    let own = shell("", Output::Given);
    let pipes = Terminal::default();
    assert_eq!(Wiring::of(&own, pipes), Wiring { stdout: Sink::GivenStdout, stderr: Sink::Stderr });
    let init = shell("", Output::Stderr);
    assert_eq!(Wiring::of(&init, piped), Wiring { stdout: Sink::GivenStderr, stderr: Sink::GivenStderr });
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn what_is_too_large_to_start_is_named() {
    let mut launch = shell("true", Output::Value);
    launch.env.set("LARGE", "z".repeat(200 << 10));
    let error = captured(&launch, &Masker::default()).await.unwrap_err();
    assert!(matches!(&error, Error::TooLarge { variable, .. } if variable == "LARGE"), "{error}");
}
