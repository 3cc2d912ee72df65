//! Failures that were asked for, as a client meets them.

use std::time::Duration;

use axum::body::Bytes;
use axum::http::Request;

use super::super::fail::{SLOW, fate};
use super::super::http::Call;
use super::super::store::failures::{self, Fitting};
use super::super::{clear, contents, plan, planned, reset};
use super::{MODIFY, World, asked};
use crate::api::sandbox::{At, Failure, What};

const PROFILE: &str = "/gmail/gmail/v1/users/me/profile";
const KEY: &str = "Authorization: Bearer sk_test_1";

impl World {
    /// Plans a failure of the next requests.
    fn fails(&self, what: What, at: At, toolkit: Option<&str>, times: u32) {
        let toolkit = toolkit.map(|slug| slug.parse().unwrap());
        plan(&self.database(), &Failure { what, at, toolkit, times }).unwrap();
    }

    /// Lets the next request to an API fail, and returns its reply and that of the one after it.
    async fn after(&self, what: What, bearer: &str) -> (super::Reply, super::Reply) {
        self.fails(what, At::Api, None, 1);
        let failed = self.send("GET", PROFILE, &[bearer], "").await;
        (failed, self.send("GET", PROFILE, &[bearer], "").await)
    }
}

#[tokio::test]
async fn the_next_request_fails_as_asked_and_the_one_after_it_does_not() {
    let world = World::new().await;
    let (token, _) = world.tokens(MODIFY, "ada@sandbox.example").await;
    let bearer = format!("Authorization: Bearer {token}");

    for (what, status) in
        [(What::ExpiredToken, 401), (What::RateLimit, 429), (What::ServerError, 500)]
    {
        let (failed, next) = world.after(what, &bearer).await;

        assert_eq!((failed.status, next.status), (status, 200), "{what:?}");
        assert_eq!(failed.json()["error"]["code"], status);
        let wait = (what == What::RateLimit).then_some("1");
        assert_eq!(failed.header("retry-after"), wait);
    }
    let (failed, next) = world.after(What::BadJson, &bearer).await;
    assert_eq!((failed.status, next.status), (200, 200));
    assert!(serde_json::from_str::<serde_json::Value>(&failed.body).is_err());
}

#[tokio::test]
async fn a_revoked_login_is_dead_with_its_refresh_token() {
    let world = World::new().await;
    let (token, refresh) = world.tokens(MODIFY, "ada@sandbox.example").await;
    let bearer = format!("Authorization: Bearer {token}");

    let (failed, next) = world.after(What::Revoked, &bearer).await;
    let pairs =
        [("grant_type", "refresh_token"), ("refresh_token", &refresh), ("client_id", "naive")];
    let refreshed = world.form("/gmail/oauth/token", &pairs).await;

    assert_eq!((failed.status, next.status), (401, 401));
    assert_eq!(refreshed.json()["error"], "invalid_grant");
    assert_eq!(contents(&world.database()).unwrap().grants, 0);
}

#[tokio::test]
async fn an_answer_is_cut_in_the_middle() {
    let world = World::new().await;
    world.fails(What::Cut, At::Api, None, 1);

    let all = world.raw("GET", "/hackernews/v0/topstories.json", &[], "").await;

    let (head, body) = all.split_once("\r\n\r\n").unwrap();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
    let length: usize = length.parse().unwrap();
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    assert_eq!(body.len(), length / 2);
    assert!(!body.is_empty());
}

#[tokio::test]
async fn a_lost_answer_leaves_what_was_done() {
    let world = World::new().await;
    world.fails(What::LostAnswer, At::Api, Some("stripe"), 1);
    let headers = [KEY, "Idempotency-Key: once"];

    let lost = world.raw("POST", "/stripe/v1/customers", &headers, "").await;
    let done = contents(&world.database()).unwrap().customers;
    let again = world.send("POST", "/stripe/v1/customers", &headers, "").await;

    assert_eq!((lost.as_str(), done), ("", 1));
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    assert_eq!(contents(&world.database()).unwrap().customers, 1);
}

#[tokio::test]
async fn a_slow_answer_is_planned_past_every_deadline() {
    let world = World::new().await;
    world.fails(What::Slow, At::Api, None, 1);
    let uri = "http://127.0.0.1/hackernews/v0/maxitem.json";
    let (parts, ()) = Request::get(uri).body(()).unwrap().into_parts();
    let call = Call::new(&parts, Bytes::new());

    let slow = fate(&world.sandbox.world, &call).await;
    let next = fate(&world.sandbox.world, &call).await;

    assert_eq!((slow.after, next.after), (SLOW, Duration::ZERO));
    assert_eq!(slow.response.status(), 200);
    assert!(SLOW > Duration::from_secs(30), "the deadline of a call");
}

#[tokio::test]
async fn failures_of_the_token_endpoint_leave_the_api_alone() {
    let world = World::new().await;
    let (token, refresh) = world.tokens(MODIFY, "ada@sandbox.example").await;
    let pairs =
        [("grant_type", "refresh_token"), ("refresh_token", &refresh), ("client_id", "naive")];
    for what in [What::ServerError, What::ExpiredToken, What::LostAnswer] {
        world.fails(what, At::Token, Some("gmail"), 1);
    }

    let opened = world.send("GET", PROFILE, &[&format!("Authorization: Bearer {token}")], "").await;
    let failed = world.form("/gmail/oauth/token", &pairs).await;
    let expired = world.form("/gmail/oauth/token", &pairs).await;
    let kind = "Content-Type: application/x-www-form-urlencoded";
    let body = super::encoded(&pairs);
    let lost = world.raw("POST", "/gmail/oauth/token", &[kind], &body).await;
    let reused = world.form("/gmail/oauth/token", &pairs).await;

    assert_eq!(opened.status, 200);
    assert_eq!(failed.status, 500);
    assert_eq!((expired.status, &expired.json()["error"]), (400, &"invalid_grant".into()));
    assert_eq!(lost, "");
    assert_eq!(reused.json()["error"], "invalid_grant", "the lost answer took effect");
}

#[tokio::test]
async fn a_consent_is_denied_or_signed_by_another() {
    let world = World::new().await;
    let path = format!("/gmail/oauth/authorize?{}", asked(&[]));
    world.fails(What::ConsentDenied, At::Consent, None, 1);

    let denied = world.get(&path).await;
    let page = world.get(&path).await;
    world.fails(What::WrongIss, At::Consent, Some("gmail"), 1);
    let other = world.get(&format!("{path}&consent=auto")).await;
    let good = world.get(&format!("{path}&consent=auto")).await;

    assert_eq!(denied.sent_back("error").as_deref(), Some("access_denied"));
    assert_eq!(denied.sent_back("state").as_deref(), Some("st&te"));
    assert_eq!(page.status, 200);
    assert_eq!(other.sent_back("iss").as_deref(), Some("https://issuer.example"));
    assert!(other.sent_back("code").is_some());
    assert_eq!(good.sent_back("iss"), Some(format!("{}gmail", world.sandbox.url())));
}

#[tokio::test]
async fn failures_wait_for_their_app_and_are_counted_down_once_each() {
    let world = World::new().await;
    world.fails(What::ServerError, At::Api, Some("slack"), 8);
    let get = async || world.get("/hackernews/v0/maxitem.json").await.status;
    let other = get().await;
    let (database, mut taken) = (world.database(), 0);

    let threads: Vec<_> = (0..4)
        .map(|_| {
            let database = database.clone();
            std::thread::spawn(move || {
                let store = super::super::Store::open(&database).unwrap();
                let asked = Fitting { at: At::Api, toolkit: "slack", changes: true };
                let take = || failures::take(&store, asked, None).unwrap();
                (0..4).filter(|_| take().is_some()).count()
            })
        })
        .collect();
    for thread in threads {
        taken += thread.join().unwrap();
    }

    assert_eq!((other, taken), (200, 8));
    assert_eq!(planned(&database).unwrap(), []);
}

#[tokio::test]
async fn failures_are_listed_cleared_and_forgotten() {
    let world = World::new().await;
    let failure =
        Failure { what: What::Cut, at: At::Api, toolkit: Some("gmail".parse().unwrap()), times: 2 };

    plan(&world.database(), &failure).unwrap();
    let listed = planned(&world.database()).unwrap();
    clear(&world.database()).unwrap();
    let cleared = planned(&world.database()).unwrap();
    plan(&world.database(), &failure).unwrap();
    reset(&world.database()).unwrap();

    assert_eq!((listed, cleared), (vec![failure], vec![]));
    assert_eq!(planned(&world.database()).unwrap(), []);
}
