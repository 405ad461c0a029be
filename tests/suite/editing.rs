//! Values are changed in the files that have them, and nothing else in these files is.

use std::os::unix::fs::PermissionsExt as _;

use crate::support::Sandbox;

const CONFIG: &str = "\
# Who runs this: the platform team.
base_path: ./

stacks:
  base_path: stacks   # below the base path
  included_paths: [\"orgs/*\"]
  name_pattern: '{stage}'

components:
  terraform:
    base_path: components/terraform

logs:
  # Quiet.
  level: Info
";

const MANIFEST: &str = "\
import: [catalog/vpc]

vars:
  stage: prod

components:
  terraform:
    vpc:
      vars:
        # Assigned by the network team.
        cidr: 10.1.0.0/16
        tags: {team: core}   # inline
        secret: !env TOKEN
";

const CATALOG: &str = "\
components:
  terraform:
    base:
      metadata: {type: abstract}
      vars: {size: 1}
    vpc:
      metadata: {inherits: [base]}
      vars:
        name: net
        zones: &zones [a, b]
        more: *zones
";

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::empty();
    sandbox.write("atmos.yaml", CONFIG);
    sandbox.write("stacks/orgs/prod.yaml", MANIFEST);
    sandbox.write("stacks/catalog/vpc.yaml", CATALOG);
    sandbox.write(
        "components/terraform/vpc/main.tf",
        "variable \"port\" { type = string }\nvariable \"cidr\" {}\nvariable \"list\" { type = list(string) }\n",
    );
    sandbox
}

fn stack<'a>(words: &[&'a str]) -> Vec<&'a str> {
    [&["stack"], words, &["-s", "prod", "-c", "vpc"]].concat()
}

#[test]
fn the_configuration_changes_in_one_line() {
    let sandbox = sandbox();
    let done = sandbox.atmos(&["config", "set", "logs.level", "Warning"]).success();
    assert!(done.stdout.is_empty(), "{done}");
    done.says("✓ Updated `logs.level` in atmos.yaml");
    assert_eq!(sandbox.read("atmos.yaml"), CONFIG.replace("level: Info", "level: Warning"));
    sandbox.atmos(&["config", "set", "logs.level", "Warning"]).success().says("Nothing to change");
    // The schema knows that a project may be named 5, and that this is no number of a list of paths.
    sandbox.atmos(&["config", "set", "stacks.name_pattern", "5"]).success();
    assert!(sandbox.read("atmos.yaml").contains("name_pattern: \"5\"\n"));
    sandbox.atmos(&["config", "set", "stacks.included_paths[0]", "orgs/**/*"]).success();
    sandbox
        .atmos(&["config", "set", "components.terraform.apply_auto_approve", "yes"])
        .exits(1)
        .says("`yes` is no bool");
    sandbox.atmos(&["config", "set", "components.terraform.apply_auto_approve", "true"]).success().says("Created");
    sandbox.atmos(&["config", "set", "stacks.included_paths", "x"]).exits(1).says("--type yaml");
    sandbox.atmos(&["config", "set", "stacks.excluded_paths", "[a, b]", "--type", "yaml"]).success();
    sandbox.atmos(&["config", "set", "logs.level", "x", "--type", "text"]).exits(1).says("auto, string, int");
    let file = sandbox.read("atmos.yaml");
    let parts = [
        "# Who runs this",
        "base_path: stacks   # below",
        "included_paths: [orgs/**/*]",
        "  excluded_paths:\n    - a\n    - b\n",
        "base_path: components/terraform\n    apply_auto_approve: true\n",
        "# Quiet.",
    ];
    for part in parts {
        assert!(file.contains(part), "{part:?} in\n{file}");
    }
    sandbox.atmos(&["config", "unset", "stacks.excluded_paths"]).success().says("Deleted");
    sandbox.atmos(&["config", "delete", "stacks.excluded_paths"]).success().says("Nothing to change");
    assert!(!sandbox.read("atmos.yaml").contains("excluded"));
    assert_eq!(sandbox.atmos(&["config", "get", "stacks.included_paths[0]"]).success().stdout, "orgs/**/*\n");
}

#[test]
fn the_file_that_was_named_is_changed_and_a_stronger_one_is_told_of() {
    let sandbox = sandbox();
    sandbox.write("atmos.d/logs.yaml", "logs: {level: Debug}\n");
    // `atmos.yaml` goes before `atmos.d`; a profile goes before both.
    sandbox.atmos(&["config", "set", "logs.level", "Error"]).success().says_not("logs.yaml");
    assert_eq!(sandbox.atmos(&["config", "get", "logs.level"]).success().stdout, "Error\n");
    sandbox.write("profiles/loud/logs.yaml", "logs: {level: Trace}\n");
    let stronger = sandbox.atmos(&["config", "set", "logs.level", "Warning", "--profile", "loud"]).success();
    stronger.says("`logs.level` is also set at profiles/loud/logs.yaml:1:");
    sandbox.atmos(&["config", "set", "logs.level", "Error", "--config", "atmos.d/logs.yaml"]).success();
    assert_eq!(sandbox.read("atmos.d/logs.yaml"), "logs: {level: Error}\n");
    let both = ["config", "set", "logs.level", "Off", "--config", "atmos.yaml,atmos.d/logs.yaml"];
    sandbox.atmos(&both).exits(1).says("several files were given");
    // Neither permissions nor links nor line ends are another's after a change.
    let file = sandbox.repo().join("atmos.d/logs.yaml");
    std::fs::write(&file, "logs:\r\n  level: Info\r\n").unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o640)).unwrap();
    sandbox.atmos(&["config", "set", "logs.level", "Off", "--config", "atmos.d/logs.yaml"]).success();
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "logs:\r\n  level: \"Off\"\r\n");
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o640);
}

#[test]
fn values_of_components_change_in_the_manifest_that_has_them() {
    let sandbox = sandbox();
    let got = sandbox.atmos(&stack(&["get", "vars.cidr"])).success();
    assert_eq!(got.stdout, "10.1.0.0/16\n");
    got.says("vars.cidr comes from stacks/orgs/prod.yaml:11");
    sandbox
        .atmos(&stack(&["set", "vars.cidr", "10.2.0.0/16"]))
        .success()
        .says("Updated `vars.cidr` in stacks/orgs/prod.yaml");
    sandbox.atmos(&stack(&["set", "vars.tags.team", "edge"])).success();
    sandbox.atmos(&stack(&["set", "vars.secret", "none"])).success();
    let expected = MANIFEST
        .replace("10.1.", "10.2.")
        .replace("team: core", "team: edge")
        .replace("secret: !env TOKEN", "secret: none");
    assert_eq!(sandbox.read("stacks/orgs/prod.yaml"), expected);
    // What is set by an import is changed there, and that is said.
    sandbox.atmos(&stack(&["set", "vars.name", "wan"])).success().says("stacks/catalog/vpc.yaml is imported");
    assert!(sandbox.read("stacks/catalog/vpc.yaml").contains("name: wan\n"));
    // New values go to the stack's own manifest; the module says of which type they are.
    sandbox.atmos(&stack(&["set", "vars.port", "80"])).success().says("Created `vars.port` in stacks/orgs/prod.yaml");
    sandbox.atmos(&stack(&["set", "vars.count", "3"])).success();
    sandbox.atmos(&stack(&["set", "vars.list", "x"])).exits(1).says("a list or a map");
    let vars = sandbox.atmos(&["describe", "component", "vpc", "-s", "prod", "--format", "json"]).success().json();
    assert_eq!((&vars["vars"]["port"], &vars["vars"]["count"]), (&"80".into(), &3.into()));
    sandbox.atmos(&stack(&["delete", "vars.port"])).success().says("Deleted");
    sandbox.atmos(&stack(&["delete", "vars.count"])).success();
    assert_eq!(sandbox.read("stacks/orgs/prod.yaml"), expected);
}

#[test]
fn comments_behind_quoted_values_stay_and_lists_grow() {
    let sandbox = sandbox();
    let config = CONFIG.replace("base_path: ./\n", "base_path: \".\"  # bp\n");
    sandbox.write("atmos.yaml", &config);
    sandbox.atmos(&["config", "set", "base_path", "./"]).success();
    sandbox.atmos(&["config", "set", "stacks.included_paths[1]", "x/**"]).success().says("Created");
    sandbox.atmos(&["config", "set", "stacks.included_paths[3]", "x/**"]).exits(1).says("beyond the end of the list");
    let expected = CONFIG.replace("base_path: ./\n", "base_path: ./  # bp\n").replace("*\"]", "*\", x/**]");
    assert_eq!(sandbox.read("atmos.yaml"), expected);
    let manifest = MANIFEST.replace("10.1.0.0/16\n", "\"10.1.0.0/16\"  # fixed\n");
    sandbox.write("stacks/orgs/prod.yaml", &manifest);
    sandbox.atmos(&stack(&["set", "vars.cidr", "new"])).success();
    assert_eq!(sandbox.read("stacks/orgs/prod.yaml"), manifest.replace("\"10.1.0.0/16\"", "new"));
    // Another item goes to the file that has the list.
    sandbox.write("stacks/catalog/vpc.yaml", &CATALOG.replace("&zones ", "").replace("*zones", "[]"));
    sandbox.atmos(&stack(&["set", "vars.zones[2]", "c"])).success().says("stacks/catalog/vpc.yaml");
    assert!(sandbox.read("stacks/catalog/vpc.yaml").contains("zones: [a, b, c]\n"));
}

#[test]
fn what_cannot_be_changed_alone_is_left_as_it_is() {
    let sandbox = sandbox();
    // Of the base component: for whom is it to change?
    let size = ["set", "vars.size", "2"];
    sandbox.atmos(&stack(&size)).exits(1).says("base component base").says("--file stacks/orgs/prod.yaml");
    let deleted = sandbox.atmos(&stack(&["delete", "vars.size"])).exits(1).says("`atmos stack set` gives");
    assert!(!deleted.stderr.contains("--file"), "{deleted}");
    sandbox.atmos(&stack(&["set", "vars.zones[0]", "c"])).exits(1).says("stacks/catalog/vpc.yaml:").says("editor");
    sandbox.atmos(&stack(&["set", "vars.zones", "[c]", "--type", "yaml"])).exits(1).says("has an anchor");
    sandbox.atmos(&stack(&["set", "vars.more[0]", "c"])).exits(1).says("is not changed");
    sandbox.atmos(&stack(&["delete", "vars.none"])).exits(1).says("is not set for `vpc` in `prod`");
    sandbox.atmos(&["stack", "set", "vars.a", "1", "-s", "prod", "-c", "vps"]).exits(1).says("vpc");
    assert_eq!(sandbox.read("stacks/catalog/vpc.yaml"), CATALOG);
    assert_eq!(sandbox.read("stacks/orgs/prod.yaml"), MANIFEST);
    // Where the file is named, the value is this component's own.
    let file = ["--file", "stacks/orgs/prod.yaml"];
    sandbox.atmos(&[stack(&size), file.to_vec()].concat()).success().says("Created");
    let got = sandbox.atmos(&[stack(&["get", "vars.size"]), file.to_vec()].concat()).success();
    assert_eq!(got.stdout, "2\n");
    // Templates are nobody's to change by program.
    sandbox.write("stacks/orgs/extra.yaml.tmpl", "components: {}\n");
    let file = ["--file", "stacks/orgs/extra.yaml.tmpl"];
    sandbox.atmos(&[stack(&size), file.to_vec()].concat()).exits(1).says("is a template");
    sandbox.write("broken.yaml", "{{ if .x }}\na: 1\n{{ end }}\n");
    sandbox
        .atmos(&[stack(&size), vec!["--file", "broken.yaml"]].concat())
        .exits(1)
        .says("broken.yaml:1")
        .says("nothing was written");
}

const UNTIDY: &str = "\
# The network.
components:
    terraform:

        vpc:
            vars:
                name:   net    # short
                zones: &zones
                - a   # first
                # the second
                -   b


                more: *zones
                text: |
                    one
                      two
                token: !env   TOKEN
";

const TIDY: &str = "\
# The network.
components:
  terraform:

    vpc:
      vars:
        name: net # short
        zones: &zones
          - a # first
          # the second
          - b

        more: *zones
        text: |
          one
            two
        token: !env   TOKEN
";

#[test]
fn files_are_laid_out_anew_and_say_the_same() {
    let sandbox = sandbox();
    let config =
        "stacks:\n    base_path:   stacks\n    included_paths:\n    - orgs/*   # all\n    name_pattern: '{stage}'\n";
    sandbox.write("atmos.yaml", config);
    let check = ["config", "format", "--check"];
    sandbox.atmos(&check).exits(1).says("atmos.yaml is not formatted");
    assert_eq!(sandbox.read("atmos.yaml"), config);
    sandbox.atmos(&["config", "format"]).success().says("✓ Formatted atmos.yaml");
    let expected = config.replace("   stacks", " stacks").replace("    - orgs/*   #", "        - orgs/* #");
    assert_eq!(sandbox.read("atmos.yaml"), expected);
    sandbox.atmos(&check).success();
    sandbox.atmos(&["config", "fmt"]).success().says("Nothing to change");
    // The project says how wide a level is, and how lines end.
    sandbox.write(".editorconfig", "root = true\n[*.yaml]\nindent_size = 2\n");
    sandbox.atmos(&["config", "format"]).success();
    let narrow = "stacks:\n  base_path: stacks\n  included_paths:\n    - orgs/* # all\n  name_pattern: '{stage}'\n";
    assert_eq!(sandbox.read("atmos.yaml"), narrow);
    sandbox.write(".editorconfig", "root = true\n[*.yaml]\nend_of_line = crlf\n");
    sandbox.atmos(&check).exits(1);
    sandbox.atmos(&["config", "format"]).success();
    assert_eq!(std::fs::read_to_string(sandbox.repo().join("atmos.yaml")).unwrap(), narrow.replace('\n', "\r\n"));
}

#[test]
fn manifests_of_a_component_are_laid_out_anew() {
    let sandbox = sandbox();
    sandbox.write(".editorconfig", "root = true\n[*]\nindent_size = 2\n");
    sandbox.write("stacks/catalog/vpc.yaml", UNTIDY);
    sandbox.write("stacks/orgs/other.yaml", "vars:   {stage: other}\n");
    let done = sandbox.atmos(&stack(&["format"])).success();
    done.says("Formatted stacks/catalog/vpc.yaml").says("Formatted stacks/orgs/prod.yaml");
    assert_eq!(sandbox.read("stacks/catalog/vpc.yaml"), TIDY);
    assert_eq!(sandbox.read("stacks/orgs/other.yaml"), "vars:   {stage: other}\n");
    sandbox.atmos(&stack(&["config", "fmt", "--check"])).success();
    sandbox.atmos(&stack(&["format", "--file", "stacks/orgs/other.yaml"])).success();
    assert_eq!(sandbox.read("stacks/orgs/other.yaml"), "vars: {stage: other}\n");
    // What cannot be read is left alone.
    sandbox.write("broken.yaml", "a: 1\n{{ if .x }}\nb: 2\n{{ end }}\n");
    sandbox
        .atmos(&stack(&["format", "--file", "broken.yaml"]))
        .exits(1)
        .says("broken.yaml:")
        .says("the file is not formatted");
    sandbox.write("stacks/orgs/extra.yaml.tmpl", "a:   1\n");
    sandbox.atmos(&stack(&["format", "--file", "stacks/orgs/extra.yaml.tmpl"])).exits(1).says("is a template");
}

#[test]
fn values_of_components_are_listed_by_the_files_that_have_them() {
    let sandbox = sandbox();
    let listed = sandbox.atmos(&stack(&["config", "list"])).success();
    let catalog = "catalog/vpc.yaml\n  metadata\n  metadata.inherits\n  metadata.inherits[0]\n  vars.more\n  vars.more[0]\n  \
                   vars.more[1]\n  vars.name\n  vars.zones\n  vars.zones[0]\n  vars.zones[1]\n";
    assert!(listed.stdout.contains(catalog), "{listed}");
    let own = "\norgs/prod.yaml\n  vars\n  vars.cidr\n  vars.secret\n  vars.tags\n  vars.tags.team\n";
    assert!(listed.stdout.contains(own), "{listed}");
    // What comes from a base component or from the stack is not the component's own.
    assert!(!listed.stdout.contains("vars.size") && !listed.stdout.contains("vars.stage"), "{listed}");
    assert_eq!(sandbox.atmos(&stack(&["list"])).success().stdout, listed.stdout);
    let rows = sandbox.atmos(&stack(&["list", "vars.*", "-f", "json"])).success().json();
    let of = |path: &str| rows.as_array().unwrap().iter().find(|row| row["path"] == path).unwrap().clone();
    assert_eq!(of("vars.cidr")["file"], "orgs/prod.yaml");
    assert_eq!((&of("vars.zones")["type"], &of("vars.zones")["value"]), (&"array".into(), &"[2 items]".into()));
    assert_eq!(of("vars.secret")["value"], "!env TOKEN");
    let csv = sandbox.atmos(&stack(&["list", "vars.cidr", "-f", "csv"])).success();
    assert_eq!(csv.stdout, "file,path,type,value\norgs/prod.yaml,vars.cidr,string,10.1.0.0/16\n");
    let file = sandbox.atmos(&stack(&["list", "*.stage", "--file", "stacks/orgs/prod.yaml"])).success();
    assert_eq!(file.stdout, "stacks/orgs/prod.yaml\n  vars.stage\n");
    sandbox.atmos(&stack(&["list", "-f", "tree"])).exits(1).says("invalid format \"tree\"");
    sandbox.atmos(&stack(&["list", "none"])).success().says("No keys found");
    let config = sandbox.atmos(&["config", "list", "logs*", "-f", "tsv"]).success();
    assert_eq!(
        config.stdout,
        "file\tpath\ttype\tvalue\natmos.yaml\tlogs\tobject\t{1 keys}\natmos.yaml\tlogs.level\tstring\tInfo\n"
    );
    sandbox.atmos(&["stack", "validate"]).success().says("All stacks validated successfully");
}

#[test]
fn types_come_from_the_schema_of_manifests() {
    let sandbox = sandbox();
    let set = |path: &str, value: &str| sandbox.atmos(&["stack", "set", path, value, "-s", "prod", "-c", "vpc"]);
    set("metadata.enabled", "maybe").exits(1).says("`maybe` is no bool").says("the schema of manifests wants it");
    set("metadata.enabled", "false").success();
    assert!(sandbox.read("stacks/orgs/prod.yaml").contains("enabled: false"));
    set("metadata.component", "5").success();
    assert!(
        sandbox.read("stacks/orgs/prod.yaml").contains("component: \"5\""),
        "{}",
        sandbox.read("stacks/orgs/prod.yaml")
    );
}
