"""The tables of the index, and the version that makes an older index begin anew."""

from __future__ import annotations

OPEN = 1 << 62
"""The end of what has not ended: larger than any record's number."""

VERSION = 1

TABLES = """
CREATE TABLE fact (name TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;

CREATE TABLE record (
    number INTEGER PRIMARY KEY, kind TEXT, time TEXT, digest TEXT, parent INTEGER, git_commit TEXT,
    dirty INTEGER, run_id TEXT, actor TEXT, environment TEXT, summary TEXT
);
CREATE INDEX record_kind ON record (kind, number);
CREATE INDEX record_commit ON record (git_commit, number);
CREATE INDEX record_digest ON record (digest);

-- One generation of an object, in raw during the records [since, until).
CREATE TABLE landed (
    id INTEGER PRIMARY KEY, source TEXT, path TEXT, bucket TEXT, key TEXT, version_id TEXT, etag TEXT,
    size INTEGER, sha256 TEXT, in_raw_sha256 TEXT, since INTEGER, until INTEGER
);
CREATE INDEX landed_path ON landed (source, path, since);
CREATE INDEX landed_since ON landed (source, since);
CREATE INDEX landed_key ON landed (key, bucket);
CREATE INDEX landed_sha256 ON landed (sha256);
CREATE INDEX landed_in_raw ON landed (in_raw_sha256);

CREATE TABLE refused (bucket TEXT, key TEXT, reason TEXT, record INTEGER);
CREATE INDEX refused_key ON refused (key);

-- What a .dvc file named after a record: content that only a run has seen was made by hand.
CREATE TABLE state (
    id INTEGER PRIMARY KEY, file TEXT, path TEXT, hash TEXT, record INTEGER, by_hand INTEGER
);
CREATE INDEX state_content ON state (path, hash, record);
CREATE INDEX state_record ON state (path, record);
CREATE INDEX state_hash ON state (hash);

CREATE TABLE entry (
    id INTEGER PRIMARY KEY, stage TEXT, digest TEXT, cmd TEXT, params TEXT, UNIQUE (stage, digest)
);
CREATE TABLE out (entry INTEGER, path TEXT, hash TEXT, size INTEGER);
CREATE INDEX out_entry ON out (entry);
CREATE INDEX out_path ON out (path, hash);
CREATE INDEX out_hash ON out (hash);
CREATE TABLE sha256 (path TEXT, md5 TEXT, sha256 TEXT, PRIMARY KEY (sha256, path, md5)) WITHOUT ROWID;

-- Files of code with their hashes, once for all spans that used just these: code changes less than data.
CREATE TABLE code_set (id INTEGER PRIMARY KEY, digest TEXT UNIQUE);
CREATE TABLE code_file (code_set INTEGER, path TEXT, hash TEXT);
CREATE INDEX code_file_set ON code_file (code_set);
CREATE INDEX code_file_path ON code_file (path);

-- A stretch of run records [since, until) in which a stage has one entry, made by one code: the code files
-- among its dependencies (by md5), and those that it reached by imports (by SHA-256).
CREATE TABLE span (
    id INTEGER PRIMARY KEY, stage TEXT, entry INTEGER, declared INTEGER, imported INTEGER, code TEXT,
    outcome TEXT, since INTEGER, until INTEGER
);
CREATE INDEX span_entry ON span (entry, since);
CREATE INDEX span_until ON span (until);
CREATE INDEX span_since ON span (since);
CREATE INDEX span_declared ON span (declared);
CREATE INDEX span_imported ON span (imported);

-- The newest span by which a path had a hash: what a later reader of it has read.
CREATE TABLE made (path TEXT, hash TEXT, span INTEGER, PRIMARY KEY (path, hash)) WITHOUT ROWID;

CREATE TABLE edge (child INTEGER, parent INTEGER, path TEXT, hash TEXT);
CREATE INDEX edge_child ON edge (child);
CREATE INDEX edge_parent ON edge (parent);
-- `within` is the part of the source's folder that was read, '' all of it.
CREATE TABLE reads (span INTEGER, state INTEGER, path TEXT, hash TEXT, within TEXT);
CREATE INDEX reads_span ON reads (span);
CREATE INDEX reads_state ON reads (state);
-- What was read and is no node: at an address of its own, or a version that no record holds.
CREATE TABLE leaf (span INTEGER, kind TEXT, path TEXT, hash TEXT);
CREATE INDEX leaf_span ON leaf (span);

-- Which span took in which landed object: read from both ends, so that why and impact cannot disagree.
CREATE VIEW took AS
SELECT reads.span AS span, landed.id AS landed, state.id AS state
FROM reads
JOIN state ON state.id = reads.state
JOIN landed ON landed.source = state.path AND landed.since <= state.record AND state.record < landed.until
    AND (reads.within = '' OR landed.path = reads.within
         OR substr(landed.path, 1, length(reads.within) + 1) = reads.within || '/');
"""
