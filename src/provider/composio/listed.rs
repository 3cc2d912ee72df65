//! Toolkits as Composio lists them, and what it wants to know of an account there.

use serde_json::Value;

use super::{Api, V3, segment};
use crate::api::error::Result;
use crate::catalog::openapi::line;

/// How much is kept of what a toolkit says of itself, in letters.
const WORDS: usize = 300;
/// How many fields a login may ask for.
const FIELDS: usize = 20;

/// A toolkit that Composio lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Listed {
    /// What Composio calls it
    pub(crate) slug: String,
    /// Name for people
    pub(crate) name: String,
    /// What it is, in one line
    pub(crate) description: Option<String>,
    /// How one can log in there, in Composio's words
    pub(crate) schemes: Vec<String>,
    /// Those of these for which Composio has an OAuth client
    pub(crate) managed: Vec<String>,
    /// Whether nobody logs in
    pub(crate) no_auth: bool,
}

/// One thing that an account is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wanted {
    /// Its name there
    pub(crate) key: String,
    /// Name for people
    pub(crate) label: String,
}

/// What is needed to make an account by a scheme.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Detail {
    /// In Composio's words
    pub(crate) scheme: String,
    /// What a user enters
    pub(crate) wanted: Vec<Wanted>,
}

impl Api<'_> {
    /// Returns every toolkit that Composio lists.
    pub(crate) async fn toolkits(&self) -> Result<Vec<Listed>> {
        let query = [("managed_by", "all"), ("sort_by", "alphabetically")];
        let all = self.all(&format!("{V3}/toolkits"), &query).await?;
        Ok(all.iter().filter_map(listed).collect())
    }

    /// Returns what accounts of a toolkit are made of, by each of its schemes.
    pub(crate) async fn details(&self, toolkit: &str) -> Result<Vec<Detail>> {
        let path = format!("{V3}/toolkits/{}", segment(toolkit)?);
        let answer = self.get(&path, &[]).await?;
        let all = answer["auth_config_details"].as_array();
        Ok(all.into_iter().flatten().filter_map(detail).collect())
    }
}

fn listed(toolkit: &Value) -> Option<Listed> {
    let slug = toolkit["slug"].as_str().filter(|slug| segment(slug).is_ok())?;
    let text = |value: &Value, longest| value.as_str().and_then(|text| line(text, longest));
    Some(Listed {
        name: text(&toolkit["name"], 80).unwrap_or_else(|| slug.to_owned()),
        slug: slug.to_owned(),
        description: text(&toolkit["meta"]["description"], WORDS),
        schemes: words(&toolkit["auth_schemes"]),
        managed: words(&toolkit["composio_managed_auth_schemes"]),
        no_auth: toolkit["no_auth"] == true,
    })
}

fn detail(detail: &Value) -> Option<Detail> {
    let fields = &detail["fields"]["connected_account_initiation"];
    let wanted = fields["required"].as_array().into_iter().flatten().take(FIELDS);
    Some(Detail {
        scheme: word(&detail["mode"])?,
        wanted: wanted.filter_map(self::wanted).collect(),
    })
}

fn wanted(field: &Value) -> Option<Wanted> {
    let key = word(&field["name"])?;
    let label = field["displayName"].as_str().and_then(|label| line(label, 80));
    Some(Wanted { label: label.unwrap_or_else(|| key.clone()), key })
}

/// Returns a word of the API's own, if it is one.
fn word(value: &Value) -> Option<String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    let word = value.as_str()?;
    ((1..=64).contains(&word.len()) && word.chars().all(plain)).then(|| word.to_owned())
}

fn words(value: &Value) -> Vec<String> {
    value.as_array().into_iter().flatten().filter_map(word).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_toolkit_is_read_whatever_else_is_said_of_it() {
        let toolkit = json!({
            "slug": "acme", "name": "Ac\u{1b}[31mme", "auth_schemes": ["OAUTH2", "QUANTUM", 7],
            "composio_managed_auth_schemes": null, "meta": {"description": "a\nb", "new": {}},
            "new_in_2027": [],
        });

        let listed = listed(&toolkit).unwrap();

        assert_eq!(listed.name, "Ac\\u{1b}[31mme");
        assert_eq!(listed.description.as_deref(), Some("a b"));
        assert_eq!(listed.schemes, ["OAUTH2", "QUANTUM"]);
        assert!(listed.managed.is_empty() && !listed.no_auth);
    }

    #[test]
    fn a_toolkit_whose_name_would_lead_elsewhere_is_none() {
        for slug in [json!("../x"), json!("a/b"), json!(""), json!("a?b"), json!(7)] {
            assert!(super::listed(&json!({ "slug": slug })).is_none(), "{slug}");
        }
    }
}
