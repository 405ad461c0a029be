//! Vendoring where something is in the way: pulls that are killed or run side by side, links, other line ends, addresses
//! with tokens, and dry runs.

use std::os::unix::fs::symlink;

use crate::support::{VENDORING, tag_modules, vendor_manifest as manifest, vendoring};

fn source(name: &str, more: &str) -> String {
    format!("    - {{component: {name}, source: ../modules/vpc, targets: [out/{name}]{more}}}\n")
}

/// A file whose path is possible in the folder where a version is put together, and too long in the target.
fn too_deep(folder: &std::path::Path) -> std::path::PathBuf {
    (0..39).fold(folder.join("z"), |path, _| path.join("d".repeat(99)))
}

#[test]
fn what_a_killed_pull_left_is_told_and_mended() {
    let sandbox = vendoring();
    let target = format!("out/{}", "t".repeat(250));
    let text = manifest(&format!("    - {{component: vpc, source: ../modules/vpc, targets: [{target}]}}\n"));
    sandbox.write("vendor.yaml", &text);
    sandbox.atmos(&["vendor", "pull"]).success();
    let module = sandbox.root().join("modules/vpc");
    std::fs::write(module.join("a_new.tf"), "# new\n").unwrap();
    std::fs::write(module.join("main.tf"), "# two\n").unwrap();
    let deep = too_deep(&module);
    std::fs::create_dir_all(&deep).unwrap();
    std::fs::write(deep.join("x"), "").unwrap();
    // As a kill does, this ends between two files of the new version.
    sandbox.atmos(&["vendor", "pull", "--refresh-lock"]).exits(1).says("too long");
    assert_eq!(sandbox.read(&format!("{target}/main.tf")), "# two\n");
    let verified = sandbox.atmos(&["vendor", "verify"]).exits(1);
    assert_eq!(verified.stdout, format!("vpc\t{target}\tan earlier pull was interrupted\n"));
    sandbox.atmos(&["vendor", "pull", "--lock-enforcement", "strict"]).exits(1).says("pull was interrupted");

    // Back to the earlier version: what only the new one had goes.
    std::fs::remove_dir_all(module.join("z")).unwrap();
    std::fs::remove_file(module.join("a_new.tf")).unwrap();
    std::fs::write(module.join("main.tf"), "# one\n").unwrap();
    sandbox.write(&format!("{target}/mine.tf"), "# mine\n");
    sandbox.atmos(&["vendor", "pull"]).success().says("an earlier pull was interrupted").says("✓ vpc");
    assert_eq!(sandbox.read(&format!("{target}/main.tf")), "# one\n");
    assert!(!sandbox.has(&format!("{target}/a_new.tf")) && sandbox.has(&format!("{target}/mine.tf")));
    assert!(!sandbox.read("vendor.lock.yaml").contains("unfinished"));
    sandbox.atmos(&["vendor", "verify"]).success();
}

#[test]
fn a_killed_pull_can_be_cleaned_away() {
    let sandbox = vendoring();
    sandbox.write("vendor.yaml", &manifest(&source("vpc", "")));
    sandbox.atmos(&["vendor", "pull"]).success();
    // The file is there in the later of two versions.
    let lock = sandbox.read("vendor.lock.yaml");
    let sum = lock.lines().find(|line| line.contains("sha256: ")).unwrap().trim().to_owned();
    let (head, tail) = lock.split_once("files:\n").unwrap();
    let entry = tail.split("order:").next().unwrap().trim_end();
    let earlier = entry.replace(&sum, "sha256: 0000");
    let twice =
        tail.replacen(entry, &format!("{earlier}\n{entry}"), 1).replace("order: 1", "order: 1\n    unfinished: true");
    sandbox.write("vendor.lock.yaml", &format!("{head}files:\n{twice}"));
    sandbox.atmos(&["vendor", "verify"]).exits(1).says("1 artifact");
    sandbox.atmos(&["vendor", "clean"]).success().says("Removed out/vpc/main.tf");
    assert!(!sandbox.has("out/vpc"), "{}", sandbox.read("vendor.lock.yaml"));
}

#[test]
fn two_pulls_at_once_lose_nothing_of_the_lock() {
    let sandbox = vendoring();
    let names = ["a", "b", "c", "d"];
    sandbox.write("vendor.yaml", &manifest(&names.map(|name| source(name, "")).concat()));
    let running = names.map(|name| sandbox.spawn(&["vendor", "pull", "-c", name]));
    for run in running {
        run.wait().success();
    }
    let lock = sandbox.read("vendor.lock.yaml");
    assert!(names.iter().all(|name| lock.contains(&format!("target: out/{name}\n"))), "{lock}");
    sandbox.atmos(&["vendor", "verify"]).success().says("every file of the lock");
}

#[test]
fn nothing_is_removed_behind_a_link_that_leads_out() {
    let sandbox = vendoring();
    sandbox.write("../modules/vpc/sub/a.tf", "# a\n");
    sandbox.write("vendor.yaml", &manifest(&source("vpc", "")));
    sandbox.atmos(&["vendor", "pull"]).success();
    let elsewhere = sandbox.root().join("elsewhere");
    std::fs::rename(sandbox.repo().join("out/vpc/sub"), &elsewhere).unwrap();
    symlink(&elsewhere, sandbox.repo().join("out/vpc/sub")).unwrap();
    for arguments in [&["vendor", "clean"][..], &["vendor", "clean", "--force"]] {
        sandbox.atmos(arguments).exits(1).says("a link leads out of the repository");
    }
    std::fs::remove_dir_all(sandbox.root().join("modules/vpc/sub")).unwrap();
    sandbox.atmos(&["vendor", "pull", "--refresh-lock"]).success().says("is kept");
    assert!(elsewhere.join("a.tf").exists());
    let lock = "version: 1\nartifacts: {x: {name: x, kind: local, target: .git, source: {declared: x}, \
        files: [{path: config, type: file, mode: 420, sha256: a}], order: 1}}\n";
    sandbox.write("vendor.lock.yaml", lock);
    sandbox.write(".git/config", "");
    sandbox.atmos(&["vendor", "clean", "--force"]).exits(1).says("inside of `.git`");
}

#[test]
fn the_setting_goes_before_the_manifest_of_the_working_directory() {
    let sandbox = vendoring();
    sandbox.write("atmos.yaml", &format!("{VENDORING}vendor: {{base_path: vendor/all.yaml}}\n"));
    sandbox.write("vendor.yaml", &manifest(&source("here", "")));
    sandbox.write(
        "vendor/all.yaml",
        &manifest(&source("set", "").replace("../modules", "../../modules").replace("out/", "../out/")),
    );
    sandbox.atmos(&["vendor", "pull"]).success().says("✓ set").says_not("here");
    sandbox.write("atmos.yaml", VENDORING);
    sandbox.atmos(&["vendor", "pull", "--dry-run"]).success().says("✓ here");
}

#[test]
fn line_ends_of_windows_change_nothing() {
    let sandbox = vendoring();
    sandbox.write("../modules/vpc/crlf.tf", "a\r\nb\r\n");
    let text = manifest(
        "    - component: vpc\n      source: ../modules/{{ .Component }}\n      version: 1.10\n      targets:\n        - out/{{ .Version }}\n",
    );
    sandbox.write("vendor.yaml", &text.replace('\n', "\r\n"));
    sandbox.atmos(&["vendor", "pull"]).success().says("✓ vpc (1.10)\n");
    assert_eq!(sandbox.read("out/1.10/crlf.tf"), "a\r\nb\r\n");
    sandbox.atmos(&["vendor", "verify"]).success();
}

#[test]
fn tokens_of_addresses_are_never_shown() {
    let token = "ghp_0123456789abcdefghijABCDEFGHIJ012345";
    let sandbox = vendoring();
    let uri = format!("https://{token}@127.0.0.1:1/o/r.git//m");
    for uri in [format!("{uri}?ref=x"), format!("{uri}?ref={{{{ .Gone }}}}"), format!("git::{uri}?ref=x")] {
        sandbox.write("vendor.yaml", &manifest(&format!("    - {{source: '{uri}', targets: [out/a]}}\n")));
        let run = sandbox.atmos(&["vendor", "pull", "--logs-level", "Trace"]).exits(1);
        assert!(!run.mentions("ghp_0123"), "{run}");
    }
}

#[test]
fn dry_runs_write_nothing() {
    let sandbox = vendoring();
    tag_modules(&sandbox, &[("v1.0.0", &[]), ("v1.1.0", &[("vpc/main.tf", Some("# two\n"))])]);
    let top = sandbox.root().join("modules");
    let text = |version: &str| {
        let source = format!("git::file://{}//vpc?ref={{{{.Version}}}}", top.display());
        manifest(&format!("    - {{component: vpc, source: '{source}', version: '{version}', targets: [out/vpc]}}\n"))
    };
    sandbox.write("vendor.yaml", &text("^1"));
    sandbox.atmos(&["vendor", "pull", "--dry-run"]).success().says("✓ vpc (v1.1.0)");
    sandbox.write("vendor.yaml", &text("v1.0.0"));
    for arguments in [&["--dry-run"][..], &["--dry-run", "--pull"]] {
        let run = sandbox.atmos(&[&["vendor", "update"], arguments].concat()).success();
        assert_eq!(run.says("Found 1 update(s) available").stdout, "vpc\tAvailable\tv1.0.0\tv1.1.0\t\n");
    }
    assert_eq!(sandbox.read("vendor.yaml"), text("v1.0.0"));
    assert!(!sandbox.has("out") && !sandbox.has("vendor.lock.yaml"));
}

#[test]
fn an_update_is_written_where_the_version_was_read() {
    let sandbox = vendoring();
    tag_modules(&sandbox, &[("v1.0.0", &[]), ("v1.1.0", &[("vpc/main.tf", Some("# two\n"))])]);
    let uri = format!("git::file://{}//vpc?ref={{{{.Version}}}}", sandbox.root().join("modules").display());
    let own =
        |version: &str| format!("kind: ComponentVendorConfig\nspec:\n  source: {{uri: '{uri}', version: {version}}}\n");
    let (terraform, helmfile) = ("components/terraform/app/component.yaml", "components/helmfile/app/component.yaml");
    sandbox.write(terraform, &own("v1.0.0"));
    sandbox.write(helmfile, &own("v1.0.0"));
    sandbox.atmos(&["vendor", "update", "--type", "helmfile"]).success().says("Updated 1 component(s).");
    assert_eq!((sandbox.read(terraform), sandbox.read(helmfile)), (own("v1.0.0"), own("v1.1.0")));
}

#[test]
fn a_lock_with_nothing_of_it_is_said() {
    let sandbox = vendoring();
    sandbox.atmos(&["vendor", "verify"]).success().says("No drift detected").says("has nothing");
}

#[test]
fn sources_without_names_keep_each_others_files() {
    let sandbox = vendoring();
    sandbox.write("../modules/vpc/b.tf", "# b\n");
    let one = |file: &str| format!("    - {{source: ../modules/vpc, targets: [out], included_paths: [{file}]}}\n");
    sandbox.write("vendor.yaml", &manifest(&(one("main.tf") + &one("b.tf"))));
    sandbox.atmos(&["vendor", "pull"]).success().says("(success: 2)");
    assert!(sandbox.has("out/main.tf") && sandbox.has("out/b.tf"));
    sandbox.atmos(&["vendor", "pull"]).success().says("2 components are up to date");
    sandbox.atmos(&["vendor", "verify"]).success();
}

#[test]
fn a_component_that_nothing_vendors_is_named_alike_everywhere() {
    let sandbox = vendoring();
    sandbox.write("vendor.yaml", &manifest(&source("vpc", "")));
    for command in [&["pull", "-c"][..], &["update", "-c"], &["diff", "-c"], &["get"]] {
        let run = sandbox.atmos(&[&["vendor"], command, &["vpd"]].concat()).exits(1);
        run.says("the component 'vpd' is not defined").says("did you mean `vpc`?");
    }
}
