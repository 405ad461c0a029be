//! Examples on help pages.

/// What stands above them.
pub(super) const HEADING: &str = "EXAMPLES:";

/// Commands, and how they are called.
const EXAMPLES: &[(&str, &[&str])] = &[
    (
        "atmos",
        &[
            "atmos terraform plan vpc -s prod",
            "atmos describe component vpc -s prod --query .vars",
            "atmos list components -s 'prod-*'",
        ],
    ),
    (
        "atmos terraform",
        &[
            "atmos terraform plan vpc -s prod",
            "atmos terraform apply --all -s prod",
            "atmos terraform output vpc -s prod --format json",
        ],
    ),
    (
        "atmos terraform plan",
        &["atmos terraform plan vpc -s prod", "atmos terraform plan vpc -s prod -- -target=aws_vpc.this"],
    ),
    ("atmos terraform lint", &["atmos terraform lint", "atmos terraform lint vpc", "atmos terraform lint --affected"]),
    (
        "atmos terraform migrate",
        &["atmos terraform migrate plan vpc -s prod", "atmos terraform migrate apply vpc -s prod --migration 1.hcl"],
    ),
    (
        "atmos terraform cache",
        &["atmos terraform cache stats", "atmos terraform cache mirror --all --platform linux_amd64"],
    ),
    (
        "atmos terraform apply",
        &[
            "atmos terraform apply vpc -s prod",
            "atmos terraform apply vpc -s prod --from-plan",
            "atmos terraform apply --all --from-plan",
        ],
    ),
    (
        "atmos terraform output",
        &["atmos terraform output vpc -s prod --format json", "atmos terraform output --all -s prod-* --format json"],
    ),
    ("atmos terraform destroy", &["atmos terraform destroy --all -s dev --exclude vpc"]),
    ("atmos terraform exec", &["atmos terraform exec vpc -s prod -- state list"]),
    ("atmos terraform env", &["atmos terraform env vpc -s prod --format json"]),
    ("atmos helmfile", &["atmos helmfile diff ingress -s prod", "atmos helmfile sync ingress -s prod"]),
    ("atmos auth", &["atmos auth login", "atmos auth whoami", "atmos auth exec -i data-admin -- aws s3 ls"]),
    (
        "atmos aws",
        &["atmos aws ecr login images", "atmos aws eks update-kubeconfig --name dev --region eu-west-1 -i data-admin"],
    ),
    ("atmos azure", &["atmos azure acr login images", "atmos azure aks update-kubeconfig --integration dev-cluster"]),
    ("atmos gcp", &["atmos gcp gke update-kubeconfig --integration dev-cluster", "atmos gcp gke token -i deploy"]),
    (
        "atmos describe",
        &[
            "atmos describe component vpc -s prod",
            "atmos describe affected --format matrix",
            "atmos describe diff vpc -s dev -s prod",
        ],
    ),
    (
        "atmos describe component",
        &[
            "atmos describe component vpc -s prod",
            "atmos describe component vpc -s prod --query '.vars.cidr'",
            "atmos describe component vpc -s prod --provenance",
        ],
    ),
    (
        "atmos describe affected",
        &["atmos describe affected --base origin/main", "atmos describe affected --include-dependents"],
    ),
    (
        "atmos describe diff",
        &["atmos describe diff -s dev -s prod", "atmos describe diff vpc -s dev -s prod --format json"],
    ),
    ("atmos explain", &["atmos explain vpc -s prod vars.cidr"]),
    (
        "atmos list",
        &[
            "atmos list stacks",
            "atmos list instances --filter '.vars.stage == \"prod\"' --format csv",
            "atmos list components --columns 'Name={{ .component | upper }}'",
        ],
    ),
    (
        "atmos list affected",
        &["atmos list affected --columns component,stack", "atmos list affected --filter '.deleted == false'"],
    ),
    (
        "atmos validate",
        &[
            "atmos validate",
            "atmos validate stacks",
            "atmos validate component vpc -s prod",
            "atmos validate component vpc -s prod --schema-type opa --schema-path vpc.rego",
        ],
    ),
    (
        "atmos vendor",
        &["atmos vendor pull", "atmos vendor pull -c vpc", "atmos vendor verify", "atmos vendor set vpc 1.5.0"],
    ),
    (
        "atmos vendor pull",
        &[
            "atmos vendor pull --tags networking",
            "atmos vendor pull --stack prod --labels tier=1",
            "atmos vendor pull --lock-enforcement strict",
        ],
    ),
    ("atmos vendor verify", &["atmos vendor verify", "atmos vendor verify -c vpc --format json"]),
    ("atmos vendor clean", &["atmos vendor clean --dry-run", "atmos vendor clean -c vpc --force"]),
    (
        "atmos vendor diff",
        &["atmos vendor diff -c vpc", "atmos vendor diff -c vpc --from 1.4.0 --to 1.5.0 --diff-file main.tf"],
    ),
    ("atmos vendor update", &["atmos vendor update --check", "atmos vendor update -c vpc --pull"]),
    (
        "atmos vendor config",
        &["atmos vendor config get 'spec.sources[0].version'", "atmos vendor config list 'spec.sources*version'"],
    ),
    ("atmos workflow", &["atmos workflow deploy -s prod", "atmos workflow deploy -f network --from-step plan"]),
    ("atmos config", &["atmos config get logs.level", "atmos config schema > atmos-config.json"]),
    ("atmos env", &["eval \"$(atmos env)\"", "atmos env --format github"]),
    ("atmos completion", &["source <(atmos completion bash)", "atmos completion fish | source"]),
    ("atmos man", &["atmos man --dir /usr/local/share/man/man1"]),
];

/// The section of a command, by its words; nothing where there are no examples.
pub(super) fn section(path: &str) -> String {
    let Some((_, lines)) = EXAMPLES.iter().find(|(known, _)| *known == path) else { return String::new() };
    lines.iter().fold(format!("{HEADING}\n"), |text, line| text + &format!("  $ {line}\n"))
}

/// Every example.
#[cfg(test)]
pub(super) fn lines() -> impl Iterator<Item = &'static str> {
    EXAMPLES.iter().flat_map(|(_, lines)| lines.iter().copied())
}

#[cfg(test)]
mod tests {
    use super::super::parse;
    use super::*;

    #[test]
    fn examples_are_of_commands_that_are_there() {
        let table = parse::command();
        for (path, _) in EXAMPLES {
            let mut here = &table;
            for word in path.split(' ').skip(1) {
                here = here.find_subcommand(word).unwrap_or_else(|| panic!("no command `{path}`"));
            }
        }
    }
}
