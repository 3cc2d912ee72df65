//! Trading: brokerage accounts, orders, and the limits under which they are placed. No I/O.

/// Declares an action on one brokerage account: its own inputs, the env and the user.
macro_rules! on_account {
    ($(#[$doc:meta])* $name:ident {
        $($(#[$field_doc:meta])* $field:ident: $kind:ty,)*
    }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, Args)]
        #[serde(deny_unknown_fields)]
        #[group(skip)]
        pub(crate) struct $name {
            $($(#[$field_doc])* pub(crate) $field: $kind,)*
            /// Paper or live; needed where both are connected
            #[arg(long, value_enum)]
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub(crate) env: Option<BrokerEnv>,
            /// Tenant user: id, external id or `default`
            #[arg(long)]
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub(crate) user: Option<UserRef>,
        }
    };
}

pub(crate) mod account;
pub(crate) mod amount;
pub(crate) mod history;
pub(crate) mod limits;
pub(crate) mod order;
pub(crate) mod symbol;
pub(crate) mod words;
