//! Names: the stack of a component, and its terraform workspace.

use std::sync::Arc;

use super::error::Error;
use super::mark::{filled, is_marked, marked, unmarked};
use super::scope::Scope;
use crate::config::Config;
use crate::stack::StackIndex;
use crate::template::Reads;
use crate::value::{Node, Value};

/// Values of the tokens in patterns such as `metadata.terraform_workspace_pattern`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tokens {
    pub namespace: String,
    pub tenant: String,
    pub environment: String,
    pub stage: String,
    pub region: String,
    pub attributes: String,
    pub component: String,
    pub base_component: String,
    pub terraform_workspace: String,
    /// The values that are data, by their tokens.
    pub read: Vec<(&'static str, String)>,
}

impl Tokens {
    /// The tokens that come from the variables of a component.
    pub fn from_vars(vars: &Node) -> Tokens {
        let mut read = Vec::new();
        let mut note = |token: &'static str, node: &Node, text: &str| {
            if node.span.is_data() || is_marked(text) {
                read.push((token, unmarked(text).to_owned()));
            }
            unmarked(text).to_owned()
        };
        let mut text = |key: &'static str| {
            let Some(node) = vars.get(key) else { return String::new() };
            super::own::text_of(node).map(|text| note(key, node, &text)).unwrap_or_default()
        };
        let [namespace, tenant, environment] = ["namespace", "tenant", "environment"].map(&mut text);
        let [stage, region] = ["stage", "region"].map(&mut text);
        let attributes = vars.get("attributes").and_then(Node::as_list).unwrap_or_default();
        let part = |node: &Node| {
            let text = node.scalar_text().or_else(|| super::own::text_of(node).filter(|text| is_marked(text)));
            text.map(|text| note("attributes", node, &text))
        };
        let attributes: Vec<String> = attributes.iter().filter_map(part).collect();
        Tokens {
            namespace,
            tenant,
            environment,
            stage,
            region,
            attributes: attributes.join("-"),
            read,
            ..Tokens::default()
        }
    }
}

/// `pattern` with every known token replaced; unknown ones stay.
pub fn replace_tokens(tokens: &Tokens, pattern: &str) -> String {
    let mut result = String::with_capacity(pattern.len());
    let mut rest = pattern;
    while let Some(start) = rest.find('{') {
        result.push_str(&rest[..start]);
        rest = &rest[start..];
        let value = rest.find('}').and_then(|end| Some((end, token(tokens, &rest[1..end])?)));
        if let Some((end, value)) = value {
            result.push_str(value);
            rest = &rest[end + 1..];
        } else {
            result.push('{');
            rest = &rest[1..];
        }
    }
    result.push_str(rest);
    result
}

fn token<'t>(tokens: &'t Tokens, name: &str) -> Option<&'t str> {
    Some(match name {
        "namespace" => &tokens.namespace,
        "tenant" => &tokens.tenant,
        "environment" => &tokens.environment,
        "stage" => &tokens.stage,
        "region" => &tokens.region,
        "attributes" => &tokens.attributes,
        "component" => &tokens.component,
        "base-component" => &tokens.base_component,
        "terraform_workspace" => &tokens.terraform_workspace,
        // Known to the reference, and never filled there.
        "component-path" | "workspace" => "",
        _ => return None,
    })
}

/// How the name of a stack came about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum StackName {
    /// `name:` of the manifest.
    Manifest(String),
    /// `stacks.name_template`.
    Template(String),
    /// `stacks.name_pattern`.
    Pattern(String),
    /// The pattern has a token for which there is no variable: listed under the key, not found by name.
    Incomplete { token: String },
    /// No naming is configured, or it gives nothing: the manifest key.
    Key,
}

impl StackName {
    /// The canonical name of a stack with this manifest key.
    pub(crate) fn canonical<'a>(&'a self, key: &'a str) -> &'a str {
        match self {
            StackName::Manifest(name) | StackName::Template(name) | StackName::Pattern(name) if !name.is_empty() => {
                name
            }
            _ => key,
        }
    }
}

/// Where the name of a stack takes its values from.
pub(crate) struct Naming<'n> {
    /// A variable, for tokens.
    pub value: &'n dyn Fn(&str) -> Option<String>,
    /// The data of templates.
    pub data: &'n dyn Fn() -> Node,
}

/// The stack name of a component.
pub(crate) fn stack_name(scope: &Scope<'_>, naming: &Naming<'_>) -> Result<StackName, Error> {
    if let Some(name) = scope.name() {
        return Ok(StackName::Manifest(name.to_owned()));
    }
    configured_name(scope, naming)
}

/// The name that `stacks.name_template` or `stacks.name_pattern` gives, whatever the manifest calls itself.
pub(crate) fn configured_name(scope: &Scope<'_>, naming: &Naming<'_>) -> Result<StackName, Error> {
    let stacks = &scope.config.stacks;
    if let Some(template) = name_template(scope.config) {
        if !template.contains("{{") {
            return Ok(StackName::Template(template.to_owned()));
        }
        let lenient = scope.config.templates.ignore_missing_values;
        let text = Node::from(template);
        let name = scope.index.render_text(NAME_TEMPLATE, &text, &(naming.data)(), lenient);
        return name.map(StackName::Template).map_err(|error| Error::name(scope, &error));
    }
    let Some(pattern) = stacks.name_pattern.as_deref().filter(|pattern| !pattern.is_empty()) else {
        return Ok(StackName::Key);
    };
    Ok(match crate::stack::pattern_name(pattern, naming.value) {
        Ok(name) => StackName::Pattern(name),
        Err(token) => StackName::Incomplete { token: token.to_owned() },
    })
}

/// What messages call the name template.
pub(crate) const NAME_TEMPLATE: &str = "stacks.name_template";

/// `stacks.name_template`, unless it is empty.
pub(crate) fn name_template(config: &Config) -> Option<&str> {
    config.stacks.name_template.as_deref().filter(|template| !template.is_empty())
}

/// The variables that decide the names of stacks, as far as they are known.
pub(crate) fn name_variables(config: &Config, index: &StackIndex) -> Vec<String> {
    if let Some(template) = name_template(config) {
        let Some(Reads::Paths(paths)) = index.reads(NAME_TEMPLATE, template) else { return Vec::new() };
        let variable = |path: &Vec<Arc<str>>| match path.as_slice() {
            [section, variable, ..] if &**section == "vars" => Some(variable.to_string()),
            _ => None,
        };
        return paths.iter().filter_map(variable).collect();
    }
    let pattern = config.stacks.name_pattern.as_deref().unwrap_or_default();
    crate::stack::pattern_tokens(pattern).map(str::to_owned).collect()
}

/// What the workspace is derived from.
pub(crate) struct Input<'a> {
    pub scope: &'a Scope<'a>,
    pub component: &'a str,
    pub base: Option<&'a str>,
    pub metadata: &'a Node,
    pub vars: &'a Node,
    pub backend_type: &'a str,
    pub name: &'a StackName,
    /// The merged component, for templates.
    pub data: &'a dyn Fn() -> Node,
}

/// The workspace in which terraform runs the component.
///
/// # Errors
/// `metadata.terraform_workspace_template` cannot be rendered.
pub(crate) fn workspace(input: &Input<'_>) -> Result<String, Error> {
    let scope = input.scope;
    if input.backend_type == "http" || !scope.config.terraform.workspaces_enabled {
        return Ok("default".to_owned());
    }
    let text = |key: &str| input.metadata.get(key).and_then(|node| Some((node, super::own::text_of(node)?)));
    let workspace = if let Some((node, template)) = text("terraform_workspace_template") {
        if template.contains("{{") && !is_marked(&template) {
            let text = Node::new(Value::String(Arc::from(template)), node.span);
            let name = "metadata.terraform_workspace_template";
            let rendered = scope.index.render_marked(name, &text, &(input.data)());
            let (text, data) = rendered.map_err(|error| Error::workspace(scope, input.component, &error))?;
            if data { marked(&text) } else { text }
        } else {
            template
        }
    } else if let Some((_, pattern)) = text("terraform_workspace_pattern") {
        if is_marked(&pattern) {
            marked(&replace_tokens(&tokens(input), unmarked(&pattern)))
        } else {
            filled(scope.config, &tokens(input), &pattern)
        }
    } else if let Some((_, literal)) = text("terraform_workspace") {
        literal
    } else {
        let prefix = input.name.canonical(&scope.stack.key);
        if input.base.is_some() { format!("{prefix}-{}", input.component) } else { prefix.to_owned() }
    };
    Ok(workspace.replace('/', "-"))
}

/// With a name template, and without any naming, the reference knows no variables here; existing workspaces have such
/// names.
fn tokens(input: &Input<'_>) -> Tokens {
    let from_vars = match input.name {
        StackName::Manifest(_) | StackName::Pattern(_) | StackName::Incomplete { .. } => Tokens::from_vars(input.vars),
        StackName::Template(_) | StackName::Key => Tokens::default(),
    };
    let base = input.base.unwrap_or_default();
    let mut read = from_vars.read;
    read.extend(is_marked(base).then(|| ("base-component", unmarked(base).to_owned())));
    Tokens { component: input.component.to_owned(), base_component: unmarked(base).to_owned(), read, ..from_vars }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_tokens_stay() {
        let tokens = Tokens { stage: "dev".to_owned(), component: "vpc".to_owned(), ..Tokens::default() };
        for (pattern, expected) in [
            ("A-{stage}-{component}", "A-dev-vpc"),
            ("{tenant}-{foo}-{component}", "-{foo}-vpc"),
            ("{stage", "{stage"),
            ("{{stage}}", "{dev}"),
        ] {
            assert_eq!(replace_tokens(&tokens, pattern), expected);
        }
    }
}
