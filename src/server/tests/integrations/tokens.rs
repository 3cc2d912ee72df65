//! Users of an app who come with a token that it has signed.

use std::collections::HashMap;

use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};

use super::{ALICE, BOB, Cast, at, cast_with, nobody, said};
use crate::api::time::Millis;
use crate::server::integrations::Apps;
use crate::vault::tokens::TokenKey;

const SECRET: &str = "0123456789abcdef0123456789abcdef";

/// Returns a token with these claims, signed with a secret.
fn signed(algorithm: Algorithm, claims: &Value, secret: &str) -> String {
    let key = EncodingKey::from_secret(secret.as_bytes());
    encode(&Header::new(algorithm), claims, &key).unwrap()
}

/// Returns the claims of a user of an app that are good for so many seconds.
fn claims(app: &str, user: &str, seconds: i64) -> Value {
    let exp = Millis::now().0 / 1000 + seconds;
    json!({"iss": format!("butterbase:app:{app}"), "sub": user, "exp": exp})
}

/// Returns the token of a user that is good for so many seconds.
fn token(user: &str, seconds: i64) -> String {
    signed(Algorithm::HS256, &claims("one", user, seconds), SECRET)
}

/// Serves an app `one` that signs tokens for its users.
async fn tokens() -> Cast {
    let key = TokenKey::secret(&SECRET.into()).unwrap();
    let apps = Apps::new(HashMap::from([("one".parse().unwrap(), key)]));
    cast_with(nobody(), apps).await
}

#[tokio::test]
async fn a_user_sees_and_ends_their_own_accounts_alone() {
    let cast = tokens().await;
    cast.enable("hackernews").await;
    let bobs = cast.connect("hackernews", BOB).await;
    let alice = token(ALICE, 60);
    let ask =
        async |line: &str, body: Value| cast.served.send(&alice, &at("one", line), &body).await;

    let body = json!({"toolkit": "hackernews", "redirectUrl": "https://a.example", "scopes": []});
    let made = ask("POST connect", body).await;
    let own = ask("GET connections", Value::Null).await;
    let id = bobs.body["connectionRequestId"].as_str().unwrap();
    let foreign = ask(&format!("DELETE connections/{id}"), Value::Null).await;
    let tools = ask("GET tools", Value::Null).await;
    let admin = ask("GET config", Value::Null).await;
    let id = made.body["connectionRequestId"].as_str().unwrap();
    let ended = ask(&format!("DELETE connections/{id}"), Value::Null).await;

    assert_eq!((made.status, tools.status), (200, 200));
    let rows = own.body["connections"].as_array().unwrap();
    assert_eq!((rows.len(), &rows[0]["app_user_id"]), (1, &json!(ALICE)));
    assert_eq!(said(&foreign), (404, "RESOURCE_NOT_FOUND"));
    assert_eq!(said(&admin), (403, "AUTH_INSUFFICIENT_PERMISSIONS"));
    assert_eq!(ended.status, 204);
}

#[tokio::test]
async fn a_token_is_good_for_its_app_until_its_end() {
    let cast = tokens().await;
    let ask = async |app: &str, token: &str| {
        cast.served.send(token, &at(app, "GET connections"), &Value::Null).await
    };
    assert_eq!(ask("one", &token(ALICE, 60)).await.status, 200);
    assert_eq!(ask("one", &token(ALICE, -30)).await.status, 200, "clocks differ");
    let expired = ask("one", &token(ALICE, -90)).await;
    assert_eq!(said(&expired), (401, "AUTH_END_USER_JWT_EXPIRED"));
    let unsigned = "eyJhbGciOiJub25lIn0.e30.";
    let endless = json!({"iss": "butterbase:app:one", "sub": ALICE});
    for bad in [
        unsigned.to_owned(),
        signed(Algorithm::HS384, &claims("one", ALICE, 60), SECRET),
        signed(Algorithm::HS256, &claims("one", ALICE, 60), "another secret of some thirty bytes"),
        signed(Algorithm::HS256, &claims("two", ALICE, 60), SECRET),
        signed(Algorithm::HS256, &endless, SECRET),
        token("alice", 60),
        format!("{}.", token(ALICE, 60).rsplit_once('.').unwrap().0),
    ] {
        let answer = ask("one", &bad).await;
        assert_eq!(said(&answer), (401, "AUTH_INVALID_END_USER_JWT"), "{bad}");
    }
    let elsewhere = ask("two", &token(ALICE, 60)).await;
    assert_eq!(said(&elsewhere), (401, "AUTH_INVALID_END_USER_JWT"));
}
