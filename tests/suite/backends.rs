//! The backend file of every kind of backend, and what keeps the states of components apart.

use serde_json::{Value, json};

use crate::support::Sandbox;

const ATMOS: &str = "\
base_path: .
stacks: {base_path: stacks, included_paths: ['**/*'], name_pattern: '{stage}'}
";

fn sandbox(terraform: &str) -> Sandbox {
    let mut sandbox = Sandbox::empty();
    let settings =
        format!("{ATMOS}components: {{terraform: {{base_path: ct, auto_generate_backend_file: true{terraform}}}}}\n");
    sandbox.write("atmos.yaml", &settings);
    for folder in ["vpc", "infra/net"] {
        sandbox.write(&format!("ct/{folder}/main.tf"), "");
    }
    sandbox.record(&["TERRAFORM"]);
    sandbox
}

/// What a run of the component writes, and whether it selects a workspace.
fn written(sandbox: &Sandbox, component: &str, folder: &str) -> (Value, bool) {
    sandbox.atmos(&["terraform", "plan", component, "-s", "dev", "--init"]).success();
    let text = sandbox.read(&format!("ct/{folder}/backend.tf.json"));
    let selects = sandbox.calls().iter().any(|call| call.starts_with("workspace"));
    (serde_json::from_str::<Value>(&text).unwrap()["terraform"].take(), selects)
}

#[test]
fn every_kind_has_its_file() {
    let sandbox = sandbox("");
    for (kind, settings, expected, selects) in [
        ("local", "{}", json!({"backend": {"local": {}}}), true),
        ("local", "{path: s/x.tfstate}", json!({"backend": {"local": {"path": "s/x.tfstate"}}}), true),
        (
            "s3",
            "{bucket: b, key: k, region: r, use_lockfile: true, encrypt: true, assume_role: {role_arn: a}}",
            json!({"backend": {"s3": {
                "bucket": "b", "key": "k", "region": "r", "use_lockfile": true, "encrypt": true,
                "assume_role": {"role_arn": "a"}, "workspace_key_prefix": "vpc",
            }}}),
            true,
        ),
        ("gcs", "{bucket: b}", json!({"backend": {"gcs": {"bucket": "b", "prefix": "vpc"}}}), true),
        (
            "azurerm",
            "{storage_account_name: s, container_name: c}",
            json!({"backend": {"azurerm": {"storage_account_name": "s", "container_name": "c", "key": "vpc.terraform.tfstate"}}}),
            true,
        ),
        ("http", "{address: 'https://h/s'}", json!({"backend": {"http": {"address": "https://h/s"}}}), false),
        (
            "cloud",
            "{organization: o, workspaces: {name: 'vpc-{terraform_workspace}'}}",
            json!({"cloud": {"organization": "o", "workspaces": {"name": "vpc-dev"}}}),
            true,
        ),
        (
            "remote",
            "{organization: o, workspaces: {prefix: p-}}",
            json!({"backend": {"remote": {"organization": "o", "workspaces": {"prefix": "p-"}}}}),
            true,
        ),
        ("pg", "{schema_name: s}", json!({"backend": {"pg": {"schema_name": "s"}}}), true),
        ("consul", "{path: p, address: a}", json!({"backend": {"consul": {"path": "p", "address": "a"}}}), true),
        ("kubernetes", "{secret_suffix: s}", json!({"backend": {"kubernetes": {"secret_suffix": "s"}}}), true),
    ] {
        sandbox.write(
            "stacks/dev.yaml",
            &format!(
                "vars: {{stage: dev}}\nterraform: {{backend_type: {kind}, backend: {{{kind}: {settings}}}}}\ncomponents: {{terraform: {{vpc: {{}}}}}}\n"
            ),
        );
        assert_eq!(written(&sandbox, "vpc", "vpc"), (expected, selects), "{kind} {settings}");
    }
}

#[test]
fn prefixes_and_keys_keep_components_apart() {
    for (separator, settings, component, metadata, folder, key, expected) in [
        ("", "s3: {bucket: b}", "vpc", "{}", "vpc", "workspace_key_prefix", "vpc"),
        ("", "s3: {bucket: b}", "infra/net", "{}", "infra/net", "workspace_key_prefix", "infra-net"),
        ("_", "s3: {bucket: b}", "infra/net", "{}", "infra/net", "workspace_key_prefix", "infra_net"),
        ("", "s3: {bucket: b}", "two", "{component: infra/net}", "infra/net", "workspace_key_prefix", "infra-net"),
        ("", "s3: {bucket: b}", "two", "{component: vpc, name: named/x}", "vpc", "workspace_key_prefix", "named-x"),
        ("", "s3: {bucket: b, workspace_key_prefix: mine}", "vpc", "{}", "vpc", "workspace_key_prefix", "mine"),
        ("", "s3: {bucket: b, workspace_key_prefix: ''}", "vpc", "{}", "vpc", "workspace_key_prefix", "vpc"),
        ("", "gcs: {bucket: b}", "infra/net", "{}", "infra/net", "prefix", "infra-net"),
        ("", "azurerm: {key: k}", "vpc", "{}", "vpc", "key", "k/vpc.terraform.tfstate"),
    ] {
        let separator = if separator.is_empty() {
            String::new()
        } else {
            format!(", workspace: {{prefix_separator: {separator}}}")
        };
        let sandbox = sandbox(&separator);
        let kind = settings.split(':').next().unwrap_or_default();
        sandbox.write(
            "stacks/dev.yaml",
            &format!(
                "vars: {{stage: dev}}\nterraform: {{backend_type: {kind}, backend: {{{settings}}}}}\ncomponents: {{terraform: {{{component}: {{metadata: {metadata}}}}}}}\n"
            ),
        );
        let (document, _) = written(&sandbox, component, folder);
        assert_eq!(document["backend"][kind][key], expected, "{settings} {component} {metadata}");
    }
}

#[test]
fn a_key_of_the_components_own_is_kept() {
    let sandbox = sandbox("");
    sandbox.write(
        "stacks/dev.yaml",
        "vars: {stage: dev}\nterraform: {backend_type: azurerm, backend: {azurerm: {key: k}}}\ncomponents: {terraform: {vpc: {backend: {azurerm: {key: own}}}}}\n",
    );
    assert_eq!(written(&sandbox, "vpc", "vpc").0["backend"]["azurerm"]["key"], "own");
}

#[test]
fn q11_workspaces_that_are_switched_off_are_never_selected() {
    let sandbox = sandbox(", workspaces_enabled: false");
    sandbox.write(
        "stacks/dev.yaml",
        "vars: {stage: dev}\nterraform: {backend_type: s3, backend: {s3: {bucket: b}}}\ncomponents: {terraform: {vpc: {}}}\n",
    );
    let (document, selects) = written(&sandbox, "vpc", "vpc");
    assert!(!selects && document["backend"]["s3"]["bucket"] == "b");
    let describe = ["describe", "component", "vpc", "-s", "dev", "--format", "json", "--query", ".workspace"];
    assert_eq!(sandbox.atmos(&describe).success().stdout.trim(), "\"default\"");
}

#[test]
fn backends_that_cannot_be_are_refused() {
    for (terraform, phrase) in [
        ("", "backend_type is required"),
        (
            "terraform: {backend_type: s4, backend: {s3: {bucket: b}}}\n",
            "backend_type does not match any key configured under backend",
        ),
    ] {
        let sandbox = sandbox("");
        let manifest = format!("vars: {{stage: dev}}\n{terraform}components: {{terraform: {{vpc: {{}}}}}}\n");
        sandbox.write("stacks/dev.yaml", &manifest);
        sandbox.atmos(&["terraform", "plan", "vpc", "-s", "dev"]).exits(1).says(phrase);
        assert_eq!(sandbox.calls(), Vec::<String>::new());
    }
}
