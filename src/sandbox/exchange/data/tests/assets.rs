//! Assets and contracts.

use super::*;

fn symbols(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|row| row["symbol"].as_str().unwrap()).collect()
}

#[test]
fn assets_are_shares_unless_asked_otherwise() {
    let shares = ask("/v2/assets");
    let coins = ask("/v2/assets?asset_class=crypto&status=active");
    let both = ask("/v2/assets?asset_class=us_equity&asset_class=crypto");

    assert_eq!(shares.as_array().unwrap().len(), 48);
    assert_eq!(coins.as_array().unwrap().len(), 21);
    assert_eq!(both.as_array().unwrap().len(), 70);
    assert_eq!(both, ask("/v2/assets?asset_class=us_equity,crypto"));
    assert_eq!(symbols(&ask("/v2/assets?exchange=AMEX")), ["UEC"]);
    assert_eq!(symbols(&ask("/v2/assets?status=inactive")), ["ATVI", "TWTR"]);
    assert_eq!(ask("/v2/assets?attributes=has_options,ipo").as_array().unwrap().len(), 12);
    assert_eq!(ask("/v2/assets?asset_class=treasury"), serde_json::json!([]));
}

#[test]
fn an_asset_is_found_by_any_of_its_names() {
    let apple = ask("/v2/assets/AAPL");
    let coin = ask("/v2/assets/BTC%2FUSD");

    assert_eq!(apple["id"], "b0b6dd9d-8b9b-48a9-ba46-b9d54906e415");
    assert_eq!(apple["class"], "us_equity");
    assert_eq!(apple, ask("/v2/assets/b0b6dd9d8b9b48a9ba46b9d54906e415"));
    assert_eq!(coin["min_trade_increment"], "0.000000001");
    assert_eq!(coin["exchange"], "CRYPTO");
    assert_eq!(coin, ask("/v2/assets/BTC/USD"));
    assert_eq!(coin, ask("/v2/assets/BTCUSD"));
    for (path, name) in [("ZZZZ", "ZZZZ"), ("aapl", "aapl"), ("ZZ/USD", "ZZ/USD")] {
        let want = (404, Some(40_410_000), format!("asset not found for {name}"));
        assert_eq!(refused(&format!("/v2/assets/{path}")), want);
    }
}

#[test]
fn contracts_are_filtered_and_paged() {
    let week = ask("/v2/options/contracts?underlying_symbols=AAPL&limit=10000");
    let rows = week["option_contracts"].as_array().unwrap();
    assert_eq!(rows.len(), 2 * 21);
    assert!(rows.iter().all(|row| row["expiration_date"] == "2026-11-27"));
    assert_eq!(week["next_page_token"], Value::Null);

    let path = "/v2/options/contracts?underlying_symbols=AAPL,TSLA&expiration_date_gte=2026-12-01\
                &expiration_date_lte=2026-12-31&type=call&strike_price_gte=250&strike_price_lte=400";
    let all = ask(&format!("{path}&limit=10000"));
    let all = all["option_contracts"].as_array().unwrap();
    let mut paged = Vec::new();
    let mut token = String::new();
    loop {
        let page = ask(&format!("{path}&limit=17{token}"));
        paged.extend(page["option_contracts"].as_array().unwrap().clone());
        let Some(next) = page["next_page_token"].as_str() else { break };
        token = format!("&page_token={}", next.replace('=', "%3D").replace('+', "%2B"));
    }

    assert_eq!(&paged, all);
    assert!(all.len() > 100);
    assert_eq!(
        ask("/v2/options/contracts?status=inactive")["option_contracts"],
        serde_json::json!([])
    );
    let exact =
        "/v2/options/contracts?underlying_symbols=SPY&expiration_date=2027-03-19&ppind=True";
    assert_eq!(ask(exact)["option_contracts"].as_array().unwrap().len(), 100);
}

#[test]
fn a_contract_is_found_by_symbol_and_id_also_once_it_is_expired() {
    let contract = ask("/v2/options/contracts/AAPL261218C00250000");

    assert_eq!(contract["strike_price"], "250");
    assert_eq!(contract["name"], "AAPL Dec 18 2026 250 Call");
    assert_eq!(contract["underlying_asset_id"], "b0b6dd9d-8b9b-48a9-ba46-b9d54906e415");
    let id = contract["id"].as_str().unwrap();
    assert_eq!(contract, ask(&format!("/v2/options/contracts/{id}")));
    let old = ask("/v2/options/contracts/AAPL241213C00250000");
    assert_eq!((&old["status"], &old["tradable"]), (&"inactive".into(), &false.into()));
    for name in ["AAPL261218C00250500", "AAPL", "nothing"] {
        let want = (404, Some(40_410_000), format!("option contract {name} not found"));
        assert_eq!(refused(&format!("/v2/options/contracts/{name}")), want);
    }
}

#[test]
fn wrong_parameters_of_contracts_are_named() {
    let of = |query: &str| refused(&format!("/v2/options/contracts?{query}"));
    let wrong = |text: &str| (422, Some(40_010_001), text.to_owned());

    assert_eq!(of("expiration_date=soon"), wrong("invalid expiration_date: soon"));
    assert_eq!(of("strike_price_gte=x"), wrong("invalid strike_price_gte: x"));
    assert_eq!(of("type=both"), wrong("invalid type: both"));
    assert_eq!(of("limit=0"), wrong("invalid limit: 0 (must be from 1 to 10000)"));
    assert_eq!(of("page_token=%25"), wrong("invalid page_token: %"));
}

#[test]
fn a_share_that_is_named_ten_thousand_times_is_asked_of_once() {
    let (once, many) = ("AAPL,KO", "KO,AAPL,".repeat(5_000));
    let path = "/v2/options/contracts?limit=10000&underlying_symbols=";

    let found = ask(&format!("{path}{many}"));

    assert_eq!(found, ask(&format!("{path}{once}")));
    let rows = found["option_contracts"].as_array().unwrap();
    let symbols: Vec<_> = rows.iter().map(|row| row["symbol"].as_str().unwrap()).collect();
    assert!(!symbols.is_empty() && symbols.is_sorted_by(|one, next| one < next));
}

#[test]
fn lists_of_what_nobody_knows_find_nothing() {
    let names: Vec<String> = (0..10_000).map(|number| format!("X{number}")).collect();

    let found = ask(&format!("/v2/options/contracts?underlying_symbols={}", names.join(",")));

    assert_eq!(found["option_contracts"].as_array().unwrap().len(), 0);
}

#[test]
fn a_symbol_that_is_repeated_counts_once() {
    let options = "AAPL261218C00250000,".repeat(3_000);
    let markets = "NYSE,".repeat(10_000);

    let quotes = ask(&format!("/v1beta1/options/quotes/latest?symbols={options}"));
    let clocks = ask(&format!("/v3/clock?markets={markets}"));

    assert_eq!(quotes["quotes"].as_object().unwrap().len(), 1);
    assert_eq!(clocks["clocks"].as_array().unwrap().len(), 1);
}

#[test]
fn a_moment_is_read_without_an_offset_too() {
    let asked = |time: &str| ask(&format!("/v3/clock?time={time}"))["clocks"].clone();

    assert_eq!(asked("2026-11-25T17:00:00"), asked("2026-11-25T12:00:00-05:00"));
    assert_eq!(asked("2026-11-25%2017:00:00"), asked("2026-11-25T17:00:00Z"));
    ask("/v2/options/contracts?show_deliverables=t&limit=1");
}
