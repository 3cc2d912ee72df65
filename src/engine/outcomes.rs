//! What an answer means for a frozen action, by what is known of its upstream: the table of
//! `reference/reliability.md`, c.4, and nothing else.

use serde_json::Value;

use crate::api::approvals::Class;
use crate::api::error::Error;
use crate::http::{Failure, Fate};

/// What came back from one send.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Event {
    /// No byte of the request left: no address, refused, no TLS
    NotSent,
    /// Bytes left, and what came back is nothing, broken, 408 or 5xx
    Lost,
    /// A whole answer of success
    Done,
    /// A whole answer that says no
    Rejected,
    /// The credential is refused
    Unauthorized,
    /// The same request is being worked on
    InProgress,
    /// The upstream has seen the key before
    Duplicate,
    /// Too many requests: this one was not looked at
    TooMany,
    /// The upstream is elsewhere; writes do not follow
    Redirected,
}

impl Event {
    /// Returns what a whole and readable answer of this HTTP status is.
    pub(super) fn of(status: u16) -> Self {
        match status {
            200..=299 => Self::Done,
            300..=399 => Self::Redirected,
            401 => Self::Unauthorized,
            409 | 425 => Self::InProgress,
            429 => Self::TooMany,
            408 | 500.. => Self::Lost,
            _ => Self::Rejected,
        }
    }
}

/// What becomes of the approval.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// It is executed
    Executed,
    /// It is failed: certainly not done
    Failed,
    /// It is approved again: nothing was done, and it may be sent again
    NotSent,
    /// The upstream is asked, once what was sent has settled
    Reconcile,
    /// Nobody knows: a person has to look
    Unknown,
}

/// Returns what an event means.
pub(super) fn next(event: Event, class: Class) -> Next {
    match (event, class) {
        (Event::Done, Class::A | Class::B | Class::C) => Next::Executed,
        // An upstream without keys that calls something a duplicate has refused it.
        (Event::Rejected | Event::Redirected, Class::A | Class::B | Class::C)
        | (Event::Duplicate, Class::B | Class::C) => Next::Failed,
        (Event::NotSent | Event::Unauthorized, Class::A | Class::B | Class::C)
        | (Event::TooMany, Class::A | Class::B) => Next::NotSent,
        (Event::Lost | Event::InProgress, Class::A | Class::B) | (Event::Duplicate, Class::A) => {
            Next::Reconcile
        }
        (Event::Lost | Event::InProgress | Event::TooMany, Class::C) => Next::Unknown,
    }
}

/// One send of a frozen action, and what came back.
#[derive(Debug)]
pub(super) struct Attempt {
    /// What came back
    pub(super) event: Event,
    /// HTTP status, where there was an answer
    pub(super) status: Option<u16>,
    /// What the action answered, where it was done
    pub(super) result: Value,
    /// What went wrong, where it was not
    pub(super) trouble: Option<Error>,
}

impl From<Failure> for Attempt {
    /// An attempt without a whole answer.
    fn from(Failure { fate, error }: Failure) -> Self {
        let event = match fate {
            Fate::NotSent => Event::NotSent,
            Fate::Refused => Event::Redirected,
            Fate::Unknown => Event::Lost,
        };
        Self { event, status: None, result: Value::Null, trouble: Some(error) }
    }
}

/// What an upstream says when it is asked whether something happened.
#[derive(Debug)]
pub(super) enum Lookup {
    /// It did, with this result
    Found(Value),
    /// It does not know of it
    Missing,
    /// Nobody had to be asked: it was never written down, so no byte of it has left
    Unsent,
    /// It could not be asked
    Unclear(Error),
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One line an event, one letter a class: executed, failed, not sent, reconcile, unknown.
    const TABLE: [(Event, &str); 9] = [
        (Event::NotSent, "nnn"),
        (Event::Lost, "rru"),
        (Event::Done, "eee"),
        (Event::Rejected, "fff"),
        (Event::Unauthorized, "nnn"),
        (Event::InProgress, "rru"),
        (Event::Duplicate, "rff"),
        (Event::TooMany, "nnu"),
        (Event::Redirected, "fff"),
    ];

    #[test]
    fn each_event_means_what_the_table_says_for_each_class() {
        for (event, letters) in TABLE {
            for (class, letter) in Class::ALL.into_iter().zip(letters.chars()) {
                let found = match next(event, class) {
                    Next::Executed => 'e',
                    Next::Failed => 'f',
                    Next::NotSent => 'n',
                    Next::Reconcile => 'r',
                    Next::Unknown => 'u',
                };
                assert_eq!(found, letter, "{event:?} {class:?}");
            }
        }
    }

    #[test]
    fn an_answer_is_read_by_its_status() {
        let cases = [
            (200, Event::Done),
            (204, Event::Done),
            (303, Event::Redirected),
            (400, Event::Rejected),
            (401, Event::Unauthorized),
            (403, Event::Rejected),
            (404, Event::Rejected),
            (405, Event::Rejected),
            (408, Event::Lost),
            (409, Event::InProgress),
            (413, Event::Rejected),
            (415, Event::Rejected),
            (422, Event::Rejected),
            (425, Event::InProgress),
            (429, Event::TooMany),
            (500, Event::Lost),
            (503, Event::Lost),
        ];
        for (status, event) in cases {
            assert_eq!(Event::of(status), event, "{status}");
        }
    }
}
