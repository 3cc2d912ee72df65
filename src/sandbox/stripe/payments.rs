//! The life of a payment: intent, confirmation, charge, capture, refund; and the balance.

use axum::http::StatusCode;
use serde_json::{Map, Value, json};

use super::Answer;
use super::desk::{Desk, unknown};
use super::kinds::{self, Kind};
use super::refusal::Refusal;

type Object = Map<String, Value>;

/// Stripe's own test card that is always declined (source: Stripe docs, "Test card numbers").
const DECLINED: &str = "pm_card_chargeDeclined";

/// The largest amount of a payment, in cents.
/// Source: Stripe API reference, "Create a payment intent".
const LARGEST: i64 = 99_999_999;

/// Makes a payment intent, and confirms it where `confirm=true` says so.
pub(super) fn create(desk: &Desk<'_>, kind: &Kind, params: &Object) -> Answer {
    let amount = params.get("amount").and_then(Value::as_str).and_then(|text| text.parse().ok());
    if amount.is_some_and(|amount: i64| amount < 1) {
        let text = "This value must be greater than or equal to 1.";
        return Err(Refusal::invalid(text).code("parameter_invalid_integer").param("amount"));
    }
    if amount.is_some_and(|amount| amount > LARGEST) {
        let text = "Amount must be no more than 999,999.99.";
        return Err(Refusal::invalid(text).code("amount_too_large").param("amount"));
    }
    known_method(params)?;
    let made = desk.create(kind, params)?;
    let id = made["id"].as_str().unwrap_or_default();
    let mut intent = desk.find(kind.object, id)?;
    intent.insert("status".into(), waiting(&intent).into());
    let made = desk.replace(intent.clone())?;
    match params.get("confirm").and_then(Value::as_str) {
        Some("true") => confirm(desk, intent, &Object::new()),
        _ => Ok((StatusCode::OK, made)),
    }
}

/// Does `confirm`, `cancel` or `capture`; nothing if the step is another one.
pub(super) fn step(desk: &Desk<'_>, id: &str, step: &str, params: &Object) -> Option<Answer> {
    let intent = match desk.find("payment_intent", id) {
        Ok(intent) => intent,
        Err(refusal) => return Some(Err(refusal)),
    };
    match step {
        "confirm" => Some(confirm(desk, intent, params)),
        "cancel" => Some(cancel(desk, intent, params)),
        "capture" => Some(capture(desk, intent, params)),
        _ => None,
    }
}

fn confirm(desk: &Desk<'_>, mut intent: Object, params: &Object) -> Answer {
    only(params, &["payment_method", "return_url", "off_session", "receipt_email"])?;
    known_method(params)?;
    let status = text(&intent, "status").to_owned();
    if !status.starts_with("requires_") || status == "requires_capture" {
        return Err(out_of_turn("confirm", &status));
    }
    if let Some(method) = params.get("payment_method") {
        intent.insert("payment_method".into(), method.clone());
    }
    if intent["payment_method"].is_null() {
        let text = "You cannot confirm this PaymentIntent because it's missing a payment method. \
                    Update the PaymentIntent with a payment method and then confirm it again, or \
                    confirm it again directly with a payment method.";
        return Err(Refusal::invalid(text).code("payment_intent_unexpected_state"));
    }
    if text(&intent, "payment_method").starts_with(DECLINED) {
        return declined(desk, intent);
    }
    let captured = text(&intent, "capture_method") != "manual";
    let charge = charge(desk, &intent, captured)?;
    intent.insert("latest_charge".into(), charge["id"].clone());
    intent.insert("last_payment_error".into(), Value::Null);
    let (status, place) = if captured {
        ("succeeded", "amount_received")
    } else {
        ("requires_capture", "amount_capturable")
    };
    intent.insert("status".into(), status.into());
    intent.insert(place.into(), intent["amount"].clone());
    Ok((StatusCode::OK, desk.replace(intent)?))
}

/// Makes the charge of a confirmed intent.
fn charge(desk: &Desk<'_>, intent: &Object, captured: bool) -> Result<Value, Refusal> {
    let kind = kinds::at("charges").ok_or_else(|| Refusal::no_such("charge", ""))?;
    let mut charge = kind.blank();
    for name in [
        "amount",
        "currency",
        "customer",
        "description",
        "metadata",
        "payment_method",
        "receipt_email",
    ] {
        charge.insert(name.into(), intent[name].clone());
    }
    charge.insert("payment_intent".into(), intent["id"].clone());
    charge.insert("captured".into(), captured.into());
    if captured {
        charge.insert("amount_captured".into(), intent["amount"].clone());
    }
    desk.keep(kind, charge)
}

fn declined(desk: &Desk<'_>, mut intent: Object) -> Answer {
    let mut error = json!({
        "code": "card_declined",
        "decline_code": "generic_decline",
        "doc_url": "https://stripe.com/docs/error-codes/card-declined",
        "message": "Your card was declined.",
        "type": "card_error",
    });
    intent.insert("payment_method".into(), Value::Null);
    intent.insert("status".into(), "requires_payment_method".into());
    intent.insert("last_payment_error".into(), error.clone());
    error["payment_intent"] = desk.replace(intent)?;
    Ok((StatusCode::PAYMENT_REQUIRED, json!({ "error": error })))
}

fn cancel(desk: &Desk<'_>, mut intent: Object, params: &Object) -> Answer {
    only(params, &["cancellation_reason"])?;
    let status = text(&intent, "status").to_owned();
    if !status.starts_with("requires_") {
        return Err(out_of_turn("cancel", &status));
    }
    let reason = params.get("cancellation_reason").cloned().unwrap_or_default();
    let known = ["duplicate", "fraudulent", "requested_by_customer", "abandoned"];
    if !reason.is_null() && !known.iter().any(|known| reason == *known) {
        let text = format!("Invalid cancellation_reason: must be one of {}", known.join(", "));
        return Err(Refusal::invalid(text).param("cancellation_reason"));
    }
    intent.insert("cancellation_reason".into(), reason);
    intent.insert("canceled_at".into(), desk.now.into());
    intent.insert("amount_capturable".into(), 0.into());
    intent.insert("status".into(), "canceled".into());
    Ok((StatusCode::OK, desk.replace(intent)?))
}

fn capture(desk: &Desk<'_>, mut intent: Object, params: &Object) -> Answer {
    only(params, &["amount_to_capture"])?;
    let status = text(&intent, "status").to_owned();
    if status != "requires_capture" {
        return Err(out_of_turn("capture", &status));
    }
    let open = number(&intent, "amount_capturable");
    let amount = amount(params, "amount_to_capture", open)?;
    if amount > open {
        let text = "The amount to capture is greater than the amount that can be captured.";
        return Err(Refusal::invalid(text).code("amount_too_large").param("amount_to_capture"));
    }
    let mut charge = desk.find("charge", text(&intent, "latest_charge"))?;
    charge.insert("captured".into(), true.into());
    charge.insert("amount_captured".into(), amount.into());
    charge.insert("amount_refunded".into(), (open - amount).into());
    desk.replace(charge)?;
    intent.insert("amount_capturable".into(), 0.into());
    intent.insert("amount_received".into(), amount.into());
    intent.insert("status".into(), "succeeded".into());
    Ok((StatusCode::OK, desk.replace(intent)?))
}

/// Gives back a payment, all that is left of it unless an amount is named.
pub(super) fn refund(desk: &Desk<'_>, kind: &Kind, params: &Object) -> Result<Value, Refusal> {
    let named = |name: &str| params.get(name).and_then(Value::as_str);
    let id = match (named("charge"), named("payment_intent")) {
        (Some(charge), _) => charge.to_owned(),
        (None, Some(intent)) => {
            let intent = desk.find("payment_intent", intent).map_err(|_| {
                Refusal::invalid(format!("No such payment_intent: '{intent}'"))
                    .code("resource_missing")
                    .param("payment_intent")
            })?;
            if intent["latest_charge"].is_null() {
                let text = format!(
                    "This PaymentIntent ({}) does not have a successful charge to refund.",
                    text(&intent, "id")
                );
                return Err(Refusal::invalid(text).param("payment_intent"));
            }
            text(&intent, "latest_charge").to_owned()
        }
        (None, None) => {
            let text = "One of the following params should be provided for this request: \
                        payment_intent or charge.";
            return Err(Refusal::invalid(text).code("parameter_missing"));
        }
    };
    let mut charge = desk.find("charge", &id).map_err(|_| {
        Refusal::invalid(format!("No such charge: '{id}'")).code("resource_missing").param("charge")
    })?;
    let returned = number(&charge, "amount_refunded");
    let left = number(&charge, "amount") - returned;
    if left == 0 {
        let text = format!("Charge {id} has already been refunded.");
        return Err(Refusal::invalid(text).code("charge_already_refunded"));
    }
    let amount = amount(params, "amount", left)?;
    if amount > left {
        let text = format!(
            "Refund amount ({amount}) is greater than unrefunded amount on charge ({left})"
        );
        return Err(Refusal::invalid(text).param("amount"));
    }
    charge.insert("amount_refunded".into(), (returned + amount).into());
    charge.insert("refunded".into(), (amount == left).into());
    let mut all = params.clone();
    all.insert("charge".into(), id.into());
    all.insert("amount".into(), amount.to_string().into());
    if let Some(intent) = charge["payment_intent"].as_str() {
        all.insert("payment_intent".into(), intent.into());
    }
    let currency = charge["currency"].clone();
    desk.replace(charge)?;
    let made = desk.create(kind, &all)?;
    let mut refund = desk.find(kind.object, text_of(&made, "id"))?;
    refund.insert("currency".into(), currency);
    desk.replace(refund)
}

/// Returns what was taken and not given back, by currency; none of it is ever paid out.
pub(super) fn balance(desk: &Desk<'_>) -> Result<Value, Refusal> {
    let mut sums: Vec<(String, i64)> = vec![("usd".into(), 0)];
    for charge in desk.all("charge")? {
        let amount = |name: &str| charge[name].as_i64().unwrap_or_default();
        if charge["captured"] != true {
            continue;
        }
        let net = amount("amount") - amount("amount_refunded");
        let currency = text_of(&charge, "currency");
        match sums.iter_mut().find(|(known, _)| known == currency) {
            Some((_, sum)) => *sum += net,
            None => sums.push((currency.to_owned(), net)),
        }
    }
    let pot = |currency: &str, amount: i64| json!({ "amount": amount, "currency": currency, "source_types": { "card": amount } });
    let available: Vec<_> = sums.iter().map(|(currency, _)| pot(currency, 0)).collect();
    let pending: Vec<_> = sums.iter().map(|(currency, sum)| pot(currency, *sum)).collect();
    Ok(
        json!({ "object": "balance", "available": available, "livemode": false, "pending": pending }),
    )
}

/// Returns where an intent stands before it was confirmed.
fn waiting(intent: &Object) -> &'static str {
    if intent["payment_method"].is_null() {
        "requires_payment_method"
    } else {
        "requires_confirmation"
    }
}

fn known_method(params: &Object) -> Result<(), Refusal> {
    match params.get("payment_method").and_then(Value::as_str) {
        Some(method) if !method.is_empty() && !method.starts_with("pm_") => {
            Err(Refusal::invalid(format!("No such PaymentMethod: '{method}'"))
                .code("resource_missing")
                .param("payment_method"))
        }
        _ => Ok(()),
    }
}

fn out_of_turn(step: &str, status: &str) -> Refusal {
    let text = format!("You cannot {step} this PaymentIntent because it has a status of {status}.");
    Refusal::invalid(text).code("payment_intent_unexpected_state")
}

fn only(params: &Object, known: &[&str]) -> Result<(), Refusal> {
    match params.keys().find(|name| *name != "expand" && !known.contains(&name.as_str())) {
        Some(odd) => Err(unknown(odd)),
        None => Ok(()),
    }
}

/// Reads a positive amount, or takes `otherwise` where there is none.
fn amount(params: &Object, name: &str, otherwise: i64) -> Result<i64, Refusal> {
    let Some(value) = params.get(name) else { return Ok(otherwise) };
    let given = value.as_str().unwrap_or_default();
    let wrong = |text: String| Refusal::invalid(text).code("parameter_invalid_integer").param(name);
    match given.parse::<i64>() {
        Ok(amount) if amount > 0 => Ok(amount),
        Ok(_) => Err(wrong("This value must be greater than or equal to 1.".into())),
        Err(_) => Err(wrong(format!("Invalid integer: {given}"))),
    }
}

fn text<'a>(object: &'a Object, name: &str) -> &'a str {
    object.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn text_of<'a>(object: &'a Value, name: &str) -> &'a str {
    object[name].as_str().unwrap_or_default()
}

fn number(object: &Object, name: &str) -> i64 {
    object.get(name).and_then(Value::as_i64).unwrap_or_default()
}
