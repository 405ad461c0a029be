//! The functions that ask outside of the repository: outputs of other components, and facts of an identity.

use std::sync::Arc;

use super::chain::Chain;
use super::error::Error;
use super::evaluator::Evaluator;
use super::options::{ErrorMode, Options};
use super::references::{collect, conditional_calls, is_output};
use super::walk::Evaluation;
use crate::auth::resolution::Flag;
use crate::component::Instance;
use crate::state::{AwsFact, Failure, Outputs, exists_as_key};
use crate::value::{Node, Value};
use crate::yaml_fn::{Mistake, OutputArguments, is_skipped};

/// What stands for a value that depends on something which is not there yet.
const COMPUTED: &str = "(computed)";
/// Sections that say where a state is and who may read it.
const FOR_STATE: [&str; 3] = ["backend", "remote_state_backend", "env"];
/// Sections that terraform needs to print outputs: everything but values for the module.
const FOR_TERRAFORM: [&str; 8] =
    ["backend", "remote_state_backend", "env", "providers", "generate", "required_providers", "source", "provision"];

/// How many states of one component are read at once.
const AT_ONCE: usize = 8;

/// How outputs are got.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Way {
    State,
    Terraform,
}

/// Whether a function needs an identity or waits for somebody else.
pub(super) fn is_remote(tag: &str) -> bool {
    is_output(tag) || fact(tag).is_some()
}

fn fact(tag: &str) -> Option<AwsFact> {
    Some(match tag {
        "!aws.account_id" => AwsFact::AccountId,
        "!aws.caller_identity_arn" => AwsFact::Arn,
        "!aws.caller_identity_user_id" => AwsFact::UserId,
        "!aws.region" => AwsFact::Region,
        "!aws.organization_id" => AwsFact::OrganizationId,
        _ => return None,
    })
}

/// One question for the outputs of a component.
#[derive(Debug, Clone, Copy)]
struct Question<'q> {
    way: Way,
    component: &'q str,
    stack: &'q str,
    /// The function as it is written.
    call: &'q str,
    expression: &'q str,
}

/// Outputs and whether a manifest states them.
pub(super) struct Found {
    outputs: Arc<Outputs>,
    stated: bool,
}

impl Evaluation<'_> {
    /// Reads the states that the values of this component ask for side by side, where there are several. What goes wrong
    /// is said when the value is evaluated.
    pub(super) fn read_ahead(&self) {
        const TAG: &str = "!terraform.state";
        let options = self.options;
        let switched_off =
            !options.process_functions || options.without_identity || options.mocks || is_skipped(TAG, &options.skip);
        if switched_off || self.chain.above.is_some() || !self.evaluator.memo.reads_states(self.evaluator.host) {
            return;
        }
        let left = self.evaluator.left_delimiter();
        let mut references = Vec::new();
        for (name, node) in self.instance.sections.named() {
            if options.needs(name) {
                collect(node, self.instance, &left, &mut references);
            }
        }
        references.retain(|reference| reference.tag == TAG);
        references.sort_by(|one, other| (&one.component, &one.stack).cmp(&(&other.component, &other.stack)));
        references.dedup_by(|one, other| one.component == other.component && one.stack == other.stack);
        if references.len() < 2 {
            return;
        }
        let (evaluator, instance, chain) = (self.evaluator, self.instance, self.chain);
        let size = references.len().div_ceil(AT_ONCE);
        std::thread::scope(|scope| {
            for part in references.chunks(size) {
                scope.spawn(move || {
                    for reference in part {
                        let evaluation = Evaluation::new(evaluator, instance, options, chain);
                        let question = Question {
                            way: Way::State,
                            component: &reference.component,
                            stack: &reference.stack,
                            call: &reference.call(),
                            expression: "",
                        };
                        let _ = evaluation.outputs(&question, &Node::default());
                    }
                });
            }
        });
    }

    /// The value of a function that asks outside; `None` for any other function.
    pub(super) fn remote(&self, tag: &str, argument: &Node, node: &Node) -> Result<Option<Value>, Error> {
        if !is_remote(tag) {
            return Ok(None);
        }
        if self.options.without_identity {
            return Err(Error::Identity { found: tag.to_owned(), site: self.site(node) });
        }
        let text = argument.scalar_text().unwrap_or_default();
        let text = text.trim();
        match fact(tag) {
            None => self.output(tag, text, node).map(Some),
            Some(_) if !text.is_empty() => {
                let message = "it takes no arguments".to_owned();
                Err(Error::Arguments {
                    tag: tag.to_owned(),
                    text: format!("{tag} {text}"),
                    message,
                    help: None,
                    site: self.site(node),
                })
            }
            Some(fact) => {
                let owner = self.owner(None)?;
                let value = self.evaluator.reach.aws(fact, &owner, &self.options.identity);
                value.map(|value| Some(Value::from(value))).map_err(|failure| self.outside(tag, failure, node))
            }
        }
    }

    /// The value, or what stands for it where it cannot be known yet and the mode allows that.
    pub(super) fn known(&self, value: Result<Option<Value>, Error>) -> Result<Option<Value>, Error> {
        match value {
            Err(error) if self.options.error_mode != ErrorMode::Strict && error.is_undetermined() => {
                tracing::debug!(%error, "a value cannot be determined");
                self.evaluator.memo.count_undetermined();
                Ok(Some(Value::from(COMPUTED.to_owned())))
            }
            value => value,
        }
    }

    fn output(&self, tag: &str, text: &str, node: &Node) -> Result<Value, Error> {
        let call = format!("{tag} {text}");
        let wrong = |fault: Mistake| self.wrong_arguments(tag, text, fault, node);
        let arguments = OutputArguments::parse(text).map_err(wrong)?;
        let expression = arguments.expression.text.as_str();
        let way = if tag == "!terraform.state" { Way::State } else { Way::Terraform };
        let stack = arguments.stack.as_deref().unwrap_or(&self.instance.stack);
        let question = Question { way, component: &arguments.component, stack, call: &call, expression };
        let found = self.outputs(&question, node).map_err(|error| error.closed_at(|| self.site(node)));
        let found = match found {
            Err(Error::NotProvisioned { .. }) if arguments.has_default() => {
                Found { outputs: Arc::default(), stated: false }
            }
            Err(error @ Error::NotProvisioned { .. }) => return Err(self.circle_behind(&question).unwrap_or(error)),
            found => found?,
        };
        if !exists_as_key(&found.outputs, expression) {
            if found.stated && (way == Way::State || self.options.mocks) {
                let reason = format!(
                    "output '{expression}' does not exist for component {} in stack {stack}",
                    arguments.component
                );
                let section = if self.options.mocks { "mocks" } else { "remote_state_backend.static" };
                let help = format!("add it to `{section}` of that component, or give a default: `.x // \"…\"`");
                return Err(Error::Function { tag: call, reason, help, site: self.site(node) });
            }
            return Ok(Value::Null);
        }
        let selected = found.outputs.select(expression).map_err(|error| {
            // Outputs are asked for with a dot before their name, which nobody has to write.
            let added = usize::from(!expression.starts_with('.'));
            wrong(Mistake::expression(&error, &arguments.expression, added))
        })?;
        Ok(selected.unwrap_or_default().value)
    }

    /// The circle that keeps a component from ever being applied, where a template closes it behind a condition: only
    /// rendering tells. Whoever is merely not applied yet has none.
    fn circle_behind(&self, question: &Question<'_>) -> Option<Error> {
        self.templating.as_ref()?;
        let found = self.evaluator.written(question.component, question.stack).ok()?;
        let nodes = conditional_calls(&found, self.evaluator.config);
        let options = self.options.inner();
        let chain = Chain::new(&found, Some((&self.chain, question.call)));
        let evaluation = Evaluation::new(self.evaluator, &found, &options, chain);
        nodes.into_iter().filter_map(|node| evaluation.evaluated(node).err()).find(Error::is_circle)
    }

    /// All outputs of a component.
    fn outputs(&self, question: &Question<'_>, node: &Node) -> Result<Found, Error> {
        let Question { way, component, stack, call, .. } = *question;
        self.chain.check(component, stack, call)?;
        let evaluator = &self.evaluator;
        let found = evaluator.written(component, stack);
        let found = found.map_err(|error| self.outside(call, Failure::from(error), node))?;
        // The name of the stack may have been another one than the canonical.
        self.chain.check(&found.name, &found.stack, call)?;
        if self.options.mocks {
            return self.mocked(&found, call, node);
        }
        evaluator.check_circle(&found, call, &self.chain, self.options.process_templates)?;
        let target = evaluator.target(way, &found, self.options, &self.chain, call)?;
        if target.sections.remote_state_backend_type == "static" {
            let outputs = Outputs::of_manifest(target.sections.remote_state_backend.clone());
            return Ok(Found { outputs: Arc::new(outputs), stated: true });
        }
        let what = format!("{} output", question.expression);
        let outputs = self.ask(way, &target, &what).map_err(|failure| match failure {
            Failure::NotProvisioned => Error::NotProvisioned {
                component: found.name.clone(),
                stack: found.stack.clone(),
                call: call.to_owned(),
                site: self.site(node),
            },
            failure @ Failure::Failed(_) => self.outside(call, failure, node),
        })?;
        Ok(Found { outputs, stated: false })
    }

    /// What a component has for its outputs where nobody is asked for them.
    fn mocked(&self, found: &Instance, call: &str, node: &Node) -> Result<Found, Error> {
        match found.sections.extra.get("mocks").filter(|mocks| mocks.as_map().is_some()) {
            Some(mocks) => Ok(Found { outputs: Arc::new(Outputs::of_manifest(mocks.clone())), stated: true }),
            None => Err(Error::Function {
                tag: call.to_owned(),
                reason: format!("the component {} in {} has no `mocks`", found.name, found.stack),
                help: "give it `mocks: {output: value}`, or run without `--use-mocks`".to_owned(),
                site: self.site(node),
            }),
        }
    }

    /// The outputs that terraform prints for a component which is evaluated; `call` is who wants them.
    pub(super) fn printed(&self, target: &Arc<Instance>, call: &str) -> Result<Arc<Outputs>, Failure> {
        if self.options.masks_secrets {
            // Values that are only shown hold masks, with which terraform cannot work.
            let written = self.evaluator.written(&target.name, &target.stack)?;
            let open = self.evaluator.target(Way::Terraform, &written, self.options, &self.chain, call)?;
            return self.ask(Way::Terraform, &open, "all outputs");
        }
        self.ask(Way::Terraform, target, "all outputs")
    }

    fn ask(&self, way: Way, target: &Arc<Instance>, what: &str) -> Result<Arc<Outputs>, Failure> {
        let owner = self.owner(Some(target))?;
        let reach = self.evaluator.reach;
        match way {
            Way::State => reach.state(target, &owner, &self.options.identity),
            Way::Terraform => reach.terraform(target, &owner, &self.options.identity, what),
        }
    }

    /// Whose choice of an identity counts: that of the component itself, where it makes one of its own, else that of the
    /// one who asks, and so on up to the component that the command is about. A flag and a variable are about that one.
    fn owner(&self, target: Option<&Arc<Instance>>) -> Result<Arc<Instance>, Error> {
        let explicit = self.options.identity.flag != Flag::NotGiven
            || self.evaluator.host.env.lossy("ATMOS_IDENTITY").is_some_and(|name| !name.trim().is_empty());
        if let Some(target) = target.filter(|target| !explicit && chooses(target)) {
            return Ok(target.clone());
        }
        let mut last = None;
        for link in self.chain.links() {
            let identified = self.evaluator.identified(link, self.options)?;
            let chooses = !explicit && chooses(&identified);
            last = Some(identified);
            if chooses {
                break;
            }
        }
        Ok(last.unwrap_or_else(|| Arc::new(self.instance.clone())))
    }

    fn outside(&self, call: &str, failure: Failure, node: &Node) -> Error {
        match failure {
            Failure::Failed(cause) => Error::Outside { call: call.to_owned(), cause, site: self.site(node) },
            Failure::NotProvisioned => Error::NotProvisioned {
                component: self.instance.name.clone(),
                stack: self.instance.stack.clone(),
                call: call.to_owned(),
                site: self.site(node),
            },
        }
    }
}

/// Whether a component says itself who it is.
fn chooses(instance: &Instance) -> bool {
    let setting = instance.sections.settings.get_path(["auth", "identity"]);
    setting.is_some_and(|node| !node.is_empty()) || !instance.auth_defaults.is_empty()
}

impl Evaluator<'_> {
    /// A component with what is needed to ask for its outputs evaluated.
    fn target(
        &self,
        way: Way,
        written: &Instance,
        options: &Options,
        chain: &Chain<'_>,
        call: &str,
    ) -> Result<Arc<Instance>, Error> {
        let key = (way, written.name.clone(), written.stack.clone());
        if let Some(known) = self.memo.target(&key) {
            return Ok(known);
        }
        let sections = match way {
            Way::State => FOR_STATE.as_slice(),
            Way::Terraform => FOR_TERRAFORM.as_slice(),
        };
        let options = Options {
            sections: sections.iter().map(|section| (*section).to_owned()).collect(),
            identity: options.identity.clone(),
            ..Options::default()
        };
        let mut target = self.evaluate_for(written, &options, Some((chain, call)))?;
        let identified = self.identified(&Chain::new(written, Some((chain, call))), &options)?;
        target.sections.auth = identified.sections.auth.clone();
        target.sections.settings = identified.sections.settings.clone();
        // Nobody needs the values of the module, and they are as they are written here.
        target.sections.vars = Node::empty_map();
        Ok(self.memo.keep_target(key, target))
    }

    /// A component with what chooses its identity evaluated, and nothing else: nobody is asked outside of the repository.
    ///
    /// # Errors
    /// As [`Evaluator::evaluate`], and a function there that needs an identity itself.
    pub fn identify(&self, instance: &Instance, options: &Options) -> Result<Arc<Instance>, Error> {
        self.identified(&Chain::new(instance, None), options)
    }

    /// A component with what chooses its identity evaluated: nothing there may need an identity itself.
    fn identified(&self, link: &Chain<'_>, options: &Options) -> Result<Arc<Instance>, Error> {
        let key = (link.instance.name.clone(), link.instance.stack.clone());
        if let Some(known) = self.memo.identified(&key) {
            return Ok(known);
        }
        let options = Options { without_identity: true, sections: Vec::new(), ..options.clone() };
        let mut instance = link.instance.clone();
        Evaluation::new(*self, link.instance, &options, *link).identify(&mut instance)?;
        Ok(self.memo.keep_identified(key, instance))
    }
}
