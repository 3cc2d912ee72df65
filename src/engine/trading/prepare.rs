//! What an order is judged by, learnt from the broker before anything is placed: the asset, the market, the
//! account, what is held and what is open.

use rust_decimal::Decimal;
use serde_json::Value;

use super::desk::Desk;
use super::reads::found;
use crate::api::address::path_part;
use crate::api::error::{Code, Error, Result};
use crate::api::time::Millis;
use crate::api::trading::account::Object;
use crate::api::trading::amount::Amount;
use crate::api::trading::order::{CreateOrder, MarketView};
use crate::api::trading::symbol::Symbol;
use crate::api::trading::words::{AssetClass, OrderType, Side};
use crate::broker::rules::{self, Facts, Held, Listing, Quote, Refusal};
use crate::broker::ticket::Ticket;
use crate::broker::{self, Part, calendar, read, text_of};
use crate::engine::Engine;

/// An order with everything that it is judged by.
#[derive(Debug)]
pub(super) struct Prepared {
    /// The account it goes through
    pub(super) desk: Desk,
    /// The order
    pub(super) ticket: Ticket,
    /// What is known beside it
    pub(super) facts: Facts,
    /// The account, as the broker tells it
    pub(super) account: Object,
}

impl Prepared {
    /// Returns what the order is reckoned to cost or bring, in dollars; nothing where the price is not known.
    ///
    /// A sale is worth what the market pays, however low the price that it would take.
    pub(super) fn cost(&self) -> Option<Decimal> {
        let quote = self.facts.quote.as_ref();
        let own = rules::cost(&self.ticket, quote)?;
        match self.ticket.side {
            Side::Buy => Some(own),
            Side::Sell => {
                let order_type = OrderType::Market;
                let at_market = Ticket { order_type, take_profit: None, ..self.ticket.clone() };
                rules::cost(&at_market, quote).map(|market| market.max(own))
            }
        }
    }

    /// Fails where nobody quotes the side that the order takes: what it is worth is not known then.
    pub(super) fn check_quoted(&self) -> Result<()> {
        if self.facts.quote.and_then(|quote| quote.far(self.ticket.side)).is_some() {
            return Ok(());
        }
        let text = format!("the price of `{}` is not known", self.ticket.symbol);
        Err(Error::new(Code::Forbidden, text)
            .hint("look at it with `naive trading quote`, and ask again once it is quoted")
            .reason("price_unknown"))
    }

    /// Fails as the broker would, if one of its rules is broken.
    pub(super) fn check(&self) -> Result<()> {
        rules::check(&self.ticket, &self.facts).map_err(|refusal| refused(&refusal))
    }

    /// Tells whether it would sell what is not held.
    pub(super) fn is_short(&self) -> bool {
        let held = self.facts.held.map_or(Decimal::ZERO, |held| held.qty);
        self.ticket.side == Side::Sell
            && self.ticket.qty.unwrap_or_default() > held.max(Decimal::ZERO)
    }

    /// Returns the present, as the broker has it.
    pub(super) fn now(&self) -> Millis {
        self.facts.now.unwrap_or_else(Millis::now)
    }

    /// Returns the market as it is frozen with the order, and shown beside it.
    pub(super) fn view(&self) -> MarketView {
        let quote = self.facts.quote;
        let amount = |number: Option<Decimal>| number.map(|number| Amount(number.round_dp(9)));
        MarketView {
            env: self.desk.env,
            account: self.desk.connection.account.clone(),
            asset_class: self.ticket.class,
            at: quote.map_or_else(|| self.now(), |quote| quote.at),
            bid: amount(quote.and_then(|quote| quote.bid)),
            ask: amount(quote.and_then(|quote| quote.ask)),
            estimated_cost: amount(self.cost()),
            buying_power: amount(self.facts.account.as_ref().and_then(|funds| {
                match self.ticket.class {
                    AssetClass::UsEquity => funds.buying_power,
                    AssetClass::Crypto => funds.non_marginable_buying_power,
                    AssetClass::UsOption => funds.options_buying_power,
                }
            })),
            position: Amount(self.facts.held.map_or(Decimal::ZERO, |held| held.qty)),
            session: session(self.ticket.class, self.now()).to_owned(),
            collar: false,
            max_drift: None,
        }
    }
}

impl Engine {
    /// Learns what an order is judged by.
    pub(super) async fn judged_by(
        &self,
        desk: Desk,
        op: &CreateOrder,
        client_order_id: &str,
    ) -> Result<Prepared> {
        let listed = self.listed(&desk, &op.symbol).await?;
        let (symbol, class) = match &listed {
            Some(asset) => spelled(asset, &op.symbol),
            None => (op.symbol.clone(), op.symbol.class()),
        };
        let ticket = Ticket::of(op, (symbol.clone(), class), client_order_id.to_owned());
        let (now, quote, account, position, open, under) = tokio::try_join!(
            self.broker_now(&desk),
            self.market(&desk, class, &symbol),
            async {
                let request = read(&desk.account(), Part::Trading, "/v2/account", &[])?;
                self.object(&desk, request).await
            },
            self.position(&desk, &symbol),
            self.open_orders(&desk, &symbol),
            self.underlying(&desk, &symbol, class),
        )?;
        let held = position.as_ref().map(broker::held).unwrap_or_default();
        let facts = Facts {
            now: Some(now),
            asset: match &listed {
                Some(asset) => Listing::Listed(Box::new(broker::asset(asset))),
                None => Listing::Unlisted,
            },
            quote,
            account: Some(broker::funds(&account)),
            held: Some(Held { underlying_available: under, ..held }),
            open: Some(open.iter().filter_map(broker::resting).collect()),
            id_taken: false,
        };
        Ok(Prepared { desk, ticket, facts, account })
    }

    /// Returns what the broker lists under a symbol, if it lists it.
    pub(super) async fn listed(&self, desk: &Desk, symbol: &Symbol) -> Result<Option<Object>> {
        let place = match symbol.class() {
            AssetClass::UsOption => "options/contracts",
            AssetClass::UsEquity | AssetClass::Crypto => "assets",
        };
        let path = format!("/v2/{place}/{}", path_part(symbol.as_str()));
        found(self.object(desk, read(&desk.account(), Part::Trading, &path, &[])?).await)
    }

    /// Returns the market of a symbol; nothing where nobody quotes it, or the broker does not say.
    pub(super) async fn market(
        &self,
        desk: &Desk,
        class: AssetClass,
        symbol: &Symbol,
    ) -> Result<Option<Quote>> {
        let request = broker::quotes(&desk.account(), class, std::slice::from_ref(symbol))?;
        match self.object(desk, request).await {
            Ok(answer) => {
                let quotes = broker::quotes_by_symbol(&answer.into());
                Ok(quotes.get(symbol.as_str()).and_then(broker::quote))
            }
            // Not subscribed to it, or no such symbol: it has no price then.
            Err(error)
                if matches!(error.code, Code::Forbidden | Code::InvalidInput | Code::NotFound) =>
            {
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// Returns the broker's own time: its sessions go by that, and this machine's clock may be wrong.
    async fn broker_now(&self, desk: &Desk) -> Result<Millis> {
        let clock =
            self.object(desk, read(&desk.account(), Part::Trading, "/v2/clock", &[])?).await;
        let clock = found(clock)?.unwrap_or_default();
        let told = text_of(&clock, "timestamp").and_then(|at| at.parse().ok());
        Ok(told.unwrap_or_else(Millis::now))
    }

    async fn open_orders(&self, desk: &Desk, symbol: &Symbol) -> Result<Vec<Object>> {
        let query = [
            ("status", "open".to_owned()),
            ("symbols", symbol.as_str().to_owned()),
            ("limit", "500".to_owned()),
        ];
        self.objects(desk, read(&desk.account(), Part::Trading, "/v2/orders", &query)?).await
    }

    /// Returns how much is available of the shares under an option.
    async fn underlying(
        &self,
        desk: &Desk,
        symbol: &Symbol,
        class: AssetClass,
    ) -> Result<Option<Decimal>> {
        let root = symbol.contract().and_then(|contract| contract.root.parse::<Symbol>().ok());
        let Some(root) = root.filter(|_| class == AssetClass::UsOption) else { return Ok(None) };
        let position = self.position(desk, &root).await?;
        Ok(Some(position.as_ref().map(broker::held).unwrap_or_default().available))
    }
}

/// Returns an asset's own spelling and class.
pub(super) fn spelled(asset: &Object, given: &Symbol) -> (Symbol, AssetClass) {
    let symbol = text_of(asset, "symbol").and_then(|text| text.parse().ok());
    let class = text_of(asset, "class").and_then(|text| text.parse().ok());
    let symbol = symbol.unwrap_or_else(|| given.clone());
    let class = class.unwrap_or_else(|| symbol.class());
    (symbol, class)
}

/// Returns the spelling under which the broker keeps positions: `BTCUSD`.
pub(super) fn slashless(symbol: &Symbol) -> String {
    symbol.as_str().replace('/', "")
}

/// Returns which part of the day it is on a market.
pub(super) fn session(class: AssetClass, now: Millis) -> &'static str {
    match (class, calendar::phase(now)) {
        (AssetClass::Crypto, _) => "open",
        (_, calendar::Phase::Closed) => "closed",
        (_, calendar::Phase::Pre) => "pre-market",
        (_, calendar::Phase::Regular) => "regular",
        (_, calendar::Phase::Post) => "after-hours",
    }
}

/// Returns a broken rule as an error, as the broker's own answer would be.
pub(super) fn refused(refusal: &Refusal) -> Error {
    let (code, reason) = match refusal.status {
        403 => (Code::Forbidden, "broker_forbidden"),
        404 => (Code::NotFound, "broker_not_found"),
        _ => (Code::InvalidInput, "broker_refused"),
    };
    let error = Error::new(code, refusal.message.clone()).reason(reason);
    match refusal.extra.get("existing_order_id").and_then(Value::as_str) {
        Some(order) => error.hint(format!("run `naive trading cancel {order}` first")),
        None => error,
    }
}
