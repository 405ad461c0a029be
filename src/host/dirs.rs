//! User directories: XDG on every Unix (macOS too, as the reference has it), each with an `ATMOS_XDG_*` override.

use std::path::PathBuf;

use super::Env;

/// Directories of the user. None of them is created here.
#[derive(Debug, Clone, Default)]
pub struct Dirs {
    /// `$HOME`; empty when it is not known.
    pub home: PathBuf,
    /// `ATMOS_XDG_CONFIG_HOME` > `XDG_CONFIG_HOME` > `~/.config`.
    pub config: PathBuf,
    /// `ATMOS_XDG_CACHE_HOME` > `XDG_CACHE_HOME` > `~/.cache`.
    pub cache: PathBuf,
    /// `ATMOS_XDG_DATA_HOME` > `XDG_DATA_HOME` > `~/.local/share`.
    pub data: PathBuf,
    /// `XDG_RUNTIME_DIR`, absent in many containers.
    pub runtime: Option<PathBuf>,
    /// Where files are kept in memory and nowhere else, on systems that have such a place.
    pub memory: Option<PathBuf>,
    /// Directory for temporary files (`TMPDIR`, else `/tmp`).
    pub temp: PathBuf,
}

impl Dirs {
    pub fn from_env(env: &Env) -> Dirs {
        // A relative one leads below the working directory, and there is nothing private: it counts as none.
        let home = env.get("HOME").map(PathBuf::from).or_else(|| etcetera::home_dir().ok());
        let home = home.filter(|home| home.is_absolute()).unwrap_or_default();
        let pick = |name: &str, default: &str| {
            [format!("ATMOS_{name}"), name.to_owned()]
                .iter()
                .find_map(|name| env.get(name))
                .map(PathBuf::from)
                .filter(|path| path.is_absolute())
                .unwrap_or_else(|| home.join(default))
        };
        Dirs {
            config: pick("XDG_CONFIG_HOME", ".config"),
            cache: pick("XDG_CACHE_HOME", ".cache"),
            data: pick("XDG_DATA_HOME", ".local/share"),
            memory: cfg!(target_os = "linux").then(|| PathBuf::from("/dev/shm")),
            runtime: env.get("XDG_RUNTIME_DIR").map(PathBuf::from).filter(|path| path.is_absolute()),
            temp: env.get("TMPDIR").map_or_else(|| PathBuf::from("/tmp"), PathBuf::from),
            home,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_override_beats_xdg_beats_default() {
        let env = Env::from_iter([
            ("HOME", "/h"),
            ("XDG_CONFIG_HOME", "/x"),
            ("ATMOS_XDG_CACHE_HOME", "/c"),
            ("XDG_CACHE_HOME", "/d"),
        ]);
        let dirs = Dirs::from_env(&env);
        assert_eq!(dirs.config, PathBuf::from("/x"));
        assert_eq!(dirs.cache, PathBuf::from("/c"));
        assert_eq!(dirs.data, PathBuf::from("/h/.local/share"));
    }
}
