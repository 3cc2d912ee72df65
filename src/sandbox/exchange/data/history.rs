//! Past bars.

use jiff::ToSpan as _;
use jiff::civil::Date;
use serde_json::{Map, Value, json};

use super::latest::feed;
use super::params::{checked, midnight, token};
use super::shapes::{day_of, shape};
use super::{Answer, Desk, Refusal};
use crate::api::time::Millis;
use crate::api::trading::symbol::Symbol;
use crate::api::trading::words::AssetClass;
use crate::sandbox::exchange::prices::{Bar, Frame};

/// Nothing is older: the first moment of 2016 in New York (source: Alpaca, historical stock data).
const OLDEST: Millis = Millis(1_451_624_400_000);
/// How many milliseconds are looked at in one go when bars are wanted backwards.
const STRETCH: i64 = 7 * 86_400_000;

/// How long bars are: as prices know them, or of several days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Length {
    Of(Frame),
    Week,
    Months(i16),
}

/// What is asked for.
struct Wanted {
    length: Length,
    from: Millis,
    /// Without its end
    until: Millis,
    limit: usize,
    descending: bool,
    /// The symbol at which the last page ended, and its last bar there
    after: Option<(String, i64)>,
}

/// Answers for `symbols`.
pub(super) fn bars(desk: &Desk<'_>, class: AssetClass) -> Answer {
    let symbols = desk.symbols(class)?;
    let (found, next) = page(desk, class, &symbols)?;
    let mut bars = Map::new();
    for (symbol, bar) in found {
        let rows = bars.entry(symbol.to_string()).or_insert_with(|| json!([]));
        if let Value::Array(rows) = rows {
            rows.push(shape(&bar, class));
        }
    }
    Ok(json!({ "bars": bars, "next_page_token": next }))
}

/// Answers for one share.
pub(super) fn bars_of(desk: &Desk<'_>, name: &str) -> Answer {
    let class = AssetClass::UsEquity;
    let symbol = checked(name, class)?;
    let (found, next) = page(desk, class, std::slice::from_ref(&symbol))?;
    let bars: Vec<_> = found.iter().map(|(_, bar)| shape(bar, class)).collect();
    Ok(json!({ "symbol": symbol, "bars": bars, "next_page_token": next }))
}

type Page<'a> = (Vec<(&'a Symbol, Bar)>, Option<String>);

fn page<'a>(
    desk: &Desk<'_>,
    class: AssetClass,
    symbols: &'a [Symbol],
) -> Result<Page<'a>, Refusal> {
    feed(desk, class)?;
    let wanted = Wanted::read(desk, class)?;
    let mut found: Vec<(&Symbol, Bar)> = Vec::new();
    for symbol in symbols {
        let left = wanted.limit + 1 - found.len();
        found.extend(wanted.bars(desk, symbol).take(left).map(|bar| (symbol, bar)));
        if found.len() > wanted.limit {
            break;
        }
    }
    let more = found.len() > wanted.limit;
    found.truncate(wanted.limit);
    let last = found.last().filter(|_| more);
    let next = last.map(|(symbol, bar)| token(&format!("{symbol}|{}", bar.at.0)));
    Ok((found, next))
}

impl Wanted {
    fn read(desk: &Desk<'_>, class: AssetClass) -> Result<Self, Refusal> {
        let refuse = Refusal::bad;
        let text = desk.call.query.get("timeframe").unwrap_or_default();
        let length = length(text).ok_or_else(|| refuse(format!("invalid timeframe: {text}")))?;
        let today = midnight(day_of(desk.now, class), class);
        let from = desk.moment("start", class, refuse)?.unwrap_or(today).max(OLDEST);
        let until = desk.moment("end", class, refuse)?.unwrap_or(desk.now).min(desk.now);
        if desk.moment("end", class, refuse)?.is_some_and(|end| end < from) {
            return Err(refuse("end should not be before start".to_owned()));
        }
        let descending = match desk.call.query.get("sort") {
            None | Some("asc") => false,
            Some("desc") => true,
            Some(other) => return Err(refuse(format!("invalid sort: {other}"))),
        };
        let after = match desk.page(refuse)? {
            None => None,
            Some(place) => {
                let parts = place.split_once('|');
                let parts =
                    parts.and_then(|(symbol, at)| Some((symbol.to_owned(), at.parse().ok()?)));
                Some(parts.ok_or_else(|| refuse("invalid page_token".to_owned()))?)
            }
        };
        let limit = desk.limit(1000, 10_000, refuse)?;
        let until = Millis(until.0.saturating_add(1));
        Ok(Self { length, from, until, limit, descending, after })
    }

    /// Returns the bars of a symbol that no page before held.
    fn bars<'a>(
        &'a self,
        desk: &'a Desk<'_>,
        symbol: &'a Symbol,
    ) -> impl Iterator<Item = Bar> + 'a {
        let (mut from, mut until) = (self.from, self.until);
        match &self.after {
            Some((last, _)) if symbol.as_str() < last.as_str() => until = from,
            Some((last, at)) if symbol.as_str() == last && self.descending => until = Millis(*at),
            Some((last, at)) if symbol.as_str() == last => from = Millis(at + 1),
            Some(_) | None => {}
        }
        let frame = match self.length {
            Length::Of(frame) => frame,
            Length::Week | Length::Months(_) => Frame::Day,
        };
        let class = symbol.class();
        let begin = match self.length {
            Length::Of(_) => from,
            // A bar of several days begins with the first of them.
            Length::Week | Length::Months(_) => {
                let first = self.first_day(day_of(from, class));
                let begin = midnight(first, class);
                if begin < from { midnight(self.next_day(first), class) } else { begin }
            }
        };
        let ask = move |from, until| desk.market.bars(symbol, frame, (from, until), desk.now);
        let plain = self.length == Length::Of(frame);
        let forward = (plain && !self.descending).then(|| ask(begin, until));
        let backward = (plain && self.descending).then(|| {
            let ends = std::iter::successors(Some(until.0), |end| Some(end - STRETCH));
            ends.take_while(move |end| *end > begin.0).flat_map(move |end| {
                let start = Millis((end - STRETCH).max(begin.0));
                let bars: Vec<_> = ask(start, Millis(end)).collect();
                bars.into_iter().rev()
            })
        });
        let mut joined = Vec::new();
        if !plain && begin < until {
            joined = self.joined(ask(begin, Millis(desk.now.0.saturating_add(1))), class, until);
            if self.descending {
                joined.reverse();
            }
        }
        forward.into_iter().flatten().chain(backward.into_iter().flatten()).chain(joined)
    }

    /// Joins days to bars that begin before `until`.
    fn joined(
        &self,
        days: impl Iterator<Item = Bar>,
        class: AssetClass,
        until: Millis,
    ) -> Vec<Bar> {
        let mut bars: Vec<Bar> = Vec::new();
        for day in days {
            let begin = midnight(self.first_day(day_of(day.at, class)), class);
            if begin >= until {
                break;
            }
            match bars.last_mut().filter(|bar| bar.at == begin) {
                None => bars.push(Bar { at: begin, ..day }),
                Some(bar) => {
                    bar.high = bar.high.max(day.high);
                    bar.low = bar.low.min(day.low);
                    bar.close = day.close;
                    bar.volume += day.volume;
                    bar.trades += day.trades;
                }
            }
        }
        bars
    }

    /// Returns the first day of the bar in which a day lies.
    fn first_day(&self, day: Date) -> Date {
        match self.length {
            Length::Of(_) => day,
            Length::Week => {
                let behind = i64::from(day.weekday().to_monday_zero_offset());
                day.checked_sub(behind.days()).unwrap_or(day)
            }
            Length::Months(months) => {
                let month = i16::from(day.month()) - 1;
                let first = i8::try_from(month / months * months + 1).unwrap_or(1);
                Date::new(day.year(), first, 1).unwrap_or(day)
            }
        }
    }

    /// Returns the first day of the bar after the one that begins with a day.
    fn next_day(&self, first: Date) -> Date {
        let span = match self.length {
            Length::Of(_) => 1.day(),
            Length::Week => 7.days(),
            Length::Months(months) => i64::from(months).months(),
        };
        first.checked_add(span).unwrap_or(first)
    }
}

/// Reads `5Min`, `1Hour`, `1D`.
fn length(text: &str) -> Option<Length> {
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (count, unit) = text.split_at(digits);
    let count: u8 = count.parse().ok()?;
    match (unit, count) {
        ("Min" | "T", 1..=59) => Some(Length::Of(Frame::Minutes(count))),
        ("Hour" | "H", 1..=23) => Some(Length::Of(Frame::Hours(count))),
        ("Day" | "D", 1) => Some(Length::Of(Frame::Day)),
        ("Week" | "W", 1) => Some(Length::Week),
        ("Month" | "M", 1 | 2 | 3 | 4 | 6 | 12) => Some(Length::Months(i16::from(count))),
        (_, _) => None,
    }
}
