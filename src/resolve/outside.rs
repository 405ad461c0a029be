//! What templates of components reach outside: the environment, the clock, files.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::net::IpAddr;

use super::error::Error;
use super::render::Pass;
use super::walk::Evaluation;
use crate::content::Foreign;
use crate::stack::Machine;
use crate::template::{FileKind, Lookup, Problem, World};

/// The world of one rendering.
pub(super) struct Outside<'e, 'a> {
    pub evaluation: &'e Evaluation<'a>,
    /// What is rendered.
    pub pass: Pass<'e>,
    /// Data sources that the template defined.
    pub defined: BTreeMap<String, String>,
    /// What was read of stores, functions, files and other components: nothing may render it.
    pub foreign: RefCell<Foreign>,
    /// A variable that could not be evaluated.
    pub failed: RefCell<Option<Error>>,
}

impl<'e, 'a> Outside<'e, 'a> {
    pub(super) fn new(evaluation: &'e Evaluation<'a>, pass: Pass<'e>) -> Outside<'e, 'a> {
        Outside { evaluation, pass, defined: BTreeMap::new(), foreign: RefCell::default(), failed: RefCell::default() }
    }

    /// A variable of `templates.settings.env`. What fails there is an error of the template.
    fn own_variable(&self, name: &str) -> Option<String> {
        match self.evaluation.template_variable(name) {
            Ok(known) => {
                let (value, is_data) = known?;
                if is_data {
                    self.note_text(&value);
                }
                Some(value)
            }
            Err(error) => {
                self.failed.borrow_mut().get_or_insert(error);
                None
            }
        }
    }

    fn machine(&self) -> Machine<'_> {
        Machine(self.evaluation.evaluator.host)
    }
}

impl World for Outside<'_, '_> {
    fn variable(&self, name: &str) -> Option<String> {
        if let Some(value) = self.own_variable(name) {
            return Some(value);
        }
        let evaluator = &self.evaluation.evaluator;
        let ambient = evaluator.host.env.get_raw(name).map(|value| value.to_string_lossy().into_owned());
        let value = ambient.or_else(|| evaluator.config.promoted.get(name).cloned())?;
        self.note_text(&value);
        Some(value)
    }

    fn variables(&self) -> Vec<(String, String)> {
        let evaluator = &self.evaluation.evaluator;
        let mut all = evaluator.config.promoted.clone();
        let text = |value: &std::ffi::OsStr| value.to_string_lossy().into_owned();
        all.extend(evaluator.host.env.iter().map(|(name, value)| (text(name), text(value))));
        for value in all.values() {
            self.note_text(value);
        }
        for name in self.evaluation.template_variables().keys() {
            all.extend(self.own_variable(name).map(|value| (name.clone(), value)));
        }
        all.into_iter().collect()
    }

    fn now(&self) -> jiff::ZonedDateTime {
        self.machine().now()
    }

    fn random(&mut self, buffer: &mut [u8]) -> Result<(), Problem> {
        self.machine().random(buffer)
    }

    fn read_file(&mut self, path: &str) -> Result<Vec<u8>, Problem> {
        let content = self.machine().read_file(path)?;
        self.note_text(&String::from_utf8_lossy(&content));
        Ok(content)
    }

    fn file_kind(&mut self, path: &str) -> Result<Option<FileKind>, Problem> {
        self.machine().file_kind(path)
    }

    fn read_dir(&mut self, path: &str) -> Result<Vec<String>, Problem> {
        self.machine().read_dir(path)
    }

    fn addresses(&mut self, host: &str) -> Result<Vec<IpAddr>, Problem> {
        self.machine().addresses(host)
    }

    fn may_render(&self, text: &str) -> Result<(), Problem> {
        let mut foreign = self.evaluation.marked(&self.pass);
        foreign.add(self.foreign.borrow().clone());
        if foreign.made_template(text, self.evaluation.opening(), || self.evaluation.written(self.pass.steps)) {
            return Err(Problem::is_data());
        }
        Ok(())
    }

    fn lookup(&mut self) -> &mut dyn Lookup {
        self
    }
}
