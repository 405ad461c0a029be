//! What a program prints, up to a limit: a command that never ends does not fill the memory.

use std::io::{self, Read as _};
use std::process::Output;

/// What came of a program.
#[derive(Debug)]
pub enum Captured {
    Ended(Output),
    /// It wanted to print more than it may, and was stopped.
    TooMuch,
}

/// Runs a program to its end, whatever its status, with nothing on its standard input.
///
/// # Errors
/// It cannot be started, or what it prints cannot be read.
pub fn capture(program: &duct::Expression, limit: Limit) -> io::Result<Captured> {
    let reader = program.stdin_null().unchecked().reader()?;
    let mut stdout = Vec::new();
    (&reader).take(limit.0.saturating_add(1)).read_to_end(&mut stdout)?;
    if u64::try_from(stdout.len()).is_ok_and(|length| length > limit.0) {
        reader.kill()?;
        return Ok(Captured::TooMuch);
    }
    // The take may have ended just before the end of the file, which is where the program is waited for.
    (&reader).read_to_end(&mut stdout)?;
    let ended = reader.try_wait()?.map(|output| output.status);
    let status = ended.ok_or_else(|| io::Error::other("the program has not ended"))?;
    Ok(Captured::Ended(Output { status, stdout, stderr: Vec::new() }))
}

/// Bytes that a program may print.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit(u64);

const UNITS: [(&str, u64); 3] = [("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30)];

impl Default for Limit {
    fn default() -> Limit {
        Limit(64 << 20)
    }
}

impl std::str::FromStr for Limit {
    type Err = ();

    /// Bytes, or a whole number of `KiB`, `MiB` or `GiB`; not zero.
    fn from_str(text: &str) -> Result<Limit, ()> {
        let unit = UNITS.iter().find_map(|(name, size)| Some((text.strip_suffix(name)?, *size)));
        let (number, size) = unit.unwrap_or((text, 1));
        let bytes = number.trim().parse::<u64>().ok().and_then(|number| number.checked_mul(size));
        bytes.filter(|bytes| *bytes > 0).map(Limit).ok_or(())
    }
}

impl std::fmt::Display for Limit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match UNITS.iter().rev().find(|(_, size)| self.0.is_multiple_of(*size)) {
            Some((name, size)) => write!(f, "{} {name}", self.0 / size),
            None => write!(f, "{} bytes", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn captured(script: &str, limit: u64) -> Option<Output> {
        match capture(&duct::cmd("sh", ["-c", script]), Limit(limit)).unwrap() {
            Captured::Ended(output) => Some(output),
            Captured::TooMuch => None,
        }
    }

    #[test]
    fn a_program_may_print_as_much_as_the_limit_and_no_more() {
        let output = captured("printf abcd; exit 3", 4).unwrap();
        assert_eq!((output.stdout.as_slice(), output.status.code()), (&b"abcd"[..], Some(3)));
        assert!(captured("printf abcde", 4).is_none());
        assert!(captured("yes", 1 << 16).is_none());
    }

    #[test]
    fn limits_are_read_and_shown_with_units() {
        for (text, shown) in [("1024", "1 KiB"), ("2MiB", "2 MiB"), ("3 GiB", "3 GiB"), ("1000", "1000 bytes")] {
            assert_eq!(text.parse::<Limit>().unwrap().to_string(), shown);
        }
        for text in ["", "0", "-1", "x", "1 MB", "99999999999999 GiB"] {
            assert_eq!(text.parse::<Limit>(), Err(()), "{text}");
        }
    }
}
