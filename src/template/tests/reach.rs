//! What templates reach outside themselves, and maps of the data that they change.

use std::sync::Arc;

use crate::template::call::Call;
use crate::template::{Dict, Lookup, Nothing, Options, Problem, Source, Template, Val, World};
use crate::value::{Function, Map, Node, Value};

#[derive(Default)]
struct Known {
    asked: Vec<String>,
}

impl World for Known {
    fn variable(&self, _: &str) -> Option<String> {
        None
    }
    fn variables(&self) -> Vec<(String, String)> {
        Vec::new()
    }
    fn now(&self) -> jiff::ZonedDateTime {
        Nothing.now()
    }
    fn random(&mut self, _: &mut [u8]) -> Result<(), Problem> {
        Ok(())
    }
    fn lookup(&mut self) -> &mut dyn Lookup {
        self
    }
}

impl Lookup for Known {
    fn component(&mut self, component: &str, stack: &str) -> Result<Node, Problem> {
        self.asked.push(format!("{component} {stack}"));
        if component == "none" {
            return Err(Problem::new("no component").help("list them"));
        }
        Ok(map([("outputs", map([("id", Node::from("vpc-1"))]))]))
    }

    fn store(&mut self, store: &str, stack: &str, component: &str, key: &str) -> Result<Node, Problem> {
        self.asked.push(format!("{store} {stack} {component} {key}"));
        Ok(Node::default())
    }

    fn data(&mut self, alias: &str, arguments: &[Val]) -> Result<Node, Problem> {
        self.asked.push(format!("{alias} {}", arguments.len()));
        Ok(Node::from(vec![Node::from(1)]))
    }

    fn resolve(&mut self, text: &str) -> Result<Node, Problem> {
        Ok(Node::from(text))
    }
}

fn map<const N: usize>(entries: [(&str, Node); N]) -> Node {
    Node::from(entries.into_iter().map(|(key, node)| (Arc::from(key), node)).collect::<Map>())
}

fn render(text: &str, data: &Node, world: &mut dyn World) -> Result<String, String> {
    let template = Template::parse(&Source::new("t", text)).map_err(|error| error.to_string())?;
    template.render(data, &Options::default(), world).map_err(|error| error.to_string())
}

#[test]
fn the_functions_of_the_program_are_asked_through_the_world() {
    let mut world = Known::default();
    let data = map([("stack", Node::from("prod"))]);
    let mut run = |text: &str| render(text, &data, &mut world);
    assert_eq!(run(r#"{{ (atmos.Component "vpc" .stack).outputs.id }}"#).unwrap(), "vpc-1");
    assert_eq!(run(r#"{{ .stack | atmos.Component "vpc" }}"#).unwrap(), "map[outputs:map[id:vpc-1]]");
    assert_eq!(run(r#"{{ atmos.Store "s" "st" "c" "k" }}"#).unwrap(), "<no value>");
    assert_eq!(run(r#"{{ index (atmos.GomplateDatasource "ip" 1 2) 0 }}"#).unwrap(), "1");
    assert_eq!(run(r#"{{ atmos.Resolve "!env X" }}"#).unwrap(), "!env X");
    assert_eq!(
        run(r#"{{ atmos.Component "none" "x" }}"#).unwrap_err(),
        r#"template: t:1:8: executing "t" at <atmos.Component>: error calling Component: no component"#
    );
    assert_eq!(
        run(r#"{{ atmos.Component "vpc" }}"#).unwrap_err(),
        r#"template: t:1:3: executing "t" at <atmos>: wrong number of args for Component: want 2 got 1"#
    );
    assert_eq!(world.asked, ["vpc prod", "vpc prod", "s st c k", "ip 2", "none x"]);
}

#[test]
fn a_compiled_template_can_be_shared_between_threads() {
    fn shared<T: Send + Sync + Clone>() {}
    shared::<Template>();
}

#[test]
fn what_is_not_in_reach_says_so() {
    let error = render(r#"{{ atmos.Component "a" "b" }}"#, &Node::empty_map(), &mut Nothing).unwrap_err();
    assert!(error.ends_with("error calling Component: atmos.Component cannot be used here"), "{error}");
}

#[test]
fn a_yaml_function_is_the_text_in_which_it_was_written() {
    let function = Function { tag: Arc::from("!env"), argument: Node::from("HOME") };
    let data = map([("f", Node::from(Value::Function(Arc::new(function))))]);
    assert_eq!(render("{{ .f }}|{{ len .f }}|{{ . }}", &data, &mut Nothing).unwrap(), "!env HOME|9|map[f:!env HOME]");
}

#[test]
fn a_changed_map_of_the_data_is_seen_from_then_on() {
    let data = map([("vars", map([("a", Node::from(1))]))]);
    let template = Template::parse(&Source::new("t", "")).unwrap();
    let mut world = Nothing;
    let mut call = Call::new(template.compiled.clone(), Options::default(), &mut world);
    let vars = Val::from(data.get("vars").unwrap());
    let Val::Dict(vars) = vars else { panic!("a map") };
    let writable = call.writable(&vars);
    assert!(writable.set("b", Val::Int(2)));
    assert!(call.writable(&vars).is(&writable));
    let text =
        "{{ .vars.b }}{{ range $k, $v := .vars }} {{ $k }}{{ $v }}{{ end }} {{ index .vars \"b\" }} {{ len .vars }}";
    assert_eq!(call.render("x", text, &Val::from(&data)).unwrap(), "2 a1 b2 2 2");
    let text = "{{ . }} {{ print . }} {{ .vars }}";
    assert_eq!(
        call.render("x", text, &Val::from(&data)).unwrap(),
        "map[vars:map[a:1 b:2]] ".repeat(2) + "map[a:1 b:2]"
    );
    assert_eq!(data.get("vars").unwrap().as_map().unwrap().len(), 1);
    assert!(!vars.set("c", Val::Nil));
}

#[test]
fn a_made_map_changes_for_everyone_who_holds_it() {
    let dict = Dict::default();
    let other = dict.clone();
    dict.set("a", Val::Int(1));
    assert_eq!(other.get("a").and_then(|val| val.as_int()), Some(1));
    other.remove("a");
    assert!(dict.is_empty());
}

#[test]
fn defined_templates_can_be_rendered_by_functions() {
    let text = "{{ define \"x\" }}<{{ . }}>{{ end }}";
    let template = Template::parse(&Source::new("t", text)).unwrap();
    let mut world = Nothing;
    let mut call = Call::new(template.compiled.clone(), Options::default(), &mut world);
    assert_eq!(call.render_named("x", &Val::Int(1)).unwrap(), "<1>");
    assert_eq!(call.render_named("y", &Val::Int(1)).unwrap_err().message(), "template \"y\" not defined");
    assert!(call.render("z", "{{ nope }}", &Val::Nil).unwrap_err().message().contains("function \"nope\" not defined"));
}
