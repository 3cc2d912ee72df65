//! The client of Composio's API: what it lists, the accounts it keeps, the tools it runs. It knows no store and no
//! engine, and reads what it is told with care: a field or a word that nobody here knows never breaks it.
//!
//! Source: Composio's `OpenAPI` document and changelog, API v3 and v3.1 (read 2026-11-28).

mod accounts;
mod answer;
mod listed;
mod offered;

use std::time::Duration;

use secrecy::SecretString;
use serde_json::{Map, Value};
use url::Url;

use crate::api::error::{Code, Error, Result};
use crate::api::secrets::Secrets;
use crate::api::time::Millis;
use crate::catalog::manifest::Tool;
use crate::http::{Failure, Http, Request, Response, TOO_SLOW, Trust, jitter};

pub(crate) use accounts::{Account, AuthConfig};
pub(crate) use answer::{complaint, is_about_login, log_id, refusal, refused, shown};
pub(crate) use listed::{Detail, Listed};
use offered::named;

/// Where the API is, unless the settings say otherwise.
pub(crate) const BASE: &str = "https://backend.composio.dev";
/// The version of most of the API.
const V3: &str = "/api/v3";
/// The version whose tools default to their latest, which revokes, and which has a word for what is revoked.
const V31: &str = "/api/v3.1";
/// How many are asked for in one page; the API gives no more.
const PAGE: &str = "1000";
/// How many pages are read of any list.
const PAGES: usize = 50;
/// How often something that may be asked again is asked in all.
const TRIES: u32 = 3;
/// How long the pause between two tries is, where the API does not say.
const PAUSE: Duration = Duration::from_millis(300);
/// How long the API may ask us to wait before we rather tell the caller.
const PATIENCE: Duration = Duration::from_secs(10);

/// Composio's API, with the key of whoever runs this workspace.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Api<'a> {
    /// The client
    pub(crate) http: &'a Http,
    /// Where the API is
    pub(crate) base: &'a Url,
    /// The key
    pub(crate) key: &'a SecretString,
}

/// The account through which a tool is run.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Through<'a> {
    /// None: nobody logs in
    Nobody,
    /// One that Composio keeps, of this user there
    Account(&'a str, &'a str),
    /// A credential that is kept here and sent along: the scheme and the toolkit there, and its fields
    Credential(&'a str, &'a str, &'a Secrets),
}

impl Api<'_> {
    /// Makes the request that runs a tool with these arguments, at the version that was taken.
    pub(crate) fn execute(
        &self,
        tool: &Tool,
        arguments: &Map<String, Value>,
        through: Through<'_>,
    ) -> Result<Request> {
        let (name, version) = named(tool);
        let path = format!("{V31}/tools/execute/{}", segment(name)?);
        let mut body = Map::new();
        body.insert("version".to_owned(), version.into());
        body.insert("arguments".to_owned(), arguments.clone().into());
        let request = self.request("POST", &path, &[])?;
        match through {
            Through::Nobody => {}
            Through::Account(id, user) => {
                body.insert("connected_account_id".to_owned(), id.into());
                body.insert("user_id".to_owned(), user.into());
            }
            Through::Credential(scheme, toolkit, secrets) => {
                let data = serde_json::json!({ "authScheme": scheme, "toolkitSlug": toolkit });
                body.insert("custom_connection_data".to_owned(), data);
                let at = ["custom_connection_data", "val"];
                return request.json_with_hidden_at(body, &at, secrets);
            }
        }
        written(request, &body.into())
    }

    fn request(&self, method: &str, path: &str, query: &[(&str, &str)]) -> Result<Request> {
        let text = format!("{}{path}", self.base.as_str().trim_end_matches('/'));
        let mut url = Url::parse(&text)
            .map_err(|error| Error::internal("Composio has no such address", error))?;
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        let request = Request::new(method, url, Trust::Operator)?.never_redirected();
        request.hidden_header("x-api-key", self.key)
    }

    /// Asks for something; also a second and a third time.
    ///
    /// Fails as [`refusal`] says if the answer is none of success.
    async fn get(&self, path: &str, query: &[(&str, &str)]) -> Result<Value> {
        let request = self.request("GET", path, query)?;
        read(self.sent(&request, true).await?)
    }

    /// Reads all pages of a list.
    async fn all(&self, path: &str, query: &[(&str, &str)]) -> Result<Vec<Value>> {
        let mut all = Vec::new();
        let mut cursor: Option<String> = None;
        for _ in 0..PAGES {
            let mut query = query.to_vec();
            query.push(("limit", PAGE));
            query.extend(cursor.as_deref().map(|cursor| ("cursor", cursor)));
            let mut page = self.get(path, &query).await?;
            if let Value::Array(items) = page["items"].take() {
                all.extend(items);
            }
            let next = page["next_cursor"].as_str().filter(|next| !next.is_empty());
            if next.is_none() || next == cursor.as_deref() {
                return Ok(all);
            }
            cursor = next.map(str::to_owned);
        }
        let text = format!("Composio's list does not end after {PAGES} pages");
        Err(Error::new(Code::ProviderError, text))
    }

    /// Has something done; again only where Composio has said that it did nothing yet.
    async fn done(&self, request: Request) -> Result<Value> {
        read(self.sent(&request, false).await?)
    }

    async fn post(&self, path: &str, body: &Value) -> Result<Value> {
        let request = self.request("POST", path, &[])?;
        self.done(written(request, body)?).await
    }

    async fn sent(&self, request: &Request, reads: bool) -> std::result::Result<Response, Failure> {
        let mut left = TRIES;
        loop {
            left -= 1;
            let ended = self.http.send(request).await;
            let pause = match &ended {
                Ok(answer) if answer.status == 429 || (reads && answer.status >= 500) => {
                    answer.retry_after(Millis::now()).unwrap_or(PAUSE)
                }
                Err(failure) if failure.error.reason.as_deref() == Some(TOO_SLOW) => return ended,
                Err(_) if reads => PAUSE,
                Ok(_) | Err(_) => return ended,
            };
            if left == 0 || pause > PATIENCE {
                return ended;
            }
            tokio::time::sleep(pause + jitter()).await;
        }
    }
}

/// Reads an answer of success.
fn read(answer: Response) -> Result<Value> {
    if !answer.is_success() {
        return Err(refusal(&answer));
    }
    if answer.body.is_empty() {
        return Ok(Value::Null);
    }
    answer.json().ok_or_else(|| {
        Error::new(Code::ProviderError, "Composio answered with JSON that is broken")
            .reason("answer_broken")
    })
}

fn written(request: Request, body: &Value) -> Result<Request> {
    let bytes = serde_json::to_vec(body)
        .map_err(|error| Error::internal("a request cannot be written", error))?;
    request.body("application/json", bytes)
}

/// Returns a name as a part of a path. Whatever would lead elsewhere is refused.
fn segment(name: &str) -> Result<&str> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if !name.is_empty() && name.chars().all(plain) && !name.starts_with('.') {
        return Ok(name);
    }
    Err(Error::new(Code::ProviderError, "Composio gave a name that no address can hold"))
}
