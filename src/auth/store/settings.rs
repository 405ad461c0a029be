//! Which keyring, where, and which variable has its password. Row 5.

use std::path::{Path, PathBuf};

use crate::host::{Env, Host};

/// Names the kind of keyring; stronger than the configuration.
pub const TYPE_VARIABLE: &str = "ATMOS_KEYRING_TYPE";
const PATH_VARIABLE: &str = "ATMOS_KEYRING_FILE_PATH";
const PASSWORD_VARIABLE: &str = "ATMOS_KEYRING_PASSWORD";
/// Opens no keyring, but is no more the business of a child.
pub const SAML_PASSWORD_VARIABLE: &str = "ATMOS_SAML_PASSWORD";
/// Names the variable that has the password.
const PASSWORD_ENV_VARIABLE: &str = "ATMOS_KEYRING_PASSWORD_ENV";

/// `auth.keyring` of the configuration, as written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settings {
    /// `type`: `system`, `kernel`, `file` or `memory`.
    pub kind: Option<String>,
    /// `spec.path`: directory of the file keyring; a path with an extension means its parent.
    pub path: Option<String>,
    /// `spec.password_env`: name of the variable with the password.
    pub password_env: Option<String>,
}

/// A kind of keyring.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    System,
    /// That of the Linux kernel.
    Kernel,
    File,
    Memory,
}

impl Kind {
    /// As the configuration spells it.
    pub fn name(self) -> &'static str {
        match self {
            Kind::System => "system",
            Kind::Kernel => "kernel",
            Kind::File => "file",
            Kind::Memory => "memory",
        }
    }

    pub(super) fn parse(text: &str) -> Option<Kind> {
        [Kind::System, Kind::Kernel, Kind::File, Kind::Memory].into_iter().find(|kind| kind.name() == text)
    }
}

/// The kind that is in force, or the unknown word that was given for it.
pub(super) fn kind(env: &Env, settings: &Settings) -> Result<Kind, String> {
    let word = env.get(TYPE_VARIABLE).or(settings.kind.as_deref()).filter(|word| !word.is_empty());
    match word {
        None => Ok(Kind::System),
        Some(word) => Kind::parse(word).ok_or_else(|| word.to_owned()),
    }
}

/// The directory of the file keyring. Absolute.
pub(super) fn directory(host: &Host, settings: &Settings) -> PathBuf {
    let written = host.env.get(PATH_VARIABLE).or(settings.path.as_deref()).filter(|path| !path.is_empty());
    let Some(written) = written else { return standard_directory(host) };
    if written.starts_with('~') && !host.dirs.home.is_absolute() {
        // Made absolute it would lie in the working directory; as it is it is refused.
        return PathBuf::from(written);
    }
    let expanded = match written.strip_prefix("~/") {
        Some(rest) => host.dirs.home.join(rest),
        None if written == "~" => host.dirs.home.clone(),
        None => PathBuf::from(written),
    };
    let path = host.absolute(&expanded);
    // The reference takes the parent of what looks like a file.
    if path.extension().is_some() { path.parent().map_or_else(|| path.clone(), Path::to_path_buf) } else { path }
}

/// Where the file keyring lies if nobody says otherwise.
pub fn standard_directory(host: &Host) -> PathBuf {
    host.dirs.data.join("atmos").join("keyring")
}

/// What can be said of the keyring without opening it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Outlook {
    pub kind: &'static str,
    /// Who chose it.
    pub set_by: &'static str,
    /// Of the file keyring.
    pub folder: Option<String>,
    pub exists: bool,
    pub password_variable: Option<String>,
    pub password_is_set: bool,
}

/// Which keyring would be opened, and whether it could be without asking anybody. Nothing is asked of it.
pub fn outlook(host: &Host, settings: &Settings) -> Outlook {
    let set_by = match (host.env.get(TYPE_VARIABLE), &settings.kind) {
        (Some(_), _) => TYPE_VARIABLE,
        (None, Some(_)) => "auth.keyring.type",
        (None, None) => "default",
    };
    let kind = kind(&host.env, settings).unwrap_or(Kind::System);
    let is_file = kind == Kind::File;
    let folder = is_file.then(|| directory(host, settings));
    let variable = password_variable(&host.env, settings);
    Outlook {
        kind: kind.name(),
        set_by,
        exists: folder.as_ref().is_some_and(|folder| folder.is_dir()),
        folder: folder.map(|folder| folder.display().to_string()),
        password_is_set: is_file && host.env.password(&variable).is_some(),
        password_variable: is_file.then_some(variable),
    }
}

/// The variable that has the password of the file keyring.
pub fn password_variable(env: &Env, settings: &Settings) -> String {
    env.get(PASSWORD_ENV_VARIABLE)
        .or(settings.password_env.as_deref())
        .filter(|name| !name.is_empty())
        .unwrap_or(PASSWORD_VARIABLE)
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::store::open::tests::host;

    #[test]
    fn kind_environment_beats_configuration_beats_system() {
        let file = Settings { kind: Some("file".to_owned()), ..Settings::default() };
        for (env, settings, expected) in [
            (Env::default(), &Settings::default(), Ok(Kind::System)),
            (Env::default(), &file, Ok(Kind::File)),
            (Env::from_iter([(TYPE_VARIABLE, "memory")]), &file, Ok(Kind::Memory)),
            (Env::from_iter([(TYPE_VARIABLE, "kernel")]), &file, Ok(Kind::Kernel)),
            (Env::from_iter([(TYPE_VARIABLE, "")]), &file, Ok(Kind::File)),
            (Env::from_iter([(TYPE_VARIABLE, "vault")]), &file, Err("vault".to_owned())),
        ] {
            assert_eq!(kind(&env, settings), expected);
        }
    }

    #[test]
    fn directory_follows_variable_configuration_and_default() {
        let temp = tempfile::tempdir().unwrap();
        let mut host = host(temp.path(), &[]);
        let home = host.dirs.home.display().to_string();
        for (path, expected) in [
            (None, format!("{}/atmos/keyring", host.dirs.data.display())),
            (Some("~/kr"), format!("{home}/kr")),
            (Some("/k/ring.json"), "/k".to_owned()),
            (Some("sub/../kr"), format!("{}/kr", host.cwd.display())),
        ] {
            let settings = Settings { path: path.map(str::to_owned), ..Settings::default() };
            assert_eq!(directory(&host, &settings), PathBuf::from(expected));
        }
        host.env.set(PATH_VARIABLE, "/env/kr");
        assert_eq!(
            directory(&host, &Settings { path: Some("/k".to_owned()), ..Settings::default() }),
            PathBuf::from("/env/kr")
        );
    }

    #[test]
    fn variable_of_the_password_is_the_one_of_the_environment_first() {
        let env = Env::from_iter([(PASSWORD_ENV_VARIABLE, "FROM_ENV")]);
        let settings = Settings { password_env: Some("FROM_CONFIG".to_owned()), ..Settings::default() };
        assert_eq!(password_variable(&env, &settings), "FROM_ENV");
        assert_eq!(password_variable(&Env::default(), &settings), "FROM_CONFIG");
        assert_eq!(password_variable(&Env::default(), &Settings::default()), PASSWORD_VARIABLE);
    }
}
