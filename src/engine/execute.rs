//! Running one tool: judged before it is sent, sent once, its answer understood.

use std::time::Duration;

use serde_json::Value;

use super::connections::tool;
use super::toolkits::Known;
use super::{Engine, Scope, gate, user_flag};
use crate::api::action::Action;
use crate::api::connections::Connection;
use crate::api::error::{Code, Error, Result};
use crate::api::ids::fresh;
use crate::api::secrets::Secrets;
use crate::api::time::Millis;
use crate::api::tools::{Execute, Executed, PlannedRequest};
use crate::api::workspace::AuthType;
use crate::catalog::input::faults;
use crate::catalog::manifest::{Replay, Tool};
use crate::http::{Failure, Request, Response};
use crate::oauth;
use crate::provider::direct::{self, Account};

/// How often a call that may be repeated is sent in all.
const TRIES: u32 = 3;
/// How long the first pause between two tries is, at least.
const PAUSE: Duration = Duration::from_millis(200);

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
        let link =
            Link { known: &known, tool, connection: connection.as_ref(), key: fresh().to_string() };
        if op.dry_run {
            return self.planned(scope, op, &link).await;
        }
        let answer = self.send(op, &link).await?;
        if let Some(connection) = connection {
            // The scope is used once, so its cell is empty.
            let _ = scope.used.set(connection.id);
        }
        Ok(understood(op, tool, &answer, scope.log_id.clone()))
    }

    /// Sends the call; a refused token is refreshed once, since a refused call has not happened.
    async fn send(&self, op: &Execute, link: &Link<'_>) -> Result<Response> {
        let Some(connection) = link.connection else {
            return self.deliver(op, link, &Secrets::default()).await;
        };
        let mut seen_at = Millis::now();
        let opened = self.credential(link.known, connection).await?;
        let answer = self.deliver(op, link, &opened.secrets).await?;
        if answer.status != 401 {
            return Ok(answer);
        }
        if oauth::can_refresh(&opened.secrets) {
            let opened = self.refreshed(link.known, connection, opened).await?;
            seen_at = Millis::now();
            let answer = self.deliver(op, link, &opened.secrets).await?;
            if answer.status != 401 {
                return Ok(answer);
            }
        }
        Err(self.expired(link.known, connection, seen_at)?)
    }

    /// Sends one request, again only if that cannot do anything twice.
    async fn deliver(&self, op: &Execute, link: &Link<'_>, secrets: &Secrets) -> Result<Response> {
        let request = self.request(op, link, secrets)?;
        let repeatable = direct::is_read(link.tool)
            || (link.tool.replay == Replay::A && link.tool.idempotency_header.is_some());
        let mut pause = PAUSE;
        for _ in 1..TRIES {
            match self.http.send(&request).await {
                Ok(answer) if !(repeatable && is_passing(answer.status)) => return Ok(answer),
                Err(Failure { sent: true, error }) if !repeatable => return Err(lost(op, error)),
                Err(Failure { sent: false, error }) if !repeatable => return Err(error),
                Ok(_) | Err(_) => {}
            }
            tokio::time::sleep(pause + jitter()).await;
            pause *= 2;
        }
        let changes = !direct::is_read(link.tool);
        self.http.send(&request).await.map_err(|failure| {
            if failure.sent && changes { lost(op, failure.error) } else { failure.error }
        })
    }

    fn request(&self, op: &Execute, link: &Link<'_>, secrets: &Secrets) -> Result<Request> {
        let fields = match link.connection {
            Some(connection) => self.store.fields(&connection.id)?,
            None => std::collections::BTreeMap::new(),
        };
        let toolkit = &link.known.manifest;
        let account = Account { toolkit, fields: &fields, secrets, trust: link.known.trust() };
        direct::request(&account, link.tool, &op.arguments, &link.key)
    }

    /// Answers what would be sent, secrets masked, and what the gate says of it.
    async fn planned(&self, scope: &Scope<'_>, op: &Execute, link: &Link<'_>) -> Result<Executed> {
        let secrets = match link.connection {
            Some(connection) => self.credential(link.known, connection).await?.secrets,
            None => Secrets::default(),
        };
        let request = self.request(op, link, &secrets)?;
        let text = request.shown_body();
        let body = serde_json::from_str(&text).unwrap_or_else(|_| Value::from(text.clone()));
        let action = Action::from(Execute { dry_run: false, ..op.clone() });
        Ok(Executed {
            toolkit: op.toolkit.clone(),
            tool_slug: op.tool.clone(),
            successful: true,
            error: None,
            code: None,
            data: Value::Null,
            log_id: scope.log_id.clone(),
            request: Some(PlannedRequest {
                method: request.method().to_owned(),
                url: request.shown_url(),
                headers: request.shown_headers().collect(),
                body: (!text.is_empty()).then_some(body),
                verdict: gate::decide(scope.call.caller, scope.user.as_ref(), &action)
                    .word()
                    .to_owned(),
            }),
        })
    }
}

/// What one tool call goes through.
struct Link<'a> {
    known: &'a Known,
    tool: &'a Tool,
    connection: Option<&'a Connection>,
    key: String,
}

/// Tells whether an answer may be another one a moment later.
fn is_passing(status: u16) -> bool {
    matches!(status, 408 | 425 | 429 | 500 | 502 | 503 | 504)
}

/// Returns up to 100 ms, so that many callers do not come back at once.
fn jitter() -> Duration {
    Duration::from_millis(u64::from(fresh().as_bytes()[0]) * 100 / 255)
}

/// Turns a failure after bytes have left into what it means for a write: nobody knows.
fn lost(op: &Execute, error: Error) -> Error {
    let text = format!("`{}` may or may not have run: {}", op.tool, error.message);
    Error::new(Code::OutcomeUnknown, text)
        .hint(format!("look in `{}` before you run it again", op.toolkit))
        .because(error)
}

/// Gives an answer its meaning by its status.
fn understood(op: &Execute, tool: &Tool, answer: &Response, log_id: String) -> Executed {
    let successful = answer.is_success();
    let changes = !direct::is_read(tool);
    let code = match answer.status {
        _ if successful => None,
        429 => Some(Code::RateLimited),
        408 | 500.. if changes => Some(Code::OutcomeUnknown),
        _ => Some(Code::ProviderError),
    };
    Executed {
        toolkit: op.toolkit.clone(),
        tool_slug: op.tool.clone(),
        successful,
        error: (!successful).then(|| direct::complaint(answer)),
        code,
        data: direct::decoded(answer),
        log_id,
        request: None,
    }
}
