//! A list in pages, fetched to its end, or to where one call has to stop.

use std::collections::HashSet;
use std::time::Duration;

use serde_json::{Map, Value};

use super::deliver::Link;
use super::execute::understood;
use super::{Engine, Scope};
use crate::api::error::Result;
use crate::api::time::Millis;
use crate::api::tools::{Execute, Executed};
use crate::catalog::input::faults;
use crate::catalog::manifest::{Next, Page, Tool};
use crate::http::Response;
use crate::provider::direct::{Pages, Turn, first, next_page};

/// How many items of a list are fetched where the caller does not say.
const ITEMS: u32 = 1000;
/// How many pages are fetched at most, should an app never come to an end.
const PAGES: usize = 1000;
/// How many bytes all pages may have together.
const BYTES: usize = 64 * 1024 * 1024;
/// How long after its first page a list may still be asked for another.
const PATIENCE: Duration = Duration::from_mins(5);

/// Why no further page is asked for, though the app names one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stop {
    /// As many items are there as were wanted
    Items,
    /// There were as many pages as we ask for
    Pages,
    /// There were as many bytes as we keep
    Bytes,
    /// It has taken as long as we wait
    Time,
    /// The page was there before
    Circle,
    /// Nobody says how another is asked for
    Lost,
}

impl Stop {
    /// Says that `items` are not the whole list, and what to do about it.
    fn hint(self, items: usize) -> String {
        let limit = match self {
            Self::Items => {
                return format!("there is more than these {items} items: raise `--max-items`");
            }
            Self::Circle => {
                return format!(
                    "the app leads from page to page in a circle: look whether these {items} items are all"
                );
            }
            Self::Lost => {
                return format!(
                    "there may be more than these {items} items, but no input asks for it: narrow the list"
                );
            }
            Self::Pages => "1000 pages",
            Self::Bytes => "64 MiB",
            Self::Time => "what comes in 5 minutes",
        };
        format!(
            "there is more than these {items} items, but one call fetches {limit} at most: narrow the list"
        )
    }
}

/// What a list may still cost.
#[derive(Debug)]
struct Budget {
    pages: usize,
    bytes: usize,
    until: Millis,
    seen: HashSet<String>,
}

impl Budget {
    /// Begins with the cursor of the first page, if it has one.
    fn new(cursor: Option<&Value>, now: Millis) -> Self {
        let seen = cursor.map(Value::to_string).into_iter().collect();
        Self { pages: PAGES, bytes: BYTES, until: now.after(PATIENCE), seen }
    }

    /// Counts a page that came.
    fn spend(&mut self, bytes: usize) {
        self.pages = self.pages.saturating_sub(1);
        self.bytes = self.bytes.saturating_sub(bytes);
    }

    /// Returns what forbids to ask for the page of a cursor, if anything does.
    fn stop(&mut self, cursor: Option<&Value>, now: Millis) -> Option<Stop> {
        if !cursor.is_none_or(|cursor| self.seen.insert(cursor.to_string())) {
            return Some(Stop::Circle);
        }
        match self {
            Self { pages: 0, .. } => Some(Stop::Pages),
            Self { bytes: 0, .. } => Some(Stop::Bytes),
            Self { until, .. } => (now >= *until).then_some(Stop::Time),
        }
    }
}

impl Engine {
    /// Adds the pages after the first, until there is none, enough is there, or one is refused.
    pub(super) async fn gathered(
        &self,
        scope: &Scope<'_>,
        op: &Execute,
        link: &Link<'_>,
        (page, mut answer, mut last): (&Page, Response, Executed),
    ) -> Result<Executed> {
        let most = usize::try_from(op.max_items.unwrap_or(ITEMS)).unwrap_or(usize::MAX);
        let (tool, is_counted) = (link.tool, page.next.is_counted());
        let mut json = last.data.clone();
        let mut pages = Pages::new(page, std::mem::take(&mut last.data));
        let mut input: Map<String, Value> = op.arguments.clone();
        let mut budget = Budget::new(input.get(&page.input), Millis::now());
        let stop = loop {
            budget.spend(answer.body.len());
            let next = match next_page(tool, page, &input, (&answer, &json)) {
                Turn::To(next) => next,
                Turn::End => break None,
                Turn::Lost => break Some(Stop::Lost),
            };
            // Where pages are counted, only the next one tells whether there is more.
            if pages.len() >= most.saturating_add(usize::from(is_counted)) {
                break Some(Stop::Items);
            }
            // An input that goes the other way, or to one place, has no page after its first.
            if !faults(tool, &next)?.is_empty() {
                break is_counted.then_some(Stop::Lost);
            }
            let stop = budget.stop(next.get(&page.input), Millis::now());
            if stop.is_some() {
                break stop;
            }
            let is_guess = is_counted && begins_somewhere(tool, page, &input);
            input = next;
            answer = self.send(link, &input).await?;
            let came = understood(link, &answer, scope);
            // Some apps have an empty page after the last, some have none, some count only so far.
            let is_missing = answer.status == 404;
            if is_counted && !came.successful && (is_missing || pages.len() >= most) {
                break (!is_missing).then_some(Stop::Items);
            }
            last = came;
            if !last.successful {
                break None;
            }
            json = std::mem::take(&mut last.data);
            if !pages.repeats(&json) {
                pages.add(json.clone());
            } else if !is_guess {
                break Some(Stop::Circle);
            }
        };
        if last.successful {
            let stop = stop.or((pages.len() > most).then_some(Stop::Items));
            last.hint = stop.map(|stop| stop.hint(most.min(pages.len())));
        }
        last.data = pages.into_whole(most);
        Ok(last)
    }
}

/// Tells whether nobody says which number the page of an input has, the first.
fn begins_somewhere(tool: &Tool, page: &Page, input: &Map<String, Value>) -> bool {
    page.next == Next::Page && !input.contains_key(&page.input) && first(tool, page).is_none()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_list_without_end_stops_at_its_bytes_its_pages_its_time_or_where_it_was_before() {
        let now = Millis(1_000);
        let late = now.after(PATIENCE);
        let table = [
            (1, BYTES - 1, "b", now, None),
            (1, BYTES, "b", now, Some(Stop::Bytes)),
            (PAGES - 1, 0, "b", now, None),
            (PAGES, 0, "b", now, Some(Stop::Pages)),
            (1, 0, "b", late, Some(Stop::Time)),
            (1, 0, "a", now, Some(Stop::Circle)),
        ];
        for (pages, bytes, cursor, at, expected) in table {
            let mut budget = Budget::new(Some(&json!("a")), now);

            budget.spend(bytes);
            (1..pages).for_each(|_| budget.spend(0));

            assert_eq!(budget.stop(Some(&json!(cursor)), at), expected, "{pages} {bytes} {cursor}");
        }
    }
}
