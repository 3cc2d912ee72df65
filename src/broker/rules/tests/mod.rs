//! The rules as tables: what each one refuses, in which words, and the neighbour that it lets pass.

mod bodies;
mod holding_rows;
mod market_rows;
mod order_rows;
mod parsed;
mod product;
mod properties;
mod washing;
mod written;

use rust_decimal::Decimal;

use super::{Facts, RULES, Refusal, check, checks};
use written::{facts, order};

/// One row of the tables.
struct Row {
    rule: &'static str,
    bad: Case,
    answer: (u16, u32, String),
    good: Case,
}

/// An order and what is known, in shorthand.
type Case = (&'static str, &'static str);

fn rows() -> Vec<Row> {
    let tables = [order_rows::ROWS, market_rows::ROWS, holding_rows::ROWS];
    let mut lines = tables.into_iter().flat_map(str::lines).filter(|line| !line.is_empty());
    let case = |text: &'static str| text.split_once("; ").unwrap_or((text, ""));
    let (mut rows, mut rule) = (Vec::new(), "");
    while let Some(line) = lines.next() {
        let Some(bad) = line.strip_prefix("  no  ") else {
            rule = line;
            continue;
        };
        let mut words = lines.next().unwrap().trim().splitn(3, ' ');
        let mut next = || words.next().unwrap();
        let answer = (next().parse().unwrap(), next().parse().unwrap(), next().to_owned());
        let good = lines.next().unwrap().strip_prefix("  yes ").unwrap();
        rows.push(Row { rule, bad: case(bad), answer, good: case(good) });
    }
    rows
}

fn number(text: &str) -> Decimal {
    text.parse().unwrap()
}

#[test]
fn each_rule_refuses_in_the_brokers_words_and_lets_the_neighbour_pass() {
    for Row { rule: name, bad, answer, good } in rows() {
        let found = RULES.iter().find(|(rule, _)| *rule == name);
        let (_, rule) = found.unwrap_or_else(|| panic!("no rule `{name}`"));
        let (ticket, known) = (order(bad.0), facts(bad.1));

        let refusal = rule(&ticket, &known).expect_err(bad.0);
        let first = check(&ticket, &known).expect_err(bad.0);

        let given = (refusal.status, refusal.code, refusal.message.clone());
        assert_eq!(given, answer, "{name}: {}", bad.0);
        assert_eq!(first, refusal, "{name}: the first answer to {}", bad.0);
        assert_eq!(check(&order(good.0), &facts(good.1)), Ok(()), "{name}: {}", good.0);
    }
}

#[test]
fn every_rule_has_a_row() {
    let rows = rows();

    for (name, _) in RULES {
        assert!(rows.iter().any(|row| row.rule == *name), "no row for `{name}`");
    }
}

#[test]
fn what_is_not_known_is_not_judged() {
    let unknown = Facts::default();

    for text in [
        "buy 1000000 AAPL market day",
        "sell 10 AAPL market day",
        "sell 5 BTC/USD market gtc",
        "sell 1 AAPL261218C00100000 limit day limit=2",
        "buy 1 AAPL200117C00100000 market day",
        "sell 10 AAPL limit gtc class=oco tp=110 sl=90",
    ] {
        assert_eq!(check(&order(text), &unknown), Ok(()), "{text}");
    }
}

#[test]
fn all_answers_begin_with_the_first() {
    let ticket = order("buy - AAPL limit day limit=0");
    let known = facts("blocked");

    let all: Vec<String> = checks(&ticket, &known).into_iter().map(|no| no.message).collect();

    assert_eq!(
        all,
        [
            "new orders are rejected by user request",
            "limit price must be > 0",
            "qty or notional is required",
        ]
    );
    assert_eq!(check(&ticket, &known).map_err(|no| no.message), Err(all[0].clone()));
}

#[test]
fn an_id_that_was_used_is_told_before_anything_that_changes_with_time() {
    let ticket = order("buy 1 AAPL261218C00100000 market day");
    let known = facts("taken now=2026-12-19T12:00 bp=0 obp=0 unlisted");

    let refusal = check(&ticket, &known).unwrap_err();

    assert_eq!(refusal.message, "client_order_id must be unique");
}

fn message(refusal: Result<(), Refusal>) -> String {
    refusal.map_or_else(|no| no.message, |()| "passes".to_owned())
}
