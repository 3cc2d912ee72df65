//! The OAuth server as a client and a browser meet it.

use std::time::Duration;

use super::super::store::grants::{self, Access, Bearer, Binding, Consent};
use super::{MODIFY, REDIRECT, VERIFIER, World, asked};
use crate::api::time::Millis;

#[tokio::test]
async fn a_person_is_asked_and_can_allow_or_deny() {
    let world = World::new().await;
    let query = asked(&[("scope", MODIFY), ("client_id", "<script>naive")]);

    let page = world.get(&format!("/gmail/oauth/authorize?{query}")).await;

    assert_eq!(page.status, 200);
    assert!(page.body.contains("No real account is touched here"));
    assert!(page.body.contains(MODIFY) && page.body.contains("grace@sandbox.example"));
    assert!(page.body.contains("&lt;script&gt;naive") && !page.body.contains("<script>"));
    assert_eq!(page.header("cache-control"), Some("no-store"));
    assert_eq!(page.header("referrer-policy"), Some("no-referrer"));
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"), "{policy}");

    let allowed = format!("{query}&account=grace%40sandbox.example&other=&decision=allow");
    let kind = "Content-Type: application/x-www-form-urlencoded";
    let reply = world.send("POST", "/gmail/oauth/authorize", &[kind], &allowed).await;
    assert_eq!(reply.status, 303);
    assert_eq!(reply.sent_back("keep").as_deref(), Some("1"));
    assert_eq!(reply.sent_back("state").as_deref(), Some("st&te"));
    assert_eq!(reply.sent_back("iss"), Some(format!("{}gmail", world.sandbox.url())));
    assert!(reply.sent_back("code").is_some());

    let denied = format!("{query}&decision=deny");
    let reply = world.send("POST", "/gmail/oauth/authorize", &[kind], &denied).await;
    assert_eq!(reply.sent_back("error").as_deref(), Some("access_denied"));
    assert_eq!(reply.sent_back("state").as_deref(), Some("st&te"));
    assert!(reply.sent_back("code").is_none());

    let odd = format!("{query}&other=nobody&decision=allow");
    let reply = world.send("POST", "/gmail/oauth/authorize", &[kind], &odd).await;
    assert_eq!(reply.status, 400);
    assert!(reply.body.contains("An account is an e-mail address."));
}

#[tokio::test]
async fn a_request_that_is_wrong_goes_back_only_where_that_is_safe() {
    let world = World::new().await;

    for (name, value) in
        [("client_id", ""), ("redirect_uri", ""), ("redirect_uri", "http://app.example/")]
    {
        let path = format!("/gmail/oauth/authorize?{}", asked(&[(name, value)]));
        let reply = world.get(&path).await;
        assert_eq!((reply.status, reply.header("location")), (400, None), "{name}={value}");
    }
    for (name, value, error) in [
        ("response_type", "token", "unsupported_response_type"),
        ("response_type", "", "invalid_request"),
        ("code_challenge", "", "invalid_request"),
        ("code_challenge_method", "plain", "invalid_request"),
        ("code_challenge_method", "", "invalid_request"),
        ("scope", "a \"b\"", "invalid_scope"),
    ] {
        let path = format!("/gmail/oauth/authorize?{}", asked(&[(name, value)]));
        let reply = world.get(&path).await;
        assert_eq!(reply.status, 303, "{name}={value}");
        assert_eq!(reply.sent_back("error").as_deref(), Some(error), "{name}={value}");
    }
    let twice = format!("/gmail/oauth/authorize?{}&client_id=other", asked(&[]));
    assert_eq!(world.get(&twice).await.status, 400);
}

#[tokio::test]
async fn codes_and_access_tokens_expire() {
    let world = World::new().await;
    let text = str::to_owned;
    let consent = Consent {
        app: text("gmail"),
        client: text("naive"),
        account: text("ada@sandbox.example"),
        scope: text("read"),
    };
    let binding = Binding { redirect_uri: text(REDIRECT), challenge: text("x") };
    let bearer = Bearer { app: "gmail", client: "naive" };
    let (now, store) = (Millis(1_795_170_000_000), &world.sandbox.world.store);
    let (soon, late) = (now.after(Duration::from_secs(59)), now.after(Duration::from_secs(61)));
    let redeem = |at| {
        let code = store.write(|tx| grants::issue_code(tx, &consent, &binding, now)).unwrap();
        store.write(|tx| grants::redeem_code(tx, &code, bearer, &binding, at)).unwrap()
    };

    let tokens = redeem(soon).unwrap();
    let expired = redeem(late).unwrap_err();

    let opens = |after: u64| {
        let at = soon.after(Duration::from_secs(after));
        store.read(|db| grants::access(db, &tokens.access, "gmail", at)).unwrap()
    };
    assert_eq!(expired, "the code has expired");
    assert_eq!(opens(3599), Access::Live(consent.clone()));
    assert_eq!(opens(3600), Access::Dead);
}

#[tokio::test]
async fn a_code_buys_tokens_once() {
    let world = World::new().await;
    let code = world.code(MODIFY, "ada@sandbox.example").await;

    let first = world.redeem(&code).await;
    let bearer =
        format!("Authorization: Bearer {}", first.json()["access_token"].as_str().unwrap());
    let opened = world.send("GET", "/gmail/gmail/v1/users/me/profile", &[&bearer], "").await;
    let second = world.redeem(&code).await;
    let closed = world.send("GET", "/gmail/gmail/v1/users/me/profile", &[&bearer], "").await;

    assert_eq!(first.status, 200);
    assert_eq!(first.header("cache-control"), Some("no-store"));
    assert_eq!(first.json()["expires_in"], 3600);
    assert_eq!(first.json()["token_type"], "Bearer");
    assert_eq!(first.json()["scope"], MODIFY);
    assert_eq!(opened.status, 200);
    assert_eq!((second.status, &second.json()["error"]), (400, &"invalid_grant".into()));
    assert_eq!(closed.status, 401);
}

#[tokio::test]
async fn a_code_is_bound_to_client_redirect_verifier_and_app() {
    let world = World::new().await;
    let code = world.code(MODIFY, "ada@sandbox.example").await;
    let good = [
        ("grant_type", "authorization_code"),
        ("code", code.as_str()),
        ("redirect_uri", REDIRECT),
        ("client_id", "naive"),
        ("code_verifier", VERIFIER),
    ];
    let wrong = "another-verifier-of-at-least-forty-three-chars";

    for (name, value, error) in [
        ("client_id", "other", "invalid_grant"),
        ("redirect_uri", "http://127.0.0.1:9/callback", "invalid_grant"),
        ("code_verifier", wrong, "invalid_grant"),
        ("code_verifier", "short", "invalid_request"),
        ("code", "sbx_code_guess", "invalid_grant"),
        ("grant_type", "password", "unsupported_grant_type"),
        ("grant_type", "", "invalid_request"),
    ] {
        let pairs = good.map(|pair| if pair.0 == name { (name, value) } else { pair });
        let reply = world.form("/gmail/oauth/token", &pairs).await;
        assert_eq!((reply.status, &reply.json()["error"]), (400, &error.into()), "{name}={value}");
    }
    let elsewhere = world.form("/slack/oauth/token", &good).await;
    assert_eq!(elsewhere.json()["error"], "invalid_grant");
    let nameless = world.form("/gmail/oauth/token", &good[..3]).await;
    assert_eq!((nameless.status, &nameless.json()["error"]), (401, &"invalid_client".into()));
    assert!(nameless.header("www-authenticate").is_some());
    assert_eq!(world.get("/gmail/oauth/token").await.status, 405);
    assert_eq!(world.form("/gmail/oauth/token", &good).await.status, 200);
}

#[tokio::test]
async fn a_refresh_token_rotates_and_its_reuse_ends_the_family() {
    let world = World::new().await;
    let (_, first) = world.tokens(MODIFY, "ada@sandbox.example").await;
    let refresh = async |token: &str| {
        let body = super::encoded(&[("grant_type", "refresh_token"), ("refresh_token", token)]);
        // `naive:whatever`
        let basic = "Authorization: Basic bmFpdmU6d2hhdGV2ZXI=";
        let kind = "Content-Type: application/x-www-form-urlencoded";
        world.send("POST", "/gmail/oauth/token", &[kind, basic], &body).await
    };

    let renewed = refresh(&first).await;
    let second = renewed.json()["refresh_token"].as_str().unwrap().to_owned();
    let reused = refresh(&first).await;
    let dragged_along = refresh(&second).await;

    assert_eq!(renewed.status, 200);
    assert_ne!(first, second);
    assert_eq!(reused.json()["error"], "invalid_grant");
    assert_eq!(dragged_along.json()["error"], "invalid_grant");
    let access = renewed.json()["access_token"].as_str().unwrap().to_owned();
    let bearer = format!("Authorization: Bearer {access}");
    let reply = world.send("GET", "/gmail/gmail/v1/users/me/profile", &[&bearer], "").await;
    assert_eq!(reply.status, 401);
}

#[tokio::test]
async fn a_revoked_refresh_token_takes_its_access_token_along() {
    let world = World::new().await;
    let (access, refresh) = world.tokens(MODIFY, "ada@sandbox.example").await;

    let revoked = world.form("/gmail/oauth/revoke", &[("token", &refresh)]).await;
    let unknown = world.form("/gmail/oauth/revoke", &[("token", "nonsense")]).await;

    assert_eq!((revoked.status, unknown.status), (200, 200));
    let bearer = format!("Authorization: Bearer {access}");
    let reply = world.send("GET", "/gmail/gmail/v1/users/me/profile", &[&bearer], "").await;
    assert_eq!(reply.status, 401);
}
