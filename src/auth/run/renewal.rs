//! The private files of another cloud, written anew before what is in them ends: a child that runs longer than a token finds
//! the next one where it found the first. Row 5.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::task::JoinHandle;

use super::directory::furnish_files;
use super::server::Source;
use crate::auth::given::{Credentials, EnvironmentCredentials};
use crate::diag::{Talk, Warning};
use crate::host::threads;
use crate::secret::Masker;

/// The source gives others when less than this is left, or half of what lives no longer than that.
const BEFORE: SignedDuration = SignedDuration::from_mins(5);
/// At least between two attempts, whatever the one has brought.
pub(super) const PAUSE: Duration = Duration::from_secs(30);

/// When something was given, and when it ends.
type Life = (Timestamp, Timestamp);

/// Whose files are renewed, and where they lie.
pub(super) struct Renewal {
    pub(super) identity: String,
    pub(super) folder: PathBuf,
    pub(super) source: Source,
    pub(super) talk: Talk,
    pub(super) masker: Arc<Masker>,
    /// [`PAUSE`].
    pub(super) pause: Duration,
}

/// The work; it ends with the value.
#[derive(Debug)]
pub(super) struct Renewing(JoinHandle<()>);

impl Drop for Renewing {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Renewal {
    /// Begins, if there is anything that ends and lies in a file.
    pub(super) fn start(self, given: &EnvironmentCredentials) -> Option<Renewing> {
        let end = given.expiration.filter(|_| !given.files.is_empty())?;
        Some(Renewing(tokio::spawn(self.go_on((given.issued, end)))))
    }

    async fn go_on(self, mut life: Life) {
        let mut has_failed = false;
        loop {
            tokio::time::sleep(until(life, Timestamp::now())).await;
            match self.renew().await {
                // Something that does not end needs no further renewal.
                Ok(None) => return,
                Ok(Some(next)) => (life, has_failed) = (next, false),
                Err(reason) => {
                    if !has_failed {
                        self.warn(&reason);
                    }
                    has_failed = true;
                }
            }
            tokio::time::sleep(self.pause).await;
        }
    }

    /// Writes what the source gives now; how long that lives.
    async fn renew(&self) -> Result<Option<Life>, String> {
        let Credentials::Environment(given) = (self.source)(self.identity.clone()).await? else {
            return Err("keys of AWS came in place of what was there".to_owned());
        };
        let life = given.expiration.map(|end| (given.issued, end));
        let credentials = Credentials::Environment(given);
        credentials.mask(&self.masker);
        let folder = self.folder.clone();
        let written = threads::blocking(move || match credentials {
            Credentials::Environment(given) => furnish_files(&folder, &given).map_err(|error| error.to_string()),
            Credentials::Aws(_) => Ok(()),
        });
        written.await??;
        Ok(life)
    }

    fn warn(&self, reason: &str) {
        let message = format!("the files of identity `{}` are not renewed: {reason}", self.identity);
        let help = "what the child has is good until it ends; the next attempt follows by itself";
        self.talk.warn(Warning::new("atmos::auth::run::not_renewed", message).help(help));
    }
}

/// How long to wait for the moment from which on the source gives others.
fn until((issued, end): Life, now: Timestamp) -> Duration {
    let whole = end.duration_since(issued);
    let before = if whole > BEFORE { BEFORE } else { whole / 2 };
    let left = end.duration_since(now).saturating_sub(before);
    Duration::try_from(left).unwrap_or_default()
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;
    use std::path::Path;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tokio::sync::mpsc;

    use super::*;
    use crate::auth::given::PrivateFile;
    use crate::auth::store::open::tests::ear;
    use crate::secret::Secret;

    fn token(text: &str, left: SignedDuration) -> EnvironmentCredentials {
        EnvironmentCredentials {
            variables: Vec::new(),
            files: vec![PrivateFile { path: "gcp/token".to_owned(), content: Secret::from(text.to_owned()) }],
            paths: Vec::new(),
            removed: Vec::new(),
            account: None,
            region: None,
            expiration: Some(Timestamp::now() + left),
            issued: Timestamp::now() - SignedDuration::from_hours(1),
        }
    }

    fn read(folder: &Path) -> String {
        std::fs::read_to_string(folder.join("gcp/token")).unwrap()
    }

    #[tokio::test]
    async fn a_file_has_the_next_token_before_the_first_one_ends() {
        let temp = tempfile::tempdir().unwrap();
        let folder = temp.path().join("files");
        let first = token("first", SignedDuration::from_mins(1));
        furnish_files(&folder, &first).unwrap();
        let (asked, mut questions) = mpsc::unbounded_channel();
        let count = Arc::new(AtomicUsize::new(0));
        let source: Source = Arc::new(move |name| {
            let (asked, turn) = (asked.clone(), count.fetch_add(1, Ordering::SeqCst));
            Box::pin(async move {
                asked.send(name).unwrap();
                match turn {
                    0 => Err("the network is down".to_owned()),
                    turn => Ok(Credentials::Environment(token(&format!("token {turn}"), SignedDuration::from_mins(2)))),
                }
            })
        });
        let (talk, heard) = ear();
        let renewal = Renewal {
            identity: "deploy".to_owned(),
            folder: folder.clone(),
            source,
            talk,
            masker: Arc::default(),
            pause: Duration::ZERO,
        };
        let renewing = renewal.start(&first).unwrap();
        // The first attempt fails, which is said once; the second brings a token, and the third comes after that was written.
        for _ in 0..3 {
            assert_eq!(questions.recv().await.unwrap(), "deploy");
        }
        assert!(read(&folder).starts_with("token "), "{}", read(&folder));
        let mode = std::fs::metadata(folder.join("gcp/token")).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600);
        let said = heard.lock().unwrap().join("\n");
        assert_eq!(
            said.matches("files of identity `deploy` are not renewed: the network is down").count(),
            1,
            "{said}"
        );
        drop(renewing);
        while questions.recv().await.is_some() {}
    }

    #[test]
    fn what_does_not_end_is_left_alone_and_what_ends_is_asked_for_early() {
        let now = Timestamp::now();
        let issued = now - SignedDuration::from_mins(5);
        let after = |left: i64| until((issued, now + SignedDuration::from_mins(left)), now);
        assert_eq!(after(65), Duration::from_hours(1));
        assert_eq!(after(4), Duration::ZERO);
        let short = until((now, now + SignedDuration::from_mins(4)), now);
        assert_eq!(short, Duration::from_mins(2), "half of what lives no longer than five minutes");
    }
}
