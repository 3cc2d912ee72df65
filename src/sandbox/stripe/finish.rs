//! What is special about making a customer, a price, an invoice, a payment link.

use serde_json::{Map, Value, json};

use super::desk::{Desk, unknown};
use super::form;
use super::kinds::{self, Kind};
use super::refusal::Refusal;
use crate::sandbox::store::hex;

/// Checks what concerns several parameters together, and fills in what follows from them.
pub(super) fn check(
    desk: &Desk<'_>,
    kind: &Kind,
    object: &mut Map<String, Value>,
    params: &Map<String, Value>,
) -> Result<(), Refusal> {
    match kind.object {
        "price" => price(desk, object, params),
        "invoice" => invoice(desk, object),
        "payment_link" => payment_link(desk, object, params),
        _ => Ok(()),
    }
}

/// Fills in what needs the new object's id or time.
pub(super) fn new(desk: &Desk<'_>, kind: &Kind, object: &mut Map<String, Value>) {
    let id = object["id"].as_str().unwrap_or_default().to_owned();
    match kind.object {
        "customer" => {
            object.insert("invoice_prefix".into(), hex(8).to_uppercase().into());
        }
        "product" => {
            object.insert("updated".into(), desk.now.into());
        }
        "payment_intent" => {
            object.insert("client_secret".into(), format!("{id}_secret_{}", hex(24)).into());
        }
        "invoice" => {
            object.insert("period_start".into(), desk.now.into());
            object.insert("period_end".into(), desk.now.into());
            object["lines"]["url"] = format!("/v1/invoices/{id}/lines").into();
        }
        "payment_link" => {
            let url = format!("https://buy.stripe.com/test_{}", hex(18));
            object.insert("url".into(), url.into());
        }
        _ => {}
    }
}

fn price(
    desk: &Desk<'_>,
    price: &mut Map<String, Value>,
    params: &Map<String, Value>,
) -> Result<(), Refusal> {
    if price["product"].is_null() {
        let data = params.get("product_data").ok_or_else(|| {
            Refusal::invalid(
                "You must specify either `product` or `product_data` when creating a price.",
            )
            .code("parameter_missing")
            .param("product")
        })?;
        let products = kinds::at("products").ok_or_else(|| unknown("product_data"))?;
        let data = data.as_object().ok_or_else(|| Refusal::missing("product_data[name]"))?;
        let product = desk.create(products, data)?;
        price.insert("product".into(), product["id"].clone());
    }
    match (price["unit_amount"].as_i64(), price["unit_amount_decimal"].is_null()) {
        (None, true) => {
            let text = "You must specify either `unit_amount` or `unit_amount_decimal`.";
            return Err(Refusal::invalid(text).code("parameter_missing").param("unit_amount"));
        }
        (Some(amount), _) if amount < 0 => {
            let text = "This value must be greater than or equal to 0.";
            return Err(Refusal::invalid(text)
                .code("parameter_invalid_integer")
                .param("unit_amount"));
        }
        (Some(amount), _) => {
            price.insert("unit_amount_decimal".into(), amount.to_string().into());
        }
        (None, false) => {}
    }
    if price["recurring"].is_null() {
        return Ok(());
    }
    let given = &price["recurring"];
    let interval = given["interval"].as_str().unwrap_or_default();
    if !["day", "week", "month", "year"].contains(&interval) {
        let text = "Invalid recurring[interval]: must be one of day, week, month, or year";
        return Err(Refusal::invalid(text).param("recurring[interval]"));
    }
    let count = given["interval_count"]
        .as_str()
        .unwrap_or("1")
        .parse::<u32>()
        .map_err(|_| Refusal::invalid("Invalid integer").param("recurring[interval_count]"))?;
    let recurring = json!({
        "aggregate_usage": null,
        "interval": interval,
        "interval_count": count,
        "trial_period_days": null,
        "usage_type": given["usage_type"].as_str().unwrap_or("licensed"),
    });
    price.insert("recurring".into(), recurring);
    price.insert("type".into(), "recurring".into());
    Ok(())
}

fn invoice(desk: &Desk<'_>, invoice: &mut Map<String, Value>) -> Result<(), Refusal> {
    let customer = desk.find("customer", invoice["customer"].as_str().unwrap_or_default())?;
    invoice.insert("customer_email".into(), customer["email"].clone());
    invoice.insert("customer_name".into(), customer["name"].clone());
    let by_hand = invoice["collection_method"] == "send_invoice";
    match (invoice["days_until_due"].as_i64(), invoice["due_date"].is_null()) {
        (Some(days), _) if by_hand => {
            let due = desk.now.saturating_add(days.saturating_mul(86_400));
            invoice.insert("due_date".into(), due.into());
            Ok(())
        }
        (None, true) if by_hand => {
            let text = "You must pass `days_until_due` or `due_date` when `collection_method` is \
                        `send_invoice`.";
            Err(Refusal::invalid(text).code("parameter_missing").param("days_until_due"))
        }
        (Some(_), _) => {
            let text = "You can only specify `days_until_due` if `collection_method` is \
                        `send_invoice`.";
            Err(Refusal::invalid(text).param("days_until_due"))
        }
        (None, _) => Ok(()),
    }
}

fn payment_link(
    desk: &Desk<'_>,
    link: &mut Map<String, Value>,
    params: &Map<String, Value>,
) -> Result<(), Refusal> {
    let items = form::listed(params["line_items"].clone());
    let items =
        items.as_array().ok_or_else(|| Refusal::invalid("Invalid array").param("line_items"))?;
    for (place, item) in items.iter().enumerate() {
        let name = |field: &str| format!("line_items[{place}][{field}]");
        let id = item["price"].as_str().ok_or_else(|| Refusal::missing(&name("price")))?;
        let price = desk.find("price", id).map_err(|_| {
            Refusal::invalid(format!("No such price: '{id}'"))
                .code("resource_missing")
                .param(&name("price"))
        })?;
        let quantity =
            item["quantity"].as_str().ok_or_else(|| Refusal::missing(&name("quantity")))?;
        if !quantity.parse::<u32>().is_ok_and(|quantity| quantity > 0) {
            let wrong = Refusal::invalid(format!("Invalid integer: {quantity}"));
            return Err(wrong.code("parameter_invalid_integer").param(&name("quantity")));
        }
        link.insert("currency".into(), price["currency"].clone());
    }
    Ok(())
}
