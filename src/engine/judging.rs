//! What the gate is told: everything that its answer follows from, brought together from the store.

use super::explain::{Asked, remedy};
use super::gate::{self, About, Judgement, Question, Rule, Verdict};
use super::{Call, Engine};
use crate::api::action::Action;
use crate::api::approvals::Approval;
use crate::api::error::Result;
use crate::api::ids::{Slug, ToolSlug};
use crate::api::toolkits::Effect;
use crate::api::tools::Execute;
use crate::api::trading::words::BrokerEnv;
use crate::api::workspace::User;
use crate::engine::trading::{Trade, trade};

impl Engine {
    /// Asks the gate, with everything that its answer follows from.
    pub(super) fn judge(
        &self,
        call: &Call,
        user: Option<&User>,
        action: &Action,
    ) -> Result<Judgement> {
        let acts = gate::acts(action);
        let kit = user.filter(|_| acts).map(|user| self.store.kit_of(user)).transpose()?;
        let (named, tool) = gate::target(action);
        let found = user.map(|user| self.app_of_connection(user, action)).transpose()?.flatten();
        let toolkit = named.or(found.as_ref());
        let effect = toolkit.zip(tool).and_then(|(app, tool)| self.effect(app, tool));
        let unasked = self.is_unasked(user, action)?;
        let live = trade(action).and_then(Trade::env) == Some(BrokerEnv::Live);
        let about = About { toolkit, tool, effect, unasked, live };
        // Whoever only looks is asked nothing of the workspace: a read costs one query less.
        let workspace = (!gate::looks(action)).then(|| self.store.workspace()).transpose()?;
        let mut judged = gate::decide(&Question {
            caller: &call.caller,
            subject: user,
            kit: kit.as_ref(),
            workspace: workspace.as_ref(),
            action,
            about,
            requester: self.requester(action)?.as_ref(),
        });
        if let Verdict::Refuse(error) = &mut judged.verdict
            && matches!(
                judged.rule,
                Rule::PrimitiveDisabled | Rule::ToolkitNotAllowed | Rule::ToolNotAllowed
            )
            && let Some(command) =
                remedy(judged.rule, &Asked { action, user, kit: kit.as_ref(), about })
        {
            error.hint = Some(format!("run `{command}` to change it"));
        }
        Ok(judged)
    }

    /// Returns what the tool does that a frozen action would run, where it is one that runs a tool.
    pub(crate) fn effect_of(&self, one: &Approval) -> Option<Effect> {
        if one.action_type != "connections.execute" {
            return None;
        }
        let op: Execute = serde_json::from_value(one.payload.clone()).ok()?;
        self.effect(&op.toolkit, &op.tool)
    }

    /// Returns what a tool does, where it is known: of several ways, what it does by the one by which it does most.
    fn effect(&self, toolkit: &Slug, tool: &ToolSlug) -> Option<Effect> {
        let row = self.store.toolkit(toolkit).ok()?.unwrap_or_default();
        let ways = self.ways(toolkit, row).ok()?;
        let found = ways.iter().filter_map(|way| way.find(tool).ok().flatten());
        found.map(|tool| tool.effect).max()
    }

    /// Tells whether credentials are entered for a connection that no login was begun for, or a brokerage account
    /// is linked in the place of another.
    fn is_unasked(&self, user: Option<&User>, action: &Action) -> Result<bool> {
        let Some(user) = user else { return Ok(false) };
        if let Action::ConnectBroker(op) = action {
            return self.replaces_link(user, op);
        }
        let Action::Credentials(op) = action else { return Ok(false) };
        // Whoever enters them is told what is wrong with the name.
        let Ok(connection) = self.connection_of(user, &op.connection) else { return Ok(false) };
        Ok(!self.store.awaits_login(&connection.id)?)
    }

    /// Returns the app of the user's connection that an action would go on with, if it names one.
    fn app_of_connection(&self, user: &User, action: &Action) -> Result<Option<Slug>> {
        let Some(named) = gate::goes_on_with(action) else { return Ok(None) };
        if let Ok(toolkit) = named.as_str().parse() {
            return Ok(Some(toolkit));
        }
        let Ok(id) = named.as_str().parse() else { return Ok(None) };
        let found = self.store.connection(&id)?.filter(|(owner, _)| *owner == user.id);
        Ok(found.map(|(_, connection)| connection.toolkit))
    }
}
