use std::path::Path;
use std::sync::Arc;

use miette::Diagnostic as _;

use crate::span::{Place, Sources, Span};
use crate::template::{ErrorKind, MissingKey, Nothing, Options, Source, Template, Val};
use crate::value::Node;

fn place(file: &str, line: u32, column: u32) -> Place {
    let sources = Sources::new();
    let id = sources.add(Path::new("/r/stacks/a.yaml"), Path::new("/r"), Arc::from(file));
    sources.place(Span::new(id, line, column, 0)).unwrap()
}

fn failure(file: &str, line: u32, column: u32, text: &str) -> String {
    let source = Source { place: Some(place(file, line, column)), ..Source::new("vpc", text) };
    let options = Options { missing_key: MissingKey::Error, ..Options::default() };
    match Template::parse(&source) {
        Err(error) => error.to_string(),
        Ok(template) => template.render(Val::from(Node::empty_map()), &options, &mut Nothing).unwrap_err().to_string(),
    }
}

#[test]
fn errors_of_a_whole_file_have_its_line_and_column() {
    let file = "vars:\n  a: 1\n  ä: ä {{ .x }}\n";
    let expected = r#"template: stacks/a.yaml:3:11: executing "vpc" at <.x>: map has no entry for key "x""#;
    assert_eq!(failure(file, 1, 1, file), expected);
}

/// Line and column of an error.
fn shown(message: &str) -> String {
    let place = message.strip_prefix("template: stacks/a.yaml:").unwrap_or(message);
    place.split(": ").next().unwrap_or_default().to_owned()
}

#[test]
fn errors_of_a_scalar_are_found_behind_its_start() {
    let quoted = "vars:\n  a: \"x {{ .no.y }}\"\n";
    assert!(failure(quoted, 2, 6, "x {{ .no.y }}").starts_with("template: stacks/a.yaml:2:15: "));
    let block = "vars:\n  a: |\n    one\n    two {{ .no }}\n";
    assert!(failure(block, 2, 6, "one\ntwo {{ .no }}\n").starts_with("template: stacks/a.yaml:4:12: "));
    // The same where the file has it in another form.
    let escaped = "vars:\n  a: \"x\\t{{ .no }}\"\n";
    assert_eq!(shown(&failure(escaped, 2, 6, "x\t{{ .no }}")), "2:13");
    // What the file does not contain at all is shown where it begins.
    assert_eq!(shown(&failure(escaped, 2, 6, "y {{ .no }}")), "2:6");
}

#[test]
fn syntax_errors_have_a_place_too() {
    let file = "a: {{ bogus }}\n";
    assert_eq!(failure(file, 1, 1, file), "template: stacks/a.yaml:1:7: function \"bogus\" not defined");
}

#[test]
fn unknown_names_get_the_nearest_known_one() {
    for (text, help) in [
        ("{{ prinft }}", "did you mean `printf`?"),
        ("{{ $stage := 1 }}{{ $stag }}", "did you mean `$stage`?"),
        ("{{ atmos.Componnt \"a\" \"b\" }}", "did you mean `atmos.Component`?"),
        ("{{ define \"head\" }}{{ end }}{{ template \"heat\" }}", "did you mean `head`?"),
        ("{{ .stag }}", "did you mean `stage`?"),
    ] {
        let data = Node::from(crate::value::Map::from_iter([(Arc::from("stage"), Node::from(1))]));
        let options = Options { missing_key: MissingKey::Error, ..Options::default() };
        let error = match Template::parse(&Source::new("t", text)) {
            Err(error) => error,
            Ok(template) => template.render(&data, &options, &mut Nothing).unwrap_err(),
        };
        assert_eq!(error.help().unwrap().to_string(), help, "{text}");
    }
}

#[test]
fn the_parts_of_an_error_can_be_read() {
    let template = Template::parse(&Source::new("t", "a\n{{ .s.x }}")).unwrap();
    let data = Node::from(crate::value::Map::from_iter([(Arc::from("s"), Node::from("text"))]));
    let error = template.render(&data, &Options::default(), &mut Nothing).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Execution);
    assert_eq!(error.expression(), Some(".s.x"));
    assert_eq!((error.line(), error.column()), (2, Some(5)));
    assert_eq!(error.phrase(), "can't evaluate field x in type interface {}");
    assert_eq!(error.code().unwrap().to_string(), "atmos::template::execution");
}
