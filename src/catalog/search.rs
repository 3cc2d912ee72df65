//! Finding toolkits and tools by words, and names that were nearly right.

/// Tells how well `words` match a slug, a name and a description: higher is better, `None` not at all.
///
/// Every word must occur; a hit in the slug counts more than one in the name, that more than one in
/// the description.
pub(crate) fn score(words: &str, slug: &str, name: &str, description: &str) -> Option<u32> {
    let (slug, name) = (slug.to_lowercase(), name.to_lowercase());
    let description = description.to_lowercase();
    let mut total = 0;
    for word in words.to_lowercase().split_whitespace() {
        let hit = match word {
            word if slug == word => 16,
            word if slug.contains(word) => 8,
            word if name.contains(word) => 4,
            word if description.contains(word) => 1,
            _ => return None,
        };
        total += hit;
    }
    Some(total)
}

/// Returns up to three of `known` that `wanted` may have meant, the nearest first.
pub(crate) fn nearest<'a>(wanted: &str, known: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let wanted = wanted.to_lowercase();
    let mut close: Vec<(f64, &str)> = known
        .into_iter()
        .map(|name| {
            let lower = name.to_lowercase();
            let part = wanted.len() > 2 && lower.contains(&wanted);
            let likeness = strsim::jaro_winkler(&wanted, &lower);
            (if part { likeness.max(0.9) } else { likeness }, name)
        })
        .filter(|(likeness, _)| *likeness > 0.75)
        .collect();
    close.sort_by(|(a, x), (b, y)| b.total_cmp(a).then(x.cmp(y)));
    // Beside one that is much nearer, the others only distract.
    let best = close.first().map_or(0.0, |(likeness, _)| *likeness);
    close.retain(|(likeness, _)| best - likeness < 0.15);
    close.into_iter().take(3).map(|(_, name)| name).collect()
}

/// Returns "did you mean" as a hint, or `otherwise` where nothing is near.
pub(crate) fn did_you_mean(near: &[&str], otherwise: &str) -> String {
    match near {
        [] => otherwise.to_owned(),
        [one] => format!("did you mean `{one}`?"),
        [rest @ .., last] => format!("did you mean `{}` or `{last}`?", rest.join("`, `")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_must_occur() {
        assert!(score("send mail", "GMAIL_SEND_EMAIL", "Send", "Send a mail").is_some());
        assert_eq!(score("send fax", "GMAIL_SEND_EMAIL", "Send", "Send a mail"), None);
        assert!(score("gmail", "gmail", "G", "") > score("gmail", "x", "y", "not gmail"));
    }

    #[test]
    fn a_slip_finds_its_name() {
        let tools = ["GMAIL_SEND_EMAIL", "GMAIL_SEND_DRAFT", "GMAIL_LIST_LABELS"];

        assert_eq!(nearest("gmail_send_emial", tools)[0], "GMAIL_SEND_EMAIL");
        assert_eq!(nearest("gmial", ["gmail", "stripe"]), ["gmail"]);
        assert!(nearest("zzz", ["gmail", "stripe"]).is_empty());
    }
}
