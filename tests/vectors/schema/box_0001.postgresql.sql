-- The tables of the box as release 0.1.0 makes them on postgresql. Never changed: databases in use have them.

CREATE TABLE box_entry (
    position BIGINT NOT NULL,
    leaf_hash BYTEA NOT NULL,
    entry BYTEA NOT NULL,
    sealed BYTEA,
    PRIMARY KEY (position),
    UNIQUE (leaf_hash)
);

CREATE TABLE box_fate (
    pseudonym BYTEA NOT NULL,
    sealed_hash BYTEA NOT NULL,
    tested BOOLEAN NOT NULL,
    PRIMARY KEY (pseudonym, sealed_hash)
);

CREATE TABLE box_head (
    election BYTEA NOT NULL,
    size BIGINT NOT NULL,
    root BYTEA NOT NULL,
    closed BOOLEAN NOT NULL,
    signed_size BIGINT NOT NULL,
    checkpoint BYTEA NOT NULL,
    PRIMARY KEY (election)
);

CREATE TABLE box_pending (
    leaf_hash BYTEA NOT NULL,
    entry BYTEA NOT NULL,
    sealed BYTEA NOT NULL,
    PRIMARY KEY (leaf_hash)
);

CREATE TABLE box_pseudonym (
    pseudonym BYTEA NOT NULL,
    style VARCHAR NOT NULL,
    sequence INTEGER NOT NULL,
    PRIMARY KEY (pseudonym)
);

CREATE TABLE box_tile (
    level INTEGER NOT NULL,
    number BIGINT NOT NULL,
    hashes BYTEA NOT NULL,
    PRIMARY KEY (level, number)
);

CREATE TABLE box_witnessed (
    election BYTEA NOT NULL,
    size BIGINT NOT NULL,
    checkpoint BYTEA NOT NULL,
    PRIMARY KEY (election)
);

CREATE TABLE scrutin_schema (
    version_num VARCHAR(32) NOT NULL,
    CONSTRAINT scrutin_schema_pkc PRIMARY KEY (version_num)
);

INSERT INTO scrutin_schema (version_num) VALUES ('box_0001');
