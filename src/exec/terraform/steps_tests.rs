use serde_json::json;

use super::*;
use crate::exec::terraform::Settings;
use crate::exec::terraform::sensitive::Declaration;
use crate::value::from_json;

fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

fn target() -> Target {
    Target {
        component: "vpc".to_owned(),
        stack: "dev".to_owned(),
        context: "dev".to_owned(),
        workspace: "dev".to_owned(),
        backend_type: "local".to_owned(),
        vars: from_json(&json!({"region": "us-east-2", "a": null})),
        settings: Settings { workspaces_enabled: true, ..Settings::default() },
        ..Target::default()
    }
}

fn request(command: &str, native: &str) -> Request {
    Request { words: words(command), native: words(native), stdin_readable: true, ..Request::default() }
}

fn main_line(target: &Target, request: &Request) -> String {
    let plan = steps(target, request, &Env::default()).unwrap();
    plan.main.map_or_else(|| "-".to_owned(), |args| args.join(" "))
}

#[test]
fn arguments_of_every_subcommand() {
    const V: &str = "dev-vpc.terraform.tfvars.json";
    const P: &str = "dev-vpc.planfile";
    for (command, native, expected) in [
        ("plan", "", format!("plan -var-file {V} -out {P}")),
        ("plan", "-out=foo -no-color", format!("plan -var-file {V} -out=foo -no-color")),
        ("plan", "-out foo", format!("plan -var-file {V} -out foo")),
        ("apply", "", format!("apply -var-file {V}")),
        ("apply", "-auto-approve", format!("apply -var-file {V} -auto-approve")),
        ("deploy", "-target x.y", format!("apply -var-file {V} -auto-approve -target x.y")),
        ("deploy", "-auto-approve", format!("apply -var-file {V} -auto-approve")),
        ("destroy", "", format!("destroy -var-file {V}")),
        ("import", "ADDR ID", format!("import -var-file {V} ADDR ID")),
        ("refresh", "", format!("refresh -var-file {V}")),
        ("console", "", format!("console -var-file {V}")),
        ("test", "-verbose", format!("test -var-file {V} -verbose")),
        ("output", "-raw x", "output -raw x".to_owned()),
        ("state rm", "ADDR", "state rm ADDR".to_owned()),
        ("providers", "", "providers".to_owned()),
        ("providers lock", "-platform=linux_amd64", "providers lock -platform=linux_amd64".to_owned()),
        ("validate", "-json", "validate -json".to_owned()),
        ("workspace", "", "-".to_owned()),
        ("workspace list", "", "workspace list".to_owned()),
        ("workspace select", "-or-create", "workspace select -or-create dev".to_owned()),
        ("workspace delete", "-force", "workspace delete -force dev".to_owned()),
        ("init", "-upgrade", "-".to_owned()),
    ] {
        assert_eq!(main_line(&target(), &request(command, native)), expected, "{command} {native}");
    }
}

#[test]
fn plan_flags() {
    let skip = Request { skip_planfile: Some(true), upload_status: true, ..request("plan", "") };
    assert_eq!(main_line(&target(), &skip), "plan -var-file dev-vpc.terraform.tfvars.json -detailed-exitcode");
    assert!(steps(&target(), &skip, &Env::default()).unwrap().detailed_exit_code);
    let mut target = target();
    target.settings.plan_skip_planfile = true;
    assert_eq!(main_line(&target, &request("plan", "")), "plan -var-file dev-vpc.terraform.tfvars.json");
    let saves = Request { skip_planfile: Some(false), ..request("plan", "") };
    assert!(main_line(&target, &saves).ends_with("-out dev-vpc.planfile"), "the flag goes before the setting");
}

#[test]
fn q2_a_saved_plan_is_applied_and_nothing_else() {
    let cases = [
        (Some("f.plan"), None, "apply -no-color f.plan"),
        (None, Some(FromPlan::Canonical), "apply -no-color dev-vpc.planfile"),
        (None, Some(FromPlan::File("g.plan".to_owned())), "apply -no-color g.plan"),
    ];
    for (planfile, from_plan, expected) in cases {
        for command in ["apply", "deploy"] {
            let request = Request {
                planfile: planfile.map(str::to_owned),
                from_plan: from_plan.clone(),
                ..request(command, "-no-color")
            };
            let plan = steps(&target(), &request, &Env::default()).unwrap();
            assert_eq!(plan.main.unwrap().join(" "), expected);
            assert!(plan.varfiles.is_empty());
            assert_eq!(plan.needs_planfile.as_deref(), expected.rsplit(' ').next());
        }
    }
    let request = Request { from_plan: Some(FromPlan::Canonical), ..request("plan", "") };
    assert!(matches!(steps(&target(), &request, &Env::default()), Err(Error::BadRequest { .. })));
}

#[test]
fn apply_auto_approve_from_configuration() {
    let mut target = target();
    target.settings.apply_auto_approve = true;
    assert_eq!(
        main_line(&target, &request("apply", "")),
        "apply -var-file dev-vpc.terraform.tfvars.json -auto-approve"
    );
    let planned = Request { planfile: Some("p".to_owned()), ..request("apply", "") };
    assert_eq!(main_line(&target, &planned), "apply p");
}

#[test]
fn q9_only_an_apply_removes_files() {
    for (command, removed) in [
        ("plan", vec![]),
        ("output", vec![]),
        ("validate", vec![]),
        ("destroy", vec![]),
        ("apply", vec!["dev-vpc.terraform.tfvars.json", "dev-vpc.planfile"]),
        ("deploy", vec!["dev-vpc.terraform.tfvars.json", "dev-vpc.planfile"]),
    ] {
        assert_eq!(steps(&target(), &request(command, ""), &Env::default()).unwrap().remove, removed, "{command}");
    }
    let explicit = Request { planfile: Some("p".to_owned()), ..request("apply", "") };
    assert_eq!(steps(&target(), &explicit, &Env::default()).unwrap().remove, ["dev-vpc.terraform.tfvars.json"]);
}

#[test]
fn workspace_selection_and_its_exceptions() {
    let select = Workspace::Select("dev".to_owned());
    let workspace = |target: &Target, command: &str, env: &[(&str, &str)]| {
        steps(target, &request(command, ""), &env.iter().copied().collect()).unwrap().workspace
    };
    assert_eq!(workspace(&target(), "plan", &[]), select);
    assert_eq!(workspace(&target(), "workspace", &[]), select);
    for command in ["init", "workspace list", "providers", "providers lock"] {
        assert_eq!(workspace(&target(), command, &[]), Workspace::Leave, "{command}");
    }
    let http = Target { backend_type: "http".to_owned(), ..target() };
    // The selected workspace cannot be deleted.
    assert_eq!(workspace(&target(), "workspace delete", &[]), Workspace::Select("default".to_owned()));
    let default = Target { workspace: "default".to_owned(), ..target() };
    assert_eq!(workspace(&default, "workspace delete", &[]), Workspace::Leave);
    assert_eq!(workspace(&http, "plan", &[]), Workspace::Leave);
    assert!(matches!(steps(&http, &request("workspace", ""), &Env::default()), Err(Error::HttpWorkspaces)));
    assert_eq!(workspace(&target(), "plan", &[("TF_WORKSPACE", "")]), select);
}

#[test]
fn q11_disabled_workspaces_are_never_selected() {
    let mut target = Target { workspace: "default".to_owned(), ..target() };
    target.settings.workspaces_enabled = false;
    assert_eq!(steps(&target, &request("plan", ""), &Env::default()).unwrap().workspace, Workspace::Leave);
}

#[test]
fn q12_tf_workspace_of_the_component_skips_the_selection_and_warns() {
    let env = Env::from_iter([("TF_WORKSPACE", "other")]);
    let plan = steps(&target(), &request("plan", ""), &env).unwrap();
    assert_eq!((plan.workspace, plan.warnings.len()), (Workspace::Leave, 1));
}

#[test]
fn q20_a_workspace_that_looks_like_a_flag_is_refused() {
    for name in ["", "--wsp"] {
        let target = Target { workspace: name.to_owned(), ..target() };
        let result = steps(&target, &request("plan", ""), &Env::default());
        assert!(matches!(result, Err(Error::BadWorkspace { .. })), "{name}");
    }
}

#[test]
fn abstract_and_locked_components() {
    let ab = Target { abstract_: true, ..target() };
    let locked = Target { locked: true, ..target() };
    for (command, abstract_refused, locked_refused) in [
        ("plan", true, false),
        ("apply", true, true),
        ("deploy", true, true),
        ("workspace", true, false),
        ("output", false, false),
        ("destroy", false, true),
        ("state rm", false, true),
        ("state list", false, false),
    ] {
        let request = request(command, "");
        let refused = |target| steps(target, &request, &Env::default()).is_err();
        assert_eq!((refused(&ab), refused(&locked)), (abstract_refused, locked_refused), "{command}");
    }
}

#[test]
fn init_wishes() {
    let wish = |target: &Target, request: &Request| steps(target, request, &Env::default()).unwrap().init;
    let implicit = |reconfigure, args: &str| InitWish::Implicit { reconfigure, forced: false, args: words(args) };
    assert_eq!(wish(&target(), &request("plan", "")), implicit(false, "-input=false"));
    assert_eq!(wish(&target(), &Request { interactive: true, ..request("plan", "") }), implicit(false, ""));
    assert_eq!(wish(&target(), &request("workspace", "")), implicit(true, "-input=false"));
    assert_eq!(wish(&target(), &Request { skip_init: true, ..request("plan", "") }), InitWish::Never);
    assert_eq!(wish(&target(), &request("deploy", "")), InitWish::Never);
    let on = Request { deploy_run_init: Some(true), ..request("deploy", "") };
    let forced = Request { force_init: true, ..request("deploy", "") };
    assert!(matches!(wish(&target(), &forced), InitWish::Implicit { forced: true, .. }));
    assert_eq!(wish(&target(), &on), implicit(false, "-input=false"));
    let mut reconfigured = target();
    reconfigured.settings.init_run_reconfigure = true;
    reconfigured.settings.init_pass_vars = true;
    assert_eq!(
        wish(&reconfigured, &request("plan", "")),
        implicit(true, "-var-file dev-vpc.terraform.tfvars.json -input=false")
    );
    assert_eq!(
        wish(&reconfigured, &request("init", "-upgrade")),
        InitWish::Explicit { reconfigure: true, args: words("-var-file dev-vpc.terraform.tfvars.json -upgrade") }
    );
    let off = Request { init_run_reconfigure: Some(false), ..request("init", "") };
    assert!(matches!(wish(&reconfigured, &off), InitWish::Explicit { reconfigure: false, .. }));
}

#[test]
fn a_confirmation_that_nobody_can_give_is_refused_before_the_start() {
    let closed = |command: &str, native: &str| Request { stdin_readable: false, ..request(command, native) };
    let check = |request: &Request, env: &[(&str, &str)]| steps(&target(), request, &env.iter().copied().collect());
    assert!(matches!(check(&closed("apply", ""), &[]), Err(Error::NoTty { .. })));
    assert!(matches!(check(&closed("destroy", ""), &[]), Err(Error::NoTty { .. })));
    assert!(check(&closed("apply", "-auto-approve"), &[]).is_ok());
    assert!(check(&closed("apply", "my.plan"), &[]).is_ok());
    assert!(matches!(check(&closed("apply", "-target a.b"), &[]), Err(Error::NoTty { .. })));
    assert!(check(&closed("deploy", ""), &[]).is_ok());
    assert!(check(&closed("plan", ""), &[]).is_ok());
    assert!(check(&closed("apply", ""), &[("TF_CLI_ARGS_apply", "-auto-approve")]).is_ok());
}

#[test]
fn a_refused_confirmation_advises_what_the_command_can_do() {
    for (command, many, advised, not_advised) in [
        ("destroy", false, "-auto-approve", "deploy"),
        ("destroy", true, "-auto-approve", "--from-plan"),
        ("apply", true, "deploy", "--from-plan"),
        ("apply", false, "--from-plan", "destroy"),
    ] {
        let request = Request { stdin_readable: false, many, ..request(command, "") };
        let Err(Error::NoTty { help, .. }) = steps(&target(), &request, &Env::default()) else { panic!("{command}") };
        assert!(help.contains(advised) && !help.contains(not_advised), "{command} {many}: {help}");
    }
}

#[test]
fn another_workspace_than_the_own_is_refused() {
    for command in ["workspace", "workspace select", "workspace new", "workspace delete"] {
        for native in ["other", "-force other", "-lock-timeout 5s other"] {
            let result = steps(&target(), &request(command, native), &Env::default());
            assert!(
                matches!(&result, Err(Error::WorkspaceName { word, workspace, .. }) if word == "other" && workspace == "dev"),
                "{command} {native}"
            );
        }
    }
    assert_eq!(
        main_line(&target(), &request("workspace delete", "-lock-timeout 5s -force")),
        "workspace delete -lock-timeout 5s -force dev"
    );
}

#[test]
fn varfiles_are_private_and_keep_nulls() {
    let plan = steps(&target(), &request("plan", ""), &Env::default()).unwrap();
    assert_eq!(plan.varfiles[0].content, "{\n  \"a\": null,\n  \"region\": \"us-east-2\"\n}\n");
    assert_eq!(plan.varfiles[0].mode, 0o600);
    let secret =
        Target { secret_vars: std::iter::once(("region".to_owned(), Declaration::default())).collect(), ..target() };
    let plan = steps(&secret, &request("plan", ""), &Env::default()).unwrap();
    assert_eq!(plan.varfiles[0].content, "{\n  \"a\": null\n}\n");
    let tested = Target { test_vars: from_json(&json!({"b": 1})), ..target() };
    let plan = steps(&tested, &request("test", ""), &Env::default()).unwrap();
    assert_eq!(plan.varfiles.len(), 2);
    assert_eq!(plan.remove, ["dev-vpc.terraform.test.tfvars.json"]);
}

#[test]
fn import_brings_the_region() {
    let plan = steps(&target(), &request("import", "A B"), &Env::default()).unwrap();
    assert_eq!(plan.main_env, [("AWS_REGION".to_owned(), "us-east-2".to_owned())]);
}
