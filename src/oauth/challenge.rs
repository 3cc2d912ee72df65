//! What a refusal says of the login it wants (RFC 9110, 11.6.1; RFC 6750, 3; RFC 9728, 5.1).

use http_auth::{ChallengeParser, ChallengeRef};
use reqwest::header::{HeaderMap, WWW_AUTHENTICATE};

/// How many scopes are taken from a server at most.
const MOST: usize = 100;
/// Longest scope that is taken from one.
const LONGEST: usize = 256;

/// A challenge of the scheme `Bearer`.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Challenge {
    /// Where the resource describes itself, as the server writes it
    pub(crate) metadata: Option<String>,
    /// Scopes that the refused request needs
    pub(crate) scopes: Vec<String>,
}

/// Returns the bearer challenge among those of an answer: of several, one that says where the resource
/// describes itself.
///
/// One that breaks the grammar says no more than that it is one.
pub(crate) fn challenge(headers: &HeaderMap) -> Option<Challenge> {
    let texts = || headers.get_all(WWW_AUTHENTICATE).iter().filter_map(|value| value.to_str().ok());
    let parsed = texts().flat_map(|text| ChallengeParser::new(text).map_while(Result::ok));
    let ours = parsed.filter(|one| is_bearer(one.scheme));
    let mut all: Vec<Challenge> = ours.map(|one| read(&one)).collect();
    let at = all.iter().position(|one| one.metadata.is_some()).unwrap_or_default();
    if all.is_empty() {
        let begins = |text: &str| text.get(..6).is_some_and(is_bearer);
        return texts().any(begins).then(Challenge::default);
    }
    Some(all.swap_remove(at))
}

fn is_bearer(scheme: &str) -> bool {
    scheme.eq_ignore_ascii_case("bearer")
}

fn read(challenge: &ChallengeRef<'_>) -> Challenge {
    let value = |name: &str| {
        let mut all = challenge.params.iter();
        all.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.to_unescaped())
    };
    let scope = value("scope").unwrap_or_default();
    Challenge { metadata: value("resource_metadata"), scopes: scopes(scope.split_whitespace()) }
}

/// Returns those of a server's words that can be scopes (RFC 6749, 3.3), each once, and no endless list.
pub(super) fn scopes<'a>(words: impl Iterator<Item = &'a str>) -> Vec<String> {
    let is_scope = |word: &str| {
        let letter = |byte: u8| matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7e);
        !word.is_empty() && word.len() <= LONGEST && word.bytes().all(letter)
    };
    let mut scopes: Vec<String> = Vec::new();
    for word in words.filter(|word| is_scope(word)) {
        if scopes.len() < MOST && !scopes.iter().any(|one| one == word) {
            scopes.push(word.to_owned());
        }
    }
    scopes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(lines: &[&str]) -> Option<Challenge> {
        let lines = lines.iter().map(|line| (WWW_AUTHENTICATE, line.parse().unwrap()));
        challenge(&lines.collect())
    }

    fn found(metadata: Option<&str>, scopes: &[&str]) -> Challenge {
        Challenge {
            metadata: metadata.map(str::to_owned),
            scopes: scopes.iter().map(ToString::to_string).collect(),
        }
    }

    #[test]
    fn a_bearer_challenge_is_found_among_others_and_in_any_case() {
        let table: [(&[&str], Challenge); 7] = [
            (&["Bearer"], found(None, &[])),
            (&["Bearer resource_metadata=\"https://a/m\""], found(Some("https://a/m"), &[])),
            (
                &["bearer Scope=\"a b\", RESOURCE_METADATA=\"https://a/m\", error=invalid_token"],
                found(Some("https://a/m"), &["a", "b"]),
            ),
            (
                &["Basic realm=\"x, Bearer scope=\\\"y\\\"\", Bearer scope=\"z\""],
                found(None, &["z"]),
            ),
            (
                &["Bearer realm=\"a\"", "DPoP algs=\"ES256\", Bearer resource_metadata=\"b\""],
                found(Some("b"), &[]),
            ),
            (&["Bearer scope=\"a a \u{9} b\\\"c\""], found(None, &["a"])),
            (&["Negotiate abc==", "Bearer scope=a"], found(None, &["a"])),
        ];
        for (lines, expected) in table {
            assert_eq!(read(lines), Some(expected), "{lines:?}");
        }
    }

    #[test]
    fn a_refusal_without_a_bearer_challenge_has_none() {
        assert_eq!(read(&[]), None);
        assert_eq!(read(&["Basic realm=\"Bearer\""]), None);
    }

    #[test]
    fn a_malformed_bearer_challenge_is_still_one() {
        for line in ["Bearer scope=\"open", "bearer resource_metadata=https://a/m", "Bearer a, \""]
        {
            assert_eq!(read(&[line]), Some(Challenge::default()), "{line}");
        }
        assert_eq!(read(&["= = ,,, \" Bearer"]), None);
    }

    #[test]
    fn a_server_names_no_endless_list_of_scopes() {
        let many: Vec<String> = (0..1000).map(|number| number.to_string()).collect();
        let long = "x".repeat(LONGEST + 1);

        assert_eq!(scopes(many.iter().map(String::as_str)).len(), MOST);
        assert!(scopes([long.as_str(), "a\u{1b}b", "é", ""].into_iter()).is_empty());
    }
}
