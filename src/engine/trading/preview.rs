//! What would become of an order: what is sent, what it costs, and what the broker and the kit say to it.

use serde_json::{Map, Value, json};

use super::prepare::{Prepared, session};
use crate::api::action::written;
use crate::api::error::Result;
use crate::api::trading::account::Object;
use crate::api::trading::order::CreateOrder;
use crate::api::trading::words::AssetClass;
use crate::broker::{calendar, rules};
use crate::engine::gate::Verdict;
use crate::engine::{Engine, Scope};

impl Engine {
    /// Shows an order that is not placed: `{ preview: true, would_be_sent, would_be_held, order, market, refusals,
    /// limits, next_session? }`.
    pub(super) fn preview(
        &self,
        scope: &Scope<'_>,
        prepared: &Prepared,
        op: &CreateOrder,
    ) -> Result<Object> {
        let user = scope.user()?;
        let meant = CreateOrder { dry_run: false, ..op.clone() };
        let verdict = self.judge(scope.call, Some(user), &meant.into())?.verdict;
        let now = prepared.now();
        let refusals = rules::checks(&prepared.ticket, &prepared.facts);
        let refusals: Vec<_> = refusals
            .iter()
            .map(|refusal| {
                let mut said = refusal.body();
                said["status"] = json!(refusal.status);
                said
            })
            .collect();
        let limits = match self.within_limits(prepared, user) {
            Ok(()) => Value::Null,
            Err(error) => json!({ "message": error.message, "reason": error.reason }),
        };
        let mut shown = Map::new();
        shown.insert("preview".to_owned(), json!(true));
        let fits = refusals.is_empty() && limits.is_null();
        let goes = matches!(verdict, Verdict::Perform);
        shown.insert("would_be_sent".to_owned(), json!(fits && goes));
        shown.insert("would_be_held".to_owned(), json!(fits && matches!(verdict, Verdict::Hold)));
        shown.insert("order".to_owned(), prepared.ticket.body());
        shown.insert("market".to_owned(), written(&prepared.view())?);
        shown.insert("refusals".to_owned(), json!(refusals));
        shown.insert("limits".to_owned(), limits);
        let class = prepared.ticket.class;
        if class != AssetClass::Crypto && session(class, now) != "regular" {
            let next = calendar::current_or_next(now);
            shown.insert("next_session".to_owned(), json!(calendar::stamp(next.open)));
        }
        Ok(shown)
    }
}
