//! What an import has put together so far: entries with free names, and remarks. Row 5.

use std::fmt::Write as _;
use std::sync::Arc;

use crate::auth::config::AuthConfig;
use crate::auth::delivery::{profile_name, same_profile};
use crate::auth::problem::Severity;
use crate::auth::resolution::is_disabled;
use crate::auth::validate::validate;
use crate::span::Sources;
use crate::value::{Map, Node};
use crate::yaml;

/// Columns per level of the printed YAML.
const INDENT: usize = 2;

/// Something that could not be taken over as it was, or is left to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remark {
    /// What the other tool calls it.
    pub about: String,
    pub text: String,
    /// Nothing of it is in the section.
    pub is_skipped: bool,
}

/// An `auth` section in the making.
#[derive(Debug, Clone, Default)]
pub struct Draft {
    providers: Vec<Entry>,
    identities: Vec<Entry>,
    pub remarks: Vec<Remark>,
}

#[derive(Debug, Clone)]
struct Entry {
    name: String,
    node: Node,
    /// Lines below it that a person may wish to make settings.
    comments: Vec<String>,
}

/// An entry, setting by setting in the order in which they are printed.
#[derive(Debug, Clone, Default)]
pub(super) struct Fields(Node);

impl Fields {
    pub(super) fn kind(kind: &str) -> Fields {
        Fields::default().with("kind", kind)
    }

    /// Sets what stands at a path such as `principal.account.id`.
    pub(super) fn with(mut self, path: &str, value: impl Into<Node>) -> Fields {
        let slot = path.split('.').fold(&mut self.0, |node, key| node.make_map().entry(Arc::from(key)).or_default());
        *slot = value.into();
        self
    }

    pub(super) fn node(self) -> Node {
        self.0
    }

    pub(super) fn maybe(self, path: &str, value: Option<impl Into<Node>>) -> Fields {
        match value {
            Some(value) => self.with(path, value),
            None => self,
        }
    }
}

impl Draft {
    /// Nothing was taken over.
    pub fn is_empty(&self) -> bool {
        self.providers.is_empty() && self.identities.is_empty()
    }

    /// How many providers and identities there are.
    pub fn counts(&self) -> (usize, usize) {
        (self.providers.len(), self.identities.len())
    }

    /// Something of it is not as it was, or left to be done.
    pub(super) fn note(&mut self, about: &str, text: impl Into<String>) {
        self.remark(about, text.into(), false);
    }

    /// Nothing of it is taken over.
    pub(super) fn skip(&mut self, about: &str, text: impl Into<String>) {
        self.remark(about, text.into(), true);
    }

    fn remark(&mut self, about: &str, text: String, is_skipped: bool) {
        self.remarks.push(Remark { about: about.to_owned(), text, is_skipped });
    }

    /// Adds a provider, and gives the name that it got.
    pub(super) fn provider(&mut self, wanted: &str, fields: Fields) -> String {
        let name = free_name(&self.providers, wanted, None);
        self.providers.push(Entry { name: name.clone(), node: fields.0, comments: Vec::new() });
        self.renamed(wanted, &name);
        name
    }

    /// The provider that says the same, else a new one.
    pub(super) fn shared_provider(&mut self, wanted: &str, fields: Fields) -> String {
        match self.providers.iter().find(|known| known.node == fields.0) {
            Some(known) => known.name.clone(),
            None => self.provider(wanted, fields),
        }
    }

    /// The provider of a portal: one for each address and region, whoever names them.
    pub(super) fn portal(&mut self, wanted: &str, url: &str, region: &str) -> String {
        self.shared_provider(wanted, portal_fields(url, region))
    }

    /// Adds an identity, and gives the name that it got: the one that is wanted, with the account where that is taken.
    pub(super) fn identity(&mut self, wanted: &str, account: Option<&str>, fields: Fields) -> String {
        let name = free_name(&self.identities, wanted, account);
        self.identities.push(Entry { name: name.clone(), node: fields.0, comments: Vec::new() });
        self.renamed(wanted, &name);
        name
    }

    /// A setting below a provider that nobody should have without looking at it.
    pub(super) fn comment(&mut self, provider: &str, line: &str) {
        if let Some(entry) = self.providers.iter_mut().find(|entry| entry.name == provider) {
            entry.comments.push(line.to_owned());
        }
    }

    fn renamed(&mut self, wanted: &str, name: &str) {
        if wanted != name {
            self.note(wanted, format!("is called `{name}` here"));
        }
    }

    /// Takes everything out that `auth validate` would call an error, and whatever rests on it, until nothing of the kind is left.
    pub(super) fn settled(mut self) -> Draft {
        loop {
            let problems = validate(&AuthConfig::read(&self.section()), &Sources::new());
            let errors = problems.into_iter().filter(|problem| problem.severity == Severity::Error);
            let messages: Vec<String> = errors.map(|problem| problem.message).collect();
            let before = self.counts();
            for message in &messages {
                self.take_out(message);
            }
            if self.counts() == before {
                for message in messages {
                    self.note("the section", format!("`auth validate` says: {message}"));
                }
                return self;
            }
        }
    }

    fn take_out(&mut self, message: &str) {
        for (what, list) in [("provider", &mut self.providers), ("identity", &mut self.identities)] {
            let reason = |entry: &Entry| message.strip_prefix(&format!("{what} `{}`: ", entry.name)).map(str::to_owned);
            let Some((at, text)) = list.iter().enumerate().find_map(|(at, entry)| Some((at, reason(entry)?))) else {
                continue;
            };
            let about = format!("{what} {}", list.remove(at).name);
            self.remarks.push(Remark { about, text, is_skipped: true });
            return;
        }
    }

    fn section(&self) -> Node {
        let list = |entries: &[Entry]| {
            Node::from(
                entries.iter().map(|entry| (Arc::from(entry.name.as_str()), entry.node.clone())).collect::<Map>(),
            )
        };
        let mut section = Map::default();
        section.insert(Arc::from("providers"), list(&self.providers));
        section.insert(Arc::from("identities"), list(&self.identities));
        Node::from(section)
    }

    /// The section as YAML, to be put into `atmos.yaml` or a file of `atmos.d`.
    pub fn render(&self, tool: &str) -> String {
        let mut text = format!("# What `atmos auth import {tool}` found. There is no secret in it.\nauth:\n");
        for (key, entries) in [("providers", &self.providers), ("identities", &self.identities)] {
            if entries.is_empty() {
                continue;
            }
            let _ = writeln!(text, "  {key}:");
            for entry in entries {
                let map: Map = std::iter::once((Arc::from(entry.name.as_str()), entry.node.clone())).collect();
                for line in yaml::emit_record(&Node::from(map), INDENT).lines() {
                    let _ = writeln!(text, "    {line}");
                }
                for comment in &entry.comments {
                    let _ = writeln!(text, "      # {comment}");
                }
            }
        }
        text
    }
}

/// What a provider of a portal says. What browsers put behind the address is no part of it.
pub(super) fn portal_fields(url: &str, region: &str) -> Fields {
    let url = url.trim_end_matches(['/', '#']);
    Fields::kind("aws/iam-identity-center").with("start_url", url).with("region", region)
}

/// The name that is wanted, with the account or a number where it is taken.
fn free_name(taken: &[Entry], wanted: &str, account: Option<&str>) -> String {
    let wanted = usable(wanted);
    let new = account.filter(|account| !wanted.ends_with(account));
    let with_account = new.map(|account| format!("{wanted}-{account}"));
    let counted = (2..).map(|number| format!("{}-{number}", with_account.as_deref().unwrap_or(&wanted)));
    let mut candidates = std::iter::once(wanted.clone()).chain(with_account.clone()).chain(counted);
    let is_free = |name: &String| taken.iter().all(|entry| !is_same(&entry.name, name));
    candidates.find(is_free).unwrap_or_default()
}

/// Two names that an AWS configuration, or whoever types them, could not tell apart.
fn is_same(left: &str, right: &str) -> bool {
    let one_profile = || match (profile_name(left), profile_name(right)) {
        (Ok(left), Ok(right)) => same_profile(&left, &right),
        _ => false,
    };
    left == right || one_profile()
}

/// A name that can stand behind `--identity`.
pub(super) fn usable(name: &str) -> String {
    let plain: String = name.chars().map(|c| if c.is_control() { '-' } else { c }).collect();
    let plain = plain.trim().trim_start_matches('-');
    match plain {
        "" => "unnamed".to_owned(),
        plain if is_disabled(plain) => format!("{plain}-identity"),
        plain => plain.to_owned(),
    }
}

/// The first part of the host of an address, as a name for who is there.
pub(super) fn host_name(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#', ':']).next().unwrap_or_default();
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let first = host.split('.').find(|part| !part.is_empty() && *part != "www");
    first.unwrap_or("provider").to_lowercase()
}

/// The account of an ARN, also of one that Leapp makes: `arn:aws:iam::<account>/<permission set>`.
pub(super) fn account_of(arn: &str) -> Option<&str> {
    let account = arn.strip_prefix("arn:")?.split(':').nth(3)?.split('/').next()?;
    (account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit())).then_some(account)
}

/// What an ARN names at its end: a role, or a permission set.
pub(super) fn role_of(arn: &str) -> Option<&str> {
    let (_, name) = arn.strip_prefix("arn:")?.rsplit_once('/')?;
    Some(name).filter(|name| !name.is_empty())
}
