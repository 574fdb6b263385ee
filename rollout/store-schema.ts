/** Raised when a table changes; a store with a newer one is refused, an older one is migrated on a copy (migrate.ts). */
export const storeSchemaVersion = 2;

/** Each version of the rubric, and what it made of each episode. */
export const scoreTables = `
CREATE TABLE score_versions (version INTEGER PRIMARY KEY, reward TEXT NOT NULL, created_at TEXT NOT NULL);
CREATE TABLE scores (episode_id TEXT NOT NULL, version INTEGER NOT NULL, reward REAL, correctness REAL,
  components TEXT NOT NULL, PRIMARY KEY (episode_id, version)) WITHOUT ROWID;
`;

/**
 * The tables of `run.db`. Columns are for questions in SQL; what counts is `record`: zstd over the record's JSON, because
 * a TEXT column turns a lone surrogate into U+FFFD. `episodes.reward` and `.correctness` are those of the newest score version.
 */
export const storeTables = `
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE contexts (hash TEXT PRIMARY KEY, type TEXT NOT NULL, chars INTEGER NOT NULL, bytes INTEGER NOT NULL,
  tokens INTEGER NOT NULL, facts BLOB NOT NULL);
CREATE TABLE tasks (ord INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, family TEXT NOT NULL, split TEXT NOT NULL,
  scorer TEXT NOT NULL, answer_type TEXT NOT NULL, query TEXT NOT NULL, context_hash TEXT NOT NULL,
  context_chars INTEGER NOT NULL, digest TEXT NOT NULL, record BLOB NOT NULL);
CREATE TABLE episodes (id TEXT PRIMARY KEY, task_order INTEGER NOT NULL, task_id TEXT NOT NULL, family TEXT NOT NULL,
  round INTEGER NOT NULL, idx INTEGER NOT NULL, reward REAL, correctness REAL, stop_reason TEXT NOT NULL,
  stop_class TEXT NOT NULL, terminated INTEGER NOT NULL, truncated INTEGER NOT NULL, void INTEGER NOT NULL,
  strategy TEXT, root_turns INTEGER NOT NULL, subcalls INTEGER NOT NULL, texts INTEGER NOT NULL, cells INTEGER NOT NULL,
  prompt_tokens INTEGER NOT NULL, completion_tokens INTEGER NOT NULL, usd REAL, attempt INTEGER NOT NULL,
  context_chars INTEGER NOT NULL, final_answer TEXT, record BLOB NOT NULL);
CREATE UNIQUE INDEX episodes_in_order ON episodes (task_order, round, idx);
CREATE TABLE attempts (episode_id TEXT NOT NULL, attempt INTEGER NOT NULL, failure TEXT NOT NULL, message TEXT NOT NULL,
  at TEXT NOT NULL, PRIMARY KEY (episode_id, attempt)) WITHOUT ROWID;
CREATE TABLE exports (export_id TEXT NOT NULL, format TEXT NOT NULL, rows INTEGER NOT NULL, episodes INTEGER,
  files TEXT, options TEXT, created_at TEXT, score_version INTEGER NOT NULL DEFAULT 1, PRIMARY KEY (export_id, format)) WITHOUT ROWID;
CREATE TABLE ledger (export_id TEXT NOT NULL, episode_id TEXT NOT NULL, kept INTEGER NOT NULL, rule TEXT, detail TEXT,
  PRIMARY KEY (export_id, episode_id)) WITHOUT ROWID;
${scoreTables}`;
