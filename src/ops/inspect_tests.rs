//! Documents and lists of a small repository.

use serde_json::{Value as Json, json};

use super::App;
use super::{describe, list};
use crate::content::Names;
use crate::resolve::Options;
use crate::stack::fixture::Fixture;
use crate::value::to_json;

const REPOSITORY: [(&str, &str); 3] = [
    (
        "stacks/catalog/vpc.yaml",
        "terraform: {vars: {region: eu, size: 1}}\n\
         components: {terraform: {base: {metadata: {type: abstract}, vars: {size: 2}}, \
         vpc: {metadata: {inherits: [base], enabled: false}, vars: {own: 1}}}}",
    ),
    ("stacks/orgs/dev.yaml", "import: [catalog/vpc]\nvars: {tenant: t, stage: dev}\nterraform: {vars: {size: 3}}"),
    (
        "stacks/orgs/prod.yaml",
        "import: [catalog/vpc]\nvars: {tenant: t, stage: prod}\ncomponents: {helmfile: {app: {}}, terraform: {vpc: {metadata: {enabled: true}}}}",
    ),
];

fn app(files: &[(&str, &str)]) -> App {
    let fixture = Fixture::new(files);
    let config = fixture.config();
    let app = App::new(fixture.host.clone(), config, Vec::new());
    // The files are read while the directory is still there.
    if !files.is_empty() {
        app.index().unwrap();
    }
    app
}

fn component(full: bool) -> Json {
    let request = describe::ComponentRequest {
        component: "vpc".to_owned(),
        stack: "t-dev".to_owned(),
        kind: None,
        processing: Options::default(),
        full,
        query: None,
        names: Names::default(),
    };
    to_json(&describe::component(&app(&REPOSITORY), &request).unwrap())
}

fn keys(json: &Json) -> Vec<&str> {
    json.as_object().unwrap().keys().map(String::as_str).collect()
}

#[test]
fn schema_shows_what_manifests_define() {
    let document = component(false);
    let expected =
        ["backend", "component", "env", "hooks", "imports", "metadata", "overrides", "providers", "settings", "vars"];
    assert_eq!(keys(&document), expected);
    assert_eq!(document["vars"], json!({"tenant": "t", "stage": "dev", "region": "eu", "size": 2, "own": 1}));
    assert_eq!(document["imports"], json!(["catalog/vpc"]));
}

#[test]
fn full_shows_where_values_come_from() {
    let document = component(true);
    let size = &document["sources"]["vars"]["size"];
    assert_eq!(size["final_value"], json!(2));
    let places: Vec<String> = size["stack_dependencies"]
        .as_array()
        .unwrap()
        .iter()
        .map(|place| format!("{} {} {}", place["stack_file"], place["stack_file_section"], place["dependency_type"]))
        .collect();
    assert_eq!(
        places,
        [
            r#""catalog/vpc" "components.terraform.vars" "import""#,
            r#""orgs/dev" "terraform.vars" "inline""#,
            r#""catalog/vpc" "terraform.vars" "import""#,
        ]
    );
    assert_eq!(document["deps"], json!(["catalog/vpc", "orgs/dev"]));
    assert_eq!(document["deps_all"], json!(["catalog/vpc", "orgs/dev"]));
    assert_eq!((&document["workspace"], &document["atmos_manifest"]), (&json!("t-dev"), &json!("orgs/dev")));
    assert_eq!(document["inheritance"], json!(["base"]));
    let path = document["component_info"]["component_path"].as_str().unwrap();
    assert!(path.ends_with("/components/terraform/vpc"), "{path}");
    assert_eq!(document["component_info"].get("terraform_config"), Some(&json!(null)), "there is no such directory");
}

#[test]
fn stacks_are_filtered() {
    let app = app(&REPOSITORY);
    let show = |request: describe::StacksRequest| to_json(&describe::stacks(&app, &request).unwrap());
    let all = show(describe::StacksRequest::default());
    assert_eq!(keys(&all), ["t-dev", "t-prod"]);
    assert_eq!(keys(&all["t-prod"]["components"]), ["helmfile", "terraform"]);
    assert_eq!(
        all["t-dev"]["components"]["terraform"]["vpc"]["component_info"]["component_path"],
        "components/terraform/vpc"
    );
    let one = show(describe::StacksRequest {
        stack: Some("t-prod".to_owned()),
        component_types: vec!["terraform".to_owned()],
        components: vec!["vpc".to_owned()],
        sections: vec!["vars".to_owned()],
        ..describe::StacksRequest::default()
    });
    let vars = json!({"tenant": "t", "stage": "prod", "region": "eu", "size": 2, "own": 1});
    assert_eq!(one, json!({"t-prod": {"components": {"terraform": {"vpc": {"vars": vars}}}}}));
    let none = describe::StacksRequest { sections: vec!["nope".to_owned()], ..describe::StacksRequest::default() };
    assert_eq!(show(none), json!({}));
}

#[test]
fn only_some_kinds_are_told_where_they_lie() {
    let stack = "vars: {tenant: t, stage: dev}\ncomponents: {helm: {h: {}}, kubernetes: {k: {}}, container: {c: {image: i}}, \
                 helmfile: {f: {metadata: {component: x}}}, emulator: {e: {driver: d}}}";
    let app = app(&[("stacks/orgs/dev.yaml", stack)]);
    let all = to_json(&describe::stacks(&app, &describe::StacksRequest::default()).unwrap());
    let path = |kind: &str, name: &str| {
        all["t-dev"]["components"][kind][name]["component_info"]["component_path"].as_str().map(str::to_owned)
    };
    assert_eq!(path("helmfile", "f").as_deref(), Some("components/helmfile/x"));
    assert_eq!(path("container", "c").as_deref(), Some("components/container/c"));
    for (kind, name) in [("helm", "h"), ("kubernetes", "k"), ("emulator", "e")] {
        assert_eq!(path(kind, name), None, "{kind}");
    }
}

#[test]
fn lists_count_and_filter() {
    let fixture = Fixture::new(&REPOSITORY);
    let app = App::new(fixture.host.clone(), fixture.config(), Vec::new());
    let stacks = |component: Option<&str>| {
        let request = list::StacksRequest { component: component.map(str::to_owned), ..list::StacksRequest::default() };
        list::stacks(&app, &request).unwrap().rows
    };
    assert_eq!(stacks(None), [["t-dev"], ["t-prod"]]);
    assert_eq!(stacks(Some("app")), [["t-prod", "app"]]);
    let components = |request: list::ComponentsRequest| -> Vec<String> {
        list::components(&app, &request).unwrap().rows.iter().map(|row| row.join(" ")).collect()
    };
    assert_eq!(components(list::ComponentsRequest::default()), ["app helmfile 1", "vpc terraform 2"]);
    let abstract_ = list::ComponentsRequest { abstract_: Some(true), ..list::ComponentsRequest::default() };
    assert_eq!(components(abstract_), ["base terraform 2"]);
    let disabled = list::ComponentsRequest { enabled: Some(false), ..list::ComponentsRequest::default() };
    assert_eq!(components(disabled), ["vpc terraform 2"], "disabled in one stack is disabled");
    let prod = list::ComponentsRequest { stack: Some("*-prod".to_owned()), ..list::ComponentsRequest::default() };
    assert_eq!(components(prod), ["app helmfile 1", "vpc terraform 1"]);
}

#[test]
fn an_empty_repository_lists_no_stacks() {
    let fixture = Fixture::new(&[]);
    let app = App::new(fixture.host.clone(), fixture.config(), Vec::new());
    assert!(list::stacks(&app, &list::StacksRequest::default()).unwrap().rows.is_empty());
    assert!(list::components(&app, &list::ComponentsRequest::default()).is_err());
}

#[test]
fn the_type_of_listed_components_is_checked() {
    let request = list::ComponentsRequest { kind: Some("banana".to_owned()), ..list::ComponentsRequest::default() };
    let error = list::components(&app(&REPOSITORY), &request).unwrap_err();
    assert_eq!(error.to_string(), "invalid component type 'banana': the types are real, abstract and all");
}

#[test]
fn a_stack_that_does_not_exist_has_no_document() {
    let request = describe::StacksRequest { stack: Some("nope".to_owned()), ..describe::StacksRequest::default() };
    assert_eq!(to_json(&describe::stacks(&app(&REPOSITORY), &request).unwrap()), json!({}));
}

#[test]
fn sources_show_templates_of_components_as_written_and_those_of_manifests_rendered() {
    let atmos = "base_path: .\nstacks: {base_path: stacks, included_paths: ['orgs/*'], name_pattern: '{stage}'}\n\
         components: {terraform: {base_path: components/terraform}}\n\
         templates: {settings: {enabled: true}}\n";
    let app = app(&[
        ("atmos.yaml", atmos),
        ("stacks/catalog/net.yaml", "vars: {size: '{{ .size }}', late: x}\n"),
        (
            "stacks/orgs/dev.yaml",
            "import: [{path: catalog/net, context: {size: 5}}]\nvars: {stage: dev}\n\
             components: {terraform: {vpc: {vars: {late: '{{ .vars.stage }}', home: !env HOME}}}}\n",
        ),
    ]);
    let request = describe::ComponentRequest {
        component: "vpc".to_owned(),
        stack: "dev".to_owned(),
        kind: None,
        processing: Options::default(),
        full: true,
        query: None,
        names: Names::default(),
    };
    let document = to_json(&describe::component(&app, &request).unwrap());
    assert_eq!((&document["vars"]["late"], &document["vars"]["size"]), (&json!("dev"), &json!(5)));
    let sources = &document["sources"]["vars"];
    let values = |key: &str| {
        let places = sources[key]["stack_dependencies"].as_array().unwrap().iter();
        places.map(|place| place["variable_value"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(
        (&sources["late"]["final_value"], values("late")),
        (&json!("{{ .vars.stage }}"), vec![json!("{{ .vars.stage }}"), json!("x")])
    );
    assert_eq!((&sources["size"]["final_value"], values("size")), (&json!(5), vec![json!(5)]));
    assert_eq!(sources["home"]["final_value"], json!("!env HOME"));
}

#[test]
fn the_module_of_a_component_is_described_only_where_it_is_shown() {
    let module = ("components/terraform/vpc/main.tf", "variable \"cidr\" {\n  type = string\n}\n");
    let fixture = Fixture::new(&[&REPOSITORY[..], &[module]].concat());
    let app = App::new(fixture.host.clone(), fixture.config(), Vec::new());
    let described = |query: Option<&str>, names| {
        let request = describe::ComponentRequest {
            component: "vpc".to_owned(),
            stack: "t-dev".to_owned(),
            kind: None,
            processing: Options::default(),
            full: true,
            query: query.map(str::to_owned),
            names,
        };
        describe::component(&app, &request).map(|document| to_json(&document))
    };
    let json = described(None, Names::Json).unwrap();
    let cidr = &json["component_info"]["terraform_config"]["variables"]["cidr"];
    assert_eq!((&cidr["type"], &cidr["pos"]["line"]), (&json!("string"), &json!(1)));
    let yaml = described(Some(".component_info"), Names::Yaml).unwrap();
    assert_eq!(yaml["component_info"]["terraform_config"]["requiredcore"], json!([]));
    // A broken module matters to who looks at it.
    std::fs::write(fixture.host.cwd.join(module.0), "variable \"cidr\" {\n").unwrap();
    let error = described(None, Names::Json).unwrap_err();
    assert!(error.to_string().contains("main.tf:2: a block is not closed"), "{error}");
    assert!(described(Some(".vars"), Names::Yaml).unwrap()["component_info"].get("terraform_config").is_none());
}

const NAMESAKES: [(&str, &str); 2] = [
    (
        "atmos.yaml",
        "base_path: .\nstacks: {base_path: stacks, included_paths: ['orgs/*'], name_pattern: '{stage}'}\n\
         commands: [{name: play, component: {type: play}, steps: [echo]}]\n",
    ),
    (
        "stacks/orgs/dev.yaml",
        "vars: {stage: dev}\ncomponents: {terraform: {app: {vars: {t: 1}}}, \
         helmfile: {app: {vars: {h: 2}, locals: {l: 3}}}, play: {site: {vars: {x: 4}}}}",
    ),
];

#[test]
fn the_kind_of_a_component_can_be_chosen() {
    use super::{explain, locals};
    let app = app(&NAMESAKES);
    let described = |component: &str, kind: Option<&str>| {
        let request = describe::ComponentRequest {
            component: component.to_owned(),
            stack: "dev".to_owned(),
            kind: kind.map(str::to_owned),
            processing: Options::default(),
            full: true,
            query: Some(".vars".to_owned()),
            names: Names::default(),
        };
        describe::component(&app, &request).map(|document| to_json(&document)["vars"].clone())
    };
    assert_eq!(described("app", None).unwrap(), json!({"stage": "dev", "t": 1}));
    assert_eq!(described("app", Some("helmfile")).unwrap(), json!({"stage": "dev", "h": 2}));
    assert!(described("app", Some("packer")).unwrap_err().to_string().contains("no such component"));
    let error = described("app", Some("helmfil")).unwrap_err();
    assert!(error.to_string().contains("invalid component type 'helmfil'"), "{error}");
    assert!(error.diagnostic().help().unwrap().to_string().contains("did you mean `helmfile`"));
    let explained = |component: &str, kind: Option<&str>, path: &str| {
        let request = explain::ExplainRequest {
            component: component.to_owned(),
            stack: "dev".to_owned(),
            kind: kind.map(str::to_owned),
            path: path.to_owned(),
            processing: Options::default(),
        };
        explain::explain(&app, &request)
    };
    assert_eq!(to_json(&explained("app", Some("helmfile"), "vars.h").unwrap().value), json!(2));
    let error = explained("app", None, "vars.h").unwrap_err();
    assert!(error.diagnostic().help().unwrap().to_string().contains("`--type helmfile` explains that one"));
    let request = locals::Request {
        stack: "dev".to_owned(),
        component: Some("app".to_owned()),
        kind: Some("helmfile".to_owned()),
    };
    let document = to_json(&locals::describe(&app, &request).unwrap());
    assert_eq!(document["components"]["helmfile"]["app"]["locals"], json!({"l": 3}));
    // A kind that a command brings.
    assert_eq!(to_json(&explained("site", None, "vars.x").unwrap().value), json!(4));
    let request = super::dependents::Request {
        component: "site".to_owned(),
        stack: "dev".to_owned(),
        kind: None,
        processing: Options::default(),
    };
    assert_eq!(super::dependents::describe(&app, &request).unwrap(), []);
    let request = list::ValuesRequest { component: Some("site".to_owned()), ..list::ValuesRequest::default() };
    assert!(!list::values(&app, &request).unwrap().is_empty());
}
