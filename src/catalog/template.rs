//! Texts with `{names}` in braces, for addresses and headers.

/// Returns the names that stand in braces in a template.
///
/// Fails if a brace has no partner or a name holds anything but letters, digits, `_` and `-`.
pub(crate) fn holes(template: &str) -> Result<Vec<&str>, String> {
    let mut names = Vec::new();
    let mut rest = template;
    while let Some(open) = rest.find(['{', '}']) {
        let close = rest[open..].find('}').map(|at| open + at);
        let name = close.map(|close| &rest[open + 1..close.max(open + 1)]);
        let word = |name: &&str| {
            !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "_-".contains(c))
        };
        match (rest.as_bytes()[open], close, name.filter(word)) {
            (b'{', Some(close), Some(name)) => {
                names.push(name);
                rest = &rest[close + 1..];
            }
            _ => return Err(format!("the braces of `{template}` do not hold names")),
        }
    }
    Ok(names)
}

/// Returns the template with each `{name}` replaced by what `value` gives for it, or the first name
/// that has no value.
pub(crate) fn fill(
    template: &str,
    value: impl Fn(&str) -> Option<String>,
) -> Result<String, String> {
    let mut filled = String::new();
    let mut rest = template;
    for name in holes(template)? {
        let (before, after) = rest.split_once(&format!("{{{name}}}")).unwrap_or((rest, ""));
        filled.push_str(before);
        filled.push_str(&value(name).ok_or_else(|| name.to_owned())?);
        rest = after;
    }
    Ok(filled + rest)
}
