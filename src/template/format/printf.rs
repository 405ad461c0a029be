//! `printf`: formats, flags, widths, argument indexes, and the forms in which Go reports mistakes in them.

use super::flags::Flags;
use super::integer::{self, Integer};
use super::quote::{can_backquote, quote_with};
use super::{float, print};
use crate::template::list::Elem;
use crate::template::problem::Problem;
use crate::template::value::{MAX_NESTING, Val};

/// Widths and precisions beyond this are mistakes.
const LARGEST: usize = 1_000_000;

/// The text that a format makes of its arguments. Mistakes are written into the text, as Go does: `%!d(string=x)`.
///
/// # Errors
/// Nesting without end, or a text of more than 64 MiB.
pub fn sprintf(format: &str, args: &[Val]) -> Result<String, Problem> {
    sprintf_within(format, args, 64 << 20)
}

/// [`sprintf`] with a bound on the length of the text.
pub(in crate::template) fn sprintf_within(format: &str, args: &[Val], room: usize) -> Result<String, Problem> {
    let mut printer = Printer { out: String::with_capacity(format.len()), flags: Flags::default(), room };
    let mut state = State { format, at: 0, args, next: 0, reordered: false, good: true };
    while let Some(length) = state.rest().find('%') {
        printer.out.push_str(&state.rest()[..length]);
        state.at += length + 1;
        printer.verb(&mut state)?;
        printer.check()?;
    }
    printer.out.push_str(state.rest());
    // Arguments that were taken out of order cannot be counted.
    if !state.reordered && state.next < args.len() {
        printer.flags = Flags::default();
        printer.out.push_str("%!(EXTRA ");
        for (index, arg) in args[state.next..].iter().enumerate() {
            if index > 0 {
                printer.out.push_str(", ");
            }
            if arg.is_nil() {
                printer.out.push_str("<nil>");
            } else {
                printer.out.push_str(arg.type_name());
                printer.out.push('=');
                print::print_to(&mut printer.out, arg)?;
            }
        }
        printer.out.push(')');
    }
    printer.check()?;
    Ok(printer.out)
}

/// Where in the format and in the arguments we are.
struct State<'a> {
    format: &'a str,
    at: usize,
    args: &'a [Val],
    next: usize,
    reordered: bool,
    /// The index of the argument of this verb makes sense.
    good: bool,
}

impl<'a> State<'a> {
    fn rest(&self) -> &'a str {
        &self.format[self.at..]
    }

    fn byte(&self) -> Option<u8> {
        self.format.as_bytes().get(self.at).copied()
    }

    /// `[3]`: the next argument by its number. True when there was one.
    fn index(&mut self) -> bool {
        if self.byte() != Some(b'[') {
            return false;
        }
        self.reordered = true;
        let Some(end) = self.rest().find(']').filter(|_| self.rest().len() >= 3) else {
            self.at += 1;
            self.good = false;
            return false;
        };
        let inside = &self.rest()[1..end];
        self.at += end + 1;
        let number = (!inside.is_empty() && inside.bytes().all(|byte| byte.is_ascii_digit()))
            .then(|| inside.parse::<usize>().ok())
            .flatten()
            .filter(|number| *number <= LARGEST);
        match number {
            Some(number) if (1..=self.args.len()).contains(&number) => {
                self.next = number - 1;
                true
            }
            Some(_) => {
                self.good = false;
                true
            }
            None => {
                self.good = false;
                false
            }
        }
    }

    /// Digits; `None` without any, or with too many, which ends the format.
    fn number(&mut self) -> Option<usize> {
        let digits = self.rest().bytes().take_while(u8::is_ascii_digit).count();
        let text = &self.rest()[..digits];
        self.at += digits;
        match text.parse::<usize>() {
            Ok(number) if number <= LARGEST * 10 => Some(number),
            Err(_) if digits == 0 => None,
            _ => {
                self.at = self.format.len();
                None
            }
        }
    }

    /// The next argument as a width: negative ones too. The argument is used up in any case.
    fn star(&mut self) -> Option<i64> {
        let number = self.args.get(self.next).map(Val::as_int);
        if number.is_some() {
            self.next += 1;
        }
        let limit = i64::try_from(LARGEST).unwrap_or(i64::MAX);
        number.flatten().filter(|number| (-limit..=limit).contains(number))
    }
}

struct Printer {
    out: String,
    flags: Flags,
    room: usize,
}

impl Printer {
    fn check(&self) -> Result<(), Problem> {
        if self.out.len() > self.room {
            return Err(Problem::limit(format!("printf makes a text of more than {} bytes", self.room)));
        }
        Ok(())
    }

    /// One verb; the percent sign is passed.
    fn verb(&mut self, state: &mut State<'_>) -> Result<(), Problem> {
        self.flags = Flags::default();
        state.good = true;
        self.read_flags(state);
        let mut indexed = state.index();
        self.read_width(state, &mut indexed);
        if state.byte() == Some(b'.') && state.at + 1 < state.format.len() {
            self.read_precision(state, &mut indexed);
        }
        if !indexed {
            state.index();
        }
        let Some(verb) = state.rest().chars().next() else {
            self.out.push_str("%!(NOVERB)");
            return Ok(());
        };
        state.at += verb.len_utf8();
        if verb == '%' {
            self.out.push('%');
            return Ok(());
        }
        if !state.good {
            self.out.push_str("%!");
            self.out.push(verb);
            self.out.push_str("(BADINDEX)");
            return Ok(());
        }
        let Some(arg) = state.args.get(state.next) else {
            self.out.push_str("%!");
            self.out.push(verb);
            self.out.push_str("(MISSING)");
            return Ok(());
        };
        state.next += 1;
        if matches!(verb, 'v' | 'w') {
            self.flags.sharp_v = std::mem::take(&mut self.flags.sharp);
            self.flags.plus_v = std::mem::take(&mut self.flags.plus);
        }
        self.argument(arg, verb)
    }

    fn read_flags(&mut self, state: &mut State<'_>) {
        loop {
            match state.byte() {
                Some(b'#') => self.flags.sharp = true,
                Some(b'0') => self.flags.zero = true,
                Some(b'+') => self.flags.plus = true,
                Some(b'-') => self.flags.minus = true,
                Some(b' ') => self.flags.space = true,
                _ => return,
            }
            state.at += 1;
        }
    }

    fn read_width(&mut self, state: &mut State<'_>, indexed: &mut bool) {
        if state.byte() != Some(b'*') {
            self.flags.width = state.number();
            if *indexed && self.flags.width.is_some() {
                state.good = false;
            }
            return;
        }
        state.at += 1;
        match state.star() {
            Some(width) => {
                if width < 0 {
                    self.flags.minus = true;
                    self.flags.zero = false;
                }
                self.flags.width = usize::try_from(width.unsigned_abs()).ok();
            }
            None => self.out.push_str("%!(BADWIDTH)"),
        }
        *indexed = false;
    }

    fn read_precision(&mut self, state: &mut State<'_>, indexed: &mut bool) {
        state.at += 1;
        if *indexed {
            state.good = false;
        }
        *indexed = state.index();
        if state.byte() != Some(b'*') {
            self.flags.precision = Some(state.number().unwrap_or(0));
            return;
        }
        state.at += 1;
        match state.star() {
            Some(precision) if precision >= 0 => self.flags.precision = usize::try_from(precision).ok(),
            _ => self.out.push_str("%!(BADPREC)"),
        }
        *indexed = false;
    }

    fn argument(&mut self, arg: &Val, verb: char) -> Result<(), Problem> {
        match (arg, verb) {
            (Val::Missing | Val::Nil, 'T' | 'v') => self.flags.pad(&mut self.out, "<nil>"),
            (Val::Missing | Val::Nil, _) => self.bad(arg, verb)?,
            (_, 'T') => self.string(arg.type_name(), 's'),
            // There are no addresses to tell.
            (Val::List(_) | Val::Dict(_) | Val::Namespace(_), 'p') => self.flags.pad(&mut self.out, "0xc000000000"),
            (_, 'p') | (Val::List(_) | Val::Dict(_) | Val::Namespace(_) | Val::Object(_), 'w') => {
                self.bad(arg, verb)?;
            }
            _ => self.value(arg, verb, 0)?,
        }
        Ok(())
    }

    fn bad(&mut self, arg: &Val, verb: char) -> Result<(), Problem> {
        self.out.push_str("%!");
        self.out.push(verb);
        self.out.push('(');
        if arg.is_nil() {
            self.out.push_str("<nil>");
        } else {
            self.out.push_str(arg.type_name());
            self.out.push('=');
            self.value(arg, 'v', 0)?;
        }
        self.out.push(')');
        Ok(())
    }

    fn value(&mut self, val: &Val, verb: char, depth: usize) -> Result<(), Problem> {
        if depth > MAX_NESTING {
            return Err(Problem::too_deep());
        }
        self.check()?;
        let out = &mut self.out;
        match (val, verb) {
            (Val::Missing | Val::Nil, _) if self.flags.sharp_v => out.push_str("interface {}(nil)"),
            (Val::Missing | Val::Nil, _) => out.push_str("<nil>"),
            (Val::Bool(flag), 't' | 'v') => self.flags.pad(out, if *flag { "true" } else { "false" }),
            (Val::Int(number) | Val::Int64(number), _) => {
                return self.integer(val, Integer::signed(*number), verb);
            }
            (Val::UInt(number), _) => return self.integer(val, Integer::unsigned(*number), verb),
            (Val::Byte(number), _) => return self.integer(val, Integer::unsigned(u64::from(*number)), verb),
            (Val::Float(number), 'v' | 'b' | 'g' | 'G' | 'x' | 'X' | 'f' | 'F' | 'e' | 'E') => {
                float::write(out, &self.flags, *number, verb);
            }
            (Val::String(text), 'v' | 's' | 'x' | 'X' | 'q') => self.string(text, verb),
            (Val::Object(object), 'v' | 's' | 'x' | 'X' | 'q') => {
                let text = object.text();
                if self.flags.sharp_v { out.push_str(&text) } else { self.string(&text, verb) }
            }
            (Val::Object(object), _) => match object.to_node().value {
                // A type that is a number below its name, such as a duration.
                crate::value::Value::Int(number) => return self.integer(val, Integer::signed(number), verb),
                _ => return self.bad(val, verb),
            },
            (Val::Namespace(_), 'v' | 's') => out.push_str("&{}"),
            (Val::List(list), _) => return self.list(list, val.type_name(), verb, depth),
            (Val::Dict(dict), _) => return self.dict(dict, val.type_name(), verb, depth),
            _ => return self.bad(val, verb),
        }
        Ok(())
    }

    fn integer(&mut self, val: &Val, number: Integer, verb: char) -> Result<(), Problem> {
        let (out, flags) = (&mut self.out, &self.flags);
        match verb {
            'v' if flags.sharp_v && matches!(val, Val::UInt(_) | Val::Byte(_)) => {
                integer::write_based(out, &Flags { sharp: true, ..*flags }, number, 'x');
            }
            'v' | 'd' | 'b' | 'o' | 'O' | 'x' | 'X' => integer::write_based(out, flags, number, verb),
            'c' => integer::write_char(out, flags, number),
            'q' => integer::write_quoted(out, flags, number),
            'U' => integer::write_unicode(out, flags, number),
            _ => return self.bad(val, verb),
        }
        Ok(())
    }

    fn string(&mut self, text: &str, verb: char) {
        let (out, flags) = (&mut self.out, &self.flags);
        match verb {
            'x' | 'X' => hex(out, flags, text.as_bytes(), verb),
            'q' => quoted(out, flags, text),
            'v' if flags.sharp_v => quoted(out, flags, text),
            _ => flags.pad(out, flags.cut(text)),
        }
    }

    fn list(&mut self, list: &crate::template::List, type_name: &str, verb: char, depth: usize) -> Result<(), Problem> {
        if list.elem() == Elem::Byte && matches!(verb, 's' | 'q' | 'x' | 'X') {
            let bytes: Vec<u8> = list.iter().filter_map(|byte| u8::try_from(byte.as_int()?).ok()).collect();
            match verb {
                'x' | 'X' => hex(&mut self.out, &self.flags, &bytes, verb),
                _ => self.string(&String::from_utf8_lossy(&bytes), verb),
            }
            return Ok(());
        }
        let sharp = self.flags.sharp_v;
        if sharp {
            self.out.push_str(if list.elem() == Elem::Byte && depth == 0 { "[]byte" } else { type_name });
        }
        self.out.push(if sharp { '{' } else { '[' });
        for (index, item) in list.iter().enumerate() {
            self.separate(index);
            self.value(&item, verb, depth + 1)?;
        }
        self.out.push(if sharp { '}' } else { ']' });
        Ok(())
    }

    fn dict(&mut self, dict: &crate::template::Dict, type_name: &str, verb: char, depth: usize) -> Result<(), Problem> {
        let sharp = self.flags.sharp_v;
        if sharp {
            self.out.push_str(type_name);
            self.out.push('{');
        } else {
            self.out.push_str("map[");
        }
        for (index, (key, item)) in dict.entries().into_iter().enumerate() {
            self.separate(index);
            self.value(&Val::String(key), verb, depth + 1)?;
            self.out.push(':');
            self.value(&item, verb, depth + 1)?;
        }
        self.out.push(if sharp { '}' } else { ']' });
        Ok(())
    }

    fn separate(&mut self, index: usize) {
        if index > 0 {
            self.out.push_str(if self.flags.sharp_v { ", " } else { " " });
        }
    }
}

fn quoted(out: &mut String, flags: &Flags, text: &str) {
    let text = flags.cut(text);
    if flags.sharp && can_backquote(text) {
        flags.pad(out, &format!("`{text}`"));
    } else {
        flags.pad(out, &quote_with(text, '"', flags.plus));
    }
}

/// `%x` of bytes: two digits each; a space between them and a prefix where the flags say so.
fn hex(out: &mut String, flags: &Flags, bytes: &[u8], verb: char) {
    use std::fmt::Write as _;
    let bytes = &bytes[..flags.precision.unwrap_or(bytes.len()).min(bytes.len())];
    let prefix = match (flags.sharp, verb) {
        (false, _) => "",
        (true, 'X') => "0X",
        (true, _) => "0x",
    };
    let mut text = String::with_capacity(bytes.len() * 3);
    for (index, byte) in bytes.iter().enumerate() {
        if index > 0 && flags.space {
            text.push(' ');
        }
        if index == 0 || flags.space {
            text.push_str(prefix);
        }
        let _ = if verb == 'X' { write!(text, "{byte:02X}") } else { write!(text, "{byte:02x}") };
    }
    flags.pad(out, &text);
}
