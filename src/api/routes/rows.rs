//! The table itself: how each action is reached.

use super::{Reach, Route, route};

const fn row(
    action: &'static str,
    tool: Option<&'static str>,
    method: &'static str,
    path: &'static str,
    reach: Reach,
) -> Route {
    Route { action, tool, method, path, reach }
}

/// A path under which an action is reached: its own, or another that means the same.
#[derive(Debug)]
pub(crate) struct Mount {
    /// The action's row
    pub(crate) route: &'static Route,
    /// HTTP path; `{name}` fills the field of that name
    pub(crate) path: String,
}

/// Returns every path under which an action is reached.
///
/// What belongs to no app has a second path without a user, for the workspace's own, and what the
/// workspace keeps for all is reached for one user, too.
pub(crate) fn mounts() -> Vec<Mount> {
    let own = ROUTES.iter().map(|route| Mount { route, path: route.path.to_owned() });
    let company = ROUTES.iter().filter_map(|route| {
        let rest = route.path.strip_prefix("/v1/users/{user}/")?;
        let primitive = rest.split('/').next()?;
        let path = COMPANY.contains(&primitive).then(|| format!("/v1/{rest}"))?;
        Some(Mount { route, path })
    });
    let personal = PERSONAL.iter().map(|action| {
        let route = route(action);
        let path = route.path.replacen("/v1/", "/v1/users/{user}/", 1);
        Mount { route, path }
    });
    own.chain(company).chain(personal).collect()
}

/// What of a user can be asked for without naming one.
/// Source: the Naive API's reference, "Company and user mounts" (read 2026-11-20).
const COMPANY: [&str; 5] = ["cards", "domains", "formation", "trading", "verification"];

/// Actions on what the workspace keeps for all that are also reached below one user.
const PERSONAL: [&str; 9] = [
    "approvals.list",
    "approvals.get",
    "approvals.approve",
    "approvals.deny",
    "approvals.cancel",
    "approvals.resolve",
    "logs.query",
    "webhooks.create",
    "webhooks.list",
];

/// Every action, in the order of `Action`.
pub(crate) const ROUTES: &[Route] = {
    use Reach::{Read, Store, Upstream};
    &[
        row("users.create", Some("users_create"), "POST", "/v1/users", Store),
        row("users.list", Some("users_list"), "GET", "/v1/users", Read),
        row("users.get", Some("users_get"), "GET", "/v1/users/{user}", Read),
        row("users.update", Some("users_update"), "PATCH", "/v1/users/{user}", Store),
        row("users.delete", Some("users_delete"), "DELETE", "/v1/users/{user}", Store),
        row("toolkits.list", Some("toolkits_list"), "GET", "/v1/toolkits", Read),
        row("toolkits.get", Some("toolkits_get"), "GET", "/v1/toolkits/{toolkit}", Read),
        row("toolkits.add", None, "POST", "/v1/toolkits", Store),
        row("toolkits.remove", None, "DELETE", "/v1/toolkits/{toolkit}", Store),
        row("toolkits.configure", None, "PATCH", "/v1/toolkits/{toolkit}", Store),
        row("toolkits.refresh", None, "POST", "/v1/toolkits/{toolkit}/refresh", Store),
        row("toolkits.enable", None, "POST", "/v1/toolkits/{toolkit}/enable", Store),
        row("toolkits.disable", None, "POST", "/v1/toolkits/{toolkit}/disable", Store),
        row(
            "connections.list",
            Some("connections_list"),
            "GET",
            "/v1/users/{user}/connections",
            Read,
        ),
        row(
            "connections.connected",
            Some("connections_connected"),
            "GET",
            "/v1/users/{user}/connections/connected",
            Read,
        ),
        row(
            "connections.connect",
            Some("connections_connect"),
            "POST",
            "/v1/users/{user}/connections/connect",
            Upstream,
        ),
        row("connections.finish", None, "POST", "/v1/connections/finish", Upstream),
        row(
            "connections.poll",
            None,
            "POST",
            "/v1/users/{user}/connected-accounts/{connection}/poll",
            Upstream,
        ),
        row(
            "connections.credentials",
            None,
            "POST",
            "/v1/users/{user}/connected-accounts/{connection}/credentials",
            Upstream,
        ),
        row(
            "connections.export",
            None,
            "POST",
            "/v1/users/{user}/connected-accounts/{connection}/export",
            Store,
        ),
        row(
            "connections.import",
            None,
            "POST",
            "/v1/users/{user}/connected-accounts/import",
            Store,
        ),
        row(
            "connections.tools",
            Some("connections_tools"),
            "GET",
            "/v1/users/{user}/connections/{toolkit}/tools",
            Read,
        ),
        row("tools.search", None, "GET", "/v1/users/{user}/tools", Read),
        row("tools.get", None, "GET", "/v1/users/{user}/tools/{tool}", Read),
        row(
            "connections.execute",
            Some("connections_execute"),
            "POST",
            "/v1/users/{user}/connections/{toolkit}/execute",
            Upstream,
        ),
        // Agents over MCP have the tools of apps: a session's list has no room for what goes beside them.
        row(
            "connections.proxy",
            None,
            "POST",
            "/v1/users/{user}/connections/{toolkit}/proxy",
            Upstream,
        ),
        row(
            "connections.get",
            Some("connections_get"),
            "GET",
            "/v1/users/{user}/connected-accounts/{connection}",
            Read,
        ),
        row(
            "connections.refresh",
            Some("connections_refresh"),
            "POST",
            "/v1/users/{user}/connected-accounts/{connection}/refresh",
            Upstream,
        ),
        row(
            "connections.default",
            None,
            "PUT",
            "/v1/users/{user}/connections/{toolkit}/default",
            Store,
        ),
        row(
            "connections.disconnect",
            Some("connections_disconnect"),
            "DELETE",
            "/v1/users/{user}/connections/{toolkit}",
            Upstream,
        ),
        row("workspace.get", None, "GET", "/v1/workspace", Read),
        row("workspace.update", None, "PATCH", "/v1/workspace", Store),
        row("whoami", Some("whoami"), "GET", "/v1/auth/me", Read),
        row("keys.create", None, "POST", "/v1/auth/keys", Store),
        row("keys.list", None, "GET", "/v1/auth/keys", Read),
        row("keys.revoke", None, "DELETE", "/v1/auth/keys/{key}", Store),
        row("sessions.create", None, "POST", "/v1/users/{user}/sessions", Store),
        row("sessions.list", None, "GET", "/v1/users/{user}/sessions", Read),
        row("sessions.revoke", None, "DELETE", "/v1/users/{user}/sessions/{session}", Store),
        row("webhooks.create", None, "POST", "/v1/webhooks", Store),
        row("webhooks.list", None, "GET", "/v1/webhooks", Read),
        row("webhooks.event_types", None, "GET", "/v1/webhooks/event-types", Read),
        row("webhooks.test", None, "POST", "/v1/webhooks/{webhook}/test", Upstream),
        row("webhooks.delete", None, "DELETE", "/v1/webhooks/{webhook}", Store),
        row("account_kits.create", Some("account_kits_create"), "POST", "/v1/account-kits", Store),
        row("account_kits.list", Some("account_kits_list"), "GET", "/v1/account-kits", Read),
        row("account_kits.get", Some("account_kits_get"), "GET", "/v1/account-kits/{kit}", Read),
        row(
            "account_kits.update",
            Some("account_kits_update"),
            "PATCH",
            "/v1/account-kits/{kit}",
            Store,
        ),
        row(
            "account_kits.delete",
            Some("account_kits_delete"),
            "DELETE",
            "/v1/account-kits/{kit}",
            Store,
        ),
        row(
            "account_kits.assign",
            Some("account_kits_assign"),
            "POST",
            "/v1/account-kits/{kit}/users/{user}/assign",
            Store,
        ),
        row("policy.explain", Some("policy_explain"), "POST", "/v1/policy/explain", Read),
        row("actions.list", Some("actions_list"), "GET", "/v1/actions", Read),
        row("actions.configure", None, "PUT", "/v1/actions/{action}", Store),
        row("cards.create", Some("cards_create"), "POST", "/v1/users/{user}/cards", Upstream),
        row(
            "cards.cardholder.create",
            Some("cards_cardholder_create"),
            "POST",
            "/v1/users/{user}/cards/cardholder",
            Upstream,
        ),
        row(
            "cards.topup",
            Some("cards_topup"),
            "POST",
            "/v1/users/{user}/cards/{cardId}/topup",
            Upstream,
        ),
        row(
            "domains.purchase",
            Some("domains_purchase"),
            "POST",
            "/v1/users/{user}/domains/purchase",
            Upstream,
        ),
        row(
            "verification.start",
            Some("verification_start"),
            "POST",
            "/v1/users/{user}/verification/start",
            Upstream,
        ),
        row(
            "formation.create",
            Some("formation_create"),
            "POST",
            "/v1/users/{user}/formation",
            Upstream,
        ),
        row(
            "formation.submit",
            Some("formation_submit"),
            "POST",
            "/v1/users/{user}/formation/{formationId}/submit",
            Upstream,
        ),
        row("trading.configure", None, "PATCH", "/v1/trading", Store),
        row(
            "trading.connect",
            Some("trading_connect"),
            "POST",
            "/v1/users/{user}/trading/connect",
            Upstream,
        ),
        row(
            "trading.connections",
            Some("trading_connections"),
            "GET",
            "/v1/users/{user}/trading/connections",
            Read,
        ),
        row(
            "trading.disconnect",
            Some("trading_disconnect"),
            "DELETE",
            "/v1/users/{user}/trading/connections/{env}",
            Store,
        ),
        row(
            "trading.account",
            Some("trading_account"),
            "GET",
            "/v1/users/{user}/trading/account",
            Upstream,
        ),
        row(
            "trading.history",
            Some("trading_history"),
            "GET",
            "/v1/users/{user}/trading/history",
            Upstream,
        ),
        row(
            "trading.assets",
            Some("trading_assets"),
            "GET",
            "/v1/users/{user}/trading/assets",
            Upstream,
        ),
        row(
            "trading.positions",
            Some("trading_positions"),
            "GET",
            "/v1/users/{user}/trading/positions",
            Upstream,
        ),
        row(
            "trading.position",
            Some("trading_position"),
            "GET",
            "/v1/users/{user}/trading/positions/{symbol}",
            Upstream,
        ),
        row(
            "trading.orders",
            Some("trading_orders"),
            "GET",
            "/v1/users/{user}/trading/orders",
            Upstream,
        ),
        row(
            "trading.order.get",
            Some("trading_get_order"),
            "GET",
            "/v1/users/{user}/trading/orders/{order}",
            Upstream,
        ),
        row(
            "trading.quote",
            Some("trading_quote"),
            "GET",
            "/v1/users/{user}/trading/market-data",
            Upstream,
        ),
        row(
            "trading.order.create",
            Some("trading_create_order"),
            "POST",
            "/v1/users/{user}/trading/orders",
            Upstream,
        ),
        row(
            "trading.order.cancel",
            Some("trading_cancel_order"),
            "DELETE",
            "/v1/users/{user}/trading/orders/{order}",
            Upstream,
        ),
        row(
            "trading.position.close",
            Some("trading_close_position"),
            "DELETE",
            "/v1/users/{user}/trading/positions/{symbol}",
            Upstream,
        ),
        row("trading.limits", None, "GET", "/v1/users/{user}/trading/limits", Read),
        row("trading.halt", None, "POST", "/v1/trading/halt", Store),
        row("trading.resume", None, "POST", "/v1/trading/resume", Store),
        row("trading.reconcile", None, "POST", "/v1/users/{user}/trading/reconcile", Upstream),
        row("approvals.list", Some("approvals_list"), "GET", "/v1/approvals", Read),
        row("approvals.get", Some("approvals_get"), "GET", "/v1/approvals/{approval}", Read),
        row(
            "approvals.approve",
            Some("approvals_approve"),
            "POST",
            "/v1/approvals/{approval}/approve",
            Upstream,
        ),
        row(
            "approvals.deny",
            Some("approvals_deny"),
            "POST",
            "/v1/approvals/{approval}/deny",
            Store,
        ),
        row("approvals.cancel", None, "POST", "/v1/approvals/{approval}/cancel", Store),
        row("approvals.resolve", None, "POST", "/v1/approvals/{approval}/resolve", Store),
        row("approvals.reconcile", None, "POST", "/v1/approvals/reconcile", Upstream),
        row("approvals.request", None, "POST", "/v1/users/{user}/approvals", Store),
        row("logs.query", Some("logs_query"), "GET", "/v1/logs", Read),
        row("logs.verify", None, "GET", "/v1/logs/verify", Read),
    ]
};
