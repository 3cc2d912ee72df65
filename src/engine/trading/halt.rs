//! Stopping every new order at once, and what is allowed and used otherwise.

use super::{Trade, limits, trade};
use crate::api::action::Action;
use crate::api::error::{Code, Error, Result};
use crate::api::time::Millis;
use crate::api::trading::limits::{
    EnvLimits, GetLimits, Halt, Halted, Halts, Resume, TradingLimits,
};
use crate::api::trading::words::BrokerEnv;
use crate::api::workspace::User;
use crate::engine::{Engine, Scope, user_flag};
use crate::store::HaltRow;

impl Engine {
    /// Stops the orders of a user, or of the whole workspace.
    pub(in crate::engine) fn halt(&self, scope: &Scope<'_>, op: Halt) -> Result<Halts> {
        let caller = &scope.call.caller;
        let user = op.user.as_ref().map(|user| self.user_for(caller, user)).transpose()?;
        let actor = caller.actor();
        self.store.halt(&HaltRow {
            user: user.map(|user| user.id),
            since: Millis::now(),
            by: actor.name.unwrap_or(actor.actor_id),
            reason: op.reason.map(|reason| reason.as_str().to_owned()),
        })?;
        self.halts()
    }

    /// Lets orders go out again.
    pub(in crate::engine) fn resume(&self, scope: &Scope<'_>, op: &Resume) -> Result<Halts> {
        let caller = &scope.call.caller;
        let user = op.user.as_ref().map(|user| self.user_for(caller, user)).transpose()?;
        if !self.store.resume(user.as_ref().map(|user| user.id.as_str()))? {
            let whose = user
                .as_ref()
                .map_or("the workspace".to_owned(), |user| format!("`{}`", user.handle()));
            return Err(Error::new(
                Code::InvalidInput,
                format!("the orders of {whose} are not stopped"),
            )
            .hint("run `naive trading limits` to see whose are")
            .reason("not_halted"));
        }
        self.halts()
    }

    /// Fails with the reason `trading_halted` if an action would place an order that is stopped.
    pub(in crate::engine) fn check_halt(&self, user: &User, action: &Action) -> Result<()> {
        let Some(Trade::Place(_)) = trade(action) else { return Ok(()) };
        match self.store.halted(&user.id)? {
            Some(halt) => Err(stopped(&halt, user)),
            None => Ok(()),
        }
    }

    fn halts(&self) -> Result<Halts> {
        let halts = self.store.halts()?.into_iter().map(|row| self.halted(row));
        Ok(Halts { halts: halts.collect::<Result<_>>()? })
    }

    /// Returns a halt as people read it.
    fn halted(&self, row: HaltRow) -> Result<Halted> {
        let user = row.user.as_deref().and_then(|id| id.parse().ok());
        let user = user.map(|user| self.store.user(&user)).transpose()?.flatten();
        let user = user.map(|user| user.handle().to_owned()).or(row.user);
        Ok(Halted { user, since: row.since, by: row.by, reason: row.reason })
    }

    pub(in crate::engine) fn get_limits(
        &self,
        scope: &Scope<'_>,
        op: &GetLimits,
    ) -> Result<TradingLimits> {
        let (user, now) = (scope.user()?, Millis::now());
        let kit = self.store.kit_of(user)?;
        let halted = self.store.halted(&user.id)?.map(|row| self.halted(row)).transpose()?;
        let envs = BrokerEnv::ALL.iter().filter(|env| op.env.is_none_or(|named| named == **env));
        let envs = envs.map(|env| {
            let config = kit.policy.trading_config.of(*env);
            let spent = self.store.spent((&user.id, *env), limits::since(now))?;
            Ok(EnvLimits {
                env: *env,
                orders: limits::orders_on(config, *env),
                limits: config.clone(),
                used: limits::used(&spent, now),
            })
        });
        let envs = envs.collect::<Result<_>>()?;
        Ok(TradingLimits { account_kit: kit.name, halted, envs })
    }
}

/// The error of an order while orders are stopped.
pub(super) fn stopped(halt: &HaltRow, user: &User) -> Error {
    let whose = match halt.user {
        Some(_) => format!("the orders of `{}` are stopped", user.handle()),
        None => "all orders are stopped".to_owned(),
    };
    let why = halt.reason.as_deref().map(|why| format!(": {why}")).unwrap_or_default();
    let text = format!("{whose} since {} UTC by `{}`{why}", halt.since.plain(), halt.by);
    let flag = if halt.user.is_some() { user_flag(user) } else { String::new() };
    Error::new(Code::Forbidden, text)
        .hint(format!("the operator runs `naive trading resume{flag}` to let them go out again"))
        .reason("trading_halted")
}
