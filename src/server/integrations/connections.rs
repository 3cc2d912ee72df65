//! Connections of an app's users: started, listed, ended.

use axum::http::StatusCode;
use serde::Serialize;
use serde_json::json;
use uuid::Uuid;

use super::back::told;
use super::who::Who;
use super::{Answered, Asked, Stop, empty, enabled, read};
use crate::api::connections::{Connect, Connected, Connection, Disconnect, Status};
use crate::api::error::{Code, Error, Result};
use crate::api::ids::{AppId, ConnectionId, Slug};
use crate::api::time::Millis;
use crate::api::toolkits::AuthType;
use crate::api::workspace::{ListUsers, User};
use crate::server::answer;

/// A connected account. Never holds a credential.
#[derive(Debug, Serialize)]
struct Row {
    id: ConnectionId,
    app_id: AppId,
    app_user_id: String,
    toolkit_slug: Slug,
    status: Standing,
    connected_at: Millis,
    last_used_at: Option<Millis>,
}

/// How an account stands, in the words of the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Standing {
    Active,
    Inactive,
    Expired,
}

/// Returns how a connection stands; `None` for one that is no account yet, or no longer.
fn standing(status: Status) -> Option<Standing> {
    match status {
        Status::Active => Some(Standing::Active),
        Status::Inactive => Some(Standing::Inactive),
        Status::Expired => Some(Standing::Expired),
        Status::Initiated | Status::Failed | Status::Revoked => None,
    }
}

impl Asked {
    /// Returns the user whom a call is for: whose token it is, or whom a program names in the body.
    pub(super) fn subject(&self) -> Result<User> {
        if let Who::User(user, _) = &self.who {
            return Ok((**user).clone());
        }
        self.app.enrolled(self.who.caller(), self.named()?)
    }

    /// Fails with `InvalidInput` where a program names no user.
    fn named(&self) -> Result<Uuid> {
        read::user(&read::wanted(&self.body, "userId", 100)?)
    }

    /// Fails as [`Asked::subject`] would, and creates nobody.
    pub(super) fn check_subject(&self) -> Result<()> {
        match self.who {
            Who::User(..) => Ok(()),
            Who::Admin(_) => self.named().map(drop),
        }
    }
}

/// Answers `POST …/connect`: a link to the login, or to where the user goes next if there is nothing to log in to.
pub(super) async fn connect(asked: Asked) -> Answered {
    let toolkit = read::toolkit(&asked.body)?;
    let onward = read::onward(&asked.body)?;
    asked.check_subject()?;
    enabled::check(&asked, &toolkit)?;
    takes_logins(&asked, &toolkit)?;
    let user = asked.subject()?;
    let op = Connect {
        user: Some(user.by_id()?),
        callback_url: Some(onward.clone()),
        // A link is asked for, also where an account is there: it stays until the login succeeds.
        reconnect: true,
        restart: true,
        ..Connect::to(toolkit.clone())
    };
    let state = asked.done(op).await?;
    let next = || told(&onward, &[("status", "connected"), ("toolkit", toolkit.as_str())]);
    let link = state.redirect_url.unwrap_or_else(next);
    let id = state.connected_account_id;
    Ok(answer::json(StatusCode::OK, &json!({ "authUrl": link, "connectionRequestId": id })))
}

/// Fails for a toolkit whose users enter a key: this API has no place for one.
fn takes_logins(asked: &Asked, toolkit: &Slug) -> Result<()> {
    match asked.app.auth_type(toolkit) {
        Some(AuthType::Oauth2 | AuthType::None) | None => Ok(()),
        Some(AuthType::ApiKey | AuthType::Basic | AuthType::Unknown) => {
            Err(read::invalid("toolkit", "is connected with a key, which this API does not take"))
        }
    }
}

/// Answers `GET …/connections`: a user's own active accounts; to a key all of the app's, or of one user.
pub(super) async fn list(asked: Asked) -> Answered {
    let users = match &asked.who {
        Who::User(user, _) => vec![(**user).clone()],
        Who::Admin(_) => match asked.query("userId") {
            Some(id) => asked.app.enrolled_before(read::user(&id)?)?.into_iter().collect(),
            None => asked.done(ListUsers {}).await?.users,
        },
    };
    let own = matches!(asked.who, Who::User(..));
    let mut rows = Vec::new();
    for user in users {
        let all = asked.done(Connected { user: Some(user.by_id()?), all: true }).await?;
        let here = all.connections.into_iter().filter_map(|one| row(&asked, &user, one));
        rows.extend(here.filter(|row| !own || row.status == Standing::Active));
    }
    Ok(answer::json(StatusCode::OK, &json!({ "connections": rows })))
}

fn row(asked: &Asked, user: &User, one: Connection) -> Option<Row> {
    Some(Row {
        status: standing(one.status)?,
        id: one.id,
        app_id: asked.id.clone(),
        app_user_id: user.id.clone(),
        toolkit_slug: one.toolkit,
        connected_at: one.created_at,
        last_used_at: one.last_used_at,
    })
}

/// Answers `DELETE …/connections/{id}`: the credential is taken back at the provider, and deleted here.
pub(super) async fn end(asked: Asked) -> Answered {
    let (owner, connection) = present(&asked)?;
    let account = Some(connection.id.to_string());
    let user = Some(owner.parse().map_err(|error| Error::internal("a user has no id", error))?);
    let toolkit = connection.toolkit;
    asked.done(Disconnect { toolkit, user, account, purge: true, keep_upstream: false }).await?;
    Ok(empty())
}

/// Returns the connection that the path names, and whose it is; to a user those of others are not there.
fn present(asked: &Asked) -> std::result::Result<(String, Connection), Stop> {
    let gone = || Error::new(Code::NotFound, "there is no such connection");
    let id: ConnectionId = asked.name.parse().map_err(|_| gone())?;
    let found = asked.app.store().connection(&id)?;
    let is_there = |(owner, one): &(String, Connection)| {
        asked.who.caller().may_see(Some(owner))
            && one.status != Status::Revoked
            && one.toolkit != Slug::brokerage()
    };
    Ok(found.filter(is_there).ok_or_else(gone)?)
}
