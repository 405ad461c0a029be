//! Sources of components that are whole repositories and archives, from the disk and from the web.

use super::vendor_remote::{archive, web};
use crate::support::Sandbox;

const ATMOS: &str = "\
base_path: .
stacks: {base_path: stacks, included_paths: ['**/*'], name_pattern: '{stage}'}
components: {terraform: {base_path: components/terraform}}
";

/// A repository whose top folder is the module, at two tags.
fn module(sandbox: &Sandbox) -> std::path::PathBuf {
    let top = sandbox.root().join("module");
    std::fs::create_dir_all(top.join("inner")).unwrap();
    for tag in ["v1", "v2"] {
        std::fs::write(top.join("main.tf"), format!("# {tag}\n")).unwrap();
        std::fs::write(top.join("inner/a.tf"), format!("# inner of {tag}\n")).unwrap();
        if tag == "v1" {
            sandbox.git(&top, &["init", "-q", "-b", "main"]);
        }
        sandbox.git(&top, &["add", "-A"]);
        sandbox.git(&top, &["commit", "-q", "-m", tag]);
        sandbox.git(&top, &["tag", tag]);
    }
    top
}

/// Runs and fetches a component with each source, and compares its `main.tf`.
fn assert_sources(sandbox: &Sandbox, sources: &[(String, &str)]) {
    let components: Vec<String> =
        sources.iter().enumerate().map(|(at, (source, _))| format!("    s{at}: {source}\n")).collect();
    sandbox
        .write("stacks/dev.yaml", &format!("vars: {{stage: dev}}\ncomponents:\n  terraform:\n{}", components.concat()));
    for (at, (source, expected)) in sources.iter().enumerate() {
        let name = format!("s{at}");
        sandbox.atmos(&["terraform", "plan", &name, "-s", "dev"]).success().says("Auto-provisioned source to");
        let own = source.contains("workdir");
        let folder =
            if own { format!(".workdir/terraform/dev-{name}") } else { format!("components/terraform/{name}") };
        assert_eq!(sandbox.read(&format!("{folder}/main.tf")), *expected, "{source}");
        assert!(!sandbox.repo().join(&folder).join(".git").exists(), "{source}");
        sandbox.atmos(&["terraform", "source", "pull", &name, "-s", "dev", "--force"]).success();
    }
}

fn sandbox() -> Sandbox {
    let mut sandbox = Sandbox::empty();
    sandbox.write("atmos.yaml", ATMOS);
    sandbox.record(&["TERRAFORM"]);
    sandbox.set("GIT_ALLOW_PROTOCOL", "file");
    sandbox
}

#[test]
fn a_whole_repository_is_a_source() {
    let sandbox = sandbox();
    let git = format!("git::file://{}", module(&sandbox).display());
    let (one, two) = ("# v1\n", "# v2\n");
    assert_sources(
        &sandbox,
        &[
            (format!("{{source: '{git}?ref=v1'}}"), one),
            (format!("{{source: '{git}'}}"), two),
            (format!("{{source: {{uri: '{git}', version: v1}}}}"), one),
            (format!("{{source: '{git}//.?ref=v1'}}"), one),
            (format!("{{source: '{git}//?ref=v1'}}"), one),
            (format!("{{source: '{git}?ref=v1', provision: {{workdir: {{enabled: true}}}}}}"), one),
            (format!("{{source: {{uri: '{git}///', version: v2}}}}"), two),
        ],
    );
    sandbox.write(
        "stacks/dev.yaml",
        &format!("vars: {{stage: dev}}\ncomponents: {{terraform: {{gone: {{source: '{git}?ref=v9'}}}}}}\n"),
    );
    let gone = sandbox.atmos(&["terraform", "plan", "gone", "-s", "dev"]).exits(1);
    gone.says("failed to auto-provision the source of gone in dev").says_not("import");
}

#[test]
fn an_archive_is_a_source_whole_and_in_part() {
    let sandbox = sandbox();
    let top = module(&sandbox);
    for (name, format) in [("m.zip", "zip"), ("m.tar.gz", "tar.gz"), ("m.tar", "tar")] {
        let file = sandbox.repo().join(name);
        sandbox.git(&top, &["archive", &format!("--format={format}"), "-o", &file.display().to_string(), "v1"]);
    }
    let zip = std::fs::read(sandbox.repo().join("m.zip")).unwrap();
    let packed = archive(&[("main.tf", "# packed\n"), ("sub/main.tf", "# in part\n")]);
    let server = web(vec![("/a.zip", zip), ("/a.tar.gz", packed), ("/a.tf", b"# alone\n".to_vec())], 0);
    let (repo, base) = (sandbox.repo().display().to_string(), format!("http://{}", server.address));
    assert_sources(
        &sandbox,
        &[
            (format!("{{source: 'file://{repo}/m.zip'}}"), "# v1\n"),
            (format!("{{source: 'file://{repo}/m.tar.gz'}}"), "# v1\n"),
            (format!("{{source: 'file://{repo}/m.tar//.'}}"), "# v1\n"),
            ("{source: ./m.zip}".to_owned(), "# v1\n"),
            ("{source: m.tar.gz, provision: {workdir: {enabled: true}}}".to_owned(), "# v1\n"),
            (format!("{{source: '{base}/a.zip'}}"), "# v1\n"),
            (format!("{{source: {{uri: '{base}/a.tar.gz', version: v1}}}}"), "# packed\n"),
            (format!("{{source: '{base}/a.tar.gz//sub'}}"), "# in part\n"),
        ],
    );
    let inner =
        "vars: {stage: dev}\ncomponents: {terraform: {part: {source: './m.zip//inner'}, file: {source: 'FILE'}}}\n";
    sandbox.write("stacks/dev.yaml", &inner.replace("FILE", &format!("{base}/a.tf")));
    sandbox.atmos(&["terraform", "plan", "part", "-s", "dev"]).success();
    assert_eq!(sandbox.read("components/terraform/part/a.tf"), "# inner of v1\n");
    sandbox.atmos(&["terraform", "plan", "file", "-s", "dev"]).exits(1).says("that is a single file and no folder");
}
