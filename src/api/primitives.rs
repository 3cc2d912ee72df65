//! The sensitive actions that others perform: cards, domains, verification, companies. What each takes,
//! and who performs it.

use std::collections::BTreeMap;

use clap::Args;
use schemars::{JsonSchema, Schema, schema_for};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use url::Url;

use super::approvals::Class;
use super::ids::UserRef;
use super::secrets::Secrets;
use super::time::Span;

/// Declares the actions that an executor performs, each by its name: its own inputs, and a user.
macro_rules! performed {
    ($($(#[$doc:meta])* $action:literal $name:ident {
        $($(#[$field_doc:meta])* $field:ident: $kind:ty,)*
    })*) => {
        /// Names of the actions that an executor performs.
        pub(crate) const PERFORMED: [&str; [$($action),*].len()] = [$($action),*];

        /// Returns the JSON Schema of an action's input, if an executor performs the action.
        fn schema_of(action: &str) -> Option<Schema> {
            match action {
                $($action => Some(schema_for!($name)),)*
                _ => None,
            }
        }

        $(
            $(#[$doc])*
            #[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
            #[serde(rename_all = "camelCase", deny_unknown_fields)]
            pub(crate) struct $name {
                /// Tenant user: id, external id or `default`
                #[serde(default, skip_serializing_if = "Option::is_none")]
                pub(crate) user: Option<UserRef>,
                $($(#[$field_doc])* pub(crate) $field: $kind,)*
                /// Whatever else the executor takes
                #[serde(default, skip_serializing_if = "Map::is_empty")]
                pub(crate) metadata: Map<String, Value>,
            }
        )*
    };
}

performed! {
    /// Issue a virtual card
    "cards.create" CreateCard {
        /// What the card is called
        name: String,
        /// The most it may spend, in cents
        #[serde(default, skip_serializing_if = "Option::is_none")]
        spending_limit_cents: Option<u64>,
        /// ISO 4217 code of its currency, `usd` if not said
        #[serde(default, skip_serializing_if = "Option::is_none")]
        currency: Option<String>,
        /// Id of the cardholder, where there are several
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cardholder_id: Option<String>,
    }

    /// Create a cardholder
    "cards.cardholder.create" CreateCardholder {
        /// Full name, as on a passport
        name: String,
        /// Mail address
        #[serde(default, skip_serializing_if = "Option::is_none")]
        email: Option<String>,
        /// Phone number in E.164 form
        #[serde(default, skip_serializing_if = "Option::is_none")]
        phone: Option<String>,
    }

    /// Top up a card
    "cards.topup" TopUpCard {
        /// Id of the card
        card_id: String,
        /// How much, in cents
        amount_cents: u64,
        /// ISO 4217 code of the currency, the card's own if not said
        #[serde(default, skip_serializing_if = "Option::is_none")]
        currency: Option<String>,
    }

    /// Purchase a domain
    "domains.purchase" PurchaseDomain {
        /// The domain, as in `example.com`
        domain: String,
        /// For how many years, 1 if not said
        #[serde(default, skip_serializing_if = "Option::is_none")]
        years: Option<u32>,
        /// Whether it renews by itself
        #[serde(default, skip_serializing_if = "Option::is_none")]
        auto_renew: Option<bool>,
    }

    /// Start the verification of a person or a business
    "verification.start" StartVerification {
        /// `individual` or `business`; `individual` if not said
        #[serde(default, skip_serializing_if = "Option::is_none")]
        subject_type: Option<String>,
        /// Full name, or the name of the business
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<String>,
        /// Mail address that gets the link
        #[serde(default, skip_serializing_if = "Option::is_none")]
        email: Option<String>,
    }

    /// Form a company
    "formation.create" CreateFormation {
        /// Name of the company
        company_name: String,
        /// `llc` or `c_corp`; `llc` if not said
        #[serde(default, skip_serializing_if = "Option::is_none")]
        entity_type: Option<String>,
        /// State it is formed in, as in `DE`; `DE` if not said
        #[serde(default, skip_serializing_if = "Option::is_none")]
        state: Option<String>,
    }

    /// File the formation of a company
    "formation.submit" SubmitFormation {
        /// Id of the formation
        formation_id: String,
    }
}

/// Returns the JSON Schema of an action's input without its user, if an executor performs the action.
pub(crate) fn input_schema(action: &str) -> Option<Value> {
    let mut schema = Value::from(schema_of(action)?);
    if let Some(properties) = schema.pointer_mut("/properties").and_then(Value::as_object_mut) {
        properties.shift_remove("user");
    }
    if let Some(schema) = schema.as_object_mut() {
        for about in ["$schema", "$defs", "title"] {
            schema.shift_remove(about);
        }
    }
    Some(schema)
}

/// List the sensitive actions and who performs each
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Args)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListActions {}

/// Register the endpoint that performs a sensitive action, in place of the one before
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Args)]
#[serde(deny_unknown_fields)]
#[group(skip)]
pub(crate) struct ConfigureAction {
    /// Action, as in `cards.create`
    pub(crate) action: String,
    /// Endpoint that performs it: it gets the input as JSON, and the key in `Idempotency-Key`
    #[arg(long, required_unless_present = "remove")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) url: Option<Url>,
    /// HTTP method, POST if not said
    #[arg(long)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) method: Option<String>,
    /// What a lost answer means: `A` it honours the key, `B` it can be asked with `--lookup`, `C` neither
    #[arg(long, ignore_case = true, default_value = "C")]
    pub(crate) replay: Class,
    /// Address that answers 200 with the result, or 404; `{key}` is the key
    #[arg(long, value_name = "URL")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) lookup: Option<String>,
    /// How long after a send the lookup is reliable, 60s if not said
    #[arg(long, value_name = "TIME")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) settle: Option<Span>,
    /// A lookup sees every write that was answered: what it does not find may be sent again
    #[arg(long)]
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) reads_own_writes: bool,
    /// Remove the endpoint: nobody performs the action then
    #[arg(long, conflicts_with_all = ["url", "method", "lookup", "settle", "reads_own_writes"])]
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) remove: bool,
    /// Headers of the request. Read once, sealed, never written out again
    #[arg(skip)]
    #[serde(default, skip_serializing)]
    pub(crate) headers: Secrets,
}

/// The sensitive actions, in the order in which a kit names them.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Actions {
    /// The actions
    pub(crate) actions: Vec<ActionDetail>,
}

/// A sensitive action and who performs it. Never holds a header's value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct ActionDetail {
    /// The action
    pub(crate) action: String,
    /// What it does, in one line
    pub(crate) title: String,
    /// `sandbox`, `endpoint`, or none where nobody performs it yet
    pub(crate) performed_by: Option<String>,
    /// The endpoint
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) executor: Option<Executor>,
    /// JSON Schema of its input
    pub(crate) input_schema: Value,
}

/// An endpoint that performs an action.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Executor {
    /// Address
    pub(crate) url: Url,
    /// HTTP method
    pub(crate) method: String,
    /// What a lost answer means
    pub(crate) replay: Class,
    /// Address that tells whether it happened
    pub(crate) lookup: Option<String>,
    /// How long after a send the lookup is reliable, in milliseconds
    pub(crate) settle_ms: u64,
    /// Whether a lookup sees every write that was answered
    pub(crate) reads_own_writes: bool,
    /// Names of its headers
    pub(crate) headers: Vec<String>,
}

/// What the performance of an action answered, as the executor tells it: `{ card_id, checkout_url }`.
pub(crate) type Performed = BTreeMap<String, Value>;
