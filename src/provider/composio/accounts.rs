//! Auth configs and connected accounts: how users of a toolkit log in at Composio.

use serde_json::{Map, Value, json};
use url::Url;

use super::{Api, V3, V31, segment, written};
use crate::api::error::{Code, Error, Result};
use crate::api::ids::clean;
use crate::api::secrets::Secrets;
use crate::api::time::Millis;

/// By which client and scheme users log in to a toolkit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AuthConfig {
    /// `ac_…`
    pub(crate) id: String,
    /// In Composio's words
    pub(crate) scheme: String,
    /// Whether the client is Composio's own
    pub(crate) is_managed: bool,
}

/// A login that was begun.
#[derive(Debug)]
pub(crate) struct Linked {
    /// The account that it is for: `ca_…`
    pub(crate) account: String,
    /// Where the user goes
    pub(crate) url: Url,
    /// Until when that counts, if that is said
    pub(crate) expires_at: Option<Millis>,
}

/// An account as Composio knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Account {
    /// How it stands, in Composio's words
    pub(crate) status: String,
    /// Why, where that is said
    pub(crate) reason: Option<String>,
    /// Whether it was switched off
    pub(crate) is_disabled: bool,
}

impl Api<'_> {
    /// Returns the auth configs of a toolkit that are switched on.
    pub(crate) async fn auth_configs(&self, toolkit: &str) -> Result<Vec<AuthConfig>> {
        let all = self.all(&format!("{V3}/auth_configs"), &[("toolkit_slug", toolkit)]).await?;
        let on = all.iter().filter(|one| {
            one["status"].as_str().is_none_or(|status| status == "ENABLED")
                && one["toolkit"]["slug"].as_str().is_none_or(|slug| slug == toolkit)
        });
        Ok(on.filter_map(auth_config).collect())
    }

    /// Makes an auth config of a toolkit: with Composio's own client, or for accounts by a scheme that needs none.
    pub(crate) async fn make_auth_config(
        &self,
        toolkit: &str,
        scheme: Option<&str>,
    ) -> Result<AuthConfig> {
        let config = match scheme {
            None => json!({ "type": "use_composio_managed_auth", "name": "naive" }),
            Some(scheme) => json!({
                "type": "use_custom_auth", "name": "naive", "authScheme": scheme, "credentials": {},
            }),
        };
        let body = json!({ "toolkit": { "slug": toolkit }, "auth_config": config });
        let answer = self.post(&format!("{V3}/auth_configs"), &body).await?;
        auth_config(&answer["auth_config"]).ok_or_else(|| unread("the auth config it has made"))
    }

    /// Begins a login of a user, which ends on a page of Composio's.
    pub(crate) async fn link(
        &self,
        config: &str,
        user: &str,
        callback: Option<&Url>,
    ) -> Result<Linked> {
        let mut body = json!({ "auth_config_id": config, "user_id": user });
        if let Some(callback) = callback {
            body["callback_url"] = callback.as_str().into();
        }
        let answer = self.post(&format!("{V31}/connected_accounts/link"), &body).await?;
        let url = answer["redirect_url"].as_str().and_then(|url| url.parse().ok());
        let account = id(&answer["connected_account_id"]);
        let until = answer["expires_at"].as_str().and_then(|at| at.parse::<jiff::Timestamp>().ok());
        match (account, url) {
            (Some(account), Some(url)) => {
                Ok(Linked { account, url, expires_at: until.map(|at| Millis(at.as_millisecond())) })
            }
            _ => Err(unread("the login it has begun")),
        }
    }

    /// Makes an account of a user out of a credential; returns its id.
    pub(crate) async fn make_account(
        &self,
        config: &AuthConfig,
        user: &str,
        secrets: &Secrets,
    ) -> Result<String> {
        let state = json!({ "authScheme": config.scheme, "val": { "status": "ACTIVE" } });
        let mut body = Map::new();
        body.insert("auth_config".to_owned(), json!({ "id": config.id }));
        body.insert("connection".to_owned(), json!({ "user_id": user, "state": state }));
        let request = self.request("POST", &format!("{V31}/connected_accounts"), &[])?;
        let at = ["connection", "state", "val"];
        let answer = self.done(request.json_with_hidden_at(body, &at, secrets)?).await?;
        id(&answer["id"]).ok_or_else(|| unread("the account it has made"))
    }

    /// Returns how an account stands.
    ///
    /// Fails with `NotFound` if it is gone.
    pub(crate) async fn account(&self, account: &str) -> Result<Account> {
        let path = format!("{V31}/connected_accounts/{}", segment(account)?);
        let answer = self.get(&path, &[]).await?;
        let text = |name: &str| answer[name].as_str().map(short).filter(|text| !text.is_empty());
        Ok(Account {
            status: text("status").ok_or_else(|| unread("how the account stands"))?,
            reason: text("status_reason"),
            is_disabled: answer["is_disabled"] == true,
        })
    }

    /// Switches an account off.
    pub(crate) async fn switch_off(&self, account: &str) -> Result<()> {
        let path = format!("{V31}/connected_accounts/{}/status", segment(account)?);
        let request = self.request("PATCH", &path, &[])?;
        self.done(written(request, &json!({ "enabled": false }))?).await.map(drop)
    }

    /// Has the app forget the tokens of an account; false if it cannot be asked to.
    pub(crate) async fn revoke(&self, account: &str) -> Result<bool> {
        let path = format!("{V31}/connected_accounts/{}/revoke", segment(account)?);
        let answer = self.sent(&self.request("POST", &path, &[])?, false).await?;
        match answer.status {
            400 | 404 | 409 => Ok(false),
            _ => super::read(answer).map(|_| true),
        }
    }

    /// Deletes an account; one that is gone is as good.
    pub(crate) async fn delete(&self, account: &str) -> Result<()> {
        let path = format!("{V31}/connected_accounts/{}", segment(account)?);
        let answer = self.sent(&self.request("DELETE", &path, &[])?, false).await?;
        if answer.status == 404 { Ok(()) } else { super::read(answer).map(drop) }
    }
}

fn auth_config(config: &Value) -> Option<AuthConfig> {
    Some(AuthConfig {
        id: id(&config["id"])?,
        scheme: config["auth_scheme"].as_str().map(short).unwrap_or_default(),
        is_managed: config["is_composio_managed"] == true,
    })
}

fn id(value: &Value) -> Option<String> {
    let id = value.as_str()?;
    (id.len() <= 200 && segment(id).is_ok()).then(|| id.to_owned())
}

/// Returns a word or sentence of the API's own, fit to be shown and kept.
fn short(text: &str) -> String {
    clean(text).chars().take(200).collect()
}

fn unread(what: &str) -> Error {
    Error::new(Code::ProviderError, format!("Composio does not say {what}")).reason("answer_broken")
}
