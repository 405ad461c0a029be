use std::sync::Arc;

use crate::template::{Dict, ErrorKind, Limits, List, Nothing, Options, Source, Template, Val, print};

/// Renders on a stack that is smaller than those of the threads that do it in the program.
fn on_small_stack(
    text: &'static str,
    data: impl FnOnce() -> Val + Send + 'static,
) -> Result<String, (ErrorKind, String)> {
    let thread = std::thread::Builder::new().stack_size(1 << 20);
    let run = move || {
        let template = Template::parse(&Source::new("t", text)).map_err(|error| (error.kind(), error.to_string()))?;
        let rendered = template.render(data(), &Options::default(), &mut Nothing);
        rendered.map_err(|error| (error.kind(), error.phrase().to_owned()))
    };
    thread.spawn(run).unwrap().join().unwrap()
}

fn limit(text: &'static str) -> String {
    let (kind, phrase) = on_small_stack(text, || Val::Missing).unwrap_err();
    assert_eq!(kind, ErrorKind::Limit, "{phrase}");
    phrase
}

#[test]
fn templates_that_call_themselves_end_with_an_error() {
    for text in [
        r#"{{ define "x" }}{{ template "x" }}{{ end }}{{ template "x" }}"#,
        r#"{{ define "x" }}{{ range 1 }}{{ if true }}{{ with 1 }}{{ template "x" . }}{{ end }}{{ end }}{{ end }}{{ end }}{{ template "x" }}"#,
        r#"{{ template "t" (print (print (print (print 1)))) }}"#,
        r#"{{ template "t" }}"#,
    ] {
        assert_eq!(limit(text), "exceeded maximum template depth (400)");
    }
}

#[test]
fn loops_and_calls_are_counted() {
    assert_eq!(limit("{{ range 2000000 }}{{ end }}"), "more than 1000000 iterations and template calls");
    assert_eq!(
        limit("{{ range 10000 }}{{ range 10000 }}{{ end }}{{ end }}"),
        "more than 1000000 iterations and template calls"
    );
}

#[test]
fn strings_that_double_are_stopped() {
    let text = r#"{{ $s := "xxxxxxxx" }}{{ range 60 }}{{ $s = print $s $s }}{{ end }}"#;
    assert!(limit(text).contains("values of more than 268435456 bytes"), "{}", limit(text));
    assert!(limit(r#"{{ range 1000 }}{{ $x := printf "%1000000d" 1 }}{{ end }}"#).contains("more than"));
}

#[test]
fn output_is_bounded() {
    let limits = Limits { output: 100, ..Limits::default() };
    let template = Template::parse(&Source::new("t", "{{ range 1000 }}text{{ end }}")).unwrap();
    let options = Options { limits, ..Options::default() };
    let error = template.render(Val::Missing, &options, &mut Nothing).unwrap_err();
    assert_eq!(error.phrase(), "output of more than 100 bytes");
}

#[test]
fn nesting_in_the_text_is_bounded() {
    let parens = format!("{{{{ {}1{} }}}}", "(".repeat(5000), ")".repeat(5000));
    let blocks = format!("{}{}", "{{ if true }}".repeat(5000), "{{ end }}".repeat(5000));
    for text in [parens, blocks] {
        let error = Template::parse(&Source::new("t", &text)).unwrap_err();
        assert_eq!((error.kind(), error.phrase()), (ErrorKind::Limit, "max expression depth exceeded"));
    }
    let chain = format!("{{{{ if false }}}}{}{{{{ end }}}}", "{{ else if false }}".repeat(5000));
    let rendered = Template::parse(&Source::new("t", &chain)).unwrap();
    assert_eq!(rendered.render(Val::Missing, &Options::default(), &mut Nothing).unwrap(), "");
}

#[test]
fn a_map_in_itself_is_an_error_where_it_is_printed() {
    let data = || {
        let dict = Dict::default();
        dict.set("self", Val::Dict(dict.clone()));
        Val::Dict(dict)
    };
    for text in ["{{ . }}", "{{ print . }}", "{{ printf \"%d\" . }}", "{{ printf \"%#v\" . }}", "{{ html . }}"] {
        let (kind, phrase) = on_small_stack(text, data).unwrap_err();
        assert_eq!(kind, ErrorKind::Limit, "{text}");
        assert!(phrase.ends_with("value is nested more than 500 levels deep"), "{text}: {phrase}");
    }
    assert_eq!(on_small_stack("{{ .self.self.self | len }}", data).unwrap(), "1");
    assert!(data().to_node().is_err());
}

#[test]
fn deep_values_are_freed_without_recursion() {
    let mut val = Val::Nil;
    for round in 0..300_000 {
        val = if round % 2 == 0 {
            Val::List(List::new(vec![val]))
        } else {
            Val::Dict([(Arc::<str>::from("k"), val)].into_iter().collect())
        };
    }
    assert!(print(&val).is_err());
    drop(val);
}
