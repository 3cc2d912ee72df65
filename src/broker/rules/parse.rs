//! An order as it comes over the wire, read with the broker's words for what is wrong with it.

use std::str::FromStr;
use std::sync::LazyLock;

use rust_decimal::Decimal;
use serde_json::{Map, Value};

use super::{Facts, Refusal, form};
use crate::api::ids::Malformed;
use crate::api::trading::symbol::Symbol;
use crate::api::trading::words::{AssetClass, OrderClass};
use crate::broker::ticket::Ticket;

/// Ten digits before the point and no more, so that products stay exact.
const BOUND: Decimal = Decimal::from_parts(1_410_065_408, 2, 0, false, 0);
/// Digits after the point that the broker keeps of a quantity of coins; it drops further ones silently.
const COIN_PLACES: u32 = 9;

/// Reads the body of `POST /v2/orders`. Numbers come as numbers or texts, and `null` is as good as absent;
/// fields that nobody knows are passed over.
///
/// `resolve` finds what the broker lists under a symbol or an id, in its own spelling. An option that it does
/// not find is read all the same, since only the rules know whether it is expired: the facts must then say
/// [`super::Listing::Unlisted`]. `client_order_id` is the id of an order that brings none.
///
/// Besides the form of the fields, only the amount is judged here; the rest is for [`super::check`].
pub(crate) fn parse(
    body: &Value,
    resolve: impl Fn(&str) -> Option<(Symbol, AssetClass)>,
    client_order_id: String,
) -> Result<Ticket, Refusal> {
    let fields = Fields(body.as_object().ok_or_else(broken)?);
    let order_class = class(&fields)?;
    let named = fields.text("symbol")?.filter(|symbol| !symbol.is_empty());
    let named = named.ok_or_else(|| Refusal::malformed("symbol is required"))?;
    let (take_profit, stop_loss) = (fields.object("take_profit")?, fields.object("stop_loss")?);
    let order_type = fields.word("type", "invalid order type")?;
    let side = fields.word("side", "invalid side")?;
    let time_in_force = fields.word("time_in_force", "invalid time_in_force")?;
    let given = fields.text("client_order_id")?.filter(|id| !id.is_empty());
    let (symbol, class) = resolve(named)
        .or_else(|| option(named))
        .ok_or_else(|| Refusal::unfit(format!("asset \"{named}\" not found")))?;
    let qty = fields.number("qty")?.map(|qty| match class {
        AssetClass::Crypto => qty.trunc_with_scale(COIN_PLACES).normalize(),
        AssetClass::UsEquity | AssetClass::UsOption => qty,
    });
    let ticket = Ticket {
        symbol,
        class,
        side,
        qty,
        notional: fields.number("notional")?,
        order_type,
        time_in_force,
        limit_price: fields.number("limit_price")?,
        stop_price: fields.number("stop_price")?,
        trail_price: fields.number("trail_price")?,
        trail_percent: fields.number("trail_percent")?,
        order_class,
        take_profit: take_profit.number("limit_price")?,
        stop_loss: stop_loss.number("stop_price")?,
        stop_loss_limit: stop_loss.number("limit_price")?,
        extended_hours: fields.flag("extended_hours")?,
        intent: fields.known("position_intent", "invalid position_intent")?,
        client_order_id: given.map_or(client_order_id, str::to_owned),
    };
    let nothing = Facts::default();
    form::amount_given(&ticket, &nothing)?;
    form::amount_once(&ticket, &nothing)?;
    Ok(ticket)
}

/// Reads the class; no word is a simple order. Orders of several legs are refused: nobody simulates them.
fn class(fields: &Fields<'_>) -> Result<OrderClass, Refusal> {
    let legs =
        fields.value("legs").is_some_and(|legs| legs.as_array().is_none_or(|l| !l.is_empty()));
    if legs || fields.text("order_class")? == Some("mleg") {
        return Err(Refusal::unfit("mleg orders are not simulated: send one order for each leg"));
    }
    Ok(fields.known("order_class", "invalid order_class")?.unwrap_or(OrderClass::Simple))
}

fn option(named: &str) -> Option<(Symbol, AssetClass)> {
    let symbol: Symbol = named.parse().ok().filter(|symbol: &Symbol| symbol.as_str() == named)?;
    symbol.contract().is_some().then_some((symbol, AssetClass::UsOption))
}

fn broken() -> Refusal {
    Refusal::new(400, 40_010_000, "request body format is invalid")
}

/// The fields of an object that came over the wire.
struct Fields<'a>(&'a Map<String, Value>);

impl<'a> Fields<'a> {
    fn value(&self, name: &str) -> Option<&'a Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    fn text(&self, name: &str) -> Result<Option<&'a str>, Refusal> {
        self.value(name).map(|value| value.as_str().ok_or_else(broken)).transpose()
    }

    fn flag(&self, name: &str) -> Result<bool, Refusal> {
        self.value(name).map_or(Ok(false), |value| value.as_bool().ok_or_else(broken))
    }

    /// Reads a word of a closed set that has to be there.
    fn word<T: FromStr<Err = Malformed>>(&self, name: &str, wrong: &str) -> Result<T, Refusal> {
        self.known(name, wrong)?.ok_or_else(|| Refusal::malformed(wrong))
    }

    /// Reads a word of a closed set, where there is one.
    fn known<T: FromStr<Err = Malformed>>(
        &self,
        name: &str,
        wrong: &str,
    ) -> Result<Option<T>, Refusal> {
        let word = self.text(name)?.filter(|word| !word.is_empty());
        word.map(|word| word.parse().map_err(|_| Refusal::malformed(wrong))).transpose()
    }

    fn number(&self, name: &str) -> Result<Option<Decimal>, Refusal> {
        self.value(name).map(|value| number(value).ok_or_else(broken)).transpose()
    }

    /// Reads an object of its own; one without fields where there is none.
    fn object(&self, name: &str) -> Result<Self, Refusal> {
        static EMPTY: LazyLock<Map<String, Value>> = LazyLock::new(Map::new);
        match self.value(name) {
            None => Ok(Self(&EMPTY)),
            Some(value) => value.as_object().map(Self).ok_or_else(broken),
        }
    }
}

/// Reads an amount from a number or a text of digits; nothing is rounded.
fn number(value: &Value) -> Option<Decimal> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return None,
    };
    if !text.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte)) {
        return None;
    }
    let exact = if text.contains(['e', 'E']) {
        Decimal::from_scientific(&text)
    } else {
        Decimal::from_str_exact(&text)
    };
    exact.ok().filter(|number| number.abs() < BOUND).map(|number| number.normalize())
}
