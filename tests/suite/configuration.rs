//! Configuration as the program shows it: `describe config`, `validate config`, profiles without a name, remote imports.

use crate::support::Sandbox;

fn project() -> Sandbox {
    let sandbox = Sandbox::empty();
    sandbox.write(
        "atmos.yaml",
        "base_path: ./\n\
         stacks: {base_path: stacks, included_paths: ['**/*'], name_pattern: '{stage}'}\n\
         components: {terraform: {base_path: components/terraform}}\n\
         auth: {identities: {root: {kind: aws/user, credentials: {secret_access_key: wJalrXUtnFEMI}}}}\n\
         vendor: {base_path: ./vendor.yaml}\n",
    );
    sandbox.write("profiles/dev/x.yaml", "components: {terraform: {command: tofu}}\n");
    sandbox
}

#[test]
fn describe_config_shows_what_is_in_force_without_secrets() {
    let mut sandbox = project();
    sandbox.set("ATMOS_COMPONENTS_TERRAFORM_APPLY_AUTO_APPROVE", "true");
    let outcome = sandbox.atmos(&["describe", "config", "--profile", "dev"]).success();
    let shown: serde_json::Value = serde_json::from_str(&outcome.stdout).unwrap();
    assert_eq!(shown["components"]["terraform"]["command"], "tofu");
    assert_eq!(shown["components"]["terraform"]["apply_auto_approve"], true);
    assert_eq!(shown["components"]["terraform"]["auto_generate_backend_file"], false);
    assert_eq!(shown["default"], false);
    assert_eq!(shown["auth"]["realm"].as_str().map(str::len), Some(16));
    let stacks = sandbox.repo().canonicalize().unwrap().join("stacks");
    assert_eq!(shown["includeStackAbsolutePaths"][0], format!("{}/**/*", stacks.display()));
    assert!(!outcome.stdout.contains("wJalrXUtnFEMI") && outcome.stdout.contains("<MASKED>"));
    let keys: Vec<&str> = outcome.stdout.lines().filter(|line| line.starts_with("  \"")).collect();
    assert!(keys[0].starts_with("  \"base_path\"") && keys[1].starts_with("  \"components\""), "{keys:?}");
    let ordered = sandbox.atmos(&["describe", "config", "-f", "yaml"]).success();
    assert!(ordered.stdout.starts_with("base_path: ./\ncomponents:\n"), "{}", ordered.stdout);
    let yaml = sandbox.atmos(&["describe", "config", "-f", "yaml", "-q", ".vendor"]).success();
    assert_eq!(yaml.stdout, "base_path: ./vendor.yaml\n");
}

#[test]
fn validate_config_says_which_default_is_in_force_and_why() {
    let mut sandbox = project();
    sandbox.set("ATMOS_COMPONENTS_TERRAFORM_DEPLOY_RUN_INIT", "true");
    let outcome = sandbox.atmos(&["validate", "config"]).success();
    let row = |key: &str| outcome.stdout.lines().find(|line| line.starts_with(key)).unwrap_or_default().to_owned();
    let default = row("components.terraform.auto_generate_backend_file");
    assert!(default.contains("default where a configuration file exists (without one: true)"), "{default}");
    let variable = row("components.terraform.deploy_run_init");
    assert!(
        variable.contains("true") && variable.ends_with("ATMOS_COMPONENTS_TERRAFORM_DEPLOY_RUN_INIT"),
        "{variable}"
    );
    assert!(row("stacks.base_path").ends_with("atmos.yaml:2:21"), "{}", row("stacks.base_path"));
    assert!(outcome.stderr.contains("stacks.name_pattern is deprecated"), "{}", outcome.stderr);
    sandbox.write("atmos.yaml", "base_path: [a\n");
    let broken = sandbox.atmos(&["validate", "config"]).exits(1);
    assert!(broken.stderr.contains("failed to read config"), "{}", broken.stderr);
}

#[test]
fn a_profile_without_a_name_lists_the_names() {
    let sandbox = project();
    let outcome = sandbox.atmos(&["describe", "config", "--profile"]).exits(1);
    assert!(
        outcome.stderr.contains("`--profile` needs the name") && outcome.stderr.contains("dev"),
        "{}",
        outcome.stderr
    );
    let unknown = sandbox.atmos(&["describe", "config", "--profile", "prod"]).exits(2);
    assert!(unknown.stderr.contains("profile not found") && unknown.stderr.contains("dev"), "{}", unknown.stderr);
}

#[test]
fn atmos_alone_says_what_is_missing() {
    let sandbox = Sandbox::empty();
    let outside = sandbox.atmos(&[]).exits(1);
    assert!(outside.stderr.contains("You're not inside a git repository"), "{}", outside.stderr);
    let project = project();
    let without_stacks = project.atmos(&[]).exits(1);
    assert!(without_stacks.stderr.contains("but the directory does not exist"), "{}", without_stacks.stderr);
    project.write("stacks/dev.yaml", "vars: {stage: dev}\n");
    assert!(project.atmos(&[]).success().stdout.contains("USAGE"));
}

#[test]
fn an_edition_counts_as_flag_and_what_has_no_effect_is_said() {
    let sandbox = project();
    let outcome = sandbox.atmos(&["describe", "config", "--edition", "2025-11", "-q", ".stacks.inherit"]).success();
    assert!(outcome.stdout.contains("\"metadata\": false"), "{}", outcome.stdout);
    assert!(outcome.stderr.contains("the edition takes back the default of settings.terminal.help.filter"));
}

#[test]
fn a_choice_that_does_not_exist_is_refused() {
    let sandbox = project();
    sandbox.write("atmos.yaml", "stacks: {inherit: {linearization: c4}}\n");
    sandbox.atmos(&["describe", "config"]).exits(1).says("`stacks.inherit.linearization`").says("depth_first or c3");
    sandbox.write("atmos.yaml", "settings: {experimental: error, yaml: {key_delimiter: '.'}}\n");
    sandbox.atmos(&["describe", "config"]).exits(1).says("`settings.yaml.key_delimiter` is experimental");
}

/// The program against a real repository: stack imports of two paths of it, one of them with its own imports.
#[test]
fn stacks_import_from_a_repository() {
    let sandbox = project();
    let remote = sandbox.root().join("remote");
    std::fs::create_dir_all(remote.join("stacks/catalog")).unwrap();
    std::fs::write(remote.join("stacks/catalog/vpc.yaml"), "import: [catalog/base]\nvars: {cidr: 10.0.0.0/8}\n")
        .unwrap();
    std::fs::write(remote.join("stacks/catalog/base.yaml"), "vars: {base: there}\n").unwrap();
    for arguments in [
        &["init", "--quiet", "--initial-branch=main"][..],
        &["add", "."],
        &["-c", "user.name=t", "-c", "user.email=t@example.com", "commit", "--quiet", "--message=x"],
    ] {
        let mut git = sandbox.command("git");
        assert!(git.args(arguments).current_dir(&remote).status().unwrap().success());
    }
    let address = format!("git::file://{}//stacks/catalog/vpc?ref=main", remote.display());
    let write = |more: &str| {
        let manifest = format!(
            "import: [{{path: '{address}', nested_imports: remote{more}}}]\nvars: {{stage: dev}}\n\
             components: {{terraform: {{vpc: {{metadata: {{component: x}}}}}}}}\n"
        );
        sandbox.write("stacks/dev.yaml", &manifest);
    };
    write(", ttl: 1h");
    let describe = || sandbox.atmos(&["describe", "component", "vpc", "-s", "dev", "-f", "json"]);
    let shown = describe().success().json();
    assert_eq!(shown["vars"], serde_json::json!({"base": "there", "cidr": "10.0.0.0/8", "stage": "dev"}));
    let imports = shown["imports"].to_string();
    assert!(imports.contains(&format!("{address}#stacks/catalog/vpc.yaml")), "{imports}");
    // Offline: the copy serves within its time to live; without one the error names source, place and copy.
    std::fs::rename(&remote, sandbox.root().join("gone")).unwrap();
    describe().success();
    write("");
    let failed = describe().exits(1);
    assert!(
        failed.mentions("failed to download remote import") && failed.mentions("is in the cache"),
        "{}",
        failed.stderr
    );
}

#[test]
fn settings_that_nobody_reads_and_wrong_types_are_said() {
    let sandbox = Sandbox::scenario("inspect");
    let config = sandbox.read("atmos.yaml");
    let with = |settings: &str| sandbox.write("atmos.yaml", &format!("{config}settings: {{{settings}}}\n"));
    with("list_merge_stratgy: append, own_thing: 1, terminal: {max_widht: 80}");
    let list = sandbox.atmos(&["list", "stacks"]).success();
    let list =
        list.says("settings.list_merge_stratgy is no setting").says("did you mean `settings.list_merge_strategy`?");
    let list = list.says("did you mean `settings.terminal.max_width`?");
    assert!(!list.stderr.contains("own_thing"), "{list}");
    let validate = sandbox.atmos(&["validate", "config"]).success();
    validate.says("settings.own_thing is no setting of `atmos.yaml`").says("atmos.yaml:");
    for (settings, key, expected) in [
        ("terminal: {max_width: wide}", "settings.terminal.max_width", "integer"),
        ("terminal: [a]", "settings.terminal", "map"),
        ("terminal: {theme: {a: 1}}", "settings.terminal.theme", "string"),
        ("terminal: {unicode: maybe}", "settings.terminal.unicode", "boolean"),
    ] {
        with(settings);
        let outcome = sandbox.atmos(&["list", "stacks"]).exits(1);
        outcome.says(&format!("'{key}' expected type '{expected}'")).says("atmos.yaml:");
    }
    with("terminal: {max_width: '0x50', color: maybe, pager: less}");
    sandbox.atmos(&["list", "stacks"]).success();
}
