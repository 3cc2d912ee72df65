//! Getting one request to an app and its answer back: the credential fresh, and nothing done twice.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Map, Value};

use super::Engine;
use super::credential::Opened;
use super::known::Known;
use crate::api::asking::Voice;
use crate::api::connections::Connection;
use crate::api::error::{Code, Error, Result};
use crate::api::secrets::Secrets;
use crate::api::time::Millis;
use crate::api::toolkits::Provider;
use crate::catalog::manifest::{Replay, Tool};
use crate::http::{Failure, Fate, Request, Response, TOO_SLOW, jitter};
use crate::oauth;
use crate::provider::direct::{self, Account, Judgement, judged};
use crate::provider::mcp;

/// How often a call that may be repeated is sent in all.
const TRIES: u32 = 3;
/// How long the first pause between two tries is, at least.
const PAUSE: Duration = Duration::from_millis(200);
/// How long an app may ask us to wait before we rather tell the caller.
const PATIENCE: Duration = Duration::from_secs(10);

/// How one try has ended.
pub(super) type Ended = std::result::Result<Response, Failure>;

/// What one tool call goes through.
pub(super) struct Link<'a> {
    /// The app
    pub(super) known: &'a Known,
    /// The tool
    pub(super) tool: &'a Tool,
    /// The login, where the app has one
    pub(super) connection: Option<&'a Connection>,
    /// What the app knows the call by, where it honours keys
    pub(super) key: String,
    /// Where a server may speak to a person while it works
    pub(super) voice: Voice,
}

/// A credential with which a call is sent.
struct Turn {
    opened: Opened,
    /// When it was looked at
    seen_at: Millis,
    /// Whether it came after one that was refused
    is_fresh: bool,
}

/// Tells whether the app does not take the credential.
fn is_refused(link: &Link<'_>, answer: &Response) -> bool {
    judged(&link.known.manifest, answer) == Judgement::Unauthorized
}

impl Engine {
    /// Sends the call; a refused token is refreshed once, since a refused call has not happened.
    pub(super) async fn send(
        &self,
        link: &Link<'_>,
        input: &Map<String, Value>,
    ) -> Result<Response> {
        let mut turn = self.first_turn(link).await?;
        loop {
            let answer = self.deliver(link, input, &turn.opened.secrets).await?;
            if !is_refused(link, &answer) {
                return Ok(answer);
            }
            match self.next_turn(link, turn).await? {
                Some(next) => turn = next,
                None => return Ok(answer),
            }
        }
    }

    /// Sends the call once, likewise.
    ///
    /// Fails only if nothing was sent, or the app does not take the credential: then nothing was done.
    pub(super) async fn send_once(
        &self,
        link: &Link<'_>,
        input: &Map<String, Value>,
    ) -> Result<Ended> {
        let mut turn = self.first_turn(link).await?;
        loop {
            let ended = self.send_by(link, input, &turn.opened.secrets).await?;
            if !ended.as_ref().is_ok_and(|answer| is_refused(link, answer)) {
                return Ok(ended);
            }
            match self.next_turn(link, turn).await? {
                Some(next) => turn = next,
                None => return Ok(ended),
            }
        }
    }

    /// Returns the credential as it is; where the app has no login, none.
    async fn first_turn(&self, link: &Link<'_>) -> Result<Turn> {
        let seen_at = Millis::now();
        let opened = match link.connection {
            Some(connection) => self.credential(link.known, connection).await?,
            None if link.known.provider() == Provider::Mcp => {
                Opened::of(self.operator_secrets(link.known)?)
            }
            None => Opened::default(),
        };
        Ok(Turn { opened, seen_at, is_fresh: false })
    }

    /// Returns a fresh credential after one that was refused; `None` where there was none.
    ///
    /// Fails if there is no other: the connection is `EXPIRED` then.
    async fn next_turn(&self, link: &Link<'_>, turn: Turn) -> Result<Option<Turn>> {
        let Some(connection) = link.connection else { return Ok(None) };
        self.same_server(link.known, connection, (&turn.opened.secrets, turn.seen_at)).await?;
        if turn.is_fresh || !oauth::can_refresh(&turn.opened.secrets) {
            return Err(self.expired(link.known, connection, turn.seen_at)?);
        }
        let opened = self.refreshed(link.known, connection, turn.opened).await?;
        Ok(Some(Turn { opened, seen_at: Millis::now(), is_fresh: true }))
    }

    /// Sends one request, again only if that cannot do anything twice.
    ///
    /// A write that may have run once is done or in doubt from then on, whatever comes of the later tries.
    async fn deliver(
        &self,
        link: &Link<'_>,
        input: &Map<String, Value>,
        secrets: &Secrets,
    ) -> Result<Response> {
        let repeatable = is_repeatable(link.tool);
        let mut pause = PAUSE;
        let mut left = TRIES;
        let mut doubt = None;
        loop {
            left -= 1;
            let ended = self.send_by(link, input, secrets).await?;
            let asked = ended.as_ref().ok().and_then(|answer| answer.retry_after(Millis::now()));
            let again = match &ended {
                Ok(answer) => {
                    let again = repeatable || turned_away(link, answer);
                    again && is_passing(answer.status) && asked <= Some(PATIENCE)
                }
                // Nobody waits three times as long as a call may take.
                Err(failure) if failure.error.reason.as_deref() == Some(TOO_SLOW) => false,
                Err(failure) => match failure.fate {
                    Fate::NotSent => repeatable || link.tool.is_idempotent(),
                    Fate::Refused => false,
                    Fate::Unknown => repeatable,
                },
            };
            if left == 0 || !again {
                return ended_as(link, ended, doubt);
            }
            doubt = in_doubt(link, &ended).or(doubt);
            tokio::time::sleep(asked.unwrap_or_default().max(pause) + jitter()).await;
            pause *= 2;
        }
    }

    /// Sends a call once, to whatever reaches the app. Fails only if it cannot be made.
    async fn send_by(
        &self,
        link: &Link<'_>,
        input: &Map<String, Value>,
        secrets: &Secrets,
    ) -> Result<Ended> {
        let ended = match link.known.provider() {
            Provider::Direct | Provider::Composio => {
                self.http.send(&self.request(link, input, secrets)?).await
            }
            Provider::Mcp => {
                let fields = self.fields_of(link)?;
                self.call_server(link, input, (secrets, &fields)).await
            }
        };
        Ok(match ended {
            Ok(answer) if is_broken(link, &answer) => Err(broken(link)),
            ended => ended,
        })
    }

    fn fields_of(&self, link: &Link<'_>) -> Result<BTreeMap<String, String>> {
        match link.connection {
            Some(connection) => self.store.fields(&connection.id),
            None => Ok(BTreeMap::new()),
        }
    }

    /// Makes the request of a call.
    pub(super) fn request(
        &self,
        link: &Link<'_>,
        input: &Map<String, Value>,
        secrets: &Secrets,
    ) -> Result<Request> {
        let fields = self.fields_of(link)?;
        let toolkit = &link.known.manifest;
        let account = Account { toolkit, fields: &fields, secrets, trust: link.known.trust() };
        match link.known.provider() {
            Provider::Direct => direct::request(&account, link.tool, input, &link.key),
            Provider::Composio => self.through_composio(link, input, secrets),
            Provider::Mcp => mcp::request(direct::base(&account)?, link.tool, input),
        }
    }
}

/// Tells whether an app says that it did something, in words that nobody can read.
fn is_broken(link: &Link<'_>, answer: &Response) -> bool {
    !link.tool.download && answer.is_success() && answer.is_broken()
}

/// Returns what makes it unclear whether a write has run, if one try of it does.
fn in_doubt(link: &Link<'_>, ended: &Ended) -> Option<String> {
    let changes = !direct::is_read(link.tool);
    let why = match ended {
        Ok(answer) if is_unclear(link, answer) => direct::complaint(&link.known.manifest, answer),
        Err(failure) if failure.fate == Fate::Unknown => failure.error.message.clone(),
        Ok(_) | Err(_) => return None,
    };
    changes.then_some(why)
}

/// Returns what the last try means after one that left it in `doubt` whether the call has run.
fn ended_as(link: &Link<'_>, ended: Ended, doubt: Option<String>) -> Result<Response> {
    match (ended, doubt) {
        (Ok(answer), Some(doubt))
            if !is_unclear(link, &answer)
                && judged(&link.known.manifest, &answer) != Judgement::Done =>
        {
            Err(lost(link, &doubt))
        }
        (Ok(answer), _) => Ok(answer),
        (Err(failure), _) if failure.fate == Fate::Unknown && !direct::is_read(link.tool) => {
            Err(lost(link, &failure.error.message).because(failure.error))
        }
        (Err(failure), Some(doubt)) => Err(lost(link, &doubt).because(failure.error)),
        (Err(failure), None) => Err(failure.error),
    }
}

fn broken(link: &Link<'_>) -> Failure {
    let text = format!("`{}` answered with JSON that is broken", link.known.slug());
    let error = Error::new(Code::ProviderError, text).reason("answer_broken");
    Failure { fate: Fate::Unknown, error }
}

/// Tells whether a call may be sent again whatever became of it: it changes nothing, or the app knows it
/// by its key.
pub(super) fn is_repeatable(tool: &Tool) -> bool {
    direct::is_read(tool) || (tool.replay == Replay::A && tool.idempotency_header.is_some())
}

/// Tells whether whoever runs a tool for us has not begun to: Composio counts calls before it makes them.
fn turned_away(link: &Link<'_>, answer: &Response) -> bool {
    link.known.provider() == Provider::Composio && answer.status == 429
}

/// Tells whether an answer may be another one a moment later.
fn is_passing(status: u16) -> bool {
    matches!(status, 408 | 425 | 429 | 500 | 502 | 503 | 504)
}

/// Tells whether an answer leaves open whether the app has done what it was asked to.
pub(super) fn is_unclear(link: &Link<'_>, answer: &Response) -> bool {
    direct::is_unclear(&link.known.manifest, link.tool, answer)
}

/// Makes the error of a write of which nobody knows whether it has run.
pub(super) fn lost(link: &Link<'_>, why: &str) -> Error {
    let text = format!("`{}` may or may not have run: {why}", link.tool.slug);
    Error::new(Code::OutcomeUnknown, text)
        .hint(format!("look in `{}` before you run it again", link.known.manifest.slug))
}

/// Returns what to do about an app that asks for patience.
pub(super) fn retry_hint(answer: &Response) -> Option<String> {
    let pause = answer.retry_after(Millis::now())?;
    Some(format!("wait {} s, then run it again", pause.as_secs().max(1)))
}
