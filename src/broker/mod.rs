//! The brokerage: Alpaca's API as a client, and its rules.
//!
//! Requests and what their answers mean; nothing here sends anything, keeps anything or decides whether an
//! order may be placed. Source: Alpaca Trading API 2.0.1 and Market Data API 1.1 (read 2026-11-20).

mod answer;
pub(crate) mod calendar;
mod data;
mod history;
mod known;
mod request;
pub(crate) mod rules;
pub(crate) mod ticket;

pub(crate) use answer::{is_duplicate, refused};
pub(crate) use data::{quote, quotes, quotes_by_symbol};
pub(crate) use history::{Worth, worth};
pub(crate) use known::{asset, funds, held, number_of, resting, text_of};
pub(crate) use request::{
    Account, KEY_ID, KEY_SECRET, Part, by_client_order_id, cancel, order, place, read,
};
