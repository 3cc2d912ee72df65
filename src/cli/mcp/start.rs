//! `naive mcp start`: a session of an agent, over stdio.

use std::sync::Arc;

use clap::Args;
use rmcp::service::ServerInitializeError;
use rmcp::transport::async_rw::AsyncRwTransport;
use rmcp::transport::io::stdio_pipes;
use serde_json::Value;

use super::logins;
use crate::api::action::{Action, Outcome};
use crate::api::error::{Code, Error, Result};
use crate::api::ids::UserRef;
use crate::api::keys::{Identity, Role, WhoAmI};
use crate::api::workspace::User;
use crate::backend::Backend;
use crate::cli::App;
use crate::cli::loopback::Listener;
use crate::cli::output::note;
use crate::cli::signals::Signals;
use crate::engine::{Call, Caller, Engine, Holder, gate};
use crate::mcp::{Desk, Handler, Kept, Paced, Session};

/// Serve the tools to an MCP client over stdin and stdout, as an agent
///
/// Clients start it by themselves; `naive mcp install` tells them to. Without a key the session is an agent's all the
/// same: it never decides an approval, and changes no policy.
#[derive(Debug, Clone, Args)]
pub(crate) struct Start {
    /// Tenant user for whom the session acts, and for nobody else
    #[arg(long)]
    user: Option<UserRef>,
}

/// What is behind the tools of a session on this machine.
struct Terminal {
    backend: Arc<Backend>,
    /// UUID and name of the user that the session is for, where it is for one alone
    sealed: Option<(String, UserRef)>,
}

/// Serves a session until its client hangs up, or a signal comes.
pub(crate) async fn start(told: Start, app: App<'_>) -> Result<u8> {
    let sealed = match told.user {
        Some(name) => Some(app.user_named(name).await?),
        None => None,
    };
    let caller = caller(&app, sealed.as_ref()).await?;
    let user = if caller.seal().is_some() { UserRef::own() } else { app.user() };
    announce(&caller, sealed.as_ref())?;
    let sealed = match &sealed {
        Some(user) => Some((
            user.id.clone(),
            user.handle().parse().map_err(|error| Error::internal("a user has no name", error))?,
        )),
        None => None,
    };
    let desk = Terminal { backend: Arc::new(app.backend), sealed };
    let handler = Handler::new(desk, Some(Session { caller, user }), Kept::default());
    let (reader, writer) = stdio_pipes();
    let transport = Paced::new(AsyncRwTransport::new_server(reader, writer));
    let mut signals = Signals::listen()?;
    let serving = async {
        match rmcp::serve_server(handler, transport).await {
            Ok(running) => running
                .waiting()
                .await
                .map(drop)
                .map_err(|error| Error::internal("the session broke off", error)),
            // Whoever only looked whether the program starts.
            Err(ServerInitializeError::ConnectionClosed(_)) => Ok(()),
            Err(error) => Err(Error::new(Code::InvalidInput, "no MCP client is at the other end")
                .hint("let a client start this: run `naive mcp install`")
                .because(error)),
        }
    };
    tokio::select! {
        ended = serving => ended.map(|()| 0),
        signal = signals.next() => Err(signal),
    }
}

/// Returns who calls: the key's holder, or an agent without one; for one user alone where that was said.
async fn caller(app: &App<'_>, sealed: Option<&User>) -> Result<Caller> {
    let known = match &app.backend {
        Backend::Local(_) => app.caller.clone(),
        Backend::Remote(_) => holder(app.done(app.as_caller(), WhoAmI {}).await?),
    };
    let mut holder = match known {
        Caller::Key(holder) => holder,
        Caller::Human | Caller::System | Caller::Refused(_) => {
            Holder { id: "mcp".to_owned(), name: "MCP".to_owned(), role: Role::Agent, user: None }
        }
    };
    match (&holder.user, sealed) {
        (Some(seal), Some(user)) if *seal != user.id => return Err(gate::other_subject()),
        (_, Some(user)) => holder.user = Some(user.id.clone()),
        (_, None) => {}
    }
    Ok(Caller::Key(holder))
}

/// Returns who an API elsewhere says that the caller is.
fn holder(who: Identity) -> Caller {
    Caller::Key(Holder {
        id: who.agent_id,
        name: who.agent_name,
        role: who.role.unwrap_or(Role::Agent),
        user: who.tenant_user_id,
    })
}

/// Tells the person who reads the client's log what this session may do.
fn announce(caller: &Caller, sealed: Option<&User>) -> Result<()> {
    match (sealed, caller.seal()) {
        (Some(user), _) => note(&format!("This session acts for `{}` alone.", user.handle())),
        (None, Some(_)) => note("This session acts for the user of its key alone."),
        (None, None) => note(
            "This session acts for `default`, where nothing but live trading is held, and for whom its calls name. `--user` binds it to one user.",
        ),
    }
}

impl Desk for Terminal {
    async fn perform(&self, call: Call, mut action: Action) -> Result<Outcome<Value>> {
        let ended = match &*self.backend {
            Backend::Local(engine) => self.here(engine, call, action).await,
            Backend::Remote(remote) => {
                let user = self.for_whom(&call, &mut action)?;
                Box::pin(remote.call(&user, call.idempotency_key.as_ref(), action)).await
            }
        };
        for said in self.backend.take_notes() {
            note(&said)?;
        }
        ended
    }
}

impl Terminal {
    /// Performs an action on this machine; for a login that a browser ends, its callback is waited for.
    async fn here(
        &self,
        engine: &Engine,
        mut call: Call,
        action: Action,
    ) -> Result<Outcome<Value>> {
        let port = match &action {
            Action::Connect(_) => Some(None),
            Action::ConnectBroker(op) if op.api_key_id.is_none() => Some(engine.broker_port()?),
            _ => None,
        };
        let listener = match port {
            Some(port) => Some(Listener::open(port.as_slice())?),
            None => None,
        };
        call.redirect_uri = listener.as_ref().map(|listener| listener.redirect_uri().clone());
        let ended = Box::pin(engine.call(&call, action)).await;
        if let (Ok(Outcome::Done(reply)), Some(listener)) = (&ended, listener)
            && logins::goes_on(reply)
        {
            tokio::spawn(logins::wait(Arc::clone(&self.backend), listener));
        }
        if engine.has_news() {
            let backend = Arc::clone(&self.backend);
            tokio::spawn(async move {
                let Ok(engine) = backend.engine() else { return };
                for said in engine.announce().await {
                    // Nobody reads the client's log.
                    drop(note(&said));
                }
            });
        }
        ended
    }

    /// Returns for whom a call elsewhere is. An API there judges by its key, which may be for more users than this
    /// session.
    fn for_whom(&self, call: &Call, action: &mut Action) -> Result<UserRef> {
        let Some((id, handle)) = &self.sealed else { return Ok(call.user.clone()) };
        if let Some(Some(named)) = action.subject()
            && !named.is_default()
            && named != handle
            && named.as_str() != id
        {
            return Err(gate::other_subject());
        }
        if let Some(subject) = action.subject() {
            *subject = Some(handle.clone());
        }
        Ok(handle.clone())
    }
}
