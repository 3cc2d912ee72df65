//! What Composio's answers mean: by the table of its API, and by its own envelope.

use serde_json::Value;

use super::offered::named;
use crate::api::error::{Code, Error};
use crate::api::ids::{ToolSlug, clean};
use crate::api::time::Millis;
use crate::catalog::manifest::Tool;
use crate::http::Response;

/// What an operator does about a key that is missing or not taken.
const CONFIGURE: &str = "run `naive toolkits configure composio --api-key -`";
/// How much of Composio's words is passed on, in letters.
const WORDS: usize = 600;

/// Returns what a tool has answered, out of the envelope it came in.
pub(crate) fn shown(answer: &Response) -> Value {
    let mut json = answer.json().unwrap_or_default();
    json["data"].take()
}

/// Returns the name under which Composio has logged a call, if it says so.
pub(crate) fn log_id(answer: &Response) -> Option<String> {
    let json = answer.json()?;
    let id = json["log_id"].as_str()?;
    let plain = |c: char| c.is_ascii_graphic();
    ((1..=200).contains(&id.len()) && id.chars().all(plain)).then(|| id.to_owned())
}

/// Returns what was said against a call, in one line.
pub(crate) fn complaint(answer: &Response) -> String {
    let json = answer.json().unwrap_or_default();
    let places = ["/error/message", "/error", "/message", "/data/message"];
    let said = places.iter().find_map(|place| json.pointer(place).and_then(Value::as_str));
    let said = said.map(str::trim).filter(|said| !said.is_empty());
    match said {
        Some(said) => {
            let words: String = clean(said).chars().take(WORDS).collect();
            if answer.is_success() { words } else { format!("{words} ({})", answer.status) }
        }
        None if answer.is_success() => "the tool failed and does not say why".to_owned(),
        None => format!("Composio answered with status {}", answer.status),
    }
}

/// Returns what an answer means that is none of success.
pub(crate) fn refusal(answer: &Response) -> Error {
    let complaint = complaint(answer);
    let hint = retry_hint(answer);
    let error = match answer.status {
        401 => {
            return Error::new(Code::FeatureNotConfigured, "Composio does not take the key")
                .hint(CONFIGURE)
                .reason("key_refused");
        }
        400 | 422 => Error::new(Code::InvalidInput, complaint),
        403 => Error::new(Code::Forbidden, complaint),
        404 | 410 => Error::new(Code::NotFound, complaint),
        429 => Error::new(Code::RateLimited, complaint),
        _ => Error::new(Code::ProviderError, complaint),
    };
    match hint {
        Some(hint) => error.hint(hint),
        None => error,
    }
}

/// Returns what an answer to a call of a tool means that did not go well; `all` are the toolkit's tools.
pub(crate) fn refused(answer: &Response, tool: &Tool, all: &[Tool]) -> Error {
    if answer.is_success() {
        return Error::new(Code::ProviderError, complaint(answer));
    }
    let error = refusal(answer);
    match answer.status {
        410 => {
            let error = error.reason("tool_deprecated");
            match successor(answer, tool, all) {
                Some(next) => error.hint(format!("use `{next}`")),
                None => error,
            }
        }
        404 => error.reason("tool_or_account_unknown"),
        _ => error,
    }
}

/// Returns the tool that Composio names in place of one that is no more.
fn successor<'a>(answer: &Response, tool: &Tool, all: &'a [Tool]) -> Option<&'a ToolSlug> {
    let text = complaint(answer);
    let words: Vec<&str> = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).collect();
    let names = |one: &&Tool| one.slug != tool.slug && words.contains(&named(one).0);
    all.iter().find(names).map(|one| &one.slug)
}

/// Tells whether an answer may be about the account's login, so that one looks how that stands.
pub(crate) fn is_about_login(answer: &Response) -> bool {
    const WORDS: [&str; 8] = [
        "unauthorized",
        "unauthenticated",
        "invalid_grant",
        "invalid token",
        "token expired",
        "expired token",
        "authentication",
        "credentials",
    ];
    match answer.status {
        401 | 403 | 404 | 422 => true,
        200 => {
            let said = complaint(answer).to_ascii_lowercase();
            said.contains("401") || WORDS.iter().any(|word| said.contains(word))
        }
        _ => false,
    }
}

fn retry_hint(answer: &Response) -> Option<String> {
    let pause = answer.retry_after(Millis::now())?;
    Some(format!("wait {} s, then run it again", pause.as_secs().max(1)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use reqwest::header::HeaderMap;

    fn answer(status: u16, body: &str) -> Response {
        Response { status, headers: HeaderMap::default(), body: body.as_bytes().to_vec() }
    }

    #[test]
    fn every_status_of_the_table_has_its_code() {
        let table = [
            (401, Code::FeatureNotConfigured),
            (400, Code::InvalidInput),
            (422, Code::InvalidInput),
            (403, Code::Forbidden),
            (404, Code::NotFound),
            (410, Code::NotFound),
            (429, Code::RateLimited),
            (500, Code::ProviderError),
            (503, Code::ProviderError),
            (302, Code::ProviderError),
        ];
        for (status, code) in table {
            assert_eq!(refusal(&answer(status, "<html>")).code, code, "{status}");
        }
    }

    #[test]
    fn what_composio_says_is_one_clean_line() {
        let envelope = r#"{"error": {"message": "too odd\u001b[31m", "status": 400}}"#;
        assert_eq!(complaint(&answer(400, envelope)), "too odd\\u{1b}[31m (400)");
        assert_eq!(complaint(&answer(429, r#"{"message": "slow down"}"#)), "slow down (429)");
        let failed = r#"{"successful": false, "error": "the CRM said no", "data": {}}"#;
        assert_eq!(complaint(&answer(200, failed)), "the CRM said no");
        assert_eq!(complaint(&answer(502, "<html>")), "Composio answered with status 502");
    }
}
