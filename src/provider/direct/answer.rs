//! What an app's answer means: by its status, and by its own words where the manifest knows them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::header::{CONTENT_TYPE, WWW_AUTHENTICATE};
use serde_json::Value;

use super::text;
use crate::api::toolkits::Provider;
use crate::api::tools::FileAnswer;
use crate::catalog::manifest::{Answer, Manifest, Tool};
use crate::http::Response;
use crate::oauth;
use crate::provider::composio;

/// What an answer means for the call and its credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Judgement {
    /// The app did it
    Done,
    /// The app does not take the credential
    Unauthorized,
    /// The credential does not reach that far
    LacksScope,
    /// The app refused, or failed
    Refused,
}

/// Words by which apps say that a scope is missing, beside those of the manifest.
///
/// Sources: RFC 6750, 3.1; Google's `ErrorInfo.reason` (cloud.google.com/apis/design/errors);
/// `category` of `HubSpot` (developers.hubspot.com, "Handling errors"). Read 2026-11-20.
const SCOPE_WORDS: [(&str, &str); 4] = [
    ("/error", "insufficient_scope"),
    ("/error/details/0/reason", "ACCESS_TOKEN_SCOPE_INSUFFICIENT"),
    ("/error/errors/0/reason", "insufficientPermissions"),
    ("/category", "MISSING_SCOPES"),
];

/// Returns what an answer means.
pub(crate) fn judged(toolkit: &Manifest, answer: &Response) -> Judgement {
    let rules = &toolkit.answer;
    let plain = rules == &Answer::default() && toolkit.provider.is_direct();
    let json =
        if plain && answer.is_success() { Value::Null } else { answer.json().unwrap_or_default() };
    if toolkit.provider == Provider::Composio {
        // It speaks of its own key and its own scopes: no credential of the app is refused here.
        let done = answer.is_success() && !refuses(toolkit, &json);
        return if done { Judgement::Done } else { Judgement::Refused };
    }
    let said = |words: &[String]| says(rules, &json, words);
    if lacks_scope(answer, &json) || said(&rules.scope) {
        Judgement::LacksScope
    } else if answer.status == 401 || said(&rules.unauthorized) {
        Judgement::Unauthorized
    } else if answer.is_success() && !refuses(toolkit, &json) {
        Judgement::Done
    } else {
        Judgement::Refused
    }
}

/// Tells whether an app's own word is one of these.
fn says(rules: &Answer, json: &Value, words: &[String]) -> bool {
    let word = rules.code.as_ref().or(rules.error.as_ref()).and_then(|at| json.pointer(at));
    word.and_then(Value::as_str).is_some_and(|word| words.iter().any(|known| known == word))
}

/// Tells whether an answer leaves open whether the app has done what it was asked to: by its status, by a
/// word that the manifest lists, or because a GraphQL document has come to results and errors at once.
///
/// Source: GraphQL specification, October 2021, 7.1 and 6.4.4 (read 2026-11-20): where `data` is there beside
/// `errors`, the document was run, and what failed is some field of it.
pub(crate) fn is_unclear(toolkit: &Manifest, tool: &Tool, answer: &Response) -> bool {
    if matches!(answer.status, 408 | 500..) {
        return true;
    }
    let rules = &toolkit.answer;
    if rules.unclear.is_empty() && tool.graphql.is_none() {
        return false;
    }
    let json = answer.json().unwrap_or_default();
    let has_errors = json["errors"].as_array().is_some_and(|errors| !errors.is_empty());
    says(rules, &json, &rules.unclear)
        || (tool.graphql.is_some() && has_errors && !json["data"].is_null())
}

/// Tells whether a body says no although the status does not.
fn refuses(toolkit: &Manifest, json: &Value) -> bool {
    let rules = &toolkit.answer;
    match (toolkit.provider, &rules.ok, &rules.error) {
        (Provider::Mcp, _, _) => json["isError"] == true,
        (Provider::Composio, _, _) => json["successful"] == false,
        (Provider::Direct, Some(ok), _) => json.pointer(ok) == Some(&Value::Bool(false)),
        (Provider::Direct, None, Some(error)) => {
            json.pointer(error).is_some_and(|words| !words.is_null())
        }
        (Provider::Direct, None, None) => false,
    }
}

/// Returns the scopes that an app says are lacking: in its own place, or in its challenge (RFC 6750, 3).
pub(crate) fn needed_scopes(toolkit: &Manifest, answer: &Response) -> Vec<String> {
    let json = answer.json().unwrap_or_default();
    let pointer = toolkit.answer.needed.as_ref();
    let said = pointer.and_then(|at| json.pointer(at)?.as_str().map(str::to_owned));
    let said = said.or_else(|| Some(oauth::challenge(&answer.headers)?.scopes.join(" ")));
    let said = said.unwrap_or_default();
    said.split([',', ' ']).filter(|scope| !scope.is_empty()).map(str::to_owned).collect()
}

fn lacks_scope(answer: &Response, json: &Value) -> bool {
    let told = answer.headers.get(WWW_AUTHENTICATE).and_then(|told| told.to_str().ok());
    told.is_some_and(|told| told.contains("insufficient_scope"))
        || (answer.status == 403
            && SCOPE_WORDS.iter().any(|(at, word)| {
                json.pointer(at).and_then(Value::as_str).is_some_and(|said| said == *word)
            }))
}

/// Returns the account's name out of the claims of an `id_token`, where the manifest looks for it there.
pub(crate) fn claimed_name(toolkit: &Manifest, claims: Option<&Value>) -> Option<String> {
    let identity = toolkit.identity.as_ref().filter(|identity| identity.request.is_none())?;
    claims?.pointer(&identity.account).map(text).filter(|name| !name.is_empty())
}

/// Returns the account's name out of the identity call's answer.
pub(crate) fn account_name(toolkit: &Manifest, answer: &Response) -> Option<String> {
    let pointer = &toolkit.identity.as_ref()?.account;
    let json = answer.json().filter(|_| judged(toolkit, answer) == Judgement::Done)?;
    json.pointer(pointer).map(text).filter(|name| !name.is_empty())
}

/// Returns an answer's body: JSON as it is, other text as a string, bytes as their length.
pub(crate) fn decoded(answer: &Response) -> Value {
    if answer.body.is_empty() {
        return Value::Null;
    }
    if let Some(json) = answer.json() {
        return json;
    }
    match std::str::from_utf8(&answer.body) {
        Ok(text) => text.into(),
        Err(_) => format!("{} bytes that are no text", answer.body.len()).into(),
    }
}

/// Returns an answer's body as a file.
pub(crate) fn file(answer: &Response) -> FileAnswer {
    let kind = answer.headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let content = match std::str::from_utf8(&answer.body) {
        Ok(text) => (Some(text.to_owned()), None),
        Err(_) => (None, Some(STANDARD.encode(&answer.body))),
    };
    let kind = kind.unwrap_or("application/octet-stream").to_owned();
    let (text, data) = content;
    FileAnswer { text, data, ..FileAnswer::empty(kind, answer.body.len()) }
}

/// Returns what an app said against a call, in one line, from where the manifest or the habits of apps
/// put it.
pub(crate) fn complaint(toolkit: &Manifest, answer: &Response) -> String {
    let place = match toolkit.provider {
        Provider::Mcp => Some("/content/0/text"),
        Provider::Direct => toolkit.answer.error.as_deref(),
        Provider::Composio => return composio::complaint(answer),
    };
    words(place, answer)
}

/// Returns the same of an app without a manifest: from `place` if there is something, else from where
/// the habits of apps put it.
pub(crate) fn words(place: Option<&str>, answer: &Response) -> String {
    let json = answer.json().unwrap_or_default();
    let usual = [
        "/error/message",
        "/error_description",
        "/message",
        "/error",
        "/errors/0/message",
        "/detail",
        "/description",
    ];
    let mut places = place.into_iter().chain(usual);
    let said = places.find_map(|place| json.pointer(place).and_then(Value::as_str));
    match said {
        Some(said) => format!("{} ({})", said.trim(), answer.status),
        None => format!("the app answered with status {}", answer.status),
    }
}
