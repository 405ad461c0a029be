//! Flags, width and precision of one verb, and padding.

#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Flags {
    pub minus: bool,
    pub plus: bool,
    pub sharp: bool,
    pub space: bool,
    pub zero: bool,
    /// `%+v`
    pub plus_v: bool,
    /// `%#v`
    pub sharp_v: bool,
    pub width: Option<usize>,
    pub precision: Option<usize>,
}

impl Flags {
    /// Writes a text in the width, filled with zeros if the flags say so.
    pub(super) fn pad(&self, out: &mut String, text: &str) {
        self.pad_with(out, text, if self.zero && !self.minus { '0' } else { ' ' });
    }

    /// Writes a text in the width, filled with spaces.
    pub(super) fn pad_spaces(&self, out: &mut String, text: &str) {
        self.pad_with(out, text, ' ');
    }

    fn pad_with(&self, out: &mut String, text: &str, fill: char) {
        let missing = self.width.unwrap_or(0).saturating_sub(text.chars().count());
        if !self.minus {
            out.extend(std::iter::repeat_n(fill, missing));
        }
        out.push_str(text);
        if self.minus {
            out.extend(std::iter::repeat_n(' ', missing));
        }
    }

    /// The beginning of a text that the precision lets through, in characters.
    pub(super) fn cut<'t>(&self, text: &'t str) -> &'t str {
        match self.precision.and_then(|precision| text.char_indices().nth(precision)) {
            Some((index, _)) => &text[..index],
            None => text,
        }
    }
}
