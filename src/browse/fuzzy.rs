//! Fuzzy search: the letters of a word in their order, the nearer together the better.

/// A text in which everything was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    /// The higher the better.
    pub score: i64,
    /// Places of the letters that were found, counted in characters.
    pub at: Vec<usize>,
}

const WORD_START: i64 = 8;
const NEIGHBOUR: i64 = 6;
const WHOLE: i64 = 40;

/// Looks for every word of the pattern. Capitals count where the pattern has one.
pub(super) fn find(pattern: &str, text: &str) -> Option<Found> {
    let exact = pattern.chars().any(char::is_uppercase);
    let letters: Vec<char> =
        text.chars().map(|c| if exact { c } else { c.to_lowercase().next().unwrap_or(c) }).collect();
    // Among equals the shorter text is nearer to what was typed.
    let length = i64::try_from(letters.len()).unwrap_or(i64::MAX).min(1000);
    let mut found = Found { score: -length, at: Vec::new() };
    for word in pattern.split_whitespace() {
        let word: Vec<char> = word.chars().collect();
        let (score, at) = whole(&word, &letters).or_else(|| scattered(&word, &letters))?;
        found.score += score;
        found.at.extend(at);
    }
    found.at.sort_unstable();
    found.at.dedup();
    Some(found)
}

/// The word as it is, best at the beginning of a word of the text.
fn whole(word: &[char], text: &[char]) -> Option<(i64, Vec<usize>)> {
    let places = text.windows(word.len()).enumerate().filter(|(_, window)| *window == word).map(|(at, _)| at);
    let best = places.min_by_key(|at| (!starts_word(text, *at), *at))?;
    let at: Vec<usize> = (best..best + word.len()).collect();
    Some((WHOLE + score(&at, text), at))
}

/// The letters in their order. The end of the first run that has them all is fixed, and the run made as short as it can be.
fn scattered(word: &[char], text: &[char]) -> Option<(i64, Vec<usize>)> {
    let mut from = 0;
    for letter in word {
        from += text[from..].iter().position(|c| c == letter)? + 1;
    }
    let mut at = Vec::with_capacity(word.len());
    for letter in word.iter().rev() {
        from = text[..from].iter().rposition(|c| c == letter)?;
        at.push(from);
    }
    at.reverse();
    Some((score(&at, text), at))
}

fn score(at: &[usize], text: &[char]) -> i64 {
    let starts = at.iter().filter(|at| starts_word(text, **at)).count();
    let neighbours = at.windows(2).filter(|pair| pair[1] == pair[0] + 1).count();
    let width = at.last().zip(at.first()).map_or(0, |(last, first)| last - first);
    let count = |number: usize| i64::try_from(number).unwrap_or(i64::MAX).min(1000);
    count(starts) * WORD_START + count(neighbours) * NEIGHBOUR - count(width)
}

fn starts_word(text: &[char], at: usize) -> bool {
    at == 0 || !text[at - 1].is_alphanumeric()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(pattern: &str, text: &str) -> Option<Vec<usize>> {
        find(pattern, text).map(|found| found.at)
    }

    #[test]
    fn letters_are_found_in_their_order() {
        assert_eq!(at("", "vpc"), Some(vec![]));
        assert_eq!(at("vp", "eks-vpc"), Some(vec![4, 5]));
        assert_eq!(at("ev", "eks-vpc"), Some(vec![0, 4]));
        assert_eq!(at("ve", "eks-vpc"), None);
        assert_eq!(at("prod vpc", "vpc in prod"), Some(vec![0, 1, 2, 7, 8, 9, 10]));
        assert_eq!(at("VPC", "vpc"), None);
        assert_eq!(at("vpc", "VPC"), Some(vec![0, 1, 2]));
        // The shortest run, not the first one.
        assert_eq!(at("ab", "a-a-xb"), Some(vec![2, 5]));
    }

    #[test]
    fn the_nearest_text_scores_best() {
        let best = |pattern: &str, texts: &[&str]| {
            let scored = texts.iter().filter_map(|text| find(pattern, text).map(|found| (found.score, *text)));
            scored.max().unwrap().1.to_owned()
        };
        assert_eq!(best("db", &["adobe", "data-base", "db", "old-db-proxy"]), "db");
        assert_eq!(best("ue1", &["plat-ue1-prod", "plat-uw2-e1"]), "plat-ue1-prod");
        assert_eq!(best("net", &["internet", "cabinet", "my-net-2"]), "my-net-2");
    }
}
