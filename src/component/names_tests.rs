//! Names of stacks and workspaces by template.

use super::{Error, Filter, Instance, all, find, summaries};
use crate::config::Config;
use crate::stack::StackIndex;
use crate::stack::fixture::Fixture;

fn atmos_yaml(template: &str, more: &str) -> String {
    format!(
        "base_path: .\nstacks: {{base_path: stacks, included_paths: ['orgs/**/*'], name_template: '{template}'}}\n\
         components: {{terraform: {{base_path: components/terraform}}}}\n{more}"
    )
}

struct Repository {
    fixture: Fixture,
    config: Config,
    index: StackIndex,
}

impl Repository {
    fn new(template: &str, more: &str, files: &[(&str, &str)]) -> Repository {
        let atmos = atmos_yaml(template, more);
        let fixture = Fixture::new(&[&[("atmos.yaml", atmos.as_str())][..], files].concat());
        let config = fixture.config();
        let index = StackIndex::load(&fixture.host, &config).unwrap();
        Repository { fixture, config, index }
    }

    fn find(&self, component: &str, stack: &str) -> Result<Instance, Error> {
        find(&self.fixture.host, &self.config, &self.index, component, stack, None)
    }

    fn names(&self) -> Result<Vec<String>, Error> {
        let found = summaries(&self.fixture.host, &self.config, &self.index)?;
        Ok(found.into_iter().map(|summary| format!("{}:{}", summary.stack, summary.name)).collect())
    }
}

const MANIFEST: &str = "\
vars: {stage: dev, ctx: {a: x, b: y}}
terraform: {vars: {ctx: {b: kind}}}
components:
  terraform:
    base: {metadata: {type: abstract, custom: {team: core}}, vars: {ctx: {c: base}}}
    a: {metadata: {inherits: [base]}, vars: {ctx: {a: own}}}
    elsewhere: {vars: {stage: other}}
    gone: {vars: {ctx: {a: !unset}}}
";

#[test]
fn short_names_are_those_of_the_merged_component() {
    let files = [("stacks/orgs/dev.yaml", MANIFEST)];
    for (template, expected) in [
        ("{{ .vars.stage }}", ["dev:a", "dev:base", "other:elsewhere", "dev:gone"]),
        ("{{ .vars.stage | upper }}-x", ["DEV-x:a", "DEV-x:base", "OTHER-x:elsewhere", "DEV-x:gone"]),
        (
            "{{ with .vars.ctx }}{{ index . \"a\" }}-{{ .b }}-{{ index . \"c\" }}{{ end }}",
            ["own-kind-base:a", "x-kind-base:base", "x-kind-:elsewhere", "-kind-:gone"],
        ),
        ("{{ .metadata.custom | toJson }}", [r#"{"team":"core"}:a"#, r#"{"team":"core"}:base"#, "", ""]),
        ("{{ len .vars }}-{{ .atmos_component }}", ["2-a:a", "2-base:base", "2-elsewhere:elsewhere", "2-gone:gone"]),
    ] {
        let repository = Repository::new(template, "", &files);
        match repository.names() {
            Ok(names) => {
                let names: Vec<String> = names.into_iter().map(|name| name.replace("<no value>", "")).collect();
                assert_eq!(names, expected, "{template}");
            }
            Err(error) => {
                assert!(expected.contains(&"") && error.to_string().contains("custom"), "{template}: {error}");
            }
        }
        // The short way and the merge of everything agree.
        let filter = Filter::default();
        let Ok(instances) = all(&repository.fixture.host, &repository.config, &repository.index, &filter) else {
            continue;
        };
        let mut merged: Vec<String> =
            instances.into_iter().map(|instance| format!("{}:{}", instance.stack, instance.name)).collect();
        let mut short = repository.names().unwrap();
        merged.sort();
        short.sort();
        assert_eq!(merged, short, "{template}");
    }
}

#[test]
fn names_go_before_patterns_and_values_that_are_templates_stay_raw() {
    let manifest = "vars: {tenant: t, raw: '{{ .vars.x }}'}\ncomponents: {terraform: {a: {}}}";
    let files = [
        ("stacks/orgs/dev.yaml", manifest),
        ("stacks/orgs/named.yaml", "name: given\ncomponents: {terraform: {a: {}}}"),
    ];
    let repository = Repository::new("T-{{ .vars.tenant }}-{{ .vars.raw }}", "", &files);
    assert_eq!(repository.names().unwrap(), ["T-t-{{ .vars.x }}:a", "given:a"]);
    assert_eq!(repository.find("a", "given").unwrap().workspace, "given");
}

#[test]
fn a_value_that_the_name_lacks_is_an_error_of_its_manifest() {
    let files = [
        ("stacks/orgs/dev.yaml", "vars: {stage: dev}\ncomponents: {terraform: {a: {}}}"),
        ("stacks/orgs/other.yaml", "vars: {}\ncomponents: {terraform: {a: {}}}"),
    ];
    let repository = Repository::new("{{ .vars.stage }}", "", &files);
    let error = repository.names().unwrap_err().to_string();
    for phrase in ["'orgs/other'", "map has no entry for key \"stage\"", "stacks.name_template:1:"] {
        assert!(error.contains(phrase), "{error}");
    }
    assert_eq!(repository.find("a", "dev").unwrap().stack, "dev", "other stacks are none of its business");
    let lenient = "templates: {settings: {ignore_missing_template_values: true}}";
    let repository = Repository::new("{{ .vars.stage }}", lenient, &files);
    assert_eq!(repository.names().unwrap(), ["dev:a", "<no value>:a"]);
}

#[test]
fn a_wrong_name_template_is_said_to_be_one() {
    let files = [("stacks/orgs/dev.yaml", "components: {terraform: {a: {}}}")];
    let repository = Repository::new("{{ .vars.stage | nonsense }}", "", &files);
    let error = repository.find("a", "dev").unwrap_err().to_string();
    assert!(error.contains("invalid `stacks.name_template`"), "{error}");
    assert!(error.contains("function \"nonsense\" not defined"), "{error}");
}

#[test]
fn workspaces_by_template_see_the_merged_component() {
    let manifest = "\
vars: {stage: dev}
components:
  terraform:
    base: {metadata: {type: abstract, terraform_workspace_template: 'w/{{ .vars.stage }}-{{ .atmos_component }}-{{ .vars.n }}'}}
    a: {metadata: {inherits: [base]}, vars: {n: 1}}
    b: {metadata: {terraform_workspace_template: '{{ .vars.none }}'}}
";
    let repository = Repository::new("{{ .vars.stage }}", "", &[("stacks/orgs/dev.yaml", manifest)]);
    assert_eq!(repository.find("a", "dev").unwrap().workspace, "w-dev-a-1");
    let error = repository.find("b", "dev").unwrap_err().to_string();
    assert!(error.contains("the workspace of the component `b` in 'orgs/dev' cannot be rendered"), "{error}");
    assert!(error.contains("dev.yaml:6:"), "{error}");
}

#[test]
fn spacelift_goes_by_the_template_where_a_manifest_has_a_name() {
    let manifest = "name: own\nvars: {stage: dev}\ncomponents: {terraform: {a/b: {settings: {spacelift: \
                    {workspace_enabled: true}}}}}\n";
    let repository = Repository::new("x-{{ .vars.stage }}", "", &[("stacks/orgs/dev.yaml", manifest)]);
    let found = repository.find("a/b", "own").unwrap();
    assert_eq!(super::spacelift_stack(&repository.config, &found).as_deref(), Some("x-dev-a-b"));
}
