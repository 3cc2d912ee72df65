//! Who is calling a played app, by the bearer that came along.
//!
//! Not here: what an app says to strangers (each vendor has its own words).

use super::World;
use super::store::grants::{self, Access};
use crate::api::time::Millis;

/// Whose account it is where any bearer is accepted.
pub(super) const ANYONE: &str = "you@sandbox.example";

/// A caller whose bearer was accepted.
#[derive(Debug)]
pub(super) struct Guest {
    /// The account that was picked at consent: an e-mail address.
    pub(super) account: String,
    /// What was granted, as it was asked for; nothing where any bearer opens everything.
    scope: Option<String>,
}

/// Why a caller is not let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stranger {
    /// No bearer was sent.
    Nameless,
    /// Nobody here issued the bearer.
    Unknown,
    /// The bearer was issued here and has expired, was revoked, or is no access token.
    Dead,
}

impl Guest {
    /// Tells whether one of these scopes was granted.
    pub(super) fn may(&self, scopes: &[&str]) -> bool {
        self.scope.is_none() || self.scopes().any(|own| scopes.contains(&own))
    }

    /// Returns what was granted.
    pub(super) fn scopes(&self) -> impl Iterator<Item = &str> {
        grants::scopes(self.scope.as_deref().unwrap_or_default())
    }
}

/// Finds out whom `token` stands for at `app`.
pub(super) fn admit(
    world: &World,
    token: Option<&str>,
    app: &str,
    now: Millis,
) -> rusqlite::Result<Result<Guest, Stranger>> {
    let Some(token) = token else { return Ok(Err(Stranger::Nameless)) };
    let access = world.store.read(|db| grants::access(db, token, app, now))?;
    Ok(match access {
        Access::Live(consent) => Ok(Guest { account: consent.account, scope: Some(consent.scope) }),
        Access::Unknown if world.any_bearer => {
            Ok(Guest { account: ANYONE.to_owned(), scope: None })
        }
        Access::Unknown => Err(Stranger::Unknown),
        Access::Dead => Err(Stranger::Dead),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_separated_by_spaces_or_commas() {
        let guest =
            |scope: Option<&str>| Guest { account: String::new(), scope: scope.map(str::to_owned) };

        for scope in ["a b", "a,b", "b, a"] {
            assert!(guest(Some(scope)).may(&["x", "b"]), "{scope}");
        }
        assert!(!guest(Some("ab")).may(&["a", "b"]));
        assert!(!guest(Some("")).may(&["a", ""]));
        assert!(guest(None).may(&["a"]));
    }
}
