//! `vendor pull` from servers: files and archives of the web, artifacts of registries; and what an interruption leaves.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rustix::process::Signal;

use crate::support::{Objects, Sandbox, vendor_manifest, vendoring, wait_until};

/// A server of files; the first `refused` requests are answered with an error of its own.
pub(super) struct Web {
    pub(super) address: String,
    asked: Arc<AtomicUsize>,
}

pub(super) fn web(files: Vec<(&'static str, Vec<u8>)>, refused: usize) -> Web {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let asked = Arc::new(AtomicUsize::new(0));
    let count = asked.clone();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut line = String::new();
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            reader.read_line(&mut line).unwrap();
            let mut header = String::new();
            while reader.read_line(&mut header).unwrap() > 2 {
                header.clear();
            }
            let path = line.split(' ').nth(1).unwrap_or_default().split('?').next().unwrap_or_default().to_owned();
            let number = count.fetch_add(1, Ordering::SeqCst);
            if path == "/silent" {
                // Whoever asked for it waits for ever.
                std::mem::forget(stream);
                continue;
            }
            let found = files.iter().find(|(name, _)| *name == path).filter(|_| number >= refused);
            let (status, body) =
                found.map_or((if number < refused { 503 } else { 404 }, &[][..]), |(_, body)| (200, body));
            let head = format!("HTTP/1.1 {status} X\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
            // A client that went away misses its answer.
            let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body));
        }
    });
    Web { address, asked }
}

fn sandbox(sources: &str) -> Sandbox {
    let sandbox = vendoring();
    sandbox.write("vendor.yaml", &vendor_manifest(sources));
    sandbox
}

fn source(name: &str, uri: &str) -> String {
    format!("    - {{component: {name}, source: '{uri}', targets: [out/{name}]}}\n")
}

pub(super) fn archive(entries: &[(&str, &str)]) -> Vec<u8> {
    let packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    let mut builder = tar::Builder::new(packed);
    for (path, text) in entries {
        let mut header = tar::Header::new_gnu();
        // `set_path` would refuse the bad paths that the tests need.
        header.as_old_mut().name[..path.len()].copy_from_slice(path.as_bytes());
        header.set_size(text.len() as u64);
        header.set_mode(0o644);
        header.set_cksum();
        builder.append(&header, text.as_bytes()).unwrap();
    }
    builder.into_inner().unwrap().finish().unwrap()
}

#[test]
fn archives_are_unpacked_and_files_keep_their_names() {
    let packed = archive(&[("top/main.tf", "# m\n"), ("top/sub/a.tf", "# a\n")]);
    let server = web(vec![("/x.tar.gz", packed), ("/a/R.md", b"read\n".to_vec())], 0);
    let base = format!("http://{}", server.address);
    let sources = [
        source("whole", &format!("{base}/x.tar.gz")),
        source("part", &format!("{base}/x.tar.gz//top/sub")),
        source("file", &format!("{base}/a/R.md?token=a-secret-of-the-address")),
    ];
    let sandbox = sandbox(&sources.concat());
    let pulled = sandbox.atmos(&["vendor", "pull"]).success();
    for (path, text) in [("out/whole/top/main.tf", "# m\n"), ("out/part/a.tf", "# a\n"), ("out/file/R.md", "read\n")] {
        assert_eq!(sandbox.read(path), text);
    }
    let lock = sandbox.read("vendor.lock.yaml");
    assert!(!lock.contains("a-secret") && !pulled.mentions("a-secret"), "{lock}");
    assert!(lock.contains("digest: sha256:"), "{lock}");
    let asked = server.asked.load(Ordering::SeqCst);
    sandbox.atmos(&["vendor", "pull"]).success().says("3 components are up to date");
    assert_eq!(server.asked.load(Ordering::SeqCst), asked, "nothing is asked for what is there");
    for part in ["", "//sub"] {
        sandbox.write("vendor.yaml", &vendor_manifest(&source("x", &format!("{base}/x.tar.xz{part}"))));
        sandbox.atmos(&["vendor", "pull"]).exits(1).says("archives of this kind cannot be unpacked");
    }
}

#[test]
fn an_archive_that_would_write_elsewhere_is_refused() {
    for path in ["../evil.tf", "/tmp/evil.tf", "a/../../evil.tf"] {
        let server = web(vec![("/x.tgz", archive(&[("good.tf", "x"), (path, "x")]))], 0);
        let sandbox = sandbox(&source("x", &format!("http://{}/x.tgz", server.address)));
        sandbox.write("out/x/main.tf", "# mine\n");
        sandbox.atmos(&["vendor", "pull"]).exits(1).says("the source is refused");
        let files = Sandbox::files_below(&sandbox.repo().join("out"));
        assert_eq!(files, [std::path::PathBuf::from("x/main.tf")], "the target is as it was");
    }
}

#[test]
fn a_source_that_fails_is_tried_as_often_as_it_says() {
    let retried = |attempts: usize| {
        let server = web(vec![("/a.tf", b"# a\n".to_vec())], 2);
        let uri = format!("http://{}/a.tf", server.address);
        let sandbox = sandbox(&format!(
            "    - {{component: x, source: '{uri}', targets: [out/x], retry: {{max_attempts: {attempts}, initial_delay: 1ms}}}}\n"
        ));
        sandbox.atmos(&["vendor", "pull"]).code()
    };
    assert_eq!((retried(2), retried(3)), (1, 0));
}

#[test]
fn artifacts_of_registries_are_pulled() {
    let server = Objects::start(&[], &[("oci/org/vpc/v1/0.tar.gz", &archive(&[("main.tf", "# oci\n")]))]);
    let sandbox = sandbox(&format!(
        "    - {{component: vpc, source: 'oci://{}/org/vpc:{{{{.Version}}}}', version: v1, targets: [out/vpc]}}\n",
        server.address
    ));
    sandbox.atmos(&["vendor", "pull"]).success().says("✓ vpc (v1)");
    assert_eq!(sandbox.read("out/vpc/main.tf"), "# oci\n");
    let lock = sandbox.read("vendor.lock.yaml");
    assert!(lock.contains("kind: oci") && lock.contains("/org/vpc@sha256:"), "{lock}");
}

#[test]
fn an_interruption_leaves_everything_as_it_was() {
    let server = web(vec![("/a.tf", b"# a\n".to_vec())], 0);
    let base = format!("http://{}", server.address);
    let sandbox = sandbox(&[source("a", &format!("{base}/a.tf")), source("b", &format!("{base}/silent"))].concat());
    sandbox.write("out/a/mine.tf", "");
    let run = sandbox.spawn(&["vendor", "pull"]);
    wait_until("both are asked for", Duration::from_secs(30), || {
        (server.asked.load(Ordering::SeqCst) >= 2).then_some(())
    });
    // Whoever runs the tests in the background may have Ctrl-C ignored; this one never is.
    run.signal(Signal::TERM);
    assert_eq!(run.wait().code(), 143);
    assert_eq!(Sandbox::files_below(&sandbox.repo().join("out")), [std::path::PathBuf::from("a/mine.tf")]);
    assert!(!sandbox.repo().join("vendor.lock.yaml").exists());
}
