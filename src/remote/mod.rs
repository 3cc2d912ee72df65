//! A Naive API elsewhere, hosted or a `naive serve`: an action becomes a request, and its answer an outcome.
//!
//! It judges nothing: the API does. What it last saw there it keeps, for when the network is away.

mod answer;
mod hidden;
mod kept;
mod send;

use std::path::PathBuf;
use std::sync::{Mutex, OnceLock, PoisonError};

use secrecy::SecretString;
use serde_json::{Map, Value};
use url::Url;

use crate::api::action::{Action, Outcome};
use crate::api::error::{Code, Error, Result};
use crate::api::ids::{IdempotencyKey, UserRef, fresh_ordered};
use crate::api::routes::{Addressed, Reach, addressed, route};
use crate::http::{Http, Request, Trust, check};
use crate::settings::Settings;
use crate::store::Store;
use crate::vault::{Cipher, Vault, access};

pub(crate) use kept::Snapshot;
pub(crate) use send::is_away;

/// Where the hosted API is.
/// Source: the public API reference, "Overview" (read 2026-11-20).
const HOSTED: &str = "https://api.usenaive.ai";
/// Paths whose answers are told once, so that no API keeps them for when the call comes again.
const TOLD_ONCE: [&str; 3] = ["/auth/keys", "/sessions", "/webhooks"];

/// The client of one Naive API.
pub(crate) struct Remote {
    /// Address of the API, without a slash at its end
    base: String,
    trust: Trust,
    /// Whether the address was named; what a store made as a key goes nowhere else
    is_named: bool,
    http: Http,
    /// `NAIVE_API_KEY`
    given: Option<SecretString>,
    settings: Places,
    store: OnceLock<Store>,
    cipher: OnceLock<Cipher>,
    notes: Mutex<Vec<String>>,
}

/// Where what is kept lies.
#[derive(Debug)]
struct Places {
    dir: PathBuf,
    vault: Vault,
}

/// Where the key of a call came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeyFrom {
    /// `NAIVE_API_KEY`
    Environment,
    /// `naive login`
    Login,
}

impl KeyFrom {
    /// Returns the place in one word.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Environment => "environment",
            Self::Login => "login",
        }
    }
}

impl std::fmt::Debug for Remote {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Remote").field("base", &self.base).finish_non_exhaustive()
    }
}

impl Remote {
    /// Makes the client of the API that the settings name, or of the hosted one. Nothing is opened or asked yet.
    ///
    /// Fails with a usage error if what they name is no address that may be called.
    pub(crate) fn of(settings: &Settings) -> Result<Self> {
        let named = settings.api_url.as_ref();
        let trust = if named.is_some() { Trust::Operator } else { Trust::Public };
        let (by, text) = named.map_or(("", HOSTED), |named| (named.by, named.text.as_str()));
        Ok(Self {
            base: base(by, text, trust)?,
            trust,
            is_named: named.is_some(),
            http: Http::new(settings.roots.is_some()),
            given: settings.api_key.clone(),
            settings: Places { dir: settings.dir.clone(), vault: Vault::of(settings) },
            store: OnceLock::new(),
            cipher: OnceLock::new(),
            notes: Mutex::default(),
        })
    }

    /// Makes the client of an API on this machine, with a key.
    #[cfg(test)]
    pub(crate) fn at(base: &Url, key: &str, dir: PathBuf) -> Self {
        let vault = Vault { given: None, keyring: false, file: dir.join("encryption.key") };
        Self {
            base: base.as_str().trim_end_matches('/').to_owned(),
            trust: Trust::Operator,
            is_named: true,
            http: Http::new(false),
            given: Some(key.into()),
            settings: Places { dir, vault },
            store: OnceLock::new(),
            cipher: OnceLock::new(),
            notes: Mutex::default(),
        }
    }

    /// Returns the address of the API.
    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    /// Returns what people should be told beside the replies so far, and forgets it.
    pub(crate) fn take_notes(&self) -> Vec<String> {
        std::mem::take(&mut *self.notes.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn note(&self, note: String) {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner).push(note);
    }

    /// Has the API perform an action; `user` is whom it is for where it does not say.
    ///
    /// Reads are tried three times. What changes something is sent again only if no byte of it has left, and
    /// carries a key in any case: the caller's own, or one made here.
    pub(crate) async fn call(
        &self,
        user: &UserRef,
        key: Option<&IdempotencyKey>,
        mut action: Action,
    ) -> Result<Outcome<Value>> {
        if let Some(subject) = action.subject() {
            subject.get_or_insert_with(|| user.clone());
        }
        let name = action.name();
        let Addressed { method, path, fields } = addressed(&action)?;
        let reads = method == "GET" || route(name).reach == Reach::Read;
        let polls = matches!(action, Action::Poll(_));
        let made = || (!reads && !polls && !told_once(&path)).then(fresh_ordered);
        let key = key.filter(|_| !reads).map(ToString::to_string).or_else(made);
        let request = match method {
            "GET" | "DELETE" => self.request(method, &format!("{path}{}", query(fields)))?,
            _ => self.request(method, &path)?.json_with_hidden(fields, &hidden::of(&action))?,
        };
        // It may have a file of an app to hand on, or all pages of a list.
        let is_large = matches!(action, Action::Execute(_) | Action::Proxy(_));
        let request = if is_large { request.document() } else { request };
        let response = self.sent(request, name, (reads, key.as_deref())).await?;
        let outcome = answer::outcome(name, &response, key.as_deref())?;
        self.remember(&action, &outcome);
        Ok(outcome)
    }

    /// Sends what no action stands for, and returns the answer's JSON; `null` where there is none.
    pub(crate) async fn send(
        &self,
        (method, path): (&str, &str),
        body: Option<&Value>,
        key: Option<&IdempotencyKey>,
    ) -> Result<Value> {
        let reads = method == "GET";
        let made = || (!reads && !told_once(path)).then(fresh_ordered);
        let key = key.map(ToString::to_string).or_else(made);
        let mut request = self.request(method, path)?;
        if let Some(body) = body {
            request = request.body("application/json", body.to_string().into_bytes())?;
        }
        let response = self.sent(request, "api", (reads, key.as_deref())).await?;
        let value = answer::value(&response, key.as_deref())?;
        self.remember_approval(&value);
        Ok(value)
    }

    /// Asks whether the API is there and well; anyone may. Returns the time it tells, as its `Date` header has it.
    pub(crate) async fn health(&self) -> Result<Option<String>> {
        let request = self.bare("GET", "/health")?;
        let response = self.http.send(&request).await?;
        if !response.is_success() {
            answer::value(&response, None)?;
        }
        let date = response.headers.get("date").and_then(|date| date.to_str().ok());
        Ok(date.map(str::to_owned))
    }

    /// Asks the API whose a key is, and changes nothing here.
    ///
    /// Fails with `Unauthorized` for a key that a store made, if nobody has named the address.
    pub(crate) async fn whose(&self, key: &SecretString) -> Result<Value> {
        if !self.is_named && access::is_local(key) {
            let text = "this key was made by a store, and no API was named that may see it";
            return Err(Error::new(Code::Unauthorized, text)
                .hint("name the API with `--base-url`")
                .reason("key_unknown"));
        }
        let route = route("whoami");
        let request = self.bare(route.method, route.path)?.bearer(key)?;
        let response = self.sent(request, "whoami", (true, None)).await?;
        answer::value(&response, None)
    }

    /// Returns the key of the calls, and where it comes from.
    ///
    /// Fails with `Unauthorized` if there is none.
    pub(crate) fn key(&self) -> Result<(SecretString, KeyFrom)> {
        if let Some(given) = &self.given {
            return Ok((given.clone(), KeyFrom::Environment));
        }
        self.stored_key()?.map(|key| (key, KeyFrom::Login)).ok_or_else(|| {
            Error::new(Code::Unauthorized, format!("there is no key for `{}` here", self.base))
                .hint("run `naive login`, or set `NAIVE_API_KEY`")
                .reason("key_missing")
        })
    }

    fn request(&self, method: &str, path: &str) -> Result<Request> {
        self.bare(method, path)?.bearer(&self.key()?.0)
    }

    /// Begins a request that carries no key yet. It goes nowhere but to the API.
    fn bare(&self, method: &str, path: &str) -> Result<Request> {
        let text = format!("{}{path}", self.base);
        let url = Url::parse(&text).ok().filter(|url| {
            // What an address cannot hold, `..` as a name, would make it another one.
            url.as_str() == text && path.starts_with('/')
        });
        let url = url.ok_or_else(|| {
            Error::new(Code::InvalidInput, format!("`{path}` is no path of an API"))
                .hint("write it as `/v1/users`, percent-encoded where it needs that")
        })?;
        Request::new(method, url, self.trust)?
            .never_redirected()
            .header("accept", "application/json")
    }
}

/// Tells whether what is answered at a path is told once.
fn told_once(path: &str) -> bool {
    let bare = path.split('?').next().unwrap_or(path);
    TOLD_ONCE.iter().any(|once| bare.ends_with(once))
}

/// Returns fields as a query with its question mark, a list as its name repeated; nothing of no fields.
fn query(fields: Map<String, Value>) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    for (name, value) in fields {
        let values = match value {
            Value::Array(items) => items,
            Value::Null => Vec::new(),
            value => vec![value],
        };
        for value in values {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            query.append_pair(&name, &text);
        }
    }
    let query = query.finish();
    if query.is_empty() { query } else { format!("?{query}") }
}

/// Reads the address of an API.
fn base(by: &str, text: &str, trust: Trust) -> Result<String> {
    // Whoever writes a password into an address does not want it repeated.
    let shown = if text.contains('@') { "" } else { text };
    let wrong = |why: &str| {
        Error::usage(format!("`{by}` names no API: `{shown}` {why}")).hint(
            "write it as `https://api.example.com`, or `http://127.0.0.1:3101` for this machine",
        )
    };
    let url = Url::parse(text.trim()).map_err(|_| wrong("is no address"))?;
    if url.query().is_some() || url.fragment().is_some() {
        return Err(wrong("holds more than an address"));
    }
    check(&url, trust).map_err(|error| wrong(&format!("is refused: {error}")))?;
    Ok(url.as_str().trim_end_matches('/').to_owned())
}
