//! Who calls: a program with a key of the app, or a user of it whose token the app has signed.

use axum::http::HeaderMap;
use secrecy::SecretString;
use uuid::Uuid;

use crate::api::error::{Code, Error, Result};
use crate::api::ids::AppId;
use crate::api::keys::{Dialect, Role};
use crate::api::workspace::User;
use crate::engine::{Caller, Engine, Holder};
use crate::server::rates::Allowance;
use crate::server::{Site, caller};
use crate::vault::tokens::{Untrusted, is_token};

/// What the issuer of a token begins with; the id of the app follows.
/// Source: the Integrations API, "Auth".
const ISSUER: &str = "butterbase:app:";

/// Whom a path is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum For {
    /// Programs with a key alone
    Admins,
    /// Users of the app, too
    Users,
}

/// What a request has shown, and was found good.
#[derive(Debug)]
pub(super) enum Shown {
    /// A key to this API
    Key(Caller),
    /// A token of the app for the user of this UUID
    Token(Uuid),
}

/// Whoever calls, as the workspace of the app knows them.
#[derive(Debug)]
pub(super) enum Who {
    /// A program with a key of the app, which acts for all of its users
    Admin(Caller),
    /// A user of the app
    User(Box<User>, Caller),
}

impl Who {
    /// Returns the caller, as the engine knows it.
    pub(super) fn caller(&self) -> &Caller {
        match self {
            Self::Admin(caller) | Self::User(_, caller) => caller,
        }
    }
}

/// Returns what a request shows, and how much whoever shows it may still ask for.
///
/// Fails with `Unauthorized` for whoever has neither a good key nor a good token.
pub(super) fn shown(site: &Site, headers: &HeaderMap, app: &AppId) -> Result<(Shown, Allowance)> {
    if let Some(token) = caller::bearer(headers).filter(is_token) {
        let user = subject(site, &token, app)?;
        let allowance = site.rates.take(&format!("{app}/{user}"));
        return Ok((Shown::Token(user), allowance));
    }
    let known = caller::known(site, headers, Dialect::Integrations)?;
    Ok((Shown::Key(known.caller), known.allowance))
}

/// Returns the user whom a token names.
fn subject(site: &Site, token: &SecretString, app: &AppId) -> Result<Uuid> {
    let refused = |untrusted| {
        let (text, reason) = match untrusted {
            Untrusted::Expired => ("the token has expired", "token_expired"),
            Untrusted::Invalid => ("the token is none of this app's", "token_invalid"),
        };
        Error::new(Code::Unauthorized, text).reason(reason)
    };
    let key = site.apps.key(app).ok_or_else(|| refused(Untrusted::Invalid))?;
    let claims = key.claims(token, &format!("{ISSUER}{app}")).map_err(refused)?;
    Uuid::try_parse(&claims.sub).map_err(|_| refused(Untrusted::Invalid))
}

/// Fails with `Forbidden` for a user where only keys may call, and for a key of another app; a key that is of none
/// yet is of this one from now on.
pub(super) fn check(site: &Site, shown: &Shown, wanted: For, app: &AppId) -> Result<()> {
    match (shown, wanted) {
        (Shown::Key(caller), _) => site.engine.bind(caller, app),
        (Shown::Token(_), For::Users) => Ok(()),
        (Shown::Token(_), For::Admins) => {
            let text = "this is for API keys, not for the tokens of users";
            Err(Error::new(Code::Forbidden, text).reason("key_needed"))
        }
    }
}

/// Returns whoever calls as the workspace of the app knows them; a user who comes for the first time is created.
pub(super) fn entered(app: &Engine, shown: Shown) -> Result<Who> {
    match shown {
        Shown::Key(caller) => Ok(Who::Admin(caller)),
        Shown::Token(id) => {
            let holder = Holder {
                id: format!("user:{id}"),
                name: "end user".to_owned(),
                role: Role::Agent,
                user: Some(id.to_string()),
            };
            let caller = Caller::Key(holder);
            let user = app.enrolled(&caller, id)?;
            Ok(Who::User(Box::new(user), caller))
        }
    }
}
