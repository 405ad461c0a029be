use super::format::format;
use super::refused::Refused;

fn formatted(text: &str) -> String {
    let out = format(text, None).unwrap_or_else(|refused| panic!("{refused}\n{text}"));
    assert_eq!(format(&out, None).as_deref(), Ok(out.as_str()), "a second time changes something");
    out
}

#[test]
fn lines_go_to_their_columns_and_comments_with_them() {
    let text = "
# top


base:   ./     # here
stacks:
    path: \"stacks\"   # below
    # before the list
    excluded:
    - a   # why
    # dangling
    -   b

    pattern: '{stage}'
    # last of stacks
# end
commands:
  - name: x
    steps:
      -   name: z
          # its command
          command: echo
      - - one
        - two
empty:
";
    let expected = "\
# top

base: ./ # here
stacks:
    path: \"stacks\" # below
    # before the list
    excluded:
        - a # why
        # dangling
        - b

    pattern: '{stage}'
    # last of stacks
# end
commands:
    - name: x
      steps:
        - name: z
          # its command
          command: echo
        - - one
          - two
empty:
";
    assert_eq!(formatted(text), expected);
}

#[test]
fn texts_of_several_lines_say_the_same() {
    let text = "\
a:
     file: |
        abc
          def

        ghi   \n     fold: >-   # why
          one
          two
     given: |1
       kept
     plain: one
         two
     quoted: \"one \\
        two\"
     keep: |+
       x

     flow: {a:  1,
       b: [2,
       3] }
     last: &x   !tag   v
     more: *x
";
    let expected = "\
a:
     file: |
          abc
            def

          ghi   \n     fold: >-   # why
          one
          two
     given: |1
       kept
     plain: one
          two
     quoted: \"one \\
          two\"
     keep: |+
          x

     flow: {a:  1,
       b: [2,
       3] }
     last: &x   !tag   v
     more: *x
";
    assert_eq!(formatted(text), expected);
}

#[test]
fn the_width_can_be_given() {
    assert_eq!(
        format("a:\n  b:\n  - c: |\n      x\n", Some(4)).unwrap(),
        "a:\n    b:\n        - c: |\n            x\n"
    );
    assert_eq!(formatted("a:\n b: 1\n"), "a:\n  b: 1\n");
}

#[test]
fn documents_marks_and_texts_without_values() {
    assert_eq!(formatted("---\na:\n   b: 1\n---\n\n\nc:   2\n...\n"), "---\na:\n   b: 1\n---\n\nc: 2\n...\n");
    assert_eq!(formatted("  # only this\n\n"), "  # only this\n");
    assert_eq!(formatted(""), "");
    assert_eq!(formatted("a: |+\n  x\n\n"), "a: |+\n  x\n\n");
    assert_eq!(formatted("[a,\n  b]   # c"), "[a,\n  b] # c\n");
}

#[test]
fn what_cannot_be_read_or_laid_out_is_refused() {
    assert!(matches!(format("a: {\n", None), Err(Refused::Syntax { .. })));
    assert!(matches!(format("{{ if .x }}\na: 1\n{{ end }}\n", None), Err(Refused::Syntax { .. })));
    assert!(matches!(format("? [a]\n: 1\n", None), Err(Refused::Lines { line: 1 })));
}

/// Every YAML file of this repository keeps its meaning, and a second time nothing changes.
#[test]
fn files_of_the_repository_stay_what_they_are() {
    let mut seen = 0;
    let mut folders = vec![std::path::PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures"))];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml") {
                let Ok(text) = std::fs::read_to_string(&path) else { continue };
                match format(&text.replace("\r\n", "\n"), None) {
                    Ok(out) => {
                        assert_eq!(format(&out, None).as_deref(), Ok(out.as_str()), "{}", path.display());
                        seen += 1;
                    }
                    Err(Refused::Syntax { .. }) => {}
                    Err(refused) => panic!("{}: {refused}", path.display()),
                }
            }
        }
    }
    assert!(seen > 50, "{seen}");
}
