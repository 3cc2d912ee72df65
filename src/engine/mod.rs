//! The engine: takes an action, asks the gate, performs it, writes the log.

mod accounts;
mod approvals;
mod apps;
mod caller;
pub(crate) mod card;
mod clients;
mod composio;
mod connections;
mod credential;
mod deliver;
mod device;
mod endpoints;
mod execute;
mod executors;
mod explain;
mod fields;
mod finding;
pub(crate) mod gate;
mod handover;
mod idempotency;
mod identity;
mod judging;
mod keys;
mod kits;
mod known;
mod level;
mod limits;
mod login;
mod logs;
mod mirror;
mod notify;
mod outbox;
mod outcomes;
mod pages;
mod perform;
mod posting;
mod programs;
mod proxy;
mod scopes;
mod servers;
mod sessions;
mod suggest;
mod telling;
mod title;
mod toolkits;
mod trading;
mod upkeep;
mod users;
mod vault;
mod ways;
mod webhooks;
mod workspace;

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use secrecy::SecretString;
use serde_json::Value;
use url::Url;

use crate::api::action::{Action, Outcome};
use crate::api::address::ClientDocument;
use crate::api::asking::Voice;
use crate::api::connections::Connection;
use crate::api::error::{Error, Result};
use crate::api::ids::{ConnectionId, IdempotencyKey, Slug, UserRef, flag, fresh, fresh_ordered};
use crate::api::reply::Reply;
use crate::api::routes::writes;
use crate::api::time::Millis;
use crate::api::toolkits::AuthType;
use crate::api::workspace::User;
use crate::http::Http;
use crate::store::Store;
use crate::vault::{Cipher, Vault};
use gate::Verdict;
use logs::Subject;
use mirror::reads_mirror;
use programs::Programs;

pub(crate) use apps::{integrated, integrating};
pub(crate) use caller::{Caller, Holder, Refusal};
pub(crate) use executors::performed;
pub(crate) use fields::keys;
pub(crate) use kits::KIT_CHANGED;
pub(crate) use level::{LEVEL, RECIPE};
pub(crate) use login::FLOW_LIFE;
pub(crate) use mirror::{Awaited, replaced};
pub(crate) use notify::Notify;
pub(crate) use sessions::MCP;
pub(crate) use suggest::{may_run, suggested};

/// Where the apps are.
#[derive(Debug, Clone)]
pub(crate) enum World {
    /// Where their vendors put them
    Real,
    /// In the sandbox at this address, or in one that this command does not need
    Sandbox(Option<Url>),
}

/// What a call knows beside its action; none of it is ever frozen.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    /// Who calls
    pub(crate) caller: Caller,
    /// For whom, where the action does not say
    pub(crate) user: UserRef,
    /// Where the browser returns to after an OAuth login
    pub(crate) redirect_uri: Option<Url>,
    /// Where the browser goes on to after a login whose action names no place
    pub(crate) onward: Option<Url>,
    /// Whether the caller waits for the end of the login it begins; see [`Engine::awaited`]
    pub(crate) waits: bool,
    /// Whether a browser can be opened there; without one, a code for another device comes first
    pub(crate) browser: bool,
    /// Where a server may speak to a person while it works
    pub(crate) voice: Voice,
    /// The caller's own key for this call: if it comes again, it gets the first answer
    pub(crate) idempotency_key: Option<IdempotencyKey>,
}

impl Call {
    /// Returns a call without anything beside its action.
    pub(crate) fn by(caller: Caller, user: UserRef) -> Self {
        Self {
            caller,
            user,
            redirect_uri: None,
            onward: None,
            waits: false,
            browser: false,
            voice: None,
            idempotency_key: None,
        }
    }
}

/// One workspace on this machine.
#[derive(Debug)]
pub(crate) struct Engine {
    store: Store,
    vault: Vault,
    http: Arc<Http>,
    world: World,
    cipher: OnceLock<Cipher>,
    notes: Mutex<Vec<Note>>,
    notify: Notify,
    /// Programs that run on between two calls; none where the process ends with the call
    programs: Option<Programs>,
    document: Option<ClientDocument>,
    composio: Option<Url>,
}

/// Something that people should be told beside a reply, as a whole sentence.
#[derive(Debug)]
pub(crate) struct Note {
    /// The sentence
    pub(crate) text: String,
    /// Whether it is about how this workspace fares, and not about the call alone
    pub(crate) is_warning: bool,
}

/// One call on its way: for whom, and what the log will say of it.
#[derive(Debug)]
struct Scope<'a> {
    call: &'a Call,
    user: Option<User>,
    began: Millis,
    log_id: OnceLock<String>,
    used: OnceLock<ConnectionId>,
    /// The key by which the upstream knows it, where its caller gave one
    upstream: OnceLock<String>,
    /// The user's UUID and the toolkit, where only the state of a login tells them
    found: OnceLock<(String, String)>,
}

impl Engine {
    /// Puts a workspace together from its parts.
    pub(crate) fn new(store: Store, vault: Vault, http: Http, world: World) -> Self {
        Self::with(store, vault, Arc::new(http), world)
    }

    fn with(store: Store, vault: Vault, http: Arc<Http>, world: World) -> Self {
        let (cipher, notes) = (OnceLock::new(), Mutex::default());
        let (notify, document, programs) = (Notify::default(), None, None);
        let composio = None;
        Self { store, vault, http, world, cipher, notes, notify, programs, document, composio }
    }

    /// Returns the same workspace, known to OAuth servers by a document that describes it as a client.
    pub(crate) fn described_at(self, document: Option<ClientDocument>) -> Self {
        Self { document, ..self }
    }

    /// Returns the same workspace in a process that stays: programs that are servers run on between two calls.
    pub(crate) fn staying(self) -> Self {
        Self { programs: Some(Programs::default()), ..self }
    }

    /// Returns the same workspace with its apps elsewhere.
    pub(crate) fn in_world(self, world: World) -> Self {
        Self { world, ..self }
    }

    /// Returns how users log in to a toolkit, if it is one.
    pub(crate) fn auth_type(&self, slug: &Slug) -> Option<AuthType> {
        self.toolkit(slug).ok().map(|known| known.manifest.auth.kind)
    }

    /// Returns what people call a toolkit, or the brokerage.
    pub(crate) fn app_name(&self, slug: &Slug) -> String {
        if *slug == Slug::brokerage() {
            return "The brokerage account".to_owned();
        }
        self.toolkit(slug).map_or_else(|_| slug.to_string(), |known| known.manifest.name)
    }

    /// Tells whether apps and money are simulated here.
    pub(crate) fn is_simulated(&self) -> bool {
        matches!(self.world, World::Sandbox(_))
    }

    /// Returns the store, for those who look after it rather than act through it.
    pub(crate) fn store(&self) -> &Store {
        &self.store
    }

    /// Returns what people should be told beside the replies so far, and forgets it.
    pub(crate) fn take_notes(&self) -> Vec<Note> {
        std::mem::take(&mut *self.notes.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Judges, performs and logs one action; what goes wrong comes with what this caller can do about it.
    pub(crate) async fn call(&self, call: &Call, action: Action) -> Result<Outcome<Value>> {
        self.answer(call, action).await?.valued()
    }

    /// The same, for who only sends the reply on.
    pub(crate) async fn answer(&self, call: &Call, action: Action) -> Result<Outcome<Reply>> {
        let answer = self.store.steadily(self.act(call, action)).await;
        answer.map_err(|error| Self::followable(call, error))
    }

    async fn act(&self, call: &Call, mut action: Action) -> Result<Outcome<Reply>> {
        let began = Millis::now();
        let user = match action.subject() {
            Some(subject) => {
                let named = subject.get_or_insert_with(|| call.user.clone());
                let user = self.user_for(&call.caller, named)?;
                // What `default` means depends on who says it; from here on nobody has to ask again.
                *named = user.by_id()?;
                Some(user)
            }
            None => None,
        };
        if let Some(user) = &user {
            self.pin_env(user, &mut action);
        }
        gate::asked(&call.caller, &action)?;
        self.check_owner(call, &action)?;
        let verdict = self.judge(call, user.as_ref(), &action)?.verdict;
        let scope = Scope { user, began, ..Scope::of(call) };
        if let Verdict::Refuse(error) = verdict {
            self.log_refusal(&scope, &action, &error);
            return Err(error);
        }
        let holds = matches!(verdict, Verdict::Hold);
        if holds || action.name().starts_with("approvals.") {
            self.settle_copy()?;
        }
        if let Some(user) = scope.user.as_ref().filter(|_| reads_mirror(&action)) {
            self.refresh_mirror(user).await?;
        }
        let key = call.idempotency_key.as_ref().filter(|_| idempotency::takes_key(&action));
        let digest = key.map(|_| idempotency::digest(&scope, &action)).transpose()?;
        if let Some(user) = &scope.user {
            action = self.completed(action, user)?;
        }
        match key.zip(digest) {
            Some(key) => {
                let ended = Box::pin(self.once(&scope, key, action, holds)).await?;
                Ok(ended.map(Reply::Value))
            }
            None => self.carry_out(&scope, action, holds).await,
        }
    }

    /// Freezes an action, or performs and logs it.
    async fn carry_out(
        &self,
        scope: &Scope<'_>,
        action: Action,
        holds: bool,
    ) -> Result<Outcome<Reply>> {
        if holds {
            let mut action = action;
            let market = Box::pin(self.rehearse(scope, &mut action)).await?;
            return Ok(Outcome::Pending(self.hold(scope, action, market)?));
        }
        if !writes(action.name()) {
            return Box::pin(self.perform(scope, action)).await.map(Outcome::Done);
        }
        let subject = Subject::of(&action);
        let result = Box::pin(self.perform(scope, action)).await.and_then(Reply::value);
        self.log_end(scope, subject, &result);
        result.map(Reply::Value).map(Outcome::Done)
    }

    /// Remembers what whoever called should be told.
    fn note(&self, text: String) {
        self.remember(Note { text, is_warning: false });
    }

    /// Remembers what whoever looks after this workspace should be told.
    fn warn(&self, text: String) {
        self.remember(Note { text, is_warning: true });
    }

    fn remember(&self, note: Note) {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner).push(note);
    }
}

impl<'a> Scope<'a> {
    /// Returns the scope of a call that is for nobody yet.
    fn of(call: &'a Call) -> Self {
        let (began, log_id) = (Millis::now(), OnceLock::new());
        let (used, upstream, found) = (OnceLock::new(), OnceLock::new(), OnceLock::new());
        Self { call, user: None, began, log_id, used, upstream, found }
    }

    /// Returns the key by which the upstream is to know the call.
    fn upstream_key(&self) -> String {
        let given = || self.call.idempotency_key.as_ref().map(ToString::to_string);
        self.upstream.get().cloned().or_else(given).unwrap_or_else(fresh_ordered)
    }

    /// Remembers the connection that the call went through.
    fn uses(&self, connection: Option<&Connection>) {
        if let Some(connection) = connection {
            // The scope is used once, so its cell is empty.
            let _ = self.used.set(connection.id.clone());
        }
    }

    /// Returns the id under which the log will know the call.
    fn log_id(&self) -> String {
        self.log_id.get_or_init(|| fresh().to_string()).clone()
    }

    /// Returns the user the call is for; `perform` only asks where the action has one.
    fn user(&self) -> Result<&User> {
        self.user.as_ref().ok_or_else(|| {
            Error::new(crate::api::error::Code::InternalError, "the action lost its user")
        })
    }
}

/// Returns the owner under which a connection's credential is sealed.
fn connection_owner(id: &ConnectionId) -> String {
    format!("connection:{id}")
}

/// Returns a flag that names the user in a command, where it is not the workspace's own.
fn user_flag(user: &User) -> String {
    if user.is_default { String::new() } else { flag("user", user.handle()) }
}

/// Returns a plain text as a value beside secrets.
fn beside(text: impl Into<String>) -> SecretString {
    SecretString::from(text.into())
}
