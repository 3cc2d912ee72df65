//! Secrets that stand deep inside the body of a request.

use secrecy::ExposeSecret as _;
use serde_json::{Map, Value};

use super::Request;
use crate::api::error::{Error, Result};
use crate::api::secrets::Secrets;

impl Request {
    /// Sets a JSON object as the body, with secrets under their names in the object that stands `at` a path of keys.
    pub(crate) fn json_with_hidden_at(
        mut self,
        body: Map<String, Value>,
        at: &[&str],
        secrets: &Secrets,
    ) -> Result<Self> {
        let mut body = Value::from(body);
        let place = at.iter().fold(&mut body, |value, key| &mut value[*key]);
        for (key, secret) in &secrets.0 {
            place[key.as_str()] = secret.expose_secret().into();
            self.secrets.push(secret.clone());
        }
        let bytes = serde_json::to_vec(&body)
            .map_err(|error| Error::internal("a request cannot be written", error))?;
        self.body("application/json", bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::Trust;
    use serde_json::json;

    #[test]
    fn a_secret_stands_where_it_belongs_and_is_not_shown() {
        let url = "https://example.com/".parse().unwrap();
        let request = Request::new("POST", url, Trust::Public).unwrap();
        let secrets = Secrets([("key".to_owned(), "sk_12345678".to_owned().into())].into());
        let body = json!({ "a": { "b": { "plain": 1 } } });

        let request = request
            .json_with_hidden_at(body.as_object().unwrap().clone(), &["a", "b"], &secrets)
            .unwrap();

        assert_eq!(request.body, br#"{"a":{"b":{"plain":1,"key":"sk_12345678"}}}"#);
        assert!(!request.shown_body().contains("sk_12345678"));
    }
}
