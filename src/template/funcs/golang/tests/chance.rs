//! Functions whose results differ every time: what they have in common.

use super::oracle::{render, render_within};
use super::world::TestWorld;
use crate::template::{Functions, Limits, Val};

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

/// The zone is given as a rule, since not every machine has the zone database.
#[test]
fn times_are_shown_in_the_zone_of_the_world() {
    let rule = "CET-1CEST,M3.5.0,M10.5.0/3";
    let run = |text: &str| {
        let zone = jiff::tz::TimeZone::posix(rule).unwrap();
        let mut world = TestWorld { zone: Some(zone), ..TestWorld::default() };
        render(text, Functions::All, Val::Missing, &mut world).unwrap()
    };
    let cases = [
        ("{{ date \"2006-01-02 15:04:05 MST -0700 Z07:00\" 1700000000 }}", "2023-11-14 23:13:20 CET +0100 +01:00"),
        ("{{ date \"15:04 MST\" 1690000000 }}", "06:26 CEST"),
        ("{{ dateInZone \"15:04 MST\" 1690000000 \"UTC\" }}", "04:26 UTC"),
        ("{{ toDate \"2006-01-02\" \"2024-07-01\" }}", "2024-07-01 00:00:00 +0200 CEST"),
        ("{{ mustToDate \"2006-01-02 15:04 -0700\" \"2024-07-01 10:00 +0200\" }}", "2024-07-01 10:00:00 +0200 CEST"),
        ("{{ mustToDate \"2006-01-02 15:04 -0700\" \"2024-07-01 10:00 +0300\" }}", "2024-07-01 10:00:00 +0300 +0300"),
        ("{{ toDate \"2006-01-02 15:04 MST\" \"2024-07-27 02:30 CET\" }}", "2024-07-27 03:30:00 +0200 CEST"),
        ("{{ toDate \"2006-01-02 15:04\" \"2024-03-31 02:30\" }}", "2024-03-31 03:30:00 +0200 CEST"),
        ("{{ time.ZoneName }} {{ time.ZoneOffset }}", "CET 3600"),
        ("{{ (time.Unix 0).UTC }} {{ time.Unix 0 }}", "1970-01-01 00:00:00 +0000 UTC 1970-01-01 01:00:00 +0100 CET"),
        ("{{ (time.Parse \"2006-01-02\" \"2024-07-01\").Local }}", "2024-07-01 02:00:00 +0200 CEST"),
    ];
    for (template, text) in cases {
        assert_eq!(run(template), text, "{template}");
    }
}

#[test]
fn templates_render_others() {
    assert_eq!(run("{{ define \"x\" }}<{{ . }}>{{ end }}{{ tmpl.Exec \"x\" 5 }}"), "<5>");
    assert_eq!(run("{{ tmpl.Inline \"{{ .a }}!\" (dict \"a\" 1) }} {{ tmpl.Inline \"n\" \"{{ . }}\" 2 }}"), "1! 2");
    assert!(fails("{{ tmpl.Exec \"nope\" }}").contains("template \"nope\" not defined"));
}

#[test]
fn lists_of_words_are_quoted_word_by_word() {
    assert_eq!(run("{{ shellQuote (list \"a b\" \"c\") }}"), "'a b' 'c'");
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
fn numbers_at_their_ends_do_not_overflow() {
    for template in [
        "{{ abbrevboth -9223372036854775808 8 \"hello wonderful world\" }}",
        "{{ trunc -9223372036854775808 \"abc\" }}",
        "{{ div -9223372036854775808 -1 }} {{ mod -9223372036854775808 -1 }} {{ math.Rem -9223372036854775808 -1 }}",
        "{{ math.Seq 9223372036854775807 9223372036854775807 }} {{ math.Abs -9223372036854775808 }}",
        "{{ seq 9223372036854775806 9223372036854775807 }}",
        "{{ untilStep 9223372036854775800 9223372036854775807 5 }}",
        "{{ duration (int64 9223372036854775807) }} {{ time.Hour 9223372036854775807 }}",
        "{{ date \"2006\" 9223372036854775807 }} {{ date \"2006\" -9223372036854775807 }}",
        "{{ random.Number -4000000000000000000 500000000000000000 | kindOf }}",
    ] {
        run(template);
    }
    let time = "(toDate \"2006-01-02\" \"2024-01-01\")";
    for call in ["9223372036854775807 0 0", "0 9223372036854775807 0", "0 0 9223372036854775807"] {
        assert!(fails(&format!("{{{{ {time}.AddDate {call} }}}}")).contains("outside the calendar"));
    }
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
        "{{ crypto.PBKDF2 \"a\" \"b\" 3000000 20 }}",
        "{{ $d := dict }}{{ range until 60 }}{{ $d = dict \"a\" $d \"b\" $d }}{{ end }}{{ toYAML $d }}",
        "{{ $d := dict }}{{ range until 60 }}{{ $d = dict \"a\" $d \"b\" $d }}{{ end }}{{ deepCopy $d }}",
        "{{ $d := dict }}{{ range until 60 }}{{ $d = dict \"a\" $d \"b\" $d }}{{ end }}{{ mustToJson $d }}",
        "{{ $d := dict }}{{ range until 60 }}{{ $d = dict \"a\" $d \"b\" $d }}{{ end }}{{ toJson $d }}",
    ] {
        let limits = Limits { memory: 1 << 20, ..Limits::default() };
        let mut world = TestWorld::default();
        let error = render_within(template, Functions::All, Val::Missing, &mut world, limits).unwrap_err();
        assert!(error.contains("more than"), "{template}: {error}");
    }
}
