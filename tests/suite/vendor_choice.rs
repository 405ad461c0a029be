//! Which components `vendor` commands are about, manifests of components, and what is done with the lock and the manifests
//! afterwards.

use crate::support::{Sandbox, tag_modules, vendoring};

fn sandbox() -> Sandbox {
    let sandbox = vendoring();
    sandbox.write("../modules/vpc/context.tf", "# of the source\n");
    sandbox.write("../modules/vpc/component.yaml", "not: this one\n");
    sandbox.write("../modules/mixin.tf", "# mixin\n");
    sandbox
}

fn component(uri: &str, mixins: &str) -> String {
    format!("apiVersion: atmos/v1\nkind: ComponentVendorConfig\nspec:\n  source: {{uri: '{uri}'}}\n{mixins}")
}

const UP: &str = "../../../../modules";

fn vendored(sandbox: &Sandbox, kind: &str, name: &str) {
    sandbox.write(&format!("components/{kind}/{name}/component.yaml"), &component(&format!("{UP}/vpc"), ""));
}

#[test]
fn a_component_has_a_manifest_of_its_own() {
    let sandbox = sandbox();
    let mixins = format!("  mixins:\n    - {{uri: '{UP}/mixin.tf', filename: context.tf}}\n");
    let manifest = component(&format!("{UP}/{{{{ \"vpc\" }}}}"), &mixins);
    sandbox.write("components/terraform/vpc/component.yaml", &manifest);
    sandbox.atmos(&["vendor", "pull", "-c", "vpc"]).success().says("✓ vpc").says("✓ mixin").says("(success: 2)");
    assert_eq!(sandbox.read("components/terraform/vpc/main.tf"), "# one\n");
    assert_eq!(sandbox.read("components/terraform/vpc/context.tf"), "# mixin\n", "mixins come after the source");
    assert_eq!(sandbox.read("components/terraform/vpc/component.yaml"), manifest, "the manifest itself stays");
    sandbox.atmos(&["vendor", "pull", "-c", "vpc"]).success().says("2 components are up to date");
    sandbox.atmos(&["vendor", "verify", "-c", "vpc"]).success();
    // A setting that leads nowhere does not matter here.
    sandbox.atmos_with(&[("ATMOS_VENDOR_BASE_PATH", "gone")], &["vendor", "pull", "-c", "vpc"]).success();
    for (mixin, phrase) in [
        ("{uri: ./gone.tf, filename: x.tf}", "invalid source path './gone.tf'"),
        ("{uri: ./main.tf}", "'filename' must be specified for each 'mixin'"),
        ("{uri: ./main.tf, filename: ../x.tf}", "would be written outside of its component"),
    ] {
        let manifest = component(&format!("{UP}/vpc"), &format!("  mixins: [{mixin}]\n"));
        sandbox.write("components/terraform/vpc/component.yaml", &manifest);
        sandbox.atmos(&["vendor", "pull", "-c", "vpc"]).exits(1).says(phrase);
    }
    sandbox.write("components/terraform/vpc/component.yaml", "kind: ComponentVendorConfig\nspec: {}\n");
    sandbox.atmos(&["vendor", "pull", "-c", "vpc"]).exits(1).says("'uri' must be specified in 'source.uri'");
    sandbox.atmos(&["vendor", "pull", "-c", "nope"]).exits(1).says("no component `nope`");
    sandbox.atmos(&["vendor", "pull", "-c", "../../x"]).exits(1);
}

#[test]
fn without_a_choice_every_manifest_counts() {
    let sandbox = sandbox();
    sandbox.atmos(&["vendor", "pull"]).exits(1).says("no vendor.yaml found and no component.yaml manifests");
    vendored(&sandbox, "terraform", "net/vpc");
    vendored(&sandbox, "helmfile", "app");
    sandbox.write("components/terraform/net/vpc/component.yaml", &component(&format!("../{UP}/vpc"), ""));
    sandbox.atmos(&["vendor", "pull", "--type", "helmfile"]).success().says("✓ app").says_not("net/vpc");
    sandbox.atmos(&["vendor", "pull"]).success().says("✓ net/vpc").says("1 component is up to date");
    sandbox.atmos(&["vendor", "pull", "--everything"]).success().says("2 components are up to date");
    sandbox.atmos(&["vendor", "pull", "--type", "nomad"]).exits(1).says("unsupported component type 'nomad'");
}

const MANIFEST: &str = "\
spec:
  sources:
    # The network.
    - component: vpc
      source: ../modules/vpc
      version: 1.0.0  # pinned
      targets: [out/vpc]
      tags: [net, core]
    - component: eks
      source: ../modules/vpc
      targets: [out/eks]
      tags: [compute]
";

#[test]
fn components_are_chosen_by_name_tags_stack_and_labels() {
    let sandbox = sandbox();
    sandbox.write("vendor.yaml", MANIFEST);
    sandbox.write(
        "stacks/dev.yaml",
        "vars: {stage: dev}\ncomponents:\n  terraform:\n    base: {metadata: {type: abstract, component: gone}}\n    \
         main: {metadata: {component: vpc, labels: {tier: low}}}\n    own: {metadata: {labels: {tier: high}}}\n    free: {}\n",
    );
    vendored(&sandbox, "terraform", "own");
    let pulls = |arguments: &[&str]| {
        let run = sandbox.atmos(&[&["vendor", "pull", "--dry-run"], arguments].concat()).success();
        let lines = run.stderr.lines().filter_map(|line| line.strip_prefix("✓ "));
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(pulls(&["--tags", "net,other"]), ["vpc (1.0.0)"]);
    assert_eq!(pulls(&["-c", "eks"]), ["eks"]);
    assert_eq!(pulls(&["-c", "eks", "--tags", "compute"]), ["eks"]);
    // A component of a stack has a manifest of its own, or an entry in vendor.yaml.
    assert_eq!(pulls(&["-s", "dev"]), ["own", "vpc (1.0.0)"]);
    assert_eq!(pulls(&["--labels", "tier=high"]), ["own"]);
    assert_eq!(pulls(&["-s", "dev", "--labels", "tier:low"]), ["vpc (1.0.0)"]);
    assert_eq!(pulls(&["-s", "dev", "--tags", "net"]), ["vpc (1.0.0)"]);
    assert_eq!(pulls(&["-c", "own"]), ["own"]);
    for (arguments, phrase) in [
        (&["-c", "vpc", "-s", "dev"][..], "either '--component' or '--stack' flag can be provided, but not both"),
        (&["-c", "vpc", "--labels", "a=b"], "either '--component' or '--labels'"),
        (&["--everything", "--tags", "net"], "'--everything' flag cannot be combined"),
        (&["-c", "vpc", "-c", "eks"], "vendor pull accepts a single '--component' value"),
        (&["-c", "vpv"], "did you mean `vpc`?"),
        (&["--tags", "nope"], "there are no components in the vendor config file 'vendor.yaml' tagged with"),
        (&["-c", "vpc", "--tags", "compute"], "No components matched the given selector"),
        (&["-s", "nope"], "No components matched the given --stack/--labels selector"),
        (&["--labels", "x"], "invalid label 'x'"),
    ] {
        let run = sandbox.atmos(&[&["vendor", "pull"], arguments].concat());
        assert_eq!(run.exits(1).says(phrase).stdout, "");
    }
}

#[test]
fn what_the_lock_owns_is_verified_and_removed() {
    let sandbox = sandbox();
    sandbox.write("vendor.yaml", MANIFEST);
    sandbox.atmos(&["vendor", "pull"]).success();
    assert_eq!(sandbox.atmos(&["vendor", "verify", "--format", "json"]).success().json(), serde_json::json!([]));
    sandbox.write("out/vpc/mine.tf", "# mine\n");
    sandbox.write("out/vpc/main.tf", "changed\n");
    std::fs::remove_file(sandbox.repo().join("out/eks/main.tf")).unwrap();
    let rows = sandbox.atmos(&["vendor", "verify", "--format", "json"]).exits(1).json();
    let expected = serde_json::json!([
        {"component": "eks", "path": "out/eks/main.tf", "reason": "missing"},
        {"component": "vpc", "path": "out/vpc/main.tf", "reason": "checksum mismatch"},
    ]);
    assert_eq!(rows, expected);
    sandbox.atmos(&["vendor", "verify", "--tags", "compute"]).exits(1).says_not("vpc");
    sandbox.atmos(&["vendor", "verify", "-c", "nope"]).success();
    sandbox.atmos(&["vendor", "verify", "--format", "xml"]).exits(1).says("invalid format \"xml\"");

    sandbox.atmos(&["vendor", "clean", "-c", "eks", "--dry-run"]).success().says("Would remove out/eks/component.yaml");
    assert!(sandbox.has("out/eks/component.yaml"));
    let kept = sandbox.atmos(&["vendor", "clean"]).exits(1).says("Preserved modified vendor file out/vpc/main.tf");
    kept.says("--force");
    assert!(sandbox.has("out/eks/component.yaml"), "nothing is removed where something is kept");
    sandbox.atmos(&["vendor", "clean", "-c", "eks"]).success().says("Removed out/eks/component.yaml");
    assert!(!sandbox.has("out/eks"), "empty folders go, too");
    sandbox.atmos(&["vendor", "clean", "--force"]).success();
    assert_eq!(Sandbox::files_below(&sandbox.repo().join("out")), [std::path::PathBuf::from("vpc/mine.tf")]);
    assert!(!sandbox.read("vendor.lock.yaml").contains("main.tf"));
    sandbox.atmos(&["vendor", "clean"]).success().says("nothing to remove");
}

#[test]
fn manifests_are_changed_in_place() {
    let sandbox = sandbox();
    sandbox.write("vendor.yaml", MANIFEST);
    vendored(&sandbox, "terraform", "own");
    assert_eq!(sandbox.atmos(&["vendor", "get", "vpc"]).success().stdout, "1.0.0\n");
    sandbox
        .atmos(&["vendor", "set", "vpc", "1.10"])
        .success()
        .says("Updated spec.sources[0].version to 1.10 in vendor.yaml");
    let changed = MANIFEST.replace("version: 1.0.0", "version: \"1.10\"");
    let written = sandbox.read("vendor.yaml").replace("'1.10'", "\"1.10\"");
    assert_eq!(written, changed);
    sandbox.atmos(&["vendor", "set", "own", "v2"]).success().says("spec.source.version");
    assert_eq!(sandbox.atmos(&["vendor", "get", "own"]).success().stdout, "v2\n");
    sandbox.atmos(&["vendor", "get", "vpp"]).exits(1).says("did you mean `vpc`?");

    let config = |arguments: &[&str]| sandbox.atmos(&[&["vendor", "config"], arguments].concat());
    assert_eq!(config(&["get", "spec.sources[1].component"]).success().stdout, "eks\n");
    config(&["get", "spec.sources[7]"]).exits(1).says("is not set in vendor.yaml");
    config(&["set", "spec.sources[1].version", "5"]).success().says("Created `spec.sources[1].version`");
    assert_eq!(sandbox.atmos(&["vendor", "get", "eks"]).success().stdout, "5\n");
    assert!(
        sandbox.read("vendor.yaml").contains("version: \"5\"") || sandbox.read("vendor.yaml").contains("version: '5'")
    );
    config(&["delete", "spec.sources[1].version"]).success().says("Deleted");
    assert!(config(&["list", "spec.sources*component"]).success().stdout.contains("spec.sources[1].component"));
    config(&["format"]).success().says("Formatted vendor.yaml");
    config(&["format", "--check"]).success();
    config(&["get", "kind", "--file", "components/terraform/own/component.yaml"]).success();
    let listed = sandbox.atmos(&["vendor", "list", "--format", "json"]).success();
    assert_eq!(listed.stdout, sandbox.atmos(&["list", "vendor", "--format", "json"]).success().stdout);
}

#[test]
fn what_changed_between_versions_is_shown_and_newer_ones_are_found() {
    let sandbox = sandbox();
    let top = sandbox.root().join("modules");
    let both = |text| [("vpc/main.tf", Some(text)), ("mixin.tf", Some(text))];
    tag_modules(
        &sandbox,
        &[("v1.0.0", &both("# one\n")), ("v1.1.0", &both("# two\n")), ("v2.0.0", &both("# three\n"))],
    );
    let source = |more: &str| {
        format!(
            "spec:\n  sources:\n    - component: vpc\n      source: 'git::file://{}//vpc?ref={{{{.Version}}}}'\n      \
             version: 1.0.0 # here\n      targets: [out/vpc]\n{more}    - {{component: plain, source: ../modules/vpc, version: 1.0.0, targets: [out/p]}}\n",
            top.display()
        )
    };
    sandbox.write("vendor.yaml", &source(""));
    let shown = sandbox.atmos(&["vendor", "diff", "-c", "vpc", "--to", "v1.1.0"]).success().stdout;
    assert!(shown.contains("-# one\n+# two\n") && !shown.contains("mixin.tf"), "{shown}");
    let newest = sandbox.atmos(&["vendor", "diff", "-c", "vpc", "--from", "v1.1.0", "--diff-file", "main.tf"]);
    assert!(newest.success().stdout.contains("+# three"));
    sandbox.atmos(&["vendor", "diff", "-c", "vpc", "--to", "v9"]).exits(1).says("no branch, tag or commit `v9`");
    sandbox.atmos(&["vendor", "diff", "-c", "plain"]).exits(1).says("vendor source is not a Git repository");
    sandbox.atmos(&["vendor", "diff"]).exits(1).says("One of --component, --tags, --stack, or --labels is required");

    let check = sandbox.atmos(&["vendor", "update", "--check"]).success().says("✓ Found 1 update(s) available.");
    assert!(check.stdout.contains("vpc\tAvailable\t1.0.0\tv2.0.0"), "{}", check.stdout);
    assert!(check.stdout.contains("plain\tSkipped"), "{}", check.stdout);
    assert!(sandbox.read("vendor.yaml").contains("version: 1.0.0 # here"));
    sandbox.write("vendor.yaml", &source("      constraints: {version: '^1'}\n"));
    let updated = sandbox.atmos(&["vendor", "update", "-c", "vpc", "--pull", "--format", "json"]).success();
    assert_eq!(updated.json()[0]["latest_version"], "v1.1.0");
    assert!(sandbox.read("vendor.yaml").contains("version: v1.1.0 # here"));
    assert_eq!(sandbox.read("out/vpc/main.tf"), "# two\n");
}
