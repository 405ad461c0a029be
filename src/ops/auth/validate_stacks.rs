//! `atmos auth validate --stacks`: who every component of every stack would be.

use rayon::prelude::*;

use super::super::App;
use super::super::choice::auth_section;
use super::super::guard::Rails;
use super::validate::ValidateReport;
use super::validate_rails::contradictions;
use crate::auth::resolution::{Flag, Inputs, Need, Resolution, Scope, Source, resolve};
use crate::auth::validate::{exit_code, scoped_keys, scoped_rails};
use crate::auth::{AuthConfig, Problem, Severity, setting};
use crate::component::{self, Filter, Instance, Kind};
use crate::diag::Result;
use crate::resolve;
use crate::span::Span;
use crate::value::Node;

/// Adds to a report what is wrong with the identities of components. Nobody signs in; functions that need an identity
/// are errors where they decide about one.
///
/// # Errors
/// Stacks that cannot be read.
pub fn validate_stacks(app: &App, report: &mut ValidateReport) -> Result<()> {
    let instances = component::all(&app.host, &app.config, app.index()?, &Filter::default())?;
    let is_run = |kind: &Kind| matches!(kind, Kind::Terraform | Kind::Helmfile | Kind::Packer | Kind::Custom(_));
    let runs = |instance: &&Instance| is_run(&instance.kind) && !instance.abstract_;
    let instances: Vec<&Instance> = instances.iter().filter(runs).collect();
    let found: Vec<Vec<Problem>> =
        app.evaluate_many(|| instances.par_iter().map(|instance| of_component(app, instance)).collect());
    let mut problems: Vec<Problem> = found.into_iter().flatten().collect();
    problems.dedup();
    report.problems.extend(problems);
    report.exit_code = exit_code(&report.problems);
    Ok(())
}

fn of_component(app: &App, written: &Instance) -> Vec<Problem> {
    let who = format!("component `{}` in stack `{}`", written.name, written.stack);
    let error = |message: String, span: Span| Problem { severity: Severity::Error, message, span, exit: 1 };
    let instance = match app.identify(written, &resolve::Options::default()) {
        Ok(instance) => instance,
        Err(report) => return vec![error(format!("{who}: {report}"), Span::default())],
    };
    let mut problems: Vec<Problem> = scoped_keys(&instance.sections.auth, &app.config.auth)
        .into_iter()
        .map(|problem| Problem { message: format!("{who}: {}", problem.message), ..problem })
        .collect();
    let settings = AuthConfig::read(auth_section(app, &instance));
    let own_rails = scoped_rails(&settings, &AuthConfig::read(&app.config.auth)).into_iter();
    problems.extend(own_rails.map(|problem| Problem { message: format!("{who}: {}", problem.message), ..problem }));
    let sources = &app.host.sources;
    // One that cannot be read is reported above or with the configuration, and nobody is anybody then.
    let Ok(rails) = Rails::read(&settings, &app.host) else { return problems };
    // Every operation may be another identity.
    for operation in [setting::READ, "apply"] {
        let setting = match setting::identity(&instance.sections.settings, operation, sources, &app.host.talk) {
            Ok(setting) => setting,
            Err(reason) => {
                problems.push(error(format!("{who}: {reason}"), Span::default()));
                break;
            }
        };
        let inputs = Inputs {
            flag: Flag::NotGiven,
            env: None,
            setting,
            auth: &settings,
            defaults: &instance.auth_defaults,
            can_prompt: false,
            need: if matches!(instance.kind, Kind::Custom(_)) { Need::Steps } else { Need::Run },
            instance: None,
        };
        let resolution = resolve(&inputs, sources);
        if let Ok(resolution) = &resolution {
            let found = contradictions(&rails, &settings, resolution).into_iter();
            problems.extend(found.map(|problem| Problem { message: format!("{who}: {}", problem.message), ..problem }));
        }
        match resolution {
            Err(reason) => problems.push(error(format!("{who}: {reason}"), Span::default())),
            Ok(Resolution::Identity { name, source: Source::Setting(_) }) => {
                if let Some(other) = own_default(&instance, &settings).filter(|other| *other != name.as_str()) {
                    let message = format!(
                        "{who}: settings.auth.identity says `{name}`, its own auth section makes `{other}` default; the \
                         setting counts"
                    );
                    let span = setting.map_or_else(Span::default, |node: &Node| node.span);
                    problems.push(Problem { severity: Severity::Warning, message, span, exit: 0 });
                }
            }
            Ok(_) => {}
        }
    }
    problems.sort_by(|a, b| a.message.cmp(&b.message));
    problems.dedup();
    problems
}

/// The identity that the component itself makes default.
fn own_default<'a>(instance: &Instance, settings: &'a AuthConfig) -> Option<&'a str> {
    let own = instance.auth_defaults.iter().filter(|default| default.scope >= Scope::Component);
    own.filter_map(|default| settings.identity(&default.identity)).map(|identity| identity.name.as_str()).next()
}
