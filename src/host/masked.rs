//! What a program says on its standard error, through the masker: it may know secrets, and its terminal is ours.

use std::io::{self, PipeReader, Read as _};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use crate::secret::Masker;

/// How long what was said is waited for when the program has ended: something that it left behind may keep the pipe open.
const PATIENCE: Duration = Duration::from_secs(1);

/// The way from a program's standard error to ours.
#[derive(Debug)]
pub struct Spoken(Option<mpsc::Receiver<()>>);

impl Spoken {
    /// Waits until everything is on our standard error. The program must have ended, and its expression be dropped.
    pub fn finish(self) {
        if let Some(done) = self.0 {
            // What comes later is still masked, by the thread that goes on.
            let _ = done.recv_timeout(PATIENCE);
        }
    }
}

/// The program with its standard error behind the masker. While no secret is known, or masking is off, it has ours.
///
/// # Errors
/// There is no pipe to be had.
pub fn masked_stderr(masker: &Arc<Masker>, program: duct::Expression) -> io::Result<(duct::Expression, Spoken)> {
    if !masker.is_on() || masker.is_empty() {
        return Ok((program, Spoken(None)));
    }
    let (reader, writer) = io::pipe()?;
    let (done, is_done) = mpsc::channel();
    let masker = masker.clone();
    std::thread::Builder::new().name("stderr".to_owned()).spawn(move || {
        relay(reader, &masker, &mut io::stderr());
        let _ = done.send(());
    })?;
    Ok((program.stderr_file(writer), Spoken(Some(is_done))))
}

fn relay(mut reader: PipeReader, masker: &Masker, out: &mut impl io::Write) {
    let (mut pending, mut buffer) = (Vec::new(), [0; 8 << 10]);
    loop {
        let count = match reader.read(&mut buffer) {
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(_) => 0,
        };
        pending.extend_from_slice(&buffer[..count]);
        let shown = masker.mask_stream(&mut pending, count == 0);
        if out.write_all(&shown).and_then(|()| out.flush()).is_err() || count == 0 {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;
    use crate::secret::Secret;

    #[test]
    fn secrets_are_masked_wherever_the_reads_end() {
        let masker = Masker::default();
        masker.register(&Secret::from("hunter22hunter22".to_owned()));
        let (reader, mut writer) = io::pipe().unwrap();
        writer.write_all(b"a hunter22hun").unwrap();
        writer.write_all(b"ter22 b\n").unwrap();
        drop(writer);
        let mut out = Vec::new();
        relay(reader, &masker, &mut out);
        let out = String::from_utf8(out).unwrap();
        assert!(out.starts_with("a ") && out.ends_with(" b\n") && !out.contains("hunter22"), "{out}");
    }
}
