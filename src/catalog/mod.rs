//! What toolkits exist and what they offer. Manifests in, manifests out: no store and no network.

pub(crate) mod added;
mod brokerage;
mod check;
pub(crate) mod input;
#[cfg(test)]
mod making;
pub(crate) mod manifest;
pub(crate) mod openapi;
pub(crate) mod pack;
mod read;
pub(crate) mod search;
pub(crate) mod servers;
pub(crate) mod shape;
pub(crate) mod shares;
pub(crate) mod template;
mod words;

pub(crate) use brokerage::{DATA, brokerage};
pub(crate) use read::{Format, from_json, parse};

use url::Url;

use crate::api::error::Result;
use crate::api::ids::Slug;
use manifest::Manifest;
use pack::App;

/// Returns the slugs of the shipped toolkits, in order.
pub(crate) fn builtin_slugs() -> impl Iterator<Item = &'static str> {
    App::all().map(App::slug)
}

/// Returns the shipped toolkit of that slug, with all of its tools.
///
/// It is not judged here: a test holds every shipped manifest to what added ones are held to.
pub(crate) fn builtin(slug: &Slug) -> Option<Result<Manifest>> {
    App::of(slug.as_str()).map(App::manifest)
}

/// Returns the shipped toolkit of that slug without its tools.
pub(crate) fn builtin_card(slug: &Slug) -> Option<Result<Manifest>> {
    App::of(slug.as_str()).map(App::card)
}

/// Returns the shipped toolkit of that slug with those of its tools that were written by hand.
pub(crate) fn written_by_hand(slug: &Slug) -> Option<Result<Manifest>> {
    let app = App::of(slug.as_str()).filter(|app| app.by_hand() > 0)?;
    let places: Vec<usize> = (0..app.by_hand()).collect();
    let whole = || Ok(Manifest { tools: app.tools_at(&places)?, ..app.card()? });
    Some(whole())
}

/// Returns every shipped toolkit that was written by hand, as it was written.
#[cfg(test)]
pub(crate) fn all_by_hand() -> impl Iterator<Item = Manifest> {
    let slugs = builtin_slugs().map(|slug| slug.parse().unwrap());
    slugs.filter_map(|slug| written_by_hand(&slug)).map(Result::unwrap)
}

/// Moves every address of a toolkit to the sandbox at `sandbox`: the same paths, on one loopback host.
pub(crate) fn relocate(mut toolkit: Manifest, sandbox: &Url) -> Manifest {
    let home = format!("{}/{}", sandbox.as_str().trim_end_matches('/'), toolkit.slug);
    let path = toolkit.base_url.splitn(4, '/').nth(3).map(|path| format!("/{path}"));
    toolkit.base_url = home.clone() + &path.unwrap_or_default();
    let at = |path: &str| Url::parse(&format!("{home}{path}")).ok();
    let auth = &mut toolkit.auth;
    let revokes = auth.revoke_url.is_some() || auth.issuer.is_some();
    auth.issuer = at("");
    // The sandbox's own server is known: nobody is asked for it.
    auth.resource = None;
    auth.authorize_url = at("/oauth/authorize");
    auth.token_url = at("/oauth/token");
    auth.revoke_url = at("/oauth/revoke").filter(|_| revokes);
    auth.device_url = auth.device_url.take().and_then(|_| at("/oauth/device"));
    auth.registration_url = auth.registration_url.take().and_then(|_| at("/oauth/register"));
    auth.client_id = Some("naive-sandbox".to_owned());
    toolkit
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shipped_toolkit_is_whole() {
        for app in App::all() {
            let count = app.tools().len();
            let ends: Vec<usize> = (0..app.by_hand()).chain(count.checked_sub(1)).collect();
            let toolkit = Manifest { tools: app.tools_at(&ends).unwrap(), ..app.card().unwrap() };
            let names: Vec<String> =
                app.names().unwrap().into_iter().map(|name| name.slug).collect();

            assert_eq!(toolkit.slug.as_str(), app.slug());
            assert_eq!(app.auth(), toolkit.auth.kind, "{}", app.slug());
            assert_eq!(names.len(), count, "{}", app.slug());
            for (tool, at) in toolkit.tools.iter().zip(&ends) {
                assert_eq!(tool.slug.as_str(), names[*at]);
                assert_eq!(tool.effect, pack::effect(app.tools().start + at), "{}", tool.slug);
            }
            let toolkit = Manifest { tools: toolkit.tools[..app.by_hand()].to_vec(), ..toolkit };
            from_json(&serde_json::to_string(&toolkit).unwrap()).unwrap();
        }
        assert!(builtin_slugs().is_sorted());
    }

    #[test]
    fn no_tool_says_again_where_its_toolkit_is() {
        // Their own documents have it so.
        let known = [
            "apimatic",
            "deutsche-bahn-betriebsstellen",
            "deutsche-bahn-reisezentren",
            "national-bank-of-greece",
            "spectrocoin",
            "wellknown",
        ];
        for app in App::all().filter(|app| !known.contains(&app.slug())) {
            let base = app.card().unwrap().base_url;
            let said: Vec<&str> = base.split('/').skip(3).collect();
            let by_hand: Vec<usize> = (0..app.by_hand()).collect();
            let by_hand = app.tools_at(&by_hand).unwrap().into_iter();
            // Of the others, the request is all that describes them, unless it is too long for that.
            let others = app.names().unwrap().into_iter().skip(app.by_hand());
            let requests = by_hand
                .map(|tool| tool.request.to_string())
                .chain(others.map(|one| one.description));
            for request in requests {
                let first = request.split(['/', '?']).nth(1);
                let again = first.is_some_and(|first| said.contains(&first));
                assert!(!again, "{}: `{request}` below `{base}`", app.slug());
            }
        }
    }

    /// Returns a manifest as it is added.
    #[test]
    fn a_relocated_toolkit_keeps_its_paths() {
        let gmail = builtin(&"gmail".parse().unwrap()).unwrap().unwrap();

        let moved = relocate(gmail, &"http://127.0.0.1:7/".parse().unwrap());

        assert_eq!(moved.base_url, "http://127.0.0.1:7/gmail/gmail/v1");
        assert_eq!(moved.auth.token_url.unwrap().as_str(), "http://127.0.0.1:7/gmail/oauth/token");
        let github = builtin(&"github".parse().unwrap()).unwrap().unwrap();
        let moved = relocate(github, &"http://127.0.0.1:7/".parse().unwrap());
        assert_eq!(moved.base_url, "http://127.0.0.1:7/github");
    }
}
