//! `!cwd [path]` and `!random [[min] max]`.

use super::call::Context;
use super::problem::Problem;

pub(super) fn cwd(context: &Context<'_>, text: &str) -> String {
    context.host.absolute(std::path::Path::new(text)).display().to_string()
}

/// A random number between bounds that are both possible: none, the upper one, or both.
pub(super) fn random(text: &str) -> Result<i64, Problem> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let number =
        |text: &str| text.parse::<i64>().map_err(|_| Problem::arguments(format!("`{text}` is no whole number")));
    let (low, high) = match words.as_slice() {
        [] => (0, 65_535),
        [high] => (0, number(high)?),
        [low, high] => (number(low)?, number(high)?),
        _ => return Err(Problem::arguments("expected at most two numbers")),
    };
    if low >= high {
        return Err(Problem::arguments(format!("{low} is not less than {high}")));
    }
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|error| Problem::failed(error.to_string(), "try again"))?;
    // 128 bits make the bias of the remainder immeasurable.
    let count = i128::from(high) - i128::from(low) + 1;
    let offset = i128::from_ne_bytes(bytes).rem_euclid(count);
    i64::try_from(i128::from(low) + offset).map_err(|error| Problem::arguments(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn random_numbers_lie_between_their_bounds() {
        for (text, low, high) in [("", 0, 65_535), ("1", 0, 1), ("-3 -2", -3, -2)] {
            assert!((low..=high).contains(&random(text).unwrap()), "{text}");
        }
        for wrong in ["x", "5 5", "1 2 3", "-1"] {
            assert!(random(wrong).is_err(), "{wrong}");
        }
    }
}
