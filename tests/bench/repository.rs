//! A repository of any number of stacks, for measurements: the same bytes for the same number.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// Component modules, each with an abstract base, imported by every stack.
pub(crate) const MODULES: usize = 20;
/// Variables in each base.
const VARIABLES: usize = 12;

/// The files that were written.
struct Files<'a> {
    root: &'a Path,
    written: Vec<PathBuf>,
}

impl Files<'_> {
    fn write(&mut self, path: &str, text: &str) -> std::io::Result<()> {
        let path = self.root.join(path);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent)?;
        }
        std::fs::write(&path, text)?;
        self.written.push(path);
        Ok(())
    }
}

/// Writes the repository below `root` and says which files it has.
///
/// # Errors
/// A file cannot be written.
pub(crate) fn write(root: &Path, stacks: usize) -> std::io::Result<Vec<PathBuf>> {
    let mut files = Files { root, written: Vec::new() };
    files.write(
        "atmos.yaml",
        "base_path: .\nstacks:\n  base_path: stacks\n  included_paths: ['orgs/**/*']\n  name_pattern: '{tenant}-{stage}'\n\
         components:\n  terraform:\n    base_path: components/terraform\n",
    )?;
    for module in 0..MODULES {
        files.write(&format!("stacks/catalog/m{module}.yaml"), &catalog(module))?;
    }
    files.write(
        "stacks/mixins/backend.yaml",
        "terraform:\n  backend_type: s3\n  backend:\n    s3: {bucket: b, region: us-east-1, key: terraform.tfstate}\n",
    )?;
    for stack in 0..stacks {
        files.write(&format!("stacks/orgs/t{}/s{stack}.yaml", stack % 7), &manifest(stack))?;
    }
    Ok(files.written)
}

fn catalog(module: usize) -> String {
    let mut text =
        format!("components:\n  terraform:\n    m{module}/base:\n      metadata: {{type: abstract}}\n      vars:\n");
    for variable in 0..VARIABLES {
        let _ = writeln!(text, "        v{variable}: {{size: {variable}, names: [a{module}, b{variable}], on: true}}");
    }
    let _ = writeln!(
        text,
        "    m{module}:\n      metadata: {{inherits: [m{module}/base]}}\n      vars: {{name: m{module}}}"
    );
    text
}

fn manifest(stack: usize) -> String {
    let mut text = "import:\n- mixins/backend\n".to_owned();
    for module in 0..MODULES {
        let _ = writeln!(text, "- catalog/m{module}");
    }
    let _ = writeln!(text, "vars: {{tenant: t{}, stage: s{stack}}}", stack % 7);
    let _ = writeln!(text, "components:\n  terraform:\n    m{}:\n      vars: {{own: {stack}}}", stack % MODULES);
    text
}
