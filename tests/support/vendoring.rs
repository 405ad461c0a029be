//! A repository that vendors, with a folder of modules beside it.

use super::Sandbox;

/// The configuration of [`vendoring`].
pub(crate) const VENDORING: &str = "base_path: .\nstacks: {base_path: stacks, included_paths: ['*'], name_pattern: '{stage}'}\n\
    components: {terraform: {base_path: components/terraform}, helmfile: {base_path: components/helmfile}}\n";

/// An empty repository, and `../modules/vpc/main.tf` beside it.
pub(crate) fn vendoring() -> Sandbox {
    let sandbox = Sandbox::empty();
    sandbox.write("atmos.yaml", VENDORING);
    sandbox.write("../modules/vpc/main.tf", "# one\n");
    sandbox
}

/// A manifest of sources, each of them lines of a list.
pub(crate) fn vendor_manifest(sources: &str) -> String {
    format!("apiVersion: atmos/v1\nkind: AtmosVendorConfig\nspec:\n  sources:\n{sources}")
}

/// A file below the modules, and its new text; `None` where it goes.
type Change<'t> = (&'t str, Option<&'t str>);

/// Makes the modules a git repository with these tags; for each of them the files that change.
pub(crate) fn tag_modules(sandbox: &Sandbox, tags: &[(&str, &[Change<'_>])]) {
    let top = sandbox.root().join("modules");
    sandbox.git(&top, &["init", "-q", "-b", "main"]);
    for (tag, files) in tags {
        for (path, text) in *files {
            match text {
                Some(text) => std::fs::write(top.join(path), text).unwrap(),
                None => std::fs::remove_file(top.join(path)).unwrap(),
            }
        }
        sandbox.git(&top, &["add", "-A"]);
        sandbox.git(&top, &["commit", "-q", "-m", tag]);
        sandbox.git(&top, &["tag", tag]);
    }
}
