//! A machine of its own for one test: home, XDG folders, temporary folder, repository, and a known environment.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use super::outcome::Outcome;
use super::{parts, signal};

/// A run that takes longer hangs.
const LIMIT: Duration = Duration::from_mins(3);

/// The top of our own repository.
pub(crate) fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The configuration of [`Sandbox::of_stack`].
pub(crate) const BY_STAGE: &str = "\
stacks: {base_path: stacks, included_paths: ['**/*'], name_template: '{{ .vars.stage }}'}
components: {terraform: {base_path: components/terraform}}
";

/// Folders and environment of one test. Everything goes with it.
pub(crate) struct Sandbox {
    root: tempfile::TempDir,
    env: BTreeMap<String, OsString>,
}

impl Sandbox {
    /// A repository with one manifest, whose stack is called as its variable `stage` says.
    pub(crate) fn of_stack(stack: &str) -> Sandbox {
        let sandbox = Sandbox::empty();
        sandbox.write("atmos.yaml", BY_STAGE);
        sandbox.write("stacks/dev.yaml", stack);
        sandbox
    }

    /// With an empty repository.
    pub(crate) fn empty() -> Sandbox {
        let root = tempfile::Builder::new().prefix("atmos-").tempdir().expect("a temporary folder");
        for folder in ["home", "tmp", "run", "repo"] {
            let folder = root.path().join(folder);
            std::fs::create_dir(&folder).expect("a new folder");
            std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o700)).expect("our own folder");
        }
        std::fs::write(root.path().join("terraform.rc"), "").expect("a new file");
        let mut sandbox = Sandbox { root, env: BTreeMap::new() };
        let (home, top) = (sandbox.home(), sandbox.root().to_owned());
        let folders = [
            ("HOME", home.clone()),
            ("XDG_CONFIG_HOME", home.join(".config")),
            ("XDG_CACHE_HOME", home.join(".cache")),
            ("XDG_DATA_HOME", home.join(".local/share")),
            ("XDG_STATE_HOME", home.join(".local/state")),
            ("XDG_RUNTIME_DIR", top.join("run")),
            ("TMPDIR", top.join("tmp")),
            ("TF_CLI_CONFIG_FILE", top.join("terraform.rc")),
        ];
        for (name, folder) in folders {
            sandbox.set(name, folder);
        }
        for (name, value) in [("CHECKPOINT_DISABLE", "1"), ("LANG", "C.UTF-8"), ("TZ", "UTC")] {
            sandbox.set(name, value);
        }
        sandbox.set("PATH", parts::path());
        sandbox
    }

    /// With a copy of `fixtures/scenarios/<name>`, ready for a real terraform.
    pub(crate) fn scenario(name: &str) -> Sandbox {
        let sandbox = Sandbox::empty();
        copy(&repository().join("fixtures/scenarios").join(name), &sandbox.repo());
        sandbox.with_terraform()
    }

    /// With a copy of the example repository at the top of ours.
    pub(crate) fn example() -> Sandbox {
        let sandbox = Sandbox::empty();
        std::fs::copy(repository().join("atmos.yaml"), sandbox.repo().join("atmos.yaml")).expect("the example");
        for folder in ["stacks", "components"] {
            copy(&repository().join(folder), &sandbox.repo().join(folder));
        }
        sandbox.with_terraform()
    }

    pub(crate) fn with_terraform(mut self) -> Sandbox {
        self.set("ATMOS_COMPONENTS_TERRAFORM_COMMAND", parts::terraform());
        self
    }

    /// With a file keyring that opens without a question, so that logins outlive a process.
    pub(crate) fn with_file_keyring(mut self) -> Sandbox {
        self.set("ATMOS_KEYRING_TYPE", "file");
        self.set("ATMOS_KEYRING_PASSWORD", Sandbox::KEYRING_PASSWORD);
        // The kernel would keep something for an hour that no test needs any more.
        self.set("ATMOS_KEYRING_UNLOCK", "off");
        self
    }

    /// Looks like nothing else, since a scan looks for it.
    pub(crate) const KEYRING_PASSWORD: &str = "correct-horse/battery+staple";

    pub(crate) fn root(&self) -> &Path {
        self.root.path()
    }

    pub(crate) fn home(&self) -> PathBuf {
        self.root().join("home")
    }

    pub(crate) fn repo(&self) -> PathBuf {
        self.root().join("repo")
    }

    /// `XDG_RUNTIME_DIR`.
    pub(crate) fn runtime(&self) -> PathBuf {
        self.root().join("run")
    }

    /// Puts the recording stub in the place of these programs, by their kinds in capitals; [`Sandbox::calls`] has its calls.
    pub(crate) fn record(&mut self, kinds: &[&str]) {
        for kind in kinds {
            let recorder = repository().join("fixtures/bin/recorder");
            self.set(&format!("ATMOS_COMPONENTS_{kind}_COMMAND"), recorder);
        }
        let record = self.root().join("record");
        self.set("RECORD", record);
    }

    /// Calls of the recording stub since the last look, words joined by blanks.
    pub(crate) fn calls(&self) -> Vec<String> {
        let record = self.root().join("record");
        let text = std::fs::read_to_string(&record).unwrap_or_default();
        let _ = std::fs::remove_file(record);
        text.lines().map(|line| line.replace('\t', " ")).collect()
    }

    pub(crate) fn set(&mut self, name: &str, value: impl Into<OsString>) {
        self.env.insert(name.to_owned(), value.into());
    }

    pub(crate) fn remove(&mut self, name: &str) {
        self.env.remove(name);
    }

    pub(crate) fn environment(&self) -> &BTreeMap<String, OsString> {
        &self.env
    }

    /// Writes a file of the repository.
    pub(crate) fn write(&self, path: &str, text: &str) {
        let file = self.repo().join(path);
        std::fs::create_dir_all(file.parent().expect("a file below the repository")).expect("folders");
        std::fs::write(&file, text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    }

    pub(crate) fn read(&self, path: &str) -> String {
        let file = self.repo().join(path);
        std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
    }

    /// Whether there is something at a path of the repository.
    pub(crate) fn has(&self, path: &str) -> bool {
        self.repo().join(path).exists()
    }

    /// Every path below a folder of the sandbox, relative to it and sorted.
    pub(crate) fn files_below(folder: &Path) -> Vec<PathBuf> {
        let mut found = Vec::new();
        let mut open = vec![folder.to_owned()];
        while let Some(next) = open.pop() {
            for entry in std::fs::read_dir(&next).into_iter().flatten().flatten() {
                let path = entry.path();
                if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                    open.push(path);
                } else {
                    found.push(path.strip_prefix(folder).expect("below the folder").to_owned());
                }
            }
        }
        found.sort();
        found
    }

    /// Makes the repository a git repository with one commit.
    pub(crate) fn git_init(&self) {
        for args in [&["init", "-q", "-b", "main"][..], &["add", "-A"], &["commit", "-q", "-m", "first"]] {
            self.git(&self.repo(), args);
        }
    }

    /// What git says in a folder.
    #[track_caller]
    pub(crate) fn git(&self, folder: &Path, args: &[&str]) -> String {
        let identity = ["-c", "user.name=test", "-c", "user.email=test@acme.test"];
        let mut command = self.command(parts::program("git"));
        let output = command.current_dir(folder).args(identity).args(args).output().expect("git starts");
        assert!(output.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    /// A command in the repository with the sandbox's environment and nothing else.
    pub(crate) fn command(&self, program: impl AsRef<Path>) -> Command {
        let mut command = Command::new(program.as_ref());
        command.env_clear().envs(&self.env).current_dir(self.repo()).stdin(Stdio::null());
        command
    }

    /// Runs the program to its end.
    pub(crate) fn atmos(&self, args: &[&str]) -> Outcome {
        self.spawn(args).wait()
    }

    /// Runs the program with further variables.
    pub(crate) fn atmos_with(&self, env: &[(&str, &str)], args: &[&str]) -> Outcome {
        let mut command = self.atmos_command(args);
        command.envs(env.iter().copied());
        self.start(command, "").wait()
    }

    /// Starts the program in a process group of its own.
    pub(crate) fn spawn(&self, args: &[&str]) -> Running {
        self.start(self.atmos_command(args), "")
    }

    pub(crate) fn atmos_command(&self, args: &[&str]) -> Command {
        let mut command = self.command(env!("CARGO_BIN_EXE_atmos"));
        command.args(args);
        command
    }

    pub(crate) fn start(&self, mut command: Command, input: &str) -> Running {
        let shown: Vec<_> = command.get_args().map(|word| word.to_string_lossy().into_owned()).collect();
        let program = Path::new(command.get_program()).file_name().unwrap_or_default().to_string_lossy().into_owned();
        command.stdin(if input.is_empty() { Stdio::null() } else { Stdio::piped() });
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
        let mut child = command.spawn().unwrap_or_else(|error| panic!("cannot start {program}: {error}"));
        if let Some(mut stdin) = child.stdin.take() {
            // A program that does not want its input closes the pipe; that is its right.
            let _ = stdin.write_all(input.as_bytes());
        }
        let stdout = drain(child.stdout.take().expect("a pipe"));
        let stderr = drain(child.stderr.take().expect("a pipe"));
        Running {
            command: format!("{program} {}", shown.join(" ")),
            child,
            stdout: Some(stdout),
            stderr: Some(stderr),
            begun: Instant::now(),
            root: self.root().to_owned(),
        }
    }
}

/// A run that goes on while the test looks at it.
pub(crate) struct Running {
    command: String,
    child: Child,
    stdout: Option<JoinHandle<String>>,
    stderr: Option<JoinHandle<String>>,
    begun: Instant,
    root: PathBuf,
}

impl Running {
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Signals the program alone, as `kill` does.
    pub(crate) fn signal(&self, wanted: Signal) {
        signal(self.pid(), wanted);
    }

    /// Signals the program and its children, as a terminal does on Ctrl-C.
    pub(crate) fn signal_group(&self, wanted: Signal) {
        let group = i32::try_from(self.pid()).ok().and_then(rustix::process::Pid::from_raw).expect("a process id");
        let _ = rustix::process::kill_process_group(group, wanted);
    }

    pub(crate) fn is_running(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Waits for the end, at most three minutes.
    #[track_caller]
    pub(crate) fn wait(mut self) -> Outcome {
        let deadline = Instant::now() + LIMIT;
        let status = loop {
            if let Some(status) = self.child.try_wait().expect("our own child") {
                break Some(status);
            }
            if Instant::now() > deadline {
                break None;
            }
            std::thread::sleep(Duration::from_millis(10));
        };
        let elapsed = self.begun.elapsed();
        if status.is_none() {
            self.signal_group(Signal::KILL);
        }
        let text = |handle: Option<JoinHandle<String>>| handle.map(|handle| handle.join().unwrap_or_default());
        let outcome = Outcome {
            command: self.command.clone(),
            status: status.unwrap_or_default(),
            stdout: text(self.stdout.take()).unwrap_or_default(),
            stderr: text(self.stderr.take()).unwrap_or_default(),
            elapsed,
            root: self.root.clone(),
        };
        assert!(status.is_some(), "did not end within {LIMIT:?}\n{outcome}");
        outcome
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.is_running() {
            self.signal_group(Signal::KILL);
            let _ = self.child.wait();
        }
    }
}

/// Reads a pipe to its end in the background, so that the writer never waits.
fn drain(mut pipe: impl std::io::Read + Send + 'static) -> JoinHandle<String> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = pipe.read_to_end(&mut bytes);
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

/// Copies a folder; what a run of terraform left there stays behind.
fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    let entries = std::fs::read_dir(from).unwrap_or_else(|error| panic!("{}: {error}", from.display()));
    for entry in entries.flatten() {
        let name = entry.file_name();
        let skipped = [".terraform", ".atmos", "terraform.tfstate.d"];
        if skipped.iter().any(|left| name.to_string_lossy() == *left) {
            continue;
        }
        let target = to.join(&name);
        if entry.file_type().expect("a readable folder").is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), &target).expect("a readable file");
        }
    }
}
