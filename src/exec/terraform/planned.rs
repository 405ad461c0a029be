//! What a saved plan was made of, kept beside it: a plan of other variables or of another backend is not applied for the
//! instance as it is now.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::Target;
use super::folder::{digest, read_json, write_json};
use crate::exec::Error;

/// In `.terraform` of the folder, wherever terraform has its data; where the instance has a data directory of its own, in that.
const PLANNED: &str = "atmos-plans.json";

/// The inputs of one plan. Secret variables are in none of the hashes: what is short could be guessed from them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
struct Planned {
    /// Of the planfile itself: what was brought from elsewhere is not the plan that is known.
    planfile: String,
    variables: String,
    backend: String,
    #[serde(default)]
    instance: String,
}

fn of(target: &Target, planfile: &Path) -> Option<Planned> {
    let content = std::fs::read(planfile).ok()?;
    let backend = target.backend_file().map(|file| file.content).unwrap_or_default();
    Some(Planned {
        planfile: digest(&content),
        variables: digest(target.varfile().content.as_bytes()),
        backend: digest(format!("{}\0{}\0{backend}", target.workspace, target.backend_type).as_bytes()),
        instance: target.id(),
    })
}

fn read(target: &Target) -> BTreeMap<String, Planned> {
    read_json(&target.memory_dir().join(PLANNED)).unwrap_or_default()
}

/// Keeps what the planfile was made of. Plans that are gone are forgotten.
///
/// # Errors
/// [`Error::File`].
pub fn remember(target: &Target, planfile: &str) -> Result<(), Error> {
    let folder = &target.folder;
    let mut plans = read(target);
    plans.retain(|name, _| folder.join(name).exists());
    let Some(planned) = of(target, &folder.join(planfile)) else { return Ok(()) };
    plans.insert(planfile.to_owned(), planned);
    let directory = target.memory_dir();
    std::fs::create_dir_all(&directory).map_err(Error::file("create", &directory))?;
    write_json(&directory.join(PLANNED), &plans)
}

/// Refuses a plan that was made of other inputs. One that nobody here made, or that is not there, is left to terraform.
///
/// # Errors
/// [`Error::PlanOutdated`].
pub fn check(target: &Target, planfile: &str) -> Result<(), Error> {
    let path = target.folder.join(planfile);
    let Some(then) = read(target).remove(planfile) else { return Ok(()) };
    let Some(now) = of(target, &path).filter(|now| now.planfile == then.planfile) else { return Ok(()) };
    let what = if now.instance != then.instance {
        format!("it was made for {}", then.instance)
    } else if now.backend != then.backend {
        "the backend or the workspace has changed since it was made".to_owned()
    } else if now.variables != then.variables {
        "the variables have changed since it was made".to_owned()
    } else {
        return Ok(());
    };
    let (component, stack) = (target.component.clone(), target.stack.clone());
    Err(Error::PlanOutdated { planfile: planfile.to_owned(), component, stack, what })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::value::from_json;

    #[test]
    fn a_plan_of_other_inputs_is_refused_and_an_unknown_one_is_not() {
        let temp = tempfile::tempdir().unwrap();
        let target = Target {
            component: "vpc".to_owned(),
            stack: "dev".to_owned(),
            folder: temp.path().to_path_buf(),
            vars: from_json(&json!({"a": 1})),
            backend_type: "local".to_owned(),
            ..Target::default()
        };
        check(&target, "p").unwrap();
        std::fs::write(temp.path().join("p"), "plan").unwrap();
        remember(&target, "p").unwrap();
        check(&target, "p").unwrap();
        let told = |target: &Target| match check(target, "p") {
            Err(Error::PlanOutdated { what, .. }) => what,
            other => panic!("{other:?}"),
        };
        let other = Target { vars: from_json(&json!({"a": 2})), ..target.clone() };
        assert!(told(&other).contains("variables"));
        assert!(told(&Target { workspace: "w".to_owned(), ..target.clone() }).contains("workspace"));
        assert!(told(&Target { stack: "prod".to_owned(), ..target.clone() }).contains("dev/vpc"));
        // Somebody put another plan there: it is not the one that is known.
        std::fs::write(temp.path().join("p"), "another").unwrap();
        check(&other, "p").unwrap();
    }
}
