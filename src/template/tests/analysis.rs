use crate::template::{Argument, Delimiters, Reads, Source, Template, field_reference};

fn reads(text: &str) -> Reads {
    Template::parse(&Source::new("t", text)).unwrap().reads()
}

fn paths(text: &str) -> Vec<String> {
    match reads(text) {
        Reads::Paths(paths) => paths.iter().map(|path| path.join(".")).collect(),
        Reads::Everything => vec!["*".to_owned()],
    }
}

#[test]
fn field_references_are_whole_scalars_only() {
    let usual = Delimiters::default();
    for (text, expected) in [
        ("{{ .a.b }}", Some(vec!["a", "b"])),
        ("{{.a}}", Some(vec!["a"])),
        ("{{- .locals.x_1 -}}", Some(vec!["locals", "x_1"])),
        ("{{-  .a  -}}", Some(vec!["a"])),
        ("{{\t.a\n}}", Some(vec!["a"])),
        ("{{ .end }}", Some(vec!["end"])),
        ("{{ .ü }}", Some(vec!["ü"])),
        ("{{ . }}", None),
        ("{{ .5 }}", None),
        ("{{-.a}}", None),
        ("{{ .a}} ", None),
        ("x{{ .a }}", None),
        ("{{ .a }}{{ .b }}", None),
        ("{{ .a .b }}", None),
        ("{{ .a | upper }}", None),
        ("{{ .a..b }}", None),
        ("{{ $.a }}", None),
        ("{{}}", None),
        ("{{ .a-b }}", None),
        ("{{ü}}", None),
        ("", None),
    ] {
        assert_eq!(field_reference(text, &usual), expected, "{text}");
    }
    let other = Delimiters::new("<<", ">>").unwrap();
    assert_eq!(field_reference("<< .a >>", &other), Some(vec!["a"]));
    assert_eq!(field_reference("{{ .a }}", &other), None);
}

#[test]
fn reads_are_the_paths_that_a_template_may_use() {
    for (text, expected) in [
        ("x", vec![]),
        ("{{ .vars.stage }}-{{ .vars.env }}", vec!["vars.env", "vars.stage"]),
        ("{{ $.vars.stage }}", vec!["vars.stage"]),
        ("{{ with .vars }}{{ .stage }}{{ $.settings.x }}{{ end }}", vec!["settings.x", "vars", "vars.stage"]),
        ("{{ range $k, $v := .vars }}{{ $v.x }}{{ .y }}{{ end }}", vec!["vars"]),
        ("{{ $v := .vars }}{{ $v.a }}", vec!["vars.a"]),
        ("{{ $v := .vars }}{{ $v = .settings }}{{ $v.a }}", vec!["settings", "vars"]),
        ("{{ (index .a \"k\").b }}{{ print .c | len }}", vec!["a", "c"]),
        ("{{ (.a).b }}", vec!["a.b"]),
        ("{{ if .a }}{{ else if .b }}{{ .c }}{{ else }}{{ .d }}{{ end }}", vec!["a", "b", "c", "d"]),
        ("{{ print . }}", vec!["*"]),
        ("{{ . }}", vec!["*"]),
        ("{{ $x := $ }}{{ $x.a }}", vec!["a"]),
        ("{{ template \"x\" .a }}{{ define \"x\" }}{{ .b }}{{ end }}", vec!["a"]),
        ("{{ template \"x\" . }}{{ define \"x\" }}{{ .b }}{{ end }}", vec!["*"]),
        ("{{ .a | printf \"%v\" }}", vec!["a"]),
        ("{{ index . \"a\" }}", vec!["*"]),
    ] {
        assert_eq!(paths(text), expected, "{text}");
    }
}

#[test]
fn reads_touch_what_lies_above_and_below() {
    let reads = reads("{{ .vars.stage }}");
    assert!(reads.touches(&["vars"]));
    assert!(reads.touches(&["vars", "stage", "x"]));
    assert!(!reads.touches(&["vars", "env"]));
    assert!(!reads.touches(&["settings"]));
    assert!(Reads::Everything.touches(&["settings"]));
}

#[test]
fn calls_are_those_that_every_rendering_makes() {
    let show = |argument: &Argument| match argument {
        Argument::Text(text) => format!("{text:?}"),
        Argument::Path(path) => format!(".{}", path.join(".")),
        Argument::Other => "?".to_owned(),
    };
    for (text, expected) in [
        ("{{ (atmos.Component \"b\" .stack).outputs.id }}", vec!["Component \"b\" .stack"]),
        ("{{ $x := atmos.Component .settings.net $.vars.stage }}", vec!["Component .settings.net .vars.stage"]),
        ("{{ atmos.Component (print \"a\") (.s | upper) }}", vec!["Component ? ?"]),
        ("{{ toJson (atmos.Component `b` `dev`).vars | quote }}", vec!["Component \"b\" \"dev\""]),
        ("{{ if (atmos.Component \"a\" .s).x }}{{ atmos.Component \"b\" .s }}{{ end }}", vec!["Component \"a\" .s"]),
        ("{{ or .x (atmos.Component \"a\" .s) }}", vec![]),
        ("{{ or (atmos.Component \"a\" .s) .x }}", vec!["Component \"a\" .s"]),
        ("{{ .stack | atmos.Component \"a\" }}", vec![]),
        ("{{ atmos.Resolve \"!terraform.state b id\" }}", vec!["Resolve \"!terraform.state b id\""]),
        ("{{ range (atmos.Component \"a\" .s).l }}{{ atmos.Component \"b\" .s }}{{ end }}", vec!["Component \"a\" .s"]),
        ("{{ define \"d\" }}{{ atmos.Component \"a\" .s }}{{ end }}{{ upper .x }}", vec![]),
    ] {
        let calls = Template::parse(&Source::new("t", text)).unwrap().atmos_calls();
        let shown = calls.iter().map(|call| {
            let arguments: Vec<String> = call.arguments.iter().map(show).collect();
            format!("{} {}", call.name, arguments.join(" "))
        });
        let shown: Vec<String> = shown.collect();
        assert_eq!(shown, expected, "{text}");
    }
}
