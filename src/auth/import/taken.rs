//! Names that are taken: whether one could be told from all of them, found out at once however many there are. Row 5.

use std::collections::HashMap;

use crate::auth::delivery::{config_headers, profile_name};

/// Places in a list by what its names are told from each other by.
#[derive(Debug, Clone, Default)]
pub(super) struct Taken {
    places: HashMap<String, usize>,
    count: usize,
}

impl Taken {
    /// Of all names of a list, in its order.
    pub(super) fn of<'a>(names: impl IntoIterator<Item = &'a str>) -> Taken {
        let mut taken = Taken::default();
        names.into_iter().for_each(|name| taken.add(name));
        taken
    }

    /// Takes the next name of the list.
    pub(super) fn add(&mut self, name: &str) {
        for mark in marks(name) {
            self.places.entry(mark).or_insert(self.count);
        }
        self.count += 1;
    }

    /// The place of the first name that cannot be told from this one.
    pub(super) fn find(&self, name: &str) -> Option<usize> {
        marks(name).iter().filter_map(|mark| self.places.get(mark)).min().copied()
    }
}

/// Two names that an AWS configuration, or whoever types them, could not tell apart.
pub(super) fn is_same(left: &str, right: &str) -> bool {
    Taken::of([left]).find(right).is_some()
}

/// What a name is found by: itself in any case, and the headers of its profile. Names that have one of these in common are the
/// same.
fn marks(name: &str) -> Vec<String> {
    // A header has no control character, so the two kinds cannot be taken for each other.
    let mut marks = vec![format!("\0{}", name.to_lowercase())];
    marks.extend(profile_name(name).map(|profile| config_headers(&profile)).unwrap_or_default());
    marks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_by_what_they_cannot_be_told_from() {
        let taken = Taken::of(["Prod", "a#b", "prod", "my team"]);
        let cases =
            [("PROD", Some(0)), ("a;b", Some(1)), ("my  team", Some(3)), ("other", None), ("profile Prod", None)];
        for (name, place) in cases {
            assert_eq!(taken.find(name), place, "{name}");
        }
        assert!(is_same("x", "X") && is_same("a#b", "a-b") && !is_same("a", "b"));
    }
}
