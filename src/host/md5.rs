//! MD5: what S3 wants beside a key of the customer, to find errors of transmission, and how OpenSSL made keys of passwords.
//! Nothing of ours relies on it.

const SHIFTS: [[u32; 4]; 4] = [[7, 12, 17, 22], [5, 9, 14, 20], [4, 11, 16, 23], [6, 10, 15, 21]];

/// The digest of some bytes.
pub fn md5(input: &[u8]) -> [u8; 16] {
    let mut state: [u32; 4] = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476];
    let mut message = input.to_vec();
    message.push(0x80);
    while message.len() % 64 != 56 {
        message.push(0);
    }
    message.extend_from_slice(&(input.len() as u64).wrapping_mul(8).to_le_bytes());
    for block in message.chunks_exact(64) {
        add_block(&mut state, block);
    }
    let mut out = [0; 16];
    for (part, word) in out.chunks_exact_mut(4).zip(state) {
        part.copy_from_slice(&word.to_le_bytes());
    }
    out
}

#[allow(clippy::many_single_char_names, reason = "the names of the standard, RFC 1321")]
fn add_block(state: &mut [u32; 4], block: &[u8]) {
    let word = |index: usize| {
        block[index * 4..index * 4 + 4].iter().rev().fold(0_u32, |word, byte| word << 8 | u32::from(*byte))
    };
    let [mut a, mut b, mut c, mut d] = *state;
    for round in 0..64_u32 {
        let index = round as usize;
        let (mix, at) = match round {
            0..16 => ((b & c) | (!b & d), index),
            16..32 => ((d & b) | (!d & c), (5 * index + 1) % 16),
            32..48 => (b ^ c ^ d, (3 * index + 5) % 16),
            _ => (c ^ (b | !d), 7 * index % 16),
        };
        let sum = a.wrapping_add(mix).wrapping_add(sine(round)).wrapping_add(word(at));
        (a, d, c, b) = (d, c, b, b.wrapping_add(sum.rotate_left(SHIFTS[index / 16][index % 4])));
    }
    for (word, add) in state.iter_mut().zip([a, b, c, d]) {
        *word = word.wrapping_add(add);
    }
}

/// The constants of the standard are digits of sines.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the product is positive and below 2 to the 32nd"
)]
fn sine(round: u32) -> u32 {
    (f64::from(round + 1).sin().abs() * 4_294_967_296.0) as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::hex;

    /// The test suite of RFC 1321.
    #[test]
    fn digests_are_those_of_the_standard() {
        for (text, digest) in [
            ("", "d41d8cd98f00b204e9800998ecf8427e"),
            ("abc", "900150983cd24fb0d6963f7d28e17f72"),
            (
                "12345678901234567890123456789012345678901234567890123456789012345678901234567890",
                "57edf4a22be3c955ac49da2e2107b67a",
            ),
        ] {
            assert_eq!(hex(&md5(text.as_bytes())), digest);
        }
    }
}
