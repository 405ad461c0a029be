//! Whole fetches, on this machine: repositories in temporary folders, a server on the loopback, a closed port.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use super::*;
use crate::diag::{Message, Talk};
use crate::host::{Dirs, Env, Host, Terminal};
use crate::secret::Masker;
use crate::span::Sources;

/// A home with a cache.
struct Machine {
    directory: tempfile::TempDir,
    said: Arc<Mutex<Vec<String>>>,
}

impl Machine {
    fn new() -> Machine {
        Machine { directory: tempfile::tempdir().unwrap(), said: Arc::default() }
    }

    fn root(&self) -> PathBuf {
        self.directory.path().canonicalize().unwrap()
    }

    fn host_with(&self, variables: &[(&str, &str)]) -> Host {
        let said = self.said.clone();
        let talk = Talk::new(move |message| {
            if let Message::Warning(warning) = message {
                said.lock().unwrap().push(warning.message);
            }
        });
        #[expect(clippy::disallowed_methods, reason = "git is found by the path of whoever runs the tests")]
        let path = std::env::var("PATH").unwrap_or_default();
        let mut env = Env::from_iter([("PATH", path.as_str()), ("GIT_CONFIG_NOSYSTEM", "1")]);
        env.set("HOME", self.root().as_os_str());
        for (name, value) in variables {
            env.set(*name, *value);
        }
        Host {
            guard: Arc::default(),
            env,
            cwd: self.root(),
            dirs: Dirs { cache: self.root().join("cache"), ..Dirs::default() },
            terminal: Terminal::default(),
            exe: PathBuf::from("atmos"),
            talk,
            masker: Arc::new(Masker::default()),
            sources: Arc::new(Sources::new()),
        }
    }

    fn host(&self) -> Host {
        self.host_with(&[])
    }

    /// A repository with one commit of these files; its address.
    fn repository(&self, files: &[(&str, &str)]) -> String {
        let folder = self.root().join("repository");
        std::fs::create_dir_all(&folder).unwrap();
        self.git(&["init", "--quiet", "--initial-branch=main"]);
        self.commit(files);
        format!("git::file://{}", folder.display())
    }

    fn commit(&self, files: &[(&str, &str)]) -> String {
        for (path, text) in files {
            let path = self.root().join("repository").join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        self.git(&["add", "."]);
        self.git(&["-c", "user.name=t", "-c", "user.email=t@example.com", "commit", "--quiet", "--message=x"]);
        self.git(&["rev-parse", "HEAD"])
    }

    fn git(&self, arguments: &[&str]) -> String {
        let command = duct::cmd("git", arguments).dir(self.root().join("repository"));
        let command = command.env("HOME", self.root()).env("GIT_CONFIG_NOSYSTEM", "1").env_remove("GIT_DIR");
        command.read().unwrap()
    }
}

/// Answers every path of the table until the test ends, and remembers what was asked: path and authorization.
struct Server {
    address: String,
    asked: Arc<Mutex<Vec<(String, String)>>>,
}

impl Server {
    fn start(answers: &'static [(&'static str, &'static str, &'static [u8])]) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let asked: Arc<Mutex<Vec<(String, String)>>> = Arc::default();
        let seen = asked.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(mut stream) = stream else { return };
                let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
                let first = lines.next().and_then(Result::ok).unwrap_or_default();
                let path = first.split(' ').nth(1).unwrap_or_default().to_owned();
                let head: Vec<String> = lines.map_while(Result::ok).take_while(|line| !line.is_empty()).collect();
                let header = head
                    .iter()
                    .find_map(|line| line.to_lowercase().starts_with("authorization:").then(|| line[15..].to_owned()));
                seen.lock().unwrap().push((path.clone(), header.unwrap_or_default()));
                let known = answers.iter().find(|(known, ..)| *known == path);
                let (status, body) = known.map_or(("404 Not Found", &b""[..]), |(_, status, body)| (*status, *body));
                let head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
                let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body));
            }
        });
        Server { address, asked }
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    fn asked(&self) -> Vec<(String, String)> {
        self.asked.lock().unwrap().clone()
    }
}

fn text(resolved: &Resolved) -> Vec<String> {
    resolved.files.iter().map(|file| std::fs::read_to_string(&file.path).unwrap()).collect()
}

fn keys(resolved: &Resolved, address: &str) -> Vec<String> {
    resolved.files.iter().map(|file| file.key.replace(address, "<address>")).collect()
}

#[test]
fn a_repository_gives_files_directories_and_references() {
    let machine = Machine::new();
    let address = machine.repository(&[("stacks/a.yaml", "one"), ("stacks/b/c.yml", "c"), ("stacks/readme.md", "")]);
    machine.git(&["tag", "v1"]);
    let first = machine.git(&["rev-parse", "HEAD"]);
    machine.commit(&[("stacks/a.yaml", "two")]);
    let (host, settings, fetcher) = (machine.host(), Settings::default(), Fetcher::default());
    let resolve = |rest: &str| fetcher.resolve(&host, &settings, &format!("{address}{rest}"), None);
    assert_eq!(text(&resolve("//stacks/a").unwrap()), ["two"]);
    assert_eq!(text(&resolve("//stacks/a.yaml?ref=v1").unwrap()), ["one"]);
    assert_eq!(text(&resolve(&format!("//stacks/a?ref={first}")).unwrap()), ["one"]);
    let all = resolve("//stacks?ref=main").unwrap();
    let shown = format!("{address}//stacks?ref=main");
    assert_eq!(keys(&all, &shown), ["<address>#stacks/a.yaml", "<address>#stacks/b/c.yml"]);
    assert_eq!(all.nested_base("stacks").unwrap(), all.root.clone().unwrap().join("stacks"));
    assert!(all.nested_base("elsewhere").is_err());
    assert!(matches!(resolve("//nothing"), Err(Error::NotFound { .. })));
    let message = resolve("//stacks/a?ref=nope").unwrap_err().to_string();
    assert!(message.contains("git fetch:"), "{message}");
}

#[test]
fn a_repository_is_fetched_once_per_run_and_again_by_the_next() {
    let machine = Machine::new();
    let address = machine.repository(&[("a.yaml", "one"), ("b.yaml", "b")]);
    let (host, settings, fetcher) = (machine.host(), Settings::default(), Fetcher::default());
    let read =
        |fetcher: &Fetcher, ttl| text(&fetcher.resolve(&host, &settings, &format!("{address}//a"), ttl).unwrap());
    assert_eq!(read(&fetcher, None), ["one"]);
    machine.commit(&[("a.yaml", "two")]);
    assert_eq!(read(&fetcher, None), ["one"], "one run sees one state");
    assert_eq!(read(&Fetcher::default(), Some("1h")), ["one"], "the copy is younger than its time to live");
    assert_eq!(read(&Fetcher::default(), Some("0s")), ["two"]);
    machine.commit(&[("a.yaml", "three")]);
    assert_eq!(read(&Fetcher::default(), None), ["three"]);
    assert_eq!(read(&Fetcher::default(), Some("now and then")), ["three"]);
    assert_eq!(machine.said.lock().unwrap().len(), 1, "an odd time to live is named once");
}

/// Folders and records in the cache.
fn cached(machine: &Machine) -> (usize, usize) {
    let entries = std::fs::read_dir(machine.root().join("cache/atmos/stack-imports")).unwrap().flatten();
    let (folders, files): (Vec<PathBuf>, Vec<PathBuf>) =
        entries.map(|entry| entry.path()).partition(|path| path.is_dir());
    (folders.len(), files.iter().filter(|path| path.extension().is_some_and(|ending| ending == "json")).count())
}

#[test]
fn a_copy_goes_with_the_next_fetch_unless_somebody_reads_it() {
    let machine = Machine::new();
    let repository = machine.repository(&[("a.yaml", "a: 1\n")]);
    let host = machine.host();
    let fetch = |fetcher: &Fetcher| {
        let address = format!("{repository}//a.yaml");
        fetcher.fetched(&host, &Settings::default(), &address, Some("0s")).unwrap().path
    };
    for _ in 0..3 {
        fetch(&Fetcher::default());
        assert_eq!(cached(&machine), (1, 1));
    }
    let reads = Fetcher::default();
    let old = fetch(&reads);
    fetch(&Fetcher::default());
    assert!(old.exists() && cached(&machine).0 == 2);
    drop(reads);
    fetch(&Fetcher::default());
    assert!(!old.exists() && cached(&machine) == (1, 1));
}

#[test]
fn copies_for_one_run_go_after_a_day() {
    let machine = Machine::new();
    let repository = machine.repository(&[("a.yaml", "a: 1\n")]);
    let host = machine.host();
    let fetch = |host: &Host, address: &str, ttl| {
        Fetcher::default().fetched(host, &Settings::default(), address, Some(ttl)).unwrap();
    };
    let (one, two) = (format!("{repository}//a.yaml"), format!("{repository}//a.yaml?ref=main"));
    fetch(&host, &one, "0s");
    fetch(&host, &two, "1h");
    assert_eq!(cached(&machine), (2, 2));
    let cache = machine.root().join("cache/atmos/stack-imports");
    for entry in std::fs::read_dir(cache).unwrap().flatten().filter(|entry| entry.path().extension().is_some()) {
        let Ok(text) = std::fs::read_to_string(entry.path()) else { continue };
        let Ok(mut pointer) = serde_json::from_str::<serde_json::Value>(&text) else { continue };
        pointer["fetched_at"] = "2020-01-01T00:00:00Z".into();
        std::fs::write(entry.path(), pointer.to_string()).unwrap();
    }
    fetch(&host, &two, "1h");
    assert_eq!(cached(&machine), (1, 1), "that of the first is of no use any more");
}

#[test]
fn a_broken_cache_is_as_good_as_none() {
    let machine = Machine::new();
    let address = machine.repository(&[("a.yaml", "one")]);
    let (host, settings) = (machine.host(), Settings::default());
    let read = || text(&Fetcher::default().resolve(&host, &settings, &format!("{address}//a"), Some("1d")).unwrap());
    assert_eq!(read(), ["one"]);
    let cache = machine.root().join("cache/atmos/stack-imports");
    for entry in std::fs::read_dir(&cache).unwrap().flatten() {
        let path = entry.path();
        if path.extension().is_some_and(|extension| extension == "json") {
            std::fs::write(&path, "{broken").unwrap();
        }
    }
    assert_eq!(read(), ["one"]);
    std::fs::remove_dir_all(&cache).unwrap();
    assert_eq!(read(), ["one"]);
}

#[test]
fn a_source_that_is_gone_names_the_copy_that_is_there() {
    let machine = Machine::new();
    let address = machine.repository(&[("a.yaml", "one")]);
    let (host, settings) = (machine.host(), Settings::default());
    let resolve = || Fetcher::default().resolve(&host, &settings, &format!("{address}//a"), None);
    resolve().unwrap();
    std::fs::rename(machine.root().join("repository"), machine.root().join("elsewhere")).unwrap();
    let help = resolve().unwrap_err().next_step();
    assert!(help.contains(" ago is in the cache") && help.contains("`imports.ttl: 1d`"), "{help}");
    let copy = Fetcher::default().resolve(&host, &settings, &format!("{address}//a"), Some("1d")).unwrap();
    assert_eq!(text(&copy), ["one"]);
}

#[test]
fn a_file_over_http_is_kept_until_its_time_to_live_ends() {
    let machine = Machine::new();
    let server = Server::start(&[("/x.yaml", "200 OK", b"a: 1\n"), ("/y.yaml.tmpl?v=2", "200 OK", b"b: 2\n")]);
    let (host, settings) = (machine.host(), Settings::default());
    let resolve = |path: &str, ttl| Fetcher::default().resolve(&host, &settings, &server.url(path), ttl);
    let first = resolve("/x.yaml", None).unwrap();
    assert_eq!(
        (text(&first), keys(&first, &server.url("/x.yaml"))),
        (vec!["a: 1\n".to_owned()], vec!["<address>".to_owned()])
    );
    resolve("/x.yaml", None).unwrap();
    assert_eq!(server.asked().len(), 1, "without a time to live a file is kept for good");
    resolve("/x.yaml", Some("0s")).unwrap();
    assert_eq!(server.asked().len(), 2);
    let template = resolve("/y.yaml.tmpl?v=2", None).unwrap();
    assert!(template.files[0].path.ends_with("y.yaml.tmpl"));
    let error = resolve("/nope.yaml", None).unwrap_err();
    assert_eq!(error.to_string(), "the server answered with status 404");
}

#[test]
fn credentials_of_the_address_are_sent_and_never_shown() {
    let machine = Machine::new();
    let server = Server::start(&[("/x.yaml", "200 OK", b"a: 1\n")]);
    let host = machine.host_with(&[("GITHUB_TOKEN", "ghp_for_github_only")]);
    let address = format!("http://user:hunter2-secret@{}/x.yaml", server.address);
    let found = Fetcher::default().resolve(&host, &Settings::default(), &address, None).unwrap();
    assert_eq!(server.asked()[0].1.trim(), "Basic dXNlcjpodW50ZXIyLXNlY3JldA==");
    assert_eq!(found.files[0].key, server.url("/x.yaml"));
    assert!(!host.masker.mask("hunter2-secret").contains("hunter2"));
    let cache = machine.root().join("cache/atmos/stack-imports");
    for entry in std::fs::read_dir(&cache).unwrap().flatten().filter(|entry| entry.path().is_file()) {
        assert!(!std::fs::read_to_string(entry.path()).unwrap().contains("hunter2"));
    }
}

#[test]
fn redirects_are_followed_without_the_credentials_of_another_host() {
    let machine = Machine::new();
    let target = Server::start(&[("/t.yaml", "200 OK", b"t: 1\n")]);
    // A server whose only answer leads to the other one.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let location = target.url("/t.yaml");
    let thread = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let lines = BufReader::new(stream.try_clone().unwrap()).lines();
        let _head: Vec<String> = lines.map_while(Result::ok).take_while(|line| !line.is_empty()).collect();
        let answer =
            format!("HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        stream.write_all(answer.as_bytes()).unwrap();
    });
    let host = machine.host();
    let found = Fetcher::default().resolve(&host, &Settings::default(), &format!("http://u:p@{address}/a.yaml"), None);
    assert_eq!(text(&found.unwrap()), ["t: 1\n"]);
    thread.join().unwrap();
    assert_eq!(target.asked(), [("/t.yaml".to_owned(), String::new())]);
}

#[test]
fn a_closed_port_is_a_clear_error() {
    let machine = Machine::new();
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let host = machine.host();
    for address in [format!("http://{closed}/x.yaml"), format!("git::http://{closed}/r.git//a")] {
        let error = Fetcher::default().resolve(&host, &Settings::default(), &address, None).unwrap_err();
        assert!(matches!(error, Error::Failed { .. }), "{address}: {error}");
        assert!(!error.next_step().is_empty());
    }
}

#[test]
fn local_addresses_are_read_in_place() {
    let machine = Machine::new();
    std::fs::create_dir_all(machine.root().join("d")).unwrap();
    std::fs::write(machine.root().join("d/x.yaml"), "x").unwrap();
    let host = machine.host();
    let resolve = |address: String| Fetcher::default().resolve(&host, &Settings::default(), &address, None);
    let file = format!("file://{}/d/x.yaml", machine.root().display());
    let found = resolve(file.clone()).unwrap();
    assert_eq!(
        (found.files[0].key.as_str(), found.files[0].path.as_path()),
        (file.as_str(), &*machine.root().join("d/x.yaml"))
    );
    assert_eq!(resolve(format!("file://{}/d//x", machine.root().display())).unwrap().files.len(), 1);
    assert!(matches!(resolve("file:///nowhere/x.yaml".to_owned()), Err(Error::NotFound { .. })));
}

/// What git is given: the token in its environment, nothing in its arguments.
#[cfg(unix)]
#[test]
fn tokens_reach_git_by_its_environment_only() {
    use std::os::unix::fs::PermissionsExt as _;
    let machine = Machine::new();
    let bin = machine.root().join("bin");
    std::fs::create_dir(&bin).unwrap();
    let script = format!(
        "#!/bin/sh\necho \"$@\" >> {0}/argv\nenv > {0}/env\nmkdir -p .git\necho 'a: 1' > a.yaml\n",
        machine.root().display()
    );
    std::fs::write(bin.join("git"), script).unwrap();
    std::fs::set_permissions(bin.join("git"), std::fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:/usr/bin:/bin", bin.display());
    let host = machine.host_with(&[("PATH", &path), ("GITHUB_TOKEN", "ghp_secret_token"), ("GIT_DIR", "/elsewhere")]);
    let settings = Settings::default();
    Fetcher::default().resolve(&host, &settings, "github.com/org/repo//a?ref=v1", None).unwrap();
    let read = |name: &str| std::fs::read_to_string(machine.root().join(name)).unwrap();
    let (argv, env) = (read("argv"), read("env"));
    assert!(argv.contains("-- https://github.com/org/repo v1") && !argv.contains("ghp_secret_token"), "{argv}");
    assert!(env.contains("=http.https://github.com/.extraHeader\n") && env.contains("=Authorization: Basic "), "{env}");
    assert!(env.contains("GIT_TERMINAL_PROMPT=0\n") && !env.contains("GIT_DIR="), "{env}");
    let own = crate::value::from_json(&serde_json::json!({"env": {"ATMOS_GITHUB_TOKEN": "ghp_of_the_config"}}));
    let own = Settings::of(&own, &host.env);
    Fetcher::default().resolve(&host, &own, "github.com/org/repo//a?ref=v3", None).unwrap();
    assert!(!host.masker.mask("ghp_of_the_config").contains("ghp"), "the token of the configuration goes first");
    let of_run = serde_json::json!({"env": {"ATMOS_GITHUB_TOKEN": "ghp_of_nobody", "ATMOS_PRO_GITHUB_TOKEN": "ghs_of_this_run"}});
    let of_run = Settings::of(&crate::value::from_json(&of_run), &host.env);
    Fetcher::default().resolve(&host, &of_run, "github.com/org/repo//a?ref=v4", None).unwrap();
    assert!(!host.masker.mask("ghs_of_this_run").contains("ghs"), "one that was given out for a run goes before all");
    let off = Settings { inject_github_token: false, ..Settings::default() };
    Fetcher::default().resolve(&host, &off, "github.com/org/repo//a?ref=v2", None).unwrap();
    assert!(!read("env").contains("Authorization"));
}

/// Gives a token to one owner, and remembers who asked.
#[derive(Debug, Default)]
struct OfAcme {
    asked: std::sync::Mutex<Vec<String>>,
}

impl super::Tokens for OfAcme {
    fn token(&self, host: &str, owner: &str) -> Option<crate::secret::Secret> {
        self.asked.lock().unwrap().push(format!("{host} {owner}"));
        (owner == "acme").then(|| "ghs_for_acme_alone".to_owned().into())
    }
}

#[test]
fn tokens_of_an_owner_go_before_those_of_everybody() {
    use crate::secret::Expose as _;
    let machine = Machine::new();
    let host = machine.host_with(&[("GITHUB_TOKEN", "ghp_of_everybody")]);
    let giver = Arc::new(OfAcme::default());
    let settings = Settings { tokens: Some(giver.clone()), inject_github_token: false, ..Settings::default() };
    let way = |url: &str, userinfo: Option<&str>| {
        let way = super::token::Way::to(&host, &settings, url, userinfo);
        (way.url, way.authorization.map(|header| header.expose_secret().to_owned()))
    };
    let login = format!("Basic {}", base64("x-access-token:ghs_for_acme_alone"));
    let https = "https://github.com/acme/modules.git".to_owned();
    assert_eq!(way(&https, None), (https.clone(), Some(login.clone())));
    for ssh in ["ssh://git@github.com/acme/modules.git", "git@github.com:acme/modules.git"] {
        assert_eq!(way(ssh, None), (https.clone(), Some(login.clone())));
    }
    assert!(!host.masker.mask("ghs_for_acme_alone").contains("ghs"));
    for (url, expected) in [
        ("https://github.com/other/x", None),
        ("ssh://git@github.com/other/x", None),
        // Never in clear.
        ("http://github.com/acme/x", None),
        ("https://gitlab.com/acme/x", None),
    ] {
        assert_eq!(way(url, None), (url.to_owned(), expected));
    }
    let own = way(&https, Some("me:own-password")).1.unwrap();
    assert_eq!(own, format!("Basic {}", base64("me:own-password")));
    let header = |url: &str| {
        let header = super::token::for_file(&host, &settings, url, None);
        header.map(|header| header.expose_secret().to_owned())
    };
    let raw = "https://raw.githubusercontent.com/acme/x/main/a.yaml";
    assert_eq!(header(raw).as_deref(), Some("Bearer ghs_for_acme_alone"));
    assert_eq!(header("https://example.com/acme/a.yaml"), None);
    let asked = giver.asked.lock().unwrap().clone();
    assert!(asked.iter().all(|who| who.starts_with("github.com ")) && asked.len() == 6, "{asked:?}");
}

fn base64(text: &str) -> String {
    use ::base64::Engine as _;
    ::base64::engine::general_purpose::STANDARD.encode(text)
}

#[test]
fn an_archive_gives_files_of_its_tree() {
    let mut builder = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_size(5);
    header.set_mode(0o644);
    builder.append_data(&mut header, Path::new("pkg/stacks/a.yaml"), &b"a: 1\n"[..]).unwrap();
    let bytes: &'static [u8] = Box::leak(builder.into_inner().unwrap().into_boxed_slice());
    let answers: &'static [(&str, &str, &[u8])] = Box::leak(Box::new([("/p.tar", "200 OK", bytes)]));
    let server = Server::start(answers);
    let machine = Machine::new();
    let address = server.url("/p.tar//pkg/stacks");
    let found = Fetcher::default().resolve(&machine.host(), &Settings::default(), &address, None).unwrap();
    assert_eq!(
        (text(&found), keys(&found, &address)),
        (vec!["a: 1\n".to_owned()], vec!["<address>#pkg/stacks/a.yaml".to_owned()])
    );
}
