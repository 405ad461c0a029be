//! Many components at once: each as its own identity, in the order of their dependencies, with outputs that stay apart, and
//! a summary that is true whatever happens in the middle.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

use rustix::process::Signal;
use serde_json::Value;

use crate::support::{Outcome, Running, Sandbox, descendants, repository, signal, wait_until};

const STACKS: [&str; 5] = ["s0", "s1", "s2", "s3", "s4"];
/// In each stack, in a folder of its own that all stacks share.
const COMPONENTS: usize = 8;
const IDENTITIES: usize = 8;

/// What component `number` of a stack comes after.
fn before(number: usize) -> Vec<usize> {
    [2, 3].into_iter().filter_map(|back| number.checked_sub(back)).collect()
}

fn identity(stack: usize, number: usize) -> String {
    format!("who{}", (stack + number) % IDENTITIES)
}

/// Forty components with eight identities, and a stub of terraform that says what it sees.
fn sandbox() -> Sandbox {
    let mut sandbox = Sandbox::empty();
    let identity_of = |number: usize| format!("    who{number}: {{kind: mock/aws, via: {{provider: mock}}}}");
    let identities: Vec<String> = (0..IDENTITIES).map(identity_of).collect();
    let identities = identities.join("\n");
    sandbox.write(
        "atmos.yaml",
        &format!(
            "stacks: {{base_path: s, included_paths: ['*'], name_pattern: '{{stage}}'}}\n\
             components: {{terraform: {{base_path: ct, auto_generate_backend_file: true}}}}\n\
             auth:\n  realm: fleet\n  providers: {{mock: {{kind: mock/aws}}}}\n  identities:\n{identities}\n"
        ),
    );
    for (stack, name) in STACKS.iter().enumerate() {
        let head = format!("vars: {{stage: {name}}}\nterraform: {{backend_type: local}}\ncomponents:\n  terraform:\n");
        let component = |number: usize| {
            let edges: Vec<_> = before(number).iter().map(|other| format!("{{component: c{other}}}")).collect();
            format!(
                "    c{number}:\n      settings: {{auth: {{identity: {}}}}}\n      dependencies: {{components: [{}]}}\n",
                identity(stack, number),
                edges.join(", ")
            )
        };
        let components: Vec<String> = (0..COMPONENTS).map(component).collect();
        for number in 0..COMPONENTS {
            sandbox.write(&format!("ct/c{number}/main.tf"), "");
        }
        let text = head + &components.concat();
        sandbox.write(&format!("s/{name}.yaml"), &text);
    }
    sandbox.set("ATMOS_COMPONENTS_TERRAFORM_COMMAND", repository().join("fixtures/bin/crew"));
    let record = sandbox.root().join("record");
    std::fs::create_dir(&record).unwrap();
    sandbox.set("RECORD", record);
    sandbox
}

/// What one stub saw.
struct Seen {
    begun: u128,
    ended: u128,
    profile: String,
    private: String,
    mode: String,
    key: String,
}

fn seen(sandbox: &Sandbox) -> BTreeMap<String, Seen> {
    let mut found = BTreeMap::new();
    for file in Sandbox::files_below(&sandbox.root().join("record")) {
        if file.extension().is_some() {
            continue;
        }
        let text = std::fs::read_to_string(sandbox.root().join("record").join(&file)).unwrap();
        let lines: Vec<&str> = text.split('\n').collect();
        let seen = Seen {
            begun: lines[1].parse().unwrap(),
            ended: lines[2].parse().unwrap(),
            profile: lines[3].to_owned(),
            private: lines[4].to_owned(),
            mode: lines[5].to_owned(),
            key: lines[6].to_owned(),
        };
        found.insert(file.display().to_string(), seen);
    }
    found
}

/// Everybody was who he should be, after what comes before him, and alone in his folder.
#[track_caller]
fn assert_sound(seen: &BTreeMap<String, Seen>, reverse: bool) {
    for (name, one) in seen {
        let (stack, component) = name.split_once('-').unwrap();
        let (stack, number) = (stack[1..].parse().unwrap(), component[1..].parse().unwrap());
        assert_eq!(one.profile, identity(stack, number), "{name}");
        assert_eq!(one.mode, "700", "{name}: {}", one.private);
        for other in before(number) {
            let Some(other) = seen.get(&format!("s{stack}-c{other}")) else { continue };
            let (first, second) = if reverse { (one, other) } else { (other, one) };
            assert!(first.ended <= second.begun, "{name} did not keep the order");
        }
        // Neither a component's folder nor that of its credentials is another one's at the same time.
        for (other_name, other) in seen.range(name.clone()..).skip(1) {
            let apart = one.ended <= other.begun || other.ended <= one.begun;
            let shares = other_name.ends_with(component) || one.private == other.private;
            assert!(apart || !shares, "{name} and {other_name} share a folder");
        }
    }
}

#[track_caller]
fn assert_clean(sandbox: &Sandbox) {
    // The lock of the sweep is nobody's folder.
    let mut left = Sandbox::files_below(&sandbox.runtime());
    left.retain(|file| !file.ends_with("atmos/run/lock"));
    assert_eq!(left, Vec::<PathBuf>::new(), "private folders are left");
}

/// The results by `<stack>-<component>`.
fn summary(sandbox: &Sandbox) -> BTreeMap<String, Value> {
    let json: Value = serde_json::from_str(&sandbox.read("summary.json")).unwrap();
    let results = json["results"].as_array().unwrap();
    let name = |one: &Value| format!("{}-{}", one["stack"].as_str().unwrap(), one["component"].as_str().unwrap());
    results.iter().map(|one| (name(one), one.clone())).collect()
}

fn count(results: &BTreeMap<String, Value>, status: &str) -> usize {
    results.values().filter(|one| one["status"] == status).count()
}

const PLAN: [&str; 5] = ["terraform", "plan", "--all", "--execution-summary-file", "summary.json"];
const EIGHT: &str = "--max-concurrency=8";

fn plan(sandbox: &Sandbox, env: &[(&str, &str)], more: &[&str]) -> Outcome {
    sandbox.atmos_with(env, &[&PLAN[..], more].concat())
}

#[test]
fn a_summary_that_could_not_be_written_is_refused_before_anything_runs() {
    let sandbox = sandbox();
    // A folder that is there, and takes no files whoever writes.
    let places = ["atmos.yaml/run.json", "ct", "/proc/run.json", "/proc/more/run.json"];
    for place in places {
        let words = ["terraform", "plan", "--all", "--execution-summary-file", place];
        sandbox.atmos(&words).exits(1).says(place);
    }
    assert!(seen(&sandbox).is_empty());
}

#[test]
fn each_of_many_at_once_sees_its_own_identity_in_the_order_of_dependencies() {
    let sandbox = sandbox();
    let outcome = plan(&sandbox, &[("STUB_KEYS", "1"), ("STUB_SECONDS", "0.1")], &[EIGHT]).success();
    let found = seen(&sandbox);
    assert_eq!(found.len(), STACKS.len() * COMPONENTS, "{outcome}");
    assert_sound(&found, false);
    assert!(found.values().all(|one| one.key == "MOCK_ACCESS_KEY_ID"), "the helper of each run answers");
    let at_once =
        |one: &Seen| found.values().filter(|other| other.begun <= one.begun && one.begun < other.ended).count();
    let most = found.values().map(at_once).max().unwrap();
    assert!((2..=8).contains(&most), "{most} at once");
    assert_clean(&sandbox);
    // Each line is whole, and stands behind the name of who said it.
    for (text, phrase) in [(&outcome.stdout, "one of "), (&outcome.stderr, "aside of ")] {
        let lines: Vec<_> = text.lines().filter(|line| line.contains(phrase)).collect();
        assert_eq!(lines.len(), found.len(), "{outcome}");
        for line in lines {
            let (stack, rest) = line.strip_prefix('[').and_then(|line| line.split_once('/')).unwrap();
            let (component, said) = rest.split_once("] ").unwrap();
            assert_eq!(said.trim_end_matches(" and more"), format!("{phrase}{stack}-{component}"), "{line}");
        }
    }
    let results = summary(&sandbox);
    assert_eq!(count(&results, "succeeded"), found.len());
    let one = &results["s1-c2"];
    assert_eq!((one["identity"].as_str(), one["changed"].as_bool()), (Some("who3"), Some(true)));
    assert_eq!((one["processed"].as_bool(), one["exit_code"].as_u64()), (Some(true), Some(0)));
    outcome.says("40 succeeded, 0 failed, 0 skipped; 40 with changes").says("c2         s1     who3");
    let log = sandbox.read(".atmos/logs/terraform/plan/s1__c2.stdout.log");
    assert!(log.starts_with("one of s1-c2 and more\n"), "{log}");
    let logs = one["log_files"].as_array().unwrap();
    assert!(logs[0].as_str().unwrap().ends_with("s1__c2.stdout.log"), "{logs:?}");
}

#[test]
fn what_is_destroyed_goes_in_reverse_order() {
    let sandbox = sandbox();
    let words = ["terraform", "destroy", "--all", "--max-concurrency", "4", "--", "-auto-approve"];
    sandbox.atmos(&words).success().says("Processing components in reverse dependency order");
    let found = seen(&sandbox);
    assert_eq!(found.len(), STACKS.len() * COMPONENTS);
    assert_sound(&found, true);
    assert_clean(&sandbox);
    sandbox.atmos(&words[..5]).exits(1).says("concurrent Terraform destroy requires -auto-approve");
}

/// Every seventh fails.
fn failing() -> (String, BTreeSet<String>) {
    let all = (0..STACKS.len()).flat_map(|stack| (0..COMPONENTS).map(move |number| (stack, number)));
    let names: Vec<_> = all.map(|(stack, number)| format!("s{stack}-c{number}")).step_by(7).collect();
    (names.join(" "), names.into_iter().collect())
}

#[test]
fn dependents_of_what_failed_do_not_run_and_the_rest_does() {
    let sandbox = sandbox();
    let (text, failing) = failing();
    let outcome = plan(&sandbox, &[("STUB_FAIL", &text)], &[EIGHT, "--failure-mode", "keep-going"]).exits(1);
    let mut lost: BTreeSet<String> = BTreeSet::new();
    let mut failed: BTreeSet<String> = BTreeSet::new();
    for stack in 0..STACKS.len() {
        for number in 0..COMPONENTS {
            let name = |number: usize| format!("s{stack}-c{number}");
            let waits = before(number).into_iter().map(name).any(|name| lost.contains(&name) || failed.contains(&name));
            if waits {
                lost.insert(name(number));
            } else if failing.contains(&name(number)) {
                failed.insert(name(number));
            }
        }
    }
    let results = summary(&sandbox);
    let with = |status: &str| -> BTreeSet<String> {
        results.iter().filter(|(_, one)| one["status"] == status).map(|(name, _)| name.clone()).collect()
    };
    assert_eq!((with("failed"), with("skipped")), (failed.clone(), lost.clone()), "{outcome}");
    let ran: BTreeSet<String> = seen(&sandbox).into_keys().collect();
    assert_eq!(ran.len(), results.len() - lost.len());
    assert!(ran.is_disjoint(&lost));
    assert_sound(&seen(&sandbox), false);
    assert_clean(&sandbox);
    let first = failed.first().unwrap();
    let (stack, component) = first.split_once('-').unwrap();
    outcome
        .says(&format!(
            "terraform execution failed: component={component} stack={stack}: subcommand exited with code 1"
        ))
        .says(&format!("one of {first} and more"))
        .says(&format!("{} component(s) skipped after an earlier failure", lost.len()));
    assert!(results[lost.first().unwrap()]["error"].as_str().unwrap().contains("did not succeed"));
}

#[test]
fn a_component_that_cannot_begin_fails_alone_where_the_run_goes_on() {
    let sandbox = sandbox();
    // No folder, an identity that nobody knows, and dependents of both.
    sandbox.write(
        "s/s9.yaml",
        "vars: {stage: s9}\nsettings: {auth: {identity: who0}}\nterraform: {backend_type: local}\ncomponents:\n  terraform:\n    gone: {}\n    c0: {settings: {auth: {identity: nobody}}}\n    \
         c1: {dependencies: {components: [{component: gone}]}}\n    c2: {dependencies: {components: [{component: c0}]}}\n    \
         c3: {}\n",
    );
    let all = ["-s", "s9"];
    plan(&sandbox, &[], &all).exits(1).says("gone");
    assert!(seen(&sandbox).is_empty() && !sandbox.repo().join("summary.json").exists(), "the first failure ends it");
    for more in [&["--failure-mode=keep-going"][..], &["--failure-mode=keep-going", EIGHT]] {
        let outcome = plan(&sandbox, &[], &[&all, more].concat()).exits(1);
        let results = summary(&sandbox);
        let status: Vec<_> =
            results.iter().map(|(name, one)| (name.as_str(), one["status"].as_str().unwrap())).collect();
        let expected = [
            ("s9-c0", "failed"),
            ("s9-c1", "skipped"),
            ("s9-c2", "skipped"),
            ("s9-c3", "succeeded"),
            ("s9-gone", "failed"),
        ];
        assert_eq!(status, expected, "{outcome}");
        assert!(results["s9-c0"]["error"].as_str().unwrap().contains("nobody"), "{outcome}");
        assert_eq!(seen(&sandbox).into_keys().collect::<Vec<_>>(), ["s9-c3"]);
        outcome.says("1 succeeded, 2 failed, 2 skipped");
    }
}

#[test]
fn the_first_failure_lets_nothing_begin() {
    let sandbox = sandbox();
    let outcome = plan(&sandbox, &[("STUB_FAIL", "s0-c0")], &[]).exits(1);
    let results = summary(&sandbox);
    assert_eq!((count(&results, "failed"), count(&results, "skipped")), (1, results.len() - 1), "{outcome}");
    assert_eq!(seen(&sandbox).len(), 1);
    outcome.says("0 succeeded, 1 failed, 39 skipped");
    assert_clean(&sandbox);
}

/// A run whose stubs wait, and the file that they wait for.
fn holding(sandbox: &Sandbox, more: &[&str]) -> (Running, PathBuf, Vec<(String, u32)>) {
    let hold = sandbox.root().join("hold");
    std::fs::write(&hold, "").unwrap();
    let mut command = sandbox.atmos_command(&[&PLAN[..], &[EIGHT], more].concat());
    command.env("STUB_HOLD", &hold);
    let mut run = sandbox.start(command, "");
    let waiting = wait_until("the first children wait", Duration::from_mins(1), || {
        assert!(run.is_running(), "the run has ended early");
        let files = Sandbox::files_below(&sandbox.root().join("record"));
        let pid = |file: &PathBuf| {
            std::fs::read_to_string(sandbox.root().join("record").join(file)).ok()?.trim().parse().ok()
        };
        let found: Vec<(String, u32)> = files
            .iter()
            .filter(|file| file.extension().is_some_and(|end| end == "pid"))
            .filter_map(|file| Some((file.with_extension("").display().to_string(), pid(file)?)))
            .collect();
        // The first three of a stack come before nothing, and all stacks share their folders: two folders at once.
        (found.len() >= 2).then_some(found)
    });
    (run, hold, waiting)
}

#[test]
fn components_of_one_source_with_working_directories_run_at_once() {
    let sandbox = sandbox();
    let component = "{metadata: {component: c0}, provision: {workdir: {enabled: true}}}";
    let text = format!(
        "vars: {{stage: w}}\nsettings: {{auth: {{identity: who0}}}}\nterraform: {{backend_type: local}}\ncomponents: {{terraform: {{one: {component}, two: {component}}}}}\n"
    );
    sandbox.write("s/w.yaml", &text);
    let (run, hold, waiting) = holding(&sandbox, &["-s", "w"]);
    assert_eq!(
        waiting.iter().map(|(name, _)| name.as_str()).collect::<BTreeSet<_>>(),
        BTreeSet::from(["w-one", "w-two"])
    );
    std::fs::remove_file(hold).unwrap();
    run.wait().success();
}

#[test]
fn a_killed_child_fails_alone() {
    let sandbox = sandbox();
    let (run, hold, waiting) = holding(&sandbox, &["--failure-mode=keep-going"]);
    let (name, pid) = &waiting[0];
    signal(*pid, Signal::KILL);
    std::fs::remove_file(hold).unwrap();
    let outcome = run.wait().exits(137);
    let results = summary(&sandbox);
    assert_eq!((count(&results, "failed"), &results[name]["exit_code"]), (1, &137.into()), "{outcome}");
    assert!(count(&results, "skipped") < COMPONENTS, "others go on\n{outcome}");
    assert_eq!(seen(&sandbox).len(), count(&results, "succeeded"));
    assert_sound(&seen(&sandbox), false);
    assert_clean(&sandbox);
}

#[test]
fn a_request_to_stop_lets_the_children_end_and_nothing_begin() {
    for (wanted, code, group) in [(Signal::INT, 130, true), (Signal::INT, 130, false), (Signal::TERM, 143, false)] {
        let sandbox = sandbox();
        let (run, hold, waiting) = holding(&sandbox, &[]);
        let below = descendants(run.pid());
        let send = || if group { run.signal_group(wanted) } else { run.signal(wanted) };
        send();
        // A second one changes nothing: terraform gets it as well, and decides.
        send();
        std::fs::remove_file(hold).unwrap();
        let outcome = run.wait().exits(code);
        let results = summary(&sandbox);
        let started: BTreeSet<_> =
            results.iter().filter(|(_, one)| one["processed"] == true).map(|(name, _)| name).collect();
        assert!(waiting.iter().all(|(name, _)| started.contains(name)), "{outcome}");
        assert!(started.len() <= 8, "something began after the request: {started:?}\n{outcome}");
        // What came to its end did so, whoever wanted it to stop.
        let ended = seen(&sandbox);
        for (name, one) in &results {
            let status = one["status"].as_str().unwrap();
            assert_eq!(status == "succeeded", ended.contains_key(name), "{name} {status}\n{outcome}");
        }
        assert_clean(&sandbox);
        let alive = below.iter().filter(|pid| {
            let words = std::fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            words.contains("fixtures/bin/crew") || words.contains("atmos")
        });
        assert_eq!(alive.count(), 0, "{outcome}");
    }
}
