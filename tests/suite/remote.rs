//! Manifests, configuration and included files from buckets and registries. Git and the web are tested in
//! `configuration` and in the library.

use std::os::unix::fs::PermissionsExt as _;

use serde_json::json;

use crate::support::{Objects, Outcome, Sandbox, Sts};

const CONFIGURATION: &str = "base_path: .\nstacks: {base_path: stacks, included_paths: ['*'], name_pattern: '{stage}'}\n\
    components: {terraform: {base_path: components}}\n";
/// A tree with a manifest that imports another one of its tree.
const TREE: [(&str, &str); 4] = [
    ("stacks/catalog/vpc.yaml", "import: [catalog/base]\nvars: {cidr: 10.0.0.0/8}\n"),
    ("stacks/catalog/base.yaml", "vars: {base: there}\n"),
    ("one.yaml", "vars: {one: 1}\n"),
    ("data.json", "{\"a\": {\"b\": [1, 2]}}"),
];

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::empty();
    sandbox.write("atmos.yaml", CONFIGURATION);
    sandbox
}

/// The variables of a component of a manifest with these imports.
fn described(sandbox: &Sandbox, imports: &str, vars: &str) -> Outcome {
    let manifest = format!(
        "import:\n{imports}\nvars: {{stage: dev{vars}}}\ncomponents: {{terraform: {{vpc: {{metadata: {{component: x}}}}}}}}\n"
    );
    sandbox.write("stacks/dev.yaml", &manifest);
    sandbox.atmos(&["describe", "component", "vpc", "-s", "dev", "-f", "json"])
}

fn aws(sandbox: &Sandbox, endpoint: &str, arguments: &[&str]) {
    let mut command = sandbox.command("aws");
    command.args(["--endpoint-url", endpoint]).args(arguments).stdout(std::process::Stdio::null());
    assert!(command.status().unwrap().success(), "aws {arguments:?}");
}

#[test]
fn objects_of_s3_are_fetched_with_the_keys_of_the_environment() {
    // The server lives as long as this.
    let cloud = Sts::start();
    let moto = cloud.unrecorded();
    let bucket = format!("shared-{}", std::process::id());
    let mut sandbox = sandbox();
    for (path, text) in TREE {
        sandbox.write(&format!("../up/{path}"), text);
    }
    for (name, value) in [
        ("AWS_ACCESS_KEY_ID", "AKIAREMOTEREMOTE0000"),
        ("AWS_SECRET_ACCESS_KEY", "remote-secret-key-0123456789"),
        ("AWS_DEFAULT_REGION", "us-east-1"),
        ("AWS_ENDPOINT_URL_S3", moto.as_str()),
    ] {
        sandbox.set(name, value);
    }
    let up = sandbox.root().join("up").display().to_string();
    aws(&sandbox, &moto, &["s3", "mb", &format!("s3://{bucket}")]);
    aws(&sandbox, &moto, &["s3", "cp", "--recursive", &up, &format!("s3://{bucket}/infra")]);
    let public = format!("s3://{bucket}/public.yaml");
    aws(&sandbox, &moto, &["s3", "cp", "--acl", "public-read", &format!("{up}/one.yaml"), &public]);

    let one = format!("- s3::{moto}/{bucket}/infra/one.yaml?region=us-east-1");
    let tree = format!("- {{path: 's3://{bucket}/infra//stacks/catalog/vpc', nested_imports: remote, ttl: 1h}}");
    let include = format!(", d: !include 's3://{bucket}/infra/data.json .a.b'");
    let shown = described(&sandbox, &format!("{one}\n{tree}"), &include).success().json();
    let expected = json!({"stage": "dev", "one": 1, "base": "there", "cidr": "10.0.0.0/8", "d": [1, 2]});
    assert_eq!(shown["vars"], expected);
    assert!(shown["imports"].to_string().contains("#stacks/catalog/vpc.yaml"), "{}", shown["imports"]);
    // A folder without `//` is all its manifests.
    let folder = described(&sandbox, &format!("- s3://{bucket}/infra/stacks"), "").exits(1);
    assert!(folder.mentions("stack import not found") && folder.mentions("catalog/base"), "{}", folder.stderr);

    let gone = described(&sandbox, "- s3://no-such-bucket-here/x.yaml", "").exits(1);
    assert!(gone.mentions("status 404") && gone.mentions("NoSuchBucket"), "{}", gone.stderr);
    let missing = described(&sandbox, &format!("- s3://{bucket}/infra/none"), "").exits(1);
    assert!(missing.mentions("failed to find import"), "{}", missing.stderr);
    assert!(!missing.mentions("remote-secret-key"));

    // Within its time to live the copy serves a machine that is offline.
    sandbox.set("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9");
    described(&sandbox, &tree, "").success();
    let offline = described(&sandbox, &tree.replace(", ttl: 1h", ""), "").exits(1);
    assert!(offline.mentions("is in the cache"), "{}", offline.stderr);

    sandbox.set("AWS_ENDPOINT_URL_S3", &moto);
    sandbox.remove("AWS_ACCESS_KEY_ID");
    let refused = described(&sandbox, &one, "").exits(1);
    assert!(refused.mentions("status 403") && refused.mentions("AWS_ACCESS_KEY_ID"), "{}", refused.stderr);
    described(&sandbox, &format!("- {public}"), "").success();
}

#[test]
fn objects_of_gcs_are_fetched_with_a_token() {
    let paths: Vec<String> = TREE.iter().map(|(path, _)| format!("gcs/shared/infra/{path}")).collect();
    let files: Vec<(&str, &[u8])> =
        paths.iter().zip(TREE).map(|(path, (_, text))| (path.as_str(), text.as_bytes())).collect();
    let server = Objects::start(&["--token", "ya29.a-token-of-google"], &files);
    let mut sandbox = sandbox();
    sandbox.set("STORAGE_EMULATOR_HOST", &server.address);
    sandbox.set("GOOGLE_OAUTH_ACCESS_TOKEN", "ya29.a-token-of-google");
    let imports = "- gcs::https://www.googleapis.com/storage/v1/shared/infra/one.yaml\n\
        - {path: 'gcs://shared/infra//stacks/catalog/vpc', nested_imports: remote}";
    let shown = described(&sandbox, imports, ", d: !include 'gs://shared/infra/data.json .a.b'").success().json();
    let expected = json!({"stage": "dev", "one": 1, "base": "there", "cidr": "10.0.0.0/8", "d": [1, 2]});
    assert_eq!(shown["vars"], expected);
    sandbox.set("GOOGLE_OAUTH_ACCESS_TOKEN", "ya29.another-one");
    let refused = described(&sandbox, imports, "").exits(1);
    assert!(refused.mentions("status 401") && refused.mentions("token is still good"), "{}", refused.stderr);
    assert!(!refused.mentions("ya29.another"), "{}", refused.stderr);
}

/// The tree as one packed layer.
fn layer() -> Vec<u8> {
    let packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    let mut archive = tar::Builder::new(packed);
    for (path, text) in TREE {
        let mut header = tar::Header::new_gnu();
        header.set_size(text.len() as u64);
        header.set_mode(0o644);
        header.set_cksum();
        archive.append_data(&mut header, path, text.as_bytes()).unwrap();
    }
    archive.into_inner().unwrap().finish().unwrap()
}

const LOGIN: &str = "robot:a-password-of-the-robot";
/// [`LOGIN`] as docker keeps it.
const AUTH: &str = "cm9ib3Q6YS1wYXNzd29yZC1vZi10aGUtcm9ib3Q=";

#[test]
fn artifacts_are_pulled_with_and_without_a_login() {
    let layer = layer();
    let files: [(&str, &[u8]); 2] =
        [("oci/org/stacks/v1/0.tar.gz", &layer), ("oci/org/stacks/v1/more.yaml", b"vars: {more: 1}\n")];
    for (flags, private) in [
        (&[][..], false),
        (&["--redirect"], false),
        (&["--login", LOGIN, "--redirect"], true),
        (&["--login", LOGIN, "--basic"], true),
    ] {
        let server = Objects::start(flags, &files);
        let address = format!("oci://{}/org/stacks:v1", server.address);
        let mut sandbox = sandbox();
        let docker = sandbox.root().join("docker");
        let imports =
            format!("- {{path: '{address}//stacks/catalog/vpc', nested_imports: remote}}\n- {address}//more.yaml");
        let include = format!(", d: !include '{address}//data.json .a.b'");
        sandbox.set("DOCKER_CONFIG", &docker);
        if private {
            let refused = described(&sandbox, &imports, "").exits(1);
            assert!(refused.mentions("status 401") && refused.mentions("docker login"), "{}", refused.stderr);
            let config = json!({"auths": {&server.address: {"auth": AUTH}}});
            sandbox.write("../docker/config.json", &config.to_string());
        }
        let shown = described(&sandbox, &imports, &include).success().json();
        let expected = json!({"stage": "dev", "more": 1, "base": "there", "cidr": "10.0.0.0/8", "d": [1, 2]});
        assert_eq!(shown["vars"], expected, "{flags:?}");
        let pulls = server.log().iter().filter(|path| path.ends_with("/manifests/v1")).count();
        assert!(pulls > 0, "{:?}", server.log());
    }
}

#[test]
fn credential_helpers_of_docker_are_asked() {
    let layer = layer();
    let server = Objects::start(&["--login", LOGIN], &[("oci/org/stacks/v1/0.tar.gz", &layer)]);
    let mut sandbox = sandbox();
    let (docker, bin) = (sandbox.root().join("docker"), sandbox.root().join("bin"));
    sandbox.set("DOCKER_CONFIG", &docker);
    sandbox.write("../docker/config.json", &json!({"credHelpers": {&server.address: "robot"}}).to_string());
    let import = format!("- oci://{}/org/stacks:v1//one.yaml", server.address);
    let absent = described(&sandbox, &import, "").exits(1);
    assert!(absent.mentions("docker-credential-robot"), "{}", absent.stderr);
    let script = "#!/bin/sh\nread server\nprintf '{\"ServerURL\":\"%s\",\"Username\":\"robot\",\
        \"Secret\":\"a-password-of-the-robot\"}' \"$server\"\n";
    sandbox.write("../bin/docker-credential-robot", script);
    let program = bin.join("docker-credential-robot");
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o700)).unwrap();
    sandbox.set("PATH", format!("{}:/usr/bin:/bin", bin.display()));
    assert_eq!(described(&sandbox, &import, "").success().json()["vars"]["one"], 1);
}

#[test]
fn tags_are_pulled_by_every_run_and_digests_once() {
    let layer = layer();
    let server = Objects::start(&[], &[("oci/org/stacks/v1/0.tar.gz", &layer)]);
    let sandbox = sandbox();
    let describe = |reference: &str, more: &str| {
        let import = format!("- {{path: 'oci://{}/org/stacks{reference}//one.yaml'{more}}}", server.address);
        described(&sandbox, &import, "").success();
        server.log().len()
    };
    let first = describe(":v1", "");
    let second = describe(":v1", "");
    assert!(second > first, "a tag may name something else by now");
    assert_eq!(describe(":v1", ", ttl: 1h"), second);
    // The configuration imports from registries too.
    let import = format!("import: ['oci://{}/org/stacks:v1//conf.yaml']\n", server.address);
    server.write("oci/org/stacks/v1/conf.yaml", b"settings: {list_merge_strategy: append}\n");
    sandbox.write("atmos.yaml", &format!("{import}{CONFIGURATION}"));
    let shown = sandbox.atmos(&["describe", "config", "-q", ".settings.list_merge_strategy"]).success();
    assert!(shown.stdout.contains("append"), "{}", shown.stdout);
}
