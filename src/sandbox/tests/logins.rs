//! The kinds of logins beside the plain one: without PKCE, JSON, ID tokens, devices, registration.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::super::store::devices::{self, DEVICE_LIFE, WAIT};
use super::super::store::grants::{Access, Bearer, access};
use super::{REDIRECT, Reply, VERIFIER, World, asked};
use crate::api::time::Millis;

const DEVICE: &str = "urn:ietf:params:oauth:grant-type:device_code";
const JSON: &str = "Content-Type: application/json";

/// Lets the sandbox consent by itself, and trades the code with these further parameters.
async fn login(world: &World, changes: &[(&str, &str)], more: &[(&str, &str)]) -> Reply {
    let query = asked(&[changes, &[("consent", "auto")]].concat());
    let code = world.get(&format!("/slack/oauth/authorize?{query}")).await.sent_back("code");
    let code = code.unwrap();
    let pairs = [
        ("grant_type", "authorization_code"),
        ("code", code.as_str()),
        ("redirect_uri", REDIRECT),
        ("client_id", "naive"),
    ];
    world.form("/slack/oauth/token", &[&pairs, more].concat()).await
}

#[tokio::test]
async fn a_client_may_do_without_pkce_but_not_half_of_it() {
    let world = World::new().await;
    let without = [("code_challenge", ""), ("code_challenge_method", "")];
    let verifier = [("code_verifier", VERIFIER)];

    let plain = login(&world, &without, &[]).await;
    let downgraded = login(&world, &without, &verifier).await;
    let unproven = login(&world, &[], &[]).await;
    let proven = login(&world, &[], &verifier).await;

    assert_eq!((plain.status, proven.status), (200, 200));
    for refused in [downgraded, unproven] {
        assert_eq!((refused.status, &refused.json()["error"]), (400, &"invalid_grant".into()));
    }
}

#[tokio::test]
async fn scopes_are_answered_as_they_were_separated() {
    let world = World::new().await;
    let verifier = [("code_verifier", VERIFIER)];

    for scope in ["chat:write,channels:read", "chat:write channels:read"] {
        let tokens = login(&world, &[("scope", scope)], &verifier).await.json();
        let token = tokens["access_token"].as_str().unwrap();
        let now = Millis::now();
        let opened = world.sandbox.world.store.read(|db| access(db, token, "slack", now)).unwrap();

        assert_eq!(tokens["scope"], scope);
        let Access::Live(consent) = opened else { panic!("{opened:?}") };
        assert_eq!(consent.scope, "chat:write channels:read");
    }
}

#[tokio::test]
async fn the_token_endpoint_takes_json() {
    let world = World::new().await;
    let code = world.get(&format!("/notion/oauth/authorize?{}&consent=auto", asked(&[]))).await;
    let body = json!({
        "grant_type": "authorization_code",
        "code": code.sent_back("code"),
        "redirect_uri": REDIRECT,
        "code_verifier": VERIFIER,
    });
    // `naive:whatever`
    let basic = "Authorization: Basic bmFpdmU6d2hhdGV2ZXI=";

    let sold = world.send("POST", "/notion/oauth/token", &[JSON, basic], &body.to_string()).await;
    let broken = world.send("POST", "/notion/oauth/token", &[JSON, basic], "{").await;

    assert_eq!(sold.status, 200, "{}", sold.body);
    assert_eq!((broken.status, &broken.json()["error"]), (400, &"invalid_request".into()));
}

#[tokio::test]
async fn whoever_asks_for_openid_learns_whose_account_it_is() {
    let world = World::new().await;
    let verifier = [("code_verifier", VERIFIER)];
    let changes = [("scope", "openid email"), ("account", "grace@sandbox.example")];

    let with = login(&world, &changes, &verifier).await.json();
    let without = login(&world, &[("scope", "email")], &verifier).await.json();
    let again = [
        ("grant_type", "refresh_token"),
        ("refresh_token", with["refresh_token"].as_str().unwrap()),
        ("client_id", "naive"),
    ];
    let renewed = world.form("/slack/oauth/token", &again).await.json();

    assert_eq!(without.get("id_token"), None);
    for tokens in [with, renewed] {
        let parts: Vec<_> = tokens["id_token"].as_str().unwrap().split('.').collect();
        let claims = URL_SAFE_NO_PAD.decode(parts[1]).unwrap();
        let claims: Value = serde_json::from_slice(&claims).unwrap();
        assert_eq!((parts.len(), parts[2].is_empty()), (3, false));
        assert_eq!(claims["iss"], format!("{}slack", world.sandbox.url()));
        assert_eq!(claims["aud"], "naive");
        assert_eq!(claims["email"], "grace@sandbox.example");
        assert_eq!(claims["sub"].as_str().unwrap().len(), 24);
        assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 3600);
    }
}

/// Asks for a device's codes.
async fn device(world: &World) -> Value {
    let pairs = [("client_id", "naive"), ("scope", "repo")];
    let reply = world.form("/github/oauth/device", &pairs).await;
    assert_eq!(reply.status, 200, "{}", reply.body);
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    reply.json()
}

/// Lets a device ask whether it was allowed.
async fn poll(world: &World, codes: &Value) -> Reply {
    let code = codes["device_code"].as_str().unwrap();
    let pairs = [("grant_type", DEVICE), ("device_code", code), ("client_id", "naive")];
    world.form("/github/oauth/token", &pairs).await
}

#[tokio::test]
async fn a_device_is_told_to_wait_and_to_slow_down() {
    let world = World::new().await;
    let codes = device(&world).await;

    let first = poll(&world, &codes).await;
    let mut hasty = poll(&world, &codes).await;
    // On a machine that stood still for a second, the second question is no haste.
    while hasty.json()["error"] == "authorization_pending" {
        hasty = poll(&world, &codes).await;
    }

    assert_eq!(codes["expires_in"], 600);
    assert_eq!(codes["interval"], WAIT);
    let page = format!("{}github/oauth/activate", world.sandbox.url());
    assert_eq!(codes["verification_uri"], page);
    let complete = format!("{page}?user_code={}", codes["user_code"].as_str().unwrap());
    assert_eq!(codes["verification_uri_complete"], complete);
    assert_eq!((first.status, &first.json()["error"]), (400, &"authorization_pending".into()));
    assert_eq!((hasty.status, &hasty.json()["error"]), (400, &"slow_down".into()));
}

#[tokio::test]
async fn a_person_types_the_code_and_allows_once() {
    let world = World::new().await;
    let codes = device(&world).await;
    let code = codes["user_code"].as_str().unwrap();
    let typed = code.to_lowercase().replace('-', "");
    let path = "/github/oauth/activate";

    let empty = world.get(path).await;
    let wrong = world.get(&format!("{path}?user_code=%3Cb%3E")).await;
    let page = world.get(&format!("{path}?user_code={typed}")).await;
    let choice = [("user_code", code), ("account", "alan@sandbox.example"), ("decision", "allow")];
    let odd = world.form(path, &[choice[0], ("other", "nobody"), choice[2]]).await;
    let allowed = world.form(path, &choice).await;
    let twice = world.form(path, &choice).await;
    let sold = poll(&world, &codes).await;
    let again = poll(&world, &codes).await;

    assert!(empty.status == 200 && empty.body.contains("name=\"user_code\""));
    assert!(wrong.status == 400 && wrong.body.contains("&lt;b&gt;"), "{}", wrong.body);
    assert!(page.body.contains("repo") && page.body.contains("No real account is touched here"));
    assert!(page.body.contains("action=\"activate\"") && page.body.contains(&typed));
    assert_eq!(page.header("x-frame-options"), Some("DENY"));
    assert_eq!((odd.status, allowed.status, twice.status), (400, 200, 400));
    assert_eq!(sold.status, 200, "{}", sold.body);
    assert_eq!(sold.json()["scope"], "repo");
    assert_eq!((again.status, &again.json()["error"]), (400, &"invalid_grant".into()));
}

#[tokio::test]
async fn a_device_can_be_denied_and_others_cannot_take_its_code() {
    let world = World::new().await;
    let (denied, other) = (device(&world).await, device(&world).await);
    let pairs = [("user_code", denied["user_code"].as_str().unwrap()), ("decision", "deny")];
    let auto = format!("/github/oauth/activate?user_code={}", other["user_code"].as_str().unwrap());

    world.form("/github/oauth/activate", &pairs).await;
    world.get(&format!("{auto}&consent=auto")).await;
    let refused = poll(&world, &denied).await;
    let stolen = [
        ("grant_type", DEVICE),
        ("device_code", other["device_code"].as_str().unwrap()),
        ("client_id", "thief"),
    ];
    let stolen = world.form("/github/oauth/token", &stolen).await;
    let sold = poll(&world, &other).await;

    assert_eq!(refused.json()["error"], "access_denied");
    assert_eq!(stolen.json()["error"], "invalid_grant");
    assert_eq!(sold.status, 200, "{}", sold.body);
}

#[tokio::test]
async fn a_device_code_expires_and_haste_is_held_against_it() {
    let world = World::new().await;
    let store = &world.sandbox.world.store;
    let bearer = Bearer { app: "github", client: "naive" };
    let now = Millis(1_795_170_000_000);
    let codes = store.write(|tx| devices::ask(tx, bearer, "repo", now)).unwrap();
    let redeem = |after: Duration| {
        let at = now.after(after);
        store.write(|tx| devices::redeem(tx, &codes.device, bearer, at)).unwrap().unwrap_err().0
    };
    // One second apart at first; six after the haste of the third.
    let answers = [0.0, 1.0, 1.5, 7.4, 20.0].map(|at| redeem(Duration::from_secs_f64(at)));

    let (wait, slow) = ("authorization_pending", "slow_down");
    assert_eq!(answers, [wait, wait, slow, slow, wait]);
    assert_eq!(redeem(Duration::from_secs(599)), wait);
    assert_eq!(redeem(DEVICE_LIFE), "expired_token");
}

#[tokio::test]
async fn a_client_registers_itself_and_is_held_to_what_it_said() {
    let world = World::new().await;
    let register = async |body: Value| {
        world.send("POST", "/linear/oauth/register", &[JSON], &body.to_string()).await
    };
    let uris = json!(["http://127.0.0.1/callback?keep=1"]);

    let public = register(json!({
        "redirect_uris": uris, "token_endpoint_auth_method": "none", "client_name": "naive",
    }));
    let public = public.await;
    let private = register(json!({ "redirect_uris": uris })).await.json();
    let authorize = async |client: &Value, redirect: &str| {
        let client = client["client_id"].as_str().unwrap();
        let query =
            asked(&[("client_id", client), ("redirect_uri", redirect), ("consent", "auto")]);
        world.get(&format!("/linear/oauth/authorize?{query}")).await
    };
    let elsewhere = authorize(&public.json(), "http://127.0.0.1:9/other").await;
    let code = authorize(&private, REDIRECT).await.sent_back("code").unwrap();
    let redeem = async |secret: &str| {
        let pairs = [
            ("grant_type", "authorization_code"),
            ("code", &code),
            ("redirect_uri", REDIRECT),
            ("client_id", private["client_id"].as_str().unwrap()),
            ("client_secret", secret),
            ("code_verifier", VERIFIER),
        ];
        world.form("/linear/oauth/token", &pairs).await
    };
    let unproven = redeem("guess").await;
    let proven = redeem(private["client_secret"].as_str().unwrap()).await;

    assert_eq!((public.status, &public.json()["client_name"]), (201, &"naive".into()));
    assert_eq!(public.json().get("client_secret"), None);
    assert_eq!(private["client_secret_expires_at"], 0);
    assert_eq!(private["token_endpoint_auth_method"], "client_secret_basic");
    assert_eq!(elsewhere.status, 400);
    assert_eq!((unproven.status, &unproven.json()["error"]), (401, &"invalid_client".into()));
    assert_eq!(proven.status, 200, "{}", proven.body);
    for (body, error) in [
        (json!([]), "invalid_client_metadata"),
        (json!({}), "invalid_redirect_uri"),
        (json!({ "redirect_uris": ["http://app.example/"] }), "invalid_redirect_uri"),
        (json!({ "redirect_uris": uris, "grant_types": ["x"] }), "invalid_client_metadata"),
        (
            json!({ "redirect_uris": uris, "token_endpoint_auth_method": "tls_client_auth" }),
            "invalid_client_metadata",
        ),
    ] {
        let reply = register(body.clone()).await;
        assert_eq!((reply.status, &reply.json()["error"]), (400, &error.into()), "{body}");
    }
}

#[tokio::test]
async fn the_metadata_announces_every_kind_of_login() {
    let world = World::new().await;

    let metadata = world.get("/linear/.well-known/openid-configuration").await.json();

    let issuer = format!("{}linear", world.sandbox.url());
    assert_eq!(metadata["issuer"], issuer);
    assert_eq!(metadata["device_authorization_endpoint"], format!("{issuer}/oauth/device"));
    assert_eq!(metadata["registration_endpoint"], format!("{issuer}/oauth/register"));
    let grants = json!(["authorization_code", "refresh_token", DEVICE]);
    assert_eq!(metadata["grant_types_supported"], grants);
}
