//! Secrets inside of values: terraform gets them as they are, people see what stands beside them and nothing else.

use serde_json::{Value, json};

use crate::support::Sandbox;

const STATE: &str = "components/terraform/vpc/terraform.tfstate.d/dev/terraform.tfstate";
const SINK: &str = "components/terraform/sink";

const MODULE: &str = r#"
variable "stage" {}
variable "scalar" { type = any }
variable "digits" { type = any }
variable "any" { type = any }
variable "texts" { type = map(string) }
variable "list" { type = list(any) }
resource "terraform_data" "this" { input = var.any }
output "seen" {
  value = { stage = var.stage, scalar = var.scalar, digits = var.digits, any = terraform_data.this.output, texts = var.texts, list = var.list }
}
output "encoded" { value = jsonencode(var.list) }
"#;

const STACK: &str = r#"
import: [catalog/all]
vars: {stage: dev}
components:
  terraform:
    sink:
      vars:
        scalar: !terraform.state vpc scalar
        digits: !terraform.state vpc digits
        any:
          secret: !terraform.state vpc scalar
          region: eu-west-1
          directive: '%{if true}Z%{endif} %%{x}'
          arn: 'arn:aws:iam::1:user/${aws:username}/*'
          dollars: '$ $$ $${x} $$${y} $'
          control: "\b\f\e\x7f\r\n\t\"\\"
          more: {'a.b ${c}': [1, 2.5, true, null, '0123'], empty: {}, none: []}
        texts: {secret: !terraform.state vpc signs, other: '${x}'}
        list: [!terraform.state vpc signs]
"#;

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::scenario("states");
    let outputs = json!({
        "scalar": {"value": "s3nsitive-value", "type": "string", "sensitive": true},
        "digits": {"value": "0123", "type": "string", "sensitive": true},
        "signs": {"value": "s3cret<&>\"value", "type": "string", "sensitive": true},
        "plain": {"value": "shown", "type": "string"},
    });
    sandbox.write(STATE, &json!({"version": 4, "outputs": outputs}).to_string());
    sandbox.write(&format!("{SINK}/main.tf"), MODULE);
    sandbox.write("stacks/orgs/dev.yaml", STACK);
    sandbox
}

fn vars(sandbox: &Sandbox, component: &str, more: &[&str]) -> Value {
    let words = ["describe", "component", component, "-s", "dev", "--format", "json", "--query", ".vars"];
    sandbox.atmos(&[&words, more].concat()).success().json()
}

#[test]
fn terraform_reads_the_values_that_stand_beside_a_secret_and_people_see_them() {
    let sandbox = sandbox();
    let outcome = sandbox.atmos(&["terraform", "deploy", "sink", "-s", "dev"]).success();
    assert!(outcome.stdout.contains("eu-west-1"), "{outcome}");
    for secret in ["s3nsitive-value", "s3cret"] {
        assert!(!format!("{}{}", outcome.stdout, outcome.stderr).contains(secret), "{outcome}");
    }
    let state: Value =
        serde_json::from_str(&sandbox.read(&format!("{SINK}/terraform.tfstate.d/dev/terraform.tfstate"))).unwrap();
    assert_eq!(state["outputs"]["seen"]["value"], vars(&sandbox, "sink", &["--mask=false"]));
    sandbox.atmos(&["terraform", "plan", "sink", "-s", "dev"]).success();
    let varfile = sandbox.read(&format!("{SINK}/dev-sink.terraform.tfvars.json"));
    assert!(varfile.contains("dev") && !varfile.contains("s3"), "{varfile}");
}

#[test]
fn secrets_with_signs_of_html_are_masked_in_json_of_terraform() {
    let sandbox = sandbox();
    sandbox.atmos(&["terraform", "deploy", "sink", "-s", "dev"]).success();
    // The values of the stack are known to whoever evaluates them.
    let outcome = sandbox.atmos(&["terraform", "output", "sink", "-s", "dev", "--", "-json"]).success();
    assert!(outcome.stdout.contains("eu-west-1") && !outcome.stdout.contains("s3cret"), "{outcome}");
    assert_eq!(outcome.json()["encoded"]["value"], "[\"<MASKED>\"]");
}

#[test]
fn the_expression_of_a_dot_is_all_outputs() {
    let sandbox = sandbox();
    let more =
        "    all: {metadata: {component: sink}, vars: {a: !terraform.state vpc ., b: !terraform.output vpc dev .}}\n";
    sandbox.write("stacks/orgs/dev.yaml", &format!("{STACK}{more}"));
    let found = vars(&sandbox, "all", &[]);
    let expected = json!({"digits": "<MASKED>", "plain": "shown", "scalar": "<MASKED>", "signs": "<MASKED>"});
    assert_eq!(found["a"], expected);
    assert_eq!(found["b"], expected);
}

#[test]
fn keys_of_documents_are_never_masked() {
    let sandbox = sandbox();
    let more = "    keys: {metadata: {component: sink}, vars: {tags: {s3nsitive-value: 'a s3nsitive-value', x: !terraform.state vpc scalar}}}\n";
    sandbox.write("stacks/orgs/dev.yaml", &format!("{STACK}{more}"));
    let tags = json!({"s3nsitive-value": "a <MASKED>", "x": "<MASKED>"});
    assert_eq!(vars(&sandbox, "keys", &[])["tags"], tags);
    for (format, shown) in [("json", r#""s3nsitive-value": "a <MASKED>""#), ("yaml", "s3nsitive-value: a <MASKED>")] {
        let outcome = sandbox.atmos(&["describe", "component", "keys", "-s", "dev", "--format", format]).success();
        assert!(outcome.stdout.contains(shown), "{outcome}");
    }
}

#[test]
fn no_command_masks_keys() {
    let sandbox = sandbox();
    let more = "    keys: {metadata: {component: sink}, vars: {tags: {s3nsitive-value: 'a s3nsitive-value', x: !terraform.state vpc scalar}}}\n\
                \x20   plain: {metadata: {component: sink}, vars: {literal: s3nsitive-value, tags: {s3nsitive-value: 1}}, dependencies: {components: [{component: keys}]}}\n";
    sandbox.write("stacks/orgs/dev.yaml", &format!("{STACK}{more}"));
    let components = |shown: &Value| {
        let all = &shown["dev"]["components"]["terraform"];
        assert_eq!(all["keys"]["vars"]["tags"], json!({"s3nsitive-value": "a <MASKED>", "x": "<MASKED>"}));
        // Whichever component learned the secret first.
        assert_eq!(all["plain"]["vars"]["literal"], "<MASKED>");
        assert_eq!(all["plain"]["vars"]["tags"], json!({"s3nsitive-value": 1}));
    };
    components(&sandbox.atmos(&["describe", "stacks", "--format", "json"]).success().json());
    sandbox.atmos(&["describe", "stacks", "--format", "json", "--file", "out.json"]).success();
    components(&serde_json::from_str(&sandbox.read("out.json")).unwrap());
    let yaml = sandbox.atmos(&["describe", "stacks"]).success();
    assert!(yaml.stdout.contains("s3nsitive-value: a <MASKED>"), "{yaml}");
    assert!(yaml.stdout.contains("literal: <MASKED>"), "{yaml}");
    let explain = ["explain", "keys", "-s", "dev", "vars.tags"];
    for format in ["text", "json", "yaml"] {
        let shown = sandbox.atmos(&[&explain[..], &["--format", format]].concat()).success();
        assert!(shown.stdout.contains("s3nsitive-value"), "{shown}");
        assert!(shown.stdout.contains("a <MASKED>") && !shown.stdout.contains("a s3nsitive-value"), "{shown}");
    }
}

#[test]
fn outputs_of_json_text_are_what_they_write_down_and_secret_in_all_of_it() {
    let sandbox = sandbox();
    let outputs = json!({
        "json": {"value": r#"{"run": "!exec touch PWN", "of": ["{{ env `HOME` }}", 1]}"#},
        "yaml": {"value": "\"a\": 1\n\"b\":\n- \"x\"\n"},
        "secret": {"value": r#"{"user": "s3cret-user", "pin": 4711}"#, "sensitive": true},
        "account": {"value": "012345678901"}, "note": {"value": "Note: a sentence"}, "blank": {"value": ""},
        "nested": {"value": {"text": "{\"a\": 1}"}},
    });
    sandbox.write(STATE, &json!({"version": 4, "outputs": outputs}).to_string());
    sandbox.write("data/text.json", r#"{"json": "[1, \"2\"]", "list": [1]}"#);
    let names = ["json", "yaml", "secret", "account", "note", "blank", "nested"];
    let values = names.map(|name| format!("{name}: !terraform.state vpc {name}, ")).concat();
    let more = format!(
        "    all: {{metadata: {{component: sink}}, vars: {{{values}included: !include data/text.json .json, \
         made: !include data/text.json .list | to_json }}}}\n"
    );
    sandbox.write("stacks/orgs/dev.yaml", &format!("{STACK}{more}"));
    let expected = json!({
        "stage": "dev",
        "json": {"run": "!exec touch PWN", "of": ["{{ env `HOME` }}", 1]},
        "yaml": {"a": 1, "b": ["x"]},
        "secret": {"user": "<MASKED>", "pin": "<MASKED>"},
        "account": "012345678901", "note": "Note: a sentence", "blank": null, "nested": {"text": "{\"a\": 1}"},
        "included": [1, "2"], "made": [1],
    });
    assert_eq!(vars(&sandbox, "all", &[]), expected);
    assert_eq!(vars(&sandbox, "all", &["--mask=false"])["secret"], json!({"user": "s3cret-user", "pin": 4711}));
    assert!(!sandbox.repo().join("PWN").exists());
}
