//! Who calls: the credential, where the manifest says it stands, and the scopes it has.

use sha2::{Digest, Sha256};

use super::route::Route;
use crate::api::time::Millis;
use crate::api::toolkits::AuthType;
use crate::catalog::manifest::{Manifest, Part};
use crate::sandbox::World;
use crate::sandbox::guest::ANYONE;
use crate::sandbox::http::Call;
use crate::sandbox::refusal::{Refusal, Why};
use crate::sandbox::store::grants::{self, Access};

/// What makes a key or a password a refused one, so that refusals can be tried.
const REFUSED: [&str; 2] = ["revoked", "invalid"];

/// A caller whose credential was accepted.
pub(super) struct Caller {
    /// Whose things are meant.
    pub(super) account: String,
    /// What it may, separated by spaces; `None` is everything.
    scope: Option<String>,
}

impl Caller {
    /// Finds out who is calling.
    pub(super) fn admit(
        world: &World,
        call: &Call,
        slug: &str,
        app: Option<&Manifest>,
        route: &Route<'_>,
    ) -> Result<Self, Refusal> {
        let Some(app) = app else { return Self::unknown(world, call, slug) };
        match app.auth.kind {
            AuthType::None => Ok(Self { account: String::new(), scope: None }),
            AuthType::Oauth2 => {
                let token = call.bearer().ok_or_else(refused)?;
                Self::bearer(world, token, slug)?
                    .or_else(|| world.any_bearer.then(Self::anyone))
                    .ok_or_else(refused)
            }
            AuthType::ApiKey | AuthType::Unknown => {
                Self::keyed(slug, &key(app, call, route).ok_or_else(refused)?)
            }
            AuthType::Basic => {
                let (user, password) = call.basic().ok_or_else(refused)?;
                Self::keyed(slug, &format!("{user}:{password}"))
            }
        }
    }

    /// Fails unless one of the tools that are meant takes the scopes that were granted.
    pub(super) fn may(&self, route: &Route<'_>) -> Result<(), Refusal> {
        let Some(scope) = &self.scope else { return Ok(()) };
        let granted = |wanted: &str| scope.split(' ').any(|own| own == wanted);
        let together = |wanted: &String| wanted.split(' ').all(granted);
        let enough = |wanted: &[String]| wanted.is_empty() || wanted.iter().any(together);
        if route.identity || route.tools.iter().any(|tool| enough(&tool.scopes)) {
            return Ok(());
        }
        let text = "the token lacks a scope that this request needs";
        Err(Refusal::new(Why::LacksScope, "missing_scope", text))
    }

    /// Lets in whoever does not show a dead token: what an added toolkit wants is not known here.
    fn unknown(world: &World, call: &Call, slug: &str) -> Result<Self, Refusal> {
        let Some(token) = call.bearer() else {
            let sent = call.header("authorization").or(call.header("x-api-key"));
            return Self::keyed(slug, sent.unwrap_or_default());
        };
        Self::bearer(world, token, slug)?.map_or_else(|| Self::keyed(slug, token), Ok)
    }

    /// Returns the caller of a token that was issued here; `None` if it was not.
    fn bearer(world: &World, token: &str, slug: &str) -> Result<Option<Self>, Refusal> {
        let now = Millis::now();
        match world.store.read(|db| grants::access(db, token, slug, now))? {
            Access::Live(consent) => {
                Ok(Some(Self { account: consent.account, scope: Some(consent.scope) }))
            }
            Access::Dead => Err(refused()),
            Access::Unknown => Ok(None),
        }
    }

    /// Returns the caller of a key, which is an account of its own, known by its hash.
    fn keyed(slug: &str, key: &str) -> Result<Self, Refusal> {
        if REFUSED.iter().any(|word| key.contains(word)) {
            return Err(refused());
        }
        Ok(Self { account: format!("{slug}-{:.8x}", Sha256::digest(key)), scope: None })
    }

    fn anyone() -> Self {
        Self { account: ANYONE.to_owned(), scope: None }
    }
}

/// Returns the key, wherever the manifest puts it; nothing if it is empty.
fn key(app: &Manifest, call: &Call, route: &Route<'_>) -> Option<String> {
    let key = if let Some(place) = &app.auth.place {
        let sent = match place.part {
            Part::Header => call.header(&place.name)?,
            Part::Query => call.query.get(&place.name)?,
            Part::Environment => return None,
        };
        let (before, rest) = place.value.split_once('{')?;
        let after = rest.rsplit_once('}').map_or("", |(_, after)| after);
        sent.strip_prefix(before)?.strip_suffix(after)?
    } else {
        let secret = app.auth.fields.iter().find(|field| field.secret)?;
        &route.address.iter().find(|(name, _)| *name == secret.key)?.1
    };
    (!key.is_empty()).then(|| key.to_owned())
}

fn refused() -> Refusal {
    Refusal::new(
        Why::Unauthorized,
        "invalid",
        "the credential is missing, unknown or no longer good",
    )
}
