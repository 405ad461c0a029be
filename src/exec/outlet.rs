//! Our own standard streams, for many who write at once: each piece is whole.

use std::io;
use std::sync::{Arc, OnceLock};

use tokio::io::AsyncWriteExt as _;
use tokio::sync::Mutex;

use super::Error;
use crate::diag::Talk;
use crate::host::Terminal;

/// Standard output or standard error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    Out,
    Err,
}

impl Stream {
    pub(super) fn index(self) -> usize {
        match self {
            Stream::Out => 0,
            Stream::Err => 1,
        }
    }
}

/// The ends of both streams. A terminal is shared with everything else that is said, a pipe may make us wait.
pub struct Outlet {
    ends: Mutex<[End; 2]>,
    /// Why something could not be written for the first time.
    lost: OnceLock<Arc<io::Error>>,
}

impl std::fmt::Debug for Outlet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Outlet")
    }
}

enum End {
    Terminal(Talk),
    Pipe(tokio::fs::File),
    #[cfg(test)]
    Kept(Vec<u8>),
}

impl Outlet {
    /// Our streams as they are.
    ///
    /// # Errors
    /// One of them cannot be opened a second time.
    pub fn open(terminal: Terminal, talk: &Talk) -> Result<Outlet, Error> {
        let out = if terminal.stdout {
            End::Terminal(talk.clone())
        } else {
            End::Pipe(super::process::own(&io::stdout(), "stdout")?)
        };
        let err = if terminal.stderr {
            End::Terminal(talk.clone())
        } else {
            End::Pipe(super::process::own(&io::stderr(), "stderr")?)
        };
        Ok(Outlet { ends: Mutex::new([out, err]), lost: OnceLock::new() })
    }

    /// Writes one piece.
    ///
    /// # Errors
    /// Nobody reads the stream any more.
    pub async fn write(&self, stream: Stream, bytes: &[u8]) -> io::Result<()> {
        let written = write(&mut *self.ends.lock().await, stream, bytes).await;
        self.noted(written)
    }

    /// Why not everything was written: nobody reads any more, or there is no room.
    pub fn lost(&self) -> Option<Arc<io::Error>> {
        self.lost.get().cloned()
    }

    fn noted(&self, written: io::Result<()>) -> io::Result<()> {
        written.map_err(|error| {
            let kind = error.kind();
            let _ = self.lost.set(Arc::new(error));
            io::Error::from(kind)
        })
    }

    /// Writes several pieces; nobody else comes between them.
    ///
    /// # Errors
    /// As [`Outlet::write`].
    pub async fn write_all(&self, pieces: &[(Stream, Vec<u8>)]) -> io::Result<()> {
        let mut ends = self.ends.lock().await;
        for (stream, bytes) in pieces.iter().filter(|(_, bytes)| !bytes.is_empty()) {
            let written = write(&mut ends, *stream, bytes).await;
            self.noted(written)?;
        }
        Ok(())
    }

    #[cfg(test)]
    pub(super) fn kept() -> Outlet {
        Outlet { ends: Mutex::new([End::Kept(Vec::new()), End::Kept(Vec::new())]), lost: OnceLock::new() }
    }

    #[cfg(test)]
    pub(super) fn text(&self, stream: Stream) -> String {
        let ends = self.ends.try_lock().expect("nobody writes");
        match &ends[stream.index()] {
            End::Kept(bytes) => String::from_utf8_lossy(bytes).into_owned(),
            _ => String::new(),
        }
    }
}

async fn write(ends: &mut [End; 2], stream: Stream, bytes: &[u8]) -> io::Result<()> {
    match &mut ends[stream.index()] {
        End::Terminal(talk) => {
            talk.output(stream == Stream::Err, bytes);
            Ok(())
        }
        End::Pipe(file) => {
            file.write_all(bytes).await?;
            file.flush().await
        }
        #[cfg(test)]
        End::Kept(kept) => {
            kept.extend_from_slice(bytes);
            Ok(())
        }
    }
}
