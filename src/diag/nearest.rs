//! Which known name somebody may have meant.

/// Less alike than this is no suggestion.
const ALIKE: f64 = 0.8;

/// The known name that is most like `wanted`, case ignored; of equals the first in the alphabet. None where none is like
/// it.
pub fn nearest<'a>(wanted: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wanted = wanted.to_lowercase();
    known
        .into_iter()
        .map(|name| (strsim::jaro_winkler(&wanted, &name.to_lowercase()), name))
        .filter(|(likeness, _)| *likeness > ALIKE)
        .max_by(|left, right| left.0.total_cmp(&right.0).then_with(|| right.1.cmp(left.1)))
        .map(|(_, name)| name)
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
            ("x", &[], None),
        ] {
            assert_eq!(nearest(wanted, known.iter().copied()), expected, "{wanted}");
        }
    }
}
