//! One user's connections: listed, started, shown, given their credentials, deleted.

use axum::http::StatusCode;
use serde::Serialize;
use serde_json::{Map, Value, json};
use url::Url;

use super::record::{Record, public};
use super::{Answered, Asked, Stop, invalid, nothing_else, words};
use crate::api::connections::{Connect, Connection, Credentials, Disconnect, Status};
use crate::api::error::{Code, Error, Result};
use crate::api::ids::{Label, Malformed, Slug};
use crate::api::secrets::Secrets;
use crate::api::toolkits::AuthType;

/// What to do next with a connection that was started.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Started<'a> {
    connection: Record<'a>,
    oauth_url: Option<Url>,
    credential_submit_url: Option<Url>,
}

/// Answers `GET /api/v1/connections`.
pub(super) async fn list(asked: Asked) -> Answered {
    let all = asked.connections().await?;
    let items: Vec<_> = all.iter().map(Record::from).collect();
    Ok(words::data(StatusCode::OK, &json!({ "items": items })))
}

/// Answers `POST /api/v1/connections`: an active connection as it is, or one that waits for its login.
pub(super) async fn start(mut asked: Asked) -> Answered {
    let mut body = std::mem::take(&mut asked.body);
    let toolkit = slug(body.remove("connectorSlug").as_ref())?;
    let label = label(body.remove("label").as_ref())?;
    nothing_else(&body)?;
    let all = asked.connections().await?;
    let active = all.iter().filter(|one| one.status == Status::Active);
    if let Some(active) = meant(active, &toolkit, label.as_ref()) {
        return Ok(started(&asked, StatusCode::OK, active, None)?);
    }
    let state = asked.done(connect(toolkit, label)).await?;
    let connection = asked.present(&state.connected_account_id).await?;
    Ok(started(&asked, StatusCode::CREATED, &connection, state.redirect_url)?)
}

/// Answers `GET /api/v1/connections/{id}`.
pub(super) async fn show(asked: Asked) -> Answered {
    let connection = asked.connection().await?;
    Ok(words::data(StatusCode::OK, &Record::from(&connection)))
}

/// Answers `DELETE /api/v1/connections/{id}`: the credential is taken back at the app, and deleted here.
pub(super) async fn end(asked: Asked) -> Answered {
    let Connection { id, toolkit, .. } = asked.connection().await?;
    let account = Some(id.to_string());
    let purge = Disconnect { toolkit, user: None, account, purge: true, keep_upstream: false };
    asked.done(purge).await?;
    Ok(words::data(StatusCode::OK, &json!({ "deleted": true })))
}

/// Answers `POST /api/v1/connections/{id}/credentials`, whose body is `{ "credentials": { … } }` or the fields alone.
pub(super) async fn credentials(mut asked: Asked) -> Answered {
    let before = asked.connection().await?;
    let fields = secrets(std::mem::take(&mut asked.body))?;
    let op = Credentials { connection: (&before.id).into(), user: None, fields };
    asked.done(op).await?;
    let connection = asked.present(&before.id).await?;
    Ok(words::data(StatusCode::OK, &json!({ "connection": Record::from(&connection) })))
}

/// Returns the connection that is meant by a connector and a label: without a label any of the connector's will do,
/// one that has none first.
pub(super) fn meant<'a>(
    all: impl Iterator<Item = &'a Connection>,
    toolkit: &Slug,
    label: Option<&Label>,
) -> Option<&'a Connection> {
    let fits = |one: &&Connection| {
        one.toolkit == *toolkit && (label.is_none() || one.label.as_ref() == label)
    };
    all.filter(fits).min_by_key(|one| (one.status != Status::Active, one.label.is_some()))
}

/// Returns the action that begins a login, in the place of whatever waits for the same one.
pub(super) fn connect(toolkit: Slug, label: Option<Label>) -> Connect {
    Connect { label, restart: true, ..Connect::to(toolkit) }
}

/// Reads the slug of a connector. One of another form is as unknown as any that is not in the catalog.
pub(super) fn slug(given: Option<&Value>) -> Result<Slug> {
    let text = match given {
        None | Some(Value::Null) => "",
        Some(Value::String(text)) => text,
        Some(_) => return Err(invalid("connectorSlug", "is no text")),
    };
    if text.is_empty() {
        return Err(Error::new(Code::InvalidInput, "a connector is to be named, by its slug"));
    }
    text.parse()
        .map_err(|_| Error::new(Code::InvalidInput, format!("there is no connector `{text}`")))
}

/// Reads a label; an empty one is none.
pub(super) fn label(given: Option<&Value>) -> Result<Option<Label>> {
    match given {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if text.is_empty() => Ok(None),
        Some(Value::String(text)) => {
            let wrong = |error: Malformed| invalid("label", format!("is not right: {error}"));
            text.parse().map(Some).map_err(wrong)
        }
        Some(_) => Err(invalid("label", "is no text")),
    }
}

/// Returns what is told of a connection that is there now, and what its user does next.
fn started(
    asked: &Asked,
    status: StatusCode,
    connection: &Connection,
    oauth_url: Option<Url>,
) -> Result<axum::response::Response> {
    let takes_key = match asked.site.engine.auth_type(&connection.toolkit) {
        Some(AuthType::ApiKey | AuthType::Basic | AuthType::Unknown) => true,
        Some(AuthType::Oauth2 | AuthType::None) | None => false,
    };
    let path = format!("{}/connections/{}/credentials", super::ROOT, public(&connection.id));
    let credential_submit_url = takes_key.then(|| asked.site.at(&path)).transpose()?;
    let connection = connection.into();
    Ok(words::data(status, &Started { connection, oauth_url, credential_submit_url }))
}

/// Reads credentials, each field a text.
fn secrets(mut body: Map<String, Value>) -> std::result::Result<Secrets, Stop> {
    let inner = match body.get_mut("credentials") {
        Some(Value::Object(inner)) => Some(std::mem::take(inner)),
        Some(_) | None => None,
    };
    let given = match inner {
        Some(inner) => {
            body.remove("credentials");
            nothing_else(&body)?;
            inner
        }
        None => body,
    };
    if let Some((field, _)) = given.iter().find(|(_, value)| !value.is_string()) {
        return Err(invalid(field, "is no text").into());
    }
    let read = serde_json::from_value(Value::Object(given));
    // What could not be read may be repeated in the error, and is a secret.
    Ok(read.map_err(|_| invalid("credentials", "cannot be read"))?)
}
