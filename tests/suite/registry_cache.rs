//! The cache of providers and modules, with real terraform and a registry of its own over https.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::support::{Background, Sandbox, find_part, free_port, wait_until};

/// The registry: without a port, which terraform cannot have in the paths of mirrors.
const HOST: &str = "registry.example.test";
const FOLDER: &str = "components/terraform/app";

/// A proxy that leads everybody to one port and counts them; it ends with the test.
fn proxy(to: u16) -> (u16, Arc<AtomicUsize>) {
    let count = Arc::new(AtomicUsize::new(0));
    let counted = count.clone();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let lead = move |mut client: TcpStream| -> std::io::Result<()> {
        let mut head = Vec::new();
        let mut byte = [0_u8];
        while !head.ends_with(b"\r\n\r\n") && client.read(&mut byte)? == 1 {
            head.push(byte[0]);
        }
        let Ok(mut server) = TcpStream::connect(("127.0.0.1", to)) else {
            return client.write_all(b"HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n");
        };
        client.write_all(b"HTTP/1.1 200 OK\r\n\r\n")?;
        let (mut from, mut back) = (server.try_clone()?, client.try_clone()?);
        std::thread::spawn(move || {
            let _ = std::io::copy(&mut from, &mut back);
            let _ = back.shutdown(std::net::Shutdown::Both);
        });
        let _ = std::io::copy(&mut client, &mut server);
        server.shutdown(std::net::Shutdown::Both)
    };
    std::thread::spawn(move || {
        for client in listener.incoming().flatten() {
            count.fetch_add(1, Ordering::SeqCst);
            std::thread::spawn(move || lead(client));
        }
    });
    (port, counted)
}

/// A registry of files, each a whole answer, served by openssl.
struct Registry {
    sandbox: Sandbox,
    server: Option<Background>,
    port: u16,
    /// Connections, each of which has one request.
    asked: Arc<AtomicUsize>,
}

impl Registry {
    fn start() -> Registry {
        let mut sandbox = Sandbox::empty();
        // Real runs have one file of their own at most.
        sandbox.remove("TF_CLI_CONFIG_FILE");
        let port = free_port();
        let (proxy, asked) = proxy(port);
        let mut registry = Registry { port, server: None, sandbox, asked };
        let (ca, roots) = (registry.folder().join("ca.pem"), "subjectAltName=DNS:registry.example.test\n");
        std::fs::create_dir_all(registry.folder()).unwrap();
        std::fs::write(registry.folder().join("names"), roots).unwrap();
        let key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
        let made = [
            [
                &["req", "-x509", "-subj", "/CN=authority", "-days", "2", "-keyout", "ca.key", "-out", "ca.pem"][..],
                &key,
            ]
            .concat(),
            [&["req", "-subj", "/CN=localhost", "-keyout", "leaf.key", "-out", "leaf.csr"][..], &key].concat(),
            "x509 -req -in leaf.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile names -out leaf.pem"
                .split(' ')
                .collect(),
        ];
        for words in made {
            let mut command = registry.sandbox.command(find_part("openssl").unwrap());
            let done = command.args(words).current_dir(registry.folder()).stderr(Stdio::null()).status().unwrap();
            assert!(done.success());
        }
        registry.sandbox.set("SSL_CERT_FILE", ca);
        // The name of the registry is known to a proxy alone.
        registry.sandbox.set("HTTPS_PROXY", format!("http://127.0.0.1:{proxy}"));
        registry.sandbox.set("NO_PROXY", "127.0.0.1");
        let services = "{\"providers.v1\": \"/v1/providers/\", \"modules.v1\": \"/v1/modules/\"}";
        registry.put(".well-known/terraform.json", services.as_bytes(), "");
        registry.serve();
        registry
    }

    fn folder(&self) -> PathBuf {
        self.sandbox.root().join("registry")
    }

    /// A file that is an answer.
    fn put(&self, path: &str, body: &[u8], header: &str) {
        let path = self.folder().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        let mut answer =
            format!("HTTP/1.1 200 OK\r\nconnection: close\r\n{header}content-length: {}\r\n\r\n", body.len())
                .into_bytes();
        answer.extend_from_slice(body);
        std::fs::write(path, answer).unwrap();
    }

    fn serve(&mut self) {
        let mut command = Background::command(&find_part("openssl").unwrap());
        let port = self.port.to_string();
        command.args(["s_server", "-quiet", "-HTTP", "-cert", "leaf.pem", "-key", "leaf.key", "-accept", &port]);
        command.current_dir(self.folder());
        self.server = Some(Background::start("openssl", command));
        wait_until("the registry listens", Duration::from_secs(30), || {
            TcpStream::connect(("127.0.0.1", self.port)).ok()
        });
    }

    /// A provider that can be installed, though it does nothing. `sum`: what the registry says of it, if not the truth.
    fn with_provider(&self, sum: Option<&str>) {
        let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        let options = zip::write::SimpleFileOptions::default().unix_permissions(0o755);
        let options = options.compression_method(zip::CompressionMethod::Stored);
        zip.start_file("terraform-provider-thing_v1.0.0", options).unwrap();
        zip.write_all(b"#!/bin/sh\n").unwrap();
        self.with_package(&zip.finish().unwrap().into_inner(), sum);
    }

    fn with_package(&self, zip: &[u8], sum: Option<&str>) {
        let real = sum_of(zip);
        let versions = r#"{"versions": [{"version": "1.0.0", "protocols": ["5.0"], "platforms": [{"os": "linux", "arch": "amd64"}, {"os": "darwin", "arch": "arm64"}]}]}"#;
        self.put("v1/providers/acme/thing/versions", versions.as_bytes(), "");
        let about = format!("{{\"download_url\": \"/files/thing.zip\", \"shasum\": \"{}\"}}", sum.unwrap_or(&real));
        self.put("v1/providers/acme/thing/1.0.0/download/linux/amd64", about.as_bytes(), "");
        self.put("files/thing.zip", zip, "");
    }

    /// A program in place of terraform, which gets its words by `OUT` and leaves there what it got.
    fn with_program(&mut self, text: &str) -> PathBuf {
        let (out, script) = (self.sandbox.root().join("out"), self.sandbox.root().join("terraform"));
        std::fs::create_dir(&out).unwrap();
        std::fs::write(&script, text).unwrap();
        std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).unwrap();
        self.sandbox.set("ATMOS_COMPONENTS_TERRAFORM_COMMAND", script);
        self.sandbox.set("OUT", &out);
        out
    }

    /// What is kept under a key of the usual place.
    fn kept(&self, key: &str) -> PathBuf {
        self.sandbox.home().join(".cache/atmos/terraform/registry").join(key.replace("HOST", HOST))
    }

    fn repository(&self, rest: &str) {
        let sandbox = &self.sandbox;
        sandbox.write(
            "atmos.yaml",
            &format!(
                "base_path: .\nstacks: {{base_path: stacks, included_paths: ['**/*'], name_pattern: '{{stage}}'}}\ncomponents:\n  terraform:\n    \
                 base_path: components/terraform\n    plugin_cache: false\n    cache: {{enabled: true{rest}}}\n"
            ),
        );
        sandbox.write("stacks/dev.yaml", "vars: {stage: dev}\ncomponents: {terraform: {app: {}}}\n");
        let source = format!("{HOST}/acme/thing");
        sandbox.write(
            &format!("{FOLDER}/main.tf"),
            &format!(
                "terraform {{\n  required_providers {{\n    thing = {{\n      source = \"{source}\"\n    }}\n  }}\n}}\n"
            ),
        );
    }

    fn keys(&self) -> Vec<String> {
        let list = self.sandbox.atmos(&["terraform", "cache", "list", "-f", "json"]).success().json();
        let keys = list.as_array().unwrap().iter();
        keys.map(|entry| entry["key"].as_str().unwrap().replace(HOST, "HOST")).collect()
    }

    fn forget(&self) {
        for name in [".terraform", ".terraform.lock.hcl"] {
            let path = self.sandbox.repo().join(FOLDER).join(name);
            let _ = std::fs::remove_dir_all(&path);
            let _ = std::fs::remove_file(&path);
        }
    }
}

fn sum_of(bytes: &[u8]) -> String {
    let sum = ring::digest::digest(&ring::digest::SHA256, bytes);
    sum.as_ref().iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

const INIT: [&str; 5] = ["terraform", "init", "app", "-s", "dev"];
const PACKAGE: &str = "providers/HOST/acme/thing/terraform-provider-thing_1.0.0_linux_amd64.zip";

#[test]
fn providers_come_once_and_then_without_their_registry() {
    let mut registry = Registry::start();
    registry.sandbox = std::mem::replace(&mut registry.sandbox, Sandbox::empty()).with_terraform();
    registry.repository("");
    registry.with_provider(None);
    registry.sandbox.atmos(&INIT).success();
    let installed = registry.sandbox.repo().join(FOLDER).join(".terraform/providers").join(HOST);
    assert!(installed.join("acme/thing/1.0.0/linux_amd64").is_dir());
    let expected = ["providers/HOST/acme/thing/1.0.0.json", "providers/HOST/acme/thing/index.json", PACKAGE];
    assert_eq!(registry.keys(), expected);
    registry.server = None;
    registry.forget();
    registry.sandbox.atmos(&INIT).success().says("Registry cache: ").says("not fetched");
    assert!(installed.is_dir());
    // Nothing of the run is left: neither the certificate nor its configuration.
    assert!(Sandbox::files_below(&registry.sandbox.root().join("tmp")).is_empty());
    let stats = registry.sandbox.atmos(&["terraform", "cache", "stats", "-f", "json"]).success().json();
    assert_eq!((stats["object_count"].as_u64(), stats["providers"].as_u64()), (Some(3), Some(3)));
    let would = ["terraform", "cache", "prune", "--older-than", "0s", "--dry-run"];
    registry.sandbox.atmos(&would).success().says("Would prune 2 object(s)");
    registry.sandbox.atmos(&["terraform", "cache", "prune", "--older-than", "0s"]).success().says("Pruned 2 object(s)");
    assert_eq!(registry.keys(), [PACKAGE]);
    let key = PACKAGE.replace("HOST", HOST);
    registry.sandbox.atmos(&["terraform", "cache", "delete", &key]).success().says("Deleted providers/");
    registry.sandbox.atmos(&["terraform", "cache", "delete", &key]).exits(1).says("there is no `providers/");
    registry.sandbox.atmos(&["terraform", "cache", "delete", "../x"]).exits(1).says("invalid cache key");
    registry.sandbox.atmos(&["terraform", "cache", "list"]).success().says("No cached artifacts found");
    registry.sandbox.atmos(&["terraform", "cache", "trust"]).success().says("Nothing to do");
    registry.forget();
    let gone = registry.sandbox.atmos(&INIT);
    assert_ne!(gone.code(), 0);
    gone.says("the registry cache has nothing for `providers/");
}

#[test]
fn answers_grow_old_and_are_good_enough_while_there_is_no_other() {
    let mut registry = Registry::start();
    registry.sandbox = std::mem::replace(&mut registry.sandbox, Sandbox::empty()).with_terraform();
    registry.repository(", metadata_ttl: 0s, stale_while_revalidate: 0s, location: kept");
    registry.with_provider(None);
    registry.sandbox.atmos(&INIT).success();
    assert!(registry.sandbox.repo().join("kept/providers").is_dir());
    registry.server = None;
    registry.forget();
    registry.sandbox.atmos(&INIT).success().says("is old, and there is no newer one");
}

#[test]
fn a_package_with_another_checksum_is_not_taken() {
    let mut registry = Registry::start();
    registry.sandbox = std::mem::replace(&mut registry.sandbox, Sandbox::empty()).with_terraform();
    registry.repository("");
    registry.with_provider(Some(&"0".repeat(64)));
    let refused = registry.sandbox.atmos(&INIT);
    assert_ne!(refused.code(), 0);
    refused.says("another checksum than its registry says");
    assert!(!registry.keys().contains(&PACKAGE.to_owned()));
}

/// Stands for terraform: asks for what `MODULE` names as terraform would, and keeps what it gets.
const CURL: &str = r#"#!/bin/sh
[ "$1" = init ] || exit 0
base=$(sed -n 's|.*"\(https://127[^"]*/modules/\)registry.terraform.io/".*|\1|p' "$TF_CLI_CONFIG_FILE")
ask() { curl -fsS --cacert "$SSL_CERT_FILE" "$@"; }
ask "$base$MODULE/versions" -o "$OUT/versions" || exit 7
ask -D "$OUT/head" -o /dev/null "$base$MODULE/1.0.0/download" || exit 8
to=$(tr -d '\r' <"$OUT/head" | sed -n 's/^x-terraform-get: //p')
echo "${to##*.tar.gz}" >"$OUT/folder"
ask "${to%%.tar.gz*}.tar.gz" -o "$OUT/archive.tar.gz" || exit 9
server=$(echo "$base" | cut -d/ -f1-3)
for path in "modules/$MODULE/versions" "" "x/../../etc/passwd"; do
    curl -sS --path-as-is --cacert "$SSL_CERT_FILE" -o /dev/null -w '%{http_code} ' "$server/$path" >>"$OUT/codes"
done
curl -sS --cacert "$SSL_CERT_FILE" -X POST -d x -o /dev/null -w '%{http_code}' "$base$MODULE/versions" >>"$OUT/codes"
! env -u SSL_CERT_FILE curl -sS "$server/" 2>/dev/null
"#;

#[test]
fn modules_are_kept_whatever_their_registry_leads_to() {
    let mut registry = Registry::start();
    registry.repository("");
    let source = registry.sandbox.root().join("source");
    std::fs::create_dir_all(source.join("net")).unwrap();
    std::fs::write(source.join("net/main.tf"), "# a module\n").unwrap();
    registry.sandbox.git(&source, &["init", "-q", "-b", "main"]);
    registry.sandbox.git(&source, &["add", "-A"]);
    registry.sandbox.git(&source, &["commit", "-qm", "one"]);
    registry.put(
        "v1/modules/acme/net/aws/versions",
        b"{\"modules\": [{\"versions\": [{\"version\": \"1.0.0\"}]}]}",
        "",
    );
    let to = format!("x-terraform-get: git::file://{}//net?ref=main\r\n", source.display());
    registry.put("v1/modules/acme/net/aws/1.0.0/download", b"", &to);
    let out = registry.with_program(CURL);
    registry.sandbox.set("MODULE", format!("{HOST}/acme/net/aws"));
    for attempt in ["with its registry", "without"] {
        registry.sandbox.atmos(&INIT).success();
        let read = |name: &str| std::fs::read_to_string(out.join(name)).unwrap();
        assert!(read("versions").contains("1.0.0"), "{attempt}");
        assert_eq!(read("folder"), "//net\n");
        let archive = std::fs::File::open(out.join("archive.tar.gz")).unwrap();
        let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(archive));
        let names: Vec<String> =
            archive.entries().unwrap().map(|entry| entry.unwrap().path().unwrap().display().to_string()).collect();
        assert!(
            names.contains(&"net/main.tf".to_owned()) && !names.iter().any(|name| name.contains(".git")),
            "{names:?}"
        );
        // Who does not know the secret part gets nothing, nor who wants to do more than read.
        assert_eq!(read("codes"), "404 404 404 405");
        std::fs::remove_file(out.join("codes")).unwrap();
        std::fs::remove_dir_all(&source).ok();
        registry.server = None;
    }
    let keys = registry.keys();
    assert!(keys.contains(&"modules/HOST/acme/net/aws/versions.json".to_owned()), "{keys:?}");
    assert!(keys.iter().any(|key| key.starts_with("modules/_source/")), "{keys:?}");
}

/// Stands for three terraforms that want a package at once, and says how large atmos got.
const THREE: &str = r#"#!/bin/sh
[ "$1" = init ] || exit 0
[ -z "$KILL" ] || kill -9 $PPID
base=$(grep -o 'https://127[^"]*/providers/' "$TF_CLI_CONFIG_FILE")
ask() { curl -fsS --cacert "$SSL_CERT_FILE" "$base$THING/$1" -o "$OUT/$2"; }
ask index.json index || exit 7
for one in 1 2 3; do
    { ask terraform-provider-thing_1.0.0_linux_amd64.zip "$one" || touch "$OUT/failed"; } &
done
wait
grep VmHWM "/proc/$PPID/status" >"$OUT/peak"
[ ! -e "$OUT/failed" ]
"#;

fn three() -> (Registry, PathBuf) {
    let mut registry = Registry::start();
    registry.repository("");
    let out = registry.with_program(THREE);
    registry.sandbox.set("THING", format!("{HOST}/acme/thing"));
    (registry, out)
}

/// Discovery, versions, where the package is, and the package.
const REQUESTS: usize = 4;

#[test]
fn large_packages_come_once_and_are_never_in_memory() {
    const SIZE: usize = 200 << 20;
    let (registry, out) = three();
    let content: Vec<u8> = (0_u8..251).cycle().take(SIZE).collect();
    let sum = sum_of(&content);
    registry.with_package(&content, None);
    drop(content);
    for attempt in ["fetched", "kept"] {
        registry.sandbox.atmos(&INIT).success();
        for one in ["1", "2", "3"] {
            assert_eq!(sum_of(&std::fs::read(out.join(one)).unwrap()), sum, "{attempt}");
            std::fs::remove_file(out.join(one)).unwrap();
        }
        let peak = std::fs::read_to_string(out.join("peak")).unwrap();
        let kilobytes: usize = peak.split_whitespace().nth(1).unwrap().parse().unwrap();
        assert!(kilobytes < SIZE / 1024 / 2, "{attempt}: {kilobytes} kB");
        assert_eq!(registry.asked.load(Ordering::SeqCst), REQUESTS, "{attempt}");
    }
    let folder = registry.kept("providers/HOST/acme/thing");
    assert!(Sandbox::files_below(&folder).iter().all(|path| !path.to_str().unwrap().contains(".tmp")));
}

#[test]
fn damaged_objects_are_fetched_again() {
    let (registry, out) = three();
    registry.with_provider(None);
    registry.sandbox.atmos(&INIT).success();
    let (kept, good) = (registry.kept(PACKAGE), std::fs::read(out.join("1")).unwrap());
    let note = registry.kept(&format!("{PACKAGE}.metadata.json"));
    let mut bad = good.clone();
    let content = bad.windows(9).position(|window| window == b"#!/bin/sh").unwrap();
    bad[content] ^= 1;
    for known in ["with its sum", "without"] {
        if known == "without" {
            std::fs::remove_file(&note).unwrap();
        }
        std::fs::write(&kept, &bad).unwrap();
        registry.sandbox.atmos(&INIT).success().says("is damaged and is fetched again");
        assert_eq!(
            (std::fs::read(&kept).unwrap(), std::fs::read(out.join("2")).unwrap()),
            (good.clone(), good.clone())
        );
    }
    // What terraform itself put there has no note, and gets one.
    std::fs::remove_file(&note).unwrap();
    std::fs::write(registry.kept("providers/HOST/acme/thing/index.json"), "{\"versions\"").unwrap();
    registry.sandbox.atmos(&INIT).success().says_not("damaged");
    assert!(std::fs::read_to_string(&note).unwrap().contains(&sum_of(&good)));
    assert!(std::fs::read_to_string(out.join("index")).unwrap().contains("1.0.0"));
}

#[test]
fn what_cannot_be_kept_is_of_use_all_the_same() {
    let (registry, out) = three();
    registry.with_provider(None);
    // Neither a folder nor a lock can be made here, whoever asks.
    let root = registry.kept("");
    std::fs::create_dir_all(&root).unwrap();
    for name in ["providers", "locks"] {
        std::fs::write(root.join(name), "").unwrap();
    }
    registry.sandbox.atmos(&INIT).success().says("cannot create").says("of the registry cache");
    assert!(std::fs::read(out.join("3")).unwrap().starts_with(b"PK"));
    assert_eq!(registry.asked.load(Ordering::SeqCst), REQUESTS);
}

#[test]
fn what_a_killed_run_leaves_is_swept_by_the_next() {
    let (registry, _out) = three();
    registry.with_provider(None);
    let sandbox = &registry.sandbox;
    let left = || {
        let all = Sandbox::files_below(sandbox.root());
        let ours =
            |path: &PathBuf| path.ends_with("registry-cache.pem") || path.extension().is_some_and(|end| end == "tfrc");
        all.into_iter().filter(ours).collect::<Vec<_>>()
    };
    sandbox.atmos_with(&[("KILL", "1")], &INIT).exits(128 + 9);
    assert_eq!(left().len(), 2, "{:?}", left());
    sandbox.atmos(&INIT).success();
    assert_eq!(left(), Vec::<PathBuf>::new());
}

#[test]
fn a_kept_address_without_its_archive_is_asked_for_anew() {
    let mut registry = Registry::start();
    registry.repository("");
    let out = registry.with_program(CURL);
    registry.sandbox.set("MODULE", format!("{HOST}/acme/net/aws"));
    registry.put(
        "v1/modules/acme/net/aws/versions",
        b"{\"modules\": [{\"versions\": [{\"version\": \"1.0.0\"}]}]}",
        "",
    );
    let publish = |name: &str| {
        let folder = registry.sandbox.root().join(name);
        std::fs::create_dir(&folder).unwrap();
        std::fs::write(folder.join("main.tf"), name).unwrap();
        let to = format!("x-terraform-get: file://{}\r\n", folder.display());
        registry.put("v1/modules/acme/net/aws/1.0.0/download", b"", &to);
        folder
    };
    let first = publish("first");
    registry.sandbox.atmos(&INIT).success();
    let archives = registry.kept("modules/_source");
    std::fs::remove_dir_all(archives).unwrap();
    std::fs::remove_dir_all(first).unwrap();
    publish("second");
    registry.sandbox.atmos(&INIT).success();
    let archive = std::fs::File::open(out.join("archive.tar.gz")).unwrap();
    let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(archive));
    let mut text = String::new();
    archive.entries().unwrap().next().unwrap().unwrap().read_to_string(&mut text).unwrap();
    assert_eq!(text, "second");
}

#[test]
fn a_configuration_of_the_users_own_goes_first() {
    let registry = Registry::start();
    registry.repository("");
    let own = registry.sandbox.root().join("own.rc");
    std::fs::write(&own, "").unwrap();
    let mut sandbox = registry.sandbox;
    sandbox.record(&["TERRAFORM"]);
    sandbox.set("TF_CLI_CONFIG_FILE", own);
    sandbox.atmos(&INIT).success().says("the registry cache has no effect: TF_CLI_CONFIG_FILE");
}

#[test]
fn a_mirror_is_made_for_the_platforms_that_are_wanted() {
    let mut sandbox = Sandbox::empty();
    sandbox.write(
        "atmos.yaml",
        "base_path: .\nstacks: {base_path: stacks, included_paths: ['**/*'], name_pattern: '{stage}'}\n\
         components: {terraform: {base_path: components/terraform, platforms: [linux_amd64, darwin_arm64]}}\n",
    );
    sandbox.write(
        "stacks/dev.yaml",
        "vars: {stage: dev}\ncomponents: {terraform: {app: {}, b: {metadata: {component: app}}}}\n",
    );
    sandbox.write(&format!("{FOLDER}/main.tf"), "");
    sandbox.record(&["TERRAFORM"]);
    let folder = sandbox.home().join(".cache/atmos/terraform/registry/providers");
    let mirror = |args: &[&str]| sandbox.atmos(&[&["terraform", "cache", "mirror"], args].concat());
    mirror(&["app", "-s", "dev"]).success().says("Cache holds 0 object(s)");
    let expected = format!("providers mirror -platform=linux_amd64 -platform=darwin_arm64 {}", folder.display());
    assert_eq!(sandbox.calls(), [expected.as_str()]);
    // Modules have to be installed before terraform knows what they require.
    sandbox.write(&format!("{FOLDER}/modules.tf"), "module \"m\" {\n  source = \"./m\"\n}\n");
    mirror(&["app", "-s", "dev"]).success();
    let calls = sandbox.calls();
    assert!(calls[0].starts_with("init") && calls.last() == Some(&expected), "{calls:?}");
    mirror(&["app", "-s", "dev", "--skip-init"]).success();
    assert_eq!(sandbox.calls(), [expected.as_str()]);
    std::fs::remove_file(sandbox.repo().join(format!("{FOLDER}/modules.tf"))).unwrap();
    let json = mirror(&["--all", "--platform", "linux_arm64", "-f", "json"]).success().json();
    assert_eq!(json["platforms"], serde_json::json!(["linux_arm64"]));
    assert_eq!(json["components"].as_array().unwrap().len(), 2);
    let calls = sandbox.calls();
    assert!(calls.len() == 2 && calls.iter().all(|call| call.contains("-platform=linux_arm64")), "{calls:?}");
    mirror(&["app"]).exits(1).says("stack is required");
    mirror(&["app", "-s", "dev", "-f", "xml"]).exits(1).says("json, yaml");
    sandbox.atmos(&["terraform", "cache", "prune", "--older-than", "soon"]).exits(1).says("durations such as 168h");
    let other = [("ATMOS_COMPONENTS_TERRAFORM_CACHE_ENABLED", "true")];
    sandbox.remove("TF_CLI_CONFIG_FILE");
    let text = sandbox.read("atmos.yaml").replace("platforms:", "cache: {backend: {type: s3}}, platforms:");
    sandbox.write("atmos.yaml", &text);
    sandbox.atmos_with(&other, &INIT).exits(1).says("`cache.backend.type: s3` is not built yet");
    sandbox.write("atmos.yaml", &text.replace("{backend: {type: s3}}", "{location: atmos.yaml/inside}"));
    sandbox.atmos_with(&other, &INIT).exits(1).says("cannot create").says("inside");
}
