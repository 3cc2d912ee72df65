//! What is held, what is open, and what can be paid.

/// Rules of holdings, open orders and money: the rule, then orders with their facts that break it,
/// the answer, and the neighbour that passes.
pub(super) const ROWS: &str = r#"
the position is what was said
  no  sell 1 AAPL market day intent=sell_to_open; held=5
      422 42210000 position intent mismatch, inferred: sell_to_close, specified: sell_to_open
  yes sell 1 AAPL market day intent=sell_to_close; held=5
  no  buy 1 AAPL market day intent=sell_to_close
      422 42210000 position intent mismatch, inferred: buy_to_open, specified: sell_to_close
  yes buy 1 AAPL market day intent=buy_to_open
  no  sell 1 AAPL261218C00100000 limit day limit=2 intent=sell_to_close; under=100
      422 42210000 position intent mismatch, inferred: sell_to_open, specified: sell_to_close
  yes sell 1 AAPL261218C00100000 limit day limit=2 intent=sell_to_open; under=100
an entry enters
  no  sell 1 AAPL market day class=bracket tp=90 sl=110; held=5
      422 42210000 bracket orders must be entry orders
  yes sell 1 AAPL market day class=bracket tp=90 sl=110; held=-5
  no  buy 1 AAPL market day class=oto sl=90; held=-5
      422 42210000 oto orders must be entry orders
  yes buy 1 AAPL market day class=oto sl=90; held=5
an exit exits
  no  sell 1 AAPL limit day class=oco tp=110 sl=90
      422 42210000 oco orders must be exit orders
  yes sell 1 AAPL limit day class=oco tp=110 sl=90; held=1
the contract has time left
  no  buy 1 AAPL261218C00100000 limit day limit=2; now=2026-12-18T15:30
      422 42210000 contract "AAPL261218C00100000" expires soon, unable to open new positions
  yes buy 1 AAPL261218C00100000 limit day limit=2; now=2026-12-18T15:29
  no  buy 1 AAPL261127C00100000 limit day limit=2; now=2026-11-27T12:30
      422 42210000 contract "AAPL261127C00100000" expires soon, unable to open new positions
  yes sell 1 AAPL261127C00100000 limit day limit=2; now=2026-11-27T12:30 held=1
the account may trade options
  no  buy 1 AAPL261218C00100000 limit day limit=2; level=0
      403 40310000 account not authorized to trade options
  yes sell 1 AAPL261218C00100000 limit day limit=2; level=0 held=1
the account may buy options
  no  buy 1 AAPL261218C00100000 limit day limit=2; level=1
      403 40310000 account not eligible for level2 options trading
  yes buy 1 AAPL261218C00100000 limit day limit=2; level=1 held=-1
no order meets its own opposite
  no  buy 1 AAPL market day; held=5 open=sell:limit:110
      403 40310000 potential wash trade detected. use complex orders
  yes buy 1 AAPL limit day limit=109.99; held=5 open=sell:limit:110
  no  buy 1 AAPL limit day limit=110; held=5 open=sell:limit:110
      403 40310000 potential wash trade detected. use complex orders
  yes buy 1 AAPL limit day limit=110; held=5 open=buy:limit:110
  no  buy 1 AAPL limit day limit=80; held=5 open=sell:stop:
      403 40310000 potential wash trade detected. use complex orders
  yes buy 1 AAPL limit day limit=80; held=5 open=sell:stop::bracket
  no  sell 1 AAPL stop day stop=90; held=5 open=buy:limit:80
      403 40310000 potential wash trade detected. use complex orders
  yes sell 1 AAPL trailing_stop day trail=1; held=5 open=buy:limit:80
  no  sell 1 AAPL limit day limit=80; held=5 open=buy:stop_limit:80
      403 40310000 potential wash trade detected. use complex orders
  yes sell 1 AAPL limit day limit=80.01; held=5 open=buy:stop_limit:80
  no  sell 5 BTC/USD market gtc; held=5 open=buy:limit:80
      403 40310000 potential wash trade detected. use complex orders
  yes sell 5 BTC/USD market gtc; held=5 open=sell:limit:120
  no  sell 5 AAPL market day; held=5 open=buy:market:
      403 40310000 potential wash trade detected. use complex orders
  yes sell 5 AAPL limit day class=oco tp=110 sl=90; held=5 open=buy:market:
no order opens both ways
  no  buy 1 AAPL limit day limit=90; open=sell:limit:110:opens
      403 40310000 cannot open a long buy while a short sell order is open
  yes buy 1 AAPL limit day limit=90; open=sell:limit:110
  no  sell 1 AAPL limit day limit=110; open=buy:limit:90:opens
      403 40310000 cannot open a short sell while a long buy order is open
  yes sell 1 AAPL limit day limit=110; held=1 open=buy:limit:90:opens
what is sold is there
  no  sell 35 AAPL market day; held=35 available=0
      403 40310000 insufficient qty available for order (requested: 35, available: 0)
  yes sell 35 AAPL market day; held=35
  no  sell 36 AAPL market day; held=35
      403 40310000 insufficient qty available for order (requested: 36, available: 35)
  yes sell 35 AAPL market day; held=35
  no  buy 36 AAPL market day; held=-35
      403 40310000 insufficient qty available for order (requested: 36, available: 35)
  yes buy 35 AAPL market day; held=-35
  no  sell 2 AAPL261218C00100000 limit day limit=2; held=1
      403 40310000 insufficient qty available for order (requested: 2, available: 1)
  yes sell 1 AAPL261218C00100000 limit day limit=2; held=1
  no  sell $999 AAPL market day; held=5
      403 40310000 insufficient qty available for order (requested: 10, available: 5)
  yes sell $499.5 AAPL market day; held=5
coins that are sold are there
  no  sell 0.0002 BTC/USD market gtc; held=0.000199499 market=99000:99001
      403 40310000 insufficient balance for BTC (requested: 0.0002, available: 0.000199499)
  yes sell 0.000199499 BTC/USD market gtc; held=0.000199499 market=99000:99001
  no  sell 1 BTC/USD market gtc
      403 40310000 insufficient balance for BTC (requested: 1, available: 0)
  yes sell 1 BTC/USD market gtc; held=1
shorts are whole
  no  sell 1.5 AAPL market day
      422 42210000 fractional orders cannot be sold short
  yes sell 1.5 AAPL market day; held=1.5
  no  sell $25 AAPL market day; held=-1
      422 42210000 fractional orders cannot be sold short
  yes sell 1 AAPL market day; held=-1
the asset can be shorted
  no  sell 1 X market day; shortable=false
      422 42210000 asset "X" cannot be sold short
  yes sell 1 X market day; shortable=false held=1
  no  sell 1 X market day; etb=false
      422 42210000 asset "X" cannot be sold short
  yes sell 1 X market day
the account may short
  no  sell 1 AAPL market day; shorting=false
      403 40310000 account is not allowed to short
  yes sell 1 AAPL market day; shorting=false held=1
  no  sell 1 AAPL market day; equity=1999.99
      403 40310000 account is not allowed to short
  yes sell 1 AAPL market day; equity=2000
a call is covered
  no  sell 1 AAPL261218C00100000 limit day limit=2
      403 40310000 insufficient underlying qty available for covered call (required: 100, available: 0)
  yes sell 1 AAPL261218C00100000 limit day limit=2; under=100
  no  sell 2 AAPL261218C00100000 limit day limit=2; under=199 level=3
      403 40310000 account not eligible to trade uncovered option contracts
  yes sell 2 AAPL261218C00100000 limit day limit=2; under=200 level=3
a put is secured
  no  sell 1 AAPL261218P00207000 limit day limit=3.9; obp=9395
      403 40310000 insufficient options buying power for cash-secured put (required: 20310, available: 9395)
  yes sell 1 AAPL261218P00207000 limit day limit=3.9; obp=20310
the order is worth the effort
  no  buy $9.99 BTC/USD market gtc
      403 40310000 cost basis must be >= minimal amount of order 10
  yes buy $10 BTC/USD market gtc
  no  sell 0.09 BTC/USD market gtc; held=1
      403 40310000 cost basis must be >= minimal amount of order 10
  yes sell 0.09 BTC/USD market gtc; held=0.09
  no  buy 0.009 AAPL market day
      403 40310000 cost basis must be >= minimal amount of order 1
  yes buy 0.01 AAPL market day
the order is not too large
  no  buy $200000.01 BTC/USD market gtc; cash=900000
      403 40310000 cost basis must be <= maximal amount of order 200000
  yes buy $200000 BTC/USD market gtc; cash=900000
shares can be paid
  no  buy 10 AAPL limit day limit=99; bp=989.99
      403 40310000 insufficient buying power
  yes buy 10 AAPL limit day limit=99; bp=990
  no  buy 10 AAPL market day; bp=1000
      403 40310000 insufficient buying power
  yes buy 10 AAPL market day; bp=1001
  no  sell 10 AAPL limit day limit=90; bp=1031.02
      403 40310000 insufficient buying power
  yes sell 10 AAPL limit day limit=90; bp=1031.03
coins can be paid
  no  buy $1000 BTC/USD market gtc; cash=87.84
      403 40310000 insufficient balance for USD (requested: 1000, available: 87.84)
  yes buy $87.84 BTC/USD market gtc; cash=87.84
options can be paid
  no  buy 2 AAPL261218C00100000 limit day limit=190; obp=37999
      403 40310000 insufficient options buying power
  yes buy 2 AAPL261218C00100000 limit day limit=190; obp=38000
"#;
