//! Garbage in any file of a repository: an error at worst, never a panic, never a hang.

use std::time::Duration;

use crate::support::{Dice, Sandbox};

const PIECES: &[&[u8]] = &[
    b"\t",
    b"{",
    b"}",
    b"[",
    b"]",
    b": ",
    b"- ",
    b"\n",
    b"&a ",
    b"*a",
    b"<<: *a\n",
    b"!env X",
    b"!!binary x",
    b"? ",
    b"|\n",
    b">-\n",
    b"\"",
    b"'",
    b"{{ .x",
    b"}}",
    b"%YAML 1.1\n",
    b"---\n",
    b"...\n",
    b"\xff\xfe",
    b"\0",
    b"\xe2\x80\xa8",
    b"#",
    b"@",
    b"import:\n  - ",
    b"metadata:\n  inherits: 5\n",
    b"components: 7\n",
    b"vars: null\n",
    b"1e999",
    b"0x",
    b"~",
    b"\xef\xbb\xbf",
];

fn damage(text: &str, dice: &mut Dice) -> Vec<u8> {
    let mut bytes = text.as_bytes().to_vec();
    for _ in 0..=dice.roll(6) {
        let at = dice.roll(bytes.len() + 1);
        match dice.roll(4) {
            0 => bytes.truncate(at),
            1 => {
                let end = (at + dice.roll(40)).min(bytes.len());
                bytes.drain(at..end);
            }
            2 => {
                bytes.splice(at..at, PIECES[dice.roll(PIECES.len())].iter().copied());
            }
            _ => {
                let line = bytes[..at].iter().rposition(|byte| *byte == b'\n').map_or(0, |position| position + 1);
                bytes.splice(line..line, PIECES[dice.roll(PIECES.len())].iter().copied());
            }
        }
    }
    bytes
}

#[test]
fn damaged_files_are_errors_and_never_panics() {
    let sandbox = Sandbox::example();
    let mut dice = Dice::new(0x2545_f491_4f6c_dd1d);
    let files =
        ["atmos.yaml", "stacks/orgs/acme/dev.yaml", "stacks/orgs/acme/_defaults.yaml", "stacks/catalog/vpc.yaml"];
    let commands: [&[&str]; 4] = [
        &["describe", "stacks", "--format", "json"],
        &["validate", "stacks"],
        &["describe", "component", "vpc", "-s", "dev"],
        &["auth", "validate"],
    ];
    for round in 0..120 {
        let file = files[dice.roll(files.len())];
        let original = sandbox.read(file);
        let damaged = damage(&original, &mut dice);
        std::fs::write(sandbox.repo().join(file), &damaged).unwrap();
        let outcome = sandbox.atmos(commands[dice.roll(commands.len())]);
        let shown = String::from_utf8_lossy(&damaged);
        assert!([0, 1, 2].contains(&outcome.code()), "round {round}, {file}:\n{shown}\n{outcome}");
        assert!(!outcome.stderr.contains("panicked"), "round {round}, {file}:\n{shown}\n{outcome}");
        assert!(outcome.elapsed < Duration::from_secs(20), "round {round}, {file}:\n{shown}\n{outcome}");
        if outcome.code() != 0 {
            assert!(!outcome.stderr.trim().is_empty(), "round {round}, {file}: fails without a word\n{shown}");
        }
        std::fs::write(sandbox.repo().join(file), original).unwrap();
    }
}

#[test]
fn deep_and_wide_documents_end_soon() {
    let sandbox = Sandbox::example();
    let laughs = (0..9).fold("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned(), |text, level| {
        let references = vec![format!("*a{level}"); 10].join(", ");
        let next = level + 1;
        text + &format!("a{next}: &a{next} [{references}]\n")
    });
    let documents = [
        ("deep", format!("vars: {}{}\n", "[".repeat(20_000), "]".repeat(20_000))),
        ("laughs", laughs),
        ("long", "a".repeat(1 << 20)),
    ];
    for (name, text) in documents {
        sandbox.write("stacks/orgs/acme/garbage.yaml", &text);
        let outcome = sandbox.atmos(&["describe", "stacks", "--format", "json"]);
        assert!([0, 1].contains(&outcome.code()), "{name}: {}", outcome.stderr);
        assert!(outcome.elapsed < Duration::from_secs(20), "{name}: {:?}", outcome.elapsed);
    }
}
