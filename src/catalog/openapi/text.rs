//! Words of a document, made fit to be shown in one line.

use crate::api::ids::clean;

/// Returns the first sentence or line of a text, at most so many letters, with what is invisible or acts
/// on a terminal written out; nothing if there is nothing to see.
pub(crate) fn line(text: &str, longest: usize) -> Option<String> {
    let (mut words, mut room) = (String::new(), longest);
    for word in text.split_whitespace() {
        let letters = word.chars().count();
        if letters > room {
            if words.is_empty() {
                words.extend(word.chars().take(longest));
            }
            words.push('…');
            break;
        }
        if !words.is_empty() {
            words.push(' ');
            room = room.saturating_sub(1);
        }
        words.push_str(word);
        room = room.saturating_sub(letters);
    }
    (!words.is_empty()).then(|| clean(&words))
}
