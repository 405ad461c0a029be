//! Tables in Markdown about a terraform module: what it requires, takes and gives.

use std::fmt::Write as _;

use crate::value::{Node, to_json};

/// The tables of a module, by its description.
pub(super) fn tables(module: &Node) -> String {
    let mut text = String::new();
    let mut requirements = Vec::new();
    if let Some(versions) = module.get("required_core") {
        requirements.push(vec![anchor("requirement", "terraform"), versions_of(Some(versions))]);
    }
    for (name, provider) in entries(module, "required_providers") {
        requirements.push(vec![anchor("requirement", name), versions_of(provider.get("version_constraints"))]);
    }
    table(&mut text, "Requirements", &["Name", "Version"], &requirements, "No requirements.");
    let provider = |(name, provider): (&str, &Node)| {
        vec![anchor("provider", name), versions_of(provider.get("version_constraints"))]
    };
    let rows: Vec<Vec<String>> = entries(module, "required_providers").map(provider).collect();
    table(&mut text, "Providers", &["Name", "Version"], &rows, "No providers.");
    let call =
        |(name, call): (&str, &Node)| vec![anchor("module", name), field(call, "source"), field(call, "version")];
    let rows: Vec<Vec<String>> = entries(module, "module_calls").map(call).collect();
    table(&mut text, "Modules", &["Name", "Source", "Version"], &rows, "No modules.");
    let resource = |word: &'static str| move |(name, _): (&str, &Node)| vec![escaped(name), word.to_owned()];
    let data = entries(module, "data_resources").map(|(name, node)| (name.trim_start_matches("data."), node));
    let mut rows: Vec<Vec<String>> = entries(module, "managed_resources").map(resource("resource")).collect();
    rows.extend(data.map(resource("data source")));
    rows.sort();
    table(&mut text, "Resources", &["Name", "Type"], &rows, "No resources.");
    let input = |(name, one): (&str, &Node)| {
        let required = one.get("required").and_then(Node::as_bool) == Some(true);
        let default = if required {
            "n/a".to_owned()
        } else {
            code(&to_json(one.get("default").unwrap_or(&Node::default())).to_string())
        };
        let type_ = field(one, "type");
        let type_ = code(if type_.is_empty() { "any" } else { &type_ });
        vec![
            anchor("input", name),
            cell(&field(one, "description")),
            type_,
            default,
            if required { "yes" } else { "no" }.to_owned(),
        ]
    };
    let rows: Vec<Vec<String>> = entries(module, "variables").map(input).collect();
    table(&mut text, "Inputs", &["Name", "Description", "Type", "Default", "Required"], &rows, "No inputs.");
    let output = |(name, one): (&str, &Node)| vec![anchor("output", name), cell(&field(one, "description"))];
    let rows: Vec<Vec<String>> = entries(module, "outputs").map(output).collect();
    table(&mut text, "Outputs", &["Name", "Description"], &rows, "No outputs.");
    text.trim_end().to_owned()
}

/// Entries by name.
fn entries<'n>(module: &'n Node, key: &str) -> impl Iterator<Item = (&'n str, &'n Node)> {
    let mut found: Vec<(&str, &Node)> =
        module.get(key).and_then(Node::as_map).into_iter().flatten().map(|(name, node)| (&**name, node)).collect();
    found.sort_by_key(|(name, _)| *name);
    found.into_iter()
}

fn table(text: &mut String, title: &str, columns: &[&str], rows: &[Vec<String>], none: &str) {
    let _ = writeln!(text, "## {title}\n");
    if rows.is_empty() {
        let _ = writeln!(text, "{none}\n");
        return;
    }
    let rule: Vec<&str> = columns.iter().map(|column| if *column == "Required" { ":---:" } else { "---" }).collect();
    let _ = writeln!(text, "| {} |\n| {} |", columns.join(" | "), rule.join(" | "));
    for row in rows {
        let _ = writeln!(text, "| {} |", row.join(" | "));
    }
    text.push('\n');
}

/// A name that others can link to.
fn anchor(kind: &str, name: &str) -> String {
    format!("<a name=\"{kind}_{name}\"></a> [{}](#{}\\_{})", escaped(name), kind, escaped(name))
}

fn escaped(text: &str) -> String {
    text.replace('_', "\\_").replace('*', "\\*").replace('|', "\\|")
}

/// Text of several lines in a cell.
fn cell(text: &str) -> String {
    let text = text.trim().replace('|', "\\|").replace('\n', "<br/>");
    if text.is_empty() { "n/a".to_owned() } else { text }
}

fn code(text: &str) -> String {
    let text = text.trim();
    if text.contains('\n') {
        format!("<pre>{}</pre>", text.replace('|', "\\|").replace('\n', "<br/>"))
    } else {
        format!("`{}`", text.replace('|', "\\|"))
    }
}

fn field(node: &Node, key: &str) -> String {
    node.get(key).and_then(Node::scalar_text).unwrap_or_default()
}

fn versions_of(node: Option<&Node>) -> String {
    let texts: Vec<String> =
        node.and_then(Node::as_list).unwrap_or_default().iter().filter_map(Node::scalar_text).collect();
    if texts.is_empty() { "n/a".to_owned() } else { texts.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::content::{Module, Names};

    #[test]
    fn a_module_is_described_in_tables() {
        let mut module = Module::default();
        let text = "terraform {\n  required_version = \">= 1.5\"\n  required_providers {\n    aws = { source = \"hashicorp/aws\", version = \"~> 5\" }\n  }\n}\n\
            variable \"a_b\" {\n  type = string\n  description = \"One | two\\nlines\"\n}\nvariable \"list\" {\n  type = list(string)\n  default = [\"x\"]\n}\n\
            resource \"aws_vpc\" \"main\" {}\nmodule \"m\" { source = \"./m\" }\noutput \"id\" { value = 1 }\n";
        module.read("main.tf", text).unwrap_or_else(|wrong| panic!("{}", wrong.reason));
        let described = module.describe("x", Names::Json);
        let text = tables(&described);
        for part in [
            "## Requirements\n\n| Name | Version |\n| --- | --- |\n| <a name=\"requirement_terraform\"></a> [terraform](#requirement\\_terraform) | >= 1.5 |",
            "[aws](#provider\\_aws) | ~> 5 |",
            "[m](#module\\_m) | ./m |",
            "| aws\\_vpc.main | resource |",
            "[a\\_b](#input\\_a\\_b) | One \\| two<br/>lines | `string` | n/a | yes |",
            "[list](#input\\_list) | n/a | `list(string)` | `[\"x\"]` | no |",
            "## Outputs\n\n| Name | Description |\n| --- | --- |\n| <a name=\"output_id\"></a> [id](#output\\_id) | n/a |",
        ] {
            assert!(text.contains(part), "{part}\n---\n{text}");
        }
    }
}
