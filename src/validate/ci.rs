//! Workflows of GitHub Actions: what they would be refused for, told before they are pushed. Read [`workflow`] first.

use std::collections::BTreeMap;

use super::finding::{Finding, Findings, Severity, Site};
use super::place::of_key;
use crate::diag::nearest;
use crate::span::{Sources, Span};
use crate::value::{Node, Value};

const CODE: &str = "atmos::validate::ci";

const TOP: [&str; 8] = ["concurrency", "defaults", "env", "jobs", "name", "on", "permissions", "run-name"];

const JOB: [&str; 19] = [
    "concurrency",
    "container",
    "continue-on-error",
    "defaults",
    "env",
    "environment",
    "if",
    "name",
    "needs",
    "outputs",
    "permissions",
    "runs-on",
    "secrets",
    "services",
    "snapshot",
    "steps",
    "strategy",
    "timeout-minutes",
    "uses",
];

const STEP: [&str; 11] = [
    "continue-on-error",
    "env",
    "id",
    "if",
    "name",
    "run",
    "shell",
    "timeout-minutes",
    "uses",
    "with",
    "working-directory",
];

const EVENTS: [&str; 36] = [
    "branch_protection_rule",
    "check_run",
    "check_suite",
    "create",
    "delete",
    "deployment",
    "deployment_status",
    "discussion",
    "discussion_comment",
    "fork",
    "gollum",
    "image_version",
    "issue_comment",
    "issues",
    "label",
    "merge_group",
    "milestone",
    "page_build",
    "project",
    "project_card",
    "project_column",
    "public",
    "pull_request",
    "pull_request_review",
    "pull_request_review_comment",
    "pull_request_target",
    "push",
    "registry_package",
    "release",
    "repository_dispatch",
    "schedule",
    "status",
    "watch",
    "workflow_call",
    "workflow_dispatch",
    "workflow_run",
];

/// What is wrong with a workflow, sorted by place.
pub fn workflow(sources: &Sources, document: &Node) -> Vec<Finding> {
    let mut check = Check { sources, found: Findings::default() };
    check.top(document);
    check.expressions(document);
    check.found.finish()
}

struct Check<'a> {
    sources: &'a Sources,
    found: Findings,
}

impl Check<'_> {
    fn say(&mut self, span: Span, message: impl Into<String>, help: Option<String>) {
        let site = Site::at(self.sources, span);
        self.found.add(Finding::new(Severity::Error, CODE, message, site).help(help));
    }

    /// A map with known keys only.
    fn map(&mut self, node: &Node, what: &str, known: &[&str]) -> bool {
        let Some(map) = node.as_map() else {
            self.say(node.span, format!("{what} must be a map, but it is a {}", node.value.type_name()), None);
            return false;
        };
        for (key, _) in map.iter().filter(|(key, _)| !known.contains(&&***key)) {
            let near = nearest(key, known.iter().copied()).map(|near| format!("did you mean `{near}`?"));
            let help = near.unwrap_or_else(|| format!("it may have {}", known.join(", ")));
            self.say(of_key(self.sources, node, key), format!("unknown key `{key}` of {what}"), Some(help));
        }
        true
    }

    fn top(&mut self, document: &Node) {
        if !self.map(document, "the workflow", &TOP) {
            return;
        }
        match document.get("on") {
            Some(events) => self.events(events),
            None => self.say(document.span, "the workflow has no `on`: nothing starts it", None),
        }
        let Some(jobs) = document.get("jobs") else {
            return self.say(document.span, "the workflow has no `jobs`", None);
        };
        let Some(map) = jobs.as_map().filter(|map| !map.is_empty()) else {
            return self.say(jobs.span, "`jobs` must be a map of jobs", None);
        };
        for (name, job) in map {
            if !is_name(name) {
                let help = Some("letters, digits, `-` and `_`, the first a letter or `_`".to_owned());
                self.say(of_key(self.sources, jobs, name), format!("`{name}` is no name of a job"), help);
            }
            self.job(name, job);
        }
        self.needs(jobs);
    }

    fn events(&mut self, events: &Node) {
        let names: Vec<(String, Span)> = match &events.value {
            Value::Map(map) => map.keys().map(|key| (key.to_string(), of_key(self.sources, events, key))).collect(),
            Value::List(list) => list.iter().map(|item| (item.scalar_text().unwrap_or_default(), item.span)).collect(),
            _ => vec![(events.scalar_text().unwrap_or_default(), events.span)],
        };
        for (name, span) in names.into_iter().filter(|(name, _)| !EVENTS.contains(&name.as_str())) {
            let help = nearest(&name, EVENTS).map(|near| format!("did you mean `{near}`?"));
            self.say(span, format!("`{name}` is no event"), help);
        }
    }

    fn job(&mut self, name: &str, job: &Node) {
        let what = format!("the job `{name}`");
        let known: Vec<&str> = JOB.into_iter().chain(["with"]).collect();
        if !self.map(job, &what, &known) {
            return;
        }
        if let Some(uses) = job.get("uses") {
            for key in ["runs-on", "steps"].into_iter().filter(|key| job.get(key).is_some()) {
                let message = format!("{what} calls another workflow and has `{key}`");
                let help = Some("a job has either `uses`, or `runs-on` and `steps`".to_owned());
                self.say(of_key(self.sources, job, key), message, help);
            }
            return self.reference(uses, &what);
        }
        if job.get("runs-on").is_none_or(Node::is_empty) {
            self.say(job.span, format!("{what} has no `runs-on`"), Some("for example `ubuntu-latest`".to_owned()));
        }
        let steps = job.get("steps").and_then(Node::as_list).filter(|steps| !steps.is_empty());
        let Some(steps) = steps else {
            let span = job.get("steps").map_or(job.span, |steps| steps.span);
            return self.say(span, format!("{what} has no list of `steps`"), None);
        };
        let mut ids: BTreeMap<String, Span> = BTreeMap::new();
        for (index, step) in steps.iter().enumerate() {
            self.step(&format!("step {} of {what}", index + 1), step);
            let Some(id) = step.get("id") else { continue };
            let text = id.scalar_text().unwrap_or_default();
            if !is_name(&text) {
                self.say(id.span, format!("`{text}` is no id of a step"), None);
            } else if let Some(first) = ids.insert(text.to_lowercase(), id.span) {
                let line = first.line;
                self.say(id.span, format!("the id `{text}` is taken by another step (line {line})"), None);
            }
        }
    }

    fn step(&mut self, what: &str, step: &Node) {
        if !self.map(step, what, &STEP) {
            return;
        }
        match (step.get("uses"), step.get("run")) {
            (Some(_), Some(_)) => {
                self.say(of_key(self.sources, step, "run"), format!("{what} has both `uses` and `run`"), None);
            }
            (None, None) => self.say(step.span, format!("{what} has neither `uses` nor `run`"), None),
            (Some(uses), None) => {
                self.reference(uses, what);
                for key in ["shell", "working-directory"].into_iter().filter(|key| step.get(key).is_some()) {
                    let message = format!("{what} has `{key}`, which is for `run` only");
                    self.say(of_key(self.sources, step, key), message, None);
                }
            }
            (None, Some(run)) => {
                if run.scalar_text().is_none_or(|text| text.trim().is_empty()) {
                    self.say(run.span, format!("`run` of {what} must be a text"), None);
                }
                if step.get("with").is_some() {
                    let message = format!("{what} has `with`, which is for `uses` only");
                    self.say(of_key(self.sources, step, "with"), message, None);
                }
            }
        }
    }

    /// `owner/repository/path@reference`, a path of this repository, an image.
    fn reference(&mut self, uses: &Node, what: &str) {
        let text = uses.scalar_text().unwrap_or_default();
        let is_remote = text.split_once('@').is_some_and(|(name, reference)| {
            !reference.is_empty() && name.split('/').count() >= 2 && name.split('/').all(|part| !part.is_empty())
        });
        if !(is_remote || text.starts_with("./") || text.starts_with("docker://")) {
            let help = "it is `owner/repository@version`, `./path/in/this/repository` or `docker://image`";
            self.say(uses.span, format!("`uses: {text}` of {what} names nothing"), Some(help.to_owned()));
        }
    }

    /// Jobs that are needed have to be there, and none may wait for itself.
    fn needs(&mut self, jobs: &Node) {
        let Some(map) = jobs.as_map() else { return };
        let mut waiting: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for (name, job) in map {
            let Some(needs) = job.get("needs") else { continue };
            let items = needs.as_list().unwrap_or(std::slice::from_ref(needs));
            for item in items {
                let need = item.scalar_text().unwrap_or_default();
                if map.contains_key(need.as_str()) {
                    waiting.entry(&**name).or_default().push(need);
                } else {
                    let near = nearest(&need, map.keys().map(|key| &**key));
                    let help = near.map(|near| format!("did you mean `{near}`?"));
                    self.say(item.span, format!("the job `{name}` needs `{need}`, which is no job"), help);
                }
            }
        }
        loop {
            let names: Vec<&str> = waiting.keys().copied().collect();
            let before = waiting.len();
            waiting.retain(|_, needs| needs.iter().any(|need| names.contains(&need.as_str())));
            if waiting.len() == before {
                break;
            }
        }
        if let Some((name, _)) = waiting.iter().next() {
            let all: Vec<&str> = waiting.keys().copied().collect();
            let message = format!("jobs wait for each other in a circle: {}", all.join(", "));
            self.say(of_key(self.sources, jobs, name), message, None);
        }
    }

    /// Every `${{` has its end.
    fn expressions(&mut self, node: &Node) {
        match &node.value {
            Value::Map(map) => map.values().for_each(|node| self.expressions(node)),
            Value::List(list) => list.iter().for_each(|node| self.expressions(node)),
            Value::String(text) => {
                let open = text.split("${{").skip(1).any(|rest| !rest.contains("}}"));
                if open {
                    self.say(node.span, "an expression begins with `${{` and has no `}}`", None);
                }
            }
            _ => {}
        }
    }
}

/// What jobs and steps may be called.
fn is_name(text: &str) -> bool {
    let starts = text.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_');
    starts && text.chars().all(|sign| sign.is_ascii_alphanumeric() || matches!(sign, '-' | '_'))
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::Arc;

    use super::*;

    fn found(text: &str) -> Vec<String> {
        let sources = Sources::new();
        let root = Path::new("/r");
        let node = crate::yaml::parse(&sources, &root.join("ci.yml"), root, Arc::from(text)).unwrap();
        let line = |finding: &Finding| finding.site.as_ref().map_or(0, |site| site.line);
        workflow(&sources, &node).iter().map(|finding| format!("{}: {}", line(finding), finding.message)).collect()
    }

    #[test]
    fn a_sound_workflow_has_nothing_against_it() {
        let text = "name: CI\non:\n  push: {branches: [main]}\n  pull_request:\njobs:\n  build:\n    runs-on: ${{ matrix.os }}\n    \
            strategy: {matrix: {os: [ubuntu-latest]}}\n    steps:\n      - uses: actions/checkout@v5\n      - {id: a, run: make}\n  \
            call:\n    needs: [build]\n    uses: ./.github/workflows/other.yml\n    with: {a: b}\n    secrets: inherit\n";
        assert_eq!(found(text), Vec::<String>::new());
    }

    #[test]
    fn what_is_wrong_is_named_at_its_place() {
        let job = |steps: &str| format!("on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n{steps}");
        for (text, expected) in [
            ("on: push\n".to_owned(), "1: the workflow has no `jobs`"),
            ("jobs: {a: {uses: ./x}}\n".to_owned(), "1: the workflow has no `on`: nothing starts it"),
            ("on: pusch\njobs: {a: {uses: ./x}}\n".to_owned(), "1: `pusch` is no event"),
            ("on: push\njob: {}\njobs: {a: {uses: ./x}}\n".to_owned(), "2: unknown key `job` of the workflow"),
            (job("      - run: x\n        wiht: {}\n"), "7: unknown key `wiht` of step 1 of the job `a`"),
            (job("      - name: x\n"), "6: step 1 of the job `a` has neither `uses` nor `run`"),
            (job("      - uses: checkout\n"), "6: `uses: checkout` of step 1 of the job `a` names nothing"),
            (
                job("      - {run: a, id: b}\n      - {run: c, id: B}\n"),
                "7: the id `B` is taken by another step (line 6)",
            ),
            (job("      - run: echo ${{ github.sha }\n"), "6: an expression begins with `${{` and has no `}}`"),
            ("on: push\njobs:\n  a: {uses: ./x, needs: b}\n".to_owned(), "3: the job `a` needs `b`, which is no job"),
            (
                "on: push\njobs:\n  a: {uses: ./x, needs: b}\n  b: {uses: ./x, needs: [a]}\n".to_owned(),
                "3: jobs wait for each other in a circle: a, b",
            ),
            (
                "on: push\njobs: {a: {uses: ./x, steps: []}}\n".to_owned(),
                "2: the job `a` calls another workflow and has `steps`",
            ),
        ] {
            assert_eq!(found(&text), [expected], "{text}");
        }
    }
}
