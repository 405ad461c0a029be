//! How a function is declared, and what it reaches while it runs.

pub(super) use super::call::Call;
use super::problem::Problem;
use super::value::Val;

/// The code of a function. The engine has checked the number and the types of the arguments.
pub type Run = fn(&mut Call<'_>, &[Val]) -> Result<Val, Problem>;

/// A function that templates can call. Declared in `static` tables; nothing is allocated for a rendering.
#[derive(Debug)]
pub struct Function {
    pub name: &'static str,
    /// Parameters that must be given.
    pub params: &'static [Param],
    /// Type of further arguments, any number of them; `None` when there are none.
    pub rest: Option<Param>,
    pub run: Run,
}

impl Function {
    /// A function with exactly these parameters.
    pub const fn new(name: &'static str, params: &'static [Param], run: Run) -> Function {
        Function { name, params, rest: None, run }
    }

    /// A function with these parameters and any number of further arguments. What is optional in Go is this too.
    pub const fn variadic(name: &'static str, params: &'static [Param], rest: Param, run: Run) -> Function {
        Function { name, params, rest: Some(rest), run }
    }
}

/// Type of a parameter, as Go declares it. The engine reports mismatches in Go's words and turns number constants into
/// the type that is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Param {
    /// `any`: everything; a missing value arrives as [`Val::Nil`].
    Any,
    /// `reflect.Value`: everything, a missing value as [`Val::Missing`].
    Raw,
    /// `string`: always [`Val::String`].
    Text,
    /// `int`: always [`Val::Int`].
    Int,
    /// `int64`: always [`Val::Int64`].
    Int64,
    /// `float64`: always [`Val::Float`].
    Float,
    /// `bool`: always [`Val::Bool`].
    Bool,
    /// `[]interface {}`: a [`Val::List`] of anything, or [`Val::Nil`] for the constant `nil`.
    List,
    /// `map[string]interface {}`: a [`Val::Dict`] of anything, or [`Val::Nil`] for the constant `nil`.
    Dict,
    /// Another type by its Go name (`time.Duration`, `[]string`): what [`Val::type_name`] gives.
    Named(&'static str),
}

/// Functions behind one name: `strings.ToUpper`.
#[derive(Debug)]
pub struct Namespace {
    pub name: &'static str,
    /// Name of the Go type, for error messages: `*funcs.StringFuncs`.
    pub type_name: &'static str,
    pub functions: &'static [Function],
}

impl Namespace {
    pub fn function(&self, name: &str) -> Option<&'static Function> {
        self.functions.iter().find(|function| function.name == name)
    }
}
