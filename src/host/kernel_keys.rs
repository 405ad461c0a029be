//! Small secrets in the memory of the Linux kernel: the keyring that all processes of a user share. It is never written to a
//! disk or to swap, and it ends with the last process of the user, or with the machine.
//!
//! Containers often have no such keyring: their system call filter refuses it. Then, and on other systems, every function
//! says so.

use std::io;
use std::time::Duration;

use zeroize::Zeroizing;

/// The value under a name; `None` when there is none (any more).
///
/// # Errors
/// The kernel has no keyring for us.
pub fn get(name: &str) -> io::Result<Option<Zeroizing<Vec<u8>>>> {
    system::get(name)
}

/// Keeps a value under a name, in place of what was there; with a lifetime the kernel forgets it by itself.
///
/// # Errors
/// The kernel has no keyring for us, or no room.
pub fn put(name: &str, value: &[u8], lifetime: Option<Duration>) -> io::Result<()> {
    system::put(name, value, lifetime)
}

/// Lets a value live so long from now on.
///
/// # Errors
/// It is not there any more.
pub fn prolong(name: &str, lifetime: Duration) -> io::Result<()> {
    system::prolong(name, lifetime)
}

/// Removes a value; true when there was one.
///
/// # Errors
/// The kernel has no keyring for us.
pub fn remove(name: &str) -> io::Result<bool> {
    system::remove(name)
}

/// Removes every value whose name begins so; how many there were.
///
/// # Errors
/// The kernel has no keyring for us.
pub fn remove_all(prefix: &str) -> io::Result<usize> {
    system::remove_all(prefix)
}

#[cfg(target_os = "linux")]
mod system {
    use std::ffi::{CStr, CString, c_long};
    use std::io;
    use std::time::Duration;

    use nix::libc;
    use zeroize::Zeroizing;

    /// The kind of key that user space may read back.
    const TYPE: &CStr = c"user";
    /// The keyring of the user, and that of this thread. The kernel takes them as negative numbers of keyrings.
    const OF_USER: c_long = libc::KEY_SPEC_USER_KEYRING as c_long;
    const OF_THREAD: c_long = libc::KEY_SPEC_THREAD_KEYRING as c_long;
    /// Everything for who holds the key; for other processes of the user everything but changing these bits. A process
    /// whose login session does not lead to the keyring of the user is one of those.
    const PERMISSIONS: c_long = 0x3f1f_0000;
    /// Larger than anything that is kept here.
    const LARGEST: usize = 32 * 1024;

    pub(super) fn get(name: &str) -> io::Result<Option<Zeroizing<Vec<u8>>>> {
        let Some(key) = find(name)? else { return Ok(None) };
        match read(key) {
            Ok(value) => Ok(Some(value)),
            Err(error) if is_gone(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    pub(super) fn put(name: &str, value: &[u8], lifetime: Option<Duration>) -> io::Result<()> {
        let name = text(name)?;
        // Made where nobody else looks, given its end and its permissions, and only then shown.
        let key = call(
            libc::SYS_add_key,
            [
                TYPE.as_ptr() as c_long,
                name.as_ptr() as c_long,
                value.as_ptr() as c_long,
                c_long::try_from(value.len()).unwrap_or(c_long::MAX),
                OF_THREAD,
            ],
        )?;
        let shown = limit(key, lifetime)
            .and_then(|()| control(libc::KEYCTL_SETPERM, [key, PERMISSIONS, 0, 0]))
            .and_then(|_| control(libc::KEYCTL_LINK, [key, OF_USER, 0, 0]));
        control(libc::KEYCTL_UNLINK, [key, OF_THREAD, 0, 0])?;
        shown.map(drop)
    }

    pub(super) fn prolong(name: &str, lifetime: Duration) -> io::Result<()> {
        match find(name)? {
            Some(key) => limit(key, Some(lifetime)),
            None => Err(io::Error::from(io::ErrorKind::NotFound)),
        }
    }

    pub(super) fn remove(name: &str) -> io::Result<bool> {
        let Some(key) = find(name)? else { return Ok(false) };
        control(libc::KEYCTL_UNLINK, [key, OF_USER, 0, 0]).map(|_| true)
    }

    pub(super) fn remove_all(prefix: &str) -> io::Result<usize> {
        let mut removed = 0;
        for bytes in read(OF_USER)?.chunks_exact(4) {
            let key = c_long::from(i32::from_ne_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]));
            // One that ends meanwhile, or is none of ours, has no description for us.
            let Ok(described) = filled(libc::KEYCTL_DESCRIBE, key) else { continue };
            let described = String::from_utf8_lossy(&described);
            let name = described.trim_end_matches('\0').splitn(5, ';').nth(4).unwrap_or_default();
            if name.starts_with(prefix) && control(libc::KEYCTL_UNLINK, [key, OF_USER, 0, 0]).is_ok() {
                removed += 1;
            }
        }
        Ok(removed)
    }

    fn find(name: &str) -> io::Result<Option<c_long>> {
        let name = text(name)?;
        let found = control(libc::KEYCTL_SEARCH, [OF_USER, TYPE.as_ptr() as c_long, name.as_ptr() as c_long, 0]);
        match found {
            Ok(key) => Ok(Some(key)),
            Err(error) if is_gone(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn read(key: c_long) -> io::Result<Zeroizing<Vec<u8>>> {
        filled(libc::KEYCTL_READ, key)
    }

    /// What the kernel writes into a buffer for an operation on a key.
    fn filled(operation: u32, key: c_long) -> io::Result<Zeroizing<Vec<u8>>> {
        let mut buffer = Zeroizing::new(vec![0; LARGEST]);
        let room = c_long::try_from(buffer.len()).unwrap_or(0);
        let length = control(operation, [key, buffer.as_mut_ptr() as c_long, room, 0])?;
        let length = usize::try_from(length).ok().filter(|length| *length <= buffer.len());
        buffer.truncate(length.ok_or_else(|| io::Error::from(io::ErrorKind::FileTooLarge))?);
        Ok(buffer)
    }

    fn limit(key: c_long, lifetime: Option<Duration>) -> io::Result<()> {
        let Some(lifetime) = lifetime else { return Ok(()) };
        let seconds = c_long::from(u32::try_from(lifetime.as_secs()).unwrap_or(u32::MAX));
        control(libc::KEYCTL_SET_TIMEOUT, [key, seconds, 0, 0]).map(drop)
    }

    fn is_gone(error: &io::Error) -> bool {
        matches!(error.raw_os_error(), Some(libc::ENOKEY | libc::EKEYEXPIRED | libc::EKEYREVOKED))
    }

    fn text(name: &str) -> io::Result<CString> {
        CString::new(name).map_err(|_| io::Error::from(io::ErrorKind::InvalidInput))
    }

    fn control(operation: u32, [one, two, three, four]: [c_long; 4]) -> io::Result<c_long> {
        call(libc::SYS_keyctl, [c_long::from(operation), one, two, three, four])
    }

    #[expect(unsafe_code, reason = "no safe interface to these system calls is in the graph")]
    fn call(number: c_long, [one, two, three, four, five]: [c_long; 5]) -> io::Result<c_long> {
        // SAFETY: `add_key` and `keyctl` read and write only what their arguments point to. Every pointer here is to a
        // string that ends with a zero, or to a buffer whose length stands beside it, and all of them live until the call
        // returns.
        let result = unsafe { libc::syscall(number, one, two, three, four, five) };
        if result < 0 { Err(io::Error::last_os_error()) } else { Ok(result) }
    }
}

#[cfg(not(target_os = "linux"))]
mod system {
    use std::io;
    use std::time::Duration;

    use zeroize::Zeroizing;

    fn none<T>() -> io::Result<T> {
        Err(io::Error::from(io::ErrorKind::Unsupported))
    }

    pub(super) fn get(_name: &str) -> io::Result<Option<Zeroizing<Vec<u8>>>> {
        none()
    }

    pub(super) fn put(_name: &str, _value: &[u8], _lifetime: Option<Duration>) -> io::Result<()> {
        none()
    }

    pub(super) fn prolong(_name: &str, _lifetime: Duration) -> io::Result<()> {
        none()
    }

    pub(super) fn remove(_name: &str) -> io::Result<bool> {
        none()
    }

    pub(super) fn remove_all(_prefix: &str) -> io::Result<usize> {
        none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A machine whose kernel refuses keyrings has to say so; on every other one they have to work.
    #[test]
    fn values_are_kept_and_replaced_and_go_or_the_kernel_says_that_it_has_no_room() {
        let prefix = format!("atmos:test:{}:", std::process::id());
        let name = |number: u8| format!("{prefix}{number}");
        if let Err(error) = put(&name(1), b"one", Some(Duration::from_mins(1))) {
            assert!(get(&name(1)).is_err() || error.raw_os_error().is_some(), "{error}");
            return;
        }
        assert_eq!(get(&name(1)).unwrap().unwrap().as_slice(), b"one");
        put(&name(1), b"another", None).unwrap();
        assert_eq!(get(&name(1)).unwrap().unwrap().as_slice(), b"another");
        prolong(&name(1), Duration::from_mins(2)).unwrap();
        // Another thread has other keyrings of its own, and the same one of the user.
        let there = std::thread::scope(|scope| scope.spawn(|| get(&name(1))).join().unwrap());
        assert_eq!(there.unwrap().unwrap().as_slice(), b"another");
        assert!(get(&name(2)).unwrap().is_none() && !remove(&name(2)).unwrap());
        assert!(prolong(&name(2), Duration::from_mins(1)).is_err());
        assert!(remove(&name(1)).unwrap() && get(&name(1)).unwrap().is_none());
        put(&name(3), b"x", None).unwrap();
        put(&name(4), b"y", None).unwrap();
        assert_eq!(remove_all(&prefix).unwrap(), 2);
        assert!(get(&name(3)).unwrap().is_none());
        assert!(put("a\0b", b"x", None).is_err());
    }
}
