-- The tables of the box as release 0.1.0 makes them on sqlite. Never changed: databases in use have them.

CREATE TABLE box_entry (
    position INTEGER NOT NULL,
    leaf_hash BLOB NOT NULL,
    entry BLOB NOT NULL,
    sealed BLOB,
    PRIMARY KEY (position),
    UNIQUE (leaf_hash)
);

CREATE TABLE box_fate (
    pseudonym BLOB NOT NULL,
    sealed_hash BLOB NOT NULL,
    tested BOOLEAN NOT NULL,
    PRIMARY KEY (pseudonym, sealed_hash)
)
 WITHOUT ROWID;

CREATE TABLE box_head (
    election BLOB NOT NULL,
    size BIGINT NOT NULL,
    root BLOB NOT NULL,
    closed BOOLEAN NOT NULL,
    signed_size BIGINT NOT NULL,
    checkpoint BLOB NOT NULL,
    PRIMARY KEY (election)
);

CREATE TABLE box_pending (
    leaf_hash BLOB NOT NULL,
    entry BLOB NOT NULL,
    sealed BLOB NOT NULL,
    PRIMARY KEY (leaf_hash)
)
 WITHOUT ROWID;

CREATE TABLE box_pseudonym (
    pseudonym BLOB NOT NULL,
    style VARCHAR NOT NULL,
    sequence INTEGER NOT NULL,
    PRIMARY KEY (pseudonym)
)
 WITHOUT ROWID;

CREATE TABLE box_tile (
    level INTEGER NOT NULL,
    number BIGINT NOT NULL,
    hashes BLOB NOT NULL,
    PRIMARY KEY (level, number)
)
 WITHOUT ROWID;

CREATE TABLE box_witnessed (
    election BLOB NOT NULL,
    size BIGINT NOT NULL,
    checkpoint BLOB NOT NULL,
    PRIMARY KEY (election)
);

CREATE TABLE scrutin_schema (
    version_num VARCHAR(32) NOT NULL,
    CONSTRAINT scrutin_schema_pkc PRIMARY KEY (version_num)
);

INSERT INTO scrutin_schema (version_num) VALUES ('box_0001');
