//! Every fuzz target as a short test: over its seeds and some hundred mutations of them, the same in every run.
//!
//! `scripts/fuzz` runs the targets for longer and with coverage feedback. An input that it finds becomes a seed, in
//! `tests/fuzz/seeds/<target>/`.

use std::time::{Duration, Instant};

use crate::support::{Dice, repository};
use crate::targets::{CUT, TARGETS, Target};

/// How long the mutations of one target may take; the seeds always run.
const TIME: Duration = Duration::from_secs(2);
const MUTATIONS: usize = 400;
/// No input is as large as to need more.
const LONGEST: Duration = Duration::from_secs(10);

fn seeds(name: &str) -> Vec<Vec<u8>> {
    let folder = repository().join("tests/fuzz/seeds").join(name);
    let mut files: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files.iter().map(|file| std::fs::read(file).unwrap()).collect()
}

fn mutate(seeds: &[Vec<u8>], dice: &mut Dice) -> Vec<u8> {
    let mut bytes = seeds[dice.roll(seeds.len())].clone();
    for _ in 0..=dice.roll(4) {
        let at = dice.roll(bytes.len() + 1);
        match dice.roll(5) {
            0 => bytes.truncate(at),
            1 => drop(bytes.drain(at..(at + dice.roll(30)).min(bytes.len()))),
            2 => bytes.insert(at, b" \n:-[]{}&*!|>'\"#%,.0a"[dice.roll(20)]),
            3 => drop(bytes.splice(at..at, CUT.bytes())),
            _ => {
                let other = &seeds[dice.roll(seeds.len())];
                let from = dice.roll(other.len() + 1);
                let to = (from + dice.roll(60)).min(other.len());
                bytes.splice(at..at, other[from..to].iter().copied());
            }
        }
    }
    bytes
}

fn run(name: &str, target: Target, input: &[u8]) {
    let started = Instant::now();
    let outcome = std::panic::catch_unwind(|| target(input));
    let shown = String::from_utf8_lossy(input);
    assert!(outcome.is_ok(), "the target {name} panics for\n{shown}");
    assert!(started.elapsed() < LONGEST, "the target {name} takes {:?} for\n{shown}", started.elapsed());
}

fn fuzz(name: &str) {
    let target = TARGETS.iter().find(|(known, _)| *known == name).unwrap().1;
    let seeds = seeds(name);
    for seed in &seeds {
        run(name, target, seed);
    }
    let (started, mut dice) = (Instant::now(), Dice::new(0x9e37_79b9_7f4a_7c15));
    for _ in 0..MUTATIONS {
        if started.elapsed() > TIME {
            break;
        }
        run(name, target, &mutate(&seeds, &mut dice));
    }
}

#[test]
fn manifests() {
    fuzz("manifest");
}

#[test]
fn configurations() {
    fuzz("configuration");
}

#[test]
fn merges() {
    fuzz("merge");
}

#[test]
fn documents() {
    fuzz("yaml");
}

#[test]
fn templates() {
    fuzz("template");
}

#[test]
fn queries() {
    fuzz("query");
}

#[test]
fn arguments() {
    fuzz("arguments");
}
