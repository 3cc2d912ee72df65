//! The engine: takes an action, asks the gate, performs it, writes the log.

mod accounts;
mod clients;
mod connections;
mod credential;
mod deliver;
mod device;
mod execute;
mod fields;
pub(crate) mod gate;
mod handover;
mod identity;
mod known;
mod login;
mod mirror;
mod pages;
mod scopes;
mod toolkits;
mod users;
mod vault;

use std::cell::OnceCell;
use std::sync::{Mutex, PoisonError};

use secrecy::SecretString;
use serde_json::Value;
use url::Url;

use crate::api::action::{Action, Operation, Outcome, written};
use crate::api::error::{Error, Result};
use crate::api::ids::{ConnectionId, Slug, UserRef, flag, fresh};
use crate::api::routes::{Reach, route};
use crate::api::time::Millis;
use crate::api::workspace::{AuthType, User};
use crate::http::Http;
use crate::store::{Entry, Store};
use crate::vault::{Cipher, Vault};
use gate::Verdict;

pub(crate) use fields::keys;
pub(crate) use login::FLOW_LIFE;
pub(crate) use mirror::{Awaited, replaced};

/// Who is calling: the credential says so, never the terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Caller {
    /// The operator at the command line, on a store of their own
    Human,
    /// Somebody with a key that this store does not know
    UnknownKey,
}

/// Where the apps are.
#[derive(Debug)]
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
    /// Whether the caller waits for the end of the login it begins; see [`Engine::awaited`]
    pub(crate) waits: bool,
    /// Whether a browser can be opened there; without one, a code for another device comes first
    pub(crate) browser: bool,
}

/// One workspace on this machine.
#[derive(Debug)]
pub(crate) struct Engine {
    store: Store,
    vault: Vault,
    http: Http,
    world: World,
    cipher: OnceCell<Cipher>,
    notes: Mutex<Vec<String>>,
}

/// One call on its way: for whom, and what the log will say of it.
#[derive(Debug)]
struct Scope<'a> {
    call: &'a Call,
    user: Option<User>,
    log_id: String,
    used: OnceCell<ConnectionId>,
    /// The user's UUID and the toolkit, where only the state of a login tells them
    found: OnceCell<(String, String)>,
}

impl Engine {
    /// Puts a workspace together from its parts.
    pub(crate) fn new(store: Store, vault: Vault, http: Http, world: World) -> Self {
        let notes = Mutex::new(Vec::new());
        Self { store, vault, http, world, cipher: OnceCell::new(), notes }
    }

    /// Returns the same workspace with its apps elsewhere.
    pub(crate) fn in_world(self, world: World) -> Self {
        Self { world, ..self }
    }

    /// Returns how users log in to a toolkit, if it is one.
    pub(crate) fn auth_type(&self, slug: &Slug) -> Option<AuthType> {
        self.toolkit(slug).ok().map(|known| known.manifest.auth.kind)
    }

    /// Returns the store, for those who look after it rather than act through it.
    pub(crate) fn store(&self) -> &Store {
        &self.store
    }

    /// Returns what people should be told beside the replies so far, and forgets it.
    pub(crate) fn take_notes(&self) -> Vec<String> {
        std::mem::take(&mut *self.notes.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Judges, performs and logs one action.
    pub(crate) async fn call(&self, call: &Call, mut action: Action) -> Result<Outcome<Value>> {
        let began = Millis::now();
        let user = match action.subject() {
            Some(subject) => Some(self.user(subject.get_or_insert_with(|| call.user.clone()))?),
            None => None,
        };
        if let Verdict::Refuse(error) = gate::decide(call.caller, user.as_ref(), &action) {
            return Err(error);
        }
        if let Some(user) = user.as_ref().filter(|_| reads_mirror(&action)) {
            self.refresh_mirror(user)?;
        }
        let scope = Scope {
            call,
            user,
            log_id: fresh().to_string(),
            used: OnceCell::new(),
            found: OnceCell::new(),
        };
        let (name, target) = (action.name(), target(&action));
        let result = self.perform(&scope, action).await;
        if route(name).reach != Reach::Read && worth_logging(name, &result) {
            let (found_user, found_toolkit) = scope.found.into_inner().unzip();
            let entry = Entry {
                id: scope.log_id,
                at: Millis::now(),
                actor: "human".to_owned(),
                user: scope.user.map(|user| user.id).or(found_user),
                action: name,
                target: target.or(found_toolkit),
                outcome: result.as_ref().map_or_else(|error| error.code.to_string(), outcome),
                took: i64::try_from(began.age(Millis::now()).as_millis()).unwrap_or(i64::MAX),
                used: scope.used.into_inner(),
            };
            if let Err(error) = self.store.log(&entry) {
                self.note(format!("The log could not be written: {error}."));
            }
        }
        result.map(Outcome::Done)
    }

    /// Runs the function of each action. The compiler holds each to its declared reply.
    async fn perform(&self, scope: &Scope<'_>, action: Action) -> Result<Value> {
        match action {
            Action::CreateUser(op) => answer(op, async |op| self.create_user(&op)).await,
            Action::ListUsers(op) => answer(op, async |_| self.list_users()).await,
            Action::GetUser(op) => answer(op, async |op| self.user(&op.user)).await,
            Action::UpdateUser(op) => answer(op, async |op| self.update_user(op)).await,
            Action::DeleteUser(op) => answer(op, async |op| self.delete_user(&op)).await,
            Action::ListToolkits(op) => answer(op, async |op| self.list_toolkits(&op)).await,
            Action::GetToolkit(op) => answer(op, async |op| self.get_toolkit(&op.toolkit)).await,
            Action::AddToolkit(op) => answer(op, async |op| self.add_toolkit(op)).await,
            Action::RemoveToolkit(op) => answer(op, async |op| self.remove_toolkit(&op)).await,
            Action::ConfigureToolkit(op) => answer(op, async |op| self.configure_toolkit(op)).await,
            Action::EnableToolkit(op) => {
                answer(op, async |op| self.switch_toolkit(&op.toolkit, true)).await
            }
            Action::DisableToolkit(op) => {
                answer(op, async |op| self.switch_toolkit(&op.toolkit, false)).await
            }
            Action::ListConnections(op) => {
                answer(op, async |op| self.list_connections(scope, &op)).await
            }
            Action::Connected(op) => answer(op, async |op| self.connected(scope, &op)).await,
            Action::Connect(op) => answer(op, async |op| self.connect(scope, &op).await).await,
            Action::Finish(op) => answer(op, async |op| self.finish(scope, op).await).await,
            Action::Poll(op) => answer(op, async |op| self.poll(scope, &op).await).await,
            Action::ExportConnection(op) => {
                answer(op, async |op| self.export_connection(scope, &op)).await
            }
            Action::ImportConnection(op) => {
                answer(op, async |op| self.import_connection(scope, &op)).await
            }
            Action::Credentials(op) => {
                answer(op, async |op| self.credentials(scope, op).await).await
            }
            Action::ListTools(op) => answer(op, async |op| self.list_tools(&op)).await,
            Action::Execute(op) => answer(op, async |op| self.execute(scope, &op).await).await,
            Action::GetConnection(op) => {
                answer(op, async |op| self.get_connection(scope, &op.connection)).await
            }
            Action::RefreshConnection(op) => {
                answer(op, async |op| self.refresh_connection(scope, &op).await).await
            }
            Action::DefaultAccount(op) => {
                answer(op, async |op| self.choose_default(scope, op)).await
            }
            Action::Disconnect(op) => {
                answer(op, async |op| self.disconnect(scope, &op).await).await
            }
        }
    }

    fn note(&self, note: String) {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner).push(note);
    }
}

impl Scope<'_> {
    /// Returns the user the call is for; `perform` only asks where the action has one.
    fn user(&self) -> Result<&User> {
        self.user.as_ref().ok_or_else(|| {
            Error::new(crate::api::error::Code::InternalError, "the action lost its user")
        })
    }
}

/// Runs one operation and gives its reply the form in which it is shown, stored and sent.
async fn answer<O: Operation>(
    op: O,
    run: impl AsyncFnOnce(O) -> Result<O::Reply>,
) -> Result<Value> {
    let reply = run(op).await?;
    written(&reply)
}

/// Returns what an action is about, as the log names it.
fn target(action: &Action) -> Option<String> {
    match action {
        Action::CreateUser(_)
        | Action::ListUsers(_)
        | Action::ListToolkits(_)
        | Action::ListConnections(_)
        | Action::Connected(_)
        | Action::Finish(_)
        | Action::ImportConnection(_) => None,
        Action::GetUser(op) => Some(op.user.to_string()),
        Action::UpdateUser(op) => Some(op.user.to_string()),
        Action::DeleteUser(op) => Some(op.user.to_string()),
        Action::AddToolkit(op) => {
            op.manifest.get("slug").and_then(Value::as_str).map(str::to_owned)
        }
        Action::GetToolkit(op) => Some(op.toolkit.to_string()),
        Action::RemoveToolkit(op) => Some(op.toolkit.to_string()),
        Action::ConfigureToolkit(op) => Some(op.toolkit.to_string()),
        Action::EnableToolkit(op) => Some(op.toolkit.to_string()),
        Action::DisableToolkit(op) => Some(op.toolkit.to_string()),
        Action::Connect(op) => Some(op.toolkit.to_string()),
        Action::Poll(op) => Some(op.connection.to_string()),
        Action::Credentials(op) => Some(op.connection.to_string()),
        Action::ExportConnection(op) => Some(op.connection.to_string()),
        Action::ListTools(op) => Some(op.toolkit.to_string()),
        Action::Execute(op) => Some(op.tool.to_string()),
        Action::GetConnection(op) => Some(op.connection.to_string()),
        Action::RefreshConnection(op) => Some(op.connection.to_string()),
        Action::DefaultAccount(op) => Some(op.toolkit.to_string()),
        Action::Disconnect(op) => Some(op.toolkit.to_string()),
    }
}

/// Tells whether an action answers from the mirror, or relies on it.
fn reads_mirror(action: &Action) -> bool {
    match action {
        Action::ListConnections(_)
        | Action::Connected(_)
        | Action::GetConnection(_)
        | Action::RefreshConnection(_)
        | Action::Execute(_) => true,
        Action::CreateUser(_)
        | Action::ListUsers(_)
        | Action::GetUser(_)
        | Action::UpdateUser(_)
        | Action::DeleteUser(_)
        | Action::ListToolkits(_)
        | Action::GetToolkit(_)
        | Action::AddToolkit(_)
        | Action::RemoveToolkit(_)
        | Action::ConfigureToolkit(_)
        | Action::EnableToolkit(_)
        | Action::DisableToolkit(_)
        | Action::Connect(_)
        | Action::Finish(_)
        | Action::Poll(_)
        | Action::Credentials(_)
        | Action::ExportConnection(_)
        | Action::ImportConnection(_)
        | Action::ListTools(_)
        | Action::DefaultAccount(_)
        | Action::Disconnect(_) => false,
    }
}

/// Tells whether the end of a call goes to the log: a callback with a state that is not ours would let
/// anyone who can reach the listener fill it, and so would questions whether a code was entered.
fn worth_logging(name: &str, result: &Result<Value>) -> bool {
    match result {
        Ok(reply) => name != "connections.poll" || reply["status"] != "INITIATED",
        Err(error) => error.reason.as_deref() != Some("state_unknown"),
    }
}

/// Returns the log's word for a reply: a tool call that the app refused was not `done`.
fn outcome(reply: &Value) -> String {
    let refused = reply.get("successful") == Some(&Value::Bool(false));
    let code = reply.get("code").and_then(Value::as_str).filter(|_| refused);
    code.unwrap_or("done").to_owned()
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
