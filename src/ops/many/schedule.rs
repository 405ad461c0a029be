//! Which component of many is next. Pure: it is told what ended and how.

/// What becomes of the others when one component fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FailureMode {
    /// What runs ends, nothing else begins.
    #[default]
    FailFast,
    /// Only what depends on it does not run.
    KeepGoing,
}

/// Why a component did not run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Why {
    /// A prerequisite failed, or did not run itself.
    Prerequisite(usize),
    /// Another one failed before its turn came.
    EarlierFailure,
    /// Somebody asked to stop.
    Stopped,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Waiting,
    Running,
    Succeeded,
    Failed,
    Skipped(Why),
}

/// The states of all components of a run, in their order.
#[derive(Debug)]
pub(super) struct Schedule {
    /// What comes before each, as positions.
    before: Vec<Vec<usize>>,
    /// Components with the same number never run at once, unless the texts beside it are the same, too.
    folders: Vec<(usize, Option<String>)>,
    states: Vec<State>,
    /// Everything before this position has ended or runs.
    first: usize,
    limit: usize,
    mode: FailureMode,
    closed: Option<Why>,
}

impl Schedule {
    pub(super) fn new(
        before: Vec<Vec<usize>>,
        folders: Vec<(usize, Option<String>)>,
        limit: usize,
        mode: FailureMode,
    ) -> Schedule {
        let states = vec![State::Waiting; before.len()];
        Schedule { before, folders, states, first: 0, limit: limit.max(1), mode, closed: None }
    }

    /// The next component that may begin now; it counts as running from here on.
    pub(super) fn next(&mut self) -> Option<usize> {
        if self.closed.is_some() {
            return None;
        }
        let running: Vec<usize> = (0..self.states.len()).filter(|at| self.states[*at] == State::Running).collect();
        if running.len() >= self.limit {
            return None;
        }
        let running: Vec<&(usize, Option<String>)> = running.iter().map(|at| &self.folders[*at]).collect();
        let is_free = |wanted: &(usize, Option<String>)| {
            running.iter().all(|taken| taken.0 != wanted.0 || taken.1.is_some() && taken.1 == wanted.1)
        };
        while self.states.get(self.first).is_some_and(|state| *state != State::Waiting) {
            self.first += 1;
        }
        let next = (self.first..self.states.len()).find(|at| {
            self.states[*at] == State::Waiting
                && is_free(&self.folders[*at])
                && self.before[*at].iter().all(|before| self.states[*before] == State::Succeeded)
        })?;
        self.states[next] = State::Running;
        Some(next)
    }

    /// A component has ended.
    pub(super) fn ended(&mut self, at: usize, succeeded: bool) {
        self.states[at] = if succeeded { State::Succeeded } else { State::Failed };
        if succeeded {
            return;
        }
        if self.mode == FailureMode::FailFast {
            self.closed.get_or_insert(Why::EarlierFailure);
            return;
        }
        // What depends on it comes behind it.
        for later in at + 1..self.states.len() {
            let lost = |before: &&usize| matches!(self.states[**before], State::Failed | State::Skipped(_));
            if self.states[later] == State::Waiting
                && let Some(before) = self.before[later].iter().find(lost)
            {
                self.states[later] = State::Skipped(Why::Prerequisite(*before));
            }
        }
    }

    /// Nothing begins any more.
    pub(super) fn stop(&mut self) {
        self.closed = Some(Why::Stopped);
    }

    /// Why a component did not run, once nothing runs any more.
    pub(super) fn skipped(&self, at: usize) -> Option<Why> {
        match self.states[at] {
            State::Skipped(why) => Some(why),
            State::Waiting => {
                let lost = |before: &&usize| self.states[**before] == State::Failed;
                let by_prerequisite = self.before[at].iter().find(lost).map(|before| Why::Prerequisite(*before));
                match self.closed {
                    Some(Why::Stopped) => self.closed,
                    closed => by_prerequisite.or(closed),
                }
            }
            _ => None,
        }
    }

    /// How many have ended, or will not run.
    pub(super) fn done(&self) -> usize {
        self.states.iter().filter(|state| !matches!(state, State::Waiting | State::Running)).count()
    }

    pub(super) fn failed(&self) -> usize {
        self.states.iter().filter(|state| **state == State::Failed).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `0 1:0 2:1,0` are three components, the second of which comes after the first; `@n` is the folder.
    fn schedule(text: &str, limit: usize, mode: FailureMode) -> Schedule {
        let (mut before, mut folders) = (Vec::new(), Vec::new());
        for (at, word) in text.split(' ').enumerate() {
            let (word, folder) = word.split_once('@').map_or((word, at + 100), |(word, f)| (word, f.parse().unwrap()));
            let list = word.split_once(':').map_or("", |(_, list)| list);
            before.push(list.split(',').filter(|one| !one.is_empty()).map(|one| one.parse().unwrap()).collect());
            folders.push(folder);
        }
        let folders = folders.into_iter().map(|folder| (folder, None)).collect();
        Schedule::new(before, folders, limit, mode)
    }

    #[test]
    fn those_that_work_side_by_side_share_a_folder() {
        let text = |text: &str| Some(text.to_owned());
        let folders = vec![(1, text("a")), (1, text("a")), (1, text("b")), (1, None), (2, None)];
        let mut schedule = Schedule::new(vec![Vec::new(); 5], folders, 8, FailureMode::KeepGoing);
        assert_eq!(next(&mut schedule), [0, 1, 4]);
        schedule.ended(0, true);
        assert_eq!(next(&mut schedule), Vec::<usize>::new(), "one of them still works there");
        schedule.ended(1, true);
        assert_eq!(next(&mut schedule), [2]);
        schedule.ended(2, true);
        assert_eq!(next(&mut schedule), [3]);
    }

    fn next(schedule: &mut Schedule) -> Vec<usize> {
        std::iter::from_fn(|| schedule.next()).collect()
    }

    #[test]
    fn one_at_a_time_goes_in_order() {
        let mut schedule = schedule("0 1:0 2", 1, FailureMode::FailFast);
        for at in 0..3 {
            assert_eq!(next(&mut schedule), [at]);
            schedule.ended(at, true);
        }
        assert_eq!((schedule.done(), next(&mut schedule)), (3, vec![]));
    }

    #[test]
    fn independent_ones_run_at_once_up_to_the_limit() {
        let mut schedule = schedule("0 1:0 2 3 4:2", 2, FailureMode::FailFast);
        assert_eq!(next(&mut schedule), [0, 2]);
        schedule.ended(2, true);
        assert_eq!(next(&mut schedule), [3]);
        schedule.ended(0, true);
        assert_eq!(next(&mut schedule), [1]);
        schedule.ended(3, true);
        assert_eq!(next(&mut schedule), [4]);
    }

    #[test]
    fn one_folder_is_used_by_one_at_a_time() {
        let mut schedule = schedule("0@1 1@1 2@2", 8, FailureMode::FailFast);
        assert_eq!(next(&mut schedule), [0, 2]);
        schedule.ended(0, true);
        assert_eq!(next(&mut schedule), [1]);
    }

    #[test]
    fn a_failure_ends_the_run_or_what_depends_on_it() {
        let mut fast = schedule("0 1:0 2 3", 2, FailureMode::FailFast);
        assert_eq!(next(&mut fast), [0, 2]);
        fast.ended(0, false);
        assert_eq!(next(&mut fast), [] as [usize; 0]);
        fast.ended(2, true);
        let why: Vec<_> = (0..4).map(|at| fast.skipped(at)).collect();
        assert_eq!(why, [None, Some(Why::Prerequisite(0)), None, Some(Why::EarlierFailure)]);
        let mut going = schedule("0 1:0 2:1 3", 1, FailureMode::KeepGoing);
        assert_eq!(next(&mut going), [0]);
        going.ended(0, false);
        assert_eq!(next(&mut going), [3]);
        going.ended(3, true);
        let why: Vec<_> = (0..4).map(|at| going.skipped(at)).collect();
        assert_eq!(why, [None, Some(Why::Prerequisite(0)), Some(Why::Prerequisite(1)), None]);
        assert_eq!((going.done(), going.failed()), (4, 1));
    }

    #[test]
    fn a_request_to_stop_lets_nothing_begin() {
        let mut schedule = schedule("0 1 2:0", 1, FailureMode::KeepGoing);
        assert_eq!(next(&mut schedule), [0]);
        schedule.stop();
        schedule.ended(0, false);
        assert_eq!(next(&mut schedule), [] as [usize; 0]);
        assert_eq!(schedule.skipped(1), Some(Why::Stopped));
    }
}
