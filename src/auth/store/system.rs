//! The keyring of the system: Secret Service, macOS Keychain, Windows Credential Manager. Row 5.

use std::sync::mpsc;
use std::time::Duration;

use zeroize::Zeroizing;

/// Name under which the entries of this program are filed.
const SERVICE: &str = "atmos-auth";
/// A locked or hanging Secret Service would keep us waiting for ever.
const PATIENCE: Duration = Duration::from_secs(3);

/// Why the system's keyring cannot be used, in words.
pub(super) struct Unavailable(pub(super) String);

pub(super) fn get(key: &str) -> Result<Option<Zeroizing<Vec<u8>>>, Unavailable> {
    read(SERVICE, key)
}

/// The entry that the reference has under a name: there service and account have changed places.
pub(super) fn get_of_reference(key: &str) -> Result<Option<Zeroizing<Vec<u8>>>, Unavailable> {
    read(key, SERVICE)
}

fn read(service: &str, account: &str) -> Result<Option<Zeroizing<Vec<u8>>>, Unavailable> {
    let (service, account) = (service.to_owned(), account.to_owned());
    call(move || match entry_of(&service, &account)?.get_secret() {
        Ok(value) => Ok(Some(Zeroizing::new(value))),
        Err(keyring::Error::NoEntry) => Ok(None),
        // Two programs created the entry at once. Any of them will do.
        Err(keyring::Error::Ambiguous(entries)) => match entries.first() {
            Some(first) => first.get_secret().map(|value| Some(Zeroizing::new(value))),
            None => Ok(None),
        },
        Err(error) => Err(error),
    })
}

pub(super) fn set(key: &str, value: &[u8]) -> Result<(), Unavailable> {
    let (key, value) = (key.to_owned(), Zeroizing::new(value.to_vec()));
    call(move || {
        let entry = entry(&key)?;
        match entry.set_secret(&value) {
            Err(keyring::Error::Ambiguous(entries)) => {
                for other in &entries {
                    other.delete_credential()?;
                }
                entry.set_secret(&value)
            }
            other => other,
        }
    })
}

pub(super) fn remove(key: &str) -> Result<bool, Unavailable> {
    let key = key.to_owned();
    call(move || match entry(&key)?.delete_credential() {
        Ok(()) => Ok(true),
        Err(keyring::Error::NoEntry) => Ok(false),
        Err(keyring::Error::Ambiguous(entries)) => {
            for other in &entries {
                other.delete_credential()?;
            }
            Ok(true)
        }
        Err(error) => Err(error),
    })
}

fn entry(key: &str) -> keyring::Result<keyring::Entry> {
    entry_of(SERVICE, key)
}

fn entry_of(service: &str, account: &str) -> keyring::Result<keyring::Entry> {
    if let Err(error) = keyring::Entry::store_status() {
        return Err(keyring::Error::NotSupportedByStore(error.to_string()));
    }
    keyring::Entry::new(service, account)
}

/// Runs `work` in a thread of its own: it blocks, it brings its own event loop, and it may never come back.
fn call<T: Send + 'static>(work: impl FnOnce() -> keyring::Result<T> + Send + 'static) -> Result<T, Unavailable> {
    let (sender, receiver) = mpsc::sync_channel(1);
    std::thread::Builder::new()
        .name("keyring".to_owned())
        .spawn(move || {
            // Nobody listens any more when the answer comes too late.
            let _ = sender.send(work());
        })
        .map_err(|error| Unavailable(format!("no thread for it: {error}")))?;
    match receiver.recv_timeout(PATIENCE) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(Unavailable(first_line(&error.to_string()))),
        Err(mpsc::RecvTimeoutError::Timeout) => {
            Err(Unavailable(format!("it did not answer within {} s; is it locked?", PATIENCE.as_secs())))
        }
        Err(mpsc::RecvTimeoutError::Disconnected) => Err(Unavailable("it failed while it was asked".to_owned())),
    }
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    #[test]
    fn call_gives_up_on_a_keyring_that_hangs() {
        let start = Instant::now();
        let result = call(|| {
            std::thread::sleep(Duration::from_mins(1));
            Ok(())
        });
        assert!(result.is_err_and(|why| why.0.contains("did not answer within 3 s")));
        assert!(start.elapsed() < Duration::from_secs(10));
    }

    #[test]
    fn call_survives_a_panic_of_the_keyring() {
        assert!(call::<()>(|| panic!("broken store")).is_err());
    }
}
