//! Who gets in, and who does not.

use super::{Cast, cast, fetch, path, signed_in};
use crate::api::time::Millis;
use crate::vault::access;

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

#[tokio::test]
async fn a_link_signs_in_once() {
    let cast = cast().await;
    let served = &cast.served;
    let line = format!("GET {}", path(served));

    // when: somebody looks ahead, a browser comes, another comes late, the first comes again
    let head = fetch(served, &line.replace("GET", "HEAD"), &[], "").await;
    let ahead = fetch(served, &line, &[("sec-purpose", "prefetch")], "").await;
    let first = fetch(served, &line, &[("sec-fetch-site", "cross-site")], "").await;
    let cookie = first.header("set-cookie").to_owned();
    let other = fetch(served, &line, &[], "").await;
    let pair = cookie.split(';').next().unwrap();
    let again = fetch(served, &line, &[("cookie", pair)], "").await;
    let inside = fetch(served, "GET /dashboard", &[("cookie", pair)], "").await;

    assert_eq!((head.status, ahead.status), (410, 410));
    assert_eq!(first.status, 200);
    assert!(first.text.contains(r#"<meta http-equiv="refresh" content="0;url=/dashboard">"#));
    for part in ["; Path=/dashboard;", "; HttpOnly", "; SameSite=Strict", "Max-Age=43200"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    assert_eq!((other.status, other.header("set-cookie")), (410, ""));
    assert!(other.text.contains("naive dashboard"), "{}", other.text);
    assert_eq!((again.status, again.header("set-cookie"), inside.status), (200, "", 200));
}

#[tokio::test]
async fn links_and_sessions_end() {
    let cast = cast().await;
    let served = &cast.served;
    let store = served.site.engine.store();
    let (past, now) = (Millis(1), Millis::now());
    store.put_ticket(&access::hash(&"old".into()), past, Millis(0)).unwrap();
    store.put_ticket(&access::hash(&"new".into()), Millis(i64::MAX), now).unwrap();
    let session = access::hash(&"late".into());
    store.take_ticket(&access::hash(&"new".into()), (&session, past), now).unwrap();
    let name = signed_in(served).await.split('=').next().unwrap().to_owned();

    let old = fetch(served, "GET /dashboard/enter?ticket=old", &[], "").await;
    let late = format!("{name}=late");
    let late = fetch(served, "GET /dashboard", &[("cookie", &late)], "").await;

    assert_eq!((old.status, late.status), (410, 401));
    assert!(late.text.contains("Sign in from the terminal"));
}

#[tokio::test]
async fn strangers_and_keys_are_refused() {
    let cast = cast().await;
    let Cast { served, cookie, bot, .. } = &cast;
    let bearer = format!("Bearer {bot}");
    let cookie = ("cookie", cookie.as_str());

    for path in ["", "/inbox", "/live", "/keys", "/nowhere", "/approvals/x"] {
        let line = format!("GET /dashboard{path}");
        let stranger = fetch(served, &line, &[], "").await;
        let forged = fetch(served, &line, &[("cookie", "naive_00000000=x; naive=y")], "").await;
        let keyed = fetch(served, &line, &[cookie, ("authorization", &bearer)], "").await;
        assert_eq!((stranger.status, forged.status, keyed.status), (401, 401, 403), "{path}");
        assert!(keyed.text.contains("takes no key"), "{}", keyed.text);
    }
    let away =
        fetch(served, "GET /dashboard/keys?x=1", &[("sec-fetch-site", "cross-site")], "").await;
    assert_eq!(away.status, 200);
    assert!(away.text.contains(r#"content="0;url=/dashboard/keys?x=1""#), "{}", away.text);
    assert!(!away.text.contains("Make a key"));
}

#[tokio::test]
async fn a_form_of_anybody_else_does_nothing() {
    let cast = cast().await;
    let id = cast.held_connect().await;
    let place = format!("/approvals/{id}/deny");
    let line = format!("POST /dashboard{place}");
    let body = format!("csrf={}", cast.token);
    let (cookie, served) = (("cookie", cast.cookie.as_str()), &cast.served);
    let other = signed_in(served).await;

    let without = cast.sent(&place, &[]).await;
    let wrong = cast.sent(&place, &[("csrf", "0".repeat(64).as_str())]).await;
    let stolen = fetch(served, &line, &[("cookie", &other), FORM], &body).await;
    let elsewhere = [cookie, FORM, ("origin", "https://evil.example")];
    let elsewhere = fetch(served, &line, &elsewhere, &body).await;
    let opaque = fetch(served, &line, &[cookie, FORM, ("origin", "null")], &body).await;
    let json = fetch(served, &line, &[cookie, ("content-type", "application/json")], &body).await;
    let huge = format!("{body}&reason={}", "x".repeat(100_000));
    let huge = fetch(served, &line, &[cookie, FORM], &huge).await;
    let mut request =
        axum::http::Request::builder().uri("/dashboard").header("host", "evil.example");
    request = request.header("cookie", &cast.cookie);
    let rebound = tower::ServiceExt::oneshot(
        served.router.clone(),
        request.body(axum::body::Body::empty()).unwrap(),
    );

    assert_eq!((without.status, wrong.status, stolen.status), (403, 403, 403));
    assert!(without.text.contains("so nothing was done"), "{}", without.text);
    assert_eq!((elsewhere.status, opaque.status), (403, 403));
    assert_eq!((json.status, huge.status), (400, 400));
    assert_eq!(rebound.await.unwrap().status(), 403);
    assert_eq!(cast.approval(&id).await["status"], "pending");
}

#[tokio::test]
async fn whoever_signs_out_is_out() {
    let cast = cast().await;

    let out = cast.post("/sign-out", &[]).await;
    let after = cast.get("").await;

    assert_eq!(out.status, 200);
    assert!(out.text.contains("You are signed out"));
    assert!(out.header("set-cookie").contains("Max-Age=0"));
    assert_eq!(after.status, 401);
}
