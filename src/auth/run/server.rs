//! The socket of a run: gives credentials to helpers and nested runs of this user, for the run's identities. Row 5.
//!
//! Who may ask says [`peer`](super::peer). One line of JSON each way: a [`Question`](super::client::Question), then what `credential_process` prints or a
//! [`Reply`](super::client::Reply). Who connects and says nothing is sent away, and makes room for others.

use std::pin::Pin;
use std::sync::Arc;

use crate::auth::given::Credentials;
use crate::auth::told::Told;

/// What a [`Source`] gives: credentials, or why there are none in words for the user.
pub type Answer = Pin<Box<dyn Future<Output = Result<Credentials, String>> + Send>>;

/// Where a run gets the credentials of an identity by its name. Called for every request: it caches and renews.
pub type Source = Arc<dyn Fn(String) -> Answer + Send + Sync>;

/// Where a run gets a token of an identity, by its name and by what the token is for: one variable, [`TOKEN`].
pub type Tokens = Arc<dyn Fn(String, String) -> Answer + Send + Sync>;

/// The variable in which a token is given.
pub const TOKEN: &str = "TOKEN";

/// An identity that may be asked for.
#[derive(Debug, Clone)]
pub(super) struct Allowed {
    pub(super) name: String,
    /// Fingerprint of its chain.
    pub(super) fingerprint: String,
}

/// What a run gives, and to whom.
pub(super) struct Service {
    pub(super) allowed: Vec<Allowed>,
    pub(super) source: Source,
    pub(super) tokens: Option<Tokens>,
    /// Directory of the configuration that names the identities, for people.
    pub(super) configuration: String,
    pub(super) told: Told,
    pub(super) talk: crate::diag::Talk,
}

#[cfg(unix)]
pub(super) use unix::Server;

#[cfg(unix)]
mod unix {
    use std::collections::VecDeque;
    use std::path::Path;
    use std::sync::Arc;
    use std::time::{Duration, Instant};

    use jiff::Timestamp;
    use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
    use tokio::net::unix::OwnedReadHalf;
    use tokio::net::{UnixListener, UnixStream};
    use tokio::sync::oneshot;
    use tokio::task::{JoinHandle, JoinSet};
    use tokio::time::timeout;
    use zeroize::Zeroizing;

    use super::Service;
    use crate::auth::delivery::helper_answer;
    use crate::auth::run::Error;
    use crate::auth::run::client::{Question, Reply, Why};
    use crate::auth::run::peer::{self, Peer};
    use crate::diag::Warning;

    /// Longest request; a name is never near it.
    const LONGEST: u64 = 64 * 1024;
    /// A helper sends its line at once, and reads its answer.
    const PATIENCE: Duration = Duration::from_secs(2);
    /// Connections that have not asked yet. One more, and the oldest of them goes, unless it has only just come.
    const SILENT: usize = 64;
    /// How long a helper may take between connecting and asking, on a machine where a hundred start at once.
    const GRACE: Duration = Duration::from_millis(250);
    /// Connections at once. They take descriptors, which the rest of the program needs too.
    const MOST: usize = 512;

    /// A listening socket; it stops listening when dropped.
    #[derive(Debug)]
    pub(in crate::auth::run) struct Server {
        task: JoinHandle<()>,
    }

    impl Server {
        /// Listens at `socket`, in a directory that is private. Needs a running event loop.
        pub(in crate::auth::run) fn start(socket: &Path, service: Service) -> Result<Server, Error> {
            use std::os::unix::fs::PermissionsExt;
            let failed = |error| Error::io("listen at", socket, error);
            // Before anything is started that could ask.
            crate::host::adopt_orphans();
            let listener = UnixListener::bind(socket).map_err(failed)?;
            std::fs::set_permissions(socket, std::fs::Permissions::from_mode(0o600)).map_err(failed)?;
            Ok(Server { task: tokio::spawn(serve(listener, Arc::new(service))) })
        }
    }

    impl Drop for Server {
        fn drop(&mut self) {
            // Connections live inside this task and end with it.
            self.task.abort();
        }
    }

    async fn serve(listener: UnixListener, service: Arc<Service>) {
        let mut connections = JoinSet::new();
        // The ends of those that have not asked yet, oldest first. Dropping one sends its connection away.
        let mut silent: VecDeque<(Instant, oneshot::Sender<()>)> = VecDeque::new();
        loop {
            tokio::select! {
                accepted = listener.accept(), if connections.len() < MOST => match accepted {
                    Ok((stream, _)) => {
                        silent.retain(|(_, waiting)| !waiting.is_closed());
                        let full = silent.len() >= SILENT;
                        if full && silent.front().is_some_and(|(since, _)| since.elapsed() >= GRACE) {
                            silent.pop_front();
                        }
                        let (keep, sent_away) = oneshot::channel();
                        silent.push_back((Instant::now(), keep));
                        let service = service.clone();
                        connections.spawn(async move { service.answer(stream, sent_away).await });
                    }
                    // Out of descriptors, most likely: give others time to close theirs.
                    Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
                },
                Some(_) = connections.join_next() => {}
            }
        }
    }

    /// The question of a connection, or why there is none.
    async fn read(half: OwnedReadHalf, sent_away: oneshot::Receiver<()>) -> Result<Question, &'static str> {
        let mut line = String::new();
        let mut reader = BufReader::new(half.take(LONGEST));
        tokio::select! {
            biased;
            read = timeout(PATIENCE, reader.read_line(&mut line)) => match read {
                Ok(Ok(1..)) => serde_json::from_str(&line).map_err(|_| "the request was not understood"),
                Ok(_) => Err("the request was not understood"),
                Err(_) => Err("nothing was asked in time"),
            },
            _ = sent_away => Err("too many others connect and ask nothing"),
        }
    }

    impl Service {
        async fn answer(&self, stream: UnixStream, sent_away: oneshot::Receiver<()>) {
            let peer = peer::of(&stream);
            if peer == Peer::Foreign {
                self.refuse("another user asked for credentials of this run".to_owned());
                return;
            }
            let (half, mut write) = stream.into_split();
            let mut reply = match read(half, sent_away).await {
                Ok(question) if peer == Peer::Stranger => {
                    let identity = question.identity;
                    // Who asks what there is goes on to ask for it.
                    if !question.tell {
                        self.refuse(format!("a process that this run has not started asked for identity {identity:?}"));
                    }
                    refused("the process that asks was not started by this run", Some(Why::Stranger))
                }
                Ok(question) => self.reply(question).await,
                Err(reason) => refusal(reason),
            };
            reply.push('\n');
            // A helper that went away has nothing left to be told.
            let _ = timeout(PATIENCE, async {
                let _ = write.write_all(reply.as_bytes()).await;
                let _ = write.shutdown().await;
            })
            .await;
        }

        async fn reply(&self, question: Question) -> Zeroizing<String> {
            let Question { identity, meant, only_check, resource, tell } = question;
            if tell {
                return other(&Reply { told: Some(self.told.clone()), ..Reply::default() });
            }
            let Some(known) = self.allowed.iter().find(|known| known.name == identity) else {
                self.refuse(format!("a child asked for identity {identity:?}, which this run may not use"));
                let names: Vec<&str> = self.allowed.iter().map(|known| known.name.as_str()).collect();
                return refusal(&format!(
                    "this run may not use it; it may use {} (`allowed_identities` adds others)",
                    names.join(", ")
                ));
            };
            if let Some(meant) = meant.filter(|meant| meant.fingerprint != known.fingerprint) {
                let configuration = &meant.configuration;
                self.refuse(format!(
                    "a child asked for identity {identity:?} of the configuration in {configuration:?}, which is not \
                     this run's identity of that name"
                ));
                return other(&Reply { differs: Some(self.configuration.clone()), ..Reply::default() });
            }
            if only_check {
                return other(&Reply { allowed: true, ..Reply::default() });
            }
            let given = match (resource, &self.tokens) {
                (None, _) => (self.source)(identity).await,
                (Some(resource), Some(tokens)) => tokens(identity, resource).await,
                (Some(_), None) => Err("this run gives no tokens".to_owned()),
            };
            match given {
                Ok(credentials) => helper_answer(&credentials, Timestamp::now()),
                Err(reason) => refused(&reason, Some(Why::Failed)),
            }
        }

        fn refuse(&self, what: String) {
            self.talk.warn(Warning::new("atmos::auth::run::refused", what));
        }
    }

    fn refusal(reason: &str) -> Zeroizing<String> {
        refused(reason, None)
    }

    fn refused(reason: &str, why: Option<Why>) -> Zeroizing<String> {
        other(&Reply { error: Some(reason.to_owned()), why, ..Reply::default() })
    }

    fn other(reply: &Reply) -> Zeroizing<String> {
        let text = serde_json::to_string(reply);
        debug_assert!(text.is_ok(), "strings always serialise into memory");
        Zeroizing::new(text.unwrap_or_default())
    }
}
