//! Stack names from `stacks.name_pattern`.

/// The name that `pattern` gives, with the values of its tokens from `value`; the first token without a value as error.
///
/// Only the tokens `{namespace}`, `{tenant}`, `{environment}` and `{stage}` count, and only where they stand alone
/// between dashes: the reference drops every other part of the pattern.
pub fn pattern_name(pattern: &str, value: impl Fn(&str) -> Option<String>) -> Result<String, &str> {
    let mut parts = Vec::new();
    for token in pattern_tokens(pattern) {
        match value(token) {
            Some(text) if !text.is_empty() => parts.push(text),
            _ => return Err(token),
        }
    }
    Ok(parts.join("-"))
}

/// The tokens of a pattern that count.
pub fn pattern_tokens(pattern: &str) -> impl Iterator<Item = &str> {
    let parts = pattern.split('-').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    parts.filter(|token| matches!(*token, "namespace" | "tenant" | "environment" | "stage"))
}

/// What stands between the dashes of a pattern and does not count.
pub fn pattern_lost(pattern: &str) -> impl Iterator<Item = &str> {
    pattern.split('-').filter(|part| !part.is_empty() && pattern_tokens(part).next().is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pattern_takes_whole_tokens_only() {
        let value = |token: &str| match token {
            "tenant" => Some("t".to_owned()),
            "stage" => Some("dev".to_owned()),
            _ => None,
        };
        for (pattern, name) in [
            ("{tenant}-{stage}", Ok("t-dev")),
            ("{tenant}-x-{stage}", Ok("t-dev")),
            ("x{tenant}-{stage}", Ok("dev")),
            ("{tenant}-{environment}", Err("environment")),
            ("plain", Ok("")),
        ] {
            assert_eq!(pattern_name(pattern, value), name.map(str::to_owned), "{pattern}");
        }
    }

    proptest::proptest! {
        #[test]
        fn names_are_the_values_in_the_order_of_the_tokens(
            tokens in proptest::sample::subsequence(vec!["tenant", "namespace", "stage", "environment"], 1..=4),
            values in proptest::collection::vec("[a-z0-9.{}-]{1,5}", 4),
            missing in proptest::option::of(0..4_usize),
        ) {
            let pattern = tokens.iter().map(|token| format!("{{{token}}}")).collect::<Vec<_>>().join("-");
            let place = |token: &str| tokens.iter().position(|known| *known == token).unwrap();
            let value = |token: &str| (Some(place(token)) != missing).then(|| values[place(token)].clone());
            let expected = match missing.and_then(|place| tokens.get(place)) {
                Some(token) => Err(*token),
                None => Ok(values[..tokens.len()].join("-")),
            };
            proptest::prop_assert_eq!(pattern_name(&pattern, value), expected);
        }

        #[test]
        fn any_pattern_has_a_name_when_every_token_has_a_value(pattern in "[a-z{}-]{0,30}|\\PC{0,20}") {
            proptest::prop_assert!(pattern_name(&pattern, |token| Some(token.to_owned())).is_ok());
        }
    }
}
