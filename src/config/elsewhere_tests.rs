//! What comes from elsewhere: remote imports, and functions that read files, programs and the repository.

use super::tests::{Project, value};
use super::*;
use crate::fetch;
use crate::value::Node;

/// A repository beside the project, with one commit of these files; its address for imports.
fn repository(project: &Project, files: &[(&str, &str)]) -> String {
    for (path, text) in files {
        project.write(&format!("remote/{path}"), text);
    }
    let folder = project.root().join("remote");
    for arguments in [
        &["init", "--quiet", "--initial-branch=main"][..],
        &["add", "."],
        &["-c", "user.name=t", "-c", "user.email=t@example.com", "commit", "--quiet", "--message=x"],
    ] {
        duct::cmd("git", arguments).dir(&folder).env("HOME", project.root()).env_remove("GIT_DIR").run().unwrap();
    }
    format!("git::file://{}", folder.display())
}

/// A project whose environment finds programs.
fn project(files: &[(&str, &str)]) -> Project {
    #[expect(clippy::disallowed_methods, reason = "programs are found by the path of whoever runs the tests")]
    let path = std::env::var("PATH").unwrap_or_default();
    Project::new(files).env("PATH", &path)
}

#[test]
fn files_of_a_repository_are_imported_below_the_importing_file() {
    let project = project(&[("repo/local.yaml", "d: local\n")]);
    let address = repository(
        &project,
        &[
            ("conf/base.yaml", "a: remote\nb: remote\nimport: [extra.yaml, local.yaml]\n"),
            ("conf/extra.yaml", "c: beside\n"),
            ("conf.d/x.yaml", "e: x\n"),
            ("conf.d/deep/y.yml", "e: y\nf: y\n"),
        ],
    );
    let text = format!("import:\n  - {address}//conf/base.yaml?ref=main\n  - {address}//conf.d\nb: own\n");
    project.write("repo/atmos.yaml", &text);
    let config = project.load();
    let values: Vec<_> = ["a", "b", "c", "d", "e", "f"].iter().map(|key| value(&config, key).unwrap()).collect();
    assert_eq!(values, ["remote", "own", "beside", "local", "x", "y"]);
    assert!(project.said().is_empty());
}

#[test]
fn remote_imports_that_fail_are_errors_without_credentials() {
    let project = project(&[]);
    for (import, expected) in [
        (
            "git::file:///nowhere/x.git//a?token=t",
            "failed to download remote import 'git::file:///nowhere/x.git//a': git",
        ),
        ("hg::https://u:p@hg.example.com/b/x.yaml", "sources of the kind `hg` are not supported"),
        ("http://u:p@127.0.0.1:9/x.yaml", "failed to download remote import 'http://127.0.0.1:9/x.yaml'"),
    ] {
        project.write("repo/atmos.yaml", &format!("import:\n  - {import}\n"));
        let message = project.fails(&Flags::default());
        assert!(message.starts_with("atmos.yaml:2:5: ") && message.contains(expected), "{message}");
        assert!(!message.contains("u:p") && !message.contains("token"), "{message}");
    }
}

#[test]
fn the_time_to_live_of_the_configuration_counts() {
    let project = project(&[]);
    let address = repository(&project, &[("x.yaml", "a: one\n")]);
    project.write("repo/atmos.yaml", &format!("imports: {{ttl: 1d}}\nimport: ['{address}//x.yaml']\n"));
    assert_eq!(value(&project.load(), "a").as_deref(), Some("one"));
    std::fs::rename(project.root().join("remote"), project.root().join("moved")).unwrap();
    let config = project.load();
    assert_eq!((value(&config, "a").as_deref(), config.remote.ttl.as_deref()), (Some("one"), Some("1d")));
    project.write("repo/atmos.yaml", &format!("import: ['{address}//x.yaml']\n"));
    let error = project.load_with(&Flags::default()).unwrap_err();
    let help = miette::Diagnostic::help(&error).map(|help| help.to_string()).unwrap_or_default();
    assert!(help.contains("is in the cache") && help.contains("imports.ttl"), "{help}");
}

#[test]
fn dotenv_files_fill_env_and_keep_the_case_of_names() {
    let project = project(&[
        ("repo/atmos.yaml", "env: !include .env\nx:\n  <<: !include conf/more.env\n  B: own\n"),
        ("repo/.env", "# comment\nFoo_Bar=1\nexport ATMOS_PROFILE=dev\n"),
        ("repo/conf/more.env", "A=a\nB=b\n"),
        ("repo/profiles/dev/x.yaml", "p: dev\n"),
    ]);
    let config = project.load();
    assert_eq!(config.env.get("Foo_Bar").and_then(Node::as_str), Some("1"));
    let x = config.document.get("x").unwrap();
    assert_eq!((x.get("A").and_then(Node::as_str), x.get("B").and_then(Node::as_str)), (Some("a"), Some("own")));
    assert_eq!(value(&config, "p").as_deref(), Some("dev"), "ATMOS names of `env` count");
}

#[test]
fn includes_are_data_by_their_extension() {
    let project = project(&[
        (
            "repo/atmos.d/x.yaml",
            "j: !include data.json .list\ny: !include data.yaml\nr: !include.raw data.json\nt: !include note.txt\n\
             h: !include vars.tfvars\nq: !include data.yaml '[.b, .b + 1]'\n",
        ),
        ("repo/atmos.yaml", "base_path: .\n"),
        ("repo/data.json", "{\"list\": [1, 2]}"),
        ("repo/data.yaml", "a: !env HOME\nb: 1\n"),
        ("repo/note.txt", "plain\n"),
        ("repo/vars.tfvars", "region = \"r\"\nzones = [1, 2]\n"),
    ]);
    let config = project.load();
    let at = |path: &[&str]| config.document.get_path(path.iter().copied()).cloned().unwrap();
    assert_eq!(at(&["j"]).as_list().unwrap().len(), 2);
    assert_eq!(at(&["y", "a"]).as_str(), Some("!env HOME"), "functions of an included file never run");
    assert_eq!(at(&["h", "region"]).as_str(), Some("r"));
    assert_eq!(at(&["q"]), Node::from(vec![Node::from(1), Node::from(2)]));
    assert_eq!((at(&["r"]).as_str(), at(&["t"]).as_str()), (Some("{\"list\": [1, 2]}"), Some("plain\n")));
    for (text, expected) in [
        ("a: !include nothing.yaml\n", "could not find local file 'nothing.yaml'"),
        ("a: !include main.tf\n", "main.tf:1"),
        ("a: !include data.yaml .b | nonsense\n", "the expression `.b | nonsense` of !include"),
        ("a:\n  <<: !include note.txt\n", "a merge with `<<` needs a map"),
    ] {
        project.write("repo/main.tf", "a = [");
        project.write("repo/atmos.yaml", text);
        let message = project.fails(&Flags::default());
        assert!(message.contains(expected), "{message}");
    }
}

#[test]
fn programs_and_the_repository_give_values() {
    let project = project(&[(
        "repo/atmos.yaml",
        "a: !exec echo hello\nb: !exec 'echo ''{\"x\": [1]}'''\nc: !random 5 6\nd: !git.branch\ne: !git.owner nobody\n",
    )]);
    let repo = &project.cwd;
    duct::cmd!("git", "init", "--quiet", "--initial-branch=trunk").dir(repo).env("HOME", repo).run().unwrap();
    let config = project.load();
    assert_eq!(value(&config, "a").as_deref(), Some("hello"));
    assert_eq!(config.document.get_path(["b", "x"]).unwrap().as_list().unwrap().len(), 1);
    assert!(matches!(value(&config, "c").as_deref(), Some("5" | "6")));
    assert_eq!((value(&config, "d").as_deref(), value(&config, "e").as_deref()), (Some("trunk"), Some("nobody")));
    for (text, expected) in [
        ("a: !exec exit 3\n", "!exec exit 3: "),
        ("a: !random 7 7\n", "7 is not less than 7"),
        ("a: !git.sha\n", "!git.sha: the git repository does not say"),
    ] {
        project.write("repo/atmos.yaml", text);
        let message = project.fails(&Flags::default());
        assert!(message.starts_with("failed to execute yaml function: atmos.yaml:1:4: "), "{message}");
        assert!(message.contains(expected), "{message}");
    }
}

#[test]
fn one_fetcher_serves_the_whole_run() {
    let project = project(&[]);
    let address = repository(&project, &[("x.yaml", "a: one\n"), ("y.yaml", "b: two\n")]);
    project.write("repo/atmos.yaml", &format!("import: ['{address}//x.yaml']\n"));
    let config = project.load();
    std::fs::rename(project.root().join("remote"), project.root().join("moved")).unwrap();
    let host = project.host();
    let found = config.fetcher.resolve(&host, &fetch::Settings::default(), &format!("{address}//y"), None).unwrap();
    assert_eq!(std::fs::read_to_string(&found.files[0].path).unwrap(), "b: two\n");
}

#[test]
fn identities_that_a_login_found_lie_below_those_that_are_written() {
    let project = project(&[(
        "repo/atmos.yaml",
        "auth:\n  providers: {a/b: {kind: aws/iam-identity-center}, c: {}}\n  identities: {acme/admin: {default: true}}\n",
    )]);
    let cache = project.host().dirs.cache.join("atmos/auth");
    for (folder, text) in [
        (
            "a_b",
            "auth:\n  identities:\n    acme/admin: {kind: aws/permission-set, via: {provider: a/b}}\n    \
             acme.dev/ro: {kind: aws/permission-set, provider: a/b, via: {provider: a/b}, principal: {name: !env HOME, account: {id: '1', name: x}}}\n    \
             evil: {kind: exec, default: true, spec: {command: touch x}}\n    default: {kind: aws/permission-set, default: true, via: {provider: a/b}}\n    \
             other: {kind: aws/permission-set, via: {provider: c}}\n    kind: {kind: !env HOME, via: {provider: a/b}}\n    \
             deep: {kind: aws/permission-set, via: {provider: a/b}, principal: {assume_role: x}}\n    list: [1]\n\
             settings: {list_merge_strategy: append}\n",
        ),
        ("c", "auth: [\n"),
        ("elsewhere", "auth: {identities: {no: {}}}\n"),
    ] {
        std::fs::create_dir_all(cache.join(folder)).unwrap();
        private_file(&cache.join(folder).join("provisioned-identities.yaml"), text);
    }
    let config = project.load();
    let identities = config.auth.get("identities").unwrap();
    let names: Vec<&str> = identities.as_map().unwrap().keys().map(|name| &**name).collect();
    assert_eq!(names, ["acme/admin", "acme.dev/ro"]);
    let admin = identities.get("acme/admin").unwrap();
    assert_eq!(
        (admin.get("kind").and_then(Node::as_str), admin.get("default").and_then(Node::as_bool)),
        (Some("aws/permission-set"), Some(true))
    );
    let name = identities.get_path(["acme.dev/ro", "principal", "name"]);
    assert_eq!(name.and_then(Node::as_str), Some("!env HOME"), "nothing in it is a function");
    for refused in [
        "`evil` has the key `default`",
        "`default` has the key `default`",
        "`other` has another provider",
        "`kind` has another kind than aws/permission-set",
        "`deep` has the key `principal.assume_role`",
        "`list` has a value of type list",
    ] {
        assert!(project.said().iter().any(|warning| warning.contains(refused)), "{refused}: {:?}", project.said());
    }
    assert_ne!(value(&config, "settings.list_merge_strategy").as_deref(), Some("append"));
    assert!(project.said().iter().any(|warning| warning.contains("a login to `c` found cannot be read")));
}

fn private_file(path: &std::path::Path, text: &str) {
    std::fs::write(path, text).unwrap();
    #[cfg(unix)]
    std::fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
}

#[cfg(unix)]
#[test]
fn identities_of_a_file_that_others_could_have_written_are_not_taken() {
    use std::os::unix::fs::PermissionsExt as _;
    let written = "auth: {providers: {corp: {kind: aws/iam-identity-center}}}\n";
    let found = "auth: {identities: {a/b: {kind: aws/permission-set, via: {provider: corp}}}}\n";
    for (case, reason) in [
        ("private", ""),
        ("0666", "mode 0666"),
        ("0640", "mode 0640"),
        ("link", "it is a link"),
        ("folder", "no regular file"),
    ] {
        let project = project(&[("repo/atmos.yaml", written)]);
        let folder = project.host().dirs.cache.join("atmos/auth/corp");
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join("provisioned-identities.yaml");
        match case {
            "link" => {
                private_file(&folder.join("elsewhere"), found);
                std::os::unix::fs::symlink(folder.join("elsewhere"), &path).unwrap();
            }
            "folder" => std::fs::create_dir(&path).unwrap(),
            mode => {
                private_file(&path, found);
                let mode = u32::from_str_radix(mode, 8).unwrap_or(0o600);
                std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            }
        }
        let config = project.load();
        assert_eq!(config.auth.get("identities").is_some(), reason.is_empty(), "{case}");
        let said = project.said();
        assert!(reason.is_empty() || said.iter().any(|warning| warning.contains(reason)), "{case}: {said:?}");
    }
}
