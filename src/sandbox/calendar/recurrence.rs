//! On which days a recurring event happens (RFC 5545): `FREQ`, `INTERVAL`, `COUNT`, `UNTIL`, `BYDAY`,
//! `BYMONTHDAY`, and `EXDATE`. Other parts of a rule are ignored.

use jiff::civil::{Date, Weekday};
use jiff::{Span, ToSpan};

use super::times::When;
use crate::api::time::Millis;

/// How many instances are counted at most.
const MOST: usize = 1_000;

/// How many periods are looked at: a rule may name days that no month has.
const PATIENCE: i64 = 10_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Frequency {
    Daily,
    Weekly,
    Monthly,
    Yearly,
}

#[derive(Debug)]
struct Rule {
    frequency: Frequency,
    interval: i64,
    count: usize,
    /// The last day or moment, as it was written without punctuation: `20261231T235959Z`.
    until: Option<String>,
    /// Weekdays, with which one of the month it is to be, or 0 for every one.
    days: Vec<(i8, Weekday)>,
    month_days: Vec<i8>,
}

/// Returns when an event that begins at `start` happens by these rules, before `end`; nothing if a
/// rule cannot be read.
pub(super) fn occurrences(start: When, rules: &[&str], end: Millis) -> Option<Vec<When>> {
    let mut found = Vec::new();
    let mut excluded = Vec::new();
    for line in rules {
        if let Some(rule) = line.strip_prefix("RRULE:") {
            found.extend(expand(start, &Rule::read(rule)?, end));
        } else if line.starts_with("EXDATE") {
            excluded.extend(line.split_once(':')?.1.split(','));
        }
    }
    if !rules.iter().any(|line| line.starts_with("RRULE:")) {
        return None;
    }
    found.retain(|when| {
        let suffix = when.suffix();
        !excluded.iter().any(|text| text.trim_end_matches('Z') == suffix.trim_end_matches('Z'))
    });
    Some(found)
}

impl Rule {
    fn read(text: &str) -> Option<Self> {
        let (mut frequency, mut rule) = (
            None,
            Self {
                frequency: Frequency::Daily,
                interval: 1,
                count: MOST,
                until: None,
                days: Vec::new(),
                month_days: Vec::new(),
            },
        );
        for part in text.split(';') {
            let (name, value) = part.split_once('=')?;
            match name {
                "FREQ" => {
                    frequency = Some(match value {
                        "DAILY" => Frequency::Daily,
                        "WEEKLY" => Frequency::Weekly,
                        "MONTHLY" => Frequency::Monthly,
                        "YEARLY" => Frequency::Yearly,
                        _ => return None,
                    });
                }
                "INTERVAL" => rule.interval = value.parse().ok().filter(|own| *own > 0)?,
                "COUNT" => rule.count = value.parse::<usize>().ok()?.min(MOST),
                "UNTIL" => rule.until = Some(value.replace(['-', ':'], "")),
                "BYDAY" => rule.days = value.split(',').map(weekday).collect::<Option<_>>()?,
                "BYMONTHDAY" => {
                    rule.month_days =
                        value.split(',').map(|day| day.parse().ok()).collect::<Option<_>>()?;
                }
                _ => {}
            }
        }
        rule.frequency = frequency?;
        Some(rule)
    }

    /// Returns the days of one period, in order.
    fn days_of(&self, first: Date, period: i64) -> Option<Vec<Date>> {
        let ahead = period.checked_mul(self.interval)?;
        let mut days = match self.frequency {
            Frequency::Daily => {
                let day = first.checked_add(Span::new().try_days(ahead).ok()?).ok()?;
                let fits = self.days.is_empty()
                    || self.days.iter().any(|(_, weekday)| *weekday == day.weekday());
                if fits { vec![day] } else { Vec::new() }
            }
            Frequency::Weekly => {
                let back = i64::from(first.weekday().to_monday_zero_offset());
                let monday = first.checked_sub(back.days()).ok()?;
                let monday = monday.checked_add(Span::new().try_weeks(ahead).ok()?).ok()?;
                let own = [(0, first.weekday())];
                let wanted = if self.days.is_empty() { &own[..] } else { &self.days };
                let day = |(_, weekday): &(i8, Weekday)| {
                    monday.checked_add(i64::from(weekday.to_monday_zero_offset()).days()).ok()
                };
                wanted.iter().filter_map(day).collect()
            }
            Frequency::Monthly => {
                let month =
                    first.first_of_month().checked_add(Span::new().try_months(ahead).ok()?).ok()?;
                self.days_of_month(month, first.day())
            }
            Frequency::Yearly => {
                let month =
                    first.first_of_month().checked_add(Span::new().try_years(ahead).ok()?).ok()?;
                self.days_of_month(month, first.day())
            }
        };
        days.sort_unstable();
        Some(days)
    }

    fn days_of_month(&self, month: Date, usual: i8) -> Vec<Date> {
        let at = |day: i8| {
            let day = if day < 0 { month.days_in_month() + 1 + day } else { day };
            month.with().day(day).build().ok()
        };
        if !self.month_days.is_empty() {
            return self.month_days.iter().filter_map(|&day| at(day)).collect();
        }
        let by_weekday = |&(place, weekday): &(i8, Weekday)| match place {
            0 => (1..=5).filter_map(|n| month.nth_weekday_of_month(n, weekday).ok()).collect(),
            n => month.nth_weekday_of_month(n, weekday).into_iter().collect::<Vec<_>>(),
        };
        if self.days.is_empty() {
            return at(usual).into_iter().collect();
        }
        self.days.iter().flat_map(by_weekday).collect()
    }
}

fn expand(start: When, rule: &Rule, end: Millis) -> Vec<When> {
    let (first, mut found) = (start.date(), Vec::new());
    for period in 0..PATIENCE {
        let Some(days) = rule.days_of(first, period) else { break };
        for day in days.into_iter().filter(|day| *day >= first) {
            let when = start.on(day);
            let over = rule.until.as_ref().is_some_and(|until| is_after(when, until));
            if over || found.len() == rule.count || when.instant() >= end {
                return found;
            }
            found.push(when);
        }
    }
    found
}

/// Tells whether it begins after `until`, which may be a day and then counts to its end.
fn is_after(when: When, until: &str) -> bool {
    let suffix = when.suffix();
    suffix.get(..until.len()).unwrap_or(&suffix) > until
}

/// Reads `MO`, or `-1FR`: the last Friday.
fn weekday(text: &str) -> Option<(i8, Weekday)> {
    let (place, name) = text.split_at_checked(text.len().checked_sub(2)?)?;
    let weekday = match name {
        "MO" => Weekday::Monday,
        "TU" => Weekday::Tuesday,
        "WE" => Weekday::Wednesday,
        "TH" => Weekday::Thursday,
        "FR" => Weekday::Friday,
        "SA" => Weekday::Saturday,
        "SU" => Weekday::Sunday,
        _ => return None,
    };
    let place = if place.is_empty() { 0 } else { place.parse().ok()? };
    Some((place, weekday))
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn days(rules: &[&str], start: Date) -> Vec<String> {
        let end = When::Day(date(2030, 1, 1)).instant();
        let found = occurrences(When::Day(start), rules, end).unwrap();
        found.into_iter().map(|when| when.date().to_string()).collect()
    }

    #[test]
    fn rules_are_expanded_as_calendars_do() {
        let friday = date(2026, 11, 20);

        for (rule, expected) in [
            ("FREQ=DAILY;COUNT=3", ["2026-11-20", "2026-11-21", "2026-11-22"]),
            ("FREQ=WEEKLY;BYDAY=MO,FR;COUNT=3", ["2026-11-20", "2026-11-23", "2026-11-27"]),
            ("FREQ=WEEKLY;INTERVAL=2;COUNT=3", ["2026-11-20", "2026-12-04", "2026-12-18"]),
            ("FREQ=MONTHLY;BYDAY=-1FR;COUNT=3", ["2026-11-27", "2026-12-25", "2027-01-29"]),
            ("FREQ=MONTHLY;BYMONTHDAY=31;COUNT=3", ["2026-12-31", "2027-01-31", "2027-03-31"]),
            ("FREQ=YEARLY;COUNT=3", ["2026-11-20", "2027-11-20", "2028-11-20"]),
            ("FREQ=DAILY;UNTIL=20261122", ["2026-11-20", "2026-11-21", "2026-11-22"]),
        ] {
            assert_eq!(days(&[&format!("RRULE:{rule}")], friday), expected, "{rule}");
        }
    }

    #[test]
    fn a_day_can_be_left_out() {
        let rules = ["RRULE:FREQ=DAILY;COUNT=3", "EXDATE;VALUE=DATE:20261121"];

        assert_eq!(days(&rules, date(2026, 11, 20)), ["2026-11-20", "2026-11-22"]);
    }

    #[test]
    fn what_is_no_rule_is_none() {
        let end = Millis(i64::MAX);
        for rule in
            ["FREQ=DAILY", "RRULE:COUNT=1", "RRULE:FREQ=HOURLY", "RRULE:FREQ=DAILY;BYDAY=XX"]
        {
            let start = When::Day(date(2026, 11, 20));
            assert_eq!(occurrences(start, &[rule], end), None, "{rule}");
        }
    }
}
