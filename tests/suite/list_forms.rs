//! What is in the cells of lists, and who reads them: terminals, programs, jobs of CI.

use crate::support::{BY_STAGE, Sandbox, Terminal};

/// What a command shows at a terminal.
fn at_a_terminal(sandbox: &Sandbox, args: &[&str]) -> String {
    let (code, text) = Terminal::start(sandbox.atmos_command(args)).finish();
    assert_eq!(code, 0, "{text}");
    text
}

#[test]
fn lists_choose_by_labels_and_tags_as_runs_do() {
    let metadata = "{labels: {tier: 1, crit: true}, tags: [net, 42]}";
    let stack =
        format!("vars: {{stage: dev}}\ncomponents: {{terraform: {{vpc: {{metadata: {metadata}}}, x: {{}}}}}}\n");
    let sandbox = Sandbox::of_stack(&stack);
    sandbox.write("components/terraform/vpc/main.tf", "");
    for choice in [["--labels", "tier=1"], ["--labels", "crit=true"], ["--tags", "42"]] {
        for list in ["instances", "components", "metadata"] {
            let args = [&["list", list, "--columns", "component"][..], &choice].concat();
            assert_eq!(sandbox.atmos(&args).success().stdout, "vpc\n", "{args:?}");
        }
        let args = [&["terraform", "plan", "--all", "-s", "dev", "--dry-run"][..], &choice].concat();
        sandbox.atmos(&args).success().says("vpc in dev").says_not("x in dev");
    }
    let shown = sandbox.atmos(&["list", "metadata", "--columns", "tags,labels"]).success();
    assert_eq!(shown.stdout.lines().next().unwrap(), "[net 42]\tmap[crit:true tier:1]");
}

#[test]
fn cells_cannot_steer_a_terminal_or_break_a_row() {
    let sandbox = Sandbox::of_stack(
        "vars: {stage: dev}\ncomponents: {terraform: {c: {metadata: {description: \"d\\x1b[2J\"}, vars: {esc: \
         \"a\\x1b[31mred\\x07\", cr: \"abc\\rX\", nl: \"l1\\nl2\\n\"}}}}\n",
    );
    for args in [
        &["list", "vars", "c"][..],
        &["list", "metadata"],
        &["list", "instances", "--columns", "E=vars.esc", "-f", "csv"],
    ] {
        let text = at_a_terminal(&sandbox, args);
        assert!(!text.contains("[31m\u{7}") && !text.contains('\u{1b}') && !text.contains('\u{7}'), "{text:?}");
        assert!(text.contains("\\u{1b}"), "{text:?}");
    }
    let text = at_a_terminal(&sandbox, &["list", "vars", "c"]);
    assert!(text.contains("l1\\nl2") && text.contains("abc\\u{d}X"), "{text:?}");
    // Programs get what the value is.
    let piped = sandbox.atmos(&["list", "instances", "--columns", "E=vars.esc"]).success();
    assert_eq!(piped.stdout, "a\u{1b}[31mred\u{7}\n");
}

#[test]
fn a_cell_may_be_longer_than_a_width_in_a_format() {
    let stack =
        format!("vars: {{stage: dev}}\ncomponents: {{terraform: {{c: {{vars: {{a: {}}}}}}}}}\n", "x".repeat(65_600));
    let sandbox = Sandbox::of_stack(&stack);
    for args in [&["list", "vars", "c"][..], &["list", "instances", "--columns", "stack,A=vars.a"]] {
        assert!(at_a_terminal(&sandbox, args).contains("xxxx"));
    }
}

#[test]
fn values_keep_their_type_where_that_is_asked_for() {
    let sandbox = Sandbox::of_stack(
        "vars: {stage: dev}\ncomponents: {terraform: {c: {vars: {n: 2, on: true, m: {k: [1]}}, metadata: {locked: true}}}}\n",
    );
    let json = |args: &[&str]| sandbox.atmos(&[args, &["-f", "json"]].concat()).success().json();
    let typed =
        json(&["list", "instances", "--columns", "locked,vars,N=vars.n,T={{ .vars.n }}-,none=vars.x", "--typed"]);
    let expected = serde_json::json!([{
        "Locked": true, "Vars": {"n": 2, "on": true, "m": {"k": [1]}, "stage": "dev"}, "N": 2, "T": "2-", "none": null
    }]);
    assert_eq!(typed, expected);
    assert_eq!(json(&["list", "components", "--typed"])[0]["Stacks"], 1);
    // Scripts that were written for the reference go on.
    assert_eq!(json(&["list", "components"])[0]["Stacks"], "1");
    let yaml = sandbox.atmos(&["list", "components", "--typed", "-f", "yaml"]).success();
    assert!(yaml.stdout.contains("Stacks: 1\n"), "{yaml}");
}

#[test]
fn all_columns_and_no_header() {
    let sandbox = Sandbox::of_stack("vars: {stage: dev}\ncomponents: {terraform: {c: {}}}\n");
    let csv = sandbox.atmos(&["list", "components", "--columns", "*", "-f", "csv"]).success();
    assert!(csv.stdout.starts_with("Component,Type,Stack_count,Component_type,"), "{csv}");
    let bare = sandbox.atmos(&["list", "components", "-f", "csv", "--no-header"]).success();
    assert_eq!(bare.stdout, "c,terraform,1\n");
    let bare = sandbox.atmos(&["list", "vars", "c", "-f", "csv", "--no-header"]).success();
    assert_eq!(bare.stdout, "stage,dev\n");
    let twice = sandbox.atmos(&["list", "components", "--columns", "A=component,A=type", "-f", "json"]).success();
    assert_eq!(twice.says("two columns have the name 'A'").json()[0]["A"], "terraform");
}

#[test]
fn jobs_get_what_can_run_in_their_file_of_outputs() {
    let sandbox = Sandbox::of_stack(
        "vars: {stage: dev}\ncomponents: {terraform: {base: {metadata: {type: abstract}}, c: {metadata: {inherits: [base]}}}}\n",
    );
    let matrix = ["list", "instances", "-f", "matrix"];
    let entries = sandbox.atmos(&matrix).success().json();
    assert_eq!(entries["include"].as_array().unwrap().len(), 1, "{entries}");
    assert_eq!(entries["include"][0]["component"], "c");
    let tree = sandbox.atmos(&["list", "instances", "-f", "tree"]).success();
    assert!(tree.stdout.contains(" c") && !tree.stdout.contains("base"), "{tree}");
    let outputs = [("GITHUB_OUTPUT", "outputs")];
    assert_ne!(sandbox.atmos_with(&outputs, &matrix).success().stdout, "");
    sandbox.write("atmos.yaml", &format!("{BY_STAGE}ci: {{enabled: true}}\n"));
    assert_eq!(sandbox.atmos_with(&outputs, &matrix).success().stdout, "");
    let written = sandbox.read("outputs");
    assert!(written.starts_with("matrix={\"include\":[{\"stack\":\"dev\",\"component\":\"c\""), "{written}");
    assert!(written.ends_with("\ncount=1\n"), "{written}");
}

#[test]
fn components_of_a_kind_with_a_command_are_listed() {
    let sandbox = Sandbox::of_stack(
        "vars: {stage: dev}\ncomponents: {terraform: {c: {}}, script: {sc: {vars: {a: 1}}}, other: {o: {}}}\n",
    );
    let listed = |args: &[&str]| sandbox.atmos(args).success().stdout;
    assert_eq!(listed(&["list", "instances"]), "c\tdev\n");
    let commands = "commands: [{name: run, commands: [{name: it, component: {type: script}, steps: ['true']}]}]\n";
    sandbox.write("atmos.yaml", &format!("{BY_STAGE}{commands}"));
    assert_eq!(listed(&["list", "instances", "-s", "dev"]), "c\tdev\nsc\tdev\n");
    assert_eq!(listed(&["list", "components", "-s", "dev"]), "c\tterraform\t1\nsc\tscript\t1\n");
    let described = sandbox.atmos(&["describe", "stacks", "-f", "json"]).success().json();
    assert_eq!(described["dev"]["components"]["script"]["sc"]["vars"]["a"], 1);
    assert_eq!(described["dev"]["components"]["other"], serde_json::Value::Null);
}

#[test]
fn a_status_says_what_it_is() {
    let sandbox = Sandbox::of_stack(
        "vars: {stage: dev}\ncomponents: {terraform: {a: {}, b: {metadata: {enabled: false}}, c: {metadata: {locked: \
         true}}}}\n",
    );
    for list in ["instances", "components"] {
        let args = ["list", list, "--columns", "C={{ .component }},S={{ .status }},T={{ .status_text }}"];
        let expected = "a\tenabled\tenabled\nb\tdisabled\tdisabled\nc\tlocked\tlocked\n";
        assert_eq!(sandbox.atmos(&args).success().stdout, expected, "{list}");
        assert!(at_a_terminal(&sandbox, &args).contains("disabled"));
    }
}
