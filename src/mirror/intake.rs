//! What comes in or is looked at piece by piece, so that no package is ever in memory whole.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;
use std::sync::Arc;

use ring::digest::{Context, SHA256};
use tempfile::NamedTempFile;

/// How much is read at once.
pub(super) const PIECE: usize = 256 << 10;

/// A package that can be answered with. Who has it open keeps it, whatever becomes of its name.
#[derive(Debug, Clone)]
pub(super) struct Package {
    pub file: Arc<File>,
    pub size: u64,
}

impl Package {
    pub(super) fn of(file: File) -> io::Result<Package> {
        let size = file.metadata()?.len();
        Ok(Package { file: Arc::new(file), size })
    }

    /// The next piece; nothing at the end.
    pub(super) fn piece(&self, at: u64) -> io::Result<Vec<u8>> {
        let left = usize::try_from(self.size.saturating_sub(at)).unwrap_or(PIECE);
        let mut piece = vec![0; left.min(PIECE)];
        let got = read_at(&self.file, &mut piece, at)?;
        if got == 0 && !piece.is_empty() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        piece.truncate(got);
        Ok(piece)
    }
}

#[cfg(unix)]
fn read_at(file: &File, into: &mut [u8], at: u64) -> io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, into, at)
}

#[cfg(windows)]
fn read_at(file: &File, into: &mut [u8], at: u64) -> io::Result<usize> {
    std::os::windows::fs::FileExt::seek_read(file, into, at)
}

/// Where it is written.
pub(super) enum Place {
    /// Beside its place, where it gets its name when it is whole.
    Beside(NamedTempFile),
    /// Nowhere that has a name: it is gone with the run.
    Loose(File),
}

/// A package on its way in: written, counted and hashed.
pub(super) struct Intake {
    place: Place,
    sum: Context,
    failed: Option<String>,
}

impl Intake {
    pub(super) fn new(place: Place) -> Intake {
        Intake { place, sum: Context::new(&SHA256), failed: None }
    }

    /// One that is kept for this run only.
    pub(super) fn loose(folder: &Path) -> io::Result<Intake> {
        Ok(Intake::new(Place::Loose(tempfile::tempfile_in(folder)?)))
    }

    /// The SHA-256 of what has come so far.
    pub(super) fn sum(&self) -> String {
        hex(self.sum.clone().finish().as_ref())
    }

    /// Why it could not be written, which is no fault of where it came from.
    pub(super) fn failure(&self) -> Option<&str> {
        self.failed.as_deref()
    }

    pub(super) fn into_place(self) -> Place {
        self.place
    }

    fn noted<T>(&mut self, result: io::Result<T>) -> io::Result<T> {
        if let Err(error) = &result
            && error.kind() != io::ErrorKind::Interrupted
        {
            self.failed = Some(error.to_string());
        }
        result
    }
}

impl Write for Intake {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let file = match &mut self.place {
            Place::Beside(file) => file.as_file_mut(),
            Place::Loose(file) => file,
        };
        let written = file.write(bytes);
        let written = self.noted(written)?;
        self.sum.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        // A file has no buffer of its own.
        Ok(())
    }
}

/// The SHA-256 of a file from its beginning.
pub(super) fn sum_of(file: &File) -> io::Result<String> {
    let mut sum = Context::new(&SHA256);
    let mut reader = from_start(file)?;
    let mut piece = vec![0; PIECE];
    loop {
        match reader.read(&mut piece) {
            Ok(0) => return Ok(hex(sum.finish().as_ref())),
            Ok(got) => sum.update(&piece[..got]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// Whether an archive of a provider (zip) or of a module (tar.gz) is what it was when it was packed: both carry sums of what
/// is in them. What is in a form that is not known here passes; terraform looks at it, too.
pub(super) fn is_whole(file: &File, name: &str) -> io::Result<bool> {
    let reader = from_start(file)?;
    if name.ends_with(".tar.gz") {
        let unpacked = io::copy(&mut flate2::read::GzDecoder::new(reader), &mut io::sink());
        return told(unpacked.map(drop));
    }
    if Path::new(name).extension().is_none_or(|end| end != "zip") {
        return Ok(true);
    }
    let look = |reader: io::BufReader<&File>| -> zip::result::ZipResult<()> {
        let mut archive = zip::ZipArchive::new(reader)?;
        for index in 0..archive.len() {
            io::copy(&mut archive.by_index(index)?, &mut io::sink())?;
        }
        Ok(())
    };
    match look(reader) {
        Ok(()) | Err(zip::result::ZipError::UnsupportedArchive(_)) => Ok(true),
        Err(zip::result::ZipError::Io(error)) => told(Err(error)),
        Err(_) => Ok(false),
    }
}

/// What is wrong in an archive is no failure to read it.
fn told(result: io::Result<()>) -> io::Result<bool> {
    match result {
        Ok(()) => Ok(true),
        // Decoders make errors of their own, the system has numbers.
        Err(error) if error.raw_os_error().is_none() => Ok(false),
        Err(error) => Err(error),
    }
}

fn from_start(file: &File) -> io::Result<io::BufReader<&File>> {
    use std::io::Seek as _;
    let mut file = file;
    file.rewind()?;
    Ok(io::BufReader::with_capacity(PIECE, file))
}

/// Hexadecimal SHA-256.
pub(super) fn digest(bytes: &[u8]) -> String {
    hex(ring::digest::digest(&SHA256, bytes).as_ref())
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn damage_is_found_without_a_known_sum() {
        let mut zip = zip::ZipWriter::new(io::Cursor::new(Vec::new()));
        zip.start_file("x", zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(&[7; 1000]).unwrap();
        let zip = zip.finish().unwrap().into_inner();
        let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        gz.write_all(b"a module").unwrap();
        let gz = gz.finish().unwrap();
        let whole = |bytes: &[u8], name: &str| {
            let mut file = tempfile::tempfile().unwrap();
            file.write_all(bytes).unwrap();
            assert_eq!(sum_of(&file).unwrap(), digest(bytes));
            is_whole(&file, name).unwrap()
        };
        for (bytes, name) in [(&zip, "p.zip"), (&gz, "m.tar.gz")] {
            assert!(whole(bytes, name));
            assert!(!whole(&bytes[..bytes.len() - 5], name), "{name} cut off");
            let mut other = bytes.clone();
            let at = if name == "p.zip" { 34 } else { bytes.len() - 6 };
            other[at] ^= 0x55;
            assert!(!whole(&other, name), "{name} changed");
            assert!(!whole(b"", name), "{name} empty");
        }
    }

    #[test]
    fn packages_are_read_by_pieces() {
        let mut intake = Intake::loose(&std::env::temp_dir()).unwrap();
        let content: Vec<u8> = (0..PIECE + 10).map(|at| u8::try_from(at % 251).unwrap()).collect();
        intake.write_all(&content).unwrap();
        assert_eq!(intake.sum(), digest(&content));
        let Place::Loose(file) = intake.into_place() else { panic!("it has a name") };
        let package = Package::of(file).unwrap();
        let (first, second) = (package.piece(0).unwrap(), package.piece(PIECE as u64).unwrap());
        assert_eq!((first.len(), second.len()), (PIECE, 10));
        assert_eq!([first, second].concat(), content);
        package.file.set_len(5).unwrap();
        assert!(package.piece(PIECE as u64).is_err(), "it has been cut off");
    }
}
