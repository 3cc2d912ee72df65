//! Apps that Composio leads to, against a small stand-in for its API.

mod calls;
mod logins;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::support::{Naive, Received, Run, Upstream};

/// What the stand-in is told to do, and what it knows.
#[derive(Debug, Default)]
pub(crate) struct State {
    /// Accounts by id: their status
    accounts: Vec<(String, String)>,
    /// What the next accounts that log in by a link become
    becomes: String,
    /// How calls of tools are answered, if not well
    answers: Option<(u16, String)>,
    /// How everything else is answered, by method and path
    instead: HashMap<String, (u16, String)>,
}

/// A machine, and a Composio that it has a key for.
#[derive(Debug)]
pub(crate) struct Composio {
    pub(crate) naive: Naive,
    pub(crate) upstream: Upstream,
    state: Arc<Mutex<State>>,
}

/// The key that the stand-in takes.
const KEY: &str = "ak_of_the_tests";

impl Composio {
    /// Starts one that is not configured.
    pub(crate) fn bare() -> Self {
        let state =
            Arc::new(Mutex::new(State { becomes: "ACTIVE".to_owned(), ..State::default() }));
        let shared = Arc::clone(&state);
        let upstream = Upstream::new(move |request| {
            let (status, body) = answer(&mut shared.lock().unwrap(), request);
            (
                status,
                if body.is_string() { body.as_str().unwrap().to_owned() } else { body.to_string() },
            )
        });
        let naive = Naive::new()
            .env("NAIVE_PROFILE", "local")
            .env("BROWSER", "/bin/true")
            .env("NAIVE_COMPOSIO_URL", &upstream.url);
        Self { naive, upstream, state }
    }

    /// Starts one that is configured.
    pub(crate) fn new() -> Self {
        let composio = Self::bare();
        drop(composio.configure(KEY).exits(0));
        composio
    }

    /// Starts one to which `acme` is connected.
    pub(crate) fn connected() -> Self {
        let composio = Self::new();
        drop(composio.naive.run("connections connect acme").exits(0));
        composio
    }

    pub(crate) fn configure(&self, key: &str) -> Run {
        self.naive.fed("toolkits configure composio --api-key -", key)
    }

    pub(crate) fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state.lock().unwrap());
    }

    /// Has calls of tools answered so.
    pub(crate) fn answers(&self, status: u16, body: &str) {
        self.change(|state| state.answers = Some((status, body.to_owned())));
    }

    /// Returns the ids of the accounts there, and how each stands.
    pub(crate) fn accounts(&self) -> Vec<(String, String)> {
        self.state.lock().unwrap().accounts.clone()
    }

    /// Returns what came to paths that begin so.
    pub(crate) fn calls(&self, method: &str, path: &str) -> Vec<Received> {
        let mut all = self.upstream.received();
        all.retain(|one| one.method == method && one.path.starts_with(path));
        all
    }

    pub(crate) fn execute(&self, tool: &str, more: &[&str]) -> Run {
        self.naive
            .with(&format!("connections execute acme {tool} --args"), &[&["{}"], more].concat())
    }

    /// Returns how the connections of the default user stand, by app.
    pub(crate) fn status(&self) -> Value {
        let all = self.naive.run("connections connected --all").exits(0).json();
        all["result"]["connections"][0].clone()
    }
}

fn answer(state: &mut State, request: &Received) -> (u16, Value) {
    if request.headers.get("x-api-key").map(String::as_str) != Some(KEY) {
        return (401, json!({ "error": { "message": "Invalid API key", "status": 401 } }));
    }
    let path = request.path.split('?').next().unwrap();
    if let Some((status, body)) = state.instead.get(&format!("{} {path}", request.method)) {
        return (*status, body.as_str().into());
    }
    let body: Value = serde_json::from_str(&request.body).unwrap_or_default();
    let parts: Vec<&str> = path.split('/').skip(3).collect();
    match (request.method.as_str(), parts.as_slice()) {
        ("GET", ["toolkits"]) => page(&request.path, toolkits()),
        ("GET", ["toolkits", "keyed"]) => (
            200,
            json!({ "auth_config_details": [
            { "mode": "API_KEY", "fields": { "connected_account_initiation": { "required": [
                { "name": "generic_api_key", "displayName": "Key of Keyed" } ] } } } ] }),
        ),
        ("GET", ["tools"]) => page(&request.path, tools()),
        ("GET", ["auth_configs"]) => page(&request.path, Vec::new()),
        ("POST", ["auth_configs"]) => (
            201,
            json!({ "auth_config": {
            "id": "ac_1", "auth_scheme": body["auth_config"]["authScheme"].as_str().unwrap_or("OAUTH2"),
            "is_composio_managed": true } }),
        ),
        ("POST", ["connected_accounts", "link"]) => {
            let id = format!("ca_there{}", state.accounts.len());
            state.accounts.push((id.clone(), state.becomes.clone()));
            (
                201,
                json!({ "redirect_url": "http://127.0.0.1:1/consent", "connected_account_id": id }),
            )
        }
        ("POST", ["connected_accounts"]) => {
            let id = format!("ca_there{}", state.accounts.len());
            state.accounts.push((id.clone(), "ACTIVE".to_owned()));
            (201, json!({ "id": id }))
        }
        ("GET", ["connected_accounts", id]) => match account(state, id) {
            Some(status) => (200, json!({ "id": id, "status": status.as_str(), "new": {} })),
            None => (404, json!({ "error": { "message": "Connected account not found" } })),
        },
        ("PATCH", ["connected_accounts", id, "status"]) => {
            "INACTIVE".clone_into(account(state, id).unwrap());
            (200, json!({ "success": true }))
        }
        ("POST", ["connected_accounts", _, "revoke"]) => (200, json!({ "revoked_tokens": [] })),
        ("DELETE", ["connected_accounts", id]) => {
            state.accounts.retain(|(one, _)| one != id);
            (200, json!({ "success": true }))
        }
        ("POST", ["tools", "execute", _]) => match &state.answers {
            Some((status, body)) => (*status, body.as_str().into()),
            None => (
                200,
                json!({ "data": { "echo": body }, "error": null, "successful": true, "log_id": "log_1" }),
            ),
        },
        _ => (404, json!({ "error": { "message": "no such path" } })),
    }
}

fn account<'a>(state: &'a mut State, id: &str) -> Option<&'a mut String> {
    state.accounts.iter_mut().find(|(one, _)| one == id).map(|(_, status)| status)
}

/// Returns a list two at a time, so that there are always several pages.
fn page(path: &str, all: Vec<Value>) -> (u16, Value) {
    let at = path.split("cursor=").nth(1).and_then(|at| at.parse().ok()).unwrap_or(0);
    let next = (at + 2 < all.len()).then(|| (at + 2).to_string());
    let items: Vec<_> = all.into_iter().skip(at).take(2).collect();
    (200, json!({ "items": items, "next_cursor": next, "new_in_2027": true }))
}

fn toolkits() -> Vec<Value> {
    let toolkit = |slug: &str, schemes: &[&str], managed: &[&str]| {
        json!({ "slug": slug, "name": slug.to_uppercase(), "auth_schemes": schemes,
            "composio_managed_auth_schemes": managed, "meta": { "description": "An app" } })
    };
    vec![
        toolkit("acme", &["OAUTH2"], &["OAUTH2"]),
        toolkit("keyed", &["API_KEY"], &[]),
        toolkit("own", &["OAUTH2"], &[]),
        toolkit("odd", &["QUANTUM_AUTH"], &[]),
        toolkit("googlecalendar", &["OAUTH2"], &["OAUTH2"]),
    ]
}

fn tools() -> Vec<Value> {
    let tool = |slug: &str, tags: &[&str]| {
        json!({ "slug": slug, "name": slug, "description": "Does it\u{1b}[31m", "version": "20261001_00",
            "input_parameters": { "type": "object", "properties": { "id": { "type": "string" } } },
            "tags": tags })
    };
    vec![
        tool("ACME_FIND", &["readOnlyHint"]),
        tool("ACME_WRITE", &[]),
        tool("ACME_DELETE", &["destructiveHint"]),
    ]
}
