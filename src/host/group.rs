//! A program with all that it starts: both end together where nobody waits for them any more.

use std::io::{self, Read as _};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::Duration;

use zeroize::Zeroizing;

/// How much of what a program says is kept.
const TAIL: usize = 4096;
/// What has ended may have left its last words in the pipe.
const LAST_WORDS: Duration = Duration::from_millis(200);

/// The program as the head of a group of its own. It cannot ask at the terminal then, and no key of a person ends it.
pub fn leading(program: &duct::Expression) -> duct::Expression {
    #[cfg(unix)]
    return program.before_spawn(|command| {
        std::os::unix::process::CommandExt::process_group(command, 0);
        Ok(())
    });
    #[cfg(not(unix))]
    program.clone()
}

/// Ends a group when it is dropped, unless it has been let go.
#[derive(Debug)]
pub struct Leash {
    heads: Vec<u32>,
    /// A variable that nobody has but what the program has started: who left its group has it still.
    mark: Option<String>,
}

impl Leash {
    /// Of the groups that these processes lead.
    pub fn new(heads: Vec<u32>) -> Leash {
        Leash { heads, mark: None }
    }

    /// Also of whoever has this variable, set for the program alone. Linux only: elsewhere a session of its own is out of
    /// reach, as is what throws its environment away.
    #[must_use]
    pub fn marked(mut self, name: String) -> Leash {
        self.mark = Some(name);
        self
    }

    /// Whatever the program has started may go on.
    pub fn release(mut self) {
        self.heads.clear();
        self.mark = None;
    }
}

impl Drop for Leash {
    fn drop(&mut self) {
        for head in &self.heads {
            end(*head);
        }
        if let Some(mark) = &self.mark {
            end_marked(mark);
        }
    }
}

/// How often it is looked again: what is being ended may have started another one.
#[cfg(target_os = "linux")]
const ROUNDS: usize = 5;

#[cfg(target_os = "linux")]
fn end_marked(mark: &str) {
    use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
    let entry = format!("{mark}=");
    let has_it = |pid: i32| {
        // Of others nothing can be read, and nothing of theirs is ours.
        let variables = std::fs::read(format!("/proc/{pid}/environ")).map(Zeroizing::new);
        variables.is_ok_and(|variables| variables.split(|byte| *byte == 0).any(|one| one.starts_with(entry.as_bytes())))
    };
    for _ in 0..ROUNDS {
        let Ok(processes) = std::fs::read_dir("/proc") else { return };
        let pids = processes.flatten().filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
        let mut ended = false;
        for pid in pids.filter(|pid| has_it(*pid)) {
            let Some(handle) = Pid::from_raw(pid).and_then(|pid| pidfd_open(pid, PidfdFlags::empty()).ok()) else {
                continue;
            };
            // The number may have become somebody else's before the handle was there.
            ended |= has_it(pid) && pidfd_send_signal(&handle, Signal::KILL).is_ok();
        }
        if !ended {
            return;
        }
    }
}

#[cfg(not(target_os = "linux"))]
fn end_marked(_mark: &str) {}

#[cfg(unix)]
fn end(head: u32) {
    use rustix::process::{Pid, Signal, kill_process_group};
    if let Some(head) = i32::try_from(head).ok().and_then(Pid::from_raw) {
        // There is nobody left of it if this fails.
        let _ = kill_process_group(head, Signal::KILL);
    }
}

#[cfg(not(unix))]
fn end(_head: u32) {}

/// The end of what a program says on its standard error.
#[derive(Debug)]
pub struct Ear {
    tail: Arc<Mutex<Zeroizing<Vec<u8>>>>,
    over: mpsc::Receiver<()>,
}

impl Ear {
    /// The program, and who listens to it.
    ///
    /// # Errors
    /// There is no pipe to be had.
    pub fn on(program: &duct::Expression) -> io::Result<(duct::Expression, Ear)> {
        let (mut reader, writer) = io::pipe()?;
        let tail = Arc::new(Mutex::new(Zeroizing::new(Vec::with_capacity(2 * TAIL))));
        let (sender, over) = mpsc::channel();
        let kept = tail.clone();
        std::thread::Builder::new().spawn(move || {
            let mut piece = Zeroizing::new([0_u8; 1024]);
            while let Ok(length @ 1..) = reader.read(&mut piece[..]) {
                let mut tail = kept.lock().unwrap_or_else(PoisonError::into_inner);
                tail.extend_from_slice(&piece[..length]);
                let surplus = tail.len().saturating_sub(TAIL);
                tail.drain(..surplus);
            }
            // Nobody asks any more if this fails.
            let _ = sender.send(());
        })?;
        Ok((program.stderr_file(writer), Ear { tail, over }))
    }

    /// The last lines, without what a terminal would act on.
    pub fn heard(&self) -> String {
        // What a grandchild holds open is not waited for.
        let _ = self.over.recv_timeout(LAST_WORDS);
        let tail = self.tail.lock().unwrap_or_else(PoisonError::into_inner);
        let text = String::from_utf8_lossy(&tail);
        let plain = |line: &str| line.chars().filter(|c| !c.is_control()).collect::<String>().trim().to_owned();
        let lines: Vec<String> = text.lines().map(plain).filter(|line| !line.is_empty()).collect();
        lines[lines.len().saturating_sub(10)..].join("; ")
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_group_ends_with_its_head_and_what_it_said_last_is_known() {
        // What is printed first says that the rest was said.
        let script = "printf 'one\\n\\033[31mtwo\\n' >&2; sleep 600 & echo $!; sleep 600";
        let program = leading(&duct::cmd("sh", ["-c", script]));
        let (program, ear) = Ear::on(&program).unwrap();
        let reader = program.unchecked().reader().unwrap();
        drop(program);
        let leash = Leash::new(reader.pids());
        let mut line = [0_u8; 16];
        let length = (&reader).read(&mut line).unwrap();
        let grandchild = String::from_utf8_lossy(&line[..length]).trim().parse::<i32>().unwrap();
        drop(leash);
        // Both held the pipe: its end says that both are going, and what goes closes its files first.
        (&reader).read_to_end(&mut Vec::new()).unwrap();
        let status = || std::fs::read_to_string(format!("/proc/{grandchild}/stat")).unwrap_or_default();
        let deadline = std::time::Instant::now() + Duration::from_secs(10);
        while !(status().is_empty() || status().contains(") Z ")) {
            assert!(std::time::Instant::now() < deadline, "{}", status());
            std::thread::yield_now();
        }
        assert_eq!(ear.heard(), "one; [31mtwo");
    }
}
