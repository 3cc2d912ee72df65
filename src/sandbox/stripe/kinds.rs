//! The kinds of Stripe's objects, as a table: which parameters they take and what may be done.
//!
//! Their shapes are in `shapes.json`. Source: Stripe API reference.

use serde_json::{Map, Value};

/// One kind of object.
pub(super) struct Kind {
    /// What its `object` says.
    pub(super) object: &'static str,
    /// Its place below `/v1`.
    pub(super) path: &'static str,
    /// How its ids begin.
    pub(super) prefix: &'static str,
    /// Parameters that creating must have, in the order in which they are missed.
    pub(super) required: &'static [&'static str],
    /// Parameters that creating and updating may have.
    pub(super) fields: &'static [(&'static str, Field)],
    /// Parameters by which a list may be narrowed.
    pub(super) filters: &'static [&'static str],
    /// What may be done besides reading.
    pub(super) verbs: &'static [Verb],
}

/// What may be done with an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verb {
    Create,
    Update,
    Delete,
}

/// What a parameter holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field {
    Text,
    Integer,
    Flag,
    /// Three letters.
    Currency,
    /// Texts by name, merged into those that are there.
    Metadata,
    /// Anything, kept as it is with numbered names as lists.
    Nested,
    /// One of these.
    Choice(&'static [&'static str]),
    /// The id of an object of this kind.
    Of(&'static str),
    /// Read by whoever makes the object, but no part of it.
    Aside,
}

use Field::{Aside, Choice, Currency, Flag, Integer, Metadata, Nested, Of, Text};
use Verb::{Create, Delete, Update};

/// Every kind that is played.
pub(super) const KINDS: &[Kind] = &[
    Kind {
        object: "customer",
        path: "customers",
        prefix: "cus_",
        required: &[],
        fields: &[
            ("address", Nested),
            ("balance", Integer),
            ("description", Text),
            ("email", Text),
            ("invoice_settings", Nested),
            ("metadata", Metadata),
            ("name", Text),
            ("phone", Text),
            ("preferred_locales", Nested),
            ("shipping", Nested),
            ("tax_exempt", Choice(&["none", "exempt", "reverse"])),
        ],
        filters: &["email"],
        verbs: &[Create, Update, Delete],
    },
    Kind {
        object: "product",
        path: "products",
        prefix: "prod_",
        required: &["name"],
        fields: &[
            ("active", Flag),
            ("description", Text),
            ("images", Nested),
            ("metadata", Metadata),
            ("name", Text),
            ("shippable", Flag),
            ("statement_descriptor", Text),
            ("tax_code", Text),
            ("unit_label", Text),
            ("url", Text),
        ],
        filters: &["active", "url"],
        verbs: &[Create, Update],
    },
    Kind {
        object: "price",
        path: "prices",
        prefix: "price_",
        required: &["currency"],
        fields: &[
            ("active", Flag),
            ("currency", Currency),
            ("lookup_key", Text),
            ("metadata", Metadata),
            ("nickname", Text),
            ("product", Of("product")),
            ("product_data", Aside),
            ("recurring", Nested),
            ("tax_behavior", Choice(&["inclusive", "exclusive", "unspecified"])),
            ("unit_amount", Integer),
            ("unit_amount_decimal", Text),
        ],
        filters: &["active", "currency", "product", "type"],
        verbs: &[Create],
    },
    Kind {
        object: "payment_intent",
        path: "payment_intents",
        prefix: "pi_3",
        required: &["amount", "currency"],
        fields: &[
            ("amount", Integer),
            ("automatic_payment_methods", Nested),
            ("capture_method", Choice(&["automatic", "automatic_async", "manual"])),
            ("confirm", Aside),
            ("currency", Currency),
            ("customer", Of("customer")),
            ("description", Text),
            ("metadata", Metadata),
            ("off_session", Aside),
            ("payment_method", Text),
            ("payment_method_types", Nested),
            ("receipt_email", Text),
            ("return_url", Aside),
            ("setup_future_usage", Choice(&["off_session", "on_session"])),
            ("shipping", Nested),
            ("statement_descriptor", Text),
            ("statement_descriptor_suffix", Text),
            ("transfer_group", Text),
        ],
        filters: &["customer"],
        verbs: &[Create],
    },
    Kind {
        object: "charge",
        path: "charges",
        prefix: "ch_3",
        required: &[],
        fields: &[],
        filters: &["customer", "payment_intent"],
        verbs: &[],
    },
    Kind {
        object: "refund",
        path: "refunds",
        prefix: "re_3",
        required: &[],
        fields: &[
            ("amount", Integer),
            ("charge", Of("charge")),
            ("metadata", Metadata),
            ("payment_intent", Of("payment_intent")),
            ("reason", Choice(&["duplicate", "fraudulent", "requested_by_customer"])),
        ],
        filters: &["charge", "payment_intent"],
        verbs: &[Create],
    },
    Kind {
        object: "invoice",
        path: "invoices",
        prefix: "in_1",
        required: &["customer"],
        fields: &[
            ("auto_advance", Flag),
            ("collection_method", Choice(&["charge_automatically", "send_invoice"])),
            ("currency", Currency),
            ("customer", Of("customer")),
            ("days_until_due", Integer),
            ("description", Text),
            ("due_date", Integer),
            ("footer", Text),
            ("metadata", Metadata),
        ],
        filters: &["collection_method", "customer", "status"],
        verbs: &[Create],
    },
    Kind {
        object: "payment_link",
        path: "payment_links",
        prefix: "plink_1",
        required: &["line_items"],
        fields: &[
            ("after_completion", Nested),
            ("allow_promotion_codes", Flag),
            ("line_items", Aside),
            ("metadata", Metadata),
            ("payment_method_types", Nested),
            ("submit_type", Choice(&["auto", "book", "donate", "pay", "subscribe"])),
        ],
        filters: &["active"],
        verbs: &[Create],
    },
];

/// Returns the kind whose objects live at this path.
pub(super) fn at(path: &str) -> Option<&'static Kind> {
    KINDS.iter().find(|kind| kind.path == path)
}

impl Kind {
    /// Returns an object of this kind in which nothing was said.
    pub(super) fn blank(&self) -> Map<String, Value> {
        let shapes: Value = serde_json::from_str(include_str!("shapes.json")).unwrap_or_default();
        shapes[self.object].as_object().cloned().unwrap_or_default()
    }

    /// Returns what a parameter holds, if it is known.
    pub(super) fn field(&self, name: &str) -> Option<Field> {
        self.fields.iter().find(|(own, _)| *own == name).map(|(_, field)| *field)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_a_shape_that_holds_its_fields() {
        for kind in KINDS {
            let blank = kind.blank();
            assert_eq!(blank["object"], kind.object);
            for (name, field) in kind.fields {
                assert!(*field == Aside || blank.contains_key(*name), "{} {name}", kind.object);
            }
            for name in kind.required.iter().chain(kind.filters) {
                assert!(kind.field(name).is_some() || blank.contains_key(*name), "{name}");
            }
        }
    }
}
