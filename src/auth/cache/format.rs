//! The file of a cache entry: mark and version, nonce, then name and value sealed together. Row 5.
//!
//! Mark, nonce and file name are authenticated; the file name is the hash of the entry's name. So a file that was
//! renamed, exchanged or changed does not open, and every file tells its own name to who has the key.

use zeroize::Zeroizing;

use crate::auth::store::Error;
use crate::auth::store::seal::{self, Key, NONCE};

const MARK: &[u8; 8] = b"atmosca\x01";
const HEADER: usize = MARK.len() + NONCE;

/// An opened entry.
pub(super) struct Entry {
    pub(super) name: String,
    pub(super) value: Zeroizing<Vec<u8>>,
}

pub(super) fn seal(key: &Key, name: &str, value: &[u8]) -> Result<Vec<u8>, Error> {
    let nonce = seal::random::<NONCE>()?;
    let length = u32::try_from(name.len()).map_err(|_| Error::Seal)?;
    let mut plain = Zeroizing::new(Vec::with_capacity(4 + name.len() + value.len()));
    plain.extend_from_slice(&length.to_le_bytes());
    plain.extend_from_slice(name.as_bytes());
    plain.extend_from_slice(value);
    let mut content = [MARK.as_slice(), &nonce].concat();
    let sealed = seal::seal(key, &nonce, &context(&content, &seal::file_name(name)), &plain)?;
    content.extend_from_slice(&sealed);
    Ok(content)
}

/// Opens the content of the file `file_name`; `None` when it was sealed with another key, or is no entry.
pub(super) fn open(key: &Key, file_name: &str, content: &[u8]) -> Option<Entry> {
    let (header, sealed) = content.split_at_checked(HEADER)?;
    let nonce: [u8; NONCE] = header.strip_prefix(MARK.as_slice())?.try_into().ok()?;
    let plain = seal::open(key, &nonce, &context(header, file_name), sealed)?;
    let (length, rest) = plain.split_at_checked(4)?;
    let length = usize::try_from(u32::from_le_bytes(length.try_into().ok()?)).ok()?;
    let (name, value) = rest.split_at_checked(length)?;
    Some(Entry { name: String::from_utf8(name.to_vec()).ok()?, value: Zeroizing::new(value.to_vec()) })
}

fn context(header: &[u8], file_name: &str) -> Vec<u8> {
    [header, file_name.as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_opens_with_its_key_under_its_file_name_only() {
        let key = Key::new([1; 32]);
        let content = seal(&key, "portal/x", b"token").unwrap();
        let entry = open(&key, &seal::file_name("portal/x"), &content).unwrap();
        assert_eq!((entry.name.as_str(), entry.value.as_slice()), ("portal/x", &b"token"[..]));
        assert!(open(&key, &seal::file_name("portal/y"), &content).is_none());
        assert!(open(&Key::new([2; 32]), &seal::file_name("portal/x"), &content).is_none());
        for length in 0..content.len() {
            assert!(open(&key, &seal::file_name("portal/x"), &content[..length]).is_none());
        }
    }
}
