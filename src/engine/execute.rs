//! Running one tool: judged before it is sent, sent once, its answer understood.

use serde_json::{Map, Value, json};

use super::deliver::{Link, is_unclear, lost, retry_hint};
use super::known::Known;
use super::outcomes::{Attempt, Event};
use super::{Engine, Scope, scopes, user_flag};
use crate::api::action::{Action, written};
use crate::api::connections::Connection;
use crate::api::error::{Code, Error, Result};
use crate::api::toolkits::{AuthType, Provider};
use crate::api::tools::{Execute, Executed, PlannedRequest};
use crate::api::workspace::User;
use crate::catalog::input::faults;
use crate::catalog::manifest::Tool;
use crate::http::Response;
use crate::provider::direct::{self, Judgement, Turn, next_page};
use crate::provider::{self, composio};

/// What a call goes through: an app, and the login there where it has one.
pub(super) struct Prepared {
    /// The app
    pub(super) known: Known,
    /// The tool
    pub(super) tool: Tool,
    /// The login
    pub(super) connection: Option<Connection>,
}

impl Engine {
    /// Returns what a call goes through, once everything has been checked that can be before it is sent.
    pub(super) fn prepared(&self, user: &User, op: &Execute) -> Result<Prepared> {
        let by = (op.provider, op.account.as_deref());
        let known = self.toolkit_of(user, &op.toolkit, by)?.usable()?;
        let tool = known.tool(&op.tool)?;
        let connection = self.login(user, &known, op.account.as_deref())?;
        check_input(user, op, &tool)?;
        if let Some(connection) = &connection {
            scopes::check(connection, &tool, user)?;
        }
        Ok(Prepared { known, tool, connection })
    }

    /// Returns the login that a call goes through, where the app has one.
    pub(super) fn login(
        &self,
        user: &User,
        known: &Known,
        account: Option<&str>,
    ) -> Result<Option<Connection>> {
        match known.manifest.auth.kind {
            AuthType::None => Ok(None),
            AuthType::Oauth2 | AuthType::ApiKey | AuthType::Basic | AuthType::Unknown => {
                self.active_connection(user, known, account).map(Some)
            }
        }
    }

    pub(super) async fn execute(&self, scope: &Scope<'_>, op: &Execute) -> Result<Executed> {
        let user = scope.user()?;
        self.learn_tools(user, &op.toolkit, (op.provider, op.account.as_deref())).await?;
        let Prepared { known, tool, connection } = self.prepared(user, op)?;
        let (key, voice) = (scope.upstream_key(), scope.call.voice.clone());
        let link = Link { known: &known, tool: &tool, connection: connection.as_ref(), key, voice };
        if op.dry_run {
            let action = Execute { dry_run: false, ..op.clone() };
            return self.planned(scope, &link, &op.arguments, &action.into());
        }
        let answer = self.send(&link, &op.arguments).await?;
        self.explained(scope, op, &link, answer).await
    }

    /// Runs a tool for an approval: sent once, under this key.
    ///
    /// Fails only if nothing was sent, or the app does not take the credential: then nothing was done.
    pub(super) async fn attempt_execute(
        &self,
        scope: &Scope<'_>,
        op: &Execute,
        key: &str,
    ) -> Result<Attempt> {
        let Prepared { known, tool, connection } = self.prepared(scope.user()?, op)?;
        let (key, voice) = (key.to_owned(), scope.call.voice.clone());
        let link = Link { known: &known, tool: &tool, connection: connection.as_ref(), key, voice };
        let answer = match self.send_once(&link, &op.arguments).await? {
            Ok(answer) => answer,
            Err(failure) => return Ok(failure.into()),
        };
        let status = Some(answer.status);
        let event = match direct::judged(&known.manifest, &answer) {
            Judgement::Done => Event::Done,
            Judgement::LacksScope => Event::Rejected,
            Judgement::Refused if is_unclear(&link, &answer) && !direct::is_read(&tool) => {
                Event::Lost
            }
            // An app may say no with a status of success.
            Judgement::Refused if answer.is_success() => Event::Rejected,
            Judgement::Refused | Judgement::Unauthorized => Event::of(answer.status),
        };
        let executed = match self.explained(scope, op, &link, answer).await {
            // What was done is done, whatever became of its further pages.
            Err(error) if event == Event::Done => {
                let result = json!({ "successful": true, "error": error.message });
                return Ok(Attempt { event, status, result, trouble: None });
            }
            executed => executed?,
        };
        let trouble = executed.error.as_ref().map(|text| {
            let code = executed.code.unwrap_or(Code::ProviderError);
            let (hint, reason) = (executed.hint.clone(), executed.reason.clone());
            Error { hint, reason, ..Error::new(code, text) }
        });
        Ok(Attempt { event, status, result: written(&executed)?, trouble })
    }

    /// Returns what an answer means, with what to do about it and its further pages.
    async fn explained(
        &self,
        scope: &Scope<'_>,
        op: &Execute,
        link: &Link<'_>,
        answer: Response,
    ) -> Result<Executed> {
        let (user, tool, manifest) = (scope.user()?, link.tool, &link.known.manifest);
        scope.uses(link.connection);
        let mut done = understood(link, &answer, scope);
        if link.known.provider() == Provider::Composio && !done.successful {
            self.look_at_account(scope, link, &answer, &mut done).await;
        }
        if done.reason.as_deref() == Some(scopes::MISSING)
            && let Some(connection) = link.connection
        {
            let needed = direct::needed_scopes(manifest, &answer);
            done.hint = Some(if scopes::covers(&connection.scopes, tool) {
                scopes::hint_for(connection, &needed, user)
            } else {
                scopes::hint(connection, tool, user)
            });
        }
        match &tool.page {
            Some(page) if op.all && done.successful => {
                self.gathered(scope, op, link, (page, answer, done)).await
            }
            Some(page) if done.successful && !page.next.is_counted() => {
                let turn = next_page(tool, page, &op.arguments, (&answer, &done.data));
                let next =
                    format!("there is more: `--all` gets every page, `{}` the next", page.input);
                done.hint = matches!(turn, Turn::To(_)).then_some(next);
                Ok(done)
            }
            Some(_) | None => Ok(done),
        }
    }

    /// Answers what would be sent, secrets masked, and what the gate says of it; no token is refreshed.
    pub(super) fn planned(
        &self,
        scope: &Scope<'_>,
        link: &Link<'_>,
        input: &Map<String, Value>,
        meant: &Action,
    ) -> Result<Executed> {
        let opened = link.connection.map(|connection| self.opened(&connection.id)).transpose()?;
        let secrets = opened.unwrap_or_default().secrets;
        let request = self.request(link, input, &secrets)?;
        let text = request.shown_body();
        let body = serde_json::from_str(&text).unwrap_or_else(|_| Value::from(text.clone()));
        let verdict = self.judge(scope.call, scope.user.as_ref(), meant)?.verdict;
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
fn check_input(user: &User, op: &Execute, tool: &Tool) -> Result<()> {
    let faults = faults(tool, &op.arguments)?;
    if !faults.is_empty() {
        let text = format!("the input does not fit `{}`", op.tool);
        let flag = user_flag(user);
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
        status: None,
        successful: true,
        error: None,
        code: None,
        reason: None,
        hint: None,
        data: Value::Null,
        file: None,
        log_id: scope.log_id(),
        provider_log_id: None,
        request: None,
    }
}

/// Gives an answer its meaning.
pub(super) fn understood(link: &Link<'_>, answer: &Response, scope: &Scope<'_>) -> Executed {
    let (toolkit, tool) = (&link.known.manifest, link.tool);
    let provider_log_id = match toolkit.provider {
        Provider::Composio => composio::log_id(answer),
        Provider::Direct | Provider::Mcp => None,
    };
    let executed = Executed { provider_log_id, ..done(link, scope) };
    let judgement = direct::judged(toolkit, answer);
    if judgement == Judgement::Done {
        let (data, file) = provider::told(toolkit, tool, answer);
        return Executed { data, file, ..executed };
    }
    let lacks = judgement == Judgement::LacksScope;
    let complaint = direct::complaint(toolkit, answer);
    let error = match answer.status {
        _ if toolkit.provider == Provider::Composio => {
            let error = composio::refused(answer, tool, &toolkit.tools);
            if is_unclear(link, answer) && !direct::is_read(tool) {
                error.hint(format!(
                    "it may have run: look in `{}` before you run it again",
                    toolkit.slug
                ))
            } else {
                error
            }
        }
        _ if lacks => Error::new(Code::Forbidden, complaint).reason(scopes::MISSING),
        429 => Error::new(Code::RateLimited, complaint),
        _ if is_unclear(link, answer) && !direct::is_read(tool) => lost(link, &complaint),
        _ => Error::new(Code::ProviderError, complaint),
    };
    Executed {
        successful: false,
        error: Some(error.message),
        code: Some(error.code),
        reason: error.reason,
        hint: error.hint.or_else(|| retry_hint(answer)),
        data: match toolkit.provider {
            Provider::Composio if answer.is_success() => composio::shown(answer),
            Provider::Direct | Provider::Mcp | Provider::Composio => direct::decoded(answer),
        },
        ..executed
    }
}
