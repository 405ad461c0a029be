use std::os::unix::fs::PermissionsExt as _;

use super::super::super::store::open::tests::host;
use super::*;
use crate::secret::Secret;

fn login(registry: &str, password: &str) -> RegistryLogin {
    RegistryLogin {
        registry: registry.to_owned(),
        user: "AWS".to_owned(),
        password: Secret::from(password.to_owned()),
        expires: None,
    }
}

fn docker(host: &Host) -> Docker<'_> {
    Docker { host }
}

fn machine(folder: &Path) -> Host {
    host(
        folder,
        &[("DOCKER_CONFIG", folder.join("d").to_str().unwrap()), ("PATH", folder.join("bin").to_str().unwrap())],
    )
}

fn config(folder: &Path) -> Json {
    serde_json::from_slice(&std::fs::read(folder.join("d/config.json")).unwrap()).unwrap()
}

/// A helper that keeps what it is told beside itself, and the words that it was called with.
fn helper(folder: &Path) {
    let bin = folder.join("bin");
    std::fs::create_dir_all(&bin).unwrap();
    let path = bin.join("docker-credential-test");
    let place = folder.display();
    std::fs::write(&path, format!("#!/bin/sh\necho \"$@\" >>{place}/words\nwhile read -r line; do echo \"$line\" >>{place}/$1; done\n[ -z \"$line\" ] || echo \"$line\" >>{place}/$1\n")).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn a_login_goes_into_the_file_and_out_again_and_nothing_else_changes() {
    let folder = tempfile::tempdir().unwrap();
    let (folder, host) = (folder.path(), machine(folder.path()));
    docker(&host).store(&login("a.test", "first")).unwrap();
    let path = folder.join("d/config.json");
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let before = json!({"auths": {"b.test": {"auth": "eDp5"}, "a.test": {"auth": "b2xk"}}, "HttpHeaders": {"X": "y"}, "currentContext": "c"});
    std::fs::write(&path, before.to_string()).unwrap();
    assert_eq!(docker(&host).store(&login("a.test", "second")).unwrap(), path.display().to_string());
    let mut expected = before.clone();
    expected["auths"]["a.test"]["auth"] = json!("QVdTOnNlY29uZA==");
    assert_eq!(config(folder), expected);
    let registries = ["a.test".to_owned(), "c.test".to_owned()];
    assert_eq!(docker(&host).remove(&registries, true).unwrap().len(), 1);
    assert_eq!(config(folder), expected);
    assert_eq!(docker(&host).remove(&registries, false).unwrap(), [("a.test".to_owned(), path.display().to_string())]);
    expected["auths"].as_object_mut().unwrap().remove("a.test");
    assert_eq!(config(folder), expected);
    assert!(docker(&host).remove(&registries, false).unwrap().is_empty());
}

#[test]
fn what_other_programs_wrote_stays_to_the_byte() {
    let folder = tempfile::tempdir().unwrap();
    let (folder, host) = (folder.path(), machine(folder.path()));
    std::fs::create_dir(folder.join("d")).unwrap();
    let path = folder.join("d/config.json");
    let before = "{\"z\":1,\"proxies\":{\"default\":{\"x\":12345678901234567890123}},\"f\":1.10,\"auths\":{\"a\":{\"auth\":\"eDp5\"}},\"auths\":{\"b\":{}}}\n";
    std::fs::write(&path, before).unwrap();
    docker(&host).store(&login("r.test", "p")).unwrap();
    let expected = before.replace("{\"b\":{}", "{\"b\":{},\"r.test\": {\"auth\": \"QVdTOnA=\"}");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), expected);
    docker(&host).remove(&["r.test".to_owned()], false).unwrap();
    assert_eq!(std::fs::read_to_string(&path).unwrap(), before);
}

#[test]
fn a_link_that_leads_nowhere_is_not_written_over() {
    let folder = tempfile::tempdir().unwrap();
    let (folder, host) = (folder.path(), machine(folder.path()));
    std::fs::create_dir(folder.join("d")).unwrap();
    let path = folder.join("d/config.json");
    std::os::unix::fs::symlink(folder.join("dotfiles/config.json"), &path).unwrap();
    let refused = docker(&host).store(&login("a.test", "p")).unwrap_err().to_string();
    assert!(
        refused.contains("d/config.json: it is a link to ") && refused.contains("dotfiles/config.json"),
        "{refused}"
    );
    assert!(path.is_symlink() && !path.exists());
    assert!(docker(&host).remove(&["a.test".to_owned()], false).is_err());
}

#[test]
fn a_link_is_written_through() {
    let folder = tempfile::tempdir().unwrap();
    let (folder, host) = (folder.path(), machine(folder.path()));
    std::fs::create_dir(folder.join("d")).unwrap();
    std::fs::write(folder.join("kept.json"), "{}").unwrap();
    std::os::unix::fs::symlink(folder.join("kept.json"), folder.join("d/config.json")).unwrap();
    docker(&host).store(&login("a.test", "p")).unwrap();
    assert!(folder.join("d/config.json").is_symlink());
    assert!(std::fs::read_to_string(folder.join("kept.json")).unwrap().contains("a.test"));
}

#[test]
fn what_is_no_configuration_is_left_alone_and_not_repeated() {
    let folder = tempfile::tempdir().unwrap();
    let (folder, host) = (folder.path(), machine(folder.path()));
    std::fs::create_dir(folder.join("d")).unwrap();
    for text in ["{\"auths\": {\"x\": {\"auth\": \"topsecret\"", "[\"topsecret\"]", "{\"auths\": [\"topsecret\"]}"] {
        std::fs::write(folder.join("d/config.json"), text).unwrap();
        let error = docker(&host).store(&login("a.test", "p")).unwrap_err();
        assert!(error.to_string().contains("config.json") && !error.to_string().contains("topsecret"), "{error}");
        assert!(furnish(&host, &folder.join("run"), &[login("a.test", "p")]).is_err());
        assert_eq!(std::fs::read_to_string(folder.join("d/config.json")).unwrap(), text);
    }
}

#[test]
fn a_helper_keeps_the_login_where_the_configuration_names_one() {
    let folder = tempfile::tempdir().unwrap();
    let (folder, host) = (folder.path(), machine(folder.path()));
    helper(folder);
    std::fs::create_dir(folder.join("d")).unwrap();
    std::fs::write(folder.join("d/config.json"), r#"{"credsStore": "test"}"#).unwrap();
    let place = docker(&host).store(&login("a.test", "secret-of-a")).unwrap();
    assert_eq!(place, "the credential helper docker-credential-test");
    assert_eq!(config(folder), json!({"credsStore": "test", "auths": {"a.test": {}}}));
    let kept: Json = serde_json::from_str(&std::fs::read_to_string(folder.join("store")).unwrap()).unwrap();
    assert_eq!(kept, json!({"ServerURL": "a.test", "Username": "AWS", "Secret": "secret-of-a"}));
    assert_eq!(std::fs::read_to_string(folder.join("words")).unwrap(), "store\n");
    docker(&host).remove(&["a.test".to_owned()], false).unwrap();
    assert_eq!(std::fs::read_to_string(folder.join("erase")).unwrap().trim(), "a.test");
    assert_eq!(config(folder)["auths"], json!({}));
    std::fs::write(folder.join("d/config.json"), r#"{"credHelpers": {"a.test": "missing"}}"#).unwrap();
    let error = docker(&host).store(&login("a.test", "secret-of-a")).unwrap_err();
    assert!(
        error.to_string().contains("docker-credential-missing") && !error.to_string().contains("secret"),
        "{error}"
    );
    assert_eq!(config(folder)["auths"], Json::Null, "nothing is left in clear instead");
}

#[test]
fn the_private_configuration_has_what_the_user_has_and_the_logins() {
    let folder = tempfile::tempdir().unwrap();
    let (folder, host) = (folder.path(), machine(folder.path()));
    std::fs::create_dir_all(folder.join("d/contexts")).unwrap();
    std::fs::write(folder.join("d/config.json"), r#"{"credsStore": "missing", "auths": {"b.test": {}}, "x": 1}"#)
        .unwrap();
    let run = folder.join("run");
    furnish(&host, &run, &[login("a.test", "p")]).unwrap();
    let text = std::fs::read(run.join("config.json")).unwrap();
    let expected = json!({"credsStore": "missing", "credHelpers": {"a.test": ""}, "auths": {"a.test": {"auth": "QVdTOnA="}, "b.test": {}}, "x": 1});
    assert_eq!(serde_json::from_slice::<Json>(&text).unwrap(), expected);
    assert_eq!(std::fs::metadata(run.join("config.json")).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(run.join("contexts").is_symlink() && !run.join("config.json").is_symlink());
    assert!(!config(folder).to_string().contains("a.test"), "the user's own file stays as it is");
}

#[test]
fn a_pipe_in_place_of_the_file_keeps_nobody_waiting() {
    let folder = tempfile::tempdir().unwrap();
    let (folder, host) = (folder.path(), machine(folder.path()));
    std::fs::create_dir_all(folder.join("d")).unwrap();
    let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
    let path = folder.join("d/config.json");
    rustix::fs::mknodat(rustix::fs::CWD, &path, rustix::fs::FileType::Fifo, mode, 0).unwrap();
    let refused = docker(&host).store(&login("r.example", "p")).unwrap_err();
    assert!(refused.to_string().contains("it is not a regular file"), "{refused}");
}
