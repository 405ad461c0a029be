//! What can be set at an entry of a kind. Row 5.

/// One setting.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Setting {
    /// Where it stands below the entry, for example `spec.audience`.
    pub(crate) path: &'static str,
    pub(crate) shape: Shape,
    pub(crate) required: bool,
    /// One line for people.
    pub(crate) about: &'static str,
}

/// What a setting holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    Text,
    /// A text that no fingerprint and no message has.
    Secret,
    Texts,
    /// One of these.
    Word(&'static [&'static str]),
    /// One of these in upper or lower case.
    Name(&'static [&'static str]),
}

impl Setting {
    pub(crate) const fn text(path: &'static str, about: &'static str) -> Setting {
        Setting { path, shape: Shape::Text, required: false, about }
    }

    pub(crate) const fn secret(path: &'static str, about: &'static str) -> Setting {
        Setting { path, shape: Shape::Secret, required: false, about }
    }

    pub(crate) const fn texts(path: &'static str, about: &'static str) -> Setting {
        Setting { path, shape: Shape::Texts, required: false, about }
    }

    pub(crate) const fn word(path: &'static str, words: &'static [&'static str], about: &'static str) -> Setting {
        Setting { path, shape: Shape::Word(words), required: false, about }
    }

    pub(crate) const fn name(path: &'static str, names: &'static [&'static str], about: &'static str) -> Setting {
        Setting { path, shape: Shape::Name(names), required: false, about }
    }

    pub(crate) fn is_secret(&self) -> bool {
        self.shape == Shape::Secret
    }

    pub(crate) const fn required(self) -> Setting {
        Setting { required: true, ..self }
    }
}
