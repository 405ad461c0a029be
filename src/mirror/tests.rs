//! What is kept, and who is trusted.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use super::{Kind, Shelf, certificate};

#[test]
fn objects_have_keys_and_grow_old() {
    let temp = tempfile::tempdir().unwrap();
    let shelf = Shelf::at(temp.path());
    assert!(shelf.list().unwrap().is_empty());
    let (index, package) = ("providers/h:1/n/t/index.json", "providers/h:1/n/t/terraform-provider-t_1_linux_amd64.zip");
    shelf.put(index, b"{}", Kind::Metadata).unwrap();
    shelf.put(package, b"zip", Kind::Artifact).unwrap();
    std::fs::write(temp.path().join("providers/h:1/n/t/1.json"), "{}").unwrap();
    std::fs::write(temp.path().join("elsewhere"), "").unwrap();
    let all = shelf.list().unwrap();
    let kinds: Vec<_> = all.iter().map(|entry| (entry.key.as_str(), entry.kind, entry.fetched.is_some())).collect();
    assert_eq!(
        kinds,
        [
            ("providers/h:1/n/t/1.json", Kind::Metadata, false),
            (index, Kind::Metadata, true),
            (package, Kind::Artifact, true)
        ]
    );
    let later = Timestamp::from_second(Timestamp::now().as_second() + 7200).unwrap();
    let hour = Duration::from_hours(1);
    assert_eq!(shelf.prune(hour, false, true, later).unwrap().len(), 2);
    assert_eq!(shelf.prune(hour * 3, true, false, later).unwrap(), []);
    assert_eq!(shelf.prune(hour, false, false, later).unwrap().len(), 2);
    assert_eq!(shelf.list().unwrap().len(), 1);
    shelf.delete(package).unwrap();
    assert!(!temp.path().join("providers").exists(), "empty folders go");
    assert!(shelf.delete(package).is_err());
    for key in ["tls/key.pem", "../x", "providers", "providers/../../x", "providers//x", "/etc/passwd", "modules/.x"] {
        assert!(shelf.delete(key).is_err() && shelf.path(key).is_err(), "{key}");
    }
}

#[test]
fn what_never_came_whole_is_no_object_and_goes() {
    let temp = tempfile::tempdir().unwrap();
    let shelf = Shelf::at(temp.path());
    let folder = temp.path().join("providers/h/n/t");
    std::fs::create_dir_all(&folder).unwrap();
    let old = std::time::SystemTime::now() - Duration::from_hours(48);
    for (name, old) in [(".tmp-a-1", Some(old)), (".atmos-x.tmp", Some(old)), (".tmp-b-1", None)] {
        let file = std::fs::File::create(folder.join(name)).unwrap();
        if let Some(at) = old {
            file.set_modified(at).unwrap();
        }
    }
    assert_eq!(shelf.list().unwrap(), []);
    assert_eq!(shelf.prune(Duration::ZERO, true, false, Timestamp::now()).unwrap(), []);
    let names: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, [".tmp-b-1"]);
    // Who alone fetches a package removes what another attempt has left.
    let key = "providers/h/n/t/p.zip";
    let kept = shelf.intake(key, false).unwrap().into_place();
    let super::intake::Place::Beside(file) = kept else { panic!("it has no name") };
    let path = file.into_temp_path().keep().unwrap();
    assert!(path.exists());
    let _intake = shelf.intake(key, true).unwrap();
    assert!(!path.exists());
}

#[test]
fn answers_from_the_future_are_old() {
    let temp = tempfile::tempdir().unwrap();
    let shelf = Shelf::at(temp.path());
    let key = "providers/h/n/t/index.json";
    shelf.put(key, b"{}", Kind::Metadata).unwrap();
    assert!(shelf.read(key).unwrap().1 < Duration::from_mins(5));
    let note = "{\"custom\": {\"kind\": \"metadata\", \"fetched_at\": \"2999-01-01T00:00:00Z\"}}";
    std::fs::write(temp.path().join(format!("{key}.metadata.json")), note).unwrap();
    assert_eq!(shelf.read(key).unwrap().1, Duration::MAX);
}

#[test]
fn the_certificate_is_good_for_this_machine_alone() {
    let (pem, server) = certificate::make(Timestamp::now()).unwrap();
    let talk = |name: &'static str| {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = server.clone();
        let answering = std::thread::spawn(move || {
            let (stream, _) = listener.accept().unwrap();
            let mut stream = StreamOwned::new(rustls::ServerConnection::new(server).unwrap(), stream);
            stream.write_all(b"hello").is_ok()
        });
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(pem.as_bytes()).unwrap()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let config = Arc::new(config.with_root_certificates(roots).with_no_client_auth());
        let client = ClientConnection::new(config, ServerName::try_from(name).unwrap()).unwrap();
        let mut stream = StreamOwned::new(client, TcpStream::connect(("127.0.0.1", port)).unwrap());
        let mut text = [0_u8; 5];
        let heard = stream.read_exact(&mut text).is_ok() && &text == b"hello";
        drop(stream);
        let _ = answering.join();
        heard
    };
    assert!(talk("127.0.0.1") && talk("localhost"));
    assert!(!talk("registry.terraform.io"));
}
