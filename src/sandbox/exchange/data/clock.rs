//! The market's clock and calendar, in New York's time.

use jiff::civil::Date;
use serde_json::{Value, json};

use super::{Answer, Desk, Refusal};
use crate::api::time::Millis;
use crate::api::trading::words::AssetClass;
use crate::broker::calendar::{self, Phase, Session};

/// The days that the calendar holds (source: Alpaca Trading API 2.0.1).
const FIRST: Date = Date::constant(1970, 1, 1);
const LAST: Date = Date::constant(2029, 12, 31);

/// Markets whose hours are those of the calendar: acronym, MIC and name.
const MARKETS: [(&str, &str, &str); 3] = [
    ("NYSE", "XNYS", "New York Stock Exchange"),
    ("NASDAQ", "XNAS", "National Association of Securities Dealers Automated Quotations"),
    ("IEX", "IEXG", "Investors Exchange"),
];

/// Answers `/v2/clock`.
pub(super) fn clock(now: Millis) -> Value {
    let (open, close) = next(now);
    json!({
        "timestamp": calendar::stamp(now),
        "is_open": calendar::phase(now) == Phase::Regular,
        "next_open": calendar::stamp(open),
        "next_close": calendar::stamp(close),
    })
}

/// Answers `/v2/calendar`.
pub(super) fn calendar(desk: &Desk<'_>) -> Answer {
    let refuse = Refusal::unprocessable;
    let first = desk.day("start", refuse)?.unwrap_or(FIRST).max(FIRST);
    let last = desk.day("end", refuse)?.unwrap_or(LAST).min(LAST);
    let settled = match desk.call.query.get("date_type") {
        None | Some("TRADING" | "trading") => false,
        Some("SETTLEMENT" | "settlement") => true,
        Some(other) => return Err(refuse(format!("invalid date_type: {other}"))),
    };
    // A trade is settled a few days after it at most, over holidays.
    let from =
        if settled { calendar::previous(calendar::previous(first).date).date } else { first };
    let days = sessions(from, last).filter(|session| {
        let day = if settled { calendar::settlement(session.date) } else { session.date };
        (first..=last).contains(&day)
    });
    Ok(days.map(|session| day(&session)).collect())
}

/// Answers `/v3/clock`.
pub(super) fn clocks(desk: &Desk<'_>) -> Answer {
    let at = desk.moment("time", AssetClass::UsEquity, Refusal::unprocessable)?;
    let at = at.unwrap_or(desk.now);
    let names = desk.list("markets");
    let names = if names.is_empty() { vec!["NYSE"] } else { names };
    let clocks = names.into_iter().map(|name| {
        let session = calendar::session(calendar::date(at));
        let (open, close) = next(at);
        let (phase, until) = phase(at, session.as_ref());
        Ok(json!({
            "market": market(name)?,
            "timestamp": calendar::stamp(at),
            "is_market_day": session.is_some(),
            "next_market_open": calendar::stamp(open),
            "next_market_close": calendar::stamp(close),
            "phase": phase,
            "phase_until": calendar::stamp(until),
        }))
    });
    Ok(json!({ "clocks": clocks.collect::<Result<Vec<_>, Refusal>>()? }))
}

/// Answers `/v3/calendar/{market}`: a week from today on, unless days are asked for.
pub(super) fn calendar_of(desk: &Desk<'_>, name: &str) -> Answer {
    let refuse = Refusal::unprocessable;
    let market = market(name)?;
    let first = desk.day("start", refuse)?.unwrap_or_else(|| calendar::date(desk.now));
    let week = || first.checked_add(jiff::Span::new().days(7)).unwrap_or(first);
    let last = desk.day("end", refuse)?.unwrap_or_else(week).min(LAST);
    let utc = match desk.call.query.get("timezone") {
        None => false,
        Some("UTC") => true,
        Some(other) => return Err(refuse(format!("invalid timezone: {other}"))),
    };
    let stamp = |at: Millis| if utc { at.to_string() } else { calendar::stamp(at) };
    let days = sessions(first.max(FIRST), last).map(|session| {
        json!({
            "date": session.date.to_string(),
            "pre_start": stamp(session.pre),
            "pre_end": stamp(session.open),
            "core_start": stamp(session.open),
            "core_end": stamp(session.close),
            "post_start": stamp(session.close),
            "post_end": stamp(session.post),
            "settlement_date": calendar::settlement(session.date).to_string(),
        })
    });
    Ok(json!({ "market": market, "calendar": days.collect::<Vec<_>>() }))
}

/// Returns when the market opens next and when it closes next.
fn next(now: Millis) -> (Millis, Millis) {
    let session = calendar::current_or_next(now);
    let open = if now < session.open { session } else { calendar::next_after(session.date) }.open;
    (open, session.close)
}

/// Returns the phase and when it ends.
fn phase(at: Millis, session: Option<&Session>) -> (&'static str, Millis) {
    match (calendar::phase(at), session) {
        (Phase::Pre, Some(session)) => ("pre", session.open),
        (Phase::Regular, Some(session)) => ("core", session.close),
        (Phase::Post, Some(session)) => ("post", session.post),
        (Phase::Closed, Some(session)) if at < session.pre => ("closed", session.pre),
        (Phase::Closed | Phase::Pre | Phase::Regular | Phase::Post, _) => {
            ("closed", calendar::next_after(calendar::date(at)).pre)
        }
    }
}

fn market(name: &str) -> Answer {
    let known = MARKETS.iter().find(|(acronym, mic, _)| *acronym == name || *mic == name);
    let (acronym, mic, title) =
        known.ok_or_else(|| Refusal::unprocessable(format!("invalid market: {name}")))?;
    Ok(json!({ "acronym": acronym, "mic": mic, "name": title, "timezone": "America/New_York" }))
}

fn sessions(first: Date, last: Date) -> impl Iterator<Item = Session> {
    let days = first.series(jiff::Span::new().days(1)).take_while(move |day| *day <= last);
    days.filter_map(calendar::session)
}

fn day(session: &Session) -> Value {
    let (close, end) = if session.early { ("13:00", "1700") } else { ("16:00", "2000") };
    json!({
        "date": session.date.to_string(),
        "open": "09:30",
        "close": close,
        "session_open": "0400",
        "session_close": end,
        "settlement_date": calendar::settlement(session.date).to_string(),
    })
}
