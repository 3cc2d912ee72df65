//! The list of Composio's toolkits: got when its key is configured, kept, and got again when it is a day old.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use secrecy::SecretString;
use url::Url;

use super::{ITSELF, KEY, MESSAGES, Remote, named, squeezed};
use crate::api::error::{Code, Error, Result};
use crate::api::ids::Slug;
use crate::api::secrets::Secrets;
use crate::api::time::Millis;
use crate::api::toolkits::{
    AuthType, Availability, ConfigureToolkit, Origin, Provider, ToolkitDetail, ToolkitSummary,
};
use crate::api::ways::ToolkitRefreshed;
use crate::catalog::builtin_slugs;
use crate::catalog::manifest::{Auth, Field, Manifest};
use crate::catalog::servers::server_slugs;
use crate::engine::Engine;
use crate::provider::composio::{Detail, Listed};
use crate::store::ListedRow;

/// How long the list is believed before it is got again.
const BELIEVED: Duration = Duration::from_hours(24);
/// How long after a try that failed there is another.
const AGAIN: Duration = Duration::from_mins(15);

/// A way as it is stored.
type Stored = (Manifest, Remote);

impl Engine {
    /// Stores Composio's key, once it has shown what it leads to, or the secret that signs its messages.
    pub(in crate::engine) async fn configure_composio(
        &self,
        op: ConfigureToolkit,
    ) -> Result<ToolkitDetail> {
        self.check_real()?;
        let other = op.client_id.is_some() || !op.scopes.is_empty() || op.prefer.is_some();
        let mut given = op.secrets.0;
        let (key, secret) = (given.remove("api_key"), given.remove("webhook_secret"));
        if other || !given.is_empty() || (key.is_none() && secret.is_none()) {
            let text = "Composio itself is configured with its key, or the secret of its webhooks";
            return Err(Error::new(Code::InvalidInput, text)
                .hint("give `--api-key -` or `--webhook-secret -`"));
        }
        if let Some(secret) = secret {
            let sealed = Secrets([("webhook_secret".to_owned(), secret)].into());
            self.sealing(MESSAGES, &sealed, |bytes| self.store.put_sealed(MESSAGES, bytes))?;
        }
        if let Some(key) = key {
            self.store.try_list(Millis::now())?;
            let listed = self.reached(key.clone())?.api().toolkits().await?;
            self.keep_listed(&listed, Some(key))?;
        }
        self.told_composio()
    }

    /// Gets the list of Composio's toolkits again.
    pub(in crate::engine) async fn list_composio(&self) -> Result<()> {
        let reached = self.composio()?;
        self.store.try_list(Millis::now())?;
        let listed = reached.api().toolkits().await?;
        self.keep_listed(&listed, None)
    }

    /// Gets the list again, and tells how it differs from the one before.
    pub(in crate::engine) async fn refresh_listed(&self) -> Result<ToolkitRefreshed> {
        let before = self.leads_to()?;
        self.list_composio().await?;
        let now = self.leads_to()?;
        let names = |some: &BTreeSet<Slug>, other: &BTreeSet<Slug>| {
            some.difference(other).map(ToString::to_string).collect()
        };
        let toolkit = ITSELF.parse();
        Ok(ToolkitRefreshed {
            toolkit: toolkit.map_err(|error| Error::internal("Composio has no name", error))?,
            provider: Provider::Composio,
            added: names(&now, &before),
            removed: names(&before, &now),
            changed: Vec::new(),
            unchanged: now.intersection(&before).count(),
            accepted: true,
        })
    }

    /// Forgets Composio's key and what it leads to; nobody may be connected through it.
    pub(in crate::engine) fn forget_composio(&self) -> Result<ToolkitDetail> {
        let told = self.told_composio()?;
        if self.store.forget_composio(&[KEY, MESSAGES])? {
            return Ok(told);
        }
        Err(Error::new(Code::InvalidInput, "somebody is still connected through Composio")
            .hint("run `naive connections disconnect APP --purge` for each such connection first")
            .reason("toolkit_in_use"))
    }

    /// Returns the toolkits that it leads to.
    fn leads_to(&self) -> Result<BTreeSet<Slug>> {
        let ways = self.store.all_ways()?.into_iter();
        let listed = ways.filter(|(_, provider, _)| *provider == Provider::Composio);
        Ok(listed.map(|(slug, ..)| slug).collect())
    }

    /// Gets the list again if there is a key and it is old; where that fails, the old one goes on.
    pub(in crate::engine) async fn refresh_list(&self) {
        if let Err(error) = self.refresh_if_old().await {
            self.note(format!("Composio could not be asked for its toolkits: {error}."));
        }
    }

    async fn refresh_if_old(&self) -> Result<()> {
        if !self.has_composio()? {
            return Ok(());
        }
        let now = Millis::now();
        let age = self.store.list_age()?;
        let is_old = age.is_none_or(|age| {
            let listed = age.listed_at.is_none_or(|at| at.after(BELIEVED) <= now);
            listed && (age.tried_at.after(AGAIN) <= now || age.tried_at > now)
        });
        if is_old { self.list_composio().await } else { Ok(()) }
    }

    fn keep_listed(&self, listed: &[Listed], key: Option<SecretString>) -> Result<()> {
        let (here, base) = (self.names_here()?, self.composio_base()?);
        let mut before: BTreeMap<Slug, Stored> = BTreeMap::new();
        for (slug, provider, way) in self.store.all_ways()? {
            if provider == Provider::Composio
                && let Some(stored) = read(way.manifest.as_deref(), way.remote.as_deref())
            {
                before.insert(slug, stored);
            }
        }
        let (mut rows, mut taken) = (Vec::new(), BTreeSet::new());
        for one in listed {
            let slug = named(&one.slug, |name| here.get(name).cloned());
            if let Some(slug) = slug.filter(|slug| taken.insert(slug.clone())) {
                rows.push(row(&way(slug.clone(), one, (&base, before.get(&slug))))?);
            }
        }
        let now = Millis::now();
        match key {
            Some(key) => {
                let sealed = Secrets([("api_key".to_owned(), key)].into());
                self.sealing(KEY, &sealed, |bytes| {
                    self.store.put_listed(&rows, Some((KEY, bytes)), now)
                })
            }
            None => self.store.put_listed(&rows, None, now),
        }
    }

    /// Returns the toolkits that are here without Composio, by their names without what parts the words.
    fn names_here(&self) -> Result<BTreeMap<String, Slug>> {
        let added = self.store.added_slugs()?;
        let ways = self.store.all_ways()?.into_iter();
        let servers = ways.filter(|(_, provider, _)| *provider == Provider::Mcp);
        let shipped = server_slugs().chain(builtin_slugs()).filter_map(|slug| slug.parse().ok());
        let all = servers.map(|(slug, ..)| slug).chain(shipped).chain(added);
        Ok(all.map(|slug| (squeezed(slug.as_str()), slug)).collect())
    }

    /// Learns what a user enters at a toolkit of Composio's, unless that is known.
    pub(in crate::engine) async fn learn_fields(&self, slug: &Slug) -> Result<()> {
        let ways = self.store.ways(slug)?;
        let way = ways.into_iter().find(|(provider, _)| *provider == Provider::Composio);
        let Some((_, way)) = way else { return Ok(()) };
        let stored = read(way.manifest.as_deref(), way.remote.as_deref());
        let Some((mut manifest, mut remote)) = stored else { return Ok(()) };
        let entered = matches!(manifest.auth.kind, AuthType::ApiKey | AuthType::Basic);
        if remote.detailed || !entered || !self.has_composio()? {
            return Ok(());
        }
        let details = self.composio()?.api().details(&remote.slug).await?;
        if let Some(detail) = details.into_iter().find(|one| one.scheme == remote.scheme)
            && !detail.wanted.is_empty()
        {
            manifest.auth.fields = fields(detail);
        }
        remote.detailed = true;
        self.store.put_listed_one(&row(&(manifest, remote))?)
    }

    /// Returns Composio itself as if it were a toolkit.
    pub(in crate::engine) fn told_composio(&self) -> Result<ToolkitDetail> {
        let count = self.leads_to()?.len();
        let configured = self.has_composio()?;
        let listed_at = self.store.list_age()?.and_then(|age| age.listed_at);
        let description = match listed_at {
            Some(at) => format!("leads to {count} toolkits, listed at {} (UTC)", at.plain()),
            None => "leads to the toolkits that it lists, once it has a key".to_owned(),
        };
        let availability =
            if configured { Availability::Available } else { Availability::NotConfigured };
        Ok(ToolkitDetail {
            summary: ToolkitSummary {
                slug: ITSELF.to_owned(),
                name: "Composio".to_owned(),
                description,
                auth_type: AuthType::None,
                is_no_auth: true,
                configured,
                availability,
                availability_reason: (!configured).then(|| {
                    "needs its key; run `naive toolkits configure composio --api-key -`".to_owned()
                }),
                origin: Origin::Builtin,
                provider: Provider::Composio,
                tools: 0,
            },
            base_url: self.composio_base()?.to_string(),
            client_id: None,
            scopes: Vec::new(),
            credential_fields: Vec::new(),
            tool_slugs: Vec::new(),
            ways: Vec::new(),
            manifest: None,
        })
    }
}

/// Reads a way as it is stored.
fn read(manifest: Option<&str>, remote: Option<&str>) -> Option<Stored> {
    Some((serde_json::from_str(manifest?).ok()?, serde_json::from_str(remote?).ok()?))
}

fn row((manifest, remote): &Stored) -> Result<ListedRow> {
    let unwritten = |error| Error::internal("a toolkit of Composio's cannot be written", error);
    Ok(ListedRow {
        slug: manifest.slug.clone(),
        manifest: serde_json::to_string(manifest).map_err(unwritten)?,
        remote: serde_json::to_string(remote).map_err(unwritten)?,
    })
}

/// Returns the way to a toolkit by Composio; what was asked about it before is kept if one still logs in so.
fn way(slug: Slug, one: &Listed, (base, before): (&Url, Option<&Stored>)) -> Stored {
    let (kind, scheme, ready) = login(one);
    let mut auth = Auth { kind, fields: usual(&scheme), ..Auth::fresh() };
    let same = before.filter(|(_, remote)| remote.detailed && remote.scheme == scheme);
    if let Some((manifest, _)) = same {
        auth.fields.clone_from(&manifest.auth.fields);
    }
    let detailed = same.is_some();
    let name = one.name.clone();
    let address = base.as_str().trim_end_matches('/').to_owned();
    let mut manifest = Manifest::bare(slug, name, address, auth);
    manifest.provider = Provider::Composio;
    if let Some(words) = &one.description {
        manifest.description.clone_from(words);
    }
    let remote = Remote { slug: one.slug.clone(), scheme, ready, detailed, keyed: false };
    (manifest, remote)
}

/// Returns how one logs in to a toolkit: by an OAuth client of Composio's if it has one, else without anything, else
/// with what a user enters, else by what an auth config there says.
fn login(one: &Listed) -> (AuthType, String, bool) {
    let has = |scheme: &&str| one.schemes.iter().any(|own| own == scheme);
    let managed = one.schemes.iter().find(|own| one.managed.contains(own));
    if let Some(scheme) = managed.or(one.managed.first()) {
        return (AuthType::Oauth2, scheme.clone(), true);
    }
    if one.no_auth || has(&"NO_AUTH") {
        return (AuthType::None, "NO_AUTH".to_owned(), true);
    }
    let entered = [
        ("API_KEY", AuthType::ApiKey),
        ("BEARER_TOKEN", AuthType::ApiKey),
        ("BASIC", AuthType::Basic),
    ];
    if let Some((scheme, kind)) = entered.into_iter().find(|(scheme, _)| has(scheme)) {
        return (kind, scheme.to_owned(), true);
    }
    let oauth = ["OAUTH2", "DCR_OAUTH", "OAUTH1"].into_iter().find(has);
    match (oauth, one.schemes.first()) {
        (Some(scheme), _) => (AuthType::Oauth2, scheme.to_owned(), false),
        (None, Some(scheme)) => (AuthType::Unknown, scheme.clone(), false),
        (None, None) => (AuthType::Unknown, "NOTHING".to_owned(), false),
    }
}

/// Returns what a user enters, as far as a scheme tells it.
fn usual(scheme: &str) -> Vec<Field> {
    let field = |(key, label): (&str, &str)| Field {
        key: key.to_owned(),
        label: label.to_owned(),
        secret: true,
    };
    let fields: &[(&str, &str)] = match scheme {
        "API_KEY" => &[("generic_api_key", "API key")],
        "BEARER_TOKEN" => &[("token", "Token")],
        "BASIC" => &[("username", "User name"), ("password", "Password")],
        _ => &[],
    };
    fields.iter().copied().map(field).collect()
}

fn fields(detail: Detail) -> Vec<Field> {
    let field = |(key, label)| Field { key, label, secret: true };
    detail.wanted.into_iter().map(|one| field((one.key, one.label))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(schemes: &str, managed: &str) -> Listed {
        let words = |words: &str| -> Vec<String> {
            words.split(',').filter(|word| !word.is_empty()).map(str::to_owned).collect()
        };
        Listed {
            slug: "acme".to_owned(),
            name: "Acme".to_owned(),
            description: None,
            schemes: words(schemes),
            managed: words(managed),
            no_auth: false,
        }
    }

    #[test]
    fn one_logs_in_by_what_needs_least() {
        let table = [
            ("API_KEY,OAUTH2", "OAUTH2", AuthType::Oauth2, "OAUTH2", true),
            ("OAUTH2,BEARER_TOKEN", "", AuthType::ApiKey, "BEARER_TOKEN", true),
            ("BASIC", "", AuthType::Basic, "BASIC", true),
            ("NO_AUTH", "", AuthType::None, "NO_AUTH", true),
            ("OAUTH2", "", AuthType::Oauth2, "OAUTH2", false),
            ("QUANTUM_AUTH", "", AuthType::Unknown, "QUANTUM_AUTH", false),
        ];
        for (schemes, managed, kind, scheme, ready) in table {
            let told = login(&listed(schemes, managed));
            assert_eq!(told, (kind, scheme.to_owned(), ready), "{schemes}");
        }
    }
}
