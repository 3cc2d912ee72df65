//! Running one tool: judged before it is sent, sent once, its answer understood.

use serde_json::Value;

use super::connections::tool;
use super::deliver::{Link, is_unclear, lost, retry_hint};
use super::{Engine, Scope, scopes, user_flag};
use crate::api::action::Action;
use crate::api::error::{Code, Error, Result};
use crate::api::ids::fresh;
use crate::api::tools::{Execute, Executed, PlannedRequest};
use crate::api::workspace::AuthType;
use crate::catalog::input::faults;
use crate::catalog::manifest::Tool;
use crate::http::Response;
use crate::provider::direct::{self, Judgement};

impl Engine {
    pub(super) async fn execute(&self, scope: &Scope<'_>, op: &Execute) -> Result<Executed> {
        let known = self.toolkit(&op.toolkit)?.usable()?;
        let tool = tool(&known.manifest, &op.tool)?;
        let connection = match known.manifest.auth.kind {
            AuthType::None => None,
            AuthType::Oauth2 | AuthType::ApiKey | AuthType::Basic => {
                Some(self.active_connection(scope.user()?, &known, op.account.as_deref())?)
            }
        };
        check_input(scope, op, tool)?;
        let user = scope.user()?;
        if let Some(connection) = &connection {
            scopes::check(connection, tool, user)?;
        }
        let key = scope.call.idempotency_key.as_ref().map(|key| key.as_str().to_owned());
        let key = key.unwrap_or_else(|| fresh().to_string());
        let link = Link { known: &known, tool, connection: connection.as_ref(), key };
        if op.dry_run {
            return self.planned(scope, op, &link);
        }
        let answer = self.send(&link, &op.arguments).await?;
        if let Some(connection) = &connection {
            // The scope is used once, so its cell is empty.
            let _ = scope.used.set(connection.id.clone());
        }
        let mut done = understood(&link, &answer, scope);
        if done.reason.as_deref() == Some(scopes::MISSING)
            && let Some(connection) = &connection
        {
            let needed = direct::needed_scopes(&known.manifest, &answer);
            done.hint = Some(if scopes::covers(&connection.scopes, tool) {
                scopes::hint_for(connection, &needed, user)
            } else {
                scopes::hint(connection, tool, user)
            });
        }
        match &tool.page {
            Some(page) if op.all && done.successful => {
                self.gathered(scope, op, &link, (page, answer, done)).await
            }
            Some(_) | None => Ok(done),
        }
    }

    /// Answers what would be sent, secrets masked, and what the gate says of it; no token is refreshed.
    fn planned(&self, scope: &Scope<'_>, op: &Execute, link: &Link<'_>) -> Result<Executed> {
        let opened = link.connection.map(|connection| self.opened(&connection.id)).transpose()?;
        let secrets = opened.unwrap_or_default().secrets;
        let request = self.request(link, &op.arguments, &secrets)?;
        let text = request.shown_body();
        let body = serde_json::from_str(&text).unwrap_or_else(|_| Value::from(text.clone()));
        let action = Action::from(Execute { dry_run: false, ..op.clone() });
        let verdict = self.judge(scope.call, scope.user.as_ref(), &action)?.verdict;
        let request = PlannedRequest {
            method: request.method().to_owned(),
            url: request.shown_url(),
            headers: request.shown_headers().collect(),
            body: (!text.is_empty()).then_some(body),
            verdict: verdict.word().to_owned(),
        };
        Ok(Executed { request: Some(request), ..done(link, scope) })
    }
}

/// Fails with every fault of the input, and with what the tool cannot do.
fn check_input(scope: &Scope<'_>, op: &Execute, tool: &Tool) -> Result<()> {
    let faults = faults(tool, &op.arguments)?;
    if !faults.is_empty() {
        let text = format!("the input does not fit `{}`", op.tool);
        let flag = user_flag(scope.user()?);
        let see = format!(
            "run `naive connections tools {} {}{flag}` to see its input",
            op.toolkit, op.tool
        );
        return Err(Error::new(Code::InvalidInput, text).hint(see).details(faults));
    }
    if op.all && tool.page.is_none() {
        let text = format!("`{}` does not answer in pages", op.tool);
        return Err(Error::new(Code::InvalidInput, text).hint("leave out `--all`"));
    }
    Ok(())
}

/// Returns the answer to a call of which nothing is known yet but that it went well.
fn done(link: &Link<'_>, scope: &Scope<'_>) -> Executed {
    Executed {
        toolkit: link.known.manifest.slug.clone(),
        tool_slug: link.tool.slug.clone(),
        successful: true,
        error: None,
        code: None,
        reason: None,
        hint: None,
        data: Value::Null,
        file: None,
        log_id: scope.log_id.clone(),
        request: None,
    }
}

/// Gives an answer its meaning.
pub(super) fn understood(link: &Link<'_>, answer: &Response, scope: &Scope<'_>) -> Executed {
    let (toolkit, tool) = (&link.known.manifest, link.tool);
    let executed = done(link, scope);
    let judgement = direct::judged(toolkit, answer);
    if judgement == Judgement::Done {
        return if tool.download {
            Executed { file: Some(direct::file(answer)), ..executed }
        } else {
            Executed { data: direct::decoded(answer), ..executed }
        };
    }
    let lacks = judgement == Judgement::LacksScope;
    let complaint = direct::complaint(toolkit, answer);
    let error = match answer.status {
        _ if lacks => Error::new(Code::Forbidden, complaint).reason(scopes::MISSING),
        429 => Error::new(Code::RateLimited, complaint),
        status if is_unclear(status) && !direct::is_read(tool) => lost(link, &complaint),
        _ => Error::new(Code::ProviderError, complaint),
    };
    Executed {
        successful: false,
        error: Some(error.message),
        code: Some(error.code),
        reason: error.reason,
        hint: error.hint.or_else(|| retry_hint(answer)),
        data: direct::decoded(answer),
        ..executed
    }
}
