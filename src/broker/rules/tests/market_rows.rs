//! How much, at which prices, and when.

/// Rules of amounts, steps, exits and hours: the rule, then orders with their facts that break it,
/// the answer, and the neighbour that passes.
pub(super) const ROWS: &str = r#"
an amount has cents
  no  buy $25.005 AAPL market day
      422 42210000 notional value must be limited to 2 decimal places
  yes buy $25.01 AAPL market day
an amount is a dollar
  no  buy $0.99 AAPL market day
      422 42210000 notional must be >= 1.00
  yes buy $1 AAPL market day
a quantity has nine places
  no  buy 1.0000000001 AAPL market day
      422 42210000 qty must be limited to 9 decimal places
  yes buy 1.000000001 AAPL market day
parts of a share are for the day
  no  buy 1.5 AAPL limit gtc limit=99
      422 42210000 fractional orders must be DAY orders
  yes buy 1.5 AAPL limit day limit=99
  no  buy $25 AAPL market gtc
      422 42210000 fractional orders must be DAY orders
  yes buy $25 AAPL market day
parts of a share stand alone
  no  buy 1.5 AAPL market day class=oto sl=90
      422 42210000 fractional orders must be simple orders
  yes buy 2 AAPL market day class=oto sl=90
parts of a share do not trail
  no  sell 1.5 AAPL trailing_stop day trail=1; held=2
      422 42210000 fractional orders must be market, limit, stop or stop limit orders
  yes sell 1.5 AAPL stop day stop=90; held=2
the share can be parted
  no  buy 1.5 X market day; fractionable=false
      403 40310000 asset "X" is not fractionable
  yes buy 2 X market day; fractionable=false
the quantity is large enough
  no  buy 0.000000001 BTC/USD market gtc
      403 40310000 order qty must be >= minimal qty of order 0.000000002
  yes buy 0.1 BTC/USD market gtc; least=0.1
prices are whole steps
  no  buy 1 AAPL limit day limit=290.123
      422 42210000 invalid limit_price 290.123. sub-penny increment does not fulfill minimum pricing criteria
  yes buy 1 AAPL limit day limit=290.12
  no  sell 1 AAPL stop day stop=90.001; held=1
      422 42210000 invalid stop_price 90.001. sub-penny increment does not fulfill minimum pricing criteria
  yes sell 1 AAPL stop day stop=0.9999; held=1
  no  buy 1 AAPL limit day limit=0.99999
      422 42210000 invalid limit_price 0.99999. sub-penny increment does not fulfill minimum pricing criteria
  yes buy 1 AAPL limit day limit=0.9999
  no  buy 1 AAPL market day class=oto tp=110.001
      422 42210000 invalid take_profit.limit_price 110.001. sub-penny increment does not fulfill minimum pricing criteria
  yes buy 1 AAPL market day class=oto tp=110.01
  no  buy 1 AAPL market day class=oto sl=90.001
      422 42210000 invalid stop_loss.stop_price 90.001. sub-penny increment does not fulfill minimum pricing criteria
  yes buy 1 AAPL market day class=oto sl=90.01
  no  buy 1 BTC/USD limit gtc limit=99.005
      422 42210000 invalid limit_price 99.005. sub-penny increment does not fulfill minimum pricing criteria
  yes buy 1 BTC/USD limit gtc limit=99.005; step=0.001
  no  buy 1 AAPL261218C00100000 limit day limit=3.01
      422 42210000 invalid limit_price 3.01. sub-penny increment does not fulfill minimum pricing criteria
  yes buy 1 AAPL261218C00100000 limit day limit=2.99
  no  buy 1 AAPL261218C00100000 limit day limit=2.99; ppind=false
      422 42210000 invalid limit_price 2.99. sub-penny increment does not fulfill minimum pricing criteria
  yes buy 1 AAPL261218C00100000 limit day limit=2.95; ppind=false
  no  buy 1 AAPL261218C00100000 limit day limit=3.05; ppind=false
      422 42210000 invalid limit_price 3.05. sub-penny increment does not fulfill minimum pricing criteria
  yes buy 1 AAPL261218C00100000 limit day limit=3.1; ppind=false
exits are in order
  no  buy 1 AAPL market day class=bracket tp=90 sl=90
      422 42210000 take_profit.limit_price must be > stop_loss.stop_price
  yes buy 1 AAPL market day class=bracket tp=100.01 sl=99.99
  no  sell 1 AAPL market day class=bracket tp=110 sl=90
      422 42210000 take_profit.limit_price must be < stop_loss.stop_price
  yes sell 1 AAPL market day class=bracket tp=99.99 sl=100.01
  no  sell 1 AAPL limit day class=oco tp=90 sl=110; held=1
      422 42210000 take_profit.limit_price must be > stop_loss.stop_price
  yes sell 1 AAPL limit day class=oco tp=110 sl=90; held=1
a gain is beyond the entry
  no  buy 1 AAPL limit day limit=95 class=oto tp=95
      422 42210000 take_profit.limit_price must be >= base_price + 0.01
  yes buy 1 AAPL limit day limit=95 class=oto tp=95.01
  no  buy 1 AAPL market day class=oto tp=100
      422 42210000 take_profit.limit_price must be >= base_price + 0.01
  yes buy 1 AAPL market day class=oto tp=100.01
  no  sell 1 AAPL market day class=oto tp=100
      422 42210000 take_profit.limit_price must be <= base_price - 0.01
  yes sell 1 AAPL market day class=oto tp=99.99
a loss is beyond the entry
  no  buy 1 AAPL limit day limit=95 class=oto sl=95
      422 42210000 stop_loss.stop_price must be <= base_price - 0.01
  yes buy 1 AAPL limit day limit=95 class=oto sl=94.99
  no  buy 1 AAPL limit day limit=105 class=oto sl=101
      422 42210000 stop_loss.stop_price must be <= base_price - 0.01
  yes buy 1 AAPL stop day stop=105 class=oto sl=101
  no  sell 1 AAPL market day class=oto sl=100
      422 42210000 stop_loss.stop_price must be >= base_price + 0.01
  yes sell 1 AAPL market day class=oto sl=100.01
  no  sell 1 AAPL limit day class=oco tp=110 sl=100; held=1
      422 42210000 stop_loss.stop_price must be <= base_price - 0.01
  yes sell 1 AAPL limit day class=oco tp=110 sl=99.99; held=1
a stop is beyond the market
  no  sell 1 AAPL stop day stop=100; held=1
      422 42210000 stop price must be less than current price
  yes sell 1 AAPL stop day stop=99.99; held=1
  no  buy 1 AAPL stop_limit day stop=100 limit=101
      422 42210000 stop price must be greater than current price
  yes buy 1 AAPL stop_limit day stop=100.01 limit=101
an opening order comes before the opening
  no  buy 1 AAPL market opg; now=2026-11-25T09:28
      403 40310000 opg orders must be submitted after 7:00pm and before 9:28am
  yes buy 1 AAPL market opg; now=2026-11-25T09:27
  no  buy 1 AAPL market opg; now=2026-11-25T18:59
      403 40310000 opg orders must be submitted after 7:00pm and before 9:28am
  yes buy 1 AAPL market opg; now=2026-11-25T19:00
a closing order comes before the close
  no  buy 1 AAPL limit cls limit=99; now=2026-11-25T15:50
      403 40310000 cls orders must be submitted after 7:00pm and before 3:50pm
  yes buy 1 AAPL limit cls limit=99; now=2026-11-25T15:49
  no  buy 1 AAPL market cls; now=2026-11-27T12:50
      403 40310000 cls orders must be submitted after 7:00pm and before 3:50pm
  yes buy 1 AAPL market cls; now=2026-11-27T12:49
options trade in the session
  no  buy 1 AAPL261218C00100000 market day; now=2026-11-25T09:29
      422 42210000 options market orders are only allowed during market hours
  yes buy 1 AAPL261218C00100000 market day; now=2026-11-25T09:30
  no  buy 1 AAPL261218C00100000 market day; now=2026-11-26T12:00
      422 42210000 options market orders are only allowed during market hours
  yes buy 1 AAPL261218C00100000 limit day limit=2; now=2026-11-26T12:00
"#;
