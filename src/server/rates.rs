//! How much each key may ask for: so many calls in each minute of the clock.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};

use crate::api::error::{Code, Error, Result};
use crate::api::time::Millis;

/// How long one allowance lasts, in milliseconds.
const MINUTE: i64 = 60_000;

/// What keys have asked for in this minute.
#[derive(Debug)]
pub(super) struct Rates {
    limit: u32,
    spent: Mutex<Spent>,
}

/// Calls so far, by key.
#[derive(Debug, Default)]
struct Spent {
    minute: i64,
    calls: HashMap<String, u32>,
}

/// What a key has left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Allowance {
    /// Calls in a minute; 0 for as many as it likes
    limit: u32,
    /// How many of them are left; `None` if this one was too many
    left: Option<u32>,
    /// When there are as many again
    until: Millis,
    now: Millis,
}

impl Rates {
    /// Lets each key call `limit` times in a minute, or as often as it likes if that is 0.
    pub(super) fn new(limit: u32) -> Self {
        Self { limit, spent: Mutex::default() }
    }

    /// Counts one call of `key`, and returns what is left.
    pub(super) fn take(&self, key: &str) -> Allowance {
        self.take_at(key, Millis::now())
    }

    fn take_at(&self, key: &str, now: Millis) -> Allowance {
        let minute = now.0.div_euclid(MINUTE);
        let until = Millis((minute + 1) * MINUTE);
        if self.limit == 0 {
            return Allowance { limit: 0, left: Some(0), until, now };
        }
        let mut spent = self.spent.lock().unwrap_or_else(PoisonError::into_inner);
        if spent.minute != minute {
            // Also what is kept of keys that call no more goes with each minute.
            *spent = Spent { minute, calls: HashMap::new() };
        }
        let calls = match spent.calls.get_mut(key) {
            Some(calls) => calls,
            None => spent.calls.entry(key.to_owned()).or_default(),
        };
        let left = self.limit.checked_sub(*calls + 1);
        if left.is_some() {
            *calls += 1;
        }
        Allowance { limit: self.limit, left, until, now }
    }
}

impl Allowance {
    /// Fails with `RateLimited` if the call was one too many.
    pub(super) fn check(self) -> Result<()> {
        if self.left.is_some() {
            return Ok(());
        }
        let text = format!("this key has made its {} calls of this minute", self.limit);
        let wait = self.wait();
        Err(Error::new(Code::RateLimited, text).hint(format!("go on in {wait} seconds")))
    }

    /// Adds what is left to the headers of an answer.
    pub(super) fn tell(self, headers: &mut HeaderMap) {
        if self.limit == 0 {
            return;
        }
        let left = self.left.unwrap_or(0);
        for (name, value) in [
            ("x-ratelimit-limit", i64::from(self.limit)),
            ("x-ratelimit-remaining", i64::from(left)),
            ("x-ratelimit-reset", self.until.0 / 1000),
        ] {
            headers.insert(HeaderName::from_static(name), HeaderValue::from(value));
        }
        if self.left.is_none() {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(self.wait()));
        }
    }

    /// Returns after how many seconds there are calls again, at least one.
    fn wait(self) -> u64 {
        u64::try_from(self.now.age(self.until).as_millis().div_ceil(1000)).unwrap_or(1).max(1)
    }
}
