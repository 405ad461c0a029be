//! Identities by names that are not spelled as in the configuration, and by their aliases. Row 5.

use std::collections::HashMap;

/// Places of identities in their section, made once: chains ask for each of their steps.
#[derive(Debug, Clone, Default)]
pub(super) struct Lookup {
    /// Nothing where several have the name.
    folded: HashMap<String, Option<usize>>,
    aliases: HashMap<String, Option<usize>>,
}

impl Lookup {
    /// Of names with their aliases, in their order.
    pub(super) fn of<'a>(identities: impl Iterator<Item = (&'a str, Option<&'a str>)>) -> Lookup {
        let mut lookup = Lookup::default();
        let note = |known: &mut HashMap<String, Option<usize>>, name: String, place| {
            known.entry(name).and_modify(|known| *known = None).or_insert(Some(place));
        };
        for (place, (name, alias)) in identities.enumerate() {
            note(&mut lookup.folded, name.to_lowercase(), place);
            if let Some(alias) = alias {
                note(&mut lookup.aliases, alias.to_owned(), place);
            }
        }
        lookup
    }

    /// The only one that is equal ignoring case, else the only one with that alias.
    pub(super) fn find(&self, wanted: &str) -> Option<usize> {
        let folded = self.folded.get(&wanted.to_lowercase()).copied().flatten();
        folded.or_else(|| self.aliases.get(wanted).copied().flatten())
    }
}
