//! Long texts in lines that fit.

/// Returns a text after a start, broken so that the rest stands below the text.
pub(crate) fn wrapped(start: &str, text: &str, width: usize) -> Vec<String> {
    let indent = " ".repeat(start.len());
    let parts = broken(text, width - start.len());
    let line = |(at, part): (usize, &String)| {
        format!("{}{part}", if at == 0 { start } else { &indent }).trim_end().to_owned()
    };
    parts.iter().enumerate().map(line).collect()
}

/// Breaks a text into lines that fit, at a space where there is one, and loses nothing of it else.
pub(crate) fn broken(text: &str, width: usize) -> Vec<String> {
    let (mut lines, mut line, mut used) = (Vec::new(), String::new(), 0);
    for c in text.chars() {
        if used + columns(c) > width.max(8) {
            let rest = match line.rfind(' ').filter(|at| *at * 2 > line.len()) {
                Some(at) => line.split_off(at + 1),
                None => String::new(),
            };
            used = rest.chars().map(columns).sum();
            lines.push(std::mem::replace(&mut line, rest));
        }
        line.push(c);
        used += columns(c);
    }
    lines.push(line);
    lines
}

/// Returns how many columns a character takes at most.
fn columns(c: char) -> usize {
    // Wide characters begin here; narrow ones above are taken for wide, which only breaks a line early.
    if c < '\u{1100}' { 1 } else { 2 }
}
