//! What can be done with an object of any kind: made, changed, found, listed, deleted.
//!
//! What is special about a kind follows in `finish`; money in `payments`.

use std::ops::ControlFlow;

use rusqlite::Connection;
use serde_json::{Map, Value, json};

use super::form;
use super::kinds::{Field, Kind};
use super::refusal::Refusal;
use crate::sandbox::store::hex;
use crate::sandbox::store::objects::{self, Shelf};

/// One account at one moment.
pub(super) struct Desk<'a> {
    /// The database, within a transaction if something may be changed.
    pub(super) db: &'a Connection,
    /// The account of the API key.
    pub(super) account: &'a str,
    /// Unix seconds.
    pub(super) now: i64,
}

impl Desk<'_> {
    fn shelf<'a>(&'a self, kind: &'a str) -> Shelf<'a> {
        Shelf { app: "stripe", owner: self.account, kind }
    }

    /// Returns the account itself.
    pub(super) fn account(&self) -> Value {
        json!({
            "id": self.account,
            "object": "account",
            "business_profile": { "name": "naive sandbox", "url": null },
            "business_type": "company",
            "capabilities": { "card_payments": "active", "transfers": "active" },
            "charges_enabled": true,
            "country": "US",
            "default_currency": "usd",
            "details_submitted": true,
            "email": "you@sandbox.example",
            "metadata": {},
            "payouts_enabled": true,
            "settings": { "dashboard": { "display_name": "naive sandbox", "timezone": "Etc/UTC" } },
            "type": "standard",
        })
    }

    /// Returns an object that must be there and not deleted.
    pub(super) fn find(&self, object: &str, id: &str) -> Result<Map<String, Value>, Refusal> {
        match objects::find(self.db, self.shelf(object), id)? {
            Some(Value::Object(found)) if !found.contains_key("deleted") => Ok(found),
            _ => Err(Refusal::no_such(object, id)),
        }
    }

    /// Keeps a new object under a new id.
    pub(super) fn keep(
        &self,
        kind: &Kind,
        mut object: Map<String, Value>,
    ) -> Result<Value, Refusal> {
        let id = format!("{}{}", kind.prefix, hex(if kind.prefix.len() > 3 { 22 } else { 14 }));
        object.insert("id".into(), id.as_str().into());
        object.insert("created".into(), self.now.into());
        super::finish::new(self, kind, &mut object);
        let object = Value::Object(object);
        objects::insert(self.db, self.shelf(kind.object), &id, &object)?;
        Ok(object)
    }

    /// Replaces an object.
    pub(super) fn replace(&self, object: Map<String, Value>) -> Result<Value, Refusal> {
        let object = Value::Object(object);
        let text = |name: &str| object[name].as_str().unwrap_or_default();
        objects::replace(self.db, self.shelf(text("object")), text("id"), &object)?;
        Ok(object)
    }

    /// Makes an object from parameters.
    pub(super) fn create(
        &self,
        kind: &Kind,
        params: &Map<String, Value>,
    ) -> Result<Value, Refusal> {
        for name in kind.required {
            match params.get(*name) {
                None => return Err(Refusal::missing(name)),
                Some(Value::String(text)) if text.is_empty() => return Err(emptied(name)),
                Some(_) => {}
            }
        }
        let mut object = kind.blank();
        self.fill(kind, &mut object, params)?;
        super::finish::check(self, kind, &mut object, params)?;
        self.keep(kind, object)
    }

    /// Changes what the parameters name.
    pub(super) fn update(
        &self,
        kind: &Kind,
        id: &str,
        params: &Map<String, Value>,
    ) -> Result<Value, Refusal> {
        let mut object = self.find(kind.object, id)?;
        if let Some(name) = kind.required.iter().find(|name| params.get(**name) == Some(&"".into()))
        {
            return Err(emptied(name));
        }
        self.fill(kind, &mut object, params)?;
        if object.contains_key("updated") {
            object.insert("updated".into(), self.now.into());
        }
        self.replace(object)
    }

    /// Returns an object; of a deleted one, what is left.
    pub(super) fn get(&self, kind: &Kind, id: &str) -> Result<Value, Refusal> {
        let found = objects::find(self.db, self.shelf(kind.object), id)?;
        found.ok_or_else(|| Refusal::no_such(kind.object, id))
    }

    /// Deletes an object; its id remains known.
    pub(super) fn delete(&self, kind: &Kind, id: &str) -> Result<Value, Refusal> {
        self.find(kind.object, id)?;
        let rest = json!({ "id": id, "object": kind.object, "deleted": true });
        objects::replace(self.db, self.shelf(kind.object), id, &rest)?;
        Ok(rest)
    }

    /// Returns a page, newest first.
    pub(super) fn list(&self, kind: &Kind, params: &Map<String, Value>) -> Result<Value, Refusal> {
        let mut wanted: Vec<(&str, &str)> = Vec::new();
        let (mut limit, mut after) = (10, "");
        for (name, value) in params {
            let text = value.as_str().unwrap_or_default();
            match name.as_str() {
                "limit" => limit = page_size(text)?,
                "starting_after" => after = text,
                "expand" => {}
                name if kind.filters.contains(&name) => wanted.push((name, text)),
                name => return Err(unknown(name)),
            }
        }
        if !after.is_empty() && objects::find(self.db, self.shelf(kind.object), after)?.is_none() {
            let missing = Refusal::invalid(format!("No such {}: '{after}'", kind.object));
            return Err(missing.code("resource_missing").param("starting_after"));
        }
        let fits = |object: &Value| {
            object.get("deleted").is_none()
                && wanted.iter().all(|(name, text)| spelled(&object[*name]) == *text)
        };
        let (mut data, mut more) = (Vec::new(), false);
        objects::newest(self.db, self.shelf(kind.object), after, |object| {
            if !fits(&object) {
                return ControlFlow::Continue(());
            }
            more = data.len() == limit;
            if more {
                return ControlFlow::Break(());
            }
            data.push(object);
            ControlFlow::Continue(())
        })?;
        let url = format!("/v1/{}", kind.path);
        Ok(json!({ "object": "list", "data": data, "has_more": more, "url": url }))
    }

    /// Returns every object of a kind, newest first.
    pub(super) fn all(&self, object: &str) -> Result<Vec<Value>, Refusal> {
        let mut all = Vec::new();
        objects::newest(self.db, self.shelf(object), "", |found| {
            all.push(found);
            ControlFlow::Continue(())
        })?;
        Ok(all)
    }

    /// Puts parameters into an object, each as its field says.
    fn fill(
        &self,
        kind: &Kind,
        object: &mut Map<String, Value>,
        params: &Map<String, Value>,
    ) -> Result<(), Refusal> {
        for (name, value) in params {
            if name == "expand" {
                continue;
            }
            let field = kind.field(name).ok_or_else(|| unknown(name))?;
            if field == Field::Aside {
                continue;
            }
            let held = object.get(name).cloned().unwrap_or_default();
            // An empty text unsets, which for a blank object changes nothing.
            let value = match value {
                Value::String(text) if text.is_empty() => {
                    kind.blank().remove(name).unwrap_or_default()
                }
                _ => self.read(name, field, value, held)?,
            };
            object.insert(name.clone(), value);
        }
        Ok(())
    }

    fn read(&self, name: &str, field: Field, value: &Value, held: Value) -> Result<Value, Refusal> {
        if let (Field::Metadata, Value::Object(new)) = (field, value) {
            return Ok(merged(held, new));
        }
        if field == Field::Nested {
            return Ok(form::listed(value.clone()));
        }
        let text = value
            .as_str()
            .ok_or_else(|| Refusal::invalid(format!("Invalid value for {name}")).param(name))?;
        let wrong = |what: &str| Refusal::invalid(format!("Invalid {what}: {text}")).param(name);
        match field {
            Field::Text => Ok(text.into()),
            Field::Integer => text
                .parse::<i64>()
                .map(Value::from)
                .map_err(|_| wrong("integer").code("parameter_invalid_integer")),
            Field::Flag => text.parse::<bool>().map(Value::from).map_err(|_| wrong("boolean")),
            Field::Currency if text.len() == 3 && text.chars().all(|c| c.is_ascii_alphabetic()) => {
                Ok(text.to_ascii_lowercase().into())
            }
            Field::Currency => Err(wrong("currency")),
            Field::Choice(known) if known.contains(&text) => Ok(text.into()),
            Field::Choice(known) => {
                let text = format!("Invalid {name}: must be one of {}", known.join(", "));
                Err(Refusal::invalid(text).param(name))
            }
            Field::Of(object) => match self.find(object, text) {
                Ok(_) => Ok(text.into()),
                Err(_) => Err(Refusal::invalid(format!("No such {object}: '{text}'"))
                    .code("resource_missing")
                    .param(name)),
            },
            Field::Metadata | Field::Nested | Field::Aside => {
                Err(Refusal::invalid("Invalid hash").param(name))
            }
        }
    }
}

/// Returns a value as a query would have it.
fn spelled(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Adds metadata to metadata; an empty text takes a name away.
fn merged(held: Value, new: &Map<String, Value>) -> Value {
    let mut all = held.as_object().cloned().unwrap_or_default();
    for (key, value) in new {
        match value.as_str() {
            Some("") => drop(all.shift_remove(key)),
            _ => drop(all.insert(key.clone(), value.clone())),
        }
    }
    Value::Object(all)
}

/// Makes the error of a parameter nobody knows.
pub(super) fn unknown(name: &str) -> Refusal {
    Refusal::invalid(format!("Received unknown parameter: {name}"))
        .code("parameter_unknown")
        .param(name)
}

fn emptied(name: &str) -> Refusal {
    let text = format!(
        "You passed an empty string for '{name}'. We assume empty values are an attempt to unset a \
         parameter; however '{name}' cannot be unset. You should remove '{name}' from your request \
         or supply a non-empty value."
    );
    Refusal::invalid(text).code("parameter_invalid_empty").param(name)
}

fn page_size(text: &str) -> Result<usize, Refusal> {
    let wrong = || {
        Refusal::invalid(format!("Invalid integer: {text}"))
            .code("parameter_invalid_integer")
            .param("limit")
    };
    match text.parse().map_err(|_| wrong())? {
        limit @ 1..=100 => Ok(limit),
        _ => Err(Refusal::invalid("Limit must be between 1 and 100.").param("limit")),
    }
}
