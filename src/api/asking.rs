//! What is said and asked while a call runs, and what is answered: one channel up to whoever is at a terminal.

use serde_json::{Map, Value};
use tokio::sync::{mpsc, oneshot};
use url::Url;

/// Where one speaks to whoever is at a terminal; `None` where nobody is.
pub(crate) type Voice = Option<mpsc::UnboundedSender<Said>>;

/// What comes while a call runs. Its texts are clean: one may show them.
#[derive(Debug)]
pub(crate) enum Said {
    /// How far it is
    Progress {
        /// What is done
        done: f64,
        /// What is to be done in all, where that is known
        total: Option<f64>,
        /// What it does just now, in one line
        message: Option<String>,
    },
    /// It wants to know something, and waits
    Question(Question),
}

/// A question that somebody else's program puts to the person at a terminal.
#[derive(Debug)]
pub(crate) struct Question {
    /// What it says; never words of ours
    pub(crate) message: String,
    /// What it wants
    pub(crate) form: Form,
    /// Where the answer goes; where it is dropped, nobody has answered
    pub(crate) answer: oneshot::Sender<Answer>,
}

/// What is wanted of a person.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Form {
    /// Values that fit a JSON Schema: an object of texts, numbers, booleans and choices
    Fields(Map<String, Value>),
    /// That they open an address and do there what it says
    Address(Url),
}

/// What a person answers.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Answer {
    /// Yes, with the values that were asked for; none for an address
    Accept(Map<String, Value>),
    /// No
    Decline,
    /// Neither yes nor no
    Cancel,
}
