//! Consents, codes and tokens: what the OAuth server remembers, secrets as SHA-256 only.
//!
//! Not here: parameters and replies of the endpoints (`oauth`).

use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, Transaction, params};

use super::{hash, hex};
use crate::api::time::Millis;

/// How long a code can be redeemed.
const CODE_LIFE: Duration = Duration::from_mins(1);

/// How long an access token opens anything.
pub(in crate::sandbox) const ACCESS_LIFE: Duration = Duration::from_hours(1);

/// How long a refresh token can be used; long enough never to be what ends a demonstration.
const REFRESH_LIFE: Duration = Duration::from_hours(24 * 365);

/// What a person consented to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::sandbox) struct Consent {
    /// The app's slug.
    pub(in crate::sandbox) app: String,
    /// Who asked, by `client_id`.
    pub(in crate::sandbox) client: String,
    /// The account that was picked.
    pub(in crate::sandbox) account: String,
    /// Scopes, as they were asked for; where a bearer is looked at, separated by spaces.
    pub(in crate::sandbox) scope: String,
}

/// What a code is bound to, besides the consent.
pub(in crate::sandbox) struct Binding {
    /// The redirect URI, to be repeated exactly.
    pub(in crate::sandbox) redirect_uri: String,
    /// The PKCE challenge (S256); empty where the client sent none.
    pub(in crate::sandbox) challenge: String,
}

/// Tokens as they are handed out, once.
#[derive(Debug)]
pub(in crate::sandbox) struct Tokens {
    /// The bearer for [`ACCESS_LIFE`].
    pub(in crate::sandbox) access: String,
    /// What buys the next pair, once.
    pub(in crate::sandbox) refresh: String,
    /// What the access token is good for.
    pub(in crate::sandbox) scope: String,
    /// The account they open.
    pub(in crate::sandbox) account: String,
}

/// Who redeems something: the app's slug and the client, which must be those of the consent.
#[derive(Clone, Copy)]
pub(in crate::sandbox) struct Bearer<'a> {
    /// The app's slug.
    pub(in crate::sandbox) app: &'a str,
    /// The `client_id`.
    pub(in crate::sandbox) client: &'a str,
}

/// What is known of a bearer token.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::sandbox) enum Access {
    /// It opens the account, within the scopes.
    Live(Consent),
    /// It was issued here and is expired, revoked or no access token.
    Dead,
    /// Nobody here issued it.
    Unknown,
}

/// Returns each scope of a text in which spaces or commas stand between them.
pub(in crate::sandbox) fn scopes(text: &str) -> impl Iterator<Item = &str> {
    text.split([' ', ',']).filter(|scope| !scope.is_empty())
}

/// Remembers a consent and returns its number.
pub(super) fn consented(
    tx: &Transaction<'_>,
    consent: &Consent,
    now: Millis,
) -> rusqlite::Result<i64> {
    tx.execute(
        "INSERT INTO grants (app, client, account, scope, created_at) VALUES (?1, ?2, ?3, ?4, ?5)",
        params![consent.app, consent.client, consent.account, consent.scope, now.0],
    )?;
    Ok(tx.last_insert_rowid())
}

/// Remembers a consent and returns the code that will buy its tokens.
pub(in crate::sandbox) fn issue_code(
    tx: &Transaction<'_>,
    consent: &Consent,
    binding: &Binding,
    now: Millis,
) -> rusqlite::Result<String> {
    let grant = consented(tx, consent, now)?;
    let code = format!("sbx_code_{}", hex(40));
    tx.execute(
        "INSERT INTO codes (hash, grant_id, redirect_uri, challenge, expires_at)
         VALUES (?1, ?2, ?3, ?4, ?5)",
        params![
            hash(&code),
            grant,
            binding.redirect_uri,
            binding.challenge,
            now.after(CODE_LIFE).0
        ],
    )?;
    Ok(code)
}

/// Turns a code into tokens, or returns what is wrong with it.
///
/// A code that comes a second time ends the tokens that were made from it (RFC 6749, 4.1.2).
pub(in crate::sandbox) fn redeem_code(
    tx: &Transaction<'_>,
    code: &str,
    bearer: Bearer<'_>,
    binding: &Binding,
    now: Millis,
) -> rusqlite::Result<Result<Tokens, &'static str>> {
    let found = tx
        .query_row(
            "SELECT codes.grant_id, redirect_uri, challenge, expires_at, redeemed_at, app, client, scope
             FROM codes JOIN grants ON grants.id = codes.grant_id WHERE hash = ?1",
            [hash(code)],
            |row| {
                let bound = Binding { redirect_uri: row.get(1)?, challenge: row.get(2)? };
                let redeemed = row.get::<_, Option<i64>>(4)?.is_some();
                let (app, client): (String, String) = (row.get(5)?, row.get(6)?);
                let own = app == bearer.app && client == bearer.client;
                Ok((row.get(0)?, bound, Millis(row.get(3)?), redeemed, own, row.get(7)?))
            },
        )
        .optional()?;
    let Some((grant, bound, expires, redeemed, own, scope)) = found else {
        return Ok(Err("the code is unknown"));
    };
    if !own {
        return Ok(Err("the code was issued to another client"));
    }
    if redeemed {
        end_grant(tx, grant, now)?;
        return Ok(Err("the code was used before; the tokens made from it are revoked"));
    }
    if expires <= now {
        return Ok(Err("the code has expired"));
    }
    if bound.redirect_uri != binding.redirect_uri {
        return Ok(Err("redirect_uri is not the one of the authorization request"));
    }
    if bound.challenge != binding.challenge {
        // A verifier without a challenge is refused, too: somebody may have taken the challenge away
        // (RFC 9700, 2.1.1).
        return Ok(Err("code_verifier does not match the code_challenge"));
    }
    tx.execute("UPDATE codes SET redeemed_at = ?2 WHERE hash = ?1", params![hash(code), now.0])?;
    hand_out(tx, grant, (scope, None), now).map(Ok)
}

/// Turns a refresh token into a new pair, or returns what is wrong with it.
///
/// A refresh token that was used before ends its whole family.
pub(in crate::sandbox) fn refresh(
    tx: &Transaction<'_>,
    token: &str,
    bearer: Bearer<'_>,
    scope: Option<&str>,
    now: Millis,
) -> rusqlite::Result<Result<Tokens, &'static str>> {
    let found = tx
        .query_row(
            "SELECT grant_id, expires_at, ended_at, revoked_at, app, client, grants.scope
             FROM tokens JOIN grants ON grants.id = tokens.grant_id
             WHERE hash = ?1 AND kind = 'refresh'",
            [hash(token)],
            |row| {
                let spent = row.get::<_, Option<i64>>(2)?.is_some();
                let revoked = row.get::<_, Option<i64>>(3)?.is_some();
                let (app, client): (String, String) = (row.get(4)?, row.get(5)?);
                let own = app == bearer.app && client == bearer.client;
                Ok((
                    row.get(0)?,
                    Millis(row.get(1)?),
                    spent,
                    revoked,
                    own,
                    row.get::<_, String>(6)?,
                ))
            },
        )
        .optional()?;
    let Some((grant, expires, spent, revoked, own, granted)) = found else {
        return Ok(Err("the refresh token is unknown"));
    };
    if !own {
        return Ok(Err("the refresh token was issued to another client"));
    }
    if revoked {
        return Ok(Err("the grant was revoked"));
    }
    if spent {
        end_grant(tx, grant, now)?;
        return Ok(Err("the refresh token was used before; the grant is revoked"));
    }
    if expires <= now {
        return Ok(Err("the refresh token has expired"));
    }
    tx.execute("UPDATE tokens SET ended_at = ?2 WHERE hash = ?1", params![hash(token), now.0])?;
    hand_out(tx, grant, (granted, scope), now).map(Ok)
}

/// Returns the scopes a live refresh token stands for.
pub(in crate::sandbox) fn granted(
    connection: &Connection,
    token: &str,
) -> rusqlite::Result<Option<String>> {
    connection
        .query_row(
            "SELECT grants.scope FROM tokens JOIN grants ON grants.id = tokens.grant_id
             WHERE hash = ?1 AND kind = 'refresh'",
            [hash(token)],
            |row| row.get(0),
        )
        .optional()
}

/// Ends a token: an access token alone, a refresh token with its family. Unknown ones are ignored.
pub(in crate::sandbox) fn revoke(
    tx: &Transaction<'_>,
    token: &str,
    app: &str,
    now: Millis,
) -> rusqlite::Result<()> {
    let found = tx
        .query_row(
            "SELECT grant_id, kind FROM tokens JOIN grants ON grants.id = tokens.grant_id
             WHERE hash = ?1 AND app = ?2",
            params![hash(token), app],
            |row| Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?)),
        )
        .optional()?;
    match found {
        Some((grant, kind)) if kind == "refresh" => end_grant(tx, grant, now),
        Some(_) => tx
            .execute("UPDATE tokens SET ended_at = ?2 WHERE hash = ?1", params![hash(token), now.0])
            .map(|_| ()),
        None => Ok(()),
    }
}

/// Ends the grant of a token of either kind, with all its tokens. Unknown ones are ignored.
pub(in crate::sandbox) fn disown(
    tx: &Transaction<'_>,
    token: &str,
    app: &str,
    now: Millis,
) -> rusqlite::Result<()> {
    tx.execute(
        "UPDATE grants SET revoked_at = ?3 WHERE app = ?2 AND revoked_at IS NULL
         AND id = (SELECT grant_id FROM tokens WHERE hash = ?1)",
        params![hash(token), app, now.0],
    )?;
    Ok(())
}

/// Returns what `token` opens at `app`.
pub(in crate::sandbox) fn access(
    connection: &Connection,
    token: &str,
    app: &str,
    now: Millis,
) -> rusqlite::Result<Access> {
    let found = connection
        .prepare_cached(
            "SELECT app, client, account, tokens.scope,
                    kind = 'access' AND ended_at IS NULL AND revoked_at IS NULL AND expires_at > ?2
             FROM tokens JOIN grants ON grants.id = tokens.grant_id WHERE hash = ?1",
        )?
        .query_row(params![hash(token), now.0], |row| {
            let consent = Consent {
                app: row.get(0)?,
                client: row.get(1)?,
                account: row.get(2)?,
                scope: scopes(&row.get::<_, String>(3)?).collect::<Vec<_>>().join(" "),
            };
            Ok((consent, row.get::<_, bool>(4)?))
        })
        .optional()?;
    Ok(match found {
        Some((consent, true)) if consent.app == app => Access::Live(consent),
        Some(_) => Access::Dead,
        None => Access::Unknown,
    })
}

fn end_grant(tx: &Transaction<'_>, grant: i64, now: Millis) -> rusqlite::Result<()> {
    tx.execute(
        "UPDATE grants SET revoked_at = ?2 WHERE id = ?1 AND revoked_at IS NULL",
        params![grant, now.0],
    )?;
    Ok(())
}

/// Makes a pair of tokens; the refresh token keeps what was granted, the access token may have less.
pub(super) fn hand_out(
    tx: &Transaction<'_>,
    grant: i64,
    (granted, narrowed): (String, Option<&str>),
    now: Millis,
) -> rusqlite::Result<Tokens> {
    let scope = narrowed.map_or_else(|| granted.clone(), str::to_owned);
    let account =
        tx.query_row("SELECT account FROM grants WHERE id = ?1", [grant], |row| row.get(0))?;
    let tokens = Tokens {
        access: format!("sbx_at_{}", hex(48)),
        refresh: format!("sbx_rt_{}", hex(48)),
        scope,
        account,
    };
    let mut insert = tx.prepare_cached(
        "INSERT INTO tokens (hash, grant_id, kind, scope, expires_at) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?;
    let (soon, late) = (now.after(ACCESS_LIFE).0, now.after(REFRESH_LIFE).0);
    insert.execute(params![hash(&tokens.access), grant, "access", tokens.scope, soon])?;
    insert.execute(params![hash(&tokens.refresh), grant, "refresh", granted, late])?;
    Ok(tokens)
}
