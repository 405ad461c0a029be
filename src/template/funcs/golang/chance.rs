//! Randomness from the bytes that the world gives.

use crate::template::{Call, Problem};

/// A number below `limit`, each as likely as the others. A limit of zero gives zero.
pub(crate) fn below(call: &mut Call<'_>, limit: u64) -> Result<u64, Problem> {
    if limit == 0 {
        return Ok(0);
    }
    // Numbers from the incomplete last round would be more likely.
    let fair = u64::MAX - u64::MAX % limit;
    loop {
        let mut bytes = [0; 8];
        call.world().random(&mut bytes)?;
        let number = u64::from_le_bytes(bytes);
        if number < fair {
            return Ok(number % limit);
        }
    }
}

/// An index below `count`.
pub(crate) fn index(call: &mut Call<'_>, count: usize) -> Result<usize, Problem> {
    let number = below(call, u64::try_from(count).unwrap_or(u64::MAX))?;
    Ok(usize::try_from(number).unwrap_or(0))
}

/// So many characters of a set.
pub(crate) fn text(call: &mut Call<'_>, count: usize, set: &[char]) -> Result<String, Problem> {
    call.allow(count.saturating_mul(4))?;
    (0..count).map(|_| Ok(set[index(call, set.len())?])).collect()
}

/// A random identifier of version 4.
pub(crate) fn uuid(call: &mut Call<'_>) -> Result<String, Problem> {
    let mut bytes = [0; 16];
    call.world().random(&mut bytes)?;
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    Ok(uuid_text(bytes))
}

/// The usual spelling of an identifier.
pub(crate) fn uuid_text(bytes: [u8; 16]) -> String {
    let hex = crate::value::hex(&bytes);
    [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
}
