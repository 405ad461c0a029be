//! Names of the files that a run leaves in a component's folder.

/// File names of one instance, all bare (relative to the component's folder).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Names {
    stem: String,
}

impl Names {
    /// `context` is the stack's name for files, `component` the instance's name, `base` the component that
    /// `metadata.component` names, if it is another one.
    ///
    /// Slashes become hyphens. An instance with a base keeps its own full name behind the folders of the base, so that
    /// `a/net` and `b/net` over one folder never share a file.
    pub fn new(context: &str, component: &str, base: Option<&str>) -> Names {
        let dashed = |text: &str| text.replace('/', "-");
        let folders = base.filter(|base| *base != component).and_then(|base| base.rsplit_once('/'));
        let stem = match folders {
            Some((folders, _)) => format!("{}-{}-{}", dashed(context), dashed(folders), dashed(component)),
            None => format!("{}-{}", dashed(context), dashed(component)),
        };
        Names { stem }
    }

    /// What the names of the files begin with.
    pub fn stem(&self) -> &str {
        &self.stem
    }

    pub fn varfile(&self) -> String {
        format!("{}.terraform.tfvars.json", self.stem)
    }

    pub fn test_varfile(&self) -> String {
        format!("{}.terraform.test.tfvars.json", self.stem)
    }

    pub fn planfile(&self) -> String {
        format!("{}.planfile", self.stem)
    }

    pub fn packer_varfile(&self) -> String {
        format!("{}.packer.vars.json", self.stem)
    }

    pub fn helmfile_varfile(&self) -> String {
        format!("{}.helmfile.vars.yaml", self.stem)
    }
}

/// Whether a file of a component's folder has the name of something that runs write there, of whatever instance.
pub fn is_of_runs(name: &str) -> bool {
    const ENDINGS: [&str; 6] = [
        ".terraform.tfvars.json",
        ".terraform.test.tfvars.json",
        ".planfile",
        ".packer.vars.json",
        ".helmfile.vars.yaml",
        ".terraform.lock.hcl",
    ];
    ENDINGS.iter().any(|ending| name.ends_with(ending))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn q10_instances_over_one_folder_never_share_a_file() {
        for (component, base, stem) in [
            ("vpc", None, "dev-vpc"),
            ("infra/net2", None, "dev-infra-net2"),
            ("s3c", Some("vpc"), "dev-s3c"),
            ("net", Some("infra/vpc"), "dev-infra-net"),
            ("a/net", Some("vpc"), "dev-a-net"),
            ("b/net", Some("vpc"), "dev-b-net"),
            ("a/net", Some("a/net"), "dev-a-net"),
        ] {
            assert_eq!(Names::new("dev", component, base).planfile(), format!("{stem}.planfile"));
        }
    }

    #[test]
    fn files_of_runs_are_told_from_those_of_people() {
        let names = Names::new("dev", "vpc", None);
        let made = [names.varfile(), names.test_varfile(), names.planfile(), names.packer_varfile()];
        assert!(made.iter().chain([&names.helmfile_varfile()]).all(|name| is_of_runs(name)));
        for name in ["main.tf", "terraform.tfvars.json", "x.auto.tfvars.json", "plan.json", "helmfile.yaml"] {
            assert!(!is_of_runs(name), "{name}");
        }
    }

    #[test]
    fn contexts_with_slashes_make_one_file_name() {
        let names = Names::new("orgs/dev", "vpc", None);
        assert_eq!(names.varfile(), "orgs-dev-vpc.terraform.tfvars.json");
        assert_eq!(names.helmfile_varfile(), "orgs-dev-vpc.helmfile.vars.yaml");
    }
}
