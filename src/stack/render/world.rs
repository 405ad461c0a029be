//! What templates of manifests reach outside: the environment, the clock, files. Components, stores and data sources are
//! known later only; who asks for them is remembered.

use std::cell::RefCell;
use std::net::{IpAddr, ToSocketAddrs as _};
use std::path::PathBuf;

use crate::content::{Foreign, Written};
use crate::host::Host;
use crate::template::{FileKind, Lookup, Problem, Val, World};
use crate::value::Node;

/// Clock, chance and files as every template sees them; relative paths begin at the working directory.
pub(crate) struct Machine<'h>(pub &'h Host);

impl Machine<'_> {
    pub(crate) fn now(&self) -> jiff::ZonedDateTime {
        self.0.now().to_zoned_datetime(self.0.zone())
    }

    #[expect(clippy::unused_self, reason = "one of the things that a machine gives")]
    pub(crate) fn random(&self, buffer: &mut [u8]) -> Result<(), Problem> {
        getrandom::fill(buffer).map_err(|error| Problem::new(error.to_string()))
    }

    pub(crate) fn read_file(&self, path: &str) -> Result<Vec<u8>, Problem> {
        self.allowed(path)?;
        std::fs::read(self.path(path)).map_err(|error| Problem::new(format!("open {path}: {error}")))
    }

    pub(crate) fn file_kind(&self, path: &str) -> Result<Option<FileKind>, Problem> {
        self.allowed(path)?;
        let found = std::fs::metadata(self.path(path)).ok();
        Ok(found.map(|found| if found.is_dir() { FileKind::Folder } else { FileKind::File }))
    }

    pub(crate) fn read_dir(&self, path: &str) -> Result<Vec<String>, Problem> {
        self.allowed(path)?;
        let failed = |error: std::io::Error| Problem::new(format!("open {path}: {error}"));
        let mut names = Vec::new();
        for entry in std::fs::read_dir(self.path(path)).map_err(failed)? {
            names.push(entry.map_err(failed)?.file_name().to_string_lossy().into_owned());
        }
        names.sort();
        Ok(names)
    }

    /// Addresses of a host name. The question alone tells another machine something.
    pub(crate) fn addresses(&self, name: &str) -> Result<Vec<IpAddr>, Problem> {
        self.0.may_fetch(name).map_err(|refused| Problem::new(refused.to_string()).help(refused.help))?;
        let found = (name, 0).to_socket_addrs().map_err(|error| Problem::new(format!("lookup {name}: {error}")))?;
        Ok(found.map(|address| address.ip()).collect())
    }

    fn allowed(&self, path: &str) -> Result<(), Problem> {
        self.0.may_read(&self.path(path)).map_err(|refused| Problem::new(refused.to_string()).help(refused.help))
    }

    fn path(&self, path: &str) -> PathBuf {
        self.0.cwd.join(path)
    }
}

pub(super) struct Outside<'h> {
    host: &'h Host,
    /// Something was asked for that is known only when components are.
    pub later: bool,
    /// What was read of variables and files: nothing may render it.
    pub foreign: RefCell<Foreign>,
    opening: Option<&'h str>,
    /// The manifest, or the scalar of it.
    text: &'h str,
}

impl<'h> Outside<'h> {
    /// `foreign` is what the data of the template has of what was read.
    pub(super) fn new(host: &'h Host, opening: Option<&'h str>, text: &'h str, foreign: Foreign) -> Outside<'h> {
        Outside { host, later: false, foreign: RefCell::new(foreign), opening, text }
    }

    fn machine(&self) -> Machine<'_> {
        Machine(self.host)
    }

    fn note(&self, text: &str) {
        if self.opening.is_some() {
            self.foreign.borrow_mut().note_text(text, self.opening);
        }
    }

    fn not_yet<T>(&mut self, name: &str) -> Result<T, Problem> {
        self.later = true;
        Err(Problem::new(format!("{name} cannot be used while manifests are loaded"))
            .help("components, stores and data sources are known when the manifests are merged"))
    }
}

impl World for Outside<'_> {
    fn variable(&self, name: &str) -> Option<String> {
        let value = self.host.env.get_raw(name).map(|value| value.to_string_lossy().into_owned())?;
        self.note(&value);
        Some(value)
    }

    fn variables(&self) -> Vec<(String, String)> {
        let text = |value: &std::ffi::OsStr| value.to_string_lossy().into_owned();
        let all: Vec<(String, String)> = self.host.env.iter().map(|(name, value)| (text(name), text(value))).collect();
        for (_, value) in &all {
            self.note(value);
        }
        all
    }

    fn now(&self) -> jiff::ZonedDateTime {
        self.machine().now()
    }

    fn random(&mut self, buffer: &mut [u8]) -> Result<(), Problem> {
        self.machine().random(buffer)
    }

    fn read_file(&mut self, path: &str) -> Result<Vec<u8>, Problem> {
        let content = self.machine().read_file(path)?;
        self.note(&String::from_utf8_lossy(&content));
        Ok(content)
    }

    fn file_kind(&mut self, path: &str) -> Result<Option<FileKind>, Problem> {
        self.machine().file_kind(path)
    }

    fn read_dir(&mut self, path: &str) -> Result<Vec<String>, Problem> {
        self.machine().read_dir(path)
    }

    fn may_render(&self, text: &str) -> Result<(), Problem> {
        let written = || {
            let mut written = Written::default();
            written.text(self.text);
            written
        };
        if self.foreign.borrow().made_template(text, self.opening, written) {
            return Err(Problem::is_data());
        }
        Ok(())
    }

    fn lookup(&mut self) -> &mut dyn Lookup {
        self
    }
}

impl Lookup for Outside<'_> {
    fn component(&mut self, _component: &str, _stack: &str) -> Result<Node, Problem> {
        self.not_yet("atmos.Component")
    }

    fn store(&mut self, _store: &str, _stack: &str, _component: &str, _key: &str) -> Result<Node, Problem> {
        self.not_yet("atmos.Store")
    }

    fn resolve(&mut self, _text: &str) -> Result<Node, Problem> {
        self.not_yet("atmos.Resolve")
    }

    fn data(&mut self, _alias: &str, _arguments: &[Val]) -> Result<Node, Problem> {
        self.not_yet("datasource")
    }

    fn data_text(&mut self, _alias: &str, _arguments: &[Val]) -> Result<String, Problem> {
        self.not_yet("include")
    }

    fn has_data(&mut self, _alias: &str) -> bool {
        self.later = true;
        false
    }

    fn define_data(&mut self, _alias: &str, _address: &str) -> Result<(), Problem> {
        self.not_yet("defineDatasource")
    }
}
