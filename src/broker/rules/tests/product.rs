//! Every type with every time in force in every class on every market.

use super::written::{facts, order};
use super::{check, message};
use crate::api::trading::words::{OrderClass, OrderType, TimeInForce};
use crate::broker::rules::Facts;

/// Blocks of a market and its classes; a line a type, a letter a time in force: day gtc opg cls ioc fok.
const TABLE: &str = "
AAPL simple
  market        . . . . . .
  limit         . . . . . .
  stop          . . f f f f
  stop_limit    . . f f f f
  trailing_stop . . f f f f
AAPL bracket oto
  market        . . f f f f
  limit         . . f f f f
  stop          . . f f f f
  stop_limit    . . f f f f
  trailing_stop s s f f f f
AAPL oco
  market        l l l l l l
  limit         . . f f f f
  stop          l l l l l l
  stop_limit    l l l l l l
  trailing_stop l l l l l l
BTC/USD simple
  market        c . c c . c
  limit         c . c c . c
  stop          t t t t t t
  stop_limit    c . c c . c
  trailing_stop t t t t t t
BTC/USD bracket oto
  market        a a a a a a
  limit         a a a a a a
  stop          t t t t t t
  stop_limit    a a a a a a
  trailing_stop t t t t t t
BTC/USD oco
  market        l l l l l l
  limit         a a a a a a
  stop          l l l l l l
  stop_limit    l l l l l l
  trailing_stop l l l l l l
AAPL261218C00100000 simple
  market        . o o o o o
  limit         . . o o o o
  stop          . o o o o o
  stop_limit    . o o o o o
  trailing_stop y y y y y y
AAPL261218C00100000 bracket oto
  market        x x x x x x
  limit         x x x x x x
  stop          x x x x x x
  stop_limit    x x x x x x
  trailing_stop x x x x x x
AAPL261218C00100000 oco
  market        l l l l l l
  limit         x x x x x x
  stop          l l l l l l
  stop_limit    l l l l l l
  trailing_stop l l l l l l
";

fn words(letter: &str, class: OrderClass) -> String {
    let inner = match class {
        OrderClass::Simple => "simple",
        OrderClass::Bracket => "otoco",
        OrderClass::Oco => "oco",
        OrderClass::Oto => "oto",
    };
    match letter {
        "." => "passes",
        "f" => "invalid time_in_force",
        "s" => "trailing stop orders must be simple orders",
        "l" => "oco orders must be limit orders",
        "c" => "invalid crypto time_in_force",
        "t" => "invalid order type for crypto order",
        "a" => return format!("crypto orders not allowed for advanced order_class: {inner}"),
        "o" => "invalid option time_in_force",
        "y" => "invalid order type for options trading",
        "x" => "complex orders not supported for options trading",
        other => panic!("nobody says `{other}`"),
    }
    .to_owned()
}

/// Writes an order that has all that its type and class need.
fn written(symbol: &str, class: OrderClass, kind: OrderType, stays: TimeInForce) -> String {
    let prices = match kind {
        OrderType::Market => "",
        OrderType::Limit => " limit=100",
        OrderType::Stop => " stop=101",
        OrderType::StopLimit => " stop=101 limit=101",
        OrderType::TrailingStop => " trail=1",
    };
    let (side, exits) = match class {
        OrderClass::Simple => ("buy", ""),
        OrderClass::Bracket => ("buy", " class=bracket tp=110 sl=90"),
        OrderClass::Oto => ("buy", " class=oto sl=90"),
        OrderClass::Oco => ("sell", " class=oco tp=110 sl=90"),
    };
    format!("{side} 1 {symbol} {kind} {stays}{prices}{exits}")
}

#[test]
fn each_market_takes_its_types_and_times_in_force_and_no_others() {
    let (mut symbol, mut classes, mut seen) = ("", Vec::new(), 0);
    for line in TABLE.lines().filter(|line| !line.is_empty()) {
        let mut columns = line.split_whitespace();
        let first = columns.next().unwrap();
        if !line.starts_with(' ') {
            classes = columns.map(|word| word.parse::<OrderClass>().unwrap()).collect();
            symbol = first;
            continue;
        }
        let letters: Vec<&str> = columns.collect();
        assert_eq!(letters.len(), TimeInForce::ALL.len(), "{line}");
        for (class, (stays, letter)) in classes
            .iter()
            .flat_map(|class| std::iter::repeat(*class).zip(TimeInForce::ALL.iter().zip(&letters)))
        {
            let text = written(symbol, class, first.parse().unwrap(), *stays);
            let held = if class == OrderClass::Oco { "held=1" } else { "" };
            let known = Facts { now: None, ..facts(held) };

            assert_eq!(message(check(&order(&text), &known)), words(letter, class), "{text}");
            seen += 1;
        }
    }
    let all = TimeInForce::ALL.len() * OrderType::ALL.len() * OrderClass::ALL.len() * 3;
    assert_eq!(seen, all);
}
