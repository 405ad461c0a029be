//! The walk over the values of an instance.

use std::cell::{Cell, OnceCell, RefCell};
use std::sync::Arc;

use super::chain::Chain;
use super::data::has_template;
use super::error::{Error, Site};
use super::evaluator::Evaluator;
use super::options::Options;
use super::render::Data;
use super::settings::{Templating, allows_generated_functions};
use super::stores::Readers;
use crate::component::{self, Instance, Layered, takes_part, without_literals};
use crate::diag::Warning;
use crate::merge::is_unset;
use crate::span::{Place, Span};
use crate::stack::Located;
use crate::store::{Spec, Stores};
use crate::template::field_reference;
use crate::value::{Function, Map, Node, Path, Value, map_with_capacity, to_json};
use crate::yaml::{reread, reread_text};
use crate::yaml_fn::{self, Context, Mistake, Problem, Reader, is_skipped, written_as_function};

/// The functions that read `metadata`.
const LABELS: [&str; 4] = ["!tags", "!labels", "!labels.keys", "!labels.values"];

/// One evaluation under way. It lives on one thread.
pub(super) struct Evaluation<'a> {
    pub evaluator: Evaluator<'a>,
    pub instance: &'a Instance,
    pub options: &'a Options,
    pub chain: Chain<'a>,
    /// Where templates are rendered at all.
    pub templating: Option<Templating>,
    pub data: Data,
    path: RefCell<Path>,
    /// Variables of the component that are being evaluated for `!env`.
    open: RefCell<Vec<String>>,
    metadata: OnceCell<Node>,
    /// `secrets` with its providers evaluated.
    secrets: OnceCell<Node>,
    /// They are being evaluated: a provider does not ask for a secret itself.
    opening: Cell<bool>,
    track: OnceCell<Option<String>>,
    pub readers: RefCell<Readers>,
    /// It is being found out who reads a store.
    pub choosing: Cell<bool>,
}

impl<'a> Evaluation<'a> {
    pub(super) fn new(
        evaluator: Evaluator<'a>,
        instance: &'a Instance,
        options: &'a Options,
        chain: Chain<'a>,
    ) -> Evaluation<'a> {
        let templates = &evaluator.config.templates;
        let renders = options.process_templates && templates.enabled && templates.evaluations > 0;
        Evaluation {
            evaluator,
            instance,
            options,
            chain,
            templating: renders.then(|| Templating::new(evaluator.config)),
            data: Data::default(),
            path: RefCell::default(),
            open: RefCell::default(),
            metadata: OnceCell::new(),
            secrets: OnceCell::new(),
            opening: Cell::default(),
            track: OnceCell::new(),
            readers: RefCell::default(),
            choosing: Cell::default(),
        }
    }

    /// Whether anything in a value may be evaluated. Most values are plain, and looking is cheaper than walking.
    fn concerns(&self, node: &Node) -> bool {
        match &node.value {
            Value::String(text) => self.may_change(text),
            Value::Map(map) => map.iter().any(|(key, item)| self.concerns(item) || self.is_template_key(key, item)),
            Value::List(list) => list.iter().any(|item| self.concerns(item)),
            Value::Function(_) => true,
            _ => false,
        }
    }

    /// A key of what was read is data.
    fn is_template_key(&self, key: &str, item: &Node) -> bool {
        self.is_template(key) && !item.span.has_data_key()
    }

    fn may_change(&self, text: &str) -> bool {
        text.starts_with('!') || self.is_template(text)
    }

    /// Whether what is being evaluated belongs to a section.
    pub(super) fn is_below(&self, section: &str) -> bool {
        self.path.borrow().begins_with(section)
    }

    /// Replaces a section by its evaluated form.
    pub(super) fn replace(&self, name: &str, node: &mut Node) -> Result<(), Error> {
        if !self.concerns(node) {
            return Ok(());
        }
        if let Some(value) = self.below(|path| path.push_key(name), || self.node(node))? {
            *node = value;
        }
        Ok(())
    }

    /// Replaces what chooses the identity of the component.
    pub(super) fn identify(&self, instance: &mut Instance) -> Result<(), Error> {
        self.check_identity()?;
        self.replace("auth", &mut instance.sections.auth)?;
        let written = instance.sections.settings.get("auth").filter(|auth| self.concerns(auth)).cloned();
        if let Some(mut auth) = written {
            self.replace("settings.auth", &mut auth)?;
            instance.sections.settings.make_map().insert(Arc::from("auth"), auth);
        }
        self.check_evaluated_identity(&instance.sections.settings)
    }

    pub(super) fn replace_text(&self, name: &str, text: &mut String) -> Result<(), Error> {
        // A text of the component that is a literal, or was included, still has its tag.
        if component::is_marked(text) {
            *text = component::unmarked(text).to_owned();
            return Ok(());
        }
        if !self.may_change(text) {
            return Ok(());
        }
        let mut node = Node::from(text.as_str());
        self.replace(name, &mut node)?;
        if let Some(value) = node.scalar_text() {
            *text = value;
        }
        Ok(())
    }

    /// Replaces a text that was put together from values. What looks like a function in it is data, unless the
    /// configuration allows otherwise.
    pub(super) fn replace_derived(&self, name: &str, text: &mut String) -> Result<(), Error> {
        if !(name == "workspace" && has_template(self.instance)) && self.is_read(text) {
            return Ok(());
        }
        if !text.starts_with('!') || allows_generated_functions(self.evaluator.config) {
            return self.replace_text(name, text);
        }
        let (made, node) = (Arc::from(text.as_str()), Node::from(text.as_str()));
        if let Some(rendered) = self.below(|path| path.push_key(name), || self.render(&made, &node))? {
            *text = rendered.text;
        }
        Ok(())
    }

    /// The values of layers, weakest first, with the functions evaluated.
    pub(super) fn layers(&self, layered: &Layered) -> Result<Vec<Node>, Error> {
        let evaluate = |node: &Node| {
            if !takes_part(node) {
                return Ok(without_literals(node));
            }
            Ok(self.node(node)?.unwrap_or_else(|| node.clone()))
        };
        self.below(|path| path.push_key(&layered.path.join(".")), || layered.values.iter().map(evaluate).collect())
    }

    pub(super) fn below<T>(
        &self,
        enter: impl FnOnce(&mut Path),
        act: impl FnOnce() -> Result<T, Error>,
    ) -> Result<T, Error> {
        enter(&mut self.path.borrow_mut());
        let result = act();
        self.path.borrow_mut().pop();
        result
    }

    /// The same where something else of the component is evaluated in between.
    pub(super) fn elsewhere<T>(&self, path: &str, act: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
        let outer = self.path.take();
        let result = self.below(|at| at.push_key(path), act);
        self.path.replace(outer);
        result
    }

    /// The evaluated node; `None` when nothing in it changes.
    fn node(&self, node: &Node) -> Result<Option<Node>, Error> {
        let places = self.options.places;
        let at = |span: Span| {
            move |value: Value| {
                let node = Node::new(value, span);
                if places { node.placed(span) } else { node }
            }
        };
        Ok(match &node.value {
            Value::String(text) => {
                let data = Cell::new(false);
                let value = self.known(self.text(text, node, &data))?;
                value.map(at(if data.get() { node.span.as_data() } else { node.span }))
            }
            // What a function gives is data.
            Value::Function(function) => self.known(self.function(function, node))?.map(at(node.span.as_data())),
            Value::Map(map) => self.map(map, node)?.map(at(node.span)),
            Value::List(list) => self.list(list)?.map(at(node.span)),
            _ => None,
        })
    }

    /// A text that is a template, or is written like a function, in a manifest. `data` says whether the value is data.
    fn text(&self, text: &Arc<str>, node: &Node, data: &Cell<bool>) -> Result<Option<Value>, Error> {
        if let Some((function, written)) = self.referenced(text)
            && let Some(value) = self.function(function, written)?
        {
            data.set(true);
            return Ok(Some(value));
        }
        let rendered = self.render(text, node)?.map(|rendered| {
            data.set(rendered.data);
            rendered.text
        });
        if let Some((tag, _)) = written_as_function(text) {
            let whole = rendered.map(|rendered| reread_text(text, rendered));
            // A template right behind the tag may have made another word of it.
            let current = written_as_function(whole.as_deref().unwrap_or(text)).filter(|(now, _)| *now == tag);
            let value = match current {
                Some((_, argument)) => self.call(tag, &Node::new(Value::from(argument.to_owned()), node.span), node)?,
                None => None,
            };
            return Ok(value.or_else(|| whole.map(Value::from)));
        }
        let Some(rendered) = rendered else { return Ok(None) };
        let value = reread(text, rendered);
        Ok(Some(match &value {
            Value::String(made) => self.generated(made, node)?.unwrap_or(value),
            _ => value,
        }))
    }

    /// The function that a text refers to with nothing beside it (`{{ .vars.id }}`): it is written in a manifest, and its value
    /// is what is meant. Functions of lists and maps may refer to themselves and are left alone.
    fn referenced(&self, text: &str) -> Option<(&Arc<Function>, &Node)> {
        let templating = self.templating.as_ref()?;
        let path = field_reference(text, &templating.delimiters)?;
        let sections = &self.instance.sections;
        let section = match path[0] {
            "vars" => &sections.vars,
            "settings" => &sections.settings,
            "env" => &sections.env,
            _ => return None,
        };
        let node = section.get_path(path[1..].iter().copied())?;
        match &node.value {
            Value::Function(function)
                if &*function.tag != "!literal" && matches!(function.argument.value, Value::String(_)) =>
            {
                Some((function, node))
            }
            _ => None,
        }
    }

    /// A text that a template made. It runs as a function only where the configuration allows that.
    fn generated(&self, text: &str, node: &Node) -> Result<Option<Value>, Error> {
        let Some((tag, argument)) = written_as_function(text) else { return Ok(None) };
        if !allows_generated_functions(self.evaluator.config) {
            return Ok(None);
        }
        let site = self.site(node);
        let message = format!("a template made the YAML function {tag}, and it runs: {site}");
        let warning = Warning::new("atmos::resolve::generated_function", message)
            .help("write the function into the manifest, with the template as its argument");
        self.evaluator.host.talk.warn(warning);
        self.call(tag, &Node::from(argument), node)
    }

    fn function(&self, function: &Arc<Function>, node: &Node) -> Result<Option<Value>, Error> {
        if &*function.tag == "!literal" {
            return Ok(Some(function.argument.value.clone()));
        }
        let argument = match &function.argument.value {
            Value::String(text) => self.render(text, &function.argument)?.map(|rendered| {
                // The reference writes tag and argument in one scalar, which is never a plain one.
                let written = if text.contains('\n') { text } else { "!" };
                Node::new(Value::from(reread_text(written, rendered.text)), function.argument.span)
            }),
            Value::List(_) | Value::Map(_) => self.node(&function.argument)?,
            _ => None,
        };
        let value = self.call(&function.tag, argument.as_ref().unwrap_or(&function.argument), node)?;
        let kept = |argument| Value::Function(Arc::new(Function { tag: function.tag.clone(), argument }));
        Ok(value.or_else(|| argument.map(kept)))
    }

    fn map(&self, map: &Map, node: &Node) -> Result<Option<Value>, Error> {
        let mut changed: Option<Map> = None;
        let mut keys_change = false;
        for (key, item) in map {
            keys_change |= self.is_template_key(key, item);
            if !self.concerns(item) {
                continue;
            }
            if let Some(value) = self.below(|path| path.push_key(key), || self.node(item))? {
                let changed = changed.get_or_insert_with(|| map.clone());
                if is_unset(&value) {
                    changed.shift_remove(key);
                } else {
                    changed.insert(key.clone(), value);
                }
            }
        }
        if keys_change {
            changed = Some(self.keys(changed.as_ref().unwrap_or(map), node)?);
        }
        Ok(changed.map(|map| Value::Map(Arc::new(map))))
    }

    /// The map with its keys rendered.
    fn keys(&self, map: &Map, node: &Node) -> Result<Map, Error> {
        let mut renamed = map_with_capacity(map.len());
        for (key, item) in map {
            let site = Node::new(Value::Null, if item.span.is_known() { item.span } else { node.span });
            let made = if item.span.has_data_key() { None } else { self.render(key, &site)? };
            let name = made.map_or_else(|| key.clone(), |made| reread_text(key, made.text).into());
            if renamed.insert(name.clone(), item.clone()).is_some() {
                return Err(Error::Key { key: name.to_string(), site: self.site(item) });
            }
        }
        Ok(renamed)
    }

    fn list(&self, list: &[Node]) -> Result<Option<Value>, Error> {
        let mut changed: Option<Vec<Node>> = None;
        for (index, item) in list.iter().enumerate() {
            if let Some(value) = self.below(|path| path.push_index(index), || self.node(item))? {
                changed.get_or_insert_with(|| list.to_vec())[index] = value;
            }
        }
        if let Some(list) = &mut changed {
            list.retain(|item| !is_unset(item));
        }
        Ok(changed.map(|list| Value::List(Arc::new(list))))
    }

    /// The value of a function; `None` when it stays as it is written.
    pub(super) fn call(&self, tag: &str, argument: &Node, node: &Node) -> Result<Option<Value>, Error> {
        if !yaml_fn::is_supported(tag) {
            let supported = yaml_fn::supported();
            return Err(Error::UnsupportedTag { tag: tag.to_owned(), supported, site: self.site(node) });
        }
        if !self.options.process_functions || is_skipped(tag, &self.options.skip) {
            return Ok(None);
        }
        if tag == "!unset" {
            // As a tag it has done its work in the merge. As a text it takes away what it stands for, once it is all.
            let argument = Node::default();
            return Ok(Some(Value::Function(Arc::new(Function { tag: Arc::from(tag), argument }))));
        }
        if let Some(value) = self.remote(tag, argument, node)? {
            return Ok(Some(value));
        }
        let inner = RefCell::new(None);
        let own_variable = |name: &str| {
            self.own_variable(name).unwrap_or_else(|error| {
                inner.borrow_mut().get_or_insert(error);
                None
            })
        };
        // Most functions do not ask for metadata, which may have to be rendered first.
        let metadata = if LABELS.contains(&tag) { self.metadata()? } else { &self.instance.sections.metadata };
        if tag == "!secret" && !self.options.masks_secrets {
            self.open_providers()?;
        }
        let reader = |spec: &Spec| self.reader(spec);
        let context = self.context(&own_variable, metadata, &reader);
        let result = yaml_fn::call(&context, tag, argument);
        if let Some(error) = inner.take() {
            return Err(error);
        }
        result.map_err(|problem| self.failed(tag, argument, problem, node))
    }

    pub(super) fn context<'c>(
        &'c self,
        own_variable: &'c dyn Fn(&str) -> Option<String>,
        metadata: &'c Node,
        reader: Reader<'c>,
    ) -> Context<'c> {
        Context {
            host: self.evaluator.host,
            config: self.evaluator.config,
            memo: &self.evaluator.memo.functions,
            versions: self.evaluator.index.versions(),
            own_variable,
            metadata,
            track: self.track(),
            stack: &self.instance.stack,
            component: &self.instance.name,
            secrets: self.secrets.get().unwrap_or(&self.instance.sections.secrets),
            stores: self.stores(),
            reader,
            lenient: self.options.is_lenient(),
            masks_secrets: self.options.masks_secrets,
        }
    }

    /// The stores of the run.
    pub(super) fn stores(&self) -> &Stores {
        self.evaluator.stores()
    }

    /// A value evaluated by itself.
    pub(super) fn evaluated(&self, node: &Node) -> Result<Option<Node>, Error> {
        if self.concerns(node) { self.node(node) } else { Ok(None) }
    }

    /// What `.version` is for templates.
    pub(super) fn versions(&self) -> Result<Node, Problem> {
        yaml_fn::versions(&self.context(&|_| None, &self.instance.sections.metadata, &|_| Ok(None)))
    }

    /// Metadata of which tags and labels are evaluated; those that ask for themselves stay what they are.
    fn metadata(&self) -> Result<&Node, Error> {
        if self.metadata.get().is_none() {
            let mut metadata = self.instance.sections.metadata.clone();
            let mut options = self.options.clone();
            options.skip.extend(LABELS.map(str::to_owned));
            let evaluation = Evaluation::new(self.evaluator, self.instance, &options, self.chain);
            for key in ["tags", "labels"] {
                let Some(written) = self.instance.sections.metadata.get(key) else { continue };
                let evaluated = evaluation.below(
                    |path| path.push_key("metadata"),
                    || evaluation.below(|path| path.push_key(key), || evaluation.evaluated(written)),
                );
                if let Some(value) = evaluated? {
                    metadata.make_map().insert(Arc::from(key), value);
                }
            }
            let _ = self.metadata.set(metadata);
        }
        Ok(self.metadata.get_or_init(Node::default))
    }

    /// Evaluates what providers of secrets say, which may be functions: the key of a file comes from somewhere.
    fn open_providers(&self) -> Result<(), Error> {
        let written = &self.instance.sections.secrets;
        if self.secrets.get().is_some() || self.opening.get() {
            return Ok(());
        }
        let mut secrets = written.clone();
        if let Some(mut providers) = written.get("providers").filter(|providers| self.concerns(providers)).cloned() {
            self.opening.set(true);
            let replaced = self.replace("secrets.providers", &mut providers);
            self.opening.set(false);
            replaced?;
            secrets.make_map().insert(Arc::from("providers"), providers);
        }
        let _ = self.secrets.set(secrets);
        Ok(())
    }

    /// `version.track` of the manifest.
    fn track(&self) -> Option<&str> {
        let find = || {
            let index = self.evaluator.index;
            let stack = index.stacks().iter().find(|stack| *stack.key == *self.instance.manifest)?;
            let document = index.document(stack).ok()?;
            document.node.get_path(["version", "track"]).and_then(Node::as_str).map(str::to_owned)
        };
        self.track.get_or_init(find).as_deref()
    }

    /// A variable of the component's own `env`, evaluated. One that asks for itself means the one outside.
    fn own_variable(&self, name: &str) -> Result<Option<String>, Error> {
        let Some(node) = self.instance.sections.env.get(name).filter(|node| !node.is_null()) else { return Ok(None) };
        if self.open.borrow().iter().any(|open| open == name) {
            return Ok(None);
        }
        self.open.borrow_mut().push(name.to_owned());
        let evaluated = self.node(node);
        self.open.borrow_mut().pop();
        let evaluated = evaluated?;
        let value = evaluated.as_ref().unwrap_or(node);
        if is_unset(value) {
            return Ok(None);
        }
        Ok(Some(value.scalar_text().unwrap_or_else(|| to_json(value).to_string())))
    }

    pub(super) fn failed(&self, tag: &str, argument: &Node, problem: Problem, node: &Node) -> Error {
        let tag = tag.to_owned();
        match problem {
            Problem::Arguments(fault) => {
                let argument = argument.scalar_text().unwrap_or_default();
                self.wrong_arguments(&tag, argument.trim(), fault, node)
            }
            Problem::NotBuilt => Error::FunctionNotBuilt { tag, site: self.site(node) },
            Problem::Failed { reason, help } => Error::Function { tag, reason, help, site: self.site(node) },
        }
    }

    /// The error at the character that it is about, where that can be told.
    pub(super) fn wrong_arguments(&self, tag: &str, text: &str, fault: Mistake, node: &Node) -> Error {
        let at = fault.at.and_then(|at| {
            let length = text.get(at.clone()).map_or(1, |part| part.chars().count());
            let place = self.evaluator.host.sources.place(node.span)?;
            Some(Place { length: u32::try_from(length).unwrap_or(1), ..written_at(&place, node, text, at.start)? })
        });
        let site = at.map_or_else(|| self.site(node), |place| self.site_at(Located::at(&place)));
        let text = format!("{tag} {text}").trim_end().to_owned();
        Error::Arguments { tag: tag.to_owned(), text, message: fault.message, help: fault.help, site }
    }

    pub(super) fn site(&self, node: &Node) -> Site {
        self.site_at(Located::new(&self.evaluator.host.sources, node.span))
    }

    fn site_at(&self, located: Located) -> Site {
        Site {
            path: self.path.borrow().to_string(),
            component: self.instance.name.clone(),
            stack: self.instance.stack.clone(),
            place: located.text,
            source: located.source,
            at: located.at,
        }
    }
}

/// Where byte `at` of a function's argument is written. A template may have made part of the argument: what stands
/// before or behind that part is still found.
fn written_at(start: &Place, node: &Node, argument: &str, at: usize) -> Option<Place> {
    let written = match &node.value {
        Value::String(text) => text,
        Value::Function(function) => function.argument.as_str()?,
        _ => return None,
    };
    let end = written.trim_end();
    let same = |(left, right): &(u8, u8)| left == right;
    let behind = end.bytes().rev().zip(argument.bytes().rev()).take_while(same).count();
    let first = written.len() - written.trim_start().len();
    let before = end[first..].bytes().zip(argument.bytes()).take_while(same).count();
    let offset = if argument.len() - at <= behind {
        end.len() - (argument.len() - at)
    } else if at < before {
        first + at
    } else {
        return None;
    };
    start.within(written, offset)
}
