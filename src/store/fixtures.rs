//! What tests begin with: the workspace's own user, and connections of theirs.

use std::collections::BTreeMap;

use super::{Flow, Grant, NewFlow, Store};
use crate::api::connections::Connection;
use crate::api::ids::{ConnectionId, UserRef};
use crate::api::time::Millis;
use crate::api::toolkits::Provider;

impl Store {
    /// Returns the UUID of the workspace's own user.
    pub(crate) fn own_user(&self) -> String {
        self.user(&"default".parse::<UserRef>().unwrap()).unwrap().unwrap().id
    }

    /// Begins a login of theirs, with a link or without.
    pub(crate) fn begun(&self, toolkit: &str, flow: Option<&Flow>, at: i64) -> ConnectionId {
        let (user, toolkit, fields) = (self.own_user(), toolkit.parse().unwrap(), BTreeMap::new());
        let new = NewFlow {
            user: &user,
            toolkit: &toolkit,
            provider: Provider::Direct,
            label: None,
            fields: &fields,
            scopes: &[],
            reconnect: false,
            restart: false,
            waits: false,
        };
        self.begin(&new, flow, Millis(at)).unwrap().id
    }

    /// Ends a login well, for an OAuth client or for none; its credential is sealed for the owner `c`.
    pub(crate) fn activated(&self, id: &ConnectionId, client: Option<&str>, at: i64) -> Connection {
        let grant = Grant { owner: "c", sealed: b"x", account: None, scopes: &[], client };
        self.activate(id, &grant, Millis(at)).unwrap().unwrap()
    }
}
