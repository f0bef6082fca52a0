-- Orders as they stood on 20 March 2026. Amounts are euro cents, days YYYY-MM-DD.

CREATE TABLE purchase (
    order_id    TEXT PRIMARY KEY,
    customer_id TEXT NOT NULL,
    item        TEXT NOT NULL,
    cents       INTEGER NOT NULL,
    address     TEXT NOT NULL,
    status      TEXT NOT NULL CHECK (status IN ('open', 'shipped', 'delivered', 'refunded')),
    ordered     TEXT NOT NULL,
    delivered   TEXT
);

CREATE TABLE refund (
    number      INTEGER PRIMARY KEY AUTOINCREMENT,
    order_id    TEXT NOT NULL UNIQUE REFERENCES purchase (order_id),
    reason      TEXT NOT NULL,
    refunded_at TEXT NOT NULL
);

INSERT INTO purchase VALUES
    ('O-7702', 'C-104', 'Desk lamp', 4900, '8 Quay Road, Leith', 'delivered',
     '2026-01-22', '2026-01-29'),
    ('O-7718', 'C-131', 'Label printer', 18900, '5 Park Row, Bath', 'delivered',
     '2026-02-24', '2026-03-02'),
    ('O-7725', 'C-117', 'Headphones', 12900, '21 Hill Street, Derby', 'delivered',
     '2026-02-12', '2026-02-18'),
    ('O-7731', 'C-104', 'Standing desk', 39900, '8 Quay Road, Leith', 'open', '2026-03-17', NULL),
    ('O-7733', 'C-131', 'Office chair', 24900, '5 Park Row, Bath', 'open', '2026-03-18', NULL),
    ('O-7740', 'C-140', 'Monitor arm', 8900, '14 Station Road, Hull', 'shipped',
     '2026-03-16', NULL);
