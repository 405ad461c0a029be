//! Directories that may hold secrets: nobody but this user and root can exchange anything on the way to them.
//!
//! Read [`check`] (every level from the root down, links resolved) and [`private_dir`] (the same, then made private).

use std::io;
use std::path::{Path, PathBuf};

use miette::Diagnostic;

use super::fs;
use crate::diag::Failure;

/// A directory that is not used for secrets, or that could not be made.
#[derive(Debug, thiserror::Error, Diagnostic)]
pub enum Error {
    #[error("`{}` is not used for secrets: `{}` {why}", path.display(), level.display())]
    #[diagnostic(code(atmos::host::unsafe_directory), help("{mend}"))]
    Unsafe {
        /// What was wanted.
        path: PathBuf,
        /// The directory or link on the way to it that others could change.
        level: PathBuf,
        why: String,
        mend: String,
    },

    /// Below the working directory, which may be anybody's repository.
    #[error("`{}` is not used for secrets: it is no absolute path, since HOME is not set to one", path.display())]
    #[diagnostic(
        code(atmos::host::no_home),
        help(
            "set HOME to the absolute path of your home directory, or XDG_CACHE_HOME, XDG_CONFIG_HOME and XDG_DATA_HOME"
        )
    )]
    Homeless { path: PathBuf },

    #[error("failed to {action} `{}`: {cause}", path.display())]
    #[diagnostic(code(atmos::host::directory), help("check that the directory exists, is yours, and is writable"))]
    Io {
        action: &'static str,
        path: PathBuf,
        #[source]
        cause: io::Error,
    },
}

impl Failure for Error {}

impl Error {
    /// What to do about it, where somebody else's directory is at fault.
    pub fn mend(&self) -> Option<&str> {
        match self {
            Error::Unsafe { mend, .. } => Some(mend),
            Error::Homeless { .. } => Some("set HOME to the absolute path of your home directory"),
            Error::Io { .. } => None,
        }
    }

    fn io(action: &'static str, path: &Path, cause: io::Error) -> Error {
        Error::Io { action, path: path.to_path_buf(), cause }
    }
}

/// Makes `path` with everything that is missing above it. The directories from `root` down to `path` are ours: they get
/// mode 0700, whatever it was. Everything above has to be safe already. `root` may be a link, nothing below it.
///
/// # Errors
/// [`Error::Unsafe`] names the level that others could change; nothing is made then.
pub fn private_dir(root: &Path, path: &Path) -> Result<(), Error> {
    private_below(root, path, true)
}

/// The same below a directory that somebody chose, perhaps their home or `/tmp`: if it is there already, its mode stays.
///
/// # Errors
/// As [`private_dir`].
pub fn private_dir_in(chosen: &Path, path: &Path) -> Result<(), Error> {
    private_below(chosen, path, !chosen.exists())
}

fn private_below(root: &Path, path: &Path, is_ours: bool) -> Result<(), Error> {
    absolute(path)?;
    let linked = std::fs::symlink_metadata(root).is_ok_and(|metadata| metadata.is_symlink());
    check_for(if linked { root } else { root.parent().unwrap_or(root) }, path)?;
    let real = if linked {
        std::fs::canonicalize(root).map_err(|cause| Error::io("follow", root, cause))?
    } else {
        root.to_path_buf()
    };
    let below = path.strip_prefix(root).unwrap_or(Path::new(""));
    let mut level = real;
    if is_ours {
        make(&level, path)?;
    }
    for name in below.components() {
        level.push(name);
        make(&level, path)?;
    }
    // Again: somebody could have been quicker in a directory where everybody may write.
    check_for(path, path)
}

fn make(level: &Path, wanted: &Path) -> Result<(), Error> {
    if let Ok(metadata) = std::fs::symlink_metadata(level) {
        let facts = Facts::of(&metadata);
        // The mode is ours to mend; owner and kind are not.
        if let Some(why) = facts.foreign().or_else(|| (!metadata.is_dir()).then(|| "is no directory".to_owned())) {
            return Err(refusal(level, wanted, why, &facts));
        }
    }
    fs::create_private_dir(level).map_err(|cause| Error::io("create", level, cause))
}

/// That nobody else can exchange `path` or anything above it: each directory belongs to root or to this user and is
/// writable for nobody else, unless it is sticky, as `/tmp` is; links are followed and belong to root or to this user too.
/// What does not exist yet is fine.
///
/// # Errors
/// [`Error::Unsafe`] for the first level that is not so.
pub fn check(path: &Path) -> Result<(), Error> {
    absolute(path)?;
    check_for(path, path)
}

fn absolute(path: &Path) -> Result<(), Error> {
    if path.is_absolute() { Ok(()) } else { Err(Error::Homeless { path: path.to_path_buf() }) }
}

#[cfg(unix)]
fn check_for(path: &Path, wanted: &Path) -> Result<(), Error> {
    /// More links than this in one path are a circle.
    const MOST_LINKS: usize = 40;
    let names = |path: &Path| -> Vec<std::ffi::OsString> {
        path.components().rev().map(|part| part.as_os_str().to_owned()).collect()
    };
    // The next name stands at the end.
    let mut open = names(path);
    let mut here = PathBuf::new();
    let mut links = 0;
    while let Some(name) = open.pop() {
        if name == ".." {
            // `here` is without links, so its parent is the one that the system means.
            here.pop();
            continue;
        }
        let next = here.join(&name);
        let metadata = match std::fs::symlink_metadata(&next) {
            Ok(metadata) => metadata,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(Error::io("look at", &next, error)),
        };
        let facts = Facts::of(&metadata);
        if let Some(why) = facts.problem() {
            return Err(refusal(&next, wanted, why, &facts));
        }
        if facts.kind == Kind::Link {
            links += 1;
            let target = std::fs::read_link(&next).map_err(|cause| Error::io("follow", &next, cause))?;
            if links > MOST_LINKS {
                return Err(Error::io("follow", &next, io::Error::other("too many links")));
            }
            open.extend(names(&target));
        } else {
            here = next;
        }
    }
    Ok(())
}

#[cfg(not(unix))]
fn check_for(_path: &Path, _wanted: &Path) -> Result<(), Error> {
    Ok(())
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Directory,
    Link,
    Other,
}

impl Kind {
    fn of(kind: std::fs::FileType) -> Kind {
        match kind {
            kind if kind.is_dir() => Kind::Directory,
            kind if kind.is_symlink() => Kind::Link,
            _ => Kind::Other,
        }
    }
}

/// What decides about one level.
#[derive(Debug, Clone, Copy)]
struct Facts {
    kind: Kind,
    owner: u32,
    mode: u32,
    group: u32,
    /// This user.
    user: u32,
}

impl Facts {
    #[cfg(unix)]
    fn of(metadata: &std::fs::Metadata) -> Facts {
        use std::os::unix::fs::MetadataExt;
        let kind = Kind::of(metadata.file_type());
        let user = rustix::process::geteuid().as_raw();
        Facts { kind, owner: metadata.uid(), mode: metadata.mode(), group: metadata.gid(), user }
    }

    #[cfg(not(unix))]
    fn of(metadata: &std::fs::Metadata) -> Facts {
        let kind = Kind::of(metadata.file_type());
        Facts { kind, owner: 0, mode: 0o700, group: 0, user: 0 }
    }

    fn foreign(&self) -> Option<String> {
        (self.owner != 0 && self.owner != self.user).then(|| format!("belongs to another user (uid {})", self.owner))
    }

    /// Many systems give each user a group of the same number that nobody else is in, and with it a umask of 002: what
    /// is writable for that group is writable for its user only. Root's group may have other members.
    #[cfg(unix)]
    fn private_group(&self) -> bool {
        self.user != 0 && self.owner == self.user && self.group == self.user
    }

    #[cfg(unix)]
    fn problem(&self) -> Option<String> {
        const STICKY: u32 = 0o1000;
        if let Some(foreign) = self.foreign() {
            return Some(foreign);
        }
        match self.kind {
            // The mode of a link means nothing.
            Kind::Link => None,
            Kind::Other => Some("is no directory".to_owned()),
            Kind::Directory if self.mode & 0o022 == 0 || self.mode & STICKY != 0 => None,
            Kind::Directory if self.mode & 0o002 != 0 => Some("is writable for everybody".to_owned()),
            Kind::Directory if self.private_group() => None,
            Kind::Directory => Some("is writable for its group".to_owned()),
        }
    }
}

fn refusal(level: &Path, wanted: &Path, why: String, facts: &Facts) -> Error {
    let mend = match (facts.kind, facts.foreign()) {
        (Kind::Directory, None) => format!("`chmod go-w {}`, or choose another place", level.display()),
        (_, Some(_)) => format!(
            "choose a place below directories of root and of uid {} only, or `chown {} {}` if it is yours",
            facts.user,
            facts.user,
            level.display()
        ),
        (_, None) => format!("move {} away, or choose another place", level.display()),
    };
    Error::Unsafe { path: wanted.to_path_buf(), level: level.to_path_buf(), why, mend }
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    fn chmod(path: &Path, mode: u32) {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    }

    fn mode(path: &Path) -> u32 {
        std::fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[track_caller]
    fn refused(result: Result<(), Error>) -> (PathBuf, String) {
        match result {
            Err(Error::Unsafe { level, mend, .. }) => (level, mend),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn one_level_is_judged_by_owner_and_mode() {
        for (kind, owner, group, mode, fine) in [
            (Kind::Directory, 0, 0, 0o755, true),
            (Kind::Directory, 7, 9, 0o700, true),
            (Kind::Directory, 0, 0, 0o1777, true),
            (Kind::Directory, 7, 9, 0o1770, true),
            (Kind::Directory, 0, 0, 0o775, false),
            (Kind::Directory, 7, 9, 0o775, false),
            (Kind::Directory, 7, 7, 0o775, true),
            (Kind::Directory, 0, 7, 0o775, false),
            (Kind::Directory, 7, 7, 0o707, false),
            (Kind::Directory, 8, 8, 0o700, false),
            (Kind::Directory, 8, 8, 0o1777, false),
            (Kind::Link, 7, 7, 0o777, true),
            (Kind::Link, 0, 0, 0o777, true),
            (Kind::Link, 8, 8, 0o777, false),
            (Kind::Other, 7, 7, 0o600, false),
        ] {
            let facts = Facts { kind, owner, mode, group, user: 7 };
            assert_eq!(facts.problem().is_none(), fine, "{facts:?}");
        }
    }

    #[test]
    fn every_level_counts_and_the_mend_names_it() {
        let temp = tempfile::tempdir().unwrap();
        let (wide, deep) = (temp.path().join("wide"), temp.path().join("wide/a/b"));
        std::fs::create_dir_all(&deep).unwrap();
        check(&deep).unwrap();
        for bad in [0o777, 0o757] {
            chmod(&wide, bad);
            let (level, mend) = refused(check(&deep.join("not yet there")));
            assert_eq!((level.as_path(), mend.contains(&format!("chmod go-w {}", wide.display()))), (&*wide, true));
        }
        chmod(&wide, 0o1777);
        check(&deep).unwrap();
    }

    #[test]
    fn links_are_followed_to_what_they_hide() {
        let temp = tempfile::tempdir().unwrap();
        let (wide, link) = (temp.path().join("wide"), temp.path().join("link"));
        std::fs::create_dir_all(wide.join("a")).unwrap();
        chmod(&wide, 0o777);
        symlink("wide/a/../a", &link).unwrap();
        assert_eq!(refused(check(&link.join("b"))).0, wide);
        chmod(&wide, 0o755);
        check(&link.join("b")).unwrap();
        symlink("circle", temp.path().join("circle")).unwrap();
        assert!(matches!(check(&temp.path().join("circle/x")), Err(Error::Io { .. })));
    }

    #[test]
    fn private_dir_narrows_its_own_levels_and_makes_nothing_in_an_unsafe_place() {
        let temp = tempfile::tempdir().unwrap();
        let (root, path) = (temp.path().join("base/atmos"), temp.path().join("base/atmos/run"));
        std::fs::create_dir_all(&root).unwrap();
        chmod(&root, 0o777);
        private_dir(&root, &path).unwrap();
        assert_eq!((mode(&root), mode(&path)), (0o700, 0o700));
        std::fs::remove_dir_all(&root).unwrap();
        chmod(&temp.path().join("base"), 0o777);
        refused(private_dir(&root, &path));
        assert!(!root.exists());
    }

    #[test]
    fn a_chosen_directory_keeps_its_mode() {
        let temp = tempfile::tempdir().unwrap();
        let chosen = temp.path().join("home");
        std::fs::create_dir(&chosen).unwrap();
        chmod(&chosen, 0o755);
        private_dir_in(&chosen, &chosen).unwrap();
        private_dir_in(&chosen, &chosen.join("aws")).unwrap();
        assert_eq!((mode(&chosen), mode(&chosen.join("aws"))), (0o755, 0o700));
        private_dir_in(&temp.path().join("new"), &temp.path().join("new")).unwrap();
        assert_eq!(mode(&temp.path().join("new")), 0o700);
        chmod(&chosen, 0o777);
        refused(private_dir_in(&chosen, &chosen));
    }

    #[test]
    fn private_dir_follows_a_link_at_its_root_only() {
        let temp = tempfile::tempdir().unwrap();
        let (root, elsewhere) = (temp.path().join("atmos"), temp.path().join("elsewhere"));
        std::fs::create_dir(&elsewhere).unwrap();
        symlink(&elsewhere, &root).unwrap();
        private_dir(&root, &root.join("auth")).unwrap();
        assert!(elsewhere.join("auth").is_dir());
        symlink(&elsewhere, root.join("inner")).unwrap();
        refused(private_dir(&root, &root.join("inner/x")));
    }

    #[test]
    fn nothing_private_lies_below_the_working_directory() {
        for path in [".cache/atmos", "", "home/me/.cache"] {
            let path = Path::new(path);
            assert!(matches!(private_dir(path, path), Err(Error::Homeless { .. })));
            assert!(matches!(check(path), Err(Error::Homeless { .. })));
        }
    }

    #[test]
    fn what_others_own_is_refused() {
        // Only root can give a directory away; for anybody else the root directory's owner stands in the table above.
        if !rustix::process::geteuid().is_root() {
            return;
        }
        let temp = tempfile::tempdir().unwrap();
        let (theirs, path) = (temp.path().join("theirs"), temp.path().join("theirs/mine"));
        std::fs::create_dir_all(&path).unwrap();
        std::os::unix::fs::chown(&theirs, Some(65534), None).unwrap();
        assert_eq!(refused(check(&path)).0, theirs);
        assert_eq!(refused(private_dir(&theirs, &path)).0, theirs);
    }
}
