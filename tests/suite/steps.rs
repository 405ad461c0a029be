//! Steps that do something themselves: requests, matrices, archives, results of tests, and what must be there.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener};
use std::sync::{Arc, Mutex};

use crate::support::{Outcome, Sandbox};

/// A server that gives one answer after the other, the last one for ever, and keeps what it is asked.
struct Answers {
    url: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Answers {
    fn start(answers: &[(&'static str, &'static str)]) -> Answers {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (answers, seen) = (answers.to_vec(), asked.clone());
        std::thread::spawn(move || {
            for (at, stream) in listener.incoming().enumerate() {
                let (Ok(mut stream), (status, body)) = (stream, answers[at.min(answers.len() - 1)]) else { return };
                let mut text = String::new();
                let mut buffer = [0; 4096];
                while !is_whole(&text) {
                    let count = stream.read(&mut buffer).unwrap_or_default();
                    if count == 0 {
                        break;
                    }
                    text.push_str(&String::from_utf8_lossy(&buffer[..count]));
                }
                seen.lock().unwrap().push(text);
                let head = format!("HTTP/1.1 {status}\r\nX-Test: yes\r\nConnection: close\r\n");
                let _ = write!(stream, "{head}Content-Length: {}\r\n\r\n{body}", body.len());
                let _ = stream.shutdown(Shutdown::Write);
            }
        });
        Answers { url, asked }
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

fn is_whole(text: &str) -> bool {
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let mut headers = head.lines().filter_map(|line| line.split_once(':'));
    let length = headers.find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    let length = length.and_then(|(_, length)| length.trim().parse().ok());
    length.is_none_or(|length: usize| body.len() >= length)
}

fn sandbox(steps: &str) -> Sandbox {
    let sandbox = Sandbox::empty();
    sandbox.write("atmos.yaml", "base_path: '.'\nworkflows: {base_path: flows}\n");
    let steps = steps.lines().fold(String::new(), |all, line| all + "      " + line + "\n");
    sandbox.write("flows/main.yaml", &format!("workflows:\n  it:\n    steps:\n{steps}"));
    sandbox
}

fn run(sandbox: &Sandbox) -> Outcome {
    sandbox.atmos(&["workflow", "it"])
}

#[test]
fn requests_are_sent_and_their_answers_are_values() {
    let server = Answers::start(&[("201 Created", "{\"id\": 7}")]);
    let mut sandbox = sandbox(
        "- name: ask
  type: http
  url: '{{ .env.SERVER }}/hook?a=1'
  method: post
  query: {ref: 'a b'}
  headers: {Authorization: 'Bearer {{ .env.TOKEN }}', Content-Type: application/json}
  form: {text: 'it is {{ .env.WORD }}'}
- type: shell
  command: >-
    echo '{{ .steps.ask.value }} {{ .steps.ask.metadata.status_code }} {{ .steps.ask.metadata.status }}
    {{ index .steps.ask.metadata.response_headers \"X-Test\" }}'",
    );
    sandbox.set("SERVER", &server.url);
    sandbox.set("TOKEN", "t-1");
    sandbox.set("WORD", "\"done\"");
    let outcome = run(&sandbox).success();
    assert_eq!(outcome.stdout, "{\"id\": 7} 201 201 Created yes\n");
    outcome.says("POST 127.0.0.1").says("201 Created").says_not("t-1");
    let asked = server.asked();
    assert_eq!(asked.len(), 1);
    assert!(asked[0].starts_with("POST /hook?a=1&ref=a+b HTTP/1.1\r\n"), "{asked:?}");
    assert!(asked[0].contains("Bearer t-1") && asked[0].ends_with("{\"text\":\"it is \\\"done\\\"\"}"), "{asked:?}");
}

#[test]
fn answers_are_waited_for_and_judged() {
    let server = Answers::start(&[("503 Busy", ""), ("200 OK", "starting"), ("200 OK", "ready")]);
    let step = "- type: webhook\n  url: '{{ .env.SERVER }}/health'\n  expect: {status: [200], response: [/^ready/]}\n  \
                retry: {max_attempts: 5, initial_delay: 1ms, conditions: ['200 starting']}";
    let mut waiting = sandbox(step);
    waiting.set("SERVER", &server.url);
    run(&waiting).success().says("503 Service Unavailable; attempt 2 begins").says("attempt 3 begins");
    assert_eq!(server.asked().len(), 3);
    for (answer, more, attempts, phrases) in [
        (("404 Nothing", "no"), "retry: {max_attempts: 3}", 1, ["was answered with 404 Not Found", "expect.status"]),
        (("500 Broken", ""), "retry: {max_attempts: 2}", 2, ["500 Internal Server Error", "in attempt 2"]),
        (("200 OK", "no"), "expect: {response: [yes]}", 1, ["matches none of", "flows/main.yaml:4"]),
        (("200 OK", ""), "expect: {status: [204]}", 1, ["was answered with 200", "step1"]),
    ] {
        let server = Answers::start(&[answer]);
        let mut failing = sandbox(&format!(
            "- type: http\n  url: '{}'\n  {more}\n- {{type: shell, command: echo never}}",
            server.url
        ));
        failing.remove("HTTP_PROXY");
        let outcome = run(&failing).exits(1);
        assert_eq!((outcome.stdout.as_str(), server.asked().len()), ("", attempts), "{outcome}");
        phrases.iter().fold(outcome, |outcome, phrase| outcome.says(phrase));
    }
    run(&sandbox("- {type: http, url: 'http://127.0.0.1:1/'}")).exits(1).says("has no answer");
    run(&sandbox("- {type: http, url: '/hook'}")).exits(1).says("`url` is no address");
    // Nothing is sent when a run is only shown.
    let shown = sandbox("- {type: http, url: 'http://127.0.0.1:1/'}");
    shown.atmos(&["workflow", "it", "--dry-run"]).success().says("Would send GET http://127.0.0.1:1/");
}

#[test]
fn a_matrix_runs_its_steps_for_every_combination() {
    let sandbox = sandbox(
        "- name: all
  type: matrix
  max_concurrency: 1
  output: {mode: grouped, show_summary: true}
  matrix: {os: [linux, darwin], go: ['1.22', '1.23']}
  steps:
    - {name: build, type: shell, command: 'echo build {{ .matrix.os }} $GO', env: {GO: '{{ .matrix.go }}'}}
    - {name: test, type: shell, command: 'test {{ .matrix.os }}{{ .matrix.go }} != darwin1.22'}
- {type: shell, command: echo never}",
    );
    let outcome = run(&sandbox).exits(1);
    let mut lines: Vec<&str> = outcome.stdout.lines().collect();
    lines.sort_unstable();
    assert_eq!(lines, ["build darwin 1.22", "build darwin 1.23", "build linux 1.22", "build linux 1.23"], "{outcome}");
    let outcome = outcome.says("✗ all_go_1_22_os_darwin_test").says("✓ all_go_1_23_os_linux_test");
    outcome.says("7 succeeded, 1 failed, 0 skipped");
}

#[test]
fn values_of_a_matrix_choose_the_stack() {
    let sandbox = Sandbox::scenario("steps");
    sandbox.write(
        "flows/matrix.yaml",
        "workflows:\n  stacks:\n    steps:\n      - type: matrix\n        max_concurrency: 1\n        matrix: {stack: [dev, prod]}\n        \
         steps:\n          - {type: atmos, command: describe component vpc --query .vars.stage, stack: '{{ .matrix.stack }}'}\n",
    );
    let outcome = sandbox.atmos(&["workflow", "stacks", "-f", "matrix"]).success();
    assert_eq!(outcome.stdout, "dev\nprod\n");
}

#[test]
fn commands_have_a_matrix_and_requirements_too() {
    let sandbox = Sandbox::empty();
    sandbox.write(
        "atmos.yaml",
        "base_path: '.'\ncommands:\n  - name: all\n    arguments: [{name: word, required: true}]\n    steps:\n      \
         - {type: require, tools: [sh], files: [atmos.yaml]}\n      - type: matrix\n        matrix: {n: [1, 2]}\n        \
         max_concurrency: 1\n        steps: ['echo {{ .Arguments.word }} {{ .matrix.n }}']\n",
    );
    assert_eq!(sandbox.atmos(&["all", "number"]).success().stdout, "number 1\nnumber 2\n");
}

#[test]
fn what_is_missing_is_named_at_once() {
    let steps = "- name: tools\n  type: require\n  tools: [sh, no-such-tool, ./tool]\n  files: ['{{ .env.FILE }}', absent]\n  \
                 dirs: [flows, atmos.yaml]\n  hint: 'ask {{ .env.WHOM }}'\n- {type: shell, command: echo never}";
    let mut sandbox = sandbox(steps);
    sandbox.set("FILE", "atmos.yaml");
    sandbox.set("WHOM", "the team");
    let outcome = run(&sandbox).exits(1);
    assert_eq!(outcome.stdout, "");
    outcome
        .says("the step `tools` misses the program `no-such-tool`, the program `./tool`, the file `absent`, the folder `atmos.yaml`")
        .says("ask the team")
        .says("flows/main.yaml:4");
    let fine = self::sandbox(
        "- {name: a, type: assert, tools: [sh]}\n- {type: shell, command: 'echo {{ .steps.a.metadata.tools }}'}",
    );
    assert_eq!(run(&fine).success().stdout, "1\n");
}

#[test]
fn folders_are_packed() {
    let sandbox = sandbox(
        "- {type: shell, command: 'echo built > src/out.txt'}
- {name: pack, type: archive, source: src, destination: dist/handler.zip, exclude: ['**/*.test.js'], subpath: opt/js, mtime: epoch}
- {type: archive, source: src, destination: all.tgz, include: ['*.txt']}
- {type: archive, source: src/out.txt, destination: all.tar}
- {type: archive, source: src/index.js, destination: all.tar, action: update}
- {type: shell, command: 'echo {{ .steps.pack.value }}'}",
    );
    sandbox.write("src/index.js", "1");
    sandbox.write("src/lib/a.js", "2");
    sandbox.write("src/lib/a.test.js", "3");
    assert_eq!(run(&sandbox).success().stdout, "dist/handler.zip\n");
    let zip = std::fs::read(sandbox.repo().join("dist/handler.zip")).unwrap();
    let mut packed = zip::ZipArchive::new(std::io::Cursor::new(&zip)).unwrap();
    let mut names = Vec::new();
    for at in 0..packed.len() {
        names.push(packed.by_index(at).unwrap().name().unwrap().into_owned());
    }
    assert_eq!(names, ["opt/js/index.js", "opt/js/lib/a.js", "opt/js/out.txt"]);
    let list = |words: &[&str]| {
        let output = sandbox.command("tar").args(words).current_dir(sandbox.repo()).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    assert_eq!(list(&["-tzf", "all.tgz"]), "out.txt\n");
    assert_eq!(list(&["-tf", "all.tar"]), "out.txt\nindex.js\n");
    // The same content is the same archive, whenever it is made.
    run(&sandbox).success();
    assert_eq!(std::fs::read(sandbox.repo().join("dist/handler.zip")).unwrap(), zip);
    for (step, phrase) in [
        ("destination: x.zip, source: none", "cannot be read"),
        ("destination: x.txz, source: src", "`tar.xz` cannot be written"),
        ("destination: x.tgz, source: src, action: update", "compressed tar"),
        ("destination: x.zip, source: src, subpath: ../up", "relative path without"),
        ("destination: x.zip, source: src, mtime: now", "filesystem, epoch or git"),
    ] {
        let failing = self::sandbox(&format!("- {{type: archive, {step}}}"));
        failing.write("src/a", "1");
        run(&failing).exits(1).says(phrase);
        assert!(!failing.repo().join("x.zip").exists());
    }
}

#[test]
fn results_of_tests_are_told() {
    let mut sandbox = sandbox(
        "- {name: tests, type: junit, files: ['out/**/*.xml'], title: All}\n- {type: shell, command: 'echo {{ .steps.tests.value }}'}",
    );
    sandbox.write(
        "out/deep/one.xml",
        "<testsuite name='s'><testcase name='a'/><testcase name='b' file='m.tf' line='3'><failure message='no'/></testcase></testsuite>",
    );
    let outcome = run(&sandbox).success();
    assert_eq!(outcome.stdout, "1 passed, 1 failed\n");
    outcome.says("JUnit: 2 tests, 1 passed, 1 failed, 0 errored, 0 skipped (1 files)");
    sandbox.set("GITHUB_ACTIONS", "true");
    sandbox.set("GITHUB_STEP_SUMMARY", sandbox.repo().join("summary.md"));
    let outcome = run(&sandbox).success();
    assert!(outcome.stdout.starts_with("::error file=m.tf,line=3,title=test%3A b::no\n"), "{outcome}");
    assert!(sandbox.read("summary.md").contains("| 2 | 1 | 1 | 0 | 0 |"));
    sandbox.write("out/two.xml", "<html/>");
    run(&sandbox).exits(1).says("out/two.xml: it begins with <html>");
    run(&self::sandbox("- {type: junit, files: none.xml}")).exits(1).says("no file is like none.xml");
}
