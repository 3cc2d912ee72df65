//! Who performs the sensitive actions: the sandbox its own, everywhere else an endpoint that the operator
//! registers.
//!
//! Not here: asking one to perform something (`asking`).

mod asking;
mod input;

use std::time::Duration;

use serde_json::{Map, Value};

use crate::api::action::{Action, written};
use crate::api::approvals::Class;
use crate::api::error::{Code, Error, Result};
use crate::api::ids::quoted;
use crate::api::kits::{Kit, Primitive};
use crate::api::primitives::{
    ActionDetail, Actions, ConfigureAction, Executor, PERFORMED, input_schema,
};
use crate::api::time::{Millis, Span};
use crate::api::workspace::User;
use crate::catalog::search::{did_you_mean, nearest};
use crate::engine::{Engine, World};
use crate::http::{Request, Trust};
use input::input;

/// How long after a send the lookup of an endpoint is reliable, where the operator does not say.
const SETTLE: Duration = Duration::from_mins(1);
/// Methods by which an endpoint is asked to do something.
const METHODS: [&str; 3] = ["POST", "PUT", "PATCH"];
/// Headers that are ours to set.
const OURS: [&str; 9] = [
    "host",
    "content-type",
    "content-length",
    "transfer-encoding",
    "connection",
    "idempotency-key",
    "x-naive-action",
    "x-naive-user",
    "x-naive-external-user",
];

impl Engine {
    pub(in crate::engine) fn list_actions(&self) -> Result<Actions> {
        let mut executors = self.store.executors()?;
        let detail = |action| self.detail(action, executors.remove(action));
        Ok(Actions { actions: PERFORMED.into_iter().map(detail).collect() })
    }

    /// Registers or removes the endpoint of an action.
    ///
    /// Fails with `InvalidInput` in the sandbox, which performs everything itself.
    pub(in crate::engine) fn configure_action(&self, op: ConfigureAction) -> Result<ActionDetail> {
        let action = performed(&op.action)?;
        if let World::Sandbox(_) = self.world {
            let text = format!("the sandbox performs `{action}` itself");
            return Err(Error::new(Code::InvalidInput, text)
                .hint("use `--profile local`, where an endpoint of yours performs it"));
        }
        let owner = owner(action);
        if op.remove {
            self.store.remove_executor(action, &owner)?;
            return Ok(self.detail(action, None));
        }
        let executor = executor(&op)?;
        let now = Millis::now();
        if op.headers.0.is_empty() {
            self.store.put_executor(action, &executor, (&owner, None), now)?;
        } else {
            self.sealing(&owner, &op.headers, |bytes| {
                self.store.put_executor(action, &executor, (&owner, Some(bytes)), now)
            })?;
        }
        Ok(self.detail(action, Some(executor)))
    }

    fn detail(&self, action: &str, executor: Option<Executor>) -> ActionDetail {
        let input_schema = input_schema(action).unwrap_or_default();
        let title = input_schema["description"].as_str().unwrap_or_default().to_owned();
        let by = match (&self.world, &executor) {
            (World::Sandbox(_), _) => Some("sandbox"),
            (World::Real, Some(_)) => Some("endpoint"),
            (World::Real, None) => None,
        };
        let performed_by = by.map(str::to_owned);
        ActionDetail { action: action.to_owned(), title, performed_by, executor, input_schema }
    }

    /// Returns an action with the inputs that it leaves out as the user's kit has them.
    ///
    /// What an action has to say itself no kit fills in. Fails with `InvalidInput` where the kit's value is
    /// none that the action takes.
    pub(in crate::engine) fn completed(&self, action: Action, user: &User) -> Result<Action> {
        if !PERFORMED.contains(&action.name()) {
            return Ok(action);
        }
        with_defaults(action, &self.store.kit_of(user)?)
    }
}

fn with_defaults(action: Action, kit: &Kit) -> Result<Action> {
    let name = action.name();
    let defaults = Primitive::of(name).and_then(|primitive| kit.policy.defaults(primitive));
    let Some(defaults) = defaults.filter(|values| !values.is_empty()) else { return Ok(action) };
    let schema = input_schema(name).unwrap_or_default();
    let said = input(&action)?;
    let left_out =
        |field: &String| schema["properties"].get(field).is_some() && !said.contains_key(field);
    let added: Map<String, Value> = defaults
        .iter()
        .filter(|(field, _)| left_out(field))
        .map(|(field, value)| (field.clone(), value.clone()))
        .collect();
    if added.is_empty() {
        return Ok(action);
    }
    let fields: Vec<_> = added.keys().map(|field| format!("`{field}`")).collect();
    let mut whole = written(&action)?;
    if let Some(payload) = whole["payload"].as_object_mut() {
        payload.extend(added);
    }
    serde_json::from_value(whole).map_err(|error| {
        let text = format!(
            "account kit `{}` gives {} a value that `{name}` does not take: {error}",
            kit.name,
            fields.join(", ")
        );
        Error::new(Code::InvalidInput, text)
            .hint(format!("run `naive account-kits get {}` to see it", quoted(&kit.name)))
            .reason("kit_default_invalid")
    })
}

/// Returns the name of an action that an executor performs; `NotFound` says which were perhaps meant.
pub(crate) fn performed(action: &str) -> Result<&'static str> {
    PERFORMED.into_iter().find(|known| *known == action).ok_or_else(|| {
        let near = nearest(action, PERFORMED);
        let otherwise = "run `naive actions list` to see which there are";
        Error::new(Code::NotFound, format!("no executor performs an action `{action}`"))
            .hint(did_you_mean(&near, otherwise))
            .reason("action_unknown")
    })
}

/// Returns the owner under which the headers of an action's endpoint are sealed.
pub(super) fn owner(action: &str) -> String {
    format!("executor:{action}")
}

/// Returns the endpoint that an operator describes.
///
/// Fails with `InvalidInput` where it could not be called as it is described.
fn executor(op: &ConfigureAction) -> Result<Executor> {
    let wrong = |text: &str, hint: &str| Err(Error::new(Code::InvalidInput, text).hint(hint));
    let Some(url) = op.url.clone() else {
        return wrong("it is not said which endpoint performs it", "give `--url`, or `--remove`");
    };
    let method = op.method.as_deref().unwrap_or("POST").to_ascii_uppercase();
    if !METHODS.contains(&method.as_str()) {
        return wrong("an endpoint is not called by that method", "use POST, PUT or PATCH");
    }
    let mut request = Request::new(&method, url.clone(), Trust::Operator)?;
    for (name, value) in &op.headers.0 {
        if OURS.contains(&name.to_ascii_lowercase().as_str()) {
            let text = format!("the header `{name}` is set by each call itself");
            return wrong(&text, "leave it out");
        }
        request = request.hidden_header(name, value)?;
    }
    match (&op.lookup, op.replay) {
        (Some(lookup), Class::A | Class::B) => check_lookup(lookup)?,
        (Some(_), Class::C) => {
            return wrong(
                "an endpoint that can be asked with `--lookup` is not of class C",
                "add `--replay B`, or `--replay A` if it honours `Idempotency-Key`",
            );
        }
        (None, Class::B) => {
            return wrong("class B needs an address to ask at", "add `--lookup URL` with `{key}`");
        }
        (None, Class::A | Class::C) if op.settle.is_some() || op.reads_own_writes => {
            return wrong(
                "`--settle` and `--reads-own-writes` say how a lookup behaves, and there is none",
                "add `--lookup URL`, or leave them out",
            );
        }
        (None, Class::A | Class::C) => {}
    }
    let settle = op.settle.as_ref().map_or(SETTLE, Span::length);
    Ok(Executor {
        url,
        method,
        replay: op.replay,
        lookup: op.lookup.clone(),
        settle_ms: u64::try_from(settle.as_millis()).unwrap_or(u64::MAX),
        reads_own_writes: op.reads_own_writes,
        headers: op.headers.0.keys().cloned().collect(),
    })
}

/// Fails with `InvalidInput` if an address cannot be asked about a key, or leads elsewhere for another one.
fn check_lookup(lookup: &str) -> Result<()> {
    let wrong = |text: &str| {
        Err(Error::new(Code::InvalidInput, text)
            .hint("write it as `https://example.com/status/{key}`"))
    };
    if !lookup.contains("{key}") {
        return wrong("the address of `--lookup` has no `{key}`");
    }
    let [Ok(one), Ok(other)] =
        ["1", "2"].map(|key| lookup.replace("{key}", key).parse::<url::Url>())
    else {
        return wrong("the address of `--lookup` is none");
    };
    if one.origin() != other.origin() {
        return wrong("the host of `--lookup` holds `{key}`");
    }
    Request::new("GET", one, Trust::Operator).map(drop)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn completed(defaults: Value, input: Value) -> Result<Action> {
        let kit = json!({
            "id": "k", "name": "Ops", "description": null, "is_default": false,
            "created_at": "2026-11-20T10:20:00.000Z", "updated_at": "2026-11-20T10:20:00.000Z",
            "primitives_config": { "cards": { "defaults": defaults } },
        });
        let action = json!({ "action_type": "cards.create", "payload": input });
        let kit: Kit = serde_json::from_value(kit).unwrap();
        with_defaults(serde_json::from_value(action).unwrap(), &kit)
    }

    #[test]
    fn a_kit_fills_in_what_a_call_leaves_out() {
        let defaults = json!({ "currency": "eur", "spendingLimitCents": 100, "amountCents": 5 });

        let action = completed(defaults, json!({ "user": "al", "name": "A", "currency": "usd" }));

        let whole = written(&action.unwrap()).unwrap();
        let expected = json!({
            "user": "al", "name": "A", "spendingLimitCents": 100, "currency": "usd",
        });
        assert_eq!(whole["payload"], expected);
    }

    #[test]
    fn a_kit_that_gives_what_no_action_takes_is_named() {
        let error = completed(json!({ "currency": 5 }), json!({ "name": "A" })).unwrap_err();

        assert_eq!(error.reason.as_deref(), Some("kit_default_invalid"));
        assert!(error.message.contains("`Ops`") && error.message.contains("`currency`"), "{error}");
    }
}
