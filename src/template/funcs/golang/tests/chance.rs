//! Functions whose results differ every time: what they have in common.

use super::oracle::render;
use super::world::TestWorld;
use crate::template::{Functions, Val};

fn run(text: &str) -> String {
    render(text, Functions::All, Val::Missing, &mut TestWorld::default()).unwrap()
}

fn fails(text: &str) -> String {
    render(text, Functions::All, Val::Missing, &mut TestWorld::default()).unwrap_err()
}

#[test]
fn random_text_has_its_length_and_its_letters() {
    type Kind = (&'static str, fn(char) -> bool);
    let kinds: [Kind; 9] = [
        ("{{ randAlpha 50 }}", |letter| letter.is_ascii_alphabetic()),
        ("{{ randNumeric 50 }}", |letter| letter.is_ascii_digit()),
        ("{{ randAlphaNum 50 }}", |letter| letter.is_ascii_alphanumeric()),
        ("{{ randAscii 50 }}", |letter| (' '..='~').contains(&letter)),
        ("{{ random.Alpha 50 }}", |letter| letter.is_ascii_alphabetic()),
        ("{{ random.AlphaNum 50 }}", |letter| letter.is_ascii_alphanumeric()),
        ("{{ random.ASCII 50 }}", |letter| (' '..='~').contains(&letter)),
        ("{{ random.String 50 \"[a-f]\" }}", |letter| ('a'..='f').contains(&letter)),
        ("{{ random.String 50 \"a\" \"d\" }}", |letter| ('a'..='d').contains(&letter)),
    ];
    for (template, fits) in kinds {
        let text = run(template);
        assert_eq!(text.chars().count(), 50, "{template}: {text}");
        assert!(text.chars().all(fits), "{template}: {text}");
        assert!(text.chars().any(|letter| letter != text.chars().next().unwrap()), "{template}: {text}");
    }
    assert_eq!(run("{{ random.String 30 }}").len(), 30);
    assert_eq!(run("[{{ randAlpha -1 }}]"), "[]");
    assert_eq!(run("{{ randBytes 6 | len }}"), "8");
}

#[test]
fn random_numbers_stay_inside_their_bounds() {
    for _ in 0..20 {
        let number: i64 = run("{{ randInt 5 8 }}").parse().unwrap();
        assert!((5..8).contains(&number));
        let number: i64 = run("{{ random.Number -3 3 }}").parse().unwrap();
        assert!((-3..=3).contains(&number));
        let number: f64 = run("{{ random.Float 2 3 }}").parse().unwrap();
        assert!((2.0..=3.0).contains(&number));
    }
    assert!(fails("{{ randInt 5 5 }}").ends_with("error calling randInt: invalid argument to Intn"));
    assert!(fails("{{ random.Number 3 1 }}").ends_with("min must not be greater than max (was 3, 1)"));
}

#[test]
fn shuffling_keeps_the_letters() {
    let mut letters: Vec<char> = run("{{ shuffle \"abcdefgh\" }}").chars().collect();
    letters.sort_unstable();
    assert_eq!(letters.into_iter().collect::<String>(), "abcdefgh");
    assert!("abc".contains(&run("{{ random.Item (list \"a\" \"b\" \"c\") }}")));
}

#[test]
fn random_identifiers_say_that_they_are() {
    for template in ["{{ uuidv4 }}", "{{ uuid.V4 }}"] {
        let text = run(template);
        assert_eq!(text.len(), 36);
        assert_eq!(&text[14..15], "4");
        assert!("89ab".contains(&text[19..20]));
    }
}

#[test]
fn times_are_those_of_the_world() {
    assert_eq!(run("{{ now | date \"2006-01-02 15:04\" }}"), "2024-01-02 03:04");
    assert_eq!(run("{{ now }}"), "2024-01-02 03:04:05 +0000 UTC");
    assert_eq!(run("{{ ago (toDate \"2006-01-02\" \"2024-01-01\") }}"), "27h4m5s");
    assert_eq!(run("{{ time.Now.Unix }}"), "1704164645");
    assert_eq!(run("{{ time.ZoneName }} {{ time.ZoneOffset }}"), "UTC 0");
    assert_eq!(run("{{ time.Since (toDate \"2006-01-02\" \"2024-01-02\") }}"), "3h4m5s");
    assert_eq!(run("{{ durationRound (toDate \"2006-01-02\" \"2023-12-01\") }}"), "1mo");
}

#[test]
fn addresses_are_read_and_printed() {
    assert_eq!(run("{{ net.ParseIP \"10.0.0.1\" }} {{ (net.ParseIP \"::1\").Is6 }}"), "10.0.0.1 true");
    assert_eq!(run("{{ (net.ParseIPPrefix \"10.1.2.3/8\").Masked }}"), "10.0.0.0/8");
    assert_eq!(run("{{ net.ParseIPRange \"10.0.0.1-10.0.0.9\" }}"), "10.0.0.1-10.0.0.9");
    assert!(fails("{{ net.ParseIP \"10.0.0\" }}").ends_with("ParseIP(\"10.0.0\"): unable to parse IP"));
    assert!(fails("{{ net.LookupIP \"x.example\" }}").ends_with("names are not resolved here"));
}

#[test]
fn binary_results_are_refused() {
    assert!(fails("{{ b64dec \"/w==\" }}").contains("invalid UTF-8"));
    assert!(fails("{{ trunc 1 \"ä\" }}").contains("inside a character"));
}

#[test]
fn sizes_have_a_limit() {
    for template in [
        "{{ repeat 9000000000 \"ab\" }}",
        "{{ until 9000000000 }}",
        "{{ untilStep 0 9000000000 2 }}",
        "{{ seq 1 9000000000 }}",
        "{{ math.Seq 9000000000 }}",
        "{{ indent 9000000000 \"a\" }}",
        "{{ strings.Repeat 9000000000 \"ab\" }}",
        "{{ strings.Indent 9000000000 \"a\" }}",
        "{{ randAlpha 9000000000 }}",
        "{{ random.ASCII 9000000000 }}",
        "{{ crypto.PBKDF2 \"a\" \"b\" 1 9000000000 }}",
    ] {
        assert!(fails(template).contains("more than"), "{template}");
    }
}
