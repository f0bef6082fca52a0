-- Customers as they stood on 20 March 2026.

CREATE TABLE customer (
    customer_id TEXT PRIMARY KEY,
    name        TEXT NOT NULL,
    email       TEXT NOT NULL,
    address     TEXT NOT NULL,
    tier        TEXT NOT NULL CHECK (tier IN ('standard', 'plus', 'enterprise'))
);

INSERT INTO customer VALUES
    ('C-101', 'Amara Nwosu', 'amara@example.com', '3 Mill Lane, York', 'standard'),
    ('C-104', 'Dana Osei', 'dana.osei@example.com', '8 Quay Road, Leith', 'plus'),
    ('C-117', 'Bruno Falk', 'bruno@example.com', '21 Hill Street, Derby', 'standard'),
    ('C-131', 'Dana Whitfield', 'dana.w@example.com', '5 Park Row, Bath', 'enterprise'),
    ('C-140', 'Emeka Obi', 'emeka@example.com', '14 Station Road, Hull', 'plus');
