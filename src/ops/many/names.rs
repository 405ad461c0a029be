//! Names and patterns of names: of components that are chosen or left out, and of stacks.

use super::Error;
use crate::component::{self, Filter, Instance};
use crate::diag::{Result, nearest};
use crate::ops::App;
use crate::stack::{GlobMatcher, is_plain_name};

/// Names as they were given, each of which may be a pattern. A name that has the look of one is still itself.
pub(super) struct Names<'a>(Vec<(&'a str, Option<GlobMatcher>)>);

impl<'a> Names<'a> {
    /// # Errors
    /// A pattern that is none.
    pub(super) fn read(given: impl IntoIterator<Item = &'a str>) -> Result<Names<'a>> {
        let read = |text: &'a str| -> Result<(&'a str, Option<GlobMatcher>)> {
            if is_plain_name(text) {
                return Ok((text, None));
            }
            let matcher = GlobMatcher::new(text).ok_or_else(|| Error::Pattern { pattern: text.to_owned() })?;
            Ok((text, Some(matcher)))
        };
        Ok(Names(given.into_iter().map(read).collect::<Result<_>>()?))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.0.iter().any(|one| fits(one, name))
    }

    /// Refuses what fits no component.
    ///
    /// # Errors
    /// The first such name or pattern, with the nearest name that exists.
    pub(super) fn check(&self, instances: &[Instance]) -> Result<()> {
        let names = || instances.iter().map(|instance| instance.name.as_str());
        let Some((unknown, _)) = self.0.iter().find(|one| !names().any(|name| fits(one, name))) else {
            return Ok(());
        };
        let near = nearest(text_of(unknown), names());
        let help = near.map_or_else(
            || "`atmos list components` shows the components".to_owned(),
            |name| format!("did you mean `{name}`?"),
        );
        Err(Error::UnknownComponent { component: (*unknown).to_owned(), help }.into())
    }
}

/// A pattern without what stands for something else.
fn text_of(pattern: &str) -> &str {
    pattern.trim_matches(['*', '?'])
}

fn fits((text, matcher): &(&str, Option<GlobMatcher>), name: &str) -> bool {
    *text == name || matcher.as_ref().is_some_and(|matcher| matcher.matches(name))
}

/// The stacks of a run.
pub(super) struct Stacks<'a> {
    given: Option<&'a str>,
    pattern: Option<Names<'a>>,
}

impl<'a> Stacks<'a> {
    /// # Errors
    /// A pattern that is none.
    pub(super) fn read(given: Option<&'a str>) -> Result<Stacks<'a>> {
        let pattern = given.filter(|text| !is_plain_name(text)).map(|text| Names::read([text])).transpose()?;
        Ok(Stacks { given, pattern })
    }

    /// The one stack that is meant, however it is addressed.
    pub(super) fn single(&self) -> Option<&'a str> {
        self.given.filter(|_| self.pattern.is_none())
    }

    pub(super) fn has(&self, stack: &str) -> bool {
        self.pattern.as_ref().is_none_or(|pattern| pattern.has(stack))
    }

    /// Something has components of any kind; otherwise an error with the stacks that there are.
    ///
    /// # Errors
    /// [`Error::UnknownStack`]
    pub(super) fn check(&self, app: &App) -> Result<()> {
        let Some(given) = self.given else { return Ok(()) };
        let index = app.index()?;
        if self.pattern.is_none() {
            let filter = Filter { stack: Some(given.to_owned()), ..Filter::default() };
            if !component::all(&app.host, &app.config, index, &filter)?.is_empty() {
                return Ok(());
            }
        }
        let mut known: Vec<String> =
            component::summaries(&app.host, &app.config, index)?.into_iter().map(|summary| summary.stack).collect();
        known.sort();
        known.dedup();
        if self.pattern.is_some() && known.iter().any(|name| self.has(name)) {
            return Ok(());
        }
        let help = nearest(text_of(given), known.iter().map(String::as_str)).map_or_else(
            || "`atmos list stacks` shows the stacks".to_owned(),
            |name| format!("did you mean `{name}`?"),
        );
        Err(Error::UnknownStack { stack: given.to_owned(), available: known.join(", "), help }.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_patterns() {
        let names = Names::read(["vpc", "net-*", "a/**", "{x,y}"]).unwrap();
        for (name, expected) in [
            ("vpc", true),
            ("vpc2", false),
            ("net-a", true),
            ("net-a/b", false),
            ("a/b/c", true),
            ("y", true),
            ("net-*", true),
        ] {
            assert_eq!(names.has(name), expected, "{name}");
        }
        assert!(Names::read(["a[b"]).is_err());
    }

    #[test]
    fn a_pattern_of_stacks_is_no_single_one() {
        let stacks = Stacks::read(Some("dev-*")).unwrap();
        assert_eq!((stacks.single(), stacks.has("dev-eu"), stacks.has("prod-eu")), (None, true, false));
        let stacks = Stacks::read(Some("dev")).unwrap();
        assert_eq!((stacks.single(), stacks.has("anything")), (Some("dev"), true));
    }
}
