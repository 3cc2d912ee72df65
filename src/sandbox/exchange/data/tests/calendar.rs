//! Clock and calendar.

use serde_json::json;

use super::*;

#[test]
fn the_clock_tells_what_comes_next() {
    let clock = |now: &str| ask_at(now, "/v2/clock").1;

    assert_eq!(
        clock(NOON),
        json!({
            "timestamp": "2026-11-25T12:00:00-05:00",
            "is_open": true,
            "next_open": "2026-11-27T09:30:00-05:00",
            "next_close": "2026-11-25T16:00:00-05:00",
        })
    );
    assert_eq!(
        clock("2026-11-27T10:00:00Z"),
        json!({
            "timestamp": "2026-11-27T05:00:00-05:00",
            "is_open": false,
            "next_open": "2026-11-27T09:30:00-05:00",
            "next_close": "2026-11-27T13:00:00-05:00",
        })
    );
}

#[test]
fn the_calendar_has_short_days_and_no_holidays() {
    let days = ask("/v2/calendar?start=2026-11-25&end=2026-11-27T15:00:00-05:00");

    assert_eq!(
        days,
        json!([
            {
                "date": "2026-11-25", "open": "09:30", "close": "16:00", "session_open": "0400",
                "session_close": "2000", "settlement_date": "2026-11-27",
            },
            {
                "date": "2026-11-27", "open": "09:30", "close": "13:00", "session_open": "0400",
                "session_close": "1700", "settlement_date": "2026-11-30",
            },
        ])
    );
    let settled = ask("/v2/calendar?start=2026-11-27&end=2026-11-27&date_type=SETTLEMENT");
    assert_eq!(settled, json!([days[0]]));
    let whole = ask("/v2/calendar");
    assert_eq!(whole.as_array().unwrap().last().unwrap()["date"], "2029-12-31");
    assert_eq!(
        refused("/v2/calendar?start=tomorrow"),
        (422, Some(40_010_001), "invalid start: tomorrow".to_owned())
    );
}

#[test]
fn the_newer_clock_names_the_phase() {
    let phase = |now: &str| {
        let clock = ask_at(now, "/v3/clock?markets=NASDAQ").1["clocks"][0].clone();
        format!(
            "{} until {}",
            clock["phase"].as_str().unwrap(),
            clock["phase_until"].as_str().unwrap()
        )
    };

    assert_eq!(phase("2026-11-25T13:00:00Z"), "pre until 2026-11-25T09:30:00-05:00");
    assert_eq!(phase(NOON), "core until 2026-11-25T16:00:00-05:00");
    assert_eq!(phase("2026-11-25T22:00:00Z"), "post until 2026-11-25T20:00:00-05:00");
    assert_eq!(phase("2026-11-26T17:00:00Z"), "closed until 2026-11-27T04:00:00-05:00");
    assert_eq!(phase("2026-11-25T07:00:00Z"), "closed until 2026-11-25T04:00:00-05:00");
    let days = ask("/v3/calendar/NYSE?timezone=UTC&start=2026-11-27&end=2026-11-27");
    assert_eq!(days["calendar"][0]["core_end"], "2026-11-27T18:00:00.000Z");
    assert_eq!(refused("/v3/calendar/MARS").2, "invalid market: MARS");
}
