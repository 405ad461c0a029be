//! Repositories far beyond anything real: a result or a clear error, soon and in bounded memory.
//!
//! The sizes fit a debug build; `scripts/limits` runs the large ones against a release build.

use std::fmt::Write as _;
use std::time::Duration;

use crate::support::{Outcome, Sandbox};

const CONFIGURATION: &str = "stacks: {base_path: s, included_paths: ['x.yaml'], name_pattern: '{stage}'}\n\
    components: {terraform: {base_path: ct}}\n";
const STACK: &str = "vars: {stage: dev}\ncomponents: {terraform: {vpc: {vars: {a: 1}}}}\n";
const DESCRIBE: &[&str] = &["describe", "component", "vpc", "-s", "dev", "--format", "json"];
/// What a loaded machine may make of a second.
const LONGEST: Duration = Duration::from_secs(20);

fn sandbox(manifest: &str) -> Sandbox {
    let sandbox = Sandbox::empty();
    sandbox.write("atmos.yaml", CONFIGURATION);
    sandbox.write("s/x.yaml", manifest);
    sandbox
}

fn describe(sandbox: &Sandbox) -> Outcome {
    let outcome = sandbox.atmos(DESCRIBE);
    assert!(outcome.elapsed < LONGEST, "{:?}", outcome.elapsed);
    outcome
}

/// `count` times what `line` makes of the number.
fn lines(count: usize, line: impl Fn(usize) -> String) -> String {
    (0..count).fold(String::new(), |mut text, number| {
        text.push_str(&line(number));
        text
    })
}

#[test]
fn a_chain_of_a_thousand_imports_is_refused_with_its_beginning() {
    let sandbox = sandbox(&format!("import: [c/0]\n{STACK}"));
    for number in 0..1000 {
        sandbox.write(&format!("s/c/{number}.yaml"), &format!("import: [c/{}]\n", number + 1));
    }
    sandbox.write("s/c/1000.yaml", "vars: {z: 1}\n");
    describe(&sandbox).exits(1).says("nested more than 64 levels deep").says("x.yaml → c/0.yaml → c/1.yaml");
}

#[test]
fn files_that_import_the_next_one_twice_do_not_double_the_work() {
    let sandbox = sandbox(&format!("import: [c/0, c/0]\n{STACK}"));
    for number in 0..60 {
        let text = format!("import: [c/{next}, c/{next}]\nvars: {{v{number}: 1}}\n", next = number + 1);
        sandbox.write(&format!("s/c/{number}.yaml"), &text);
    }
    sandbox.write("s/c/60.yaml", "vars: {z: 1}\n");
    let described = describe(&sandbox).success().json();
    assert_eq!(described["vars"]["z"], 1);
    assert_eq!(described["vars"]["v0"], 1);
}

#[test]
fn one_file_may_be_imported_many_times() {
    let sandbox = sandbox(&format!("{STACK}import:\n{}", "- c/a\n".repeat(20_000)));
    sandbox.write("s/c/a.yaml", "vars: {z: [1, 2, 3]}\n");
    let described = describe(&sandbox).success().json();
    assert_eq!(described["vars"]["z"], serde_json::json!([1, 2, 3]));
}

#[test]
fn long_lists_and_wide_maps_are_read() {
    for section in [
        format!("  list:\n{}", "  - 1\n".repeat(200_000)),
        lines(100_000, |number| format!("  k{number}: 1\n")),
        format!("  text: |\n{}", format!("    {}\n", "x".repeat(90)).repeat(20_000)),
    ] {
        describe(&sandbox(&format!("{STACK}settings:\n{section}"))).success();
    }
}

#[test]
fn documents_with_too_many_values_say_so() {
    let manifest = format!("{STACK}settings: [{}]\n", "1,".repeat(1_000_001));
    describe(&sandbox(&manifest)).exits(1).says("more than 1000000 keys and values").says_not("aliasing");
}

#[test]
fn aliases_that_multiply_are_refused() {
    let lists = lines(9, |level| {
        format!("  a{}: &a{} [{}]\n", level + 1, level + 1, vec![format!("*a{level}"); 10].join(", "))
    });
    let maps = lines(40, |level| format!("  a{}: &a{} {{l: *a{level}, r: *a{level}}}\n", level + 1, level + 1));
    for levels in [lists, maps] {
        let manifest = format!("{STACK}settings:\n  a0: &a0 [x, y]\n{levels}");
        describe(&sandbox(&manifest)).exits(1).says("excessive aliasing");
    }
}

#[test]
fn a_component_may_have_thousands_of_bases() {
    let mut manifest = "vars: {stage: dev}\ncomponents:\n  terraform:\n".to_owned();
    let names = lines(5000, |number| format!("b{number},"));
    let _ = writeln!(manifest, "    vpc: {{metadata: {{inherits: [{names}]}}}}");
    manifest +=
        &lines(5000, |number| format!("    b{number}: {{metadata: {{type: abstract}}, vars: {{v{number}: 1}}}}\n"));
    let described = describe(&sandbox(&manifest)).success().json();
    assert_eq!(described["vars"]["v4999"], 1);
    assert_eq!(described["vars"].as_object().unwrap().len(), 5001);
}

#[test]
fn deep_and_doubling_inheritance_is_refused() {
    for (count, base, phrase) in
        [(300, "[b{}]", "nested more than 256 levels deep"), (60, "[b{}, b{}]", "more than 10000 bases")]
    {
        let manifest = lines(count, |number| {
            let bases = base.replace("{}", &(number + 1).to_string());
            format!("    b{number}: {{metadata: {{type: abstract, inherits: {bases}}}}}\n")
        });
        let head = "vars: {stage: dev}\ncomponents:\n  terraform:\n    vpc: {metadata: {inherits: [b0]}}\n";
        describe(&sandbox(&format!("{head}{manifest}    b{count}: {{}}\n"))).exits(1).says(phrase);
    }
}

#[test]
fn patterns_that_multiply_end_soon() {
    let braces = "{a/,b}".repeat(40);
    let sandbox = sandbox(&format!("import: ['{braces}*.yaml']\n{STACK}"));
    describe(&sandbox).exits(1).says("more than 1000 paths").says("s/x.yaml:1:10");
    sandbox.write("s/x.yaml", &format!("import: ['c/{}f.yaml']\n{STACK}", "**/".repeat(30)));
    for depth in 0..30 {
        sandbox.write(&format!("s/c/{}f.yaml", "d/".repeat(depth)), &format!("vars: {{v{depth}: 1}}\n"));
    }
    let described = describe(&sandbox).success().json();
    assert_eq!(described["vars"]["v29"], 1);
    sandbox.write("atmos.yaml", &CONFIGURATION.replace("x.yaml", &braces));
    sandbox.atmos(&["list", "stacks"]).exits(1).says("stacks.included_paths").says("more than 1000 paths");
}
