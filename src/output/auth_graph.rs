//! Providers and identities as graphs: for Graphviz, for Mermaid, and in a Markdown document.

use std::fmt::Write as _;

use crate::auth::list::{IdentityBranch, Listing};

/// Everything that is shown, sorted by name.
struct Graph<'a> {
    providers: Vec<Node<'a>>,
    identities: Vec<Node<'a>>,
    integrations: Vec<Node<'a>>,
}

struct Node<'a> {
    name: &'a str,
    kind: &'a str,
    default: bool,
    /// What it is reached through.
    via: Option<&'a str>,
}

impl<'a> Graph<'a> {
    fn of(listing: &'a Listing) -> Graph<'a> {
        let providers = listing.providers.iter().map(|provider| Node {
            name: provider.name.as_str(),
            kind: &provider.kind,
            default: provider.default,
            via: None,
        });
        let mut open: Vec<&IdentityBranch> = listing.standalone.iter().collect();
        open.extend(listing.providers.iter().flat_map(|provider| &provider.identities));
        let mut identities = Vec::new();
        while let Some(identity) = open.pop() {
            identities.push(Node {
                name: identity.name.as_str(),
                kind: &identity.kind,
                default: identity.default,
                via: identity.via_provider.as_deref().or(identity.via_identity.as_deref()),
            });
            open.extend(&identity.children);
        }
        identities.sort_by_key(|node| node.name);
        let integrations = listing.integrations.iter().map(|leaf| Node {
            name: &leaf.name,
            kind: &leaf.kind,
            default: false,
            via: leaf.via_identity.as_deref().or(leaf.via_provider.as_deref()),
        });
        Graph { providers: providers.collect(), identities, integrations: integrations.collect() }
    }

    fn is_empty(&self) -> bool {
        self.providers.is_empty() && self.identities.is_empty() && self.integrations.is_empty()
    }
}

/// The language of Graphviz.
pub fn graphviz(listing: &Listing) -> String {
    let graph = Graph::of(listing);
    if graph.is_empty() {
        return "digraph AuthConfig {\n  // No providers or identities configured\n}\n".to_owned();
    }
    let quoted = |text: &str| text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    let node = |node: &Node<'_>, colour: &str| {
        let filled =
            if node.default { format!(", style=\"rounded,filled\", fillcolor={colour}") } else { String::new() };
        let (name, kind) = (quoted(node.name), quoted(node.kind));
        format!("  \"{name}\" [label=\"{name}\\n({kind})\"{filled}];\n")
    };
    let mut text = "digraph AuthConfig {\n  rankdir=LR;\n  node [shape=box, style=rounded];\n\n".to_owned();
    graph.providers.iter().for_each(|provider| text += &node(provider, "lightblue"));
    text.push('\n');
    for identity in &graph.identities {
        text += &node(identity, "lightgreen");
        if let Some(via) = identity.via {
            let _ = writeln!(text, "  \"{}\" -> \"{}\";", quoted(via), quoted(identity.name));
        }
    }
    // A name may be that of an identity too: two entries, two nodes.
    for leaf in &graph.integrations {
        let (name, kind) = (quoted(leaf.name), quoted(leaf.kind));
        let _ = writeln!(text, "  \"integration/{name}\" [label=\"{name}\\n({kind})\", shape=note];");
        if let Some(via) = leaf.via {
            let _ = writeln!(text, "  \"{}\" -> \"integration/{name}\" [style=dashed];", quoted(via));
        }
    }
    text + "}\n"
}

/// Names as Mermaid takes them. Names that come out alike are counted.
struct Ids<'a>(std::collections::BTreeMap<&'a str, String>);

impl<'a> Ids<'a> {
    fn of(graph: &Graph<'a>) -> Ids<'a> {
        let mut ids = Ids(std::collections::BTreeMap::new());
        let mut taken = std::collections::BTreeSet::new();
        for node in graph.providers.iter().chain(&graph.identities).chain(&graph.integrations) {
            if ids.0.contains_key(node.name) {
                continue;
            }
            let plain = Ids::plain(node.name);
            let counted = std::iter::once(plain.clone()).chain((2..).map(|count| format!("{plain}_{count}")));
            if let Some(free) = counted.into_iter().find(|id| taken.insert(id.clone())) {
                ids.0.insert(node.name, free);
            }
        }
        ids
    }

    fn plain(name: &str) -> String {
        name.replace(|c: char| !c.is_ascii_alphanumeric(), "_")
    }

    fn of_name(&self, name: &str) -> String {
        self.0.get(name).cloned().unwrap_or_else(|| Ids::plain(name))
    }
}

/// The language of Mermaid.
pub fn mermaid(listing: &Listing) -> String {
    let graph = Graph::of(listing);
    if graph.is_empty() {
        return "graph LR\n  Empty[No providers or identities configured]\n".to_owned();
    }
    let escaped = |text: &str| text.replace('"', "&quot;").replace('<', "&lt;").replace('>', "&gt;");
    let ids = Ids::of(&graph);
    let id = |name: &str| ids.of_name(name);
    let mut text = "graph LR\n".to_owned();
    for node in graph.providers.iter().chain(&graph.identities) {
        let _ = writeln!(text, "  {}[\"{}<br/>{}\"]", id(node.name), escaped(node.name), escaped(node.kind));
    }
    for identity in &graph.identities {
        if let Some(via) = identity.via {
            let _ = writeln!(text, "  {} --> {}", id(via), id(identity.name));
        }
    }
    for leaf in &graph.integrations {
        let node = format!("integration_{}", id(leaf.name));
        let _ = writeln!(text, "  {node}([\"{}<br/>{}\"])", escaped(leaf.name), escaped(leaf.kind));
        if let Some(via) = leaf.via {
            let _ = writeln!(text, "  {} -.-> {node}", id(via));
        }
    }
    text += "\n  classDef provider fill:#e3f2fd,stroke:#1976d2,stroke-width:2px\n  \
             classDef identity fill:#e8f5e9,stroke:#388e3c,stroke-width:2px\n  \
             classDef default stroke:#ff9800,stroke-width:3px\n\n\n";
    for (nodes, class) in [(&graph.providers, "provider"), (&graph.identities, "identity")] {
        for node in nodes {
            let _ = writeln!(text, "  class {} {class}", id(node.name));
        }
        for node in nodes.iter().filter(|node| node.default) {
            let _ = writeln!(text, "  class {} default", id(node.name));
        }
    }
    text
}

/// A document with the graph in it.
pub fn markdown(listing: &Listing) -> String {
    let title = "# Authentication Configuration\n\n";
    if Graph::of(listing).is_empty() {
        return format!("{title}No providers or identities configured.\n");
    }
    format!("{title}```mermaid\n{}```\n", mermaid(listing))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::auth::AuthConfig;
    use crate::value::from_json;

    fn listing(json: &serde_json::Value) -> Listing {
        Listing::of(&AuthConfig::read(&from_json(json)))
    }

    #[test]
    fn graphs_have_every_node_and_edge_once() {
        let listing = listing(&json!({
            "providers": {"corp": {"kind": "mock", "default": true}},
            "identities": {
                "b/x": {"kind": "mock", "via": {"provider": "corp"}},
                "a": {"kind": "mock", "default": true, "via": {"identity": "b/x"}},
                "say \"hi\"": {"kind": "mock"},
            },
            "integrations": {"a": {"kind": "aws/ecr", "via": {"identity": "a"}}},
        }));
        let dot = graphviz(&listing);
        for line in [
            "  \"corp\" [label=\"corp\\n(mock)\", style=\"rounded,filled\", fillcolor=lightblue];",
            "  \"b/x\" [label=\"b/x\\n(mock)\"];\n  \"corp\" -> \"b/x\";",
            "  \"b/x\" -> \"a\";",
            "  \"integration/a\" [label=\"a\\n(aws/ecr)\", shape=note];\n  \"a\" -> \"integration/a\" [style=dashed];",
            "  \"say \\\"hi\\\"\" [label=\"say \\\"hi\\\"\\n(mock)\"];",
        ] {
            assert_eq!(dot.matches(line).count(), 1, "{line}\n{dot}");
        }
        let diagram = mermaid(&listing);
        assert!(diagram.contains("  integration_a([\"a<br/>aws/ecr\"])\n  a -.-> integration_a\n"), "{diagram}");
        for line in ["  b_x[\"b/x<br/>mock\"]\n", "  corp --> b_x\n", "  b_x --> a\n", "  class a default\n"] {
            assert_eq!(diagram.matches(line).count(), 1, "{line}\n{diagram}");
        }
        assert!(markdown(&listing).contains(&format!("```mermaid\n{diagram}```\n")));
    }

    #[test]
    fn names_that_mermaid_takes_for_one_are_two_nodes() {
        let listing = listing(&json!({"identities": {
            "prod/admin": {"kind": "mock"}, "prod-admin": {"kind": "mock", "via": {"identity": "prod/admin"}},
        }}));
        let diagram = mermaid(&listing);
        for line in [
            "  prod_admin[\"prod-admin<br/>mock\"]\n",
            "  prod_admin_2[\"prod/admin<br/>mock\"]\n",
            "  prod_admin_2 --> prod_admin\n",
        ] {
            assert_eq!(diagram.matches(line).count(), 1, "{line}\n{diagram}");
        }
    }

    #[test]
    fn nothing_is_said_to_be_nothing() {
        let listing = listing(&json!({}));
        assert!(graphviz(&listing).contains("No providers"));
        assert!(mermaid(&listing).contains("Empty[No providers"));
        assert!(markdown(&listing).ends_with("No providers or identities configured.\n"));
    }
}
