//! The log: what goes there, asking it, and checking that nobody changed it.

use serde_json::Value;

use super::keys::KEY;
use super::limits::page_size;
use super::sessions::SESSION;
use super::{Engine, Scope, gate};
use crate::api::action::Action;
use crate::api::error::{Code, Error, Result};
use crate::api::ids::ConnectionRef;
use crate::api::kits::{DeleteKit, GetKit, UpdateKit};
use crate::api::log::{LogPage, LogVerified, QueryLog};
use crate::api::time::Millis;
use crate::api::trading::words::BrokerEnv;
use crate::store::{Entry, Wanted};

/// How many entries are answered where nobody says.
const USUAL: u32 = 50;

impl Engine {
    pub(super) fn query_log(&self, scope: &Scope<'_>, op: &QueryLog) -> Result<LogPage> {
        let caller = &scope.call.caller;
        let named = op.user.as_ref().map(|user| self.user_for(caller, user)).transpose()?;
        let events = self.store.events(&Wanted {
            user: caller.seal().or(named.as_ref().map(|user| user.id.as_str())),
            action: op.action.as_deref(),
            after: op.after,
            after_seq: op.after_seq,
            before_seq: op.before_seq,
            limit: page_size(op.limit, USUAL),
        })?;
        Ok(LogPage { events })
    }

    /// Checks the log, and the frozen actions that it tells of.
    ///
    /// Fails with `Forbidden` for a key that is sealed to a user: the log is everybody's.
    pub(super) fn verify_log(&self, scope: &Scope<'_>) -> Result<LogVerified> {
        if scope.call.caller.seal().is_some() {
            let text = "a key that is sealed to a user does not check the log of all";
            return Err(Error::new(Code::Forbidden, text)
                .hint("ask the operator to run `naive logs verify`")
                .reason("key_subject_mismatch"));
        }
        let mut verified = self.store.check_log()?;
        verified.faults.extend(self.altered_approvals()?);
        verified.intact = verified.faults.is_empty();
        Ok(verified)
    }

    /// Logs the end of a call that has changed something, or was to.
    pub(super) fn log_end(&self, scope: &Scope<'_>, subject: Subject, result: &Result<Value>) {
        if !worth_logging(&subject, result) {
            return;
        }
        let ended = result.as_ref().map_or_else(|error| error.code.to_string(), outcome);
        self.write_entry(scope, subject, ended);
    }

    /// Logs what the gate has refused, unless nobody knows who asked: anyone could fill the log.
    pub(super) fn log_refusal(&self, scope: &Scope<'_>, action: &Action, error: &Error) {
        if error.code != Code::Unauthorized {
            self.write_entry(scope, Subject::of(action), error.code.to_string());
        }
    }

    fn write_entry(&self, scope: &Scope<'_>, subject: Subject, outcome: String) {
        let (found_user, found_toolkit) = scope.found.get().cloned().unzip();
        let found = found_toolkit.map(|toolkit| ("toolkit", toolkit));
        let (entity_type, target) = subject.target.or(found).unzip();
        let took = scope.began.age(Millis::now()).as_millis();
        let entry = Entry {
            id: scope.log_id(),
            at: Millis::now(),
            actor: scope.call.caller.actor(),
            user: scope.user.as_ref().map(|user| user.id.clone()).or(found_user),
            action: subject.action,
            entity_type,
            target,
            outcome,
            took: i64::try_from(took).unwrap_or(i64::MAX),
            approval_id: None,
            used: scope.used.get().cloned(),
        };
        if let Err(error) = self.store.log(&entry) {
            self.warn(format!("The log could not be written: {error}."));
        }
    }
}

/// What the log says of an action, whatever becomes of it.
#[derive(Debug)]
pub(super) struct Subject {
    action: &'static str,
    target: Option<(&'static str, String)>,
    /// Whether it decides an approval: every step of that the store has logged by the time it ends well
    decides: bool,
}

impl Subject {
    /// Returns what the log says of an action.
    pub(super) fn of(action: &Action) -> Self {
        Self { action: action.name(), target: target(action), decides: gate::decides(action) }
    }
}

/// Tells whether the end of a call goes to the log: a callback with a state that is not ours would let
/// anyone who can reach the listener fill it, and so would questions whether a code was entered.
fn worth_logging(subject: &Subject, result: &Result<Value>) -> bool {
    match result {
        // Decisions are logged where they are made, in one transaction with what they decide.
        Ok(_) if subject.decides => false,
        Ok(reply) => subject.action != "connections.poll" || reply["status"] != "INITIATED",
        Err(error) => error.reason.as_deref() != Some("state_unknown"),
    }
}

/// Returns the log's word for a reply: a tool call that the app refused was not `done`.
pub(super) fn outcome(reply: &Value) -> String {
    let refused = reply.get("successful") == Some(&Value::Bool(false));
    let code = reply.get("code").and_then(Value::as_str).filter(|_| refused);
    code.unwrap_or("done").to_owned()
}

/// Returns what an action is about, as the log names it: what kind of thing, and which.
#[expect(
    clippy::too_many_lines,
    reason = "every action is named, so that a new one breaks the build here"
)]
fn target(action: &Action) -> Option<(&'static str, String)> {
    Some(match action {
        Action::RevokeKey(op) if op.key.starts_with(KEY) => ("key", op.key.clone()),
        Action::RevokeSession(op) if op.session.starts_with(SESSION) => {
            ("session", op.session.clone())
        }
        // Somebody may have given the key itself.
        Action::RevokeKey(_)
        | Action::RevokeSession(_)
        | Action::CreateUser(_)
        | Action::ListUsers(_)
        | Action::ListToolkits(_)
        | Action::ListConnections(_)
        | Action::Connected(_)
        | Action::Finish(_)
        | Action::ImportConnection(_)
        | Action::GetWorkspace(_)
        | Action::WhoAmI(_)
        | Action::UpdateWorkspace(_)
        | Action::ListKeys(_)
        | Action::CreateSession(_)
        | Action::ListSessions(_)
        | Action::CreateWebhook(_)
        | Action::ListWebhooks(_)
        | Action::ListEventTypes(_)
        | Action::ListKits(_)
        | Action::ListActions(_)
        | Action::SearchTools(_)
        | Action::CreateCard(_)
        | Action::CreateCardholder(_)
        | Action::StartVerification(_)
        | Action::CreateFormation(_)
        | Action::ConfigureBroker(_)
        | Action::ListBrokers(_)
        | Action::GetAccount(_)
        | Action::GetHistory(_)
        | Action::ListAssets(_)
        | Action::ListPositions(_)
        | Action::ListOrders(_)
        | Action::GetQuotes(_)
        | Action::GetLimits(_)
        | Action::ReconcileOrders(_)
        | Action::ListApprovals(_)
        | Action::RequestApproval(_)
        | Action::QueryLog(_)
        | Action::VerifyLog(_) => return None,
        Action::GetUser(op) => ("user", op.user.to_string()),
        Action::UpdateUser(op) => ("user", op.user.to_string()),
        Action::DeleteUser(op) => ("user", op.user.to_string()),
        Action::AddToolkit(op) => ("toolkit", op.slug()?),
        Action::GetToolkit(op) => ("toolkit", op.toolkit.to_string()),
        Action::RemoveToolkit(op) => ("toolkit", op.toolkit.to_string()),
        Action::ConfigureToolkit(op) => ("toolkit", op.toolkit.to_string()),
        Action::RefreshToolkit(op) => ("toolkit", op.toolkit.to_string()),
        Action::EnableToolkit(op) => ("toolkit", op.toolkit.to_string()),
        Action::DisableToolkit(op) => ("toolkit", op.toolkit.to_string()),
        Action::Connect(op) => ("toolkit", op.toolkit.to_string()),
        Action::Poll(op) => connection(&op.connection),
        Action::Credentials(op) => connection(&op.connection),
        Action::ExportConnection(op) => connection(&op.connection),
        Action::ListTools(op) => ("toolkit", op.toolkit.to_string()),
        Action::GetTool(op) => ("tool", op.tool.to_string()),
        Action::Execute(op) => ("tool", op.tool.to_string()),
        Action::Proxy(op) => ("request", op.line()),
        Action::GetConnection(op) => connection(&op.connection),
        Action::RefreshConnection(op) => connection(&op.connection),
        Action::DefaultAccount(op) => ("toolkit", op.toolkit.to_string()),
        Action::Disconnect(op) => ("toolkit", op.toolkit.to_string()),
        Action::AssignKit(op) => ("user", op.user.to_string()),
        Action::CreateKit(op) => ("account_kit", op.name.to_string()),
        Action::CreateKey(op) => ("key", op.name.to_string()),
        Action::TestWebhook(op) => ("webhook", op.webhook.to_string()),
        Action::DeleteWebhook(op) => ("webhook", op.webhook.to_string()),
        Action::ConfigureAction(op) => ("action", op.action.clone()),
        Action::PurchaseDomain(op) => ("domain", op.domain.clone()),
        Action::TopUpCard(op) => ("card", op.card_id.clone()),
        Action::SubmitFormation(op) => ("formation", op.formation_id.clone()),
        Action::ConnectBroker(op) => ("env", op.env.unwrap_or(BrokerEnv::Paper).to_string()),
        Action::DisconnectBroker(op) => ("env", op.env.to_string()),
        Action::GetPosition(op) => ("symbol", op.symbol.to_string()),
        Action::CreateOrder(op) => ("symbol", op.symbol.to_string()),
        Action::ClosePosition(op) => ("symbol", op.symbol.to_string()),
        Action::GetOrder(op) => ("order", op.order.clone()),
        Action::CancelOrder(op) => ("order", op.order.clone()),
        Action::Halt(op) => ("user", op.user.as_ref()?.to_string()),
        Action::Resume(op) => ("user", op.user.as_ref()?.to_string()),
        Action::Explain(op) => ("action", op.action.clone()),
        Action::GetKit(GetKit { kit })
        | Action::UpdateKit(UpdateKit { kit, .. })
        | Action::DeleteKit(DeleteKit { kit }) => ("account_kit", kit.clone()),
        Action::GetApproval(_)
        | Action::Approve(_)
        | Action::Deny(_)
        | Action::Cancel(_)
        | Action::ResolveApproval(_)
        | Action::Reconcile(_) => ("approval", action.approval()?.to_string()),
    })
}

/// Returns a connection as the log names it, or its app where that is how it is meant.
fn connection(named: &ConnectionRef) -> (&'static str, String) {
    let name = named.to_string();
    (if name.starts_with("ca_") { "connection" } else { "toolkit" }, name)
}
