//! Chance.

use super::super::golang::{args, base, chance};
use crate::template::{Call, Function, Param, Problem, Val};

pub(super) static TABLE: &[Function] = &[
    Function::new("randAlphaNum", &[Param::Int], |call, args| letters(call, args, char::is_ascii_alphanumeric)),
    Function::new("randAlpha", &[Param::Int], |call, args| letters(call, args, char::is_ascii_alphabetic)),
    Function::new("randNumeric", &[Param::Int], |call, args| letters(call, args, char::is_ascii_digit)),
    Function::new("randAscii", &[Param::Int], |call, args| letters(call, args, |letter| (' '..='~').contains(letter))),
    Function::new("randBytes", &[Param::Int], |call, args| {
        let count = args::int(args, 0);
        if count < 0 {
            return Err(args::out_of_range("makeslice: len out of range"));
        }
        let count = args::length(count);
        call.allow(count.saturating_mul(3))?;
        let mut bytes = vec![0; count];
        call.world().random(&mut bytes)?;
        Ok(Val::from(base::encode64(&bytes)))
    }),
    Function::new("randInt", &[Param::Int, Param::Int], |call, args| {
        let (min, max) = (args::int(args, 0), args::int(args, 1));
        let spread = max.checked_sub(min).and_then(|spread| u64::try_from(spread).ok()).filter(|spread| *spread > 0);
        let spread = spread.ok_or_else(|| Problem::new("invalid argument to Intn"))?;
        Ok(Val::Int(min.wrapping_add_unsigned(chance::below(call, spread)?)))
    }),
    Function::new("shuffle", &[Param::Text], |call, args| {
        let mut letters: Vec<char> = args::text(args, 0).chars().collect();
        for index in (1..letters.len()).rev() {
            let other = chance::index(call, index + 1)?;
            letters.swap(index, other);
        }
        Ok(Val::from(letters.into_iter().collect::<String>()))
    }),
    Function::new("uuidv4", &[], |call, _| Ok(Val::from(chance::uuid(call)?))),
];

/// A negative count gives nothing, as in sprig.
fn letters(call: &mut Call<'_>, args: &[Val], keep: fn(&char) -> bool) -> Result<Val, Problem> {
    let set: Vec<char> = (' '..='~').filter(keep).collect();
    Ok(Val::from(chance::text(call, args::length(args::int(args, 0)), &set)?))
}
