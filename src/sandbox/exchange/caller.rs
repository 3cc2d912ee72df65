//! Who is calling the exchange, and which account that is.
//!
//! Not here: what the account holds, or how it is asked.

use rusqlite::Connection;
use sha2::{Digest, Sha256};

use super::APP;
use crate::api::ids;
use crate::api::time::Millis;
use crate::broker::rules::Refusal;
use crate::sandbox::World;
use crate::sandbox::guest::ANYONE;
use crate::sandbox::http::Call;
use crate::sandbox::store::grants::{self, Access};

/// Headers of API keys (source: Alpaca docs, "Authentication").
const KEY_ID: &str = "apca-api-key-id";
const KEY_SECRET: &str = "apca-api-secret-key";
/// Fewest characters of a secret where not everybody is let in.
const SECRET: usize = 8;

/// A caller who was let in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Caller {
    /// The account's id, a UUID that follows from its name.
    pub(super) account: String,
    /// What was granted; `None` where everything was.
    scope: Option<String>,
}

impl Caller {
    /// Tells whether this was granted.
    pub(super) fn may(&self, scope: &str) -> bool {
        let scopes = self.scope.as_deref().map(|text| grants::scopes(text).any(|own| own == scope));
        scopes.unwrap_or(true)
    }

    /// Makes the caller with a name, and what was granted.
    pub(super) fn of(name: &str, scope: Option<String>) -> Self {
        Self { account: account_id(name), scope }
    }
}

/// Returns who is calling, or `None` for whom nobody knows.
///
/// Where any bearer is let in, each is an account of its own; a key is one everywhere, by its id alone.
pub(super) fn admit(
    world: &World,
    db: &Connection,
    call: &Call,
    now: Millis,
) -> rusqlite::Result<Option<Caller>> {
    if let Some(token) = call.bearer() {
        return Ok(match grants::access(db, token, APP, now)? {
            Access::Live(consent) => Some(Caller::of(&consent.account, Some(consent.scope))),
            Access::Unknown if world.any_bearer => {
                let name = format!("{ANYONE} {}", ids::hex(&Sha256::digest(token)));
                Some(Caller::of(&name, None))
            }
            Access::Unknown | Access::Dead => None,
        });
    }
    let (id, secret) = (call.header(KEY_ID), call.header(KEY_SECRET));
    Ok(id.zip(secret).and_then(|(id, secret)| {
        let long = world.any_bearer || secret.trim().len() >= SECRET;
        let given = !id.trim().is_empty() && !secret.trim().is_empty();
        (given && long).then(|| Caller::of(&format!("key {}", id.trim()), None))
    }))
}

/// Refuses what a caller was not granted.
pub(super) fn lacking(scope: &str) -> Refusal {
    let text = format!("request is not authorized: the token lacks the scope {scope}");
    Refusal::forbidden(text)
}

/// Returns the id of the account with a name, the same everywhere.
pub(super) fn account_id(name: &str) -> String {
    let digest = Sha256::new().chain_update("naive paper account\n").chain_update(name).finalize();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    uuid::Builder::from_custom_bytes(bytes).into_uuid().to_string()
}

/// Returns the account's number, of twelve characters: `PA3` and what follows from its id.
pub(super) fn number(id: &str) -> String {
    const LETTERS: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
    let letter = |byte: &u8| char::from(LETTERS[usize::from(byte % 32)]);
    let digest = Sha256::digest(id);
    format!("PA3{}", digest.iter().take(9).map(letter).collect::<String>())
}
