-- The catalogue as it stood on 20 March 2026. Amounts are euro cents.

CREATE TABLE item (
    item_id TEXT PRIMARY KEY,
    name    TEXT NOT NULL,
    cents   INTEGER NOT NULL,
    stock   INTEGER NOT NULL CHECK (stock >= 0)
);

INSERT INTO item VALUES
    ('I-11', 'Desk lamp', 4900, 31),
    ('I-12', 'Standing desk', 39900, 4),
    ('I-13', 'Office chair', 24900, 0),
    ('I-14', 'Label printer', 18900, 12),
    ('I-15', 'Headphones', 12900, 57),
    ('I-16', 'Monitor arm', 8900, 8);
