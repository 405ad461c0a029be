//! One component of a repository: load and describe it, beside the floor of only reading and parsing its files.
//!
//! What counts is the ratio of the two, which does not depend on the machine.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use atmos::component::{self, Filter, summaries};
use atmos::config::{self, Config, Flags};
use atmos::diag::Talk;
use atmos::host::{Dirs, Env, Host, Terminal};
use atmos::stack::StackIndex;
use atmos::yaml;
use divan::{Bencher, black_box};

#[path = "../tests/bench/repository.rs"]
mod repository;

/// Sizes of the repository, in stacks.
const STACKS: [usize; 2] = [10, 100];
fn main() {
    divan::main();
}

struct Repository {
    _directory: tempfile::TempDir,
    root: PathBuf,
    files: Vec<PathBuf>,
}

impl Repository {
    fn new(stacks: usize) -> std::io::Result<Repository> {
        let directory = tempfile::tempdir()?;
        let root = directory.path().canonicalize()?;
        let files = repository::write(&root, stacks)?;
        Ok(Repository { _directory: directory, root, files })
    }

    fn host(&self) -> Host {
        Host {
            guard: Arc::default(),
            env: Env::default(),
            cwd: self.root.clone(),
            dirs: Dirs { home: self.root.join("home"), ..Dirs::default() },
            terminal: Terminal::default(),
            exe: PathBuf::new(),
            talk: Talk::silent(),
            masker: Arc::default(),
            sources: Arc::default(),
        }
    }
}

fn with_repository(bencher: Bencher<'_, '_>, stacks: usize, run: impl Fn(&Repository) + Sync) {
    match Repository::new(stacks) {
        Ok(repository) => bencher.bench_local(|| run(&repository)),
        Err(error) => panic!("the repository cannot be written: {error}"),
    }
}

fn loaded(repository: &Repository) -> (Host, Config, StackIndex) {
    let host = repository.host();
    let config = config::load(&host, &Flags::default()).unwrap_or_else(|error| panic!("{error}"));
    let index = StackIndex::load(&host, &config).unwrap_or_else(|error| panic!("{error}"));
    (host, config, index)
}

/// The floor: every file read and parsed, on one thread.
#[divan::bench(args = STACKS)]
fn parse_only(bencher: Bencher<'_, '_>, stacks: usize) {
    with_repository(bencher, stacks, |repository| {
        let host = repository.host();
        for path in &repository.files {
            let text = std::fs::read_to_string(path).unwrap_or_default();
            let _ = black_box(yaml::parse(&host.sources, path, Path::new("/"), Arc::from(text)));
        }
    });
}

#[divan::bench(args = STACKS)]
fn one_component(bencher: Bencher<'_, '_>, stacks: usize) {
    with_repository(bencher, stacks, |repository| {
        let (host, config, index) = loaded(repository);
        let found = component::find(&host, &config, &index, "m3", "t3-s3", None);
        assert!(black_box(found).is_ok());
    });
}

#[divan::bench(args = STACKS)]
fn names_of_all(bencher: Bencher<'_, '_>, stacks: usize) {
    with_repository(bencher, stacks, |repository| {
        let (host, config, index) = loaded(repository);
        assert!(black_box(summaries(&host, &config, &index)).is_ok());
    });
}

#[divan::bench(args = STACKS)]
fn all_components(bencher: Bencher<'_, '_>, stacks: usize) {
    with_repository(bencher, stacks, |repository| {
        let (host, config, index) = loaded(repository);
        assert!(black_box(component::all(&host, &config, &index, &Filter::default())).is_ok());
    });
}
