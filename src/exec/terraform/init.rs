//! Whether `init` runs, with `-reconfigure` or not, and what is done so that it never offers to migrate somebody else's
//! state. Pure; `docs/decisions/0002-init-by-need.md` has the reasons and what was tried.

use serde_json::Value;

use super::folder::{self, Folder, Known, Record};
use super::{Backend, Target};

/// What is to be done.
#[derive(Debug, Clone, PartialEq)]
pub enum Decision {
    /// Nothing that init reads has changed since it last ran for this instance.
    Skip,
    Run {
        reconfigure: bool,
        /// A backend record to put in place first, so that terraform sees nothing to migrate.
        seed: Option<Record>,
    },
    /// The instance has another backend than when it last ran here, and init would take that over in silence.
    Refuse,
}

/// What is asked for, beside the state of the folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wish {
    /// `-reconfigure` is configured.
    pub reconfigure: bool,
    /// Never skip.
    pub forced: bool,
    /// The user has said himself what becomes of the state (`-reconfigure`, `-migrate-state`).
    pub told: bool,
}

/// Decides for one instance. `selects` is the workspace that will be selected afterwards, if one will.
pub fn decide(target: &Target, wish: Wish, folder: &Folder) -> Decision {
    let id = target.id();
    let known = folder.memory.instances.get(&id);
    let has_same_vars = |known: &Known| folder.vars.is_none() || known.vars == folder.vars;
    let is_same_input = |known: &Known| known.fingerprint == folder.fingerprint && has_same_vars(known);
    if !wish.forced && folder.fingerprint.is_some() && known.is_some_and(is_same_input) {
        return Decision::Skip;
    }
    let is_left = folder.memory.owner.as_ref().is_some_and(|owner| *owner != id);
    let is_free = !wish.reconfigure && !wish.told;
    // Beside what the user has said it would be one flag too many.
    let wish = Wish { reconfigure: wish.reconfigure && !wish.told, ..wish };
    let given_anew = known.is_some_and(|known| known.given != folder.given);
    // What is given beside the configuration may be in the record of another one already.
    if is_free && given_anew && is_left {
        return Decision::Refuse;
    }
    let Some(backend) = &target.backend else {
        return without_backend(wish, folder);
    };
    let same = folder.record.as_ref().is_some_and(|record| is_same(record, backend));
    let before = known.and_then(|known| known.backend.as_ref());
    let moved = is_free && before.is_some_and(|before| *before != digest(backend));
    if moved && (same || folder.record.is_none()) {
        return Decision::Refuse;
    }
    // With the record of another one in the way terraform refuses a moved backend by itself, if it is not told otherwise.
    let foreign = !moved && !wish.told && is_left;
    let reconfigure = match &folder.record {
        None => wish.reconfigure,
        Some(_) if same => wish.reconfigure && (known.is_none() || given_anew),
        // A changed backend of the same instance fails as it would by hand: its state would be left behind unseen.
        Some(_) => wish.reconfigure || foreign,
    };
    // `-reconfigure`, just as no record at all, makes terraform offer every local workspace for migration.
    let offers = folder.local_states && (reconfigure || folder.record.is_none());
    if !offers {
        return Decision::Run { reconfigure, seed: None };
    }
    if same {
        return Decision::Run { reconfigure: false, seed: None };
    }
    if nothing_to_migrate(target, backend, folder) {
        let record = Record { type_: backend.type_.clone(), config: backend.config.clone(), hash: 0 };
        return Decision::Run { reconfigure: false, seed: Some(record) };
    }
    Decision::Run { reconfigure, seed: None }
}

/// What tells backends apart without their attributes, which may be secrets.
pub fn digest(backend: &Backend) -> String {
    let text = format!("{} {}", backend.type_, plain(&backend.config).unwrap_or_default());
    folder::digest(text.as_bytes())
}

/// Terraform would find another backend, or local state, than the one that it is to use: where its init fails, this is
/// the likely reason.
pub fn moves_backend(target: &Target, folder: &Folder, reconfigure: bool) -> bool {
    let Some(backend) = &target.backend else { return false };
    match &folder.record {
        Some(record) if is_same(record, backend) => reconfigure && folder.local_states,
        Some(_) => true,
        None => folder.local_states,
    }
}

/// The backend is the user's own file, or there is none: what it says is not known here, so that `-reconfigure` stands as
/// it is configured.
fn without_backend(wish: Wish, folder: &Folder) -> Decision {
    let keeps_local = folder.local_states && folder.record.as_ref().is_none_or(|record| record.type_ == "local");
    Decision::Run { reconfigure: wish.reconfigure && !keeps_local, seed: None }
}

/// The instance that init last ran for here, if it was given another backend by the arguments of init than this one has.
/// Terraform compares the configuration with its record, and those are in neither: it would use that backend in silence.
/// Where somebody has run init since then nothing is known.
pub fn left_by_another<'f>(target: &Target, folder: &'f Folder) -> Option<&'f str> {
    let id = target.id();
    let owner = folder.memory.owner.as_ref().filter(|owner| **owner != id)?;
    let left = folder.memory.instances.get(owner)?;
    let is_as_left = left.record.is_some() && left.record == folder.record.as_ref().map(Record::digest);
    let before = folder.memory.instances.get(&id).and_then(|known| known.given.as_ref());
    let own = folder.given.as_ref().or(before);
    (is_as_left && left.given.as_ref() != own).then_some(owner)
}

/// This instance has no state that the configured backend would not find: either the backend reads the very place where
/// the local states are, or none of them is this instance's.
fn nothing_to_migrate(target: &Target, backend: &Backend, folder: &Folder) -> bool {
    match backend.type_.as_str() {
        "cloud" | "remote" => false,
        "local" if is_default_place(&backend.config, &target.workspace) => true,
        "local" => !folder.own_local_state,
        _ => !folder.own_local_state && !folder.root_state,
    }
}

/// A local backend that keeps the workspace where terraform keeps it without any backend.
fn is_default_place(config: &Value, workspace: &str) -> bool {
    let (key, default) =
        if workspace == "default" { ("path", "terraform.tfstate") } else { ("workspace_dir", "terraform.tfstate.d") };
    match config.get(key) {
        None | Some(Value::Null) => true,
        Some(value) => value == default,
    }
}

/// The record says what the configuration says. Attributes that are not set are null in the record, and scalars may have
/// changed their type.
fn is_same(record: &Record, backend: &Backend) -> bool {
    record.type_ == backend.type_ && plain(&record.config) == plain(&backend.config)
}

fn plain(value: &Value) -> Option<Value> {
    match value {
        Value::Null => None,
        Value::Object(map) => {
            let kept: serde_json::Map<_, _> =
                map.iter().filter_map(|(key, value)| Some((key.clone(), plain(value)?))).collect();
            (!kept.is_empty()).then_some(Value::Object(kept))
        }
        Value::Array(list) => {
            let kept: Vec<_> = list.iter().filter_map(plain).collect();
            (!kept.is_empty()).then_some(Value::Array(kept))
        }
        Value::String(text) => Some(Value::from(text.as_str())),
        Value::Bool(_) | Value::Number(_) => Some(Value::from(value.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::json;

    use super::*;
    use crate::exec::terraform::folder::Memory;

    fn target(type_: &str, config: &Value) -> Target {
        let backend = Backend { type_: type_.to_owned(), config: config.clone(), document: Value::Null };
        Target {
            component: "vpc".to_owned(),
            stack: "dev".to_owned(),
            workspace: "dev".to_owned(),
            backend: Some(backend),
            ..Target::default()
        }
    }

    fn folder(record: Option<(&str, Value)>, owner: Option<&str>, known: bool, states: &str) -> Folder {
        let instances =
            BTreeMap::from([("dev/vpc".to_owned(), Known { fingerprint: Some("old".to_owned()), ..Known::default() })]);
        Folder {
            record: record.map(|(type_, config)| Record { type_: type_.to_owned(), config, hash: 7 }),
            memory: Memory {
                owner: owner.map(str::to_owned),
                instances: if known { instances } else { BTreeMap::new() },
            },
            fingerprint: Some("new".to_owned()),
            local_states: !states.is_empty(),
            own_local_state: states.contains("own"),
            root_state: states.contains("root"),
            ..Folder::default()
        }
    }

    fn run(reconfigure: bool) -> Decision {
        Decision::Run { reconfigure, seed: None }
    }

    const YES: Wish = Wish { reconfigure: true, forced: false, told: false };
    const NO: Wish = Wish { reconfigure: false, forced: false, told: false };

    #[test]
    fn q1_unchanged_inputs_skip_init_unless_forced() {
        let mut folder = folder(None, Some("dev/vpc"), true, "");
        folder.fingerprint = Some("old".to_owned());
        let target = target("s3", &json!({"bucket": "b"}));
        assert_eq!(decide(&target, YES, &folder), Decision::Skip);
        assert_eq!(decide(&target, Wish { forced: true, ..NO }, &folder), run(false));
        // Where something cannot be told nothing is known to be as it was.
        folder.fingerprint = None;
        folder.memory.instances.get_mut("dev/vpc").unwrap().fingerprint = None;
        assert_eq!(decide(&target, NO, &folder), run(false));
    }

    #[test]
    fn other_variables_count_where_init_gets_them() {
        let mut folder = folder(None, Some("dev/vpc"), true, "");
        folder.fingerprint = Some("old".to_owned());
        let target = target("s3", &json!({"bucket": "b"}));
        folder.vars = Some("one".to_owned());
        assert_eq!(decide(&target, NO, &folder), run(false));
        folder.memory.instances.get_mut("dev/vpc").unwrap().vars = Some("one".to_owned());
        assert_eq!(decide(&target, NO, &folder), Decision::Skip);
        folder.vars = Some("two".to_owned());
        assert_eq!(decide(&target, NO, &folder), run(false));
        // A run that has no variables changes none.
        folder.vars = None;
        assert_eq!(decide(&target, NO, &folder), Decision::Skip);
    }

    #[test]
    fn q1_reconfigure_by_need() {
        let config = json!({"bucket": "b", "encrypt": true});
        let same = || Some(("s3", json!({"bucket": "b", "encrypt": true, "key": null})));
        let other = || Some(("s3", json!({"bucket": "c"})));
        for (name, record, owner, known, wish, expected) in [
            ("first run, as configured", None, None, false, YES, true),
            ("first run, as configured", None, None, false, NO, false),
            ("first run of a second instance", same(), Some("prod/vpc"), false, YES, true),
            ("first run of a second instance", same(), Some("prod/vpc"), false, NO, false),
            ("later run, equal backend", same(), Some("dev/vpc"), true, YES, false),
            ("record of another instance", other(), Some("prod/vpc"), true, NO, true),
            ("changed backend of the same instance", other(), Some("dev/vpc"), true, NO, false),
            ("changed backend of the same instance", other(), Some("dev/vpc"), true, YES, true),
            ("unknown owner", other(), None, false, NO, false),
        ] {
            let decision = decide(&target("s3", &config), wish, &folder(record, owner, known, ""));
            assert_eq!(decision, run(expected), "{name} {wish:?}");
        }
    }

    #[test]
    fn a_backend_that_the_instance_did_not_have_before_is_never_taken_over_in_silence() {
        let (old, new) = (target("s3", &json!({"bucket": "a"})), target("s3", &json!({"bucket": "b"})));
        let told = Wish { told: true, ..NO };
        let record = |bucket: &str| Some(("s3", json!({"bucket": bucket})));
        for (name, record, owner, wish, expected) in [
            ("own record", record("a"), "dev/vpc", NO, run(false)),
            ("record of another one", record("c"), "prod/vpc", NO, run(false)),
            ("another one has the new backend", record("b"), "prod/vpc", NO, Decision::Refuse),
            ("no record", None, "prod/vpc", NO, Decision::Refuse),
            ("as configured", record("c"), "prod/vpc", YES, run(true)),
            ("as the user says", record("b"), "prod/vpc", told, run(false)),
            ("as the user says", record("c"), "prod/vpc", told, run(false)),
        ] {
            let mut folder = folder(record, Some(owner), true, "");
            let known = folder.memory.instances.get_mut("dev/vpc").unwrap();
            known.backend = old.backend.as_ref().map(digest);
            assert_eq!(decide(&new, wish, &folder), expected, "{name}");
            // The backend that it has always had is found again, whoever was there in between.
            let again = decide(&old, wish, &folder);
            assert!(matches!(again, Decision::Run { .. }), "{name}: {again:?}");
        }
    }

    #[test]
    fn q1_local_states_are_never_offered_for_migration() {
        let local = target("local", &json!({}));
        let record = || Some(("local", json!({"path": null, "workspace_dir": null})));
        // Two instances one after the other: the record is intact and equal.
        assert_eq!(decide(&local, YES, &folder(record(), Some("prod/vpc"), false, "other")), run(false));
        // A fresh data directory over existing states.
        let seed = Record { type_: "local".to_owned(), config: json!({}), hash: 0 };
        for states in ["other", "own", "root"] {
            let expected = Decision::Run { reconfigure: false, seed: Some(seed.clone()) };
            assert_eq!(decide(&local, YES, &folder(None, None, false, states)), expected, "{states}");
        }
        // A backend elsewhere: only states of others are passed over in silence.
        let moved = json!({"workspace_dir": "/states"});
        let s3 = json!({"bucket": "b"});
        for (target, states, seeded) in [
            (target("local", &moved), "other", true),
            (target("local", &moved), "own", false),
            (target("s3", &s3), "other", true),
            (target("s3", &s3), "own", false),
            (target("s3", &s3), "root", false),
            (target("cloud", &s3), "other", false),
        ] {
            let decision = decide(&target, YES, &folder(None, None, false, states));
            let seeds = matches!(decision, Decision::Run { seed: Some(_), reconfigure: false });
            assert_eq!(seeds, seeded, "{:?} {states}", target.backend);
        }
    }

    #[test]
    fn a_backend_of_the_users_own_is_left_to_terraform() {
        let target = Target { backend: None, ..target("local", &json!({})) };
        assert_eq!(decide(&target, YES, &folder(None, None, false, "")), run(true));
        assert_eq!(decide(&target, YES, &folder(None, None, false, "other")), run(false));
        assert_eq!(decide(&target, YES, &folder(Some(("s3", json!({}))), Some("prod/vpc"), true, "")), run(true));
        assert_eq!(decide(&target, NO, &folder(Some(("s3", json!({}))), Some("prod/vpc"), true, "")), run(false));
        assert_eq!(decide(&target, YES, &folder(Some(("local", json!({}))), None, true, "own")), run(false));
    }

    #[test]
    fn what_arguments_say_about_the_backend_is_part_of_it() {
        let of = |given: Option<&str>, owner: &str| {
            let mut folder = folder(Some(("s3", json!({"bucket": "x"}))), Some(owner), true, "");
            folder.memory.instances.get_mut("dev/vpc").unwrap().given = Some("dev".to_owned());
            folder.given = given.map(str::to_owned);
            folder
        };
        let told = Wish { told: true, ..NO };
        for backend in [None, target("s3", &json!({"bucket": "x"})).backend] {
            let target = Target { backend, ..target("s3", &json!({})) };
            for (given, owner, wish, expected) in [
                ("new", "prod/vpc", NO, Decision::Refuse),
                ("new", "prod/vpc", YES, run(true)),
                ("new", "prod/vpc", told, run(false)),
                ("new", "prod/vpc", Wish { reconfigure: true, ..told }, run(false)),
                // Terraform itself sees that.
                ("new", "dev/vpc", NO, run(false)),
                ("new", "dev/vpc", YES, run(true)),
            ] {
                assert_eq!(decide(&target, wish, &of(Some(given), owner)), expected, "{given} {owner} {wish:?}");
            }
        }
    }

    #[test]
    fn a_backend_that_another_instance_was_given_is_known() {
        let target = Target { backend: None, ..target("s3", &json!({})) };
        let of = |left: Option<&str>, own: Option<&str>, before: Option<&str>| {
            let mut folder = folder(Some(("s3", json!({"bucket": "x"}))), Some("prod/vpc"), true, "");
            let record = folder.record.as_ref().map(Record::digest);
            let prod = Known { given: left.map(str::to_owned), record, ..Known::default() };
            folder.memory.instances.insert("prod/vpc".to_owned(), prod);
            folder.memory.instances.get_mut("dev/vpc").unwrap().given = before.map(str::to_owned);
            folder.given = own.map(str::to_owned);
            folder
        };
        for (left, own, before, is_other) in [
            (Some("p"), Some("d"), None, true),
            (Some("p"), None, None, true),
            (None, Some("d"), None, true),
            (Some("p"), None, Some("d"), true),
            (Some("p"), Some("p"), Some("d"), false),
            (Some("p"), None, Some("p"), false),
            (None, None, None, false),
        ] {
            let found = of(left, own, before);
            assert_eq!(left_by_another(&target, &found).is_some(), is_other, "{left:?} {own:?} {before:?}");
        }
        // By hand, or for this instance.
        let mut by_hand = of(Some("p"), Some("d"), None);
        by_hand.record.as_mut().unwrap().hash = 8;
        assert_eq!(left_by_another(&target, &by_hand), None);
        let mut own = of(Some("p"), Some("d"), None);
        own.memory.owner = Some("dev/vpc".to_owned());
        assert_eq!(left_by_another(&target, &own), None);
    }
}
