//! Where a secret lies whose provider names no file.

use crate::value::Node;

/// Below `path` of the provider, or `secrets`: a file for the whole stack, or one for the component in it.
pub fn derived_file(spec: Option<&Node>, of_stack: bool, stack: &str, component: &str) -> String {
    let path = spec.and_then(|spec| spec.get("path")).and_then(Node::as_str).filter(|path| !path.is_empty());
    let name = if of_stack || component.is_empty() { stack.to_owned() } else { format!("{stack}.{component}") };
    format!("{}/{name}.enc.yaml", path.unwrap_or("secrets").trim_end_matches('/'))
}
