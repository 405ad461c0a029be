//! `vendor pull` from folders and repositories of this machine: what is copied, what is kept of it, and what is refused.

use std::os::unix::fs::{PermissionsExt as _, symlink};

use crate::support::{Sandbox, VENDORING, tag_modules, vendor_manifest as manifest, vendoring};

const FOLDER: &str = "components/terraform";

/// With the manifest, whose text has `MODULES` for a folder of modules beside the repository.
fn sandbox(manifest: &str) -> Sandbox {
    let sandbox = vendoring();
    sandbox.write("../modules/vpc/README.md", "read\n");
    sandbox.write("../modules/vpc/sub/a.tf", "# a\n");
    sandbox.write("../modules/vpc/.hidden", "h\n");
    write(&sandbox, manifest);
    sandbox
}

fn write(sandbox: &Sandbox, manifest: &str) {
    let modules = sandbox.root().join("modules").display().to_string();
    sandbox.write("vendor.yaml", &manifest.replace("MODULES", &modules));
}

const VPC: &str = "    - component: vpc\n      source: ../modules/vpc\n      targets: [components/terraform/vpc]\n";

/// The modules as a git repository with the tags v1.0.0 and v1.1.0; of the later one README.md is gone.
fn repository(sandbox: &Sandbox) {
    let later = [("vpc/main.tf", Some("# two\n")), ("vpc/README.md", None)];
    tag_modules(sandbox, &[("v1.0.0", &[]), ("v1.1.0", &later)]);
}

const GIT: &str = "    - component: vpc\n      source: 'git::file://MODULES//{{ .Component }}?ref={{.Version}}'\n      \
    version: v1.0.0\n      targets: ['components/terraform/{{ .Component }}']\n";

#[test]
fn a_folder_is_copied_and_locked() {
    let sandbox = sandbox(&manifest(VPC));
    sandbox.write("components/terraform/vpc/mine.tf", "# mine\n");
    sandbox.atmos(&["vendor", "pull", "--dry-run"]).success().says("vpc").says("Dry run completed");
    assert!(!sandbox.has("components/terraform/vpc/main.tf") && !sandbox.has("vendor.lock.yaml"));
    let pulled = sandbox.atmos(&["vendor", "pull"]).success();
    assert!(pulled.stdout.is_empty(), "talk goes to stderr");
    let pulled = pulled.says("▶ Vendoring from 'vendor.yaml'").says("✓ vpc").says("(success: 1)");
    assert!(!pulled.mentions("drift"), "the first pull finds nothing changed");
    for (path, text) in [("main.tf", "# one\n"), (".hidden", "h\n"), ("sub/a.tf", "# a\n"), ("mine.tf", "# mine\n")] {
        assert_eq!(sandbox.read(&format!("{FOLDER}/vpc/{path}")), text);
    }
    let lock = sandbox.read("vendor.lock.yaml");
    for phrase in ["version: 1\n", "kind: local", "target: components/terraform/vpc", "declared: ../modules/vpc"] {
        assert!(lock.contains(phrase), "{lock}");
    }
    assert!(!lock.contains("mine.tf") && !lock.contains(&sandbox.root().display().to_string()), "{lock}");
    sandbox.atmos(&["vendor", "pull"]).success().says("1 component is up to date").says_not("Vendored");
    assert_eq!(sandbox.read("vendor.lock.yaml"), lock);
    let leftovers = Sandbox::files_below(&sandbox.repo()).into_iter().filter(|path| {
        let name = path.display().to_string();
        name.contains(".atmos-")
    });
    assert_eq!(leftovers.count(), 0);
}

#[test]
fn versions_and_filters_are_templates_and_patterns() {
    let sandbox = sandbox(&manifest(
        "    - component: vpc\n      source: '../modules/{{ .Component }}'\n      version: '1.10'\n      \
         targets: ['out/{{ .Component }}/{{ .Version }}', {path: 'out/{{ .Version }}', version: 2.0}]\n      \
         included_paths: ['**/*.{tf,md}']\n      excluded_paths: ['sub/**', '{{ \"README\" }}.md']\n",
    ));
    sandbox.atmos(&["vendor", "pull"]).success().says("vpc (1.10)").says("vpc (2.0)");
    for folder in ["out/vpc/1.10", "out/2.0"] {
        assert_eq!(Sandbox::files_below(&sandbox.repo().join(folder)), [std::path::PathBuf::from("main.tf")]);
    }
    write(
        &sandbox,
        &manifest(
            &VPC.replace("vpc\n      source", "'x{{ .Gone }}'\n      source")
                .replace("[components", "['{{ .Gone }}', components"),
        ),
    );
    sandbox.atmos(&["vendor", "pull"]).exits(1).says("vendor.yaml:7:17").says("Gone");
}

#[test]
fn a_single_file_goes_to_a_file_or_into_a_folder() {
    let sandbox = sandbox(&manifest(
        "    - component: one\n      source: ../modules/vpc/main.tf\n      targets: [a/extra.tf, b]\n",
    ));
    sandbox.atmos(&["vendor", "pull"]).success();
    assert_eq!(sandbox.read("a/extra.tf"), "# one\n");
    assert_eq!(sandbox.read("b/main.tf"), "# one\n");
    // Such files are in the lock, too.
    sandbox.atmos(&["vendor", "verify"]).success();
    sandbox.write("a/extra.tf", "changed\n");
    let drift = sandbox.atmos(&["vendor", "verify"]).exits(1).says("✗ Drift detected in 1 artifact(s).");
    assert_eq!(drift.stdout, "one\ta/extra.tf\tchecksum mismatch\n");
}

#[test]
fn imports_come_first_and_paths_are_those_of_the_main_manifest() {
    let sandbox = sandbox(
        "kind: AtmosVendorConfig\nspec:\n  imports: [vendor/net, 'vendor/more/*.yaml']\n  sources:\n    - component: last\n      \
         source: ../modules/vpc/main.tf\n      targets: [out/x.tf]\n",
    );
    let file = |name: &str, more: &str| {
        format!(
            "spec:\n{more}  sources:\n    - component: {name}\n      source: ../modules/vpc/README.md\n      targets: [out/{name}.md]\n"
        )
    };
    sandbox.write("vendor/net.yaml", &file("net", "  imports: [vendor/deep]\n"));
    sandbox.write("vendor/deep.yaml", &file("deep", ""));
    sandbox.write("vendor/more/b.yaml", &file("b", ""));
    sandbox.write("vendor/more/a.yaml", &file("a", ""));
    let pulled = sandbox.atmos(&["vendor", "pull"]).success();
    let order: Vec<&str> = pulled.stderr.lines().filter_map(|line| line.strip_prefix("✓ ")).collect();
    assert_eq!(order[..5], ["deep", "net", "a", "b", "last"], "{pulled}");
    assert!(sandbox.has("out/deep.md") && sandbox.has("out/x.tf"));
    for (imports, phrase) in [
        ("[vendor/net, vendor/net]", "Duplicate import 'vendor/net'"),
        ("[vendor/gone]", "does not exist"),
        ("['vendor/gone/*']", "no file matches"),
        ("[vendor.yaml]", "imports itself"),
    ] {
        write(&sandbox, &format!("spec:\n  imports: {imports}\n"));
        sandbox.atmos(&["vendor", "pull"]).exits(1).says(phrase).says("vendor.yaml:2:");
    }
}

#[test]
fn a_folder_of_manifests_is_one_manifest() {
    let sandbox = sandbox("");
    std::fs::remove_file(sandbox.repo().join("vendor.yaml")).unwrap();
    sandbox.write("vendor.d/1.yaml", &manifest(VPC));
    sandbox
        .write("vendor.d/2.yml", &manifest(&VPC.replace("component: vpc", "component: two").replace("/vpc]", "/two]")));
    let run = |arguments: &[&str]| sandbox.atmos_with(&[("ATMOS_VENDOR_BASE_PATH", "vendor.d")], arguments);
    run(&["vendor", "pull"]).success().says("Vendoring from 'vendor.d'");
    assert!(sandbox.has("components/terraform/vpc/main.tf"));
    sandbox.write("vendor.d/3.yaml", &manifest(VPC));
    run(&["vendor", "pull"]).exits(1).says("duplicate component 'vpc' found in config file 'vendor.d/3.yaml'");
    let gone = sandbox.atmos_with(&[("ATMOS_VENDOR_BASE_PATH", "gone.yaml")], &["vendor", "pull"]).exits(1);
    assert!(gone.mentions("# Error") && gone.mentions("Vendoring is not configured"), "{gone}");
}

#[test]
fn malformed_manifests_name_their_place() {
    let sandbox = sandbox("");
    for (text, phrase, place) in [
        ("spec: {}\n", "either 'spec.sources' or 'spec.imports' (or both) must be defined", "vendor.yaml:1:"),
        ("kind: Nope\nspec: {}\n", "`kind: Nope` is no vendor manifest", "vendor.yaml:1:7"),
        ("spec: []\n", "`spec` must be a map, not list", "vendor.yaml:1:7"),
        ("spec:\n  sources:\n    - {component: x}\n", "'source' must be specified in 'sources'", "vendor.yaml:3:7"),
        (
            "spec:\n  sources:\n    - {source: a}\n",
            "'targets' must be specified for the source in the vendor config file for source 'a' in file 'vendor.yaml'",
            "vendor.yaml:3:7",
        ),
        ("spec:\n  sources:\n    - {source: a, targets: [[]]}\n", "a target has no path", "vendor.yaml:3:29"),
        (
            "spec:\n  sources:\n    - {source: a, targets: [b], tags: 5}\n",
            "`spec.sources[0].tags` must be a list",
            "vendor.yaml:3:39",
        ),
        ("spec: {sources: [\n", "vendor.yaml:", "vendor.yaml:"),
    ] {
        sandbox.write("vendor.yaml", text);
        sandbox.atmos(&["vendor", "pull"]).exits(1).says(phrase).says(place);
    }
    let slip = VPC.replace("targets", "include_paths: [x]\n      targets");
    sandbox.write("vendor.yaml", &manifest(&slip));
    sandbox.atmos(&["vendor", "pull"]).success().says("unknown key `include_paths`").says("`included_paths`?");
}

#[test]
fn nothing_is_written_outside_of_the_repository() {
    let sandbox = sandbox("");
    std::fs::create_dir_all(sandbox.root().join("elsewhere")).unwrap();
    symlink("../elsewhere", sandbox.repo().join("out")).unwrap();
    for (target, phrase) in [
        ("../elsewhere/x", "outside of the base path"),
        ("/tmp/x", "outside of the base path"),
        (".", "the base path itself"),
        (".git/hooks", "inside of `.git`"),
        ("out/x", "a link leads out of the repository"),
        ("atmos.yaml", "there is a file of that name"),
    ] {
        write(&sandbox, &manifest(&VPC.replace("components/terraform/vpc", target)));
        sandbox.atmos(&["vendor", "pull"]).exits(1).says(phrase);
    }
    assert_eq!(Sandbox::files_below(&sandbox.root().join("elsewhere")).len(), 0);
    // Nor does a crafted lock lead anybody elsewhere.
    sandbox.write("../elsewhere/precious", "x");
    for (target, path) in [("../elsewhere", "precious"), ("a", "../../elsewhere/precious")] {
        let lock = format!(
            "version: 1\nartifacts: {{x: {{name: x, kind: local, target: {target}, source: {{declared: x}}, \
             files: [{{path: {path}, type: file, mode: 420, sha256: a}}], order: 1}}}}\n"
        );
        sandbox.write("vendor.lock.yaml", &lock);
        sandbox.atmos(&["vendor", "clean", "--force"]).exits(1).says("leads out of its folder");
        assert!(sandbox.root().join("elsewhere/precious").exists());
    }
}

#[test]
fn links_of_a_source_are_files_or_nothing() {
    let sandbox = sandbox(&manifest(VPC));
    let module = sandbox.root().join("modules/vpc");
    std::fs::write(sandbox.root().join("secret"), "s").unwrap();
    symlink("../../secret", module.join("out.tf")).unwrap();
    symlink("main.tf", module.join("in.tf")).unwrap();
    std::fs::create_dir_all(module.join(".git")).unwrap();
    std::fs::write(module.join(".git/config"), "x").unwrap();
    std::fs::set_permissions(module.join("main.tf"), std::fs::Permissions::from_mode(0o755)).unwrap();
    sandbox.atmos(&["vendor", "pull"]).success();
    let folder = sandbox.repo().join("components/terraform/vpc");
    assert!(!folder.join("in.tf").is_symlink() && folder.join("in.tf").is_file());
    assert!(!folder.join("out.tf").exists() && !folder.join(".git").exists());
    assert_eq!(folder.join("main.tf").metadata().unwrap().permissions().mode() & 0o777, 0o755);
}

#[test]
fn another_version_replaces_what_came_with_the_earlier_one() {
    let sandbox = sandbox("");
    repository(&sandbox);
    write(&sandbox, &manifest(GIT));
    sandbox.atmos(&["vendor", "pull"]).success().says("✓ vpc (v1.0.0)");
    assert!(sandbox.has("components/terraform/vpc/README.md") && !sandbox.has("components/terraform/vpc/.git"));
    let commit = sandbox.git(&sandbox.root().join("modules"), &["rev-parse", "v1.0.0"]);
    let lock = sandbox.read("vendor.lock.yaml");
    assert!(lock.contains(&format!("digest: {commit}")) && lock.contains("reference: v1.0.0"), "{lock}");
    assert!(lock.contains("kind: remote"), "{lock}");
    sandbox.atmos(&["vendor", "get", "vpc"]).success();
    sandbox.atmos(&["vendor", "set", "vpc", "v1.1.0"]).success();
    sandbox.write("components/terraform/vpc/mine.tf", "");
    sandbox.atmos(&["vendor", "pull"]).success().says("declared version changed").says("✓ vpc (v1.1.0)");
    assert_eq!(sandbox.read("components/terraform/vpc/main.tf"), "# two\n");
    assert!(!sandbox.has("components/terraform/vpc/README.md"), "it is not in the new version");
    assert!(sandbox.has("components/terraform/vpc/mine.tf"));
    // A changed file stays, whatever the new version has.
    sandbox.atmos(&["vendor", "set", "vpc", "v1.0.0"]).success();
    sandbox.atmos(&["vendor", "pull"]).success();
    sandbox.write("components/terraform/vpc/README.md", "my notes\n");
    sandbox.atmos(&["vendor", "set", "vpc", "v1.1.0"]).success();
    sandbox.atmos(&["vendor", "pull"]).success().says("is kept, since it was changed");
    assert_eq!(sandbox.read("components/terraform/vpc/README.md"), "my notes\n");
}

#[test]
fn a_failed_fetch_leaves_the_target_as_it_was() {
    let sandbox = sandbox("");
    repository(&sandbox);
    let bad = GIT.replace("component: vpc", "component: bad").replace("{{.Version}}", "no-such-tag");
    write(&sandbox, &manifest(&format!("{bad}{GIT}")));
    sandbox.write("components/terraform/bad/main.tf", "# mine\n");
    let run = sandbox.atmos(&["vendor", "pull"]).exits(1);
    let run = run.says("✗ bad").says("✓ vpc").says("(success: 1, failed: 1)").says("failed to vendor components");
    run.says("Failed to vendor 1 of 2 components: bad");
    assert_eq!(Sandbox::files_below(&sandbox.repo().join("components/terraform/bad")).len(), 1);
    assert!(sandbox.has("components/terraform/vpc/main.tf"));
    sandbox.atmos(&["vendor", "verify"]).success();
}

#[test]
fn drift_is_pulled_again_told_or_refused() {
    let sandbox = sandbox(&manifest(VPC));
    let main = "components/terraform/vpc/main.tf";
    sandbox.atmos(&["vendor", "pull", "--lock-enforcement", "strict"]).exits(1).says("vpc (no lock entry)");
    assert!(!sandbox.has(main));
    sandbox.atmos(&["vendor", "pull", "--lock-enforcement", "strict", "--refresh-lock"]).success();
    sandbox.write(main, "spoilt\n");
    sandbox.atmos(&["vendor", "pull", "--lock-enforcement", "strict"]).exits(1).says("checksum mismatch");
    assert_eq!(sandbox.read(main), "spoilt\n");
    let warned = "Vendor lock drift detected for vpc: file \"main.tf\" checksum mismatch";
    sandbox.atmos(&["vendor", "pull"]).success().says(warned);
    assert_eq!(sandbox.read(main), "# one\n");
    std::fs::remove_file(sandbox.repo().join(main)).unwrap();
    sandbox.write("atmos.yaml", &format!("{VENDORING}vendor: {{lock: {{enforcement: silent}}}}\n"));
    sandbox.atmos(&["vendor", "pull"]).success().says_not("drift").says("✓ vpc");
    sandbox
        .atmos(&["vendor", "pull", "--lock-enforcement", "hard"])
        .exits(1)
        .says("must be one of: strict, warn, silent");
}

#[test]
fn a_lock_of_the_reference_is_understood() {
    let sandbox = sandbox("");
    repository(&sandbox);
    write(&sandbox, &manifest(GIT));
    sandbox.atmos(&["vendor", "pull"]).success();
    // The reference writes no `reference`, so whether the version is the same cannot be told: it is pulled, not complained of.
    let lock = sandbox.read("vendor.lock.yaml");
    let theirs: String =
        lock.lines().filter(|line| !line.contains("reference:")).flat_map(|line| [line, "\n"]).collect();
    sandbox.write("vendor.lock.yaml", &theirs);
    sandbox.atmos(&["vendor", "verify"]).success();
    sandbox.atmos(&["vendor", "pull", "--lock-enforcement", "strict"]).success().says("✓ vpc").says_not("drift");
    assert_eq!(sandbox.read("vendor.lock.yaml"), lock);
    sandbox.write("vendor.lock.yaml", "version: 2\n");
    sandbox.atmos(&["vendor", "pull"]).exits(1).says("unsupported vendor lock version `2`");
}

#[test]
fn a_range_is_resolved_once() {
    let sandbox = sandbox("");
    repository(&sandbox);
    let ranged = GIT.replace("version: v1.0.0", "version: '^1.0'");
    write(&sandbox, &manifest(&ranged));
    sandbox.atmos(&["vendor", "pull"]).success().says("✓ vpc (v1.1.0)");
    let top = sandbox.root().join("modules");
    sandbox.git(&top, &["tag", "v1.2.0"]);
    sandbox.atmos(&["vendor", "pull"]).success().says("up to date");
    sandbox.atmos(&["vendor", "pull", "--refresh-lock"]).success().says("✓ vpc (v1.2.0)");
    assert!(sandbox.read("vendor.lock.yaml").contains("version_constraint: ^1.0"));
    write(&sandbox, &manifest(&ranged.replace("^1.0", "^3")));
    sandbox.atmos(&["vendor", "pull"]).exits(1).says("no tag of").says("fits the version `^3`");
}

#[test]
fn passwords_of_addresses_are_never_shown() {
    let uri = "https://robot:a-very-secret-word@127.0.0.1:1/o/r.git//m";
    let sandbox = sandbox(&manifest(&format!(
        "    - {{source: '{uri}?ref=x', targets: [out/a]}}\n    - {{component: b, source: '{uri}?ref={{{{ .Gone }}}}', targets: [out/b]}}\n"
    )));
    for arguments in [&["vendor", "pull"][..], &["vendor", "pull", "--dry-run", "--logs-level", "Debug"]] {
        let run = sandbox.atmos(arguments).exits(1);
        assert!(!run.mentions("a-very-secret-word") && !run.stdout.contains("a-very-secret-word"), "{run}");
    }
    write(&sandbox, &manifest(&format!("    - {{source: '{uri}?ref=x', targets: [out/a]}}\n")));
    sandbox.atmos(&["vendor", "pull"]).exits(1).says_not("a-very-secret-word").says("127.0.0.1:1/o/r.git");
}
