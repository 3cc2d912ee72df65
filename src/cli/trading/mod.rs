//! `naive trading`: its commands. What their replies look like is in `view` and `history`.

mod connect;
mod history;
mod order;
mod view;
mod whose;

use clap::Subcommand;

use super::connect::Browser;
use super::output::Page;
use super::{App, arguments};
use crate::api::approvals::Approval;
use crate::api::error::Result;
use crate::api::secrets::Secrets;
use crate::api::trading::account::{
    ConfigureBroker, ConnectBroker, DisconnectBroker, GetAccount, GetPosition, GetQuotes,
    ListAssets, ListBrokers, ListPositions, Object,
};
use crate::api::trading::history::GetHistory;
use crate::api::trading::limits::{GetLimits, Halt, Resume};
use crate::api::trading::order::{
    CancelOrder, ClosePosition, GetOrder, ListOrders, ReconcileOrders,
};
use crate::settings::Profile;
use order::{Place, Preview};
use whose::Whose;

/// Trade shares, coins and options from a brokerage account.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Set or show the OAuth app through which users link their brokerage accounts
    Configure {
        #[command(flatten)]
        op: ConfigureBroker,
        /// The app's secret, read from stdin
        #[arg(long, value_name = "-")]
        client_secret: Option<String>,
    },
    /// Link a brokerage account: log in in the browser, or enter an API key of your own account
    Connect {
        #[command(flatten)]
        op: ConnectBroker,
        /// Secret of the API key, read from stdin (`-`); at a terminal it is asked for
        #[arg(long, value_name = "-", requires = "api_key_id")]
        api_secret_key: Option<String>,
        #[command(flatten)]
        browser: Browser,
    },
    /// List the brokerage accounts that are linked
    Connections(ListBrokers),
    /// Forget a linked brokerage account and its token
    Disconnect(DisconnectBroker),
    /// Show the brokerage account: cash, buying power, equity, and what it may trade
    Account(GetAccount),
    /// Show what the account was worth over time
    History(GetHistory),
    /// List what can be traded
    Assets(ListAssets),
    /// List what the account holds
    Positions(ListPositions),
    /// Show one thing that the account holds
    Position(GetPosition),
    /// List orders, the one submitted last at the head
    Orders(ListOrders),
    /// Show one order
    GetOrder(GetOrder),
    /// Show the latest quotes; symbols of several classes may stand together
    Quote(GetQuotes),
    /// Place an order for shares, coins or options: the symbol selects the market
    ///
    /// With `--idempotency-key` the order has that name at the broker: run again with it, it is placed once.
    Order(Box<Place>),
    /// Show what an order would cost and what broker and account kit say to it, and place nothing
    Preview(Box<Preview>),
    /// Cancel an open order
    Cancel(CancelOrder),
    /// Close a position: sell what is held, or buy back what was sold short
    Close {
        #[command(flatten)]
        op: ClosePosition,
        /// Close it without asking, also with real money
        #[arg(long, short)]
        yes: bool,
    },
    /// Show the limits of trading, and how much of them is used
    Limits(GetLimits),
    /// Stop every new order at once; cancelling and closing stay possible
    Halt(Halt),
    /// Let orders go out again
    Resume(Resume),
    /// Find out what became of orders whose answer was lost, and which orders others have placed
    Reconcile(ReconcileOrders),
}

impl Command {
    /// Returns the action's name.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Configure { .. } => "trading.configure",
            Self::Connect { .. } => "trading.connect",
            Self::Connections(_) => "trading.connections",
            Self::Disconnect(_) => "trading.disconnect",
            Self::Account(_) => "trading.account",
            Self::History(_) => "trading.history",
            Self::Assets(_) => "trading.assets",
            Self::Positions(_) => "trading.positions",
            Self::Position(_) => "trading.position",
            Self::Orders(_) => "trading.orders",
            Self::GetOrder(_) => "trading.order.get",
            Self::Quote(_) => "trading.quote",
            Self::Order(_) | Self::Preview(_) => "trading.order.create",
            Self::Cancel(_) => "trading.order.cancel",
            Self::Close { .. } => "trading.position.close",
            Self::Limits(_) => "trading.limits",
            Self::Halt(_) => "trading.halt",
            Self::Resume(_) => "trading.resume",
            Self::Reconcile(_) => "trading.reconcile",
        }
    }

    /// Tells whether it begins a login that others end.
    pub(crate) fn leaves_a_link(&self) -> bool {
        matches!(self, Self::Connect { browser, .. } if browser.no_wait)
    }
}

/// Runs a command.
pub(crate) async fn run(app: &App<'_>, command: Command) -> Result<u8> {
    match command {
        Command::Configure { op, client_secret } => configure(app, op, client_secret).await,
        Command::Connect { op, api_secret_key, browser } => {
            Box::pin(connect::connect(app, op, (api_secret_key, browser))).await
        }
        Command::Connections(op) => {
            let user = app.user_flag(op.user.as_ref());
            app.show(op, |reply, page| view::connections(reply, page, &user)).await
        }
        Command::Disconnect(op) => app.show(op, view::disconnected).await,
        Command::Account(op) => {
            let whose = Whose::of(app, op.env, op.user.as_ref()).await?;
            app.show(op, |account, page| view::account(account, page, &whose)).await
        }
        Command::History(op) => {
            let whose = Whose::of(app, op.env, op.user.as_ref()).await?;
            app.show(op, |reply, page| history::table(reply, page, &whose)).await
        }
        Command::Assets(op) => app.show(op, view::assets).await,
        Command::Positions(op) => {
            let user = app.user_flag(op.user.as_ref());
            app.show(op, |reply, page| view::positions(reply, page, &user)).await
        }
        Command::Position(op) => app.show(op, view::position).await,
        Command::Orders(op) => {
            let all = op.status.is_some();
            app.show(op, |reply, page| view::orders(reply, page, all)).await
        }
        Command::GetOrder(op) => {
            let whose = Whose::of(app, op.env, op.user.as_ref()).await?;
            app.show(op, |one, page| view::order(one, page, &whose)).await
        }
        Command::Quote(op) => {
            let named = op.symbols.clone();
            app.show(op, |reply, page| view::quotes(reply, page, &named)).await
        }
        Command::Order(op) => Box::pin(order::place(app, *op)).await,
        Command::Preview(op) => Box::pin(order::preview(app, *op)).await,
        Command::Cancel(op) => {
            let whose = Whose::of(app, op.env, op.user.as_ref()).await?;
            app.show(op, |one, page| view::order(one, page, &whose)).await
        }
        Command::Close { op, yes } => {
            let whose = Whose::of(app, op.env, op.user.as_ref()).await?;
            whose.confirm(app, &format!("Close {}", op.symbol), yes)?;
            let op = ClosePosition { env: whose.env, ..op };
            app.show(op, |one, page| view::order(one, page, &whose)).await
        }
        Command::Limits(op) => app.show(op, view::limits).await,
        Command::Halt(op) => app.show(op, view::halts).await,
        Command::Resume(op) => app.show(op, view::halts).await,
        Command::Reconcile(op) => app.show(op, view::reconciled).await,
    }
}

async fn configure(
    app: &App<'_>,
    mut op: ConfigureBroker,
    client_secret: Option<String>,
) -> Result<u8> {
    if let Some(value) = client_secret {
        let secret = arguments::secret("--client-secret", &value)?;
        op.secrets = Secrets([("client_secret".to_owned(), secret)].into());
    }
    let simulated = app.settings.profile == Profile::Sandbox;
    app.show(op, |reply, page: &mut Page| {
        view::broker(reply, page);
        if simulated {
            page.hint("The sandbox has an app of its own; `--profile local` uses this one.");
        }
    })
    .await
}

/// Shows the order that an approval has placed or cancelled.
pub(crate) fn order(app: &App<'_>, one: &Approval, order: &Object, page: &mut Page) {
    let env = one.market.as_ref().map(|market| format!(" --env {}", market.env));
    let user = app.user_flag(one.user.parse().ok().as_ref());
    let whose = Whose { flags: env.unwrap_or_default() + &user, ..Whose::default() };
    view::order(order, page, &whose);
}
