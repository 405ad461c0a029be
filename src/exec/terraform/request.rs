//! What the user asked for, as plain data.

use super::Verb;
use crate::exec::argv::{Raw, is_on, of_environment, positionals};
use crate::exec::{Error, Redirect};
use crate::host::Env;

/// One terraform command on one component.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// The sub-command's words: `["plan"]`, `["state", "rm"]`, `["workspace"]`.
    pub words: Vec<String>,
    /// Terraform's own arguments, in their order (see [`Split::native`](crate::exec::argv::Split::native)).
    pub native: Vec<String>,
    /// What those of them mean that are no text.
    pub raw: Raw,
    /// Terraform's flags before the sub-command, of commands without a component.
    pub globals: Vec<String>,
    /// Of those: no sub-command at all.
    pub bare: bool,
    pub skip_init: bool,
    /// Init is left out where no module has to be installed.
    pub init_for_modules: bool,
    /// `--init`: run init although nothing changed.
    pub force_init: bool,
    /// `--quiet-init`: what init says is shown only where it fails; `None` takes the configuration's value.
    pub quiet_init: Option<bool>,
    /// `--init-pass-vars`; `None` takes the configuration's value.
    pub init_pass_vars: Option<bool>,
    /// `--init-run-reconfigure`.
    pub init_run_reconfigure: Option<bool>,
    /// `--deploy-run-init`.
    pub deploy_run_init: Option<bool>,
    /// `--auto-generate-backend-file`.
    pub auto_generate_backend_file: Option<bool>,
    /// `--skip-planfile`; `None` takes the configuration's value.
    pub skip_planfile: Option<bool>,
    /// `--upload-status`: adds `-detailed-exitcode` to a plan.
    pub upload_status: bool,
    /// `--planfile F`: applied as it is written.
    pub planfile: Option<String>,
    pub from_plan: Option<FromPlan>,
    /// One of many components (`--all`).
    pub many: bool,
    pub redirect_stderr: Option<Redirect>,
    /// A person can answer questions.
    pub interactive: bool,
    /// Nothing will be started.
    pub dry_run: bool,
    /// Something can be read from standard input (a terminal, a pipe or a file; not `/dev/null`).
    pub stdin_readable: bool,
}

/// `--from-plan` with and without a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FromPlan {
    /// The planfile that `plan` of the same instance writes.
    Canonical,
    File(String),
}

impl Request {
    /// The sub-command as one text, for messages.
    pub fn command(&self) -> String {
        self.words.join(" ")
    }

    /// The properties of the sub-command. What `exec` runs is refused for locked and abstract components as it is by
    /// itself.
    ///
    /// # Errors
    /// Those of [`Verb::of`].
    pub fn verb(&self) -> Result<Verb, Error> {
        let verb = Verb::of(&self.words)?;
        if self.words != ["exec"] {
            return Ok(verb);
        }
        let words: Vec<String> = self.meant().0.into_iter().map(str::to_owned).collect();
        let inner = Verb::of(&words).unwrap_or(verb);
        Ok(Verb { provisions: inner.provisions, modifies: inner.modifies, ..verb })
    }

    /// The command takes away what others may need. `env` is the environment of terraform, as far as it is known.
    pub fn destroys(&self, env: &Env) -> bool {
        let (words, given) = self.effective(env);
        match words.first() {
            Some(&"destroy") => true,
            Some(&("apply" | "deploy")) => is_on(&given, "-destroy"),
            _ => false,
        }
    }

    /// The command takes away what the component made, or the state that knows of it: `workspace delete` takes one with
    /// resources in it where it is forced, and nowhere else.
    pub fn takes_away(&self, env: &Env) -> bool {
        let (words, given) = self.effective(env);
        self.destroys(env) || words == ["workspace", "delete"] && is_on(&given, "-force")
    }

    /// The words of the sub-command, and all that terraform makes its arguments of.
    fn effective(&self, env: &Env) -> (Vec<&str>, Vec<String>) {
        let (words, native) = self.meant();
        let given = of_environment(&words, env).into_iter().chain(native.iter().cloned()).collect();
        (words, given)
    }

    /// The words of the sub-command and its arguments, of `exec` those of what it runs, behind terraform's own flags
    /// (`-chdir=…`).
    pub fn meant(&self) -> (Vec<&str>, &[String]) {
        if self.words != ["exec"] {
            return (self.words.iter().map(String::as_str).collect(), &self.native);
        }
        let begin = self.native.iter().take_while(|word| word.starts_with('-')).count();
        let native = &self.native[begin..];
        let words: Vec<&str> =
            native.iter().take_while(|word| !word.starts_with('-')).take(2).map(String::as_str).collect();
        let is_known =
            |words: &[&str]| Verb::of(&words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>()).is_ok();
        let count = if is_known(&words) { words.len() } else { words.len().min(1) };
        (words[..count].to_vec(), &native[count..])
    }

    /// The saved plan that is applied, if one is, whoever names it. `canonical` is the one that `plan` saves.
    pub fn applied_plan(&self, canonical: &str, env: &Env) -> Option<String> {
        let (words, given) = self.effective(env);
        if !matches!(words.as_slice(), ["apply" | "deploy"]) {
            return None;
        }
        let saved = self.from_plan.as_ref().map(|plan| match plan {
            FromPlan::Canonical => canonical.to_owned(),
            FromPlan::File(file) => file.clone(),
        });
        let word = || positionals(&given).first().map(|word| (*word).to_owned());
        self.planfile.clone().or(saved).or_else(word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exec(native: &str) -> Request {
        let native = native.split_whitespace().map(str::to_owned).collect();
        Request { words: vec!["exec".to_owned()], native, ..Request::default() }
    }

    #[test]
    fn exec_is_refused_where_its_command_would_be() {
        for (native, modifies) in [
            ("version", false),
            ("state list", false),
            ("state rm a.b", true),
            ("apply -auto-approve", true),
            ("force-unlock 5", true),
            ("import a b", true),
            ("frobnicate", false),
            ("-version", false),
            ("-chdir=. apply", true),
            ("-chdir=. state rm a.b", true),
        ] {
            assert_eq!(exec(native).verb().unwrap().modifies, modifies, "{native}");
        }
    }

    #[test]
    fn what_destroys_is_known_in_every_form() {
        let none = Env::default();
        for (native, destroys, takes_away) in [
            ("destroy", true, true),
            ("-chdir=. destroy", true, true),
            ("apply -destroy", true, true),
            ("apply -destroy=True", true, true),
            ("plan -destroy", false, false),
            ("apply", false, false),
            ("workspace delete -force dev", false, true),
            ("workspace delete dev", false, false),
            ("state rm a.b", false, false),
        ] {
            let request = exec(native);
            assert_eq!((request.destroys(&none), request.takes_away(&none)), (destroys, takes_away), "{native}");
        }
    }

    #[test]
    fn what_destroys_is_known_by_the_variables_of_terraform_too() {
        let apply = |words: &str, native: &str| Request { words: vec![words.to_owned()], ..exec(native) };
        for (name, value, request, expected) in [
            ("TF_CLI_ARGS_apply", "-destroy", apply("apply", ""), true),
            ("TF_CLI_ARGS", "-lock=false --destroy", apply("deploy", ""), true),
            ("TF_CLI_ARGS_apply", "-destroy", exec("apply"), true),
            ("TF_CLI_ARGS_apply", "-destroy", apply("apply", "-destroy=false"), false),
            ("TF_CLI_ARGS_plan", "-destroy", apply("apply", ""), false),
            ("TF_CLI_ARGS_workspace_delete", "-force", exec("workspace delete dev"), true),
        ] {
            let env = Env::from_iter([(name, value)]);
            assert_eq!(request.takes_away(&env), expected, "{name}={value} {request:?}");
        }
        let env = Env::from_iter([("TF_CLI_ARGS_apply", "-lock-timeout 5s x.plan")]);
        assert_eq!(apply("apply", "").applied_plan("c", &env).as_deref(), Some("x.plan"));
    }

    #[test]
    fn a_saved_plan_is_known_whoever_names_it() {
        let none = Env::default();
        for (native, plan) in [
            ("apply x.plan", Some("x.plan")),
            ("apply -lock-timeout 5s x.plan", Some("x.plan")),
            ("apply -auto-approve", None),
            ("show x.plan", None),
            ("-chdir=. apply x.plan", Some("x.plan")),
        ] {
            assert_eq!(exec(native).applied_plan("c", &none).as_deref(), plan, "{native}");
        }
        let apply = Request { words: vec!["apply".to_owned()], ..Request::default() };
        let canonical = Request { from_plan: Some(FromPlan::Canonical), ..apply.clone() };
        assert_eq!(canonical.applied_plan("c", &none).as_deref(), Some("c"));
        let named = Request { planfile: Some("x".to_owned()), ..apply };
        assert_eq!(named.applied_plan("c", &none).as_deref(), Some("x"));
    }
}
