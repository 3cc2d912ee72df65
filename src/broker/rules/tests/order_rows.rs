//! What an order says by itself, its name, and what it is for.

/// Rules of form, names and fit: the rule, then orders with their facts that break it,
/// the answer, and the neighbour that passes.
pub(super) const ROWS: &str = r#"
trading is not suspended
  no  buy 1 AAPL market day; blocked
      403 40310000 new orders are rejected by user request
  yes buy 1 AAPL market day
prices are above zero
  no  buy 1 AAPL limit day limit=0
      422 40010001 limit price must be > 0
  yes buy 1 AAPL limit day limit=0.0001
  no  buy 1 AAPL stop day stop=-1
      422 40010001 stop price must be > 0
  yes buy 1 AAPL stop day stop=101
  no  sell 1 AAPL trailing_stop day trail=0; held=1
      422 40010001 trail_price must be > 0
  yes sell 1 AAPL trailing_stop day trail=0.01; held=1
  no  buy 1 AAPL market day class=oto tp=0
      422 40010001 invalid take_profit.limit_price: must be > 0
  yes buy 1 AAPL market day class=oto tp=110
  no  buy 1 AAPL market day class=oto sl=0
      422 40010001 invalid stop_loss.stop_price: must be > 0
  yes buy 1 AAPL market day class=oto sl=1
  no  buy 1 AAPL market day class=oto sl=90 sll=0
      422 40010001 invalid stop_loss.limit_price: must be > 0
  yes buy 1 AAPL market day class=oto sl=90 sll=89
a quantity or an amount is given
  no  buy - AAPL market day
      422 40010001 qty or notional is required
  yes buy 1 AAPL market day
not both of them
  no  buy $25 AAPL market day qty=1
      422 40010001 only one of qty or notional is accepted
  yes buy $25 AAPL market day
the quantity is above zero
  no  buy 0 AAPL market day
      422 40010001 qty must be > 0
  yes buy 0.1 AAPL market day
the type has its prices
  no  buy 1 AAPL market day limit=99
      422 40010001 market orders require no stop or limit price
  yes buy 1 AAPL limit day limit=99
  no  buy 1 AAPL market day stop=101
      422 40010001 market orders require no stop or limit price
  yes buy 1 AAPL stop day stop=101
  no  buy 1 AAPL limit day
      422 40010001 limit orders require a limit price
  yes buy 1 AAPL limit day limit=99
  no  buy 1 AAPL limit day limit=99 stop=98
      422 40010001 limit orders require no stop price
  yes buy 1 AAPL stop_limit day limit=102 stop=101
  no  buy 1 AAPL stop day
      422 40010001 stop orders require a stop price
  yes buy 1 AAPL stop day stop=101
  no  buy 1 AAPL stop day stop=101 limit=102
      422 40010001 stop orders require no limit price
  yes buy 1 AAPL stop_limit day stop=101 limit=102
  no  buy 1 AAPL stop_limit day stop=101
      422 40010001 stop limit orders require both stop and limit price
  yes buy 1 AAPL stop_limit day stop=101 limit=101
  no  buy 1 AAPL stop_limit day limit=101
      422 40010001 stop limit orders require both stop and limit price
  yes buy 1 AAPL stop_limit day stop=101 limit=101
  no  buy 1 AAPL trailing_stop day trail=1 stop=101
      422 40010001 trailing stop orders require no stop or limit price
  yes buy 1 AAPL trailing_stop day trail=1
the trail is one
  no  buy 1 AAPL trailing_stop day
      422 40010001 trailing stop orders must specify one of trail_price or trail_percent
  yes buy 1 AAPL trailing_stop day trail=1
  no  buy 1 AAPL trailing_stop day trail=1 percent=1
      422 40010001 trailing stop orders must specify one of trail_price or trail_percent
  yes buy 1 AAPL trailing_stop day percent=1
  no  buy 1 AAPL trailing_stop day percent=0.09
      422 40010001 trail_percent must be greater than or equal to 0.1
  yes buy 1 AAPL trailing_stop day percent=0.1
  no  buy 1 AAPL market day trail=1
      422 40010001 market orders must not have trail_price
  yes buy 1 AAPL market day
  no  buy 1 AAPL limit day limit=99 percent=1
      422 40010001 limit orders must not have trail_percent
  yes buy 1 AAPL limit day limit=99
the class has its exits
  no  buy 1 AAPL market day class=bracket sl=90
      422 40010001 bracket orders require take_profit.limit_price
  yes buy 1 AAPL market day class=bracket sl=90 tp=110
  no  buy 1 AAPL market day class=bracket tp=110
      422 40010001 bracket orders require stop_loss.stop_price
  yes buy 1 AAPL market day class=oto tp=110
  no  buy 1 AAPL market day class=oto
      422 40010001 oto orders require either take_profit or stop_loss
  yes buy 1 AAPL market day class=oto sl=90
  no  buy 1 AAPL market day class=oto tp=110 sl=90
      422 40010001 oto orders require either take_profit or stop_loss
  yes buy 1 AAPL market day class=bracket tp=110 sl=90
  no  sell 1 AAPL market day class=oco tp=110 sl=90; held=1
      422 40010001 oco orders must be limit orders
  yes sell 1 AAPL limit day class=oco tp=110 sl=90; held=1
  no  sell 1 AAPL limit day class=oco limit=110 sl=90; held=1
      422 40010001 oco orders require take_profit.limit_price
  yes sell 1 AAPL limit day class=oco tp=110 sl=90 sll=89; held=1
  no  sell 1 AAPL limit day class=oco tp=110; held=1
      422 40010001 oco orders require stop_loss.stop_price
  yes sell 1 AAPL limit gtc class=oco tp=110 sl=90; held=1
  no  buy 1 AAPL market day tp=110
      422 40010001 simple orders must not have take_profit or stop_loss
  yes buy 1 AAPL market day
coins know the type
  no  buy 1 BTC/USD stop gtc stop=101
      422 40010001 invalid order type for crypto order
  yes buy 1 BTC/USD stop_limit gtc stop=101 limit=102
  no  buy 1 BTC/USD trailing_stop gtc trail=1
      422 40010001 invalid order type for crypto order
  yes buy 1 BTC/USD market gtc
the time in force goes with the type
  no  buy 1 AAPL stop ioc stop=101
      422 40010001 invalid time_in_force
  yes buy 1 AAPL stop gtc stop=101
  no  buy 1 AAPL limit fok limit=99 class=oto sl=90
      422 40010001 invalid time_in_force
  yes buy 1 AAPL limit fok limit=99
the id is short
  no  buy 1 AAPL market day id=129
      422 40010001 client_order_id must be no more than 128 characters
  yes buy 1 AAPL market day id=128
the id is unique
  no  buy 1 AAPL market day; taken
      422 40010001 client_order_id must be unique
  yes buy 1 AAPL market day
the contract is not expired
  no  buy 1 AAPL241213C00250000 limit day limit=2; unlisted
      422 42210000 contract "AAPL241213C00250000" is expired
  yes buy 1 AAPL261127C00100000 limit day limit=2; now=2026-11-27T12:29
  no  buy 1 AAPL261127C00100000 limit day limit=2; now=2026-11-27T13:00
      422 42210000 contract "AAPL261127C00100000" is expired
  yes sell 1 AAPL261127C00100000 limit day limit=2; now=2026-11-27T12:59 held=1
the asset is listed
  no  buy 1 ZZZZ market day; unlisted
      422 42210000 asset "ZZZZ" not found
  yes buy 1 ZZZZ market day
  no  buy 1 AAPL261218C00100000 limit day limit=2; unlisted
      422 42210000 contract "AAPL261218C00100000" not found
  yes buy 1 AAPL261218C00100000 limit day limit=2
the asset is active
  no  buy 1 MKR/USD market gtc; active=false
      422 40010001 asset MKR/USD is not active
  yes buy 1 MKR/USD market gtc
  no  buy 1 AAPL261218C00100000 limit day limit=2; active=false
      422 42210000 contract "AAPL261218C00100000" is not active
  yes buy 1 AAPL261218C00100000 limit day limit=2
the asset is tradable
  no  buy 1 X market day; tradable=false
      422 42210000 asset "X" is not tradable
  yes buy 1 X market day
  no  buy 1 AAPL261218C00100000 limit day limit=2; tradable=false
      422 42210000 contract "AAPL261218C00100000" is not tradable
  yes buy 1 AAPL261218C00100000 limit day limit=2
the market knows the class
  no  buy 1 BTC/USD market gtc class=bracket tp=110 sl=90
      422 42210000 crypto orders not allowed for advanced order_class: otoco
  yes buy 1 BTC/USD market gtc
  no  buy 1 AAPL261218C00100000 limit day limit=2 class=oto tp=3
      422 42210000 complex orders not supported for options trading
  yes buy 1 AAPL261218C00100000 limit day limit=2
  no  buy 1 AAPL trailing_stop day trail=1 class=oto sl=90
      422 42210000 trailing stop orders must be simple orders
  yes buy 1 AAPL trailing_stop day trail=1
options are bought by number
  no  buy $500 AAPL261218C00100000 market day
      422 42210000 notional orders are not supported for options trading
  yes buy 1 AAPL261218C00100000 market day
options are whole
  no  buy 1.5 AAPL261218C00100000 market day
      422 42210000 qty must be integer for options trading
  yes buy 2 AAPL261218C00100000 market day
options know the type
  no  buy 1 AAPL261218C00100000 trailing_stop day trail=1
      422 42210000 invalid order type for options trading
  yes buy 1 AAPL261218C00100000 stop day stop=101
options are for the session
  no  buy 1 AAPL261218C00100000 limit day limit=2 ext
      422 42210000 extended hours is not supported for options trading
  yes buy 1 AAPL261218C00100000 limit day limit=2
the market knows the time in force
  no  buy 1 BTC/USD market day
      422 42210000 invalid crypto time_in_force
  yes buy 1 BTC/USD market ioc
  no  buy 1 AAPL261218C00100000 market gtc
      422 42210000 invalid option time_in_force
  yes buy 1 AAPL261218C00100000 limit gtc limit=2
extended hours are for limit orders
  no  buy 1 AAPL market day ext
      422 42210000 extended hours order must be DAY or GTC limit orders
  yes buy 1 AAPL limit gtc limit=99 ext
  no  buy 1 AAPL limit ioc limit=99 ext
      422 42210000 extended hours order must be DAY or GTC limit orders
  yes buy 1 AAPL limit day limit=99 ext
  no  buy 1 AAPL limit day limit=99 ext class=oto sl=90
      422 42210000 extended hours order must be DAY or GTC limit orders
  yes buy 1 AAPL limit day limit=99 class=oto sl=90
"#;
