//! A compiled template, and what it is compiled and rendered with.

use std::sync::Arc;

use super::ast::Compiled;
use super::call::Call;
use super::error::Error;
use super::value::Val;
use super::world::World;
use crate::span::Place;

/// The marks around actions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delimiters {
    pub(super) left: Arc<str>,
    pub(super) right: Arc<str>,
}

impl Delimiters {
    /// `None` when one of the two is empty.
    pub fn new(left: &str, right: &str) -> Option<Delimiters> {
        (!left.is_empty() && !right.is_empty()).then(|| Delimiters { left: Arc::from(left), right: Arc::from(right) })
    }

    pub fn left(&self) -> &str {
        &self.left
    }

    pub fn right(&self) -> &str {
        &self.right
    }
}

impl Default for Delimiters {
    fn default() -> Delimiters {
        Delimiters { left: Arc::from("{{"), right: Arc::from("}}") }
    }
}

/// Which functions templates know. The built-in ones and `atmos.` are always there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Functions {
    BuiltIn,
    Sprig,
    Gomplate,
    #[default]
    All,
    /// Those of the columns of lists.
    Columns,
}

impl Functions {
    pub fn new(sprig: bool, gomplate: bool) -> Functions {
        match (sprig, gomplate) {
            (false, false) => Functions::BuiltIn,
            (true, false) => Functions::Sprig,
            (false, true) => Functions::Gomplate,
            (true, true) => Functions::All,
        }
    }
}

/// A text to compile.
#[derive(Debug, Clone)]
pub struct Source<'a> {
    /// Name in messages, and under which the text can call itself.
    pub name: &'a str,
    pub text: &'a str,
    pub delimiters: Delimiters,
    pub functions: Functions,
    /// Where the text begins in a file.
    pub place: Option<Place>,
}

impl<'a> Source<'a> {
    /// A text with the usual delimiters and all functions, from no file.
    pub fn new(name: &'a str, text: &'a str) -> Source<'a> {
        Source { name, text, delimiters: Delimiters::default(), functions: Functions::default(), place: None }
    }
}

/// What a field of a map gives that has no such entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MissingKey {
    /// `<no value>`, which is also what Go calls `invalid`.
    #[default]
    Default,
    /// The zero value of the type of the entries.
    Zero,
    Error,
}

/// Bounds, so that a mistake ends with an error and not with a full memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Nested blocks, pipelines and template calls.
    pub depth: usize,
    /// Iterations and template calls altogether.
    pub steps: usize,
    /// Bytes of output.
    pub output: usize,
    /// Bytes of values that functions make.
    pub memory: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { depth: 400, steps: 1_000_000, output: 64 << 20, memory: 256 << 20 }
    }
}

/// How a template is rendered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Options {
    pub missing_key: MissingKey,
    pub limits: Limits,
}

/// A compiled template. Cloning shares it.
#[derive(Debug, Clone)]
pub struct Template {
    pub(super) compiled: Arc<Compiled>,
}

impl Template {
    /// Compiles a text.
    ///
    /// # Errors
    /// The text is no template, or it calls a function that is not known.
    pub fn parse(source: &Source<'_>) -> Result<Template, Error> {
        super::parse::parse(source).map(|compiled| Template { compiled: Arc::new(compiled) })
    }

    /// The output for this data.
    ///
    /// # Errors
    /// A missing key when that is an error, a wrong type, an error of a function, a limit.
    pub fn render(&self, data: impl Into<Val>, options: &Options, world: &mut dyn World) -> Result<String, Error> {
        let mut call = Call::new(self.compiled.clone(), *options, world);
        super::eval::run(&mut call, None, &data.into())
    }
}
