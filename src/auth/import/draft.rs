//! What an import has put together so far: entries with free names, and remarks. Row 5.

use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;
use std::sync::Arc;

use super::known::{Known, KnownEntry};
use super::suspects::{in_address, is_open};
use super::taken::{Taken, is_same};
use crate::auth::config::AuthConfig;
use crate::auth::problem::Severity;
use crate::auth::resolution::is_disabled;
use crate::auth::validate::validate;
use crate::span::Sources;
use crate::value::{Map, Node, Value};
use crate::yaml;

/// Stands in a remark for the name that the identity gets, as a shell takes it.
pub(super) const IDENTITY: &str = "\u{1}";
/// Columns per level of the printed YAML.
const INDENT: usize = 2;

/// Settings that are run.
const COMMANDS: [&[&str]; 4] =
    [&["credentials", "process"], &["credentials", "mfa_process"], &["principal", "mfa_process"], &["spec", "command"]];

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
    /// Places of remarks in which the name of an identity is not filled in, by what they are about.
    unnamed: HashMap<String, Vec<usize>>,
    taken_providers: Taken,
    taken_identities: Taken,
    /// What the names must stand beside.
    known: Known,
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
        if text.contains(IDENTITY) {
            self.unnamed.entry(about.to_owned()).or_default().push(self.remarks.len());
        }
        self.remarks.push(Remark { about: about.to_owned(), text, is_skipped });
    }

    /// What is put together stands beside what the configuration has.
    pub(super) fn beside(known: &Known) -> Draft {
        Draft { known: known.clone(), ..Draft::default() }
    }

    /// Adds a provider, and gives the name that it got.
    pub(super) fn provider(&mut self, wanted: &str, fields: Fields) -> String {
        let known = (&self.known.providers[..], &self.known.taken_providers);
        let name = free_name(&self.taken_providers, known, wanted, None, &fields.0);
        self.renamed(("provider", wanted), &name.0, name.1);
        self.taken_providers.add(&name.0);
        self.providers.push(Entry { name: name.0.clone(), node: fields.0, comments: Vec::new() });
        name.0
    }

    /// The provider that says the same, here or in the configuration, else a new one.
    pub(super) fn shared_provider(&mut self, wanted: &str, fields: Fields) -> String {
        if let Some(here) = self.providers.iter().find(|here| here.node == fields.0) {
            return here.name.clone();
        }
        let same = |entry: &&KnownEntry| entry.says(&fields.0);
        let mut known = self.known.providers.iter().filter(same);
        let by_name = known.clone().find(|entry| is_same(&entry.name, wanted));
        let name = by_name.or_else(|| known.next()).map(|entry| entry.name.clone());
        let Some(name) = name.filter(|name| self.taken_providers.find(name).is_none()) else {
            return self.provider(wanted, fields);
        };
        if !is_same(&name, wanted) {
            self.note(wanted, format!("is provider `{name}` of the configuration"));
        }
        self.provider(&name, fields)
    }

    /// The provider of a portal: one for each address and region, whoever names them.
    pub(super) fn portal(&mut self, wanted: &str, url: &str, region: &str) -> String {
        self.shared_provider(wanted, portal_fields(url, region))
    }

    /// Adds an identity, and gives the name that it got: the one that is wanted, with the account where that is taken.
    pub(super) fn identity(&mut self, wanted: &str, account: Option<&str>, mut fields: Fields) -> String {
        let known = (&self.known.identities[..], &self.known.taken_identities);
        let (name, conflict) = free_name(&self.taken_identities, known, wanted, account, &fields.0);
        self.renamed(("identity", wanted), &name, conflict);
        self.taken_identities.add(&name);
        self.fill(wanted, &name);
        let other = self.known.usual().filter(|other| !is_same(&other.name, &name));
        if let Some(other) = other.filter(|_| fields.0.get("default").is_some()) {
            fields.0.make_map().shift_remove("default");
            let text = format!("is not the default: that is `{}` of the configuration{}", other.name, other.place);
            self.note(wanted, text);
        }
        self.identities.push(Entry { name: name.clone(), node: fields.0, comments: Vec::new() });
        name
    }

    /// Puts the name of an identity into what was said about it before it had one.
    pub(super) fn fill(&mut self, about: &str, name: &str) {
        let name = shell_words::quote(name);
        for place in self.unnamed.remove(about).unwrap_or_default() {
            let text = &mut self.remarks[place].text;
            *text = text.replace(IDENTITY, &name);
        }
    }

    /// The names of all identities.
    pub(super) fn identity_names(&self) -> HashSet<&str> {
        self.identities.iter().map(|entry| entry.name.as_str()).collect()
    }

    /// Why something was skipped.
    pub(super) fn why_skipped(&self, about: &str) -> Option<&str> {
        let named = format!("identity {about}");
        let is_it = |remark: &&Remark| remark.is_skipped && (remark.about == about || remark.about == named);
        self.remarks.iter().find(is_it).map(|remark| remark.text.as_str())
    }

    /// A setting below a provider that nobody should have without looking at it.
    pub(super) fn comment(&mut self, provider: &str, line: &str) {
        if let Some(entry) = self.providers.iter_mut().find(|entry| entry.name == provider) {
            entry.comments.push(line.to_owned());
        }
    }

    fn renamed(&mut self, (what, wanted): (&str, &str), name: &str, conflict: Option<String>) {
        if let Some(place) = conflict {
            let text = format!(
                "is called `{name}` here: the configuration has {} `{wanted}` that says something else{place}",
                if what == "identity" { "an identity" } else { "a provider" }
            );
            self.note(wanted, text);
        } else if wanted != name {
            self.note(wanted, format!("is called `{name}` here"));
        }
    }

    /// Takes everything out that `auth validate` would call an error, and whatever rests on it, until nothing of the kind is left.
    pub(super) fn settled(mut self) -> Draft {
        self.take_out_secrets();
        loop {
            let problems = validate(&AuthConfig::read(&self.section()), &Sources::new());
            let errors = problems.into_iter().filter(|problem| problem.severity == Severity::Error);
            let messages: Vec<String> = errors.map(|problem| problem.message).collect();
            let before = self.counts();
            self.take_out(&messages);
            if self.counts() == before {
                // What was skipped has no other name.
                for remark in &mut self.remarks {
                    remark.text = remark.text.replace(IDENTITY, &shell_words::quote(&usable(&remark.about)));
                }
                for message in messages {
                    self.note("the section", format!("`auth validate` says: {message}"));
                }
                return self;
            }
        }
    }

    /// Takes everything out whose settings may be secrets. Commands were looked at where they were read.
    fn take_out_secrets(&mut self) {
        for (what, list) in [("provider", &mut self.providers), ("identity", &mut self.identities)] {
            for entry in std::mem::take(list) {
                let Some(path) = suspect(&entry.node) else {
                    list.push(entry);
                    continue;
                };
                let text = format!(
                    "`{path}` may hold a secret (a user or a token in an address, a key): write this {what} by hand, with \
                     `!env NAME` in its place"
                );
                self.remarks.push(Remark { about: format!("{what} {}", entry.name), text, is_skipped: true });
            }
        }
    }

    /// Something of it is run.
    fn has_commands(&self) -> bool {
        let is_one = |path: &[&str]| {
            self.providers
                .iter()
                .chain(&self.identities)
                .any(|entry| entry.node.get_path(path.iter().copied()).is_some())
        };
        COMMANDS.iter().any(|path| is_one(path))
    }

    fn take_out(&mut self, messages: &[String]) {
        for (what, list) in [("provider", &mut self.providers), ("identity", &mut self.identities)] {
            let names: HashSet<&str> = list.iter().map(|entry| entry.name.as_str()).collect();
            let mut gone: HashSet<String> = HashSet::new();
            for message in messages {
                let Some(rest) = message.strip_prefix(what).and_then(|rest| rest.strip_prefix(" `")) else { continue };
                // A name may have such an end in it.
                let ends = rest.match_indices("`: ").map(|(at, end)| (&rest[..at], &rest[at + end.len()..]));
                let Some((name, text)) = ends.into_iter().find(|(name, _)| names.contains(name)) else { continue };
                if gone.insert(name.to_owned()) {
                    let about = format!("{what} {name}");
                    self.remarks.push(Remark { about, text: text.to_owned(), is_skipped: true });
                }
            }
            list.retain(|entry| !gone.contains(&entry.name));
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
        let about = if self.has_commands() {
            "Commands are taken over word for word: see to it that none of them holds a secret."
        } else {
            "Keys stay where they are."
        };
        let mut text = format!("# What `atmos auth import {tool}` found. {about}\nauth:\n");
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

/// The first setting that may be a secret.
fn suspect(node: &Node) -> Option<String> {
    fn below(node: &Node, path: &[&str]) -> Option<String> {
        if COMMANDS.contains(&path) {
            return None;
        }
        match &node.value {
            Value::Map(map) => map.iter().find_map(|(key, item)| below(item, &[path, &[&**key]].concat())),
            Value::List(list) => list.iter().find_map(|item| below(item, path)),
            Value::String(text) if text.contains("://") => in_address(text).then(|| path.join(".")),
            // Names and ids may look as they like, but for those that begin like a key.
            Value::String(text) if text.starts_with("AKIA") || text.starts_with("ASIA") => {
                (!is_open(text)).then(|| path.join("."))
            }
            _ => None,
        }
    }
    below(node, &[])
}

/// What a provider of a portal says. What browsers put behind the address is no part of it.
pub(super) fn portal_fields(url: &str, region: &str) -> Fields {
    let url = url.trim_end_matches(['/', '#']);
    Fields::kind("aws/iam-identity-center").with("start_url", url).with("region", region)
}

/// The name that is wanted, with the account or a number where it is taken: here, or by something else in the configuration. Where
/// that is, too.
fn free_name(
    taken: &Taken,
    (known, taken_known): (&[KnownEntry], &Taken),
    wanted: &str,
    account: Option<&str>,
    node: &Node,
) -> (String, Option<String>) {
    let wanted = usable(wanted);
    let new = account.filter(|account| !wanted.ends_with(account));
    let with_account = new.map(|account| format!("{wanted}-{account}"));
    let counted = (2..).map(|number| format!("{}-{number}", with_account.as_deref().unwrap_or(&wanted)));
    let candidates = std::iter::once(wanted.clone()).chain(with_account.clone()).chain(counted);
    let mut conflict = None;
    for candidate in candidates {
        let there = taken_known.find(&candidate).map(|place| &known[place]);
        if let Some(other) = there.filter(|entry| !entry.says(node)) {
            conflict = conflict.or_else(|| Some(other.place.clone()));
            continue;
        }
        // The same in another case is called as it is there.
        let name = there.map_or(candidate, |entry| entry.name.clone());
        if taken.find(&name).is_none() {
            return (name, conflict);
        }
    }
    (wanted, conflict)
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
