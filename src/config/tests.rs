//! Whole loads from directories on disk.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use super::*;
use crate::diag::{Failure, Message, Talk};
use crate::host::{Dirs, Env, Host, Terminal};
use crate::merge::ListStrategy;
use crate::secret::Masker;
use crate::span::Sources;
use crate::value::Node;

/// A directory with a home beside the project, and everything that was said.
pub(super) struct Project {
    directory: tempfile::TempDir,
    pub cwd: PathBuf,
    env: Env,
    said: Arc<Mutex<Vec<String>>>,
}

impl Project {
    pub(super) fn new(files: &[(&str, &str)]) -> Project {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path().canonicalize().unwrap();
        let project = Project { cwd: root.join("repo"), env: Env::default(), said: Arc::default(), directory };
        std::fs::create_dir_all(&project.cwd).unwrap();
        std::fs::create_dir_all(root.join("home")).unwrap();
        for (path, text) in files {
            project.write(path, text);
        }
        project
    }

    pub(super) fn root(&self) -> PathBuf {
        self.directory.path().canonicalize().unwrap()
    }

    pub(super) fn write(&self, path: &str, text: &str) {
        let path = self.root().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    fn git(self) -> Project {
        self.write("repo/.git/HEAD", "ref: refs/heads/main\n");
        self
    }

    fn at(mut self, cwd: &str) -> Project {
        self.cwd = self.root().join(cwd);
        std::fs::create_dir_all(&self.cwd).unwrap();
        self
    }

    pub(super) fn env(mut self, name: &str, value: &str) -> Project {
        self.env.set(name, value);
        self
    }

    pub(super) fn host(&self) -> Host {
        let said = self.said.clone();
        let talk = Talk::new(move |message| {
            if let Message::Warning(warning) = message {
                said.lock().unwrap().push(format!("{} [{}]", warning.message, warning.place.unwrap_or_default()));
            }
        });
        let home = self.root().join("home");
        let dirs = Dirs { config: home.join(".config"), cache: home.join(".cache"), home, ..Dirs::default() };
        Host {
            guard: Arc::default(),
            env: self.env.clone(),
            cwd: self.cwd.clone(),
            dirs,
            terminal: Terminal::default(),
            exe: PathBuf::from("atmos"),
            talk,
            masker: Arc::new(Masker::default()),
            sources: Arc::new(Sources::new()),
        }
    }

    pub(super) fn load(&self) -> Config {
        self.load_with(&Flags::default()).unwrap()
    }

    pub(super) fn load_with(&self, flags: &Flags) -> Result<Config, Error> {
        load(&self.host(), flags)
    }

    pub(super) fn fails(&self, flags: &Flags) -> String {
        self.load_with(flags).unwrap_err().to_string()
    }

    pub(super) fn said(&self) -> Vec<String> {
        self.said.lock().unwrap().clone()
    }
}

pub(super) fn value(config: &Config, path: &str) -> Option<String> {
    config.document.get_path(path.split('.')).and_then(Node::scalar_text)
}

#[test]
fn without_any_file_the_fuller_defaults_hold() {
    let project = Project::new(&[]);
    let config = project.load();
    assert!(!config.found && config.terraform.auto_generate_backend_file && config.templates.enabled);
    assert!(!config.terraform.auto_generate_backend_file_set);
    assert_eq!(config.base_path, project.cwd);
    assert_eq!(config.stacks.base_path, project.cwd.join("stacks"));
    assert_eq!(config.stacks.included_paths, ["orgs/**/*"]);
    assert_eq!(config.terraform.command, "terraform");
    config.require_stacks().unwrap();
}

#[test]
fn variables_of_the_configuration_are_texts() {
    let text = "env: {A: 1, T: true, N: null, L: [1], M: {a: 1}, F: 1.50, low: y}\n";
    let config = Project::new(&[("repo/atmos.yaml", text)]).load();
    let expected = serde_json::json!({"A": "1", "T": "true", "L": "", "M": "", "F": "1.5", "low": "y"});
    assert_eq!(crate::value::to_json(&config.env), expected);
    assert_eq!(config.document.get("env"), Some(&config.env));
}

#[test]
fn a_default_profile_that_is_no_name_is_an_error() {
    let message = Project::new(&[("repo/atmos.yaml", "profiles: {default: [nope]}\n")]).fails(&Flags::default());
    assert!(message.contains("'profiles.default' expected type 'string', got list (atmos.yaml:1:21)"), "{message}");
}

#[test]
fn a_variable_is_blamed_for_what_it_says() {
    let text = "logs: {level: Debug}\nstacks: {base_path: stacks, included_paths: [a]}\n";
    let project = Project::new(&[("repo/atmos.yaml", text)]).env("ATMOS_LOGS_LEVEL", "blah");
    let message = project.fails(&Flags::default());
    assert!(message.contains("'blah'") && message.ends_with("(environment or command line)"), "{message}");
}

#[test]
fn odd_widths_are_no_widths() {
    for (width, expected) in [("-3", 2), ("-3.5", 2), ("true", 2), ("'4'", 4), ("12", 2), ("''", 2)] {
        let text = format!("settings: {{terminal: {{tab_width: {width}}}}}\n");
        assert_eq!(Project::new(&[("repo/atmos.yaml", &text)]).load().settings.tab_width, expected, "{width}");
    }
}

#[test]
fn one_file_switches_to_the_smaller_defaults() {
    let project = Project::new(&[("repo/atmos.yaml", "base_path: .\nunknown: {Key: 1}\n")]);
    let config = project.load();
    assert!(config.found && !config.terraform.auto_generate_backend_file && !config.templates.enabled);
    assert!(config.stacks.inherit_metadata && config.terraform.workspaces_enabled && config.terraform.plugin_cache);
    assert_eq!(config.terraform.plugin_cache_dir, Some(project.root().join("home/.cache/atmos/terraform/plugins")));
    assert_eq!(config.terraform.base_path, project.cwd);
    assert_eq!((config.settings.tab_width, config.logs.level.as_str()), (2, "Warning"));
    assert_eq!(value(&config, "unknown.Key").as_deref(), Some("1"));
    assert!(matches!(config.require_stacks(), Err(Error::StacksBasePath)));
}

#[test]
fn places_are_merged_from_home_to_named_directory() {
    let project = Project::new(&[
        ("home/.atmos/atmos.yaml", "a: home\nb: home\nc: home\n"),
        ("repo/atmos.yml", "b: cwd\nc: cwd\n"),
        ("named/atmos", "c: named\n"),
    ])
    .env("ATMOS_CLI_CONFIG_PATH", "../named");
    let config = project.load();
    let values: Vec<_> = ["a", "b", "c"].iter().map(|key| value(&config, key).unwrap()).collect();
    assert_eq!(values, ["home", "cwd", "named"]);
    assert_eq!(config.directory, project.root().join("named"));
    assert_eq!(config.files.len(), 3);
}

#[test]
fn parents_and_git_root_are_searched_only_without_local_configuration() {
    let files = [("repo/atmos.yaml", "a: root\n"), ("repo/x/atmos.yaml", "a: parent\nb: parent\n")];
    let project = Project::new(&files).git().at("repo/x/y");
    let config = project.load();
    assert_eq!((value(&config, "a").as_deref(), value(&config, "b").as_deref()), (Some("root"), Some("parent")));
    assert_eq!((&config.base_path, &config.directory), (&project.root().join("repo"), &project.root().join("repo")));
    let project = Project::new(&files).git().at("repo/x/y");
    project.write("repo/x/y/.atmos.yaml", "a: hidden\n");
    let config = project.load();
    assert!(!config.found, "a hidden file stops the search without being read");
    let project = Project::new(&files).git().at("repo/x/y").env("ATMOS_GIT_ROOT_BASEPATH", "false");
    let config = project.load();
    assert_eq!(value(&config, "a").as_deref(), Some("parent"));
    assert_eq!(config.base_path, project.root().join("repo/x"));
}

#[test]
fn a_file_beats_its_imports_which_beat_atmos_d() {
    let project = Project::new(&[
        ("repo/atmos.yaml", "import: [inc/*.yaml, more]\nd: own\ncommands: [{name: a, x: own}]\n"),
        ("repo/.atmos.d/z.yaml", "a: hidden\nb: hidden\nc: hidden\nd: hidden\n"),
        ("repo/atmos.d/z.yaml", "a: visible\ne: visible\ncommands: [{name: a, x: low}, {name: b}]\n"),
        ("repo/inc/1.yaml", "b: one\nc: one\nd: one\nimport: [inc/deep.yml]\n"),
        ("repo/inc/deep.yml", "b: deep\n"),
        ("repo/more/m.yml", "c: more\n"),
    ]);
    let config = project.load();
    let values: Vec<_> = ["a", "b", "c", "d", "e"].iter().map(|key| value(&config, key).unwrap()).collect();
    assert_eq!(values, ["hidden", "deep", "more", "own", "visible"]);
    assert_eq!(config.document.get("commands").unwrap().as_list().unwrap().len(), 2);
    assert_eq!(config.files.len(), 6);
    assert!(project.said().is_empty());
}

#[test]
fn imports_are_looked_up_in_the_base_path_then_beside_the_file() {
    let project = Project::new(&[
        ("repo/atmos.yaml", "base_path: ./sub\nimport: [a.yaml, b.yaml]\n"),
        ("repo/sub/a.yaml", "a: base\n"),
        ("repo/a.yaml", "a: beside\n"),
        ("repo/b.yaml", "b: beside\n"),
    ]);
    let config = project.load();
    assert_eq!((value(&config, "a").as_deref(), value(&config, "b").as_deref()), (Some("base"), Some("beside")));
}

#[test]
fn imports_that_cannot_be_resolved_warn_with_their_place() {
    let project = Project::new(&[("repo/atmos.yaml", "import:\n  - nothing.yaml\n")]);
    project.load();
    let said = project.said();
    assert!(
        said[0].starts_with("failed to resolve import path=nothing.yaml:") && said[0].ends_with("[atmos.yaml:2:5]")
    );
}

#[test]
fn import_cycles_name_their_chain() {
    let project = Project::new(&[
        ("repo/atmos.yaml", "import: [a.yaml]\n"),
        ("repo/a.yaml", "import: [b.yaml]\n"),
        ("repo/b.yaml", "import: [a.yaml]\n"),
    ]);
    let message = project.fails(&Flags::default());
    assert!(message.contains("a.yaml → ") && message.contains("b.yaml → "), "{message}");
}

#[test]
fn explicit_selection_replaces_discovery() {
    let project = Project::new(&[
        ("repo/atmos.yaml", "a: discovered\n"),
        ("conf/1.yaml", "a: one\nb: one\nbase_path: .\n"),
        ("conf/2.yaml", "b: two\nc: two\n"),
        ("dir/.atmos.yaml", "c: dir\n"),
    ]);
    let flags = Flags {
        config_files: vec!["../conf/1.yaml".into(), "../conf/2.yaml".into()],
        config_paths: vec!["../dir".into()],
        ..Flags::default()
    };
    let config = project.load_with(&flags).unwrap();
    let values: Vec<_> = ["a", "b", "c"].iter().map(|key| value(&config, key).unwrap()).collect();
    assert_eq!(values, ["one", "two", "dir"]);
    assert_eq!(config.base_path, project.root().join("conf"));
    let by_env = Project::new(&[("repo/x.yaml", "a: x\n")]).env("ATMOS_CONFIG", "x.yaml");
    assert_eq!(value(&by_env.load(), "a").as_deref(), Some("x"));
}

#[test]
fn wrong_selections_are_named() {
    let project = Project::new(&[("repo/file.yaml", "")]);
    let files = |path: &str| Flags { config_files: vec![path.into()], ..Flags::default() };
    let paths = |path: &str| Flags { config_paths: vec![path.into()], ..Flags::default() };
    for (flags, expected) in [
        (files("no.yaml"), "file not found: --config file 'no.yaml' does not exist"),
        (files("."), "--config expects a file, but '.' is a directory"),
        (files(""), "--config requires a non-empty path"),
        (paths("no"), "atmos config directory not found: --config-path directory 'no' does not exist"),
        (paths("file.yaml"), "--config-path requires a directory but found a file at 'file.yaml'"),
        (paths("."), "no atmos.yaml or .atmos.yaml found"),
    ] {
        let message = project.fails(&flags);
        assert!(message.contains(expected), "{message}");
    }
}

#[test]
fn broken_files_are_reported_with_their_place() {
    let project = Project::new(&[("repo/atmos.yaml", "a: 1\nb: [\n")]);
    assert!(project.fails(&Flags::default()).starts_with("failed to read config: yaml: atmos.yaml:"));
    project.write("repo/atmos.yaml", "a: 1\na: 2\n");
    let message = project.fails(&Flags::default());
    assert_eq!(message, "failed to read config: yaml: atmos.yaml:2:1: mapping key \"a\" already defined at line 1");
    project.write("repo/atmos.yaml", "- a\n");
    assert!(project.fails(&Flags::default()).contains("atmos.yaml:1:1: expected a map, got list"));
    project.write("repo/atmos.yaml", "a: 1\n");
    project.write("repo/atmos.d/x.yaml", "a: [\n");
    assert!(project.fails(&Flags::default()).contains("atmos.d/x.yaml:"));
}

#[test]
fn types_are_checked_with_leniency() {
    let project = Project::new(&[(
        "repo/atmos.yaml",
        "stacks: {base_path: 5, included_paths: 'a,b'}\n\
         components: {terraform: {deploy_run_init: 'true', workspaces_enabled: 0, command: null}}\n",
    )]);
    let config = project.load();
    assert_eq!((config.stacks.base_path_setting.as_str(), config.stacks.included_paths.len()), ("5", 2));
    assert!(config.terraform.deploy_run_init && !config.terraform.workspaces_enabled);
    assert_eq!(config.terraform.command, "terraform");
    for (text, expected) in [
        (
            "x: 1\nbase_path: {a: 1}\n",
            "decoding failed due to the following error(s): 'base_path' expected type 'string', got map (atmos.yaml:2:12)",
        ),
        ("stacks: text\n", "'stacks' expected type 'map', got string (atmos.yaml:1:9)"),
        (
            "components: {helmfile: {use_eks: perhaps}}\n",
            "'components.helmfile.use_eks' expected type 'bool', got string",
        ),
        ("stacks: {included_paths: [a, {b: c}]}\n", "expected type 'string', got map"),
        ("env: [a]\n", "'env' expected type 'map', got list (atmos.yaml:1:6)"),
        ("logs: {level: loud}\n", "invalid log level"),
        ("settings: {list_merge_strategy: bogus}\n", "invalid list merge strategy: 'bogus'"),
    ] {
        project.write("repo/atmos.yaml", text);
        let message = project.fails(&Flags::default());
        assert!(message.contains(expected), "{message}");
    }
}

#[test]
fn every_value_of_a_wrong_type_is_told() {
    let project = Project::new(&[(
        "repo/atmos.yaml",
        "base_path: [1]\nstacks: {included_paths: [a, {b: c}], inherit: {metadata: perhaps}}\nworkflows: x\n\
         settings: {list_merge_strategy: {}, terminal: {max_width: wide}}\ncomponents: [1]\n",
    )]);
    let message = project.fails(&Flags::default());
    for expected in [
        "'base_path' expected type 'string', got list (atmos.yaml:1:12)",
        "'stacks.included_paths.1' expected type 'string', got map (atmos.yaml:2:30)",
        "'stacks.inherit.metadata' expected type 'bool', got string",
        "'workflows' expected type 'map', got string (atmos.yaml:3:12)",
        "'settings.list_merge_strategy' expected type 'string', got map",
        "'settings.terminal.max_width' expected type 'integer', got string",
        "'components' expected type 'map', got list (atmos.yaml:5:13)",
    ] {
        assert_eq!(message.matches(expected).count(), 1, "{expected}\n{message}");
    }
    assert_eq!(message.matches("expected type").count(), 7, "{message}");
}

#[test]
fn environment_beats_files_and_flags_beat_environment() {
    let text = "settings: {list_merge_strategy: merge}\nlogs: {level: info}\nstacks: {base_path: s}\n";
    let project = Project::new(&[("repo/atmos.yaml", text)])
        .env("ATMOS_SETTINGS_LIST_MERGE_STRATEGY", "append")
        .env("ATMOS_LOGS_LEVEL", "warn")
        .env("ATMOS_STACKS_BASE_PATH", "env");
    let config = project.load();
    assert_eq!(config.settings.list_merge_strategy, ListStrategy::Append);
    assert_eq!((config.logs.level.as_str(), config.stacks.base_path_setting.as_str()), ("Warning", "env"));
    let flags = Flags {
        list_merge_strategy: Some("replace".to_owned()),
        logs_level: Some("OFF".to_owned()),
        ..Flags::default()
    };
    let config = project.load_with(&flags).unwrap();
    assert_eq!((config.settings.list_merge_strategy, config.logs.level.as_str()), (ListStrategy::Replace, "Off"));
    let wrong = Project::new(&[]).env("ATMOS_COMPONENTS_TERRAFORM_DEPLOY_RUN_INIT", "maybe");
    assert!(wrong.fails(&Flags::default()).contains("ATMOS_COMPONENTS_TERRAFORM_DEPLOY_RUN_INIT"));
}

#[test]
fn functions_are_evaluated_or_named() {
    let project = Project::new(&[(
        "repo/atmos.yaml",
        "base_path: !repo-root\nauth:\n  providers:\n    Sso:\n      start_url: !env SSO_URL none\n      other: !env NOT_SET\n      list: [!cwd sub]\n",
    )])
    .git()
    .env("SSO_URL", "https://x");
    let config = project.load();
    let provider = config.auth.get_path(["providers", "Sso"]).unwrap();
    assert_eq!(provider.get("start_url").unwrap().as_str(), Some("https://x"));
    assert_eq!(provider.get("other").unwrap().as_str(), Some(""));
    let sub = project.cwd.join("sub").display().to_string();
    assert_eq!(provider.get("list").unwrap().as_list().unwrap()[0].as_str(), Some(sub.as_str()));
    assert_eq!(config.base_path, project.cwd);
    for (text, expected) in [
        ("a: {b: !terraform.state x}\n", "atmos.yaml:1:8: unsupported YAML tag: '!terraform.state' at path 'a.b'"),
        ("a: !env\n", "invalid Atmos YAML function"),
    ] {
        project.write("repo/atmos.yaml", text);
        let message = project.fails(&Flags::default());
        assert!(message.contains(expected), "{message}");
    }
}

#[test]
fn append_and_unset_act_on_lower_files() {
    let project = Project::new(&[
        ("home/.atmos/atmos.yaml", "stacks: {included_paths: [a]}\ngone: 1\n"),
        ("repo/atmos.yaml", "stacks: {included_paths: !append [b]}\ngone: !unset\n"),
    ]);
    let config = project.load();
    assert_eq!(config.stacks.included_paths, ["a", "b"]);
    assert_eq!(config.document.get("gone"), None);
}

#[test]
fn profiles_lie_above_the_files() {
    let project = Project::new(&[
        ("repo/atmos.yaml", "a: base\nb: base\nenv: {ATMOS_PROFILE: dev}\nprofiles: {default: other}\n"),
        ("repo/.atmos/profiles/dev/x.yaml", "a: hidden\nimport: [extra.yaml]\n"),
        ("repo/profiles/dev/x.yaml", "a: visible\n"),
        ("repo/profiles/ci/x.yaml", "b: ci\n"),
        ("repo/.atmos/profiles/dev/extra.yaml", "c: extra\n"),
    ]);
    let config = project.load();
    assert_eq!((value(&config, "a").as_deref(), value(&config, "c").as_deref()), (Some("hidden"), Some("extra")));
    assert_eq!(config.variable(&project.host(), "ATMOS_PROFILE"), Some("dev"));
    let both = Flags { profiles: vec!["dev,ci".to_owned()], ..Flags::default() };
    let config = project.load_with(&both).unwrap();
    assert_eq!((value(&config, "b").as_deref(), config.profiles.len()), (Some("ci"), 2));
    let wrong = Flags { profiles: vec!["nope".to_owned()], ..Flags::default() };
    let error = project.load_with(&wrong).unwrap_err();
    assert!(error.to_string().starts_with("profile not found: 'nope'") && error.to_string().contains("ci, dev"));
    assert_eq!(error.exit_code(), 2);
}

#[test]
fn base_path_flag_is_relative_to_the_working_directory() {
    let project = Project::new(&[("conf/atmos.yaml", "base_path: ./\nstacks: {base_path: s}\n")])
        .at("repo/sub")
        .env("ATMOS_CLI_CONFIG_PATH", "../../conf")
        .env("ATMOS_BASE_PATH", "./from-env");
    assert_eq!(project.load().base_path, project.cwd.join("from-env"));
    let flags = Flags { base_path: Some("..".to_owned()), ..Flags::default() };
    let config = project.load_with(&flags).unwrap();
    assert_eq!(config.stacks.base_path, project.root().join("repo/s"));
    let plain = Project { env: Env::from_iter([("ATMOS_CLI_CONFIG_PATH", "../../conf")]), ..project };
    assert_eq!(plain.load().base_path, plain.root().join("conf"));
}

#[test]
fn keys_keep_their_spelling_where_it_is_the_users() {
    let text = "Base_Path: ./x\nenv: {Foo_BAR: 1}\nauth: {identities: {Dev.One: {kind: mock}}}\nCOMPONENTS: {Terraform: {Command: tofu}}\n";
    let project = Project::new(&[("repo/atmos.yaml", text)]);
    let config = project.load();
    assert_eq!(
        (config.base_path.as_path(), config.terraform.command.as_str()),
        (Path::new(&project.cwd.join("x")), "tofu")
    );
    assert!(config.env.get("Foo_BAR").is_some() && config.auth.get_path(["identities", "Dev.One"]).is_some());
}

#[test]
fn version_constraints_are_checked_against_the_reference() {
    let project = Project::new(&[("repo/atmos.yaml", "version: {constraint: {require: '>= 2', message: Ask Ann}}\n")]);
    assert!(
        project.fails(&Flags::default()).contains("requires Atmos version >= 2, but the current version is 1.227.0")
    );
    let project = project.env("ATMOS_VERSION_ENFORCEMENT", "warn");
    project.load();
    assert_eq!(project.said().len(), 1);
    project.write("repo/atmos.yaml", "version: {constraint: {require: nonsense}}\n");
    assert!(project.fails(&Flags::default()).contains("invalid version constraint \"nonsense\""));
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig { cases: 60, ..Default::default() })]

    #[test]
    fn garbage_never_panics(text in "(base_path|stacks|components|import|env|auth|logs|x)?:? ?[\\[\\]{}:,&*!|>'\"a-c \n<]{0,40}") {
        let project = Project::new(&[("repo/atmos.yaml", &text)]);
        let _ = project.load_with(&Flags::default());
    }
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig { cases: 24, ..proptest::prelude::ProptestConfig::default() })]

    #[test]
    fn the_layers_of_a_configuration_merge_like_maps(
        layers in proptest::collection::vec(proptest::collection::btree_map("[A-D]", "[a-z]{1,4}", 1..4), 3),
    ) {
        // From the lowest to the highest: home, atmos.d, the file of the project.
        let places = ["home/.atmos/atmos.yaml", "repo/atmos.d/x.yaml", "repo/atmos.yaml"];
        let project = Project::new(&[]);
        let mut expected = std::collections::BTreeMap::new();
        for (place, layer) in places.into_iter().zip(&layers) {
            let entries: Vec<String> = layer.iter().map(|(key, value)| format!("K{key}: v{value}")).collect();
            project.write(place, &format!("env: {{{}}}\n", entries.join(", ")));
            expected.extend(layer.iter().map(|(key, value)| (format!("K{key}"), format!("v{value}"))));
        }
        let config = project.load();
        let found = config.document.get("env").and_then(Node::as_map).unwrap();
        let found = found.iter().map(|(key, node)| (key.to_string(), node.scalar_text().unwrap())).collect();
        proptest::prop_assert_eq!(expected, found);
    }
}

#[test]
fn delimiters_of_templates_are_two_texts() {
    for (delimiters, templates, refused) in [
        ("['[[', ']]']", "true", false),
        ("['[[']", "true", true),
        ("['', ']]']", "true", true),
        ("['a', 'b', 'c']", "true", true),
        ("['[[']", "false", false),
    ] {
        let text = format!("templates: {{settings: {{enabled: {templates}, delimiters: {delimiters}}}}}\n");
        let project = Project::new(&[("repo/atmos.yaml", &text)]);
        match project.load_with(&Flags::default()) {
            Ok(config) => assert!(!refused, "{delimiters}: {:?}", config.templates.delimiters),
            Err(error) => {
                let message = error.to_string();
                assert!(refused && message.contains("invalid 'templates.settings.delimiters' config"), "{message}");
            }
        }
    }
}
