//! `!env NAME [default]`: the component's `env` section, the environment, the default, or nothing. Always a text.

use super::arguments::words;
use super::call::Context;
use super::problem::{Mistake, Problem};

pub(super) fn value(context: &Context<'_>, text: &str) -> Result<String, Problem> {
    let wrong = |fault: Mistake| Mistake { message: format!("invalid function arguments: {fault}"), ..fault };
    let words = words(text).map_err(|fault| Problem::Arguments(wrong(fault)))?;
    let (name, default) = match words.as_slice() {
        [name] => (name, ""),
        [name, default] => (name, default.as_str()),
        [] => return Err(Problem::arguments("expected arguments")),
        _ => return Err(Problem::arguments("env function accepts 1 or 2 arguments")),
    };
    if let Some(own) = (context.own_variable)(name) {
        return Ok(own);
    }
    let ambient = context.host.env.get_raw(name).and_then(|value| value.to_str());
    let promoted = || context.config.promoted.get(name).map(String::as_str);
    Ok(ambient.or_else(promoted).unwrap_or(default).to_owned())
}
