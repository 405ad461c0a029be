//! What of a configuration OpenTofu evaluates before anything is installed: where modules come from, and the backend.

use super::blocks::{Attribute, Block, Body, json, native};

/// What of it there is in one file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Early {
    /// A source or version of a module or a setting of the backend is more than a constant.
    pub evaluates: bool,
    /// Something that such an expression may refer to reads files.
    pub reads_files: bool,
}

/// Looks through a file. What is no terraform may do anything.
pub fn early(text: &str, is_json: bool) -> Early {
    let may_evaluate = ["module", "backend", "cloud"].iter().any(|word| text.contains(word));
    let may_read = text.contains("file");
    if !may_evaluate && !may_read {
        return Early::default();
    }
    let Ok(body) = (if is_json { json(text) } else { native(text) }) else {
        return Early { evaluates: may_evaluate, reads_files: may_read };
    };
    // Of JSON the locals are not taken apart.
    Early {
        evaluates: body.blocks.iter().any(evaluates),
        reads_files: if is_json {
            may_read && calls_file(text)
        } else {
            let is_early = |block: &&Block| matches!(&*block.kind, "locals" | "module" | "terraform");
            body.blocks.iter().filter(is_early).any(|block| reads_files(&block.body))
        },
    }
}

/// `file`, `filebase64`, `templatefile`, `fileset` and their like.
fn calls_file(written: &str) -> bool {
    written.contains("file") && written.contains('(')
}

fn reads_files(body: &Body) -> bool {
    body.attributes.iter().any(|attribute| calls_file(&attribute.written))
        || body.blocks.iter().any(|inner| reads_files(&inner.body))
}

fn evaluates(block: &Block) -> bool {
    match &*block.kind {
        "module" => {
            let named = |attribute: &&Attribute| matches!(&*attribute.name, "source" | "version");
            block.body.attributes.iter().filter(named).any(|attribute| attribute.value.is_none())
        }
        "terraform" => {
            let is_place = |name: &str| matches!(name, "backend" | "cloud");
            let in_json = |attribute: &Attribute| is_place(&attribute.name) && attribute.value.is_none();
            block.body.blocks.iter().any(|inner| is_place(&inner.kind) && has_expressions(&inner.body))
                || block.body.attributes.iter().any(in_json)
        }
        _ => false,
    }
}

fn has_expressions(body: &Body) -> bool {
    body.attributes.iter().any(|attribute| attribute.value.is_none())
        || body.blocks.iter().any(|inner| has_expressions(&inner.body))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_evaluated_early_is_told_from_everything_else() {
        for (text, evaluates, reads_files) in [
            ("module \"a\" { source = \"./a\" }\nresource \"x\" \"y\" { source = var.z }", false, false),
            ("module \"a\" {\n  source = \"./${var.a}\"\n}\n", true, false),
            ("module \"a\" {\n  source = \"h/a/b\"\n  version = local.v\n}\n", true, false),
            ("module \"a\" {\n  source = join(\"/\", [\n    \".\", var.a,\n  ])\n}\n", true, false),
            ("terraform {\n  backend \"s3\" {\n    bucket = \"b\"\n    key = var.key\n  }\n}\n", true, false),
            (
                "terraform {\n  backend \"s3\" {\n    bucket = \"b\"\n    assume_role = { role_arn = local.r }\n  }\n}\n",
                true,
                false,
            ),
            (
                "terraform {\n  backend \"s3\" {\n    bucket = \"b\"\n    encrypt = true\n    n = 1\n  }\n}\n",
                false,
                false,
            ),
            ("locals {\n  f = trimspace(file(\"which.txt\"))\n}\n", false, true),
            ("resource \"x\" \"y\" {\n  z = file(\"a\")\n}\n", false, false),
            ("module \"a\" {\n  source = var.a\n  text = templatefile(\"x\", {})\n}\n", true, true),
            ("module \"a\" {\n  source = ", true, false),
        ] {
            assert_eq!(early(text, false), Early { evaluates, reads_files }, "{text}");
        }
        for (text, evaluates) in [
            (r#"{"module": {"a": {"source": "./a"}}}"#, false),
            (r#"{"module": {"a": {"source": "./${var.a}"}}}"#, true),
            (r#"{"terraform": {"backend": {"s3": {"bucket": "b"}}}}"#, false),
            (r#"{"terraform": {"backend": {"s3": {"bucket": "${var.b}"}}}}"#, true),
        ] {
            assert_eq!(early(text, true).evaluates, evaluates, "{text}");
        }
    }
}
