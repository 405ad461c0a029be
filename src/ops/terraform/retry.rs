//! Which failures of terraform are tried again: those that `retry` of the component names, and of init those of the network
//! and of registries that pass by themselves.

use std::ffi::OsString;
use std::sync::LazyLock;
use std::time::Duration;

use regex::RegexSet;

use crate::component::Instance;
use crate::diag::Result;
use crate::exec::argv::has_flag;
use crate::exec::process::without_colours;
use crate::exec::terraform::{Next, Retries, is_init};
use crate::ops::{App, steps};
use crate::span::Span;
use crate::step::{self, Retry};
use crate::value::{Node, from_json};

/// What servers, proxies and the network say when they will do better later. They are words of Go's libraries, of
/// terraform's and of git, whose messages are the same in every language.
const PASSING: [&str; 16] = [
    // Of a package or a module.
    r"(?i)bad response code: (429|500|502|503|504)\b",
    r"(?i)TLS handshake timeout",
    r"(?i)i/o timeout",
    r"(?i)context deadline exceeded",
    r"(?i)Client\.Timeout (or context cancellation )?(exceeded|while)",
    r"(?i)(connection|operation) timed out",
    r"(?i)connection (reset by peer|refused)",
    r"(?i)(network|host) is unreachable|no route to host",
    r"(?i)no such host|temporary failure in name resolution|server misbehaving|could not resolve host",
    r"(?i)unexpected EOF|early EOF|: EOF\b|http2: server sent GOAWAY|stream error: stream ID",
    r"(?i)\b429 too many requests|rate limit(ed| exceeded)",
    r"(?i)\b500 internal server error",
    r"(?i)\b502 bad gateway",
    r"(?i)\b503 service unavailable",
    r"(?i)\b504 gateway time-?out",
    r"(?i)the remote end hung up unexpectedly|RPC failed",
];

/// What is tried again of one component.
#[derive(Debug)]
pub(super) struct Attempts {
    /// `retry` of the component, for every command.
    own: Option<Retry>,
    /// Of init alone.
    init: Option<Retry>,
}

/// `is_direct`: what the children say goes to our own streams.
///
/// # Errors
/// A value of a section that cannot be used.
pub(super) fn read(app: &App, instance: &Instance, is_direct: bool) -> Result<Attempts> {
    let section = &instance.sections.retry;
    let own = if section.is_empty() {
        None
    } else {
        let what = format!("`retry` of {} in {}", instance.name, instance.stack);
        step::retry(section, &what, &app.host.sources)?
    };
    Ok(Attempts { own: own.filter(Retry::looks_at_output), init: of_init(app, is_direct)? })
}

/// `components.terraform.init.retry`. Where nothing is said it is on unless a person sits at the terminal, who sees what
/// terraform says as it says it, and starts it again.
fn of_init(app: &App, is_direct: bool) -> Result<Option<Retry>> {
    let setting = app.config.document.get_path(["components", "terraform", "init", "retry"]);
    let setting = setting.filter(|node| !node.is_null());
    let terminal = app.host.terminal;
    let own = match setting.map(|node| (node, node.as_bool())) {
        None if is_direct && (terminal.stderr || terminal.stdout) => return Ok(None),
        Some((_, Some(false))) => return Ok(None),
        None | Some((_, Some(true))) => None,
        Some((node, None)) => Some(node),
    };
    let what = "`components.terraform.init.retry`";
    if let Some(other) = own.filter(|node| node.as_map().is_none()) {
        // It is refused with its place.
        return Ok(step::retry(other, what, &app.host.sources)?);
    }
    Ok(step::retry(&with_defaults(own), what, &app.host.sources)?)
}

/// The section with what it does not say.
fn with_defaults(own: Option<&Node>) -> Node {
    let mut all = from_json(&serde_json::json!({
        "max_attempts": 3,
        "backoff_strategy": "exponential",
        "initial_delay": "2s",
        "max_delay": "30s",
        "random_jitter": 0.25,
    }));
    let span = own.map_or_else(Span::default, |node| node.span);
    let map = all.make_map();
    for (key, value) in own.and_then(Node::as_map).into_iter().flatten().filter(|(_, value)| !value.is_null()) {
        map.insert(key.clone(), value.clone());
    }
    Node { span, ..all }
}

impl Attempts {
    /// That of init, where the command is one. An init that moves state is not begun twice.
    fn of_init(&self, words: &[OsString]) -> Option<&Retry> {
        let text = || words.iter().map(|word| word.to_string_lossy().into_owned()).collect::<Vec<_>>();
        let moves = |words: &[String]| has_flag(words, "-migrate-state") || has_flag(words, "-force-copy");
        self.init.as_ref().filter(|_| is_init(words) && !moves(&text()))
    }

    /// The one by which a failure may pass.
    fn of(&self, words: &[OsString], output: &str) -> Option<&Retry> {
        let own = self.own.as_ref().filter(|retry| retry.concerns(output));
        // Its conditions come beside what is known.
        let concerns = |retry: &&Retry| passes(output) || retry.looks_at_output() && retry.concerns(output);
        own.or_else(|| self.of_init(words).filter(concerns))
    }
}

/// What was said without the frames around messages and the ends of lines in them: terraform wraps its messages, so that a
/// phrase may go over two lines.
fn unwrapped(output: &str) -> String {
    let plain = without_colours(output);
    plain.split(|letter: char| letter.is_whitespace() || letter == '│').filter(|word| !word.is_empty()).fold(
        String::with_capacity(plain.len()),
        |text, word| if text.is_empty() { word.to_owned() } else { text + " " + word },
    )
}

/// Whether a failure passes by itself. The patterns are compiled when the first run fails: few do.
fn passes(output: &str) -> bool {
    static KNOWN: LazyLock<Option<RegexSet>> = LazyLock::new(|| RegexSet::new(PASSING).ok());
    KNOWN.as_ref().is_some_and(|known| known.is_match(output))
}

impl Retries for Attempts {
    fn watches(&self, words: &[OsString]) -> bool {
        self.own.is_some() || self.of_init(words).is_some()
    }

    fn after(&self, words: &[OsString], attempt: u32, elapsed: Duration, output: &str) -> Next {
        let unwrapped = unwrapped(output);
        let Some(retry) = self.of(words, output).or_else(|| self.of(words, &unwrapped)) else { return Next::Stop };
        if let Some(most) = retry.max_attempts.filter(|most| u64::from(attempt) >= *most) {
            return Next::Exhausted { attempts: most };
        }
        let delay = retry.delay(attempt, steps::chance());
        if retry.max_elapsed.is_some_and(|most| elapsed + delay > most) {
            return Next::Exhausted { attempts: u64::from(attempt) };
        }
        Next::Again { delay }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::span::Sources;

    fn attempts(own: Option<&serde_json::Value>) -> Attempts {
        let own = own.map(from_json);
        let retry = step::retry(&with_defaults(own.as_ref()), "`retry`", &Sources::new()).unwrap();
        Attempts { own: None, init: retry }
    }

    fn words(text: &str) -> Vec<OsString> {
        text.split(' ').map(OsString::from).collect()
    }

    #[test]
    fn of_an_init_only_what_passes_by_itself_is_tried_again() {
        let attempts = attempts(None);
        for (output, again) in [
            ("Get \"https://registry.terraform.io/.well-known/terraform.json\": net/http: TLS handshake timeout", true),
            (
                "could not query provider registry: the request failed after 2 attempts: 502 Bad Gateway returned from x",
                true,
            ),
            ("dial tcp: lookup registry.terraform.io: no such host", true),
            ("Error: Failed to install provider\n│ acme/foo: bad response code: 503\n", true),
            ("bad response code: 404", false),
            // As terraform wraps it.
            (
                "\u{1b}[31m│\u{1b}[0m \u{1b}[0mGet \"https://m/\": 503 Service\n\u{1b}[31m│\u{1b}[0m \u{1b}[0mUnavailable\n",
                true,
            ),
            ("read tcp 10.0.0.1:1->1.2.3.4:443: read: connection reset by peer", true),
            ("fatal: unable to access 'https://github.com/a/b/': Could not resolve host: github.com", true),
            ("failed to get shared config profile, dev", false),
            ("provider registry does not have a provider named registry.terraform.io/a/b", false),
            ("Error: Backend configuration changed", false),
            ("error: 403 Forbidden", false),
        ] {
            let next = attempts.after(&words("init -input=false"), 1, Duration::ZERO, output);
            assert_eq!(matches!(next, Next::Again { .. }), again, "{output}");
        }
        for other in ["apply -auto-approve", "workspace select dev", "init -migrate-state", "init -force-copy"] {
            assert!(!attempts.watches(&words(other)), "{other}");
        }
        let last = attempts.after(&words("init"), 3, Duration::ZERO, "i/o timeout");
        assert_eq!(last, Next::Exhausted { attempts: 3 });
    }

    #[test]
    fn what_is_configured_comes_beside_what_is_known() {
        let own = serde_json::json!({"max_attempts": 2, "initial_delay": "1ms", "conditions": ["flaky mirror"]});
        let attempts = attempts(Some(&own));
        let after = |attempt, output| attempts.after(&words("init"), attempt, Duration::ZERO, output);
        assert!(matches!(after(1, "a flaky mirror"), Next::Again { delay } if delay < Duration::from_millis(2)));
        assert!(matches!(after(1, "a flaky\n│ mirror"), Next::Again { .. }));
        assert!(matches!(after(1, "i/o timeout"), Next::Again { .. }));
        assert_eq!(after(2, "i/o timeout"), Next::Exhausted { attempts: 2 });
    }
}
