//! `metadata.tags` and `metadata.labels` choose among all components, so that they are evaluated for each of them: what
//! needs a process, credentials or another component does not run there.

use super::error::Error;
use super::settings::Templating;
use super::walk::Evaluation;
use crate::template::{Source, Template};
use crate::value::{Map, Node, Value};
use crate::yaml_fn::written_as_function;

/// Functions that may not stand there.
const FUNCTIONS: [&str; 13] = [
    "!aws.account_id",
    "!aws.caller_identity_arn",
    "!aws.caller_identity_user_id",
    "!aws.organization_id",
    "!aws.region",
    "!emulator",
    "!exec",
    "!random",
    "!secret",
    "!store",
    "!store.get",
    "!terraform.output",
    "!terraform.state",
];

/// Functions of templates, and namespaces, that reach outside or give another value each time.
const IN_TEMPLATES: [&str; 22] = [
    "atmos.Component",
    "atmos.GomplateDatasource",
    "atmos.Resolve",
    "atmos.Store",
    "aws",
    "datasource",
    "datasourceExists",
    "datasourceReachable",
    "defineDatasource",
    "ds",
    "gcp",
    "getHostByName",
    "include",
    "net",
    "now",
    "randAlpha",
    "randAlphaNum",
    "randAscii",
    "randBytes",
    "randNumeric",
    "random",
    "uuidv4",
];

impl Evaluation<'_> {
    /// Refuses tags and labels that would run something, unless `describe.settings.eager_evaluation` wants them to.
    pub(super) fn check_selectors(&self) -> Result<(), Error> {
        if !self.options.selects || self.evaluator.config.describe.eager_evaluation {
            return Ok(());
        }
        let metadata = &self.instance.sections.metadata;
        for key in ["tags", "labels"] {
            let Some(node) = metadata.get(key) else { continue };
            if let Some((node, found)) = self.forbidden(node) {
                let field = format!("metadata.{key}");
                let site = self.below(|path| path.push_key(&field), || Ok(self.site(node)))?;
                return Err(Error::Selector { found, field, site });
            }
        }
        Ok(())
    }

    fn forbidden<'n>(&self, node: &'n Node) -> Option<(&'n Node, String)> {
        match &node.value {
            Value::Function(function) if &*function.tag == "!literal" => None,
            Value::Function(function) => match self.forbidden_call(&function.tag) {
                Some(tag) => Some((node, tag)),
                None => self.forbidden(&function.argument),
            },
            Value::String(text) => {
                let call = written_as_function(text).and_then(|(tag, _)| self.forbidden_call(tag));
                Some((node, call.or_else(|| self.forbidden_in_template(text))?))
            }
            Value::List(list) => list.iter().find_map(|item| self.forbidden(item)),
            Value::Map(map) => self.forbidden_in_map(map),
            _ => None,
        }
    }

    fn forbidden_in_map<'n>(&self, map: &'n Map) -> Option<(&'n Node, String)> {
        map.iter().find_map(|(key, item)| {
            let in_key = self.forbidden_in_template(key).filter(|_| !item.span.has_data_key());
            in_key.map(|found| (item, found)).or_else(|| self.forbidden(item))
        })
    }

    fn forbidden_call(&self, tag: &str) -> Option<String> {
        (self.options.process_functions && FUNCTIONS.contains(&tag)).then(|| tag.to_owned())
    }

    fn forbidden_in_template(&self, text: &str) -> Option<String> {
        let Templating { delimiters, functions, .. } = self.templating.as_ref().filter(|_| self.is_template(text))?;
        let source = Source { name: "", text, delimiters: delimiters.clone(), functions: *functions, place: None };
        // What is no template is an error of the evaluation.
        let called = Template::parse(&source).ok()?.functions();
        IN_TEMPLATES.iter().find(|name| called.contains(**name)).map(|name| (*name).to_owned())
    }
}
