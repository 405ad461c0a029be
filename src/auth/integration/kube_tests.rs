use std::os::unix::fs::PermissionsExt as _;

use serde_json::json;

use super::super::super::store::open::tests::host;
use super::*;
use crate::value::to_json;

fn target(folder: &Path, update: Update) -> ClusterTarget {
    ClusterTarget {
        name: "dev".to_owned(),
        region: "eu-west-1".to_owned(),
        path: Some(folder.join("k/config").display().to_string()),
        update,
        ..ClusterTarget::default()
    }
}

fn entry(context: &str) -> Entry {
    Entry {
        cluster: Cluster {
            name: "dev".to_owned(),
            region: "eu-west-1".to_owned(),
            id: "arn:dev".to_owned(),
            endpoint: "https://api.test".to_owned(),
            authority: "Q0E=".to_owned(),
            audience: None,
        },
        context: context.to_owned(),
        command: ["/bin/atmos", "aws", "eks", "token"].map(str::to_owned).to_vec(),
    }
}

fn document(folder: &Path) -> serde_json::Value {
    let host = host(folder, &[]);
    to_json(&read(&host, &folder.join("k/config")).unwrap().unwrap())
}

fn other() -> serde_json::Value {
    json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "home", "preferences": {"colors": true},
        "clusters": [{"name": "home", "cluster": {"server": "https://home.test"}}],
        "contexts": [{"name": "home", "context": {"cluster": "home", "user": "me"}}],
        "users": [{"name": "me", "user": {"token": "t"}}],
    })
}

#[test]
fn a_context_that_leads_elsewhere_leaves_no_cluster_behind() {
    let folder = tempfile::tempdir().unwrap();
    let (folder, host) = (folder.path(), host(folder.path(), &[]));
    let target = target(folder, Update::Merge);
    let of = |id: &str, context: &str| {
        let mut entry = entry(context);
        entry.cluster.id = id.to_owned();
        entry
    };
    let clusters = || -> Vec<String> {
        let known = document(folder)["clusters"].as_array().unwrap().clone();
        known.iter().map(|cluster| cluster["name"].as_str().unwrap().to_owned()).collect()
    };
    write(&host, &target, &of("arn:1", "alias"), Switch::Always).unwrap();
    write(&host, &target, &of("arn:2", "alias"), Switch::Always).unwrap();
    assert_eq!(clusters(), ["arn:2"]);
    write(&host, &target, &of("arn:2", "other"), Switch::Always).unwrap();
    write(&host, &target, &of("arn:3", "alias"), Switch::Always).unwrap();
    assert_eq!(clusters(), ["arn:2", "arn:3"], "another context leads to the second one");
}

#[test]
fn a_cluster_is_added_and_taken_out_and_nothing_else_changes() {
    let folder = tempfile::tempdir().unwrap();
    let (folder, host) = (folder.path(), host(folder.path(), &[]));
    std::fs::create_dir(folder.join("k")).unwrap();
    std::fs::write(folder.join("k/config"), other().to_string()).unwrap();
    let target = target(folder, Update::Merge);
    let written = write(&host, &target, &entry("alias"), Switch::Always).unwrap();
    assert!(written.has_changed && written.path == folder.join("k/config"), "{written:?}");
    assert_eq!(std::fs::metadata(&written.path).unwrap().permissions().mode() & 0o777, 0o600);
    let mut expected = other();
    expected["current-context"] = json!("alias");
    let add = |expected: &mut serde_json::Value, list: &str, entry| expected[list].as_array_mut().unwrap().push(entry);
    add(
        &mut expected,
        "clusters",
        json!({"name": "arn:dev",
        "cluster": {"server": "https://api.test", "certificate-authority-data": "Q0E="}}),
    );
    add(
        &mut expected,
        "contexts",
        json!({"name": "alias", "context": {"cluster": "arn:dev", "user": "atmos-eks-dev-eu-west-1",
        "extensions": [{"name": "atmos", "extension": {"previous-context": "home"}}]}}),
    );
    add(
        &mut expected,
        "users",
        json!({"name": "atmos-eks-dev-eu-west-1", "user": {"exec": {
        "apiVersion": "client.authentication.k8s.io/v1beta1", "command": "/bin/atmos", "args": ["aws", "eks", "token"],
        "interactiveMode": "Never", "provideClusterInfo": false}}}),
    );
    assert_eq!(document(folder), expected);
    assert!(!write(&host, &target, &entry("alias"), Switch::Always).unwrap().has_changed);
    assert!(remove(&host, &target, true).unwrap().is_some());
    assert_eq!(document(folder), expected);
    assert_eq!(remove(&host, &target, false).unwrap(), Some(written.path));
    assert_eq!(document(folder), other());
    assert_eq!(remove(&host, &target, false).unwrap(), None);
}

#[test]
fn a_context_of_somebody_else_is_never_touched() {
    let folder = tempfile::tempdir().unwrap();
    let (folder, host) = (folder.path(), host(folder.path(), &[]));
    std::fs::create_dir(folder.join("k")).unwrap();
    std::fs::write(folder.join("k/config"), other().to_string()).unwrap();
    let target = target(folder, Update::Merge);
    for switch in [Switch::Always, Switch::IfFree] {
        let error = write(&host, &target, &entry("home"), switch).unwrap_err();
        assert!(error.to_string().starts_with("context `home` in "), "{error}");
        let help = miette::Diagnostic::help(&error).unwrap().to_string();
        assert!(help.contains("`spec.cluster.alias`") && help.contains("delete-context home"), "{help}");
    }
    assert_eq!(remove(&host, &target, false).unwrap(), None);
    assert_eq!(document(folder), other());
}

#[test]
fn the_current_context_is_a_choice_of_the_person() {
    let folder = tempfile::tempdir().unwrap();
    let (folder, host) = (folder.path(), host(folder.path(), &[]));
    let first = target(folder, Update::Merge);
    let second = ClusterTarget { name: "two".to_owned(), ..first.clone() };
    let current = || document(folder)["current-context"].clone();
    std::fs::create_dir(folder.join("k")).unwrap();
    std::fs::write(folder.join("k/config"), other().to_string()).unwrap();
    // What follows by itself leaves it alone; who asks for a cluster wants it.
    let written = write(&host, &first, &entry("one"), Switch::IfFree).unwrap();
    assert_eq!((current(), written.current.as_deref()), (json!("home"), Some("home")));
    write(&host, &first, &entry("one"), Switch::Always).unwrap();
    assert_eq!(current(), json!("one"));
    // From one of ours to the next, also unasked; the last to go brings back what was there before all of them.
    let written = write(&host, &second, &entry("two"), Switch::IfFree).unwrap();
    assert_eq!((current(), written.current), (json!("two"), None));
    assert!(!write(&host, &second, &entry("two"), Switch::Always).unwrap().has_changed);
    remove(&host, &first, false).unwrap();
    assert_eq!(current(), json!("two"));
    remove(&host, &second, false).unwrap();
    assert_eq!(document(folder), other());
    // What is there no more cannot be brought back.
    write(&host, &first, &entry("one"), Switch::Always).unwrap();
    let text = std::fs::read_to_string(folder.join("k/config")).unwrap();
    std::fs::write(folder.join("k/config"), text.replace("name: home", "name: house")).unwrap();
    remove(&host, &first, false).unwrap();
    assert_eq!(current(), json!(""));
    // A file in which nobody has chosen.
    write(&host, &first, &entry("one"), Switch::IfFree).unwrap();
    assert_eq!(current(), json!("one"));
}

#[test]
fn the_namespace_of_a_context_stays() {
    let folder = tempfile::tempdir().unwrap();
    let (folder, host) = (folder.path(), host(folder.path(), &[]));
    let target = target(folder, Update::Merge);
    write(&host, &target, &entry("dev"), Switch::Always).unwrap();
    let path = folder.join("k/config");
    let text =
        std::fs::read_to_string(&path).unwrap().replace("user: atmos-eks", "namespace: mine\n      user: atmos-eks");
    std::fs::write(&path, text).unwrap();
    write(&host, &target, &Entry { command: vec!["/new/atmos".to_owned()], ..entry("dev") }, Switch::Always).unwrap();
    let document = document(folder);
    assert_eq!(document["contexts"][0]["context"]["namespace"], json!("mine"));
    assert_eq!(document["users"][0]["user"]["exec"]["command"], json!("/new/atmos"));
}

#[test]
fn a_file_with_nothing_left_goes() {
    let folder = tempfile::tempdir().unwrap();
    let (folder, host) = (folder.path(), host(folder.path(), &[]));
    let target = ClusterTarget { mode: Some(0o640), ..target(folder, Update::Merge) };
    let written = write(&host, &target, &entry("dev"), Switch::Always).unwrap();
    assert_eq!(std::fs::metadata(&written.path).unwrap().permissions().mode() & 0o777, 0o640);
    remove(&host, &target, false).unwrap();
    assert!(!written.path.exists());
}

#[test]
fn replace_and_error_do_what_they_say() {
    let folder = tempfile::tempdir().unwrap();
    let (folder, host) = (folder.path(), host(folder.path(), &[]));
    let (refuse, replace) = (target(folder, Update::Refuse), target(folder, Update::Replace));
    write(&host, &refuse, &entry("dev"), Switch::Always).unwrap();
    assert!(
        !write(&host, &refuse, &entry("dev"), Switch::Always).unwrap().has_changed,
        "what is ours already is no reason to fail"
    );
    let mut moved = entry("dev");
    moved.cluster.endpoint = "https://new.test".to_owned();
    let error = write(&host, &refuse, &moved, Switch::Always).unwrap_err();
    assert!(error.to_string().contains("cluster arn:dev already exists"), "{error}");
    std::fs::write(folder.join("k/config"), other().to_string()).unwrap();
    let error = write(&host, &refuse, &entry("home"), Switch::Always).unwrap_err();
    assert!(error.to_string().contains("context home already exists"), "{error}");
    write(&host, &replace, &entry("home"), Switch::Always).unwrap();
    let document = document(folder);
    assert_eq!(document["clusters"].as_array().unwrap().len(), 1);
    assert_eq!(document["clusters"][0]["name"], json!("arn:dev"));
    assert!(!write(&host, &replace, &entry("home"), Switch::Always).unwrap().has_changed);
}

#[test]
fn what_is_no_kubeconfig_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let (folder, host) = (folder.path(), host(folder.path(), &[]));
    std::fs::create_dir(folder.join("k")).unwrap();
    for text in ["users: [{token: topsecret", "- topsecret\n", "clusters: {topsecret: 1}\n"] {
        std::fs::write(folder.join("k/config"), text).unwrap();
        let error = write(&host, &target(folder, Update::Merge), &entry("dev"), Switch::Always).unwrap_err();
        assert!(error.to_string().contains("not a kubeconfig") && !error.to_string().contains("topsecret"), "{error}");
        assert_eq!(std::fs::read_to_string(folder.join("k/config")).unwrap(), text);
    }
}
