//! The socket of a run: gives credentials to helpers and nested runs of this user, for the run's identities. Row 5.
//!
//! One line of JSON each way: `{"identity": "…"}`, then what `credential_process` prints, or `{"error": "…"}`.

use std::pin::Pin;
use std::sync::Arc;

use crate::auth::creds::AwsCredentials;

/// What a [`Source`] gives: credentials, or why there are none in words for the user.
pub type Answer = Pin<Box<dyn Future<Output = Result<AwsCredentials, String>> + Send>>;

/// Where a run gets the credentials of an identity by its name. Called for every request: it caches and renews.
pub type Source = Arc<dyn Fn(String) -> Answer + Send + Sync>;

#[cfg(unix)]
pub(super) use unix::Server;

#[cfg(unix)]
mod unix {
    use std::path::Path;
    use std::sync::Arc;
    use std::time::Duration;

    use jiff::Timestamp;
    use serde::Deserialize;
    use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
    use tokio::net::{UnixListener, UnixStream};
    use tokio::task::{JoinHandle, JoinSet};
    use zeroize::Zeroizing;

    use super::Source;
    use crate::auth::delivery::helper_answer;
    use crate::auth::run::Error;
    use crate::diag::{Talk, Warning};

    /// Longest request; a name is never near it.
    const LONGEST: u64 = 64 * 1024;
    /// A helper sends its line at once.
    const PATIENCE: Duration = Duration::from_secs(10);

    /// A listening socket; it stops listening when dropped.
    #[derive(Debug)]
    pub(in crate::auth::run) struct Server {
        task: JoinHandle<()>,
    }

    /// What every connection needs.
    struct Service {
        /// Names of the identities that may be asked for.
        allowed: Vec<String>,
        source: Source,
        talk: Talk,
    }

    #[derive(Deserialize)]
    struct Request {
        identity: String,
    }

    impl Server {
        /// Listens at `socket`, in a directory that is private. Needs a running event loop.
        pub(in crate::auth::run) fn start(
            socket: &Path,
            allowed: Vec<String>,
            source: Source,
            talk: Talk,
        ) -> Result<Server, Error> {
            use std::os::unix::fs::PermissionsExt;
            let failed = |error| Error::io("listen at", socket, error);
            let listener = UnixListener::bind(socket).map_err(failed)?;
            std::fs::set_permissions(socket, std::fs::Permissions::from_mode(0o600)).map_err(failed)?;
            let service = Arc::new(Service { allowed, source, talk });
            Ok(Server { task: tokio::spawn(serve(listener, service)) })
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
        loop {
            tokio::select! {
                accepted = listener.accept() => match accepted {
                    Ok((stream, _)) => {
                        let service = service.clone();
                        connections.spawn(async move { service.answer(stream).await });
                    }
                    // Out of descriptors, most likely: give others time to close theirs.
                    Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
                },
                Some(_) = connections.join_next() => {}
            }
        }
    }

    impl Service {
        async fn answer(&self, stream: UnixStream) {
            let own = rustix::process::geteuid().as_raw();
            if !stream.peer_cred().is_ok_and(|peer| peer.uid() == own) {
                self.refuse("another user asked for credentials of this run".to_owned());
                return;
            }
            let (read, mut write) = stream.into_split();
            let mut line = String::new();
            let mut reader = BufReader::new(read.take(LONGEST));
            let request = match tokio::time::timeout(PATIENCE, reader.read_line(&mut line)).await {
                Ok(Ok(length)) if length > 0 => serde_json::from_str::<Request>(&line).ok(),
                _ => None,
            };
            let mut reply = match request {
                Some(request) => self.credentials(request.identity).await,
                None => error_reply("the request was not understood"),
            };
            reply.push('\n');
            // A helper that went away has nothing left to be told.
            let _ = write.write_all(reply.as_bytes()).await;
            let _ = write.shutdown().await;
        }

        async fn credentials(&self, identity: String) -> Zeroizing<String> {
            if !self.allowed.contains(&identity) {
                self.refuse(format!("a child asked for identity {identity:?}, which this run may not use"));
                return error_reply(&format!(
                    "this run may not use it; it may use {} (`allowed_identities` adds others)",
                    self.allowed.join(", ")
                ));
            }
            match (self.source)(identity).await {
                Ok(credentials) => helper_answer(&credentials, Timestamp::now()),
                Err(reason) => error_reply(&reason),
            }
        }

        fn refuse(&self, what: String) {
            self.talk.warn(Warning::new("atmos::auth::run::refused", what));
        }
    }

    fn error_reply(reason: &str) -> Zeroizing<String> {
        Zeroizing::new(serde_json::json!({ "error": reason }).to_string())
    }
}
