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
/// What is wrong with an artifact whose files are of two versions.
pub const UNFINISHED: &str = "an earlier pull was interrupted";

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
fn drift_of(path: &Path, file: &LockedFile) -> Option<&'static str> {
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

/// The same where a path has more than one entry: it is as it was installed when it is as one of them.
pub fn drift_of_all(path: &Path, files: &[&LockedFile]) -> Option<&'static str> {
    let reasons: Option<Vec<&'static str>> = files.iter().map(|file| drift_of(path, file)).collect();
    reasons.and_then(|reasons| reasons.first().copied())
}

/// The files of an artifact by the paths where they are, in the order of the lock.
///
/// # Errors
/// A lock that leads out of the repository.
pub fn places<'l>(
    config: &Config,
    lock: &Lock,
    artifact: &'l Artifact,
) -> Result<Vec<(PathBuf, Vec<&'l LockedFile>)>, Error> {
    let mut found: Vec<(PathBuf, Vec<&LockedFile>)> = Vec::with_capacity(artifact.files.len());
    let mut known: BTreeMap<PathBuf, usize> = BTreeMap::new();
    for file in &artifact.files {
        let path = lock.file(config, artifact, file)?;
        let index = *known.entry(path.clone()).or_insert(found.len());
        match found.get_mut(index) {
            Some((_, files)) => files.push(file),
            None => found.push((path, vec![file])),
        }
    }
    Ok(found)
}

/// Whether what is at a path is below the base path when all links on the way to it are followed; the last part itself may
/// be a link.
pub fn is_inside(base: &Path, path: &Path) -> bool {
    let folder = path.ancestors().skip(1).find(|folder| folder.symlink_metadata().is_ok());
    let real = folder.and_then(|folder| folder.canonicalize().ok());
    base.canonicalize().is_ok_and(|base| real.is_some_and(|real| real.starts_with(base)))
}

/// Compares the artifact that is to be installed with that of the lock, and that with the disk.
///
/// # Errors
/// A lock that leads out of the repository.
pub fn state_of(config: &Config, lock: &Lock, id: &str, wanted: &Artifact) -> Result<State, Error> {
    let drifted = |reason: &str| Ok(State::Drifted(reason.to_owned()));
    let Some(known) = lock.artifacts.get(id) else { return drifted("no lock entry") };
    if known.unfinished {
        return drifted(UNFINISHED);
    }
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
