//! The content of data sources by its type.

use std::path::Path;
use std::sync::Arc;

use crate::content;
use crate::host::Host;
use crate::value::{Map, Node, Value};

/// The value that a text is by its type; without one by the name of its file.
pub(super) fn parsed(host: &Host, path: &Path, kind: Option<&str>, text: String) -> Result<Node, String> {
    let by_name = || path.extension().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    let extension = match kind {
        Some("application/json" | "application/array+json" | "text/json") => "json".to_owned(),
        Some(
            "application/yaml"
            | "application/x-yaml"
            | "text/yaml"
            | "text/x-yaml"
            | "text/vnd.yaml"
            | "application/vnd.yaml",
        ) => "yaml".to_owned(),
        Some("application/x-env") => "env".to_owned(),
        Some("text/plain" | "application/text" | "text/html") => String::new(),
        Some("text/csv") => "csv".to_owned(),
        Some("application/toml") => "toml".to_owned(),
        Some("application/octet-stream" | "binary/octet-stream") | None => by_name(),
        Some(kind) if kind.ends_with("+json") => "json".to_owned(),
        Some(kind) => return Err(format!("data sources of the type `{kind}` are not built yet")),
    };
    match extension.as_str() {
        "json" | "yaml" | "yml" | "env" => {
            let name = format!("data.{extension}");
            let node = content::parse(&host.sources, path, &host.cwd, &name, text, content::Tags::Dropped)
                .map_err(|reason| format!("{}: {reason}", path.display()))?;
            Ok(if extension == "json" { as_floats(&node) } else { node })
        }
        "toml" | "csv" => Err(format!("data sources of the type `{extension}` are not built yet ({})", path.display())),
        _ => Ok(Node::from(text)),
    }
}

/// The names in a directory.
pub(super) fn listing(path: &Path) -> Result<Node, String> {
    let failed = |error: std::io::Error| format!("open {}: {error}", path.display());
    let mut names = Vec::new();
    for entry in std::fs::read_dir(path).map_err(failed)? {
        names.push(entry.map_err(failed)?.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    Ok(Node::from(names.into_iter().map(Node::from).collect::<Vec<_>>()))
}

/// Numbers of JSON are floats for templates of the reference.
pub(super) fn as_floats(node: &Node) -> Node {
    let value = match &node.value {
        #[expect(clippy::cast_precision_loss, reason = "so does the reference")]
        Value::Int(number) => Value::Float(*number as f64),
        Value::List(list) => Value::List(Arc::new(list.iter().map(as_floats).collect())),
        Value::Map(map) => {
            Value::Map(Arc::new(map.iter().map(|(key, item)| (key.clone(), as_floats(item))).collect::<Map>()))
        }
        other => other.clone(),
    };
    Node::new(value, node.span)
}
