-- The tables of the registrar as release 0.1.0 makes them on sqlite. Never changed: databases in use have them.

CREATE TABLE registrar_person (
    id VARCHAR(64) NOT NULL,
    style VARCHAR(64) NOT NULL,
    name VARCHAR NOT NULL,
    address VARCHAR NOT NULL,
    language VARCHAR NOT NULL,
    code BLOB,
    PRIMARY KEY (id),
    UNIQUE (code)
)
 WITHOUT ROWID;

CREATE TABLE registrar_state (
    number INTEGER NOT NULL,
    issuer VARCHAR NOT NULL,
    styles BLOB NOT NULL,
    election BLOB,
    issued_counts BLOB,
    issued_signature BLOB,
    PRIMARY KEY (number)
);

CREATE TABLE registrar_issuance (
    person VARCHAR(64) NOT NULL,
    blinded_message BLOB NOT NULL,
    blind_signature BLOB NOT NULL,
    PRIMARY KEY (person),
    FOREIGN KEY(person) REFERENCES registrar_person (id)
)
 WITHOUT ROWID;

CREATE TABLE scrutin_schema (
    version_num VARCHAR(32) NOT NULL,
    CONSTRAINT scrutin_schema_pkc PRIMARY KEY (version_num)
);

INSERT INTO scrutin_schema (version_num) VALUES ('registrar_0001');
