//! Integers in every base, as characters and as code points.

use super::flags::Flags;
use super::quote::{is_printable, quote_with};

/// An integer of any type, by sign and magnitude.
#[derive(Debug, Clone, Copy)]
pub(super) struct Integer {
    pub negative: bool,
    pub magnitude: u64,
}

impl Integer {
    pub(super) fn signed(number: i64) -> Integer {
        Integer { negative: number < 0, magnitude: number.unsigned_abs() }
    }

    pub(super) fn unsigned(number: u64) -> Integer {
        Integer { negative: false, magnitude: number }
    }

    /// The bits as Go's unsigned conversion sees them.
    fn bits(self) -> u64 {
        if self.negative { self.magnitude.wrapping_neg() } else { self.magnitude }
    }

    fn char(self) -> char {
        u32::try_from(self.bits()).ok().and_then(char::from_u32).unwrap_or('\u{fffd}')
    }
}

/// `%d`, `%b`, `%o`, `%O`, `%x`, `%X`.
pub(super) fn write_based(out: &mut String, flags: &Flags, number: Integer, verb: char) {
    let magnitude = number.magnitude;
    let digits = match verb {
        'b' => format!("{magnitude:b}"),
        'o' | 'O' => format!("{magnitude:o}"),
        'x' => format!("{magnitude:x}"),
        'X' => format!("{magnitude:X}"),
        _ => magnitude.to_string(),
    };
    let signed = number.negative || flags.plus || flags.space;
    let wanted = match (flags.precision, flags.width) {
        (Some(0), _) if magnitude == 0 => {
            out.extend(std::iter::repeat_n(' ', flags.width.unwrap_or(0)));
            return;
        }
        (Some(precision), _) => precision,
        (None, Some(width)) if flags.zero && !flags.minus => width.saturating_sub(usize::from(signed)),
        _ => 0,
    };
    let mut text = String::with_capacity(wanted.max(digits.len()) + 3);
    if number.negative {
        text.push('-');
    } else if flags.plus {
        text.push('+');
    } else if flags.space {
        text.push(' ');
    }
    if verb == 'O' {
        text.push_str("0o");
    }
    let zeros = wanted.saturating_sub(digits.len());
    if flags.sharp {
        match verb {
            'b' => text.push_str("0b"),
            'x' => text.push_str("0x"),
            'X' => text.push_str("0X"),
            'o' | 'O' if zeros == 0 && !digits.starts_with('0') => text.push('0'),
            _ => {}
        }
    }
    text.extend(std::iter::repeat_n('0', zeros));
    text.push_str(&digits);
    flags.pad_spaces(out, &text);
}

/// `%c`
pub(super) fn write_char(out: &mut String, flags: &Flags, number: Integer) {
    flags.pad(out, number.char().encode_utf8(&mut [0; 4]));
}

/// `%q`
pub(super) fn write_quoted(out: &mut String, flags: &Flags, number: Integer) {
    let text = quote_with(number.char().encode_utf8(&mut [0; 4]), '\'', flags.plus);
    flags.pad(out, &text);
}

/// `%U`
pub(super) fn write_unicode(out: &mut String, flags: &Flags, number: Integer) {
    let bits = number.bits();
    let mut text = format!("U+{bits:00$X}", flags.precision.unwrap_or(0).max(4));
    let c = u32::try_from(bits).ok().and_then(char::from_u32);
    if let Some(c) = c.filter(|c| flags.sharp && is_printable(*c)) {
        text.push_str(" '");
        text.push(c);
        text.push('\'');
    }
    flags.pad_spaces(out, &text);
}
