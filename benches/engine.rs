//! The parts of the stack engine, each on the material of one catalog file or one component.
//!
//! `parse` is the floor: what counts is how many times it the others take, which does not depend on the machine.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use atmos::merge::{ListStrategy, merge, merge_all};
use atmos::query::Query;
use atmos::span::Sources;
use atmos::stack::{glob_matches, pattern_name};
use atmos::template::{Nothing, Options, Source, Template};
use atmos::value::Node;
use atmos::yaml;
use divan::{Bencher, black_box};

fn main() {
    divan::main();
}

/// A catalog file of the usual size.
fn text() -> Arc<str> {
    let mut variables = String::new();
    for number in 0..12 {
        let _ = writeln!(
            variables,
            "        v{number}: {{size: {number}, names: [a, b{number}], on: true, text: \"x y\"}}"
        );
    }
    Arc::from(format!(
        "components:\n  terraform:\n    base:\n      metadata: {{type: abstract}}\n      vars:\n{variables}"
    ))
}

fn read(text: Arc<str>) -> Node {
    yaml::parse(&Sources::new(), Path::new("/r/a.yaml"), Path::new("/r"), text).unwrap_or_default()
}

#[divan::bench]
fn parse(bencher: Bencher<'_, '_>) {
    let text = text();
    bencher.bench_local(|| black_box(read(text.clone())));
}

#[divan::bench]
fn merge_two_of_a_kind(bencher: Bencher<'_, '_>) {
    let (base, over) = (read(text()), read(text()));
    bencher.bench_local(|| black_box(merge(&base, &over, ListStrategy::Replace)));
}

/// Layers as a component has them: globals, kind, bases, own.
#[divan::bench]
fn inherit_from_ten_layers(bencher: Bencher<'_, '_>) {
    let layers: Vec<Node> = (0..10)
        .map(|layer| {
            read(Arc::from(format!("vars: {{own{layer}: {layer}, shared: {layer}, map: {{k{layer}: [1, 2]}}}}\n")))
        })
        .collect();
    bencher.bench_local(|| black_box(merge_all(&layers, ListStrategy::Replace)));
}

#[divan::bench]
fn template_compile(bencher: Bencher<'_, '_>) {
    let text =
        "{{ .vars.tenant }}-{{ .vars.stage | upper }}{{ if .vars.on }}-{{ range .list }}{{ . }}{{ end }}{{ end }}";
    bencher.bench_local(|| black_box(Template::parse(&Source::new("name", text))).is_ok());
}

#[divan::bench]
fn template_render(bencher: Bencher<'_, '_>) {
    let text =
        "{{ .vars.tenant }}-{{ .vars.stage | upper }}{{ if .vars.on }}-{{ range .list }}{{ . }}{{ end }}{{ end }}";
    let data = read(Arc::from("vars: {tenant: t, stage: s, on: true}\nlist: [1, 2, 3]\n"));
    let template = Template::parse(&Source::new("name", text)).unwrap_or_else(|error| panic!("{error}"));
    bencher.bench_local(|| black_box(template.render(&data, &Options::default(), &mut Nothing)).is_ok());
}

#[divan::bench]
fn query(bencher: Bencher<'_, '_>) {
    let data = read(text());
    let query = Query::parse(".components.terraform.base.vars.v3.names[1]").unwrap_or_else(|error| panic!("{error}"));
    bencher.bench_local(|| black_box(query.first(&data)).is_ok());
}

#[divan::bench]
fn name_by_pattern(bencher: Bencher<'_, '_>) {
    bencher.bench_local(|| {
        black_box(pattern_name("{namespace}-{tenant}-{environment}-{stage}", |token| Some(token.to_owned()))).is_ok()
    });
}

#[divan::bench]
fn glob(bencher: Bencher<'_, '_>) {
    bencher.bench_local(|| black_box(glob_matches("orgs/**/*.yaml", "orgs/acme/plat/dev/us-east-2.yaml")));
}

#[divan::bench]
fn print_yaml(bencher: Bencher<'_, '_>) {
    let data = read(text());
    bencher.bench_local(|| black_box(yaml::emit(&data, 2)));
}

#[divan::bench]
fn print_json(bencher: Bencher<'_, '_>) {
    let data = read(text());
    bencher.bench_local(|| black_box(yaml::emit_json(&data)));
}
