//! What only looks: the account, what it holds, its orders, and prices.

use std::collections::BTreeMap;

use serde_json::Value;

use super::desk::Desk;
use super::prepare::{slashless, spelled};
use crate::api::address::path_part;
use crate::api::error::{Code, Error, Result};
use crate::api::time::Millis;
use crate::api::trading::account::{
    Assets, GetAccount, GetPosition, GetQuotes, ListAssets, ListPositions, Object, Positions,
    Quotes,
};
use crate::api::trading::history::{GetHistory, Period};
use crate::api::trading::order::{GetOrder, ListOrders, Orders};
use crate::api::trading::symbol::Symbol;
use crate::api::trading::words::{AssetClass, AssetStatus, OrderFilter, Timeframe};
use crate::broker::{self, Part, by_client_order_id, read, text_of};
use crate::engine::{Engine, Scope};

/// How many orders are asked for at once.
/// Source: Alpaca Trading API, `GET /v2/orders`.
const PAGE: u32 = 500;
/// How far back a history goes where nobody says.
const MONTH: &str = "1M";

impl Engine {
    pub(in crate::engine) async fn account(
        &self,
        scope: &Scope<'_>,
        op: &GetAccount,
    ) -> Result<Object> {
        let desk = self.desk(scope.user()?, op.env)?;
        let request = read(&desk.account(), Part::Trading, "/v2/account", &[])?;
        self.object(&desk, request).await
    }

    pub(in crate::engine) async fn history(
        &self,
        scope: &Scope<'_>,
        op: &GetHistory,
    ) -> Result<Object> {
        let desk = self.desk(scope.user()?, op.env)?;
        let period = op.period.as_ref().map_or(MONTH, Period::as_str);
        let timeframe = op.timeframe.unwrap_or(Timeframe::Day);
        let query = [("period", period.to_owned()), ("timeframe", timeframe.as_str().to_owned())];
        let path = "/v2/account/portfolio/history";
        self.object(&desk, read(&desk.account(), Part::Trading, path, &query)?).await
    }

    pub(in crate::engine) async fn list_assets(
        &self,
        scope: &Scope<'_>,
        op: &ListAssets,
    ) -> Result<Assets> {
        let desk = self.desk(scope.user()?, op.env)?;
        let class = op.asset_class.unwrap_or(AssetClass::UsEquity);
        let status = op.status.unwrap_or(AssetStatus::Active);
        let query =
            [("status", status.as_str().to_owned()), ("asset_class", class.as_str().to_owned())];
        let request = read(&desk.account(), Part::Trading, "/v2/assets", &query)?;
        let mut assets = self.objects(&desk, request).await?;
        if let Some(words) = &op.search {
            let words = words.to_lowercase();
            let has = |asset: &Object, name| {
                text_of(asset, name).is_some_and(|text| text.to_lowercase().contains(&words))
            };
            assets.retain(|asset| has(asset, "symbol") || has(asset, "name"));
        }
        assets.sort_by(|one, other| text_of(one, "symbol").cmp(&text_of(other, "symbol")));
        Ok(Assets { assets })
    }

    pub(in crate::engine) async fn list_positions(
        &self,
        scope: &Scope<'_>,
        op: &ListPositions,
    ) -> Result<Positions> {
        let desk = self.desk(scope.user()?, op.env)?;
        let request = read(&desk.account(), Part::Trading, "/v2/positions", &[])?;
        Ok(Positions { positions: self.objects(&desk, request).await? })
    }

    pub(in crate::engine) async fn get_position(
        &self,
        scope: &Scope<'_>,
        op: &GetPosition,
    ) -> Result<Object> {
        let desk = self.desk(scope.user()?, op.env)?;
        self.position(&desk, &op.symbol).await?.ok_or_else(|| nothing_held(&op.symbol))
    }

    /// Returns what is held of a symbol, if anything is.
    pub(super) async fn position(&self, desk: &Desk, symbol: &Symbol) -> Result<Option<Object>> {
        let path = format!("/v2/positions/{}", path_part(&slashless(symbol)));
        let request = read(&desk.account(), Part::Trading, &path, &[])?;
        found(self.object(desk, request).await)
    }

    pub(in crate::engine) async fn list_orders(
        &self,
        scope: &Scope<'_>,
        op: &ListOrders,
    ) -> Result<Orders> {
        let desk = self.desk(scope.user()?, op.env)?;
        Ok(Orders { orders: self.all_orders(&desk, op).await? })
    }

    /// Returns the orders of a list, page by page where all are wanted.
    pub(super) async fn all_orders(&self, desk: &Desk, op: &ListOrders) -> Result<Vec<Object>> {
        let limit = if op.all { PAGE } else { op.limit.unwrap_or(50) };
        let mut orders = self.orders_page(desk, op, (limit, None)).await?;
        let whole = |count: usize| count >= usize::try_from(limit).unwrap_or(usize::MAX);
        let mut page = orders.len();
        while op.all && whole(page) {
            let last = orders.last().and_then(|order| text_of(order, "id")).map(str::to_owned);
            let mut more = self.orders_page(desk, op, (limit, last.clone())).await?;
            if more.last().and_then(|order| text_of(order, "id")) == last.as_deref() {
                // The broker begins again where it ended: there is no more.
                break;
            }
            page = more.len();
            orders.append(&mut more);
        }
        Ok(orders)
    }

    /// Asks for one page of orders, from the one after `before` on.
    async fn orders_page(
        &self,
        desk: &Desk,
        op: &ListOrders,
        (limit, before): (u32, Option<String>),
    ) -> Result<Vec<Object>> {
        let status = op.status.unwrap_or(OrderFilter::Open);
        let mut query = vec![
            ("status", status.as_str().to_owned()),
            ("limit", limit.to_string()),
            ("direction", "desc".to_owned()),
            ("nested", "true".to_owned()),
        ];
        if !op.symbols.is_empty() {
            let names: Vec<_> = op.symbols.iter().map(Symbol::as_str).collect();
            query.push(("symbols", names.join(",")));
        }
        query.extend(op.side.map(|side| ("side", side.as_str().to_owned())));
        // The broker takes a page's mark or times, not both; of a later page the times are judged here.
        let times = before.is_none();
        query.extend(before.map(|id| ("before_order_id", id)));
        query.extend(op.after.filter(|_| times).map(|at| ("after", at.to_string())));
        query.extend(op.until.filter(|_| times).map(|at| ("until", at.to_string())));
        let request = read(&desk.account(), Part::Trading, "/v2/orders", &query)?;
        let mut orders = self.objects(desk, request).await?;
        if !times && op.after.is_some() {
            orders.retain(|order| is_after(order, op));
        }
        Ok(orders)
    }

    pub(in crate::engine) async fn get_order(
        &self,
        scope: &Scope<'_>,
        op: &GetOrder,
    ) -> Result<Object> {
        let desk = self.desk(scope.user()?, op.env)?;
        self.order_named(&desk, &op.order).await
    }

    /// Returns the order of that id: the broker's of it, or the caller's own.
    pub(super) async fn order_named(&self, desk: &Desk, name: &str) -> Result<Object> {
        if name.trim().is_empty() {
            return Err(Error::new(Code::InvalidInput, "it is not said which order is meant")
                .hint("name it by its id: `naive trading orders` shows which there are"));
        }
        if uuid_like(name)
            && let Some(order) =
                found(self.object(desk, broker::order(&desk.account(), name)?).await)?
        {
            return Ok(order);
        }
        let request = by_client_order_id(&desk.account(), name)?;
        found(self.object(desk, request).await)?.ok_or_else(|| {
            Error::new(Code::NotFound, format!("the broker has no order `{name}`"))
                .hint(format!(
                    "run `naive trading orders --status all{}` to see which there are",
                    desk.flags
                ))
                .reason("order_unknown")
        })
    }

    pub(in crate::engine) async fn get_quotes(
        &self,
        scope: &Scope<'_>,
        op: &GetQuotes,
    ) -> Result<Quotes> {
        let desk = self.desk(scope.user()?, op.env)?;
        let mut named = Vec::new();
        for symbol in &op.symbols {
            let class = op.class.unwrap_or(symbol.class());
            // Positions are spelled `BTCUSD`; the market of coins knows `BTC/USD` only.
            let is_other = class == AssetClass::Crypto && !symbol.as_str().contains('/');
            let listed = if is_other { self.listed(&desk, symbol).await? } else { None };
            named.push(listed.map_or((symbol.clone(), class), |asset| spelled(&asset, symbol)));
        }
        let mut quotes = self.quoted(&desk, &named).await?;
        let mut others = Vec::new();
        for (symbol, class) in named {
            // Of what looks like a share and is not quoted, the broker's list of assets says what it is.
            if class == AssetClass::UsEquity && !quotes.contains_key(symbol.as_str()) {
                let asset = self.listed(&desk, &symbol).await?;
                let listed = asset.map(|asset| spelled(&asset, &symbol));
                others.extend(listed.filter(|(_, class)| *class != AssetClass::UsEquity));
            }
        }
        quotes.append(&mut self.quoted(&desk, &others).await?);
        Ok(Quotes { quotes })
    }

    /// Returns the quotes of symbols, each asked for on its market.
    async fn quoted(
        &self,
        desk: &Desk,
        named: &[(Symbol, AssetClass)],
    ) -> Result<BTreeMap<String, Object>> {
        let mut quotes = BTreeMap::new();
        for class in AssetClass::ALL {
            let of_class = named.iter().filter(|(_, own)| own == class);
            let symbols: Vec<_> = of_class.map(|(symbol, _)| symbol.clone()).collect();
            if !symbols.is_empty() {
                let request = broker::quotes(&desk.account(), *class, &symbols)?;
                let answer = self.object(desk, request).await?;
                quotes.append(&mut broker::quotes_by_symbol(&Value::Object(answer)));
            }
        }
        Ok(quotes)
    }
}

/// Tells whether an order was submitted after the time that a list begins at.
fn is_after(order: &Object, op: &ListOrders) -> bool {
    let at = text_of(order, "submitted_at").and_then(|at| at.parse::<Millis>().ok());
    op.after.zip(at).is_none_or(|(after, at)| at > after)
}

/// Returns what was asked for, or nothing where the broker has no such thing.
pub(super) fn found(answer: Result<Object>) -> Result<Option<Object>> {
    match answer {
        Ok(object) => Ok(Some(object)),
        Err(error) if error.code == Code::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// The error of a symbol of which nothing is held.
pub(super) fn nothing_held(symbol: &Symbol) -> Error {
    Error::new(Code::NotFound, format!("the account holds no `{symbol}`"))
        .hint("run `naive trading positions` to see what it holds")
        .reason("position_unknown")
}

/// Tells whether a name could be the broker's id of an order.
fn uuid_like(name: &str) -> bool {
    uuid::Uuid::try_parse(name).is_ok()
}
