//! Quotes, trades, bars and snapshots.

use super::*;

#[test]
fn latest_quotes_leave_out_what_nobody_knows() {
    let shares = ask("/v2/stocks/quotes/latest?symbols=AAPL,ZZZZ&symbols=SPY&feed=iex");
    let coins = ask("/v1beta3/crypto/us/latest/quotes?symbols=BTC%2FUSD,MKR/USD");
    let options = ask("/v1beta1/options/quotes/latest?symbols=AAPL261218C00250000");

    assert_eq!(keys(&shares["quotes"]), ["AAPL", "SPY"]);
    let apple = &shares["quotes"]["AAPL"];
    assert_eq!(keys(apple), ["t", "bp", "bs", "ap", "as", "bx", "ax", "c", "z"]);
    assert!(apple["bp"].as_f64() < apple["ap"].as_f64() && apple["bs"].is_u64());
    assert_eq!(apple["t"], "2026-11-25T17:00:00.000Z");
    assert_eq!(keys(&coins["quotes"]), ["BTC/USD"]);
    assert_eq!(keys(&coins["quotes"]["BTC/USD"]), ["t", "bp", "bs", "ap", "as"]);
    assert!(options["quotes"]["AAPL261218C00250000"]["c"].is_string());
}

#[test]
fn numbers_have_the_digits_of_the_prices() {
    let market = Market::new(7, Vec::new(), Vec::new(), Vec::new());
    let quote = ask("/v2/stocks/quotes/latest?symbols=BRK.A");

    let bid = market.quote(&"BRK.A".parse().unwrap(), NOON.parse().unwrap()).unwrap().bid.unwrap();

    assert_eq!(quote["quotes"]["BRK.A"]["bp"].to_string(), bid.normalize().to_string());
}

#[test]
fn one_share_can_be_asked_for_by_path() {
    let many = ask("/v2/stocks/trades/latest?symbols=AAPL");
    let one = ask("/v2/stocks/AAPL/trades/latest");

    assert_eq!(one["trade"], many["trades"]["AAPL"]);
    assert_eq!(one["symbol"], "AAPL");
    assert_eq!(ask("/v2/stocks/AAPL/bars/latest")["bar"]["t"], "2026-11-25T17:00:00.000Z");
    assert_eq!(
        refused("/v2/stocks/ZZZZ/quotes/latest"),
        (404, None, "no quote found for ZZZZ".to_owned())
    );
}

#[test]
fn snapshots_have_bars_of_the_minute_and_of_two_days() {
    let shares = ask("/v2/stocks/snapshots?symbols=AAPL,MSFT");
    let coins = ask("/v1beta3/crypto/us/snapshots?symbols=BTC/USD");
    let options = ask("/v1beta1/options/snapshots?symbols=AAPL261218C00250000");

    let whole = ["latestTrade", "latestQuote", "minuteBar", "dailyBar", "prevDailyBar"];
    assert_eq!(keys(&shares), ["AAPL", "MSFT"]);
    assert_eq!(keys(&shares["AAPL"]), whole);
    assert_eq!(shares["AAPL"]["prevDailyBar"]["t"], "2026-11-24T05:00:00.000Z");
    assert_eq!(keys(&coins["snapshots"]["BTC/USD"]), whole);
    let option = &options["snapshots"]["AAPL261218C00250000"];
    assert_eq!(option["impliedVolatility"], 0.28);
    assert!(option["greeks"]["delta"].as_f64().unwrap() > 0.5);
    assert_eq!(ask("/v2/stocks/AAPL/snapshot")["dailyBar"], shares["AAPL"]["dailyBar"]);
}

#[test]
fn a_chain_is_filtered_and_paged() {
    let path = "/v1beta1/options/snapshots/TSLA?type=put&expiration_date=2026-12-18";
    let all = ask(&format!("{path}&limit=1000"));
    let first = ask(&format!("{path}&limit=10"));
    let token = first["next_page_token"].as_str().unwrap().replace('=', "%3D");
    let second = ask(&format!("{path}&limit=10&page_token={token}"));

    let names = keys(&all["snapshots"]);
    assert_eq!(names.len(), 35);
    assert_eq!(keys(&first["snapshots"]), names[..10]);
    assert_eq!(keys(&second["snapshots"]), names[10..20]);
    let row = &first["snapshots"][names[0]];
    assert_eq!(keys(row), ["latestTrade", "latestQuote", "greeks", "impliedVolatility"]);
    assert_eq!(ask("/v1beta1/options/snapshots/ZZZZ")["snapshots"], serde_json::json!({}));
}

#[test]
fn an_order_book_goes_away_from_the_quote() {
    let book = ask("/v1beta3/crypto/us/latest/orderbooks?symbols=ETH/USD")["orderbooks"]["ETH/USD"]
        .clone();
    let quote =
        ask("/v1beta3/crypto/us/latest/quotes?symbols=ETH/USD")["quotes"]["ETH/USD"].clone();

    let prices = |side: &str| -> Vec<f64> {
        book[side].as_array().unwrap().iter().map(|row| row["p"].as_f64().unwrap()).collect()
    };
    assert_eq!(book["b"][0]["p"], quote["bp"]);
    assert_eq!(book["a"][0]["s"], quote["as"]);
    assert!(prices("b").is_sorted_by(|a, b| a > b) && prices("a").is_sorted_by(|a, b| a < b));
}

#[test]
fn bars_of_several_symbols_are_paged_over_all_of_them() {
    let path = "/v2/stocks/bars?symbols=MSFT,AAPL&timeframe=15Min\
                &start=2026-11-24T09:30:00-05:00&end=2026-11-24T16:00:00-05:00";
    let all = ask(&format!("{path}&limit=10000"));
    let mut paged: Vec<Value> = Vec::new();
    let mut token = String::new();
    loop {
        let page = ask(&format!("{path}&limit=20{token}"));
        for rows in page["bars"].as_object().unwrap().values() {
            paged.extend(rows.as_array().unwrap().clone());
        }
        let Some(next) = page["next_page_token"].as_str() else { break };
        token = format!("&page_token={}", next.replace('=', "%3D"));
    }

    assert_eq!(keys(&all["bars"]), ["AAPL", "MSFT"]);
    let mut rows = all["bars"]["AAPL"].as_array().unwrap().clone();
    assert_eq!(rows.len(), 27);
    rows.extend(all["bars"]["MSFT"].as_array().unwrap().clone());
    assert_eq!(paged, rows);
}

#[test]
fn bars_come_in_either_order_and_end_now() {
    let path = "/v1beta3/crypto/us/bars?symbols=BTC/USD&timeframe=1Hour&start=2026-11-25";
    let up = ask(path)["bars"]["BTC/USD"].as_array().unwrap().clone();
    let mut down = ask(&format!("{path}&sort=desc"))["bars"]["BTC/USD"].as_array().unwrap().clone();

    down.reverse();
    assert_eq!(up, down);
    assert_eq!(up.len(), 18);
    assert_eq!(up[17]["t"], "2026-11-25T17:00:00.000Z");
    let long = "/v2/stocks/AAPL/bars?timeframe=1Day&start=2026-09-01";
    let mut back = ask(&format!("{long}&sort=desc"))["bars"].as_array().unwrap().clone();
    back.reverse();
    assert_eq!(&back, ask(long)["bars"].as_array().unwrap());
    assert_eq!(back.len(), 61);
    let future = "/v2/stocks/AAPL/bars?timeframe=1Day&start=2026-12-01";
    assert_eq!(ask(future)["bars"], serde_json::json!([]));
}

#[test]
fn history_begins_in_2016() {
    let bars = ask("/v2/stocks/AAPL/bars?timeframe=1Day&start=0001-01-01&limit=1");

    assert_eq!(bars["bars"][0]["t"], "2016-01-04T05:00:00.000Z");
}

#[test]
fn bars_of_weeks_and_months_begin_with_their_first_day() {
    let starts = |frame: &str| -> Vec<String> {
        let path = format!("/v2/stocks/AAPL/bars?timeframe={frame}&start=2026-08-15");
        let bars = ask(&path)["bars"].as_array().unwrap().clone();
        bars.iter().map(|bar| bar["t"].as_str().unwrap()[..10].to_owned()).collect()
    };

    assert_eq!(starts("1Month"), ["2026-09-01", "2026-10-01", "2026-11-01"]);
    assert_eq!(starts("3Month"), ["2026-10-01"]);
    assert_eq!(starts("1Week").first().map(String::as_str), Some("2026-08-17"));
    assert_eq!(starts("1Week").len(), 15);
}

#[test]
fn wrong_parameters_of_market_data_are_named_and_have_no_code() {
    for (target, message) in [
        (
            "/v1beta3/crypto/us/latest/quotes?symbols=BTCUSD",
            "invalid symbol: BTCUSD does not match ^[A-Z]+x?/[A-Z]+$",
        ),
        ("/v1beta3/crypto/mars/latest/quotes?symbols=BTC/USD", "invalid location: mars"),
        ("/v2/stocks/quotes/latest", "symbols is required"),
        ("/v2/stocks/quotes/latest?symbols=BTC/USD", "invalid symbol: BTC/USD"),
        ("/v2/stocks/quotes/latest?symbols=aapl", "invalid symbol: aapl"),
        ("/v2/stocks/quotes/latest?symbols=AAPL&feed=x", "invalid feed: x"),
        ("/v1beta1/options/quotes/latest?symbols=AAPL", "invalid symbol: AAPL"),
        ("/v2/stocks/bars?symbols=AAPL&timeframe=2Day", "invalid timeframe: 2Day"),
        ("/v2/stocks/bars?symbols=AAPL", "invalid timeframe: "),
        ("/v2/stocks/bars?symbols=AAPL&timeframe=1D&start=soon", "invalid start: soon"),
        (
            "/v2/stocks/bars?symbols=AAPL&timeframe=1D&start=2026-11-20&end=2026-11-19",
            "end should not be before start",
        ),
    ] {
        assert_eq!(refused(target), (400, None, message.to_owned()), "{target}");
    }
}
