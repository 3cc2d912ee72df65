//! Freezing an action until a person decides.

use std::time::Duration;

use super::frozen::{FORM, Frozen};
use crate::api::action::Action;
use crate::api::approvals::{Account, PendingApproval};
use crate::api::error::Result;
use crate::api::ids::{ApprovalId, IdempotencyKey, UserRef};
use crate::api::time::{Millis, Span};
use crate::api::trading::order::MarketView;
use crate::api::trading::words::OrderType;
use crate::api::workspace::User;
use crate::engine::title::title;
use crate::engine::trading::{Trade, trade};
use crate::engine::{Engine, Scope};
use crate::store::NewApproval;

/// How long an approval waits where no kit says otherwise.
const PATIENCE: Duration = Duration::from_hours(72);
/// How long an action may be sent once it is approved.
const EXECUTE_WITHIN: Duration = Duration::from_hours(24);
/// The same of an action that trades: the market does not wait.
const TRADE_WITHIN: Duration = Duration::from_mins(10);
/// How long an order at the market waits at most, whatever a kit says.
const MARKET_PATIENCE: Duration = Duration::from_mins(15);

impl Engine {
    /// Freezes an action until a person decides, once all has been checked that can be without doing it.
    pub(in crate::engine) fn hold(
        &self,
        scope: &Scope<'_>,
        action: Action,
        market: Option<MarketView>,
    ) -> Result<PendingApproval> {
        let user = scope.user()?;
        let ready = self.ready(user, &action)?;
        let kit = self.store.kit_of(user)?;
        let now = Millis::now();
        let (id, key) = (ApprovalId::fresh(), scope.upstream_key());
        let title = title(&action, user);
        let action = pinned(action, user, ready.account.as_ref())?;
        let patience = asked_for(&action).or(kit.policy.approval_ttl).map(|span| span.length());
        let patience = patience.unwrap_or(PATIENCE).min(most(&action, market.as_ref()));
        let within = u64::try_from(execute_within(&action).as_millis()).unwrap_or(u64::MAX);
        let frozen = Frozen {
            v: FORM,
            store_id: self.store.id()?,
            approval_id: id.clone(),
            seq: 0,
            action_type: action_type(&action),
            user: user.id.clone(),
            kit_id: kit.id,
            environment: self.environment().to_owned(),
            title,
            definition: self.definition(&action)?,
            action,
            idempotency_key: key,
            class: ready.class,
            created_at: now,
            expires_at: now.after(patience),
            execute_within: within,
            requested_by: scope.call.caller.actor(),
            account: ready.account,
            market,
        };
        let row = NewApproval {
            id: &id,
            user_id: &frozen.user,
            kit_id: &frozen.kit_id,
            action_type: &frozen.action_type,
            class: frozen.class,
            idem_key: &frozen.idempotency_key,
            key: scope.call.idempotency_key.as_ref().map(IdempotencyKey::as_str),
            requester: &frozen.requested_by,
            created_at: frozen.created_at,
            expires_at: frozen.expires_at,
        };
        let ready = frozen.unnumbered()?;
        let row =
            self.with_cipher(|cipher| self.store.freeze(&row, |seq| ready.sealed(cipher, seq)))?;
        Ok(PendingApproval::of(row.id, row.action_type, frozen.title, row.expires_at))
    }
}

/// Returns how long whoever asks wants it to wait.
fn asked_for(action: &Action) -> Option<Span> {
    if let Action::RequestApproval(op) = action { op.ttl.clone() } else { None }
}

/// Returns how long an action waits at most: what is done at the market is decided soon.
fn most(action: &Action, market: Option<&MarketView>) -> Duration {
    let collar = market.is_some_and(|market| market.collar);
    let at_market = match trade(action) {
        Some(Trade::Place(op)) => {
            collar || op.order_type.unwrap_or(OrderType::Market) == OrderType::Market
        }
        Some(Trade::Close(_)) => true,
        Some(Trade::Cancel(_)) | None => false,
    };
    if at_market { MARKET_PATIENCE } else { Duration::MAX }
}

/// Returns how long an action may be sent once it is approved.
fn execute_within(action: &Action) -> Duration {
    if trade(action).is_some() { TRADE_WITHIN } else { EXECUTE_WITHIN }
}

/// Returns the action's name to people.
fn action_type(action: &Action) -> String {
    if let Action::RequestApproval(op) = action {
        return op.action_type();
    }
    action.name().to_owned()
}

/// Returns the action with the user and the account in it that are meant now, whatever their names come
/// to mean later.
fn pinned(mut action: Action, user: &User, account: Option<&Account>) -> Result<Action> {
    if let Some(subject) = action.subject() {
        let id: UserRef = user
            .id
            .parse()
            .map_err(|error| crate::api::error::Error::internal("a user's id is none", error))?;
        *subject = Some(id);
    }
    if let (Action::Execute(op), Some(account)) = (&mut action, account) {
        op.account = Some(account.connection.as_str().to_owned());
    }
    Ok(action)
}
