//! What `account-kits create` and `update` take: flags, and a file in the form of the API.

use std::collections::BTreeMap;
use std::fs;

use clap::Args;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::arguments;
use crate::api::action::written;
use crate::api::error::{Code, Error, Fault, Result};
use crate::api::ids::{Label, Slug, ToolHold, ToolSlug};
use crate::api::kits::{ConnectionsConfig, Mode, Primitive, PrimitiveConfig};
use crate::api::time::Span;
use crate::api::trading::limits::TradingConfig;
use crate::catalog::search::{did_you_mean, nearest};

/// What a kit is to say.
#[derive(Debug, Args)]
pub(crate) struct KitFlags {
    /// Name, unique in the workspace
    #[arg(long)]
    name: Option<Label>,
    /// What it is for; an empty text removes it
    #[arg(long)]
    description: Option<String>,
    /// Which apps may be used; `open` forgets `--toolkits`
    #[arg(long)]
    mode: Option<Mode>,
    /// The apps that the mode is about
    #[arg(long, value_delimiter = ',', value_name = "APP,…")]
    toolkits: Option<Vec<String>>,
    /// Tools that may be run, or may not: `gmail.enable=A,B`, `gmail.disable=C`; `gmail=` for all
    #[arg(long = "tool", value_name = "RULE")]
    tools: Vec<String>,
    /// Whether a part of the product waits for a person: `cards`, `connections=false`, `cards=default`
    #[arg(long, value_name = "PRIMITIVE[=BOOL]")]
    requires_approval: Vec<String>,
    /// Apps whose logins wait for a person, whatever `--requires-approval connections` says
    #[arg(long = "approval-toolkit", value_delimiter = ',', value_name = "APP,…")]
    approval_toolkits: Option<Vec<String>>,
    /// Tools that wait for a person: slugs, `effect:write`, `effect:destructive`
    #[arg(long = "approval-tool", value_delimiter = ',', value_name = "TOOL,…")]
    approval_tools: Option<Vec<String>>,
    /// Switch a part of the product on or off: `trading=off`
    #[arg(long = "primitive", value_name = "PRIMITIVE=on|off")]
    primitives: Vec<String>,
    /// Whether calls on the workspace's own user are held like any other's
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true,
        default_missing_value = "true")]
    gate_default_user: Option<bool>,
    /// How long an approval waits (`24h`)
    #[arg(long, value_name = "TIME")]
    ttl: Option<Span>,
    /// A kit as JSON or TOML, or `-` for JSON on stdin
    #[arg(long, value_name = "FILE")]
    file: Option<String>,
    /// What to say of trading, a part at a time, `null` to take it back: `live.orders=true`,
    /// `paper.limits.maxOrderNotional=500`, `paper.byClass.crypto.symbols=["BTC/USD"]`
    #[arg(long, value_name = "PATH=VALUE")]
    trading: Vec<String>,
}

/// A kit as a file says it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object with what the kit says")]
pub(crate) struct KitFile {
    pub(crate) name: Option<Label>,
    pub(crate) description: Option<String>,
    pub(crate) primitives_config: Option<BTreeMap<Primitive, PrimitiveConfig>>,
    pub(crate) connections_config: Option<ConnectionsConfig>,
    pub(crate) trading_config: Option<TradingConfig>,
    pub(crate) gate_default_user: Option<bool>,
    pub(crate) approval_ttl: Option<Span>,
}

/// Flags, and the file that one of them names.
#[derive(Debug)]
pub(crate) struct Said {
    flags: KitFlags,
    /// What the file says
    pub(crate) file: KitFile,
}

impl KitFlags {
    /// Reads the file that the flags name.
    pub(crate) fn read(self) -> Result<Said> {
        let file = self.file.as_deref().map(file).transpose()?.unwrap_or_default();
        Ok(Said { flags: self, file })
    }
}

impl Said {
    /// Returns the name that was given, by flag or file.
    pub(crate) fn name(&self) -> Option<&Label> {
        self.flags.name.as_ref().or(self.file.name.as_ref())
    }

    /// Tells whether flags change a part of what the kit rules, so that the rest must be known.
    pub(crate) fn has_rules(&self) -> bool {
        self.has_primitive_rules() || self.has_connection_rules() || self.has_trading_rules()
    }

    /// Tells whether flags say something about a primitive.
    pub(crate) fn has_primitive_rules(&self) -> bool {
        let flags = &self.flags;
        let of_primitive = |said: &String| !said.starts_with(Primitive::Connections.as_str());
        !flags.primitives.is_empty() || flags.requires_approval.iter().any(of_primitive)
    }

    /// Tells whether flags say something about apps.
    pub(crate) fn has_connection_rules(&self) -> bool {
        let flags = &self.flags;
        let of_apps = |said: &String| said.starts_with(Primitive::Connections.as_str());
        flags.mode.is_some()
            || flags.toolkits.is_some()
            || !flags.tools.is_empty()
            || flags.approval_toolkits.is_some()
            || flags.approval_tools.is_some()
            || flags.requires_approval.iter().any(of_apps)
    }

    /// Tells whether flags say something about trading.
    pub(crate) fn has_trading_rules(&self) -> bool {
        !self.flags.trading.is_empty()
    }

    /// Puts the flags on top of a form. Fails with a usage error if one cannot be read.
    pub(crate) fn merge(&self, form: &mut KitFile) -> Result<()> {
        let flags = &self.flags;
        form.description = flags.description.clone().or(form.description.take());
        form.gate_default_user = flags.gate_default_user.or(form.gate_default_user);
        form.approval_ttl = flags.ttl.clone().or(form.approval_ttl.take());
        if self.has_primitive_rules() {
            self.merge_primitives(form.primitives_config.get_or_insert_default())?;
        }
        if self.has_connection_rules() {
            self.merge_connections(form.connections_config.get_or_insert_default())?;
        }
        if self.has_trading_rules() {
            let config = form.trading_config.get_or_insert_default();
            *config = with_trading(config, &self.flags.trading)?;
        }
        Ok(())
    }

    fn merge_primitives(&self, config: &mut BTreeMap<Primitive, PrimitiveConfig>) -> Result<()> {
        for said in &self.flags.primitives {
            let (name, switch) = said.split_once('=').unwrap_or((said, ""));
            config.entry(primitive(name)?).or_default().enabled = match switch {
                "on" => true,
                "off" => false,
                _ => return Err(unclear("--primitive", said, "write it as in `trading=off`")),
            };
        }
        for said in &self.flags.requires_approval {
            let (primitive, holds) = approval(said)?;
            if primitive != Primitive::Connections {
                config.entry(primitive).or_default().requires_approval = holds;
            }
        }
        Ok(())
    }

    fn merge_connections(&self, config: &mut ConnectionsConfig) -> Result<()> {
        let flags = &self.flags;
        if let Some(mode) = flags.mode {
            config.mode = mode;
            if mode == Mode::Open {
                config.toolkits = None;
            }
        }
        if let Some(apps) = &flags.toolkits {
            config.toolkits = Some(names("--toolkits", apps)?);
        }
        if let Some(apps) = &flags.approval_toolkits {
            config.approval_toolkits = names("--approval-toolkit", apps)?;
        }
        if let Some(tools) = &flags.approval_tools {
            config.approval_tools = names::<ToolHold, _>("--approval-tool", tools)?;
        }
        let mut begun = Vec::new();
        for said in &flags.tools {
            let (app, list, tools) = tool_rule(said)?;
            if !begun.contains(&app) {
                config.tools.remove(&app);
                begun.push(app.clone());
            }
            let rule = match list {
                List::All => continue,
                List::Enable | List::Disable => config.tools.entry(app).or_default(),
            };
            let slugs = if list == List::Enable { &mut rule.enable } else { &mut rule.disable };
            slugs.get_or_insert_default().extend(tools);
        }
        for said in &flags.requires_approval {
            if let (Primitive::Connections, holds) = approval(said)? {
                config.requires_approval = holds;
            }
        }
        Ok(())
    }
}

/// Which list of an app's tools a rule gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum List {
    /// Neither: all may be run
    All,
    Enable,
    Disable,
}

/// Reads `gmail.enable=A,B`, `gmail.disable=C` or `gmail=`.
fn tool_rule(said: &str) -> Result<(Slug, List, Vec<ToolSlug>)> {
    let form = || unclear("--tool", said, "write it as in `gmail.enable=GMAIL_SEND_EMAIL`");
    let (place, tools) = said.split_once('=').ok_or_else(form)?;
    let (app, list) = match place.split_once('.') {
        Some((app, "enable")) => (app, List::Enable),
        Some((app, "disable")) => (app, List::Disable),
        None if tools.is_empty() => (place, List::All),
        Some(_) | None => return Err(form()),
    };
    let app = app.parse().map_err(|error| unclear("--tool", said, &format!("{error}")))?;
    let tools: Vec<String> = tools.split(',').map(str::to_owned).collect();
    Ok((app, list, names("--tool", &tools)?))
}

/// Reads `cards`, `cards=false` or `cards=default`.
fn approval(said: &str) -> Result<(Primitive, Option<bool>)> {
    let (name, holds) = said.split_once('=').unwrap_or((said, "true"));
    let holds = match holds {
        "true" => Some(true),
        "false" => Some(false),
        "default" => None,
        _ => return Err(unclear("--requires-approval", said, "write it as in `cards=false`")),
    };
    Ok((primitive(name)?, holds))
}

fn primitive(name: &str) -> Result<Primitive> {
    let known = Primitive::ALL.map(Primitive::as_str);
    let found = Primitive::ALL.into_iter().find(|primitive| primitive.as_str() == name);
    found.ok_or_else(|| {
        let otherwise = format!("it is one of {}", known.join(", "));
        let hint = did_you_mean(&nearest(name, known), &otherwise);
        Error::usage(format!("there is no primitive `{name}`")).hint(hint)
    })
}

/// Reads the items of a list; an empty one has none.
fn names<T, C: FromIterator<T>>(flag: &str, items: &[String]) -> Result<C>
where
    T: std::str::FromStr<Err: std::fmt::Display>,
{
    let said = items.iter().filter(|item| !item.is_empty());
    said.map(|item| item.parse().map_err(|error| unclear(flag, item, &format!("{error}"))))
        .collect()
}

fn unclear(flag: &str, said: &str, hint: &str) -> Error {
    Error::usage(format!("`{said}` is nothing that `{flag}` takes")).hint(hint)
}

/// What `account-kits get` answers and no file decides.
const ANSWERED: [&str; 4] = ["id", "is_default", "created_at", "updated_at"];

/// Reads a kit from a file, or from stdin as JSON.
fn file(path: &str) -> Result<KitFile> {
    let text = if path == "-" {
        arguments::stdin()?
    } else {
        fs::read_to_string(path).map_err(|error| {
            Error::usage(format!("`{path}` cannot be read: {error}")).because(error)
        })?
    };
    let name = if path == "-" { "stdin" } else { path };
    let is_toml = std::path::Path::new(path).extension().is_some_and(|ending| ending == "toml");
    let unread = |error: String| refused(name, "", error.trim());
    let mut value: Value = if is_toml {
        toml::from_str(&text).map_err(|error| unread(error.to_string()))?
    } else {
        serde_json::from_str(&text).map_err(|error| unread(error.to_string()))?
    };
    if let Value::Object(map) = &mut value {
        map.retain(|key, _| !ANSWERED.contains(&key.as_str()));
    }
    // One by one: a path does not tell which of several primitives it leads through.
    for (primitive, config) in value["primitives_config"].as_object().into_iter().flatten() {
        let one = json!({ "primitives_config": { primitive: config } });
        typed(one).map_err(|(at, why)| refused(name, &at.replacen('?', primitive, 1), &why))?;
    }
    typed(value).map_err(|(at, why)| refused(name, &at, &why))
}

/// Reads a kit, or says where it is none, and why.
fn typed(value: Value) -> std::result::Result<KitFile, (String, String)> {
    serde_path_to_error::deserialize(value).map_err(|error| {
        let place = error.path().to_string();
        let place = if place == "." { String::new() } else { place };
        (place, nearer(&error.into_inner().to_string()))
    })
}

fn refused(file: &str, place: &str, message: &str) -> Error {
    let pointer = match place.replace(['.', '['], "/").replace(']', "") {
        path if path.is_empty() => path,
        path => format!("/{path}"),
    };
    let at = if place.is_empty() { String::new() } else { format!("`{place}`: ") };
    Error::new(Code::InvalidInput, format!("the account kit in `{file}` is refused: {at}{message}"))
        .hint("run `naive account-kits create --help` to see what a file looks like")
        .reason("kit_invalid")
        .details(vec![Fault { pointer, message: message.to_owned() }])
}

/// Adds to "unknown field `x`, expected one of `y`, `z`" which was perhaps meant.
fn nearer(message: &str) -> String {
    let mut quoted = message.split('`').skip(1).step_by(2);
    let Some(wrong) = quoted.next().filter(|_| message.starts_with("unknown ")) else {
        return message.to_owned();
    };
    let known: Vec<&str> = quoted.collect();
    match nearest(wrong, known).as_slice() {
        [] => message.to_owned(),
        near => format!("{message}; {}", did_you_mean(near, "")),
    }
}

/// Puts parts of what a kit says of trading in place of those that are there.
fn with_trading(config: &TradingConfig, said: &[String]) -> Result<TradingConfig> {
    let mut whole = written(config)?;
    for one in said {
        let wrong = || {
            Error::usage(format!("`--trading {one}` is no PATH=VALUE"))
                .hint("write it as `--trading paper.limits.maxOrderNotional=500`")
        };
        let (path, text) = one.split_once('=').ok_or_else(wrong)?;
        let value = serde_json::from_str(text).unwrap_or_else(|_| Value::from(text));
        let mut place = &mut whole;
        for part in path.split('.') {
            if place.is_null() {
                *place = Value::Object(Map::new());
            }
            place = place.as_object_mut().ok_or_else(wrong)?.entry(part).or_insert(Value::Null);
        }
        *place = value;
    }
    without_nulls(&mut whole);
    serde_json::from_value(whole).map_err(|error| {
        Error::usage(format!("a kit does not say that of trading: {error}"))
            .hint("see `naive account-kits create --help` for its form")
    })
}

/// Removes members that were taken back.
fn without_nulls(value: &mut Value) {
    if let Some(members) = value.as_object_mut() {
        members.retain(|_, member| !member.is_null());
        members.values_mut().for_each(without_nulls);
    }
}
