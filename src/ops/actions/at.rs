//! One step at work.

use std::path::{Path, PathBuf};

use super::super::App;
use super::error::Error;
use crate::diag::Result;
use crate::host::{Env, fs};
use crate::step::{Step, Texts};

/// A step, what its templates see, and where it works.
pub(in super::super) struct At<'a> {
    pub app: &'a App,
    pub texts: &'a Texts<'a>,
    pub step: &'a Step,
    pub env: &'a Env,
    pub cwd: &'a Path,
}

impl At<'_> {
    pub(in super::super) fn render(&self, text: &str) -> Result<String> {
        let what = format!("the text of the step `{}`", self.step.name);
        Ok(self.texts.render(&what, self.step.span, text, self.env)?)
    }

    pub(in super::super) fn rendered(&self, texts: &[String]) -> Result<Vec<String>> {
        texts.iter().map(|text| self.render(text)).collect()
    }

    pub(in super::super) fn place(&self) -> String {
        self.app.host.sources.place(self.step.span).map(|place| format!("{place}: ")).unwrap_or_default()
    }

    pub(super) fn pairs(&self, pairs: &[(String, String)]) -> Result<Vec<(String, String)>> {
        pairs.iter().map(|(name, text)| Ok((name.clone(), self.render(text)?))).collect()
    }

    /// A path below the folder of the step.
    pub(super) fn path(&self, text: &str) -> PathBuf {
        fs::clean(&self.cwd.join(text))
    }

    pub(super) fn failed(&self, reason: impl Into<String>, help: impl Into<String>) -> Error {
        let (step, reason, help) = (self.step.name.clone(), reason.into(), help.into());
        Error::Failed { step, reason, help, place: self.place() }
    }
}
