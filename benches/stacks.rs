//! One component of a repository: load and describe it, beside the floor of only reading and parsing its files.
//!
//! What counts is the ratio of the two, which does not depend on the machine.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use atmos::component::{self, Filter, summaries};
use atmos::config::{self, Config, Flags};
use atmos::diag::Talk;
use atmos::host::{Dirs, Env, Host, Terminal};
use atmos::stack::StackIndex;
use atmos::yaml;
use divan::{Bencher, black_box};

/// Sizes of the repository, in stacks.
const STACKS: [usize; 2] = [10, 100];
/// Component modules, each with an abstract base, imported by every stack.
const MODULES: usize = 20;
/// Variables in each base.
const VARIABLES: usize = 12;

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
        let mut repository = Repository { _directory: directory, root, files: Vec::new() };
        repository.write(
            "atmos.yaml",
            "base_path: .\nstacks:\n  base_path: stacks\n  included_paths: ['orgs/**/*']\n  name_pattern: '{tenant}-{stage}'\n\
             components:\n  terraform:\n    base_path: components/terraform\n",
        )?;
        for module in 0..MODULES {
            let mut text = format!(
                "components:\n  terraform:\n    m{module}/base:\n      metadata: {{type: abstract}}\n      vars:\n"
            );
            for variable in 0..VARIABLES {
                let _ = writeln!(
                    text,
                    "        v{variable}: {{size: {variable}, names: [a{module}, b{variable}], on: true}}"
                );
            }
            let _ = writeln!(
                text,
                "    m{module}:\n      metadata: {{inherits: [m{module}/base]}}\n      vars: {{name: m{module}}}"
            );
            repository.write(&format!("stacks/catalog/m{module}.yaml"), &text)?;
        }
        repository.write(
            "stacks/mixins/backend.yaml",
            "terraform:\n  backend_type: s3\n  backend:\n    s3: {bucket: b, region: us-east-1, key: terraform.tfstate}\n",
        )?;
        for stack in 0..stacks {
            let mut text = "import:\n- mixins/backend\n".to_owned();
            for module in 0..MODULES {
                let _ = writeln!(text, "- catalog/m{module}");
            }
            let _ = writeln!(text, "vars: {{tenant: t{}, stage: s{stack}}}", stack % 7);
            let _ =
                writeln!(text, "components:\n  terraform:\n    m{}:\n      vars: {{own: {stack}}}", stack % MODULES);
            repository.write(&format!("stacks/orgs/t{}/s{stack}.yaml", stack % 7), &text)?;
        }
        Ok(repository)
    }

    fn write(&mut self, path: &str, text: &str) -> std::io::Result<()> {
        let path = self.root.join(path);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent)?;
        }
        std::fs::write(&path, text)?;
        self.files.push(path);
        Ok(())
    }

    fn host(&self) -> Host {
        Host {
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
