//! Bech32, the form of age keys. No limit of length, as age has none.

use zeroize::Zeroizing;

const LETTERS: &[u8; 32] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";
const CHECKSUM: usize = 6;

/// The bytes of a text with this prefix, which is written in one case; `None` for anything else.
pub(super) fn decode(prefix: &str, text: &str) -> Option<Zeroizing<Vec<u8>>> {
    if text.bytes().any(|byte| byte.is_ascii_lowercase()) && text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return None;
    }
    let text = Zeroizing::new(text.to_ascii_lowercase());
    let data = text.strip_prefix(&prefix.to_ascii_lowercase())?.strip_prefix('1')?;
    let place = |byte: u8| LETTERS.iter().position(|letter| *letter == byte).and_then(|at| u8::try_from(at).ok());
    let fives = Zeroizing::new(data.bytes().map(place).collect::<Option<Vec<u8>>>()?);
    let end = fives.len().checked_sub(CHECKSUM)?;
    if polymod(prefix, &fives) != 1 {
        return None;
    }
    eights(&fives[..end])
}

fn polymod(prefix: &str, fives: &[u8]) -> u32 {
    const GENERATOR: [u32; 5] = [0x3b6a_57b2, 0x2650_8e6d, 0x1ea1_19fa, 0x3d42_33dd, 0x2a14_62b3];
    let prefix = prefix.to_ascii_lowercase();
    let high = prefix.bytes().map(|byte| byte >> 5);
    let low = prefix.bytes().map(|byte| byte & 31);
    let all = high.chain([0]).chain(low).chain(fives.iter().copied());
    all.fold(1, |sum: u32, five| {
        let next = ((sum & 0x01ff_ffff) << 5) ^ u32::from(five);
        let top = sum >> 25;
        GENERATOR
            .iter()
            .enumerate()
            .fold(next, |next, (bit, part)| if top >> bit & 1 == 1 { next ^ part } else { next })
    })
}

/// Groups of five bits as bytes; what is left over must be zero.
fn eights(fives: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(fives.len() * 5 / 8));
    let (mut held, mut bits) = (0_u32, 0);
    for five in fives {
        held = (held << 5 | u32::from(*five)) & 0xfff;
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            bytes.push(u8::try_from(held >> bits & 0xff).ok()?);
        }
    }
    (bits < 5 && held & ((1 << bits) - 1) == 0).then_some(bytes)
}
