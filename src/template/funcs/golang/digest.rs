//! Digests that templates can ask for and that the crates of the project do not have.

/// SHA-1. Only for names and fingerprints that others compute with it too.
pub(crate) fn sha1(input: &[u8]) -> [u8; 20] {
    let mut state: [u32; 5] = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476, 0xc3d2_e1f0];
    let mut message = input.to_vec();
    message.push(0x80);
    while message.len() % 64 != 56 {
        message.push(0);
    }
    message.extend_from_slice(&(input.len() as u64).wrapping_mul(8).to_be_bytes());
    for block in message.chunks_exact(64) {
        sha1_block(&mut state, block);
    }
    let mut out = [0; 20];
    for (part, word) in out.chunks_exact_mut(4).zip(state) {
        part.copy_from_slice(&word.to_be_bytes());
    }
    out
}

#[allow(clippy::many_single_char_names, reason = "the names of the standard, FIPS 180-4")]
fn sha1_block(state: &mut [u32; 5], block: &[u8]) {
    let mut words = [0_u32; 80];
    for (word, bytes) in words.iter_mut().zip(block.chunks_exact(4)) {
        *word = bytes.iter().fold(0, |word, byte| word << 8 | u32::from(*byte));
    }
    for round in 16..80 {
        words[round] = (words[round - 3] ^ words[round - 8] ^ words[round - 14] ^ words[round - 16]).rotate_left(1);
    }
    let [mut a, mut b, mut c, mut d, mut e] = *state;
    for (round, word) in words.into_iter().enumerate() {
        let (mix, constant) = match round {
            0..20 => ((b & c) | (!b & d), 0x5a82_7999),
            20..40 => (b ^ c ^ d, 0x6ed9_eba1),
            40..60 => ((b & c) | (b & d) | (c & d), 0x8f1b_bcdc),
            _ => (b ^ c ^ d, 0xca62_c1d6_u32),
        };
        let next = a.rotate_left(5).wrapping_add(mix).wrapping_add(e).wrapping_add(constant).wrapping_add(word);
        (a, b, c, d, e) = (next, a, b.rotate_left(30), c, d);
    }
    for (sum, word) in state.iter_mut().zip([a, b, c, d, e]) {
        *sum = sum.wrapping_add(word);
    }
}

/// Adler-32, a checksum of RFC 1950.
pub(crate) fn adler32(input: &[u8]) -> u32 {
    const MODULUS: u32 = 65_521;
    let (low, high) = input.iter().fold((1_u32, 0_u32), |(low, high), byte| {
        let low = (low + u32::from(*byte)) % MODULUS;
        (low, (high + low) % MODULUS)
    });
    high << 16 | low
}

/// PBKDF2 of RFC 8018 with HMAC over any digest.
pub(crate) fn pbkdf2(
    digest: fn(&[u8]) -> Vec<u8>,
    block: usize,
    password: &[u8],
    salt: &[u8],
    rounds: u32,
    length: usize,
) -> Vec<u8> {
    let mut key = if password.len() > block { digest(password) } else { password.to_vec() };
    key.resize(block, 0);
    let inner: Vec<u8> = key.iter().map(|byte| byte ^ 0x36).collect();
    let outer: Vec<u8> = key.iter().map(|byte| byte ^ 0x5c).collect();
    let hmac = |message: &[u8]| {
        let first = digest(&[&inner[..], message].concat());
        digest(&[&outer[..], &first].concat())
    };
    let mut out = Vec::with_capacity(length);
    let mut index: u32 = 1;
    while out.len() < length {
        let mut turn = hmac(&[salt, &index.to_be_bytes()].concat());
        let mut sum = turn.clone();
        for _ in 1..rounds {
            turn = hmac(&turn);
            for (sum, byte) in sum.iter_mut().zip(&turn) {
                *sum ^= byte;
            }
        }
        out.extend_from_slice(&sum);
        index += 1;
    }
    out.truncate(length);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::hex;

    /// Vectors of FIPS 180-4, RFC 1950 tools and RFC 6070.
    #[test]
    fn digests_give_the_values_of_their_standards() {
        assert_eq!(hex(&sha1(b"abc")), "a9993e364706816aba3e25717850c26c9cd0d89d");
        assert_eq!(hex(&sha1(&[b'a'; 1000])), "291e9a6c66994949b57ba5e650361e98fc36b1ba");
        assert_eq!(adler32(b"Wikipedia"), 0x11e6_0398);
        let sha1_vec = |bytes: &[u8]| sha1(bytes).to_vec();
        assert_eq!(hex(&pbkdf2(sha1_vec, 64, b"password", b"salt", 2, 20)), "ea6c014dc72d6f8ccd1ed92ace1d41f0d8de8957");
    }
}
