//! What holds for every order, whatever it says and whatever is known.

use proptest::prelude::*;
use proptest::sample::select;
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::written::{facts, order};
use super::{check, checks, number};
use crate::api::time::Millis;
use crate::api::trading::words::{
    AssetClass, OrderClass, OrderType, PositionIntent, Side, TimeInForce,
};
use crate::broker::rules::{Facts, Held, Quote, Resting, cost, parse, reserve};
use crate::broker::ticket::Ticket;

/// A thousand cases, or as many as `PROPTEST_CASES` says where that is more.
fn thorough() -> ProptestConfig {
    let usual = ProptestConfig::default();
    let cases = usual.cases.max(1_000);
    let max_global_rejects = cases.saturating_mul(100);
    ProptestConfig { cases, max_global_rejects, failure_persistence: None, ..usual }
}

/// Prices around the market, in steps of half a dollar.
fn near() -> impl Strategy<Value = Decimal> + Clone {
    (160_i64..240).prop_map(|halves| Decimal::new(halves * 5, 1))
}

/// Any number at all, the largest and the smallest among them.
fn wild() -> impl Strategy<Value = Decimal> + Clone {
    let any = (any::<i64>(), 0_u32..=18).prop_map(|(digits, scale)| Decimal::new(digits, scale));
    let edges = select(vec![Decimal::MAX, Decimal::MIN, Decimal::ZERO, Decimal::new(1, 28)]);
    prop_oneof![3 => any, 1 => edges]
}

fn qty() -> impl Strategy<Value = Decimal> {
    prop_oneof![
        4 => (1_i64..40).prop_map(Decimal::from),
        1 => (1_i64..4_000_000_000).prop_map(|digits| Decimal::new(digits, 9)),
    ]
}

/// Orders that have what their type and class need; most of them could be meant.
fn formed() -> impl Strategy<Value = Ticket> {
    let symbols = [
        "AAPL",
        "AAPL",
        "BTC/USD",
        "AAPL261218C00100000",
        "AAPL261218P00100000",
        "AAPL241213C00250000",
    ];
    let names = (select(symbols.to_vec()), select(Side::ALL), select(OrderType::ALL));
    let rest = (select(TimeInForce::ALL), select(OrderClass::ALL), any::<bool>());
    let amounts =
        (qty(), any::<bool>(), proptest::option::weighted(0.2, select(PositionIntent::ALL)));
    let prices = (near(), near(), near(), near());
    let meant = proptest::bool::weighted(0.8);
    (names, rest, amounts, prices, meant).prop_map(|(names, rest, amounts, prices, meant)| {
        let ((symbol, side, kind), (stays, class, extended)) = (names, rest);
        let mut ticket = order(&format!("{side} - {symbol} {kind} {stays}"));
        let (qty, in_dollars, intent) = amounts;
        ticket.order_class = class;
        ticket.extended_hours = extended && kind == OrderType::Limit;
        ticket.intent = intent;
        ticket.qty = Some(qty);
        if meant {
            fit(&mut ticket);
        }
        if in_dollars
            && ticket.order_type == OrderType::Market
            && ticket.class != AssetClass::UsOption
        {
            (ticket.notional, ticket.qty) = (ticket.qty.map(|qty| qty.round_dp(2)), None);
        }
        priced(ticket, prices, meant)
    })
}

/// Makes an order one that its market takes.
fn fit(ticket: &mut Ticket) {
    ticket.intent = None;
    let whole = |qty: Decimal| qty.trunc().max(Decimal::ONE);
    match ticket.class {
        AssetClass::UsEquity if ticket.order_class == OrderClass::Simple => {
            ticket.time_in_force = TimeInForce::Day;
        }
        AssetClass::UsEquity => {
            let exits = ticket.order_class == OrderClass::Oco;
            ticket.order_type = if exits { OrderType::Limit } else { OrderType::Market };
            ticket.time_in_force = TimeInForce::Gtc;
            ticket.extended_hours = false;
            ticket.qty = ticket.qty.map(whole);
        }
        AssetClass::Crypto => {
            let limited = ticket.order_type == OrderType::Limit;
            ticket.order_type = if limited { OrderType::Limit } else { OrderType::Market };
            (ticket.order_class, ticket.time_in_force) = (OrderClass::Simple, TimeInForce::Gtc);
        }
        AssetClass::UsOption => {
            ticket.order_type = OrderType::Limit;
            (ticket.order_class, ticket.time_in_force) = (OrderClass::Simple, TimeInForce::Day);
            ticket.extended_hours = false;
            ticket.qty = ticket.qty.map(whole);
        }
    }
}

/// Gives an order the prices of its type and class, on the right sides of each other if it is meant.
fn priced(mut ticket: Ticket, prices: (Decimal, Decimal, Decimal, Decimal), meant: bool) -> Ticket {
    let (limit, mut stop, mut gain, mut loss) = prices;
    let (kind, class) = (ticket.order_type, ticket.order_class);
    if meant {
        let (high, low) = (Decimal::from(130), Decimal::from(70));
        let up = ticket.side == Side::Buy;
        stop = if up { high } else { low };
        (gain, loss) = if up == (class != OrderClass::Oco) { (high, low) } else { (low, high) };
    }
    ticket.limit_price = matches!(kind, OrderType::Limit | OrderType::StopLimit).then_some(limit);
    ticket.stop_price = matches!(kind, OrderType::Stop | OrderType::StopLimit).then_some(stop);
    ticket.trail_price = (kind == OrderType::TrailingStop).then_some(Decimal::ONE);
    ticket.take_profit = (class != OrderClass::Simple).then_some(gain);
    let both = matches!(class, OrderClass::Bracket | OrderClass::Oco);
    ticket.stop_loss = both.then_some(loss);
    ticket
}

/// Orders in some of which one number was replaced by any other, or taken away.
fn odd() -> impl Strategy<Value = Ticket> {
    (formed(), 0..18, proptest::option::of(wild())).prop_map(|(mut ticket, field, number)| {
        *match field {
            0 => &mut ticket.qty,
            1 => &mut ticket.notional,
            2 => &mut ticket.limit_price,
            3 => &mut ticket.stop_price,
            4 => &mut ticket.trail_price,
            5 => &mut ticket.trail_percent,
            6 => &mut ticket.take_profit,
            7 => &mut ticket.stop_loss,
            8 => &mut ticket.stop_loss_limit,
            _ => return ticket,
        } = number;
        ticket
    })
}

fn resting() -> impl Strategy<Value = Resting> {
    let words = (select(Side::ALL), select(OrderType::ALL), select(OrderClass::ALL));
    (words, near(), any::<bool>()).prop_map(|((side, order_type, order_class), limit, opens)| {
        let limited = matches!(order_type, OrderType::Limit | OrderType::StopLimit);
        let (id, class) = ("resting".to_owned(), AssetClass::UsEquity);
        let (left, limit_price) = (Some(Decimal::ONE), limited.then_some(limit));
        Resting { id, class, side, order_type, order_class, left, limit_price, opens }
    })
}

/// What could be known, each part of it known or not.
fn known(price: impl Strategy<Value = Decimal> + Clone) -> impl Strategy<Value = Facts> {
    let sides = (proptest::option::weighted(0.9, price.clone()), proptest::option::of(price));
    let held = (prop_oneof![Just(0_i64), -40_i64..40], 20_i64..40, 0_i64..4_000);
    let open = proptest::collection::vec(resting(), 0..2);
    let now = 1_795_500_000_000_i64..1_798_600_000_000;
    let unknown = (any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>());
    let money = prop_oneof![0_i64..20_000, Just(1_000_000)];
    (sides, held, open, now, unknown, money).prop_map(|(sides, held, open, now, unknown, money)| {
        let mut facts = facts(&format!("bp={money} cash={money} obp={money}"));
        facts.now = Some(Millis(now)).filter(|_| unknown.0);
        facts.quote = Some(Quote { at: Millis(now), bid: sides.0, ask: sides.1 });
        facts.quote = facts.quote.filter(|_| unknown.1);
        let qty = Decimal::from(held.0);
        let available = Decimal::from(held.1).min(qty.abs());
        let underlying_available = Some(Decimal::from(held.2));
        facts.held = Some(Held { qty, available, underlying_available }).filter(|_| unknown.2);
        facts.open = Some(open).filter(|_| unknown.3);
        facts
    })
}

/// A body of an order with any values in it, some of them sensible.
fn body() -> impl Strategy<Value = Value> {
    let scalar = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "[-+0-9.eE]{0,40}".prop_map(Value::from),
        "\\PC{0,12}".prop_map(Value::from),
        select(vec![json!({}), json!([]), json!({ "limit_price": "1", "stop_price": 2 })]),
    ];
    let name = select(vec![
        "symbol",
        "qty",
        "notional",
        "side",
        "type",
        "time_in_force",
        "limit_price",
        "stop_price",
        "trail_price",
        "trail_percent",
        "extended_hours",
        "client_order_id",
        "order_class",
        "take_profit",
        "stop_loss",
        "position_intent",
        "legs",
    ]);
    proptest::collection::vec((name, scalar), 0..4).prop_map(|changes| {
        let mut body = json!({ "symbol": "AAPL", "side": "buy", "type": "market",
            "time_in_force": "day", "qty": "1" });
        for (name, value) in changes {
            body[name] = value;
        }
        body
    })
}

fn is_whole(price: Option<Decimal>, step: &str) -> bool {
    price.is_none_or(|price| (price % number(step)).is_zero())
}

fn is_stock(ticket: &Ticket) -> bool {
    ticket.class == AssetClass::UsEquity
}

proptest! {
    #![proptest_config(thorough())]

    #[test]
    fn no_order_and_no_knowledge_brings_a_panic(ticket in odd(), known in known(wild())) {
        let first = check(&ticket, &known);
        let all = checks(&ticket, &known);

        prop_assert_eq!(first.err(), all.into_iter().next());
        prop_assert!(cost(&ticket, known.quote.as_ref()).is_none_or(|cost| cost >= Decimal::ZERO));
        prop_assert!(reserve(&ticket, known.quote.as_ref()).is_none_or(|cost| cost >= Decimal::ZERO));
    }

    #[test]
    fn an_order_that_passes_does_not_contradict_itself(ticket in odd(), known in known(near())) {
        prop_assume!(check(&ticket, &known).is_ok());
        let (simple, kind) = (ticket.order_class == OrderClass::Simple, ticket.order_type);

        prop_assert!(ticket.qty.is_some() != ticket.notional.is_some());
        prop_assert!(ticket.qty.or(ticket.notional).is_some_and(|amount| amount > Decimal::ZERO));
        let waits = matches!(kind, OrderType::Stop | OrderType::StopLimit);
        prop_assert_eq!(ticket.stop_price.is_some(), waits);
        prop_assert!(ticket.limit_price.is_none() || kind != OrderType::Market);
        prop_assert!(simple || is_stock(&ticket));
        prop_assert_eq!(simple, ticket.take_profit.is_none() && ticket.stop_loss.is_none());
        prop_assert!(is_stock(&ticket) || ticket.class == AssetClass::Crypto
            || !ticket.is_fractional());
        prop_assert!(!is_stock(&ticket) || !ticket.is_fractional()
            || simple && ticket.time_in_force == TimeInForce::Day);
        for price in [ticket.limit_price, ticket.stop_price, ticket.take_profit, ticket.stop_loss] {
            prop_assert!(is_whole(price, "0.0001"));
        }
        if let Some((gain, loss)) = ticket.take_profit.zip(ticket.stop_loss) {
            let long = (ticket.side == Side::Buy) == (ticket.order_class == OrderClass::Bracket);
            prop_assert_eq!(gain > loss, long);
        }
    }

    #[test]
    fn an_order_that_passes_sells_and_spends_what_is_there(
        ticket in formed(),
        known in known(near()),
    ) {
        prop_assume!(check(&ticket, &known).is_ok());
        let Some(held) = known.held else { return Ok(()) };

        let qty = ticket.qty.unwrap_or_default();
        match (ticket.side, ticket.class) {
            (Side::Sell, AssetClass::Crypto) => prop_assert!(qty <= held.available),
            (Side::Sell, _) if held.qty > Decimal::ZERO => prop_assert!(qty <= held.available),
            (Side::Buy, _) if held.qty < Decimal::ZERO && ticket.class != AssetClass::Crypto => {
                prop_assert!(qty <= held.available);
            }
            (Side::Sell, AssetClass::UsEquity) => prop_assert!(!ticket.is_fractional()),
            (Side::Sell | Side::Buy, _) => {}
        }
        let spent = reserve(&ticket, known.quote.as_ref()).unwrap_or_default();
        let opens = ticket.side == Side::Buy && held.qty >= Decimal::ZERO;
        let power = known.account.and_then(|account| account.buying_power).unwrap_or_default();
        prop_assert!(!opens || spent <= power);
    }

    #[test]
    fn an_order_that_passes_never_meets_an_open_one(ticket in formed(), known in known(near())) {
        prop_assume!(check(&ticket, &known).is_ok());

        let plain = |class, kind| class == OrderClass::Simple && kind != OrderType::TrailingStop;
        for other in known.open.into_iter().flatten() {
            let apart = other.side == ticket.side
                || !plain(ticket.order_class, ticket.order_type)
                || !plain(other.order_class, other.order_type);
            let limits = ticket.limit_price.zip(other.limit_price);
            let cross = limits.is_none_or(|(this, other)| match ticket.side {
                Side::Buy => this >= other,
                Side::Sell => this <= other,
            });
            prop_assert!(apart || !cross, "{:?}", other);
        }
    }

    #[test]
    fn who_knows_less_refuses_less(ticket in odd(), known in known(near())) {
        prop_assume!(check(&ticket, &known).is_ok());

        prop_assert_eq!(check(&ticket, &Facts::default()), Ok(()));
        let bare = Facts { quote: None, open: None, account: None, ..known };
        prop_assert_eq!(check(&ticket, &bare), Ok(()));
    }

    #[test]
    fn an_order_survives_the_wire(ticket in formed(), known in known(near())) {
        prop_assume!(check(&ticket, &known).is_ok());
        let resolve = |_: &str| Some((ticket.symbol.clone(), ticket.class));

        let read = parse(&ticket.body(), resolve, "another".to_owned());

        prop_assert_eq!(read, Ok(ticket.clone()));
    }

    #[test]
    fn no_body_brings_a_panic(body in body(), known in known(near())) {
        let resolve = |text: &str| Some((text.parse().ok()?, AssetClass::UsEquity));

        match parse(&body, resolve, "made".to_owned()) {
            Ok(ticket) => prop_assert!(checks(&ticket, &known).len() < 60),
            Err(refusal) => prop_assert!([400, 422].contains(&refusal.status)),
        }
    }
}
