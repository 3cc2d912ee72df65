//! Words of a document, made fit to be shown in one line.

use crate::api::ids::clean;

/// Returns the first sentence or line of a text, at most so many letters, with what is invisible or acts
/// on a terminal written out; nothing if there is nothing to see.
pub(crate) fn line(text: &str, longest: usize) -> Option<String> {
    let mut words = String::new();
    for word in text.split_whitespace() {
        if words.chars().count() + word.chars().count() > longest {
            if words.is_empty() {
                words.extend(word.chars().take(longest));
            }
            words.push('…');
            break;
        }
        if !words.is_empty() {
            words.push(' ');
        }
        words.push_str(word);
    }
    let shown = clean(&words);
    let shown = shown.trim();
    (!shown.is_empty()).then(|| shown.to_owned())
}
