//! Variables as text for shells, files and CI systems. Row 5.

use std::fmt::Write as _;
use std::str::FromStr;

use super::Error;
use super::quote::{fish, posix, powershell};

/// A way to write variables down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// `export K=V`, quoted when needed. `zsh` is the same.
    Bash,
    /// `K=V`, quoted when needed.
    Dotenv,
    /// `K=V` as it is.
    Env,
    /// An object with keys in order.
    Json,
    /// Lines for `$GITHUB_ENV`.
    Github,
    Fish,
    Powershell,
    /// Lines of a batch file.
    Cmd,
}

impl Format {
    pub fn name(self) -> &'static str {
        match self {
            Format::Bash => "bash",
            Format::Dotenv => "dotenv",
            Format::Env => "env",
            Format::Json => "json",
            Format::Github => "github",
            Format::Fish => "fish",
            Format::Powershell => "powershell",
            Format::Cmd => "cmd",
        }
    }

    /// That the format can take variables away.
    pub fn can_unset(self) -> bool {
        matches!(self, Format::Bash | Format::Fish | Format::Powershell | Format::Cmd)
    }
}

impl FromStr for Format {
    type Err = Error;

    fn from_str(word: &str) -> Result<Format, Error> {
        Ok(match word {
            "bash" | "zsh" => Format::Bash,
            "dotenv" => Format::Dotenv,
            "env" => Format::Env,
            "json" => Format::Json,
            "github" => Format::Github,
            "fish" => Format::Fish,
            "powershell" => Format::Powershell,
            "cmd" => Format::Cmd,
            other => return Err(Error::UnsupportedFormat { value: other.to_owned() }),
        })
    }
}

/// Writes variables, sorted by name, after the lines that take others away where the format has such lines. A name in
/// both lists is set.
///
/// # Errors
/// A name that is none for a shell, and a value that the format cannot hold.
pub fn render(format: Format, set: &[(String, String)], unset: &[String]) -> Result<String, Error> {
    let mut set: Vec<(&str, &str)> = set.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    set.sort_unstable();
    let mut unset: Vec<&str> =
        unset.iter().map(String::as_str).filter(|name| !set.iter().any(|(other, _)| other == name)).collect();
    unset.sort_unstable();
    unset.dedup();
    for name in set.iter().map(|(name, _)| *name).chain(unset.iter().copied()) {
        check_name(name)?;
    }
    let mut text = String::new();
    if format.can_unset() {
        for name in unset {
            text.push_str(&unset_line(format, name));
        }
    }
    if format == Format::Json {
        return Ok(json(&set));
    }
    for (name, value) in set {
        text.push_str(&line(format, name, value)?);
    }
    Ok(text)
}

fn check_name(name: &str) -> Result<(), Error> {
    let valid = name
        .chars()
        .enumerate()
        .all(|(index, c)| c == '_' || c.is_ascii_alphabetic() || (index > 0 && c.is_ascii_digit()));
    if valid && !name.is_empty() { Ok(()) } else { Err(Error::VariableName { name: name.to_owned() }) }
}

fn unset_line(format: Format, name: &str) -> String {
    match format {
        Format::Fish => format!("set -e {name}\n"),
        Format::Powershell => format!("Remove-Item Env:{name} -ErrorAction SilentlyContinue\n"),
        Format::Cmd => format!("set \"{name}=\"\n"),
        _ => format!("unset {name}\n"),
    }
}

fn line(format: Format, name: &str, value: &str) -> Result<String, Error> {
    let refuse = |why| Err(Error::Value { name: name.to_owned(), format: format.name(), why });
    if value.contains('\0') {
        return refuse("it has a null byte");
    }
    let many_lines = value.contains(['\n', '\r']);
    match format {
        Format::Env | Format::Cmd if many_lines => refuse("it has a line break"),
        Format::Cmd if value.contains('"') => refuse("it has a double quote"),
        Format::Bash => Ok(format!("export {name}={}\n", posix(value))),
        Format::Dotenv => Ok(format!("{name}={}\n", posix(value))),
        Format::Github if many_lines => Ok(heredoc(name, value)),
        Format::Env | Format::Github | Format::Json => Ok(format!("{name}={value}\n")),
        Format::Fish => Ok(format!("set -gx {name} {}\n", fish(value))),
        Format::Powershell => Ok(format!("$env:{name} = {}\n", powershell(value))),
        // In a batch file a percent sign is written twice.
        Format::Cmd => Ok(format!("set \"{name}={}\"\n", value.replace('%', "%%"))),
    }
}

/// Several lines between two marks, the mark chosen so that the value does not contain it.
fn heredoc(name: &str, value: &str) -> String {
    let mut mark = format!("ATMOS_EOF_{name}");
    while value.contains(&mark) {
        mark.push('_');
    }
    format!("{name}<<{mark}\n{value}\n{mark}\n")
}

fn json(set: &[(&str, &str)]) -> String {
    let mut text = String::from("{");
    for (index, (name, value)) in set.iter().enumerate() {
        let separator = if index == 0 { "" } else { "," };
        let _ = write!(text, "{separator}\n  {}: {}", serde_json::Value::from(*name), serde_json::Value::from(*value));
    }
    text.push_str(if set.is_empty() { "}\n" } else { "\n}\n" });
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn every_format_has_its_lines() {
        let set = pairs(&[("B", "it's 50%"), ("A", "x")]);
        let unset = ["C".to_owned(), "A".to_owned()];
        for (word, text) in [
            ("bash", "unset C\nexport A=x\nexport B='it'\"'\"'s 50%'\n"),
            ("zsh", "unset C\nexport A=x\nexport B='it'\"'\"'s 50%'\n"),
            ("dotenv", "A=x\nB='it'\"'\"'s 50%'\n"),
            ("env", "A=x\nB=it's 50%\n"),
            ("json", "{\n  \"A\": \"x\",\n  \"B\": \"it's 50%\"\n}\n"),
            ("github", "A=x\nB=it's 50%\n"),
            ("fish", "set -e C\nset -gx A 'x'\nset -gx B 'it\\'s 50%'\n"),
            ("powershell", "Remove-Item Env:C -ErrorAction SilentlyContinue\n$env:A = 'x'\n$env:B = 'it''s 50%'\n"),
            ("cmd", "set \"C=\"\nset \"A=x\"\nset \"B=it's 50%%\"\n"),
        ] {
            assert_eq!(render(word.parse().unwrap(), &set, &unset).unwrap(), text, "{word}");
        }
        assert_eq!("yaml".parse::<Format>().unwrap_err().to_string(), "unsupported format: yaml");
    }

    #[test]
    fn several_lines_are_a_heredoc_for_github_and_refused_where_impossible() {
        let set = pairs(&[("K", "a\nATMOS_EOF_K\nb")]);
        assert_eq!(render(Format::Github, &set, &[]).unwrap(), "K<<ATMOS_EOF_K_\na\nATMOS_EOF_K\nb\nATMOS_EOF_K_\n");
        for format in [Format::Env, Format::Cmd] {
            assert!(matches!(render(format, &set, &[]), Err(Error::Value { .. })));
        }
        assert!(matches!(render(Format::Cmd, &pairs(&[("K", "\"")]), &[]), Err(Error::Value { .. })));
    }

    #[test]
    fn names_that_would_be_commands_are_refused() {
        for name in ["", "1A", "A;rm", "A B", "A-B", "A=B", "ä"] {
            assert!(matches!(render(Format::Bash, &pairs(&[(name, "x")]), &[]), Err(Error::VariableName { .. })));
            assert!(matches!(render(Format::Bash, &[], &[name.to_owned()]), Err(Error::VariableName { .. })));
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(60))]

        #[test]
        fn bash_gives_the_value_back(value in "[^\0]{0,40}") {
            let script = format!("{}printf %s \"$K\"", render(Format::Bash, &pairs(&[("K", &value)]), &[]).unwrap());
            let output = duct::cmd!("bash", "-c", script).stdout_capture().run().unwrap();
            prop_assert_eq!(String::from_utf8_lossy(&output.stdout), value.as_str());
        }

        #[test]
        fn json_gives_the_value_back(value in "\\PC{0,40}") {
            let text = render(Format::Json, &pairs(&[("K", &value)]), &[]).unwrap();
            let read: serde_json::Value = serde_json::from_str(&text).unwrap();
            prop_assert_eq!(read["K"].as_str().unwrap(), value.as_str());
        }
    }
}
