//! Names of the console's pages. Row 5.

use super::Error;

/// Name of a service and its path, sorted by name.
#[rustfmt::skip]
pub const NAMES: [(&str, &str); 117] = [
    ("acm", "acm"), ("apigateway", "apigateway"), ("appflow", "appflow"), ("application-discovery", "discovery"),
    ("appstream", "appstream2"), ("athena", "athena"), ("backup", "backup"), ("batch", "batch"),
    ("bedrock", "bedrock"), ("billing", "billing"), ("budgets", "billing/home#/budgets"), ("cloud9", "cloud9"),
    ("cloudformation", "cloudformation"), ("cloudfront", "cloudfront"), ("cloudsearch", "cloudsearch"),
    ("cloudtrail", "cloudtrail"), ("cloudwatch", "cloudwatch"), ("codeartifact", "codeartifact"),
    ("codebuild", "codebuild"), ("codecommit", "codecommit"), ("codedeploy", "codedeploy"),
    ("codepipeline", "codepipeline"), ("cognito", "cognito"), ("comprehend", "comprehend"), ("config", "config"),
    ("console", "console/home"), ("controltower", "controltower"),
    ("cost-explorer", "cost-management/home#/cost-explorer"), ("dashboard", "console/home"), ("datasync", "datasync"),
    ("detective", "detective"), ("directconnect", "directconnect"), ("directory", "directoryservicev2"),
    ("dms", "dms"), ("documentdb", "docdb"), ("dynamodb", "dynamodb"), ("ec2", "ec2"), ("ecr", "ecr"), ("ecs", "ecs"),
    ("efs", "efs"), ("eks", "eks"), ("elasticache", "elasticache"), ("elasticbeanstalk", "elasticbeanstalk"),
    ("elasticsearch", "aos"), ("elb", "ec2/v2/home#LoadBalancers"), ("emr", "emr"), ("eventbridge", "events"),
    ("fargate", "ecs"), ("forecast", "forecast"), ("fsx", "fsx"), ("glacier", "glacier"),
    ("globalaccelerator", "globalaccelerator"), ("glue", "glue"), ("greengrass", "greengrass"),
    ("guardduty", "guardduty"), ("home", "console/home"), ("iam", "iam"), ("inspector", "inspector"),
    ("iot-analytics", "iotanalytics"), ("iot-core", "iot"), ("iot-events", "iotevents"), ("kendra", "kendra"),
    ("keyspaces", "keyspaces"), ("kinesis", "kinesis"), ("kms", "kms"), ("lake-formation", "lakeformation"),
    ("lambda", "lambda"), ("lex", "lex"), ("license-manager", "license-manager"), ("lightsail", "lightsail"),
    ("macie", "macie"), ("memorydb", "memorydb"), ("migration-hub", "migrationhub"), ("mq", "amazon-mq"),
    ("msk", "msk"), ("neptune", "neptune"), ("opensearch", "aos"), ("opsworks", "opsworks"),
    ("organizations", "organizations"), ("personalize", "personalize"), ("polly", "polly"),
    ("privatelink", "vpc/home#Endpoints"), ("qldb", "qldb"), ("quicksight", "quicksight"), ("rds", "rds"),
    ("redshift", "redshift"), ("rekognition", "rekognition"), ("resource-groups", "resource-groups"),
    ("route53", "route53"), ("s3", "s3"), ("sagemaker", "sagemaker"), ("secretsmanager", "secretsmanager"),
    ("securityhub", "securityhub"), ("server-migration", "servermigration"),
    ("serverless", "lambda/home#/applications"), ("servicecatalog", "servicecatalog"), ("shield", "shield"),
    ("sns", "sns"), ("sqs", "sqs"), ("ssm", "systems-manager"), ("sso", "singlesignon"), ("step-functions", "states"),
    ("systems-manager", "systems-manager"), ("tag-editor", "resource-groups/tag-editor"), ("textract", "textract"),
    ("timestream", "timestream"), ("transcribe", "transcribe"), ("transfer", "transfer"),
    ("transitgateway", "vpc/home#TransitGateways"), ("translate", "translate"), ("trusted-advisor", "trustedadvisor"),
    ("vpc", "vpc"), ("waf", "wafv2"), ("well-architected", "wellarchitected"), ("worklink", "worklink"),
    ("workspaces", "workspaces"), ("xray", "xray"),
];

/// The address for a name or an address; `console` is the console of the partition.
///
/// # Errors
/// [`Error::Destination`]: neither a known name nor an https address.
pub fn destination(wanted: Option<&str>, console: &str) -> Result<String, Error> {
    let Some(wanted) = wanted.map(str::trim).filter(|wanted| !wanted.is_empty()) else {
        return Ok(format!("{console}/"));
    };
    if wanted.starts_with("https://") {
        return Ok(wanted.to_owned());
    }
    let name = wanted.to_lowercase();
    let found = NAMES.iter().find(|(known, _)| *known == name);
    let (_, path) = found.ok_or_else(|| Error::Destination { name: wanted.to_owned() })?;
    Ok(format!("{console}/{path}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_addresses_lead_to_pages_and_anything_else_is_refused() {
        let console = "https://console.aws.amazon.com";
        for (wanted, page) in [
            (None, "https://console.aws.amazon.com/"),
            (Some("S3"), "https://console.aws.amazon.com/s3"),
            (Some("ssm"), "https://console.aws.amazon.com/systems-manager"),
            (Some("https://eu-west-1.console.aws.amazon.com/x"), "https://eu-west-1.console.aws.amazon.com/x"),
        ] {
            assert_eq!(destination(wanted, console).unwrap(), page);
        }
        let error = destination(Some("lamda"), console).unwrap_err().to_string();
        assert!(error.contains("unknown destination `lamda`; did you mean `lambda`?"), "{error}");
        assert!(destination(Some("http://x"), console).is_err());
        assert!(NAMES.is_sorted(), "a name is looked for by people");
    }
}
