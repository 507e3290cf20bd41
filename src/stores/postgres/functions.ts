import type { Tables } from '../sql/tables.js'
import { RAISED_CORRUPT, RAISED_SCHEMA } from './connection.js'

/** Names of the functions, ready for SQL. */
export interface Functions {
  readonly insertKey: string
  readonly claimToken: string
  readonly advanceNonce: string
}

/** @param prefix checked: it goes into SQL as it is */
export function nameFunctions({ meta }: Tables): Functions {
  const prefix = meta.slice(0, -'meta'.length)
  return {
    insertKey: `${prefix}insert_key`,
    claimToken: `${prefix}claim_token`,
    advanceNonce: `${prefix}advance_nonce`,
  }
}

/**
 * The steps that must look again after they have waited: each query of a function sees what was committed by then,
 * which the parts of one statement do not. So each operation is one round trip, and one transaction that waits for no
 * client. All of that holds under READ COMMITTED only.
 */
export function createFunctions(tables: Tables, functions: Functions): string {
  return [insertKey(tables, functions), claimToken(tables, functions), advanceNonce(tables, functions)].join('\n')
}

const CHECK_ISOLATION = `IF current_setting('transaction_isolation') NOT IN ('read committed', 'read uncommitted') THEN
    RAISE EXCEPTION 'transactions must be READ COMMITTED' USING ERRCODE = '${RAISED_SCHEMA}';
  END IF;`

/** Whoever counts an owner's keys holds a lock of that owner until their key is in. */
function insertKey({ keys }: Tables, functions: Functions): string {
  return `CREATE OR REPLACE FUNCTION ${functions.insertKey}(
  new_key_id text, new_owner text, new_state text, new_expires_at bigint, new_created_at bigint,
  new_version bigint, new_record text, max_per_owner bigint
) RETURNS text LANGUAGE plpgsql AS $body$
BEGIN
  ${CHECK_ISOLATION}
  PERFORM pg_advisory_xact_lock(hashtextextended('${keys}:' || new_owner, 0));
  IF EXISTS (SELECT FROM ${keys} AS k WHERE k.key_id = new_key_id) THEN
    RETURN 'exists';
  END IF;
  IF (SELECT count(*) FROM ${keys} AS k WHERE k.owner = new_owner AND k.state <> 'revoked') >= max_per_owner THEN
    RETURN 'limit';
  END IF;
  INSERT INTO ${keys} (key_id, owner, state, expires_at, created_at, version, record)
  VALUES (new_key_id, new_owner, new_state, new_expires_at, new_created_at, new_version, new_record)
  ON CONFLICT DO NOTHING;
  RETURN CASE WHEN FOUND THEN 'inserted' ELSE 'exists' END;
END $body$;`
}

/**
 * Clears, if asked to, what is due, and raises the horizon to the latest of it in the same transaction. If a claim
 * then finds no row in its way because one was cleared after it had begun, it sees the horizon that came with that.
 */
function claimToken({ claims, meta }: Tables, functions: Functions): string {
  return `CREATE OR REPLACE FUNCTION ${functions.claimToken}(
  new_claim bytea, new_expires_at bigint, now_ms bigint, clear_rows integer
) RETURNS boolean LANGUAGE plpgsql AS $body$
DECLARE
  due bigint;
BEGIN
  ${CHECK_ISOLATION}
  SELECT max(d.expires_at) INTO due
  FROM (SELECT c.expires_at FROM ${claims} AS c WHERE c.expires_at <= now_ms ORDER BY c.expires_at LIMIT clear_rows) AS d;
  IF due IS NOT NULL THEN
    UPDATE ${meta} SET value = due WHERE name = 'horizon' AND value < due;
    DELETE FROM ${claims} WHERE claim IN (
      SELECT c.claim FROM ${claims} AS c WHERE c.expires_at <= due
      ORDER BY c.expires_at LIMIT clear_rows FOR UPDATE SKIP LOCKED
    );
  END IF;
  IF new_expires_at <= (SELECT m.value FROM ${meta} AS m WHERE m.name = 'horizon') THEN
    RETURN false;
  END IF;
  INSERT INTO ${claims} AS c (claim, expires_at) VALUES (new_claim, new_expires_at)
  ON CONFLICT (claim) DO UPDATE SET expires_at = excluded.expires_at WHERE c.expires_at <= now_ms;
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  RETURN new_expires_at > (SELECT m.value FROM ${meta} AS m WHERE m.name = 'horizon');
END $body$;`
}

/** Nonces are 8 bytes each, the highest first byte first, so that bytes compare as the numbers do. */
function advanceNonce({ windows }: Tables, functions: Functions): string {
  return `CREATE OR REPLACE FUNCTION ${functions.advanceNonce}(
  of_key_id text, nonce bytea, span integer
) RETURNS boolean LANGUAGE plpgsql AS $body$
DECLARE
  below bytea;
  kept bytea;
  held integer;
  low integer := 0;
  high integer;
  middle integer;
BEGIN
  ${CHECK_ISOLATION}
  SELECT w.floor, w.nonces INTO below, kept FROM ${windows} AS w WHERE w.key_id = of_key_id FOR UPDATE;
  IF NOT FOUND THEN
    INSERT INTO ${windows} (key_id, nonces) VALUES (of_key_id, '') ON CONFLICT DO NOTHING;
    SELECT w.floor, w.nonces INTO below, kept FROM ${windows} AS w WHERE w.key_id = of_key_id FOR UPDATE;
  END IF;
  -- Unpacked once, not for each look at it.
  kept := kept || ''::bytea;
  held := length(kept) / 8;
  IF kept IS NULL OR length(kept) % 8 <> 0 OR length(below) <> 8 OR substring(kept for 8) <= below AND held > 0 OR EXISTS (
    SELECT FROM generate_series(1, held - 1) AS i
    WHERE substring(kept from i * 8 - 7 for 8) >= substring(kept from i * 8 + 1 for 8)
  ) THEN
    RAISE EXCEPTION 'a stored row has invalid nonces' USING ERRCODE = '${RAISED_CORRUPT}';
  END IF;
  IF held > span THEN
    below := substring(kept from (held - span) * 8 - 7 for 8);
    kept := substring(kept from (held - span) * 8 + 1);
    held := span;
  END IF;
  -- How many of those kept are lower.
  high := held;
  WHILE low < high LOOP
    middle := (low + high) / 2;
    IF substring(kept from middle * 8 + 1 for 8) < nonce THEN
      low := middle + 1;
    ELSE
      high := middle;
    END IF;
  END LOOP;
  IF nonce <= below OR low = 0 AND held = span OR low < held AND substring(kept from low * 8 + 1 for 8) = nonce THEN
    RETURN false;
  END IF;
  kept := substring(kept for low * 8) || nonce || substring(kept from low * 8 + 1);
  IF held = span THEN
    below := substring(kept for 8);
    kept := substring(kept from 9);
  END IF;
  UPDATE ${windows} SET floor = below, nonces = kept WHERE key_id = of_key_id;
  RETURN true;
END $body$;`
}
