//! The components that a choice leads to: what they depend on, and what depends on them.

use std::collections::BTreeSet;

use super::dependencies::{Graph, Place};
use super::error::Error;
use super::shape::Shape;
use crate::component::{Asked, Instance};
use crate::diag::Result;
use crate::ops::App;
use crate::resolve;

/// How far it is gone from the chosen components; 0 for not at all.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Closure {
    /// To what they depend on.
    pub dependencies: usize,
    /// To what depends on them.
    pub dependents: usize,
}

impl Closure {
    /// From the values of `--include-dependencies` and `--include-dependents`; none when neither asks for anything.
    ///
    /// # Errors
    /// A value that is neither a number of levels nor a switch.
    pub fn parse(dependencies: Option<&str>, dependents: Option<&str>) -> Result<Option<Closure>, Error> {
        let closure = Closure {
            dependencies: depth("--include-dependencies", dependencies)?,
            dependents: depth("--include-dependents", dependents)?,
        };
        Ok((closure != Closure::default()).then_some(closure))
    }
}

fn depth(flag: &'static str, text: Option<&str>) -> Result<usize, Error> {
    let text = text.unwrap_or_default().trim().to_ascii_lowercase();
    match text.as_str() {
        "" | "false" | "0" => Ok(0),
        "true" | "unlimited" => Ok(usize::MAX),
        number => number.parse().map_err(|_| Error::Depth { flag, value: number.to_owned() }),
    }
}

/// Component and stack of everything that a choice leads to. `chosen` says which components are the first.
///
/// # Errors
/// An instance that cannot be evaluated.
pub(super) fn members(
    app: &App,
    closure: Closure,
    shape: &Shape,
    (processing, asked): (&resolve::Options, Asked),
    chosen: impl Fn(&Instance) -> bool,
) -> Result<BTreeSet<Place>> {
    let (graph, first) =
        Graph::new(app, asked, processing, |instance| chosen(instance) && shape.admits(&instance.sections.metadata))?;
    let mut found = graph.reach(&first, false, closure.dependencies);
    found.extend(graph.reach(&first, true, closure.dependents));
    Ok(found.into_iter().map(|node| graph.place(node)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_numbers_or_switches() {
        let parse = |one: Option<&str>, two: Option<&str>| {
            Closure::parse(one, two).unwrap().map(|found| (found.dependencies, found.dependents))
        };
        assert_eq!(parse(None, None), None);
        assert_eq!(parse(Some("false"), Some("0")), None);
        assert_eq!(parse(Some("unlimited"), Some("2")), Some((usize::MAX, 2)));
        for wrong in ["-1", "two", "1.5"] {
            assert!(Closure::parse(Some(wrong), None).is_err(), "{wrong}");
        }
    }
}
