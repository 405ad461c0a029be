//! The browser without a terminal: keys in, state and drawn cells out.

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::style::{Color, Modifier};

use super::*;
use crate::ops::browse::Field;

fn entry(stack: &str, kind: &str, component: &str) -> Entry {
    let abstract_ = component.ends_with("-base");
    Entry { stack: stack.to_owned(), kind: kind.to_owned(), component: component.to_owned(), abstract_ }
}

fn model() -> Model {
    let mut model = Model::new("~/infra".to_owned());
    model.set_entries(vec![
        entry("dev", "helmfile", "ingress"),
        entry("dev", "terraform", "vpc"),
        entry("dev", "terraform", "vpc-base"),
        entry("prod", "terraform", "database"),
        entry("prod", "terraform", "vpc"),
    ]);
    model
}

fn press(model: &mut Model, keys: &str) -> Option<Effect> {
    let mut effect = None;
    for letter in keys.chars() {
        effect = model.press(match letter {
            '⏎' => Key::Enter,
            '⎋' => Key::Escape,
            '→' => Key::Right,
            '←' => Key::Left,
            '↓' => Key::Down,
            '↑' => Key::Up,
            '⇥' => Key::Tab,
            '⌫' => Key::Backspace,
            letter => Key::Char(letter),
        });
    }
    effect
}

fn chosen(model: &Model) -> String {
    model.target().map_or("-".to_owned(), |target| format!("{} {} {}", target.stack, target.kind, target.component))
}

fn fields(model: &mut Model, lines: &[(&str, &str, &str)]) {
    let target = model.wanted().expect("values are missing");
    let field = |(path, value, note): &(&str, &str, &str)| Field {
        path: (*path).to_owned(),
        value: (*value).to_owned(),
        note: (!note.is_empty()).then(|| (*note).to_owned()),
    };
    model.set_fields(&target, Ok(lines.iter().map(field).collect()));
}

fn terminal(model: &Model, look: Look, width: u16, height: u16) -> Terminal<TestBackend> {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| draw(frame, model, look)).unwrap();
    terminal
}

/// The drawn lines without the blanks at their ends.
fn picture(model: &Model, width: u16, height: u16) -> Vec<String> {
    let terminal = terminal(model, Look::new(false, None), width, height);
    let buffer = terminal.backend().buffer();
    let line = |y| (0..width).map(|x| buffer[(x, y)].symbol()).collect::<String>().trim_end().to_owned();
    (0..height).map(line).collect()
}

#[test]
fn cursors_choose_a_component_in_a_stack() {
    let mut model = model();
    assert_eq!(chosen(&model), "dev helmfile ingress");
    press(&mut model, "→↓");
    assert_eq!(chosen(&model), "dev terraform vpc");
    // Another stack: the same component, where it has it.
    press(&mut model, "hG");
    assert_eq!(chosen(&model), "prod terraform vpc");
    press(&mut model, "lk");
    assert_eq!(chosen(&model), "prod terraform database");
    press(&mut model, "j");
    assert_eq!(chosen(&model), "prod terraform vpc");
    // Flipped the same component is chosen, from the other side.
    press(&mut model, "⇥");
    assert_eq!(chosen(&model), "prod terraform vpc");
    press(&mut model, "↑");
    assert_eq!(chosen(&model), "dev terraform vpc");
}

#[test]
fn bases_are_shown_on_demand() {
    let mut model = model();
    press(&mut model, "→G");
    assert_eq!(chosen(&model), "dev terraform vpc");
    press(&mut model, "bG");
    assert_eq!(chosen(&model), "dev terraform vpc-base");
    assert!(picture(&model, 100, 12).iter().any(|line| line.contains("vpc-base") && line.contains("base │")));
    // Nothing abstract runs.
    assert_eq!(press(&mut model, "p"), None);
    assert_eq!(press(&mut model, "d"), Some(Effect::Run(words("describe component vpc-base -s dev"))));
}

fn words(line: &str) -> Vec<String> {
    line.split(' ').map(str::to_owned).collect()
}

#[test]
fn commands_come_from_the_menu_or_from_their_keys() {
    let mut model = model();
    press(&mut model, "↓→↓");
    assert_eq!(press(&mut model, "p"), Some(Effect::Run(words("terraform plan vpc -s prod"))));
    assert_eq!(press(&mut model, "s"), Some(Effect::Run(words("terraform shell vpc -s prod"))));
    // What changes something is not one key away.
    assert_eq!(press(&mut model, "a"), None);
    assert_eq!(press(&mut model, "⏎a"), Some(Effect::Run(words("terraform apply vpc -s prod"))));
    assert_eq!(press(&mut model, "⏎↓↓⏎"), Some(Effect::Run(words("terraform destroy vpc -s prod"))));
    assert_eq!(press(&mut model, "⏎⎋"), None);
    assert_eq!(press(&mut model, "⎋"), Some(Effect::Quit));
    press(&mut model, "←↑→↑⏎");
    assert!(picture(&model, 80, 20).iter().any(|line| line.contains("helmfile sync")));
    assert_eq!(press(&mut model, "y"), Some(Effect::Run(words("helmfile sync ingress -s dev"))));
}

#[test]
fn search_filters_the_list_and_is_taken_back() {
    let mut model = model();
    press(&mut model, "/pd");
    assert_eq!(chosen(&model), "prod terraform database");
    press(&mut model, "⌫⌫d");
    assert_eq!(chosen(&model), "dev helmfile ingress");
    press(&mut model, "⌫zz");
    assert_eq!(chosen(&model), "-");
    assert!(picture(&model, 80, 10)[9].contains("/zz▏  0 of 2"));
    // Kept, then taken back: only then Esc leaves.
    press(&mut model, "⌫⌫pro⏎");
    assert_eq!(chosen(&model), "prod terraform database");
    assert_eq!(press(&mut model, "⎋"), None);
    assert_eq!(press(&mut model, "⎋"), Some(Effect::Quit));
    // Letters of commands are letters while something is typed.
    assert_eq!(press(&mut model, "/q"), None);
    assert_eq!(model.press(Key::Ctrl('c')), Some(Effect::Quit));
}

#[test]
fn find_jumps_to_a_component_anywhere() {
    let mut model = model();
    press(&mut model, "fvpc prod⏎");
    assert_eq!(chosen(&model), "prod terraform vpc");
    press(&mut model, "⇥fingr⏎");
    assert_eq!(chosen(&model), "dev helmfile ingress");
    press(&mut model, "fnothing⏎");
    assert_eq!(chosen(&model), "dev helmfile ingress");
}

#[test]
fn values_are_asked_for_once_and_late_ones_are_dropped() {
    let mut model = model();
    let first = model.wanted().unwrap();
    assert_eq!(model.wanted(), None);
    assert!(model.waits());
    press(&mut model, "↓");
    let second = model.wanted().unwrap();
    assert_eq!(second.stack, "prod");
    model.set_fields(&first, Ok(vec![]));
    assert!(model.waits());
    model.set_fields(&second, Err("no such base".to_owned()));
    assert!(!model.waits());
    assert!(picture(&model, 120, 10).iter().any(|line| line.contains("no such base")));
    model.forget();
    assert_eq!(model.wanted(), Some(second));
}

#[test]
fn a_value_is_explained_by_its_path() {
    let mut model = model();
    fields(&mut model, &[("vars.a", "1", "● [1] dev.yaml:3"), ("vars.b[0]", "x", "")]);
    press(&mut model, "→→↓");
    let target = model.target().unwrap();
    assert_eq!(press(&mut model, "⏎"), Some(Effect::Explain(target, "vars.b[0]".to_owned())));
    model.show_page("vars.b[0]".to_owned(), "vars.b[0]: x\n\nset at dev.yaml:4");
    let shown = picture(&model, 80, 14);
    assert!(shown.iter().any(|line| line.contains("set at dev.yaml:4")), "{shown:#?}");
    assert_eq!(press(&mut model, "⎋⎋"), Some(Effect::Quit));
}

#[test]
fn the_wide_picture_has_everything() {
    let mut model = model();
    press(&mut model, "→");
    fields(
        &mut model,
        &[("vars.cidr", "10.0.0.0/16", "○ [2] catalog/vpc.yaml:12"), ("vars.name", "web", "● [1] dev.yaml:3")],
    );
    let expected = [
        " atmos ~/infra                                                               2 stacks, 4 components",
        "┌ Stacks ────────────┐┌ Components ──────────────┐┌ Values ────────────────────────────────────────┐",
        "│ dev                ││ ingress         helmfile ││ vars.cidr: 10.0.0.0/16 …2] catalog/vpc.yaml:12 │",
        "│ prod               ││ vpc                      ││ vars.name: web                ● [1] dev.yaml:3 │",
        "│                    ││                          ││                                                │",
        "└────────────────────┘└──────────────────────────┘└───────────────────── ○ [2] catalog/vpc.yaml:12 ┘",
        " Enter commands  p plan  d describe  s shell  / search  f find  ? keys  q quit",
    ];
    assert_eq!(picture(&model, 100, 7), expected);
}

#[test]
fn narrow_screens_show_the_list_that_keys_go_to() {
    let mut model = model();
    let has = |model: &Model, width, text: &str| picture(model, width, 10).iter().any(|line| line.contains(text));
    assert!(has(&model, 40, " Stacks ") && !has(&model, 40, " Components "));
    assert!(has(&model, 60, " Stacks ") && has(&model, 60, " Components ") && !has(&model, 60, " Values "));
    press(&mut model, "→→");
    assert!(has(&model, 40, " Values ") && !has(&model, 40, " Components "));
    assert!(has(&model, 60, " Values ") && has(&model, 60, " Components "));
    assert_eq!(picture(&model, 10, 3)[0], "too small");
    // Whatever the size, and whatever lies over the lists, drawing does not fail.
    for keys in ["", "/x", "⎋←⏎", "⎋?", "⎋fv"] {
        press(&mut model, keys);
        for (width, height) in [(1, 1), (24, 7), (25, 8), (57, 7), (100, 7), (300, 80)] {
            picture(&model, width, height);
        }
    }
}

#[test]
fn without_colour_only_the_letters_differ() {
    let mut model = model();
    press(&mut model, "/e⏎");
    fields(&mut model, &[("vars.a", "1", "● [1] dev.yaml:3")]);
    let theme = crate::config::find_theme("dracula");
    let plain = terminal(&model, Look::new(false, theme), 110, 10);
    let cells = plain.backend().buffer().content();
    assert!(cells.iter().all(|cell| cell.fg == Color::Reset && cell.bg == Color::Reset));
    assert!(cells.iter().any(|cell| cell.modifier.contains(Modifier::REVERSED)));
    let painted = terminal(&model, Look::new(true, theme), 110, 10);
    assert!(painted.backend().buffer().content().iter().any(|cell| cell.fg == Color::Rgb(0xbd, 0x93, 0xf9)));
    let usual = terminal(&model, Look::new(true, None), 110, 10);
    assert!(usual.backend().buffer().content().iter().any(|cell| cell.fg == Color::Cyan));
}

#[test]
fn text_that_would_steer_the_terminal_does_not() {
    let mut model = model();
    fields(&mut model, &[("vars.a", "x\u{1b}[31mred\u{7}", "")]);
    model.show_page("a\u{1b}]0;t".to_owned(), "b\u{9b}c");
    assert!(picture(&model, 120, 12).iter().all(|line| !line.contains(char::is_control)));
}

#[test]
fn an_unread_or_empty_repository_is_drawn() {
    let mut model = Model::new("~/infra".to_owned());
    assert!(model.waits() && model.wanted().is_none());
    assert!(picture(&model, 80, 10)[0].contains("reading the stacks"));
    model.set_entries(Vec::new());
    assert!(picture(&model, 80, 10).iter().any(|line| line.contains("nothing")));
    assert_eq!(press(&mut model, "→→⏎p/x⏎⎋⇥bf⏎"), None);
    // Another look at the repository keeps the cursor.
    let mut model = self::model();
    press(&mut model, "↓→↓");
    let entries = model.entries.clone();
    model.set_entries(entries[1..].to_vec());
    assert_eq!(chosen(&model), "prod terraform vpc");
}

#[test]
fn long_lines_of_a_page_go_on_in_the_next_row() {
    let mut model = model();
    let text = format!("imported over {} end", "orgs/acme/_defaults → ".repeat(12));
    model.show_page("vars.a".to_owned(), &format!("{text}\n{}!", "x".repeat(150)));
    for width in [24, 40, 100, 120] {
        let shown = picture(&model, width, 40).join(" ");
        assert!(shown.contains(" end") && shown.contains('!'), "{width}: {shown}");
        assert_eq!(shown.matches('x').count(), 150, "{width}: {shown}");
        assert_eq!(shown.matches("orgs/acme").count(), 12, "{width}: {shown}");
    }
    // The last line can be reached where not all of them fit.
    press(&mut model, "G");
    assert!(picture(&model, 40, 10).join(" ").contains('!'));
}

#[test]
fn values_of_a_component_that_is_gone_are_gone_too() {
    let mut model = model();
    fields(&mut model, &[("vars.old", "1", "")]);
    let shows = |model: &Model| picture(model, 120, 12).iter().any(|line| line.contains("vars.old"));
    assert!(shows(&model));
    model.set_entries(Vec::new());
    assert!(!shows(&model));
    // Nor do those of the last one stand beside a list in which nothing is found.
    let mut model = self::model();
    fields(&mut model, &[("vars.old", "1", "")]);
    press(&mut model, "/zzz");
    assert!(!shows(&model) && model.wanted().is_none());
    press(&mut model, "⎋");
    assert!(model.wanted().is_some());
}
