//! Devices that wait until a person has said yes elsewhere (RFC 8628); codes as SHA-256 only.
//!
//! Not here: parameters and pages (`oauth::device`).

use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, Transaction, params};

use super::grants::{Bearer, Consent, Tokens, consented, hand_out};
use super::{hash, hex};
use crate::api::time::Millis;

/// How long a person has.
pub(in crate::sandbox) const DEVICE_LIFE: Duration = Duration::from_mins(10);

/// How many seconds lie between two questions of a device, unless it was too fast.
pub(in crate::sandbox) const WAIT: u64 = 1;

/// By how many seconds a device that was too fast has to be slower from then on (RFC 8628, 3.5).
const SLOWER: i64 = 5;

/// The letters of a user code: none that can be misread, and no vowels (RFC 8628, 6.1).
const LETTERS: &[u8; 20] = b"BCDFGHJKLMNPQRSTVWXZ";

/// What a device is given.
pub(in crate::sandbox) struct Codes {
    /// What it asks with.
    pub(in crate::sandbox) device: String,
    /// What the person types: `BCDF-GHJK`.
    pub(in crate::sandbox) user: String,
}

/// What a waiting device wants.
pub(in crate::sandbox) struct Wanted {
    /// Who asks, by `client_id`.
    pub(in crate::sandbox) client: String,
    /// Scopes, as they were asked for.
    pub(in crate::sandbox) scope: String,
}

/// Remembers a device, and returns its codes.
pub(in crate::sandbox) fn ask(
    tx: &Transaction<'_>,
    bearer: Bearer<'_>,
    scope: &str,
    now: Millis,
) -> rusqlite::Result<Codes> {
    let codes = Codes { device: format!("sbx_device_{}", hex(48)), user: user_code() };
    tx.execute(
        "INSERT INTO devices (hash, user_code, app, client, scope, wait, expires_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        params![
            hash(&codes.device),
            typed(&codes.user),
            bearer.app,
            bearer.client,
            scope,
            WAIT.cast_signed(),
            now.after(DEVICE_LIFE).0
        ],
    )?;
    Ok(codes)
}

/// Returns what the device of that code wants, while nobody has decided.
pub(in crate::sandbox) fn waiting(
    connection: &Connection,
    app: &str,
    user_code: &str,
    now: Millis,
) -> rusqlite::Result<Option<Wanted>> {
    connection
        .query_row(
            "SELECT client, scope FROM devices WHERE user_code = ?1 AND app = ?2
             AND expires_at > ?3 AND grant_id IS NULL AND denied_at IS NULL",
            params![typed(user_code), app, now.0],
            |row| Ok(Wanted { client: row.get(0)?, scope: row.get(1)? }),
        )
        .optional()
}

/// Remembers what the person decided: for which account, or for none. Returns whether that counted.
pub(in crate::sandbox) fn decide(
    tx: &Transaction<'_>,
    app: &str,
    user_code: &str,
    account: Option<String>,
    now: Millis,
) -> rusqlite::Result<bool> {
    let Some(Wanted { client, scope }) = waiting(tx, app, user_code, now)? else {
        return Ok(false);
    };
    let denied = account.is_none().then_some(now.0);
    let consent = account.map(|account| Consent { app: app.to_owned(), client, account, scope });
    let grant = consent.map(|consent| consented(tx, &consent, now)).transpose()?;
    tx.execute(
        "UPDATE devices SET grant_id = ?2, denied_at = ?3 WHERE user_code = ?1",
        params![typed(user_code), grant, denied],
    )?;
    Ok(true)
}

/// Sells tokens to a device, once, or returns the error of RFC 8628, 3.5, and why.
pub(in crate::sandbox) fn redeem(
    tx: &Transaction<'_>,
    device: &str,
    bearer: Bearer<'_>,
    now: Millis,
) -> rusqlite::Result<Result<Tokens, (&'static str, &'static str)>> {
    let hash = hash(device);
    let found = tx
        .query_row(
            "SELECT app, client, scope, expires_at, grant_id, denied_at, redeemed_at,
                    polled_at + wait * 1000 FROM devices WHERE hash = ?1",
            [&hash],
            |row| {
                let (app, client): (String, String) = (row.get(0)?, row.get(1)?);
                let own = app == bearer.app && client == bearer.client;
                let done = |at: Option<i64>| at.is_some();
                Ok((
                    row.get::<_, String>(2)?,
                    own,
                    Millis(row.get(3)?) <= now,
                    row.get::<_, Option<i64>>(4)?,
                    (done(row.get(5)?), done(row.get(6)?)),
                    row.get::<_, Option<i64>>(7)?.is_some_and(|at| now.0 < at),
                ))
            },
        )
        .optional()?;
    let Some((scope, own, expired, grant, (denied, redeemed), hasty)) = found else {
        return Ok(Err(("invalid_grant", "the device code is unknown")));
    };
    if !own {
        return Ok(Err(("invalid_grant", "the device code was issued to another client")));
    }
    if redeemed {
        return Ok(Err(("invalid_grant", "the device code was used before")));
    }
    if expired {
        return Ok(Err(("expired_token", "the device code has expired")));
    }
    if denied {
        return Ok(Err(("access_denied", "the user denied the request")));
    }
    let slower = if hasty { SLOWER } else { 0 };
    tx.execute(
        "UPDATE devices SET polled_at = ?2, wait = wait + ?3, redeemed_at = ?4 WHERE hash = ?1",
        params![hash, now.0, slower, grant.filter(|_| !hasty).map(|_| now.0)],
    )?;
    match grant {
        _ if hasty => Ok(Err(("slow_down", "ask less often: five seconds are added"))),
        None => Ok(Err(("authorization_pending", "the user has not decided yet"))),
        Some(grant) => hand_out(tx, grant, (scope, None), now).map(Ok),
    }
}

/// Returns eight letters that nobody can guess, with a dash between them.
fn user_code() -> String {
    let chance = crate::api::ids::fresh();
    let letter = |byte: &u8| char::from(LETTERS[usize::from(*byte) % LETTERS.len()]);
    // The first bytes of such an id are all chance; some later bits are not.
    let (start, end) = (&chance.as_bytes()[..4], &chance.as_bytes()[10..14]);
    let part = |bytes: &[u8]| bytes.iter().map(letter).collect::<String>();
    format!("{}-{}", part(start), part(end))
}

/// Returns the hash of a user code as a person types it: case, dashes and spaces do not matter.
fn typed(user_code: &str) -> Vec<u8> {
    let letters = user_code.chars().filter(char::is_ascii_alphanumeric);
    hash(&letters.map(|c| c.to_ascii_uppercase()).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_code_may_be_typed_carelessly() {
        let code = user_code();

        assert_eq!(code.len(), 9);
        assert_eq!(typed(&code), typed(&format!(" {} ", code.to_lowercase().replace('-', " "))));
        assert_ne!(typed(&code), typed(&user_code()));
    }
}
