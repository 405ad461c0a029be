//! Which known name somebody may have meant.

/// Less alike than this is no suggestion.
const ALIKE: f64 = 0.8;
/// What a name counts as that has two neighbours swapped.
const SWAPPED: f64 = 0.95;

/// The known name that is most like `wanted`, case ignored; of equals the first in the alphabet. None where none is like
/// it.
pub fn nearest<'a>(wanted: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wanted = wanted.to_lowercase();
    known
        .into_iter()
        .map(|name| (likeness(&wanted, &name.to_lowercase()), name))
        .filter(|(likeness, _)| *likeness > ALIKE)
        .max_by(|left, right| left.0.total_cmp(&right.0).then_with(|| right.1.cmp(left.1)))
        .map(|(_, name)| name)
}

/// Two letters in the wrong order are the most common mistake in short names, where they count for nearly everything.
fn likeness(wanted: &str, name: &str) -> f64 {
    let alike = strsim::jaro_winkler(wanted, name);
    let is_one_slip = wanted.chars().count() == name.chars().count() && wanted.len() > 2;
    if is_one_slip && strsim::osa_distance(wanted, name) == 1 && is_same_letters(wanted, name) {
        return alike.max(SWAPPED);
    }
    alike
}

fn is_same_letters(one: &str, other: &str) -> bool {
    let sorted = |text: &str| {
        let mut letters: Vec<char> = text.chars().collect();
        letters.sort_unstable();
        letters
    };
    sorted(one) == sorted(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_near_names_are_suggested_and_the_nearest_first() {
        for (wanted, known, expected) in [
            ("network-admn", &["reader", "network-admin"][..], Some("network-admin")),
            ("zzz", &["reader", "network-admin"], None),
            ("VPC", &["vpc-flow", "vpc"], Some("vpc")),
            ("ab", &["abd", "abc"], Some("abc")),
            ("vcp", &["vpc", "eks"], Some("vpc")),
            ("x", &[], None),
        ] {
            assert_eq!(nearest(wanted, known.iter().copied()), expected, "{wanted}");
        }
    }
}
