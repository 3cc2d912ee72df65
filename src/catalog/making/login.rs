//! How one logs in, where a document does not say it or says it wrong.

use super::sources::Agreed;
use crate::api::toolkits::AuthType;
use crate::catalog::manifest::{Auth, Field, Part, Place};
use crate::catalog::template::holes;

/// Returns the login that a word of `sources.toml` names; `None` where a manifest cannot say it.
pub(super) fn named(word: &str) -> Option<Auth> {
    let fresh = Auth::fresh;
    match word {
        "none" => return Some(fresh()),
        "bearer" => return named("header:Authorization=Bearer {token}"),
        "basic" => {
            let fields = vec![field("username", ""), field("password", "")];
            return Some(Auth { kind: AuthType::Basic, fields, ..fresh() });
        }
        _ => {}
    }
    let several = word.contains(',');
    let mut places = Vec::new();
    for (number, one) in word.split(',').enumerate() {
        let (part, name) = one.split_once(':')?;
        let part = match part {
            "header" => Part::Header,
            "query" => Part::Query,
            _ => return None,
        };
        let key = if several { format!("{{key_{}}}", number + 1) } else { "{api_key}".to_owned() };
        let (name, value) = name.split_once('=').unwrap_or((name, &key));
        places.push(Place { part, name: name.to_owned(), value: value.to_owned() });
    }
    Some(keyed(places))
}

/// Returns the login with a token from elsewhere: it is asked for, and nobody says that it is connectable.
pub(super) fn unsupported() -> Auth {
    let place = Place {
        part: Part::Header,
        name: "Authorization".to_owned(),
        value: "Bearer {token}".to_owned(),
    };
    Auth { kind: AuthType::Unknown, ..keyed(vec![place]) }
}

/// Returns the login by endpoints on which packages agree.
pub(super) fn agreed(login: &Agreed) -> Auth {
    Auth {
        kind: AuthType::Oauth2,
        authorize_url: Some(login.authorize_url.clone()),
        token_url: Some(login.token_url.clone()),
        revoke_url: login.revoke_url.clone(),
        pkce: !login.pkce_by.is_empty(),
        scope_separator: login.scope_separator.clone().unwrap_or_else(|| " ".to_owned()),
        params: login.params.clone(),
        ..Auth::fresh()
    }
}

/// Returns the login by keys that stand at these places.
fn keyed(places: Vec<Place>) -> Auth {
    let mut fields = Vec::new();
    for place in &places {
        let label = format!("Value of `{}`", place.name);
        fields.extend(holes(&place.value).unwrap().into_iter().map(|key| field(key, &label)));
    }
    let mut places = places.into_iter();
    let (place, also) = (places.next(), places.collect());
    Auth { kind: AuthType::ApiKey, fields, place, also, ..Auth::fresh() }
}

fn field(key: &str, otherwise: &str) -> Field {
    let label = match key {
        "api_key" | "key" => "API key",
        "token" => "Access token",
        "secret" => "API secret",
        "username" => "User name",
        "password" => "Password",
        _ => otherwise,
    };
    Field { key: key.to_owned(), label: label.to_owned(), secret: key != "username" }
}
