//! Asking an executor to perform a sensitive action, and understanding what it answers.
//!
//! Its request is the action's input as JSON, under the key of the call in `Idempotency-Key`; which action
//! it is and for whom stands in `X-Naive-Action`, `X-Naive-User` (the user's UUID) and, where the user has
//! one, `X-Naive-External-User` (the external id, percent-encoded).

use std::time::Duration;

use serde_json::{Map, Value};
use url::Url;

use super::input::{faults, input};
use super::owner;
use crate::api::action::Action;
use crate::api::address::path_part;
use crate::api::approvals::Class;
use crate::api::error::{Code, Error, Result};
use crate::api::ids::{flag, quoted};
use crate::api::primitives::{Executor, Performed};
use crate::api::secrets::Secrets;
use crate::api::workspace::User;
use crate::engine::deliver::retry_hint;
use crate::engine::outcomes::{Attempt, Event, Lookup, Next, next};
use crate::engine::{Engine, Scope, World};
use crate::http::{Request, Response, TOO_SLOW, Trust};
use crate::provider::direct;

/// How often a request is sent in all, where that cannot do anything twice.
const TRIES: u32 = 3;
/// How long the first pause between two tries is.
const PAUSE: Duration = Duration::from_millis(200);
/// How much of what an executor says is repeated, in letters.
const WORDS: usize = 500;
/// Codes by which an executor says that it has seen the key; `duplicate_request` is what we say ourselves.
const KEY_SEEN: [&str; 3] =
    ["duplicate_request", "duplicate_idempotency_key", "duplicate_client_order_id"];
/// The code by which one says that the key is being worked on.
/// Source: Stripe API reference, "Error codes" (read 2026-11-20).
const KEY_IN_USE: &str = "idempotency_key_in_use";

/// What is known of whoever performs an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::engine) struct Manner {
    /// What a lost answer means
    pub(in crate::engine) class: Class,
    /// How long after a send the lookup is reliable
    pub(in crate::engine) settle: Duration,
    /// Whether a lookup sees every write that was answered
    pub(in crate::engine) reads_own_writes: bool,
}

impl Engine {
    /// Returns what is known of whoever performs an action.
    ///
    /// Fails with `FeatureNotConfigured` where nobody does.
    fn manner(&self, action: &Action) -> Result<Manner> {
        match self.world {
            World::Sandbox(_) => {
                Ok(Manner { class: Class::A, settle: Duration::ZERO, reads_own_writes: true })
            }
            World::Real => self.executor(action).map(|executor| Manner {
                class: executor.replay,
                settle: Duration::from_millis(executor.settle_ms),
                reads_own_writes: executor.reads_own_writes,
            }),
        }
    }

    /// Fails with everything that can be known before an action is performed: that nobody performs it,
    /// every fault of its input, credentials that cannot be opened. Has no effect.
    pub(in crate::engine) fn check_action(&self, action: &Action) -> Result<Manner> {
        let manner = self.manner(action)?;
        let faults = faults(action);
        if !faults.is_empty() {
            let text = format!("the input does not fit `{}`", action.name());
            return Err(Error::new(Code::InvalidInput, text)
                .hint("run `naive actions list --json` to see its input")
                .details(faults));
        }
        if let World::Real = self.world {
            self.request_for(action, "none")?;
        }
        Ok(manner)
    }

    /// Asks for an action once, under this key.
    ///
    /// Fails only if no request can be made; whatever becomes of one is in the attempt.
    pub(in crate::engine) async fn attempt_action(
        &self,
        action: &Action,
        key: &str,
    ) -> Result<Attempt> {
        let request = self.request_for(action, key)?;
        Ok(self.attempt(action, &request).await)
    }

    /// Asks whether what was sent under this key has happened; `None` where nobody can be asked.
    ///
    /// Fails only if no request can be made.
    pub(in crate::engine) async fn lookup_action(
        &self,
        action: &Action,
        key: &str,
    ) -> Result<Option<Lookup>> {
        let executor = self.executor(action)?;
        let Some(lookup) = &executor.lookup else { return Ok(None) };
        let url = lookup.replace("{key}", &path_part(key)).parse::<Url>();
        let url = url.map_err(|error| Error::internal("the lookup has no address", error))?;
        let request = self.addressed(Request::new("GET", url, Trust::Operator)?, action)?;
        Ok(Some(match self.http.send(&request).await {
            Err(failure) => Lookup::Unclear(failure.error),
            Ok(answer) => looked_up(action, &answer),
        }))
    }

    /// Performs an action that nobody has to be asked about: sent once, and again only where that cannot do
    /// it twice.
    ///
    /// Fails with `OutcomeUnknown` if it may have happened.
    pub(in crate::engine) async fn run_action(
        &self,
        scope: &Scope<'_>,
        action: Action,
    ) -> Result<Performed> {
        let Manner { class, .. } = self.check_action(&action)?;
        let key = scope.upstream_key();
        let request = self.request_for(&action, &key)?;
        let (mut doubt, mut pause) = (None, PAUSE);
        let mut left = TRIES;
        loop {
            left -= 1;
            let Attempt { event, result, trouble, .. } = self.attempt(&action, &request).await;
            let next = next(event, class);
            let Some(error) = trouble.filter(|_| next != Next::Executed) else {
                return Ok(entries(result).into_iter().collect());
            };
            let again = match next {
                Next::NotSent => event == Event::NotSent,
                // Nobody waits three times as long as a call may take.
                Next::Reconcile => class == Class::A && error.reason.as_deref() != Some(TOO_SLOW),
                Next::Executed | Next::Failed | Next::Unknown => false,
            };
            if matches!(next, Next::Reconcile | Next::Unknown) {
                doubt = doubt.or(Some(error.message.clone()));
            }
            if left > 0 && again {
                tokio::time::sleep(pause).await;
                pause *= 2;
                continue;
            }
            let Some(doubt) = doubt else { return Err(error) };
            if let Ok(Some(Lookup::Found(result))) = self.lookup_action(&action, &key).await {
                return Ok(entries(result).into_iter().collect());
            }
            let text = format!("`{}` may or may not have happened: {doubt}", action.name());
            return Err(Error::new(Code::OutcomeUnknown, text)
                .hint(self.where_to_look(&request, &key))
                .because(error));
        }
    }

    async fn attempt(&self, action: &Action, request: &Request) -> Attempt {
        match self.http.send(request).await {
            Ok(answer) => {
                let mut attempt = read(action, &answer);
                if attempt.event == Event::Unauthorized && matches!(self.world, World::Real) {
                    let again = self.executor(action).map(|own| again(action.name(), &own));
                    let command = again.unwrap_or_else(|_| "naive actions configure".to_owned());
                    let hint =
                        format!("run `{command}` with one that is good, and ask for it again");
                    attempt.trouble = attempt.trouble.map(|error| error.hint(hint));
                }
                attempt
            }
            Err(failure) => failure.into(),
        }
    }

    /// Makes the request that asks for an action.
    fn request_for(&self, action: &Action, key: &str) -> Result<Request> {
        let executor = self.executor(action)?;
        let body = serde_json::to_vec(&input(action)?)
            .map_err(|error| Error::internal("an input cannot be written", error))?;
        let request = Request::new(&executor.method, executor.url, Trust::Operator)?
            .body("application/json", body)?
            .header("idempotency-key", key)?;
        self.addressed(request, action)
    }

    /// Says in a request which action it is about and for whom, and adds the executor's own headers.
    fn addressed(&self, request: Request, action: &Action) -> Result<Request> {
        let user = self.subject(action)?;
        let mut request = request
            .header("accept", "application/json")?
            .header("x-naive-action", action.name())?
            .header("x-naive-user", &user.id)?;
        if let Some(name) = &user.external_id {
            request = request.header("x-naive-external-user", &path_part(name))?;
        }
        for (name, value) in &self.headers(action)?.0 {
            request = request.hidden_header(name, value)?;
        }
        Ok(request)
    }

    /// Returns whoever performs an action, as an endpoint.
    fn executor(&self, action: &Action) -> Result<Executor> {
        let name = action.name();
        match &self.world {
            World::Sandbox(Some(url)) => sandbox(url, name),
            World::Sandbox(None) => {
                Err(Error::internal("the sandbox was not started", "an action needs it"))
            }
            World::Real => self.store.executor(name)?.ok_or_else(|| {
                let text = format!("nobody performs `{name}` here yet");
                let command = format!("naive actions configure {name} --url URL");
                Error::new(Code::FeatureNotConfigured, text)
                    .hint(format!("run `{command}` to name the endpoint that does"))
                    .reason("executor_missing")
            }),
        }
    }

    /// Returns the secret headers of whoever performs an action.
    fn headers(&self, action: &Action) -> Result<Secrets> {
        let owner = owner(action.name());
        match (&self.world, self.store.sealed(&owner)?) {
            (World::Real, Some(bytes)) => self.opening(&owner, &bytes),
            (World::Real, None) | (World::Sandbox(_), _) => Ok(Secrets::default()),
        }
    }

    /// Returns how to find out what became of a request.
    fn where_to_look(&self, request: &Request, key: &str) -> String {
        match self.world {
            World::Sandbox(_) => "run `naive sandbox status` to see what was made".to_owned(),
            World::Real => {
                let host = request.host();
                format!("look at `{host}` for the key `{key}` before you run it again")
            }
        }
    }

    /// Returns the user an action is for.
    pub(in crate::engine) fn subject(&self, action: &Action) -> Result<User> {
        let name = action.clone().subject().and_then(|user| user.clone());
        match name {
            Some(name) => self.user(&name),
            None => Err(Error::internal("the action lost its user", action.name())),
        }
    }
}

/// Returns the command that registers an endpoint as it is now, and reads its headers anew.
fn again(name: &str, own: &Executor) -> String {
    let mut words = vec![format!("naive actions configure {name}")];
    words.push(flag("url", own.url.as_str()));
    if own.method != "POST" {
        words.push(flag("method", &own.method));
    }
    words.push(flag("replay", own.replay.as_str()));
    if let Some(lookup) = &own.lookup {
        words.push(flag("lookup", lookup));
        words.push(flag("settle", &format!("{}ms", own.settle_ms)));
    }
    if own.reads_own_writes {
        words.push(" --reads-own-writes".to_owned());
    }
    let none = ["NAME".to_owned()];
    let headers = if own.headers.is_empty() { &none } else { own.headers.as_slice() };
    words.extend(headers.iter().map(|header| format!(" --header {}=-", quoted(header))));
    words.concat()
}

/// Returns the sandbox as an endpoint.
fn sandbox(base: &Url, action: &str) -> Result<Executor> {
    let at = |path: &str| {
        base.join(path).map_err(|error| Error::internal("the sandbox has no such address", error))
    };
    Ok(Executor {
        url: at(&format!("actions/{action}"))?,
        method: "POST".to_owned(),
        replay: Class::A,
        lookup: Some(format!("{}{{key}}", at("actions/keys/")?)),
        settle_ms: 0,
        reads_own_writes: true,
        headers: Vec::new(),
    })
}

/// Reads what an executor answers.
fn read(action: &Action, answer: &Response) -> Attempt {
    let status = Some(answer.status);
    let event = match Event::of(answer.status) {
        Event::Done if !answer.body.is_empty() && answer.json().is_none() => Event::Lost,
        event @ (Event::InProgress | Event::Rejected) => about_key(event, answer),
        event => event,
    };
    let result = match event {
        Event::Done => Value::Object(entries(answer.json().unwrap_or_default())),
        _ => Value::Null,
    };
    Attempt { event, status, result, trouble: trouble(action, event, answer) }
}

/// Returns what a refusal means that may be about the key: 409 or 422, by its code. A duplicate of anything
/// else, a name say, is refused, whatever the status.
fn about_key(event: Event, answer: &Response) -> Event {
    let said = answer.json().filter(|_| matches!(answer.status, 409 | 422)).unwrap_or_default();
    let code = ["/error/code", "/code"].iter().find_map(|place| said.pointer(place)?.as_str());
    match code.map(str::to_ascii_lowercase).as_deref() {
        Some(code) if KEY_SEEN.contains(&code) => Event::Duplicate,
        Some(KEY_IN_USE) => Event::InProgress,
        Some(code) if code.starts_with("duplicate") => Event::Rejected,
        Some(_) | None => event,
    }
}

/// Returns a result by its names. One that is no object goes by `result`; nothing is nothing.
fn entries(result: Value) -> Map<String, Value> {
    match result {
        Value::Object(entries) => entries,
        Value::Null => Map::new(),
        other => Map::from_iter([("result".to_owned(), other)]),
    }
}

/// Returns what is wrong with an answer, in the executor's words, if something is.
fn trouble(action: &Action, event: Event, answer: &Response) -> Option<Error> {
    let name = action.name();
    let said: String = direct::words(None, answer).chars().take(WORDS).collect();
    let error = |code, text: String| Some(Error::new(code, text).reason("executor_refused"));
    match event {
        Event::Done => None,
        Event::Lost if answer.is_success() => {
            let text = format!("whoever performs `{name}` answered with JSON that is broken");
            Some(Error::new(Code::ProviderError, text).reason("answer_broken"))
        }
        Event::Rejected => {
            let code = match answer.status {
                400 | 413 | 415 | 422 => Code::InvalidInput,
                403 => Code::Forbidden,
                404 => Code::NotFound,
                _ => Code::ProviderError,
            };
            error(code, format!("`{name}` was refused: {said}"))
        }
        Event::Unauthorized => {
            let text = format!("whoever performs `{name}` does not take our credential: {said}");
            error(Code::NotConfigured, text)
        }
        Event::TooMany => {
            let said = error(Code::RateLimited, format!("`{name}` was put off: {said}"))?;
            Some(match retry_hint(answer) {
                Some(hint) => said.hint(hint),
                None => said,
            })
        }
        Event::InProgress => {
            error(Code::ProviderError, format!("`{name}` is being worked on: {said}"))
        }
        Event::Duplicate => {
            error(Code::DuplicateRequest, format!("`{name}` came with a key that was used: {said}"))
        }
        Event::Redirected => {
            error(Code::ProviderError, format!("`{name}` is performed elsewhere: {said}"))
        }
        Event::Lost | Event::NotSent => {
            let text = format!("whoever performs `{name}` failed: {said}");
            Some(Error::new(Code::ProviderError, text).reason("executor_failed"))
        }
    }
}

/// Reads what an executor says of a key.
fn looked_up(action: &Action, answer: &Response) -> Lookup {
    match (answer.status, answer.json()) {
        (200, Some(result)) => Lookup::Found(Value::Object(entries(result))),
        (404, _) => Lookup::Missing,
        _ => {
            let said: String = direct::words(None, answer).chars().take(WORDS).collect();
            let text = format!("whether `{}` has happened is not told: {said}", action.name());
            Lookup::Unclear(Error::new(Code::ProviderError, text).reason("lookup_failed"))
        }
    }
}
