//! `naive account-kits`: the policies under which agents act.

use std::collections::BTreeSet;
use std::fmt::Display;

use clap::Subcommand;

use super::App;
use super::kit_flags::{KitFlags, Said};
use super::output::Page;
use super::users::one;
use crate::api::error::{Error, Result};
use crate::api::ids::{Label, quoted};
use crate::api::kits::{
    AssignKit, CreateKit, DeleteKit, GetKit, Kit, Kits, ListKits, Mode, Primitive, UpdateKit,
};
use crate::engine::KIT_CHANGED;

/// The policies under which agents act: what they may use, and what waits for a person.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Create an account kit
    #[command(after_help = FORMAT)]
    Create {
        /// Short for `--name`
        #[arg(conflicts_with = "name", value_name = "NAME")]
        called: Option<Label>,
        #[command(flatten)]
        flags: KitFlags,
    },
    /// List the account kits
    List(ListKits),
    /// Show an account kit: what is off, and what waits for a person
    Get(GetKit),
    /// Change an account kit; it bites at the next call
    #[command(after_help = FORMAT)]
    Update {
        /// The kit: id or name
        kit: String,
        #[command(flatten)]
        flags: KitFlags,
    },
    /// Delete an account kit that nobody is under
    Delete(DeleteKit),
    /// Put a tenant user under an account kit
    Assign(AssignKit),
}

/// How often a change is put on top of what others have changed meanwhile.
const TRIES: u32 = 5;

/// What a list does to the one before, and what a file looks like.
const FORMAT: &str = "\
A flag replaces what the kit said there before, a list as a whole: an empty one
(`--approval-tool=`) removes it. `--tool` replaces the rule of its app, `--tool gmail=` removes it.
What no flag names stays. Flags are put on top of `--file`.

A file is JSON or TOML, as `account-kits get` answers it. A config in it replaces the whole one:
  { \"name\": \"Ops\",
    \"primitives_config\": { \"cards\": { \"enabled\": true, \"requiresApproval\": false,
                                      \"defaults\": { \"currency\": \"usd\" } } },
    \"connections_config\": { \"mode\": \"allowlist\", \"toolkits\": [\"gmail\", \"stripe\"],
                            \"tools\": { \"gmail\": { \"disable\": [\"GMAIL_DELETE_MESSAGE\"] } },
                            \"requiresApproval\": false, \"approvalToolkits\": [\"stripe\"],
                            \"approvalTools\": [\"effect:destructive\"] },
    \"trading_config\": { \"paper\": { \"orders\": true, \"assetClasses\": [\"us_equity\", \"crypto\"],
                                   \"maxDayLoss\": \"500\",
                                   \"limits\": { \"maxOrderNotional\": \"1000\", \"maxDayNotional\": \"5000\",
                                               \"maxOrdersPerMinute\": 5, \"maxOrdersPerDay\": 50,
                                               \"symbols\": [\"AAPL\"], \"blockedSymbols\": [\"TSLA\"],
                                               \"types\": [\"limit\"], \"timesInForce\": [\"day\"],
                                               \"noShorting\": true, \"maxDriftPercent\": \"2\",
                                               \"collar\": true },
                                   \"byClass\": { \"crypto\": { \"maxOrderNotional\": \"100\" } } },
                        \"live\": { \"orders\": false } },
    \"gate_default_user\": true, \"approval_ttl\": \"24h\" }";

impl Command {
    /// Returns the action's name.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Create { .. } => "account_kits.create",
            Self::List(_) => "account_kits.list",
            Self::Get(_) => "account_kits.get",
            Self::Update { .. } => "account_kits.update",
            Self::Delete(_) => "account_kits.delete",
            Self::Assign(_) => "account_kits.assign",
        }
    }
}

/// Runs a command.
pub(crate) async fn run(app: &App<'_>, command: Command) -> Result<u8> {
    match command {
        Command::Create { called, flags } => {
            let said = flags.read()?;
            let mut form = said.file.clone();
            let name = called.or_else(|| said.name().cloned()).ok_or_else(|| {
                Error::usage("the account kit has no name")
                    .hint("give `--name`, as in `--name Ops`")
            })?;
            said.merge(&mut form)?;
            let op = CreateKit {
                name,
                description: form.description,
                primitives_config: form.primitives_config,
                connections_config: form.connections_config.map(Box::new),
                trading_config: form.trading_config.map(Box::new),
                gate_default_user: form.gate_default_user,
                approval_ttl: form.approval_ttl,
            };
            app.show(op, |kit, page| {
                show(kit, page);
                let assign = format!("naive account-kits assign {} USER", quoted(&kit.name));
                page.next(assign, "put a user under it");
            })
            .await
        }
        Command::List(op) => app.show(op, table).await,
        Command::Get(op) => app.show(op, show).await,
        Command::Update { kit, flags } => update(app, &kit, flags.read()?).await,
        Command::Delete(op) => {
            app.show(op, |kit, page| page.text(format!("Account kit {} is deleted.", kit.name)))
                .await
        }
        Command::Assign(op) => app.show(op, one).await,
    }
}

/// Changes a kit. If somebody else has changed it since it was read, what was said goes on top of that.
async fn update(app: &App<'_>, kit: &str, said: Said) -> Result<u8> {
    let key = app.key.borrow().clone();
    let mut left = TRIES;
    loop {
        app.key.replace(key.clone());
        let op = updated(app, kit.to_owned(), &said).await?;
        left -= 1;
        match app.show(op, show).await {
            Err(error) if left > 0 && error.reason.as_deref() == Some(KIT_CHANGED) => {}
            ended => return ended,
        }
    }
}

/// Puts what was said on top of what the kit says now.
async fn updated(app: &App<'_>, kit: String, said: &Said) -> Result<UpdateKit> {
    let mut form = said.file.clone();
    let mut if_updated_at = None;
    if said.has_rules() {
        let read = app.done(app.as_caller(), GetKit { kit: kit.clone() }).await?;
        if_updated_at = Some(read.updated_at);
        let now = read.policy;
        if said.has_primitive_rules() && form.primitives_config.is_none() {
            form.primitives_config = Some(now.primitives_config);
        }
        if said.has_connection_rules() && form.connections_config.is_none() {
            form.connections_config = Some(now.connections_config);
        }
        if said.has_trading_rules() && form.trading_config.is_none() {
            form.trading_config = Some(now.trading_config);
        }
    }
    said.merge(&mut form)?;
    Ok(UpdateKit {
        kit,
        name: said.name().cloned(),
        description: form.description,
        primitives_config: form.primitives_config,
        connections_config: form.connections_config.map(Box::new),
        trading_config: form.trading_config.map(Box::new),
        gate_default_user: form.gate_default_user,
        approval_ttl: form.approval_ttl,
        if_updated_at,
    })
}

fn table(reply: &Kits, page: &mut Page) {
    let rows = reply.account_kits.iter().map(|kit| {
        let default = if kit.is_default { "yes" } else { "" };
        vec![
            kit.name.clone(),
            default.to_owned(),
            apps(kit),
            kit.description.clone().unwrap_or_default(),
            kit.id.clone(),
        ]
    });
    page.table(&["kit", "default", "apps", "what it is for", "id"], rows.collect());
}

/// Shows a kit in sentences: what may be used, what waits for a person.
fn show(kit: &Kit, page: &mut Page) {
    let ttl =
        kit.policy.approval_ttl.as_ref().map_or_else(|| "72h".to_owned(), ToString::to_string);
    page.fields(&[
        ("kit", Some(kit.name.clone())),
        ("id", Some(kit.id.clone())),
        ("about", kit.description.clone()),
        ("default", kit.is_default.then(|| "yes".to_owned())),
        ("apps", Some(apps(kit))),
        ("trading", trading(kit)),
        ("approvals wait", Some(ttl)),
        ("changed", Some(kit.updated_at.plain())),
    ]);
    let mut said = vec![String::new()];
    said.extend(off(kit));
    said.extend(tools(kit));
    said.push(held(kit));
    said.extend(free(kit));
    said.extend(held_apps(kit));
    said.push(if kit.policy.gate_default_user {
        "Calls on the workspace's own user are held like any other's.".to_owned()
    } else {
        "Calls on the workspace's own user are not held.".to_owned()
    });
    page.text(said.join("\n"));
}

/// Returns what a kit says of trading, as its flags would say it; nothing where it says nothing.
fn trading(kit: &Kit) -> Option<String> {
    let config = crate::api::action::written(&kit.policy.trading_config).ok()?;
    let mut said = Vec::new();
    leaves(&config, "", &mut said);
    (!said.is_empty()).then(|| said.join(", "))
}

/// Collects every value of an object with its path.
fn leaves(value: &serde_json::Value, path: &str, said: &mut Vec<String>) {
    match value.as_object() {
        Some(members) => {
            for (name, member) in members {
                let dot = if path.is_empty() { "" } else { "." };
                leaves(member, &format!("{path}{dot}{name}"), said);
            }
        }
        None => said.push(format!("{path}={}", value.to_string().replace('"', ""))),
    }
}

fn apps(kit: &Kit) -> String {
    let config = &kit.policy.connections_config;
    let listed = config.toolkits.as_ref().map(list).unwrap_or_default();
    match config.mode {
        Mode::Open => "all".to_owned(),
        Mode::Allowlist => format!("only {listed}"),
        Mode::Blocklist => format!("all but {listed}"),
    }
}

fn list(items: &BTreeSet<impl Display>) -> String {
    items.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn off(kit: &Kit) -> Option<String> {
    let config = &kit.policy.primitives_config;
    let off = config.iter().filter(|(_, config)| !config.enabled);
    let names: Vec<_> = off.map(|(primitive, _)| primitive.as_str()).collect();
    (!names.is_empty()).then(|| format!("Switched off: {}.", names.join(", ")))
}

fn tools(kit: &Kit) -> Vec<String> {
    let rules = kit.policy.connections_config.tools.iter();
    let said = rules.filter_map(|(app, rule)| {
        let only = rule.enable.as_ref().map(|only| format!("only {}", list(only)));
        let said = only.or(rule.disable.as_ref().map(|not| format!("all but {}", list(not))))?;
        Some(format!("Tools of {app} that may be run: {said}."))
    });
    said.collect()
}

/// Returns the sensitive parts that are on, and of which the kit says the same about waiting.
fn that_wait(kit: &Kit, wanted: bool) -> Vec<&'static str> {
    let fits = |primitive: &Primitive| kit.policy.holds(*primitive) == Some(wanted);
    Primitive::ALL.into_iter().filter(fits).map(Primitive::as_str).collect()
}

fn held(kit: &Kit) -> String {
    let names = that_wait(kit, true);
    if names.is_empty() {
        return "Sensitive actions of agents wait for nobody.".to_owned();
    }
    format!("Sensitive actions of agents wait for a person: {}.", names.join(", "))
}

fn free(kit: &Kit) -> Option<String> {
    let names = that_wait(kit, false);
    (!names.is_empty()).then(|| format!("They happen without asking: {}.", names.join(", ")))
}

fn held_apps(kit: &Kit) -> Vec<String> {
    let config = &kit.policy.connections_config;
    let said = [
        ("Logins to these apps wait", list(&config.approval_toolkits)),
        ("Runs of these tools wait", list(&config.approval_tools)),
    ];
    let listed = said.into_iter().filter(|(_, names)| !names.is_empty());
    listed.map(|(what, names)| format!("{what} for a person: {names}.")).collect()
}
