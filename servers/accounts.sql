-- The desk's accounts as they stood on 20 March 2026. Dates are days, YYYY-MM-DD.

CREATE TABLE account (
    account_id        TEXT PRIMARY KEY,
    customer          TEXT NOT NULL,
    plan              TEXT NOT NULL CHECK (plan IN ('free', 'pro', 'enterprise')),
    updated           TEXT NOT NULL,
    upgrade_scheduled TEXT,
    upgrade_status    TEXT NOT NULL CHECK (upgrade_status IN ('none', 'pending', 'completed')),
    CHECK ((upgrade_scheduled IS NULL) = (upgrade_status = 'none'))
);

CREATE TABLE ticket (
    number     INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id TEXT NOT NULL REFERENCES account (account_id),
    summary    TEXT NOT NULL,
    opened_at  TEXT NOT NULL
);

INSERT INTO account VALUES
    ('LLM-1047', 'Amara',  'pro',        '2026-01-08', '2026-01-12', 'completed'),
    ('LLM-2210', 'Bruno',  'free',       '2025-11-30', NULL,         'none'),
    ('LLM-3301', 'Chiara', 'pro',        '2026-03-18', '2026-03-20', 'pending'),
    ('LLM-4829', 'Dana',   'enterprise', '2026-03-15', '2026-03-19', 'pending'),
    ('LLM-5112', 'Emeka',  'enterprise', '2026-03-02', '2026-04-01', 'pending'),
    ('LLM-6040', 'Farah',  'free',       '2026-02-11', '2026-02-14', 'completed');
