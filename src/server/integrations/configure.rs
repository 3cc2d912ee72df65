//! Toolkits enabled and disabled for an app, and its own OAuth clients.

use std::collections::BTreeMap;

use axum::http::StatusCode;
use serde_json::{Map, Value, json};

use super::read::{invalid, object, text, texts, toolkit, wanted};
use super::{Answered, Asked, Stop, catalog, empty, enabled, words};
use crate::api::error::{Code, Error, Result};
use crate::api::ids::Slug;
use crate::api::secrets::Secrets;
use crate::api::toolkits::{ConfigureToolkit, GetToolkit};
use crate::server::answer;
use crate::server::wrong::Wrong;

/// An OAuth client of the app's own.
struct Client {
    id: String,
    secrets: Secrets,
}

/// Answers `GET …/config`.
pub(super) async fn list(asked: Asked) -> Answered {
    let rows = enabled::rows(&asked).await?;
    let body = json!({ "app_id": asked.id, "integrations": rows });
    Ok(answer::json(StatusCode::OK, &body))
}

/// Answers `POST …/configure`: a toolkit that is enabled already stays as it is.
pub(super) async fn enable(mut asked: Asked) -> Answered {
    let body = std::mem::take(&mut asked.body);
    let toolkit = toolkit(&body)?;
    let (scopes, name) = (texts(&body, "scopes")?, text(&body, "displayName", 100)?);
    let client = object(&body, "oauth_credentials")?.map(client).transpose()?;
    let detail = asked.done(GetToolkit::of(toolkit.clone())).await;
    let known = detail.map_err(unknown)?.summary;
    if let Some(row) = enabled::find(&asked, &toolkit).await? {
        return Ok(answer::json(StatusCode::OK, &row));
    }
    if client.is_none() && catalog::requires_client(&known) {
        let text = format!("toolkit `{toolkit}` has no OAuth client");
        return Err(Error::new(Code::NotConfigured, text).into());
    }
    if client.is_some() || !scopes.is_empty() {
        give(&asked, &toolkit, client, scopes).await?;
    }
    let name = name.filter(|name| !name.is_empty());
    let name = name.unwrap_or_else(|| catalog::display_name(&known));
    enabled::enable(&asked, &toolkit, &name).await?;
    present(&asked, &toolkit).await
}

/// Answers `PATCH …/configure/{toolkit}/credentials`: another OAuth client in the place of the one before.
pub(super) async fn rotate(mut asked: Asked) -> Answered {
    let body = std::mem::take(&mut asked.body);
    let inner = object(&body, "oauth_credentials")?;
    let client = client(inner.unwrap_or(body))?;
    let row = match asked.name.parse() {
        Ok(toolkit) => enabled::find(&asked, &toolkit).await?.map(|_| toolkit),
        Err(_) => None,
    };
    let Some(toolkit) = row else {
        return Ok(words::not_enabled(&enabled::not_enabled(&asked.name)));
    };
    give(&asked, &toolkit, Some(client), Vec::new()).await?;
    present(&asked, &toolkit).await
}

/// Answers `DELETE …/configure/{toolkit}`: what is connected stays connected, and runs no more.
pub(super) async fn disable(asked: Asked) -> Answered {
    if let Ok(toolkit) = asked.name.parse() {
        enabled::disable(&asked, &toolkit).await?;
    }
    Ok(empty())
}

async fn present(asked: &Asked, toolkit: &Slug) -> Answered {
    match enabled::find(asked, toolkit).await? {
        Some(row) => Ok(answer::json(StatusCode::OK, &row)),
        None => Err(enabled::not_enabled(toolkit.as_str()).into()),
    }
}

/// Names the field that names a toolkit which nobody knows.
fn unknown(stop: Stop) -> Stop {
    match stop {
        Stop::Wrong(Wrong::Refused(error)) if error.code == Code::NotFound => {
            invalid("toolkit", error.message).into()
        }
        other => other,
    }
}

/// Gives a toolkit its OAuth client, or its scopes.
async fn give(
    asked: &Asked,
    toolkit: &Slug,
    client: Option<Client>,
    scopes: Vec<String>,
) -> std::result::Result<(), Stop> {
    let (client_id, secrets) = match client {
        Some(client) => (Some(client.id), client.secrets),
        None => (None, Secrets::default()),
    };
    let op =
        ConfigureToolkit { client_id, scopes, secrets, ..ConfigureToolkit::of(toolkit.clone()) };
    asked.done(op).await.map(drop)
}

/// Reads an OAuth client; what else a provider's own client has is tolerated, and not kept.
fn client(fields: Map<String, Value>) -> Result<Client> {
    let within = |error: Error| {
        let mut error = error;
        for fault in &mut error.details {
            fault.pointer = format!("/oauth_credentials{}", fault.pointer);
        }
        error
    };
    let id = wanted(&fields, "client_id", 500).map_err(within)?;
    let secret = wanted(&fields, "client_secret", 2000).map_err(within)?;
    let other = fields.iter().find(|(_, value)| value.is_object() || value.is_array());
    if let Some((field, _)) = other {
        return Err(within(invalid(field, "is neither a text nor a number")));
    }
    match text(&fields, "auth_scheme", 100).map_err(within)?.as_deref() {
        None | Some("OAUTH2") => {}
        Some(_) => {
            return Err(within(invalid(
                "auth_scheme",
                "is not one that clients are kept for here",
            )));
        }
    }
    let secrets = BTreeMap::from([("client_secret".to_owned(), secret)]);
    Ok(Client { id, secrets: secrets.into() })
}
