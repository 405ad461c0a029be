//! Helmfile: from a component and a request to the children that do it. [`steps`] is pure.

use std::path::PathBuf;

use super::Error;
use super::files::File;
use super::names::Names;
use crate::diag::Warning;
use crate::value::Node;

/// One helmfile component in one stack, evaluated.
#[derive(Debug, Clone, Default)]
pub struct Target {
    pub component: String,
    pub stack: String,
    /// The stack's name as file names use it.
    pub context: String,
    pub base_component: Option<String>,
    /// Absolute.
    pub folder: PathBuf,
    /// The same below `base_path`, for messages.
    pub folder_name: String,
    pub base_path: String,
    pub abstract_: bool,
    pub enabled: bool,
    pub locked: bool,
    pub command: String,
    pub command_source: String,
    pub vars: Node,
    /// `vars` as YAML: 2 spaces, sorted keys.
    pub vars_yaml: String,
    pub env: Node,
    pub settings: Settings,
}

/// `components.helmfile` of `atmos.yaml`.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    pub use_eks: bool,
    pub kubeconfig_path: Option<String>,
    pub cluster_name: Option<String>,
    /// Rendered.
    pub cluster_name_template: Option<String>,
    pub cluster_name_pattern: Option<String>,
    pub helm_aws_profile_pattern: Option<String>,
}

/// One helmfile command.
#[derive(Debug, Clone, Default)]
pub struct Request {
    pub verb: String,
    /// `--global-options`, split into words; they stand before the sub-command.
    pub global_options: Vec<String>,
    /// What follows the sub-command.
    pub native: Vec<String>,
    /// `--cluster-name`.
    pub cluster_name: Option<String>,
    /// An identity carries the credentials, so no profile is chosen.
    pub has_identity: bool,
    /// Region of the identity, else of the caller's environment.
    pub fallback_region: Option<String>,
    /// A directory that only this run uses.
    pub private: PathBuf,
}

/// What a run will do, in the order of its fields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    pub varfile: File,
    pub eks: Option<Eks>,
    /// `KUBECONFIG` of the main command.
    pub kubeconfig: Option<PathBuf>,
    /// `AWS_PROFILE` of the deprecated profile pattern.
    pub profile: Option<String>,
    pub args: Vec<String>,
    pub warnings: Vec<Warning>,
}

/// The call that fetches the cluster's kubeconfig, with the `aws` program. The program makes the cluster the current one of
/// the file, so that each run has a file of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Eks {
    pub args: Vec<String>,
    /// Where people look for it; it is written anew with the clusters that are in it already, and no run reads it.
    pub shared: PathBuf,
}

impl Target {
    pub fn varfile_name(&self) -> String {
        Names::new(&self.context, &self.component, self.base_component.as_deref()).helmfile_varfile()
    }

    /// The varfile with its content.
    pub fn varfile(&self) -> File {
        File { name: self.varfile_name(), content: self.vars_yaml.clone(), mode: super::files::PRIVATE }
    }
}

/// Flags of helmfile whose value may be the next word.
const VALUED: [&str; 19] = [
    "-b",
    "--helm-binary",
    "-k",
    "--kustomize-binary",
    "-e",
    "--environment",
    "-f",
    "--file",
    "-c",
    "--chart",
    "-n",
    "--namespace",
    "-l",
    "--selector",
    "--kube-context",
    "--log-level",
    "--state-values-file",
    "--state-values-set",
    "--state-values-set-string",
];

/// Sub-commands of helmfile that are passed on as they are.
pub const PASSED_ON: [&str; 14] = [
    "build",
    "cache",
    "charts",
    "deps",
    "fetch",
    "init",
    "lint",
    "list",
    "print-env",
    "repos",
    "show-dag",
    "status",
    "test",
    "write-values",
];

/// The others.
const OTHERS: [&str; 10] =
    ["apply", "completion", "create", "delete", "destroy", "diff", "help", "sync", "template", "version"];

/// The sub-command among words of helmfile: the first that is one, and no value of a flag.
fn command(words: &[String]) -> Option<&str> {
    let mut words = words.iter().map(String::as_str);
    while let Some(word) = words.next() {
        if VALUED.contains(&word) {
            words.next();
        } else if PASSED_ON.contains(&word) || OTHERS.contains(&word) {
            return Some(word);
        }
    }
    None
}

/// The sub-command of helmfile that is meant: what `exec` runs is refused and read as it is by itself, and one among the
/// global options comes first.
pub fn meant<'r>(global_options: &'r [String], verb: &'r str, native: &'r [String]) -> &'r str {
    let own = || if verb == "exec" { command(native).unwrap_or_default() } else { verb };
    command(global_options).unwrap_or_else(own)
}

/// Whether the sub-command is refused for locked components.
pub fn modifies(meant: &str) -> bool {
    matches!(meant, "sync" | "apply" | "deploy" | "delete" | "destroy")
}

/// Decides a run.
///
/// # Errors
/// Abstract and locked components, and EKS settings that are missing.
pub fn steps(target: &Target, request: &Request) -> Result<Plan, Error> {
    let meant = meant(&request.global_options, &request.verb, &request.native);
    if target.abstract_ && matches!(meant, "sync" | "apply" | "deploy") {
        return Err(Error::Abstract { component: target.component.clone() });
    }
    if target.locked && modifies(meant) {
        return Err(Error::Locked { component: target.component.clone() });
    }
    let verb = if request.verb == "deploy" { "sync" } else { &request.verb };
    let mut args = vec!["--state-values-file".to_owned(), target.varfile_name()];
    args.extend(request.global_options.iter().cloned());
    args.extend((verb != "exec").then(|| verb.to_owned()));
    args.extend(request.native.iter().cloned());
    let mut plan =
        Plan { varfile: target.varfile(), eks: None, kubeconfig: None, profile: None, args, warnings: Vec::new() };
    if target.settings.use_eks {
        add_eks(target, request, &mut plan)?;
    } else {
        plan.kubeconfig = setting(target.settings.kubeconfig_path.as_ref()).map(PathBuf::from);
    }
    Ok(plan)
}

fn setting(value: Option<&String>) -> Option<&str> {
    value.map(String::as_str).filter(|value| !value.is_empty())
}

fn add_eks(target: &Target, request: &Request, plan: &mut Plan) -> Result<(), Error> {
    let directory = setting(target.settings.kubeconfig_path.as_ref()).ok_or(Error::EksSettingMissing {
        key: "components.helmfile.kubeconfig_path",
        help: "set it to a directory for kubeconfig files (or ATMOS_COMPONENTS_HELMFILE_KUBECONFIG_PATH)",
    })?;
    let cluster = cluster_name(target, request, &mut plan.warnings)?;
    let own = target.vars.get("region").and_then(Node::as_str).filter(|region| !region.is_empty());
    let region = own.or(request.fallback_region.as_deref()).ok_or(Error::EksSettingMissing {
        key: "region",
        help: "set `vars.region`, a region of the identity, or AWS_REGION",
    })?;
    let mut args = Vec::new();
    if !request.has_identity {
        let pattern = setting(target.settings.helm_aws_profile_pattern.as_ref()).ok_or(Error::EksSettingMissing {
            key: "identity",
            help: "choose an identity (`settings.auth.identity` or --identity), or set the deprecated \
                   `components.helmfile.helm_aws_profile_pattern`",
        })?;
        plan.warnings.push(deprecated("helm_aws_profile_pattern", "an identity"));
        let profile = expand(pattern, target);
        args.extend(["--profile".to_owned(), profile.clone()]);
        plan.profile = Some(profile);
    }
    let name = format!("{}-kubecfg", target.context.replace('/', "-"));
    // The program that wrote it ran in the component's folder.
    let shared = target.folder.join(directory).join(&name);
    let kubeconfig = request.private.join(name);
    args.extend(["eks".to_owned(), "update-kubeconfig".to_owned()]);
    args.push(format!("--name={cluster}"));
    args.push(format!("--region={region}"));
    args.push(format!("--kubeconfig={}", kubeconfig.display()));
    plan.kubeconfig = Some(kubeconfig);
    plan.eks = Some(Eks { args, shared });
    Ok(())
}

fn cluster_name(target: &Target, request: &Request, warnings: &mut Vec<Warning>) -> Result<String, Error> {
    let settings = &target.settings;
    if let Some(name) = setting(request.cluster_name.as_ref()).or_else(|| setting(settings.cluster_name.as_ref())) {
        return Ok(name.to_owned());
    }
    if let Some(rendered) = setting(settings.cluster_name_template.as_ref()) {
        return Ok(rendered.to_owned());
    }
    let pattern = setting(settings.cluster_name_pattern.as_ref()).ok_or(Error::ClusterNameMissing)?;
    warnings.push(deprecated("cluster_name_pattern", "cluster_name_template"));
    Ok(expand(pattern, target))
}

fn deprecated(key: &str, instead: &str) -> Warning {
    Warning::new("atmos::exec::deprecated", format!("`components.helmfile.{key}` is deprecated"))
        .help(format!("use {instead} instead"))
}

/// Puts the context into a pattern of tokens; a missing one is empty.
fn expand(pattern: &str, target: &Target) -> String {
    let tokens = ["namespace", "tenant", "environment", "stage", "region"];
    let text = tokens.iter().fold(pattern.to_owned(), |text, token| {
        let value = target.vars.get(token).and_then(Node::scalar_text).unwrap_or_default();
        text.replace(&format!("{{{token}}}"), &value)
    });
    text.replace("{component}", &target.component.replace('/', "-"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::value::from_json;

    fn target() -> Target {
        Target {
            component: "infra/echo".to_owned(),
            stack: "dev".to_owned(),
            context: "dev".to_owned(),
            vars: from_json(&json!({"region": "us-east-2", "stage": "dev"})),
            vars_yaml: "region: us-east-2\n".to_owned(),
            ..Target::default()
        }
    }

    fn request(verb: &str) -> Request {
        Request { verb: verb.to_owned(), ..Request::default() }
    }

    fn eks() -> Target {
        let settings = Settings {
            use_eks: true,
            kubeconfig_path: Some("/kube".to_owned()),
            cluster_name_pattern: Some("{stage}-eks-{component}".to_owned()),
            helm_aws_profile_pattern: Some("p-{stage}-{tenant}".to_owned()),
            ..Settings::default()
        };
        Target { settings, ..target() }
    }

    #[test]
    fn q27_deploy_is_sync_and_other_verbs_pass() {
        for (verb, line) in [("deploy", "sync"), ("sync", "sync"), ("lint", "lint"), ("destroy", "destroy")] {
            let plan = steps(&target(), &request(verb)).unwrap();
            assert_eq!(plan.args.join(" "), format!("--state-values-file dev-infra-echo.helmfile.vars.yaml {line}"));
        }
    }

    #[test]
    fn exec_adds_the_varfile_and_nothing_else() {
        let request = Request { native: vec!["sync".to_owned(), "--wait".to_owned()], ..request("exec") };
        let plan = steps(&target(), &request).unwrap();
        assert_eq!(plan.args[2..].join(" "), "sync --wait");
        assert!(steps(&Target { locked: true, ..target() }, &request).is_err());
    }

    #[test]
    fn the_sub_command_is_found_behind_flags_and_their_values() {
        let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        for (options, verb, native, expected) in [
            ("", "sync", "--wait", "sync"),
            ("", "exec", "destroy", "destroy"),
            ("", "exec", "-q destroy", "destroy"),
            ("", "exec", "-e prod destroy --skip-deps", "destroy"),
            ("", "exec", "--environment=prod destroy", "destroy"),
            ("", "exec", "-e destroy list", "list"),
            ("", "exec", "--new-flag value sync", "sync"),
            ("", "exec", "frobnicate", ""),
            ("--no-color", "diff", "", "diff"),
            ("-e prod destroy", "diff", "", "destroy"),
        ] {
            let (options, native) = (words(options), words(native));
            assert_eq!(meant(&options, verb, &native), expected, "{options:?} {verb} {native:?}");
        }
    }

    #[test]
    fn global_options_stand_before_and_arguments_after_the_subcommand() {
        let request = Request {
            global_options: vec!["--no-color".to_owned(), "-e".to_owned(), "prod".to_owned()],
            native: vec!["--suppress-diff".to_owned()],
            ..request("diff")
        };
        let plan = steps(&target(), &request).unwrap();
        assert_eq!(plan.args[2..].join(" "), "--no-color -e prod diff --suppress-diff");
    }

    #[test]
    fn restrictions() {
        let ab = Target { abstract_: true, ..target() };
        let locked = Target { locked: true, ..target() };
        for (verb, abstract_refused, locked_refused) in
            [("sync", true, true), ("deploy", true, true), ("destroy", false, true), ("diff", false, false)]
        {
            let refused = |target: &Target| steps(target, &request(verb)).is_err();
            assert_eq!((refused(&ab), refused(&locked)), (abstract_refused, locked_refused), "{verb}");
        }
    }

    #[test]
    fn kubeconfig_without_eks_is_the_configured_one() {
        let mut target = target();
        assert_eq!(steps(&target, &request("sync")).unwrap().kubeconfig, None);
        target.settings.kubeconfig_path = Some("/k/config".to_owned());
        assert_eq!(steps(&target, &request("sync")).unwrap().kubeconfig, Some(PathBuf::from("/k/config")));
    }

    #[test]
    fn eks_by_profile_and_by_identity() {
        let private = Request { private: PathBuf::from("/run/1"), ..request("sync") };
        let plan = steps(&eks(), &private).unwrap();
        let eks_call = plan.eks.unwrap();
        assert_eq!(
            eks_call.args.join(" "),
            "--profile p-dev- eks update-kubeconfig --name=dev-eks-infra-echo --region=us-east-2 --kubeconfig=/run/1/dev-kubecfg"
        );
        assert_eq!(plan.kubeconfig, Some(PathBuf::from("/run/1/dev-kubecfg")), "nobody else writes it");
        assert_eq!(eks_call.shared, PathBuf::from("/kube/dev-kubecfg"));
        assert_eq!((plan.profile.as_deref(), plan.warnings.len()), (Some("p-dev-"), 2));
        let request = Request { has_identity: true, cluster_name: Some("c".to_owned()), ..private };
        let plan = steps(&eks(), &request).unwrap();
        assert_eq!(
            plan.eks.unwrap().args.join(" "),
            "eks update-kubeconfig --name=c --region=us-east-2 --kubeconfig=/run/1/dev-kubecfg"
        );
        assert_eq!((plan.profile, plan.warnings.len()), (None, 0));
    }

    #[test]
    fn the_name_of_the_cluster_comes_from_flag_setting_template_and_pattern_in_this_order() {
        let mut target = eks();
        let mut request = Request { cluster_name: Some("flag".to_owned()), ..request("sync") };
        target.settings.cluster_name = Some("setting".to_owned());
        target.settings.cluster_name_template = Some("rendered".to_owned());
        let name = |target: &Target, request: &Request| {
            let plan = steps(target, request).unwrap();
            let args = plan.eks.unwrap().args;
            args.iter().find_map(|arg| arg.strip_prefix("--name=")).unwrap().to_owned()
        };
        assert_eq!(name(&target, &request), "flag");
        request.cluster_name = None;
        assert_eq!(name(&target, &request), "setting");
        target.settings.cluster_name = None;
        assert_eq!(name(&target, &request), "rendered");
        target.settings.cluster_name_template = Some(String::new());
        assert_eq!(name(&target, &request), "dev-eks-infra-echo");
    }

    #[test]
    fn q28_a_missing_region_falls_back_or_is_an_error() {
        let target = Target { vars: Node::empty_map(), ..eks() };
        let named = Request { cluster_name: Some("c".to_owned()), has_identity: true, ..request("sync") };
        assert!(matches!(steps(&target, &named), Err(Error::EksSettingMissing { key: "region", .. })));
        let named = Request { fallback_region: Some("eu-west-1".to_owned()), ..named };
        assert!(steps(&target, &named).unwrap().eks.unwrap().args.contains(&"--region=eu-west-1".to_owned()));
    }

    #[test]
    fn eks_settings_that_are_missing_are_named() {
        let mut target = eks();
        target.settings.cluster_name_pattern = None;
        assert!(matches!(steps(&target, &request("sync")), Err(Error::ClusterNameMissing)));
        target.settings.kubeconfig_path = None;
        assert!(matches!(steps(&target, &request("sync")), Err(Error::EksSettingMissing { .. })));
    }
}
