use super::*;

#[test]
fn constants_are_unquoted_by_the_rules_of_go() {
    for (written, expected) in [
        (r#""a\tb""#, Some("a\tb")),
        (r#""\u00e9\U0001F600\x41\101""#, Some("é😀AA")),
        (r#""\'""#, None),
        (r#""\q""#, None),
        (r#""\ud800""#, None),
        ("`a\r\nb`", Some("a\nb")),
        (r#""\xff""#, Some("\u{fffd}")),
    ] {
        assert_eq!(unquote(written).as_deref(), expected, "{written}");
    }
}

#[test]
fn the_even_one_of_two_equally_near_texts_is_printed() {
    let number = crate::template::Val::Float(-86_584_010_341_277.62);
    assert_eq!(print(&number).unwrap(), "-8.658401034127762e+13");
}

#[test]
fn quoting_escapes_what_cannot_be_printed() {
    assert_eq!(quote("a\"\\\n\u{7f}\u{200b}é\u{10ffff}"), r#""a\"\\\n\x7f\u200bé\U0010ffff""#);
}
