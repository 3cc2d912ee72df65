//! Whether an app takes a credential, and whose account it is.

use std::collections::BTreeMap;

use super::Engine;
use super::deliver::retry_hint;
use super::fields::keys;
use super::known::Known;
use super::mirror::now_after;
use crate::api::connections::Connection;
use crate::api::error::{Code, Error, Result};
use crate::api::ids::Slug;
use crate::api::secrets::Secrets;
use crate::api::toolkits::{AuthType, Provider};
use crate::http::Response;
use crate::provider::direct::{self, Account, Judgement};

/// What an app says of a credential.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Identity {
    /// Whose account it is
    Known(String),
    /// It takes the credential, and does not say whose it is
    Taken,
    /// It does not take the credential
    Refused,
    /// It answered something else, with this status
    Unclear(u16),
    /// Its manifest has no call to ask it with
    Unasked,
}

impl Engine {
    /// Returns whose account the credential of a login is, if that can be learnt.
    ///
    /// A credential that the app refuses ends the login. One that could not be checked is an error too,
    /// but for OAuth: there the tokens are granted and their code is spent.
    pub(super) async fn learn_account(
        &self,
        known: &Known,
        before: &Connection,
        secrets: &Secrets,
        fields: &BTreeMap<String, String>,
    ) -> Result<Option<String>> {
        let id = &before.id;
        match self.identity(known, secrets, fields).await {
            Ok(Identity::Known(account)) => Ok(Some(account)),
            Ok(Identity::Taken | Identity::Unclear(_) | Identity::Unasked) => Ok(None),
            Ok(Identity::Refused) => {
                let text = format!("`{}` refuses the credential", known.manifest.slug);
                self.store.fail(id, &text, now_after(before))?;
                let hint = if known.manifest.auth.kind == AuthType::Oauth2 {
                    format!("run `{}` to log in again", self.connect_command(id)?)
                } else {
                    let (user, keys) = (self.owner_flag(id)?, keys(&known.fields()));
                    format!("check it, then run `naive connections credentials {id}{user}{keys}`")
                };
                Err(Error::new(Code::Unauthorized, text).hint(hint).reason("credential_refused"))
            }
            Err(error) if known.manifest.auth.kind == AuthType::Oauth2 => {
                self.note(format!(
                    "The login has worked, but whose account it is could not be learnt: {error}."
                ));
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// Asks the app whose account a credential is.
    ///
    /// Fails with `ProviderError` if the app is not well: that says nothing of the credential.
    pub(super) async fn identity(
        &self,
        known: &Known,
        secrets: &Secrets,
        fields: &BTreeMap<String, String>,
    ) -> Result<Identity> {
        if known.provider() == Provider::Mcp {
            return match self.meet(known, (secrets, fields)).await {
                Ok(()) => Ok(Identity::Taken),
                Err(error) if error.reason.as_deref() == Some("credential_refused") => {
                    Ok(Identity::Refused)
                }
                Err(error) => Err(error),
            };
        }
        if known.provider() == Provider::Composio {
            // Composio has just taken the credential, or keeps it.
            return Ok(Identity::Taken);
        }
        let toolkit = &known.manifest;
        let account = Account { toolkit, fields, secrets, trust: known.trust() };
        let request = if *known.slug() == Slug::brokerage() {
            Some(self.account_request(toolkit, secrets)?)
        } else {
            direct::identity(&account)?
        };
        let Some(request) = request else { return Ok(Identity::Unasked) };
        let answer = self.http.send(&request).await?;
        let judgement = direct::judged(toolkit, &answer);
        if judgement != Judgement::Unauthorized
            && let Some(why) = failing(known, &answer, judgement)
        {
            let text = format!("`{}` could not be asked about the credential: {why}", toolkit.slug);
            let hint = retry_hint(&answer).unwrap_or("run it again in a moment".to_owned());
            return Err(Error::new(Code::ProviderError, text).hint(hint));
        }
        Ok(match judgement {
            Judgement::Unauthorized => Identity::Refused,
            Judgement::Done => {
                direct::account_name(toolkit, &answer).map_or(Identity::Taken, Identity::Known)
            }
            // A restricted key may not ask whose it is, and is good all the same.
            Judgement::LacksScope => Identity::Taken,
            Judgement::Refused if answer.status == 403 => Identity::Taken,
            Judgement::Refused => Identity::Unclear(answer.status),
        })
    }
}

/// Returns what is wrong with an app that answers, but not to the question.
fn failing(known: &Known, answer: &Response, judgement: Judgement) -> Option<String> {
    if matches!(answer.status, 408 | 429 | 500..) {
        return Some(direct::complaint(&known.manifest, answer));
    }
    let broken = judgement == Judgement::Done && answer.json().is_none();
    broken.then(|| format!("its answer is no JSON ({})", answer.status))
}
