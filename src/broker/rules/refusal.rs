//! A no of the broker, as it writes it: HTTP status, code, words, and the numbers behind them.

use serde_json::{Map, Value, json};

/// Why an order is refused, in the broker's own form.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Refusal {
    /// HTTP status
    pub(crate) status: u16,
    /// The broker's code of eight digits
    pub(crate) code: u32,
    /// The broker's words
    pub(crate) message: String,
    /// Further fields of the body
    pub(crate) extra: Map<String, Value>,
}

impl Refusal {
    /// 422 with 40010001: the order contradicts itself.
    pub(crate) fn malformed(message: impl Into<String>) -> Self {
        Self::new(422, 40_010_001, message)
    }

    /// 422 with 42210000: the order is not one that this market takes.
    pub(crate) fn unfit(message: impl Into<String>) -> Self {
        Self::new(422, 42_210_000, message)
    }

    /// 403 with 40310000: the account may not, or cannot pay.
    pub(crate) fn forbidden(message: impl Into<String>) -> Self {
        Self::new(403, 40_310_000, message)
    }

    /// 404 with 40410000: there is no such thing.
    pub(crate) fn missing(message: impl Into<String>) -> Self {
        Self::new(404, 40_410_000, message)
    }

    /// Makes one from its parts.
    pub(crate) fn new(status: u16, code: u32, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), extra: Map::new() }
    }

    /// Passes what holds, and refuses the rest.
    pub(super) fn unless(holds: bool, refusal: impl FnOnce() -> Self) -> Result<(), Self> {
        if holds { Ok(()) } else { Err(refusal()) }
    }

    /// Adds a field to the body.
    #[must_use]
    pub(crate) fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.extra.insert(name.to_owned(), value.into());
        self
    }

    /// Returns the body.
    pub(crate) fn body(&self) -> Value {
        let mut body = json!({ "code": self.code, "message": self.message });
        if let Some(fields) = body.as_object_mut() {
            fields.extend(self.extra.clone());
        }
        body
    }
}
