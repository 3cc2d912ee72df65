//! Requests to the broker, made for one account.

use url::Url;

use super::ticket::Ticket;
use crate::api::address::path_part;
use crate::api::error::{Code, Error, Result};
use crate::api::secrets::Secrets;
use crate::http::{Request, Trust};
use crate::oauth;

/// Key under which the id of an API key is sealed.
pub(crate) const KEY_ID: &str = "api_key_id";
/// Key under which its secret is sealed.
pub(crate) const KEY_SECRET: &str = "api_secret_key";

/// An account at the broker, opened.
#[derive(Debug)]
pub(crate) struct Account<'a> {
    /// Where orders go: without a slash at the end
    pub(crate) trading: &'a str,
    /// Where prices come from: likewise
    pub(crate) data: &'a str,
    /// The token, or the key and its secret
    pub(crate) secrets: &'a Secrets,
    /// Who vouches for these addresses
    pub(crate) trust: Trust,
}

/// One of the broker's two APIs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// Account, orders, positions
    Trading,
    /// Prices
    Data,
}

/// Asks for something. `path` begins with a slash, its variable parts percent-encoded.
pub(crate) fn read(
    account: &Account<'_>,
    part: Part,
    path: &str,
    query: &[(&str, String)],
) -> Result<Request> {
    begun(account, "GET", part, path, query)
}

/// Asks for one order by the broker's id of it.
pub(crate) fn order(account: &Account<'_>, id: &str) -> Result<Request> {
    read(account, Part::Trading, &format!("/v2/orders/{}", path_part(id)), &[])
}

/// Asks for the order that goes by our own id.
pub(crate) fn by_client_order_id(account: &Account<'_>, id: &str) -> Result<Request> {
    let query = [("client_order_id", id.to_owned())];
    read(account, Part::Trading, "/v2/orders:by_client_order_id", &query)
}

/// Places an order. Sent by `Engine::submit` alone, which has written it down before.
pub(crate) fn place(account: &Account<'_>, ticket: &Ticket) -> Result<Request> {
    let body = serde_json::to_vec(&ticket.body())
        .map_err(|error| Error::internal("an order cannot be written", error))?;
    begun(account, "POST", Part::Trading, "/v2/orders", &[])?.body("application/json", body)
}

/// Cancels an order by the broker's id of it.
pub(crate) fn cancel(account: &Account<'_>, id: &str) -> Result<Request> {
    begun(account, "DELETE", Part::Trading, &format!("/v2/orders/{}", path_part(id)), &[])
}

/// Begins a request: never redirected, since the credential would go along.
fn begun(
    account: &Account<'_>,
    method: &str,
    part: Part,
    path: &str,
    query: &[(&str, String)],
) -> Result<Request> {
    let base = match part {
        Part::Trading => account.trading,
        Part::Data => account.data,
    };
    let mut url = Url::parse(&format!("{base}{path}"))
        .map_err(|error| Error::internal("the broker has no such address", error))?;
    if !query.is_empty() {
        url.query_pairs_mut().extend_pairs(query);
    }
    let request = Request::new(method, url, account.trust)?
        .header("accept", "application/json")?
        .never_redirected();
    if let Some(token) = oauth::access_token(account.secrets) {
        return request.bearer(token);
    }
    match (account.secrets.0.get(KEY_ID), account.secrets.0.get(KEY_SECRET)) {
        (Some(id), Some(secret)) => request
            .hidden_header("APCA-API-KEY-ID", id)?
            .hidden_header("APCA-API-SECRET-KEY", secret),
        (_, None) | (None, _) => {
            Err(Error::new(Code::NotConfigured, "the brokerage account holds no credential")
                .hint("run `naive trading connect` again"))
        }
    }
}
