//! Statuses of a commit: that a run goes on, and how it ended. Pure.

use super::many::Part;
use super::report::Report;
use super::settings::Checks;

/// Longest description that GitHub takes, in characters.
const DESCRIPTION: usize = 140;

/// The states of the service, by its own names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    Pending,
    Success,
    Failure,
    Error,
}

impl State {
    pub fn word(self) -> &'static str {
        match self {
            State::Pending => "pending",
            State::Success => "success",
            State::Failure => "failure",
            State::Error => "error",
        }
    }
}

/// One status. A later one with the same context takes its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    pub context: String,
    pub state: State,
    pub description: String,
}

impl Checks {
    /// The run of a component has begun.
    pub fn begun(&self, command: &str, stack: &str, component: &str) -> Option<Check> {
        let context = self.context(&[command, stack, component]);
        let description = format!("{command} in progress...");
        self.component.then_some(Check { context, state: State::Pending, description })
    }

    /// It was stopped before it ended.
    pub fn stopped(&self, command: &str, stack: &str, component: &str) -> Option<Check> {
        let context = self.context(&[command, stack, component]);
        self.component.then(|| Check { context, state: State::Error, description: "Interrupted".to_owned() })
    }

    /// It has ended: the status of the component, and one for each kind of change that there is.
    pub fn ended(&self, report: &Report) -> Vec<Check> {
        let (command, stack, component) = (&*report.command, &*report.stack, &*report.component);
        let state = if report.has_errors() { State::Failure } else { State::Success };
        let context = self.context(&[command, stack, component]);
        let own = self.component.then(|| Check { context, state, description: cut(&report.result()) });
        let counts = report.counts();
        let kinds = [
            ("add", counts.create, self.add),
            ("change", counts.change, self.change),
            ("destroy", counts.destroy, self.destroy),
        ];
        let kinds = kinds.into_iter().filter(|(_, count, wanted)| *wanted && *count > 0);
        let kinds = kinds.map(|(kind, count, _)| Check {
            context: self.context(&[command, stack, component, kind]),
            state: State::Success,
            description: if count == 1 { "1 resource".to_owned() } else { format!("{count} resources") },
        });
        own.into_iter().chain(kinds).collect()
    }

    /// The same of one of many, which may have been left out.
    pub fn ended_of_many(&self, part: &Part) -> Vec<Check> {
        let Some(why) = &part.skipped else { return self.ended(&part.report) };
        let Report { command, stack, component, .. } = &part.report;
        let context = self.context(&[command, stack, component]);
        let description = cut(&format!("Skipped: {why}"));
        self.component.then_some(Check { context, state: State::Failure, description }).into_iter().collect()
    }

    fn context(&self, parts: &[&str]) -> String {
        std::iter::once(self.prefix.as_str()).chain(parts.iter().copied()).collect::<Vec<_>>().join("/")
    }
}

fn cut(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= DESCRIPTION {
        return line;
    }
    line.chars().take(DESCRIPTION - 3).chain("...".chars()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ci::Told;

    fn checks() -> Checks {
        Checks { prefix: "atmos".to_owned(), component: true, add: true, change: true, destroy: false }
    }

    fn report(failure: Option<&str>) -> Report {
        Report {
            stack: "dev".to_owned(),
            component: "infra/vpc".to_owned(),
            command: "plan".to_owned(),
            failure: failure.map(str::to_owned),
            told: Told::read("plan", "Plan: 1 to add, 0 to change, 2 to destroy.\n"),
            ..Report::default()
        }
    }

    #[test]
    fn statuses_say_how_a_run_goes_and_what_changes() {
        let begun = checks().begun("plan", "dev", "infra/vpc").unwrap();
        assert_eq!((begun.context.as_str(), begun.state.word()), ("atmos/plan/dev/infra/vpc", "pending"));
        let said = |checks: &Checks, report: &Report| {
            let ended = checks.ended(report).into_iter();
            ended
                .map(|check| format!("{} {} {}", check.context, check.state.word(), check.description))
                .collect::<Vec<_>>()
        };
        assert_eq!(
            said(&checks(), &report(None)),
            [
                "atmos/plan/dev/infra/vpc success Plan: 1 to add, 0 to change, 2 to destroy.",
                "atmos/plan/dev/infra/vpc/add success 1 resource",
            ]
        );
        let failed = said(&Checks { add: false, ..checks() }, &report(Some("why")));
        assert_eq!(failed, ["atmos/plan/dev/infra/vpc failure Failed"]);
        let quiet = Checks { component: false, add: false, ..checks() };
        assert!(quiet.begun("plan", "dev", "x").is_none() && quiet.ended(&report(None)).is_empty());
    }

    #[test]
    fn descriptions_are_as_long_as_the_service_takes_them() {
        let part = Part { report: report(None), skipped: Some("ä".repeat(200)), milliseconds: None };
        let skipped = checks().ended_of_many(&part);
        assert_eq!(skipped[0].description.chars().count(), DESCRIPTION);
        assert!(skipped[0].description.starts_with("Skipped: ä") && skipped[0].state == State::Failure);
    }
}
