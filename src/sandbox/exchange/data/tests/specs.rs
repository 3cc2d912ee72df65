//! Every reply is one that the broker's own description allows, and has what real clients insist
//! on.
//!
//! The descriptions are Alpaca's Trading API 2.0.1 and Market Data API 1.1, cut down to what is played.

use serde_json::json;

use super::*;

const TRADING: &str = include_str!("../../../../../tests/openapi/trading.json");
const MARKET_DATA: &str = include_str!("../../../../../tests/openapi/market-data.json");

/// Checks a reply against one schema of one of the two documents.
fn check(document: &str, schema: &str, reply: &Value) {
    let whole: Value = serde_json::from_str(document).unwrap();
    assert!(whole["components"]["schemas"][schema].is_object(), "{schema}");
    let root = json!({
        "$ref": format!("#/components/schemas/{schema}"),
        "components": whole["components"],
    });
    let validator = jsonschema::options().should_validate_formats(true).build(&root).unwrap();
    let errors: Vec<_> = validator.iter_errors(reply).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{schema}: {errors:?}");
}

#[test]
fn replies_of_the_trading_api_are_as_described() {
    for (target, schema) in [
        ("/v2/assets/AAPL", "Assets"),
        ("/v2/assets/MULN", "Assets"),
        ("/v2/assets/BTC/USD", "Assets"),
        ("/v2/assets/MKR/USD", "Assets"),
        ("/v2/options/contracts/AAPL261218C00250000", "OptionContract"),
        ("/v2/options/contracts?limit=5&show_deliverables=true", "OptionContractsResponse"),
        ("/v2/clock", "legacy_clock"),
        ("/v2/calendar?start=2026-11-01&end=2026-12-31", "legacy_public_calendar_resp"),
        ("/v3/clock?markets=NYSE,XNAS", "clock_resp"),
        ("/v3/calendar/NYSE", "public_calendar_resp"),
    ] {
        check(TRADING, schema, &ask(target));
    }
}

#[test]
fn replies_of_market_data_are_as_described() {
    let (option, day) = ("AAPL261218C00250000", "timeframe=1Day&start=2026-11-20");
    for (target, schema) in [
        ("/v2/stocks/quotes/latest?symbols=AAPL,MULN", "stock_latest_quotes_resp"),
        ("/v2/stocks/trades/latest?symbols=AAPL,TCEHY", "stock_latest_trades_resp"),
        ("/v2/stocks/bars/latest?symbols=AAPL,SPY", "stock_latest_bars_resp"),
        ("/v2/stocks/AAPL/quotes/latest", "stock_latest_quotes_resp_single"),
        ("/v2/stocks/AAPL/trades/latest", "stock_latest_trades_resp_single"),
        ("/v2/stocks/AAPL/bars/latest", "stock_latest_bars_resp_single"),
        ("/v2/stocks/snapshots?symbols=AAPL,SPY", "stock_snapshots_resp"),
        ("/v2/stocks/AAPL/snapshot", "stock_snapshots_resp_single"),
        (&format!("/v2/stocks/bars?symbols=AAPL&{day}"), "stock_bars_resp"),
        (&format!("/v2/stocks/AAPL/bars?{day}"), "stock_bars_resp_single"),
        ("/v1beta3/crypto/us/latest/quotes?symbols=BTC/USD", "crypto_latest_quotes_resp"),
        ("/v1beta3/crypto/us/latest/trades?symbols=SHIB/USD", "crypto_latest_trades_resp"),
        ("/v1beta3/crypto/us/latest/bars?symbols=BTC/USD", "crypto_latest_bars_resp"),
        ("/v1beta3/crypto/us/latest/orderbooks?symbols=BTC/USD", "crypto_latest_orderbooks_resp"),
        ("/v1beta3/crypto/us/snapshots?symbols=BTC/USD", "crypto_snapshots_resp"),
        (&format!("/v1beta3/crypto/us/bars?symbols=BTC/USD&{day}"), "crypto_bars_resp"),
        (&format!("/v1beta1/options/quotes/latest?symbols={option}"), "option_latest_quotes_resp"),
        (&format!("/v1beta1/options/trades/latest?symbols={option}"), "option_latest_trades_resp"),
        (&format!("/v1beta1/options/snapshots?symbols={option}"), "option_snapshots_resp"),
        ("/v1beta1/options/snapshots/AAPL?limit=7", "option_snapshots_resp"),
        (&format!("/v1beta1/options/bars?symbols={option}&{day}"), "option_bars_resp"),
    ] {
        check(MARKET_DATA, schema, &ask(target));
    }
}

#[test]
fn assets_and_contracts_have_what_clients_insist_on() {
    let asset = ask("/v2/assets/AAPL");
    let contract = ask("/v2/options/contracts/AAPL261218C00250000");

    for field in [
        "id",
        "class",
        "exchange",
        "symbol",
        "status",
        "tradable",
        "marginable",
        "shortable",
        "easy_to_borrow",
        "fractionable",
    ] {
        assert!(!asset[field].is_null(), "{field}");
    }
    for field in [
        "id",
        "symbol",
        "name",
        "status",
        "tradable",
        "expiration_date",
        "root_symbol",
        "underlying_symbol",
        "underlying_asset_id",
        "type",
        "style",
        "strike_price",
        "size",
    ] {
        assert!(!contract[field].is_null(), "{field}");
    }
}
