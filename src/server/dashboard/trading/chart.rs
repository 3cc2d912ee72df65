//! What an account was worth over time, as a line: drawn here, seen without a script, read without eyes.
//!
//! The drawing holds shapes alone and is stretched to the room that there is; every word stands beside it as text.
//! Money is decimal until it is a place in the drawing.

use maud::{Markup, html};
use rust_decimal::Decimal;

use super::super::parts::{Column, empty, table, time};
use super::money::money;
use crate::broker::Worth;

/// Size of the drawing, in units of its own.
const SIZE: (i64, i64) = (1000, 240);

/// What a history comes to.
struct Course<'a> {
    points: &'a [Worth],
    first: &'a Worth,
    last: &'a Worth,
    lowest: Decimal,
    highest: Decimal,
}

/// Returns the chart of points in the order of time, with all that it shows in words and numbers.
pub(super) fn equity(points: &[Worth]) -> Markup {
    let lowest = points.iter().map(|one| one.equity).min();
    let highest = points.iter().map(|one| one.equity).max();
    let ends = points.first().zip(points.last());
    let Some(((first, last), (lowest, highest))) = ends.zip(lowest.zip(highest)) else {
        return empty(
            "There is no history yet.",
            &html! { "It begins with the first close of the market." },
        );
    };
    let course = Course { points, first, last, lowest, highest };
    let words = course.words();
    html! {
        figure.chart {
            figcaption { (words) }
            div.plot {
                (course.drawing(&words))
                p.scale aria-hidden="true" {
                    span { (money(highest)) }
                    @if lowest != highest { span { (money(lowest)) } }
                }
            }
            @if first.at != last.at {
                p.ends aria-hidden="true" { span { (day(first)) } span { (day(last)) } }
            }
            details.more { summary { "The values" } (values(points, first)) }
        }
    }
}

impl Course<'_> {
    /// Says what the line shows.
    fn words(&self) -> String {
        let (first, last) = (self.first, self.last);
        if self.points.len() == 1 {
            let text = "The line begins with the next point.";
            return format!("{} on {}. {text}", money(last.equity), day(last));
        }
        let change = last.equity - first.equity;
        let way = match change.cmp(&Decimal::ZERO) {
            std::cmp::Ordering::Greater => format!("{} more", money(change)),
            std::cmp::Ordering::Less => format!("{} less", money(-change)),
            std::cmp::Ordering::Equal => "as much as before".to_owned(),
        };
        let percent = (change * Decimal::ONE_HUNDRED).checked_div(first.equity);
        let percent = percent.map(|percent| percent.abs().round_dp(2).normalize());
        let percent = percent.filter(|percent| !percent.is_zero());
        let percent = percent.map(|percent| format!(" ({percent} %)")).unwrap_or_default();
        format!(
            "From {} on {} to {} on {}: {way}{percent}.",
            money(first.equity),
            day(first),
            money(last.equity),
            day(last),
        )
    }

    fn drawing(&self, words: &str) -> Markup {
        let (width, height) = SIZE;
        let places: Vec<_> = self.points.iter().map(|one| self.place(one)).collect();
        let line = places.iter().map(|(x, y)| format!("{x} {y}")).collect::<Vec<_>>().join("L");
        let begins = self.place(self.first);
        let (end_x, end_y) = self.place(self.last);
        html! {
            svg role="img" aria-labelledby="chart-title chart-words" viewBox=(format!("0 0 {width} {height}"))
                preserveAspectRatio="none" {
                title id="chart-title" { "Equity over time" }
                desc id="chart-words" { (words) }
                @if places.len() > 1 {
                    path.area d=(format!("M{line}L{end_x} {height}L{} {height}Z", begins.0)) {}
                    path.base d=(format!("M0 {}H{width}", begins.1)) {}
                    path.line d=(format!("M{line}")) {}
                }
                path.dot d=(format!("M{end_x} {end_y}h0")) {}
            }
        }
    }

    /// Returns where a point is drawn, from the left and from above: one alone, and a line without a slope, in the
    /// middle.
    fn place(&self, one: &Worth) -> (Decimal, Decimal) {
        let (width, height) = (Decimal::from(SIZE.0), Decimal::from(SIZE.1));
        let part = |done: Decimal, whole: Decimal, size: Decimal| {
            let place = done.checked_div(whole).map_or(size / Decimal::TWO, |part| part * size);
            place.round_dp(1).normalize()
        };
        let since = |at: &Worth| Decimal::from(at.at.0 - self.first.at.0);
        let x = part(since(one), since(self.last), width);
        let y = part(self.highest - one.equity, self.highest - self.lowest, height);
        (x, y)
    }
}

/// Returns the day of a point, in UTC.
fn day(one: &Worth) -> String {
    one.at.minute().chars().take(10).collect()
}

fn values(points: &[Worth], first: &Worth) -> Markup {
    let columns = [Column::Text("When"), Column::Number("Equity"), Column::Number("Gain")];
    let row = |one: &Worth| {
        let gain = one.equity - first.equity;
        vec![time(one.at), html! { (money(one.equity)) }, html! { (money(gain)) }]
    };
    let rows: Vec<_> = points.iter().rev().map(row).collect();
    table(
        "What the account was worth, the latest first, and how much more than at first; times are UTC",
        &columns,
        &rows,
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::time::Millis;

    fn chart(points: &[(i64, &str)]) -> String {
        let worth = |(day, equity): &(i64, &str)| Worth {
            at: Millis(1_795_824_000_000 + day * 86_400_000),
            equity: equity.parse().unwrap(),
            gain: None,
            part: None,
        };
        equity(&points.iter().map(worth).collect::<Vec<_>>()).into_string()
    }

    #[track_caller]
    fn has(chart: &str, parts: &[&str]) {
        for part in parts {
            assert!(chart.contains(part), "no {part} in {chart}");
        }
    }

    #[test]
    fn a_history_is_a_line_from_its_beginning_to_its_end() {
        let drawn = chart(&[(0, "100000"), (1, "99000.005"), (4, "101000.10")]);

        has(
            &drawn,
            &[
                r#"<path class="line" d="M0 120L250 240L1000 0">"#,
                r#"<path class="area" d="M0 120L250 240L1000 0L1000 240L0 240Z">"#,
                r#"<path class="base" d="M0 120H1000">"#,
                "From $100,000.00 on 2026-11-28 to $101,000.10 on 2026-12-02: $1,000.10 more (1 %).",
                r#"<svg role="img" aria-labelledby="chart-title chart-words""#,
                "−$1,000.00",
                "<span>$101,000.10</span><span>$99,000.00</span>",
            ],
        );
        assert_eq!(drawn.matches("<tr").count(), 4);
    }

    #[test]
    fn a_loss_and_nothing_at_all_are_said_in_words() {
        has(&chart(&[(0, "200"), (1, "150")]), &["$50.00 less (25 %)."]);
        has(&chart(&[(0, "200"), (1, "200")]), &["as much as before.", "M0 120L1000 120"]);
        has(&chart(&[(0, "0"), (1, "200")]), &["$200.00 more."]);
        has(&chart(&[(0, "100000"), (1, "99999.20")]), &["$0.80 less."]);
        has(&chart(&[(0, "-5"), (1, "5")]), &["−$5.00", "$10.00 more (200 %)."]);
    }

    #[test]
    fn what_is_no_line_is_a_dot_or_a_sentence() {
        let alone = chart(&[(0, "100000")]);
        let none = chart(&[]);

        has(&alone, &["M500 120h0", "$100,000.00 on 2026-11-28. The line begins"]);
        assert!(!alone.contains("class=\"line\"") && !alone.contains("class=\"ends\""), "{alone}");
        has(&none, &["There is no history yet."]);
        assert!(!none.contains("<svg"), "{none}");
    }
}
