//! The brokerage as something that one logs in to. It is no toolkit: it has no tools, and no list has it.
//!
//! Source: Alpaca docs, "Using `OAuth2` and Trading API" (read 2026-11-20): no PKCE, no refresh token, no
//! revocation; `env` chooses the account.

use serde_json::json;

use super::manifest::Manifest;
use crate::api::error::{Error, Result};
use crate::api::ids::Slug;
use crate::api::trading::words::BrokerEnv;

/// Where prices come from, in both envs.
pub(crate) const DATA: &str = "https://data.alpaca.markets";

/// Returns how one logs in to the brokerage in one env, and where orders go.
pub(crate) fn brokerage(env: BrokerEnv) -> Result<Manifest> {
    let base_url = match env {
        BrokerEnv::Paper => "https://paper-api.alpaca.markets",
        BrokerEnv::Live => "https://api.alpaca.markets",
    };
    let manifest = json!({
        "slug": Slug::brokerage(),
        "name": "the brokerage",
        "description": "A brokerage account for shares, coins and options",
        "base_url": base_url,
        "auth": {
            "type": "oauth2",
            "authorize_url": "https://app.alpaca.markets/oauth/authorize",
            "token_url": "https://api.alpaca.markets/oauth/token",
            "token_auth": "post",
            "pkce": false,
            "scopes": ["account:write", "trading", "data"],
            "params": { "env": env },
        },
        "identity": { "account": "/account_number" },
        "tools": [],
    });
    serde_json::from_value(manifest)
        .map_err(|error| Error::internal("the brokerage cannot be read", error))
}
