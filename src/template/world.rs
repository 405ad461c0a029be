//! What templates reach outside themselves. Modules above implement these traits; the engine has no effects of its own.

use std::net::IpAddr;

use super::problem::Problem;
use super::value::Val;
use crate::value::Node;

/// Environment, clock, randomness, files and names: everything that makes a rendering differ from the last one.
pub trait World {
    /// A variable of the environment that templates see (`env`, `getenv`).
    fn variable(&self, name: &str) -> Option<String>;

    /// Every variable, for `expandenv` and `env.Env`.
    fn variables(&self) -> Vec<(String, String)>;

    /// The time, in the zone of the machine.
    fn now(&self) -> jiff::ZonedDateTime;

    /// Fills the buffer with random bytes (`uuidv4`, `randAlpha`, `shuffle`).
    ///
    /// # Errors
    /// The system gives none.
    fn random(&mut self, buffer: &mut [u8]) -> Result<(), Problem>;

    /// The content of a file (`file.Read`, `readFile`).
    ///
    /// # Errors
    /// It cannot be read, or files are not in reach.
    fn read_file(&mut self, path: &str) -> Result<Vec<u8>, Problem> {
        Err(Problem::new(format!("open {path}: files cannot be read here")))
    }

    /// What is at a path (`file.Exists`, `file.IsDir`, `file.Walk`); `None` when there is nothing.
    ///
    /// # Errors
    /// Nobody may look there.
    fn file_kind(&mut self, _path: &str) -> Result<Option<FileKind>, Problem> {
        Ok(None)
    }

    /// Names in a directory, sorted (`file.ReadDir`).
    ///
    /// # Errors
    /// It cannot be read, or files are not in reach.
    fn read_dir(&mut self, path: &str) -> Result<Vec<String>, Problem> {
        Err(Problem::new(format!("open {path}: files cannot be read here")))
    }

    /// Addresses of a host name (`getHostByName`, `net.LookupIP`).
    ///
    /// # Errors
    /// The name is unknown, or the network is not in reach.
    fn addresses(&mut self, host: &str) -> Result<Vec<IpAddr>, Problem> {
        Err(Problem::new(format!("lookup {host}: names are not resolved here")))
    }

    /// Whether a text that a template puts together may be rendered (`tmpl.Inline`).
    ///
    /// # Errors
    /// It is data, which is no template.
    fn may_render(&self, _text: &str) -> Result<(), Problem> {
        Ok(())
    }

    /// What the program itself knows: components, stores, data sources.
    fn lookup(&mut self) -> &mut dyn Lookup;
}

/// What is at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    File,
    Folder,
}

/// The `atmos.` functions and the data sources. Every method has a default that says it cannot be used here.
pub trait Lookup {
    /// `atmos.Component`: the whole section of a component, with `outputs`.
    ///
    /// # Errors
    /// Unknown component or stack, outputs that cannot be read.
    fn component(&mut self, _component: &str, _stack: &str) -> Result<Node, Problem> {
        Err(Problem::not_here("atmos.Component"))
    }

    /// `atmos.Store`: a value of a key-value store; null when the key is missing.
    ///
    /// # Errors
    /// Unknown store, or one that cannot be read.
    fn store(&mut self, _store: &str, _stack: &str, _component: &str, _key: &str) -> Result<Node, Problem> {
        Err(Problem::not_here("atmos.Store"))
    }

    /// `atmos.Resolve`: evaluates the text of a YAML function.
    ///
    /// # Errors
    /// The text is no function, or its evaluation fails.
    fn resolve(&mut self, _text: &str) -> Result<Node, Problem> {
        Err(Problem::not_here("atmos.Resolve"))
    }

    /// `atmos.GomplateDatasource`, `datasource`, `ds`: a data source, read and parsed by its type.
    ///
    /// # Errors
    /// Unknown alias, or a source that cannot be read or parsed.
    fn data(&mut self, _alias: &str, _arguments: &[Val]) -> Result<Node, Problem> {
        Err(Problem::not_here("datasource"))
    }

    /// `include`: the text of a data source.
    ///
    /// # Errors
    /// Unknown alias, or a source that cannot be read.
    fn data_text(&mut self, _alias: &str, _arguments: &[Val]) -> Result<String, Problem> {
        Err(Problem::not_here("include"))
    }

    /// `datasourceExists`.
    fn has_data(&mut self, _alias: &str) -> bool {
        false
    }

    /// `defineDatasource`: adds an alias unless it is known already.
    ///
    /// # Errors
    /// Sources cannot be defined here, or the address is wrong.
    fn define_data(&mut self, _alias: &str, _address: &str) -> Result<(), Problem> {
        Err(Problem::not_here("defineDatasource"))
    }
}

impl Problem {
    pub(super) fn not_here(name: &str) -> Problem {
        Problem::new(format!("{name} cannot be used here"))
            .help("names of stacks and the like are computed before components, stores and data sources are known")
    }
}

/// A world without anything in it, for names that must follow from the data alone and for tests. Time stands still
/// and random bytes are zeros.
#[derive(Debug, Default)]
pub struct Nothing;

impl World for Nothing {
    fn variable(&self, _name: &str) -> Option<String> {
        None
    }

    fn variables(&self) -> Vec<(String, String)> {
        Vec::new()
    }

    fn now(&self) -> jiff::ZonedDateTime {
        jiff::Timestamp::UNIX_EPOCH.to_zoned_datetime(jiff::tz::TimeZone::UTC)
    }

    fn random(&mut self, buffer: &mut [u8]) -> Result<(), Problem> {
        buffer.fill(0);
        Ok(())
    }

    fn lookup(&mut self) -> &mut dyn Lookup {
        self
    }
}

impl Lookup for Nothing {}
