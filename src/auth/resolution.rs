//! Which identity is in force: flag, environment, `settings.auth.identity`, defaults from the narrowest scope outwards.
//!
//! A pure function, [`resolve`], of [`Inputs`]; read [`Resolution`] for what comes out. Row 5.

use super::config::AuthConfig;
use super::error::{Error, Mark, known_names};
use super::name::IdentityName;
use super::read::boolean;
use super::setting;
use super::validate::check_rails;
use crate::span::{Sources, Span};
use crate::value::{Node, Value};

/// What `--identity` said.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Flag {
    #[default]
    NotGiven,
    Name(String),
    /// Without a value: the user wants to choose.
    Select,
    /// `false`, `0`, `no`, `off`.
    Disabled,
}

impl Flag {
    /// From the command line: `None` when the flag is absent, `Some("")` when it has no value.
    pub fn parse(value: Option<&str>) -> Flag {
        match value.map(str::trim) {
            None => Flag::NotGiven,
            Some("") => Flag::Select,
            Some(value) if is_disabled(value) => Flag::Disabled,
            Some(value) => Flag::Name(value.to_owned()),
        }
    }
}

/// The words that switch authentication off.
pub fn is_disabled(value: &str) -> bool {
    ["false", "0", "no", "off"].iter().any(|word| value.eq_ignore_ascii_case(word))
}

/// Where a section of `auth` stands, from wide to narrow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// atmos.yaml and profiles.
    Configuration,
    /// A file that the stack manifest imports.
    Import,
    /// The stack manifest.
    Stack,
    /// `terraform.auth`, `helmfile.auth`.
    ComponentType,
    BaseComponent,
    Component,
    Overrides,
}

impl Scope {
    /// As in `default of the component`.
    pub fn as_str(self) -> &'static str {
        match self {
            Scope::Configuration => "configuration",
            Scope::Import => "imported stack file",
            Scope::Stack => "stack",
            Scope::ComponentType => "component type",
            Scope::BaseComponent => "base component",
            Scope::Component => "component",
            Scope::Overrides => "overrides",
        }
    }
}

/// A `default: true` and the scope that said it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScopedDefault {
    pub scope: Scope,
    /// As written there: any name of the identity.
    pub identity: String,
}

/// Whether an entry of `identities` makes it default.
pub fn is_default(entry: &Node) -> bool {
    entry.get("default").and_then(boolean) == Some(true)
}

/// The identities that one layer's `auth` section makes default.
pub fn defaults_of(scope: Scope, layer: &Node) -> Vec<ScopedDefault> {
    let Some(identities) = layer.get("identities").and_then(Node::as_map) else { return Vec::new() };
    identities
        .iter()
        .filter(|(_, entry)| is_default(entry))
        .map(|(name, _)| ScopedDefault { scope, identity: name.to_string() })
        .collect()
}

/// The identities that any of the layers makes default. Layers may come in any order; one that a narrower layer takes
/// back is not counted in the end, because the merged section decides whether an identity is default at all.
pub fn layered_defaults<'a>(layers: impl IntoIterator<Item = (Scope, &'a Node)>) -> Vec<ScopedDefault> {
    layers.into_iter().flat_map(|(scope, layer)| defaults_of(scope, layer)).collect()
}

/// The identities that a component's merged section makes default and the configuration's does not, told apart by the
/// place of `default`. For callers that have no layers; all of them count as set by the component.
pub fn narrower_defaults(global: &Node, merged: &Node) -> Vec<ScopedDefault> {
    let Some(identities) = merged.get("identities").and_then(Node::as_map) else { return Vec::new() };
    let known = |name: &str| global.get_path(["identities", name, "default"]);
    identities
        .iter()
        .filter_map(|(name, entry)| Some((name, entry.get("default")?)))
        .filter(|(_, default)| boolean(default) == Some(true))
        .filter(|(name, default)| known(name).is_none_or(|old| old != *default || old.span != default.span))
        .map(|(name, _)| ScopedDefault { scope: Scope::Component, identity: name.to_string() })
        .collect()
}

/// What a command does when nothing says which identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// Runs (terraform, helmfile): an empty `auth` section means no authentication, else a choice or an error.
    Run,
    /// Steps of a command for a component: nobody where nobody is named, and an error where that is in doubt.
    Steps,
    /// `auth` commands: a choice or an error.
    Identity,
    /// `describe`, `list`: go on without.
    Optional,
}

/// Everything that the answer depends on.
#[derive(Debug, Clone)]
pub struct Inputs<'a> {
    pub flag: Flag,
    /// `ATMOS_IDENTITY`; empty counts as unset.
    pub env: Option<&'a str>,
    /// `settings.auth.identity` of the evaluated component.
    pub setting: Option<&'a Node>,
    /// The configuration's section, or the component's merged one.
    pub auth: &'a AuthConfig,
    /// Defaults of scopes below the configuration.
    pub defaults: &'a [ScopedDefault],
    /// Somebody can be asked.
    pub can_prompt: bool,
    pub need: Need,
    /// Component and stack, for messages.
    pub instance: Option<(&'a str, &'a str)>,
}

/// Who said which identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    Flag,
    /// `ATMOS_IDENTITY`
    Environment,
    /// `settings.auth.identity`
    Setting(Span),
    /// `identity` of a step or of a custom command.
    Step,
    /// The same of a step that this program runs in, which says it by `ATMOS_IDENTITY`.
    Around,
    /// The run that this program is a child of.
    Run,
    Default(Scope),
}

impl std::fmt::Display for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Source::Flag => f.write_str("--identity"),
            Source::Environment => f.write_str("ATMOS_IDENTITY"),
            Source::Setting(_) => f.write_str("settings.auth.identity"),
            Source::Step | Source::Around => f.write_str("identity of the step"),
            Source::Run => f.write_str("the run around this command"),
            Source::Default(scope) => write!(f, "default of the {}", scope.as_str()),
        }
    }
}

/// The answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resolution {
    /// Switched off: the child's environment stays as it is.
    Disabled {
        by: Source,
    },
    /// Nothing is configured, or nothing is needed.
    None,
    Identity {
        name: IdentityName,
        source: Source,
    },
    /// Ask the user, with these to choose from, sorted.
    Select {
        candidates: Vec<IdentityName>,
        why: Why,
    },
}

/// Why a choice is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    Asked,
    NoDefault,
    SeveralDefaults,
}

/// Applies the rules, first hit wins.
///
/// # Errors
/// Unknown names, no or several defaults, a selection where nobody can be asked, an unusable setting; all exit 1.
pub fn resolve(inputs: &Inputs<'_>, sources: &Sources) -> Result<Resolution, Error> {
    let resolution = match explicit(inputs, sources)? {
        Some(resolution) => resolution,
        None => by_default(inputs, sources)?,
    };
    if resolution == Resolution::None && matches!(inputs.need, Need::Run | Need::Steps) && inputs.auth.require_identity
    {
        return Err(Error::IdentityRequired { context: context(inputs) });
    }
    Ok(resolution)
}

/// Flag, environment, setting. A malformed section is refused before anything is looked up in it.
fn explicit(inputs: &Inputs<'_>, sources: &Sources) -> Result<Option<Resolution>, Error> {
    let variable = inputs.env.map(str::trim).filter(|value| !value.is_empty());
    let switched_off = match inputs.flag {
        Flag::Disabled => true,
        Flag::NotGiven => variable.is_some_and(is_disabled),
        Flag::Name(_) | Flag::Select => false,
    };
    if inputs.need != Need::Optional {
        // Guard rails hold for who switches authentication off, too.
        check_rails(&inputs.auth.node, sources)?;
        if !switched_off {
            inputs.auth.sound(sources)?;
        }
    }
    match &inputs.flag {
        Flag::Name(name) => return named(inputs, name, Source::Flag, Mark::new(None)).map(Some),
        Flag::Disabled => return Ok(Some(Resolution::Disabled { by: Source::Flag })),
        Flag::Select => return select(inputs).map(Some),
        Flag::NotGiven => {}
    }
    if let Some(value) = variable {
        if is_disabled(value) {
            return Ok(Some(Resolution::Disabled { by: Source::Environment }));
        }
        return named(inputs, value, Source::Environment, Mark::new(None)).map(Some);
    }
    let Some(setting) = inputs.setting else { return Ok(None) };
    let source = Source::Setting(setting.span);
    match &setting.value {
        Value::Null => Ok(None),
        Value::Bool(false) | Value::Int(0) => Ok(Some(Resolution::Disabled { by: source })),
        Value::String(text) if text.trim().is_empty() => Ok(None),
        Value::String(text) if is_disabled(text.trim()) => Ok(Some(Resolution::Disabled { by: source })),
        Value::String(text) => named(inputs, text.trim(), source, Mark::of(sources, setting.span)).map(Some),
        Value::Function(function) => {
            let reason = format!("it must be resolvable without authentication, but is `{}`", function.tag);
            Err(setting::invalid_identity(reason, setting, sources))
        }
        other => Err(setting::invalid_identity(format!("it is a {}", other.type_name()), setting, sources)),
    }
}

const TEMPLATE: &str = "it is a template that was not rendered: set `templates.settings.enabled: true` in atmos.yaml, and do not \
                        switch templates off for this command";

fn named(inputs: &Inputs<'_>, name: &str, source: Source, mark: Mark) -> Result<Resolution, Error> {
    if let Some(identity) = inputs.auth.identity(name) {
        return Ok(Resolution::Identity { name: identity.name.clone(), source });
    }
    if inputs.auth.is_empty() {
        return Err(Error::NotConfigured { name: name.to_owned(), context: context(inputs) });
    }
    let Mark { place, text, at } = mark;
    let mut context = context(inputs);
    if source == Source::Environment {
        context.push_str(" (from ATMOS_IDENTITY)");
    }
    let help = if name.contains("{{") { TEMPLATE.to_owned() } else { known(inputs, name) };
    Err(Error::IdentityNotFound { name: name.to_owned(), context, place, help, text, at })
}

fn select(inputs: &Inputs<'_>) -> Result<Resolution, Error> {
    if !inputs.can_prompt {
        let names = candidates(inputs);
        let known = match names.as_slice() {
            [] => "none is configured".to_owned(),
            names => format!("known: {}", join(names)),
        };
        return Err(Error::SelectionNeedsTty { known });
    }
    let candidates = candidates(inputs);
    if candidates.is_empty() {
        return Err(no_default(inputs));
    }
    Ok(Resolution::Select { candidates, why: Why::Asked })
}

/// The narrowest scope that has a default decides; a wider one does not count beside it.
fn by_default(inputs: &Inputs<'_>, sources: &Sources) -> Result<Resolution, Error> {
    // Also for who only looks: what cannot be read may have said who is default.
    inputs.auth.sound(sources)?;
    if let Some((name, span)) = inputs.auth.unknown_markers.first() {
        let Mark { place, text, at } = Mark::of(sources, *span);
        let reason = format!("`{name}` is made default here, but no such identity exists");
        return Err(Error::InvalidIdentity { reason, place, exit: 1, text, at });
    }
    let scoped: Vec<(Scope, &IdentityName)> =
        inputs.auth.defaults().iter().map(|identity| (scope_of(inputs, &identity.name), &identity.name)).collect();
    let narrowest = scoped.iter().map(|(scope, _)| *scope).max();
    let defaults: Vec<IdentityName> =
        scoped.iter().filter(|(scope, _)| Some(*scope) == narrowest).map(|(_, name)| (*name).clone()).collect();
    match (defaults.as_slice(), narrowest) {
        ([name], Some(scope)) => Ok(Resolution::Identity { name: name.clone(), source: Source::Default(scope) }),
        ([], _) | (_, None) => without_default(inputs),
        (several, _) if inputs.can_prompt && inputs.need != Need::Optional => {
            Ok(Resolution::Select { candidates: several.to_vec(), why: Why::SeveralDefaults })
        }
        (_, _) if inputs.need == Need::Optional => Ok(Resolution::None),
        (several, _) => Err(Error::MultipleDefaults {
            names: several.iter().map(IdentityName::as_str).collect::<Vec<_>>().join(" "),
            context: context(inputs),
        }),
    }
}

fn without_default(inputs: &Inputs<'_>) -> Result<Resolution, Error> {
    match inputs.need {
        Need::Optional | Need::Steps => Ok(Resolution::None),
        Need::Run if inputs.auth.is_empty() => Ok(Resolution::None),
        Need::Run | Need::Identity => {
            let candidates = candidates(inputs);
            if inputs.can_prompt && !candidates.is_empty() {
                return Ok(Resolution::Select { candidates, why: Why::NoDefault });
            }
            Err(no_default(inputs))
        }
    }
}

/// The narrowest scope that makes `name` default.
fn scope_of(inputs: &Inputs<'_>, name: &IdentityName) -> Scope {
    let says = |default: &&ScopedDefault| {
        inputs.auth.identity(&default.identity).is_some_and(|identity| identity.name == *name)
    };
    inputs.defaults.iter().filter(says).map(|default| default.scope).max().unwrap_or(Scope::Configuration)
}

fn candidates(inputs: &Inputs<'_>) -> Vec<IdentityName> {
    let mut names: Vec<_> = inputs.auth.identities.keys().cloned().collect();
    names.sort();
    names
}

fn no_default(inputs: &Inputs<'_>) -> Error {
    let names = candidates(inputs);
    let help = if names.is_empty() {
        "no identity is configured: add one below `auth.identities` in atmos.yaml".to_owned()
    } else {
        format!(
            "name one with `--identity <name>`, set `settings.auth.identity` of the component, or `default: true` at \
             one of: {}",
            join(&names)
        )
    };
    Error::NoDefault { context: context(inputs), help }
}

fn known(inputs: &Inputs<'_>, wanted: &str) -> String {
    let aliases = inputs.auth.identities.values().filter_map(|identity| Some(identity.alias.as_ref()?.0.as_str()));
    known_names(wanted, inputs.auth.identities.keys().map(IdentityName::as_str).chain(aliases), "atmos auth list")
}

fn join(names: &[IdentityName]) -> String {
    names.iter().map(IdentityName::as_str).collect::<Vec<_>>().join(", ")
}

fn context(inputs: &Inputs<'_>) -> String {
    inputs
        .instance
        .map(|(component, stack)| format!(" (component `{component}` in stack `{stack}`)"))
        .unwrap_or_default()
}

/// Keys of a component's or stack's `auth` section that are in force only in the configuration, with their places.
pub fn ignored_keys(section: &Node) -> Vec<(&'static str, Span)> {
    ["realm", "keyring", "logs"].into_iter().filter_map(|key| Some((key, section.get(key)?.span))).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::config::tests::config;
    use super::*;
    use crate::value::from_json;

    fn auth() -> AuthConfig {
        config(&json!({"identities": {
            "reader": {"kind": "mock", "default": true},
            "admin": {"kind": "mock", "alias": "root"},
            "local": {"kind": "mock"},
        }}))
    }

    fn inputs(auth: &AuthConfig) -> Inputs<'_> {
        Inputs {
            flag: Flag::NotGiven,
            env: None,
            setting: None,
            auth,
            defaults: &[],
            can_prompt: false,
            need: Need::Run,
            instance: Some(("vpc", "prod")),
        }
    }

    fn show(result: Result<Resolution, Error>) -> String {
        match result {
            Ok(Resolution::Identity { name, source }) => format!("{name} by {source}"),
            Ok(Resolution::Disabled { by }) => format!("disabled by {by}"),
            Ok(Resolution::None) => "none".to_owned(),
            Ok(Resolution::Select { candidates, why }) => format!("select {} {why:?}", join(&candidates)),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn a_section_that_is_malformed_is_refused_unless_authentication_is_switched_off() {
        for (section, reason) in [
            (json!("x"), "`auth` must be a map, not string"),
            (json!({"identities": ["a"]}), "`auth.identities` must be a map, not list"),
            (json!({"identities": 5}), "`auth.identities` must be a map, not integer"),
            (json!({"identities": {"a": 5}}), "`auth.identities.a` must be a map, not integer"),
            (json!({"providers": "x"}), "`auth.providers` must be a map, not string"),
            (json!({"require_identity": "maybe"}), "`require_identity` must be a boolean, not string"),
        ] {
            let auth = config(&section);
            for (flag, need) in
                [(Flag::NotGiven, Need::Run), (Flag::NotGiven, Need::Identity), (Flag::Select, Need::Run)]
            {
                let got = show(resolve(&Inputs { flag, need, ..inputs(&auth) }, &Sources::new()));
                assert_eq!(got, format!("invalid auth config: {reason}"));
            }
            let off = Inputs { flag: Flag::Disabled, ..inputs(&auth) };
            // A guard rail that cannot be read holds for who runs as nobody, too.
            let is_rail = section.get("require_identity").is_some();
            let expected =
                if is_rail { format!("invalid auth config: {reason}") } else { "disabled by --identity".to_owned() };
            assert_eq!(show(resolve(&off, &Sources::new())), expected);
        }
    }

    #[test]
    fn first_source_wins() {
        let auth = auth();
        let setting = Node::from("admin");
        let off = Node::from(false);
        let cases: [(&str, Option<&str>, Option<&Node>, &str); 10] = [
            ("", None, None, "reader by default of the configuration"),
            ("", None, Some(&setting), "admin by settings.auth.identity"),
            ("", None, Some(&off), "disabled by settings.auth.identity"),
            ("", Some("local"), Some(&setting), "local by ATMOS_IDENTITY"),
            ("", Some("Off"), Some(&setting), "disabled by ATMOS_IDENTITY"),
            ("", Some(""), Some(&setting), "admin by settings.auth.identity"),
            ("ROOT", Some("off"), None, "identity not found: `ROOT` (component `vpc` in stack `prod`)"),
            ("root", Some("off"), Some(&setting), "admin by --identity"),
            ("Reader", None, Some(&setting), "reader by --identity"),
            ("no", None, Some(&setting), "disabled by --identity"),
        ];
        for (flag, env, setting, expected) in cases {
            let flag = Flag::parse(Some(flag).filter(|flag| !flag.is_empty()));
            let got = show(resolve(&Inputs { flag, env, setting, ..inputs(&auth) }, &Sources::new()));
            assert_eq!(got, expected);
        }
    }

    #[test]
    fn settings_that_are_empty_fall_through_and_odd_ones_are_errors() {
        let auth = auth();
        let function = Node::from(Value::Function(std::sync::Arc::new(crate::value::Function {
            tag: "!store".into(),
            argument: Node::from("x"),
        })));
        for (setting, expected) in [
            (Node::default(), "reader by"),
            (Node::from(""), "reader by"),
            (Node::from("OFF"), "disabled by"),
            (Node::from(0), "disabled by"),
            (Node::from(true), "invalid value of settings.auth.identity: it is a boolean"),
            (Node::empty_map(), "invalid value of settings.auth.identity: it is a map"),
            (function, "invalid value of settings.auth.identity: it must be resolvable without authentication"),
        ] {
            let got = show(resolve(&Inputs { setting: Some(&setting), ..inputs(&auth) }, &Sources::new()));
            assert!(got.starts_with(expected), "{got} for {setting:?}");
        }
    }

    #[test]
    fn narrower_default_replaces_all_wider_ones() {
        let global = json!({"identities": {
            "a": {"kind": "mock", "default": true}, "b": {"kind": "mock"}, "c": {"kind": "mock"}
        }});
        let merged = config(&json!({"identities": {
            "a": {"kind": "mock", "default": true},
            "b": {"kind": "mock", "default": true},
            "c": {"kind": "mock", "default": true},
        }}));
        let at = |scope, identity: &str| ScopedDefault { scope, identity: identity.to_owned() };
        for (defaults, expected) in [
            (vec![], "multiple default identities found: [a b c] (component `vpc` in stack `prod`)"),
            (vec![at(Scope::Stack, "b"), at(Scope::Component, "C")], "c by default of the component"),
            (vec![at(Scope::Stack, "b"), at(Scope::Component, "b")], "b by default of the component"),
            (
                vec![at(Scope::Component, "b"), at(Scope::Component, "c")],
                "multiple default identities found: [b c] (component `vpc` in stack `prod`)",
            ),
        ] {
            let got = show(resolve(&Inputs { defaults: &defaults, ..inputs(&merged) }, &Sources::new()));
            assert_eq!(got, expected);
        }
        let layer = |json| from_json(&json);
        let stack = layer(json!({"identities": {"b": {"default": true}, "a": {"default": false}}}));
        let component = layer(json!({"identities": {"c": {"default": true}}}));
        let layered = layered_defaults([(Scope::Stack, &stack), (Scope::Component, &component)]);
        assert_eq!(layered, [at(Scope::Stack, "b"), at(Scope::Component, "c")]);
        let narrower = narrower_defaults(&from_json(&global), &merged.node);
        assert_eq!(narrower, [at(Scope::Component, "b"), at(Scope::Component, "c")]);
    }

    #[test]
    fn nothing_chosen_depends_on_the_need_and_on_the_terminal() {
        let empty = AuthConfig::default();
        let none = config(&json!({"identities": {"b": {"kind": "mock"}, "a": {"kind": "mock"}}}));
        let only_provider = config(&json!({"providers": {"p": {"kind": "mock"}}}));
        let fails = "no default identity configured for authentication";
        for (auth, need, can_prompt, expected) in [
            (&empty, Need::Run, true, "none"),
            (&empty, Need::Identity, true, fails),
            (&none, Need::Run, true, "select a, b NoDefault"),
            (&none, Need::Run, false, fails),
            (&none, Need::Optional, true, "none"),
            (&only_provider, Need::Run, true, fails),
        ] {
            let got = show(resolve(&Inputs { can_prompt, need, ..inputs(auth) }, &Sources::new()));
            assert!(got.starts_with(expected), "{got}");
        }
        let select =
            |can_prompt| show(resolve(&Inputs { flag: Flag::Select, can_prompt, ..inputs(&none) }, &Sources::new()));
        assert_eq!(select(true), "select a, b Asked");
        assert_eq!(select(false), "interactive identity selection: requires a TTY");
    }

    #[test]
    fn unknown_marker_and_required_identity_fail() {
        let unknown = config(&json!({"identities": {"x": {"default": true}}}));
        assert!(show(resolve(&inputs(&unknown), &Sources::new())).starts_with("invalid identity config"));
        let required = config(&json!({"require_identity": true}));
        assert!(show(resolve(&inputs(&required), &Sources::new())).starts_with("an identity is required"));
        let off = Inputs { flag: Flag::Disabled, ..inputs(&required) };
        assert_eq!(show(resolve(&off, &Sources::new())), "disabled by --identity");
    }
}
