//! Base64 and Base32 input with Go's error positions, and output.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Base64 with padding.
pub(crate) fn encode64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

fn sextet(byte: u8, url: bool) -> Option<u32> {
    let value = match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' if !url => 62,
        b'/' if !url => 63,
        b'-' if url => 62,
        b'_' if url => 63,
        _ => return None,
    };
    Some(u32::from(value))
}

/// Reads Base64, in the alphabet of URLs or the usual one. Line breaks do not count.
///
/// # Errors
/// Go's error text.
pub(crate) fn decode64(text: &str, url: bool) -> Result<Vec<u8>, String> {
    decode64_at(text.as_bytes(), url).map_err(|position| format!("illegal base64 data at input byte {position}"))
}

fn decode64_at(input: &[u8], url: bool) -> Result<Vec<u8>, usize> {
    let mut out = Vec::with_capacity(input.len() / 4 * 3);
    let mut group = [0_u32; 4];
    let mut filled = 0;
    let mut at = 0;
    let skip = |mut at: usize| {
        while matches!(input.get(at), Some(b'\n' | b'\r')) {
            at += 1;
        }
        at
    };
    while at < input.len() {
        let byte = input[at];
        at += 1;
        if let Some(value) = sextet(byte, url) {
            group[filled] = value;
            filled += 1;
            if filled == 4 {
                push64(&mut out, group, 3);
                (group, filled) = ([0; 4], 0);
            }
            continue;
        }
        if matches!(byte, b'\n' | b'\r') {
            continue;
        }
        if byte != b'=' || filled < 2 {
            return Err(at - 1);
        }
        if filled == 2 {
            at = skip(at);
            match input.get(at) {
                None => return Err(input.len()),
                Some(b'=') => at += 1,
                Some(_) => return Err(at - 1),
            }
        }
        at = skip(at);
        if at < input.len() {
            return Err(at);
        }
        push64(&mut out, group, filled - 1);
        return Ok(out);
    }
    if filled > 0 { Err(at - filled) } else { Ok(out) }
}

fn push64(out: &mut Vec<u8>, group: [u32; 4], bytes: usize) {
    let bits = group[0] << 18 | group[1] << 12 | group[2] << 6 | group[3];
    out.extend_from_slice(&bits.to_be_bytes()[1..=bytes]);
}

const ALPHABET32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// Base32 with padding.
pub(crate) fn encode32(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len().div_ceil(5) * 8);
    for part in bytes.chunks(5) {
        let bits = (0..5).fold(0_u64, |bits, index| bits << 8 | u64::from(part.get(index).copied().unwrap_or(0)));
        let letters = (part.len() * 8).div_ceil(5);
        for index in 0..8 {
            let value = usize::try_from(bits >> (35 - 5 * index) & 31).unwrap_or(0);
            out.push(if index < letters { char::from(ALPHABET32[value]) } else { '=' });
        }
    }
    out
}

/// Reads Base32.
///
/// # Errors
/// Go's error text.
pub(crate) fn decode32(text: &str) -> Result<Vec<u8>, String> {
    let input: Vec<u8> = text.bytes().filter(|byte| !matches!(byte, b'\n' | b'\r')).collect();
    decode32_at(&input).map_err(|position| format!("illegal base32 data at input byte {position}"))
}

fn decode32_at(input: &[u8]) -> Result<Vec<u8>, usize> {
    let mut out = Vec::with_capacity(input.len() / 8 * 5);
    for (index, group) in input.chunks(8).enumerate() {
        let start = index * 8;
        let mut bits = 0_u64;
        let mut letters = 8;
        for place in 0..8 {
            let Some(&byte) = group.get(place) else { return Err(start) };
            if byte == b'=' && place >= 2 && input.len() - start <= 8 {
                if group.len() < 8 {
                    return Err(input.len());
                }
                if let Some(wrong) = (place + 1..8).find(|place| group[*place] != b'=') {
                    return Err(start + wrong - 1);
                }
                if matches!(place, 3 | 6) {
                    return Err(start + place);
                }
                letters = place;
                bits <<= 5 * (8 - place);
                break;
            }
            let value = ALPHABET32.iter().position(|letter| *letter == byte).ok_or(start + place)?;
            bits = bits << 5 | value as u64;
        }
        out.extend_from_slice(&bits.to_be_bytes()[3..3 + letters * 5 / 8]);
    }
    Ok(out)
}
