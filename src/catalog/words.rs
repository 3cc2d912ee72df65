//! Words of names, and how much each says of a tool. The build script has this module, too, and packs what it says.

use std::collections::BTreeMap;

use rust_stemmers::{Algorithm, Stemmer};

/// Words that say nothing about what is looked for.
const EMPTY: [&str; 24] = [
    "a", "an", "and", "all", "as", "at", "by", "for", "from", "in", "into", "is", "it", "its",
    "me", "my", "of", "on", "or", "that", "the", "to", "via", "with",
];

/// How fast a word that is repeated stops to count (`k1` of Okapi BM25).
const REPEATED: f32 = 1.2;
/// How much a long text counts less (`b` of Okapi BM25).
const LENGTH: f32 = 0.6;
/// How many words a tool has that is neither long nor short.
const USUAL: f32 = 9.0;
/// What the largest weight is written as.
const LARGEST: f32 = 255.0;

/// Returns the stems of a text's words, in its order: `pulls/requestedReviewers` is `pull`, `request`, `review`.
pub(crate) fn stems(text: &str) -> Vec<String> {
    split(text).iter().map(|word| stem(word)).collect()
}

/// Returns what the forms of a word have in common.
pub(crate) fn stem(word: &str) -> String {
    Stemmer::create(Algorithm::English).stem(word).into_owned()
}

/// Returns the words of a text in lower case, without the empty ones; they end by what stands between them or by
/// their case.
pub(crate) fn split(text: &str) -> Vec<String> {
    let letters: Vec<char> = text.chars().collect();
    let mut words = vec![String::new()];
    for (at, c) in letters.iter().enumerate() {
        if !c.is_alphanumeric() {
            words.push(String::new());
            continue;
        }
        let before = at.checked_sub(1).map(|at| letters[at]);
        let after = letters.get(at + 1);
        let begins = c.is_uppercase()
            && before.is_some_and(|before| {
                before.is_lowercase()
                    || (before.is_uppercase() && after.is_some_and(|c| c.is_lowercase()))
            });
        if begins {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut() {
            word.extend(c.to_lowercase());
        }
    }
    words.retain(|word| !word.is_empty() && !EMPTY.contains(&word.as_str()));
    words
}

/// What a tool is found by.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Named<'a> {
    /// Its slug, without the name of its app
    pub(crate) slug: &'a str,
    /// Its name for people
    pub(crate) name: &'a str,
    /// What it does; its request, where nobody has said
    pub(crate) description: &'a str,
    /// Where its request goes
    pub(crate) path: &'a str,
    /// What it takes
    pub(crate) inputs: &'a str,
}

/// Returns how much each word says of a tool, from 1 to 255, by Okapi BM25 without the rarity of the word.
pub(crate) fn of_tool(tool: Named<'_>) -> BTreeMap<String, u8> {
    let segments = tool.path.split(['/', '?', '&']).filter(|segment| !segment.contains('{'));
    let place = segments.collect::<Vec<_>>().join(" ");
    let mut fields = vec![(tool.slug, 2.0), (place.as_str(), 1.0), (tool.inputs, 0.3)];
    let lower = |text: &str| split(text).join(" ");
    if lower(tool.name) != lower(tool.slug) {
        fields.push((tool.name, 2.0));
    }
    if !tool.description.ends_with(tool.path) {
        fields.push((tool.description, 1.0));
    }
    weighed(&fields)
}

/// Returns how much each word says of an app, as `of_tool` does of tools.
pub(crate) fn of_app(slug: &str, name: &str, description: &str) -> BTreeMap<String, u8> {
    weighed(&[(slug, 3.0), (name, 3.0), (description, 1.0)])
}

fn weighed(fields: &[(&str, f32)]) -> BTreeMap<String, u8> {
    let mut counts: BTreeMap<String, f32> = BTreeMap::new();
    for (text, weight) in fields {
        for stem in stems(text) {
            *counts.entry(stem).or_default() += weight;
        }
    }
    let length: f32 = counts.values().sum::<f32>() / USUAL;
    let saturated = |count: f32| count / (count + REPEATED * (1.0 - LENGTH + LENGTH * length));
    counts.into_iter().map(|(stem, count)| (stem, byte(saturated(count)))).collect()
}

/// Returns a share as a byte.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "it is no less than 1 and no more than 255"
)]
fn byte(share: f32) -> u8 {
    (share * LARGEST).round().clamp(1.0, LARGEST) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_end_by_signs_and_by_case() {
        let found = split("GITHUB_pulls/requestedReviewers.getHTMLPage v2");

        let words = ["github", "pulls", "requested", "reviewers", "get", "html", "page", "v2"];
        assert_eq!(found, words);
    }

    #[test]
    fn forms_of_a_word_are_one_and_empty_words_none() {
        assert_eq!(stems("Sending the messages"), stems("send message"));
        assert!(stems("to the").is_empty());
    }

    #[test]
    fn a_word_of_the_name_says_more_than_one_of_the_description() {
        let tool = Named {
            slug: "SEND_EMAIL",
            name: "Send email",
            description: "Send a message, with attachments",
            path: "/messages/send",
            inputs: "subject body",
        };

        let weights = of_tool(tool);

        assert!(weights["email"] > weights["attach"]);
        assert!(weights["send"] > weights["email"]);
    }
}
