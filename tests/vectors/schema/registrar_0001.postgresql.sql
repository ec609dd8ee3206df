-- The tables of the registrar as release 0.1.0 makes them on postgresql. Never changed: databases in use have them.

CREATE TABLE registrar_person (
    id VARCHAR(64) NOT NULL,
    style VARCHAR(64) NOT NULL,
    name VARCHAR NOT NULL,
    address VARCHAR NOT NULL,
    language VARCHAR NOT NULL,
    code BYTEA,
    PRIMARY KEY (id),
    UNIQUE (code)
);

CREATE TABLE registrar_state (
    number INTEGER NOT NULL,
    issuer VARCHAR NOT NULL,
    styles BYTEA NOT NULL,
    election BYTEA,
    issued_counts BYTEA,
    issued_signature BYTEA,
    PRIMARY KEY (number)
);

CREATE TABLE registrar_issuance (
    person VARCHAR(64) NOT NULL,
    blinded_message BYTEA NOT NULL,
    blind_signature BYTEA NOT NULL,
    PRIMARY KEY (person),
    FOREIGN KEY(person) REFERENCES registrar_person (id)
);

CREATE TABLE scrutin_schema (
    version_num VARCHAR(32) NOT NULL,
    CONSTRAINT scrutin_schema_pkc PRIMARY KEY (version_num)
);

INSERT INTO scrutin_schema (version_num) VALUES ('registrar_0001');
