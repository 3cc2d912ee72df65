//! What a server says and asks while it works, carried to whoever is at a terminal.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rmcp::ClientHandler;
use rmcp::model::{
    ClientCapabilities, ClientConfig, ElicitRequestParams, ElicitResult, ElicitationAction,
    ElicitationCapability, ErrorData, FormElicitationCapability, Implementation,
    ProgressNotificationParam, ProtocolVersion, UrlElicitationCapability,
};
use rmcp::service::{NotificationContext, RequestContext, RoleClient};
use serde_json::{Map, Value};
use tokio::sync::{Notify, oneshot};
use tokio::time::Instant;
use url::Url;

use super::offered::tidy;
use crate::api::address::is_loopback;
use crate::api::asking::{Answer, Form, Question, Said, Voice};
use crate::api::ids::clean;
use crate::catalog::openapi::line;
use crate::http::{Trust, check};

/// How long what one server says in one go may be, in letters.
const LONGEST: usize = 2_000;
/// How often progress is told at most: a server may speak faster than anybody reads.
const PACE: Duration = Duration::from_millis(50);

/// Whether the server is alive: what it said last, and whether it waits for a person.
#[derive(Debug, Default)]
pub(super) struct Life {
    heard: Notify,
    asking: AtomicUsize,
}

impl Life {
    /// Returns once the server has said something.
    pub(super) async fn heard(&self) {
        self.heard.notified().await;
    }

    /// Tells whether a person is being asked.
    pub(super) fn waits_for_a_person(&self) -> bool {
        self.asking.load(Ordering::Relaxed) > 0
    }
}

/// A person who is being asked, as long as this lives.
struct Asking<'a>(&'a Life);

impl<'a> Asking<'a> {
    fn begin(life: &'a Life) -> Self {
        life.asking.fetch_add(1, Ordering::Relaxed);
        Self(life)
    }
}

impl Drop for Asking<'_> {
    fn drop(&mut self) {
        self.0.asking.fetch_sub(1, Ordering::Relaxed);
        self.0.heard.notify_waiters();
    }
}

/// The client's side of the talk.
#[derive(Clone)]
pub(super) struct Speaker {
    voice: Voice,
    /// Whether the server is on this machine, so that it may name addresses here
    near: bool,
    life: Arc<Life>,
    told: Arc<Mutex<Option<Instant>>>,
}

impl Speaker {
    /// Makes the side of whoever is at the other end of `voice`.
    pub(super) fn new(voice: Voice, near: bool) -> Self {
        Self { voice, near, life: Arc::default(), told: Arc::default() }
    }

    /// Returns whether the server is alive.
    pub(super) fn life(&self) -> &Arc<Life> {
        &self.life
    }

    /// Asks the person; where nobody is there, they decline.
    pub(super) async fn ask(&self, asked: ElicitRequestParams) -> ElicitResult {
        let Some((message, form)) = self.form(asked) else {
            return ElicitResult::new(ElicitationAction::Decline);
        };
        let Some(voice) = &self.voice else {
            return ElicitResult::new(ElicitationAction::Decline);
        };
        let _asking = Asking::begin(&self.life);
        let (answer, answered) = oneshot::channel();
        let question = Question { message, form: form.clone(), answer };
        if voice.send(Said::Question(question)).is_err() {
            return ElicitResult::new(ElicitationAction::Decline);
        }
        match (answered.await, form) {
            (Ok(Answer::Accept(values)), Form::Fields(schema)) => {
                let values = Value::from(filled(values, &schema));
                ElicitResult::new(ElicitationAction::Accept).with_content(values)
            }
            (Ok(Answer::Accept(_)), Form::Address(_)) => {
                ElicitResult::new(ElicitationAction::Accept)
            }
            (Ok(Answer::Decline), _) => ElicitResult::new(ElicitationAction::Decline),
            (Ok(Answer::Cancel) | Err(_), _) => ElicitResult::new(ElicitationAction::Cancel),
        }
    }

    /// Returns what is asked, clean; `None` for what is not put to anybody.
    fn form(&self, asked: ElicitRequestParams) -> Option<(String, Form)> {
        match asked {
            ElicitRequestParams::FormElicitationParams { message, requested_schema, .. } => {
                let mut schema = serde_json::to_value(requested_schema).ok()?;
                tidy(&mut schema);
                let Value::Object(schema) = schema else { return None };
                Some((shown(&message), Form::Fields(schema)))
            }
            ElicitRequestParams::UrlElicitationParams { message, url, .. } => {
                let url = Url::parse(&url).ok()?;
                let fits = check(&url, Trust::Public).is_ok() && (self.near || !is_loopback(&url));
                fits.then(|| (shown(&message), Form::Address(url)))
            }
            // Forms that came later.
            _ => None,
        }
    }

    fn tell(&self, progress: &ProgressNotificationParam) {
        let Some(voice) = &self.voice else { return };
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let ends = progress.total.is_some_and(|total| progress.progress >= total);
        if !ends && told.is_some_and(|before| now.duration_since(before) < PACE) {
            return;
        }
        *told = Some(now);
        let message = progress.message.as_deref().and_then(|text| line(text, 200));
        let (done, total) = (progress.progress, progress.total);
        // Whoever has gone needs no telling.
        drop(voice.send(Said::Progress { done, total, message }));
    }
}

/// Returns a server's text, clean, line by line and not endless.
fn shown(text: &str) -> String {
    let cut: String = text.chars().take(LONGEST).collect();
    let lines: Vec<String> = cut.lines().map(clean).collect();
    lines.join("\n")
}

/// Adds to what a person gave what the schema says of the rest.
fn filled(mut values: Map<String, Value>, schema: &Map<String, Value>) -> Map<String, Value> {
    let fields = schema.get("properties").and_then(Value::as_object).into_iter().flatten();
    for (name, field) in fields {
        if let (false, Some(usual)) = (values.contains_key(name), field.get("default")) {
            values.insert(name.clone(), usual.clone());
        }
    }
    values
}

impl ClientHandler for Speaker {
    async fn create_elicitation(
        &self,
        request: ElicitRequestParams,
        _: RequestContext<RoleClient>,
    ) -> Result<ElicitResult, ErrorData> {
        Ok(self.ask(request).await)
    }

    async fn on_progress(
        &self,
        progress: ProgressNotificationParam,
        _: NotificationContext<RoleClient>,
    ) {
        self.life.heard.notify_waiters();
        self.tell(&progress);
    }

    fn get_info(&self) -> ClientConfig {
        let mut capabilities = ClientCapabilities::default();
        // Also where nobody is there to be asked, and every question is declined: a server may offer other tools to
        // those who answer, and what it offers must not depend on where a call comes from.
        let asks = ElicitationCapability::new().with_form(FormElicitationCapability::new());
        capabilities.elicitation = Some(asks.with_url(UrlElicitationCapability::new()));
        let name = Implementation::new("naive", env!("CARGO_PKG_VERSION"));
        ClientConfig::new(capabilities, name)
            .with_protocol_version(ProtocolVersion::LATEST_WITH_INITIALIZE)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use tokio::sync::mpsc;

    use super::*;

    fn asked(value: Value) -> ElicitRequestParams {
        serde_json::from_value(value).unwrap()
    }

    #[tokio::test]
    async fn a_server_elsewhere_never_sends_a_person_to_this_machine() {
        let (voice, mut said) = mpsc::unbounded_channel();
        let speaker = Speaker::new(Some(voice), false);

        for url in ["http://127.0.0.1:1/", "http://example.com/", "https://10.0.0.1/", "file:///x"]
        {
            let asked =
                asked(json!({"mode": "url", "message": "Go", "url": url, "elicitationId": "1"}));
            let answer = speaker.ask(asked).await;

            assert_eq!(answer.action, ElicitationAction::Decline, "{url}");
        }
        assert!(said.try_recv().is_err());
    }

    #[tokio::test]
    async fn a_question_is_clean_and_its_defaults_are_filled_in() {
        let (voice, mut said) = mpsc::unbounded_channel();
        let speaker = Speaker::new(Some(voice), false);
        let asked = asked(json!({
            "mode": "form",
            "message": "Your name?\u{1b}[2J\u{202e}",
            "requestedSchema": {
                "type": "object",
                "properties": {
                    "name": {"type": "string", "title": "N\u{200b}ame"},
                    "age": {"type": "integer", "default": 30}
                }
            }
        }));

        let person = async {
            let Some(Said::Question(question)) = said.recv().await else { panic!("no question") };
            let Form::Fields(schema) = question.form else { panic!("no form") };
            let name = Map::from_iter([("name".to_owned(), json!("Ann"))]);
            question.answer.send(Answer::Accept(name)).unwrap();
            (question.message, schema)
        };
        let (answer, (message, schema)) = tokio::join!(speaker.ask(asked), person);

        assert_eq!(message, "Your name?\\u{1b}[2J\\u{202e}");
        assert_eq!(schema["properties"]["name"]["title"], "N\\u{200b}ame");
        assert_eq!(answer.content, Some(json!({"name": "Ann", "age": 30})));
        assert!(!speaker.life().waits_for_a_person());
    }
}
