//! Functions and templates of whole instances.

use serde_json::{Value as Json, json};

use super::{Error, Options, evaluate};
use crate::component::find;
use crate::stack::StackIndex;
use crate::stack::fixture::Fixture;
use crate::value::to_json;

/// The evaluated variables of a component with these sections.
fn evaluated(atmos: &str, component: &str, options: &Options) -> Result<Json, Error> {
    let atmos = format!(
        "base_path: .\nstacks: {{base_path: stacks, included_paths: ['*'], name_pattern: '{{stage}}'}}\n{atmos}"
    );
    let manifest = format!("vars: {{stage: dev}}\ncomponents:\n  terraform:\n    a:\n{component}");
    let mut fixture = Fixture::new(&[("atmos.yaml", &atmos), ("stacks/dev.yaml", &manifest)]);
    fixture.host.env.set("AMBIENT", "ambient");
    fixture.host.env.set("BOTH", "ambient");
    let config = fixture.config();
    let index = StackIndex::load(&fixture.host, &config).unwrap();
    let instance = find(&fixture.host, &config, &index, "a", "dev", None).unwrap();
    let instance = evaluate(&fixture.host, &config, &instance, options)?;
    let mut vars = to_json(&instance.sections.vars);
    vars.as_object_mut().unwrap().remove("stage");
    Ok(vars)
}

#[test]
fn env_looks_at_the_component_then_the_process_then_the_default() {
    let vars = evaluated(
        "",
        "      env: {BOTH: own, NUMBER: 5, NOTHING: null}\n\
         \x20     vars:\n\
         \x20       ambient: !env AMBIENT\n\
         \x20       both: !env BOTH\n\
         \x20       number: !env NUMBER\n\
         \x20       default: !env NONE 'd e'\n\
         \x20       null_is_unset: !env NOTHING x\n\
         \x20       none: [!env NONE]\n\
         \x20       quoted: '!env AMBIENT'\n\
         \x20       literal: !literal '!env AMBIENT {{ x }}'\n",
        &Options::default(),
    )
    .unwrap();
    assert_eq!(
        vars,
        json!({
            "ambient": "ambient", "both": "own", "number": "5", "default": "d e", "null_is_unset": "x", "none": [""],
            "quoted": "ambient", "literal": "!env AMBIENT {{ x }}",
        })
    );
}

#[test]
fn what_is_switched_off_stays_as_written() {
    let component = "      vars: {e: !env AMBIENT, s: !store a b c}\n";
    let off = Options { process_functions: false, ..Options::default() };
    assert_eq!(evaluated("", component, &off).unwrap(), json!({"e": "!env AMBIENT", "s": "!store a b c"}));
    let skip = Options { skip: vec!["store".to_owned()], ..Options::default() };
    assert_eq!(evaluated("", component, &skip).unwrap(), json!({"e": "ambient", "s": "!store a b c"}));
}

#[test]
fn what_is_not_built_names_its_place() {
    for (component, phrases) in [
        ("      vars:\n        s: !store a b c\n", &["!store", "is not built yet", "vars.s", "dev.yaml:6:12"][..]),
        ("      vars: {s: '!exec ls'}\n", &["!exec", "is not built yet"]),
        ("      vars: {s: !bogus x}\n", &["unsupported YAML tag: '!bogus'"]),
        ("      vars: {s: !env a b c}\n", &["invalid Atmos YAML function", "1 or 2 arguments"]),
        ("      vars: {s: !env ''}\n", &["invalid Atmos YAML function"]),
        ("      vars: {s: !repo-root }\n", &["no git repository"]),
        ("      settings: {auth: {identity: !store a b c}}\n", &["must be resolvable without authentication"]),
    ] {
        let message = evaluated("", component, &Options::default()).unwrap_err().to_string();
        for phrase in phrases {
            assert!(message.contains(phrase), "{component}: {message}");
        }
    }
}

#[test]
fn templates_matter_only_where_they_are_rendered() {
    let component = "      vars: {t: 'a {{ .vars.stage }}'}\n";
    assert_eq!(evaluated("", component, &Options::default()).unwrap(), json!({"t": "a {{ .vars.stage }}"}));
    let enabled = "templates: {settings: {enabled: true}}\n";
    let message = evaluated(enabled, component, &Options::default()).unwrap_err().to_string();
    assert!(message.contains("templates is not built yet: 'vars.t'") && message.contains("dev.yaml:5:"), "{message}");
    let off = Options { process_templates: false, ..Options::default() };
    assert!(evaluated(enabled, component, &off).is_ok());
}
