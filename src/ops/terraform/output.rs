//! `terraform output --format`: terraform's JSON in another form.

use serde_json::{Map, Value};

use super::Error;
use crate::diag::Result;
use crate::exec::Output;
use crate::exec::terraform::Plan;
use crate::value::from_json;
use crate::yaml;

const SUPPORTED: &str = "json, yaml, env, dotenv, bash";

/// The same run, with the outputs as data: `output -json` without anything else on standard output.
pub(super) fn as_data(plan: Plan) -> Plan {
    Plan {
        main: Some(vec!["output".to_owned(), "-no-color".to_owned(), "-json".to_owned()]),
        output: Output::Value,
        ..plan
    }
}

/// Renders all outputs, or the one that the words name. Sensitive ones are shown only where `mask` is off.
pub(super) fn render(data: &[u8], format: &str, native: &[String], mask: bool) -> Result<String, Error> {
    let outputs: Map<String, Value> =
        serde_json::from_slice(data).map_err(|error| Error::OutputUnreadable { reason: error.to_string() })?;
    let values: Map<String, Value> = outputs
        .into_iter()
        .map(|(name, output)| {
            let value = output.get("value").cloned().unwrap_or_default();
            (name, if mask && output["sensitive"] == true { Value::from(crate::secret::MASK) } else { value })
        })
        .collect();
    let named = native.iter().find(|word| !word.starts_with('-'));
    if let Some(name) = named {
        let Some(value) = values.get(name) else {
            let known = values.keys().cloned().collect::<Vec<_>>().join(", ");
            return Err(Error::OutputNotFound { name: name.clone(), known });
        };
        return match format {
            "json" | "yaml" => Ok(document(value, format)),
            _ => lines(&Map::from_iter([(name.clone(), value.clone())]), format),
        };
    }
    match format {
        "json" | "yaml" => Ok(document(&Value::Object(values), format)),
        _ => lines(&values, format),
    }
}

fn document(value: &Value, format: &str) -> String {
    let node = from_json(value);
    if format == "json" { yaml::emit_json(&node) } else { yaml::emit(&node, 2) }
}

fn lines(values: &Map<String, Value>, format: &str) -> Result<String, Error> {
    let mut names: Vec<_> = values.keys().collect();
    names.sort();
    let mut text = String::new();
    for name in names {
        let value = match &values[name] {
            Value::String(value) => value.clone(),
            other => other.to_string(),
        };
        let line = match format {
            "env" => format!("{name}={value}\n"),
            "dotenv" => format!("{name}='{}'\n", value.replace('\'', "'\\''")),
            "bash" => format!("export {name}={}\n", shell_words::quote(&value)),
            "hcl" | "csv" | "tsv" | "table" | "github" => {
                return Err(Error::NotBuilt {
                    what: format!("output --format {format}"),
                    place: String::new(),
                    help: format!("built so far: {SUPPORTED}"),
                });
            }
            other => return Err(Error::OutputFormat { format: other.to_owned(), supported: SUPPORTED }),
        };
        text.push_str(&line);
    }
    if values.is_empty() && !matches!(format, "env" | "dotenv" | "bash") {
        return Err(Error::OutputFormat { format: format.to_owned(), supported: SUPPORTED });
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DATA: &[u8] = br#"{"a":{"value":"vpc dev"},"n":{"value":[1,2]},"s":{"value":"x","sensitive":true}}"#;

    #[test]
    fn formats() {
        for (format, name, expected) in [
            ("env", "", "a=vpc dev\nn=[1,2]\ns=<MASKED>\n"),
            ("dotenv", "", "a='vpc dev'\nn='[1,2]'\ns='<MASKED>'\n"),
            ("bash", "n", "export n='[1,2]'\n"),
            ("json", "a", "\"vpc dev\"\n"),
        ] {
            let native: Vec<_> = Some(name.to_owned()).filter(|name| !name.is_empty()).into_iter().collect();
            assert_eq!(render(DATA, format, &native, true).unwrap(), expected, "{format}");
        }
        assert_eq!(render(DATA, "env", &["s".to_owned()], false).unwrap(), "s=x\n");
        assert!(matches!(render(DATA, "json", &["zz".to_owned()], true), Err(Error::OutputNotFound { .. })));
        assert!(matches!(render(b"{}", "frob", &[], true), Err(Error::OutputFormat { .. })));
    }
}
