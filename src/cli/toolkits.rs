//! `naive toolkits`: the apps that can be connected.

use clap::Subcommand;

use super::connections::more;
use super::output::{Page, word};
use super::{App, arguments, import, servers};
use crate::api::error::{Error, Result};
use crate::api::secrets::Secrets;
use crate::api::toolkits::{
    Availability, ConfigureToolkit, Counts, DisableToolkit, EnableToolkit, GetToolkit,
    ListToolkits, Origin, RemoveToolkit, ToolkitDetail, ToolkitPage,
};
use crate::api::ways::Way;
use crate::settings::Profile;

/// The apps that can be connected.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List toolkits: the apps that can be connected
    List(ListToolkits),
    /// Show a toolkit: how it is reached, what it asks for, what it offers
    Get(GetToolkit),
    /// Add a toolkit from its manifest (see naive-toolkit(5)), or by the MCP server that leads to it
    Add(Box<servers::Add>),
    /// Make a toolkit of a document that describes an API: `OpenAPI` 3, Swagger 2.0, Google discovery
    Import(import::Import),
    /// Show what changes in a toolkit if its document is imported again
    Diff(import::Diff),
    /// Remove a toolkit that was added; nobody may be connected to it
    Remove(RemoveToolkit),
    /// Give a toolkit the OAuth client that you registered with the app
    Configure {
        #[command(flatten)]
        op: ConfigureToolkit,
        /// The client's secret, read from stdin
        #[arg(long, value_name = "-")]
        client_secret: Option<String>,
        /// Of `composio` itself: its key, read from stdin
        #[arg(long, value_name = "-")]
        api_key: Option<String>,
        /// Of `composio` itself: the secret that signs its webhooks, read from stdin
        #[arg(long, value_name = "-")]
        webhook_secret: Option<String>,
    },
    /// Let users connect a toolkit again
    Enable(EnableToolkit),
    /// Switch a toolkit off: nobody connects or runs it
    Disable(DisableToolkit),
}

impl Command {
    /// Returns the action's name.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::List(_) => "toolkits.list",
            Self::Get(_) => "toolkits.get",
            Self::Add(_) | Self::Import(_) => "toolkits.add",
            Self::Diff(op) => op.name(),
            Self::Remove(_) => "toolkits.remove",
            Self::Configure { .. } => "toolkits.configure",
            Self::Enable(_) => "toolkits.enable",
            Self::Disable(_) => "toolkits.disable",
        }
    }
}

impl Command {
    /// Tells whether it gets a document from an address, or asks a server.
    pub(crate) fn fetches(&self) -> bool {
        match self {
            Self::Import(op) => import::is_address(&op.document),
            Self::Diff(op) => op.document.as_deref().is_none_or(import::is_address),
            Self::Add(op) => op.is_server(),
            Self::Configure { api_key, .. } => api_key.is_some(),
            Self::List(_) | Self::Get(_) | Self::Remove(_) | Self::Enable(_) | Self::Disable(_) => {
                false
            }
        }
    }
}

/// Runs a command.
pub(crate) async fn run(app: &App<'_>, command: Command) -> Result<u8> {
    match command {
        Command::List(op) => app.show(op, table).await,
        Command::Get(op) => app.show(op, one).await,
        Command::Add(op) => app.show(op.action()?, one).await,
        Command::Import(op) => import::import(app, op).await,
        Command::Diff(op) => import::diff(app, op).await,
        Command::Remove(op) => {
            app.show(op, |toolkit, page| page.text(format!("{} is removed.", toolkit.summary.slug)))
                .await
        }
        Command::Configure { mut op, client_secret, api_key, webhook_secret } => {
            let given = [
                ("--client-secret", "client_secret", client_secret),
                ("--api-key", "api_key", api_key),
                ("--webhook-secret", "webhook_secret", webhook_secret),
            ];
            let mut given =
                given.into_iter().filter_map(|(flag, key, value)| Some((flag, key, value?)));
            if let Some((flag, key, value)) = given.next() {
                if let Some((other, ..)) = given.next() {
                    let text = format!("`{flag}` and `{other}` would both be read from stdin");
                    return Err(Error::usage(text).hint("give one after the other"));
                }
                op.secrets = Secrets([(key.to_owned(), arguments::secret(flag, &value)?)].into());
            }
            let simulated = app.settings.profile == Profile::Sandbox;
            app.show(op, |toolkit, page| {
                one(toolkit, page);
                if simulated {
                    page.hint(
                        "The sandbox has a client of its own; `--profile local` uses this one.",
                    );
                }
            })
            .await
        }
        Command::Enable(op) => app.show(op, one).await,
        Command::Disable(op) => app.show(op, one).await,
    }
}

fn table(reply: &ToolkitPage, page: &mut Page) {
    if reply.toolkits.is_empty() {
        page.text("No app matches.");
        return;
    }
    let rows = reply.toolkits.iter().map(|toolkit| {
        vec![
            toolkit.slug.clone(),
            toolkit.name.clone(),
            toolkit.tools.to_string(),
            state(toolkit.availability).to_owned(),
            toolkit.description.clone(),
        ]
    });
    page.table(&["slug", "name", "tools", "state", "what it is"], rows.collect());
    more(page, reply.next_cursor.as_deref());
    if let Some(at) = reply.listed_at {
        page.hint(format!("What Composio leads to is as it was at {} (UTC).", at.plain()));
    }
    if let Some(catalog) = &reply.catalog {
        let Counts { connectable, with_tools, tools, vendors, .. } = catalog;
        page.hint(format!(
            "The catalog: {connectable} apps of {vendors} vendors can be connected, {with_tools} of them with tools, {tools} in all."
        ));
    }
}

/// Says in a table whether something can be connected.
fn state(availability: Availability) -> &'static str {
    match availability {
        Availability::Available => "available",
        Availability::NotConfigured => "not configured",
        Availability::Disabled => "switched off",
    }
}

/// How many tools are named of a toolkit; `connections tools` lists all.
const TOOLS: usize = 40;

/// Shows one toolkit.
pub(super) fn one(toolkit: &ToolkitDetail, page: &mut Page) {
    let about = &toolkit.summary;
    let fields: Vec<_> = toolkit.credential_fields.iter().map(|field| field.key.as_str()).collect();
    let named = &toolkit.tool_slugs[..toolkit.tool_slugs.len().min(TOOLS)];
    let more = toolkit.tool_slugs.len() - named.len();
    let all = format!(" and {more} more, which `naive connections tools {}` lists", about.slug);
    let rest = if more > 0 { all.as_str() } else { "" };
    page.fields(&[
        ("toolkit", Some(format!("{} ({})", about.slug, about.name))),
        ("about", Some(about.description.clone())),
        ("login", Some(word(&about.auth_type))),
        ("address", Some(toolkit.base_url.clone())),
        ("OAuth client", toolkit.client_id.clone()),
        ("scopes", Some(toolkit.scopes.join(" "))),
        ("asks for", Some(fields.join(", "))),
        ("note", about.availability_reason.clone()),
        (
            "made of",
            (about.origin == Origin::Catalog).then(|| "published facts, not tried".to_owned()),
        ),
        ("tools", Some(named.join(" ") + rest)),
    ]);
    ways(&toolkit.ways, page);
    if about.slug == "composio" {
        page.next("naive toolkits list --search WORDS", "find what it leads to");
    } else if about.availability == Availability::Available {
        page.next(format!("naive connections connect {}", about.slug), "connect it");
    }
    if let Some(manifest) = &toolkit.manifest {
        page.json(&manifest.clone().into());
    }
}

/// Shows which ways lead to a toolkit, and why one of them is taken where nobody says.
fn ways(ways: &[Way], page: &mut Page) {
    if ways.len() < 2 {
        return;
    }
    let rows = ways.iter().map(|way| {
        vec![
            way.provider.as_str().to_owned(),
            word(&way.auth_type),
            state(way.availability).to_owned(),
            way.base_url.clone(),
            way.why.as_ref().map(|why| format!("default: {why}")).unwrap_or_default(),
        ]
    });
    page.table(&["way", "login", "state", "where", ""], rows.collect());
    for way in ways {
        if let Some(needs) = way.needs.as_ref().filter(|_| !way.is_default) {
            page.hint(format!("`{}` {needs}.", way.provider.as_str()));
        }
    }
}
