//! Go's packages `path` and, on the systems that have `/`, `path/filepath`.

/// The shortest name of the same path.
pub(crate) fn clean(path: &str) -> String {
    let rooted = path.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            ".." if rooted => {}
            part => parts.push(part),
        }
    }
    match (rooted, parts.join("/")) {
        (true, rest) => format!("/{rest}"),
        (false, rest) if rest.is_empty() => ".".to_owned(),
        (false, rest) => rest,
    }
}

/// The last element.
pub(crate) fn base(path: &str) -> &str {
    if path.is_empty() {
        return ".";
    }
    let trimmed = path.trim_end_matches('/');
    if trimmed.is_empty() { "/" } else { trimmed.rsplit('/').next().unwrap_or(trimmed) }
}

/// Folder with its slash, and name.
pub(crate) fn split(path: &str) -> (&str, &str) {
    path.split_at(path.rfind('/').map_or(0, |index| index + 1))
}

/// All but the last element, cleaned.
pub(crate) fn dir(path: &str) -> String {
    clean(split(path).0)
}

/// From the last point of the name.
pub(crate) fn ext(path: &str) -> &str {
    let name = split(path).1;
    name.rfind('.').map_or("", |index| &name[index..])
}

/// Elements joined and cleaned; empty ones do not count.
pub(crate) fn join<T: AsRef<str>>(elements: &[T]) -> String {
    let parts: Vec<&str> = elements.iter().map(AsRef::as_ref).filter(|part| !part.is_empty()).collect();
    if parts.is_empty() { String::new() } else { clean(&parts.join("/")) }
}

/// `filepath.Rel`: the way from one folder to a path.
pub(crate) fn relative(from: &str, to: &str) -> Result<String, String> {
    let (base, target) = (clean(from), clean(to));
    if base == target {
        return Ok(".".to_owned());
    }
    let base = if base == "." { String::new() } else { base };
    let cannot = || format!("Rel: can't make {to} relative to {from}");
    if base.starts_with('/') != target.starts_with('/') {
        return Err(cannot());
    }
    let parts =
        |path: &str| -> Vec<String> { path.split('/').filter(|part| !part.is_empty()).map(str::to_owned).collect() };
    let (base, target) = (parts(&base), parts(&target));
    let common = base.iter().zip(&target).take_while(|(one, two)| one == two).count();
    if base[common..].iter().any(|part| part == "..") {
        return Err(cannot());
    }
    let target = if target == ["."] { &[][..] } else { &target[common.min(target.len())..] };
    let up = std::iter::repeat_n("..", base.len() - common);
    let way: Vec<&str> = up.chain(target.iter().map(String::as_str)).collect();
    Ok(way.join("/"))
}

/// `path.Match`; the error is that of a bad pattern.
pub(crate) fn matches(pattern: &str, name: &str) -> Result<bool, String> {
    let pattern: Vec<char> = pattern.chars().collect();
    let name: Vec<char> = name.chars().collect();
    match_here(&pattern, &name).ok_or_else(|| "syntax error in pattern".to_owned())
}

/// `None` for a bad pattern. Linear in practice: only the last star is tried again.
fn match_here(pattern: &[char], name: &[char]) -> Option<bool> {
    let (mut at, mut from) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    loop {
        if pattern.get(at) == Some(&'*') {
            star = Some((at + 1, from));
            at += 1;
            continue;
        }
        if at == pattern.len() && from == name.len() {
            return Some(true);
        }
        let step = if at == pattern.len() { Step::No } else { single(pattern, at, name.get(from).copied())? };
        match step {
            Step::To(next) => (at, from) = (next, from + 1),
            Step::No => match star {
                Some((after, start)) if start < name.len() && name[start] != '/' => {
                    star = Some((after, start + 1));
                    (at, from) = (after, start + 1);
                }
                _ => {
                    check(pattern, at)?;
                    return Some(false);
                }
            },
        }
    }
}

/// What one character means for a pattern.
enum Step {
    /// It fits, and the pattern goes on here.
    To(usize),
    No,
}

impl Step {
    fn when(fits: bool, next: usize) -> Step {
        if fits { Step::To(next) } else { Step::No }
    }
}

/// Matches one character; `None` for a bad pattern.
fn single(pattern: &[char], at: usize, letter: Option<char>) -> Option<Step> {
    match pattern[at] {
        '?' => Some(Step::when(letter.is_some_and(|letter| letter != '/'), at + 1)),
        '\\' => {
            let literal = pattern.get(at + 1)?;
            Some(Step::when(letter == Some(*literal), at + 2))
        }
        '[' => class(pattern, at, letter),
        literal => Some(Step::when(letter == Some(literal), at + 1)),
    }
}

fn class(pattern: &[char], start: usize, letter: Option<char>) -> Option<Step> {
    let mut at = start + 1;
    let negated = pattern.get(at) == Some(&'^');
    at += usize::from(negated);
    let mut found = false;
    let mut ranges = 0;
    loop {
        if pattern.get(at) == Some(&']') && ranges > 0 {
            at += 1;
            break;
        }
        let (low, next) = class_letter(pattern, at)?;
        let (high, next) = if pattern.get(next) == Some(&'-') { class_letter(pattern, next + 1)? } else { (low, next) };
        found |= letter.is_some_and(|letter| (low..=high).contains(&letter));
        at = next;
        ranges += 1;
    }
    Some(Step::when(letter.is_some() && found != negated, at))
}

fn class_letter(pattern: &[char], at: usize) -> Option<(char, usize)> {
    let (letter, next) = match pattern.get(at)? {
        '-' | ']' => return None,
        '\\' => (*pattern.get(at + 1)?, at + 2),
        letter => (*letter, at + 1),
    };
    pattern.get(next)?;
    Some((letter, next))
}

/// Whether the rest of the pattern is well-formed.
fn check(pattern: &[char], mut at: usize) -> Option<()> {
    while at < pattern.len() {
        at = match pattern[at] {
            '[' => class_end(pattern, at)?,
            '\\' => {
                pattern.get(at + 1)?;
                at + 2
            }
            _ => at + 1,
        };
    }
    Some(())
}

fn class_end(pattern: &[char], start: usize) -> Option<usize> {
    let mut at = start + 1 + usize::from(pattern.get(start + 1) == Some(&'^'));
    let mut ranges = 0;
    while pattern.get(at) != Some(&']') || ranges == 0 {
        let (_, next) = class_letter(pattern, at)?;
        at = if pattern.get(next) == Some(&'-') { class_letter(pattern, next + 1)?.1 } else { next };
        ranges += 1;
    }
    Some(at + 1)
}
