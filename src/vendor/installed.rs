//! What is on the disk, compared with the lock.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::error::Error;
use super::lock::{Artifact, Lock, LockedFile, Origin};
use super::tree::Item;
use crate::config::Config;
use crate::value::hex;

/// A file that is not as the lock has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drift {
    pub artifact: String,
    pub component: String,
    pub path: PathBuf,
    pub reason: &'static str,
}

/// How a source that is to be installed stands to the lock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// It is there, unchanged.
    Same,
    /// It has to be installed, and nobody changed anything: the lock is of the reference, which does not keep enough.
    Unknown,
    /// It has to be installed, for this reason.
    Drifted(String),
}

const MISSING: &str = "missing";
const CHANGED: &str = "checksum mismatch";

/// The checksums of files, in the order of their paths.
///
/// # Errors
/// A file that cannot be read.
pub fn files_of(items: &[Item]) -> Result<Vec<LockedFile>, Error> {
    let one = |item: &Item| {
        let sha256 = sum(&item.real).map_err(Error::file("read", &item.real))?;
        Ok(LockedFile { path: item.path.clone(), kind: "file".to_owned(), mode: item.mode, sha256 })
    };
    items.iter().map(one).collect()
}

/// What stands for files that have no commit and no digest of their own.
pub fn digest(files: &[LockedFile]) -> String {
    let mut hash = Sha256::new();
    for file in files {
        hash.update(format!("{}\0{}\0{:o}\0{}\n", file.path, file.kind, file.mode, file.sha256));
    }
    format!("sha256:{}", hex(&hash.finalize()))
}

fn sum(path: &Path) -> std::io::Result<String> {
    let mut file = std::fs::File::open(path)?;
    let (mut hash, mut buffer) = (Sha256::new(), vec![0; 1 << 16]);
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(hex(&hash.finalize())),
            read => hash.update(&buffer[..read]),
        }
    }
}

/// What is wrong with a file of the lock; `None` where it is as it was installed.
pub fn drift_of(path: &Path, file: &LockedFile) -> Option<&'static str> {
    let Ok(metadata) = path.symlink_metadata() else { return Some(MISSING) };
    let found = if metadata.is_symlink() && file.kind == "symlink" {
        path.read_link().ok().map(|target| hex(&Sha256::digest(target.as_os_str().as_encoded_bytes())))
    } else if metadata.is_file() {
        sum(path).ok()
    } else {
        None
    };
    (found.as_deref() != Some(file.sha256.as_str())).then_some(CHANGED)
}

/// Compares the artifact that is to be installed with that of the lock, and that with the disk.
///
/// # Errors
/// A lock that leads out of the repository.
pub fn state_of(config: &Config, lock: &Lock, id: &str, wanted: &Artifact) -> Result<State, Error> {
    let drifted = |reason: &str| Ok(State::Drifted(reason.to_owned()));
    let Some(known) = lock.artifacts.get(id) else { return drifted("no lock entry") };
    let Origin { declared, reference, .. } = &known.source;
    // The reference keeps nothing of the single files that it copied.
    if reference.is_none() && known.files.is_empty() {
        return Ok(State::Unknown);
    }
    if known.target != wanted.target {
        return drifted("target path changed");
    }
    if *declared != wanted.source.declared {
        return drifted("declared source changed");
    }
    if reference.is_some() && *reference != wanted.source.reference {
        return drifted("declared version changed");
    }
    if known.included != wanted.included || known.excluded != wanted.excluded {
        return drifted("included/excluded paths changed");
    }
    for file in &known.files {
        if let Some(reason) = drift_of(&lock.file(config, known, file)?, file) {
            return Ok(State::Drifted(format!("file \"{}\" {reason}", file.path)));
        }
    }
    let asks = wanted.source.reference.as_deref().is_some_and(|reference| !reference.is_empty());
    Ok(if reference.is_none() && asks { State::Unknown } else { State::Same })
}

/// Every file that artifacts own, by path, with the keys of those who do.
///
/// # Errors
/// A lock that leads out of the repository.
pub fn owned(config: &Config, lock: &Lock) -> Result<BTreeMap<PathBuf, Vec<String>>, Error> {
    let mut owners: BTreeMap<PathBuf, Vec<String>> = BTreeMap::new();
    for (id, artifact) in &lock.artifacts {
        for file in &artifact.files {
            owners.entry(lock.file(config, artifact, file)?).or_default().push(id.clone());
        }
    }
    Ok(owners)
}
