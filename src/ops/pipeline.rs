//! `terraform generate pipeline`: the components of a run as jobs of another engine, each behind what it depends on. Row 12.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::App;
use super::many::{self, Asked, Chosen};
use crate::component::Kind;
use crate::diag::{Result, Warning};
use crate::resolve;
use crate::value::{Map, Node};

/// The engine that runs the jobs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// A child pipeline of GitLab.
    GitLab,
    /// A workflow of Argo Workflows.
    Argo,
}

/// What is generated.
#[derive(Debug, Clone)]
pub struct PipelineRequest {
    pub engine: Engine,
    /// The sub-command of each job: plan, apply, deploy, destroy.
    pub command: String,
    pub stack: Option<String>,
    pub many: many::Options,
    /// The image of the jobs.
    pub image: Option<String>,
    pub evaluation: resolve::Options,
}

/// One job.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Job {
    component: String,
    stack: String,
    needs: Vec<usize>,
}

/// The document that the engine reads.
///
/// # Errors
/// Those of choosing the components of a run.
pub fn pipeline(app: &App, request: &PipelineRequest) -> Result<Node> {
    let asked = Asked {
        kind: Kind::Terraform,
        options: &request.many,
        stack: request.stack.as_deref(),
        modifies: request.command != "plan",
        reverse: request.command == "destroy",
        evaluation: &request.evaluation,
        comparison: &request.evaluation,
    };
    let Chosen { instances, before, .. } = many::choose(app, &asked)?;
    let jobs: Vec<Job> = instances
        .iter()
        .zip(before)
        .map(|(instance, needs)| Job { component: instance.name.clone(), stack: instance.stack.clone(), needs })
        .collect();
    Ok(match request.engine {
        Engine::GitLab => {
            warn_of_needs(app, &jobs);
            gitlab(&jobs, request)
        }
        Engine::Argo => argo(&jobs, request),
    })
}

/// As many jobs one may wait for, where nobody has changed GitLab's own setting.
const MOST_NEEDS: usize = 50;

fn warn_of_needs(app: &App, jobs: &[Job]) {
    let many = jobs.iter().filter(|job| job.needs.len() > MOST_NEEDS);
    let many: Vec<String> =
        many.map(|job| format!("{} in {} ({})", job.component, job.stack, job.needs.len())).collect();
    if !many.is_empty() {
        let message = format!("GitLab refuses jobs that wait for more than {MOST_NEEDS} others: {}", many.join(", "));
        let help = "let it depend on fewer components, or raise the limit of the instance (`ci_needs_size_limit`)";
        app.host.talk.warn(Warning::new("atmos::pipeline::needs", message).help(help));
    }
}

fn map<const N: usize>(entries: [(&str, Node); N]) -> Node {
    Node::from(entries.into_iter().map(|(key, node)| (Arc::from(key), node)).collect::<Map>())
}

fn list(texts: impl IntoIterator<Item = String>) -> Node {
    Node::from(texts.into_iter().map(Node::from).collect::<Vec<_>>())
}

fn gitlab(jobs: &[Job], request: &PipelineRequest) -> Node {
    let name = |job: &Job| format!("{} {} in {}", request.command, job.component, job.stack);
    let mut document = Map::default();
    if let Some(image) = &request.image {
        document.insert(Arc::from("default"), map([("image", Node::from(image.as_str()))]));
    }
    document.insert(Arc::from("stages"), list(["atmos".to_owned()]));
    for job in jobs {
        let words = ["atmos", "terraform", &request.command, &job.component, "-s", &job.stack];
        let script = shell_words::join(words);
        let entry = map([
            ("stage", Node::from("atmos")),
            ("needs", list(job.needs.iter().map(|at| name(&jobs[*at])))),
            ("script", list([script])),
        ]);
        document.insert(Arc::from(name(job)), entry);
    }
    if jobs.is_empty() {
        // A pipeline without jobs is an error of GitLab.
        let nothing = map([("stage", Node::from("atmos")), ("script", list(["true".to_owned()]))]);
        document.insert(Arc::from("nothing to do"), nothing);
    }
    Node::from(document)
}

fn argo(jobs: &[Job], request: &PipelineRequest) -> Node {
    let names = labels(jobs);
    let tasks = jobs.iter().zip(&names).map(|(job, name)| {
        let parameter = |name: &str, value: &str| map([("name", Node::from(name)), ("value", Node::from(value))]);
        let parameters = vec![parameter("component", &job.component), parameter("stack", &job.stack)];
        map([
            ("name", Node::from(name.as_str())),
            ("template", Node::from("component")),
            ("dependencies", list(job.needs.iter().map(|at| names[*at].clone()))),
            ("arguments", map([("parameters", Node::from(parameters))])),
        ])
    });
    let mut tasks: Vec<Node> = tasks.collect();
    let none = tasks.is_empty();
    if none {
        // A graph without tasks is an error of Argo.
        tasks.push(map([("name", Node::from("nothing-to-do")), ("template", Node::from("nothing"))]));
    }
    let input = |name: &str| map([("name", Node::from(name))]);
    let words = ["atmos", "terraform", &request.command].map(str::to_owned);
    let arguments = ["{{inputs.parameters.component}}", "-s", "{{inputs.parameters.stack}}"].map(str::to_owned);
    let image = request.image.clone().unwrap_or_else(|| "atmos".to_owned());
    let nothing = map([
        ("name", Node::from("nothing")),
        ("container", map([("image", Node::from(image.as_str())), ("command", list(["true".to_owned()]))])),
    ]);
    let component = map([
        ("name", Node::from("component")),
        ("inputs", map([("parameters", Node::from(vec![input("component"), input("stack")]))])),
        ("container", map([("image", Node::from(image)), ("command", list(words)), ("args", list(arguments))])),
    ]);
    let all = map([("name", Node::from("all")), ("dag", map([("tasks", Node::from(tasks))]))]);
    map([
        ("apiVersion", Node::from("argoproj.io/v1alpha1")),
        ("kind", Node::from("Workflow")),
        ("metadata", map([("generateName", Node::from(format!("atmos-{}-", request.command)))])),
        (
            "spec",
            map([
                ("entrypoint", Node::from("all")),
                ("templates", Node::from(vec![all, if none { nothing } else { component }])),
            ]),
        ),
    ])
}

/// Names as Kubernetes allows them: small letters, digits and hyphens, and no two alike.
fn labels(jobs: &[Job]) -> Vec<String> {
    let mut used = BTreeSet::new();
    let label = |job: &Job| {
        let text = format!("{}-{}", job.stack, job.component).to_lowercase();
        let text: String =
            text.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '-' }).collect();
        text.trim_matches('-').chars().take(50).collect::<String>()
    };
    jobs.iter()
        .map(|job| {
            let first = label(job);
            let mut name = first.clone();
            let mut number = 2;
            while !used.insert(name.clone()) {
                name = format!("{first}-{number}");
                number += 1;
            }
            name
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::to_json;

    fn jobs() -> Vec<Job> {
        let job = |component: &str, stack: &str, needs: &[usize]| Job {
            component: component.to_owned(),
            stack: stack.to_owned(),
            needs: needs.to_vec(),
        };
        vec![job("vpc", "prod", &[]), job("net/app", "prod", &[0]), job("net-app", "prod", &[0, 1])]
    }

    fn request(engine: Engine) -> PipelineRequest {
        PipelineRequest {
            engine,
            command: "plan".to_owned(),
            stack: None,
            many: many::Options::default(),
            image: Some("i".to_owned()),
            evaluation: resolve::Options::default(),
        }
    }

    #[test]
    fn jobs_of_gitlab_need_what_they_depend_on() {
        let document = to_json(&gitlab(&jobs(), &request(Engine::GitLab)));
        let job = &document["plan net/app in prod"];
        assert_eq!(job["needs"], serde_json::json!(["plan vpc in prod"]));
        assert_eq!(job["script"], serde_json::json!(["atmos terraform plan net/app -s prod"]));
        assert_eq!(document["default"]["image"], "i");
        assert!(to_json(&gitlab(&[], &request(Engine::GitLab))).get("nothing to do").is_some());
    }

    #[test]
    fn tasks_of_argo_have_names_of_their_own() {
        let document = to_json(&argo(&jobs(), &request(Engine::Argo)));
        let tasks = document["spec"]["templates"][0]["dag"]["tasks"].as_array().unwrap().clone();
        let names: Vec<&str> = tasks.iter().filter_map(|task| task["name"].as_str()).collect();
        assert_eq!(names, ["prod-vpc", "prod-net-app", "prod-net-app-2"]);
        assert_eq!(tasks[2]["dependencies"], serde_json::json!(["prod-vpc", "prod-net-app"]));
        assert_eq!(tasks[1]["arguments"]["parameters"][0]["value"], "net/app");
        let nothing = to_json(&argo(&[], &request(Engine::Argo)))["spec"]["templates"].clone();
        assert_eq!(nothing[0]["dag"]["tasks"][0]["template"], nothing[1]["name"]);
        assert_eq!(nothing[1]["container"]["command"], serde_json::json!(["true"]));
    }
}
