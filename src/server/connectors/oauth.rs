//! Logins of OAuth connectors: a link to open, as text or by sending the browser there.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};
use url::Url;

use super::connections::{connect, label, meant, slug};
use super::{Answered, Asked, Stop, nothing_else, words};
use crate::api::connections::Connect;
use crate::api::error::{Code, Error};
use crate::api::ids::{Label, Slug};
use crate::api::toolkits::AuthType;
use crate::server::callback::go_on;
use crate::server::wrong::Wrong;

/// Answers `GET /api/v1/connections/{id}/oauth`: sends the browser to the login.
pub(super) async fn go(asked: Asked) -> Answered {
    let one = asked.connection().await?;
    Ok(go_on(&link(&asked, one.toolkit, one.label).await?))
}

/// Answers `POST /api/v1/connections/{id}/oauth`: begins the login again.
pub(super) async fn again(asked: Asked) -> Answered {
    let one = asked.connection().await?;
    nothing_else(&asked.body)?;
    let link = link(&asked, one.toolkit, one.label).await?;
    Ok(words::data(StatusCode::OK, &json!({ "oauthUrl": link })))
}

/// Answers `GET /api/v1/connections/oauth/start`: begins a login by the slug of its connector.
pub(super) async fn start(asked: Asked) -> Answered {
    let toolkit = slug(asked.query("slug").map(Value::from).as_ref())?;
    let named = label(asked.query("label").map(Value::from).as_ref())?;
    let all = asked.connections().await?;
    let label = match meant(all.iter(), &toolkit, named.as_ref()) {
        Some(one) => one.label.clone(),
        None => named,
    };
    Ok(go_on(&link(&asked, toolkit, label).await?))
}

/// Begins a login, also of a connection that is active and stays so until it succeeds; returns its link.
async fn link(asked: &Asked, toolkit: Slug, label: Option<Label>) -> Result<Url, Stop> {
    if asked.parts.method == Method::HEAD {
        // Whoever only wants to see where it leads begins no login.
        let path = asked.parts.uri.path().to_owned();
        return Err(Wrong::OtherMethod(Method::HEAD, path).into());
    }
    match asked.site.engine.auth_type(&toolkit) {
        // The engine says what is to be said of a connector that nobody knows.
        Some(AuthType::Oauth2) | None => {}
        Some(AuthType::ApiKey | AuthType::Basic | AuthType::None | AuthType::Unknown) => {
            let text = format!("connector `{toolkit}` does not log in with OAuth");
            return Err(Error::new(Code::InvalidInput, text).into());
        }
    }
    let op = Connect { reconnect: true, ..connect(toolkit, label) };
    let state = asked.done(op).await?;
    let link = state.redirect_url.ok_or_else(|| {
        Error::new(Code::InternalError, "a login was begun, and there is no link to it")
    })?;
    let picks = asked.query("selectAccount").is_some_and(|text| text == "1" || text == "true");
    Ok(if picks { with_picker(link) } else { link })
}

/// Returns a link that has people choose with which account they log in (`OpenID` Connect Core 1.0, 3.1.2.1).
fn with_picker(mut link: Url) -> Url {
    const PROMPT: &str = "prompt";
    let pairs: Vec<_> = link.query_pairs().into_owned().collect();
    let before = pairs.iter().filter(|(name, _)| name == PROMPT).map(|(_, value)| value.as_str());
    let prompt: Vec<_> =
        before.filter(|value| *value != "none").chain(["select_account"]).collect();
    let rest = pairs.iter().filter(|(name, _)| name != PROMPT);
    link.query_pairs_mut().clear().extend_pairs(rest).append_pair(PROMPT, &prompt.join(" "));
    link
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_choose_their_account_beside_whatever_else_is_asked_of_them() {
        let with = |link: &str| with_picker(link.parse().unwrap()).to_string();

        assert_eq!(
            with("https://a.example/x?y=1"),
            "https://a.example/x?y=1&prompt=select_account"
        );
        assert_eq!(
            with("https://a.example/x?prompt=consent&y=%20"),
            "https://a.example/x?y=+&prompt=consent+select_account"
        );
    }
}
