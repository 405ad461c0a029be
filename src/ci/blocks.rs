//! Errors and warnings in terraform's output: each is a block of lines behind a bar.

/// The blocks of one kind (`Error`, `Warning`), without the bar.
pub(super) fn blocks(text: &str, kind: &str) -> Vec<String> {
    let head = format!("{kind}: ");
    let mut blocks: Vec<String> = Vec::new();
    let mut open: Option<Vec<&str>> = None;
    for line in text.lines() {
        let bare = line.strip_prefix(['│', '|']).map_or(line, |rest| rest.strip_prefix(' ').unwrap_or(rest));
        let begins = bare.starts_with(&head);
        // Without a bar it ends with the next block.
        let ends = line.trim_start().starts_with('╵') || line.trim_start().starts_with('╷');
        if (begins || ends)
            && let Some(lines) = open.take()
        {
            blocks.push(lines.join("\n").trim_end().to_owned());
        }
        match &mut open {
            _ if begins => open = Some(vec![bare]),
            Some(lines) => lines.push(bare),
            None => {}
        }
    }
    blocks.extend(open.map(|lines| lines.join("\n").trim_end().to_owned()));
    blocks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_end_at_their_corner_or_at_the_next_one() {
        let text = "before\n╷\n│ Error: first\n│ \n│   on main.tf line 1:\n╵\nbetween\n╷\n│ Warning: mild\n╵\nError: plain\nmore\nError: last";
        assert_eq!(
            blocks(text, "Error"),
            ["Error: first\n\n  on main.tf line 1:", "Error: plain\nmore", "Error: last"]
        );
        assert_eq!(blocks(text, "Warning"), ["Warning: mild"]);
    }
}
