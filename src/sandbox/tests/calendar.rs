//! Google Calendar as an assistant meets it.

use serde_json::{Value, json};

use super::{Reply, World};

const ALL: &str = "https://www.googleapis.com/auth/calendar";

/// One account's view of the API.
struct Diary<'a> {
    world: &'a World,
    bearer: String,
}

impl<'a> Diary<'a> {
    async fn open(world: &'a World, account: &str, scope: &str) -> Self {
        Self { world, bearer: world.bearer("google-calendar", scope, account).await }
    }

    async fn call(&self, method: &str, path: &str, body: Value) -> Reply {
        let path = format!("/google-calendar/calendar/v3/{path}");
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let kind = "Content-Type: application/json";
        self.world.send(method, &path, &[&self.bearer, kind], &body).await
    }

    async fn get(&self, path: &str) -> Value {
        let reply = self.call("GET", path, Value::Null).await;
        assert_eq!(reply.status, 200, "{path}: {}", reply.body);
        reply.json()
    }

    async fn post(&self, path: &str, body: Value) -> Value {
        let reply = self.call("POST", path, body).await;
        assert_eq!(reply.status, 200, "{path}: {}", reply.body);
        reply.json()
    }
}

fn event(summary: &str, start: &str, end: &str) -> Value {
    json!({ "summary": summary, "start": { "dateTime": start }, "end": { "dateTime": end } })
}

fn names(list: &Value) -> Vec<&str> {
    list["items"].as_array().unwrap().iter().map(|one| one["summary"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn the_primary_calendar_is_the_accounts_own() {
    let world = World::new().await;
    let ada = Diary::open(&world, "ada@sandbox.example", ALL).await;

    let primary = ada.get("calendars/primary").await;
    let list = ada.get("users/me/calendarList").await;

    assert_eq!(
        (&primary["kind"], &primary["id"]),
        (&"calendar#calendar".into(), &"ada@sandbox.example".into())
    );
    assert_eq!(list["items"][0]["primary"], true);
    assert_eq!(names(&list), ["ada@sandbox.example", "Reading club"]);
    let foreign = ada.call("GET", "calendars/grace%40sandbox.example", Value::Null).await;
    assert_eq!((foreign.status, &foreign.json()["error"]["message"]), (404, &"Not Found".into()));
}

#[tokio::test]
async fn an_event_is_made_changed_found_moved_and_cancelled() {
    let world = World::new().await;
    let ada = Diary::open(&world, "ada@sandbox.example", ALL).await;
    let mut body = event("Tea", "2030-05-06T15:00:00+01:00", "2030-05-06T16:00:00+01:00");
    body["attendees"] = json!([{ "email": "Grace@sandbox.example" }]);
    body["conferenceData"] = json!({ "createRequest": { "requestId": "r1" } });

    let made = ada.post("calendars/primary/events?conferenceDataVersion=1", body).await;

    let id = made["id"].as_str().unwrap();
    let path = format!("calendars/primary/events/{id}");
    assert_eq!((&made["status"], &made["sequence"]), (&"confirmed".into(), &0.into()));
    assert_eq!(made["start"]["dateTime"], "2030-05-06T15:00:00+01:00");
    assert_eq!(
        made["attendees"],
        json!([{ "email": "grace@sandbox.example", "responseStatus": "needsAction" }])
    );
    assert!(made["hangoutLink"].as_str().unwrap().starts_with("https://meet.google.com/"));
    let later =
        json!({ "summary": "High tea", "end": { "dateTime": "2030-05-06T17:00:00+01:00" } });
    let changed = ada.call("PATCH", &path, later).await.json();
    assert_eq!((&changed["summary"], &changed["sequence"]), (&"High tea".into(), &1.into()));
    assert_eq!(changed["start"], made["start"]);
    let found = ada.get("calendars/primary/events?q=HIGH+grace").await;
    assert_eq!(names(&found), ["High tea"]);
    let lists = ada.get("users/me/calendarList").await;
    let club = lists["items"][1]["id"].as_str().unwrap().replace('@', "%40");
    ada.post(&format!("{path}/move?destination={club}"), Value::Null).await;
    assert_eq!(ada.call("GET", &path, Value::Null).await.status, 404);
    let path = format!("calendars/{club}/events/{id}");
    let gone = ada.call("DELETE", &path, Value::Null).await;
    assert_eq!((gone.status, gone.body.as_str()), (204, ""));
    assert_eq!(ada.get(&path).await["status"], "cancelled");
    let again = ada.call("DELETE", &path, Value::Null).await;
    assert_eq!(
        (again.status, &again.json()["error"]["errors"][0]["reason"]),
        (410, &"deleted".into())
    );
}

#[tokio::test]
async fn a_recurring_event_has_instances_that_can_be_changed_alone() {
    let world = World::new().await;
    let ada = Diary::open(&world, "ada@sandbox.example", ALL).await;
    let mut body = event("Class", "2030-01-07T10:00:00Z", "2030-01-07T11:00:00Z");
    for side in ["start", "end"] {
        body[side]["timeZone"] = "UTC".into();
    }
    body["recurrence"] = json!(["RRULE:FREQ=WEEKLY;COUNT=4"]);

    let made = ada.post("calendars/primary/events", body).await;

    let id = made["id"].as_str().unwrap();
    let all = ada.get(&format!("calendars/primary/events/{id}/instances")).await;
    assert_eq!(all["items"].as_array().unwrap().len(), 4);
    let second = format!("calendars/primary/events/{id}_20300114T100000Z");
    ada.call("PATCH", &second, json!({ "summary": "Exam" })).await;
    let third = format!("calendars/primary/events/{id}_20300121T100000Z");
    assert_eq!(ada.call("DELETE", &third, Value::Null).await.status, 204);
    let within = "timeMin=2030-01-01T00:00:00Z&timeMax=2030-02-01T00:00:00Z";
    let path = format!("calendars/primary/events?{within}&q=&singleEvents=true&orderBy=startTime");
    let list = ada.get(&path).await;
    let own: Vec<_> = names(&list).into_iter().filter(|name| *name != "Stand-up").collect();
    assert_eq!(own, ["Class", "Exam", "Class"]);
}

#[tokio::test]
async fn what_cannot_be_is_refused_as_google_does() {
    let world = World::new().await;
    let ada = Diary::open(&world, "ada@sandbox.example", ALL).await;
    let backwards = event("x", "2030-05-06T15:00:00Z", "2030-05-06T14:00:00Z");
    let twice = json!({ "id": "teatime", "start": { "date": "2030-01-01" }, "end": { "date": "2030-01-02" } });
    ada.post("calendars/primary/events", twice.clone()).await;
    let events = "calendars/primary/events";

    for (path, body, status, reason) in [
        (events, json!({ "summary": "x" }), 400, "required"),
        (events, backwards, 400, "timeRangeEmpty"),
        (events, twice, 409, "duplicate"),
        (events, json!({ "id": "UPPER" }), 400, "invalid"),
        ("calendars/nobody/events", json!({}), 404, "notFound"),
        ("calendars", json!({}), 400, "required"),
        ("unicorns", json!({}), 404, "notFound"),
    ] {
        let reply = ada.call("POST", path, body).await;
        let error = &reply.json()["error"];
        assert_eq!((reply.status, &error["code"]), (status, &status.into()), "{error}");
        assert_eq!(error["errors"][0]["reason"], reason, "{error}");
    }
    let odd = ada.call("GET", &format!("{events}?orderBy=startTime"), Value::Null).await;
    assert_eq!(odd.status, 400);
    let odd = ada.call("GET", &format!("{events}?timeMin=tomorrow"), Value::Null).await;
    assert_eq!(odd.status, 400);
}

#[tokio::test]
async fn pages_of_events_follow_each_other() {
    let world = World::new().await;
    let ada = Diary::open(&world, "ada@sandbox.example", ALL).await;
    let (mut seen, mut token) = (Vec::new(), String::new());

    loop {
        let page = ada.get(&format!("calendars/primary/events?maxResults=3{token}")).await;
        seen.extend(names(&page).into_iter().map(str::to_owned));
        match page["nextPageToken"].as_str() {
            Some(next) => token = format!("&pageToken={next}"),
            None => break,
        }
    }

    let all = ["Stand-up", "Lunch with Grace", "Review of the difference engine", "Day off"];
    assert_eq!(seen, all);
}

#[tokio::test]
async fn busy_times_are_joined_and_strangers_unknown() {
    let world = World::new().await;
    let ada = Diary::open(&world, "ada@sandbox.example", ALL).await;
    for (start, end) in [("10:00", "11:00"), ("10:30", "12:00"), ("14:00", "15:00")] {
        let at = |time: &str| format!("2031-03-01T{time}:00Z");
        ada.post("calendars/primary/events", event("x", &at(start), &at(end))).await;
    }

    let body = json!({
        "timeMin": "2031-03-01T00:00:00Z",
        "timeMax": "2031-03-02T00:00:00Z",
        "items": [{ "id": "primary" }, { "id": "grace@sandbox.example" }],
    });
    let busy = ada.post("freeBusy", body).await;

    let spans = busy["calendars"]["primary"]["busy"].as_array().unwrap();
    let expected = [
        json!({ "start": "2031-03-01T10:00:00Z", "end": "2031-03-01T12:00:00Z" }),
        json!({ "start": "2031-03-01T14:00:00Z", "end": "2031-03-01T15:00:00Z" }),
    ];
    assert_eq!(*spans, expected);
    let stranger = &busy["calendars"]["grace@sandbox.example"];
    assert_eq!(stranger["errors"][0]["reason"], "notFound");
}

#[tokio::test]
async fn a_quick_entry_is_understood() {
    let world = World::new().await;
    let ada = Diary::open(&world, "ada@sandbox.example", ALL).await;

    let made = ada
        .post("calendars/primary/events/quickAdd?text=Dinner+2031-03-05+at+19:30", Value::Null)
        .await;

    assert_eq!(made["summary"], "Dinner");
    assert_eq!(made["start"]["dateTime"], "2031-03-05T19:30:00Z");
    assert_eq!(made["end"]["dateTime"], "2031-03-05T20:30:00Z");
}

#[tokio::test]
async fn scopes_and_bearers_of_calendars_are_judged() {
    let world = World::new().await;
    let read = "https://www.googleapis.com/auth/calendar.events.readonly";
    let reader = Diary::open(&world, "ada@sandbox.example", read).await;

    let seen = reader.call("GET", "calendars/primary/events", Value::Null).await;
    let refused = reader.call("POST", "calendars/primary/events", json!({})).await;
    let nobody = world.get("/google-calendar/calendar/v3/calendars/primary").await;
    let gmail = world.bearer("gmail", super::MODIFY, "ada@sandbox.example").await;
    let path = "/google-calendar/calendar/v3/calendars/primary";
    let foreign = world.send("GET", path, &[&gmail], "").await;

    assert_eq!((seen.status, refused.status), (200, 403));
    assert_eq!(refused.json()["error"]["errors"][0]["reason"], "insufficientPermissions");
    assert_eq!((nobody.status, foreign.status), (401, 401));
}
