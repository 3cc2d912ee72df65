//! `/v2/account/configurations`: what the owner may set.

use serde_json::{Map, Value, json};

use super::{Reply, body, good};
use crate::broker::rules::Refusal;
use crate::sandbox::exchange::core::{Configuration, Event};
use crate::sandbox::exchange::ledger::Ledger;
use crate::sandbox::http::Call;

/// Writes what is set; a level that the broker chooses is left out.
pub(super) fn shape(set: &Configuration) -> Value {
    let mut body = json!({
        "suspend_trade": set.suspend_trade,
        "no_shorting": set.no_shorting,
        "fractional_trading": set.fractional_trading,
        "max_margin_multiplier": set.max_margin_multiplier.to_string(),
        "trade_confirm_email": set.trade_confirm_email,
        "ptp_no_exception_entry": set.ptp_no_exception_entry,
        "disable_overnight_trading": set.disable_overnight_trading,
    });
    if let Some(level) = set.max_options_trading_level {
        body["max_options_trading_level"] = json!(level);
    }
    body
}

/// Sets what is named, and answers what is set then. Names that nobody knows are passed over.
pub(super) fn change(ledger: &mut Ledger<'_>, call: &Call) -> Reply {
    let body = body(call)?;
    let set = changed(ledger.account.configuration.clone(), body.as_object())?;
    ledger.act(Event::Configure(set))??;
    Ok(good(shape(&ledger.account.configuration)))
}

fn changed(
    mut set: Configuration,
    fields: Option<&Map<String, Value>>,
) -> Result<Configuration, Refusal> {
    for (name, value) in fields.into_iter().flatten() {
        let invalid = || Refusal::malformed(format!("invalid {name}"));
        let flag = || value.as_bool().ok_or_else(invalid);
        let digit = || {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            text.parse::<u8>().map_err(|_| invalid())
        };
        let kept = value.is_null() && name != "max_options_trading_level";
        if kept {
            continue;
        }
        match name.as_str() {
            "suspend_trade" => set.suspend_trade = flag()?,
            "no_shorting" => set.no_shorting = flag()?,
            "fractional_trading" => set.fractional_trading = flag()?,
            "ptp_no_exception_entry" => set.ptp_no_exception_entry = flag()?,
            "disable_overnight_trading" => set.disable_overnight_trading = flag()?,
            "max_margin_multiplier" => {
                let times = Some(digit()?).filter(|times| [1, 2, 4].contains(times));
                set.max_margin_multiplier = times.ok_or_else(invalid)?;
            }
            "max_options_trading_level" if value.is_null() => set.max_options_trading_level = None,
            "max_options_trading_level" => {
                let level = Some(digit()?).filter(|level| *level <= 3);
                set.max_options_trading_level = Some(level.ok_or_else(invalid)?);
            }
            "trade_confirm_email" => {
                let word = value.as_str().filter(|word| ["all", "none"].contains(word));
                word.ok_or_else(invalid)?.clone_into(&mut set.trade_confirm_email);
            }
            _ => {}
        }
    }
    Ok(set)
}
